//! What a checker answers, and what backs the answer up.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::diagram;
use crate::history::{History, Moment, OperationId, Outcome, ProcessId};
use crate::model::Model;
use crate::picture::Picture;

/// How much work a check may do, counted rather than timed, so that a finding depends on the
/// history alone. Each key has this much; explaining a violation may take as much again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many times an operation may be tried. A million take about a tenth of a second.
    pub steps: u64,
    /// How many configurations may be remembered, at about 50 bytes each.
    pub configurations: u64,
}

impl Default for Budget {
    /// Seconds and 200 MB at the worst; histories of a sane workload need a thousandth of it.
    fn default() -> Self {
        Self { steps: 20_000_000, configurations: 4_000_000 }
    }
}

/// The answer of a checker and what it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The answer.
    pub finding: Finding,
    /// How many operations the history has, failed ones included.
    pub operations: usize,
    /// How many parts were judged, one per key.
    pub keys: usize,
    /// How many times an operation was tried, the explanation not included.
    pub steps: u64,
    /// The strongest models that the history is shown to keep, where the check places it among
    /// several. They form a lattice, not a ladder, so there may be more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strongest_kept: Vec<&'static str>,
    /// The weakest models that it is shown to violate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weakest_violated: Vec<&'static str>,
    /// What to draw, if that was [asked for](crate::subject::Options::picture).
    #[serde(skip)]
    pub picture: Option<Box<Picture>>,
}

impl Report {
    /// A report that places the history nowhere else.
    pub fn new(finding: Finding, operations: usize, keys: usize, steps: u64) -> Self {
        let (strongest_kept, weakest_violated) = (Vec::new(), Vec::new());
        let picture = None;
        Self { finding, operations, keys, steps, strongest_kept, weakest_violated, picture }
    }

    /// What to draw: of the history, if that was asked for, else of the explanation if there is one.
    pub fn drawn(&self) -> Picture {
        let mut picture = match (&self.picture, &self.finding) {
            (Some(picture), _) => (**picture).clone(),
            (None, finding) => Picture::of_finding(finding, std::iter::empty()),
        };
        for (what, levels) in [
            ("Weakest model violated", &self.weakest_violated),
            ("Strongest model kept", &self.strongest_kept),
        ] {
            if !levels.is_empty() {
                picture.notes.push(format!("{what}: {}.", levels.join(", ")));
            }
        }
        picture
    }

    /// Whether the finding is *holds*.
    pub fn holds(&self) -> bool {
        matches!(self.finding, Finding::Holds(_))
    }

    /// Whether the finding is *violated*.
    pub fn is_violated(&self) -> bool {
        matches!(self.finding, Finding::Violated(_))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.finding)?;
        let Self { operations, keys, steps, .. } = self;
        if !self.weakest_violated.is_empty() {
            writeln!(f, "weakest model violated: {}", self.weakest_violated.join(", "))?;
        }
        if !self.strongest_kept.is_empty() {
            writeln!(f, "strongest model kept: {}", self.strongest_kept.join(", "))?;
        }
        write!(f, "({operations} operations, {keys} keys, {steps} steps)")
    }
}

/// Whether a history keeps a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// It does, and here is an order that shows it.
    Holds(Witness),
    /// It does not, and here is why.
    Violated(Box<Explanation>),
    /// Nobody knows. This never counts as a pass.
    Unknown(Unknown),
}

impl Finding {
    /// The finding in a sentence or two.
    pub fn summary(&self) -> String {
        match self {
            Self::Holds(witness) => witness.summary(),
            Self::Violated(explanation) => explanation.summary(),
            Self::Unknown(reason) => format!("Unknown: {reason}."),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violated(explanation) => explanation.fmt(f),
            Self::Holds(_) | Self::Unknown(_) => f.write_str(&self.summary()),
        }
    }
}

/// Why a check has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// A history without operations proves nothing; most often the workload never ran, or a reader
    /// understood no line of its input.
    NoOperations,
    /// The budget was spent on these keys; no other key is in violation.
    BudgetSpent {
        /// The budget of each key.
        #[serde(skip)]
        budget: Budget,
        /// The keys left undecided, from the smallest; `None` if the model has no keys.
        undecided: Vec<Option<String>>,
        /// How many keys there are.
        keys: usize,
        /// How many steps were made in all.
        steps: u64,
    },
    /// The history leaves open what the check must know, such as which of two equal writes a read
    /// saw: what that is, and what would help.
    Ambiguous(String),
    /// Nothing rules the level out, but the order of the writes is not known, and there are too many to
    /// try them all.
    NoOrderFound {
        /// What was asked for.
        level: &'static str,
        /// How many transactions there are.
        transactions: usize,
    },
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOperations => f.write_str("a history without operations proves nothing"),
            Self::Ambiguous(what) => f.write_str(what),
            Self::NoOrderFound { level, transactions } => write!(
                f,
                "nothing rules out {level}, but nobody knows in which order the {transactions} \
                 transactions wrote, and the budget does not suffice to try all of them"
            ),
            Self::BudgetSpent { budget, undecided, keys, steps } => {
                let names: Vec<&str> =
                    undecided.iter().take(5).map(|key| key.as_deref().unwrap_or("all")).collect();
                let more = if undecided.len() > 5 { ", ..." } else { "" };
                write!(
                    f,
                    "the budget of {} steps and {} configurations per key was spent on {} of {keys} \
                     keys ({}{more}) after {steps} steps",
                    budget.steps,
                    budget.configurations,
                    undecided.len(),
                    names.join(", "),
                )
            }
        }
    }
}

