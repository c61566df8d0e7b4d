//! Each planted bug is caught, by the rule that it breaks; and none of the schedules catches
//! correct code.

use std::collections::BTreeMap;

use orrery_protocols::kv::Output;
use orrery_protocols::raft::bugs::{
    R2, R3, R5, R7, R8, R9, R10, R12, R14, R15, R18, R24, R25, R26, R27, R28, R30, R31, R32, R33,
    R34, R38, R40, V1,
};
use orrery_protocols::raft::{Parameters, Raft};
use orrery_sim::plan::{Action, Cut};
use orrery_sim::testing;
use orrery_sim::{Bug, ClientId, DurationRange, Law, Link, NodeId, Probability, Setup, SimTime};

use crate::compaction::compacting;
use crate::membership::changing;
use crate::support::{
    Run, chaos, crash, cut, fire, get, item, ms, node, put, quiet, request, restart, scripted,
    value,
};

/// The rules that `bug` breaks over so many seeds, and how often.
fn caught(
    seeds: u64,
    bug: Bug,
    make: fn(u64, &[Bug]) -> Setup<Raft>,
) -> BTreeMap<&'static str, u32> {
    testing::caught::<Raft>(0..seeds, bug, &Parameters::default(), 6_000, make)
}

fn chaos_3(seed: u64, bugs: &[Bug]) -> Setup<Raft> {
    chaos(seed, 3, &Parameters::default(), bugs)
}

fn chaos_5(seed: u64, bugs: &[Bug]) -> Setup<Raft> {
    chaos(seed, 5, &Parameters::default(), bugs)
}

#[test]
fn r2_a_forgotten_vote_is_cast_again() {
    // n3 votes for n1 in term 1, crashes, and is asked by n2 in the same term.
    let make = |bugs: &[Bug]| {
        let mut setup = quiet(1, 3, &scripted(), bugs);
        setup.plan.items = vec![
            item(10, cut(&[2])),
            item(11, fire(1)),
            item(13, crash(3)),
            item(15, restart(3)),
            item(22, Action::Heal(None)),
            item(22, cut(&[1])),
            item(23, fire(2)),
        ];
        let mut run = Run::new(setup);
        run.until(40);
        run
    };
    assert_eq!(make(&[]).violation, None);
    let violation = make(&[R2]).violation.clone().unwrap();
    assert_eq!(violation.rule, "One Vote per Term");
    assert_eq!(violation.nodes, [NodeId(3), NodeId(1), NodeId(2)]);
}

#[test]
fn r8_a_short_log_wins() {
    let rules = caught(20, R8, chaos_3);
    assert!(rules.contains_key("Leader Completeness"), "{rules:?}");
}

#[test]
fn r10_an_old_message_cuts_a_newer_log() {
    let rules = caught(20, R10, chaos_3);
    assert!(!rules.is_empty(), "{rules:?}");
}

#[test]
fn r12_two_halves_elect_two_leaders() {
    let make = |bugs: &[Bug]| {
        let mut setup = quiet(1, 4, &scripted(), bugs);
        setup.plan.items = vec![item(10, cut(&[1, 2])), item(20, fire(1)), item(20, fire(3))];
        let mut run = Run::new(setup);
        run.until(100);
        run
    };
    assert_eq!(make(&[]).violation, None);
    let violation = make(&[R12]).violation.clone().unwrap();
    assert_eq!((violation.rule, violation.nodes), ("Election Safety", vec![NodeId(1), NodeId(3)]));
}

#[test]
fn r15_a_doubled_vote_makes_a_second_leader() {
    fn rivals(seed: u64, bugs: &[Bug]) -> Setup<Raft> {
        let first_timeouts = Some(vec![ms(100), ms(100), ms(400), ms(400), ms(400)]);
        let parameters = Parameters { first_timeouts, ..Parameters::default() };
        let mut setup = quiet(seed, 5, &parameters, bugs);
        setup.links.default = Link {
            latency: Law::Uniform(DurationRange::new(ms(1), ms(20))),
            duplicate: Probability::ratio(1, 2),
            ..Link::default()
        };
        setup
    }
    let rules = caught(30, R15, rivals);
    assert!(rules.contains_key("Election Safety"), "{rules:?}");
}

#[test]
fn v1_a_server_that_votes_twice_makes_a_second_leader() {
    let rules = caught(20, V1, chaos_5);
    assert!(rules.contains_key("One Vote per Term"), "{rules:?}");
}

fn outputs(run: &Run) -> Vec<(ClientId, Output)> {
    run.answered().map(|(_, client, output)| (client, output.clone())).collect()
}

