//! What comes for a node that may stand still: it is handled now, or it waits and is handled when the node resumes.

use crate::id::NodeId;
use crate::ledger::Family;
use crate::node::{Node, Protocol};
use crate::queue::QueueError;
use crate::step::{Arrival, Event};

use super::calls::Call;
use super::plan_state::Urgent;
use super::{Pending, What, World, tag};

impl<N: Node> World<N> {
    pub(super) fn timer(
        &mut self,
        node: NodeId,
        timer: <N::Protocol as Protocol>::Timer,
    ) -> Result<(), QueueError> {
        let is_waiting = self.nodes[node.index()].is_paused;
        self.step.event = Event::Timer { node, timer, is_waiting };
        self.digest_event(tag::TIMER | u64::from(is_waiting) << 4, node, &timer);
        if is_waiting {
            let incarnation = self.nodes[node.index()].incarnation;
            self.wait(node, What::Fire { node, incarnation, timer });
            return Ok(());
        }
        self.counters.timers += 1;
        self.foresee_crash();
        self.call(node, Call::Timer(timer))
    }

    /// Keeps something for a node that stands still.
    pub(super) fn wait(&mut self, node: NodeId, what: What<N::Protocol>) {
        let cause = self.step.number;
        let slot = &mut self.nodes[node.index()];
        slot.inbox.push_back(Pending { cause, what });
        if !slot.pause_was_effective {
            slot.pause_was_effective = true;
            self.ledger.tally_mut(Family::Pause).effective += 1;
        }
    }

    /// A node that resumed handles the first thing that waited for it; whether there was one. Nothing
    /// else happens between two of them but what they trigger.
    pub(super) fn catch_up(&mut self, node: NodeId) -> Result<bool, QueueError> {
        let slot = &mut self.nodes[node.index()];
        if slot.is_paused {
            return Ok(false);
        }
        let Some(pending) = slot.inbox.pop_front() else { return Ok(false) };
        if !slot.inbox.is_empty() {
            self.urgent.push_front(Urgent::CatchUp(node));
        }
        if let What::Arrive { address, is_copy, message } = pending.what {
            self.begin(Some(pending.cause));
            // It had arrived: what was cut off since does not matter.
            self.arrive_as(Arrival::Handled, address, is_copy, message)?;
            return Ok(true);
        }
        // The order is only asked for of timers in the queue, and none of those waits.
        self.dispatch(0, pending)
    }

    /// Something is to happen before the next entry of the queue, and before anything else that waited for
    /// a node.
    pub(super) fn interrupt(&mut self, urgent: Urgent) {
        let is_catching_up = |urgent: &Urgent| matches!(urgent, Urgent::CatchUp(_));
        let place = self.urgent.iter().position(is_catching_up).unwrap_or(self.urgent.len());
        self.urgent.insert(place, urgent);
    }
}
