//! Two-phase commit after L. Lamport's TLA+ module `TwoPhase` (J. Gray and L. Lamport, "Consensus on Transaction Commit", ACM TODS 31,
//! 2006, appendix): a transaction manager, resource managers that may abort alone, and messages that are never taken off the wire.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::model::{Model, Property};

/// Two-phase commit among this many resource managers, 16 at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoPhase(pub usize);

/// What a resource manager is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// It works, and may still do as it likes.
    Working,
    /// It does as the transaction manager says.
    Prepared,
    /// It has committed.
    Committed,
    /// It has aborted.
    Aborted,
}

impl Stage {
    pub(super) const ALL: [Self; 4] =
        [Self::Working, Self::Prepared, Self::Committed, Self::Aborted];
}

/// One state, as bits: that is what makes it cheap to copy, compare and hash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TwoPhaseState {
    /// Two bits for each resource manager.
    stages: u32,
    /// Who is known to the transaction manager to be prepared.
    known: u16,
    /// Who has sent that it is prepared.
    sent: u16,
    has_sent_commit: bool,
    has_sent_abort: bool,
}

/// What can happen; the numbers are those of resource managers, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TwoPhaseAction {
    /// The transaction manager hears that this one is prepared.
    HearPrepared(u8),
    /// The transaction manager decides to commit.
    Commit,
    /// The transaction manager decides to abort.
    Abort,
    /// A resource manager prepares.
    Prepare(u8),
    /// A resource manager aborts alone.
    ChooseToAbort(u8),
    /// A resource manager hears that it is to commit.
    HearCommit(u8),
    /// A resource manager hears that it is to abort.
    HearAbort(u8),
}

impl TwoPhaseState {
    /// What a resource manager is at.
    pub const fn stage(&self, rm: usize) -> Stage {
        Stage::ALL[(self.stages >> (2 * rm) & 3) as usize]
    }

    const fn set_stage(&mut self, rm: u8, stage: Stage) {
        let shift = 2 * rm as u32;
        self.stages = self.stages & !(3 << shift) | (stage as u32) << shift;
    }

    /// Whether the transaction manager has not decided yet.
    const fn is_open(&self) -> bool {
        !self.has_sent_commit && !self.has_sent_abort
    }
}

impl Hash for TwoPhaseState {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let low = u64::from(self.stages) | u64::from(self.known) << 32 | u64::from(self.sent) << 48;
        hasher.write_u64(low);
        hasher.write_u8(u8::from(self.has_sent_commit) | u8::from(self.has_sent_abort) << 1);
    }
}

impl fmt::Debug for TwoPhaseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { known, sent, .. } = self;
        let decision = match (self.has_sent_commit, self.has_sent_abort) {
            (false, false) => "open",
            (true, _) => "commit",
            (false, true) => "abort",
        };
        let end = 16 - self.stages.leading_zeros() as usize / 2;
        let stages: Vec<_> = (0..end).map(|rm| self.stage(rm)).collect();
        write!(f, "{decision}, {stages:?}, sent {sent:b}, known {known:b}")
    }
}

impl TwoPhase {
    const fn everybody(self) -> u16 {
        ((1_u32 << self.0) - 1) as u16
    }

    /// Whether no two resource managers have decided otherwise.
    pub fn agrees(&self, state: &TwoPhaseState) -> bool {
        let is_any = |stage| (0..self.0).any(|rm| state.stage(rm) == stage);
        !(is_any(Stage::Committed) && is_any(Stage::Aborted))
    }
}

impl Model for TwoPhase {
    type State = TwoPhaseState;
    type Action = TwoPhaseAction;

    fn initial(&self) -> Vec<TwoPhaseState> {
        vec![TwoPhaseState {
            stages: 0,
            known: 0,
            sent: 0,
            has_sent_commit: false,
            has_sent_abort: false,
        }]
    }

    fn actions(&self, state: &TwoPhaseState, actions: &mut Vec<TwoPhaseAction>) {
        if state.is_open() {
            if state.known == self.everybody() {
                actions.push(TwoPhaseAction::Commit);
            }
            actions.push(TwoPhaseAction::Abort);
        }
        for rm in 0..self.0 as u8 {
            if state.is_open() && state.sent >> rm & 1 == 1 {
                actions.push(TwoPhaseAction::HearPrepared(rm));
            }
            if state.stage(rm as usize) == Stage::Working {
                actions.push(TwoPhaseAction::Prepare(rm));
                actions.push(TwoPhaseAction::ChooseToAbort(rm));
            }
            if state.has_sent_commit {
                actions.push(TwoPhaseAction::HearCommit(rm));
            }
            if state.has_sent_abort {
                actions.push(TwoPhaseAction::HearAbort(rm));
            }
        }
    }

    fn step(&self, state: &mut TwoPhaseState, action: &TwoPhaseAction) {
        match *action {
            TwoPhaseAction::HearPrepared(rm) => state.known |= 1 << rm,
            TwoPhaseAction::Commit => state.has_sent_commit = true,
            TwoPhaseAction::Abort => state.has_sent_abort = true,
            TwoPhaseAction::Prepare(rm) => {
                state.set_stage(rm, Stage::Prepared);
                state.sent |= 1 << rm;
            }
            TwoPhaseAction::ChooseToAbort(rm) | TwoPhaseAction::HearAbort(rm) => {
                state.set_stage(rm, Stage::Aborted);
            }
            TwoPhaseAction::HearCommit(rm) => state.set_stage(rm, Stage::Committed),
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("agreement", Self::agrees)]
    }

    fn canonicalize(&self, state: &mut TwoPhaseState) {
        let mut managers = [(0, 0, 0); 16];
        for (rm, manager) in managers.iter_mut().enumerate().take(self.0) {
            *manager = (state.stages >> (2 * rm) & 3, state.sent >> rm & 1, state.known >> rm & 1);
        }
        managers[..self.0].sort_unstable();
        (state.stages, state.sent, state.known) = (0, 0, 0);
        for (rm, (stage, sent, known)) in managers.into_iter().enumerate().take(self.0) {
            state.stages |= stage << (2 * rm);
            state.sent |= sent << rm;
            state.known |= known << rm;
        }
    }

    /// What different processes do: messages only become more, so nobody keeps another one from anything.
    fn independent(&self, first: &TwoPhaseAction, second: &TwoPhaseAction) -> bool {
        process(*first) != process(*second)
    }
}

/// Who does it: a resource manager, or the transaction manager.
const fn process(action: TwoPhaseAction) -> Option<u8> {
    match action {
        TwoPhaseAction::HearPrepared(_) | TwoPhaseAction::Commit | TwoPhaseAction::Abort => None,
        TwoPhaseAction::Prepare(rm)
        | TwoPhaseAction::ChooseToAbort(rm)
        | TwoPhaseAction::HearCommit(rm)
        | TwoPhaseAction::HearAbort(rm) => Some(rm),
    }
}
