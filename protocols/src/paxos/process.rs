//! A process: the agents that it plays, what it keeps on its disk, and which rule handles what.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use orrery_sim::{Context, DurationRange, Node, NodeId, OperationId, Position, Protocol, Start};

use crate::quorum::majority;

use super::acceptor::Acceptor;
use super::ballot::{Ballot, Proposal};
use super::bugs::{P7, P17};
use super::learner::Learner;
use super::message::Message;
use super::proposer::{Phase, Proposer};

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paxos;

impl Protocol for Paxos {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// What a client asks. In a scenario: `{ Propose = { value = "red" } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Operation {
    /// Propose this value and tell me which one was chosen.
    Propose {
        /// The client's wish.
        value: String,
    },
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// This value was chosen: the client's own, or another.
    Chosen {
        /// What was chosen.
        value: String,
    },
}

/// What a process keeps to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Who accepts.
    pub acceptors: Vec<NodeId>,
    /// Who learns.
    pub learners: Vec<NodeId>,
    /// Whether this process proposes.
    pub is_proposer: bool,
    /// The only process that proposes, if there is a distinguished one (§2.4).
    pub distinguished: Option<NodeId>,
    /// Whom acceptors tell what they accept.
    pub learning: Learning,
    /// How long a proposer waits for answers before it tries a higher number, drawn each time.
    pub timeout: DurationRange,
    /// How long a proposer that gave way waits before it tries again, drawn each time.
    pub backoff: DurationRange,
    /// Whether acceptors tell proposers why they ignore them.
    pub nacks: bool,
    /// Whether a process that has learned the value answers clients from memory.
    pub remembers: bool,
}

/// Whom acceptors tell what they accept (§2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Learning {
    /// The proposer, which is the distinguished learner of its own proposals and tells the others: few
    /// messages, one delay more.
    Proposer,
    /// Every learner, and the proposer: many messages, no further delay.
    Everybody,
}

/// A record of the journal: what an agent must remember (§2.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// The process has begun to take part. An empty journal later on is a lost one.
    Joined,
    /// As a proposer: the highest number that it has tried.
    Tried {
        /// That number.
        ballot: Ballot,
    },
    /// As an acceptor: the highest number that it has promised.
    Promised {
        /// That number.
        ballot: Ballot,
    },
    /// As an acceptor: the highest-numbered proposal that it has accepted. That promises its number
    /// too.
    Accepted {
        /// The proposal.
        proposal: Proposal,
    },
}

/// What a process waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// As a proposer: to try again, with a higher number.
    Retry,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A proposer begins phase 1: its number is on its disk, and others hear of it from now on.
    Began {
        /// With this number.
        ballot: Ballot,
    },
    /// An acceptor's promise is on its disk: it binds from now on, whatever happens.
    Promised {
        /// Nothing that is numbered less.
        ballot: Ballot,
    },
    /// A proposer has the promises of a majority and begins phase 2.
    Proposed {
        /// What it asks to accept.
        proposal: Proposal,
    },
    /// An acceptance is on disk.
    Accepted {
        /// What was accepted.
        proposal: Proposal,
    },
    /// A proposer heard of a higher number and gave up its own.
    GaveWay {
        /// Its own.
        ballot: Ballot,
        /// The higher one.
        to: Ballot,
    },
    /// A learner knows what was chosen.
    Learned {
        /// At which number it was chosen, and what.
        proposal: Proposal,
    },
    /// A process found its disk empty that should not be: it only learns from now on.
    LostDisk,
}

/// One process, which may be a proposer, an acceptor and a learner at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// It as a proposer, if it is one.
    pub(super) proposer: Option<Proposer>,
    /// It as an acceptor, if it is one.
    pub(super) acceptor: Option<Acceptor>,
    /// It as a learner, if it is one. A proposer is one for its clients' sake.
    pub(super) learner: Option<Learner>,
    /// What it keeps to.
    pub(super) settings: Settings,

    /// The last place in its journal that it has written to.
    written: Position,
    /// The last place that is on disk or on its way there.
    forced: Position,
    /// The last place that is on disk.
    durable: Position,
    /// What it tells itself and the world once the journal is on disk up to there.
    waiting: VecDeque<(Position, Word)>,
}

/// Something that becomes true when the disk says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Word {
    /// A milestone.
    Note(Note),
    /// What one agent of this process says to another: no message is sent for it.
    Own(Message),
}

impl Node for Process {
    type Protocol = Paxos;

