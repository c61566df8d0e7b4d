//! The leader (PMMC, §2.3 to §2.5, figures 6 and 7): scouts, commanders, and who takes the lead when.

use std::collections::BTreeMap;
use std::mem;

use orrery_sim::{Context, NodeId};

use super::bugs::{P11, P13};
use super::message::{Command, Message, PValue, Snapshot};
use super::numbers::{Ballot, Slot};
use super::role::{Commander, Leadership, Role, Scout, pmax};
use super::server::{MultiPaxos, Note, Server, Timer};
use super::variants;

use std::sync::Arc;

/// A scout's way: phase 1.
impl Server {
    /// No leader was heard for too long. Sends a scout with a ballot above all that was heard of.
    pub(super) fn election_timeout(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        if self.is_leader() || !self.may_lead(ctx) {
            return;
        }
        if self.is_leased_to_another(ctx.id(), ctx) {
            return self.restart_election_timer(ctx);
        }
        let ballot = Ballot::above(self.acceptor.ballot_num, ctx.id());
        ctx.note(Note::Scouting { ballot });
        let scout = Scout { ballot, promises: vec![], pvalues: BTreeMap::new() };
        self.role = Role::Candidate(scout);
        self.restart_election_timer(ctx);
        self.p1a_to_all(ballot, ctx);
    }

    /// Scout(λ, acceptors, b): asks all acceptors for their promise. Our own is on disk first: a leader that forgot its ballot in a
    /// crash could use it again for something else.
    fn p1a_to_all(&mut self, ballot: Ballot, ctx: &mut Context<'_, MultiPaxos>) {
        self.promise(ballot, ctx);
        let position = self.binding_position();
        self.await_own_promise(position, ballot);
        self.sync(ctx);
        let slot_out = self.replica.slot_out;
        for to in self.acceptors_from(slot_out, ctx.id()) {
            ctx.send(to, Message::P1a { ballot, slot_out });
        }
    }

    /// ⟨p1b, α, b, r⟩: one more promise, or a higher ballot that puts an end to ours.
    pub(super) fn p1b(
        &mut self,
        from: NodeId,
        (ballot, promised): (Ballot, Ballot),
        (accepted, snapshot): (Vec<(Slot, PValue)>, Option<Arc<Snapshot>>),
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        if !self.is_yes((ballot, promised), ctx) {
            return;
        }
        if let Some(snapshot) = snapshot {
            self.install_snapshot(&snapshot, ctx);
        }
        let slot_out = self.replica.slot_out;
        match &mut self.role {
            Role::Follower { .. } => {}
            Role::Candidate(scout) => {
                pmax(&mut scout.pvalues, accepted);
                if !scout.promises.contains(&from) {
                    scout.promises.push(from);
                }
                let promised_by = scout.promises.clone();
                if self.have_promised_from(slot_out, &promised_by, ctx) {
                    self.adopted(ctx);
                }
            }
            Role::Leader(leadership) => {
                let slot_in = leadership.slot_in;
                let news = accepted.into_iter().filter(|(slot, _)| slot_in <= *slot);
                pmax(&mut leadership.pvalues, news);
                leadership.expect_predecessors();
                if !leadership.promises.contains(&from) {
                    leadership.promises.push(from);
                    self.propose(ctx);
                    self.serve_reads(ctx);
                }
            }
        }
    }

    /// ⟨adopted, b, pvalues⟩: a quorum follows us, and has told us all that can have been chosen at lower ballots.
    fn adopted(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let nobody = Role::Follower { leader: None };
        let Role::Candidate(mut scout) = mem::replace(&mut self.role, nobody) else {
            unreachable!("only a scout's ballot is adopted")
        };
        let slot_out = self.replica.slot_out;
        if ctx.bug(&P11) {
            variants::trust_own_slots(&mut scout.pvalues, &self.acceptor.accepted, slot_out);
        }
        scout.pvalues = scout.pvalues.split_off(&slot_out);
        ctx.note(Note::Adopted { ballot: scout.ballot, promises: scout.promises.clone() });
        self.role = Role::Leader(Leadership::new(scout, slot_out));
        ctx.cancel_timer(Timer::Election);
        self.heartbeat(ctx);
        self.propose(ctx);
    }

