//! A database replicated at all sites by direct mail, rumors and anti-entropy, with death certificates for what is deleted.
//!
//! **Source:** Demers: 1.1 (the database and its timestamps), 1.2 (direct mail), 1.3 (anti-entropy, checksums, recent update lists, peel back), 1.4
//! (rumors), 1.5 (backing up), 2 (deletion and death certificates), 3 (spatial distributions). Comparison by hash trees: R. Merkle,
//! *A digital signature based on a conventional encryption function*, CRYPTO 1987, as in the paper on Dynamo, SOSP 2007, section 4.7.
//!
//! **System model:** crash-recovery with a durable journal, asynchronous, fair-loss links, wall clocks that roughly agree: an update with an older timestamp
//! loses.
//!
//! # The idea
//!
//! Every site has a copy of the whole database: for each key an item and the timestamp of its update, and the newer timestamp wins. Updates are
//! sent to all by *mail*, or told as a *rumor* until it is old news; either may miss somebody. *Anti-entropy* misses nobody: every so often a site compares its whole database
//! with that of a random other, and both keep what is newer. Comparing everything costs much where nearly all is the same, hence the four ways to compare.
//!
//! What is deleted must not simply disappear, or anti-entropy brings it back. A *death certificate* spreads like any update. It cannot be kept for ever:
//! after `tau_1` all sites drop it but a few *retention sites*, which keep it *dormant* for `tau_2`. An obsolete item that meets a dormant certificate
//! wakes it up, with a new activation timestamp, and it spreads once more.
//!
//! **Kept:** all of that. **Ours:** the site where a delete happens is one of its retention sites; an update is newer than what its site has, whatever the
//! clock says; an update is on disk before anybody is told; the hash tree, which is younger than the paper. **Left out:** compaction of the journal, many
//! updates per mail, the topology of the Xerox internet.

mod bugs;
mod compare;
mod entry;
mod invariants;
mod message;
mod parameters;
mod registration;
mod site;
mod space;

pub use bugs::{BUGS, G7, G8, G9};
pub use entry::{Entry, Item, Timestamp};
pub use invariants::{Convergence, NewerWins, Updates};
pub use message::{Means, Message, Note, Timer};
pub use parameters::{Compare, Distribution, Parameters};
pub use registration::Database;
pub use site::Site;
pub use space::Space;
