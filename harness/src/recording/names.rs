//! Names of types, fields and actions that come from a file. In a live run they are constants of the program, and
//! [`Value`](orrery_sim::Value) holds them as such.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// More names than any protocol has types and fields. A file with more is no recording of a run.
const NAMES_MAX: usize = 1 << 16;

/// Each name once, for as long as the program runs.
static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The constant that reads like `name`.
///
/// # Errors
/// Where there are too many names.
pub(super) fn constant(name: &str) -> Result<&'static str, String> {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return Ok(known);
    }
    if names.len() == NAMES_MAX {
        return Err(format!("it has more than {NAMES_MAX} names of types and fields"));
    }
    // Protocols have few names, so what is never given back stays small.
    let made: &'static str = Box::leak(name.into());
    names.insert(made);
    Ok(made)
}
