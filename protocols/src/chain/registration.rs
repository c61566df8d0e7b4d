//! How scenario files, command line and debugger know chain replication.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Registration, World};

use crate::kv::{self, Operation};

use super::{Chain, Config, Configuration, Kind, Settings, Station, bugs, invariants, statistics};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A new tail answered updates that the old one had not acknowledged.
    "answered-as-new-tail",
    // An update came again while it was on its way to the tail.
    "asked-again",
    // An update came that was lost, doubled or overtaken on its way.
    "out-of-order",
    // A new successor lacked some of `Sent`.
    "resent",
];

/// What a scenario may set, for chain replication and for CRAQ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How many servers make the chain: t of the paper. `n2` is the first head.
    pub servers: u32,
    /// How many servers stand by. The nodes behind them are clients.
    pub spares: u32,
    /// How often a server tells the master that it is alive, and asks for a lease.
    pub heartbeat: Duration,
    /// How long a server may answer queries after it asked. Well above the heartbeat, or it has none at times.
    pub lease: Duration,
    /// How long the master hears nothing from a server until it takes it out of the chain. Longer than the lease, by as much as
    /// clocks may drift: 3 to 2 bears 20 % each way.
    pub suspicion: Duration,
    /// How long a server waits for an acknowledgement until it sends again. Longer than the way to the tail and back.
    pub retransmit: Duration,
    /// How long the head takes for an update; 50 ms in §4 of the paper.
    pub update_service: Duration,
    /// How long every other server takes to install what an update came to; 20 ms in §4 of the paper.
    pub install_service: Duration,
    /// How long a query takes; 5 ms in §4 of the paper.
    pub query_service: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            servers: 3,
            spares: 0,
            heartbeat: Duration::from_millis(50),
            lease: Duration::from_millis(200),
            suspicion: Duration::from_millis(300),
            retransmit: Duration::from_millis(200),
            update_service: Duration::ZERO,
            install_service: Duration::ZERO,
            query_service: Duration::ZERO,
        }
    }
}

impl Parameters {
    fn check(&self, nodes: u32) -> Result<(), String> {
        let taken = 1 + u64::from(self.servers) + u64::from(self.spares);
        if self.servers == 0 {
            return Err(String::from("`servers` is 0: a chain has at least 1"));
        }
        if u64::from(nodes) <= taken {
            return Err(format!(
                "{nodes} nodes leave none for clients: 1 master, {} servers and {} spares need `nodes` to be {} or more",
                self.servers,
                self.spares,
                taken + 1
            ));
        }
        let times =
            [("heartbeat", self.heartbeat), ("lease", self.lease), ("retransmit", self.retransmit)];
        if let Some((name, _)) = times.iter().find(|(_, time)| *time == Duration::ZERO) {
            return Err(format!("`{name}` is 0s: it needs a positive time, such as `50ms`"));
        }
        if self.suspicion <= self.lease {
            return Err(format!(
                "`suspicion` is {} and `lease` is {}: a server may be replaced only when its lease has run out, so that `suspicion` must be longer",
                self.suspicion, self.lease
            ));
        }
        Ok(())
    }

    /// How much faster or slower than true time clocks may run, in parts per billion: with rates 1 - d and 1 + d, a lease ends
    /// before the master's patience does if (1 + d) / (1 - d) is at most suspicion / lease.
    fn drift_ppb(&self) -> u64 {
        let (long, short) = (self.suspicion.as_nanos(), self.lease.as_nanos());
        let sum = u128::from(long) + u128::from(short);
        let ppb = u128::from(long - short) * 1_000_000_000 / sum.max(1);
        u64::try_from(ppb).unwrap_or(0).min(100_000_000)
    }
}

/// The nodes' configurations, for chain replication or for CRAQ.
///
/// # Errors
/// Where the parameters make no sense together.
pub fn set_up(
    parameters: &Parameters,
    nodes: u32,
    is_apportioned: bool,
) -> Result<Vec<Config>, String> {
    parameters.check(nodes)?;
    let all = parameters.servers + parameters.spares;
    let settings = Settings {
        first: Configuration::first((2..=parameters.servers + 1).map(NodeId)),
        servers: all,
        length: parameters.servers,
        heartbeat: parameters.heartbeat,
        lease: parameters.lease,
        suspicion: parameters.suspicion,
        retransmit: parameters.retransmit,
        update_service: parameters.update_service,
        install_service: parameters.install_service,
        query_service: parameters.query_service,
        is_apportioned,
    };
    let kind = |id: NodeId| match id.0 {
        1 => Kind::Master,
        number if number <= all + 1 => Kind::Server,
        _ => Kind::Client,
    };
    let ids = NodeId::all(nodes);
    Ok(ids.map(|id| Config { kind: kind(id), settings: settings.clone() }).collect())
}

/// The clients.
pub fn entries(parameters: &Parameters, nodes: u32) -> Vec<NodeId> {
    let first = parameters.servers + parameters.spares + 2;
    (first..=nodes).map(NodeId).collect()
}

/// Any faults but those of a disk that loses what it had promised to keep, and nodes that lie; clocks drift less than leases bear.
pub fn fault_model(parameters: &Parameters) -> FaultModel {
    FaultModel {
        families: Family::CRASH_RECOVERY.to_vec(),
        down_at_most: parameters.servers,
        drift_ppb: parameters.drift_ppb(),
        bears_harsh: false,
    }
}

/// The master, all servers and one client: a chain may have shrunk to any one server, which alone knows what was done.
pub fn is_core(parameters: &Parameters, set: &[NodeId]) -> bool {
    let last = parameters.servers + parameters.spares + 1;
    let able = set.iter().filter(|id| id.0 <= last).count();
    able == last as usize && able < set.len()
}

impl Registration for Chain {
    type Node = Station;
    type Parameters = Parameters;

    const NAME: &'static str = "chain";
    const SUMMARY: &'static str = "chain replication: updates at the head, answers at the tail (van Renesse & Schneider 2004)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = statistics::STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Config>, String> {
        set_up(parameters, nodes, false)
    }

    fn monitors(_parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Station>>> {
        invariants::all(nodes)
    }

    fn statistics(world: &World<Station>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        statistics::of_run(world, notes)
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        kv::generator(workload)
    }

    fn entries(parameters: &Parameters, nodes: u32) -> Vec<NodeId> {
        entries(parameters, nodes)
    }

    fn fault_model(parameters: &Parameters, _nodes: u32) -> FaultModel {
        fault_model(parameters)
    }

    fn is_core(parameters: &Parameters, _nodes: u32, set: &[NodeId]) -> bool {
        is_core(parameters, set)
    }
}
