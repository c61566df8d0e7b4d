//! The acceptor (PMMC, §2.2 and figure 4; Paxos Made Simple, §2.2, for all slots at once). It promises, it accepts, and it
//! keeps both.

use orrery_sim::{Context, NodeId};

use super::message::{Command, Message, PValue, Snapshot};
use super::numbers::{Ballot, Slot};
use super::server::{Lease, MultiPaxos, Record, Server};

use std::sync::Arc;

impl Server {
    /// ⟨p1a, λ, b⟩: promises *b* if that is higher than what was promised before, and tells in any case what the promise now
    /// is. What was accepted goes with it.
    pub(super) fn p1a(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        slot_out: Slot,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        if !self.acceptor.can_vote {
            return;
        }
        if self.is_leased_to_another(from, ctx) {
            return ctx.probe("lease-refuses-scout");
        }
        if self.acceptor.ballot_num < Some(ballot) {
            self.promise(ballot, ctx);
            self.step_down(ballot, None, ctx);
            self.restart_election_timer(ctx);
        }
        let promised = self.acceptor.ballot_num.unwrap_or(ballot);
        let is_promise = promised == ballot;
        let accepted = if is_promise { self.report(slot_out) } else { vec![] };
        let snapshot = if is_promise { self.snapshot_for(slot_out) } else { None };
        self.answer(from, Message::P1b { ballot, promised, accepted, snapshot }, ctx);
    }

    /// Raises the ballot below which nothing is accepted any more.
    pub(super) fn promise(&mut self, ballot: Ballot, ctx: &mut Context<'_, MultiPaxos>) {
        if self.acceptor.ballot_num < Some(ballot) {
            self.acceptor.ballot_num = Some(ballot);
            self.bind(Record::Promised { ballot }, ctx);
        }
    }

    /// What was accepted from `slot_out` on.
    pub(super) fn report(&self, slot_out: Slot) -> Vec<(Slot, PValue)> {
        let accepted = self.acceptor.accepted.range(slot_out);
        accepted.map(|(slot, pvalue)| (slot, pvalue.clone())).collect()
    }

    /// What stands for the slots from `slot_out` on of which it is forgotten what was accepted there.
    fn snapshot_for(&self, slot_out: Slot) -> Option<Arc<Snapshot>> {
        self.replica.snapshot.clone().filter(|snapshot| slot_out < snapshot.slot_out)
    }

    /// ⟨p2a, λ, ⟨b, s, c⟩⟩: accepts, unless a higher ballot was promised (P1a of Paxos Made Simple), and tells in any case what the
    /// promise now is. With it comes the news of what was chosen before.
    pub(super) fn p2a(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        (first, commands): (Slot, Vec<Command>),
        slot_out: Slot,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let count = commands.len() as u32;
        let is_followed = self.follow(from, ballot, ctx);
        if is_followed && self.acceptor.can_vote {
            let mut slot = first;
            for command in commands {
                self.accept(slot, ballot, command, ctx);
                slot = slot.next();
            }
        }
        if self.acceptor.can_vote {
            let promised = self.acceptor.ballot_num.unwrap_or(ballot);
            self.answer(from, Message::P2b { ballot, promised, first, count }, ctx);
        }
        if is_followed {
            self.learn_announced(ballot, slot_out, ctx);
        }
    }

    /// Accepts ⟨b, s, c⟩. What was accepted before in that slot, at a lower ballot, is of no use any more.
    pub(super) fn accept(
        &mut self,
        slot: Slot,
        ballot: Ballot,
        command: Command,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let known = self.acceptor.accepted.get(slot);
        let is_known = known.is_some_and(|pvalue| pvalue.ballot == ballot);
        // What a snapshot covers was chosen: nobody needs our vote for it.
        if is_known || slot < self.acceptor.accepted.first() {
            return;
        }
        self.acceptor.accepted.set(slot, PValue { ballot, command: command.clone() });
        self.bind(Record::Accepted { slot, ballot, command }, ctx);
    }

    /// Whether this acceptor has said that it would follow another than `from` for a while that is not over (Paxos Made Live,
    /// §5.2).
    pub(super) fn is_leased_to_another(&self, from: NodeId, ctx: &Context<'_, MultiPaxos>) -> bool {
        let lease = self.acceptor.lease;
        lease.is_some_and(|lease| lease.leader != Some(from) && ctx.now() < lease.until)
    }

    /// Follows `leader` and nobody else from now on for as long as a lease lasts, if leases are given. After a restart nobody
    /// knows whom one followed: then nobody else is everybody.
    pub(super) fn grant_lease(
        &mut self,
        leader: Option<NodeId>,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let Some(terms) = self.settings.lease else { return };
        self.acceptor.lease = Some(Lease { leader, until: ctx.now() + terms.granted });
    }
}
