//! Log replication (§5.3), the restriction on commitment (§5.4.2) and what clients see of them
//! (§8).

use orrery_sim::{Context, NodeId, OperationId, Position};

use crate::quorum::{majority, reached_by};

use crate::kv::{Command, Operation, Reply, Request};

use super::bugs::{R1, R5, R6, R9, R10, R11, R14, R25, R32, R34, R38, R39, R40};
use super::log::{Entry, Payload};
use super::message::{AppendEntries, AppendEntriesResponse, Message, Outcome};
use super::numbers::{Index, Round};
use super::role::{Reader, Role};
use super::server::{Note, Raft, Record, Server, Timer};
use super::variants;

/// As a leader.
impl Server {
    /// `ClientRequest`: a leader appends the operation to its log; everybody else says where the
    /// leader is.
    pub(super) fn client_request(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Raft>,
    ) {
        let leadership = match &self.role {
            Role::Follower { leader } => return ctx.redirect(id, *leader),
            Role::PreCandidate { .. } | Role::Candidate { .. } => return ctx.redirect(id, None),
            Role::Leader(leadership) => leadership,
        };
        if let Some(output) = self.state_machine.answer(id) {
            ctx.probe("answer-from-session");
            return ctx.complete(id, output.clone());
        }
        if leadership.asked.contains(&id) {
            return; // Already in our log: the client has asked again.
        }
        if self.reads_without_log(&operation) {
            return self.read_index(id, Reader::Client(operation), ctx);
        }
        if self.holds_back(id, &operation, ctx) {
            return;
        }
        if let Role::Leader(leadership) = &mut self.role {
            leadership.asked.insert(id);
        }
        if ctx.bug(&R34) {
            variants::answer_at_once(&self.state_machine, id, &operation, ctx);
        }
        let request = Request::new(id, operation, ctx);
        self.append_own(Payload::Command(Command::Client(request)), ctx);
        self.append_entries_to_all(ctx);
    }

    /// A leader appends to its own log. The disk works while the followers get the entry
    /// (dissertation, §10.2.1): our copy counts when `on_synced` says so, as theirs do when they
    /// answer.
    pub(super) fn append_own(&mut self, payload: Payload, ctx: &mut Context<'_, Raft>) {
        let entry = Entry { term: self.current_term, payload };
        let (index, position) = self.append(entry, ctx);
        ctx.sync_in_background();
        if let Role::Leader(leadership) = &mut self.role {
            leadership.unsynced.push_back((position, index));
            if ctx.bug(&R6) {
                leadership.matches(ctx.id(), index);
            }
        }
    }

    /// An entry comes to the end of the log, and of the journal. A configuration in it holds from here on (§6).
    fn append(&mut self, entry: Entry, ctx: &mut Context<'_, Raft>) -> (Index, Position) {
        let index = self.log.push(entry.clone());
        self.learn_configuration(index, &entry.payload);
        if let Some(configuration) = entry.configuration().cloned() {
            ctx.note(Note::Reconfiguring { index, configuration });
        }
        (index, self.write(Record::Append { index, entry }, ctx))
    }

