//! A Raft server: its state (figure 2) and which rule handles what.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use orrery_sim::random::Draw;
use orrery_sim::{
    ClientId, Context, Duration, DurationRange, LocalTime, Node, NodeId, OperationId, Position,
    Protocol, Start,
};

use crate::kv::{Administered, Command, Output, Store};
use crate::quorum::reached_by;
use crate::replicated::{Milestone, Replica};

use super::administration::Operation;
use super::bugs::{R3, R12};
use super::configuration::Configuration;
use super::follower_reads::FollowerRead;
use super::lease::DriftBound;
use super::log::{Entry, Log};
use super::message::Message;
use super::numbers::{Index, Term};
use super::reads::Reads;
use super::role::Role;
use super::snapshot::{Receiving, Snapshot};
use super::transfer::Transfer;

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raft;

impl Protocol for Raft {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// What a server is told at its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Config {
    /// What it keeps to.
    pub settings: Settings,
    /// The term that it finds on its disk at the start of the run.
    pub initial_term: Term,
    /// The terms of the entries that it finds in its log at the start of the run.
    pub initial_log: Vec<Term>,
    /// The configuration that it begins with; an empty one for a server that is to be added.
    pub initial_configuration: Configuration,
    /// Its first election timeout of the run; drawn as the others where absent.
    pub first_timeout: Option<Duration>,
}

/// What a server keeps to.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule of its own that is kept or left out"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// How long a server hears from no leader until it stands for election, drawn anew each time
    /// (§5.2).
    pub election_timeout: DurationRange,
    /// How often a leader lets its followers know that it is there.
    pub heartbeat: Duration,
    /// How many entries one AppendEntries carries at most.
    pub max_entries: u32,
    /// Whether a new leader begins with an entry that does nothing (§8).
    pub no_op: bool,
    /// After how many applied entries a server takes a snapshot and gives them up; never, where absent.
    pub snapshot_after: Option<u32>,
    /// How many pieces of a snapshot one `InstallSnapshot` carries at most.
    pub snapshot_chunk: u32,
    /// After what time without an operation a client's session ends; never, where absent.
    pub session_timeout: Option<Duration>,
    /// Whether a server asks whether it would win before it stands for election (dissertation, §9.6).
    pub pre_vote: bool,
    /// Whether a leader that hears no quorum for an election timeout steps down (dissertation, §6.2).
    pub check_quorum: bool,
    /// Whether a server that has just heard a leader keeps its vote and its term (dissertation, §4.2.3).
    pub sticky: bool,
    /// How reads are kept from seeing the past.
    pub reads: Reads,
    /// How many times faster than the slowest clock the fastest may run: what a lease is shortened by (dissertation, §6.4.1).
    pub drift_bound: DriftBound,
    /// Whether followers answer reads (dissertation, §6.4).
    pub follower_reads: bool,
    /// Whether the server takes part at all. One that does not is as good as dead.
    pub is_live: bool,
}

/// A record of the journal: a change of the persistent state of figure 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// `currentTerm` and `votedFor`, always together: a vote without its term would be one for any.
    Vote {
        /// The term.
        term: Term,
        /// The candidate that has the server's vote in it.
        voted_for: Option<NodeId>,
    },
    /// An entry at the end of the log.
    Append {
        /// Its place.
        index: Index,
        /// The entry.
        entry: Entry,
    },
    /// The log ends before this entry now.
    TruncateFrom {
        /// The first that is gone.
        index: Index,
    },
    /// A snapshot, the first record but for the vote: it stands for everything before (§7).
    Snapshot(Snapshot),
}

