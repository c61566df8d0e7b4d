//! Carrying out effects, in order.

use crate::context::{Effect, Ending};
use crate::id::NodeId;
use crate::journal::Change;
use crate::ledger::Family;
use crate::measure::{Kind, size_of};
use crate::node::{Node, Protocol};
use crate::plan::MessageAddress;
use crate::queue::QueueError;
use crate::step::{Outcome, Passage};
use crate::time::{Duration, LocalTime, SimTime};

use super::plan_state::Urgent;
use super::{Pending, What, World, tag};

impl<N: Node> World<N> {
    /// [`World::settle_here`], out of line.
    #[inline(never)]
    pub(super) fn settle(&mut self, id: NodeId) -> Result<(), QueueError> {
        self.settle_here(id)
    }

    /// Carries out what the handler of `id` left in the buffer, or as much of it as a crash allows.
    #[inline(always)]
    pub(super) fn settle_here(&mut self, id: NodeId) -> Result<(), QueueError> {
        if self.crash_inside.is_some() {
            return self.settle_until_crash(id);
        }
        // Backwards, so that the first can be taken from the end: that is cheaper than to drain.
        if 1 < self.effects.len() {
            self.effects.reverse();
        }
        let mut must_wait = self.must_wait(id);
        loop {
            // Looked at before it is taken, so that a message is moved by itself and only once.
            match self.effects.last() {
                Some(Effect::Send { .. }) if !must_wait => {
                    if let Some(Effect::Send { to, message }) = self.effects.pop() {
                        self.send(id, to, message)?;
                    }
                }
                Some(Effect::SetTimer { timer, deadline }) => {
                    let (timer, deadline) = (*timer, *deadline);
                    self.effects.pop();
                    self.set_timer_here(id, timer, deadline)?;
                }
                Some(_) => {
                    if let Some(effect) = self.effects.pop() {
                        self.carry_out(id, effect)?;
                    }
                    must_wait = self.must_wait(id);
                }
                None => break,
            }
        }
        if self.writes_since_sync != 0 {
            self.count_lazy_writes(id);
        }
        Ok(())
    }

    /// The node crashes inside the event, after some of its effects.
    #[cold]
    fn settle_until_crash(&mut self, id: NodeId) -> Result<(), QueueError> {
        let Some((item, after)) = self.crash_inside.take() else { return Ok(()) };
        for (place, effect) in std::mem::take(&mut self.effects).into_iter().enumerate() {
            if place < after as usize && self.nodes[id.index()].node.is_some() {
                self.carry_out(id, effect)?;
            } else if self.is_described {
                self.step.outcomes.push(Outcome::LostInCrash(effect));
            }
        }
        self.count_lazy_writes(id);
        self.crash(id);
        self.decide_description();
        let event = self.step.number;
        self.urgent.push_front(Urgent::CrashedInside { item, node: id, after, event });
        Ok(())
    }

    /// What the handler wrote and did not force.
    fn count_lazy_writes(&mut self, id: NodeId) {
        let lazy = std::mem::take(&mut self.writes_since_sync);
        self.counters.lazy_writes += lazy;
        self.nodes[id.index()].writes.lazy += lazy;
    }

    /// Whether the sends, completions, writes and syncs of a node wait for its disk.
    #[inline]
    fn must_wait(&self, id: NodeId) -> bool {
        self.nodes[id.index()].barrier.is_some()
    }

    /// Carries out one effect, or lines it up behind the sync that it must not overtake.
    #[inline(never)]
    fn carry_out(&mut self, id: NodeId, effect: Effect<N::Protocol>) -> Result<(), QueueError> {
        match effect {
            Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Note(_) => {
                return self.act(id, effect);
            }
            Effect::Stop => {
                self.stop(id);
                return Ok(());
            }
            Effect::Write(_) => self.writes_since_sync += 1,
            Effect::Sync { .. } => {
                self.writes_since_sync = 0;
                if self.may_try_again(id) && self.try_again(id, &effect)? {
                    return Ok(());
                }
            }
            Effect::Send { .. } | Effect::Complete { .. } => {}
        }
        if !self.must_wait(id) {
            return self.act(id, effect);
        }
        if self.is_described {
            self.step.outcomes.push(Outcome::Waits(effect.clone()));
        }
        self.nodes[id.index()].outbox.push_back(effect);
        Ok(())
    }

