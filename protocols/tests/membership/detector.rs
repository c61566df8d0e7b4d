//! Failure detectors by heartbeats: their rules, their numbers, their bugs.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "statistics of finished runs"
)]

use orrery_protocols::detector::bugs::{BUGS, D1, D2, D3, D4, D5};
use orrery_protocols::detector::{Detector, Kind, Law, Note, Parameters};
use orrery_sim::plan::{Action, Disturbance, Item, LinkFault, MessageAddress, MessageFilter};
use orrery_sim::{Bug, Duration, NodeId, Probability};

use orrery_sim::testing::{
    Run, at, crash, cut, heal, item, ms, node, pause, quiet, restart, resume,
};

use crate::support::chaos;

/// All send together every 100 ms, and a message takes 2 ms.
fn fixed() -> Parameters {
    Parameters { kind: Kind::Heartbeat, aligned: true, timeout: ms(350), ..Parameters::default() }
}

fn phi() -> Parameters {
    Parameters { aligned: true, window: 20, ..Parameters::default() }
}

fn run(parameters: &Parameters, plan: &[Item<()>], until: u64, bugs: &[Bug]) -> Run<Detector> {
    let mut setup = quiet::<Detector>(1, 3, parameters, ms(2), bugs);
    setup.plan.items = plan.to_vec();
    let mut run = Run::new(setup, parameters);
    run.until(until);
    run
}

/// A run in which nothing is wrong.
#[track_caller]
fn safe(parameters: &Parameters, plan: &[Item<()>], until: u64) -> Run<Detector> {
    let mut run = run(parameters, plan, until, &[]);
    run.safely_until(until);
    run
}

fn suspects(peer: u32) -> impl Fn(NodeId, &Note) -> bool {
    move |_, note| matches!(note, Note::Suspects { peer: id, .. } if *id == NodeId(peer))
}

#[test]
fn a_fixed_time_after_the_last_heartbeat_a_process_is_suspected() {
    // The last heartbeat leaves at 1 s and comes at 1.002 s.
    let run = safe(&fixed(), &[item(1_050, crash(2))], 3_000);
    assert_eq!(run.noted(suspects(2)), Some(1_352));
    assert_eq!(
        run.times(|_, note| matches!(note, Note::Suspects { .. })),
        2,
        "n1 and n3, once each"
    );
    assert_eq!(run.statistic("detection_time"), Some(302_000_000));
    assert_eq!(run.statistic("mistakes"), Some(0));
}

#[test]
fn heartbeats_that_are_punctual_are_expected_punctually() {
    // Twenty intervals of 100 ms: the deviation is the floor, 10 ms, and φ = 8 lies 5.612 of these above the mean.
    let run = safe(&phi(), &[item(3_050, crash(2))], 5_000);
    let suspected = run.notes.iter().find(|entry| suspects(2)(entry.node, &entry.note)).unwrap();
    let silence = suspected.time.since(at(3_002)).as_nanos();
    assert!(silence.abs_diff(156_120_012) < 1_000, "{silence}");
    // Under an exponential law it takes 8 ln 10 = 18.42 means.
    let parameters = Parameters { law: Law::Exponential, ..phi() };
    let run = safe(&parameters, &[item(3_050, crash(2))], 6_000);
    assert_eq!(run.noted(suspects(2)), Some(3_002 + 1_842));
}

#[test]
fn who_is_heard_again_is_trusted_and_a_mistake_is_counted_only_if_it_was_one() {
    let plan = [
        item(1_050, cut(&[2])),
        item(2_050, heal()),
        item(3_050, crash(3)),
        item(4_000, restart(3)),
    ];
    let run = safe(&fixed(), &plan, 6_000);
    let trusts = |mistaken: bool| {
        run.times(
            |_, note| matches!(note, Note::Trusts { was_mistaken, .. } if *was_mistaken == mistaken),
        )
    };
    // Both ways between n2 and the others; then n3 was down indeed.
    assert_eq!((trusts(true), trusts(false)), (4, 2));
    assert!(run.world.up().all(|(_, process)| process.suspects().is_empty()));
}

#[test]
fn after_each_mistake_the_time_grows() {
    let parameters = Parameters { timeout: ms(150), growth: ms(100), ..fixed() };
    // n2's heartbeats to n1 take turns between 2 ms and a loss.
    let lost = |millis: u64| {
        let filter = MessageFilter { from: Some(node(2)), ..MessageFilter::default() };
        let fault = LinkFault::Loss(Probability::ratio(1, 1));
        [item(millis, Action::Disturb(Disturbance { filter, fault })), item(millis + 20, heal())]
    };
    let plan: Vec<Item<()>> = (1..10).flat_map(|step| lost(990 + 500 * step)).collect();
    let wrong = |parameters: &Parameters| {
        safe(parameters, &plan, 8_000).times(|_, note| matches!(note, Note::Suspects { .. }))
    };
    // One heartbeat is lost each time, a silence of 200 ms: n1 and n3 are wrong once each, and then wait 250 ms.
    assert_eq!(wrong(&parameters), 2);
    assert_eq!(wrong(&Parameters { growth: Duration::ZERO, ..parameters }), 18);
}

#[test]
fn every_process_tells_all_others_each_interval() {
    let run = safe(&fixed(), &[], 5_050);
    assert_eq!(run.sent(&["Heartbeat"]), 50 * 3 * 2);
}

