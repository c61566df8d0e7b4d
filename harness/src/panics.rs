//! Catching the panics of nodes: a node that panics fails its run, not the program that runs it.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

// The only state outside of a run. It holds what the panic hook hears between a panic and its being caught on
// the same thread, and nothing of it reaches a run.
mod heard {
    use super::{Cell, RefCell};

    std::thread_local! {
        pub(super) static IS_CATCHING: Cell<bool> = const { Cell::new(false) };
        pub(super) static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
    }
}

/// Runs `call`. A panic in it becomes its message and place in the code, and is not printed.
///
/// # Errors
/// The panic's message, and file and line.
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(install);
    let outer = heard::IS_CATCHING.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    heard::IS_CATCHING.set(outer);
    result.map_err(|_| {
        heard::LAST.take().unwrap_or_else(|| String::from("a panic without a message"))
    })
}

fn install() {
    let usual = take_hook();
    set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if heard::IS_CATCHING.get() {
            heard::LAST.set(Some(describe(info)));
        } else {
            usual(info);
        }
    }));
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("a panic without a message");
    match info.location() {
        Some(place) => format!("{message} ({}:{})", place.file(), place.line()),
        None => message.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_place() {
        let caught = catch(|| panic!("the {} is gone", "log")).unwrap_err();
        assert!(
            caught.starts_with("the log is gone (") && caught.contains("panics.rs:"),
            "{caught}"
        );
        assert_eq!(catch(|| 3), Ok(3));
    }
}
