//! A node's wall clock at work: a pure function of true time, its laws, and the jumps and changes of rate so far. Nothing
//! happens while nobody looks at it.

use crate::clock::{Correction, WallClock, WallRun};
use crate::id::NodeId;
use crate::random::{Domain, Randomness, StreamId, scale};
use crate::time::{Interval, SimTime, WallTime};

/// Parts in a billion, and the fraction of a nanosecond in which clocks are kept here.
const BILLION: i128 = 1_000_000_000;
/// Second half of the address of a clock's draws: errors of corrections.
const CORRECTIONS: u32 = 1;

/// The state of one wall clock. It changes when the clock jumps or its rate does.
#[derive(Clone, Debug)]
pub(crate) struct Wall {
    law: WallClock,
    stream: StreamId,
    /// Parts per billion by which the node's clocks are too fast.
    ppb: i64,
    /// When it changed last.
    since: SimTime,
    /// What it showed then.
    then: Reading,
}

/// What a wall clock shows at one moment, in billionths of a nanosecond, so that changes of rate round nothing.
#[derive(Clone, Copy, Debug)]
struct Reading {
    shown: i128,
    /// How much time has passed since it was last set, by the node's own clock.
    age: i128,
    /// Whether it jumped since it was last set.
    has_jumped: bool,
    /// Whether the ledger has counted that.
    is_counted: bool,
}

impl Wall {
    pub(crate) const fn new(law: WallClock, ppb: i64, node: NodeId) -> Self {
        let shown = law.offset as i128 * BILLION;
        Self {
            law,
            stream: StreamId::new(Domain::Clock, node.0, CORRECTIONS),
            ppb,
            since: SimTime::ZERO,
            then: Reading { shown, age: 0, has_jumped: false, is_counted: false },
        }
    }

    /// When it was set or changed last, and what it showed then.
    fn last_change(&self, now: SimTime, randomness: &Randomness) -> (SimTime, Reading) {
        // What stands still is not set either.
        let last = self.running_law().and_then(|law| correction(law, now));
        if let Some((number, time, law)) = last.filter(|(_, time, _)| self.since < *time) {
            let set_to = i128::from(time.as_nanos()) + self.error(number, law, randomness);
            let shown = set_to * BILLION;
            return (time, Reading { shown, age: 0, has_jumped: false, is_counted: false });
        }
        (self.since, self.then)
    }

    /// How it is corrected, unless it stands still.
    fn running_law(&self) -> Option<Correction> {
        self.law.correction.filter(|_| BILLION + i128::from(self.ppb) != 0)
    }

    fn at(&self, now: SimTime, randomness: &Randomness) -> Reading {
        let (time, then) = self.last_change(now, randomness);
        let rate = BILLION + i128::from(self.ppb);
        let run = i128::from(now.since(time).as_nanos()).saturating_mul(rate);
        Reading { shown: then.shown.saturating_add(run), age: then.age.saturating_add(run), ..then }
    }

    /// How it runs from now on until it is set or changed.
    pub(crate) fn run(&self, now: SimTime, randomness: &Randomness) -> WallRun {
        let (since, then) = self.last_change(now, randomness);
        let fraction = then.shown.rem_euclid(BILLION) as u32;
        WallRun { since, shown: nanos(then.shown.div_euclid(BILLION)), fraction, ppb: self.ppb }
    }

    /// When it will be set next after `now`.
    pub(crate) fn next_correction(&self, now: SimTime) -> Option<SimTime> {
        let every = self.running_law()?.every.as_nanos();
        let number = now.as_nanos().checked_div(every)? + 1;
        number.checked_mul(every).map(SimTime::from_nanos)
    }

    /// How far off the correction of that number sets it, in nanoseconds.
    fn error(&self, number: u64, law: Correction, randomness: &Randomness) -> i128 {
        let most = law.error.as_nanos().min(i64::MAX as u64);
        if most == 0 {
            return 0;
        }
        let bits = randomness.at(self.stream, number).bits();
        i128::from(scale(bits, 2 * most + 1)) - i128::from(most)
    }

    /// What it shows at `now`.
    pub(crate) fn read(&self, now: SimTime, randomness: &Randomness) -> WallTime {
        WallTime::from_nanos(nanos(self.at(now, randomness).shown.div_euclid(BILLION)))
    }

    /// Where true time lies, as far as its errors and drift keep to their bounds.
    ///
    /// With a drift of at most b and L nanoseconds since it was set, between L / (1 + b) and L / (1 - b) have truly
    /// passed: it is off by at most b L / (1 - b), beside the error with which it was set and what is rounded.
    pub(crate) fn interval(&self, now: SimTime, randomness: &Randomness) -> Interval {
        let reading = self.at(now, randomness);
        let shown = reading.shown.div_euclid(BILLION);
        let error = self.law.correction.map_or(0, |law| i128::from(law.error.as_nanos()));
        let bound = i128::from(self.law.drift_bound);
        let drift = match (bound, BILLION - bound) {
            (0, _) => 0,
            (_, ..=0) => i128::MAX / BILLION,
            (bound, rest) => {
                let age = reading.age / BILLION + 1;
                age.saturating_mul(bound) / rest + 2
            }
        };
        Interval {
            earliest: WallTime::from_nanos(nanos(shown - error - drift)),
            latest: WallTime::from_nanos(nanos(shown + error + drift)),
        }
    }

    /// Fixes what it shows at `now`, so that what changes from now on changes nothing before.
    pub(crate) fn anchor(&mut self, now: SimTime, randomness: &Randomness) {
        self.then = self.at(now, randomness);
        self.since = now;
    }

    /// Jumps by so many nanoseconds, until it is set again.
    pub(crate) fn jump(&mut self, by: i64, now: SimTime, randomness: &Randomness) {
        self.anchor(now, randomness);
        self.then.shown = self.then.shown.saturating_add(i128::from(by) * BILLION);
        (self.then.has_jumped, self.then.is_counted) = (true, false);
    }

    /// Goes on at another rate.
    pub(crate) fn set_rate(&mut self, ppb: i64, now: SimTime, randomness: &Randomness) {
        self.anchor(now, randomness);
        self.ppb = ppb;
    }

    /// The node looked at it: whether that shows a jump that was not counted so far.
    pub(crate) fn count_jump(&mut self, now: SimTime, randomness: &Randomness) -> bool {
        if !self.then.has_jumped || self.then.is_counted || !self.at(now, randomness).has_jumped {
            return false;
        }
        self.then.is_counted = true;
        true
    }
}

/// The last correction up to `now`, if there was one: its number and time.
fn correction(law: Correction, now: SimTime) -> Option<(u64, SimTime, Correction)> {
    let number = now.as_nanos().checked_div(law.every.as_nanos())?;
    let time = SimTime::from_nanos(number * law.every.as_nanos());
    Some((number, time, law))
}

/// The nearest number of nanoseconds that a reading can have.
fn nanos(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}