/// What a server waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Followers and candidates: no leader was heard for too long.
    Election,
    /// Leaders: time to be heard.
    Heartbeat,
    /// Leaders that hand over: no new leader for too long.
    Transfer,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A server stands for election.
    BecameCandidate {
        /// In this term.
        term: Term,
    },
    /// A vote is on disk: from now on it binds the server, whatever happens.
    Voted {
        /// The term of the vote.
        term: Term,
        /// Who has it.
        candidate: NodeId,
    },
    /// A candidate became leader.
    Elected {
        /// Of this term.
        term: Term,
        /// By these votes, in the order in which they were counted.
        votes: Vec<NodeId>,
    },
    /// A leader learned of a newer term, or lost its quorum.
    SteppedDown {
        /// The term that it led.
        term: Term,
    },
    /// A server deleted entries that conflict with the leader's.
    Truncated {
        /// The first that is gone.
        from: Index,
    },
    /// A server knows all entries up to here to be committed.
    Committed {
        /// The last of them.
        index: Index,
        /// The term of the entry there.
        term: Term,
    },
    /// An entry was applied to the state machine.
    Applied {
        /// Its place.
        index: Index,
        /// Its term.
        term: Term,
        /// What it asked of the state machine.
        command: Command,
        /// Whether a client's operation took effect: a repetition does not.
        took_effect: bool,
    },
    /// A server appended a configuration as a leader, or took one over in its log.
    Reconfiguring {
        /// Its place.
        index: Index,
        /// Who takes part from now on, by this server.
        configuration: Arc<Configuration>,
    },
    /// A server knows its latest configuration to be committed.
    Reconfigured {
        /// Its place.
        index: Index,
        /// Who takes part.
        configuration: Arc<Configuration>,
    },
    /// A server goes on from the state of a snapshot: its own at a restart, or its leader's.
    Installed {
        /// The last entry that the snapshot stands for.
        index: Index,
    },
    /// A server asks whether it would win an election (dissertation, §9.6).
    BecamePreCandidate {
        /// In this term, which it does not enter yet.
        term: Term,
    },
    /// A leader heard no quorum for an election timeout (dissertation, §6.2).
    LostQuorum {
        /// Its term.
        term: Term,
    },
    /// A leader takes no more writes, and is about to hand over (dissertation, §3.10).
    TransferBegun {
        /// To this server.
        to: NodeId,
    },
    /// Nothing came of that within an election timeout.
    TransferAbandoned {
        /// Who was to lead.
        to: NodeId,
    },
}

/// A vote that is on its way to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Pledge {
    position: Position,
    term: Term,
    candidate: NodeId,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    // Persistent state on all servers: the journal has it before anybody is told.
    /// The latest term that the server has seen.
    pub(super) current_term: Term,
    /// Who has its vote in that term.
    pub(super) voted_for: Option<NodeId>,
    /// The log.
    pub(super) log: Log,

    // Volatile state on all servers.
    /// The last entry that it knows to be committed.
    pub(super) commit_index: Index,
    /// The last entry that it applied.
    pub(super) last_applied: Index,
    /// What it is.
    pub(super) role: Role,
    /// What the committed entries made.
    pub(super) state_machine: Store,
    /// The configurations in its log, each with its place, behind that of the snapshot or the first one.
    pub(super) configurations: Vec<(Index, Arc<Configuration>)>,
    /// Its latest snapshot, which is on disk too.
    pub(super) snapshot: Option<Snapshot>,
    /// A snapshot of which the leader has sent some.
    pub(super) receiving: Option<Receiving>,
    /// When it last executed an operation of each client, by its own clock.
    pub(super) sessions_used: BTreeMap<ClientId, LocalTime>,
    /// When it heard a leader last, by its own clock.
    pub(super) last_heard: Option<LocalTime>,
    /// Reads that it answers as a follower.
    pub(super) own_reads: Vec<FollowerRead>,
    /// The handing over of its leadership, until the administrator is answered.
    pub(super) transfer: Option<Transfer>,

    /// The last place in its journal that it has written to.
    written: Position,
    /// The last place that is on disk, or that its next message waits for.
    forced: Position,
    /// A vote that is on its way to the disk.
    pledge: Option<Pledge>,
    /// What it keeps to.
    pub(super) settings: Settings,
}

