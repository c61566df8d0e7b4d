//! What must hold of a queue after every event.

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use super::{DISPATCHER, Dispatcher, Measures, Queue, Station};

/// The dispatcher, if the step was its own.
fn dispatcher<'w>(step: &Step<Queue>, world: &'w World<Station>) -> Option<&'w Dispatcher> {
    if step.handled_by != Some(DISPATCHER) {
        return None;
    }
    match world.node(DISPATCHER)? {
        Station::Dispatcher(dispatcher) => Some(dispatcher),
        Station::Server(_) => None,
    }
}

/// Little's Law as an identity: whenever the system is empty, the area under the number of jobs in it, by
/// true time, is the sum of the times that the jobs say they were in it, to the last nanosecond.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LittlesLaw {
    area: u128,
    in_system: usize,
    since: SimTime,
}

impl Monitor<Station> for LittlesLaw {
    fn name(&self) -> &'static str {
        "Little's Law"
    }

    fn after(&mut self, step: &Step<Queue>, world: &World<Station>) -> Result<(), Violation> {
        let Some(dispatcher) = dispatcher(step, world) else { return Ok(()) };
        self.area += u128::from(step.time.since(self.since).as_nanos()) * self.in_system as u128;
        self.since = step.time;
        self.in_system = dispatcher.in_system();
        let Measures { sojourn_of_all, area, .. } = dispatcher.measures;
        if self.in_system != 0 || (sojourn_of_all == self.area && area == self.area) {
            return Ok(());
        }
        Err(Violation {
            rule: "Little's Law",
            source: "Little 1961",
            facts: vec![
                format!(
                    "{DISPATCHER} was empty at {}, after {} jobs",
                    step.time, dispatcher.departed
                ),
                format!("the area under the number of jobs in the system was {} ns", self.area),
                format!(
                    "by {DISPATCHER}'s account the jobs were in it for {sojourn_of_all} ns together, and the area {area} ns"
                ),
            ],
            nodes: vec![DISPATCHER],
        })
    }
}

/// First Come, First Served: no job waits that is older than one that was taken.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FirstComeFirstServed;

impl Monitor<Station> for FirstComeFirstServed {
    fn name(&self) -> &'static str {
        "First Come, First Served"
    }

    fn after(&mut self, step: &Step<Queue>, world: &World<Station>) -> Result<(), Violation> {
        let Some(dispatcher) = dispatcher(step, world) else { return Ok(()) };
        let Some(oldest) = dispatcher.waiting.front() else { return Ok(()) };
        let taken = dispatcher.youngest_started;
        if taken < oldest.number {
            return Ok(());
        }
        Err(Violation {
            rule: "First Come, First Served",
            source: "Erlang 1917; Queue, module documentation",
            facts: vec![
                format!("job {} has waited since {:?}", oldest.number, oldest.arrived),
                format!("job {taken}, which came later, was taken by {}", step.time),
            ],
            nodes: vec![DISPATCHER],
        })
    }
}

/// No Idle Server: while a job waits, all servers are at work.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NoIdleServer;

impl Monitor<Station> for NoIdleServer {
    fn name(&self) -> &'static str {
        "No Idle Server"
    }

    fn after(&mut self, step: &Step<Queue>, world: &World<Station>) -> Result<(), Violation> {
        let Some(dispatcher) = dispatcher(step, world) else { return Ok(()) };
        let Some(oldest) = dispatcher.waiting.front() else { return Ok(()) };
        let Some(free) = dispatcher.serving.iter().position(Option::is_none) else { return Ok(()) };
        let server = NodeId::from_index(free + 1);
        Err(Violation {
            rule: "No Idle Server",
            source: "Erlang 1917; Queue, module documentation",
            facts: vec![
                format!("job {} waits since {:?}", oldest.number, oldest.arrived),
                format!("{server} has nothing to do at {}", step.time),
            ],
            nodes: vec![DISPATCHER, server],
        })
    }
}
