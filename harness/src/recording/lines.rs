//! The lines of a recording: what stands in the file, and the rows that people see.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde::de::{self, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use orrery_sim::plan::MessageAddress;
use orrery_sim::{ClientId, NodeId, SimTime};

use crate::marks::{FaultWord, Mark, MarkKind};
use crate::report::{Measured, Report, Verdict};
use crate::session::{ArrivalFate, Header, Row, RowKind, SentRow};

use super::names::constant;

/// The first line: what was run, and everything that is needed to run it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingHeader {
    /// The format; that this key comes first says what the file is.
    pub orrery_recording: u32,
    /// The version of the engine that wrote it.
    pub engine: String,
    /// The scenario's name.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The protocol's name.
    pub protocol: String,
    /// The seed.
    pub seed: u64,
    /// How many nodes.
    pub nodes: u32,
    /// How many clients.
    pub clients: u32,
    /// The planted bugs, by id.
    pub bugs: Vec<String>,
    /// What was set on top of the scenario, each as `key=value`.
    pub overrides: Vec<String>,
    /// The protocol's parameters, defaults included.
    pub parameters: Json,
    /// What repeats the run.
    pub token: String,
    /// The verdict that the scenario expects.
    pub expected: Verdict,
    /// What the seed drew before the run.
    pub drawn: Drawn,
    /// The scenario as it was written; absent for a case that was made by code.
    pub text: Option<String>,
    /// The name and the text of its plan file, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<(String, String)>,
    /// What people did in it, each in a few words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interventions: Vec<String>,
}

/// What a run's seed drew before its first event, and what the scenario itself had planned, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// How many faults are planned, by family.
    pub families: BTreeMap<String, u64>,
    /// The items of the plan, in order.
    pub plan: Vec<String>,
    /// The network.
    pub links: String,
    /// The clocks.
    pub clocks: String,
}

impl RecordingHeader {
    /// As a session has it.
    pub fn header(&self) -> Header {
        Header {
            scenario: self.scenario.clone(),
            title: self.title.clone(),
            protocol: self.protocol.clone(),
            seed: self.seed,
            nodes: self.nodes,
            clients: self.clients,
            bugs: self.bugs.clone(),
            token: self.token.clone(),
            interventions: self.interventions.clone(),
        }
    }
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingEnd {
    /// How many events come before it.
    pub end: u64,
    /// The digest of the run.
    pub digest: String,
    /// Its verdict.
    pub verdict: String,
    /// Everything that is said of the run.
    pub report: Report,
    /// Its statistics, as measured.
    pub stats: BTreeMap<String, Measured>,
    /// The digest of all lines before this one.
    pub checksum: String,
}

/// The whole world after event number `view`: changes to a world where there is nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ViewLine<C> {
    pub(super) view: u64,
    pub(super) t: u64,
    pub(super) change: C,
}

/// One event. Readers choose in `C` how much of the change they want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EventLine<C> {
    pub(super) n: u64,
    pub(super) t: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    node: Option<Text<NodeId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<u64>,
    event: String,
    kind: KindLine,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    effects: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sent: Vec<SentLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    violation: Option<String>,
    pub(super) change: C,
}

/// [`RowKind`] in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindLine {
    Start,
    Arrive { message: Text<MessageAddress>, sent_at: u64, fate: FateWord, is_copy: bool },
    Timer,
    Synced,
    Ask { client: Text<ClientId>, attempt: u32 },
    GiveUp { client: Text<ClientId> },
    Fault { word: String, pairs: Vec<[Text<NodeId>; 2]> },
    Panic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FateWord {
    Handled,
    Waits,
    Down,
    CutOff,
    Clogged,
    Damaged,
}

impl FateWord {
    const fn of(fate: ArrivalFate) -> Self {
        match fate {
            ArrivalFate::Handled => Self::Handled,
            ArrivalFate::Waits => Self::Waits,
            ArrivalFate::Down => Self::Down,
            ArrivalFate::CutOff => Self::CutOff,
            ArrivalFate::Clogged => Self::Clogged,
            ArrivalFate::Damaged => Self::Damaged,
        }
    }

