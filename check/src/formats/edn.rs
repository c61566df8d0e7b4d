//! EDN, the notation of Clojure, as Jepsen writes its histories.
//!
//! Commas are blanks, `;` starts a comment, `#_` drops the value after it, a tag such as `#inst` is dropped
//! and its value stays, sets become lists, characters become strings, symbols become keywords. A number that
//! is not whole, or too large for 64 bits, is kept as its text.

use super::json::{is_number, unit};
use super::notation::{MAX_DEPTH, Notation, short, whole};
use super::source::{NOT_TEXT, Stop, wrong};
use crate::record::Value;

/// A parser of EDN.
pub(super) struct Edn<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Notation<'a> for Edn<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    fn at(&mut self) -> usize {
        // At the end of the window it stands where the blanks end; who asks has had a value after them.
        let _ = self.blanks();
        self.at
    }

    fn open_map(&mut self) -> Result<(), Stop> {
        self.tags()?;
        match self.peek()? {
            b'{' => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.expected("a map `{...}`")),
        }
    }

    fn next_key(&mut self, _is_first: bool) -> Result<Option<&'a str>, Stop> {
        if self.closes(b'}')? {
            return Ok(None);
        }
        if let Some(name) = self.name()? {
            return Ok(Some(name));
        }
        self.value()?;
        Ok(Some(""))
    }

    fn value(&mut self) -> Result<Value, Stop> {
        self.tags()?;
        match self.peek()? {
            b'"' => Ok(Value::Text(self.string()?)),
            b':' => {
                let start = self.at;
                let name = self.keyword()?;
                if name.is_empty() {
                    return Err(wrong(start, "a keyword has a name after its `:`"));
                }
                Ok(Value::Keyword(name.to_owned()))
            }
            b'[' => self.nested(|edn| edn.list(b']')),
            b'(' => self.nested(|edn| edn.list(b')')),
            b'{' => self.nested(Self::map),
            b'\\' => self.character(),
            b'#' => self.dispatched(),
            _ => self.atom(),
        }
    }

    fn name(&mut self) -> Result<Option<&'a str>, Stop> {
        match self.peek()? {
            b':' => self.keyword().map(Some),
            b'"' => self.plain_string(),
            _ => Ok(None),
        }
    }
}

