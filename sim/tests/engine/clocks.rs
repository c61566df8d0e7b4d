//! Wall clocks: rates, jumps, corrections, and the interval in which true time lies.

use orrery_sim::ledger::{Family, Tally};
use orrery_sim::plan::{Action, Item, Target, Trigger};
use orrery_sim::step::Event;
use orrery_sim::{
    Clock, Context, Correction, Duration, Interval, LocalTime, Node, NodeId, Protocol, Setup,
    SetupError, SimTime, Start, WallClock, WallTime, World,
};
use proptest::prelude::*;
use serde::Serialize;

use super::support::{N1, at, ms};

const SECOND: i64 = 1_000_000_000;
const STANDSTILL: i64 = -SECOND;

/// `n2` beats time by a perfect clock; `n1` says what its clocks show at each beat.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Metronome;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Config {
    beat: Duration,
    /// Whether it looks at its wall clock, and from which beat on.
    looks_from: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Seen {
    local: LocalTime,
    wall: WallTime,
    interval: Interval,
}

impl Protocol for Metronome {
    type Config = Config;
    type Message = u32;
    type Timer = u8;
    type Record = ();
    type Note = Seen;
    type Operation = ();
    type Output = ();
}

#[derive(Clone, Serialize)]
struct Member {
    config: Config,
    beats: u32,
}

/// The beat, and a timer that `n1` sets at its start for 30 ms.
const BEAT: u8 = 0;
const ALARM: u8 = 1;

impl Node for Member {
    type Protocol = Metronome;

    fn on_start(start: Start<'_, Metronome>, ctx: &mut Context<'_, Metronome>) -> Self {
        let config = start.config.clone();
        if ctx.id() == N1 {
            ctx.set_timer(ALARM, ms(30));
        } else {
            ctx.set_timer(BEAT, config.beat);
        }
        Self { config, beats: 0 }
    }

    fn on_message(&mut self, _: NodeId, beat: u32, ctx: &mut Context<'_, Metronome>) {
        if self.config.looks_from.is_some_and(|first| first <= beat) {
            let (wall, interval) = (ctx.wall_clock(), ctx.wall_interval());
            ctx.note(Seen { local: ctx.now(), wall, interval });
        }
    }

    fn on_timer(&mut self, timer: u8, ctx: &mut Context<'_, Metronome>) {
        if timer == BEAT {
            self.beats += 1;
            ctx.send(N1, self.beats);
            ctx.set_timer(BEAT, self.config.beat);
        }
    }
}

fn setup(beat: Duration, ppb: i64, wall: WallClock) -> Setup<Metronome> {
    let mut setup = Setup::new(1, vec![Config { beat, looks_from: Some(0) }; 2]);
    setup.clocks = vec![Clock::new(0, ppb)];
    setup.wall_clocks = vec![wall];
    setup
}

fn corrected(every: u64, error: Duration) -> WallClock {
    WallClock { correction: Some(Correction { every: ms(every), error }), ..WallClock::default() }
}

fn plan(setup: &mut Setup<Metronome>, items: impl IntoIterator<Item = (u64, Action<()>)>) {
    let item = |(millis, action)| Item {
        name: None,
        trigger: Trigger::At(at(millis)),
        within: None,
        action,
    };
    setup.plan.items = items.into_iter().map(item).collect();
}

const fn jump(by: i64) -> Action<()> {
    Action::ClockJump { node: Target::Node(N1), by }
}

const fn rate(ppb: i64) -> Action<()> {
    Action::ClockRate { node: Target::Node(N1), ppb }
}

/// What `n1` saw until `millis`, and when it truly was, in nanoseconds.
fn seen(setup: Setup<Metronome>, millis: u64) -> (Vec<(i64, Seen)>, World<Member>) {
    let mut world = World::<Member>::new(setup).unwrap();
    world.check_purity();
    let mut seen = vec![];
    while let Some(step) = world.step(at(millis)).unwrap() {
        let time = step.time.as_nanos().cast_signed();
        seen.extend(step.notes.iter().map(|note| (time, *note)));
    }
    assert_eq!(world.impurity(), None);
    (seen, world)
}

