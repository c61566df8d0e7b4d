//! How scenario files, command line and debugger know Raft.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Duration, DurationRange, Monitor, NodeId, Registration, World};

use crate::kv::{self, Administration};
use crate::quorum::majority;

use super::administration::{self, Operation};
use super::configuration::Configuration;
use super::lease::DriftBound;
use super::numbers::Term;
use super::reads::Reads;
use super::server::{Config, Raft, Server, Settings};
use super::{bugs, invariants, statistics};

/// Situations that a sweep should come by, if its faults make them possible.
const PROBES: &[&str] = &[
    // A server that was to be added did not catch up.
    "change-abandoned",
    // A client asked again for a write that had taken effect.
    "answer-from-session",
    // A follower answered a read itself.
    "follower-read",
    // A leader answered a read without a message.
    "lease-read",
    // A follower had entries that conflict with its leader's.
    "log-conflict",
    // A leader saw an entry of an earlier term on a quorum, and had to leave it uncommitted (figure
    // 8).
    "old-entry-on-quorum",
    // Somebody would not vote for a server that asked before it stood.
    "pre-vote-refused",
    // The network delivered a vote twice.
    "second-vote",
    // A leader proposed the end of a client's session.
    "session-expired",
    // A snapshot took the place of entries that conflict with it.
    "snapshot-over-conflict",
    // A server gave up entries for a snapshot.
    "snapshot-taken",
    // A voter refused a candidate whose log was less up to date.
    "vote-refused-for-log",
    // A voter that had just heard its leader passed a request for a vote over.
    "vote-withheld",
];

/// What a scenario may set.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule of its own that is kept or left out"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How long a server hears from no leader until it stands for election. The paper recommends
    /// 150 to 300 ms (§9.3); any is safe, and one that is not well above the latency elects nobody.
    pub election_timeout: DurationRange,
    /// How often a leader is heard. Well below the election timeout, or leaders are deposed for
    /// nothing.
    pub heartbeat: Duration,
    /// How many entries one AppendEntries carries at most.
    pub max_entries: u32,
    /// Whether a new leader begins with an entry that does nothing (§8). Without it, reads wait for
    /// the first write of its term.
    pub no_op: bool,
    /// The servers of the first configuration; all where absent. The others wait until they are added.
    pub voters: Option<Vec<NodeId>>,
    /// After how many applied entries a server takes a snapshot and gives them up; never, where absent.
    pub snapshot_after: Option<u32>,
    /// How many pieces of a snapshot, which are values and sessions, one `InstallSnapshot` carries at most.
    pub snapshot_chunk: u32,
    /// After what time without an operation a leader has a client's session end; never, where absent. Much longer than clients wait
    /// for an answer, or their retries find no session and end without one.
    pub session_timeout: Option<Duration>,
    /// Whether a server asks whether it would win before it stands for election (dissertation, §9.6).
    pub pre_vote: bool,
    /// Whether a leader that hears no quorum for the longest election timeout steps down (dissertation,
    /// §6.2).
    pub check_quorum: bool,
    /// Whether a server that heard a leader within the shortest election timeout votes for nobody, and no
    /// request for a vote moves its term (dissertation, §4.2.3). Nor does one that came back within that time.
    pub sticky: bool,
    /// How reads are kept from seeing the past: `read-index` asks a majority, `lease` trusts that a majority
    /// was heard a moment ago and needs `sticky`, `log` treats a read as a write.
    pub reads: Reads,
    /// How many times faster than the slowest clock the fastest may run, from 1 on. A lease lasts the
    /// shortest election timeout divided by it (dissertation, §6.4.1).
    pub drift_bound: DriftBound,
    /// Whether followers answer reads, having asked the leader how far they must have applied (dissertation,
    /// §6.4).
    pub follower_reads: bool,
    /// How many servers ever take part, the first ones: the others are as good as dead. All where
    /// absent.
    pub live: Option<u32>,
    /// The terms of the entries that each server finds in its log at first, `n1` first. Servers
    /// that are not listed find none.
    pub logs: Option<Vec<Vec<u64>>>,
    /// The term that each server finds itself in at first. Servers that are not listed begin in
    /// that of their last entry.
    pub terms: Option<Vec<u64>>,
    /// The first election timeout of each server. Servers that are not listed draw theirs.
    pub first_timeouts: Option<Vec<Duration>>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            election_timeout: DurationRange::new(
                Duration::from_millis(150),
                Duration::from_millis(300),
            ),
            heartbeat: Duration::from_millis(50),
            max_entries: 64,
            no_op: true,
            voters: None,
            snapshot_after: None,
            snapshot_chunk: 64,
            session_timeout: None,
            pre_vote: false,
            check_quorum: false,
            sticky: false,
            reads: Reads::ReadIndex,
            drift_bound: DriftBound::DEFAULT,
            follower_reads: false,
            live: None,
            logs: None,
            terms: None,
            first_timeouts: None,
        }
    }
}

