//! What JSON and EDN have in common: values, and maps whose entries are taken one by one.

use super::source::Stop;
use crate::record::Value;

/// How deep values may nest; nobody's operations come near.
pub(super) const MAX_DEPTH: u32 = 100;

/// A parser over the bytes of one form.
pub(super) trait Notation<'a> {
    /// A parser of a window.
    fn new(bytes: &'a [u8]) -> Self;

    /// Where it stands, after blanks.
    fn at(&mut self) -> usize;

    /// Takes the start of a map.
    fn open_map(&mut self) -> Result<(), Stop>;

    /// Takes the key of the next entry, up to its value; `None` takes the end of the map. A key that is no
    /// name is the empty one.
    fn next_key(&mut self, is_first: bool) -> Result<Option<&'a str>, Stop>;

    /// Takes a value.
    fn value(&mut self) -> Result<Value, Stop>;

    /// Takes a value that is a name: a keyword or a plain string.
    fn name(&mut self) -> Result<Option<&'a str>, Stop>;
}

/// The number that `text` is; whole and in range, else none.
pub(super) fn whole(text: &[u8]) -> Option<i64> {
    let (digits, is_negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        [b'+', digits @ ..] | digits => (digits, false),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number: i64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        // Built downwards, where there is room for one more.
        number = number.checked_mul(10)?.checked_sub(i64::from(digit - b'0'))?;
    }
    if is_negative { Some(number) } else { number.checked_neg() }
}
