//! What must hold after every event: the three requirements of "Paxos Made Simple", §2.1, and the
//! statements of §2.2 from which they follow.
//!
//! That a value is chosen is nowhere in the processes' state: it is a fact about disks. The monitors
//! read the acceptors' disks record by record and keep what they read, whatever becomes of the disk.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`Agreement`] | only a single value is chosen | §2.1 |
//! | [`Validity`] | only a value that has been proposed is chosen | §2.1 |
//! | [`Integrity`] | a process, or a client, learns only what has been chosen | §2.1 |
//! | [`P2b`] | once a value is chosen, every higher-numbered proposal has that value | §2.2, P2b |
//! | [`P2c`] | a proposal has the value that a majority of acceptors leaves it | §2.2, P2c |
//! | [`PromisesKept`] | a promise is never forgotten nor broken | §2.2, P1a; §2.5 |
//! | [`UniqueBallots`] | no two proposals have one number | §2.2, §2.5 |

mod agreement;
mod ghost;
mod promises;
mod proposals;

pub use agreement::{Agreement, Integrity, Validity};
pub use promises::PromisesKept;
pub use proposals::{P2b, P2c, UniqueBallots};

use orrery_sim::Monitor;

use super::process::Process;

/// All of them, for a run of `nodes` processes of which so many are acceptors.
pub fn all(nodes: u32, acceptors: usize) -> Vec<Box<dyn Monitor<Process>>> {
    vec![
        Box::new(UniqueBallots::default()),
        Box::new(PromisesKept::new(nodes)),
        Box::new(P2c::new(nodes, acceptors)),
        Box::new(Integrity::new(nodes, acceptors)),
        Box::new(P2b::new(nodes, acceptors)),
        Box::new(Agreement::new(nodes, acceptors)),
        Box::new(Validity::new(nodes, acceptors)),
    ]
}
