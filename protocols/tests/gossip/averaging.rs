//! Averaging: mass is conserved to the last unit, and variance falls as fast as the papers say.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "statistics of finished runs"
)]

use orrery_protocols::gossip::averaging::{Averaging, G19, Method, Order, Parameters, Values};
use orrery_sim::plan::Action;
use orrery_sim::testing::Dice;
use orrery_sim::{Bug, DurationRange, Law, NodeId, Registration, Setup};

use crate::support::{Run, caught, item, ms, node, quiet};

/// Links that take no time, so that no two exchanges overlap.
fn instant(seed: u64, nodes: u32, parameters: &Parameters) -> Run<Averaging> {
    let mut setup = quiet::<Averaging>(seed, nodes, parameters, &[]);
    setup.links.default.latency = Law::Constant(ms(0));
    Run::new(setup, parameters)
}

/// Mean and standard error of the share of the variance that is left.
fn reduction(nodes: u32, parameters: &Parameters, runs: u64) -> (f64, f64) {
    let values = (0..runs).map(|seed| {
        let mut run = instant(seed, nodes, parameters);
        run.safely_until(1_000_000);
        run.statistic("reduction").unwrap() as f64 / 1e9
    });
    let values: Vec<f64> = values.collect();
    let mean = values.iter().sum::<f64>() / runs as f64;
    let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    (mean, (squares / (runs * (runs - 1)) as f64).sqrt())
}

fn agrees((mean, error): (f64, f64), expected: f64, bias: f64) -> bool {
    (mean - expected).abs() <= 4.0 * error + bias
}

const PAIRWISE: Method = Method::Pairwise;

#[test]
fn two_sites_have_the_mean_after_one_exchange() {
    let parameters = Parameters { values: Values::Peak, cycles: 1, ..Parameters::default() };
    let mut run = instant(1, 2, &parameters);
    run.safely_until(10_000);
    let masses: Vec<u64> = run.world.up().map(|(_, site)| site.mass.sum).collect();
    assert_eq!(masses, [1 << 32, 1 << 32]);
    assert_eq!(run.statistic("reduction"), Some(0));
}

/// By push-sum both keep half and get half of the other's in one cycle.
#[test]
fn two_sites_that_push_have_the_mean_after_one_cycle() {
    let parameters = Parameters {
        method: Method::PushSum,
        values: Values::Peak,
        cycles: 1,
        ..Parameters::default()
    };
    let mut run = instant(1, 2, &parameters);
    run.safely_until(10_000);
    let masses: Vec<_> =
        run.world.up().map(|(_, site)| (site.mass.sum, site.mass.weight)).collect();
    assert_eq!(masses, [(1 << 32, 1 << 32); 2]);
}

/// The exact factor of push-sum when partners are always others: 1/2 - 1/(2(n-1)) - (n-2)/(4(n-1)^2), by the second moment of what a cycle makes of
/// deviations whose sum is zero.
#[test]
fn the_variance_of_push_sum_falls_by_an_exact_factor() {
    for nodes in [10_u32, 100] {
        let others = f64::from(nodes - 1);
        let factor = 0.5 - 0.5 / others - (others - 1.0) / (4.0 * others * others);
        for cycles in [1, 3] {
            let parameters =
                Parameters { method: Method::PushSum, cycles, ..Parameters::default() };
            let expected = factor.powi(cycles as i32);
            let measured = reduction(nodes, &parameters, 600);
            assert!(agrees(measured, expected, 1e-6), "{nodes} {cycles}: {measured:?}, {expected}");
            assert!(!agrees(measured, 0.5_f64.powi(cycles as i32), 1e-6), "{measured:?}");
        }
    }
}

/// Jelasity, section 4: 1/(2 sqrt e) if every site asks once per cycle, 1/e if both sites of an exchange are random. The first holds for many sites.
#[test]
fn the_variance_of_pairwise_averaging_falls_faster_in_order() {
    let of =
        |order, cycles| Parameters { method: PAIRWISE, order, cycles, ..Parameters::default() };
    let sequential = reduction(500, &of(Order::Sequential, 1), 100);
    assert!(agrees(sequential, 0.303_265, 2e-3), "{sequential:?}");
    // Of a Poisson number of exchanges, each of which takes 1/(n - 1) of the variance.
    let random = reduction(100, &of(Order::Random, 1), 400);
    let expected = 0.364_183;
    assert!(agrees(random, expected, 1e-6), "{random:?}");
    assert!(!agrees(random, 0.303_265, 2e-3) && !agrees(sequential, 0.367_879, 2e-3));
    // Over several cycles the factor per cycle is the same.
    let mut run = instant(1, 500, &of(Order::Sequential, 8));
    run.safely_until(1_000_000);
    let factor = run.statistic("factor").unwrap() as f64 / 1e9;
    assert!((factor - 0.303_265).abs() < 0.02, "{factor}");
}

