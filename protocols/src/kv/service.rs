//! How well a run served the clients of a store.

use std::collections::BTreeMap;

use orrery_sim::client::HistoryKind;
use orrery_sim::registration::Statistic;
use orrery_sim::{Node, OperationId, Protocol, SimTime, World};

use super::Operation;

/// Thousandths, so that a mean keeps three places.
const MILLI: u64 = 1_000;

/// Operations answered per second.
pub const THROUGHPUT: Statistic = Statistic {
    name: "throughput",
    scale: MILLI,
    unit: "/s",
    about: "operations answered per second of the run",
};
/// What an update takes.
pub const UPDATE_LATENCY: Statistic = Statistic {
    name: "update_latency",
    scale: 1_000_000,
    unit: "ms",
    about: "mean time from an update's invocation to its answer",
};
/// What a query takes.
pub const QUERY_LATENCY: Statistic = Statistic {
    name: "query_latency",
    scale: 1_000_000,
    unit: "ms",
    about: "mean time from a query's invocation to its answer",
};
/// How long nobody is served.
pub const OUTAGE: Statistic = Statistic {
    name: "outage",
    scale: 1_000_000,
    unit: "ms",
    about: "the longest time between two answers in a row",
};

/// A mean in the making.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: u64,
    nanos: u128,
}

impl Sum {
    fn add(&mut self, from: SimTime, to: SimTime) {
        self.count += 1;
        self.nanos += u128::from(to.since(from).as_nanos());
    }

    fn mean(self) -> Option<i64> {
        let mean = self.nanos.checked_div(u128::from(self.count))?;
        i64::try_from(mean).ok()
    }
}

/// The values of [`THROUGHPUT`], [`UPDATE_LATENCY`], [`QUERY_LATENCY`] and [`OUTAGE`].
pub fn of_service<N>(world: &World<N>) -> [Option<i64>; 4]
where
    N: Node<Protocol: Protocol<Operation = Operation>>,
{
    let mut open: BTreeMap<OperationId, (SimTime, bool)> = BTreeMap::new();
    let (mut updates, mut queries) = (Sum::default(), Sum::default());
    let mut last = None;
    let mut outage = None;
    for entry in world.history() {
        match &entry.what {
            HistoryKind::Invoke(operation) => {
                let is_query = matches!(operation, Operation::Get { .. });
                open.insert(entry.operation, (entry.time, is_query));
            }
            HistoryKind::Ok(_) => {
                let Some((invoked, is_query)) = open.remove(&entry.operation) else { continue };
                let sum = if is_query { &mut queries } else { &mut updates };
                sum.add(invoked, entry.time);
                let gap = last.map(|last| entry.time.since(last).as_nanos());
                outage = outage.max(gap);
                last = Some(entry.time);
            }
            HistoryKind::Fail | HistoryKind::Info => {
                open.remove(&entry.operation);
            }
        }
    }
    let answered = u128::from(updates.count + queries.count);
    let second = u128::from(1_000_000_000 * MILLI);
    let throughput = (answered * second).checked_div(u128::from(world.now().as_nanos()));
    [
        throughput.and_then(|value| i64::try_from(value).ok()),
        updates.mean(),
        queries.mean(),
        outage.and_then(|nanos| i64::try_from(nanos).ok()),
    ]
}
