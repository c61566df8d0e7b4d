//! The state of one directed link, and what it does to a message: small stages, each with its own word.

use crate::law::Law;
use crate::ledger::{Family, Ledger};
use crate::link::{Bandwidth, Link, Order};
use crate::probability::Probability;
use crate::random::{Randomness, Stream, join};
use crate::step::Passage;
use crate::tie::Last;
use crate::time::{Duration, SimTime};

/// Words of one message: burst, loss, corruption, duplication, delay (two), the copy's delay (two). Each has its place,
/// used or not.
type Words = [u32; 8];

/// The state of one directed link. Made when it is first used: a link that is idle costs nothing.
#[derive(Clone, Debug)]
pub(crate) struct LinkState {
    latency: Law,
    pub stream: Stream,
    /// Messages sent so far.
    pub sent: u64,
    /// Everything but the latency, where the law decides anything else.
    rough: Option<Box<Rough>>,
    exists: bool,
}

/// A link whose law decides more than how long a message travels.
#[derive(Clone, Debug, Default)]
struct Rough {
    law: Link,
    /// Whether it is in a burst of losses.
    is_bad: bool,
    /// When the last message that was put on the wire has left the sender.
    busy_until: SimTime,
    /// The latest arrival so far, where messages keep their places.
    last_arrival: SimTime,
    /// The order of the last of simultaneous arrivals, where messages keep their places and ties are shuffled.
    last_tie: Last,
}

/// What disturbances do to one message on top of its link. Where a link has a fault of the same kind, the same word
/// decides both: it is lost if the word is below either probability.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extra {
    pub loss: Probability,
    /// How likely a burst loses it: never outside of one.
    pub burst: Probability,
    pub corruption: Probability,
    pub duplicate: Probability,
    pub delay: Duration,
}

impl LinkState {
    pub(super) fn new(law: Link, exists: bool, stream: Stream) -> Self {
        let latency = law.latency.clone();
        let rough = if law.is_plain() { None } else { Some(Box::default()) };
        let mut state = Self { latency, stream, sent: 0, rough, exists };
        if let Some(rough) = &mut state.rough {
            rough.law = law;
        }
        state
    }

    /// Whether there is such a link.
    pub(crate) const fn exists(&self) -> bool {
        self.exists
    }

    /// Whether the only thing that the link decides is how long a message travels.
    #[inline(always)]
    pub(crate) const fn is_plain(&self) -> bool {
        self.rough.is_none() & self.exists
    }

    /// Counts one more message: its number.
    #[inline]
    pub(crate) const fn count(&mut self) -> u64 {
        self.sent = self.sent.wrapping_add(1);
        self.sent
    }

    /// When the message that was counted last, sent at `now`, arrives over a plain link.
    #[inline(always)]
    pub(crate) fn plain_arrival(&mut self, now: SimTime, randomness: &mut Randomness) -> SimTime {
        let after = if let Law::Constant(after) = self.latency {
            self.stream.skip_group();
            after
        } else {
            self.latency.sample(self.stream.delay(randomness))
        };
        now.saturating_add(after)
    }

    /// A message begins its way: bursts begin and end with it, whatever becomes of it. So a fault that takes it before
    /// leaves the others in the burst in which they would be.
    pub(crate) fn advance_burst(&mut self, words: Words) {
        let Some(rough) = &mut self.rough else { return };
        if let Some(burst) = &rough.law.burst {
            rough.is_bad = burst.is_bad_next(rough.is_bad, words[0]);
        }
    }

    /// What becomes of a message of so many bytes, sent at `now`. The ledger learns which faults struck it.
    pub(crate) fn passage(
        &mut self,
        (now, bytes): (SimTime, u64),
        words: Words,
        extra: &Extra,
        ledger: &mut Ledger,
    ) -> Passage {
        let [_, loss, corruption, duplication, delay, delay_high, copy, copy_high] = words;
        let mut spare = Rough::default();
        let rough = self.rough.as_deref_mut().unwrap_or(&mut spare);
        let Some(departure) = rough.transmit(now, bytes) else {
            strike(ledger, Family::Bandwidth);
            return Passage::QueueFull;
        };
        if now < rough.started(departure, bytes) {
            strike(ledger, Family::Bandwidth);
        }
        if let Some(family) = rough.loses(loss, extra) {
            strike(ledger, family);
            return Passage::Lost;
        }
        let is_damaged = rough.law.corruption.max(extra.corruption).holds(corruption);
        let is_doubled = rough.law.duplicate.max(extra.duplicate).holds(duplication);
        // A disturbance delays the message and its copy alike.
        let departure = departure.saturating_add(extra.delay);
        if extra.delay != Duration::ZERO {
            strike(ledger, Family::Delay);
        }
        let after = self.latency.sample(join(delay, delay_high));
        let at = rough.in_order(departure.saturating_add(after));
        // A copy is never first, and on an ordered link it holds up what comes behind it, too.
        let copy = is_doubled.then(|| {
            strike(ledger, Family::Duplication);
            let after = self.latency.sample(join(copy, copy_high));
            rough.in_order(departure.saturating_add(after).max(at))
        });
        if is_damaged {
            ledger.tally_mut(Family::Corruption).applied += 1;
            return Passage::Damaged { at, copy };
        }
        Passage::Arrives { at, copy }
    }