impl Node for Server {
    type Protocol = Raft;

    fn on_start(start: Start<'_, Raft>, ctx: &mut Context<'_, Raft>) -> Self {
        let mut server = Self::recover(&start);
        server.write_initial_state(&start, ctx);
        if ctx.bug(&R3) && 0 < start.incarnation {
            (server.current_term, server.voted_for) = (Term(0), None);
        }
        if let Some(snapshot) = &server.snapshot {
            ctx.note(Note::Installed { index: snapshot.last_included_index });
        }
        // Who has a journal may have heard a leader right before its crash, which may count on that.
        server.last_heard = (!start.journal.records().is_empty()).then(|| ctx.now());
        let first_timeout = start.config.first_timeout.filter(|_| start.incarnation == 0);
        match first_timeout {
            Some(after) if server.settings.is_live => ctx.set_timer(Timer::Election, after),
            _ => server.restart_election_timer(ctx),
        }
        server
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Raft>) {
        if !self.settings.is_live {
            return;
        }
        if self.sticks_to_its_leader(&message, ctx) {
            return ctx.probe("vote-withheld");
        }
        self.update_term(&message, ctx);
        match message {
            Message::PreVote(request) => self.handle_pre_vote_request(from, &request, ctx),
            Message::PreVoteResponse(response) => {
                self.handle_pre_vote_response(from, &response, ctx);
            }
            Message::TimeoutNow(request) => self.handle_timeout_now(&request, ctx),
            Message::ReadIndex(request) => self.handle_read_index_request(from, &request, ctx),
            Message::ReadIndexResponse(response) => self.handle_read_index_response(&response, ctx),
            Message::RequestVote(request) => self.handle_request_vote_request(from, &request, ctx),
            Message::RequestVoteResponse(response) => {
                self.handle_request_vote_response(from, &response, ctx);
            }
            Message::AppendEntries(request) => {
                self.handle_append_entries_request(from, request, ctx);
            }
            Message::AppendEntriesResponse(response) => {
                self.handle_append_entries_response(from, &response, ctx);
            }
            Message::InstallSnapshot(request) => {
                self.handle_install_snapshot_request(from, request, ctx);
            }
            Message::InstallSnapshotResponse(response) => {
                self.handle_install_snapshot_response(from, &response, ctx);
            }
        }
        self.serve_own_reads(ctx);
        self.continue_transfer(ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Raft>) {
        match timer {
            Timer::Election => self.timeout(ctx),
            Timer::Heartbeat if self.holds_quorum(ctx) => self.heartbeat(ctx),
            Timer::Heartbeat => {}
            Timer::Transfer => self.abandon_transfer(ctx),
        }
    }

    fn on_operation(&mut self, id: OperationId, operation: Operation, ctx: &mut Context<'_, Raft>) {
        if !self.settings.is_live {
            return;
        }
        match operation {
            Administered::Store(operation) => match self.leader_to_ask(&operation) {
                Some(leader) => self.follower_read(id, operation, leader, ctx),
                None => self.client_request(id, operation, ctx),
            },
            Administered::Administrative(request) => self.administer(id, &request, ctx),
        }
    }

    fn on_synced(&mut self, through: Position, ctx: &mut Context<'_, Raft>) {
        self.forced = self.forced.max(through);
        self.vote_is_durable(through, ctx);
        self.own_entries_are_durable(through, ctx);
    }

    fn forge(&self, _to: NodeId, message: &Message, draw: &mut Draw<'_>) -> Option<Message> {
        self.lie(message, draw)
    }

    fn role(&self) -> &'static str {
        match &self.role {
            Role::Follower { .. } if !self.settings.is_live => "absent",
            Role::Follower { .. } => "follower",
            Role::PreCandidate { .. } => "pre-candidate",
            Role::Candidate { .. } => "candidate",
            Role::Leader(_) => "leader",
        }
    }