#[test]
fn r18_a_deposed_leader_answers_with_what_it_remembers() {
    let read = |bugs: &[Bug]| {
        let mut setup = quiet(1, 3, &scripted(), bugs);
        setup.clients.count = 2;
        setup.plan.items = vec![
            item(10, fire(1)),
            item(50, request(1, put("old"), 1)),
            item(100, cut(&[1])),
            item(110, fire(2)),
            item(150, request(1, put("new"), 2)),
            item(200, request(2, get(), 1)),
            item(300, Action::Heal(None)),
        ];
        let mut run = Run::new(setup);
        run.safely_until(1_000);
        outputs(&run).pop().unwrap()
    };
    assert_eq!(read(&[]), (ClientId(2), value("new")));
    assert_eq!(read(&[R18]), (ClientId(2), value("old")));
}

#[test]
fn r34_an_answered_write_is_lost() {
    // n1 is alone when it is asked to write; after its crash the others know nothing of it.
    let read = |bugs: &[Bug]| {
        let mut setup = quiet(1, 3, &scripted(), bugs);
        setup.clients.count = 2;
        setup.plan.items = vec![
            item(10, fire(1)),
            item(50, cut(&[1])),
            item(60, request(1, put("lost"), 1)),
            item(80, crash(1)),
            item(90, fire(2)),
            item(120, request(2, get(), 2)),
        ];
        let mut run = Run::new(setup);
        run.safely_until(150);
        outputs(&run)
    };
    let absent = (ClientId(2), Output::Value(None));
    assert_eq!(read(&[]), std::slice::from_ref(&absent));
    assert_eq!(read(&[R34]), [(ClientId(1), Output::Written), absent]);
}

#[test]
fn r38_a_deaf_leader_of_old_keeps_everybody_waiting() {
    // n1 leads and is heard, but hears nobody. n2 and n3 split the vote of term 2; in the next term
    // one of them should win.
    let changes = |bugs: &[Bug]| {
        let mut setup = quiet(1, 3, &Parameters::default(), bugs);
        let first_timeouts = vec![ms(100), ms(250), ms(300)];
        let parameters =
            Parameters { first_timeouts: Some(first_timeouts), ..Parameters::default() };
        setup.configs = quiet(1, 3, &parameters, bugs).configs;
        let deaf = Cut::OneWay(vec![node(2), node(3)], vec![node(1)]);
        setup.plan.items =
            vec![item(500, Action::Cut(deaf)), item(510, fire(2)), item(510, fire(3))];
        let mut run = Run::new(setup);
        run.safely_until(5_000);
        run.statistic("leader_changes").unwrap()
    };
    assert_eq!(changes(&[]), 2);
    assert_eq!(changes(&[R38]), 1);
}

/// Known answer: a term is split if and only if s - floor(n/2) + 1 of the s live servers time out
/// within one latency of the first. For n = 5, s = 4 and a latency of a fifth of the timeout: 18.08
/// %.
#[test]
fn the_first_vote_is_split_as_often_as_it_should_be() {
    const RUNS: u64 = 4_000;
    let splits = |bugs: &[Bug], spread: u64| -> u64 {
        let timeouts = DurationRange::new(ms(100), ms(100 + spread));
        let parameters =
            Parameters { election_timeout: timeouts, live: Some(4), ..Parameters::default() };
        let mut total = 0;
        for seed in 0..RUNS {
            let mut setup = quiet(seed, 5, &parameters, bugs);
            setup.links.default.latency = Law::Constant(ms(20));
            let mut world =
                orrery_sim::World::<orrery_protocols::raft::Server>::new(setup).unwrap();
            let mut has_leader = false;
            // By then every candidate of term 1 has its answers, and none stands again.
            while world.step(SimTime::from_nanos(200_000_000)).unwrap().is_some() {
                has_leader |= world.up().any(|(_, server)| server.is_leader());
            }
            total += u64::from(!has_leader);
        }
        total
    };
    // 723 are expected; four standard deviations are 97.
    let expected = 626..=820;
    let correct = splits(&[], 100);
    assert!(expected.contains(&correct), "{correct} of {RUNS}");
    for (wrong, count) in
        [("V1", splits(&[V1], 100)), ("R12", splits(&[R12], 100)), ("half spread", splits(&[], 50))]
    {
        assert!(!expected.contains(&count), "{wrong}: {count} of {RUNS}");
    }
}

/// What chaos finds, each within so many seeds.
#[test]
fn chaos_catches_what_is_written_sent_or_counted_wrongly() {
    for (bug, seeds, make) in [
        (R3, 1, chaos_3 as fn(u64, &[Bug]) -> Setup<Raft>),
        (R5, 20, chaos_3),
        (R7, 100, compacting),
        (R9, 10, chaos_3),
        (R14, 3, chaos_5),
        (R24, 3, changing),
        (R25, 10, changing),
        (R26, 3, changing),
        (R27, 10, changing),
        (R28, 30, compacting),
        (R30, 3, compacting),
        (R31, 20, changing),
        (R32, 3, chaos_3),
        (R33, 10, compacting),
        (R40, 3, changing),
    ] {
        let rules = caught(seeds, bug, make);
        assert!(!rules.is_empty(), "{} is not caught in {seeds} seeds", bug.id);
    }
}
