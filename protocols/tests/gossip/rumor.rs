//! Rumors: a story per switch.

use orrery_protocols::gossip::rumor::{
    Counting, Feedback, G5, G6, Knowledge, Mode, Parameters, Removal, Rumor, State,
};
use orrery_sim::{Bug, NodeId, Registration, Setup};

use crate::support::{Run, add_chaos, caught, crash, item, ms, quiet, restart};

fn run(nodes: u32, parameters: &Parameters, seed: u64) -> Run<Rumor> {
    Run::new(quiet::<Rumor>(seed, nodes, parameters, &[]), parameters)
}

/// How many updates and messages went out, and when each of two sites learned.
fn of_two(parameters: &Parameters) -> (u64, u64, [Option<u64>; 2]) {
    let mut run = run(2, parameters, 1);
    run.safely_until(60_000);
    let site = |id| run.world.node(NodeId(id)).unwrap();
    let updates = site(1).sent + site(2).sent;
    let total = run.world.counters().total().sent;
    (updates, total, [site(1).learned, site(2).learned])
}

/// n1 tells n2 in cycle 1; in cycle 2 they tell each other what both know, and lose interest.
#[test]
fn a_rumor_between_two() {
    let push = Parameters::default();
    assert_eq!(of_two(&push), (3, 6, [Some(0), Some(1)]));
    // Each needless push counts once: a second cycle of them.
    assert_eq!(of_two(&Parameters { k: 2, ..push.clone() }).0, 5);
    // Without feedback the first push, which was needed, counts too: n1 stops one cycle before n2.
    let blind = Parameters { feedback: Feedback::Blind, ..push.clone() };
    assert_eq!(of_two(&blind), (2, 2, [Some(0), Some(1)]));
    // Whoever pulls is answered by a site that knew at the start of the cycle: n2 in cycle 1, both in cycle 2; in cycles 1 and 2 two pulls went out,
    // and so on until the end.
    let pull = Parameters { mode: Mode::Pull, cycles: 4, ..push };
    assert_eq!(of_two(&pull), (3, 2 * 4 + 3 + 3, [Some(0), Some(1)]));
}

#[test]
fn a_needed_update_sets_the_counter_back_only_if_consecutive_ones_count() {
    let of = |counting| {
        let parameters = Parameters { k: 3, counting, ..Parameters::default() };
        let mut run = run(300, &parameters, 1);
        run.safely_until(60_000);
        run.statistic("traffic").unwrap()
    };
    assert!(of(Counting::Cumulative) < of(Counting::Consecutive));
}

#[test]
fn two_updates_in_one_cycle_are_both_needed_or_only_one() {
    let most_useful = |knowledge| {
        let parameters = Parameters { knowledge, ..Parameters::default() };
        let mut run = run(300, &parameters, 1);
        run.safely_until(60_000);
        run.world.up().map(|(_, site)| site.useful).max()
    };
    assert!(Some(1) < most_useful(Knowledge::Start));
    assert_eq!(most_useful(Knowledge::Sequential), Some(1));
}

/// With one contact per site and cycle, at most half of all pulls find an open door; whoever hunts finds another.
#[test]
fn a_site_that_is_refused_may_hunt_for_another() {
    let of = |hunt| {
        let parameters = Parameters {
            connection_limit: Some(1),
            hunt,
            mode: Mode::Pull,
            cycles: 40,
            ..Parameters::default()
        };
        let mut run = run(100, &parameters, 1);
        run.safely_until(60_000);
        let sent = |kind: &str| {
            let mut kinds = run.world.counters().messages();
            kinds.find(|(name, _)| *name == kind).map_or(0, |(_, count)| count.sent)
        };
        (sent("Pull"), sent("Rejected"))
    };
    let (pulls, refused) = of(0);
    assert_eq!(pulls, 4_000);
    // The share of sites without an open door is 1/e.
    assert!((1_300..1_650).contains(&refused), "{refused}");
    let (hunting, refused) = of(3);
    assert!(4_000 + 1_300 < hunting && refused < hunting - 3_000, "{hunting} {refused}");
}

