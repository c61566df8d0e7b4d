//! The replicated database: a story per way to spread, to compare and to delete.

use std::collections::BTreeMap;

use orrery_protocols::gossip::database::{
    Compare, Database, Distribution, G7, G8, G9, Means, Note, Parameters, Space,
};
use orrery_protocols::gossip::rumor::Mode;
use orrery_protocols::kv::Operation;
use orrery_sim::plan::{Action, Item};
use orrery_sim::testing::workload;
use orrery_sim::{Bug, ClientId, Duration, DurationRange, Law, NodeId, Registration, Setup};

use crate::support::{Run, add_chaos, at, between, caught, crash, item, ms, node, quiet, restart};

fn put(millis: u64, client: u32, key: &str, to: u32) -> Item<Operation> {
    let operation = Operation::Put { key: key.into(), value: format!("{key}{millis}") };
    ask(millis, client, operation, to)
}

fn delete(millis: u64, client: u32, key: &str, to: u32) -> Item<Operation> {
    ask(millis, client, Operation::Delete { key: key.into() }, to)
}

fn ask(millis: u64, client: u32, operation: Operation, to: u32) -> Item<Operation> {
    item(millis, Action::Request { client: ClientId(client), operation, to: Some(node(to)) })
}

fn run(
    nodes: u32,
    parameters: &Parameters,
    bugs: &[Bug],
    plan: Vec<Item<Operation>>,
) -> Run<Database> {
    let mut setup = quiet::<Database>(1, nodes, parameters, bugs);
    setup.clients.count = 3;
    setup.plan.items = plan;
    Run::new(setup, parameters)
}

/// Who has a value for a key.
fn holders(run: &Run<Database>, key: &str) -> Vec<u32> {
    run.world.up().filter(|(_, site)| site.value(key).is_some()).map(|(id, _)| id.0).collect()
}

/// How often sites took something, by the way it came.
fn adopted(run: &Run<Database>) -> BTreeMap<Means, u32> {
    let mut counts = BTreeMap::new();
    for entry in &run.notes {
        if let Note::Adopted { by, .. } = entry.note {
            *counts.entry(by).or_default() += 1;
        }
    }
    counts
}

fn only(distribute: Distribution) -> Parameters {
    Parameters { distribute, anti_entropy: None, ..Parameters::default() }
}

fn compare(comparison: Compare, mode: Mode) -> Parameters {
    Parameters {
        distribute: Distribution::None,
        anti_entropy: Some(ms(500)),
        comparison,
        mode,
        recent: ms(2_000),
        ..Parameters::default()
    }
}

#[test]
fn mail_goes_to_all_once_and_may_be_lost() {
    let plan = vec![
        put(0, 1, "x", 1),
        item(500, between(&[3], &[1, 2, 4, 5])),
        put(1_000, 1, "y", 1),
        item(2_000, Action::Heal(None)),
    ];
    let mut run = run(5, &only(Distribution::Mail), &[], plan);
    run.safely_until(60_000);
    assert_eq!(holders(&run, "x"), [1, 2, 3, 4, 5]);
    assert_eq!(holders(&run, "y"), [1, 2, 4, 5], "nobody notices");
    assert_eq!(run.statistic("letters"), Some(8));
    assert_eq!(run.statistic("spread"), Some(10_000_000));
}

#[test]
fn a_rumor_cools_down_and_leaves_a_residue() {
    let parameters = Parameters { k: 1, ..only(Distribution::Rumor) };
    let mut run = run(40, &parameters, &[], vec![put(0, 1, "x", 1)]);
    run.safely_until(60_000);
    let reached = holders(&run, "x").len();
    assert!((20..40).contains(&reached), "{reached}");
    assert!(run.world.up().all(|(_, site)| site.hot.is_empty()));
    assert_eq!(adopted(&run), BTreeMap::from([(Means::Rumor, reached as u32 - 1)]));
}

