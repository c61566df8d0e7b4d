//! The scheduler: it has the message buffer, and says who takes the next step and what it receives.

use std::collections::VecDeque;

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use super::configuration::{Configuration, Envelope, Event};
use super::consensus::PROCESSES;
use super::node::{Flp, Message, Note};

/// How many configurations it looks at for one that stays bivalent. Six were always enough.
const MOST: usize = 4000;

/// Whom the failure detectors name when they can be relied upon.
pub const LEADER: NodeId = NodeId(1);

/// The scheduler of all steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scheduler {
    /// What there is: the processes as it knows them to be, and the messages that it holds.
    pub configuration: Configuration,
    /// Whether it still works against a decision.
    pub is_adversary: bool,
    /// How many steps it has let happen.
    pub steps: u64,
    /// How many it is to keep them undecided for.
    until: u64,
    /// Whose turn it is: each process in turn receives the oldest message that waits for it.
    turn: usize,
    /// The steps until that turn is over.
    schedule: VecDeque<Event>,
    /// The step that is being taken.
    current: Option<Event>,
    /// How long the message that waited longest had to wait, in steps.
    pub longest_wait: u64,
    /// How often a turn had to wait for another step.
    pub postponed: u64,
}

impl Scheduler {
    /// One that works against a decision for so many steps.
    pub fn new(configuration: Configuration, until: u64) -> Self {
        Self {
            configuration,
            is_adversary: true,
            steps: 0,
            until,
            turn: 0,
            schedule: VecDeque::new(),
            current: None,
            longest_wait: 0,
            postponed: 0,
        }
    }

    /// The process has taken its step and sent this.
    pub(super) fn stepped(
        &mut self,
        sends: Vec<(NodeId, super::Content)>,
        ctx: &mut Context<'_, Flp>,
    ) {
        let Some(event) = self.current.take() else { return };
        self.steps += 1;
        let configuration = &mut self.configuration;
        let received = configuration.buffer.iter().find(|it| Event::receipt(it) == event);
        let waited = received.map_or(0, |envelope| self.steps - envelope.since);
        self.longest_wait = self.longest_wait.max(waited);
        configuration.remove(&event);
        let process = &mut configuration.processes[event.process.index()];
        let expected = process.take_step(event.from, event.content);
        assert_eq!(expected, sends, "processes are deterministic");
        let since = self.steps;
        let envelope = |(to, content)| Envelope { to, from: event.process, content, since };
        configuration.buffer.extend(sends.into_iter().map(envelope));
        self.go_on(ctx);
    }

    /// Lets the next step happen, until all have decided.
    pub(super) fn go_on(&mut self, ctx: &mut Context<'_, Flp>) {
        if self.is_adversary && self.steps == self.until {
            self.give_up(Note::Released { steps: self.steps }, ctx);
        }
        if self.configuration.processes.iter().all(|process| process.decided.is_some()) {
            return;
        }
        let event = match self.schedule.pop_front() {
            Some(event) => event,
            None => self.next_turn(ctx),
        };
        self.current = Some(event);
        ctx.send(event.process, Message::Step { from: event.from, content: event.content });
    }

    /// The next process is to receive what it is due: at once, or, against a decision, after steps of others
    /// that leave everything open.
    fn next_turn(&mut self, ctx: &mut Context<'_, Flp>) -> Event {
        let due = self.configuration.due(NodeId::from_index(self.turn));
        self.turn = (self.turn + 1) % PROCESSES;
        if !self.is_adversary {
            return due;
        }
        let Some(schedule) = self.configuration.postpone(&due, MOST) else {
            self.give_up(Note::Lost { steps: self.steps }, ctx);
            return self.configuration.due(due.process);
        };
        if 1 < schedule.len() {
            self.postponed += 1;
            ctx.note(Note::Postponed { process: due.process, by: schedule.len() as u64 - 1 });
        }
        self.schedule = schedule.into();
        self.schedule.pop_front().unwrap_or(due)
    }

    /// From now on, turn by turn, and the failure detectors can be relied upon.
    fn give_up(&mut self, note: Note, ctx: &mut Context<'_, Flp>) {
        self.is_adversary = false;
        self.schedule.clear();
        self.configuration.leader = Some(LEADER);
        ctx.note(note);
    }
}
