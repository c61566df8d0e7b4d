//! The exchange of deltas: A. Shoker, P. Almeida and C. Baquero, *Delta state replicated data types*, J. Parallel Distrib. Comput. 111, 2018, algorithm 2, the
//! anti-entropy that keeps causality: an interval of deltas begins where its receiver's acknowledgement ended. A replica that comes back with nothing
//! sends that, and so tells the others that its acknowledgements are void.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use super::bugs::G16;
use super::dot::{ReplicaId, Versions};
use super::message::Message;
use super::parameters::Exchange;
use super::registration::Crdt;
use super::replica::Replica;
use super::state::State;

/// What a replica keeps for others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Deltas {
    /// The deltas that joined its state, its own and others', by their place from 1. Old ones are dropped.
    kept: BTreeMap<u64, (State, Versions)>,
    /// How many there were.
    count: u64,
    /// Up to which each other has them, and in which life it said so.
    acks: BTreeMap<NodeId, (ReplicaId, u64)>,
}

impl Deltas {
    /// The place of the last one.
    pub(super) const fn last(&self) -> u64 {
        self.count
    }
}

impl Replica {
    /// A delta joined the state: others will want it.
    pub(super) fn keep_delta(&mut self, delta: State, known: Versions) {
        if self.settings.exchange != Exchange::Delta {
            return;
        }
        let Deltas { kept, count, .. } = &mut self.deltas;
        *count += 1;
        kept.insert(*count, (delta, known));
        while self.settings.window < kept.len() as u64 {
            kept.pop_first();
        }
    }

    /// Sends what a partner has not acknowledged; everything, where deltas that it needs are gone.
    pub(super) fn send_delta(&mut self, partner: NodeId, ctx: &mut Context<'_, Crdt>) {
        let last = self.deltas.count;
        let ack = self.deltas.acks.get(&partner).copied();
        let has_all = |through: u64| {
            self.deltas.kept.first_key_value().is_none_or(|(first, _)| *first <= through + 1)
        };
        let Some((replica, through)) = ack.filter(|(_, through)| has_all(*through)) else {
            ctx.probe("whole-state");
            return self.send_state(partner, ctx);
        };
        if through == last {
            return;
        }
        let mut state = State::empty(self.settings.kind);
        let mut known = Versions::default();
        for (delta, versions) in self.deltas.kept.range(through + 1..).map(|(_, delta)| delta) {
            state.join(delta);
            known.join(versions);
        }
        ctx.probe("delta");
        let (sender, base) = (self.id, Some(replica));
        ctx.send(partner, Message::State { state, known, sender, through: last, base });
        if ctx.bug(&G16) {
            self.deltas.acks.insert(partner, (replica, last));
        }
    }

    /// Another node sent something: if that is not the replica that acknowledged deltas, they are gone with that one.
    pub(super) fn look_at_sender(&mut self, from: NodeId, sender: ReplicaId) {
        let acks = &mut self.deltas.acks;
        if acks.get(&from).is_some_and(|(replica, _)| *replica != sender) {
            acks.remove(&from);
        }
    }

    /// Another has all deltas up to one, or has lost what it had.
    pub(super) fn on_ack(
        &mut self,
        from: NodeId,
        replica: ReplicaId,
        of: ReplicaId,
        through: Option<u64>,
    ) {
        if of != self.id {
            return;
        }
        let acks = &mut self.deltas.acks;
        let before = acks.get(&from).filter(|(known, _)| *known == replica);
        let before = before.map_or(0, |(_, through)| *through);
        match through {
            Some(through) => acks.insert(from, (replica, through.max(before))),
            None => acks.remove(&from),
        };
    }
}
