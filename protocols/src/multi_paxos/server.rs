//! A process: acceptor, replica and leader in one, as they are run in practice (PMMC, §4.4), its state, and which rule handles
//! what.

use std::sync::Arc;

use serde::Serialize;

use orrery_sim::{
    Context, Duration, DurationRange, LocalTime, Node, NodeId, OperationId, Position, Protocol,
    Start,
};

use crate::kv::{Administered, Output, Store};
use crate::replicated::{Milestone, Replica};

use super::configuration::Configurations;
use super::message::{Administration, Command, Message, PValue, Snapshot};
use super::numbers::{Ballot, Slot};
use super::quorums::Quorums;
use super::role::{Leadership, Role};
use super::slots::Slots;

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiPaxos;

impl Protocol for MultiPaxos {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = Administered<Administration>;
    type Output = Output;
}

/// What a process keeps to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The acceptors of the first configuration.
    pub members: Vec<NodeId>,
    /// Which of them are quorums.
    pub quorums: Quorums,
    /// How long a process hears from no leader until it sends a scout, drawn anew each time.
    pub election_timeout: DurationRange,
    /// How often a leader lets the others know that it is there.
    pub heartbeat: Duration,
    /// How many commands one message carries at most.
    pub max_commands: u32,
    /// How many slots a leader may propose for beyond those that it has performed: α, PMMC's WINDOW.
    pub alpha: u32,
    /// How reads are served.
    pub reads: Reads,
    /// How leases are given, where they are.
    pub lease: Option<LeaseTerms>,
    /// After how many slots a process makes a snapshot and forgets them.
    pub snapshot_every: Option<u32>,
    /// How long a session may be idle.
    pub session_timeout: Option<Duration>,
}

/// How reads are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Reads {
    /// As commands, each in a slot of its own.
    Log,
    /// By the leader, after a round of heartbeats that a quorum answered.
    Quorum,
    /// By the leader alone, as long as its lease lasts; after a round otherwise.
    Lease,
}

/// A lease as both sides see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LeaseTerms {
    /// For how long an acceptor follows nobody else, by its own clock.
    pub granted: Duration,
    /// For how long the leader relies on that, by its clock: less, by as much as the two clocks may drift apart.
    pub relied_on: Duration,
}

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// This disk is in use: who finds none of this on it at a restart has lost a disk (Paxos Made Live, §5.1).
    InUse,
    /// A snapshot took the place of all slots that it covers.
    Snapshot(Arc<Snapshot>),
    /// The acceptor promised to accept nothing below this ballot.
    Promised {
        /// The ballot.
        ballot: Ballot,
    },
    /// The acceptor accepted a command.
    Accepted {
        /// In this slot.
        slot: Slot,
        /// At this ballot.
        ballot: Ballot,
        /// What.
        command: Command,
    },
    /// The replica learned that something else was chosen than it had accepted.
    Chosen {
        /// In this slot.
        slot: Slot,
        /// What.
        command: Command,
    },
    /// In all slots before, what is recorded last is what was chosen.
    Decided {
        /// The first slot that this does not speak of.
        slot_out: Slot,
    },
}

/// What a process waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Followers and candidates: no leader was heard for too long.
    Election,
    /// Leaders: time to be heard.
    Heartbeat,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A process sends a scout.
    Scouting {
        /// At this ballot.
        ballot: Ballot,
    },
    /// A quorum has promised: the process leads.
    Adopted {
        /// This ballot.
        ballot: Ballot,
        /// By these promises, in the order in which they were counted.
        promises: Vec<NodeId>,
    },
    /// A leader or a scout learned of a higher ballot.
    Preempted {
        /// Its own ballot.
        ballot: Ballot,
        /// The higher one.
        by: Ballot,
    },
    /// A leader sends a commander.
    Proposed {
        /// For this slot.
        slot: Slot,
        /// At this ballot.
        ballot: Ballot,
        /// Whether it does nothing, because no predecessor can have had anything chosen there, but may have in a later slot.
        fills_gap: bool,
    },
    /// A leader knows a command to be chosen.
    Chosen {
        /// In this slot.
        slot: Slot,
        /// By a quorum that accepted it at this ballot.
        ballot: Ballot,
    },
    /// A replica performed a command.
    Performed {
        /// The slot.
        slot: Slot,
        /// What was chosen there.
        command: Command,
        /// Whether a client's operation took effect in it.
        took_effect: bool,
    },
    /// A configuration was chosen.
    Reconfigured {
        /// The slot from which on it decides.
        governs_from: Slot,
        /// Its members.
        members: Vec<NodeId>,
    },
    /// A leader is no member of the configuration any more, and steps down.
    Retired {
        /// Its ballot.
        ballot: Ballot,
    },
    /// A replica wrote a snapshot and forgot the slots before.
    SnapshotTaken {
        /// The first slot that it does not cover.
        slot_out: Slot,
    },
    /// A replica took a snapshot over: another's, or after a restart its own.
    Installed {
        /// The last slot that it covers.
        through: Slot,
    },
    /// A process found its disk empty at a restart: it learns, and never votes again.
    DiskLost,
}