/// Two halves that were apart, each with updates of its own, older than what the recent lists go back to.
fn two_halves(parameters: &Parameters, bugs: &[Bug]) -> Run<Database> {
    let mut plan = vec![item(0, between(&[1, 2], &[3, 4]))];
    for (i, (key, to)) in
        [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 1), ("f", 3)].iter().enumerate()
    {
        plan.push(put(100 + 100 * i as u64, 1, key, *to));
    }
    // The same key on both sides, the newer one on the right.
    plan.extend([put(1_000, 1, "z", 1), put(1_100, 1, "z", 4)]);
    plan.push(item(9_000, Action::Heal(None)));
    let mut run = run(4, parameters, bugs, plan);
    run.finish(60_000);
    run
}

#[test]
fn every_way_to_compare_brings_everything_everywhere() {
    for how in [Compare::Full, Compare::Recent, Compare::PeelBack, Compare::Merkle] {
        for mode in [Mode::Push, Mode::Pull, Mode::PushPull] {
            let run = two_halves(&compare(how, mode), &[]);
            assert_eq!(run.violation, None, "{how:?} {mode:?}: {:?}", run.violation);
            for key in ["a", "b", "c", "d", "e", "f"] {
                assert_eq!(holders(&run, key), [1, 2, 3, 4], "{how:?} {mode:?} {key}");
            }
            let newest = run.world.up().map(|(_, site)| site.value("z").cloned());
            assert!(newest.into_iter().all(|value| value.as_deref() == Some("z1100")));
        }
    }
}

#[test]
fn whoever_compares_well_sends_little() {
    let cost = |how| {
        let run = two_halves(&compare(how, Mode::PushPull), &[]);
        run.statistic("entries_sent").unwrap()
    };
    let [full, recent, peel, merkle] =
        [Compare::Full, Compare::Recent, Compare::PeelBack, Compare::Merkle].map(cost);
    assert!(10 * recent < full && 10 * merkle < full, "{full} {recent} {merkle}");
    // Peeling back sends the newest ones first, whether they are needed or not.
    assert!(recent < peel && merkle < peel && peel < full, "{full} {peel}");
}

#[test]
fn what_is_learned_by_comparing_is_told_on_or_not() {
    let letters = |redistribute| {
        let parameters = Parameters {
            redistribute,
            distribute: Distribution::Mail,
            ..compare(Compare::Full, Mode::PushPull)
        };
        let plan = vec![
            item(0, between(&[1, 2, 3, 4], &[5, 6, 7, 8])),
            put(100, 1, "x", 1),
            item(1_000, Action::Heal(None)),
        ];
        let mut setup = quiet::<Database>(1, 8, &parameters, &[]);
        setup.links.default.latency = Law::Constant(ms(450));
        setup.clients.count = 1;
        setup.plan.items = plan;
        let mut run = Run::<Database>::new(setup, &parameters);
        run.safely_until(60_000);
        assert_eq!(holders(&run, "x").len(), 8);
        run.statistic("letters").unwrap()
    };
    assert_eq!(letters(Distribution::None), 7);
    let mail = letters(Distribution::Mail);
    assert!(3 * 7 <= mail, "the first ones mail at the same time: {mail}");
}

/// x is deleted while n4 is away for longer than anybody keeps the certificate.
fn deletion(bugs: &[Bug]) -> Run<Database> {
    let parameters =
        Parameters { tau_1: ms(3_000), retention: 1, ..compare(Compare::Full, Mode::PushPull) };
    let plan = vec![
        put(0, 1, "x", 1),
        item(5_000, between(&[4], &[1, 2, 3])),
        delete(6_000, 1, "x", 1),
        item(15_000, Action::Heal(None)),
    ];
    let mut run = run(4, &parameters, bugs, plan);
    run.finish(60_000);
    run
}

