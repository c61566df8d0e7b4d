//! The end of faults: one by one, or all of them for good.

use crate::network::Barrier;
use crate::node::Node;
use crate::queue::QueueError;
use crate::step::Deed;

use super::deeds::deed;
use super::shapes::Pairs;
use super::wires::Keeper;
use super::{Pending, World};

impl<N: Node> World<N> {
    pub(super) fn do_heal(&mut self, name: Option<&str>) -> Result<Deed, QueueError> {
        let Ok(item) = self.item(name) else {
            return Ok(Deed { changed: false, ..deed("heal", None) });
        };
        let before = self.stopped_pairs();
        let changed = self.end_link_faults(item);
        let arrived = self.release_clogged()?;
        let after = self.stopped_pairs();
        let pairs = before.into_iter().filter(|pair| after.binary_search(pair).is_err()).collect();
        let detail = if 0 < arrived { format!("{arrived} messages waited") } else { String::new() };
        Ok(Deed { pairs, detail, changed, ..deed("heal", None) })
    }

    pub(super) fn do_calm(&mut self) -> Result<Deed, QueueError> {
        let pairs = self.stopped_pairs();
        let mut changed = self.end_link_faults(None) | self.network.calm();
        changed |= 0 < self.release_clogged()?;
        changed |= !self.held.is_empty();
        changed |= self.release(None)? != 0;
        changed |= self.calm_disks()?;
        changed |= self.calm_nodes();
        Ok(Deed { pairs, changed, ..deed("calm", None) })
    }

    /// Ends the cuts, flappings, clogs and disturbances of `item`, or all; whether there were any.
    fn end_link_faults(&mut self, item: Option<usize>) -> bool {
        let before = self.flaps.len() + self.disturbances.len();
        self.flaps.retain(|flap| item.is_some() && flap.item != item);
        self.disturbances.retain(|own| item.is_some() && own.item != item);
        self.note_tampering();
        let after = self.flaps.len() + self.disturbances.len();
        let was_healed = self.network.barriers.heal(item);
        was_healed || after < before
    }

    /// The directed pairs that are cut or clogged, in order.
    fn stopped_pairs(&self) -> Pairs {
        let barriers = &self.network.barriers;
        let mut pairs = [barriers.pairs(Barrier::Cut), barriers.pairs(Barrier::Clog)].concat();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// What waited at links that are clogged no longer arrives now, in the order in which it came there. How many
    /// messages that were.
    fn release_clogged(&mut self) -> Result<usize, QueueError> {
        let barriers = &self.network.barriers;
        let is_free = |keeper: Keeper, pending: &Pending<N::Protocol>| {
            let link = pending.message().map(|(address, _)| (address.from, address.to));
            keeper == Keeper::Clog
                && link.is_some_and(|(from, to)| barriers.between(from, to) != Some(Barrier::Clog))
        };
        let kept = std::mem::take(&mut self.kept_back);
        let (free, kept): (Vec<_>, Vec<_>) =
            kept.into_iter().partition(|(keeper, pending)| is_free(*keeper, pending));
        self.kept_back = kept;
        if free.is_empty() {
            return Ok(0);
        }
        let count = free.len();
        let behind = self.due_now_behind(&free);
        for pending in free.into_iter().map(|(_, pending)| pending).chain(behind) {
            let order = self.order(self.now, &pending.what);
            self.queue.push(self.now, order, pending)?;
        }
        Ok(count)
    }

    /// Takes the messages off the wire that come to the ends of the same links at this very moment: they were sent
    /// behind those that waited, and stay behind them.
    fn due_now_behind(
        &mut self,
        free: &[(Keeper, Pending<N::Protocol>)],
    ) -> Vec<Pending<N::Protocol>> {
        let link = |pending: &Pending<N::Protocol>| {
            pending.message().map(|(address, _)| (address.from, address.to))
        };
        let links: std::collections::BTreeSet<_> =
            free.iter().filter_map(|(_, pending)| link(pending)).collect();
        let due = self.queue.entries().into_iter().filter(|(time, _)| *time == self.now);
        let due = due.filter(|(_, pending)| link(pending).is_some_and(|own| links.contains(&own)));
        let names: Vec<_> = due.filter_map(|(_, pending)| pending.name()).collect();
        let take = |name| self.queue.take(|pending| pending.name() == Some(name));
        names.into_iter().filter_map(take).collect()
    }
}