    /// Whether these promises are a quorum of phase 1 of every configuration that decides `slot` or what comes behind it.
    pub(super) fn have_promised_from(
        &self,
        slot: Slot,
        promises: &[NodeId],
        ctx: &Context<'_, MultiPaxos>,
    ) -> bool {
        let mut configurations = self.replica.configurations.governing_from(slot);
        configurations.all(|known| self.is_phase_1(&known.members, promises, ctx))
    }

    /// Whether these promises are a quorum of phase 1.
    fn is_phase_1(
        &self,
        members: &[NodeId],
        promises: &[NodeId],
        ctx: &Context<'_, MultiPaxos>,
    ) -> bool {
        let quorums = &self.settings.quorums;
        quorums.is_phase_1(members, promises)
            || (ctx.bug(&P13) && variants::lacks_one(quorums, members, promises))
    }

    /// The acceptors of all configurations that decide `slot` and what comes behind it, but for `own`.
    pub(super) fn acceptors_from(&self, slot: Slot, own: NodeId) -> Vec<NodeId> {
        let known = self.replica.configurations.governing_from(slot);
        let mut all: Vec<NodeId> = known.flat_map(|known| known.members.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|id| *id != own);
        all
    }

    /// A configuration was chosen while we lead: its acceptors promise our ballot before we propose anything to them.
    pub(super) fn ask_new_acceptors(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let Role::Leader(leadership) = &self.role else { return };
        let slot_out = self.replica.slot_out;
        if self.have_promised_from(slot_out, &leadership.promises, ctx) {
            return;
        }
        let ballot = leadership.ballot;
        let mut silent = self.acceptors_from(slot_out, ctx.id());
        silent.retain(|id| !leadership.promises.contains(id));
        for to in silent {
            ctx.send(to, Message::P1a { ballot, slot_out });
        }
    }
}

/// A leader's and its commanders' way: phase 2.
impl Server {
    /// `propose()` of figures 1 and 7: finds commands for the next slots, as far as the window reaches, and sends a commander for
    /// each. One message carries them all.
    pub(super) fn propose(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let Role::Leader(leadership) = &self.role else { return };
        let (ballot, first) = (leadership.ballot, leadership.slot_in);
        let mut commands = vec![];
        while commands.len() < self.settings.max_commands as usize
            && let Some(command) = self.next_command(ctx)
        {
            self.commander(command.clone(), ctx);
            commands.push(command);
        }
        if commands.is_empty() {
            return;
        }
        let (slot_out, last) = (self.replica.slot_out, first.plus(commands.len() - 1));
        let acceptors = self.acceptors_of(first, last, ctx.id());
        let is_full = commands.len() == self.settings.max_commands as usize;
        let message = Message::P2a { ballot, first, commands, slot_out };
        for to in acceptors {
            ctx.send(to, message.clone());
        }
        ctx.sync_in_background();
        if is_full {
            self.propose(ctx);
        }
    }

    /// The acceptors that decide some slot from `first` to `last`, but for `own`.
    fn acceptors_of(&self, first: Slot, last: Slot, own: NodeId) -> Vec<NodeId> {
        let configurations = &self.replica.configurations;
        let known = configurations.governing_from(first).filter(|known| known.from <= last);
        if known.clone().nth(1).is_some() {
            return self.acceptors_from(first, own);
        }
        let members = configurations.governing(first).iter().copied();
        members.filter(|id| *id != own).collect()
    }

    /// The command for the next slot: what a predecessor may have had chosen there; nothing, if it may have had something chosen in a
    /// later slot only; else what a client asked first. None while the window is full, while it is not known who decides
    /// that slot, or while nobody asks.
    fn next_command(&mut self, ctx: &mut Context<'_, MultiPaxos>) -> Option<Command> {
        let Role::Leader(leadership) = &self.role else { return None };
        let slot = leadership.slot_in;
        if self.replica.slot_out.plus(self.settings.alpha as usize) <= slot {
            ctx.probe("window-full");
            return None;
        }
        let members = self.replica.configurations.governing(slot);
        let is_promised = self.is_phase_1(members, &leadership.promises, ctx);
        let fills_window = self.replica.configurations.governing_from(slot).nth(1).is_some();
        let Role::Leader(leadership) = &mut self.role else { return None };
        if !is_promised {
            return None;
        }
        let pvalue = leadership.pvalues.remove(&slot);
        let is_gap = pvalue.is_none() && !leadership.pvalues.is_empty();
        let command = match pvalue {
            Some(pvalue) => pvalue.command,
            None if is_gap => Command::NO_OP,
            // A configuration waits for its slot: nothing gets it there sooner.
            None if fills_window && leadership.requests.is_empty() => Command::NO_OP,
            None => leadership.requests.pop_front()?,
        };
        leadership.slot_in = slot.next();
        if is_gap {
            ctx.probe("gap-filled");
        }
        ctx.note(Note::Proposed { slot, ballot: leadership.ballot, fills_gap: is_gap });
        Some(command)
    }