/// Jelasity, section 4: 1/4 if all are matched twice per cycle. Exactly: each site then has the mean of four values, and no two of these are of one site,
/// which leaves (n - 4) / (4 (n - 1)) of the variance.
#[test]
fn the_variance_falls_fastest_if_all_are_matched() {
    let parameters = Parameters { order: Order::Matching, cycles: 1, ..Parameters::default() };
    for nodes in [10_u32, 100, 1_000] {
        let exact = f64::from(nodes - 4) / (4.0 * f64::from(nodes - 1));
        let measured = reduction(nodes, &parameters, 60_000 / u64::from(nodes));
        assert!(agrees(measured, exact, 1e-6), "{nodes}: {measured:?}, {exact}");
        assert!(!agrees(measured, 0.303_265, 2e-3));
    }
    let mut run = instant(1, 500, &Parameters { cycles: 8, ..parameters });
    run.safely_until(1_000_000);
    let factor = run.statistic("factor").unwrap() as f64 / 1e9;
    assert!((factor - 0.25).abs() < 0.02, "{factor}");
    assert_eq!(run.statistic("exchanges"), Some(8 * 500), "two for each site in each cycle");
}

#[test]
fn a_site_that_waits_for_an_answer_refuses_and_passes_its_turn() {
    // Answers take more than half of a cycle.
    let parameters = Parameters { order: Order::Random, cycles: 110, ..Parameters::default() };
    let mut setup = quiet::<Averaging>(1, 6, &parameters, &[]);
    setup.links.default.latency = Law::Constant(ms(300));
    let mut run = Run::<Averaging>::new(setup, &parameters);
    run.safely_until(200_000);
    let probes: Vec<&str> = run.world.probes().hits().map(|(name, _)| name).collect();
    assert_eq!(probes, ["busy", "turn-passed"]);
    let total: u64 = run.world.up().map(|(_, site)| site.mass.sum).sum();
    assert_eq!(total, run.world.up().map(|(_, site)| site.initial).sum::<u64>());
}

/// Nothing is lost or doubled; sites stand still, and messages take long.
fn chaos(method: Method) -> impl Fn(u64, &[Bug]) -> Setup<Averaging> {
    move |seed, bugs| {
        let mut setup = quiet::<Averaging>(seed, 8, &harsh(method), bugs);
        setup.links.default.latency = Law::Uniform(DurationRange::new(ms(1), ms(900)));
        let mut dice = Dice(seed);
        for _ in 0..20 {
            let (victim, now) = (dice.below(8) as u32 + 1, dice.below(20_000));
            setup.plan.items.push(item(now, Action::Pause(node(victim))));
            let end = now + dice.below(3_000);
            setup.plan.items.push(item(end, Action::Resume(node(victim))));
        }
        setup
    }
}

fn harsh(method: Method) -> Parameters {
    Parameters { method, order: Order::Random, cycles: 120, ..Parameters::default() }
}

#[test]
fn g19_exchanges_that_overlap_make_mass() {
    let hits = caught::<Averaging>(0..20, G19, &harsh(PAIRWISE), 200_000, chaos(PAIRWISE));
    assert!(10 < hits, "{hits}");
}

#[test]
fn nothing_goes_wrong_under_faults() {
    for method in [Method::PushSum, PAIRWISE] {
        for seed in 0..20 {
            let mut run = Run::<Averaging>::new(chaos(method)(seed, &[]), &harsh(method));
            run.safely_until(200_000);
            assert!(run.statistic("reduction").unwrap() < 1_000, "they agree");
        }
    }
}

#[test]
fn handlers_are_pure_and_the_same_seed_makes_the_same_run() {
    let digest = |seed| {
        let mut run = Run::<Averaging>::new(chaos(PAIRWISE)(seed, &[]), &harsh(PAIRWISE));
        run.purely_until(20_000);
        assert!(run.world.node(NodeId(1)).is_some());
        run.world.digest()
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let normal = Parameters::default;
    for (wrong, nodes, names) in
        [(normal(), 1, "nodes"), (Parameters { cycle: ms(0), ..normal() }, 2, "cycle")]
    {
        let error = Averaging::set_up(&wrong, nodes).unwrap_err();
        assert!(error.contains(names), "{error}");
    }
}
