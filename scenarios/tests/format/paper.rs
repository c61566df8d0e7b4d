//! A protocol without code, so that the format is tested by itself.

use std::ops::Range;
use std::sync::Arc;

use orrery_harness::determinism::Trace;
use orrery_harness::recording::{Line, Source};
use orrery_harness::subject::CaseError;
use orrery_harness::{Case, Registry, Report, RunOptions, Session, Subject};
use orrery_scenarios::{Override, Scenario, ScenarioErrors};
use orrery_sim::registration::{Statistic, Workload};
use orrery_sim::{Bug, Difficulty, DurationRange, NodeId};
use serde_json::{Value as Json, json};

/// A protocol that can be described but not run.
pub(crate) struct Paper(pub &'static str);

const BUGS: &[Bug] = &[Bug {
    id: "R1",
    summary: "",
    breaks: &[],
    source: "",
    difficulty: Difficulty::Hard,
    found_by: &[],
}];

impl Subject for Paper {
    fn name(&self) -> &'static str {
        self.0
    }
    fn summary(&self) -> &'static str {
        "Raft on paper"
    }
    fn bugs(&self) -> &'static [Bug] {
        BUGS
    }
    fn probes(&self) -> &'static [&'static str] {
        &["elected twice"]
    }
    fn statistics(&self) -> Vec<Statistic> {
        vec![Statistic { name: "election_time", scale: 1, unit: "", about: "" }]
    }
    fn invariants(&self) -> Vec<&'static str> {
        vec!["Election Safety", "Log Matching"]
    }
    fn parameters_schema(&self) -> Json {
        json!({ "type": "object", "properties": { "election_timeout": {}, "heartbeat": {} } })
    }
    fn complete_parameters(&self, parameters: &Json, _nodes: u32) -> Result<Json, String> {
        let mut complete = json!({ "election_timeout": "150ms..300ms", "heartbeat": "50ms" });
        for (key, value) in parameters.as_object().into_iter().flatten() {
            if complete.get(key).is_none() {
                return Err(format!("unknown field `{key}`"));
            }
            if key == "election_timeout" {
                value.as_str().unwrap_or_default().parse::<DurationRange>()?;
            }
            complete[key] = value.clone();
        }
        Ok(complete)
    }
    fn check_operation(&self, operation: &Json) -> Result<(), String> {
        let is_known = operation.get("Put").is_some() || operation.get("Get").is_some();
        is_known.then_some(()).ok_or_else(|| "this is no operation: write `Put` or `Get`".into())
    }
    fn check_workload(&self, workload: &Workload) -> Result<(), String> {
        match workload.mix.keys().find(|key| !["put", "get", "cas"].contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(format!("there is no operation `{key}`: there are put, get and cas")),
        }
    }
    fn entries(&self, _parameters: &Json, nodes: u32) -> Vec<NodeId> {
        NodeId::all(nodes).collect()
    }
    fn run(&self, _case: &Case, _options: &RunOptions) -> Result<Report, CaseError> {
        Err(CaseError("it is on paper".into()))
    }
    fn trace(&self, _case: &Case, _events: Range<u64>) -> Result<Trace, CaseError> {
        Err(CaseError("it is on paper".into()))
    }
    fn open(&self, _case: &Case) -> Result<Box<dyn Session>, CaseError> {
        Err(CaseError("it is on paper".into()))
    }
    fn record(
        &self,
        _case: &Case,
        _source: &Source,
    ) -> Result<Box<dyn Iterator<Item = Line>>, CaseError> {
        Err(CaseError("it is on paper".into()))
    }
    fn history(&self, _case: &Case) -> Result<Vec<orrery_harness::history::Record>, CaseError> {
        Err(CaseError("it is on paper".into()))
    }
}

pub(crate) fn registry() -> Registry {
    Registry::default().with(Arc::new(Paper("raft")))
}

/// The case of a text with `--set` of each of `set`.
pub(crate) fn case_of(text: &str, set: &[&str]) -> Result<Case, ScenarioErrors> {
    let overrides: Vec<Override> = set.iter().map(|text| text.parse().unwrap()).collect();
    Scenario::from_text("x.toml", text)?.case(&registry(), None, &overrides, &[])
}

/// A scenario of five nodes with `rest` after what every scenario needs, on line 6.
pub(crate) fn scenario(rest: &str) -> String {
    format!("format = 1\ntitle = \"t\"\nprotocol = \"raft\"\nnodes = 5\nstop_at = \"6s\"\n{rest}\n")
}

/// The errors of [`scenario`], as plain text.
pub(crate) fn errors(rest: &str) -> String {
    case_of(&scenario(rest), &[]).map(|_| ()).expect_err(rest).plain()
}
