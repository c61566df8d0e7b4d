//! Membership change (§6; dissertation, chapter 4): one server at a time, or any set of servers by way of a joint
//! configuration.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use orrery_sim::{Context, LocalTime, NodeId, OperationId};

use crate::kv::Output;

use super::administration::Request;
use super::bugs::{R23, R24, R26, R27};
use super::configuration::Configuration;
use super::log::Payload;
use super::numbers::{Index, Term};
use super::role::Role;
use super::server::{Note, Raft, Server};

/// Rounds of replication to a new server until its leader gives up (dissertation, §4.2.1, suggests so many).
const ROUNDS: u32 = 10;

/// New servers on their way to the end of the log, before they are let in (dissertation, §4.2.1): a configuration with a
/// server that has nothing might commit nothing for a long time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatchUp {
    /// Who they are.
    pub servers: BTreeSet<NodeId>,
    /// The round, from 1.
    round: u32,
    /// The round is over when they have the log up to here: to where it went when the round began.
    until: Index,
    /// When the round began, by the leader's clock.
    since: LocalTime,
}

/// Who decides.
impl Server {
    /// The configuration that it uses: the latest in its log, committed or not (§6).
    pub(super) fn governing(&self, ctx: &Context<'_, Raft>) -> &Configuration {
        if ctx.bug(&R26) {
            return self.configuration_at(self.last_applied);
        }
        let is_inherited = |index: Index| {
            let is_older = self.log.term_at(index).is_some_and(|term| term < self.current_term);
            self.is_leader() && is_older && self.commit_index < index
        };
        let mut known = self.configurations.iter().rev();
        let used = known.find(|(index, _)| !(ctx.bug(&R27) && is_inherited(*index)));
        used.map_or(self.configuration(), |(_, configuration)| configuration)
    }

    /// Everybody else who gets the log.
    pub(super) fn peers(&self, ctx: &Context<'_, Raft>) -> BTreeSet<NodeId> {
        let mut peers = self.governing(ctx).members();
        if let Role::Leader(leadership) = &self.role
            && let Some(catch_up) = &leadership.catch_up
        {
            peers.extend(&catch_up.servers);
        }
        peers.remove(&ctx.id());
        peers
    }

    /// Whether it may stand for election. One that is in no configuration waits to be told of one; one that was removed
    /// stands as long as that is not committed, for it may still be needed (dissertation, §4.2.2).
    pub(super) fn may_stand(&self, ctx: &Context<'_, Raft>) -> bool {
        self.governing(ctx).is_voter(ctx.id()) || self.commit_index < self.configuration_index()
    }
}

/// As a leader.
impl Server {
    /// Takes a request on: changes are made one after the other.
    pub(super) fn change_membership(
        &mut self,
        id: OperationId,
        request: &Request,
        ctx: &mut Context<'_, Raft>,
    ) {
        let Role::Leader(leadership) = &mut self.role else { return };
        if leadership.changes.iter().any(|(known, _)| *known == id) {
            return; // The administrator has asked again.
        }
        leadership.changes.push_back((id, request.clone()));
        self.begin_change(ctx);
    }

