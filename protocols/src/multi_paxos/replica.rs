//! The replica (PMMC, §2.1 and figure 1): takes requests, learns decisions, performs them in the order of their slots, and helps
//! others to catch up (Paxos Made Live, §5.1, §5.5).

use std::sync::Arc;

use orrery_sim::{Context, NodeId, OperationId};

use crate::kv::{self, Administered, Operation, Output, Reply, Request};

use super::bugs::{P12, P14, P20};
use super::message::{Administration, Command, Message, Snapshot};
use super::numbers::{Ballot, Slot};
use super::role::Role;
use super::server::{MultiPaxos, Note, Reads, Server};
use super::variants;

/// Requests and decisions.
impl Server {
    /// ⟨request, c⟩: a leader finds a slot for the command; everybody else says where the leader is.
    pub(super) fn request(
        &mut self,
        id: OperationId,
        operation: Administered<Administration>,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let leadership = match &mut self.role {
            Role::Follower { leader } => return ctx.redirect(id, *leader),
            Role::Candidate(_) => return ctx.redirect(id, None),
            Role::Leader(leadership) => leadership,
        };
        let is_known = leadership.asked.contains(&id);
        if let Some(output) = self.replica.store.answer(id) {
            ctx.probe("answer-from-session");
            return ctx.complete(id, output.clone());
        }
        let command = match operation {
            Administered::Store(Operation::Get { key }) if self.settings.reads != Reads::Log => {
                return self.read(id, Operation::Get { key }, ctx);
            }
            Administered::Store(operation) => {
                Command::Store(kv::Command::Client(Request::new(id, operation, ctx)))
            }
            Administered::Administrative(Administration::Reconfigure { members }) => {
                let Some(members) = self.as_configuration(members, ctx) else {
                    return ctx.fail(id);
                };
                Command::Reconfigure { id, members }
            }
        };
        if !is_known && let Role::Leader(leadership) = &mut self.role {
            leadership.asked.insert(id);
            leadership.requests.push_back(command);
            self.propose(ctx);
        }
    }

    /// The leader of `ballot` knows what was chosen before `slot_out`. Where it was accepted at that ballot, so do we: at one ballot
    /// there is one command for a slot. What was accepted at a lower one may not be what was chosen.
    pub(super) fn learn_announced(
        &mut self,
        ballot: Ballot,
        slot_out: Slot,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        self.replica.announced = self.replica.announced.max(slot_out);
        let mut slot = self.replica.slot_out;
        if slot_out <= slot {
            return;
        }
        while slot < slot_out {
            let accepted = self.acceptor.accepted.get(slot);
            let is_it = accepted.is_some_and(|pvalue| pvalue.ballot == ballot);
            if let Some(pvalue) = accepted.filter(|_| is_it)
                && self.replica.decisions.get(slot).is_none()
            {
                self.replica.decisions.set(slot, pvalue.command.clone());
            }
            slot = slot.next();
        }
        self.perform(ctx);
    }

    /// *perform(κ)*: performs the decisions in the order of their slots, as far as there is one for each.
    pub(super) fn perform(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        loop {
            if ctx.bug(&P12) {
                let slot_out = self.replica.slot_out;
                self.replica.slot_out = variants::over_the_gap(&self.replica.decisions, slot_out);
            }
            let slot = self.replica.slot_out;
            let Some(command) = self.replica.decisions.get(slot).cloned() else { break };
            self.replica.slot_out = slot.next();
            let execution = self.replica.store.execute(command.for_store());
            if let (Some(id), Some(reply)) = (command.operation(), execution.reply) {
                self.reply(id, reply, ctx);
            }
            let took_effect = execution.took_effect;
            if let Command::Reconfigure { id, members } = &command {
                self.reconfigure(slot, members, ctx);
                self.reply(*id, Reply::Output(Output::Done), ctx);
            }
            ctx.note(Note::Performed { slot, command, took_effect });
        }
        self.take_snapshot_if_due(ctx);
        self.retire_if_removed(ctx);
    }

    /// ⟨response, cid, result⟩, by the leader that was asked.
    fn reply(&mut self, id: OperationId, reply: Reply, ctx: &mut Context<'_, MultiPaxos>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        if !leadership.asked.remove(&id) {
            return;
        }
        reply.tell(id, ctx);
    }
}

/// Changes of the configuration.
impl Server {
    /// These nodes as a configuration, if they can be one.
    fn as_configuration(
        &self,
        mut members: Vec<NodeId>,
        ctx: &Context<'_, MultiPaxos>,
    ) -> Option<Vec<NodeId>> {
        members.sort_unstable();
        members.dedup();
        let are_nodes = members.iter().all(|id| (1..=ctx.node_count()).contains(&id.0));
        let is_enough = self.settings.quorums.check(members.len() as u32).is_ok();
        (are_nodes && is_enough && !members.is_empty()).then_some(members)
    }

