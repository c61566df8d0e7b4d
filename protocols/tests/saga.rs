//! Sagas under test: short stories, the planted bug, and a sweep over seeds and faults.

use orrery_protocols::bank::{Operation, Posting};
use orrery_protocols::saga::bugs::T18;
use orrery_protocols::saga::{Note, Parameters, Saga, Site};
use orrery_sim::plan::{Action, MessageFilter};
use orrery_sim::testing::{self, Run, crash, item, ms, node, restart, workload};
use orrery_sim::{
    Bug, ClientId, Duration, DurationRange, Law, Link, Probability, Registration, Setup, Violation,
    World,
};

/// A component and three banks with one account each.
fn quiet(seed: u64, bugs: &[Bug]) -> Setup<Saga> {
    let parameters = Parameters { accounts: Some(3), ..Parameters::default() };
    let mut setup = testing::quiet::<Saga>(seed, 4, &parameters, ms(10), bugs);
    setup.clients.count = 3;
    setup.clients.timeout = ms(1_000);
    setup.clients.patience = ms(2_000);
    setup
}

fn transfer(amount: i64) -> Action<Operation> {
    let posting = |account, amount| Posting { account, amount };
    let postings = vec![posting(0, -amount), posting(1, amount - 5), posting(2, 5)];
    let operation = Operation::Transfer { postings };
    Action::Request { client: ClientId(1), operation, to: None }
}

/// A run under the monitors, its milestones, and the first violation.
fn run(setup: Setup<Saga>, millis: u64) -> (World<Site>, Vec<Note>, Option<Violation>) {
    let parameters =
        Parameters { accounts: Some(setup.configs[0].accounts), ..Parameters::default() };
    let mut run = Run::<Saga>::new(setup, &parameters);
    run.until(millis);
    let notes = run.notes.into_iter().map(|entry| entry.note);
    (run.world, notes.collect(), run.violation)
}

fn balances(world: &World<Site>) -> Vec<i64> {
    let banks = world.up().filter_map(|(_, site)| site.bank());
    banks.flat_map(|bank| bank.balances.values().copied()).collect()
}

fn ended(notes: &[Note], wanted: bool) -> usize {
    let is_it = |note: &&Note| matches!(note, Note::Ended { is_whole, .. } if *is_whole == wanted);
    notes.iter().filter(is_it).count()
}

#[test]
fn a_saga_is_executed_step_by_step() {
    let mut setup = quiet(1, &[]);
    setup.plan.items = vec![item(100, transfer(30))];
    let (world, notes, violation) = run(setup, 1_000);
    assert_eq!((violation, ended(&notes, true)), (None, 1));
    assert_eq!(balances(&world), [70, 125, 105]);
    // Two delays and two messages for each step.
    assert_eq!(world.counters().total().sent, 6);
}

#[test]
fn a_step_that_is_refused_undoes_those_before() {
    let mut setup = quiet(1, &[]);
    // 100 leave account 0, so that the next saga finds nothing there.
    setup.plan.items = vec![item(100, transfer(100)), item(500, transfer(10))];
    let (world, notes, violation) = run(setup, 1_000);
    assert_eq!(violation, None);
    assert_eq!((ended(&notes, true), ended(&notes, false)), (1, 1));
    assert_eq!(balances(&world), [0, 195, 105]);
}

/// The step at the last bank comes after its compensation.
fn late(bugs: &[Bug]) -> (World<Site>, Vec<Note>, Option<Violation>) {
    let mut setup = quiet(1, bugs);
    let late =
        MessageFilter { to: Some(node(3)), kind: Some("Step".into()), ..MessageFilter::default() };
    setup.plan.items = vec![
        item(50, Action::Hold(late)),
        item(100, transfer(30)),
        item(1_500, Action::Release(None)),
    ];
    run(setup, 2_000)
}

#[test]
fn a_step_that_was_made_up_for_is_never_executed() {
    let (world, notes, violation) = late(&[]);
    assert_eq!((violation, ended(&notes, false)), (None, 1));
    assert_eq!(balances(&world), [100, 100, 100]);
}

#[test]
fn t18_a_compensation_for_nothing_takes_money() {
    let (_, _, violation) = late(&[T18]);
    assert_eq!(violation.unwrap().rule, "Balances Are Steps");
}

#[test]
fn a_component_that_crashed_goes_on() {
    for time in 100..200 {
        let mut setup = quiet(1, &[]);
        setup.disk.sync = Law::Constant(ms(1));
        setup.plan.items =
            vec![item(100, transfer(30)), item(time, crash(1)), item(time + 50, restart(1))];
        let (world, notes, violation) = run(setup, 3_000);
        assert_eq!(violation, None, "crash at {time} ms");
        let sum: i64 = balances(&world).iter().sum();
        assert_eq!(sum, 300, "crash at {time} ms: {notes:?}");
    }
}

/// Faults drawn from the seed.
fn chaos(seed: u64, bugs: &[Bug]) -> Setup<Saga> {
    let mut setup = quiet(seed, bugs);
    setup.links.default = Link {
        latency: Law::Exponential(ms(20)),
        loss: Probability::ratio(1, 10),
        duplicate: Probability::ratio(1, 4),
        ..Link::default()
    };
    for config in &mut setup.configs {
        (config.patience, config.resend) = (ms(60), ms(50));
    }
    setup.disk.sync = Law::Uniform(DurationRange::new(Duration::ZERO, ms(2)));
    let workload = workload(3, &[("transfer", 1)]);
    setup.clients.generator = Some(Saga::generator(&workload).unwrap());
    setup.clients.think = Law::Exponential(ms(20));
    for (place, time) in (100..1_500).step_by(90).enumerate() {
        let victim = (seed + place as u64 * 7) as u32 % 4 + 1;
        setup.plan.items.push(item(time, crash(victim)));
        setup.plan.items.push(item(time + 20 + seed % 60, restart(victim)));
    }
    setup
}

#[test]
fn nothing_goes_wrong_under_faults() {
    let (mut whole, mut compensated) = (0, 0);
    for seed in 0..60 {
        let (_, notes, violation) = run(chaos(seed, &[]), 2_500);
        assert_eq!(violation, None, "seed {seed}: {violation:?}");
        whole += ended(&notes, true);
        compensated += ended(&notes, false);
    }
    assert!(300 < whole && 300 < compensated, "{whole}, {compensated}: too few to prove anything");
}

#[test]
fn t18_is_caught_by_chance() {
    let caught = (0..20).filter(|seed| run(chaos(*seed, &[T18]), 2_500).2.is_some()).count();
    assert!(0 < caught);
}
