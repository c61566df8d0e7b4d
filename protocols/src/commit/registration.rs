//! How scenario files, command line and debugger know atomic commit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Registration, World};

use crate::bank::{self, Operation};

use super::{
    Commit, Form, Heuristic, Settings, Site, TerminationRule, bugs, invariants, statistics,
};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A client asked again for what its coordinator may have done before a crash.
    "asked-again",
    // Work waited too long for locks or messages.
    "work-timeout",
    // A request for work came twice.
    "work-twice",
    // A coordinator did not get all votes in time.
    "vote-missing",
    // A participant that had not voted aborted because another one asked.
    "aborted-for-another",
    // Two that asked each other were both uncertain.
    "both-uncertain",
    // A participant's journal was replaced by what it came to.
    "checkpoint",
    // Three-phase commit: all participants had crashed.
    "total-failure",
    // Paxos Commit: an acceptor had promised a higher ballot.
    "ballot-refused",
];

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Which protocol: `two-phase` (or `basic`), `presumed-abort`, `presumed-commit`, `linear`, `decentralised`, `three-phase`, `paxos-commit` or
    /// `faster-paxos-commit`.
    pub variant: Form,
    /// How many nodes coordinate; each what its clients ask. In Paxos Commit all acceptors do.
    pub coordinators: u32,
    /// How many participants there are; as many as there are nodes for, where absent.
    pub participants: Option<u32>,
    /// Paxos Commit: how many acceptors may fail, of twice as many and one.
    pub faults: u32,
    /// Paxos Commit: whether acceptors and leader are on the nodes of participants.
    pub co_located: bool,
    /// How many accounts there are; two for each participant, where absent. They go round.
    pub accounts: Option<u32>,
    /// What is on each account at the start.
    pub balance: i64,
    /// Whether those who only read leave when they vote.
    pub read_only: bool,
    /// Whether uncertain participants ask each other.
    pub cooperative: bool,
    /// Three-phase commit: what participants do when the coordinator is silent, `elected` or `naive`.
    pub termination: TerminationRule,
    /// What an uncertain participant does by itself in the end, such as `{ after = "5s", outcome = "abort" }`. It breaks atomicity.
    pub heuristic: Option<Heuristic>,
    /// After how many records a participant's journal is replaced by what it adds up to; 0 is never.
    pub checkpoint: u32,
    /// How long a coordinator waits until the work is done. Any is safe; it ends deadlocks.
    pub work_timeout: Duration,
    /// How long it waits for votes. Any is safe.
    pub vote_timeout: Duration,
    /// How long a participant keeps work that it is not asked to vote on. Any is safe.
    pub idle: Duration,
    /// How long a participant is uncertain until it asks. Any is safe, but in three-phase commit: there the coordinator must have been
    /// silent for longer than it waits for votes.
    pub inquiry: Duration,
    /// How long a coordinator waits for acknowledgements. Any is safe.
    pub resend: Duration,
    /// Three-phase commit: within this time whoever is up has answered. Two delays and a forced write, or more.
    pub round: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            variant: Form::TwoPhase,
            coordinators: 1,
            participants: None,
            faults: 1,
            co_located: false,
            accounts: None,
            balance: 100,
            read_only: true,
            cooperative: false,
            termination: TerminationRule::Elected,
            heuristic: None,
            checkpoint: 32,
            work_timeout: Duration::from_millis(400),
            vote_timeout: Duration::from_millis(200),
            idle: Duration::from_millis(1_000),
            inquiry: Duration::from_millis(500),
            resend: Duration::from_millis(200),
            round: Duration::from_millis(100),
        }
    }
}

impl Parameters {
    /// How many acceptors there are.
    const fn acceptors(&self) -> u32 {
        if self.variant.is_paxos() { 2 * self.faults + 1 } else { 0 }
    }

    /// The nodes that come before those of the participants.
    const fn before(&self) -> u32 {
        match (self.variant.is_paxos(), self.co_located) {
            (true, true) => 0,
            (true, false) => self.acceptors(),
            (false, _) => self.coordinators,
        }
    }

