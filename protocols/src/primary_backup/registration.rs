//! How scenario files, command line and debugger know primary-backup.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Registration, World};

use crate::engine::Times;
use crate::kv::{self, Operation};

use super::view::{Epoch, View};
use super::{Config, Kind, Party, PrimaryBackup, Settings, bugs, invariants, statistics};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A client asked again for an update that had taken effect.
    "answer-from-session",
    // A server was sent an update of an epoch that was over.
    "fenced",
    // A backup had entries that conflict with its primary's.
    "log-conflict",
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How many servers a view has, the primary included: t of vRS. `n2` is the first primary.
    pub servers: u32,
    /// How many servers stand by. The nodes behind them are clients.
    pub spares: u32,
    /// How often a server tells the view service that it is alive, and asks for a lease.
    pub heartbeat: Duration,
    /// How long a primary may answer queries after it asked. Well above the heartbeat, or it has none at times.
    pub lease: Duration,
    /// How long the view service hears nothing from a server until it leaves it out of the next view. Longer than the lease, by as
    /// much as clocks may drift: 3 to 2 bears 20 % each way.
    pub suspicion: Duration,
    /// How long a primary waits for an acknowledgement until it sends again. Longer than a round trip.
    pub retransmit: Duration,
    /// How long the primary takes for an update: a law, or a duration; 50 ms in vRS §5.1.
    pub update_service: Times,
    /// How long a backup takes to install what an update came to; 20 ms in vRS §5.1.
    pub install_service: Times,
    /// How long the primary takes for a query; 5 ms in vRS §5.1.
    pub query_service: Times,
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
            update_service: Times::Always(Duration::ZERO),
            install_service: Times::Always(Duration::ZERO),
            query_service: Times::Always(Duration::ZERO),
        }
    }
}

impl Parameters {
    const fn all_servers(&self) -> u32 {
        self.servers.saturating_add(self.spares)
    }

    fn check(&self, nodes: u32) -> Result<(), String> {
        let taken = u64::from(self.all_servers()) + 1;
        if self.servers == 0 {
            return Err(String::from("`servers` is 0: a view has at least 1, the primary"));
        }
        if u64::from(nodes) <= taken {
            return Err(format!(
                "{nodes} nodes leave none for clients: 1 view service, {} servers and {} spares need `nodes` to be {} or more",
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
                "`suspicion` is {} and `lease` is {}: a primary may be replaced only when its lease has run out, so that `suspicion` must be longer",
                self.suspicion, self.lease
            ));
        }
        let laws = [
            ("update_service", &self.update_service),
            ("install_service", &self.install_service),
            ("query_service", &self.query_service),
        ];
        for (name, law) in laws {
            law.law().check().map_err(|problem| format!("`{name}`: {problem}"))?;
        }
        Ok(())
    }

    /// How much faster or slower than true time clocks may run, in parts per billion: with rates 1 - d and 1 + d, a lease ends
    /// before the view service's patience does if (1 + d) / (1 - d) is at most suspicion / lease.
    fn drift_ppb(&self) -> u64 {
        let (long, short) = (self.suspicion.as_nanos(), self.lease.as_nanos());
        let sum = u128::from(long) + u128::from(short);
        let ppb = u128::from(long.saturating_sub(short)) * 1_000_000_000 / sum.max(1);
        u64::try_from(ppb).unwrap_or(0).min(100_000_000)
    }
}

impl Registration for PrimaryBackup {
    type Node = Party;
    type Parameters = Parameters;

    const NAME: &'static str = "primary-backup";
    const SUMMARY: &'static str = "primary-backup with epochs, leases and fencing (Budhiraja, Marzullo, Schneider & Toueg 1993)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = statistics::STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Config>, String> {
        parameters.check(nodes)?;
        let all = parameters.all_servers();
        let backups = (3..=parameters.servers + 1).map(NodeId).collect();
        let settings = Settings {
            first: View { epoch: Epoch(1), primary: NodeId(2), backups },
            servers: all,
            size: parameters.servers,
            heartbeat: parameters.heartbeat,
            lease: parameters.lease,
            suspicion: parameters.suspicion,
            retransmit: parameters.retransmit,
            update_service: parameters.update_service.law(),
            install_service: parameters.install_service.law(),
            query_service: parameters.query_service.law(),
        };
        let kind = |id: NodeId| match id.0 {
            1 => Kind::ViewService,
            number if number <= all + 1 => Kind::Server,
            _ => Kind::Client,
        };
        let ids = NodeId::all(nodes);
        Ok(ids.map(|id| Config { kind: kind(id), settings: settings.clone() }).collect())
    }

    fn monitors(_parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Party>>> {
        invariants::all(nodes)
    }

    fn statistics(world: &World<Party>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        statistics::of_run(world, notes)
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        kv::generator(workload)
    }

    /// The clients.
    fn entries(parameters: &Parameters, nodes: u32) -> Vec<NodeId> {
        (parameters.all_servers() + 2..=nodes).map(NodeId).collect()
    }

    /// Any faults but those of a disk that loses what it had promised to keep, and nodes that lie; clocks drift less than leases bear.
    fn fault_model(parameters: &Parameters, _nodes: u32) -> FaultModel {
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: parameters.servers,
            drift_ppb: parameters.drift_ppb(),
            bears_harsh: false,
        }
    }

    /// The view service, all servers and one client: a view may have shrunk to any one server, which alone knows what was done.
    fn is_core(parameters: &Parameters, _nodes: u32, set: &[NodeId]) -> bool {
        let last = parameters.all_servers() + 1;
        let able = set.iter().filter(|id| id.0 <= last).count();
        able == last as usize && able < set.len()
    }
}
