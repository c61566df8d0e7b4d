//! Two-phase commit among nodes that send messages, each of which is delivered once, in any order. Every resource manager votes yes.

use std::hash::{Hash, Hasher};

use crate::model::{Model, Property};

/// A transaction manager and this many resource managers, 16 at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoPhaseNodes(pub usize);

/// One state, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoPhaseNodesState {
    /// Whose vote the transaction manager has.
    yes: u16,
    /// Who told the transaction manager that it has committed.
    done: u16,
    /// Two bits for each resource manager: how many messages it has handled.
    stages: u32,
    /// Four bits for each resource manager: which messages to it or from it are on the wire.
    wire: u64,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// To a resource manager: prepare.
    Prepare,
    /// From it: I am prepared.
    Yes,
    /// To it: commit.
    Commit,
    /// From it: I have committed.
    Done,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Prepare, Self::Yes, Self::Commit, Self::Done];

    const fn is_for_manager(self) -> bool {
        match self {
            Self::Yes | Self::Done => true,
            Self::Prepare | Self::Commit => false,
        }
    }
}

/// The delivery of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// To or from which resource manager, from 0.
    pub rm: u8,
    /// What it says.
    pub kind: Kind,
}

impl Hash for TwoPhaseNodesState {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let Self { yes, done, stages, wire } = *self;
        hasher.write_u64(wire);
        hasher.write_u64(u64::from(yes) | u64::from(done) << 16 | u64::from(stages) << 32);
    }
}

impl TwoPhaseNodesState {
    const fn send(&mut self, rm: u8, kind: Kind) {
        self.wire |= 1 << (4 * rm as u32 + kind as u32);
    }
}

impl TwoPhaseNodes {
    /// Whether nobody has committed before all had voted.
    pub fn is_safe(&self, state: &TwoPhaseNodesState) -> bool {
        let has_committed = (0..self.0).any(|rm| state.stages >> (2 * rm) & 3 == 2);
        !has_committed || state.yes.count_ones() as usize == self.0
    }
}

impl Model for TwoPhaseNodes {
    type State = TwoPhaseNodesState;
    type Action = Message;

    fn initial(&self) -> Vec<TwoPhaseNodesState> {
        let mut state = TwoPhaseNodesState { yes: 0, done: 0, stages: 0, wire: 0 };
        for rm in 0..self.0 as u8 {
            state.send(rm, Kind::Prepare);
        }
        vec![state]
    }

    fn actions(&self, state: &TwoPhaseNodesState, actions: &mut Vec<Message>) {
        let mut wire = state.wire;
        while wire != 0 {
            let bit = wire.trailing_zeros();
            wire &= wire - 1;
            actions.push(Message { rm: (bit / 4) as u8, kind: Kind::ALL[bit as usize % 4] });
        }
    }

    fn step(&self, state: &mut TwoPhaseNodesState, message: &Message) {
        let Message { rm, kind } = *message;
        state.wire &= !(1 << (4 * u32::from(rm) + kind as u32));
        match kind {
            Kind::Prepare => {
                state.stages += 1 << (2 * rm);
                state.send(rm, Kind::Yes);
            }
            Kind::Yes => {
                state.yes |= 1 << rm;
                if state.yes.count_ones() as usize == self.0 {
                    for rm in 0..self.0 as u8 {
                        state.send(rm, Kind::Commit);
                    }
                }
            }
            Kind::Commit => {
                state.stages += 1 << (2 * rm);
                state.send(rm, Kind::Done);
            }
            Kind::Done => state.done |= 1 << rm,
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("commits are behind all votes", Self::is_safe)]
    }

    fn canonicalize(&self, state: &mut TwoPhaseNodesState) {
        let mut managers = [(0, 0, 0, 0); 16];
        for (rm, manager) in managers.iter_mut().enumerate().take(self.0) {
            let handled = state.stages >> (2 * rm) & 3;
            let wire = state.wire >> (4 * rm) & 15;
            *manager = (handled, wire, state.yes >> rm & 1, state.done >> rm & 1);
        }
        managers[..self.0].sort_unstable();
        *state = TwoPhaseNodesState { yes: 0, done: 0, stages: 0, wire: 0 };
        for (rm, (stage, wire, yes, done)) in managers.into_iter().enumerate().take(self.0) {
            state.stages |= stage << (2 * rm);
            state.wire |= wire << (4 * rm);
            state.yes |= yes << rm;
            state.done |= done << rm;
        }
    }

    /// Deliveries to different nodes.
    fn independent(&self, first: &Message, second: &Message) -> bool {
        let is_for_manager = (first.kind.is_for_manager(), second.kind.is_for_manager());
        match is_for_manager {
            (true, true) => false,
            (false, false) => first.rm != second.rm,
            (true, false) | (false, true) => true,
        }
    }
}