#[test]
fn g7_what_was_deleted_comes_back_and_a_dormant_certificate_wakes_up() {
    let run = deletion(&[]);
    assert_eq!(run.violation, None, "{:?}", run.violation);
    let woke = run.notes.iter().filter(|entry| matches!(entry.note, Note::Reactivated { .. }));
    let woke: Vec<NodeId> = woke.map(|entry| entry.node).collect();
    assert_eq!(woke, [NodeId(1)]);
    assert!(holders(&run, "x").is_empty());
    let wrong = deletion(&[G7]);
    assert_eq!(wrong.broken(), Some("No Resurrection"));
    assert_eq!(holders(&wrong, "x"), [1, 2, 3, 4]);
}

/// A certificate that wakes up keeps its timestamp: what was put after the deletion stays.
#[test]
fn a_certificate_cancels_nothing_that_came_after_it() {
    let parameters =
        Parameters { tau_1: ms(3_000), retention: 1, ..compare(Compare::Full, Mode::PushPull) };
    let plan = vec![
        put(0, 1, "x", 1),
        item(5_000, between(&[4], &[1, 2, 3])),
        delete(6_000, 1, "x", 1),
        // n3 has dropped the certificate, and knows nothing of x.
        put(12_000, 1, "x", 3),
        item(15_000, Action::Heal(None)),
    ];
    let mut run = run(4, &parameters, &[], plan);
    run.safely_until(60_000);
    let values = run.world.up().map(|(_, site)| site.value("x").cloned());
    assert!(values.into_iter().all(|value| value.as_deref() == Some("x12000")));
}

/// Each side has an update that the other lacks, so that both have as many.
#[test]
fn g8_databases_of_equal_size_are_not_equal() {
    for how in [Compare::Recent, Compare::PeelBack] {
        let parameters = compare(how, Mode::PushPull);
        let plan = || {
            let apart = item(0, between(&[1], &[2]));
            vec![apart, put(100, 1, "x", 1), put(100, 2, "y", 2), item(9_000, Action::Heal(None))]
        };
        let mut correct = run(2, &parameters, &[], plan());
        correct.safely_until(60_000);
        let mut wrong = run(2, &parameters, &[G8], plan());
        // What peels back has sent its newest updates before it looks at a checksum.
        let expected = (how == Compare::Recent).then_some("Convergence");
        assert_eq!(wrong.finish(60_000).broken(), expected, "{how:?}");
    }
}

#[test]
fn g9_a_tree_without_certificates_leaves_a_zombie() {
    let of = |bugs: &[Bug]| {
        let parameters = Parameters {
            distribute: Distribution::Mail,
            tau_1: ms(100_000),
            ..compare(Compare::Merkle, Mode::PushPull)
        };
        let plan = vec![
            put(0, 1, "x", 1),
            item(5_000, crash(3)),
            delete(6_000, 1, "x", 1),
            item(8_000, restart(3)),
        ];
        let mut run = run(3, &parameters, bugs, plan);
        run.finish(40_000);
        (run.broken(), holders(&run, "x"))
    };
    assert_eq!(of(&[]), (None, vec![]));
    assert_eq!(of(&[G9]), (Some("No Resurrection"), vec![3]));
}

#[test]
fn an_update_is_on_disk_before_the_client_hears_of_it() {
    let parameters = only(Distribution::Mail);
    let mut setup = quiet::<Database>(1, 2, &parameters, &[]);
    setup.disk.sync = Law::Constant(ms(50));
    setup.clients.count = 1;
    setup.plan.items = vec![put(0, 1, "x", 1), item(20, crash(1)), item(30, restart(1))];
    let mut run = Run::<Database>::new(setup, &parameters);
    run.safely_until(1_000);
    assert!(holders(&run, "x").is_empty(), "the letter waited for the disk too");
}

