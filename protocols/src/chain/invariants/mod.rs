//! What must hold after every event.
//!
//! Each is a monitor that remembers what it saw, outside of the nodes. The chain that it speaks of is the one that the master
//! decided last.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`UpdatePropagation`] | a server's `Hist` is a prefix of its predecessor's | §3, Update Propagation Invariant |
//! | [`InprocessRequests`] | what its successor lacks is in a server's `Sent` | §3, Inprocess Requests Invariant |
//! | [`RepliedEverywhere`] | what a client was told of is in every `Hist` of the chain | §2, §3 |
//! | [`QueriesAtTail`] | one tail at a time answers queries, and knows all that was replied | §2 |
//! | [`CleanVersions`] | CRAQ: a query is answered with a version that the tail has processed | CRAQ, §2.3 |
//! | [`SameOrder`], [`ExactlyOnce`] | updates that the tail has processed are the same everywhere, and take effect once | [`crate::replicated`] |

mod answers;
mod ghost;
mod histories;

use std::sync::LazyLock;

use orrery_sim::Monitor;

use super::{Note, Station};
use crate::kv::Store;
use crate::replicated::{ExactlyOnce, Milestone, Replica, SameOrder};

pub use answers::{CleanVersions, QueriesAtTail, RepliedEverywhere};
pub use histories::{InprocessRequests, UpdatePropagation};

/// The store of a node that has none.
static NOTHING: LazyLock<Store> = LazyLock::new(Store::default);

/// What counts as executed is what the tail is known to have processed: what is in front of that may be lost with a head.
impl Replica for Station {
    fn store(&self) -> &Store {
        self.server().map_or(&NOTHING, |server| &server.store)
    }

    fn executed(&self) -> u64 {
        self.server().map_or(0, |server| server.acknowledged.0)
    }

    fn milestone(note: &Note) -> Option<Milestone<'_>> {
        match note {
            Note::Stable { place, command, took_effect } => {
                let (position, took_effect) = (place.0, *took_effect);
                Some(Milestone::Executed { position, command, took_effect })
            }
            Note::Recovered { through } | Note::Transferred { through } => {
                Some(Milestone::Installed { position: through.0 })
            }
            Note::Processed { .. }
            | Note::Replied { .. }
            | Note::Answered { .. }
            | Note::AnsweredVersion { .. }
            | Note::Failed { .. }
            | Note::Configured { .. }
            | Note::TookPlace { .. }
            | Note::HandedOver { .. } => None,
        }
    }
}

/// All of them, for a run of `nodes` nodes.
pub fn all(nodes: u32) -> Vec<Box<dyn Monitor<Station>>> {
    vec![
        Box::new(UpdatePropagation::default()),
        Box::new(InprocessRequests::default()),
        Box::new(RepliedEverywhere::default()),
        Box::new(QueriesAtTail::default()),
        Box::new(CleanVersions::default()),
        Box::new(SameOrder::new(nodes, "van Renesse & Schneider 2004, §2")),
        Box::new(ExactlyOnce::new()),
    ]
}
