//! What disks do: syncs asked for, answered, failed, kept waiting.

use std::collections::VecDeque;

use crate::context::Effect;
use crate::id::NodeId;
use crate::journal::{DiskError, Position};
use crate::ledger::Family;
use crate::node::Node;
use crate::queue::QueueError;
use crate::random::{Domain, Stream, StreamId, join};
use crate::step::{Event, Outcome};
use crate::tie::Last;
use crate::time::{Duration, SimTime};

use super::calls::Call;
use super::plan_state::Urgent;
use super::{Pending, What, World, tag};

/// What is wrong with a disk, apart from damaged records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskCondition {
    /// It answers no sync.
    pub is_stalled: bool,
    /// It has room for so many records only: those that were there when it became full.
    pub room: Option<usize>,
    /// Every sync fails.
    pub is_failing: bool,
    /// It answers syncs without making anything durable.
    pub is_lying: bool,
}

/// The disk of one node, but for what is on it.
#[derive(Clone, Debug)]
pub(super) struct DiskState {
    pub stream: Stream,
    pub condition: DiskCondition,
    /// How many syncs were asked for.
    syncs: u64,
    /// The last sync that it has decided, well or not.
    decided: u64,
    last_sync_done: SimTime,
    /// The order of the last of simultaneous answers, where ties are shuffled.
    pub last_tie: Last,
    /// Syncs that it should have answered while it stalled, with the events that asked for them.
    kept: VecDeque<Kept>,
    /// Whether the sync that effects wait for has failed.
    barrier_failed: bool,
    /// Families that struck and have changed nothing yet.
    pub dormant: Vec<Family>,
}

/// A sync that a stalled disk has not answered.
#[derive(Clone, Copy, Debug)]
struct Kept {
    cause: u64,
    sync: u64,
    through: Position,
}

impl DiskState {
    pub(super) fn new(id: NodeId) -> Self {
        Self {
            stream: Stream::new(StreamId::new(Domain::Disk, id.0, 0)),
            condition: DiskCondition {
                is_stalled: false,
                room: None,
                is_failing: false,
                is_lying: false,
            },
            syncs: 0,
            decided: 0,
            last_sync_done: SimTime::ZERO,
            last_tie: Last::default(),
            kept: VecDeque::new(),
            barrier_failed: false,
            dormant: Vec::new(),
        }
    }

    /// Its node crashed: nobody waits for an answer any more.
    pub(super) fn forget_syncs(&mut self, now: SimTime) {
        self.decided = self.syncs;
        self.last_sync_done = now;
        self.kept.clear();
        self.barrier_failed = false;
    }

    /// A fault of `family` changes something: whether for the first time since it struck.
    pub(super) fn wakes(&mut self, family: Family) -> bool {
        let Some(place) = self.dormant.iter().position(|dormant| *dormant == family) else {
            return false;
        };
        self.dormant.remove(place);
        true
    }
}

impl<N: Node> World<N> {
    /// Asks the disk of `id` to make durable what was written so far.
    pub(super) fn sync(&mut self, id: NodeId, in_background: bool) -> Result<(), QueueError> {
        let slot = &mut self.nodes[id.index()];
        let disk = &mut slot.disk;
        disk.syncs += 1;
        let words = disk.stream.group(&mut self.randomness);
        let takes = if disk.condition.is_lying {
            Duration::ZERO
        } else {
            self.disk.sync.sample(join(words[0], words[1]))
        };
        // One disk answers its syncs in order.
        let at = self.now.saturating_add(takes).max(disk.last_sync_done);
        disk.last_sync_done = at;
        // What waits for a sync that failed waits for the next one instead.
        if !in_background || std::mem::take(&mut disk.barrier_failed) {
            disk.barrier_failed = false;
            slot.barrier = Some(disk.syncs);
        }
        let what = What::Synced {
            node: id,
            incarnation: slot.incarnation,
            sync: slot.disk.syncs,
            through: slot.journal.written(),
        };
        self.push(at, what)
    }

    /// Whether effects of `id` wait for a sync that has failed, so that another one may be tried before them.
    pub(super) fn may_try_again(&self, id: NodeId) -> bool {
        self.nodes[id.index()].disk.barrier_failed
    }

    /// Asks for another sync in place of the failed one; whether it covers everything that was written. It does not cover
    /// what waits for it itself: that needs the same sync once more, in its turn.
    pub(super) fn try_again(
        &mut self,
        id: NodeId,
        sync: &Effect<N::Protocol>,
    ) -> Result<bool, QueueError> {
        self.act(id, sync.clone())?;
        let mut waiting = self.nodes[id.index()].outbox.iter();
        Ok(!waiting.any(|effect| matches!(effect, Effect::Write(_))))
    }

    /// Whether the disk is about to answer the sync: it does not while it stalls, and never before an earlier one.
    pub(super) fn disk_answers(
        &mut self,
        id: NodeId,
        cause: u64,
        (sync, through): (u64, Position),
    ) -> Result<bool, QueueError> {
        let slot = &mut self.nodes[id.index()];
        let disk = &mut slot.disk;
        if sync <= disk.decided {
            return Ok(true);
        }
        if disk.condition.is_stalled {
            disk.kept.push_back(Kept { cause, sync, through });
            if disk.wakes(Family::DiskStall) {
                self.ledger.tally_mut(Family::DiskStall).effective += 1;
            }
            return Ok(false);
        }
        if disk.decided + 1 < sync {
            let incarnation = slot.incarnation;
            self.answer_later(id, incarnation, Kept { cause, sync, through })?;
            return Ok(false);
        }
        Ok(true)
    }

