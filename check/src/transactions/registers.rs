//! What a history of registers says for certain.

use super::facts::Facts;
use super::history::{Atom, Transactions};

/// What a history of registers says for certain.
pub(crate) fn analyse(history: &Transactions, _initial: Atom) -> Facts {
    Facts::new(history)
}
