//! How scenario files, command line and debugger know Multi-Paxos.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, DurationRange, Monitor, NodeId, Registration, World};

use crate::kv::{self, Administered, Administration as _};

use super::message::Administration;
use super::quorums::Quorums;
use super::server::{LeaseTerms, MultiPaxos, Reads, Server, Settings};
use super::{bugs, invariants, statistics};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A client asked again for a write that had taken effect.
    "answer-from-session",
    // A replica that lagged was told what was chosen.
    "caught-up",
    // A new leader filled a slot with a no-op, because a later one may have been decided.
    "gap-filled",
    // An acceptor refused a scout for the sake of a lease.
    "lease-refuses-scout",
    // A leader answered a read without asking anybody.
    "read-by-lease",
    // A leader had a command and no slot for it.
    "window-full",
];

/// How reads are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadBy {
    /// As commands, each in a slot of its own.
    Log,
    /// By the leader, after a round of heartbeats that a quorum of phase 2 answered.
    #[default]
    Quorum,
    /// By the leader alone, as long as its lease lasts; after a round otherwise. Needs `lease`.
    Lease,
}

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How long a process hears from no leader until it sends a scout, drawn anew each time. Any is safe; one that is not well
    /// above the latency makes processes preempt each other.
    pub election_timeout: DurationRange,
    /// How often a leader is heard, and how long it waits before it asks again. Well below the election timeout.
    pub heartbeat: Duration,
    /// How many commands one message carries at most.
    pub max_commands: u32,
    /// How many slots a leader may be ahead of what it has performed: α, PMMC's WINDOW. A new configuration takes effect so many slots
    /// after the one that it was chosen in.
    pub alpha: u32,
    /// Which sets of acceptors are quorums: `"majority"`, `{ sizes = { phase_1 = 5, phase_2 = 2 } }`,
    /// `{ grid = { rows = 2, columns = 3 } }` or `{ weights = { weights = [2, 1, 1], phase_1 = 3, phase_2 = 2 } }`.
    pub quorums: Quorums,
    /// How many processes are acceptors at first, the first ones; the others learn. All where absent.
    pub acceptors: Option<u32>,
    /// How reads are served.
    pub reads: ReadBy,
    /// For how long an acceptor that heard a leader promises nothing to anybody else. No leases where absent.
    pub lease: Option<Duration>,
    /// How far the rate of a clock may be off, in millionths, for leases to be safe.
    pub drift_bound_ppm: u32,
    /// After how many slots a process writes a snapshot and forgets them. Never where absent.
    pub snapshot_every: Option<u32>,
    /// After how long without a new operation a leader proposes the end of a client's session. Never where absent.
    pub session_timeout: Option<Duration>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            election_timeout: DurationRange::new(
                Duration::from_millis(150),
                Duration::from_millis(300),
            ),
            heartbeat: Duration::from_millis(50),
            max_commands: 64,
            alpha: 64,
            quorums: Quorums::Majority,
            acceptors: None,
            reads: ReadBy::Quorum,
            lease: None,
            drift_bound_ppm: 100_000,
            snapshot_every: None,
            session_timeout: None,
        }
    }
}

const MILLION: u64 = 1_000_000;

