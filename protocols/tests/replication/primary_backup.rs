//! Primary-backup under test: what an update costs, how views change, and what goes wrong without the rules.

use orrery_protocols::engine::Times;
use orrery_protocols::kv::Output;
use orrery_protocols::primary_backup::bugs::{Q13, Q14, Q15};
use orrery_protocols::primary_backup::{Epoch, Index, Note, Parameters, PrimaryBackup, Server};
use orrery_sim::plan::Action;
use orrery_sim::{Bug, ClientId, Digest, NodeId, Registration, Setup};

use crate::support::{
    Run, add_chaos, between, caught, crash, get, hold, item, ms, node, outputs, put, quiet,
    request, restart, with_clients,
};

const MIX: [(&str, u32); 4] = [("put", 4), ("get", 6), ("append", 2), ("cas", 2)];

/// Nobody says that it is alive, and nobody is missed.
fn without_heartbeats(servers: u32) -> Parameters {
    Parameters {
        servers,
        heartbeat: ms(1_000_000),
        lease: ms(2_000_000),
        suspicion: ms(3_000_000),
        retransmit: ms(1_000_000),
        ..Parameters::default()
    }
}

/// `n1` is the view service, `n2` to `n4` are servers, `n5` and `n6` clients.
fn run(
    parameters: &Parameters,
    bugs: &[Bug],
    setup: impl FnOnce(&mut Setup<PrimaryBackup>),
) -> Run<PrimaryBackup> {
    let nodes = parameters.servers + parameters.spares + 3;
    let mut made = quiet::<PrimaryBackup>(1, nodes, parameters, bugs);
    made.clients.count = 3;
    setup(&mut made);
    Run::new(made, parameters)
}

fn server(run: &Run<PrimaryBackup>, id: u32) -> &Server {
    run.world.node(NodeId(id)).unwrap().server().unwrap()
}