    fn epoch(&self) -> u64 {
        self.current_term.0
    }
}

/// The way to the disk and back.
impl Server {
    /// A follower with the persistent state that the journal's records add up to. Records that a
    /// crash overtook on their way to the disk are missing from some point on; nobody was told of
    /// them.
    fn recover(start: &Start<'_, Raft>) -> Self {
        let mut server = Self {
            current_term: Term(0),
            voted_for: None,
            log: Log::default(),
            commit_index: Index(0),
            last_applied: Index(0),
            role: Role::Follower { leader: None },
            state_machine: Store::default(),
            configurations: vec![(Index(0), Arc::new(start.config.initial_configuration.clone()))],
            snapshot: None,
            receiving: None,
            sessions_used: BTreeMap::new(),
            last_heard: None,
            own_reads: vec![],
            transfer: None,
            written: start.journal.written(),
            forced: start.journal.synced(),
            pledge: None,
            settings: start.config.settings,
        };
        for record in start.journal.records() {
            match record {
                Record::Vote { term, voted_for } => {
                    (server.current_term, server.voted_for) = (*term, *voted_for);
                }
                Record::Append { index, entry } => {
                    let place = server.log.push(entry.clone());
                    assert_eq!(place, *index, "the journal has the log's entries in their order");
                    server.learn_configuration(place, &entry.payload);
                }
                Record::TruncateFrom { index } => {
                    server.log.truncate_from(*index);
                    server.forget_configurations_from(*index);
                }
                Record::Snapshot(snapshot) => server.recover_snapshot(snapshot),
            }
        }
        server
    }

    fn recover_snapshot(&mut self, snapshot: &Snapshot) {
        let (index, term) = (snapshot.last_included_index, snapshot.last_included_term);
        self.log = Log::behind(index, term);
        self.configurations = vec![(index, Arc::clone(&snapshot.configuration))];
        self.restore(snapshot);
        self.snapshot = Some(snapshot.clone());
    }

    /// Begins with the term and the log that the scenario wants, atomically: a crash leaves all or
    /// nothing.
    fn write_initial_state(&mut self, start: &Start<'_, Raft>, ctx: &mut Context<'_, Raft>) {
        let Config { initial_term, initial_log, .. } = start.config;
        let is_bare = *initial_term == Term(0) && initial_log.is_empty();
        if is_bare || !start.journal.records().is_empty() {
            return;
        }
        let mut records = vec![Record::Vote { term: *initial_term, voted_for: None }];
        self.current_term = *initial_term;
        for term in initial_log {
            let entry = Entry::of_command(*term, Command::NoOp);
            let index = self.log.push(entry.clone());
            records.push(Record::Append { index, entry });
        }
        self.written = ctx.checkpoint(records);
        ctx.sync();
        self.forced = self.written;
    }

    /// Writes a record to the journal. It is not on disk yet.
    pub(super) fn write(&mut self, record: Record, ctx: &mut Context<'_, Raft>) -> Position {
        self.written = ctx.append(record);
        self.written
    }

    /// Replaces the whole journal, atomically. As a leader, others wait for nothing that is in it.
    pub(super) fn replace_journal(&mut self, records: Vec<Record>, ctx: &mut Context<'_, Raft>) {
        self.written = ctx.checkpoint(records);
        if self.is_leader() {
            ctx.sync_in_background();
        }
    }

    /// Makes everything that this server sends from now on wait until what it wrote so far is on
    /// disk: "updated on stable storage before responding to RPCs" (figure 2).
    pub(super) fn sync(&mut self, ctx: &mut Context<'_, Raft>) {
        if self.forced < self.written {
            ctx.sync();
            self.forced = self.written;
        }
    }