    fn settings(&self, nodes: u32) -> Result<Settings, String> {
        let before = self.before();
        let participants = self.participants.unwrap_or_else(|| nodes.saturating_sub(before));
        let needed = (before + participants).max(self.acceptors());
        if participants == 0 || nodes < needed {
            return Err(format!(
                "{nodes} nodes are too few for {participants} participants: take {} or more",
                needed.max(before + 1)
            ));
        }
        if self.coordinators == 0 {
            return Err(String::from("`coordinators` is 0: somebody has to coordinate"));
        }
        if self.balance < 0 {
            return Err(format!("`balance` is {}: accounts are never overdrawn", self.balance));
        }
        if self.variant == Form::ThreePhase && self.inquiry <= self.vote_timeout {
            return Err(format!(
                "`inquiry` is {} and `vote_timeout` is {}: participants must wait longer than a coordinator that is up",
                self.inquiry, self.vote_timeout
            ));
        }
        self.check_times()?;
        let range = |count: u32, first: u32| (first..first + count).map(NodeId).collect();
        let acceptors: Vec<NodeId> = range(self.acceptors(), 1);
        Ok(Settings {
            protocol: self.variant,
            coordinators: if acceptors.is_empty() {
                range(self.coordinators, 1)
            } else {
                acceptors.clone()
            },
            participants: range(participants, before + 1),
            acceptors,
            accounts: self.accounts.unwrap_or(2 * participants),
            balance: self.balance,
            read_only: self.read_only && self.variant.has_read_only_votes(),
            cooperative: self.cooperative,
            termination: self.termination,
            heuristic: self.heuristic,
            checkpoint: self.checkpoint,
            work_timeout: self.work_timeout,
            vote_timeout: self.vote_timeout,
            idle: self.idle,
            inquiry: self.inquiry,
            resend: self.resend,
            round: self.round,
        })
    }

    fn check_times(&self) -> Result<(), String> {
        let times = [
            ("work_timeout", self.work_timeout),
            ("vote_timeout", self.vote_timeout),
            ("idle", self.idle),
            ("inquiry", self.inquiry),
            ("resend", self.resend),
            ("round", self.round),
        ];
        match times.iter().find(|(_, time)| *time == Duration::ZERO) {
            Some((name, _)) => {
                Err(format!("`{name}` is 0s: it needs a positive time, such as `200ms`"))
            }
            None => Ok(()),
        }
    }
}

impl Registration for Commit {
    type Node = Site;
    type Parameters = Parameters;

    const NAME: &'static str = "commit";
    const SUMMARY: &'static str = "atomic commit between banks: two-phase with its presumptions and topologies, three-phase, Paxos Commit";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = statistics::STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        Ok(vec![parameters.settings(nodes)?; nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Site>>> {
        // Their names are asked for before the number of nodes is known.
        let settings = parameters.settings(nodes).or_else(|_| Parameters::default().settings(2));
        settings.map_or_else(|_| vec![], |settings| invariants::all(&settings))
    }

    fn statistics(world: &World<Site>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        statistics::of_run(world, notes)
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        bank::generator(workload)
    }

    fn entries(parameters: &Parameters, nodes: u32) -> Vec<NodeId> {
        parameters.settings(nodes).map_or_else(|_| vec![], |settings| settings.coordinators)
    }

    /// Any faults but those of a disk that loses what it had promised to keep, and nodes that lie. Three-phase commit: crashes alone.
    fn fault_model(parameters: &Parameters, nodes: u32) -> FaultModel {
        let families = match parameters.variant {
            Form::ThreePhase => vec![Family::Crash, Family::Restart, Family::TornWrite],
            Form::TwoPhase
            | Form::PresumedAbort
            | Form::PresumedCommit
            | Form::Linear
            | Form::Decentralised
            | Form::PaxosCommit
            | Form::FasterPaxosCommit => Family::CRASH_RECOVERY.to_vec(),
        };
        let is_paxos = parameters.variant.is_paxos();
        let down_at_most = if is_paxos { parameters.faults } else { nodes };
        FaultModel { families, down_at_most, drift_ppb: 100_000_000, bears_harsh: false }
    }

    /// All participants, for accounts are nowhere else; the coordinator, or a majority of the acceptors.
    fn is_core(parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        let Ok(settings) = parameters.settings(nodes) else { return false };
        let acceptors = settings.acceptors.iter().filter(|id| set.contains(id)).count();
        let has_deciders = if parameters.variant.is_paxos() {
            settings.quorum() <= acceptors
        } else {
            settings.coordinators.iter().all(|id| set.contains(id))
        };
        has_deciders && settings.participants.iter().all(|id| set.contains(id))
    }
}
