//! A file as a stream of forms: a window that moves over it, and where it stands.
//!
//! Parsers work on plain slices. One that comes to the end of the window before the end of its form
//! says so ([`Stop::Incomplete`]) and is asked again with more; so memory is bounded by the longest form.

use std::io::Read;

use crate::record::{Place, ReadError};

/// How much of a file one operation may take. Jepsen's largest, a read of a set of 100 000 elements, takes
/// less than 1 MB.
pub const MAX_FORM_BYTES: usize = 16 << 20;
/// How large a file may be. Its operations stay in memory, at a tenth to three times this.
pub const MAX_FILE_BYTES: u64 = 4 << 30;
/// How much is read at once.
const CHUNK_BYTES: usize = 1 << 18;

/// Why a parser stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The window ends inside the form.
    Incomplete,
    /// The window holds no form at all.
    Blank,
    /// What stands at this byte of the window cannot stand there.
    Wrong(Box<(usize, String)>),
}

/// A [`Stop::Wrong`].
pub(super) fn wrong(at: usize, message: impl Into<String>) -> Stop {
    Stop::Wrong(Box::new((at, message.into())))
}

/// A window over a file.
pub(super) struct Source<'a> {
    input: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    /// Where the window starts in `buffer`.
    start: usize,
    /// Whether `input` has no more.
    is_whole: bool,
    bytes: u64,
    /// Where the window starts in the file.
    place: Place,
}

impl<'a> Source<'a> {
    /// The start of `input`, after a byte order mark.
    pub(super) fn new(input: Box<dyn Read + 'a>) -> Result<Self, ReadError> {
        let place = Place { line: 1, column: 1 };
        let mut source =
            Self { input, buffer: Vec::new(), start: 0, is_whole: false, bytes: 0, place };
        source.fill()?;
        if source.window().starts_with(b"\xef\xbb\xbf") {
            source.start = 3;
        }
        Ok(source)
    }

    /// What is known of the rest of the file.
    pub(super) fn window(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Where the window starts.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The next form and where it starts; `None` at the end of the file. `parse` gets the window and says how
    /// much of it the form took.
    pub(super) fn form<T>(
        &mut self,
        mut parse: impl FnMut(&[u8]) -> Result<(T, usize), Stop>,
    ) -> Result<Option<(T, Place)>, ReadError> {
        loop {
            match parse(self.window()) {
                Ok((form, taken)) => {
                    let place = self.place;
                    self.advance(taken);
                    return Ok(Some((form, place)));
                }
                Err(Stop::Incomplete) if self.is_whole => {
                    let message = "the file ends inside what starts here: is it cut off?";
                    return Err(ReadError::new(self.place, message));
                }
                Err(Stop::Blank) if self.is_whole => return Ok(None),
                Err(Stop::Incomplete | Stop::Blank) => self.fill()?,
                Err(Stop::Wrong(wrong)) => {
                    let (at, message) = *wrong;
                    return Err(ReadError::new(self.place_of(at), message));
                }
            }
        }
    }

    /// The next line without its end, and where it starts; `None` at the end of the file.
    pub(super) fn line<T>(
        &mut self,
        parse: impl Fn(&str) -> Result<T, (usize, String)>,
    ) -> Result<Option<(T, Place)>, ReadError> {
        let end = loop {
            if let Some(end) = self.window().iter().position(|&byte| byte == b'\n') {
                break end;
            }
            if self.is_whole {
                break self.window().len();
            }
            self.fill()?;
        };
        if end == self.window().len() && end == 0 {
            return Ok(None);
        }
        let taken = self.window().len().min(end + 1);
        self.form(|window| {
            let line = std::str::from_utf8(&window[..end])
                .map_err(|error| wrong(error.valid_up_to(), NOT_TEXT))?;
            let parsed = parse(line.trim_end_matches('\r'));
            parsed.map(|parsed| (parsed, taken)).map_err(|(at, message)| wrong(at, message))
        })
    }

    /// Moves the start of the window.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.place = self.place_of(bytes);
        self.start += bytes;
    }

    /// The place of a byte of the window.
    fn place_of(&self, at: usize) -> Place {
        let passed = &self.window()[..at.min(self.window().len())];
        let Place { mut line, mut column } = self.place;
        let lines: u32 = passed.iter().map(|&byte| u32::from(byte == b'\n')).sum();
        let last = match passed.iter().rposition(|&byte| byte == b'\n') {
            Some(end) => {
                line = line.saturating_add(lines);
                column = 1;
                &passed[end + 1..]
            }
            None => passed,
        };
        let characters = last.iter().filter(|&&byte| !is_continuation(byte)).count();
        Place { line, column: column.saturating_add(characters as u32) }
    }

    /// Reads more.
    fn fill(&mut self) -> Result<(), ReadError> {
        let held = self.window().len();
        if held > MAX_FORM_BYTES {
            let limit = MAX_FORM_BYTES >> 20;
            let message =
                format!("what starts here is longer than {limit} MiB: one operation cannot be");
            return Err(ReadError::new(self.place, message));
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        // At least as much again, so that a long form is parsed a few times, not once per chunk.
        let wanted = held.max(CHUNK_BYTES);
        let mut limited = (&mut self.input).take(wanted as u64);
        let read = limited.read_to_end(&mut self.buffer);
        let read =
            read.map_err(|error| ReadError::new(self.place, format!("cannot read: {error}")))?;
        self.is_whole = read < wanted;
        self.bytes += read as u64;
        if self.bytes > MAX_FILE_BYTES {
            let limit = MAX_FILE_BYTES >> 30;
            let message = format!("the file is larger than {limit} GiB: judge a part of it");
            return Err(ReadError::new(self.place, message));
        }
        Ok(())
    }
}

/// What is said of bytes that are no UTF-8.
pub(super) const NOT_TEXT: &str = "this is not UTF-8 text: is the file packed or binary?";

/// Whether the byte is a later one of a character.
fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}
