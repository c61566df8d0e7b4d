//! Short stories of a correct store, each about one rule of the paper.

use orrery_protocols::dynamo::{Dynamo, Output, Parameters};
use orrery_sim::Registration;
use orrery_sim::plan::Action;
use orrery_sim::testing::{crash, cut, item, ms, restart};

use crate::world::{add, answers, delete, get, key, patient, put, request, run, values};

#[test]
fn a_read_takes_2_delays_and_a_write_that_reads_first_4() {
    let key = key(5);
    let plan = vec![
        item(100, request(1, add(&key, "1"), 1)),
        item(200, request(1, put(&key, "2"), 1)),
        item(300, request(1, get(&key), 2)),
    ];
    let mut run = run(5, &patient(), plan, &[]);
    run.safely_until(600);
    let expected = [(110, Output::Written), (220, Output::Written), (310, values(&["2"]))];
    assert_eq!(answers(&run), expected);
    // Two other owners are asked, and told: 2 messages each, there and back.
    assert_eq!(run.world.counters().total().sent, 4 + 8 + 4);
}

#[test]
fn what_nobody_has_seen_stays_and_what_was_read_is_overwritten() {
    let key = key(5);
    let plan = vec![
        item(100, request(1, add(&key, "a"), 1)),
        item(200, request(2, add(&key, "b"), 2)),
        item(300, request(1, get(&key), 3)),
        item(400, request(1, put(&key, "both"), 3)),
        item(500, request(1, get(&key), 1)),
    ];
    let mut run = run(5, &patient(), plan, &[]);
    run.safely_until(900);
    let got: Vec<Output> = answers(&run).into_iter().map(|(_, output)| output).collect();
    assert_eq!(got[2], values(&["a", "b"]));
    assert_eq!(got[4], values(&["both"]));
}

#[test]
fn two_writes_through_one_coordinator_that_know_nothing_of_each_other_are_siblings() {
    let key = key(3);
    let plan = vec![
        item(100, request(1, add(&key, "a"), 1)),
        item(200, request(2, add(&key, "b"), 1)),
        item(300, request(1, get(&key), 1)),
    ];
    let mut run = run(3, &patient(), plan, &[]);
    run.safely_until(900);
    assert_eq!(answers(&run)[2].1, values(&["a", "b"]), "a vector clock would have lost `a`");
}

#[test]
fn a_strict_write_fails_without_w_owners_and_leaves_hints_all_the_same() {
    let key = key(5);
    let plan = vec![item(50, cut(&[1, 4, 5])), item(100, request(1, add(&key, "1"), 1))];
    let mut run = run(5, &patient(), plan, &[]);
    run.safely_until(390);
    assert_eq!(answers(&run), []);
    assert_eq!(run.node(4).store().hints.len() + run.node(5).store().hints.len(), 2);
}

#[test]
fn a_sloppy_write_succeeds_and_a_read_elsewhere_misses_it_until_the_hint_is_handed_over() {
    let key = key(5);
    let parameters = Parameters { sloppy: true, handoff: ms(500), ..patient() };
    let plan = vec![
        item(50, cut(&[1, 4, 5])),
        item(100, request(1, add(&key, "1"), 1)),
        item(400, request(2, get(&key), 2)),
        item(800, Action::Heal(None)),
        item(1_700, request(2, get(&key), 2)),
    ];
    let mut run = run(5, &parameters, plan, &[]);
    run.safely_until(2_500);
    let got: Vec<Output> = answers(&run).into_iter().map(|(_, output)| output).collect();
    // R + W > N, and yet.
    assert_eq!(got, [Output::Written, values(&[]), values(&["1"])]);
    assert!(run.world.up().all(|(_, server)| server.store().hints.is_empty()));
}

#[test]
fn a_reader_repairs_who_is_out_of_date() {
    let key = key(3);
    let parameters = Parameters { read_repair: true, r: 3, ..patient() };
    let plan = vec![
        item(50, cut(&[3])),
        item(100, request(1, add(&key, "1"), 1)),
        item(300, Action::Heal(None)),
        item(1_000, request(2, get(&key), 1)),
    ];
    let mut run = run(3, &parameters, plan, &[]);
    run.safely_until(900);
    assert!(run.node(3).store().keys.is_empty());
    run.safely_until(1_200);
    assert_eq!(run.node(3).store().keys, run.node(1).store().keys);
}

#[test]
fn owners_that_compare_hashes_agree() {
    let key = key(3);
    let parameters = Parameters { anti_entropy: ms(200), ..patient() };
    let plan = vec![
        item(50, cut(&[3])),
        item(100, request(1, add(&key, "1"), 1)),
        item(300, Action::Heal(None)),
    ];
    let mut run = run(3, &parameters, plan, &[]);
    run.safely_until(1_500);
    assert_eq!(run.node(3).store().keys, run.node(1).store().keys);
    assert_eq!(run.node(3).store().keys.len(), 1);
}

#[test]
fn a_tombstone_goes_when_all_owners_have_it_and_not_before() {
    let key = key(3);
    let parameters =
        Parameters { anti_entropy: ms(100), hint_life: ms(500), grace: ms(1_000), ..patient() };
    let plan = vec![
        item(100, request(1, add(&key, "1"), 1)),
        item(200, crash(3)),
        item(300, request(1, delete(&key), 1)),
        item(4_000, restart(3)),
    ];
    let mut run = run(3, &parameters, plan, &[]);
    run.safely_until(3_900);
    assert_eq!(run.node(1).store().keys.len(), 1, "n3 does not know of it");
    run.safely_until(7_000);
    for id in 1..=3 {
        assert!(run.node(id).store().keys.is_empty(), "n{id}");
    }
}

#[test]
fn what_was_acknowledged_survives_the_crash_of_all() {
    let key = key(3);
    let mut plan = vec![item(100, request(1, add(&key, "1"), 1))];
    for id in 1..=3 {
        plan.extend([item(120, crash(id)), item(300, restart(id))]);
    }
    plan.push(item(500, request(1, get(&key), 1)));
    let mut run = run(3, &patient(), plan, &[]);
    run.safely_until(900);
    assert_eq!(answers(&run).last().unwrap().1, values(&["1"]));
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let refused = |parameters: Parameters| Dynamo::set_up(&parameters, 3).unwrap_err();
    assert!(refused(Parameters { n: 4, ..Parameters::default() }).contains("`n`"));
    assert!(refused(Parameters { w: 4, ..Parameters::default() }).contains("`w`"));
    assert!(refused(Parameters { grace: ms(1), ..Parameters::default() }).contains("`grace`"));
}