/// What shows that a history keeps a rule, for anyone to check again without the checker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// An order of the operations of each key.
    Orders(Orders),
    /// One order of all transactions in which each reads what those before it left.
    Commits(Vec<OperationId>),
    /// There is no order to show: the rule names the patterns that a history must not contain, and
    /// each was looked for.
    NoPattern {
        /// What was looked for, such as `WriteCORead`.
        patterns: Vec<&'static str>,
        /// How many operations completed; if 0, the history holds because nothing was seen.
        completed: usize,
    },
}

impl Witness {
    /// The orders, if that is what shows it.
    pub fn orders(&self) -> Option<&Orders> {
        if let Self::Orders(orders) = self { Some(orders) } else { None }
    }

    /// One sentence.
    pub fn summary(&self) -> String {
        match self {
            Self::Orders(orders) => orders.summary(),
            Self::Commits(order) => {
                format!("Holds: a serial order explains all {} transactions.", order.len())
            }
            Self::NoPattern { completed: 0, .. } => NOTHING_SEEN.to_owned(),
            Self::NoPattern { patterns, completed } => format!(
                "Holds: none of {} is in the {completed} completed operations.",
                patterns.join(", ")
            ),
        }
    }
}

/// What is said of a history in which nothing completed.
const NOTHING_SEEN: &str = "Holds, but no operation completed, so nobody saw anything.";

/// An order in which the operations may have taken effect, for each key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Orders {
    /// From the smallest key (fewest operations, then by name).
    pub keys: Vec<KeyOrder>,
    /// How many operations completed; if 0, the history holds because nothing was seen.
    pub completed: usize,
}

/// The order of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyOrder {
    /// The key; `None` if the model has no keys.
    pub key: Option<String>,
    /// Every completed operation, and those of unknown outcome that took effect.
    pub order: Vec<OperationId>,
}

impl Orders {
    /// One sentence.
    pub fn summary(&self) -> String {
        if self.completed == 0 {
            return NOTHING_SEEN.to_owned();
        }
        let (completed, keys) = (self.completed, self.keys.len());
        format!("Holds: an order explains all {completed} completed operations on {keys} keys.")
    }

    /// Replays the orders against the model, independently of the search that found them: every
    /// answer is right, nothing is missing, doubled or failed, nothing comes before an operation
    /// that had returned when it was invoked, and each process keeps its own order.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn recheck<M: Model>(
        &self,
        history: &History<M::Input, M::Output>,
        model: &M,
    ) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        let mut order_of = BTreeMap::new();
        for (number, KeyOrder { key, order }) in self.keys.iter().enumerate() {
            let mut state = model.initial();
            let (mut latest, mut latest_of) = (0, BTreeMap::new());
            for &id in order {
                let operation = history.operation(id).ok_or(format!("{id} does not exist"))?;
                let input = &operation.input;
                let is_other =
                    |touched| key.is_some() && *order_of.entry(touched).or_insert(number) != number;
                if model.keys(input).into_iter().any(is_other) {
                    return Err(format!("{id} is in the order of another key"));
                }
                if operation.is_failed() || !seen.insert(id) {
                    return Err(format!("{id} failed, or takes effect twice"));
                }
                if operation.completed().is_some_and(|returned| returned.time < latest) {
                    return Err(format!("{id} returned before one placed earlier was invoked"));
                }
                let own = latest_of.insert(operation.process, operation.invoked.position);
                if own > Some(operation.invoked.position) {
                    return Err(format!("{id} comes after a later one of its process"));
                }
                latest = latest.max(operation.invoked.time);
                state = model
                    .step(&state, input, operation.output())
                    .ok_or_else(|| format!("{id} cannot answer so in state {state:?}"))?;
            }
        }
        let mut completed = history.operations().iter().filter(|o| o.output().is_some());
        match completed.find(|operation| !seen.contains(&operation.id)) {
            Some(missing) => Err(format!("{} is in no order", missing.id)),
            None => Ok(()),
        }
    }
}

