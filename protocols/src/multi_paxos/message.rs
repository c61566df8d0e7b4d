//! What processes send. The first four are those of the papers: P1a is Lamport's *prepare* request, P1b its *promise*, P2a
//! the *accept* request, P2b *accepted*. The receiver learns the sender from the network.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use orrery_sim::{NodeId, OperationId};

use crate::kv;

use super::configuration::Configurations;
use super::numbers::{Ballot, Round, Slot};

/// What an administrator may ask. In a scenario: `{ Reconfigure = { members = ["n2", "n3", "n4"] } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Administration {
    /// Other acceptors. Output: `Done`, when it is chosen; it takes effect α slots later.
    Reconfigure {
        /// All of them.
        members: Vec<NodeId>,
    },
}

impl kv::Administration for Administration {
    const NAMES: &'static [&'static str] = &["Reconfigure"];
}

/// What a slot is filled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Command {
    /// For the state machine.
    Store(kv::Command),
    /// A change of the acceptors, α slots later.
    Reconfigure {
        /// Which of whom: an administrator asked for it.
        id: OperationId,
        /// The acceptors.
        members: Vec<NodeId>,
    },
}

impl Command {
    /// Nothing: it fills a gap.
    pub const NO_OP: Self = Self::Store(kv::Command::NoOp);

    /// What it asks of the state machine.
    pub const fn for_store(&self) -> &kv::Command {
        match self {
            Self::Store(command) => command,
            Self::Reconfigure { .. } => &kv::Command::NoOp,
        }
    }

    /// The operation behind it, if there is one.
    pub const fn operation(&self) -> Option<OperationId> {
        match self {
            Self::Store(command) => command.operation(),
            Self::Reconfigure { id, .. } => Some(*id),
        }
    }
}

/// A command that was accepted: PMMC's *pvalue* ⟨b, s, c⟩ without its slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PValue {
    /// At this ballot.
    pub ballot: Ballot,
    /// The command.
    pub command: Command,
}

/// The state after all slots before `slot_out`: what takes their place (Paxos Made Live, §5.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// The first slot that it does not cover.
    pub slot_out: Slot,
    /// Values and sessions.
    pub store: kv::Store,
    /// The configurations that were chosen in the slots that it covers.
    pub configurations: Configurations,
}

/// A message, in the order of a run without faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From a scout: promise to accept nothing below `ballot`, and tell what you have accepted, for all slots at once.
    P1a {
        /// The scout's.
        ballot: Ballot,
        /// The first slot of which the scout does not know what was chosen.
        slot_out: Slot,
    },
    /// To a scout: the promise, or a refusal.
    P1b {
        /// The scout's, as it was asked: what an acceptor says to an old scout is nothing to the new one of the same leader.
        ballot: Ballot,
        /// The acceptor's: the same, or a higher one, and then this is a refusal.
        promised: Ballot,
        /// What the acceptor has accepted, from the scout's `slot_out` on: for each slot its last, which is the one of the
        /// highest ballot (PMMC, §4.1).
        accepted: Vec<(Slot, PValue)>,
        /// Where the acceptor has forgotten what it accepted in some of these slots: what came of them.
        snapshot: Option<Arc<Snapshot>>,
    },
    /// From a leader: accept these commands, one for each slot from `first` on.
    P2a {
        /// The leader's.
        ballot: Ballot,
        /// The slot of the first command.
        first: Slot,
        /// The commands.
        commands: Vec<Command>,
        /// The leader knows what was chosen in all slots before: PMMC's *decision* messages, piggybacked.
        slot_out: Slot,
    },
    /// To a leader: accepted, and on disk; or a refusal.
    P2b {
        /// The leader's, as it was asked.
        ballot: Ballot,
        /// The acceptor's: the same, or a higher one, and then this is a refusal.
        promised: Ballot,
        /// The slot of the first command.
        first: Slot,
        /// How many slots.
        count: u32,
    },
    /// From a leader, regularly: it is still there.
    Heartbeat {
        /// The leader's.
        ballot: Ballot,
        /// The leader knows what was chosen in all slots before.
        slot_out: Slot,
        /// The number of the round.
        round: Round,
    },
    /// To a leader: heard.
    HeartbeatAck {
        /// The leader's, as it was heard.
        ballot: Ballot,
        /// The acceptor's: the same, or a higher one, and then the leader is none any more.
        promised: Ballot,
        /// The round of the heartbeat.
        round: Round,
    },
    /// From a replica that lags: what was chosen from here on? (Paxos Made Live, §5.1.)
    CatchUp {
        /// Its first slot without a decision.
        slot_out: Slot,
    },
    /// To such a replica: these commands were chosen, in the slots from `first` on.
    Decisions {
        /// The slot of the first.
        first: Slot,
        /// The commands.
        commands: Vec<Command>,
    },
    /// To such a replica, where the slots that it lacks are forgotten: what they came to.
    InstallSnapshot {
        /// The state.
        snapshot: Arc<Snapshot>,
    },
}
