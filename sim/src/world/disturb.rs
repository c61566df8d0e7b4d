//! What is done to links: cuts, clogs and disturbances.

use std::collections::BTreeSet;

use crate::id::NodeId;
use crate::measure::Kind;
use crate::network::{Barrier, Extra};
use crate::node::Node;
use crate::plan::{Cut, Disturbance, LinkFault, MessageAddress, MessageFilter, Target, Trigger};
use crate::random::{Domain, Draw, StreamId};
use crate::step::Deed;
use crate::tie::TiePolicy;

use super::World;
use super::deeds::deed;
use super::shapes::Pairs;

/// Which messages are meant, with its targets resolved.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub from: Option<NodeId>,
    pub to: Option<NodeId>,
    kind: Option<String>,
    from_role: Option<String>,
    to_role: Option<String>,
}

impl Filter {
    /// Whether a message is meant; `role` tells the role that a node has now.
    pub(super) fn matches<'a>(
        &self,
        from: NodeId,
        to: NodeId,
        kind: Kind,
        role: impl Fn(NodeId) -> &'a str,
    ) -> bool {
        let has = |own: &Option<String>, id| own.as_deref().is_none_or(|own| own == role(id));
        self.from.is_none_or(|own| own == from)
            && self.to.is_none_or(|own| own == to)
            && self.kind.as_deref().is_none_or(|own| own == kind.name)
            && has(&self.from_role, from)
            && has(&self.to_role, to)
    }

    /// The links that it names outright, if it names both ends.
    pub(super) fn pairs(&self) -> Pairs {
        self.from.into_iter().filter_map(|from| self.to.map(|to| (from, to))).collect()
    }
}

/// A disturbance in force.
#[derive(Clone, Debug)]
pub(super) struct ActiveDisturbance {
    pub item: Option<usize>,
    /// Where its draws are.
    address: u32,
    filter: Filter,
    fault: LinkFault,
    /// The links that are in a burst of its losses.
    bad: BTreeSet<(NodeId, NodeId)>,
}

/// What the addresses of interventions and of plan items have apart.
const INTERVENTION: u32 = 1 << 27;
/// Bits of a message's number in the position of a draw.
const NUMBER_BITS: u32 = 34;

impl<N: Node> World<N> {
    /// The address at which an item draws as it strikes: its place in the plan. An intervention draws at the number
    /// of the event that it is, now and when it is played again as an item behind the event before.
    pub(super) fn fault_address(&self, item: Option<usize>) -> u32 {
        let items = self.plan.items();
        match item {
            Some(place) if !matches!(items[place].trigger, Trigger::Behind(_)) => {
                self.plan.address(place) & (INTERVENTION - 1)
            }
            Some(_) | None => INTERVENTION | (self.step.number as u32 & (INTERVENTION - 1)),
        }
    }

    /// The draws of a fault at `address` that strikes for the `round`-th time, from 0.
    pub(super) fn strike_draw(&self, address: u32, round: u64) -> Draw<'static> {
        self.randomness.at(StreamId::new(Domain::Fault, address, 0), round)
    }

    pub(super) fn do_cut(&mut self, item: Option<usize>, cut: &Cut) -> Option<Deed> {
        let mut draw = self.strike_draw(self.fault_address(item), 0);
        let pairs = self.cut_pairs(cut, &mut draw)?;
        self.network.barriers.close(item, Barrier::Cut, pairs.clone());
        Some(Deed { pairs, ..deed("cut", self.cut_node(cut)) })
    }

    pub(super) fn do_clog(&mut self, item: Option<usize>, cut: &Cut) -> Option<Deed> {
        let mut draw = self.strike_draw(self.fault_address(item), 0);
        let pairs = self.cut_pairs(cut, &mut draw)?;
        self.network.barriers.close(item, Barrier::Clog, pairs.clone());
        Some(Deed { pairs, ..deed("clog", self.cut_node(cut)) })
    }

    pub(super) fn do_disturb(
        &mut self,
        item: Option<usize>,
        disturbance: &Disturbance,
    ) -> Option<Deed> {
        let filter = self.filter(&disturbance.filter)?;
        let (fault, address) = (disturbance.fault.clone(), self.fault_address(item));
        let (node, pairs) = (filter.from.or(filter.to), filter.pairs());
        let detail = fault.to_string();
        let bad = BTreeSet::new();
        self.disturbances.push(ActiveDisturbance { item, address, filter, fault, bad });
        self.note_tampering();
        Some(Deed { pairs, detail, ..deed("disturb", node) })
    }

    /// A filter with its targets resolved; `None` where a role has nobody.
    pub(super) fn filter(&self, filter: &MessageFilter) -> Option<Filter> {
        let side = |target: &Option<Target>| match target {
            None => Some(None),
            Some(target) => self.resolve(target).map(Some),
        };
        let MessageFilter { from, to, kind, from_role, to_role } = filter;
        let (from, to) = (side(from)?, side(to)?);
        let (kind, from_role, to_role) = (kind.clone(), from_role.clone(), to_role.clone());
        Some(Filter { from, to, kind, from_role, to_role })
    }

    pub(super) const fn note_tampering(&mut self) {
        self.is_tampered = !self.held.is_empty()
            || !self.disturbances.is_empty()
            || matches!(self.tie, TiePolicy::Shuffled);
    }

    /// What disturbances do to a message whose word for bursts is `word`.
    pub(super) fn disturb(&mut self, message: MessageAddress, kind: Kind, word: u32) -> Extra {
        let mut extra = Extra::default();
        let (from, to) = (message.from, message.to);
        let role = |id: NodeId| self.nodes[id.index()].node.as_ref().map_or("", Node::role);
        for own in &mut self.disturbances {
            if !own.filter.matches(from, to, kind, role) {
                continue;
            }
            match &own.fault {
                LinkFault::Loss(loss) => extra.loss = extra.loss.max(*loss),
                LinkFault::Corruption(share) => extra.corruption = extra.corruption.max(*share),
                LinkFault::Duplication(share) => extra.duplicate = extra.duplicate.max(*share),
                LinkFault::Burst(burst) => {
                    if burst.is_bad_next(own.bad.contains(&(from, to)), word) {
                        own.bad.insert((from, to));
                        extra.burst = extra.burst.max(burst.loss);
                    } else {
                        own.bad.remove(&(from, to));
                    }
                }
                LinkFault::Delay(law) => {
                    // The words of the message are its link's: two laws that share one would rise and fall together.
                    // So this draw has its own address: the item, the sender, the receiver and the message's number.
                    let stream = StreamId::new(Domain::Fault, own.address, from.0);
                    let number = message.number & ((1 << NUMBER_BITS) - 1);
                    let position = u64::from(to.0) << NUMBER_BITS | number;
                    let bits = self.randomness.at(stream, position).bits();
                    extra.delay = extra.delay.saturating_add(law.sample(bits));
                }
            }
        }
        extra
    }
}