    pub(super) fn act(
        &mut self,
        id: NodeId,
        effect: Effect<N::Protocol>,
    ) -> Result<(), QueueError> {
        match effect {
            Effect::Send { to, message } => return self.send(id, to, message),
            Effect::SetTimer { timer, deadline } => return self.set_timer(id, timer, deadline),
            Effect::Complete { operation, ending } => {
                self.digest.pair(operation.number, tag::COMPLETED | tag::at(id));
                if let Ending::Ok(output) = &ending {
                    self.digest_data(output);
                }
                return self.answered(id, operation, ending);
            }
            Effect::CancelTimer { timer } => {
                self.digest.pair(0, tag::TIMER_CANCELLED);
                self.digest_data(&timer);
                let slot = &mut self.nodes[id.index()];
                slot.timers.cancel(timer);
                if !slot.inbox.is_empty() {
                    slot.withdraw(timer);
                }
                self.done(Effect::CancelTimer { timer });
            }
            Effect::Write(change) => {
                self.digest.pair(0, tag::WRITTEN);
                match &change {
                    Change::Append(record) => self.digest_data(record),
                    Change::Truncate(keep) => self.digest.word(*keep as u64),
                    Change::Checkpoint(records) => self.digest_data(records),
                }
                if self.is_described {
                    self.step.outcomes.push(Outcome::Done(Effect::Write(change.clone())));
                }
                self.nodes[id.index()].journal.write(change);
            }
            Effect::Sync { in_background } => {
                self.digest.pair(u64::from(in_background), tag::SYNC);
                self.done(Effect::Sync { in_background });
                return self.sync(id, in_background);
            }
            Effect::Note(note) => {
                self.digest.pair(0, tag::NOTED);
                self.digest_data(&note);
                self.step.notes.push(note);
            }
            // It waits for nothing: see `carry_out`.
            Effect::Stop => self.stop(id),
        }
        Ok(())
    }

    fn done(&mut self, effect: Effect<N::Protocol>) {
        if self.is_described {
            self.step.outcomes.push(Outcome::Done(effect));
        }
    }

    /// [`World::set_timer_here`], out of line.
    #[inline(never)]
    fn set_timer(
        &mut self,
        id: NodeId,
        timer: <N::Protocol as Protocol>::Timer,
        deadline: LocalTime,
    ) -> Result<(), QueueError> {
        self.set_timer_here(id, timer, deadline)
    }

    #[inline(always)]
    fn set_timer_here(
        &mut self,
        id: NodeId,
        timer: <N::Protocol as Protocol>::Timer,
        deadline: LocalTime,
    ) -> Result<(), QueueError> {
        self.digest.pair(deadline.as_nanos().cast_unsigned(), tag::TIMER_SET);
        self.digest_data(&timer);
        let slot = &mut self.nodes[id.index()];
        let due = slot.clock.when(deadline, self.now);
        if slot.clock.ppb() != 0 && !slot.drift_was_effective {
            slot.drift_was_effective = true;
            self.ledger.tally_mut(Family::Clock).effective += 1;
        }
        if !slot.inbox.is_empty() {
            slot.withdraw(timer);
        }
        let order = self.timer_order(id, &timer, due);
        let slot = &mut self.nodes[id.index()];
        let entry = slot.timers.set(timer, deadline, due, order, self.step.number);
        if self.is_described {
            self.step.outcomes.push(Outcome::TimerSet { timer, due });
        }
        match entry {
            Some(entry) => self.queue_timer(id, entry),
            None => Ok(()),
        }
    }

    #[inline(never)]
    fn queue_timer(
        &mut self,
        id: NodeId,
        (time, order, entry): (SimTime, u64, u64),
    ) -> Result<(), QueueError> {
        let what = What::Timer { node: id, entry };
        self.queue.push(time, order, Pending { cause: self.step.number, what })
    }

    #[inline(always)]
    fn send(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        if !self.byzantine.is_empty() {
            return self.send_or_deviate(from, to, message);
        }
        self.transmit_here(from, to, message)
    }

    /// [`World::transmit_here`], out of line.
    #[inline(never)]
    pub(super) fn transmit(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        self.transmit_here(from, to, message)
    }

    /// Puts a message on the wire.
    #[inline(always)]
    fn transmit_here(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        if self.nodes.len() <= to.index() {
            sent_to_nobody(from, to, self.nodes.len());
        }
        let kind = Kind::of(&message);
        let bytes = size_of(&message);
        self.counters.kind_mut(kind).count_sent(bytes);
        self.digest_data(&message);
        let link = self.network.link(from, to);
        let number = link.count();
        let address = MessageAddress { from, to, number };
        if !link.is_plain() | self.is_tampered {
            return self.send_roughly(address, kind, bytes, message);
        }
        let at = link.plain_arrival(self.now, &mut self.randomness);
        if self.is_described {
            let (payload, passage) = (message.clone(), Passage::Arrives { at, copy: None });
            self.step.outcomes.push(Outcome::Sent { message: address, kind, payload, passage });
        }
        self.digest.pair(at.as_nanos(), tag::SENT | tag::link(from, to));
        let (order, cause) = (self.queue.next_order(), self.step.number);
        let what = What::Arrive { address, is_copy: false, message };
        self.queue.push(at, order, Pending { cause, what })
    }

    /// The moment `delay` from now.
    pub(super) fn after(&self, delay: Duration) -> SimTime {
        self.now.saturating_add(delay)
    }
}

#[cold]
fn sent_to_nobody(from: NodeId, to: NodeId, count: usize) -> ! {
    panic!("{from} sent to {to}: the run has the nodes n1 to n{count}");
}