    /// Entries of our own are on our own disk.
    pub(super) fn own_entries_are_durable(
        &mut self,
        through: Position,
        ctx: &mut Context<'_, Raft>,
    ) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let own = leadership.match_index.entry(ctx.id()).or_default();
        while let Some((_, index)) = leadership.unsynced.pop_front_if(|(at, _)| *at <= through) {
            *own = index;
        }
        self.advance_commit_index(ctx);
    }

    /// Lets every follower know that there is a leader, and what it has missed.
    pub(super) fn heartbeat(&mut self, ctx: &mut Context<'_, Raft>) {
        self.expire_sessions(ctx);
        self.watch_catch_up(ctx);
        self.begin_round_of_lease(ctx);
        self.append_entries_to_all(ctx);
        self.resend_snapshots(ctx);
        ctx.set_timer(Timer::Heartbeat, self.settings.heartbeat);
    }

    /// One AppendEntries to each follower.
    pub(super) fn append_entries_to_all(&mut self, ctx: &mut Context<'_, Raft>) {
        for follower in self.peers(ctx) {
            self.append_entries(follower, ctx);
        }
    }

    /// `AppendEntries`: sends a follower the entries from `nextIndex` on, and moves that on as if
    /// they had arrived. Where a snapshot stands for the first of them, it sends that (§7).
    pub(super) fn append_entries(&mut self, to: NodeId, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        if leadership.sending.contains_key(&to) {
            return; // The snapshot comes first.
        }
        let next = leadership.next_index.entry(to).or_insert(self.log.last_index().next());
        let prev_log_index = next.previous();
        let Some(prev_log_term) = self.log.term_at(prev_log_index) else {
            return self.install_snapshot(to, ctx);
        };
        let entries: Vec<Entry> =
            self.log.slice(*next, self.settings.max_entries).cloned().collect();
        *next = next.plus(entries.len());
        let request = AppendEntries {
            term: self.current_term,
            prev_log_index,
            prev_log_term,
            entries,
            leader_commit: self.commit_index,
            round: leadership.round,
        };
        ctx.send(to, Message::AppendEntries(request));
    }

    /// `HandleAppendEntriesResponse`: knows more of the follower's log, and sends what it lacks.
    pub(super) fn handle_append_entries_response(
        &mut self,
        from: NodeId,
        response: &AppendEntriesResponse,
        ctx: &mut Context<'_, Raft>,
    ) {
        if !self.is_leader() || response.term < self.current_term {
            return; // `DropStaleResponse`.
        }
        self.acknowledge(from, response.round, ctx);
        if self.current_term < response.term {
            return self.serve_reads(ctx); // Only R16 leads on.
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let matched = leadership.match_index.get(&from).copied().unwrap_or_default();
        let next = leadership.next_index.entry(from).or_default();
        let is_news = match response.outcome {
            Outcome::Matched(index) => {
                let index = if ctx.bug(&R14) { next.previous() } else { index };
                leadership.matches(from, index);
                leadership.next_index.get(&from) <= Some(&self.log.last_index())
            }
            // Overtaken by a response that said better.
            Outcome::Refused { prev_log_index, .. } if prev_log_index <= matched => false,
            Outcome::Refused { prev_log_index, .. } if ctx.bug(&R39) => {
                *next = prev_log_index.next();
                true
            }
            // Below what was refused, but never into what is known to match.
            Outcome::Refused { prev_log_index, retry_from } => {
                *next = retry_from.min(prev_log_index).max(matched.next());
                true
            }
        };
        if is_news {
            self.append_entries(from, ctx);
        }
        self.advance_commit_index(ctx);
        self.caught_up(from, ctx);
        self.serve_reads(ctx);
    }

    /// `AdvanceCommitIndex`: what a quorum has on disk is committed, if it is of our own term.
    ///
    /// An entry of an earlier term on a majority may still be overwritten (figure 8): a server that
    /// lacks it can win with a later last term. It is committed by one of ours behind it, which
    /// bars that server (§5.4.2).
    pub(super) fn advance_commit_index(&mut self, ctx: &mut Context<'_, Raft>) {
        if !self.is_leader() || self.commit_index == self.log.last_index() {
            return; // Nothing to commit.
        }
        let on_quorum = self.matched_by_quorum(ctx);
        let Some(index) = on_quorum.filter(|index| self.commit_index < *index) else { return };
        if !self.log.holds(index, self.current_term) && !ctx.bug(&R1) {
            return ctx.probe("old-entry-on-quorum");
        }
        self.commit(index, ctx);
        self.begin_reads(ctx);
        self.begin_change(ctx);
    }

    /// The last entry that a quorum has on disk: of a joint configuration, one of the old voters and one of the new (§6).
    fn matched_by_quorum(&self, ctx: &Context<'_, Raft>) -> Option<Index> {
        let Role::Leader(leadership) = &self.role else { return None };
        let matched = |id| leadership.match_index.get(&id).copied();
        if ctx.bug(&R25) {
            return self.governing(ctx).clone().left().reached_by(matched);
        }
        if ctx.bug(&R40) {
            let governing = self.governing(ctx);
            let votes = governing.members().into_iter().filter_map(matched);
            return reached_by(majority(governing.voters().len() as u32), votes);
        }
        self.reached_by_quorum(matched, ctx)
    }

    /// Chunks that may have got lost are sent again.
    fn resend_snapshots(&mut self, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &self.role else { return };
        let followers: Vec<NodeId> = leadership.sending.keys().copied().collect();
        for follower in followers {
            self.install_snapshot(follower, ctx);
        }
    }
}

/// As a follower.
impl Server {
    /// `HandleAppendEntriesRequest`.
    pub(super) fn handle_append_entries_request(
        &mut self,
        from: NodeId,
        request: AppendEntries,
        ctx: &mut Context<'_, Raft>,
    ) {
        if request.term < self.current_term {
            if ctx.bug(&R38) {
                self.restart_election_timer(ctx);
            }
            return self.reject_append_entries(from, &request, ctx);
        }
        if self.is_leader() {
            return; // Two leaders in one term: Election Safety is broken, and not here.
        }
        self.follow(from, ctx);
        let request = self.behind_snapshot(request);
        let (index, term) = (request.prev_log_index, request.prev_log_term);
        let is_there = index <= self.log.last_index();
        if self.log.holds(index, term) || (is_there && ctx.bug(&R9)) {
            self.accept_append_entries(from, request, ctx);
        } else {
            self.reject_append_entries(from, &request, ctx);
        }
    }

    /// The current leader was heard: whatever this server was, it follows, and its own candidacy is put off.
    pub(super) fn follow(&mut self, leader: NodeId, ctx: &mut Context<'_, Raft>) {
        self.return_to_follower(Some(leader), ctx);
        self.restart_election_timer(ctx);
        self.last_heard = Some(ctx.now());
        self.conclude_transfer(leader, ctx);
    }

