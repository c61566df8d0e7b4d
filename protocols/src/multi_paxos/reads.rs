//! Heartbeats, and what leaders learn by them: that they still lead. By that they serve reads that take no slot (PMMC, §4.5).
//!
//! A leader has performed all that it answered to anybody. So its state is as new as any client knows, unless another leader
//! had something chosen behind its back. Before it answers a read from it, it makes sure of two things:
//!
//! 1. It has performed all slots in which its predecessors may have had something chosen.
//! 2. After the read began, a quorum of phase 2 had promised no higher ballot. Such a quorum meets all of phase 1: so
//!    nobody had been adopted by then.
//!
//! A lease (Paxos Made Live, §5.2) is the second point in advance: for some time, those acceptors promise no higher ballot to
//! anybody else. The leader counts that time from the moment before it asked them, by a clock that may be faster than theirs.

use orrery_sim::{ClientId, Context, NodeId, OperationId};

use crate::kv::{self, Operation};

use super::message::{Command, Message};
use super::numbers::{Ballot, Round, Slot};
use super::role::{Leadership, Read, Role};
use super::server::{MultiPaxos, Reads, Server, Timer};
use super::variants::lease_clock;

/// Heartbeats.
impl Server {
    /// A leader lets everybody know that it is there, and what was chosen; asks again where nobody answered.
    pub(super) fn heartbeat(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        self.record_decisions(ctx);
        self.expire_sessions(ctx);
        self.ask_again(ctx);
        self.ask_new_acceptors(ctx);
        self.begin_round(ctx);
        ctx.set_timer(Timer::Heartbeat, self.settings.heartbeat);
    }

    /// Begins a round of heartbeats. For ourselves it counts as answered.
    fn begin_round(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        leadership.round = leadership.round.next();
        if self.settings.lease.is_some() {
            leadership.rounds.push_back((leadership.round, lease_clock(ctx)));
        }
        self.grant_lease(Some(ctx.id()), ctx);
        self.announce(ctx);
    }

    /// Tells everybody, learners too, who leads and what is known to be chosen.
    pub(super) fn announce(&self, ctx: &mut Context<'_, MultiPaxos>) {
        let Role::Leader(leadership) = &self.role else { return };
        let (ballot, round) = (leadership.ballot, leadership.round);
        ctx.broadcast(&Message::Heartbeat { ballot, slot_out: self.replica.slot_out, round });
    }

    /// A heartbeat: follows its leader, or says why not.
    pub(super) fn hear_heartbeat(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        (slot_out, round): (Slot, Round),
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let is_followed = self.follow(from, ballot, ctx);
        if is_followed {
            self.grant_lease(Some(from), ctx);
        }
        if self.acceptor.can_vote {
            let promised = self.acceptor.ballot_num.unwrap_or(ballot);
            self.answer(from, Message::HeartbeatAck { ballot, promised, round }, ctx);
        }
        if is_followed {
            self.learn_announced(ballot, slot_out, ctx);
            self.ask_for_decisions(from, ctx);
            self.record_decisions(ctx);
        }
    }

