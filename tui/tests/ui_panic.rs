//! A panic while the debugger is open: the terminal comes back first, the report after. Alone in its program,
//! because the panic hook is shared by all tests of one.

use std::cell::Cell;
use std::panic::catch_unwind;

use orrery::ui::screen::caught;

/// Stands for the terminal: notes that it was given back.
struct Held<'a>(&'a Cell<bool>);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

#[test]
fn a_panic_is_reported_after_everything_was_given_back() {
    let is_back = Cell::new(false);
    let outcome = caught(|| {
        let _held = Held(&is_back);
        // A node's code that panics is caught by whoever runs it, and is nobody's concern here.
        let of_node = catch_unwind(|| panic!("a node's code"));
        assert!(of_node.is_err());
        panic!("a bug");
    });
    let Err(panic) = outcome;
    assert!(is_back.get());
    assert!(panic.text.contains("a bug") && panic.text.contains("ui_panic.rs"), "{}", panic.text);
    assert_eq!(panic.payload.downcast_ref::<&str>(), Some(&"a bug"));
    assert_eq!(caught(|| 7).ok(), Some(7));
}
