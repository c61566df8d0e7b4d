//! Averaging by gossip: every site finds the mean of all sites' values, and none collects them.
//!
//! **Sources:** D. Kempe, A. Dobra and J. Gehrke, *Gossip-Based Computation of Aggregate Information*, FOCS 2003, cited as "Kempe": push-sum.
//! M. Jelasity, A. Montresor and O. Babaoglu, *Gossip-based aggregation in large dynamic networks*, ACM TOCS 23(3), 2005, cited as "Jelasity":
//! pairwise averaging.
//!
//! **System model:** sites with clocks that agree on the cycle; messages may be delayed and overtaken, but none is lost or doubled, and no site
//! crashes: what is on its way is part of what is averaged.
//!
//! # The idea
//!
//! *Push-sum:* a site has a sum and a weight, and estimates their quotient. In each cycle it keeps half of both and sends the other half to a random site, which adds
//! them to its own. Nothing is ever created, so that all quotients approach the mean.
//!
//! *Pairwise:* a site asks a random other, and both take the mean of their values. The two must do so as one: while a site waits for the answer, it
//! refuses to answer others.
//!
//! **Kept:** all of that; the orders of pairwise averaging that Jelasity compares: every site asks once per cycle, or at random times, or all are matched in pairs
//! twice per cycle. **Ours:** integers, of which no unit is lost: what does not divide by two stays with one of both, so that *mass conservation* is an identity; partners
//! are always others; refusals. **Left out:** other aggregates, restarts of the protocol in epochs, sites that come and go.

mod bugs;
mod invariants;
mod message;
mod parameters;
mod registration;
mod site;

pub use bugs::{BUGS, G19};
pub use invariants::{Agreement, MassConservation};
pub use message::{Mass, Message, Timer};
pub use parameters::{Method, Order, Parameters, Settings, Values};
pub use registration::Averaging;
pub use site::Site;
