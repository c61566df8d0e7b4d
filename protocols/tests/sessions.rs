//! Clocks at work: stamps tell the order, clients read their own writes, and each planted bug is caught.

use orrery_protocols::sessions::bugs::{BUGS, Q18, Q19, Q23, X2};
use orrery_protocols::sessions::{Note, Parameters, Sessions};
use orrery_sim::plan::{Action, Item};
use orrery_sim::{
    Bug, Duration, DurationRange, Law, NodeId, Probability, Registration, Setup, WallClock,
};

use orrery_sim::testing::{Dice, Run, item, ms, node, pause, quiet, resume};

/// A primary, two followers, two clients; wall clocks that are 2 s ahead at n2 and 1 s behind at n3.
fn skewed(seed: u64, parameters: &Parameters, bugs: &[Bug]) -> Setup<Sessions> {
    let mut setup = quiet::<Sessions>(seed, 5, parameters, ms(5), bugs);
    let offsets = [0, 2_000_000_000, -1_000_000_000, 0, 0];
    setup.wall_clocks = offsets.map(|offset| WallClock { offset, ..WallClock::default() }).to_vec();
    setup
}

fn run(setup: Setup<Sessions>, parameters: &Parameters) -> Run<Sessions> {
    Run::new(setup, parameters)
}

fn values(run: &Run<Sessions>) -> Vec<u64> {
    let read = |note: &Note| match note {
        Note::Read { value, .. } => Some(*value),
        Note::Happened { .. } | Note::Wrote { .. } | Note::Asks { .. } | Note::Waits { .. } => None,
    };
    let own = run.notes.iter().filter(|entry| entry.node == NodeId(4));
    own.filter_map(|entry| read(&entry.note)).collect()
}

#[test]
fn a_client_reads_what_it_has_written_however_far_followers_lag() {
    let parameters = Parameters { replicate: ms(200), retry: ms(1_000), ..Parameters::default() };
    let mut run = run(skewed(1, &parameters, &[]), &parameters);
    run.safely_until(10_000);
    let values = values(&run);
    assert!(10 < values.len());
    assert!(values.iter().copied().eq(1..=values.len() as u64), "each its last write: {values:?}");
    assert!(10 < run.statistic("waits").unwrap());
}

#[test]
fn without_lag_nobody_waits_for_long() {
    let read_time = |replicate| {
        let parameters = Parameters { replicate, retry: ms(1_000), ..Parameters::default() };
        let mut run = run(skewed(1, &parameters, &[]), &parameters);
        run.safely_until(10_000).statistic("read_time").unwrap()
    };
    let (soon, late) = (read_time(ms(2)), read_time(ms(200)));
    assert!(soon < 14_000_000 && 50_000_000 < late, "{soon} {late}");
}

#[test]
fn hybrid_times_are_those_of_the_clock_that_is_farthest_ahead() {
    let parameters = Parameters::default();
    let mut run = run(skewed(1, &parameters, &[]), &parameters);
    run.safely_until(5_000);
    // n3 hears of n2's time through the primary: 3 s ahead of its own, less what messages take.
    let lead = run.statistic("hybrid_lead").unwrap();
    assert!((2_800_000_000..3_000_000_000).contains(&lead), "{lead}");
}

#[test]
fn clocks_that_agree_need_no_lead() {
    let parameters = Parameters::default();
    let setup = quiet::<Sessions>(1, 5, &parameters, ms(5), &[]);
    let mut run = run(setup, &parameters);
    run.safely_until(5_000);
    // The answers of two followers come at one moment: the second is counted.
    assert_eq!((run.statistic("hybrid_lead"), run.statistic("hybrid_count")), (Some(0), Some(1)));
}

/// Correct nodes pass; with the bug, the rule is broken.
#[track_caller]
fn is_caught(bug: Bug, rule: &str) {
    let parameters = Parameters { replicate: ms(200), ..Parameters::default() };
    let violation = |bugs: &[Bug]| {
        let mut run = run(skewed(1, &parameters, bugs), &parameters);
        run.until(5_000).violation.clone()
    };
    assert_eq!(violation(&[]), None);
    assert_eq!(violation(&[bug]).map(|violation| violation.rule), Some(rule), "{}", bug.id);
    assert!(bug.breaks.contains(&rule));
}

#[test]
fn q18_a_hybrid_clock_that_does_not_listen() {
    is_caught(Q18, "Clock Condition");
}

#[test]
fn q19_a_lamport_clock_that_does_not_listen() {
    is_caught(Q19, "Clock Condition");
}

#[test]
fn x2_a_hybrid_clock_that_does_not_look_at_the_time() {
    is_caught(X2, "Hybrid Time");
}

#[test]
fn q23_a_follower_that_does_not_wait() {
    is_caught(Q23, "Read Your Writes");
}

/// Losses, copies, delays, pauses, cuts, and wall clocks that jump by seconds.
fn chaos(seed: u64, parameters: &Parameters, bugs: &[Bug]) -> Setup<Sessions> {
    let mut setup = quiet::<Sessions>(seed, 5, parameters, ms(5), bugs);
    let link = &mut setup.links.default;
    link.latency = Law::Uniform(DurationRange::new(ms(1), ms(120)));
    link.loss = Probability::ratio(1, 10);
    link.duplicate = Probability::ratio(1, 5);
    let mut dice = Dice(seed);
    let mut plan: Vec<Item<()>> = vec![];
    for _ in 0..12 {
        let (id, now) = (dice.below(5) as u32 + 1, dice.below(8_000));
        let jump = i64::try_from(dice.below(6_000)).unwrap() * 1_000_000 - 3_000_000_000;
        plan.push(item(now, Action::ClockJump { node: node(id), by: jump }));
        let (id, now) = (dice.below(5) as u32 + 1, dice.below(8_000));
        plan.push(item(now, pause(id)));
        plan.push(item(now + dice.below(1_000), resume(id)));
    }
    setup.plan.items = plan;
    setup
}

#[test]
fn correct_nodes_pass_in_chaos_and_bugs_are_caught() {
    let parameters = Parameters::default();
    let violation = |seed: u64, bugs: &[Bug]| {
        run(chaos(seed, &parameters, bugs), &parameters).until(10_000).violation.clone()
    };
    for seed in 0..40 {
        assert_eq!(violation(seed, &[]), None, "seed {seed}");
    }
    for bug in BUGS {
        let rules: Vec<_> = (0..10).filter_map(|seed| violation(seed, &[*bug])).collect();
        assert!(!rules.is_empty(), "{}", bug.id);
        assert!(rules.iter().all(|violation| bug.breaks.contains(&violation.rule)), "{}", bug.id);
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let normal = Parameters::default;
    for (wrong, nodes, names) in [
        (normal(), 3, "followers"),
        (Parameters { followers: 0, ..normal() }, 3, "followers"),
        (Parameters { retry: Duration::ZERO, ..normal() }, 5, "retry"),
    ] {
        let error = Sessions::set_up(&wrong, nodes).unwrap_err();
        assert!(error.contains(names), "{error}");
    }
}
