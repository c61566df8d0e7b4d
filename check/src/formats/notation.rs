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

/// A short number without a sign or a leading blank, the most common value of all: itself and its length. `None` if
/// what stands there may be something else.
pub(super) fn short(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut number = 0;
    for (length, &byte) in bytes.iter().enumerate().take(18) {
        match byte {
            b'0'..=b'9' => number = number * 10 + i64::from(byte - b'0'),
            b',' | b']' | b' ' | b'}' if length > 0 => return Some((number, length)),
            _ => return None,
        }
    }
    None
}