    /// Commander(λ, acceptors, ⟨b, s, c⟩) for the slot before `slot_in`. We are an acceptor as the others are; the disk works while they
    /// get the command, and our acceptance counts when it is there.
    fn commander(&mut self, command: Command, ctx: &mut Context<'_, MultiPaxos>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let (ballot, slot) = (leadership.ballot, Slot(leadership.slot_in.0 - 1));
        let commander =
            Commander { command: command.clone(), accepted_by: vec![], sent: ctx.now() };
        leadership.commanders.insert(slot, commander);
        if !self.replica.configurations.governing(slot).contains(&ctx.id()) {
            return;
        }
        self.accept(slot, ballot, command, ctx);
        let position = self.binding_position();
        if let Role::Leader(leadership) = &mut self.role {
            leadership.unsynced.push_back((position, slot));
        }
    }

    /// ⟨p2b, α, b⟩: one more acceptance for each of these slots, or a higher ballot that puts an end to ours.
    pub(super) fn p2b(
        &mut self,
        from: NodeId,
        (ballot, promised): (Ballot, Ballot),
        (first, count): (Slot, u32),
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        if !self.is_yes((ballot, promised), ctx) {
            return;
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let mut chosen = vec![];
        let slots = first..first.plus(count as usize);
        for (slot, commander) in leadership.commanders.range_mut(slots) {
            if commander.accepted_by.contains(&from) {
                continue;
            }
            commander.accepted_by.push(from);
            let members = self.replica.configurations.governing(*slot);
            if self.settings.quorums.is_phase_2(members, &commander.accepted_by) {
                chosen.push(*slot);
            }
        }
        for slot in &chosen {
            let Some(commander) = leadership.commanders.remove(slot) else { continue };
            self.replica.decisions.set(*slot, commander.command);
            ctx.note(Note::Chosen { slot: *slot, ballot });
        }
        if !chosen.is_empty() {
            self.perform(ctx);
            self.propose(ctx);
            self.serve_reads(ctx);
        }
    }

    /// Commanders that were not answered for a while ask again.
    pub(super) fn ask_again(&mut self, ctx: &mut Context<'_, MultiPaxos>) {
        let Role::Leader(leadership) = &self.role else { return };
        if leadership.commanders.is_empty() {
            return;
        }
        let (ballot, slot_out) = (leadership.ballot, self.replica.slot_out);
        let patience = self.settings.heartbeat;
        let is_late = |commander: &Commander| patience <= ctx.now().since(commander.sent);
        let late: Vec<Slot> = leadership
            .commanders
            .iter()
            .filter_map(|(slot, commander)| is_late(commander).then_some(*slot))
            .collect();
        for to in self.acceptors_from(slot_out, ctx.id()) {
            for (first, commands) in self.unanswered(to, &late) {
                ctx.send(to, Message::P2a { ballot, first, commands, slot_out });
            }
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        for slot in late {
            if let Some(commander) = leadership.commanders.get_mut(&slot) {
                commander.sent = ctx.now();
            }
        }
    }

    /// What `acceptor` did not answer of these slots, in runs without gaps.
    fn unanswered(&self, acceptor: NodeId, slots: &[Slot]) -> Vec<(Slot, Vec<Command>)> {
        let Role::Leader(leadership) = &self.role else { return vec![] };
        let mut runs: Vec<(Slot, Vec<Command>)> = vec![];
        for slot in slots {
            let Some(commander) = leadership.commanders.get(slot) else { continue };
            let is_member = self.replica.configurations.governing(*slot).contains(&acceptor);
            if !is_member || commander.accepted_by.contains(&acceptor) {
                continue;
            }
            match runs.last_mut() {
                Some((first, run))
                    if first.plus(run.len()) == *slot
                        && run.len() < self.settings.max_commands as usize =>
                {
                    run.push(commander.command.clone());
                }
                Some(_) | None => runs.push((*slot, vec![commander.command.clone()])),
            }
        }
        runs
    }
}

/// Who leads.
impl Server {
    /// Whether this process may lead: it votes, and it is a member, as far as it knows.
    pub(super) fn may_lead(&self, ctx: &Context<'_, MultiPaxos>) -> bool {
        let slot_out = self.replica.slot_out;
        self.acceptor.can_vote && self.replica.configurations.is_member_from(slot_out, ctx.id())
    }

    /// The ballot of our own scout or leadership.
    fn own_ballot(&self) -> Option<Ballot> {
        match &self.role {
            Role::Follower { .. } => None,
            Role::Candidate(scout) => Some(scout.ballot),
            Role::Leader(leadership) => Some(leadership.ballot),
        }
    }

    /// Whether an answer to a request at `ballot`, by an acceptor that has promised `promised`, is one to our present ballot and
    /// no refusal. A refusal of an older ballot of ours may name the present one as promised: it is no promise.
    pub(super) fn is_yes(
        &mut self,
        (ballot, promised): (Ballot, Ballot),
        ctx: &mut Context<'_, MultiPaxos>,
    ) -> bool {
        !self.is_preempted_by(promised, ctx)
            && self.own_ballot() == Some(ballot)
            && promised == ballot
    }

    /// ⟨preempted, b⟩: a higher ballot than ours is about. Its leader may have commands chosen; we have none any more.
    pub(super) fn is_preempted_by(
        &mut self,
        ballot: Ballot,
        ctx: &mut Context<'_, MultiPaxos>,
    ) -> bool {
        let is_higher = self.own_ballot().is_some_and(|own| own < ballot);
        if is_higher {
            self.promise(ballot, ctx);
            self.step_down(ballot, None, ctx);
        }
        is_higher
    }

    /// Is passive from now on, because of this ballot.
    pub(super) fn step_down(
        &mut self,
        by: Ballot,
        leader: Option<NodeId>,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        if let Some(ballot) = self.own_ballot() {
            ctx.note(Note::Preempted { ballot, by });
        }
        self.follow_nobody_but(leader, ctx);
    }

    /// Is passive from now on, and sends whoever waits for it to `leader`.
    pub(super) fn follow_nobody_but(
        &mut self,
        leader: Option<NodeId>,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let before = mem::replace(&mut self.role, Role::Follower { leader });
        if let Role::Leader(leadership) = before {
            ctx.cancel_timer(Timer::Heartbeat);
            self.restart_election_timer(ctx);
            Self::send_away(leadership, leader, ctx);
        }
    }

    /// What was proposed may still take effect; what was not, never will.
    fn send_away(
        mut leadership: Leadership,
        leader: Option<NodeId>,
        ctx: &mut Context<'_, MultiPaxos>,
    ) {
        let unproposed = leadership.requests.iter().filter_map(Command::operation);
        for id in unproposed {
            leadership.asked.remove(&id);
            ctx.redirect(id, leader);
        }
        let parked = leadership.parked.iter().map(|(id, _)| *id);
        for id in parked.chain(leadership.reads.iter().map(|read| read.id)) {
            ctx.redirect(id, leader);
        }
        for id in leadership.asked {
            ctx.hand_over(id, leader);
        }
    }

    /// The leader of `ballot` was heard: follows it, unless a higher ballot was promised. Returns whether it is followed.
    pub(super) fn follow(
        &mut self,
        from: NodeId,
        ballot: Ballot,
        ctx: &mut Context<'_, MultiPaxos>,
    ) -> bool {
        if Some(ballot) < self.acceptor.ballot_num {
            return false;
        }
        self.promise(ballot, ctx);
        if !matches!(self.role, Role::Follower { leader: Some(leader) } if leader == from) {
            self.step_down(ballot, Some(from), ctx);
        }
        self.restart_election_timer(ctx);
        true
    }

    /// A timeout of its own for each process and each time makes it likely that one of them scouts alone.
    pub(super) fn restart_election_timer(&self, ctx: &mut Context<'_, MultiPaxos>) {
        if !self.is_leader() && self.may_lead(ctx) {
            ctx.set_timer_between(Timer::Election, self.settings.election_timeout);
        }
    }
}
