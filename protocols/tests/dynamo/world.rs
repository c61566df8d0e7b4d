//! How the tests make stores and ask them.

use orrery_protocols::dynamo::{Dynamo, Operation, Output, Parameters};
use orrery_sim::plan::{Action, Item};
use orrery_sim::testing::{Run, at, item, ms, quiet, workload};
use orrery_sim::{Bug, Duration, DurationRange, Law, NodeId, Registration, Setup};

use crate::support;

pub(crate) use orrery_sim::testing::request;

pub(crate) type StoreItem = Item<Operation>;

pub(crate) fn get(key: &str) -> Operation {
    Operation::Get { key: key.into() }
}

pub(crate) fn put(key: &str, value: &str) -> Operation {
    Operation::Put { key: key.into(), value: value.into() }
}

pub(crate) fn add(key: &str, value: &str) -> Operation {
    Operation::Add { key: key.into(), value: value.into() }
}

pub(crate) fn delete(key: &str) -> Operation {
    Operation::Delete { key: key.into() }
}

/// A key whose first owner is `n1`.
pub(crate) fn key(nodes: u32) -> String {
    let first = |key: &String| orrery_protocols::dynamo::ring::owners(key, 1, nodes) == [NodeId(1)];
    (0..100).map(|i| format!("k{i}")).find(first).unwrap()
}

/// No repair of its own accord within a test.
pub(crate) fn patient() -> Parameters {
    let long = Duration::from_secs(100);
    Parameters { anti_entropy: long, handoff: long, read_repair: false, ..Parameters::default() }
}

/// Nodes and two clients: 5 ms each way, no faults.
pub(crate) fn store(nodes: u32, parameters: &Parameters, bugs: &[Bug]) -> Setup<Dynamo> {
    let mut setup = quiet::<Dynamo>(1, nodes, parameters, ms(5), bugs);
    setup.clients.count = 2;
    setup.clients.timeout = ms(400);
    setup.clients.patience = ms(3_000);
    setup.clients.entries = NodeId::all(nodes).collect();
    setup
}

pub(crate) fn run(
    nodes: u32,
    parameters: &Parameters,
    plan: Vec<StoreItem>,
    bugs: &[Bug],
) -> Run<Dynamo> {
    let mut setup = store(nodes, parameters, bugs);
    setup.plan.items = plan;
    Run::new(setup, parameters)
}

/// Clients that ask of their own accord until the faults end at `until`, and a calm end.
pub(crate) fn chaos(seed: u64, parameters: &Parameters, until: u64, bugs: &[Bug]) -> Run<Dynamo> {
    let mut setup = support::chaos::<Dynamo>(seed, 5, parameters, until, bugs);
    setup.clients.count = 3;
    setup.clients.timeout = ms(400);
    setup.clients.patience = ms(1_000);
    setup.clients.entries = NodeId::all(5).collect();
    setup.clients.think = Law::Uniform(DurationRange::new(ms(5), ms(60)));
    setup.clients.until = at(until);
    let mix = [("get", 4), ("put", 3), ("add", 2), ("delete", 1)];
    setup.clients.generator = Some(Dynamo::generator(&workload(2, &mix)).unwrap());
    setup.plan.items.push(item(until + 1, Action::Calm));
    Run::new(setup, parameters)
}

/// What the clients got, in order, and when, in ms.
pub(crate) fn answers(run: &Run<Dynamo>) -> Vec<(u64, Output)> {
    run.answered().map(|(millis, _, output)| (millis, output.clone())).collect()
}

pub(crate) fn values(texts: &[&str]) -> Output {
    Output::Values(texts.iter().map(|text| String::from(*text)).collect())
}