#[test]
fn distances_and_partners() {
    let distance = |space: Space, a, b| space.distance(NodeId(a), NodeId(b), 9);
    assert_eq!(distance(Space::Line, 2, 9), 7);
    assert_eq!(distance(Space::Ring, 2, 9), 2);
    assert_eq!(distance(Space::Grid, 1, 9), 4);
    assert_eq!(distance(Space::Uniform, 1, 9), 1);
    let mean = |space, exponent| {
        let parameters = Parameters { space, exponent, ..compare(Compare::Full, Mode::PushPull) };
        let mut run = run(30, &parameters, &[], vec![put(0, 1, "x", 1)]);
        run.safely_until(30_000);
        (run.statistic("distance").unwrap(), run.statistic("spread").unwrap())
    };
    let [none, two, four] = [0, 2, 4].map(|exponent| mean(Space::Line, exponent));
    // With equal weights the mean distance on a line of n is (n + 1) / 3.
    assert!((none.0 - 10_333_333_333).abs() < 1_000_000_000, "{none:?}");
    assert!(two.0 < none.0 / 2 && four.0 < two.0, "{two:?} {four:?}");
    assert!(none.1 < four.1, "what walks is late: {four:?}");
}

fn chaos(parameters: &Parameters) -> impl Fn(u64, &[Bug]) -> Setup<Database> {
    let parameters = parameters.clone();
    move |seed, bugs| {
        let mut setup = quiet::<Database>(seed, 5, &parameters, bugs);
        let workload = workload(6, &[("put", 5), ("get", 1), ("delete", 3)]);
        setup.clients.count = 3;
        setup.clients.generator = Some(Database::generator(&workload).unwrap());
        setup.clients.think = Law::Uniform(DurationRange::new(ms(10), ms(400)));
        setup.clients.timeout = ms(400);
        setup.clients.patience = ms(1_000);
        setup.clients.until = at(6_000);
        setup.disk.sync = Law::Uniform(DurationRange::new(Duration::ZERO, ms(10)));
        add_chaos(&mut setup, seed, 8_000, true);
        setup
    }
}

fn harsh(how: Compare, mode: Mode) -> Parameters {
    Parameters {
        distribute: Distribution::Mail,
        anti_entropy: Some(ms(250)),
        tau_1: ms(1_000),
        ..compare(how, mode)
    }
}

#[test]
fn the_bugs_are_found_at_random() {
    for (bug, how) in [(G7, Compare::Full), (G8, Compare::Recent), (G9, Compare::Merkle)] {
        let tau_1 = if bug.id == "G9" { ms(60_000) } else { ms(1_000) };
        let parameters = Parameters { tau_1, ..harsh(how, Mode::PushPull) };
        caught::<Database>(0..25, bug, &parameters, 35_000, chaos(&parameters));
    }
}

#[test]
fn nothing_goes_wrong_under_faults() {
    for how in [Compare::Full, Compare::Recent, Compare::PeelBack, Compare::Merkle] {
        for mode in [Mode::Push, Mode::Pull, Mode::PushPull] {
            for distribute in [Distribution::None, Distribution::Mail, Distribution::Rumor] {
                let parameters =
                    Parameters { distribute, redistribute: distribute, ..harsh(how, mode) };
                for seed in 0..4 {
                    let mut run = Run::<Database>::new(chaos(&parameters)(seed, &[]), &parameters);
                    run.finish(35_000);
                    assert_eq!(run.violation, None, "{seed} {how:?} {mode:?} {distribute:?}");
                }
            }
        }
    }
}

#[test]
fn handlers_are_pure_and_the_same_seed_makes_the_same_run() {
    let parameters = harsh(Compare::PeelBack, Mode::PushPull);
    let digest = |seed| {
        Run::<Database>::new(chaos(&parameters)(seed, &[]), &parameters).purely_until(12_000)
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let normal = Parameters::default;
    for (wrong, nodes, names) in [
        (normal(), 1, "nodes"),
        (Parameters { anti_entropy: Some(ms(0)), ..normal() }, 2, "anti_entropy"),
        (Parameters { rumor_cycle: ms(0), ..normal() }, 2, "rumor_cycle"),
        (Parameters { k: 0, ..normal() }, 2, "`k`"),
        (Parameters { retention: 3, ..normal() }, 2, "retention"),
        (Parameters { anti_entropy: None, ..only(Distribution::None) }, 2, "distribute"),
    ] {
        let error = Database::set_up(&wrong, nodes).unwrap_err();
        assert!(error.contains(names), "{error}");
    }
}
