//! Explores every state of a model.
//!
//! A [`Model`] is a state machine with choices: a protocol written down as a specification, a lock-free queue, a puzzle, or a
//! simulated world. An [`Explorer`] takes every choice, keeps 128 bits of each state, and says of each [`Property`] whether it
//! *holds*, is *violated*, with the path that shows it, or is *unknown*, with the bound that was in the way.
//!
//! A report depends on the model and the bounds alone, never on a clock, a thread or a hash map's order. The crate knows
//! neither simulators nor protocols.
//!
//! # Example
//!
//! Two processes add one to a counter: each reads it, and then writes what it read plus one.
//!
//! ```
//! use orrery_explore::{Explorer, Model, Property};
//!
//! struct Counter;
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash)]
//! struct State {
//!     counter: u8,
//!     read: [Option<u8>; 2],
//!     is_done: [bool; 2],
//! }
//!
//! #[derive(Clone, Debug, PartialEq, Eq, Hash)]
//! enum Action {
//!     Read(usize),
//!     Write(usize),
//! }
//!
//! impl Model for Counter {
//!     type State = State;
//!     type Action = Action;
//!
//!     fn initial(&self) -> Vec<State> {
//!         vec![State { counter: 0, read: [None; 2], is_done: [false; 2] }]
//!     }
//!
//!     fn actions(&self, state: &State, actions: &mut Vec<Action>) {
//!         for process in (0..2).filter(|process| !state.is_done[*process]) {
//!             actions.push(match state.read[process] {
//!                 None => Action::Read(process),
//!                 Some(_) => Action::Write(process),
//!             });
//!         }
//!     }
//!
//!     fn step(&self, state: &mut State, action: &Action) {
//!         match action {
//!             Action::Read(process) => state.read[*process] = Some(state.counter),
//!             Action::Write(process) => {
//!                 state.counter = state.read[*process].map_or(0, |read| read + 1);
//!                 state.is_done[*process] = true;
//!             }
//!         }
//!     }
//!
//!     fn properties(&self) -> Vec<Property<Self>> {
//!         vec![Property::always("no update is lost", |_, state: &State| {
//!             state.is_done != [true; 2] || state.counter == 2
//!         })]
//!     }
//! }
//!
//! let report = Explorer::new(&Counter).run()?;
//! let path = report.finding("no update is lost").and_then(|finding| finding.path()).unwrap();
//! assert_eq!(
//!     path.actions().collect::<Vec<_>>(),
//!     [&Action::Read(0), &Action::Read(1), &Action::Write(0), &Action::Write(1)]
//! );
//! # Ok::<(), orrery_explore::Refusal>(())
//! ```

/// The page about it in the book, whose example is tested with this.
#[cfg(doctest)]
#[doc = include_str!("../../docs/explore.md")]
pub struct Page;

mod explorer;
mod fingerprint;
mod model;
pub mod models;
mod report;
mod search;
mod sleep;
mod table;
mod visited;

pub use explorer::{Explorer, Order, Refusal};
pub use fingerprint::{Fingerprint, Mixer};
pub use model::{Demand, Model, Property};
pub use report::{Bound, Finding, Judged, Path, Report, ReportOf, Verdict};
