//! What a run leaves open until it is made.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value as Json;

use orrery_sim::client::HistoryKind;
use orrery_sim::registration::Registration;
use orrery_sim::step::Event;
use orrery_sim::{ClientId, NodeId, SimTime};

use crate::case::Case;
use crate::report::Report;
use crate::runner::Runner;
use crate::subject::{CaseError, RunOptions};

/// What a run showed of its plan and its clients.
#[derive(Clone, Debug)]
pub struct Witness {
    /// The case with its swarm drawn.
    pub case: Case,
    /// What became of the items of its plan, by place. Those that are not here never happened.
    pub happened: BTreeMap<usize, Happened>,
    /// What clients asked of their own accord, in order.
    pub asked: Vec<Asked>,
    /// What the run came to.
    pub report: Report,
}

/// That an item of the plan happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub time: SimTime,
    /// To which node, if to one.
    pub node: Option<NodeId>,
    /// Whether it changed anything at once.
    pub changed: bool,
}

/// An operation that a client asked of its own accord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub time: SimTime,
    /// Who.
    pub client: ClientId,
    /// The node that was asked first.
    pub node: Option<NodeId>,
    /// What.
    pub operation: Json,
}

impl Witness {
    /// Runs `case` to its end and keeps that.
    ///
    /// # Errors
    /// Where the case cannot be run at all: what is wrong and what would be right.
    pub fn of<R: Registration>(case: &Case) -> Result<Self, CaseError> {
        let mut runner = Runner::<R>::new(case, &RunOptions::default())?;
        let mut happened: BTreeMap<usize, Happened> = BTreeMap::new();
        let mut requests: BTreeMap<ClientId, VecDeque<u64>> = BTreeMap::new();
        while runner.step() {
            let step = runner.world().last();
            let Event::Deed(deed) = &step.event else { continue };
            let Some(place) = deed.item else { continue };
            let now = Happened { time: step.time, node: deed.node, changed: deed.changed };
            // One that waited for somebody to act on is told of twice.
            let known = happened.entry(place).or_insert(now);
            if now.changed && !known.changed {
                *known = now;
            }
            if let Some(client) = deed.client {
                requests.entry(client).or_default().push_back(step.number);
            }
        }
        let asked = asked::<R>(&runner, &mut requests)?;
        let case = runner.case().clone();
        Ok(Self { case, happened, asked, report: runner.conclude() })
    }
}

/// What clients asked but for what the plan had `requests` for: those are the events of each, in order.
fn asked<R: Registration>(
    runner: &Runner<R>,
    requests: &mut BTreeMap<ClientId, VecDeque<u64>>,
) -> Result<Vec<Asked>, CaseError> {
    let mut asked = Vec::new();
    for entry in runner.world().history() {
        let HistoryKind::Invoke(operation) = &entry.what else { continue };
        let client = entry.operation.client;
        let pending = requests.entry(client).or_default();
        // What the plan wants comes before what the client would ask by itself.
        if pending.front().is_some_and(|event| *event < entry.event) {
            pending.pop_front();
            continue;
        }
        let operation = serde_json::to_value(operation)
            .map_err(|error| CaseError(format!("an operation of `{}`: {error}", R::NAME)))?;
        asked.push(Asked { time: entry.time, client, node: entry.node, operation });
    }
    Ok(asked)
}