impl<'a> Edn<'a> {
    /// Passes blanks, comments and dropped values.
    fn blanks(&mut self) -> Result<(), Stop> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | 0x0c) => self.at += 1,
                Some(b';') => {
                    let rest = &self.bytes[self.at..];
                    let length = rest.iter().position(|&byte| byte == b'\n');
                    self.at += length.unwrap_or(rest.len());
                }
                Some(b'#') if self.bytes.get(self.at + 1) == Some(&b'_') => {
                    let start = self.at;
                    self.at += 2;
                    // Each `#_` drops one value and may stand before another `#_`.
                    if let Err(stop) = self.nested(Self::value) {
                        self.at = start;
                        return Err(stop);
                    }
                }
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// The next byte of a value.
    fn peek(&mut self) -> Result<u8, Stop> {
        self.blanks()?;
        self.bytes.get(self.at).copied().ok_or(Stop::Incomplete)
    }

    fn expected(&self, what: &str) -> Stop {
        wrong(self.at, format!("{what} is expected here"))
    }

    /// Whether the collection ends here; if it does, its end is taken.
    fn closes(&mut self, close: u8) -> Result<bool, Stop> {
        match self.peek()? {
            byte if byte == close => {
                self.at += 1;
                Ok(true)
            }
            b')' | b']' | b'}' => Err(self.expected(&format!("`{}`", char::from(close)))),
            _ => Ok(false),
        }
    }

    /// A value inside a value.
    fn nested(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<Value, Stop>,
    ) -> Result<Value, Stop> {
        if self.depth == MAX_DEPTH {
            return Err(wrong(self.at, format!("values nest deeper than {MAX_DEPTH} here")));
        }
        self.depth += 1;
        let value = parse(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self, close: u8) -> Result<Value, Stop> {
        self.at += 1;
        let mut list = Vec::new();
        while !self.closes(close)? {
            list.push(self.value()?);
        }
        Ok(Value::List(list))
    }

    fn map(&mut self) -> Result<Value, Stop> {
        self.at += 1;
        let mut entries = Vec::new();
        while !self.closes(b'}')? {
            let key = self.value()?;
            if matches!(self.peek()?, b')' | b']' | b'}') {
                return Err(self.expected("the value of the key before"));
            }
            entries.push((key, self.value()?));
        }
        Ok(Value::Map(entries))
    }

    /// Passes the tags and the metadata before a value.
    fn tags(&mut self) -> Result<(), Stop> {
        loop {
            let next = self.peek()?;
            match (next, self.bytes.get(self.at + 1)) {
                (b'#', None) => return Err(Stop::Incomplete),
                (b'#', Some(byte)) if byte.is_ascii_alphabetic() || *byte == b':' => {
                    self.at += 1;
                    self.token()?;
                }
                (b'^', _) => {
                    self.at += 1;
                    self.nested(Self::value)?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// What starts with `#` and is no tag: a set, a pattern, a special number.
    fn dispatched(&mut self) -> Result<Value, Stop> {
        self.at += 1;
        match self.bytes.get(self.at).ok_or(Stop::Incomplete)? {
            b'{' => self.nested(|edn| edn.list(b'}')),
            b'"' => Ok(Value::Text(self.pattern()?)),
            b'#' => {
                self.at += 1;
                Ok(Value::Keyword(self.token()?.to_owned()))
            }
            _ => {
                Err(wrong(self.at - 1, "a set `#{...}` or a tag such as `#inst` is expected here"))
            }
        }
    }

    /// A number, `nil`, `true`, `false` or a symbol.
    fn atom(&mut self) -> Result<Value, Stop> {
        if let Some((number, length)) = short(&self.bytes[self.at..]) {
            self.at += length;
            return Ok(Value::Int(number));
        }
        let start = self.at;
        let token = self.token()?;
        Ok(match token {
            "nil" => Value::Nil,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "" => return Err(wrong(start, "a value is expected here")),
            _ => match number(token) {
                Some(value) => value,
                None if token.starts_with(|first: char| first.is_ascii_digit()) => {
                    return Err(wrong(start, format!("`{token}` is no number")));
                }
                None => Value::Keyword(token.to_owned()),
            },
        })
    }

    /// A keyword without its colon; one within a namespace keeps that.
    fn keyword(&mut self) -> Result<&'a str, Stop> {
        self.at += 1;
        self.token()
    }

    /// Takes everything up to what ends a token.
    fn token(&mut self) -> Result<&'a str, Stop> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| ends_token(byte)).ok_or(Stop::Incomplete)?;
        let text = std::str::from_utf8(&rest[..length])
            .map_err(|error| wrong(self.at + error.valid_up_to(), NOT_TEXT))?;
        self.at += length;
        Ok(text)
    }

    /// `\a`, `\newline`, `\u0041`.
    fn character(&mut self) -> Result<Value, Stop> {
        let start = self.at;
        self.at += 1;
        let first = *self.bytes.get(self.at).ok_or(Stop::Incomplete)?;
        let token = if ends_token(first) {
            // A sign that would end a token, such as `\(`.
            self.at += 1;
            &self.bytes[self.at - 1..self.at]
        } else {
            self.token()?.as_bytes()
        };
        let text = std::str::from_utf8(token).map_err(|_| wrong(start, NOT_TEXT))?;
        let text = match text {
            "newline" => "\n",
            "space" => " ",
            "tab" => "\t",
            "return" => "\r",
            "backspace" => "\u{8}",
            "formfeed" => "\u{c}",
            _ => text,
        };
        Ok(Value::Text(text.to_owned()))
    }

    /// A string without escapes; `None`, and nothing is taken, if it has some.
    fn plain_string(&mut self) -> Result<Option<&'a str>, Stop> {
        let start = self.at + 1;
        let rest = self.bytes.get(start..).ok_or(Stop::Incomplete)?;
        let length =
            rest.iter().position(|&byte| byte == b'"' || byte == b'\\').ok_or(Stop::Incomplete)?;
        if rest[length] == b'\\' {
            return Ok(None);
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
            &byte @ (b'"' | b'\\') => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let code = unit(self.bytes, at + 2)?;
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(at + 6);
            }
            _ => return Err(wrong(at, "there is no such escape in EDN")),
        };
        text.push(plain);
        Ok(at + 2)
    }

    /// A regular expression, as it is written.
    fn pattern(&mut self) -> Result<String, Stop> {
        let start = self.at + 1;
        let mut at = start;
        loop {
            match self.bytes.get(at).ok_or(Stop::Incomplete)? {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.at = at + 1;
        Ok(String::from_utf8_lossy(&self.bytes[start..at]).into_owned())
    }
}

/// Whether a token cannot go on with this byte.
fn ends_token(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t'
            | b'\n'
            | b'\r'
            | b','
            | 0x0c
            | b';'
            | b'"'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'\\'
    )
}

/// The number that a token is.
fn number(token: &str) -> Option<Value> {
    let text = token.as_bytes();
    // A whole number may end in `N`, and a decimal one in `M`.
    let plain = text.strip_suffix(b"N").unwrap_or(text);
    if let Some(number) = whole(plain) {
        return Some(Value::Int(number));
    }
    let plain = text.strip_suffix(b"M").unwrap_or(plain);
    let ratio = || {
        let (above, below) = token.split_once('/')?;
        (whole(above.as_bytes()).is_some() && whole(below.as_bytes()).is_some()).then_some(())
    };
    (is_number(plain) || ratio().is_some()).then(|| Value::Text(token.to_owned()))
}