/// Correct processes pass; with the bug, the rule is broken.
#[track_caller]
fn is_caught(bug: Bug, rule: &str, parameters: &Parameters, plan: &[Item<()>]) {
    assert_eq!(run(parameters, plan, 8_000, &[]).violation, None);
    let violation = run(parameters, plan, 8_000, &[bug]).violation;
    assert_eq!(violation.map(|violation| violation.rule), Some(rule), "{}", bug.id);
    assert!(bug.breaks.contains(&rule));
}

#[test]
fn d1_a_heartbeat_that_was_overtaken_is_no_news() {
    // The fifteenth heartbeat of n2, of 1.5 s, comes behind the next two.
    let message = MessageAddress { from: NodeId(2), to: NodeId(1), number: 15 };
    let plan = [item(1_501, Action::Delay { message, by: ms(250) })];
    is_caught(D1, "Heartbeats In Order", &fixed(), &plan);
}

#[test]
fn d2_an_outage_is_no_jitter() {
    let plan = [item(2_050, cut(&[2])), item(4_050, heal()), item(5_050, crash(2))];
    is_caught(D2, "Bounded Detection", &phi(), &plan);
}

#[test]
fn d3_who_stood_still_suspects_nobody_for_it() {
    // Twenty heartbeats and more wait for n1: they come at one moment, as if all sent without a pause.
    let plan = [item(2_050, pause(1)), item(4_250, resume(1))];
    is_caught(D3, "No Early Suspicion", &phi(), &plan);
    // n2 crashes, and so does not move its deadline, which waits for n1.
    let plan = [item(2_050, crash(2)), item(2_060, pause(1)), item(4_250, resume(1))];
    is_caught(D3, "Own Pause", &fixed(), &plan);
}

#[test]
fn d4_without_jitter_nobody_is_suspected_for_a_microsecond() {
    is_caught(D4, "No Early Suspicion", &phi(), &[item(3_050, crash(2))]);
}

#[test]
fn d5_the_same_mistake_is_made_again() {
    let parameters = Parameters { growth: ms(100), ..fixed() };
    let plan = [item(1_050, cut(&[2])), item(2_050, heal()), item(3_050, crash(2))];
    is_caught(D5, "No Early Suspicion", &parameters, &plan);
}

#[test]
fn bugs_are_caught_in_chaos_and_correct_detectors_are_not() {
    for kind in [Kind::Heartbeat, Kind::Phi] {
        let parameters = Parameters { kind, growth: ms(50), window: 20, ..Parameters::default() };
        let violation = |seed: u64, bugs: &[Bug]| {
            let setup = chaos::<Detector>(seed, 4, &parameters, 10_000, bugs);
            let mut run = Run::<Detector>::new(setup, &parameters);
            run.until(10_000).violation.clone()
        };
        for seed in 0..40 {
            assert_eq!(violation(seed, &[]), None, "{kind:?} seed {seed}");
        }
        let own = match kind {
            Kind::Heartbeat => [D1, D3, D5],
            Kind::Phi => [D1, D3, D2],
        };
        for bug in own {
            let caught = (0..40).filter_map(|seed| violation(seed, &[bug]));
            let rules: Vec<&str> = caught.map(|violation| violation.rule).collect();
            assert!(!rules.is_empty(), "{} {kind:?}", bug.id);
            assert!(rules.iter().all(|rule| bug.breaks.contains(rule)), "{}: {rules:?}", bug.id);
        }
    }
    assert_eq!(BUGS.len(), 5);
}

/// Mistakes per heartbeat over many runs of two processes, under a loss and a law of delays.
fn mistake_rates(parameters: &Parameters, runs: u64, loss: u32, jitter: Duration) -> Vec<f64> {
    let rate = |seed: u64| {
        let mut setup = quiet::<Detector>(seed, 2, parameters, ms(50), &[]);
        let link = &mut setup.links.default;
        link.loss = Probability::ratio(loss, 100);
        link.latency = orrery_sim::Law::Normal { mean: ms(50), sd: jitter };
        let mut run = Run::<Detector>::new(setup, parameters);
        run.safely_until(200_000);
        run.statistic("mistake_rate").unwrap() as f64 / 1e9
    };
    (0..runs).map(rate).collect()
}

/// Whether the mean is `expected` to four standard errors.
fn agrees(values: &[f64], expected: f64) -> bool {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let se = (squares / (count - 1.0) / count).sqrt();
    (mean - expected).abs() <= 4.0 * se
}

#[test]
fn a_timeout_bears_as_many_losses_as_fit_into_it() {
    // 350 ms: three heartbeats in a row have to be lost, and the next one ends the mistake: p³ (1 - p).
    let rates = mistake_rates(&fixed(), 40, 30, Duration::ZERO);
    assert!(agrees(&rates, 0.3_f64.powi(3) * 0.7));
    assert!(!agrees(&rates, 0.3_f64.powi(2) * 0.7));
    assert!(!agrees(&rates, 0.3_f64.powi(4) * 0.7));
}

#[test]
fn at_level_phi_one_suspicion_in_ten_to_the_phi_is_wrong() {
    // Delays are normal, so that intervals are: of √2 times their deviation.
    let parameters =
        |threshold| Parameters { threshold, window: 1_000, least_deviation: ms(1), ..phi() };
    for (threshold, expected) in [(1, 0.1), (2, 0.01)] {
        let rates = mistake_rates(&parameters(threshold), 25, 0, ms(5));
        assert!(agrees(&rates, expected), "Φ = {threshold}");
        assert!(!agrees(&rates, expected / 2.0));
        assert!(!agrees(&rates, expected * 2.0));
    }
}