impl Parameters {
    fn check(&self, nodes: u32) -> Result<(), String> {
        let acceptors = self.acceptors.unwrap_or(nodes);
        let problem = if self.election_timeout.min == Duration::ZERO {
            "`election_timeout` begins at 0s: it needs a positive time, as in `150ms..300ms`"
        } else if self.heartbeat == Duration::ZERO {
            "`heartbeat` is 0s: it needs a positive time, such as `50ms`"
        } else if self.max_commands == 0 {
            "`max_commands` is 0: a message needs room for at least 1"
        } else if self.alpha == 0 {
            "`alpha` is 0: with a window of 1, one slot is decided after the other; with 0, none is"
        } else if acceptors == 0 || nodes < acceptors {
            return Err(format!(
                "`acceptors` is out of range: of {nodes} nodes 1 to {nodes} can be acceptors"
            ));
        } else if self.reads == ReadBy::Lease && self.lease.is_none() {
            "`reads = \"lease\"` needs a `lease`, such as `100ms`, below the election timeout"
        } else if MILLION <= u64::from(self.drift_bound_ppm) {
            "`drift_bound_ppm` is a million or more: no lease is safe with clocks that may stand still"
        } else if self.snapshot_every == Some(0) {
            "`snapshot_every` is 0: a snapshot covers at least 1 slot"
        } else {
            return self.quorums.check(acceptors).map_err(|error| format!("`quorums`: {error}"));
        };
        Err(problem.to_owned())
    }

    /// The acceptors of the first configuration.
    pub fn initial_members(&self, nodes: u32) -> Vec<NodeId> {
        NodeId::all(self.acceptors.unwrap_or(nodes)).collect()
    }

    /// A lease, and how much of it a leader may rely on: if its clock is too slow by the bound and the acceptor's too fast, what is
    /// left of it.
    fn lease_terms(&self) -> Option<LeaseTerms> {
        let granted = self.lease?;
        let bound = u64::from(self.drift_bound_ppm);
        let relied_on = granted.checked_mul_ratio(MILLION - bound, MILLION + bound)?;
        Some(LeaseTerms { granted, relied_on })
    }

    fn settings(&self, nodes: u32) -> Settings {
        Settings {
            members: self.initial_members(nodes),
            quorums: self.quorums.clone(),
            election_timeout: self.election_timeout,
            heartbeat: self.heartbeat,
            max_commands: self.max_commands,
            alpha: self.alpha,
            reads: match self.reads {
                ReadBy::Log => Reads::Log,
                ReadBy::Quorum => Reads::Quorum,
                ReadBy::Lease => Reads::Lease,
            },
            lease: self.lease_terms(),
            snapshot_every: self.snapshot_every,
            session_timeout: self.session_timeout,
        }
    }
}

impl Registration for MultiPaxos {
    type Node = Server;
    type Parameters = Parameters;

    const NAME: &'static str = "multi-paxos";
    const SUMMARY: &'static str = "Multi-Paxos: a command for each slot, under a leader (Lamport 1998, van Renesse & Altinbuken 2015)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const ADMINISTRATIVE: &'static [&'static str] = Administration::NAMES;
    const STATISTICS: &'static [Statistic] = statistics::STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        parameters.check(nodes)?;
        let settings = parameters.settings(nodes);
        Ok(NodeId::all(nodes).map(|_| settings.clone()).collect())
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Server>>> {
        invariants::all(parameters, nodes)
    }

    fn statistics(_world: &World<Server>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        statistics::of_run(notes)
    }

    fn generator(workload: &Workload) -> Result<Generator<Administered<Administration>>, String> {
        let store = kv::generator(workload)?;
        Ok(Arc::new(move |client, number, draw| {
            store(client, number, draw).map(Administered::Store)
        }))
    }

    /// Any faults but those of a disk that loses what it had promised to keep, and nodes that lie. Where leases are given, clocks keep to
    /// their bound; elsewhere their rates only matter to progress.
    fn fault_model(parameters: &Parameters, nodes: u32) -> FaultModel {
        let acceptors = parameters.acceptors.unwrap_or(nodes);
        let bound = u64::from(parameters.drift_bound_ppm) * 1_000;
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: parameters.quorums.tolerates(acceptors),
            drift_ppb: if parameters.lease.is_some() { bound } else { 100_000_000 },
            bears_harsh: false,
        }
    }

    fn is_core(parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        let (quorums, members) = (&parameters.quorums, parameters.initial_members(nodes));
        quorums.is_phase_1(&members, set) && quorums.is_phase_2(&members, set)
    }
}