/// What an acceptor keeps (PMMC, figure 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Acceptor {
    /// The highest ballot that it has promised; ⊥ at first.
    pub ballot_num: Option<Ballot>,
    /// What it has accepted: for each slot its last, which is that of the highest ballot (PMMC, §4.1).
    pub accepted: Slots<PValue>,
    /// Whether its disk has all that it ever promised.
    pub can_vote: bool,
    /// Whom it follows and nobody else, and until when, by its own clock.
    pub lease: Option<Lease>,
}

/// A promise to follow nobody else for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Lease {
    /// Whom; after a restart nobody knows.
    pub leader: Option<NodeId>,
    /// Until when.
    pub until: LocalTime,
}

/// What a replica keeps (PMMC, figure 1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Learner {
    /// The next slot to perform: it knows the decisions of all before.
    pub slot_out: Slot,
    /// What was chosen, as far as it knows.
    pub decisions: Slots<Command>,
    /// What the performed commands made: the application.
    pub store: Store,
    /// Who decides which slots.
    pub configurations: Configurations,
    /// The state that stands for the slots that are forgotten.
    pub snapshot: Option<Arc<Snapshot>>,
    /// How far the leader said that it knows the decisions.
    pub announced: Slot,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// It as an acceptor. On disk before anybody is told.
    pub(super) acceptor: Acceptor,
    /// It as a replica.
    pub(super) replica: Learner,
    /// It as a leader.
    pub(super) role: Role,

    /// The last place in its journal that it has written to.
    written: Position,
    /// The last place that binds it: a promise or an acceptance.
    binding: Position,
    /// The last place that is on disk, or that its next message waits for.
    forced: Position,
    /// The promise to its own scout that is on its way to the disk.
    own_promise: Option<(Position, Ballot)>,
    /// Up to where the journal says what was decided.
    recorded: Slot,
    /// What it keeps to.
    pub(super) settings: Settings,
}

impl Node for Server {
    type Protocol = MultiPaxos;

    fn on_start(start: Start<'_, MultiPaxos>, ctx: &mut Context<'_, MultiPaxos>) -> Self {
        let mut server = Self::new(&start);
        server.recover(&start, ctx);
        server.use_disk(&start, ctx);
        server.restart_election_timer(ctx);
        server
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, MultiPaxos>) {
        match message {
            Message::P1a { ballot, slot_out } => self.p1a(from, ballot, slot_out, ctx),
            Message::P1b { ballot, promised, accepted, snapshot } => {
                self.p1b(from, (ballot, promised), (accepted, snapshot), ctx);
            }
            Message::P2a { ballot, first, commands, slot_out } => {
                self.p2a(from, ballot, (first, commands), slot_out, ctx);
            }
            Message::P2b { ballot, promised, first, count } => {
                self.p2b(from, (ballot, promised), (first, count), ctx);
            }
            Message::Heartbeat { ballot, slot_out, round } => {
                self.hear_heartbeat(from, ballot, (slot_out, round), ctx);
            }
            Message::HeartbeatAck { ballot, promised, round } => {
                self.hear_heartbeat_ack(from, (ballot, promised), round, ctx);
            }
            Message::CatchUp { slot_out } => self.tell_decisions(from, slot_out, ctx),
            Message::Decisions { first, commands } => {
                self.hear_decisions(from, first, commands, ctx);
            }
            Message::InstallSnapshot { snapshot } => {
                self.install_snapshot(&snapshot, ctx);
                self.ask_for_decisions(from, ctx);
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, MultiPaxos>) {
        match timer {
            Timer::Election => self.election_timeout(ctx),
            Timer::Heartbeat => self.heartbeat(ctx),
        }
    }

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Administered<Administration>,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        self.request(id, operation, ctx);
    }

    fn on_synced(&mut self, through: Position, ctx: &mut Context<'_, MultiPaxos>) {
        self.forced = self.forced.max(through);
        self.own_promise_is_durable(through, ctx);
        self.own_acceptances_are_durable(through, ctx);
    }

    fn role(&self) -> &'static str {
        match &self.role {
            Role::Follower { .. } if !self.acceptor.can_vote => "learner",
            Role::Follower { .. } => "follower",
            Role::Candidate(_) => "candidate",
            Role::Leader(_) => "leader",
        }
    }