/// How far ahead of true time the wall clock was at each beat, in nanoseconds.
fn ahead(setup: Setup<Metronome>, millis: u64) -> Vec<i64> {
    seen(setup, millis).0.iter().map(|(time, seen)| seen.wall.as_nanos() - time).collect()
}

/// When the alarm of `n1` rang.
fn alarm(setup: Setup<Metronome>) -> Option<SimTime> {
    let mut world = World::<Member>::new(setup).unwrap();
    while let Some(step) = world.step(at(1_000)).unwrap() {
        if matches!(step.event, Event::Timer { timer: ALARM, .. }) {
            return Some(step.time);
        }
    }
    None
}

#[test]
fn a_wall_clock_has_an_offset_and_the_rate_of_the_node() {
    let wall = WallClock { offset: 3 * SECOND, ..WallClock::default() };
    assert_eq!(ahead(setup(ms(10), 0, wall), 30), [3 * SECOND; 3]);
    // A tenth too fast: a millisecond more at each beat.
    let expected = [1, 2, 3].map(|beat| 3 * SECOND + beat * 1_000_000);
    assert_eq!(ahead(setup(ms(10), SECOND / 10, wall), 30), expected);
}

#[test]
fn a_jump_moves_the_wall_clock_and_nothing_else() {
    let honest = setup(ms(10), 0, WallClock::default());
    assert_eq!(ahead(honest.clone(), 40), [0; 4]);
    let mut jumping = honest.clone();
    plan(&mut jumping, [(15, jump(-5 * SECOND)), (25, jump(7 * SECOND))]);
    assert_eq!(ahead(jumping.clone(), 40), [0, -5 * SECOND, 2 * SECOND, 2 * SECOND]);
    let (seen, _) = seen(jumping.clone(), 40);
    let local: Vec<i64> = seen.iter().map(|(_, seen)| seen.local.as_nanos()).collect();
    assert_eq!(local, [10, 20, 30, 40].map(|millis| millis * 1_000_000));
    assert_eq!((alarm(honest), alarm(jumping)), (Some(at(30)), Some(at(30))));
}

#[test]
fn only_a_change_of_rate_moves_a_timer_that_is_set() {
    let due = |action: Option<Action<()>>| {
        let wall = WallClock { offset: SECOND, ..corrected(5, ms(1)) };
        let mut setup = setup(ms(1), 0, wall);
        plan(&mut setup, action.map(|action| (10, action)));
        alarm(setup)
    };
    assert_eq!(due(None), Some(at(30)));
    assert_eq!(due(Some(jump(SECOND))), Some(at(30)));
    assert_eq!(due(Some(jump(-SECOND))), Some(at(30)));
    assert_eq!(due(Some(rate(-SECOND / 2))), Some(at(50)));
    assert_eq!(due(Some(rate(STANDSTILL))), None);
}

#[test]
fn a_correction_ends_a_jump_and_an_offset() {
    let wall = WallClock { offset: SECOND, ..corrected(25, Duration::ZERO) };
    let mut setup = setup(ms(10), 0, wall);
    plan(&mut setup, [(35, jump(-SECOND))]);
    assert_eq!(ahead(setup, 60), [SECOND, SECOND, 0, -SECOND, 0, 0]);
}

#[test]
fn a_jump_at_the_moment_of_a_correction_comes_after_it() {
    let mut setup = setup(ms(10), 0, corrected(20, Duration::ZERO));
    plan(&mut setup, [(20, jump(SECOND))]);
    assert_eq!(ahead(setup, 50), [0, SECOND, SECOND, 0, 0]);
}

