//! A text cut into tokens.

use std::fmt;
use std::ops::Range;

use super::PredicateError;
use crate::time::Duration;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// An identifier, keyword or id such as `n3`.
    Word(&'t str),
    /// An integer without sign.
    Int(u128),
    /// A number with a unit.
    Duration(Duration),
    /// A text in quotes, its escapes resolved.
    Text(String),
    /// Punctuation, as in [`SYMBOLS`].
    Symbol(&'static str),
    /// After the last one.
    End,
}

impl fmt::Display for Token<'_> {
    /// As an error message shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Int(number) => write!(f, "`{number}`"),
            Self::Duration(duration) => write!(f, "`{duration}`"),
            Self::Text(text) => write!(f, "{}", Quoted(text)),
            Self::Symbol(symbol) => write!(f, "`{symbol}`"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// Punctuation, the longer before what it starts with.
const SYMBOLS: [&str; 20] = [
    "==", "!=", "<=", ">=", "&&", "||", "=", "<", ">", "~", "!", "+", "-", ".", ",", "(", ")", "[",
    "]", "#",
];

/// A text in quotes that [`tokens`] reads back.
pub(super) struct Quoted<'t>(pub(super) &'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.0.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(f, "\"{escaped}\"")
    }
}

/// Whether `text` is one word.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(in_word)
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The tokens of `text` with their bytes; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Range<usize>)>, PredicateError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        let (token, len) = token(&text[at..], at)?;
        let is_end = token == Token::End;
        tokens.push((token, at..at + len));
        if is_end {
            return Ok(tokens);
        }
        at += len;
    }
}

/// The token at the head of `rest`, which starts at byte `at`, and its length.
fn token(rest: &str, at: usize) -> Result<(Token<'_>, usize), PredicateError> {
    let Some(first) = rest.chars().next() else { return Ok((Token::End, 0)) };
    if first.is_ascii_digit() {
        return number(rest, at);
    }
    if in_word(first) {
        let word = &rest[..rest.find(|c| !in_word(c)).unwrap_or(rest.len())];
        return Ok((Token::Word(word), word.len()));
    }
    if first == '"' || first == '\'' {
        return quoted(rest, first, at);
    }
    let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
    symbol.map(|symbol| (Token::Symbol(symbol), symbol.len())).ok_or_else(|| {
        let span = at..at + first.len_utf8();
        PredicateError::new(format!("no predicate has the character `{first}`"), span)
            .help("a text needs quotes")
    })
}

/// An integer or, with a unit, a duration.
fn number(rest: &str, at: usize) -> Result<(Token<'_>, usize), PredicateError> {
    let digits = |text: &str| text.len() - text.trim_start_matches(is_digit).len();
    let mut len = digits(rest);
    let fraction = rest[len..].strip_prefix('.').map_or(0, digits);
    if 0 < fraction {
        len += 1 + fraction;
    }
    let unit = rest[len..].find(|c| !in_word(c)).unwrap_or(rest.len() - len);
    let span = at..at + len + unit;
    let written = &rest[..len + unit];
    if 0 < fraction || 0 < unit {
        let duration = written.parse();
        return duration.map(|duration| (Token::Duration(duration), written.len())).map_err(
            |error: crate::time::DurationError| PredicateError::new(error.to_string(), span),
        );
    }
    let number = written.replace('_', "").parse();
    number.map(|number| (Token::Int(number), len)).map_err(|_| too_large(written, span))
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || c == '_'
}

/// The refusal of a number that no value can have.
pub(super) fn too_large(written: &str, span: Range<usize>) -> PredicateError {
    PredicateError::new(format!("`{written}` is too large a number"), span)
}

/// A text in quotes of the kind `quote`.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token<'_>, usize), PredicateError> {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((position, letter)) = letters.next() {
        if letter == quote {
            return Ok((Token::Text(text), position + 1));
        }
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some((_, 'n')) => text.push('\n'),
            Some((_, escaped @ ('\\' | '"' | '\''))) => text.push(escaped),
            Some((next, other)) => {
                let span = at + position..at + next + other.len_utf8();
                let message = format!("no text has the escape `\\{other}`");
                return Err(PredicateError::new(message, span)
                    .help("a text knows `\\\\`, `\\\"`, `\\'` and `\\n`"));
            }
            None => break,
        }
    }
    let error = PredicateError::new("the text does not end", at..at + rest.len());
    Err(error.help(format!("close it with `{quote}`")))
}
