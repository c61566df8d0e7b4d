//! The order of simultaneous events.

use serde::Serialize;

use crate::digest::Digest;
use crate::id::NodeId;
use crate::node::Node;
use crate::plan::MessageAddress;
use crate::random::{Domain, StreamId};
use crate::tie::TiePolicy;
use crate::time::SimTime;

use super::{What, World};

/// Above all orders that are not drawn: those come first in their nanosecond.
const DRAWN: u64 = 1 << 39;
/// The sender in the addresses of ties that are no message's. Nodes count from 1.
const OF_NODES: u32 = 0;
/// The same for clients: no run has so many nodes.
const OF_CLIENTS: u32 = (1 << 28) - 1;

impl<N: Node> World<N> {
    /// The order of `what` among the events of the nanosecond `at`. An event's address decides it, never how many others
    /// there were before: so one message less leaves the order of all others as it is.
    #[inline]
    pub(super) fn order(&mut self, at: SimTime, what: &What<N::Protocol>) -> u64 {
        match self.tie {
            TiePolicy::Fifo => self.queue.next_order(),
            TiePolicy::Shuffled => self.drawn_order(at, what),
        }
    }

    #[cold]
    fn drawn_order(&mut self, at: SimTime, what: &What<N::Protocol>) -> u64 {
        match what {
            What::Arrive { address, is_copy, .. } | What::Damaged { address, is_copy, .. } => {
                self.message_order(at, *address, *is_copy)
            }
            What::Served { node, entry } => self.tie(OF_NODES, node.0, &("served", entry)),
            What::Wake { client, asked, attempt } => {
                self.tie(OF_CLIENTS, client.0, &(asked, attempt))
            }
            What::Synced { node, sync, .. } | What::SyncFailed { node, sync, .. } => {
                let order = self.tie(OF_NODES, node.0, &("sync", sync));
                // One disk answers its syncs in order.
                self.nodes[node.index()].disk.last_tie.behind(at, order)
            }
            // What has an order of its own (see `timer_order`), and what follows from the plan at once.
            What::Timer { .. }
            | What::Start(_)
            | What::Fire { .. }
            | What::Ask { .. }
            | What::Item(_)
            | What::Flap(_) => self.queue.next_order(),
        }
    }

    fn message_order(&mut self, at: SimTime, address: MessageAddress, is_copy: bool) -> u64 {
        let order = self.tie(address.from.0, address.to.0, &(address.number, is_copy));
        self.network.link(address.from, address.to).order_behind(at, order)
    }

    /// The order of a timer that is due at `due`.
    #[inline]
    pub(super) fn timer_order<T: Serialize>(
        &mut self,
        id: NodeId,
        timer: &T,
        due: Option<SimTime>,
    ) -> u64 {
        match self.tie {
            TiePolicy::Fifo => self.queue.next_order(),
            TiePolicy::Shuffled => self.tie(OF_NODES, id.0, &("timer", timer, due)),
        }
    }

    /// What is drawn for `event` of the entities `from` and `to`.
    fn tie<T: Serialize>(&self, from: u32, to: u32, event: &T) -> u64 {
        let mut address = Digest::default();
        if let Err(error) = address.feed(event) {
            panic!("{error}");
        }
        let place = address.bits() as u64 >> 17;
        let stream = StreamId::new(Domain::Tie, from, to);
        DRAWN | self.randomness.at(stream, place).bits() >> 25
    }
}
