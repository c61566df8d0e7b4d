//! Models whose numbers are known, for tests, benchmarks and as examples.

mod paxos;
mod tcommit;
mod two_phase;
mod two_phase_nodes;

pub use paxos::{Paxos, PaxosState};
pub use tcommit::{TCommit, TCommitState};
pub use two_phase::{TwoPhase, TwoPhaseState};
pub use two_phase_nodes::{TwoPhaseNodes, TwoPhaseNodesState};

/// Actions of the models.
pub mod actions {
    pub use super::paxos::{Ballot, Content, Letter, Vote};
    pub use super::tcommit::Decision;
    pub use super::two_phase::{Stage, TwoPhaseAction};
    pub use super::two_phase_nodes::{Kind, Message};
}
