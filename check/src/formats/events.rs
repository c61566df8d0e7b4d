//! Files of maps, one per entry: JSON lines, EDN, and the lists of them that other tools write.

use super::edn::Edn;
use super::event::{self, Dialect, Event, Joiner};
use super::json::Json;
use super::notation::Notation;
use super::source::{Source, Stop, wrong};
use crate::record::{ReadError, Record};

/// Where in a file the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Before the first entry, where a list may open.
    Start,
    /// Among entries that stand in no list.
    Open,
    /// In a list that this closes.
    List(u8),
    /// After it.
    Closed,
}

/// What may stand where an entry is expected.
enum Form {
    Opens(u8),
    Entry(Box<Event>),
    Closes,
}

/// A reader of such a file.
pub(super) struct Events {
    stage: Stage,
    joiner: Joiner,
    is_json: bool,
    /// Whether an entry of the list has been read, after which JSON wants a comma.
    is_first: bool,
}

impl Events {
    pub(super) fn json(dialect: Dialect) -> Self {
        Self { stage: Stage::Start, joiner: Joiner::new(dialect), is_json: true, is_first: true }
    }

    pub(super) fn edn() -> Self {
        Self { is_json: false, ..Self::json(Dialect::Jepsen) }
    }

    /// The next record of a client; `None` at the end of the file.
    pub(super) fn next(&mut self, source: &mut Source<'_>) -> Result<Option<Record>, ReadError> {
        loop {
            let (stage, is_first) = (self.stage, self.is_first);
            let form = if self.is_json {
                source.form(|window| json_form(window, stage, is_first))?
            } else {
                source.form(|window| form(&mut Edn::new(window), window, stage))?
            };
            let Some((form, place)) = form else {
                if let Stage::List(close) = self.stage {
                    let message = format!(
                        "the file ends before the `{}` of its list: is it cut off?",
                        char::from(close)
                    );
                    return Err(ReadError::new(source.place(), message));
                }
                return Ok(None);
            };
            match form {
                Form::Opens(close) => self.stage = Stage::List(close),
                Form::Closes => self.stage = Stage::Closed,
                Form::Entry(event) => {
                    self.is_first = false;
                    if self.stage == Stage::Start {
                        self.stage = Stage::Open;
                    }
                    let record = self.joiner.record(*event, place);
                    if let Some(record) =
                        record.map_err(|message| ReadError::new(place, message))?
                    {
                        return Ok(Some(record));
                    }
                }
            }
        }
    }
}

/// What stands next, and where it ends.
fn form<'a, N: Notation<'a>>(
    notation: &mut N,
    window: &[u8],
    stage: Stage,
) -> Result<(Form, usize), Stop> {
    let at = notation.at();
    let Some(&byte) = window.get(at) else { return Err(Stop::Blank) };
    match (stage, byte) {
        (Stage::Start, b'[') => Ok((Form::Opens(b']'), at + 1)),
        (Stage::Start, b'(') => Ok((Form::Opens(b')'), at + 1)),
        (Stage::List(close), byte) if byte == close => Ok((Form::Closes, at + 1)),
        (Stage::Closed, _) => Err(wrong(at, "nothing comes after the list of entries")),
        (Stage::Start | Stage::Open | Stage::List(_), _) => {
            let event = event::event(notation)?;
            Ok((Form::Entry(Box::new(event)), notation.at()))
        }
    }
}

/// The same for JSON, where commas count.
fn json_form(window: &[u8], stage: Stage, is_first: bool) -> Result<(Form, usize), Stop> {
    let mut json = Json::new(window);
    let at = json.at();
    let Some(&byte) = window.get(at) else { return Err(Stop::Blank) };
    if byte == b'(' {
        return Err(wrong(at, "an object `{...}` is expected here"));
    }
    if !matches!(stage, Stage::List(_)) || is_first || byte == b']' {
        return form(&mut json, window, stage);
    }
    if byte != b',' {
        return Err(wrong(at, "`,` or `]` is expected here"));
    }
    json.take_comma();
    let event = event::event(&mut json)?;
    Ok((Form::Entry(Box::new(event)), json.at()))
}