    /// Answers another server. What the answer promises is on disk before it leaves. A leader
    /// promises nothing to others but what it had on disk when it was elected, so that its own
    /// writes hold up no answer.
    pub(super) fn answer(&mut self, to: NodeId, message: Message, ctx: &mut Context<'_, Raft>) {
        if !self.is_leader() {
            self.sync(ctx);
        }
        ctx.send(to, message);
    }

    /// Remembers that the vote of the current term goes to `candidate` with the record at
    /// `position`.
    pub(super) fn pledge(&mut self, candidate: NodeId, position: Position) {
        self.pledge = Some(Pledge { position, term: self.current_term, candidate });
    }

    /// A vote reached the disk: it binds from now on, and if it is for ourselves, it counts.
    fn vote_is_durable(&mut self, through: Position, ctx: &mut Context<'_, Raft>) {
        let Some(pledge) = self.pledge.take_if(|pledge| pledge.position <= through) else { return };
        ctx.note(Note::Voted { term: pledge.term, candidate: pledge.candidate });
        if pledge.candidate == ctx.id() && pledge.term == self.current_term {
            self.count_vote(pledge.candidate, ctx);
        }
    }
}

/// What monitors, tests and other tools look at.
impl Server {
    /// The latest term that the server has seen.
    pub const fn current_term(&self) -> Term {
        self.current_term
    }

    /// Who has its vote in that term.
    pub const fn voted_for(&self) -> Option<NodeId> {
        self.voted_for
    }

    /// Its log.
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// The last entry that it knows to be committed.
    pub const fn commit_index(&self) -> Index {
        self.commit_index
    }

    /// The last entry that it applied.
    pub const fn last_applied(&self) -> Index {
        self.last_applied
    }

    /// What it is.
    pub const fn current_role(&self) -> &Role {
        &self.role
    }

    /// What the committed entries made.
    pub const fn state_machine(&self) -> &Store {
        &self.state_machine
    }

    /// Whether it leads its current term.
    pub const fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }
}

impl Replica for Server {
    fn store(&self) -> &Store {
        &self.state_machine
    }

    fn executed(&self) -> u64 {
        self.last_applied.0
    }

    fn milestone(note: &Note) -> Option<Milestone<'_>> {
        match note {
            Note::Applied { index, command, took_effect, .. } => {
                Some(Milestone::Executed { position: index.0, command, took_effect: *took_effect })
            }
            Note::Installed { index } => Some(Milestone::Installed { position: index.0 }),
            Note::BecameCandidate { .. }
            | Note::Voted { .. }
            | Note::Elected { .. }
            | Note::SteppedDown { .. }
            | Note::Truncated { .. }
            | Note::Committed { .. }
            | Note::Reconfiguring { .. }
            | Note::Reconfigured { .. }
            | Note::BecamePreCandidate { .. }
            | Note::LostQuorum { .. }
            | Note::TransferBegun { .. }
            | Note::TransferAbandoned { .. } => None,
        }
    }
}

/// Who decides.
impl Server {
    /// Whether those who `has` names are a quorum: any two quorums share a server.
    pub(super) fn is_quorum(&self, has: impl Fn(NodeId) -> bool, ctx: &Context<'_, Raft>) -> bool {
        let governing = self.governing(ctx);
        let halves = || (governing.voters().len() / 2).max(1);
        let count = || governing.voters().iter().filter(|id| has(**id)).count();
        governing.is_quorum(&has) || (ctx.bug(&R12) && halves() <= count())
    }

    /// The highest value that a quorum has reached, where `value` gives each server's.
    pub(super) fn reached_by_quorum<T: Ord + Copy>(
        &self,
        value: impl Fn(NodeId) -> Option<T>,
        ctx: &Context<'_, Raft>,
    ) -> Option<T> {
        let governing = self.governing(ctx);
        if ctx.bug(&R12) {
            let half = (governing.voters().len() as u32 / 2).max(1);
            return reached_by(half, governing.voters().iter().filter_map(|id| value(*id)));
        }
        governing.reached_by(value)
    }
}
