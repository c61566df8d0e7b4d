//! A node: the agents that it plays, and which rule handles what.

use serde::Serialize;

use orrery_sim::{Context, Node, NodeId, OperationId, Position, Start};

use crate::bank::Operation;

use super::coordinator::Coordinator;
use super::door::{Desk, Door, Word};
use super::message::{State, Vote};
use super::participant::{Branch, Participant};
use super::paxos_commit::{Acceptor, Leader};
use super::{Commit, Form, Message, Outcome, Settings, Timer};

/// A node, which may be a coordinator, a participant and an acceptor at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Site {
    settings: Settings,
    desk: Desk,
    /// It as a coordinator, if it is one.
    pub coordinator: Option<Coordinator>,
    /// It as a participant, if it is one.
    pub participant: Option<Participant>,
    /// It as an acceptor, if it is one.
    pub acceptor: Option<Acceptor>,
    /// It as a leader of ballots, if it is an acceptor.
    pub leader: Option<Leader>,
}

impl Node for Site {
    type Protocol = Commit;

    fn on_start(start: Start<'_, Commit>, ctx: &mut Context<'_, Commit>) -> Self {
        let settings = start.config.clone();
        let records = start.journal.records().len() as u64;
        let mut desk = Desk::new(start.journal.written(), records);
        let mut door = Door { settings: &settings, desk: &mut desk, ctx };
        let id = start.id;
        let coordinates = settings.coordinators.contains(&id);
        let coordinator = coordinates.then(|| Coordinator::recover(&start, &mut door));
        let participates = settings.participants.contains(&id);
        let participant = participates.then(|| Participant::recover(&start, &mut door));
        let accepts = settings.acceptors.contains(&id);
        let acceptor = accepts.then(|| Acceptor::recover(&start));
        let leader = accepts.then(|| Leader::new(start.incarnation));
        let mut site = Self { settings, desk, coordinator, participant, acceptor, leader };
        site.settle(ctx);
        site
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Commit>) {
        self.dispatch(from, message, ctx);
        self.settle(ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Commit>) {
        let Self { settings, desk, coordinator, participant, leader, .. } = self;
        let mut door = Door { settings, desk, ctx };
        let door = &mut door;
        match (timer, coordinator, participant) {
            (Timer::Work(tx), Some(coordinator), _) => coordinator.work_timeout(tx, door),
            (Timer::Vote(tx), Some(coordinator), _) => {
                coordinator.vote_timeout(tx, door);
                if let (Some(leader), Some(peers)) = (leader, coordinator.undecided(tx)) {
                    leader.begin_ballot(tx, &peers, door);
                }
            }
            (Timer::Resend(tx), Some(coordinator), _) => coordinator.resend(tx, door),
            (Timer::Idle(tx), _, Some(participant)) => participant.drop_work(tx, door),
            (Timer::Outcome(tx), _, Some(participant)) => participant.outcome_timeout(tx, door),
            (Timer::Heuristic(tx), _, Some(participant)) => participant.heuristic(tx, door),
            (Timer::Poll(tx), _, Some(participant)) => participant.poll(tx, door),
            (Timer::Ballot(tx), _, _) => {
                if let Some(leader) = leader {
                    leader.ballot_timeout(tx);
                }
            }
            (Timer::Work(_) | Timer::Vote(_) | Timer::Resend(_), None, _)
            | (
                Timer::Idle(_) | Timer::Outcome(_) | Timer::Heuristic(_) | Timer::Poll(_),
                _,
                None,
            ) => {}
        }
        self.settle(ctx);
    }

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Commit>,
    ) {
        let Self { settings, desk, coordinator, .. } = self;
        let mut door = Door { settings, desk, ctx };
        match coordinator {
            Some(coordinator) => coordinator.begin(id, &operation, &mut door),
            None => door.ctx.redirect(id, None),
        }
        self.settle(ctx);
    }

