//! A replica: clients' operations, and the exchange of whole states. Deltas and operations have files of their own.

use serde::Serialize;

use orrery_sim::{Context, Duration, DurationRange, Node, NodeId, OperationId, Start};

use super::bugs::{G10, G11, G12, G15};
use super::deltas::Deltas;
use super::dot::{Dot, ReplicaId, Versions};
use super::message::{ElementId, Message, Note, Op, Operation, Output, Timer, Update, Value};
use super::ops::Ops;
use super::parameters::{Exchange, Parameters};
use super::registration::Crdt;
use super::state::State;
use super::variants;

/// One replica. It keeps nothing on a disk: whoever comes back after a crash is a new replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replica {
    /// Its name, in this life.
    pub id: ReplicaId,
    /// The updates that it has.
    pub known: Versions,
    /// What they add up to, where states are exchanged.
    pub state: State,
    /// What is kept for others that have not acknowledged it.
    pub(super) deltas: Deltas,
    /// The same where operations are exchanged, and what waits to be delivered.
    pub(super) ops: Ops,
    pub(super) settings: Parameters,
}

impl Node for Replica {
    type Protocol = Crdt;

    fn on_start(start: Start<'_, Crdt>, ctx: &mut Context<'_, Crdt>) -> Self {
        Self::begin(&start, ctx)
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Crdt>) {
        match message {
            Message::State { state, known, sender, through, base } => {
                self.on_state(from, (state, known), (sender, through), base, ctx);
            }
            Message::Ack { replica, of, through } => self.on_ack(from, replica, of, through),
            Message::Ops { ops } => self.on_ops(ops, ctx),
            Message::Known { known } => self.on_known(from, &known, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Crdt>) {
        match timer {
            Timer::Gossip => self.gossip(ctx),
        }
    }

    fn on_operation(&mut self, id: OperationId, operation: Operation, ctx: &mut Context<'_, Crdt>) {
        if operation == Operation::Read {
            return ctx.complete(id, Output::Value(self.value()));
        }
        // A second attempt would be a second update.
        if !ctx.is_first_attempt() {
            return ctx.give_up(id);
        }
        match self.prepare(operation, ctx) {
            Prepared::Update(update) => self.update(id, update, ctx),
            Prepared::Nothing => ctx.complete(id, Output::Done),
            Prepared::Refused => ctx.fail(id),
        }
    }
}

/// What becomes of an operation.
enum Prepared {
    Update(Update),
    /// There is nothing to remove.
    Nothing,
    /// The type does not have it.
    Refused,
}

impl Replica {
    fn begin(start: &Start<'_, Crdt>, ctx: &mut Context<'_, Crdt>) -> Self {
        let incarnation = if ctx.bug(&G11) { 0 } else { start.incarnation };
        let period = start.config.period;
        ctx.set_timer_between(Timer::Gossip, DurationRange::new(Duration::ZERO, period));
        Self {
            id: ReplicaId { node: start.id, incarnation },
            known: Versions::default(),
            state: State::empty(start.config.kind),
            deltas: Deltas::default(),
            ops: Ops::default(),
            settings: start.config.clone(),
        }
    }

    /// What a reader sees.
    pub fn value(&self) -> Value {
        match self.settings.exchange {
            Exchange::State | Exchange::Delta => self.state.value(),
            Exchange::Op => self.ops.value(self.settings.kind),
        }
    }

    /// The first half of an update, at its own replica: what others need to know of it (Shapiro et al. 2011, section 2.3, `prepare`).
    fn prepare(&self, operation: Operation, ctx: &Context<'_, Crdt>) -> Prepared {
        let update = match (&self.state, operation) {
            (State::Counter { .. }, Operation::Increment { by }) => {
                if by == 0 || (by < 0 && self.settings.kind.only_grows()) {
                    return Prepared::Refused;
                }
                Update::Count { by }
            }
            (State::TwoPhase { .. } | State::Observed { .. }, Operation::Add { element }) => {
                Update::Add { element }
            }
            (State::TwoPhase { added, .. }, Operation::Remove { element }) => {
                if self.settings.kind.only_grows() {
                    return Prepared::Refused;
                }
                if !added.contains(&element) {
                    return Prepared::Nothing;
                }
                Update::Remove { element, dots: vec![] }
            }
            (State::Observed { .. }, Operation::Remove { element }) => {
                let dots = match self.settings.exchange {
                    Exchange::State | Exchange::Delta => self.state.dots(&element),
                    Exchange::Op => self.ops.dots(&element),
                };
                if dots.is_empty() {
                    return Prepared::Nothing;
                }
                Update::Remove { element, dots }
            }
            (State::Last(written), Operation::Write { value }) => {
                // Later than what is overwritten, whatever the clock says.
                let after = written.as_ref().map_or(0, |written| written.time + 1);
                Update::Write { time: self.tick(ctx).max(after), value }
            }
            (State::Multi(_), Operation::Write { value }) => {
                Update::Write { time: self.tick(ctx), value }
            }
            (State::Sequence { inserted, .. }, Operation::Insert { at, letter }) => {
                let visible = self.state.visible();
                let place = (at as usize).min(visible.len());
                let after = place.checked_sub(1).map(|place| visible[place].0);
                let clock = inserted.keys().next_back().map_or(1, |last| last.clock + 1);
                Update::Insert { id: ElementId { clock, replica: self.id }, after, letter }
            }
            (State::Sequence { .. }, Operation::Delete { at }) => {
                match self.state.visible().get(at as usize) {
                    Some((id, _)) => Update::Delete { id: *id },
                    None => return Prepared::Nothing,
                }
            }
            (_, _) => return Prepared::Refused,
        };
        Prepared::Update(update)
    }

    /// What the wall clock shows, in ticks.
    fn tick(&self, ctx: &Context<'_, Crdt>) -> u64 {
        ctx.wall_clock().as_nanos().max(0).cast_unsigned() / self.settings.tick.as_nanos()
    }

    /// The second half, here; others follow.
    fn update(&mut self, id: OperationId, update: Update, ctx: &mut Context<'_, Crdt>) {
        let dot = Dot { replica: self.id, number: self.known.count(self.id) + 1 };
        let before = self.known.clone();
        let (known, noted) = (before.clone(), update.clone());
        ctx.note(Note::Updated { operation: id, dot, update: noted, known });
        match self.settings.exchange {
            Exchange::State | Exchange::Delta => {
                let delta = self.state.delta(dot, &update, &before);
                self.state.join(&delta);
                self.known.add(dot);
                self.keep_delta(delta, Versions::of(dot));
            }
            Exchange::Op => {
                let op = Op { dot, update, known: before };
                self.deliver(op.clone());
                ctx.broadcast(&Message::Ops { ops: vec![op] });
            }
        }
        ctx.complete(id, Output::Done);
    }

    /// Sends to a random other what it may lack.
    fn gossip(&mut self, ctx: &mut Context<'_, Crdt>) {
        let drawn = ctx.below(u64::from(ctx.node_count()) - 1) as u32 + 1;
        let partner = NodeId(if drawn < ctx.id().0 { drawn } else { drawn + 1 });
        match self.settings.exchange {
            Exchange::State => self.send_state(partner, ctx),
            Exchange::Delta => self.send_delta(partner, ctx),
            Exchange::Op => ctx.send(partner, Message::Known { known: self.known.clone() }),
        }
        ctx.set_timer(Timer::Gossip, self.settings.period);
    }

    pub(super) fn send_state(&self, partner: NodeId, ctx: &mut Context<'_, Crdt>) {
        let (state, known) = (self.state.clone(), self.known.clone());
        let (sender, through) = (self.id, self.deltas.last());
        ctx.send(partner, Message::State { state, known, sender, through, base: None });
    }

    /// A state or a delta came. A delta that builds on what a former life of this node had is of no use.
    fn on_state(
        &mut self,
        from: NodeId,
        (state, known): (State, Versions),
        (sender, through): (ReplicaId, u64),
        base: Option<ReplicaId>,
        ctx: &mut Context<'_, Crdt>,
    ) {
        self.look_at_sender(from, sender);
        let is_based = base.is_none_or(|base| base == self.id);
        if is_based {
            self.take(state, known, ctx);
        } else {
            ctx.probe("delta-without-base");
        }
        if self.settings.exchange == Exchange::Delta {
            let through = is_based.then_some(through);
            ctx.send(from, Message::Ack { replica: self.id, of: sender, through });
        }
    }

    fn take(&mut self, state: State, known: Versions, ctx: &mut Context<'_, Crdt>) {
        let is_new = !self.known.covers(&known);
        self.merge(&state, &known, ctx);
        if is_new {
            ctx.note(Note::Merged { value: self.value() });
            self.keep_delta(state, known);
        }
    }

    /// The least upper bound of what is here and what has come.
    fn merge(&mut self, state: &State, known: &Versions, ctx: &Context<'_, Crdt>) {
        if ctx.bug(&G10) {
            variants::add_counts(&mut self.state, state);
        } else if ctx.bug(&G15) {
            variants::keep_own_of_a_tie(&mut self.state, state);
        } else {
            self.state.join(state);
        }
        if ctx.bug(&G12) {
            variants::remove_unseen(&mut self.state);
        }
        self.known.join(known);
    }
}
