//! What comes for a node that may stand still or be slow: it is handled now, or it waits in the node's inbox.

use crate::id::NodeId;
use crate::ledger::Family;
use crate::node::{Node, Protocol};
use crate::queue::QueueError;
use crate::step::{Arrival, Event};

use super::calls::Call;
use super::plan_state::Urgent;
use super::{Pending, What, World, tag};

impl<N: Node> World<N> {
    /// [`World::timer_here`], out of line.
    #[inline(never)]
    pub(super) fn timer(
        &mut self,
        node: NodeId,
        timer: <N::Protocol as Protocol>::Timer,
    ) -> Result<(), QueueError> {
        self.timer_here(node, timer)
    }

    #[inline(always)]
    pub(super) fn timer_here(
        &mut self,
        node: NodeId,
        timer: <N::Protocol as Protocol>::Timer,
    ) -> Result<(), QueueError> {
        let is_waiting = self.nodes[node.index()].is_held;
        self.timer_as(is_waiting, node, timer)
    }

    #[inline(always)]
    fn timer_as(
        &mut self,
        is_waiting: bool,
        node: NodeId,
        timer: <N::Protocol as Protocol>::Timer,
    ) -> Result<(), QueueError> {
        self.step.event = Event::Timer { node, timer, is_waiting };
        self.digest_event(tag::TIMER | u64::from(is_waiting) << 4, node, &timer);
        if is_waiting {
            let incarnation = self.nodes[node.index()].incarnation;
            return self.wait(node, What::Fire { node, incarnation, timer });
        }
        self.counters.timers += 1;
        self.foresee_crash();
        self.call_here(node, Call::Timer(timer))
    }

    /// Keeps something for a node that stands still or is slow.
    pub(super) fn wait(&mut self, node: NodeId, what: What<N::Protocol>) -> Result<(), QueueError> {
        let cause = self.step.number;
        let slot = &mut self.nodes[node.index()];
        slot.inbox.push_back(Pending { cause, what });
        if !slot.is_paused {
            return self.serve_next(node);
        }
        if !slot.pause_was_effective {
            slot.pause_was_effective = true;
            self.ledger.tally_mut(Family::Pause).effective += 1;
        }
        Ok(())
    }

    /// A node that resumed, or is no longer slow, handles the first thing that waited for it; whether there was one.
    /// Nothing else happens between two of them but what they trigger.
    pub(super) fn catch_up(&mut self, node: NodeId) -> Result<bool, QueueError> {
        let slot = &mut self.nodes[node.index()];
        if slot.is_held {
            return Ok(false);
        }
        let Some(pending) = slot.inbox.pop_front() else { return Ok(false) };
        if !slot.inbox.is_empty() {
            self.urgent.push_front(Urgent::CatchUp(node));
        }
        self.handle_late(pending)
    }

    /// Handles what had waited; whether it was an event.
    pub(super) fn handle_late(
        &mut self,
        pending: Pending<N::Protocol>,
    ) -> Result<bool, QueueError> {
        let cause = Some(pending.cause);
        match pending.what {
            What::Arrive { address, is_copy, message } => {
                self.begin(cause);
                // It had arrived: what was cut off since does not matter.
                self.arrive_as(Arrival::Handled, address, is_copy, message)?;
            }
            What::Fire { node, timer, .. } => {
                self.begin(cause);
                self.timer_as(false, node, timer)?;
            }
            What::Synced { node, sync, through, .. } => {
                self.begin(cause);
                self.synced_as(false, node, sync, through)?;
            }
            What::SyncFailed { node, sync, through, error, .. } => {
                self.begin(cause);
                self.sync_failed_as(false, node, sync, through, error)?;
            }
            What::Ask { operation, node, attempt, is_first, payload } => {
                self.begin(cause);
                self.ask_late(operation, node, (attempt, is_first), payload)?;
            }
            // These never wait. The order is only asked for of timers in the queue.
            What::Start(_)
            | What::Timer { .. }
            | What::Served { .. }
            | What::Damaged { .. }
            | What::Flap(_)
            | What::Wake { .. }
            | What::Item(_) => return self.dispatch(0, pending),
        }
        Ok(true)
    }

    /// Something is to happen before the next entry of the queue, and before anything else that waited for
    /// a node.
    pub(super) fn interrupt(&mut self, urgent: Urgent) {
        let is_catching_up = |urgent: &Urgent| matches!(urgent, Urgent::CatchUp(_));
        let place = self.urgent.iter().position(is_catching_up).unwrap_or(self.urgent.len());
        self.urgent.insert(place, urgent);
    }
}