    fn on_synced(&mut self, through: Position, ctx: &mut Context<'_, Commit>) {
        self.desk.synced(through);
        self.settle(ctx);
    }

    fn role(&self) -> &'static str {
        match (&self.coordinator, &self.participant, &self.acceptor) {
            (_, Some(participant), _) if !participant.prepared.is_empty() => "uncertain",
            (Some(_), _, _) => "coordinator",
            (None, Some(_), _) => "participant",
            (None, None, Some(_)) => "acceptor",
            (None, None, None) => "idle",
        }
    }
}

impl Site {
    /// What is on disk by now is told, to the world and to other agents of this node.
    fn settle(&mut self, ctx: &mut Context<'_, Commit>) {
        while let Some(word) = self.desk.next_word() {
            match word {
                Word::Note(note) => ctx.note(note),
                Word::Own(message) => self.dispatch(ctx.id(), message, ctx),
            }
        }
    }

    /// Which agent a message is for.
    fn dispatch(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Commit>) {
        match &message {
            Message::Worked { .. }
            | Message::Finished { .. }
            | Message::PreCommitAck { .. }
            | Message::Ack { .. } => self.hand_to_coordinator(from, message, ctx),
            Message::Work { .. }
            | Message::Cancel { .. }
            | Message::Initiate { .. }
            | Message::Prepare { .. }
            | Message::PreCommit { .. }
            | Message::StateReport { .. } => self.hand_to_participant(from, message, ctx),
            Message::Phase1a { .. }
            | Message::Phase1b { .. }
            | Message::Nack { .. }
            | Message::Phase2a { .. }
            | Message::Phase2b { .. } => self.hand_to_paxos(from, message, ctx),
            Message::Inquiry { .. } => match self.leader {
                Some(_) => self.hand_to_paxos(from, message, ctx),
                None => self.hand_to_coordinator(from, message, ctx),
            },
            // Of a node that is both, both may be meant.
            Message::Vote { .. }
            | Message::Commit { .. }
            | Message::Abort { .. }
            | Message::DecisionRequest { .. }
            | Message::DecisionReply { .. }
            | Message::StateRequest { .. } => {
                self.hand_to_coordinator(from, message.clone(), ctx);
                self.hand_to_participant(from, message, ctx);
            }
        }
    }

    fn hand_to_coordinator(
        &mut self,
        from: NodeId,
        message: Message,
        ctx: &mut Context<'_, Commit>,
    ) {
        let Self { settings, desk, coordinator: Some(coordinator), .. } = self else { return };
        let mut door = Door { settings, desk, ctx };
        let door = &mut door;
        match message {
            Message::Worked { tx, read } => coordinator.worked(from, tx, read, door),
            Message::Vote { tx, vote } => coordinator.vote(from, tx, vote, door),
            Message::PreCommitAck { tx } => coordinator.pre_commit_ack(from, tx, door),
            Message::Ack { tx } => coordinator.ack(from, tx, door),
            Message::Inquiry { tx, .. } => coordinator.inquiry(from, tx, door),
            Message::Finished { tx, outcome } => coordinator.learned(tx, outcome, door),
            Message::Commit { tx } => coordinator.learn(tx, Outcome::Commit, door),
            Message::Abort { tx } => coordinator.learn(tx, Outcome::Abort, door),
            Message::DecisionReply { tx, state } => match state {
                State::Committed => coordinator.learn(tx, Outcome::Commit, door),
                State::Aborted => coordinator.learn(tx, Outcome::Abort, door),
                State::Uncertain | State::Committable => {}
            },
            Message::StateRequest { tx, .. } => {
                if let Some(state) = coordinator.state(tx) {
                    let has_crashed = false;
                    door.send(from, Message::StateReport { tx, state, has_crashed });
                }
            }
            Message::Work { .. }
            | Message::Cancel { .. }
            | Message::Initiate { .. }
            | Message::Prepare { .. }
            | Message::PreCommit { .. }
            | Message::DecisionRequest { .. }
            | Message::StateReport { .. }
            | Message::Phase1a { .. }
            | Message::Phase1b { .. }
            | Message::Nack { .. }
            | Message::Phase2a { .. }
            | Message::Phase2b { .. } => {}
        }
    }

