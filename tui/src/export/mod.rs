//! A run as files for other programs: pictures, traces, logs, a test, a page.
//!
//! Everything is made from a [`Session`] alone, so that a live run, a fork of one and a recording export alike. What a format
//! cannot hold is left out and said in its documentation; what it can hold is written in full, or refused.

mod asciicast;
mod dot;
mod html;
mod jsonl;
mod mermaid;
mod perfetto;
mod rust_test;
mod screen;
mod shiviz;
mod spans;
mod svg;

use std::ops::RangeInclusive;
use std::rc::Rc;

use orrery_harness::session::{Row, Session, SessionError};

use crate::ui::app::press;
use crate::ui::key::Key;
use crate::ui::model::Model;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// JSON Lines: a header, then each event, then what the run came to
    Jsonl,
    /// A log with vector clocks, for `ShiViz`
    Shiviz,
    /// A Mermaid sequence diagram, for Markdown
    Mermaid,
    /// A space-time diagram as a picture
    Svg,
    /// A trace for Perfetto or <chrome://tracing>
    Perfetto,
    /// The happened-before graph, for Graphviz
    Dot,
    /// The debugger's screens as a film, for asciinema
    Asciicast,
    /// The debugger's screen after the last event, as text
    Screen,
    /// A Rust test that makes the run again and asserts what it came to
    Rust,
    /// One page with a diagram to scrub through, for any browser
    Html,
}

impl Format {
    /// The ending of such a file.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Shiviz => "shiviz.log",
            Self::Mermaid => "mmd",
            Self::Svg => "svg",
            Self::Perfetto => "trace.json",
            Self::Dot => "dot",
            Self::Asciicast => "cast",
            Self::Screen => "txt",
            Self::Rust => "rs",
            Self::Html => "html",
        }
    }

    /// The events of the run that such a file has if nobody says which: all, or as many as fit, up to the cursor where it is far
    /// enough.
    pub fn range_around(self, session: &dyn Session) -> RangeInclusive<u64> {
        let events = session.events().max(1);
        match self.most() {
            Some(most) if most < events => {
                let last = session.cursor().clamp(most, events);
                last - most + 1..=last
            }
            _ => 1..=events,
        }
    }

    /// More events than this in one such file help nobody; `None` where there is no such limit.
    const fn most(self) -> Option<u64> {
        match self {
            Self::Jsonl | Self::Shiviz | Self::Perfetto | Self::Screen | Self::Rust => None,
            Self::Mermaid => Some(500),
            Self::Svg | Self::Dot | Self::Html => Some(5_000),
            Self::Asciicast => Some(2_000),
        }
    }
}

/// Why a run is not exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Too many events for one file.
    #[error(
        "{count} events are more than the {most} that fit such a file: choose some, as in --from {from} --to {to}"
    )]
    TooMany {
        /// How many were asked for.
        count: u64,
        /// How many there may be.
        most: u64,
        /// The first of a range that fits.
        from: u64,
        /// The last of it.
        to: u64,
    },
    /// The run has no such events.
    #[error("there are no events from {from} to {to}: the run has {events}")]
    NoSuchEvents {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
        /// How many the run has.
        events: u64,
    },
    /// The run cannot be made again up to there.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The run cannot be named in a test.
    #[error("{0}")]
    NotNamed(String),
}

/// The file of `format` with the events `range` of the run that `model` looks at; of all of them where absent. Its cursor comes back
/// to where it was.
///
/// # Errors
/// Where the range is empty or too large for the format, or the run cannot be made again.
pub fn export(
    model: &mut Model,
    format: Format,
    range: Option<RangeInclusive<u64>>,
) -> Result<String, ExportError> {
    while !model.session().is_complete() {
        model.make(u64::MAX);
    }
    let range = chosen(model.session(), format, range)?;
    let here = model.cursor();
    let file = of(model, format, range);
    model.go(here);
    file
}

/// The events that are asked for, where there are such events and they fit.
fn chosen(
    session: &dyn Session,
    format: Format,
    range: Option<RangeInclusive<u64>>,
) -> Result<RangeInclusive<u64>, ExportError> {
    let events = session.events();
    let range = range.unwrap_or(1..=events);
    let (from, to) = (*range.start().max(&1), *range.end().min(&events));
    if to < from {
        let (from, to) = (*range.start(), *range.end());
        return Err(ExportError::NoSuchEvents { from, to, events });
    }
    let count = to - from + 1;
    if let Some(most) = format.most().filter(|most| *most < count) {
        // The way to the failure is what is wanted most.
        let failed = session.report().violation.as_ref().map(|failure| failure.event);
        let last = failed.unwrap_or(from + most - 1).clamp(from, to);
        let first = from.max((last + 1).saturating_sub(most));
        return Err(ExportError::TooMany { count, most, from: first, to: last });
    }
    Ok(from..=to)
}

/// Presses keys in the debugger, one after the other: letters as they are, others by their name in angle brackets, as in `i<Enter>`.
///
/// # Errors
/// Where there is no key of that name.
pub fn press_all(model: &mut Model, keys: &str) -> Result<(), String> {
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (key, after) = match named {
            Some((name, after)) => (name.parse::<Key>()?, after),
            None => (Key::Char(first), &rest[first.len_utf8()..]),
        };
        press(model, key);
        rest = after;
    }
    Ok(())
}

fn of(
    model: &mut Model,
    format: Format,
    range: RangeInclusive<u64>,
) -> Result<String, ExportError> {
    Ok(match format {
        Format::Jsonl => jsonl::export(model.session(), range),
        Format::Shiviz => shiviz::export(model.session(), range),
        Format::Mermaid => mermaid::export(model.session(), range),
        Format::Svg => svg::export(model.session_mut(), range)?,
        Format::Perfetto => perfetto::export(model.session_mut(), range)?,
        Format::Dot => dot::export(model.session(), range),
        Format::Asciicast => asciicast::export(model, range),
        Format::Screen => screen::export(model, range),
        Format::Rust => rust_test::export(model.session())?,
        Format::Html => html::export(model.session_mut(), range)?,
    })
}

/// The rows of these events, in order.
fn rows(session: &dyn Session, range: RangeInclusive<u64>) -> impl Iterator<Item = Rc<Row>> + '_ {
    range.filter_map(|event| session.row(event))
}

/// A text inside of XML or HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// At most so many characters of a text.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(3)).collect();
    short.push_str("...");
    short
}
