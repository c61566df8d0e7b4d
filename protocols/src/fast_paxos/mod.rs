//! Fast Paxos: as Paxos, but a value may be chosen two message delays after a client asks for it.
//!
//! **Source:** L. Lamport, *Fast Paxos*, Distributed Computing 19, 2006, cited by its sections. Names of
//! variables, messages and actions are the paper's: `rnd`, `vrnd`, `vval`, `crnd`, `cval`, Phase1a to
//! Phase2b, *any*, O4.
//!
//! **System model:** crash-recovery with a durable journal, asynchronous, fair-loss links. Safety
//! needs no clocks; progress needs a classic quorum that is up, connected and timely.
//!
//! # The idea
//!
//! In Paxos a client's value goes to a coordinator, from there to the acceptors, and from these to
//! the learners: three delays. In a *fast round* the coordinator, which has done phase 1 ahead of
//! time, sends *any* in place of a value: acceptors may vote for what a proposer sends them directly.
//! That saves a delay, and costs two things:
//!
//! - Acceptors may vote for different values: a *collision*. Then no value is chosen in the round, and
//!   the next, classic round has to settle it. The votes themselves serve as its phase 1.
//! - A coordinator that asks a quorum may be told of several values in one round. Which of them may
//!   have been chosen? At most one, if any two fast quorums and the quorum that it asks have an acceptor
//!   in common: so fast quorums are larger. With *n* acceptors, classic quorums of *n* − *F* and fast
//!   ones of *n* − *E*, it takes *n* > 2*F* and *n* > 2*E* + *F*.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | [`round`] | §2.2, §3.3 | rounds, and how large quorums are |
//! | `process.rs` | | what is on disk, which rule handles what |
//! | [`coordinator`] | §2.1, §2.2, §3.2.1 | `propose`, `begin` (Phase1a), `phase_2a`, `recover_from_collision` |
//! | [`acceptor`] | §2.1, §2.2 | `phase_1b`, `phase_2b`, `handle_propose` |
//! | `pick.rs` | §2.2, figure 1 | the rule for picking a value, with O4 |
//! | [`learner`] | §2.1 | `handle_phase_2b` |
//! | [`invariants`] | §2.1, §2.2 | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Kept
//!
//! Fast and classic rounds, *any*, the rule of figure 1 with O4, quorum sizes by *E* and *F*, coordinated
//! recovery (§3.2.1).
//!
//! # Ours
//!
//! - Every process plays all parts. What its agents tell each other is no message, and counts when it is
//!   on its disk.
//! - A round's number is a count, its coordinator, and its kind: the classic round of a number comes right
//!   behind the fast one, for its coordinator to recover in.
//! - Phase 1 asks a classic quorum in fast rounds too: the proof needs no more.
//! - Anyone whose client waits too long begins a classic round of its own, so that there is nobody to elect.
//! - Acceptors vote for the value that reached them first, *any* or not.
//!
//! # Left out
//!
//! - Uncoordinated recovery (§3.2.2), and fast rounds after the first.
//! - A sequence of decisions.
//! - Disks that are lost as a whole: that is in `paxos`.

pub mod acceptor;
pub mod bugs;
pub mod coordinator;
pub mod invariants;
pub mod learner;
pub mod message;
mod pick;
mod process;
mod registration;
pub mod round;

pub use message::{Message, Vote};
pub use process::{FastPaxos, Note, Operation, Output, Process, Record, Settings, Timer};
pub use registration::Parameters;
pub use round::{Kind, Round, Sizes};