    fn hand_to_participant(
        &mut self,
        from: NodeId,
        message: Message,
        ctx: &mut Context<'_, Commit>,
    ) {
        let Self { settings, desk, participant: Some(participant), .. } = self else { return };
        let mut door = Door { settings, desk, ctx };
        let door = &mut door;
        match message {
            Message::Work { tx, operation, postings } => {
                participant.work(Branch { tx, operation, postings }, door);
            }
            Message::Cancel { tx } => participant.drop_work(tx, door),
            Message::Initiate { tx, peers } => participant.initiate(from, tx, &peers, door),
            Message::Prepare { tx, peers } => participant.prepare(from, tx, &peers, door),
            Message::Vote { tx, vote } => participant.hear_vote(from, tx, vote == Vote::Yes, door),
            Message::PreCommit { tx } => participant.pre_commit(from, tx, door),
            Message::Commit { tx } => participant.hear(from, tx, Outcome::Commit, door),
            Message::Abort { tx } => participant.hear(from, tx, Outcome::Abort, door),
            Message::DecisionRequest { tx, operation } => {
                participant.decision_request(from, tx, operation, door);
            }
            Message::DecisionReply { tx, state } => participant.decision_reply(tx, state, door),
            Message::StateRequest { tx, operation } => {
                participant.state_request(from, tx, operation, door);
            }
            Message::StateReport { tx, state, has_crashed } => {
                participant.state_report(from, tx, (state, has_crashed), door);
            }
            Message::Worked { .. }
            | Message::Finished { .. }
            | Message::PreCommitAck { .. }
            | Message::Ack { .. }
            | Message::Inquiry { .. }
            | Message::Phase1a { .. }
            | Message::Phase1b { .. }
            | Message::Nack { .. }
            | Message::Phase2a { .. }
            | Message::Phase2b { .. } => {}
        }
    }

    /// Paxos Commit: acceptors, leaders, and resource managers that learn by themselves.
    fn hand_to_paxos(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Commit>) {
        let Self { settings, desk, coordinator, participant, acceptor, leader } = self;
        let mut door = Door { settings, desk, ctx };
        let door = &mut door;
        match (message, acceptor, leader) {
            (Message::Inquiry { tx, peers }, _, Some(leader)) => {
                leader.inquiry(from, tx, &peers, door);
            }
            (Message::Phase1a { tx, ballot }, Some(acceptor), _) => {
                acceptor.phase_1a(from, tx, ballot, door);
            }
            (Message::Phase1b { tx, ballot, accepted }, _, Some(leader)) => {
                leader.phase_1b(from, (tx, ballot), accepted, door);
            }
            (Message::Nack { promised, .. }, _, Some(leader)) => leader.nack(promised),
            (Message::Phase2a { tx, ballot, values, peers }, Some(acceptor), Some(leader)) => {
                if ballot == super::Ballot::ZERO {
                    leader.begin_commit(from, tx, &peers, door);
                }
                acceptor.phase_2a(from, (tx, ballot), &values, &peers, door);
            }
            (Message::Phase2b { tx, ballot, values }, _, leader) => {
                let is_faster = settings.protocol == Form::FasterPaxosCommit;
                if let (Some(participant), true) = (participant, is_faster) {
                    participant.phase_2b(from, (tx, ballot), values.clone(), door);
                }
                let Some(leader) = leader else { return };
                let Some(outcome) = leader.phase_2b(from, (tx, ballot), values, door) else {
                    return;
                };
                if let Some(coordinator) = coordinator {
                    coordinator.learned(tx, outcome, door);
                }
            }
            (_, _, _) => {}
        }
    }
}