fn found(run: &Run<PrimaryBackup>) -> Vec<Option<Output>> {
    outputs(&run.world).into_iter().map(|(_, _, output)| output).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what may be absent")]
fn value(value: &str) -> Option<Output> {
    Some(Output::Value(Some(value.into())))
}

/// The primaries that began to serve, with their epochs.
fn serving(run: &Run<PrimaryBackup>) -> Vec<(u64, NodeId)> {
    let serving = run.notes.iter().filter_map(|entry| match &entry.note {
        Note::Serving { epoch, .. } => Some((epoch.0, entry.node)),
        _ => None,
    });
    serving.collect()
}

/// Known answer: with t servers an update takes 4 delays and 2t messages, a query 2 and 2. Nothing that a node does by
/// itself is a message.
#[test]
fn updates_and_queries_take_so_many_delays_and_messages() {
    for t in [2, 3, 5, 8] {
        let parameters = without_heartbeats(t);
        let client = t + 2;
        let mut run = run(&parameters, &[], |setup| {
            setup.plan.items = vec![
                item(0, request(1, put("x", "1"), client)),
                item(500, request(1, get("x"), client)),
            ];
        });
        run.safely_until(400);
        assert_eq!(outputs(&run.world), [(40, ClientId(1), Some(Output::Written))], "of {t}");
        assert_eq!(run.world.counters().total().sent, 2 * u64::from(t));
        run.safely_until(1_000);
        assert_eq!(outputs(&run.world)[1], (520, ClientId(1), value("1")), "of {t}");
        assert_eq!(run.world.counters().total().sent, 2 * u64::from(t) + 2);
        let latency = ["update_latency", "query_latency"].map(|name| run.statistic(name).unwrap());
        assert_eq!(latency, [40_000_000, 20_000_000]);
    }
}

/// With the service times of vRS §5.1: 74 ms for an update, of which 4 are delays, and 7 ms for a query.
#[test]
fn work_takes_its_time_and_is_done_in_order() {
    let parameters = Parameters {
        update_service: Times::Always(ms(50)),
        install_service: Times::Always(ms(20)),
        query_service: Times::Always(ms(5)),
        ..without_heartbeats(3)
    };
    let mut run = run(&parameters, &[], |setup| {
        setup.links.default.latency = orrery_sim::Law::Constant(ms(1));
        setup.plan.items = vec![
            item(0, request(1, put("x", "1"), 5)),
            item(500, request(1, get("x"), 5)),
            // The second waits until the primary is through with the first.
            item(1_000, request(1, put("x", "2"), 5)),
            item(1_000, request(2, put("y", "2"), 5)),
        ];
    });
    run.safely_until(2_000);
    let times: Vec<u64> = outputs(&run.world).iter().map(|end| end.0).collect();
    assert_eq!(times, [74, 507, 1_074, 1_124]);
}

#[test]
fn an_update_is_on_all_disks_before_it_is_answered() {
    let mut run = run(&without_heartbeats(3), &[], |setup| {
        setup.disk.sync = orrery_sim::Law::Constant(ms(1));
        setup.plan.items = vec![item(0, request(1, put("x", "1"), 5))];
    });
    run.safely_until(400);
    // Four delays and the backups' disks; the primary's own works meanwhile.
    assert_eq!(outputs(&run.world)[0].0, 41);
    assert_eq!(run.world.counters().forced_writes, 3);
}

#[test]
fn a_backup_that_is_silent_is_left_out_and_taken_in_again() {
    let mut run = run(&Parameters::default(), &[], |setup| {
        setup.plan.items = vec![
            item(100, crash(4)),
            item(110, request(1, put("x", "1"), 5)),
            item(1_000, restart(4)),
            item(2_000, request(1, get("x"), 5)),
        ];
    });
    run.safely_until(900);
    // n1 last heard of n4 at 60 ms, and has 300 ms of patience.
    let (answered, _, output) = outputs(&run.world)[0].clone();
    assert!(output.is_some() && (360..=420).contains(&answered), "{answered}");
    run.safely_until(2_500);
    let n2 = NodeId(2);
    assert_eq!(serving(&run), [(1, n2), (2, n2), (3, n2)]);
    assert_eq!(server(&run, 4).log().last(), Index(1));
    assert_eq!(found(&run)[1], value("1"));
}

/// The view service stands still for longer than its patience. What came meanwhile counts as heard when it goes on.
#[test]
fn who_was_heard_during_a_pause_is_not_taken_for_dead() {
    let mut run = run(&Parameters::default(), &[], |setup| {
        setup.plan.items =
            vec![item(100, Action::Pause(node(1))), item(900, Action::Resume(node(1)))];
    });
    run.safely_until(2_000);
    assert_eq!(serving(&run), [(1, NodeId(2))]);
}

#[test]
fn the_first_backup_takes_over_with_all_that_was_answered() {
    let mut run = run(&Parameters::default(), &[], |setup| {
        setup.plan.items = vec![
            item(0, request(1, put("x", "1"), 5)),
            item(100, crash(2)),
            item(200, request(1, put("x", "2"), 5)),
            item(1_000, request(2, get("x"), 6)),
        ];
    });
    run.safely_until(2_000);
    assert_eq!(serving(&run), [(1, NodeId(2)), (2, NodeId(3))]);
    assert_eq!(found(&run), [Some(Output::Written), Some(Output::Written), value("2")]);
    assert_eq!(server(&run, 4).log().epoch_at(Index(2)), Some(Epoch(2)));
}

/// A primary that crashes and is back before anybody has missed it serves in a new epoch.
#[test]
fn a_primary_that_was_down_for_a_moment_begins_a_new_epoch() {
    let mut run = run(&Parameters::default(), &[], |setup| {
        setup.plan.items = vec![
            item(0, request(1, put("x", "1"), 5)),
            item(100, crash(2)),
            item(110, restart(2)),
            item(300, request(1, get("x"), 5)),
        ];
    });
    run.safely_until(1_000);
    assert_eq!(serving(&run), [(1, NodeId(2)), (2, NodeId(2))]);
    assert_eq!(found(&run)[1], value("1"));
}

/// What nobody was told of may be lost: here nobody but n2 has it, and n2 finds its place taken.
#[test]
fn an_old_primary_gives_up_what_only_it_has() {
    let mut run = run(&Parameters::default(), &[], |setup| {
        setup.plan.items = vec![
            item(0, between(&[2], &[3, 4])),
            item(0, between(&[2], &[6])),
            item(10, request(1, put("x", "lost"), 5)),
            item(100, crash(2)),
            item(110, crash(5)),
            item(600, request(2, put("x", "kept"), 6)),
            item(800, Action::Heal(None)),
            item(800, restart(2)),
            item(2_000, request(2, get("x"), 6)),
        ];
    });
    run.safely_until(3_000);
    assert!(run.notes.iter().any(|entry| matches!(entry.note, Note::Truncated { .. })));
    assert_eq!(found(&run).last().unwrap(), &value("kept"));
    assert_eq!(server(&run, 2).log().last(), Index(1));
}

/// n2 and its backups reach the view service and not each other: the primary says so.
#[test]
fn a_primary_names_the_backup_that_it_does_not_reach() {
    let mut run = run(&Parameters::default(), &[], |setup| {
        setup.plan.items =
            vec![item(0, between(&[2], &[4])), item(10, request(1, put("x", "1"), 5))];
    });
    run.safely_until(2_000);
    assert_eq!(serving(&run), [(1, NodeId(2)), (2, NodeId(2))]);
    assert_eq!(found(&run), [Some(Output::Written)]);
}

#[test]
fn a_spare_takes_the_place_of_who_is_gone() {
    let parameters = Parameters { spares: 1, ..Parameters::default() };
    let mut run = run(&parameters, &[], |setup| {
        setup.plan.items = vec![item(0, request(1, put("x", "1"), 6)), item(100, crash(3))];
    });
    run.safely_until(1_000);
    let service = run.world.node(NodeId(1)).unwrap().view_service().unwrap();
    assert_eq!(service.view().backups, [NodeId(4), NodeId(5)]);
    assert_eq!(server(&run, 5).log().last(), Index(1));
}

#[test]
fn without_the_view_service_nothing_changes_and_queries_end_with_the_lease() {
    let mut run = run(&Parameters::default(), &[], |setup| {
        setup.plan.items = vec![
            item(0, request(1, put("x", "1"), 5)),
            item(100, crash(1)),
            item(150, request(2, get("x"), 5)),
            item(600, request(3, get("x"), 5)),
            item(700, request(1, put("x", "2"), 5)),
            item(1_000, restart(1)),
        ];
    });
    run.safely_until(990);
    // The update needs no lease; the second query does.
    assert_eq!(found(&run), [Some(Output::Written), value("1"), Some(Output::Written)]);
    run.safely_until(1_500);
    assert_eq!(found(&run)[3], value("2"));
    assert_eq!(serving(&run), [(1, NodeId(2))]);
}

/// n2 has an update that its backups never hear of, and crashes.
fn crash_with_update(bugs: &[Bug]) -> Run<PrimaryBackup> {
    run(&Parameters::default(), bugs, |setup| {
        setup.plan.items = vec![
            item(0, hold(2, 3, "Update")),
            item(0, hold(2, 4, "Update")),
            item(10, request(1, put("x", "1"), 5)),
            item(100, crash(2)),
        ];
    })
}

#[test]
fn q13_an_answered_update_is_with_nobody_else() {
    let mut correct = crash_with_update(&[]);
    correct.safely_until(90);
    assert_eq!(found(&correct), []);
    correct.safely_until(2_000);
    assert_eq!(found(&correct), [Some(Output::Written)]);
    let violation = crash_with_update(&[Q13]).until(2_000).violation.clone().unwrap();
    assert_eq!(violation.rule, "Acknowledged by All");
    assert_eq!(violation.nodes, [NodeId(2), NodeId(3), NodeId(4)]);
}

/// n2 stands still until its place is taken, and goes on with an update in its hands.
fn away(bugs: &[Bug]) -> Run<PrimaryBackup> {
    run(&Parameters::default(), bugs, |setup| {
        setup.plan.items = vec![
            item(0, between(&[5], &[1, 3, 4])),
            item(100, hold(1, 2, "View")),
            item(100, hold(1, 2, "Lease")),
            item(100, Action::Pause(node(2))),
            item(600, request(2, put("x", "kept"), 6)),
            item(800, request(1, put("x", "late"), 5)),
            item(1_000, Action::Resume(node(2))),
            item(1_200, request(2, get("x"), 6)),
        ];
    })
}

#[test]
fn q14_an_update_of_an_epoch_that_is_over_is_refused() {
    let mut correct = away(&[]);
    correct.safely_until(2_000);
    assert!(correct.notes.iter().any(|entry| matches!(entry.note, Note::Fenced { .. })));
    assert_eq!(found(&correct), [Some(Output::Written), value("kept")]);
    let violation = away(&[Q14]).until(2_000).violation.clone().unwrap();
    assert_eq!(violation.rule, "Committed Entries Stay");
}

/// n3, the only backup, restarts and is primary at once.
fn blink(bugs: &[Bug]) -> Run<PrimaryBackup> {
    run(&Parameters { servers: 2, ..Parameters::default() }, bugs, |setup| {
        setup.plan.items = vec![
            item(0, request(1, put("x", "1"), 4)),
            item(60, request(1, put("x", "2"), 4)),
            item(110, crash(3)),
            item(120, restart(3)),
            item(121, crash(2)),
            item(1_000, request(2, get("x"), 5)),
        ];
    })
}

#[test]
fn q15_what_was_acknowledged_is_kept_over_a_restart() {
    let mut correct = blink(&[]);
    correct.safely_until(2_000);
    assert_eq!(found(&correct)[2], value("2"));
    let violation = blink(&[Q15]).until(2_000).violation.clone().unwrap();
    assert_eq!(
        (violation.rule, violation.nodes),
        ("Committed Entries Stay", vec![NodeId(2), NodeId(3)])
    );
}

fn chaos(seed: u64, bugs: &[Bug]) -> Setup<PrimaryBackup> {
    let parameters = Parameters { spares: 1, ..Parameters::default() };
    let mut setup = quiet::<PrimaryBackup>(seed, 7, &parameters, bugs);
    with_clients::<PrimaryBackup>(&mut setup, 4, &MIX);
    add_chaos(&mut setup, seed);
    setup
}

#[test]
fn planted_bugs_are_caught_in_chaos() {
    let parameters = Parameters { spares: 1, ..Parameters::default() };
    for (bug, seeds) in [(Q13, 4), (Q14, 40), (Q15, 4)] {
        let rules = caught::<PrimaryBackup>(0..seeds, bug, &parameters, 6_000, chaos);
        assert!(!rules.is_empty(), "{}", bug.id);
    }
}

#[test]
fn nothing_goes_wrong_under_faults() {
    let parameters = Parameters { spares: 1, ..Parameters::default() };
    let (mut answered, mut views) = (0, 0);
    for seed in 100..140 {
        let mut run = Run::<PrimaryBackup>::new(chaos(seed, &[]), &parameters);
        run.until(6_000);
        assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
        answered += outputs(&run.world).iter().filter(|end| end.2.is_some()).count();
        views += run.statistic("views").unwrap();
    }
    assert!(40 * 40 < answered, "{answered} operations are too few to prove anything");
    assert!(40 * 3 < views, "{views} views are too few to prove anything");
}

#[test]
fn handlers_are_pure_and_the_same_seed_makes_the_same_run() {
    let parameters = Parameters { spares: 1, ..Parameters::default() };
    let digest = |seed| {
        let mut run = Run::<PrimaryBackup>::new(chaos(seed, &[]), &parameters);
        run.purely_until(2_000);
        for (_, party) in run.world.up() {
            assert!(Digest::of(party).is_ok());
        }
        run.world.digest()
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let good = Parameters::default();
    for (wrong, nodes, names) in [
        (Parameters { servers: 0, ..good.clone() }, 5, "servers"),
        (good.clone(), 4, "nodes"),
        (Parameters { suspicion: ms(200), ..good.clone() }, 5, "suspicion"),
        (Parameters { lease: ms(0), ..good.clone() }, 5, "lease"),
        (Parameters { retransmit: ms(0), ..good }, 5, "retransmit"),
    ] {
        let error = PrimaryBackup::set_up(&wrong, nodes).unwrap_err();
        assert!(error.contains(names), "{error}");
    }
}
