//! What must hold after every event. Each is a monitor that remembers what it saw outside of the processes and across their
//! crashes. After an event it looks only at the process that handled it, and only at what is new there.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`Agreement`] | one command chosen per slot; with P2c and Integrity | Paxos Made Simple, §2.1, §2.2 |
//! | [`PromisesIncrease`] | an acceptor's ballot never falls, whatever crashes, and what it accepts is at least that | PMMC, §2.2, invariants A1 and A2 |
//! | [`UniqueBallots`] | each ballot is adopted once at most, and by its own leader | PMMC, §2.2 |
//! | [`SameOrder`] | no two processes perform different commands in one slot, and each performs them without a gap | PMMC, §2.1, invariants R1 to R4 |
//! | [`ExactlyOnce`], [`StateEqualsReplay`] | what all replicated logs have in common | |

mod agreement;
mod ballots;
mod disk;

pub use agreement::Agreement;
pub use ballots::{PromisesIncrease, UniqueBallots};

use orrery_sim::Monitor;

use crate::replicated::{ExactlyOnce, SameOrder, StateEqualsReplay};

use super::registration::Parameters;
use super::server::Server;

/// All of them, for a run of `nodes` processes.
pub fn all(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Server>>> {
    vec![
        Box::new(Agreement::new(parameters, nodes)),
        Box::new(PromisesIncrease::new(nodes)),
        Box::new(UniqueBallots::default()),
        Box::new(SameOrder::new(nodes, "PMMC, §2.1, invariants R1 to R4")),
        Box::new(ExactlyOnce::new()),
        Box::new(StateEqualsReplay::new()),
    ]
}
