//! A registered protocol without its types: what scenario files, command line and debugger work with.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use orrery_sim::registration::{Statistic, Workload};
use orrery_sim::{Bug, NodeId};

use crate::case::Case;
use crate::determinism::Trace;
use orrery_check::record::Record;

use crate::recording::{Line, Source};
use crate::report::Report;
use crate::session::Session;
use crate::shrink::Witness;

pub use crate::registered::registered;

/// A protocol under test, whatever its types.
pub trait Subject: Send + Sync {
    /// Its name in scenario files.
    fn name(&self) -> &'static str;
    /// What it is, in one line.
    fn summary(&self) -> &'static str;
    /// Its planted bugs.
    fn bugs(&self) -> &'static [Bug];
    /// Its probes.
    fn probes(&self) -> &'static [&'static str];
    /// The statistics of its runs: the engine's own, then the protocol's.
    fn statistics(&self) -> Vec<Statistic>;
    /// The names of its invariants.
    fn invariants(&self) -> Vec<&'static str>;
    /// The JSON Schema of its parameters.
    fn parameters_schema(&self) -> Json;

    /// Reads `parameters` and writes them back with all defaults filled in.
    ///
    /// # Errors
    /// What is wrong with them and what would be right.
    fn complete_parameters(&self, parameters: &Json, nodes: u32) -> Result<Json, String>;

    /// Whether the text of an operation is one.
    ///
    /// # Errors
    /// What is wrong with it and what would be right.
    fn check_operation(&self, operation: &Json) -> Result<(), String>;

    /// Whether clients can be given this to do.
    ///
    /// # Errors
    /// What is wrong with it and what would be right.
    fn check_workload(&self, workload: &Workload) -> Result<(), String>;

    /// The nodes that clients ask unless a scenario says otherwise.
    fn entries(&self, parameters: &Json, nodes: u32) -> Vec<NodeId>;

    /// Runs `case` to its end and judges it.
    ///
    /// # Errors
    /// Where the case cannot be run at all: what is wrong and what would be right.
    fn run(&self, case: &Case, options: &RunOptions) -> Result<Report, CaseError>;

    /// Runs `case` to its end and keeps what tells it from another run: the chain of its digests, and those of its
    /// events whose numbers lie in `events`.
    ///
    /// # Errors
    /// Where the case cannot be run at all: what is wrong and what would be right.
    fn trace(&self, case: &Case, events: Range<u64>) -> Result<Trace, CaseError>;

    /// Runs `case` to its end and keeps what a run leaves open until it is made: when each item of its plan happened and to
    /// whom, and what clients asked of their own accord.
    ///
    /// # Errors
    /// Where the case cannot be run at all: what is wrong and what would be right.
    fn witness(&self, _case: &Case) -> Result<Witness, CaseError> {
        Err(CaseError(format!("runs of `{}` cannot be written down", self.name())))
    }

    /// Runs `case` so that it can be walked through.
    ///
    /// # Errors
    /// Where the case cannot be run at all: what is wrong and what would be right.
    fn open(&self, case: &Case) -> Result<Box<dyn Session>, CaseError>;

    /// The same, with nothing of the run made yet: who looks at it [makes it](Session::advance), bit by bit, so that a long
    /// run can be looked at while it is made.
    ///
    /// # Errors
    /// Where the case cannot be run at all: what is wrong and what would be right.
    fn begin(&self, case: &Case) -> Result<Box<dyn Session>, CaseError> {
        self.open(case)
    }

    /// Runs `case`, which came from `source`, and gives the lines of its recording while it goes.
    ///
    /// # Errors
    /// Where the case cannot be run at all: what is wrong and what would be right.
    fn record(
        &self,
        case: &Case,
        source: &Source,
    ) -> Result<Box<dyn Iterator<Item = Line>>, CaseError>;

    /// Runs `case` to its end and gives what its clients saw, as files of histories have it.
    ///
    /// # Errors
    /// Where the case cannot be run at all: what is wrong and what would be right.
    fn history(&self, case: &Case) -> Result<Vec<Record>, CaseError>;
}

/// Why a case cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CaseError(pub String);

/// How a run is made, where that does not change what happens in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// Run every handler twice on copies, and fail with the name of one that gives two answers.
    pub check_purity: bool,
}

/// All protocols that are known.
#[derive(Clone, Default)]
pub struct Registry {
    subjects: Vec<Arc<dyn Subject>>,
}

impl Registry {
    /// One more protocol. A later one of the same name takes the place of an earlier one.
    #[must_use]
    pub fn with(mut self, subject: Arc<dyn Subject>) -> Self {
        self.subjects.retain(|known| known.name() != subject.name());
        self.subjects.push(subject);
        self
    }

    /// The protocol of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Subject>> {
        self.subjects.iter().find(|subject| subject.name() == name)
    }

    /// All of them, in the order in which they were registered.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Subject>> {
        self.subjects.iter()
    }
}
