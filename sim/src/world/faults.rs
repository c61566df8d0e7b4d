//! What is done to nodes: crash, restart, pause, resume, clock rates.

use crate::id::NodeId;
use crate::ledger::Family;
use crate::node::Node;
use crate::queue::QueueError;
use crate::step::Deed;

use super::deeds::deed;
use super::plan_state::Urgent;
use super::{Pending, Slot, What, World};

/// What the node that crashed last was before.
#[derive(Clone, Debug)]
pub(super) struct Fallen<N> {
    pub node: NodeId,
    pub role: &'static str,
    /// Whether it was the one that the role's name stood for.
    pub had_role: bool,
    pub state: N,
}

impl<N: Node> World<N> {
    /// Whether as many nodes are away as the crashes of this item may bring about.
    pub(super) fn must_spare(&self, item: Option<usize>) -> bool {
        let limit = self.plan.crash_limit.as_ref();
        let limit = limit.filter(|limit| item.is_some_and(|item| limit.items.contains(&item)));
        let recovers = |slot: &Slot<N>| slot.node.as_ref().is_some_and(Node::is_recovering);
        let is_away = |slot: &&Slot<N>| slot.node.is_none() || recovers(slot);
        limit.is_some_and(|limit| {
            self.nodes.iter().any(recovers)
                && limit.nodes as usize <= self.nodes.iter().filter(is_away).count()
        })
    }

    pub(super) fn do_crash(&mut self, item: Option<usize>, id: NodeId) -> Deed {
        if self.must_spare(item) {
            return spared("crash", id);
        }
        let changed = self.crash(id);
        Deed { changed, ..deed("crash", Some(id)) }
    }

    /// The node stops; whether it was up.
    pub(super) fn crash(&mut self, id: NodeId) -> bool {
        let Some(role) = self.nodes[id.index()].node.as_ref().map(Node::role) else { return false };
        let had_role = self.with_role(role) == Some(id);
        let state = self.nodes[id.index()].node.take();
        self.fallen = state.map(|state| Fallen { node: id, role, had_role, state });
        self.crash_disk(id);
        let now = self.now();
        let slot = &mut self.nodes[id.index()];
        slot.timers.clear();
        slot.outbox.clear();
        slot.inbox.clear();
        slot.barrier = None;
        slot.is_paused = false;
        slot.forget_service();
        // Stale disk answers and forced timers are told by the incarnation.
        slot.incarnation += 1;
        slot.last_crash = Some(now);
        true
    }

    pub(super) fn do_restart(&mut self, item: Option<usize>, id: NodeId) -> Result<(), QueueError> {
        let reading = match self.nodes[id.index()].node {
            None => self.read_disk(id),
            Some(_) => Err(String::new()),
        };
        let changed = reading.is_ok();
        let detail = reading.unwrap_or_else(|why_not| why_not);
        let deed = Deed { item, detail, changed, ..deed("restart", Some(id)) };
        self.count(Some(Family::Restart), &deed);
        self.conclude(item, deed)?;
        if changed { self.start(id) } else { Ok(()) }
    }

    pub(super) fn do_pause(&mut self, id: NodeId) -> Deed {
        let slot = &mut self.nodes[id.index()];
        let changed = slot.node.is_some() && !slot.is_paused;
        slot.is_paused |= changed;
        slot.pause_was_effective = false;
        slot.interrupt_service(self.now);
        Deed { changed, ..deed("pause", Some(id)) }
    }

    pub(super) fn do_resume(&mut self, id: NodeId) -> Result<Deed, QueueError> {
        let slot = &mut self.nodes[id.index()];
        let changed = std::mem::take(&mut slot.is_paused);
        let detail = format!("{} events waited", slot.inbox.len());
        slot.decide_hold();
        if changed && slot.is_held {
            self.resume_service(id)?;
        } else if changed && !slot.inbox.is_empty() {
            self.urgent.push_back(Urgent::CatchUp(id));
        }
        Ok(Deed { detail, changed, ..deed("resume", Some(id)) })
    }

    /// Everything is drawn under another seed from now on.
    pub(super) fn do_reseed(&mut self, seed: u64) -> Deed {
        self.anchor_walls();
        self.randomness.reseed(seed);
        Deed { detail: format!("seed {seed}"), ..deed("reseed", None) }
    }

    pub(super) fn do_clock_rate(&mut self, id: NodeId, ppb: i64) -> Result<Deed, QueueError> {
        let now = self.now;
        let slot = &mut self.nodes[id.index()];
        let ppb = ppb.max(-1_000_000_000);
        self.walls[id.index()].set_rate(ppb, now, &self.randomness);
        slot.clock.set_rate(ppb, now);
        let clock = slot.clock;
        let (made, moved) = slot.timers.remap(|deadline| clock.when(deadline, now));
        // One that moved no timer yet may move those that are set later.
        slot.drift_was_effective = 0 < moved;
        for (time, order, entry) in made {
            let what = What::Timer { node: id, entry };
            self.queue.push(time, order, Pending { cause: self.step.number, what })?;
        }
        let detail = format!("{ppb} ppb, {moved} timers moved");
        Ok(Deed { detail, changed: 0 < moved, ..deed("clock", Some(id)) })
    }
}

/// A fault of this word that does not take place.
pub(super) fn spared(word: &'static str, id: NodeId) -> Deed {
    let detail = "spared: others have not recovered yet".into();
    Deed { detail, ..deed(word, Some(id)) }
}
