//! Carrying out effects, in order.

use crate::context::{Effect, Ending};
use crate::id::NodeId;
use crate::journal::Change;
use crate::ledger::Family;
use crate::link::Fate;
use crate::measure::{Kind, size_of};
use crate::node::{Node, Protocol};
use crate::plan::MessageAddress;
use crate::queue::QueueError;
use crate::random::join;
use crate::step::{Outcome, Passage};
use crate::time::{Duration, LocalTime, SimTime};

use super::deeds::Urgent;
use super::{Pending, What, World};

/// Tells a message from other effects in the digest.
const SENT: u64 = 0x56 << 32;

impl<N: Node> World<N> {
    /// Carries out what the handler of `id` left in the buffer, or as much of it as a crash allows.
    #[inline]
    pub(super) fn settle(&mut self, id: NodeId) -> Result<(), QueueError> {
        if self.crash_inside.is_some() {
            return self.settle_until_crash(id);
        }
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            self.carry_out(id, effect)?;
        }
        self.effects = effects;
        self.counters.lazy_writes += std::mem::take(&mut self.writes_since_sync);
        Ok(())
    }

    /// The node crashes inside the event, after some of its effects.
    #[cold]
    fn settle_until_crash(&mut self, id: NodeId) -> Result<(), QueueError> {
        let Some((item, after)) = self.crash_inside.take() else { return Ok(()) };
        for (place, effect) in std::mem::take(&mut self.effects).into_iter().enumerate() {
            if place < after as usize {
                self.carry_out(id, effect)?;
            } else if self.is_described() {
                self.step.outcomes.push(Outcome::LostInCrash(effect));
            }
        }
        self.counters.lazy_writes += std::mem::take(&mut self.writes_since_sync);
        self.crash(id);
        self.urgent.push_front(Urgent::CrashedInside { item, node: id, after });
        Ok(())
    }

    /// Carries out one effect, or lines it up behind the sync that it must not overtake.
    #[inline]
    fn carry_out(&mut self, id: NodeId, effect: Effect<N::Protocol>) -> Result<(), QueueError> {
        let must_wait = match effect {
            Effect::Send { .. } | Effect::Complete { .. } => {
                self.nodes[id.index()].barrier.is_some()
            }
            Effect::Write(_) => {
                self.writes_since_sync += 1;
                self.nodes[id.index()].barrier.is_some()
            }
            Effect::Sync { .. } => {
                self.writes_since_sync = 0;
                self.nodes[id.index()].barrier.is_some()
            }
            Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Note(_) => false,
        };
        if !must_wait {
            return self.act(id, effect);
        }
        if self.is_described() {
            self.step.outcomes.push(Outcome::Waits(effect.clone()));
        }
        self.nodes[id.index()].outbox.push_back(effect);
        Ok(())
    }

    /// The disk answered `sync`: what waited for it goes on, up to the next barrier.
    pub(super) fn release_barrier(&mut self, id: NodeId, sync: u64) -> Result<(), QueueError> {
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

    #[inline]
    fn act(&mut self, id: NodeId, effect: Effect<N::Protocol>) -> Result<(), QueueError> {
        match effect {
            Effect::Send { to, message } => return self.send(id, to, message),
            Effect::SetTimer { timer, deadline } => return self.set_timer(id, timer, deadline),
            Effect::Complete { operation, ending } => {
                self.digest.word(0x50 << 32 | operation.number);
                if let Ending::Ok(output) = &ending {
                    self.digest_data(output);
                }
                return self.answered(id, operation, ending);
            }
            Effect::CancelTimer { timer } => {
                self.digest.word(0x52 << 32);
                self.digest_data(&timer);
                self.nodes[id.index()].timers.cancel(timer);
                self.done(Effect::CancelTimer { timer });
            }
            Effect::Write(change) => {
                self.digest.word(0x53 << 32);
                match &change {
                    Change::Append(record) => self.digest_data(record),
                    Change::Truncate(keep) => self.digest.word(*keep as u64),
                    Change::Checkpoint(records) => self.digest_data(records),
                }
                if self.is_described() {
                    self.step.outcomes.push(Outcome::Done(Effect::Write(change.clone())));
                }
                self.nodes[id.index()].journal.write(change);
            }
            Effect::Sync { in_background } => {
                self.digest.word(0x54 << 32 | u64::from(in_background));
                self.done(Effect::Sync { in_background });
                return self.sync(id, in_background);
            }
            Effect::Note(note) => {
                self.digest.word(0x55 << 32);
                self.digest_data(&note);
                self.step.notes.push(note);
            }
        }
        Ok(())
    }

    fn done(&mut self, effect: Effect<N::Protocol>) {
        if self.is_described() {
            self.step.outcomes.push(Outcome::Done(effect));
        }
    }

    fn set_timer(
        &mut self,
        id: NodeId,
        timer: <N::Protocol as Protocol>::Timer,
        deadline: LocalTime,
    ) -> Result<(), QueueError> {
        self.digest.pair(0x51 << 32, deadline.as_nanos().cast_unsigned());
        self.digest_data(&timer);
        let slot = &mut self.nodes[id.index()];
        let due = slot.clock.when(deadline, self.now);
        if slot.clock.ppb() != 0 && !slot.drift_was_effective {
            slot.drift_was_effective = true;
            self.ledger.tally_mut(Family::Clock).effective += 1;
        }
        let order = self.queue.next_order();
        let entry = slot.timers.set(timer, deadline, due, order, self.step.number);
        if self.is_described() {
            self.step.outcomes.push(Outcome::TimerSet { timer, due });
        }
        if let Some((time, order, entry)) = entry {
            let what = What::Timer { node: id, entry };
            self.queue.push(time, order, Pending { cause: self.step.number, what })?;
        }
        Ok(())
    }

    fn sync(&mut self, id: NodeId, in_background: bool) -> Result<(), QueueError> {
        let slot = &mut self.nodes[id.index()];
        slot.syncs += 1;
        let words = slot.disk_stream.group(&mut self.randomness);
        let takes = self.disk.sample(join(words[0], words[1]));
        // One disk answers its syncs in order.
        let at = self.now.saturating_add(takes).max(slot.last_sync_done);
        slot.last_sync_done = at;
        if !in_background {
            slot.barrier = Some(slot.syncs);
        }
        let what = What::Synced {
            node: id,
            incarnation: slot.incarnation,
            sync: slot.syncs,
            through: slot.journal.written(),
        };
        self.push(at, what)
    }

    #[inline]
    fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        let count = self.nodes.len();
        assert!(to.index() < count, "{from} sent to {to}: the run has the nodes n1 to n{count}");
        let kind = Kind::of(&message);
        let counter = self.counters.kind_mut(kind);
        counter.sent += 1;
        counter.bytes += size_of(&message);
        self.digest_data(&message);
        let link = self.network.link(from, to);
        link.sent += 1;
        let address = MessageAddress { from, to, number: link.sent };
        if let Some(hold) = self.held.iter().find(|hold| hold.matches(from, to, kind)) {
            let item = hold.item;
            self.network.link(from, to).stream.skip_group();
            return self.keep_back(item, address, kind, message);
        }
        let fate = if link.law.is_certain() {
            link.stream.skip_group();
            Fate::Arrives { after: link.law.latency.sample(0), copy_after: None }
        } else {
            link.law.fate(link.stream.group(&mut self.randomness))
        };
        let passage = match fate {
            Fate::Lost => Passage::Lost,
            Fate::Arrives { after, copy_after } => {
                let arrival = self.now.saturating_add(after);
                let law = link.law;
                let at = law.in_order(arrival, &mut link.last_arrival);
                let copy = copy_after.map(|after| self.now.saturating_add(after).max(at));
                Passage::Arrives { at, copy }
            }
        };
        if self.is_described() {
            let payload = message.clone();
            self.step.outcomes.push(Outcome::Sent { message: address, kind, payload, passage });
        }
        self.dispatch_message(address, message, passage)
    }

    #[inline]
    fn dispatch_message(
        &mut self,
        address: MessageAddress,
        message: <N::Protocol as Protocol>::Message,
        passage: Passage,
    ) -> Result<(), QueueError> {
        match passage {
            Passage::Arrives { at, copy } => {
                self.digest.pair(SENT | u64::from(address.to.0), at.as_nanos());
                if let Some(copy) = copy {
                    let tally = self.ledger.tally_mut(Family::Duplication);
                    tally.applied += 1;
                    tally.effective += 1;
                    let message = message.clone();
                    self.push(copy, What::Arrive { address, is_copy: true, message })?;
                }
                self.push(at, What::Arrive { address, is_copy: false, message })
            }
            Passage::Lost => {
                self.digest.pair(SENT | u64::from(address.to.0), u64::MAX);
                self.counters.lost += 1;
                let tally = self.ledger.tally_mut(Family::Loss);
                tally.applied += 1;
                tally.effective += 1;
                Ok(())
            }
            Passage::Held => Ok(()),
        }
    }

    fn keep_back(
        &mut self,
        item: Option<usize>,
        address: MessageAddress,
        kind: Kind,
        message: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        self.digest.pair(SENT | u64::from(address.to.0), u64::MAX - 1);
        if let Some(hold) = self.held.iter_mut().find(|hold| hold.item == item)
            && !hold.was_effective
        {
            hold.was_effective = true;
            self.ledger.tally_mut(Family::Hold).effective += 1;
        }
        if self.is_described() {
            let (payload, passage) = (message.clone(), Passage::Held);
            self.step.outcomes.push(Outcome::Sent { message: address, kind, payload, passage });
        }
        let what = What::Arrive { address, is_copy: false, message };
        let pending = Pending { cause: self.step.number, what };
        self.kept_back.push((item.unwrap_or(usize::MAX), pending));
        Ok(())
    }

    /// The moment `delay` from now.
    pub(super) fn after(&self, delay: Duration) -> SimTime {
        self.now.saturating_add(delay)
    }
}