#[test]
fn corrections_are_off_by_drawn_errors_whoever_looks_and_whenever() {
    let coarse = ahead(setup(ms(10), 0, corrected(10, ms(2))), 2_000);
    assert!(coarse.iter().all(|off| off.abs() <= 2_000_000), "{coarse:?}");
    let late = coarse.iter().filter(|off| **off < 0).count();
    assert!((70..130).contains(&late), "{late} of 200");
    let fine = ahead(setup(ms(5), 0, corrected(10, ms(2))), 2_000);
    let again: Vec<i64> = fine.into_iter().skip(1).step_by(2).collect();
    assert_eq!(again, coarse);
    // Each is drawn by itself, so that a jump in between shifts none of them.
    let mut jumping = setup(ms(10), 0, corrected(10, ms(2)));
    plan(&mut jumping, [(95, jump(SECOND)), (97, jump(-SECOND))]);
    assert_eq!(ahead(jumping, 2_000), coarse);
}

#[test]
fn a_clock_that_stands_still_freezes_both_and_is_not_corrected() {
    let mut setup = setup(ms(10), 0, corrected(25, Duration::ZERO));
    plan(&mut setup, [(15, rate(STANDSTILL)), (45, rate(0))]);
    let (seen, _) = seen(setup, 60);
    let shown = |read: fn(&Seen) -> i64| -> Vec<i64> {
        seen.iter().map(|(_, seen)| read(seen) / 1_000_000).collect()
    };
    assert_eq!(shown(|seen| seen.local.as_nanos()), [10, 15, 15, 15, 20, 30]);
    // The correction at 50 ms sets the wall clock; nothing sets the other.
    assert_eq!(shown(|seen| seen.wall.as_nanos()), [10, 15, 15, 15, 50, 60]);
}

/// Whether the interval held true time at each beat.
fn holds(setup: Setup<Metronome>, millis: u64) -> Vec<bool> {
    let (seen, _) = seen(setup, millis);
    let holds = |(time, seen): &(i64, Seen)| seen.interval.contains(WallTime::from_nanos(*time));
    seen.iter().map(holds).collect()
}

/// An interval of 1 ms either way, for clocks that drift by 100 ppm at most.
fn bounded() -> WallClock {
    WallClock { drift_bound: 100_000, ..corrected(25, ms(1)) }
}

#[test]
fn the_interval_is_as_wide_as_error_and_drift_since_the_last_correction() {
    let (seen, _) = seen(setup(ms(10), 0, bounded()), 40);
    let width = |seen: &Seen| {
        let Interval { earliest, latest } = seen.interval;
        (latest.as_nanos() - earliest.as_nanos()) / 1_000
    };
    // 100 ppm of 10 ms is 1 us, on both sides.
    assert_eq!(
        seen.iter().map(|(_, seen)| width(seen)).collect::<Vec<_>>(),
        [2_002, 2_004, 2_001, 2_003]
    );
    let exact = corrected(25, Duration::ZERO);
    let (_, world) = self::seen(setup(ms(10), 0, exact), 40);
    let now = WallTime::from_nanos(40_000_000);
    assert_eq!(world.wall_interval(N1), Interval { earliest: now, latest: now });
    assert_eq!(world.wall_clock(N1), now);
}

#[test]
fn a_jump_breaks_the_promise_until_the_next_correction() {
    let mut jumping = setup(ms(10), 0, bounded());
    assert_eq!(holds(jumping.clone(), 60), [true; 6]);
    plan(&mut jumping, [(15, jump(5_000_000))]);
    assert_eq!(holds(jumping, 60), [true, false, true, true, true, true]);
}

#[test]
fn a_drift_beyond_the_bound_breaks_the_promise() {
    let wall = corrected(25, Duration::ZERO);
    let wall = WallClock { drift_bound: 100_000, ..wall };
    assert_eq!(holds(setup(ms(10), -100_000, wall), 40), [true; 4]);
    assert_eq!(holds(setup(ms(10), 100_000, wall), 40), [true; 4]);
    assert_eq!(holds(setup(ms(10), 200_000, wall), 40), [false; 4]);
    assert_eq!(holds(setup(ms(10), STANDSTILL, wall), 40), [false; 4]);
}

