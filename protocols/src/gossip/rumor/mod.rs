//! Rumor mongering and simple epidemics: one update spreads from one site, in cycles.
//!
//! **Sources:** Demers, section 1.3 (simple epidemics: a site that knows tells for ever) and 1.4 (complex epidemics: rumors that
//! lose their interest). B. Pittel, *On spreading a rumor*, SIAM J. Appl. Math. 47(1), 1987.
//!
//! **System model:** sites with clocks that agree on the cycle; messages arrive within their cycle. Faults change the numbers and break
//! no rule: a site that hears nothing back changes nothing, and one that
//! crashes forgets.
//!
//! # The idea
//!
//! A site is *susceptible* until it gets the update, *infective* while it tells others, *removed* once it has lost interest. In each
//! cycle a site contacts one other at random: to *push* the update, to *pull* it, or both. Whoever meets sites that knew already loses interest
//! after a while. That costs few messages, and leaves a *residue* of sites that never hear.
//!
//! | switch | |
//! |---|---|
//! | `mode` | push: infective sites contact others. pull: all sites do, and infective ones answer. push-pull: infective sites push, all others pull |
//! | `feedback` | whether a site hears if its update was needed; blind sites lose interest whatever they meet |
//! | `removal` | after `k` cycles that count, with probability 1/`k` in each of them, or never (a simple epidemic) |
//! | `counting` | whether one needed update sets the counter back |
//! | `knowledge` | what a site knew at the start of the cycle, or what it knows when the update comes: two that reach a site in one cycle are both needed, or only one |
//! | `connection_limit`, `hunt` | how many contacts a site accepts in a cycle; how many further sites a refused one tries in it |
//! | `minimisation` | of two infective sites that meet, only the one with the smaller counter adds one; both, if they are equal |
//!
//! **Kept:** all of that, and who acts when: the sites that were infective at the start of a cycle act in it, the others from the next one on.
//! **Ours:** a cycle is an interval of each site's clock; contacts, answers and feedback are messages in it, so that they show in the
//! debugger and can be lost. Judgement falls at the end of the cycle. **Left out:** many updates at a time.

mod bugs;
mod invariants;
mod message;
mod parameters;
mod registration;
mod site;

pub use bugs::{BUGS, G5, G6};
pub use invariants::{Causes, EverybodyLearns, LossOfInterest};
pub use message::{Message, Note, Timer};
pub use parameters::{Counting, Feedback, Knowledge, Mode, Parameters, Removal, Settings};
pub use registration::Rumor;
pub use site::{Site, State};