    /// A request without the entries that a snapshot of ours stands for. Those are committed, so that the leader has the same.
    fn behind_snapshot(&self, mut request: AppendEntries) -> AppendEntries {
        let (base, prev) = (self.log.base_index(), request.prev_log_index);
        if prev < base {
            let known = ((base.0 - prev.0) as usize).min(request.entries.len());
            request.entries.drain(..known);
            request.prev_log_index = base;
            request.prev_log_term = self.log.term_at(base).unwrap_or_default();
        }
        request
    }

    /// `RejectAppendEntriesRequest`: from a deposed leader, or beyond where the logs agree.
    fn reject_append_entries(
        &mut self,
        from: NodeId,
        request: &AppendEntries,
        ctx: &mut Context<'_, Raft>,
    ) {
        let prev_log_index = request.prev_log_index;
        let retry_from = self.log.retry_from(prev_log_index);
        self.answer_append(
            from,
            Outcome::Refused { prev_log_index, retry_from },
            request.round,
            ctx,
        );
    }

    /// `AcceptAppendEntriesRequest`: takes the entries, and answers once they are on disk.
    fn accept_append_entries(
        &mut self,
        from: NodeId,
        request: AppendEntries,
        ctx: &mut Context<'_, Raft>,
    ) {
        let matched = request.prev_log_index.plus(request.entries.len());
        if ctx.bug(&R10) && matched < self.log.last_index() {
            self.truncate_from(matched.next(), ctx);
        }
        let mut index = request.prev_log_index;
        for entry in request.entries {
            index = index.next();
            self.accept_entry(index, entry, ctx);
        }
        self.answer_append(from, Outcome::Matched(matched), request.round, ctx);
        // Entries beyond this request's may be those of a deposed leader: they do not count as
        // committed.
        let last_new = if ctx.bug(&R11) { self.log.last_index() } else { matched };
        let committed = request.leader_commit.min(last_new);
        if self.commit_index < committed {
            self.commit(committed, ctx);
        }
    }

    /// `AppendEntriesAlreadyDone`, `ConflictAppendEntriesRequest`,
    /// `NoConflictAppendEntriesRequest`: deletes only what conflicts. What follows an entry that is
    /// already there may be newer than this message.
    fn accept_entry(&mut self, index: Index, entry: Entry, ctx: &mut Context<'_, Raft>) {
        if self.log.holds(index, entry.term) {
            return;
        }
        if index <= self.log.last_index() {
            ctx.probe("log-conflict");
            self.truncate_from(index, ctx);
        }
        self.append(entry, ctx);
    }

    fn truncate_from(&mut self, index: Index, ctx: &mut Context<'_, Raft>) {
        self.log.truncate_from(index);
        self.forget_configurations_from(index);
        self.write(Record::TruncateFrom { index }, ctx);
        ctx.note(Note::Truncated { from: index });
    }

    fn answer_append(
        &mut self,
        to: NodeId,
        outcome: Outcome,
        round: Round,
        ctx: &mut Context<'_, Raft>,
    ) {
        let response = AppendEntriesResponse { term: self.current_term, outcome, round };
        let response = Message::AppendEntriesResponse(response);
        if ctx.bug(&R5) {
            ctx.send(to, response);
            return ctx.sync_in_background();
        }
        self.answer(to, response, ctx);
    }
}

/// As both.
impl Server {
    /// Everything up to `index` is committed: applies it, in the order of the log.
    fn commit(&mut self, index: Index, ctx: &mut Context<'_, Raft>) {
        assert!(self.commit_index < index, "the commit index grows");
        let Some(term) = self.log.term_at(index) else {
            unreachable!("a server commits no entry that it does not have")
        };
        self.commit_index = index;
        ctx.note(Note::Committed { index, term });
        let configuration = self.configuration_index();
        let settles = (self.last_applied.next()..=index).contains(&configuration);
        while self.last_applied < self.commit_index {
            self.apply_next(ctx);
        }
        self.compact_log(ctx);
        if settles {
            self.configuration_is_committed(ctx);
        }
    }

    /// Applies the entry after `lastApplied`, and answers the client if it waits for us.
    fn apply_next(&mut self, ctx: &mut Context<'_, Raft>) {
        let index = self.last_applied.next();
        let Some(entry) = self.log.get(index) else {
            unreachable!("a committed entry is in the log")
        };
        self.last_applied = index;
        let (term, command) = (entry.term, entry.command());
        self.expire_by_own_clock(ctx);
        let execution = match &command {
            Command::Client(request) if ctx.bug(&R32) => self.state_machine.perform(request),
            command => self.state_machine.execute(command),
        };
        if let (Some(id), Some(reply)) = (command.operation(), execution.reply) {
            self.session_used(id.client, ctx);
            self.reply(id, reply, ctx);
        }
        ctx.note(Note::Applied { index, term, command, took_effect: execution.took_effect });
    }

    /// A leader tells the client that asked it what came of its operation.
    fn reply(&mut self, id: OperationId, reply: Reply, ctx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        if !leadership.asked.remove(&id) {
            return;
        }
        reply.tell(id, ctx);
    }
}