#[test]
fn what_an_interval_says_of_a_moment() {
    let [a, b, c] = [10, 20, 30].map(WallTime::from_nanos);
    let interval = Interval { earliest: b, latest: b };
    assert!(interval.is_after(a) && !interval.is_after(b) && !interval.is_before(b));
    assert!(interval.is_before(c) && interval.contains(b) && !interval.contains(c));
    assert_eq!(
        (b.since(a), a.since(b), a + Duration::from_nanos(20)),
        (Duration::from_nanos(10), Duration::ZERO, c)
    );
}

/// The ledger's line for jumps where `n1` looks from that beat on; beats are 10 ms apart.
fn jumps(looks_from: Option<u32>, wall: WallClock) -> (u64, u64, u64) {
    let mut setup = setup(ms(10), 0, wall);
    for config in &mut setup.configs {
        config.looks_from = looks_from;
    }
    plan(&mut setup, [(15, jump(SECOND))]);
    let Tally { planned, applied, effective } =
        seen(setup, 100).1.ledger().tally(Family::ClockJump);
    (planned, applied, effective)
}

#[test]
fn a_jump_is_effective_once_the_node_has_seen_it() {
    assert_eq!(jumps(Some(0), WallClock::default()), (1, 1, 1));
    assert_eq!(jumps(None, WallClock::default()), (1, 1, 0));
    // Corrected before anybody looked.
    assert_eq!(jumps(Some(4), corrected(25, Duration::ZERO)), (1, 1, 0));
    assert_eq!(jumps(Some(2), corrected(25, Duration::ZERO)), (1, 1, 1));
}

#[test]
fn a_wall_clock_cannot_be_corrected_all_the_time() {
    let setup = setup(ms(10), 0, corrected(0, Duration::ZERO));
    let error = World::<Member>::new(setup).err();
    assert_eq!(error, Some(SetupError::NoTimeBetweenCorrections(N1)));
}

proptest! {
    /// Whatever the rates within the bound, the errors within theirs and the changes of rate on the way.
    #[test]
    fn the_interval_holds_true_time_as_long_as_the_bounds_are_honoured(
        every in 1_u64..40,
        error in 0_u64..3_000_000,
        offset in -1_000_i64..=1_000,
        bound in 0_i64..900_000_000,
        rates in prop::collection::vec((-1_000_i64..=1_000, 1_u64..60), 0..20),
        beat in 1_u64..5_000_000,
        is_corrected in any::<bool>(),
        seed in any::<u64>(),
    ) {
        // Thousandths of the bound.
        let share = |part: i64, whole: i64| whole / 1_000 * part;
        let correction = Correction { every: ms(every), error: Duration::from_nanos(error) };
        let wall = WallClock {
            offset: if is_corrected { share(offset, error.cast_signed()) } else { 0 },
            correction: is_corrected.then_some(correction),
            drift_bound: bound.unsigned_abs(),
        };
        let first = rates.first().map_or(0, |(part, _)| share(*part, bound));
        let mut setup = setup(Duration::from_nanos(beat.max(100_000)), first, wall);
        setup.seed = seed;
        plan(&mut setup, rates.iter().map(|(part, time)| (*time, rate(share(*part, bound)))));
        let (seen, _) = seen(setup, 60);
        for (time, seen) in seen {
            let interval = seen.interval;
            prop_assert!(interval.contains(WallTime::from_nanos(time)), "{time}: {seen:?}");
            prop_assert!(interval.contains(seen.wall));
        }
    }

    /// Whatever happens to its rate and to the wall clock, a node's own clock never goes back.
    #[test]
    fn the_local_clock_never_goes_back(
        first in STANDSTILL..SECOND,
        changes in prop::collection::vec((STANDSTILL..SECOND, 1_u64..60, any::<bool>()), 0..20),
    ) {
        let mut setup = setup(Duration::from_micros(700), first, corrected(7, ms(3)));
        let action = |by, is_jump| if is_jump { jump(by) } else { rate(by) };
        plan(&mut setup, changes.into_iter().map(|(by, time, is)| (time, action(by, is))));
        let (seen, _) = seen(setup, 60);
        prop_assert!(seen.is_sorted_by_key(|(_, seen)| seen.local));
        prop_assert_eq!(seen.len(), 85);
    }
}
