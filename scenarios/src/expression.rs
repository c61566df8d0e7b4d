//! Knobs inside strings: `$servers`, `$outage * 2`, `1ms..$latency + 5ms`, `crash + $outage`.

use std::ops::Range;

use crate::quantity::Quantity;

/// What a `$name` stands for.
pub(crate) enum Knob {
    /// Something to compute with.
    Quantity(Quantity),
    /// A text that can only be put in.
    Text(String),
}

/// Why a string has no value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ExpressionError {
    pub message: String,
    pub help: Option<String>,
    /// The bytes of the string at fault.
    pub span: Range<usize>,
}

impl ExpressionError {
    pub(crate) fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), help: None, span }
    }
}

/// What knobs are called by: the name and its bytes in the string.
pub(crate) type Lookup<'l> = dyn FnMut(&str, Range<usize>) -> Result<Knob, ExpressionError> + 'l;

/// A string with its knobs put in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Evaluated {
    /// The whole string was an expression.
    Quantity(Quantity),
    /// Knobs stood inside a text.
    Text(String),
}

/// The knob that all of `text` is, as in `"$servers"`.
pub(crate) fn sole_knob(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix('$')?;
    (name_length(name) == name.len() && !name.is_empty()).then_some(name)
}

/// Whether any knob is mentioned.
pub(crate) fn mentions_knob(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| 0 < name_length(&text[at + 1..]))
}

/// Puts the knobs into `text`. The whole of it may be an expression, or each side of a `..`; otherwise
/// each product in which a knob stands is replaced by its value.
pub(crate) fn evaluate(text: &str, lookup: &mut Lookup<'_>) -> Result<Evaluated, ExpressionError> {
    let mut parser = Parser { text, at: 0, lookup };
    if let Some(value) = parser.whole(text.len())? {
        return Ok(Evaluated::Quantity(value));
    }
    match text.match_indices("..").next() {
        Some((dots, _)) if text.matches("..").count() == 1 => {
            let mut both = String::new();
            for side in [0..dots, dots + 2..text.len()] {
                parser.at = side.start;
                both += &match parser.whole(side.end)? {
                    Some(value) => exact(value, &side)?,
                    None => parser.replace(side.clone())?,
                };
                both += if side.start == 0 { ".." } else { "" };
            }
            Ok(Evaluated::Text(both))
        }
        _ => Ok(Evaluated::Text(parser.replace(0..text.len())?)),
    }
}

fn exact(value: Quantity, span: &Range<usize>) -> Result<String, ExpressionError> {
    value.exact_text().map_err(|error| ExpressionError::new(error.to_string(), span.clone()))
}

/// How many bytes at the start of `text` are a knob's name.
fn name_length(text: &str) -> usize {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    if starts { end } else { 0 }
}

struct Parser<'t, 'l, 'k> {
    text: &'t str,
    at: usize,
    lookup: &'l mut Lookup<'k>,
}

/// `None` where the text is no expression, an error where it is one without a value.
type Parsed = Result<Option<Quantity>, ExpressionError>;