    fn on_start(start: Start<'_, Paxos>, ctx: &mut Context<'_, Paxos>) -> Self {
        let mut process = Self::recover(&start, ctx);
        if start.incarnation == 0 {
            process.write(Record::Joined, ctx);
            process.sync(ctx);
        }
        if process.settings.distinguished == Some(start.id) && process.proposer.is_some() {
            process.prepare(ctx);
        }
        process
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Paxos>) {
        match message {
            Message::Prepare { ballot } => self.handle_prepare(from, ballot, ctx),
            Message::Promise { ballot, accepted } => {
                self.handle_promise(from, ballot, accepted, ctx);
            }
            Message::Accept { proposal } => self.handle_accept(from, &proposal, ctx),
            Message::Accepted { proposal } => self.handle_accepted(from, proposal, ctx),
            Message::Nack { ballot, promised } => self.handle_nack(ballot, promised, ctx),
            Message::Learn { proposal } => self.learn(proposal, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Paxos>) {
        match timer {
            Timer::Retry => self.retry(ctx),
        }
    }

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Paxos>,
    ) {
        match operation {
            Operation::Propose { value } => self.propose(id, value, ctx),
        }
    }

    fn on_synced(&mut self, through: Position, ctx: &mut Context<'_, Paxos>) {
        self.durable = self.durable.max(through);
        while let Some((_, word)) = self.waiting.pop_front_if(|(at, _)| *at <= self.durable) {
            match word {
                Word::Note(note) => ctx.note(note),
                Word::Own(message) => self.on_message(ctx.id(), message, ctx),
            }
        }
    }

    /// `leader` is who holds the promises of a majority, or did.
    fn role(&self) -> &'static str {
        match self.proposer.as_ref().map(|proposer| &proposer.phase) {
            Some(Phase::Prepared { .. } | Phase::Accepting { .. }) => "leader",
            Some(Phase::Preparing { .. }) => "preparing",
            Some(Phase::GivingWay) => "giving way",
            Some(Phase::Idle) | None if self.acceptor.is_some() => "acceptor",
            Some(Phase::Idle) => "proposer",
            None => "learner",
        }
    }

    fn epoch(&self) -> u64 {
        let proposer = self.proposer.as_ref();
        proposer.and_then(|proposer| proposer.phase.ballot()).map_or(0, Ballot::epoch)
    }
}

/// The way to the disk and back.
impl Process {
    /// The agents with what the journal's records add up to (§2.5). A process whose journal is gone
    /// only learns: it may have promised or accepted anything, or used any number.
    fn recover(start: &Start<'_, Paxos>, ctx: &mut Context<'_, Paxos>) -> Self {
        let settings = start.config.clone();
        let has_joined = start.incarnation == 0 || !start.journal.records().is_empty();
        if !has_joined {
            ctx.note(Note::LostDisk);
        }
        let takes_part = has_joined || ctx.bug(&P17);
        let is_acceptor = takes_part && settings.acceptors.contains(&start.id);
        let is_proposer = takes_part && settings.is_proposer;
        let is_learner = is_proposer || settings.learners.contains(&start.id);
        let mut tried = None;
        let mut acceptor = Acceptor::default();
        for record in start.journal.records() {
            match record {
                Record::Joined => {}
                Record::Tried { ballot } => tried = Some(*ballot),
                Record::Promised { ballot } => acceptor.promised = Some(*ballot),
                Record::Accepted { proposal } => {
                    if !ctx.bug(&P7) {
                        acceptor.promised = acceptor.promised.max(Some(proposal.ballot));
                    }
                    acceptor.accepted = Some(proposal.clone());
                }
            }
        }
        Self {
            proposer: is_proposer.then(|| Proposer::new(tried)),
            acceptor: is_acceptor.then_some(acceptor),
            learner: is_learner.then(Learner::default),
            settings,
            written: start.journal.written(),
            forced: start.journal.synced(),
            durable: start.journal.synced(),
            waiting: VecDeque::new(),
        }
    }

    /// Writes a record to the journal. It is not on disk yet.
    pub(super) fn write(&mut self, record: Record, ctx: &mut Context<'_, Paxos>) {
        self.written = ctx.append(record);
    }

    /// Makes everything that this process sends from now on wait until what it wrote so far is on
    /// disk.
    pub(super) fn sync(&mut self, ctx: &mut Context<'_, Paxos>) {
        if self.forced < self.written {
            ctx.sync();
            self.forced = self.written;
        }
    }

    /// Notes a milestone once everything written so far is on disk.
    pub(super) fn note_when_durable(&mut self, note: Note, ctx: &mut Context<'_, Paxos>) {
        if self.written <= self.durable {
            ctx.note(note);
        } else {
            self.waiting.push_back((self.written, Word::Note(note)));
        }
    }

    /// Answers once everything written so far is on disk. An answer to an agent of this very process
    /// is no message, and counts at the same moment.
    pub(super) fn answer(&mut self, to: NodeId, message: Message, ctx: &mut Context<'_, Paxos>) {
        self.sync(ctx);
        if to != ctx.id() {
            ctx.send(to, message);
        } else if self.written <= self.durable {
            self.on_message(to, message, ctx);
        } else {
            self.waiting.push_back((self.written, Word::Own(message)));
        }
    }

    /// Sends `message` to every other process of `to`.
    pub(super) fn send_to(to: &[NodeId], message: &Message, ctx: &mut Context<'_, Paxos>) {
        for id in to {
            if *id != ctx.id() {
                ctx.send(*id, message.clone());
            }
        }
    }

    /// How many acceptors are a majority.
    pub(super) const fn quorum(&self) -> usize {
        majority(self.settings.acceptors.len() as u32) as usize
    }
}

/// What monitors, tests and other tools look at.
impl Process {
    /// It as an acceptor, if it is one.
    pub const fn acceptor(&self) -> Option<&Acceptor> {
        self.acceptor.as_ref()
    }

    /// It as a proposer, if it is one.
    pub const fn proposer(&self) -> Option<&Proposer> {
        self.proposer.as_ref()
    }

    /// What it knows to be chosen.
    pub fn learned(&self) -> Option<&Proposal> {
        self.learner.as_ref()?.learned.as_ref()
    }
}
