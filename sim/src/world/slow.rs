//! Slow nodes: one server with a queue. What reaches such a node waits in its inbox; the first there is in service, and is
//! handled when its service time is over. Whatever the handler does, it does then.

use crate::id::NodeId;
use crate::law::Law;
use crate::ledger::Family;
use crate::node::{Node, Protocol};
use crate::queue::QueueError;
use crate::random::{Domain, Randomness, Stream, StreamId, join};
use crate::step::Deed;
use crate::time::{Duration, SimTime};

use super::deeds::deed;
use super::plan_state::Urgent;
use super::{Slot, What, World};

/// What makes a node slow. It stays when the node is fast again, so that nothing is drawn twice.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// How long the node takes for one event; `None` while it takes no time.
    law: Option<Law>,
    /// One group of words for each event whose service began, since the start of the run.
    stream: Stream,
    phase: Phase,
    /// Entries of the queue made so far: only the last one counts.
    entries: u64,
    /// Whether the ledger has counted that the law in force took time.
    was_effective: bool,
}

/// What the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The inbox is empty, or the node stood still when something came.
    Idle,
    /// It works on the first in the inbox until then.
    Busy { until: SimTime },
    /// The node stands still and has so much left to do for the first in the inbox.
    Interrupted { left: Duration },
}

impl Service {
    fn new(node: NodeId) -> Self {
        Self {
            law: None,
            stream: Stream::new(StreamId::new(Domain::Service, node.0, 0)),
            phase: Phase::Idle,
            entries: 0,
            was_effective: false,
        }
    }

    fn draw(&mut self, randomness: &mut Randomness) -> Duration {
        let words = self.stream.group(randomness);
        self.law.as_ref().map_or(Duration::ZERO, |law| law.sample(join(words[0], words[1])))
    }
}

impl<N: Node> Slot<N> {
    pub(super) fn is_slow(&self) -> bool {
        self.service.as_ref().is_some_and(|service| service.law.is_some())
    }

    /// Decides anew whether what comes for it waits.
    pub(super) fn decide_hold(&mut self) {
        self.is_held = self.is_paused || self.is_slow();
    }

    /// The node crashed: what was in service is gone, and it will be as slow as it was.
    pub(super) fn forget_service(&mut self) {
        if let Some(service) = &mut self.service {
            service.phase = Phase::Idle;
        }
        self.decide_hold();
    }

    /// The node stands still from now on.
    pub(super) fn interrupt_service(&mut self, now: SimTime) {
        if let Some(service) = &mut self.service
            && let Phase::Busy { until } = service.phase
        {
            service.phase = Phase::Interrupted { left: until.since(now) };
        }
        self.decide_hold();
    }

    /// It is as fast as it was; whether it was slow.
    fn end_service(&mut self) -> bool {
        let was_slow = self.is_slow();
        if let Some(service) = &mut self.service {
            (service.law, service.phase) = (None, Phase::Idle);
        }
        self.decide_hold();
        was_slow
    }

    /// A timer that is set anew or cancelled does not ring any more, also where it came due and waits.
    #[cold]
    pub(super) fn withdraw(&mut self, timer: <N::Protocol as Protocol>::Timer) {
        let is_it = |what: &What<N::Protocol>| matches!(what, What::Fire { timer: own, .. } if *own == timer);
        self.inbox.retain(|pending| !is_it(&pending.what));
    }
}

impl<N: Node> World<N> {
    pub(super) fn do_slow(&mut self, id: NodeId, law: &Law) -> Result<Deed, QueueError> {
        if *law == Law::Constant(Duration::ZERO) {
            let waited = self.nodes[id.index()].inbox.len();
            let changed = self.speed_up(id);
            let detail = format!("as fast as it was, {waited} events waited");
            return Ok(Deed { detail, changed, ..deed("slow", Some(id)) });
        }
        let slot = &mut self.nodes[id.index()];
        let service = slot.service.get_or_insert_with(|| Box::new(Service::new(id)));
        let changed = service.law.as_ref() != Some(law);
        service.law = Some(law.clone());
        service.was_effective = false;
        slot.decide_hold();
        // What waited for a node that was catching up waits for its turn now.
        self.serve_next(id)?;
        let detail = format!("{law:?}");
        Ok(Deed { detail, changed, ..deed("slow", Some(id)) })
    }

    /// The node is as fast as it was: what waits is handled now, in order, unless it stands still. Whether it was slow.
    pub(super) fn speed_up(&mut self, id: NodeId) -> bool {
        let slot = &mut self.nodes[id.index()];
        let was_slow = slot.end_service();
        if was_slow && !slot.is_held && !slot.inbox.is_empty() {
            self.urgent.push_back(Urgent::CatchUp(id));
        }
        was_slow
    }

    /// Begins with the first in the inbox, if there is one and nothing else is in service.
    pub(super) fn serve_next(&mut self, id: NodeId) -> Result<(), QueueError> {
        let slot = &mut self.nodes[id.index()];
        let Some(service) = &mut slot.service else { return Ok(()) };
        if service.law.is_none()
            || service.phase != Phase::Idle
            || slot.is_paused
            || slot.inbox.is_empty()
        {
            return Ok(());
        }
        let takes = service.draw(&mut self.randomness);
        if takes != Duration::ZERO && !service.was_effective {
            service.was_effective = true;
            self.ledger.tally_mut(Family::Slow).effective += 1;
        }
        self.serve_for(id, takes)
    }

    /// The first in the inbox is handled after so much more time.
    fn serve_for(&mut self, id: NodeId, takes: Duration) -> Result<(), QueueError> {
        let until = self.after(takes);
        let Some(service) = &mut self.nodes[id.index()].service else { return Ok(()) };
        service.phase = Phase::Busy { until };
        service.entries += 1;
        let entry = service.entries;
        self.push(until, What::Served { node: id, entry })
    }

    /// The node goes on: with what it was at, or with what came meanwhile.
    pub(super) fn resume_service(&mut self, id: NodeId) -> Result<(), QueueError> {
        let service = self.nodes[id.index()].service.as_ref();
        match service.map_or(Phase::Idle, |service| service.phase) {
            Phase::Interrupted { left } => self.serve_for(id, left),
            Phase::Idle | Phase::Busy { .. } => self.serve_next(id),
        }
    }

    /// A service time is over: the first in the inbox is handled. Whether that was an event.
    pub(super) fn served(&mut self, id: NodeId, entry: u64) -> Result<bool, QueueError> {
        let slot = &mut self.nodes[id.index()];
        let Some(service) = &mut slot.service else { return Ok(false) };
        if service.entries != entry || !matches!(service.phase, Phase::Busy { .. }) {
            return Ok(false);
        }
        service.phase = Phase::Idle;
        let Some(pending) = slot.inbox.pop_front() else { return Ok(false) };
        let is_event = self.handle_late(pending)?;
        self.serve_next(id)?;
        Ok(is_event)
    }
}
