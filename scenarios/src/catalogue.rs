//! The scenarios that are compiled in, and those that people wrote themselves.

use std::borrow::Cow;
use std::path::Path;

use crate::error::{Problem, ScenarioErrors};
use crate::scenario::Scenario;
use crate::suggest::closest;

/// The names and texts of the scenarios below `catalogue/`.
macro_rules! compiled_in {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../catalogue/", $name, ".toml"))),)*]
    };
}

/// In the order in which they are best read.
const COMPILED_IN: &[(&str, &str)] = compiled_in![
    "ping/hello",
    "ping/lossy",
    "raft/election",
    "raft/leader-crash",
    "raft/partition-heal",
    "raft/minority-partition",
    "raft/split-brain",
    "raft/log-repair",
    "raft/split-vote",
    "raft/election-time",
    "raft/commit-latency",
    "raft/forgetful-voter",
    "raft/half-a-vote",
    "raft/stale-read",
    "raft/refused-round",
    "raft/early-read-index",
    "raft/figure-8",
    "raft/deaf-leader",
    "raft/exactly-once",
    "raft/compaction",
    "raft/snapshot-conflict",
    "raft/unsynced-leader",
    "raft/sessions",
    "raft/membership",
    "raft/learner",
    "raft/membership-race",
    "raft/joint-change",
    "raft/inherited-configuration",
    "raft/late-configuration",
    "raft/snapshot-configuration",
    "raft/equal-timeouts",
    "raft/rejoin",
    "raft/pre-vote-deadlock",
    "raft/disruptive-server",
    "raft/partial-partition",
    "raft/follower-read",
    "raft/transfer",
    "raft/lease-rival",
    "raft/lease-drift",
    "raft/late-acks",
    "raft/lease-transfer",
    "raft/bursty-links",
    "raft/narrow-wire",
    "raft/late-orders",
    "raft/three-continents",
    "raft/bridge",
    "raft/flapping",
    "raft/slow-leader",
    "raft/unequal-clocks",
    "raft/torn-record",
    "raft/rotten-record",
    "raft/lying-disk",
    "raft/amnesia",
    "raft/liar",
    "raft/membership-chaos",
    "raft/chaos",
    "raft/lease-chaos",
    "paxos/first-decree",
    "paxos/chosen-but-unknown",
    "paxos/minority-value",
    "paxos/two-reports",
    "paxos/forgotten-promise",
    "paxos/late-accept",
    "paxos/lost-disk",
    "paxos/duelling-proposers",
    "paxos/livelock",
    "paxos/flp",
    "paxos/flp-detector",
    "paxos/lost-disks",
    "paxos/synod-chaos",
    "paxos/leader-crash",
    "paxos/hole",
    "paxos/chosen-behind-a-gap",
    "paxos/flexible",
    "paxos/disjoint-quorums",
    "paxos/reconfiguration",
    "paxos/alpha-window",
    "paxos/lagging-learner",
    "paxos/merely-accepted",
    "paxos/amnesia",
    "paxos/lease-step",
    "paxos/flexible-chaos",
    "paxos/compaction-chaos",
    "paxos/chaos",
    "paxos/fast-decree",
    "paxos/fast-collision",
    "paxos/fast-recovery",
    "paxos/fast-quorum",
    "paxos/fast-chaos",
    "replication/abd",
    "replication/read-inversion",
    "replication/concurrent-writers",
    "replication/blind-write",
    "replication/abd-chaos",
    "replication/primary-backup",
    "replication/primary-crash",
    "replication/fencing",
    "replication/high-watermark",
    "replication/primary-backup-chaos",
    "replication/compare",
    "replication/chain",
    "replication/chain-tail-crash",
    "replication/chain-middle-crash",
    "replication/chain-extension",
    "replication/chain-chaos",
    "replication/craq-dirty-read",
    "replication/craq-chaos",
    "replication/view-change",
    "replication/vr-recovery",
    "replication/vr-old-promises",
    "replication/vr-chaos",
    "gossip/simple",
    "gossip/rumor",
    "gossip/rumor-chaos",
    "gossip/database",
    "gossip/residue",
    "gossip/remailing",
    "gossip/deletion",
    "gossip/zombie",
    "gossip/spatial",
    "gossip/database-chaos",
    "gossip/average",
    "gossip/average-chaos",
    "crdt/add-wins",
    "crdt/text",
    "crdt/chaos",
    "crdt/counter-chaos",
    "crdt/register-chaos",
    "crdt/ops-chaos",
    "crdt/delta-chaos",
    "crdt/text-chaos",
    "commit/transfer",
    "commit/cost",
    "commit/blocking",
    "commit/cooperative",
    "commit/heuristic",
    "commit/amnesia",
    "commit/three-phase-split",
    "commit/cascade",
    "commit/paxos-split",
    "commit/chaos",
    "commit/presumed-commit-chaos",
    "commit/three-phase-chaos",
    "commit/paxos-chaos",
    "commit/saga",
    "commit/saga-refused",
    "commit/saga-chaos",
    "detector/crash",
    "detector/weather",
    "detector/late-heartbeat",
    "detector/outage",
    "detector/standstill",
    "detector/mistakes",
    "detector/chaos",
    "detector/heartbeat-chaos",
    "swim/crash",
    "swim/indirect",
    "swim/denial",
    "swim/restart",
    "swim/late-word",
    "swim/partition",
    "swim/slow-observer",
    "swim/detection",
    "swim/scale",
    "swim/chaos",
    "swim/overlay",
    "swim/tree-repair",
    "swim/link-cut",
    "swim/forgotten-peer",
    "swim/overlay-scale",
    "swim/overlay-chaos",
    "dynamo/siblings",
    "dynamo/sloppy-quorum",
    "dynamo/strict-quorum",
    "dynamo/zombie",
    "dynamo/chaos",
    "engine/queue",
    "engine/at-least-once",
    "engine/retry-limit",
    "engine/retry-layers",
    "engine/quorum-wait",
    "engine/commit-wait",
    "engine/clock-step",
    "clocks/session",
    "clocks/skew",
    "clocks/chaos",
];