    const fn fate(self) -> ArrivalFate {
        match self {
            Self::Handled => ArrivalFate::Handled,
            Self::Waits => ArrivalFate::Waits,
            Self::Down => ArrivalFate::Down,
            Self::CutOff => ArrivalFate::CutOff,
            Self::Clogged => ArrivalFate::Clogged,
            Self::Damaged => ArrivalFate::Damaged,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SentLine {
    message: Text<MessageAddress>,
    kind: String,
    arrives: Option<u64>,
    is_lost: bool,
}

impl<C> EventLine<C> {
    pub(super) fn new(row: Row, change: C) -> Self {
        let sent = |sent: SentRow| SentLine {
            message: Text(sent.message),
            kind: sent.kind,
            arrives: sent.arrives.map(SimTime::as_nanos),
            is_lost: sent.is_lost,
        };
        Self {
            n: row.number,
            t: row.time.as_nanos(),
            node: row.node.map(Text),
            cause: row.cause,
            event: row.title,
            kind: KindLine::of(row.kind),
            payload: row.payload,
            effects: row.effects,
            sent: row.sent.into_iter().map(sent).collect(),
            notes: row.notes,
            role: row.new_role,
            told: row.narration,
            violation: row.violation,
            change,
        }
    }

    /// The row, and the change.
    ///
    /// # Errors
    /// Where there are more names than a run has.
    pub(super) fn into_row(self) -> Result<(Row, C), String> {
        let sent = |sent: SentLine| SentRow {
            message: sent.message.0,
            kind: sent.kind,
            arrives: sent.arrives.map(SimTime::from_nanos),
            is_lost: sent.is_lost,
        };
        let row = Row {
            number: self.n,
            time: SimTime::from_nanos(self.t),
            cause: self.cause,
            node: self.node.map(|node| node.0),
            kind: self.kind.into_kind()?,
            title: self.event,
            payload: self.payload,
            effects: self.effects,
            sent: self.sent.into_iter().map(sent).collect(),
            notes: self.notes,
            new_role: self.role,
            narration: self.told,
            violation: self.violation,
        };
        Ok((row, self.change))
    }
}

impl KindLine {
    fn of(kind: RowKind) -> Self {
        match kind {
            RowKind::Start => Self::Start,
            RowKind::Arrive { message, sent_at, fate, is_copy } => {
                Self::Arrive { message: Text(message), sent_at, fate: FateWord::of(fate), is_copy }
            }
            RowKind::Timer => Self::Timer,
            RowKind::Synced => Self::Synced,
            RowKind::Ask { client, attempt } => Self::Ask { client: Text(client), attempt },
            RowKind::GiveUp { client } => Self::GiveUp { client: Text(client) },
            RowKind::Fault { word, pairs } => Self::Fault {
                word: word.to_string(),
                pairs: pairs.into_iter().map(|(from, to)| [Text(from), Text(to)]).collect(),
            },
            RowKind::Panic => Self::Panic,
        }
    }

    fn into_kind(self) -> Result<RowKind, String> {
        Ok(match self {
            Self::Start => RowKind::Start,
            Self::Arrive { message, sent_at, fate, is_copy } => {
                RowKind::Arrive { message: message.0, sent_at, fate: fate.fate(), is_copy }
            }
            Self::Timer => RowKind::Timer,
            Self::Synced => RowKind::Synced,
            Self::Ask { client, attempt } => RowKind::Ask { client: client.0, attempt },
            Self::GiveUp { client } => RowKind::GiveUp { client: client.0 },
            Self::Fault { word, pairs } => RowKind::Fault {
                word: constant(&word)?,
                pairs: pairs.into_iter().map(|[from, to]| (from.0, to.0)).collect(),
            },
            Self::Panic => RowKind::Panic,
        })
    }
}

/// An event of which only the mark is read.
#[derive(Deserialize)]
pub(super) struct MarkLine {
    t: u64,
    #[serde(default)]
    node: Option<Text<NodeId>>,
    #[serde(default)]
    cause: Option<u64>,
    kind: MarkWord,
    #[serde(default)]
    sent: Vec<LossLine>,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    told: Vec<IgnoredAny>,
    #[serde(default)]
    violation: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MarkWord {
    Start,
    Arrive { fate: FateWord },
    Timer,
    Synced,
    Ask(IgnoredAny),
    GiveUp(IgnoredAny),
    Fault { word: String },
    Panic,
}

#[derive(Deserialize)]
struct LossLine {
    is_lost: bool,
}

impl MarkLine {
    pub(super) fn mark(&self) -> Mark {
        let kind = match &self.kind {
            MarkWord::Start => MarkKind::Start,
            MarkWord::Arrive { fate } => MarkKind::Arrive(fate.fate()),
            MarkWord::Timer => MarkKind::Timer,
            MarkWord::Synced => MarkKind::Synced,
            MarkWord::Ask(_) => MarkKind::Ask,
            MarkWord::GiveUp(_) => MarkKind::GiveUp,
            MarkWord::Fault { word } => MarkKind::Fault(FaultWord::of(word)),
            MarkWord::Panic => MarkKind::Panic,
        };
        let node = self.node.as_ref().map(|node| node.0);
        Mark::new(SimTime::from_nanos(self.t), self.cause, node, kind)
            .with_new_role(self.role.as_deref())
            .with_narration(!self.told.is_empty())
            .with_violation(self.violation.is_some())
            .with_loss(self.sent.iter().any(|sent| sent.is_lost))
    }
}

/// Something that stands in the file as people write it: `n1`, `n1>n2#17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<T>(pub(super) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A line as it stands in the file, without its end.
pub(super) fn json<T: Serialize>(line: &T) -> String {
    serde_json::to_string(line).expect("a line has text keys and no floats")
}