    /// The order of a message among the simultaneous events of `at`, if it would be `order`: behind those that it must not
    /// overtake.
    pub(crate) fn order_behind(&mut self, at: SimTime, order: u64) -> u64 {
        match self.rough.as_deref_mut() {
            Some(rough) if rough.law.order == Order::Fifo => rough.last_tie.behind(at, order),
            Some(_) | None => order,
        }
    }

    /// From now on the link neither loses nor damages nor doubles; whether it did.
    pub(super) fn calm(&mut self) -> bool {
        let Some(rough) = &mut self.rough else { return false };
        let changed = rough.law.calm();
        rough.is_bad = false;
        if rough.law.is_plain() {
            self.rough = None;
        }
        changed
    }
}

impl Rough {
    /// Puts a message on the wire as soon as those before it are. When it is; `None` where too much waits already.
    fn transmit(&mut self, now: SimTime, bytes: u64) -> Option<SimTime> {
        let Some(bandwidth) = self.law.bandwidth else { return Some(now) };
        let waits = self.busy_until.since(now);
        if bandwidth.queue.is_some_and(|limit| limit < bandwidth.bytes_in(waits)) {
            return None;
        }
        self.busy_until = self.busy_until.max(now).saturating_add(bandwidth.time_for(bytes));
        Some(self.busy_until)
    }

    /// When a message that has left by `departure` began to.
    fn started(&self, departure: SimTime, bytes: u64) -> SimTime {
        let takes = self.law.bandwidth.map_or(Duration::ZERO, |law| law.time_for(bytes));
        SimTime::from_nanos(departure.as_nanos().saturating_sub(takes.as_nanos()))
    }

    /// Which fault loses a message of this word, if one does.
    fn loses(&self, word: u32, extra: &Extra) -> Option<Family> {
        if self.law.loss.max(extra.loss).holds(word) {
            return Some(Family::Loss);
        }
        let own = self.law.burst.filter(|_| self.is_bad).map_or(Probability::NEVER, |law| law.loss);
        own.max(extra.burst).holds(word).then_some(Family::Burst)
    }

    /// When a message arrives that would at `arrival`, behind those that it must not overtake.
    fn in_order(&mut self, arrival: SimTime) -> SimTime {
        let window = match self.law.order {
            Order::Free => return arrival,
            Order::Window(window) => window.as_nanos(),
            Order::Fifo => 0,
        };
        let earliest = self.last_arrival.as_nanos().saturating_sub(window);
        let arrival = arrival.max(SimTime::from_nanos(earliest));
        self.last_arrival = self.last_arrival.max(arrival);
        arrival
    }
}

impl Bandwidth {
    /// How long so many bytes take, rounded up: never more goes through than the rate allows.
    fn time_for(&self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * NANOS_PER_SECOND;
        let nanos = nanos.div_ceil(u128::from(self.bytes_per_second.max(1)));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many bytes, rounded down, go through in so long.
    fn bytes_in(&self, time: Duration) -> u64 {
        let bytes = u128::from(time.as_nanos()) * u128::from(self.bytes_per_second);
        u64::try_from(bytes / NANOS_PER_SECOND).unwrap_or(u64::MAX)
    }
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

const fn strike(ledger: &mut Ledger, family: Family) {
    let tally = ledger.tally_mut(family);
    tally.applied += 1;
    tally.effective += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_plain_link_stays_within_two_lines_of_cache() {
        assert!(size_of::<LinkState>() <= 80, "{}", size_of::<LinkState>());
    }

    #[test]
    fn a_wire_takes_one_message_after_the_other() {
        let bandwidth = Bandwidth { bytes_per_second: 1_000, queue: Some(100) };
        let law = Link { bandwidth: Some(bandwidth), ..Link::default() };
        let mut rough = Rough { law, ..Rough::default() };
        let at = |millis: u64| SimTime::from_nanos(millis * 1_000_000);
        assert_eq!(rough.transmit(at(5), 60), Some(at(65)));
        assert_eq!(rough.transmit(at(5), 50), Some(at(115)));
        // 110 bytes wait: too many for one more. At 15 ms there are 100.
        assert_eq!(rough.transmit(at(5), 1), None);
        assert_eq!(rough.transmit(at(14), 1), None);
        assert_eq!(rough.transmit(at(15), 30), Some(at(145)));
        assert_eq!(rough.transmit(at(500), 1), Some(at(501)));
        assert_eq!(rough.started(at(501), 1), at(500));
    }
}
