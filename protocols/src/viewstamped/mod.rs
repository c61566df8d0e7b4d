//! Viewstamped Replication Revisited: consensus by a primary and views, without a disk.
//!
//! **Sources:** B. Liskov and J. Cowling, *Viewstamped Replication Revisited*, MIT-CSAIL-TR-2012-021, 2012, cited as §4.1; B. Oki and
//! B. Liskov, *Viewstamped Replication*, PODC 1988; E. Michael, D. Ports, N. Sharma and A. Szekeres, *Recovering Shared Objects Without
//! Stable Storage*, DISC 2017, for what the recovery of 2012 forgets.
//!
//! **System model:** crashes that take the whole memory, asynchronous, fair-loss links, no disk. Safety needs no clocks; at most f of
//! 2f + 1 replicas are down or recovering at one time. Progress needs f + 1 that are up, connected, timely and not recovering.
//!
//! # The idea
//!
//! - Time is divided into *views*. The replicas take turns as *primary*, so that nobody is elected: the primary of a view is known
//!   by its number.
//! - The primary gives requests their place, the *op-number*, and the backups put them into their logs in that order. What f backups
//!   have besides the primary is *committed*, and executed.
//! - When the primary is silent, the others change to the next view. They first agree to leave the old one (`StartViewChange`), then
//!   tell the new primary what they have (`DoViewChange`). Of f + 1 logs it takes the one of the latest normal view: whatever is
//!   committed is in it, for f + 1 replicas had it, and two such sets share a replica.
//! - A crash takes everything. A replica that comes back asks the others (*recovery*), and takes part in nothing before f + 1 have
//!   answered, among them the primary of the latest view.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | `replica.rs` | figure 2 | a replica's state; which rule handles what; `execute` |
//! | `normal.rs` | §4.1 | `request`, `on_prepare`, `on_prepare_ok`, `on_commit` |
//! | `view_change.rs` | §4.2 | `start_view_change`, `do_view_change`, `start_view`, `on_start_view` |
//! | `recovery.rs` | §4.3 | `recover`, `on_recovery`, `on_recovery_response` |
//! | `state_transfer.rs` | §5.2 | `get_state`, `on_get_state`, `on_new_state` |
//! | `crash_vector.rs` | DISC 2017 | quorums that are consistent with crashes |
//! | [`message`] | §4, §5 | every message and what its fields mean |
//! | [`invariants`] | | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Kept
//!
//! Normal operation, view changes, recovery with a nonce, state transfer, the client-table (in the store's sessions).
//!
//! # Ours
//!
//! - *The published flaw.* A replica that asked for a view, crashed, and recovered in an earlier one goes on there, while what it had
//!   said still counts for the view change: requests that it then helps to commit may be lost. Messages of a view change and of a
//!   recovery carry *crash vectors*, as Michael et al. propose, and what was said before a crash does not count beside who knows of
//!   that crash. The parameter `crash_vectors = false` is the paper as published.
//! - The nonce of a recovery is how often the replica has started; the paper suggests a clock or a counter on disk.
//! - `PrepareOk` is for everything up to its op-number. A primary sends its last Prepare again until it is committed.
//! - A replica that finds itself in an old view keeps its log until it has the new one. The paper (§5.2) cuts off at once what is
//!   not committed; if another view change comes before the answer, that may be all that was left of a committed request.
//! - A primary answers every client whose request it executes; others say where the primary is.
//!
//! # Left out
//!
//! Checkpoints and the garbage collection of the log (§5.1); witnesses, batching, fast reads at the primary and at backups (§6);
//! reconfiguration (§7). A recovery and a view change carry whole logs.

pub mod bugs;
mod crash_vector;
pub mod invariants;
pub mod message;
mod normal;
mod numbers;
mod recovery;
mod registration;
mod replica;
mod state_transfer;
mod view_change;

pub use message::Message;
pub use numbers::{OpNumber, ViewNumber};
pub use registration::Parameters;
pub use replica::{Note, Replica, Settings, Status, Timer, Vr};