/// Two sites that both know and push to each other: equal counters, so that both add one.
#[test]
fn of_two_who_know_the_one_with_the_smaller_counter_counts_it() {
    let parameters =
        Parameters { k: 3, mode: Mode::PushPull, minimisation: true, ..Parameters::default() };
    let mut run = run(2, &parameters, 1);
    run.until(3_500);
    let counters = run.world.up().map(|(_, site)| site.counter).collect::<Vec<_>>();
    assert_eq!(counters, [1, 1]);
    let residue = |minimisation| {
        let parameters = Parameters { minimisation, ..parameters.clone() };
        let mut run = self::run(500, &parameters, 3);
        run.safely_until(200_000);
        (run.statistic("residue"), run.statistic("traffic"))
    };
    assert!(residue(false).1 < residue(true).1, "it goes on for longer");
}

#[test]
fn a_coin_ends_it_too_and_a_simple_epidemic_never_ends() {
    let coin = Parameters { removal: Removal::Coin, k: 4, ..Parameters::default() };
    let mut run = run(200, &coin, 1);
    run.safely_until(100_000);
    assert!(run.world.up().all(|(_, site)| site.state != State::Infective));
    let simple = Parameters { removal: Removal::Never, cycles: 50, ..Parameters::default() };
    let mut run = self::run(200, &simple, 1);
    run.safely_until(51_000);
    assert!(run.world.up().all(|(_, site)| site.state == State::Infective));
    assert_eq!(run.statistic("completion"), run.statistic("t_last"));
    assert_eq!(run.statistic("residue"), Some(0));
}

#[test]
fn a_site_that_crashes_has_heard_of_nothing() {
    let parameters = Parameters { removal: Removal::Never, cycles: 60, ..Parameters::default() };
    let mut setup = quiet::<Rumor>(1, 4, &parameters, &[]);
    setup.plan.items = vec![item(9_500, crash(2)), item(9_600, restart(2))];
    let mut run = Run::<Rumor>::new(setup, &parameters);
    run.until(9_700);
    assert_eq!(run.world.node(NodeId(2)).unwrap().state, State::Susceptible);
    run.safely_until(61_000);
    assert!(10 <= run.world.node(NodeId(2)).unwrap().learned.unwrap());
}

fn chaos(parameters: &Parameters) -> impl Fn(u64, &[Bug]) -> Setup<Rumor> {
    let parameters = parameters.clone();
    move |seed, bugs| {
        let mut setup = quiet::<Rumor>(seed, 20, &parameters, bugs);
        add_chaos(&mut setup, seed, 12_000, true);
        setup
    }
}

#[test]
fn g5_partners_in_turn_reach_everybody_too_late() {
    let parameters = Parameters { removal: Removal::Never, cycles: 50, ..Parameters::default() };
    let make = |seed, bugs: &[Bug]| quiet::<Rumor>(seed, 64, &parameters, bugs);
    assert_eq!(caught::<Rumor>(0..3, G5, &parameters, 51_000, make), 3);
}

#[test]
fn g6_a_needed_update_that_does_not_revive_interest_is_noticed() {
    let parameters = Parameters { k: 2, ..Parameters::default() };
    assert!(20 < caught::<Rumor>(0..40, G6, &parameters, 100_000, chaos(&parameters)));
}

/// Negative control: a residue is no violation, whatever happens to messages and sites.
#[test]
fn nothing_goes_wrong_under_faults() {
    let mut residues = 0;
    for mode in [Mode::Push, Mode::Pull, Mode::PushPull] {
        for removal in [Removal::Counter, Removal::Coin, Removal::Never] {
            let parameters = Parameters { mode, removal, cycles: 60, ..Parameters::default() };
            let make = chaos(&parameters);
            for seed in 0..20 {
                let mut run = Run::<Rumor>::new(make(seed, &[]), &parameters);
                run.safely_until(61_000);
                residues += u32::from(run.world.up().any(|(_, site)| site.learned.is_none()));
            }
        }
    }
    assert!(20 < residues, "{residues}");
}

#[test]
fn handlers_are_pure_and_the_same_seed_makes_the_same_run() {
    let parameters = Parameters::default();
    let digest =
        |seed| Run::<Rumor>::new(chaos(&parameters)(seed, &[]), &parameters).purely_until(30_000);
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let normal = Parameters::default;
    for (wrong, nodes, names) in [
        (normal(), 1, "nodes"),
        (Parameters { k: 0, ..normal() }, 2, "`k`"),
        (Parameters { cycle: ms(0), ..normal() }, 2, "cycle"),
        (Parameters { connection_limit: Some(0), ..normal() }, 2, "connection_limit"),
        (Parameters { minimisation: true, ..normal() }, 2, "minimisation"),
    ] {
        let error = Rumor::set_up(&wrong, nodes).unwrap_err();
        assert!(error.contains(names), "{error}");
    }
}