/// An operation as an explanation shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WindowOperation {
    /// Its id in the history.
    pub id: OperationId,
    /// Who asked.
    pub process: ProcessId,
    /// Question and answer in the words of the model.
    pub description: String,
    /// How it ended, without the answer.
    pub outcome: Outcome<()>,
    /// When it was invoked.
    pub invoked: Moment,
    /// When it returned; `None` if it was still open at the end.
    pub returned: Option<Moment>,
}

impl fmt::Display for WindowOperation {
    /// `p2 get(x) -> 1 (5us to 6us, n3, events 17 and 21)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.process, self.description, diagram::place(self))
    }
}

/// Where the best attempt to order a window ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stuck {
    /// The operation that no attempt could place before it returned.
    pub operation: OperationId,
    /// The other operations of one attempt that came this far, in the order it placed them.
    pub prefix: Vec<OperationId>,
    /// Every state that an attempt can be in here, in the words of the model; the operation is
    /// impossible in each.
    pub states: Vec<String>,
}

/// One operation comes before another, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// What comes first.
    pub from: OperationId,
    /// What comes after it.
    pub to: OperationId,
    /// The relation, such as `ww`, `wr`, `rw`, `process`, `real-time`.
    pub relation: &'static str,
    /// The two steps that prove it, in words: `T1 appended 1 to x, and T2 read [1]`.
    pub reason: String,
}

/// Why a history does not keep a rule: a few of its operations that already break it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The rule, such as `linearizability`.
    pub rule: &'static str,
    /// The key; `None` if the model has no keys.
    pub key: Option<String>,
    /// How many operations there are on this key.
    pub operations: usize,
    /// What kind of contradiction it is, by its name in the literature: `stale`, `G-single`,
    /// `WriteCORead`.
    pub pattern: &'static str,
    /// The contradiction in one sentence.
    pub sentence: String,
    /// Operations that already break the rule, in the order of their invocations. An operation is
    /// never kept without those whose effect it may have seen
    /// ([`Model::may_see`]), so that what breaks the rule here breaks it in the whole history.
    /// For a dirty or future read, the operation whose effect it shows is shown too.
    pub window: Vec<WindowOperation>,
    /// Whether the window without any one of its operations, and without what depends on that one,
    /// would keep the rule. False if the budget was spent while removing operations.
    pub is_minimal: bool,
    /// Where the best attempt to order the window ended, if there were attempts.
    pub stuck: Option<Stuck>,
    /// For a cycle or another pattern over several operations: its edges, in the order of the cycle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<Edge>,
    /// The operation that cannot be placed, and the one that it most directly contradicts: the
    /// stale read and the write that it should have seen. `None` for an answer out of thin air.
    pub conflict: Option<(WindowOperation, WindowOperation)>,
}

impl Explanation {
    /// The contradiction in one sentence, and how large the window is.
    pub fn summary(&self) -> String {
        let (shown, all) = (self.window.len(), self.operations);
        format!("{} (Operations that show it: {shown} of {all}.)", self.sentence)
    }

    /// The operation that cannot be placed, which a picture marks.
    pub fn marked(&self) -> Option<OperationId> {
        let stuck = self.stuck.as_ref().map(|stuck| stuck.operation);
        stuck.or(self.conflict.as_ref().map(|(operation, _)| operation.id))
    }

    /// The window as lanes, and below it what was the matter meanwhile.
    pub fn diagram_with(&self, bands: &[crate::picture::Band]) -> String {
        diagram::lanes_with(&self.window, self.marked(), bands)
    }

    /// The window as lanes: a row per process, time to the right, at most 100 columns. Columns are
    /// moments, not a scale. `[1==]` is an interval, `[1~~>` one of unknown outcome, `[1xx]` one
    /// that failed; `!` marks the operation that cannot be placed.
    pub fn diagram(&self) -> String {
        diagram::lanes(&self.window, self.marked())
    }

    /// One line for each operation of the window, with the numbers of the diagram.
    pub fn legend(&self) -> String {
        diagram::legend(&self.window)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n{}\n{}", self.summary(), self.diagram(), self.legend())?;
        // By the numbers of the diagram, where it shows them.
        let number = |id: OperationId| {
            let place = self.window.iter().position(|operation| operation.id == id);
            place.map_or_else(|| id.to_string(), |place| (place + 1).to_string())
        };
        for Edge { from, to, relation, reason } in &self.edges {
            write!(f, "\n{} -{relation}-> {}: {reason}", number(*from), number(*to))?;
        }
        if !self.is_minimal {
            write!(f, "\nThe budget was spent before the window was as small as it can be.")?;
        }
        Ok(())
    }
}