    /// A configuration was chosen in `slot`: it decides from α slots later on ("Reconfiguring a State Machine", §3).
    fn reconfigure(&mut self, slot: Slot, members: &[NodeId], ctx: &mut Context<'_, MultiPaxos>) {
        let from =
            if ctx.bug(&P14) { slot.next() } else { slot.plus(self.settings.alpha as usize) };
        self.replica.configurations.add(from, members.to_vec());
        ctx.note(Note::Reconfigured { governs_from: from, members: members.to_vec() });
        if let Role::Leader(leadership) = &mut self.role {
            // A lease of the old acceptors binds none of the new ones.
            leadership.lease = None;
        }
        self.ask_new_acceptors(ctx);
        self.restart_election_timer(ctx);
    }

    /// A leader that the configuration has removed finishes what is before its end, tells everybody, and steps down.
    fn retire_if_removed(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let Role::Leader(leadership) = &self.role else { return };
        if self.replica.configurations.count() == 1 || self.may_lead(ctx) {
            return;
        }
        ctx.note(Note::Retired { ballot: leadership.ballot });
        self.announce(ctx);
        self.follow_nobody_but(None, ctx);
    }
}

/// Catching up.
impl Server {
    /// Asks `from` for what was chosen, if we lack any of it.
    pub(super) fn ask_for_decisions(&self, from: NodeId, ctx: &mut Context<'_, MultiPaxos>) {
        let slot_out = self.replica.slot_out;
        if slot_out < self.replica.announced {
            ctx.send(from, Message::CatchUp { slot_out });
        }
    }

    /// Tells a replica that lags what was chosen, and nothing else: what was merely accepted may yet be passed over.
    pub(super) fn tell_decisions(
        &self,
        to: NodeId,
        first: Slot,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        if let Some(snapshot) = &self.replica.snapshot
            && first < self.replica.decisions.first()
        {
            return ctx.send(to, Message::InstallSnapshot { snapshot: Arc::clone(snapshot) });
        }
        let mut commands = vec![];
        while commands.len() < self.settings.max_commands as usize {
            let slot = first.plus(commands.len());
            let accepted = self.acceptor.accepted.get(slot).filter(|_| ctx.bug(&P20));
            let known = self.replica.decisions.get(slot);
            let Some(command) = known.or_else(|| accepted.map(|pvalue| &pvalue.command)) else {
                break;
            };
            commands.push(command.clone());
        }
        if !commands.is_empty() {
            ctx.send(to, Message::Decisions { first, commands });
        }
    }

    /// ⟨decision, s, c⟩, many at a time. Asks for more where there is more.
    pub(super) fn hear_decisions(
        &mut self,
        from: NodeId,
        first: Slot,
        commands: Vec<Command>,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let before = self.replica.slot_out;
        for (place, command) in commands.into_iter().enumerate() {
            let slot = first.plus(place);
            if slot < before || self.replica.decisions.get(slot).is_some() {
                continue;
            }
            let accepted = self.acceptor.accepted.get(slot);
            if accepted.is_none_or(|pvalue| pvalue.command != command) {
                self.record_choice(slot, &command, ctx);
            }
            self.replica.decisions.set(slot, command);
        }
        self.perform(ctx);
        if before < self.replica.slot_out {
            ctx.probe("caught-up");
            self.ask_for_decisions(from, ctx);
        }
    }

    /// Writes a snapshot every so many slots, and forgets those that it covers.
    fn take_snapshot_if_due(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let Some(every) = self.settings.snapshot_every else { return };
        let slot_out = self.replica.slot_out;
        if slot_out.since(self.replica.decisions.first()) < every as usize {
            return;
        }
        let snapshot = Arc::new(Snapshot {
            slot_out,
            store: self.replica.store.clone(),
            configurations: self.replica.configurations.clone(),
        });
        self.forget_before(&snapshot);
        self.checkpoint(&snapshot, ctx);
        ctx.note(Note::SnapshotTaken { slot_out });
    }

    /// Takes over another's state, if it is newer than ours.
    pub(super) fn install_snapshot(
        &mut self,
        snapshot: &Arc<Snapshot>,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        if snapshot.slot_out <= self.replica.slot_out {
            return;
        }
        self.adopt(snapshot, ctx);
        self.checkpoint(snapshot, ctx);
        self.perform(ctx);
    }

    /// Goes on from the state of a snapshot.
    pub(super) fn adopt(&mut self, snapshot: &Arc<Snapshot>, ctx: &mut Context<'_, MultiPaxos>) {
        self.replica.slot_out = snapshot.slot_out;
        self.replica.store = snapshot.store.clone();
        self.replica.configurations = snapshot.configurations.clone();
        self.forget_before(snapshot);
        self.begin_recording_at(snapshot.slot_out);
        ctx.note(Note::Installed { through: Slot(snapshot.slot_out.0 - 1) });
    }

    /// The snapshot stands for the slots that it covers.
    fn forget_before(&mut self, snapshot: &Arc<Snapshot>) {
        self.replica.decisions.forget_before(snapshot.slot_out);
        self.acceptor.accepted.forget_before(snapshot.slot_out);
        self.replica.snapshot = Some(Arc::clone(snapshot));
    }
}
