//! What must hold after every event: the five properties of figure 3, and the two about terms and
//! votes on which their proofs rest.
//!
//! Each is a monitor that remembers what it saw, because a property such as "at most one leader in
//! a term" speaks of the whole run: the first leader may be long gone when the second is elected.
//! What it remembers is outside of the servers and survives their crashes. After an event it looks
//! only at the server that handled it, and only at what is new there.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`ElectionSafety`] | at most one leader per term | figure 3, §5.2 |
//! | [`TermsAndVotes`] | terms never go back; one vote per term and server, whatever crashes | §5.1, §5.2 |
//! | [`LeaderAppendOnly`] | a leader never deletes or overwrites its own entries | figure 3, §5.3 |
//! | [`LogMatching`] | the same index and term: the same log up to there | figure 3, §5.3 |
//! | [`LeaderCompleteness`] | a committed entry is in the log of every later leader | figure 3, §5.4 |
//! | [`StateMachineSafety`] | no two servers apply different entries at one index | figure 3, §5.4.3 |

mod commitment;
mod configurations;
mod elections;
mod logs;

pub use commitment::{LeaderCompleteness, StateMachineSafety};
pub use configurations::ConfigurationSafety;
pub use elections::{ElectionSafety, TermsAndVotes};
pub use logs::{LeaderAppendOnly, LogMatching, log_matching};

use orrery_sim::Monitor;

use crate::replicated::{ExactlyOnce, StateEqualsReplay};

use super::server::Server;

/// All of them, for a run of `nodes` servers.
pub fn all(nodes: u32) -> Vec<Box<dyn Monitor<Server>>> {
    vec![
        Box::new(ElectionSafety::default()),
        Box::new(TermsAndVotes::new(nodes)),
        Box::new(LeaderAppendOnly::new(nodes)),
        Box::new(LogMatching::new(nodes)),
        Box::new(LeaderCompleteness::default()),
        Box::new(StateMachineSafety::new(nodes)),
        Box::new(ConfigurationSafety::default()),
        Box::new(ExactlyOnce::new()),
        Box::new(StateEqualsReplay::new()),
    ]
}
