//! SWIM: who is in the group and who has failed, at a cost per member that does not grow with the group.
//!
//! **Sources:** A. Das, I. Gupta and A. Motivala, *SWIM: Scalable Weakly-consistent Infection-style Process Group Membership
//! Protocol*, DSN 2002, cited as §4.1; A. Dadgar, J. Phillips and J. Currey, *Lifeguard: Local Health Awareness for More Accurate
//! Failure Detection*, DSN 2018, cited as "Lifeguard".
//!
//! **System model:** crash-recovery, asynchronous, fair-loss links. A member keeps one number on disk, its incarnation. Nothing
//! that is here is ever certain: a member that is slow looks like one that has failed.
//!
//! # The idea
//!
//! - In each *protocol period* a member pings one other. If no ack comes in time, it asks *k* others to ping that one for it, over
//!   ways of their own. If still no ack comes before the period ends, it *suspects* the member.
//! - Who is suspected has time to deny: it raises its *incarnation* and says that it is alive. Only the member itself may do so. Who does
//!   not deny in time is *confirmed* to have failed.
//! - What is new rides on pings and acks, so that nothing else is ever sent. Each member passes each piece of news on a bounded
//!   number of times, about log n.
//! - Targets are taken in turn, from a list in random order: any failure is noticed by every member within 2n − 1 periods, not just on
//!   average.
//! - Lifeguard: who hears too few answers doubts itself before it accuses others.
//!
//! # Where to read what
//!
//! | file | paper | rules |
//! |---|---|---|
//! | `member.rs` | figure 1 | a member's state; which rule handles what |
//! | `probe.rs` | §3.1, §4.3 | `begin_period`, `end_period`, `on_ping`, `on_ack`, `ask_others`, `on_ping_req` |
//! | `suspicion.rs` | §4.2 | `hear`, `adopt`, `hear_of_itself`, `confirm` |
//! | `targets.rs` | §4.3 | the list in random order |
//! | `dissemination.rs` | §4.1 | what is passed on, and how often |
//! | `lifeguard.rs` | Lifeguard, §IV | `LocalHealth`, `suspicion_timeout` |
//! | [`message`] | §4.1, §4.2 | every message, and the order of opinions |
//! | [`invariants`] | | what must hold after every event |
//! | [`bugs`] | | each rule's mistake |
//!
//! # Kept
//!
//! Pings, ping-reqs, suspicion, incarnations, piggybacked news with bounded retransmission, least-sent news first, targets at random or in
//! turn. Of Lifeguard: the local health multiplier with its nacks, suspicion timeouts that shrink with each further accuser
//! ("dogpile"), and telling a suspect first (the buddy system). Each is a parameter.
//!
//! # Ours
//!
//! - *Rejoining.* In the paper a confirmation is final. Here a higher incarnation overrides it, as in the systems that were built on
//!   SWIM: a member that restarts takes the next incarnation, and one that hears of its own failure denies it. So that both sides of a
//!   healed partition hear of each other, every `reconnect` periods a member pings one of those that it holds for failed.
//! - Opinions of a member are totally ordered, by incarnation and then alive, suspect, faulty. So the order in which news comes does not matter.
//! - Everybody knows the group at the start. A member keeps only opinions other than "alive, in incarnation 0", and its list in random
//!   order is a keyed permutation, not an array: ten thousand members fit where a hundred million entries would not.
//! - An ack to a ping that carries news of the pinged member brings that member's own word about it.
//!
//! # Left out
//!
//! Joining by multicast (§5), voluntary leaving, the proxy for members on one subnet (§5).

pub mod bugs;
mod dissemination;
pub mod invariants;
mod lifeguard;
mod member;
pub mod message;
mod probe;
mod registration;
mod statistics;
mod suspicion;
mod targets;

pub use lifeguard::suspicion_timeout;
pub use member::{Member, Note, Record, Settings, Swim, Targets, Timer};
pub use message::{Incarnation, Message, Opinion, Status, Update};
pub use registration::Parameters;
