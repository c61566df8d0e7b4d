//! How scenario files, command line and debugger know HyParView and Plumtree.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Registration, World};

use super::peer::{Note, Operation, Overlay, Peer, Settings};
use super::{bugs, invariants};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // The active view was full, and somebody had to go.
    "evicted",
    // Somebody that was asked to be a peer had no room.
    "refused",
    // A node was asked for a sign of life by somebody that is not its peer.
    "one-sided",
    // Somebody that was silent was asked again.
    "reconnect",
    // An announced broadcast did not come, and was asked for.
    "graft",
    // A shorter way took the place of a longer one.
    "optimized",
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Within which time the nodes join, one after the other.
    pub join: Duration,
    /// The greatest size of the active view: the fanout and one more. Above the logarithm of the number of nodes, broadcasts reach all.
    pub active: u32,
    /// The greatest size of the passive view: several times that.
    pub passive: u32,
    /// ARWL: how many steps somebody new is handed on.
    pub active_walk: u32,
    /// PRWL: with so many steps left, it enters a passive view. At most `active_walk`.
    pub passive_walk: u32,
    /// ka: names of the active view in a shuffle.
    pub shuffle_active: u32,
    /// kp: names of the passive view in a shuffle.
    pub shuffle_passive: u32,
    /// Periods between two shuffles of a node.
    pub shuffle: u64,
    /// How often a node asks its peers for a sign of life, and somebody else to be its peer where one is missing.
    pub period: Duration,
    /// A peer that has answered none of so many questions is dropped.
    pub patience: u64,
    /// Periods between questions to one of those who were dropped like that.
    pub reconnect: u64,
    /// How long a broadcast may take after its first announcement: longer than the slowest way through the tree.
    pub graft_timeout: Duration,
    /// How long it may take after it was asked for: a round trip.
    pub graft_again: Duration,
    /// A way that is so many steps shorter takes the place of one in the tree.
    pub threshold: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            join: Duration::from_secs(2),
            active: 5,
            passive: 30,
            active_walk: 6,
            passive_walk: 3,
            shuffle_active: 3,
            shuffle_passive: 4,
            shuffle: 10,
            period: Duration::from_millis(500),
            patience: 3,
            reconnect: 5,
            graft_timeout: Duration::from_millis(200),
            graft_again: Duration::from_millis(100),
            threshold: 7,
        }
    }
}

impl Parameters {
    fn settings(&self) -> Result<Settings, String> {
        let times = [
            ("period", self.period),
            ("graft_timeout", self.graft_timeout),
            ("graft_again", self.graft_again),
        ];
        if let Some((name, _)) = times.iter().find(|(_, time)| *time == Duration::ZERO) {
            return Err(format!("`{name}` is 0s: it needs a positive time, such as `200ms`"));
        }
        let counts = [
            ("active", u64::from(self.active)),
            ("patience", self.patience),
            ("shuffle", self.shuffle),
            ("reconnect", self.reconnect),
            ("threshold", u64::from(self.threshold)),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == 0) {
            return Err(format!("`{name}` is 0: it needs at least 1"));
        }
        if self.active_walk < self.passive_walk {
            return Err(format!(
                "`passive_walk` is {}: a walk begins with {} steps left, `active_walk`",
                self.passive_walk, self.active_walk
            ));
        }
        Ok(Settings {
            join: self.join,
            active: self.active,
            passive: self.passive,
            active_walk: self.active_walk,
            passive_walk: self.passive_walk,
            shuffle_active: self.shuffle_active,
            shuffle_passive: self.shuffle_passive,
            shuffle: self.shuffle,
            period: self.period,
            patience: self.patience,
            reconnect: self.reconnect,
            graft_timeout: self.graft_timeout,
            graft_again: self.graft_again,
            threshold: self.threshold,
        })
    }
}

/// The statistics, in the order of [`Registration::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "reliability",
        scale: PARTS,
        unit: "",
        about: "deliveries, per node and broadcast: 1 if every broadcast reached every node",
    },
    Statistic {
        name: "redundancy",
        scale: PARTS,
        unit: "",
        about: "relative message redundancy (Plumtree, §4.1): payloads sent per delivery elsewhere than at the origin, minus 1; 0 is a tree",
    },
    Statistic {
        name: "last_hop",
        scale: 1,
        unit: "steps",
        about: "the longest way of a delivered broadcast from its origin",
    },
];

/// Fractions are counted in parts of this.
const PARTS: u64 = 1_000_000;

impl Registration for Overlay {
    type Node = Peer;
    type Parameters = Parameters;

    const NAME: &'static str = "hyparview";
    const SUMMARY: &'static str = "HyParView with Plumtree: partial views and broadcast trees (Leitão, Pereira & Rodrigues 2007)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        Ok(vec![parameters.settings()?; nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Peer>>> {
        parameters.settings().map_or_else(|_| vec![], |settings| invariants::all(&settings, nodes))
    }

    fn statistics(world: &World<Peer>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        let (mut broadcasts, mut delivered, mut last_hop) = (0_u64, 0_u64, None);
        for entry in notes {
            match &entry.note {
                Note::Broadcasts { .. } => broadcasts += 1,
                Note::Delivered { round, .. } => {
                    delivered += 1;
                    last_hop = last_hop.max(Some(i64::from(*round)));
                }
                Note::NeighborUp { .. } | Note::NeighborDown { .. } => {}
            }
        }
        let counts = world.counters().messages();
        let payloads: u64 =
            counts.filter(|(kind, _)| *kind == "Gossip").map(|(_, count)| count.sent).sum();
        let parts = |part: u64, whole: u64| {
            i64::try_from((u128::from(part) * u128::from(PARTS)).checked_div(u128::from(whole))?)
                .ok()
        };
        let elsewhere = delivered.saturating_sub(broadcasts);
        vec![
            parts(delivered, broadcasts * u64::from(world.node_count())),
            parts(payloads, elsewhere).map(|redundancy| redundancy - 1_000_000),
            last_hop,
        ]
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        match workload.mix.keys().find(|kind| *kind != "broadcast") {
            Some(kind) => Err(format!("hyparview knows no `{kind}`: there is broadcast")),
            None => Ok(Arc::new(|client, number, _| {
                Some(Operation::Broadcast { text: format!("{client}.{number}") })
            })),
        }
    }

    /// Whatever happens: who remembers nothing has nothing on a disk that could fail.
    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        let is_of_disks = |family: &Family| {
            matches!(
                family,
                Family::TornWrite
                    | Family::ReorderedWrites
                    | Family::DiskStall
                    | Family::DiskFull
                    | Family::DiskError
            )
        };
        let families = Family::CRASH_RECOVERY.into_iter().filter(|family| !is_of_disks(family));
        FaultModel {
            families: families.collect(),
            down_at_most: nodes,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// Who is to be reached has to be up and reachable.
    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() == nodes as usize
    }
}