    /// The answer to a heartbeat.
    pub(super) fn hear_heartbeat_ack(
        &mut self,
        from: NodeId,
        (ballot, promised): (Ballot, Ballot),
        round: Round,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        if !self.is_yes((ballot, promised), ctx) {
            return;
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let known = leadership.acknowledged.entry(from).or_insert(round);
        *known = round.max(*known);
        self.renew_lease(ctx);
        self.serve_reads(ctx);
    }

    /// Whether a quorum of phase 2 of each configuration that decides what comes next has answered `round`, we included.
    fn is_confirmed(&self, leadership: &Leadership, round: Round, own: NodeId) -> bool {
        let answered = leadership.acknowledged.iter().filter(|(_, last)| round <= **last);
        let mut set: Vec<NodeId> = answered.map(|(id, _)| *id).collect();
        set.push(own);
        let mut configurations = self.replica.configurations.governing_from(self.replica.slot_out);
        configurations.all(|known| self.settings.quorums.is_phase_2(&known.members, &set))
    }

    /// A quorum that answered a round follows nobody else for a while after it began.
    fn renew_lease(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let (Some(terms), Role::Leader(leadership)) = (self.settings.lease, &self.role) else {
            return;
        };
        let rounds = leadership.rounds.iter().enumerate().rev();
        let mut confirmed =
            rounds.filter(|(_, (round, _))| self.is_confirmed(leadership, *round, ctx.id()));
        let Some((place, (_, began))) = confirmed.next() else { return };
        let until = *began + terms.relied_on;
        let Role::Leader(leadership) = &mut self.role else { return };
        leadership.rounds.drain(..=place);
        leadership.lease = Some(until);
    }
}

/// Reads.
impl Server {
    /// A leader takes a read on.
    pub(super) fn read(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let Role::Leader(leadership) = &self.role else { return };
        let is_leased = leadership.lease.is_some_and(|until| lease_clock(ctx) < until);
        if self.settings.reads == Reads::Lease && is_leased && self.knows_predecessors(ctx) {
            ctx.probe("read-by-lease");
            return ctx.complete(id, self.replica.store.outcome(&operation));
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let mut waiting = leadership.parked.iter().map(|(known, _)| *known);
        if waiting.any(|known| known == id) || leadership.reads.iter().any(|read| read.id == id) {
            return; // The client has asked again.
        }
        leadership.parked.push((id, operation));
        self.begin_reads(ctx);
    }

    /// Whether all is performed that predecessors may have had chosen, as far as those know who decide what comes next.
    fn knows_predecessors(&self, ctx: &Context<'_, MultiPaxos>) -> bool {
        let Role::Leader(leadership) = &self.role else { return false };
        let slot_out = self.replica.slot_out;
        leadership.takeover <= slot_out
            && self.have_promised_from(slot_out, &leadership.promises, ctx)
    }

    /// Begins the reads that wait, if all of the predecessors' is performed: with a round that serves them all.
    fn begin_reads(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let Role::Leader(leadership) = &self.role else { return };
        if leadership.parked.is_empty() || !self.knows_predecessors(ctx) {
            return;
        }
        self.begin_round(ctx);
        let Role::Leader(leadership) = &mut self.role else { return };
        let round = leadership.round;
        let parked = leadership.parked.drain(..);
        leadership.reads.extend(parked.map(|(id, operation)| Read { id, operation, round }));
        self.serve_reads(ctx);
    }

    /// Answers the reads whose round a quorum has answered.
    pub(super) fn serve_reads(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        self.begin_reads(ctx);
        while let Role::Leader(leadership) = &self.role
            && let Some(read) = leadership.reads.front()
            && self.is_confirmed(leadership, read.round, ctx.id())
        {
            ctx.complete(read.id, self.replica.store.outcome(&read.operation));
            if let Role::Leader(leadership) = &mut self.role {
                leadership.reads.pop_front();
            }
        }
    }
}

/// Sessions.
impl Server {
    /// A leader proposes the end of sessions that were idle for long by its clock. The proposal says up to which operation they were: if
    /// the client has used its session in the meantime, nothing comes of it.
    fn expire_sessions(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let (Some(timeout), Role::Leader(leadership)) =
            (self.settings.session_timeout, &mut self.role)
        else {
            return;
        };
        let now = ctx.now();
        let mut idle: Vec<(ClientId, u64)> = vec![];
        for (client, number) in self.replica.store.sessions() {
            let known = leadership.sessions.entry(client).or_insert((number, now));
            if known.0 != number {
                *known = (number, now);
            } else if timeout <= now.since(known.1) {
                known.1 = now; // Not again at the next heartbeat.
                idle.push((client, number));
            }
        }
        for (client, through) in idle {
            let command = kv::Command::ExpireSession { client, through };
            leadership.requests.push_back(Command::Store(command));
        }
        self.propose(ctx);
    }
}