impl Parameters {
    fn check(&self, nodes: u32) -> Result<(), String> {
        let lists = [
            ("logs", self.logs.as_ref().map(Vec::len)),
            ("terms", self.terms.as_ref().map(Vec::len)),
            ("first_timeouts", self.first_timeouts.as_ref().map(Vec::len)),
        ];
        for (name, length) in lists {
            if let Some(length) = length.filter(|length| (nodes as usize) < *length) {
                return Err(format!(
                    "`{name}` lists {length} servers, and there are {nodes}: raise `nodes` or shorten the list"
                ));
            }
        }
        let problem = if self.election_timeout.min == Duration::ZERO {
            "`election_timeout` begins at 0s: it needs a positive time, as in `150ms..300ms`"
        } else if self.heartbeat == Duration::ZERO {
            "`heartbeat` is 0s: it needs a positive time, such as `50ms`"
        } else if self.max_entries == 0 {
            "`max_entries` is 0: a message needs room for at least 1"
        } else if self.snapshot_after == Some(0) || self.snapshot_chunk == 0 {
            "`snapshot_after` and `snapshot_chunk` need at least 1"
        } else if self.voters.as_ref().is_some_and(Vec::is_empty) {
            "`voters` is empty: somebody has to vote"
        } else if let Some(id) =
            self.voters.iter().flatten().find(|id| !(1..=nodes).contains(&id.0))
        {
            return Err(format!("`voters` names {id}, and there are n1 to n{nodes}"));
        } else if self.reads == Reads::Lease && !self.sticky {
            "`reads = \"lease\"` needs `sticky = true`: a lease counts on voters that keep their vote from rivals of a leader that they have just heard"
        } else if self.reads == Reads::Log && self.follower_reads {
            "`follower_reads` ask the leader for a read index: with them, `reads` is `read-index` or `lease`, not `log`"
        } else if self.live.is_some_and(|live| live == 0 || nodes < live) {
            return Err(format!(
                "`live` is out of range: of {nodes} servers 1 to {nodes} can be live"
            ));
        } else {
            return Ok(());
        };
        Err(problem.to_owned())
    }

    /// The configuration that `id` begins with: one that waits to be added knows of none.
    fn first_configuration(&self, id: NodeId, nodes: u32) -> Configuration {
        let voters = self.first_voters(nodes);
        if voters.contains(&id) { Configuration::of(voters) } else { Configuration::default() }
    }

    fn first_voters(&self, nodes: u32) -> Vec<NodeId> {
        self.voters.clone().unwrap_or_else(|| NodeId::all(nodes).collect())
    }

    fn config(&self, id: NodeId, nodes: u32) -> Result<Config, String> {
        let terms = self.logs.as_ref().and_then(|logs| logs.get(id.index()));
        let initial_log: Vec<Term> = terms.into_iter().flatten().map(|term| Term(*term)).collect();
        if !initial_log.is_sorted() || initial_log.first() == Some(&Term(0)) {
            return Err(format!("the log of {id} is no log: its terms begin at 1 and never fall"));
        }
        let last = initial_log.last().copied().unwrap_or_default();
        let listed = self.terms.as_ref().and_then(|terms| terms.get(id.index()));
        let initial_term = listed.map_or(last, |term| Term(*term));
        if initial_term < last {
            return Err(format!(
                "{id} is in {initial_term} and has an entry of {last}: raise its term"
            ));
        }
        let first_timeouts = self.first_timeouts.as_ref();
        Ok(Config {
            settings: Settings {
                election_timeout: self.election_timeout,
                heartbeat: self.heartbeat,
                max_entries: self.max_entries,
                no_op: self.no_op,
                snapshot_after: self.snapshot_after,
                snapshot_chunk: self.snapshot_chunk,
                session_timeout: self.session_timeout,
                pre_vote: self.pre_vote,
                check_quorum: self.check_quorum,
                sticky: self.sticky,
                reads: self.reads,
                drift_bound: self.drift_bound,
                follower_reads: self.follower_reads,
                is_live: self.live.is_none_or(|live| id.0 <= live),
            },
            initial_term,
            initial_log,
            initial_configuration: self.first_configuration(id, nodes),
            first_timeout: first_timeouts.and_then(|timeouts| timeouts.get(id.index()).copied()),
        })
    }
}

impl Registration for Raft {
    type Node = Server;
    type Parameters = Parameters;

    const NAME: &'static str = "raft";
    const SUMMARY: &'static str =
        "Raft: consensus by a leader and a replicated log (Ongaro & Ousterhout 2014)";
    const BUGS: &'static [Bug] = bugs::BUGS;
    const ADMINISTRATIVE: &'static [&'static str] = administration::Request::NAMES;
    const PROBES: &'static [&'static str] = PROBES;
    const STATISTICS: &'static [Statistic] = statistics::STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Config>, String> {
        parameters.check(nodes)?;
        NodeId::all(nodes).map(|id| parameters.config(id, nodes)).collect()
    }

    fn monitors(_parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Server>>> {
        invariants::all(nodes)
    }

    fn statistics(world: &World<Server>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        statistics::of_run(world, notes)
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        kv::generator(workload).map(kv::of_the_store)
    }

    /// Those that take part.
    fn entries(parameters: &Parameters, nodes: u32) -> Vec<NodeId> {
        NodeId::all(parameters.live.unwrap_or(nodes)).collect()
    }

    /// Any faults but those of a disk that loses what it had promised to keep, and nodes that lie. Only
    /// leases trust clocks: to stay within their bound. Otherwise a clock's rate only matters to progress.
    fn fault_model(parameters: &Parameters, nodes: u32) -> FaultModel {
        let voters = parameters.first_voters(nodes).len() as u32;
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: (able(parameters, nodes).count() as u32).saturating_sub(majority(voters)),
            drift_ppb: match parameters.reads {
                Reads::Lease => parameters.drift_bound.drift_ppb(),
                Reads::ReadIndex | Reads::Log => 100_000_000,
            },
            bears_harsh: false,
        }
    }

    fn is_core(parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        let voters = parameters.first_voters(nodes).len() as u32;
        let able = able(parameters, nodes).filter(|id| set.contains(id));
        majority(voters) as usize <= able.count()
    }
}

/// The voters of the first configuration that take part.
fn able(parameters: &Parameters, nodes: u32) -> impl Iterator<Item = NodeId> + use<> {
    let live = parameters.live.unwrap_or(nodes);
    parameters.first_voters(nodes).into_iter().filter(move |id| id.0 <= live)
}