    fn epoch(&self) -> u64 {
        self.acceptor.ballot_num.map_or(0, Ballot::as_epoch)
    }
}

impl Replica for Server {
    fn store(&self) -> &Store {
        &self.replica.store
    }

    fn executed(&self) -> u64 {
        self.replica.slot_out.0 - 1
    }

    fn milestone(note: &Note) -> Option<Milestone<'_>> {
        match note {
            Note::Performed { slot, command, took_effect } => Some(Milestone::Executed {
                position: slot.0,
                command: command.for_store(),
                took_effect: *took_effect,
            }),
            Note::Installed { through } => Some(Milestone::Installed { position: through.0 }),
            Note::Scouting { .. }
            | Note::Adopted { .. }
            | Note::Preempted { .. }
            | Note::Proposed { .. }
            | Note::Chosen { .. }
            | Note::Reconfigured { .. }
            | Note::Retired { .. }
            | Note::SnapshotTaken { .. }
            | Note::DiskLost => None,
        }
    }
}

/// The way to the disk and back.
impl Server {
    /// One that knows nothing.
    fn new(start: &Start<'_, MultiPaxos>) -> Self {
        // An empty disk at a restart is another disk: what the lost one had promised, nobody knows.
        let has_disk = start.incarnation == 0 || !start.journal.records().is_empty();
        let written = start.journal.written();
        Self {
            acceptor: Acceptor {
                ballot_num: None,
                accepted: Slots::new(Slot::FIRST),
                can_vote: has_disk,
                lease: None,
            },
            replica: Learner {
                slot_out: Slot::FIRST,
                decisions: Slots::new(Slot::FIRST),
                store: Store::default(),
                configurations: Configurations::new(start.config.members.clone()),
                snapshot: None,
                announced: Slot::FIRST,
            },
            role: Role::Follower { leader: None },
            written,
            binding: Position::default(),
            forced: start.journal.synced(),
            own_promise: None,
            recorded: Slot::FIRST,
            settings: start.config.clone(),
        }
    }

    /// Takes up what the journal's records add up to. Records that a crash overtook on their way to the disk are missing
    /// from some point on; nobody was told of them.
    fn recover(&mut self, start: &Start<'_, MultiPaxos>, ctx: &mut Context<'_, MultiPaxos>) {
        for record in start.journal.records() {
            match record {
                Record::InUse => {}
                Record::Snapshot(snapshot) => self.adopt(snapshot, ctx),
                Record::Promised { ballot } => self.acceptor.ballot_num = Some(*ballot),
                Record::Accepted { slot, ballot, command } => {
                    self.acceptor.ballot_num = self.acceptor.ballot_num.max(Some(*ballot));
                    let pvalue = PValue { ballot: *ballot, command: command.clone() };
                    self.acceptor.accepted.set(*slot, pvalue);
                }
                Record::Chosen { slot, command } => {
                    self.replica.decisions.set(*slot, command.clone());
                }
                Record::Decided { slot_out } => self.recover_decisions(*slot_out),
            }
        }
        if start.incarnation != 0 {
            self.grant_lease(None, ctx);
        }
        if !self.acceptor.can_vote {
            ctx.note(Note::DiskLost);
        }
        self.perform(ctx);
    }

    /// What the journal has for the slots before `slot_out` is what was chosen there.
    fn recover_decisions(&mut self, slot_out: Slot) {
        let mut slot = self.recorded;
        while slot < slot_out {
            let accepted = self.acceptor.accepted.get(slot);
            if let Some(pvalue) = accepted.filter(|_| self.replica.decisions.get(slot).is_none()) {
                self.replica.decisions.set(slot, pvalue.command.clone());
            }
            slot = slot.next();
        }
        self.recorded = slot_out;
    }

    /// Marks a new disk as used, before anything else can be promised.
    fn use_disk(&mut self, start: &Start<'_, MultiPaxos>, ctx: &mut Context<'_, MultiPaxos>) {
        if start.journal.records().is_empty() && self.acceptor.can_vote {
            self.binding = self.write(Record::InUse, ctx);
            self.sync(ctx);
        }
    }

    /// Writes a record to the journal. It is not on disk yet. Who has lost a disk writes nothing to the new one, so that it
    /// is known for lost after the next restart too.
    fn write(&mut self, record: Record, ctx: &mut Context<'_, MultiPaxos>) -> Position {
        if self.acceptor.can_vote {
            self.written = ctx.append(record);
        }
        self.written
    }

