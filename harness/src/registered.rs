//! From a typed [`Registration`] to a [`Subject`].

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use orrery_check::record::Record;
use orrery_sim::registration::{OperationOf, Registration, Statistic, Workload};
use orrery_sim::{Bug, NodeId};

use crate::case::Case;
use crate::determinism::{self, Trace};
use crate::history;
use crate::live::LiveSession;
use crate::recording::{Line, Recorder, Source};
use crate::report::Report;
use crate::runner::Runner;
use crate::session::Session;
use crate::shrink::Witness;
use crate::statistics;
use crate::subject::{CaseError, RunOptions, Subject};

/// The subject of a registered protocol.
struct Registered<R>(PhantomData<fn() -> R>);

/// The protocol registered by `R`, ready for a [`Registry`](crate::Registry).
pub fn registered<R: Registration>() -> Arc<dyn Subject> {
    Arc::new(Registered::<R>(PhantomData))
}

impl<R: Registration> Registered<R> {
    fn parameters(parameters: &Json) -> Result<R::Parameters, String> {
        serde_json::from_value(parameters.clone()).map_err(|error| error.to_string())
    }
}

impl<R: Registration> Subject for Registered<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }
    fn summary(&self) -> &'static str {
        R::SUMMARY
    }
    fn bugs(&self) -> &'static [Bug] {
        R::BUGS
    }
    fn probes(&self) -> &'static [&'static str] {
        R::PROBES
    }
    fn statistics(&self) -> Vec<Statistic> {
        statistics::ENGINE.iter().chain(R::STATISTICS).copied().collect()
    }
    fn invariants(&self) -> Vec<&'static str> {
        let monitors = R::monitors(&R::Parameters::default(), 1);
        monitors.iter().map(|monitor| monitor.name()).collect()
    }
    fn parameters_schema(&self) -> Json {
        schemars::schema_for!(R::Parameters).to_value()
    }
    fn complete_parameters(&self, parameters: &Json, nodes: u32) -> Result<Json, String> {
        let read = Self::parameters(parameters)?;
        R::set_up(&read, nodes)?;
        serde_json::to_value(read).map_err(|error| error.to_string())
    }
    fn check_operation(&self, operation: &Json) -> Result<(), String> {
        let read = serde_json::from_value::<OperationOf<R>>(operation.clone());
        read.map(drop).map_err(|error| error.to_string())
    }
    fn check_workload(&self, workload: &Workload) -> Result<(), String> {
        R::generator(workload).map(drop)
    }
    fn entries(&self, parameters: &Json, nodes: u32) -> Vec<NodeId> {
        Self::parameters(parameters).map_or_else(|_| vec![], |read| R::entries(&read, nodes))
    }
    fn run(&self, case: &Case, options: &RunOptions) -> Result<Report, CaseError> {
        Ok(Runner::<R>::new(case, options)?.finish())
    }
    fn trace(&self, case: &Case, events: Range<u64>) -> Result<Trace, CaseError> {
        determinism::trace::<R>(case, &events)
    }
    fn witness(&self, case: &Case) -> Result<Witness, CaseError> {
        Witness::of::<R>(case)
    }
    fn open(&self, case: &Case) -> Result<Box<dyn Session>, CaseError> {
        let mut session = self.begin(case)?;
        session.complete();
        Ok(session)
    }
    fn begin(&self, case: &Case) -> Result<Box<dyn Session>, CaseError> {
        Ok(Box::new(LiveSession::<R>::new(case)?))
    }
    fn record(
        &self,
        case: &Case,
        source: &Source,
    ) -> Result<Box<dyn Iterator<Item = Line>>, CaseError> {
        Ok(Box::new(Recorder::<R>::new(case, source)?))
    }
    fn history(&self, case: &Case) -> Result<Vec<Record>, CaseError> {
        let mut runner = Runner::<R>::new(case, &RunOptions::default())?;
        while runner.step() {}
        Ok(history::records(runner.world().history(), R::ADMINISTRATIVE))
    }
}
