//! A process, which is proposer, coordinator, acceptor and learner at once: what it keeps on its
//! disk, and which rule handles what.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use orrery_sim::{Context, DurationRange, Node, NodeId, OperationId, Position, Protocol, Start};

use super::acceptor::Acceptor;
use super::coordinator::Coordinator;
use super::learner::Learner;
use super::message::{Message, Vote};
use super::round::{Kind, Round, Sizes};

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FastPaxos;

impl Protocol for FastPaxos {
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// How many acceptors a quorum may do without.
    pub sizes: Sizes,
    /// Who begins a fast round at its start.
    pub coordinator: NodeId,
    /// How long a proposer waits for a choice, and a coordinator for a quorum, before it begins a
    /// classic round, drawn each time.
    pub timeout: DurationRange,
    /// Whether a coordinator that sees a collision goes on in the next round at once (§3.2.1).
    pub recovery: bool,
}

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// As a coordinator: the highest round that it has begun, `crnd`.
    Begun {
        /// That round.
        round: Round,
    },
    /// As an acceptor: the highest round in which it takes part, `rnd`.
    Joined {
        /// That round.
        round: Round,
    },
    /// As an acceptor: its last vote, `vrnd` and `vval`. To vote is to take part.
    Voted {
        /// That vote.
        vote: Vote,
    },
}

/// What a process waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Nothing was chosen for too long: time for a classic round.
    Recover,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A coordinator begins a round; others hear of it from now on.
    Began {
        /// Which.
        round: Round,
    },
    /// An acceptor takes part in no lower round; that is on its disk.
    Joined {
        /// Which.
        round: Round,
    },
    /// A coordinator has picked what may be voted for.
    Picked {
        /// In which round.
        round: Round,
        /// What; `None` is *any*.
        value: Option<String>,
    },
    /// A vote is on its acceptor's disk.
    Voted {
        /// Which.
        vote: Vote,
    },
    /// A coordinator sees that no value can get a fast quorum any more.
    Collided {
        /// In this round.
        round: Round,
        /// By these votes.
        votes: Vec<(NodeId, String)>,
    },
    /// A learner knows what was chosen.
    Learned {
        /// In which round, and what.
        vote: Vote,
    },
}

/// One process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// It as a proposer and coordinator.
    pub(super) coordinator: Coordinator,
    /// It as an acceptor.
    pub(super) acceptor: Acceptor,
    /// It as a learner.
    pub(super) learner: Learner,
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
    type Protocol = FastPaxos;

    fn on_start(start: Start<'_, FastPaxos>, ctx: &mut Context<'_, FastPaxos>) -> Self {
        let mut process = Self::recover(&start);
        if start.incarnation == 0 && start.config.coordinator == start.id {
            process.begin(Kind::Fast, ctx);
        }
        process
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, FastPaxos>) {
        match message {
            Message::Phase1a { round } => self.phase_1b(from, round, ctx),
            Message::Phase1b { round, vote } => self.handle_phase_1b(from, round, vote, ctx),
            Message::Phase2a { round, value } => self.phase_2b(from, round, value, ctx),
            Message::Propose { value } => self.handle_propose(value, ctx),
            Message::Phase2b { vote } => self.handle_phase_2b(from, vote, ctx),
            Message::Nack { rnd, .. } => self.hear_of(rnd),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, FastPaxos>) {
        match timer {
            Timer::Recover => self.time_out(ctx),
        }
    }

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        match operation {
            Operation::Propose { value } => self.propose(id, value, ctx),
        }
    }

    fn on_synced(&mut self, through: Position, ctx: &mut Context<'_, FastPaxos>) {
        self.durable = self.durable.max(through);
        while let Some((_, word)) = self.waiting.pop_front_if(|(at, _)| *at <= self.durable) {
            match word {
                Word::Note(note) => ctx.note(note),
                Word::Own(message) => self.on_message(ctx.id(), message, ctx),
            }
        }
    }

    /// `leader` is who coordinates a round that has its value, or *any*.
    fn role(&self) -> &'static str {
        self.coordinator.role()
    }

    fn epoch(&self) -> u64 {
        self.coordinator.crnd.map_or(0, Round::epoch)
    }
}

/// The way to the disk and back.
impl Process {
    /// The agents with what the journal's records add up to.
    fn recover(start: &Start<'_, FastPaxos>) -> Self {
        let mut crnd = None;
        let mut acceptor = Acceptor::default();
        for record in start.journal.records() {
            match record {
                Record::Begun { round } => crnd = Some(*round),
                Record::Joined { round } => acceptor.rnd = Some(*round),
                Record::Voted { vote } => {
                    acceptor.rnd = acceptor.rnd.max(Some(vote.round));
                    acceptor.vote = Some(vote.clone());
                }
            }
        }
        Self {
            coordinator: Coordinator::new(crnd),
            acceptor,
            learner: Learner::default(),
            settings: *start.config,
            written: start.journal.written(),
            forced: start.journal.synced(),
            durable: start.journal.synced(),
            waiting: VecDeque::new(),
        }
    }

    /// Writes a record to the journal. It is not on disk yet.
    pub(super) fn write(&mut self, record: Record, ctx: &mut Context<'_, FastPaxos>) {
        self.written = ctx.append(record);
    }

    /// Notes a milestone once everything written so far is on disk.
    pub(super) fn note_when_durable(&mut self, note: Note, ctx: &mut Context<'_, FastPaxos>) {
        if self.written <= self.durable {
            ctx.note(note);
        } else {
            self.waiting.push_back((self.written, Word::Note(note)));
        }
    }

    /// Makes everything that this process sends from now on wait until what it wrote so far is on
    /// disk.
    pub(super) fn sync(&mut self, ctx: &mut Context<'_, FastPaxos>) {
        if self.forced < self.written {
            ctx.sync();
            self.forced = self.written;
        }
    }

    /// Answers once everything written so far is on disk. What is for this very process is no
    /// message, and counts at the same moment.
    pub(super) fn answer(
        &mut self,
        to: NodeId,
        message: Message,
        ctx: &mut Context<'_, FastPaxos>,
    ) {
        self.sync(ctx);
        if to != ctx.id() {
            ctx.send(to, message);
        } else if self.written <= self.durable {
            self.on_message(to, message, ctx);
        } else {
            self.waiting.push_back((self.written, Word::Own(message)));
        }
    }
}

/// What monitors, tests and other tools look at.
impl Process {
    /// It as an acceptor.
    pub const fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }

    /// What it knows to be chosen.
    pub const fn learned(&self) -> Option<&Vote> {
        self.learner.learned.as_ref()
    }
}
