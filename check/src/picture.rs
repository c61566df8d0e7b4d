//! What is drawn of a history: as lanes in a terminal, or as a page.
//!
//! ```
//! use orrery_check::picture::{Band, Picture};
//! use orrery_check::{Budget, HistoryBuilder, kv, linearizability};
//!
//! let mut history = HistoryBuilder::new();
//! let put = history.invoke(1, 1_000, kv::Input::put("x", "1"))?;
//! history.ok(put, 2_000, kv::Output::Written)?;
//! let get = history.invoke(2, 3_000, kv::Input::get("x"))?;
//! history.ok(get, 4_000, kv::Output::Value(None))?;
//! let history = history.finish();
//! let report = linearizability::check(&history, &kv::Model, Budget::default());
//!
//! let picture = Picture::replayed(&report.finding, &history, &kv::Model)
//!     .with_bands(vec![Band::fault("partition n1 | n2", 1_500, Some(3_500))]);
//! assert_eq!(
//!     picture.lanes(),
//!     "        1us       2us       3us       4us
//! p1      [1========]
//! p2                          [2!=======]
//! fault        [partition n1 | n2==]
//! "
//! );
//! assert!(picture.html().starts_with("<!doctype html>"));
//! # Ok::<(), orrery_check::HistoryError>(())
//! ```

use std::collections::BTreeMap;

use crate::diagram;
use crate::finding::{Edge, Explanation, Finding, Orders, WindowOperation, Witness};
use crate::history::{History, OperationId};
use crate::html;
use crate::model::Model;
use crate::shown::shown;

/// No picture has more operations; of a longer history, the first are shown.
const MOST: usize = 400;

/// What was the matter for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BandKind {
    /// Something was broken.
    Fault,
    /// A node led.
    Leader,
}

impl BandKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Leader => "leader",
        }
    }
}

/// A stretch of time that a picture marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// What kind of thing.
    pub kind: BandKind,
    /// What it was, such as `partition n1 | n2` or `n3 (term 4)`.
    pub label: String,
    /// When it began, in nanoseconds.
    pub from: u64,
    /// When it ended; `None` if it went on.
    pub to: Option<u64>,
}

impl Band {
    /// Something was broken.
    pub fn fault(label: impl Into<String>, from: u64, to: Option<u64>) -> Self {
        Self { kind: BandKind::Fault, label: label.into(), from, to }
    }

    /// A node led.
    pub fn leader(label: impl Into<String>, from: u64, to: Option<u64>) -> Self {
        Self { kind: BandKind::Leader, label: label.into(), from, to }
    }
}

/// What an operation found and what it left, in the words of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// The state that it found.
    pub before: String,
    /// The state that it left; `None` if it cannot have happened there.
    pub after: Option<String>,
}

/// What is drawn of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// What it shows: the rule that is broken, or that the history holds.
    pub title: String,
    /// One sentence.
    pub sentence: String,
    /// In the order of their invocations.
    pub operations: Vec<WindowOperation>,
    /// The operation that cannot be placed.
    pub marked: Option<OperationId>,
    /// Of a cycle.
    pub edges: Vec<Edge>,
    /// An order in which operations may have taken effect, and the state around each, where there is
    /// one: that of the witness, or that of an attempt which ended at the marked operation.
    pub order: Vec<OperationId>,
    /// By operation.
    pub states: BTreeMap<OperationId, Around>,
    /// Faults and leaders.
    pub bands: Vec<Band>,
    /// More to say, such as which models still hold.
    pub notes: Vec<String>,
}

impl Picture {
    /// What an explanation shows.
    pub fn of(explanation: &Explanation) -> Self {
        let stuck = explanation.stuck.as_ref();
        Self {
            title: format!("{}: {}", explanation.rule, explanation.pattern),
            sentence: explanation.summary(),
            operations: explanation.window.clone(),
            marked: explanation.marked(),
            edges: explanation.edges.clone(),
            order: stuck.map(|stuck| stuck.prefix.clone()).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// What a finding shows: its explanation, or these operations of the history.
    pub fn of_finding(
        finding: &Finding,
        operations: impl Iterator<Item = WindowOperation>,
    ) -> Self {
        if let Finding::Violated(explanation) = finding {
            return Self::of(explanation);
        }
        let mut operations = operations.fuse();
        let shown: Vec<WindowOperation> = operations.by_ref().take(MOST).collect();
        let more = operations.count();
        let mut notes = Vec::new();
        if more > 0 {
            notes.push(format!("The first {MOST} operations are shown; {more} more follow."));
        }
        let order = match finding {
            Finding::Holds(Witness::Commits(order)) => order.clone(),
            Finding::Holds(Witness::Orders(orders)) => all(orders),
            Finding::Holds(Witness::NoPattern { .. })
            | Finding::Violated(_)
            | Finding::Unknown(_) => Vec::new(),
        };
        let title = if matches!(finding, Finding::Holds(_)) { "holds" } else { "unknown" };
        let (title, sentence) = (title.to_owned(), finding.summary());
        Self { title, sentence, operations: shown, order, notes, ..Self::default() }
    }

    /// What a finding shows of this history, with the states of the model around each operation of
    /// the witness, or of the attempt that came furthest.
    pub fn replayed<M: Model>(
        finding: &Finding,
        history: &History<M::Input, M::Output>,
        model: &M,
    ) -> Self {
        let describe = |o| shown(o, model.describe(&o.input, o.output()));
        let mut picture = Self::of_finding(finding, history.operations().iter().map(describe));
        match finding {
            Finding::Holds(Witness::Orders(orders)) => {
                for key in &orders.keys {
                    picture.replay(&key.order, history, model);
                }
            }
            Finding::Violated(explanation) => {
                let stuck = explanation.stuck.as_ref();
                let order: Vec<_> = stuck
                    .iter()
                    .flat_map(|s| s.prefix.iter().copied().chain([s.operation]))
                    .collect();
                picture.replay(&order, history, model);
            }
            Finding::Holds(Witness::Commits(_) | Witness::NoPattern { .. })
            | Finding::Unknown(_) => {}
        }
        picture
    }

    /// Follows the states along an order, as far as it goes.
    fn replay<M: Model>(
        &mut self,
        order: &[OperationId],
        history: &History<M::Input, M::Output>,
        model: &M,
    ) {
        let mut state = model.initial();
        for &id in order.iter().take(MOST) {
            let Some(operation) = history.operation(id) else { return };
            let after = model.step(&state, &operation.input, operation.output());
            let around = Around {
                before: model.describe_state(&state),
                after: after.as_ref().map(|after| model.describe_state(after)),
            };
            self.states.insert(id, around);
            let Some(after) = after else { return };
            state = after;
        }
    }

    /// With these bands.
    pub fn with_bands(self, bands: Vec<Band>) -> Self {
        Self { bands, ..self }
    }

    /// Lanes for a terminal: a row per process, then one per band; at most 100 columns.
    pub fn lanes(&self) -> String {
        diagram::lanes_with(&self.operations, self.marked, &self.bands)
    }

    /// One page that needs nothing else: no script of others, no font, no network.
    pub fn html(&self) -> String {
        html::page(self)
    }
}

fn all(orders: &Orders) -> Vec<OperationId> {
    orders.keys.iter().flat_map(|key| key.order.iter().copied()).collect()
}