    /// A stall ended: what it kept is answered now, in order.
    pub(super) fn answer_kept(&mut self, id: NodeId) -> Result<(), QueueError> {
        let incarnation = self.nodes[id.index()].incarnation;
        for kept in std::mem::take(&mut self.nodes[id.index()].disk.kept) {
            self.answer_later(id, incarnation, kept)?;
        }
        Ok(())
    }

    /// Queues an answer for the end of this moment.
    fn answer_later(
        &mut self,
        node: NodeId,
        incarnation: u32,
        Kept { cause, sync, through }: Kept,
    ) -> Result<(), QueueError> {
        let what = What::Synced { node, incarnation, sync, through };
        let order = self.order(self.now, &what);
        self.queue.push(self.now, order, Pending { cause, what })
    }

    /// The disk's answer to a sync: decided when it is due, told when the node is awake.
    pub(super) fn synced(
        &mut self,
        node: NodeId,
        sync: u64,
        through: Position,
    ) -> Result<(), QueueError> {
        if let Err(error) = self.decide_sync(node, sync, through) {
            return self.sync_failed(node, sync, through, error);
        }
        let is_waiting = self.nodes[node.index()].is_held;
        self.synced_as(is_waiting, node, sync, through)
    }

    pub(super) fn synced_as(
        &mut self,
        is_waiting: bool,
        node: NodeId,
        sync: u64,
        through: Position,
    ) -> Result<(), QueueError> {
        self.step.event = Event::Synced { node, through, is_waiting };
        self.digest_event(tag::SYNCED | u64::from(is_waiting) << 4, node, &through);
        if is_waiting {
            let incarnation = self.nodes[node.index()].incarnation;
            return self.wait(node, What::Synced { node, incarnation, sync, through });
        }
        self.foresee_crash();
        self.release_barrier(node, sync)?;
        self.call(node, Call::Synced(through))
    }

    /// What is on disk is on disk, whether or not the node is awake to hear of it.
    fn decide_sync(&mut self, id: NodeId, sync: u64, through: Position) -> Result<(), DiskError> {
        let slot = &mut self.nodes[id.index()];
        if sync <= slot.disk.decided {
            return Ok(());
        }
        slot.disk.decided = sync;
        let DiskCondition { is_failing, is_lying, room, .. } = slot.disk.condition;
        let has_room = || room.is_none_or(|room| slot.journal.len_at(through) <= room);
        if is_failing || !has_room() {
            let (family, error) = if is_failing {
                (Family::DiskError, DiskError::Failed)
            } else {
                (Family::DiskFull, DiskError::Full)
            };
            if slot.disk.wakes(family) {
                self.ledger.tally_mut(family).effective += 1;
            }
            return Err(error);
        }
        let covered =
            if is_lying { slot.journal.promise(through) } else { slot.journal.sync(through) };
        slot.writes.forced += u64::from(0 < covered);
        self.counters.forced_writes += u64::from(0 < covered);
        Ok(())
    }

    /// A sync failed, and the node hears of it. What waits for it goes on waiting: for another sync, or for a crash.
    pub(super) fn sync_failed(
        &mut self,
        node: NodeId,
        sync: u64,
        through: Position,
        error: DiskError,
    ) -> Result<(), QueueError> {
        let is_waiting = self.nodes[node.index()].is_held;
        self.sync_failed_as(is_waiting, node, sync, through, error)
    }

    pub(super) fn sync_failed_as(
        &mut self,
        is_waiting: bool,
        node: NodeId,
        sync: u64,
        through: Position,
        error: DiskError,
    ) -> Result<(), QueueError> {
        let incarnation = self.nodes[node.index()].incarnation;
        self.step.event = Event::SyncFailed { node, through, error, is_waiting };
        let details = u64::from(is_waiting) << 4 | tag::FAILED;
        self.digest_event(tag::SYNCED | details, node, &(through, error));
        if is_waiting {
            return self.wait(node, What::SyncFailed { node, incarnation, sync, through, error });
        }
        let slot = &mut self.nodes[node.index()];
        slot.disk.barrier_failed |= slot.barrier == Some(sync);
        self.foresee_crash();
        self.call(node, Call::SyncFailed(through, error))
    }

    /// The disk answered `sync`: what waited for it goes on, up to the next barrier.
    fn release_barrier(&mut self, id: NodeId, sync: u64) -> Result<(), QueueError> {
        let slot = &mut self.nodes[id.index()];
        if slot.barrier != Some(sync) {
            return Ok(());
        }
        slot.barrier = None;
        while self.nodes[id.index()].barrier.is_none() {
            let Some(effect) = self.nodes[id.index()].outbox.pop_front() else { break };
            self.act(id, effect)?;
        }
        Ok(())
    }

    /// The node stops of its own accord, in the middle of its effects.
    #[cold]
    pub(super) fn stop(&mut self, id: NodeId) {
        self.digest.pair(0, tag::STOPPED | tag::at(id));
        // They lie last first.
        let lost = std::mem::take(&mut self.effects).into_iter().rev();
        if self.is_described {
            self.step.outcomes.push(Outcome::Done(Effect::Stop));
            self.step.outcomes.extend(lost.map(Outcome::LostInCrash));
        }
        let error = match self.step.event {
            Event::SyncFailed { error, .. } => Some(error),
            Event::Start { .. }
            | Event::Arrive { .. }
            | Event::Timer { .. }
            | Event::Synced { .. }
            | Event::Ask { .. }
            | Event::GiveUp { .. }
            | Event::Deed(_) => None,
        };
        self.crash(id);
        let event = self.step.number;
        self.urgent.push_front(Urgent::Stopped { node: id, event, error });
    }
}