    /// Writes a record of what this acceptor promises to others: they are not told before it is on disk.
    pub(super) fn bind(&mut self, record: Record, ctx: &mut Context<'_, MultiPaxos>) -> Position {
        self.binding = self.write(record, ctx);
        self.binding
    }

    /// The place of the last record that binds this process.
    pub(super) const fn binding_position(&self) -> Position {
        self.binding
    }

    /// Makes everything that this process sends from now on wait until what binds it is on disk.
    pub(super) fn sync(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        if self.forced < self.binding {
            ctx.sync();
            self.forced = self.written;
        }
    }

    /// Answers as an acceptor. What the answer promises is on disk before it leaves.
    pub(super) fn answer(
        &mut self,
        to: NodeId,
        message: Message,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        self.sync(ctx);
        ctx.send(to, message);
    }

    /// Remembers that the promise of `ballot` to our own scout is at `position`.
    pub(super) fn await_own_promise(&mut self, position: Position, ballot: Ballot) {
        self.own_promise = Some((position, ballot));
    }

    /// A promise to our own scout reached the disk: it counts now, and with it what we have accepted, which was written before.
    fn own_promise_is_durable(&mut self, through: Position, ctx: &mut Context<'_, MultiPaxos>) {
        let promise = self.own_promise.take_if(|(position, _)| *position <= through);
        let Some((_, ballot)) = promise else { return };
        let accepted = self.report(self.replica.slot_out);
        self.p1b(ctx.id(), (ballot, ballot), (accepted, None), ctx);
    }

    /// Acceptances of our own proposals reached the disk: they count now.
    fn own_acceptances_are_durable(
        &mut self,
        through: Position,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let own = ctx.id();
        let Role::Leader(leadership) = &mut self.role else { return };
        let ballot = leadership.ballot;
        let mut durable = vec![];
        while let Some((_, slot)) = leadership.unsynced.pop_front_if(|(at, _)| *at <= through) {
            durable.push(slot);
        }
        for slot in durable {
            self.p2b(own, (ballot, ballot), (slot, 1), ctx);
        }
    }

    /// Notes in the journal, when something else will force it, how far the decisions are known: after a restart they need not
    /// be asked for again.
    pub(super) fn record_decisions(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        if self.recorded < self.replica.slot_out {
            self.recorded = self.replica.slot_out;
            self.write(Record::Decided { slot_out: self.recorded }, ctx);
        }
    }

    /// What is before this slot needs no note in the journal.
    pub(super) const fn begin_recording_at(&mut self, slot_out: Slot) {
        self.recorded = slot_out;
    }

    /// Notes in the journal a decision that is not what we have accepted, or was never accepted by us.
    pub(super) fn record_choice(
        &mut self,
        slot: Slot,
        command: &Command,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        self.write(Record::Chosen { slot, command: command.clone() }, ctx);
    }

    /// Replaces the journal by a snapshot and what is behind it.
    pub(super) fn checkpoint(
        &mut self,
        snapshot: &Arc<Snapshot>,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        if !self.acceptor.can_vote {
            return;
        }
        let mut records = vec![Record::Snapshot(Arc::clone(snapshot))];
        records.extend(self.acceptor.ballot_num.map(|ballot| Record::Promised { ballot }));
        let accepted = self.acceptor.accepted.range(snapshot.slot_out);
        records.extend(accepted.map(|(slot, pvalue)| Record::Accepted {
            slot,
            ballot: pvalue.ballot,
            command: pvalue.command.clone(),
        }));
        // What was learned behind it and is not what was accepted there.
        let decisions = self.replica.decisions.range(snapshot.slot_out);
        let learned = decisions.filter(|(slot, command)| {
            self.acceptor.accepted.get(*slot).is_none_or(|pvalue| pvalue.command != **command)
        });
        records.extend(
            learned.map(|(slot, command)| Record::Chosen { slot, command: command.clone() }),
        );
        self.recorded = snapshot.slot_out;
        self.written = ctx.checkpoint(records);
    }
}

/// What monitors, tests and other tools look at.
impl Server {
    /// It as an acceptor.
    pub const fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }

    /// It as a replica.
    pub const fn replica(&self) -> &Learner {
        &self.replica
    }

    /// It as a leader.
    pub const fn current_role(&self) -> &Role {
        &self.role
    }

    /// What it has as a leader, if it is one.
    pub const fn leadership(&self) -> Option<&Leadership> {
        match &self.role {
            Role::Leader(leadership) => Some(leadership),
            Role::Follower { .. } | Role::Candidate(_) => None,
        }
    }

    /// Whether it leads.
    pub const fn is_leader(&self) -> bool {
        self.leadership().is_some()
    }
}