    /// Begins the next change, if the one before is committed, and an entry of this term is: a leader whose predecessor's change
    /// is neither committed nor gone might otherwise make another from the same configuration, and the two results need
    /// share no server (Ongaro, "bug in single-server membership changes", raft-dev, 2015).
    pub(super) fn begin_change(&mut self, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &self.role else { return };
        let Some((id, request)) = leadership.changes.front().cloned() else { return };
        let is_settled = self.configuration_index() <= self.commit_index;
        let knows_commits = self.log.holds(self.commit_index, self.current_term) || ctx.bug(&R23);
        if !is_settled || !knows_commits || leadership.catch_up.is_some() {
            return;
        }
        let current = self.governing(ctx);
        let wanted = wanted(&request, current);
        if wanted == *current {
            self.end_change(id, ctx);
            return self.begin_change(ctx);
        }
        let members = current.members();
        let newcomers: BTreeSet<NodeId> =
            wanted.voters().iter().filter(|id| !members.contains(id)).copied().collect();
        if newcomers.is_empty() {
            return self.append_configuration(wanted, ctx);
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let (until, since) = (self.log.last_index(), ctx.now());
        leadership.catch_up = Some(CatchUp { servers: newcomers.clone(), round: 1, until, since });
        for server in newcomers {
            self.append_entries(server, ctx);
        }
    }

    /// A peer has more of the log: perhaps a round of catching up is over. New servers are let in after one that took less than an
    /// election timeout: what they still lack then will not hold up commitment for longer (dissertation, §4.2.1).
    pub(super) fn caught_up(&mut self, peer: NodeId, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let Some(catch_up) = &mut leadership.catch_up else { return };
        let has = |id: &NodeId| leadership.match_index.get(id).copied().unwrap_or_default();
        let is_over = catch_up.servers.iter().all(|id| catch_up.until <= has(id));
        if !catch_up.servers.contains(&peer) || !is_over {
            return;
        }
        let took = ctx.now().since(catch_up.since);
        if took < self.settings.election_timeout.min {
            return self.let_in(ctx);
        }
        if catch_up.round == ROUNDS {
            return self.abandon_change(ctx);
        }
        catch_up.round += 1;
        catch_up.until = self.log.last_index();
        catch_up.since = ctx.now();
    }

    /// A new server that does not answer is not waited for for ever (dissertation, §4.2.1).
    pub(super) fn watch_catch_up(&mut self, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &self.role else { return };
        let Some(catch_up) = &leadership.catch_up else { return };
        let limit = self.settings.election_timeout.max * u64::from(ROUNDS);
        if limit < ctx.now().since(catch_up.since) {
            self.abandon_change(ctx);
        }
    }

    fn let_in(&mut self, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        leadership.catch_up = None;
        let Some((_, request)) = leadership.changes.front().cloned() else { return };
        let wanted = wanted(&request, self.governing(ctx));
        self.append_configuration(wanted, ctx);
    }

    /// The new servers are too slow, or do not answer: the change did not happen and will not.
    fn abandon_change(&mut self, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        leadership.catch_up = None;
        if let Some((id, _)) = leadership.changes.pop_front() {
            ctx.probe("change-abandoned");
            ctx.fail(id);
        }
        self.begin_change(ctx);
    }

    /// Appends a configuration on the way to `wanted`: that one itself where one server more or less has a say, and the joint
    /// one otherwise (§6).
    fn append_configuration(&mut self, wanted: Configuration, ctx: &mut Context<'_, Raft>) {
        let current = self.governing(ctx).clone();
        let difference = current.voters().symmetric_difference(wanted.voters()).count();
        let is_direct = current.is_joint() || difference <= 1 || ctx.bug(&R24);
        let next = if is_direct { wanted } else { current.towards(wanted.voters().clone()) };
        self.append_own(Payload::Configuration(Arc::new(next)), ctx);
        self.append_entries_to_all(ctx);
    }

    /// The configuration in use is committed: a joint one gives way to the new one, a leader that is no voter of it steps
    /// down (dissertation, §4.2.2, §4.3), and the administrator is answered.
    pub(super) fn configuration_is_committed(&mut self, ctx: &mut Context<'_, Raft>) {
        let index = self.configuration_index();
        ctx.note(Note::Reconfigured { index, configuration: Arc::clone(self.configuration_arc()) });
        if !self.is_leader() {
            return;
        }
        if self.configuration().is_joint() {
            return self.leave_joint(ctx);
        }
        let Role::Leader(leadership) = &self.role else { return };
        let change = leadership.changes.front().cloned();
        if let Some((id, request)) = change
            && wanted(&request, self.configuration()) == *self.configuration()
        {
            self.end_change(id, ctx);
        }
        if self.configuration().is_voter(ctx.id()) {
            self.begin_change(ctx);
        } else {
            // The changes that wait are for the next leader to begin: it might let this one in again.
            ctx.note(Note::SteppedDown { term: self.current_term });
            self.return_to_follower(None, ctx);
        }
    }

    /// From the joint configuration to the new one alone.
    fn leave_joint(&mut self, ctx: &mut Context<'_, Raft>) {
        let left = self.configuration().clone().left();
        self.append_own(Payload::Configuration(Arc::new(left)), ctx);
        self.append_entries_to_all(ctx);
    }

    fn end_change(&mut self, id: OperationId, ctx: &mut Context<'_, Raft>) {
        ctx.complete(id, Output::Done);
        if let Role::Leader(leadership) = &mut self.role {
            leadership.changes.pop_front();
        }
    }
}

/// The configuration that `request` asks for, from `current`.
fn wanted(request: &Request, current: &Configuration) -> Configuration {
    let current = current.clone();
    match request {
        Request::AddServer { server } if current.is_voter(*server) => current,
        Request::AddServer { server } => current.with_voter(*server),
        Request::AddLearner { server } if current.members().contains(server) => current,
        Request::AddLearner { server } => current.with_learner(*server),
        Request::RemoveServer { server } => current.without(*server),
        Request::ChangeServers { servers } => {
            current.towards(servers.iter().copied().collect()).left()
        }
        Request::TransferLeadership { .. } => current,
    }
}

/// The configurations in the log.
impl Server {
    /// The latest in its log.
    pub fn configuration(&self) -> &Configuration {
        self.configuration_arc()
    }

    pub(super) fn configuration_arc(&self) -> &Arc<Configuration> {
        let Some((_, latest)) = self.configurations.last() else {
            unreachable!("the first configuration, or a snapshot's, is always there")
        };
        latest
    }

    /// Where that one is; `i0` for the one that the run began with.
    pub fn configuration_index(&self) -> Index {
        self.configurations.last().map_or(Index(0), |(index, _)| *index)
    }

    /// Those that it does not know to be committed: their places, and the terms of their entries.
    pub fn pending_configurations(&self) -> impl Iterator<Item = (Index, Term)> + '_ {
        let pending = self.configurations.iter().filter(|(index, _)| self.commit_index < *index);
        pending.filter_map(|(index, _)| Some((*index, self.log.term_at(*index)?)))
    }

    /// The latest up to `index`, as far as it is known behind a snapshot.
    pub fn configuration_at(&self, index: Index) -> &Arc<Configuration> {
        let known = self.configurations.iter().rev().find(|(place, _)| *place <= index);
        known.or(self.configurations.first()).map_or(self.configuration_arc(), |(_, it)| it)
    }

    /// An entry came to `index` of the log.
    pub(super) fn learn_configuration(&mut self, index: Index, payload: &Payload) {
        if let Payload::Configuration(configuration) = payload {
            self.configurations.push((index, Arc::clone(configuration)));
        }
    }

    /// The entries from `index` on are gone, and what they said of the servers with them: the one before holds again
    /// (§6).
    pub(super) fn forget_configurations_from(&mut self, index: Index) {
        self.configurations.retain(|(place, _)| *place < index);
    }
}