impl Parser<'_, '_, '_> {
    /// The value of the text up to `end`, if all of it is one expression.
    fn whole(&mut self, end: usize) -> Parsed {
        let start = self.at;
        let value = self.sum(end)?;
        self.skip_blanks(end);
        let value = value.filter(|_| self.at == end);
        if value.is_none() {
            self.at = start;
        }
        Ok(value)
    }

    fn sum(&mut self, end: usize) -> Parsed {
        let start = self.at;
        let Some(mut value) = self.product(end)? else { return Ok(None) };
        while let Some(sign) = self.operator(end, &['+', '-']) {
            let Some(next) = self.product(end)? else { return Ok(None) };
            let sum = if sign == '+' { value.plus(next) } else { value.minus(next) };
            value = sum.map_err(|e| ExpressionError::new(e.to_string(), start..self.at))?;
        }
        Ok(Some(value))
    }

    fn product(&mut self, end: usize) -> Parsed {
        self.skip_blanks(end);
        let start = self.at;
        let Some(mut value) = self.factor(end)? else { return Ok(None) };
        loop {
            let before = self.at;
            let Some(sign) = self.operator(end, &['*', '/']) else { return Ok(Some(value)) };
            let Some(next) = self.factor(end)? else {
                self.at = before;
                return Ok(Some(value));
            };
            let product = if sign == '*' { value.times(next) } else { value.over(next) };
            value = product.map_err(|e| ExpressionError::new(e.to_string(), start..self.at))?;
        }
    }

    fn factor(&mut self, end: usize) -> Parsed {
        self.skip_blanks(end);
        let rest = &self.text[self.at..end];
        if rest.starts_with('(') {
            self.at += 1;
            let value = self.sum(end)?;
            let is_closed = self.operator(end, &[')']).is_some();
            return Ok(value.filter(|_| is_closed));
        }
        if let Some(name) = rest.strip_prefix('$') {
            let length = name_length(name);
            let span = self.at..self.at + 1 + length;
            if length == 0 {
                return Ok(None);
            }
            self.at = span.end;
            return match (self.lookup)(&name[..length], span)? {
                Knob::Quantity(value) => Ok(Some(value)),
                Knob::Text(_) => Ok(None),
            };
        }
        let literal = &rest[..literal_length(rest)];
        self.at += literal.len();
        Ok(Quantity::parse(literal))
    }

    fn operator(&mut self, end: usize, signs: &[char]) -> Option<char> {
        let blanks = self.at;
        self.skip_blanks(end);
        let sign = self.text[self.at..end].chars().next().filter(|sign| signs.contains(sign));
        // Blanks before something else belong to what follows.
        self.at = if sign.is_some() { self.at + 1 } else { blanks };
        sign
    }

    fn skip_blanks(&mut self, end: usize) {
        let rest = &self.text[self.at..end];
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    /// The text of `part` with each product that mentions a knob replaced by its value.
    fn replace(&mut self, part: Range<usize>) -> Result<String, ExpressionError> {
        let mut result = String::new();
        self.at = part.start;
        while self.at < part.end {
            let start = self.at;
            let rest = &self.text[start..part.end];
            let length = literal_length(rest);
            if 0 < length || rest.starts_with('$') {
                let value = self.product(part.end)?;
                let mentions = self.text[start..self.at].contains('$');
                if let Some(value) = value.filter(|_| mentions) {
                    result += &exact(value, &(start..self.at))?;
                    continue;
                }
                self.at = start;
            }
            if let Some(name) = rest.strip_prefix('$').filter(|name| 0 < name_length(name)) {
                let name = &name[..name_length(name)];
                self.at += 1 + name.len();
                if let Knob::Text(text) = (self.lookup)(name, start..self.at)? {
                    result += &text;
                }
                continue;
            }
            // Words such as `n3` are taken as a whole, so that their digits are no numbers.
            let word =
                rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let step = length.max(word).max(rest.chars().next().map_or(1, char::len_utf8));
            result += &rest[..step];
            self.at += step;
        }
        Ok(result)
    }
}

/// How many bytes at the start of `text` are a number with or without unit.
fn literal_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while digit(end) || (0 < end && bytes.get(end) == Some(&b'_')) {
        end += 1;
    }
    if end == 0 {
        return 0;
    }
    if bytes.get(end) == Some(&b'.') && digit(end + 1) {
        end += 1;
        while digit(end) {
            end += 1;
        }
    }
    end + text[end..].bytes().take_while(u8::is_ascii_alphabetic).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Result<String, String> {
        let mut lookup = |name: &str, span: Range<usize>| match name {
            "servers" => Ok(Knob::Quantity(Quantity::parse("5").unwrap())),
            "outage" => Ok(Knob::Quantity(Quantity::parse("1500ms").unwrap())),
            "latency" => Ok(Knob::Quantity(Quantity::parse("0.1").unwrap())),
            "who" => Ok(Knob::Text("leader".into())),
            _ => Err(ExpressionError::new("unknown", span)),
        };
        match evaluate(text, &mut lookup) {
            Ok(Evaluated::Quantity(value)) => Ok(format!("={value}")),
            Ok(Evaluated::Text(text)) => Ok(text),
            Err(error) => Err(format!("{} {:?}", error.message, error.span)),
        }
    }

    #[test]
    fn expressions_and_knobs_inside_texts() {
        for (text, value) in [
            ("$servers", "=5"),
            ("$outage * 2", "=3s"),
            ("2 * $outage", "=3s"),
            ("$outage + 10ms", "=1.51s"),
            ("($servers - 1) / 2", "=2"),
            ("$latency * 150ms", "=15ms"),
            ("crash + $outage * 2", "crash + 3s"),
            ("1ms..$outage - 500ms", "1ms..1s"),
            ("$latency * 10ms..$latency * 20ms", "1ms..2ms"),
            ("count(up) >= $servers - 1", "count(up) >= 5 - 1"),
            ("$servers servers, costs $5", "5 servers, costs $5"),
            ("crash $who", "crash leader"),
            ("n3.x = 2 and $servers > 1", "n3.x = 2 and 5 > 1"),
        ] {
            assert_eq!(run(text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn errors_point_into_the_string() {
        assert_eq!(run("crash + $outag").unwrap_err(), "unknown 8..14");
        assert!(run("$outage + 3").unwrap_err().starts_with("a time and the number 3 cannot"));
        assert!(run("x $outage / 7").unwrap_err().contains("no whole number of nanoseconds"));
    }
}