/// All scenarios that are known by name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    entries: Vec<(Cow<'static, str>, Cow<'static, str>)>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::builtin()
    }
}

impl Catalogue {
    /// The scenarios that come with Orrery.
    pub fn builtin() -> Self {
        let entries = COMPILED_IN.iter().map(|(name, text)| ((*name).into(), (*text).into()));
        Self { entries: entries.collect() }
    }

    /// One more. A later one of the same name takes the place of an earlier one.
    #[must_use]
    pub fn with(
        mut self,
        name: impl Into<Cow<'static, str>>,
        text: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (name, text) = (name.into(), text.into());
        match self.entries.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = text,
            None => self.entries.push((name, text)),
        }
        self
    }

    /// All scenarios, in the order in which they are best read. One that does not parse is left out;
    /// [`Catalogue::load`] says why.
    pub fn list(&self) -> impl Iterator<Item = Scenario> + '_ {
        self.entries.iter().filter_map(|(name, text)| Scenario::from_text(name, text).ok())
    }

    /// The names of all scenarios.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_ref())
    }

    /// The scenario of that name.
    pub fn get(&self, name: &str) -> Option<Scenario> {
        let (name, text) = self.entries.iter().find(|(known, _)| known == name)?;
        Scenario::from_text(name, text).ok()
    }

    /// The scenario of that name, or in the file at that path.
    ///
    /// # Errors
    /// Where there is neither, the file cannot be read, or the scenario is wrong.
    pub fn load(&self, name_or_path: &str) -> Result<Scenario, ScenarioErrors> {
        if let Some((name, text)) = self.entries.iter().find(|(known, _)| known == name_or_path) {
            return Scenario::from_text(name, text);
        }
        let path = Path::new(name_or_path);
        let has_extension =
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        if !has_extension && !path.is_file() {
            return Err(ScenarioErrors::nowhere(name_or_path, self.unknown(name_or_path)));
        }
        match std::fs::read_to_string(path) {
            Ok(text) => Scenario::from_text(name_or_path, &text),
            Err(error) => {
                let message = format!("the file `{name_or_path}` cannot be read: {error}");
                let problem = Problem::nowhere(message);
                Err(ScenarioErrors::nowhere(name_or_path, problem))
            }
        }
    }

    fn unknown(&self, name: &str) -> Problem {
        let names: Vec<&str> = self.names().collect();
        // The family is often left out or wrong: compare the last part too.
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_string();
        let lasts: Vec<String> = names.iter().map(|name| last(name)).collect();
        let near = closest(name, &names).map(String::from).or_else(|| {
            let near = closest(&last(name), &lasts)?.to_string();
            let place = lasts.iter().position(|last| *last == near)?;
            Some(names[place].to_string())
        });
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => String::from("`orrery list` shows all; a file of your own ends in `.toml`"),
        };
        Problem::nowhere(format!("there is no scenario `{name}`")).help(help)
    }
}
