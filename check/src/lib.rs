//! Judges what clients saw.
//!
//! A [`History`] lists the operations of the clients of a system: when each was invoked, and when
//! and how it returned. A [`Model`] says what the system should have looked like from outside, as
//! a sequential object. [`linearizability::check`] decides whether the history could have come
//! from that object, and answers with a [`Finding`]:
//!
//! - *holds*, with a [`Witness`]: an order of the operations, per key, that anyone can re-check;
//! - *violated*, with an [`Explanation`]: the few operations that already contradict each other,
//!   the one that fits nowhere, one sentence in plain words and a picture;
//! - *unknown*, with the reason: the budget was spent, or there was nothing to judge.
//!
//! The crate knows neither simulators nor protocols, so that any history can be judged. A finding
//! depends on the history, the model and the budget alone, never on a clock or on hash order.
//!
//! # Example
//!
//! ```
//! use orrery_check::{Budget, Finding, HistoryBuilder, kv, linearizability};
//!
//! // One client writes twice, another then reads the first value: a stale read.
//! let mut history = HistoryBuilder::new();
//! let put = history.invoke(1, 1_000, kv::Input::put("x", "1"))?;
//! history.ok(put, 2_000, kv::Output::Written)?;
//! let put = history.invoke(1, 3_000, kv::Input::put("x", "2"))?;
//! history.ok(put, 4_000, kv::Output::Written)?;
//! let get = history.invoke(2, 5_000, kv::Input::get("x"))?;
//! history.ok(get, 6_000, kv::Output::value("1"))?;
//! let history = history.finish();
//!
//! let report = linearizability::check(&history, &kv::Model, Budget::default());
//! let Finding::Violated(explanation) = &report.finding else { panic!("{report}") };
//! assert!(explanation.summary().starts_with("The history is not linearizable on key x: p2"));
//! assert_eq!(explanation.window.len(), 3);
//! assert_eq!(
//!     explanation.diagram(),
//!     "    1us       2us       3us       4us       5us       6us
//! p1  [1========]         [2========]
//! p2                                          [3!=======]
//! "
//! );
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

pub mod aggregates;
pub mod causal;
pub mod convergence;
mod cycle;
mod diagram;
pub mod file;
pub mod finding;
pub mod formats;
pub mod history;
mod html;
pub mod linearizability;
pub mod memory;
pub mod model;
pub mod models;
pub mod picture;
pub mod record;
pub mod sessions;
mod shown;
pub mod subject;
mod table;
pub mod transactions;
pub mod vocabulary;

pub use finding::{Budget, Edge, Explanation, Finding, Report, Unknown, Witness};
pub use history::{
    Entry, EntryKind, History, HistoryBuilder, HistoryError, Moment, Operation, OperationId,
    Outcome, ProcessId,
};
pub use model::Model;
pub use models::{
    bag, container, counter, keyed, kv, multi_register, power_set, register, semaphore, set, token,
};
