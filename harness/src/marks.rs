//! What is kept of every event of a run, however long it is: enough to find one's way.

use std::num::NonZeroU64;

use orrery_sim::{NodeId, SimTime};

use crate::session::{ArrivalFate, Row, RowKind};

/// One event in 32 bytes. Its words are in its [`Row`], which is made when it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub time: SimTime,
    cause: Option<NonZeroU64>,
    /// The node where it happened.
    pub node: Option<NodeId>,
    /// What happened.
    pub kind: MarkKind,
    signs: u8,
}

/// What kind of event a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A node started for the first time.
    Start,
    /// A message arrived.
    Arrive(ArrivalFate),
    /// A timer came due.
    Timer,
    /// The disk answered.
    Synced,
    /// A client asked.
    Ask,
    /// A client gave up.
    GiveUp,
    /// The plan, or a person, did something.
    Fault(FaultWord),
    /// A node's code panicked.
    Panic,
}

/// The word of an action, such as `crash`, in one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultWord(u8);

/// The words of all actions. The first stands for those that are not known.
const WORDS: [&str; 28] = [
    "",
    "crash",
    "restart",
    "wipe",
    "pause",
    "resume",
    "slow",
    "byzantine",
    "cut",
    "flap",
    "clog",
    "disturb",
    "heal",
    "calm",
    "hold",
    "release",
    "drop",
    "duplicate",
    "deliver",
    "delay",
    "fire",
    "request",
    "clock",
    "jump",
    "disk",
    "reseed",
    // What happens by itself, and is drawn as a fault.
    "sync",
    "refused",
];

impl FaultWord {
    /// That word.
    pub fn of(word: &str) -> Self {
        Self(WORDS.iter().position(|known| *known == word).unwrap_or(0) as u8)
    }

    /// The word; empty where it is no action's.
    pub const fn word(self) -> &'static str {
        WORDS[self.0 as usize]
    }

    /// What it makes of its node.
    pub fn change(self) -> NodeChange {
        match self.word() {
            "crash" | "wipe" => NodeChange::Down,
            "restart" | "resume" => NodeChange::Up,
            "pause" => NodeChange::Paused,
            _ => NodeChange::Nothing,
        }
    }
}

/// What a fault makes of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeChange {
    /// It runs on, or the fault is about none.
    Nothing,
    /// It runs again.
    Up,
    /// It is down.
    Down,
    /// It stands still.
    Paused,
}

/// Whether a role is one that others follow.
pub fn leads(role: &str) -> bool {
    let role = role.to_lowercase();
    ["leader", "primary", "master", "coordinator", "sequencer", "head"]
        .iter()
        .any(|word| role.contains(word))
}

const NEW_ROLE: u8 = 1;
const NARRATED: u8 = 2;
const VIOLATED: u8 = 4;
const LOSES: u8 = 8;
const LEADS: u8 = 16;

impl Mark {
    /// The mark of an event that is described already.
    pub fn of(row: &Row) -> Self {
        let kind = match &row.kind {
            RowKind::Start => MarkKind::Start,
            RowKind::Arrive { fate, .. } => MarkKind::Arrive(*fate),
            RowKind::Timer => MarkKind::Timer,
            RowKind::Synced => MarkKind::Synced,
            RowKind::Ask { .. } => MarkKind::Ask,
            RowKind::GiveUp { .. } => MarkKind::GiveUp,
            RowKind::Fault { word, .. } => MarkKind::Fault(FaultWord::of(word)),
            RowKind::Panic => MarkKind::Panic,
        };
        let mark = Self::new(row.time, row.cause, row.node, kind);
        mark.with_new_role(row.new_role.as_deref())
            .with_narration(!row.narration.is_empty())
            .with_violation(row.violation.is_some())
            .with_loss(row.sent.iter().any(|sent| sent.is_lost))
    }

    /// The mark of an event that nothing is told about.
    pub fn new(time: SimTime, cause: Option<u64>, node: Option<NodeId>, kind: MarkKind) -> Self {
        Self { time, cause: cause.and_then(NonZeroU64::new), node, kind, signs: 0 }
    }

    const fn with(mut self, sign: u8, is_on: bool) -> Self {
        self.signs = self.signs & !sign | if is_on { sign } else { 0 };
        self
    }

    /// The same, where the node's role changed.
    pub fn with_new_role(self, role: Option<&str>) -> Self {
        self.with(NEW_ROLE, role.is_some()).with(LEADS, role.is_some_and(leads))
    }

    /// The same, where the scenario tells something.
    pub const fn with_narration(self, is_so: bool) -> Self {
        self.with(NARRATED, is_so)
    }

    /// The same, where a rule was found broken.
    pub const fn with_violation(self, is_so: bool) -> Self {
        self.with(VIOLATED, is_so)
    }

    /// The same, where a message that it sent was lost at once.
    pub const fn with_loss(self, is_so: bool) -> Self {
        self.with(LOSES, is_so)
    }

    /// The event that brought it about.
    pub fn cause(&self) -> Option<u64> {
        self.cause.map(NonZeroU64::get)
    }

    /// Whether the node's role changed.
    pub const fn has_new_role(&self) -> bool {
        self.signs & NEW_ROLE != 0
    }

    /// Whether the node's role changed to one that others follow.
    pub const fn has_begun_to_lead(&self) -> bool {
        self.signs & LEADS != 0
    }

    /// Whether the scenario tells something about it.
    pub const fn is_narrated(&self) -> bool {
        self.signs & NARRATED != 0
    }

    /// Whether a rule was found broken at it.
    pub const fn is_violation(&self) -> bool {
        self.signs & VIOLATED != 0
    }

    /// Whether a message that it sent was lost at once.
    pub const fn loses(&self) -> bool {
        self.signs & LOSES != 0
    }

    /// Whether people want to stop here: a fault, a change of role, a milestone that is told, a violation. That a node
    /// starts in its first role is no news.
    pub const fn is_landmark(&self) -> bool {
        match self.kind {
            MarkKind::Fault(_) => true,
            MarkKind::Start => self.is_narrated() || self.is_violation(),
            MarkKind::Arrive(_)
            | MarkKind::Timer
            | MarkKind::Synced
            | MarkKind::Ask
            | MarkKind::GiveUp
            | MarkKind::Panic => self.has_new_role() || self.is_narrated() || self.is_violation(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_keep_their_words() {
        for word in WORDS {
            assert_eq!(FaultWord::of(word).word(), word);
        }
        let reseed = orrery_sim::plan::Action::<()>::Reseed(1).word();
        assert_eq!(FaultWord::of(reseed).word(), "reseed");
        assert_eq!(FaultWord::of("juggle").word(), "");
        assert_eq!(FaultWord::of("crash").change(), NodeChange::Down);
    }

    #[test]
    fn a_mark_is_small() {
        assert_eq!(size_of::<Mark>(), 32);
    }
}
