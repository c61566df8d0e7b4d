//! JSON (RFC 8259), as values.

use super::notation::{MAX_DEPTH, Notation, short, whole};
use super::source::{NOT_TEXT, Stop, wrong};
use crate::record::Value;

/// A parser of JSON.
pub(super) struct Json<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Notation<'a> for Json<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    fn at(&mut self) -> usize {
        self.blanks();
        self.at
    }

    fn open_map(&mut self) -> Result<(), Stop> {
        match self.peek()? {
            b'{' => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.expected("an object `{...}`")),
        }
    }

    fn next_key(&mut self, is_first: bool) -> Result<Option<&'a str>, Stop> {
        match self.peek()? {
            b'}' => {
                self.at += 1;
                return Ok(None);
            }
            b',' if !is_first => self.at += 1,
            _ if is_first => {}
            _ => return Err(self.expected("`,` or `}`")),
        }
        if self.peek()? != b'"' {
            return Err(self.expected("a name in quotes"));
        }
        let key = if let Some(key) = self.plain_string()? {
            key
        } else {
            self.string()?;
            ""
        };
        if self.peek()? != b':' {
            return Err(self.expected("`:`"));
        }
        self.at += 1;
        Ok(Some(key))
    }

    fn value(&mut self) -> Result<Value, Stop> {
        match self.peek()? {
            b'"' => Ok(Value::Text(self.string()?)),
            b'[' => self.nested(Self::list),
            b'{' => self.nested(Self::map),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.literal(),
        }
    }

    fn name(&mut self) -> Result<Option<&'a str>, Stop> {
        if self.peek()? == b'"' { self.plain_string() } else { Ok(None) }
    }
}

impl<'a> Json<'a> {
    /// Passes blanks.
    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Result<u8, Stop> {
        self.blanks();
        self.bytes.get(self.at).copied().ok_or(Stop::Incomplete)
    }

    /// Takes the comma that stands here.
    pub(super) fn take_comma(&mut self) {
        self.at += 1;
    }

    fn expected(&self, what: &str) -> Stop {
        wrong(self.at, format!("{what} is expected here"))
    }

    /// A value inside a value.
    fn nested(&mut self, parse: fn(&mut Self) -> Result<Value, Stop>) -> Result<Value, Stop> {
        if self.depth == MAX_DEPTH {
            return Err(wrong(self.at, format!("values nest deeper than {MAX_DEPTH} here")));
        }
        self.depth += 1;
        let value = parse(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Value, Stop> {
        self.at += 1;
        let mut list = Vec::new();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(Value::List(list));
        }
        loop {
            list.push(self.value()?);
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(Value::List(list));
                }
                _ => return Err(self.expected("`,` or `]`")),
            }
        }
    }

    fn map(&mut self) -> Result<Value, Stop> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(Value::Map(entries));
        }
        loop {
            if self.peek()? != b'"' {
                return Err(self.expected("a name in quotes"));
            }
            let key = Value::Text(self.string()?);
            if self.peek()? != b':' {
                return Err(self.expected("`:`"));
            }
            self.at += 1;
            entries.push((key, self.value()?));
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(Value::Map(entries));
                }
                _ => return Err(self.expected("`,` or `}`")),
            }
        }
    }

    /// A string without escapes; `None`, and nothing is taken, if it has some.
    fn plain_string(&mut self) -> Result<Option<&'a str>, Stop> {
        let start = self.at + 1;
        let rest = self.bytes.get(start..).ok_or(Stop::Incomplete)?;
        let length = rest
            .iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
            .ok_or(Stop::Incomplete)?;
        match rest[length] {
            b'"' => {}
            b'\\' => return Ok(None),
            _ => {
                return Err(wrong(
                    start + length,
                    "the string is not closed: `\"` is expected here",
                ));
            }
        }
        let text = std::str::from_utf8(&rest[..length])
            .map_err(|error| wrong(start + error.valid_up_to(), NOT_TEXT))?;
        self.at = start + length + 1;
        Ok(Some(text))
    }

    fn string(&mut self) -> Result<String, Stop> {
        if let Some(text) = self.plain_string()? {
            return Ok(text.to_owned());
        }
        let mut at = self.at + 1;
        let mut text = Vec::new();
        loop {
            match self.bytes.get(at).ok_or(Stop::Incomplete)? {
                b'"' => break,
                b'\\' => at = self.escape(at, &mut text)?,
                0..=0x1f => {
                    return Err(wrong(at, "the string is not closed: `\"` is expected here"));
                }
                &byte => {
                    text.push(byte);
                    at += 1;
                }
            }
        }
        let text = String::from_utf8(text).map_err(|_| wrong(self.at, NOT_TEXT))?;
        self.at = at + 1;
        Ok(text)
    }

    /// Takes the escape at `at`; where it ends.
    fn escape(&self, at: usize, text: &mut Vec<u8>) -> Result<usize, Stop> {
        let plain = match self.bytes.get(at + 1).ok_or(Stop::Incomplete)? {
            &byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let (character, end) = self.unicode(at)?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(end);
            }
            _ => return Err(wrong(at, "there is no such escape in JSON")),
        };
        text.push(plain);
        Ok(at + 2)
    }

    /// The character that `\uXXXX` at `at` stands for, perhaps with the other half that follows. Half of a
    /// character alone stands for the replacement character.
    fn unicode(&self, at: usize) -> Result<(char, usize), Stop> {
        let unit = unit(self.bytes, at + 2)?;
        if !(0xd800..0xdc00).contains(&unit) {
            return Ok((char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), at + 6));
        }
        if self.bytes.get(at + 6..at + 8).ok_or(Stop::Incomplete)? == b"\\u" {
            let low = self::unit(self.bytes, at + 8)?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Ok((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), at + 12));
            }
        }
        Ok((char::REPLACEMENT_CHARACTER, at + 6))
    }

    fn number(&mut self) -> Result<Value, Stop> {
        if let Some((number, length)) = short(&self.bytes[self.at..]) {
            self.at += length;
            return Ok(Value::Int(number));
        }
        let text = self.word()?;
        let value = if let Some(number) = whole(text) {
            Value::Int(number)
        } else if is_number(text) {
            // Kept as it is written: no float takes part in a verdict.
            Value::Text(String::from_utf8_lossy(text).into_owned())
        } else {
            return Err(wrong(self.at - text.len(), "this is no number"));
        };
        Ok(value)
    }

    fn literal(&mut self) -> Result<Value, Stop> {
        match self.word()? {
            b"null" => Ok(Value::Nil),
            b"true" => Ok(Value::Bool(true)),
            b"false" => Ok(Value::Bool(false)),
            word => Err(wrong(self.at - word.len(), "a value is expected here")),
        }
    }

    /// Takes letters, digits and the signs of numbers.
    fn word(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'+' | b'.'))
            .ok_or(Stop::Incomplete)?;
        self.at += length;
        Ok(&rest[..length])
    }
}

/// Four hexadecimal digits.
pub(super) fn unit(bytes: &[u8], at: usize) -> Result<u32, Stop> {
    let digits = bytes.get(at..at + 4).ok_or(Stop::Incomplete)?;
    digits.iter().try_fold(0, |unit, &digit| {
        let digit = char::from(digit).to_digit(16);
        digit
            .map(|digit| unit * 16 + digit)
            .ok_or_else(|| wrong(at, "four hexadecimal digits are expected here"))
    })
}

/// Whether it looks like a number that is not whole, or too large.
pub(super) fn is_number(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    digits.first().is_some_and(u8::is_ascii_digit) && digits.iter().all(is_part)
}
