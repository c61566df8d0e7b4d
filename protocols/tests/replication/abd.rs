//! ABD under test: its two phases, what they cost, and what goes wrong without them.

use orrery_protocols::abd::{Abd, Note, Parameters, Q1, Q2, Q3};
use orrery_protocols::kv::{Operation, Output};
use orrery_sim::plan::Action;
use orrery_sim::{Bug, ClientId, Digest, NodeId, Registration, Setup};

use crate::support::{
    Run, add_chaos, between, caught, crash, get, hold, item, ms, node, outputs, put, quiet,
    request, restart, with_clients,
};

const MIX: [(&str, u32); 3] = [("put", 4), ("get", 6), ("delete", 1)];

fn one_writer() -> Parameters {
    Parameters { writer: Some(NodeId(1)), ..Parameters::default() }
}

fn run(nodes: u32, parameters: &Parameters, setup: impl FnOnce(&mut Setup<Abd>)) -> Run<Abd> {
    let mut made = quiet::<Abd>(1, nodes, parameters, &[]);
    made.clients.count = 4;
    setup(&mut made);
    Run::new(made, parameters)
}

#[expect(clippy::unnecessary_wraps, reason = "compared with what may be absent")]
fn value(value: &str) -> Option<Output> {
    Some(Output::Value(Some(value.into())))
}

/// Known answer: with one writer 2 delays and 2n messages for a write, 4 and 4n for a read; with many 4 and 4n for both.
/// Messages of a process to itself count.
#[test]
fn reads_and_writes_take_so_many_delays_and_messages() {
    for n in [1, 2, 3, 5, 8] {
        for (parameters, write) in [(one_writer(), 2), (Parameters::default(), 4)] {
            let mut run = run(n, &parameters, |setup| {
                setup.plan.items =
                    vec![item(0, request(1, put("x", "1"), 1)), item(500, request(1, get("x"), n))];
            });
            run.safely_until(400);
            let written = Some(Output::Written);
            assert_eq!(outputs(&run.world), [(10 * write, ClientId(1), written)], "of {n}");
            assert_eq!(run.world.counters().total().sent, write * u64::from(n), "of {n}");
            run.safely_until(1_000);
            assert_eq!(outputs(&run.world)[1], (540, ClientId(1), value("1")), "of {n}");
            assert_eq!(run.world.counters().total().sent, (write + 4) * u64::from(n), "of {n}");
            let times = ["write_time", "read_time"].map(|name| run.statistic(name).unwrap());
            assert_eq!(times, [10_000_000 * write.cast_signed(), 40_000_000]);
        }
    }
}

/// A write is forced at its writer and at each replica; a read that finds all replicas equal forces nothing.
#[test]
fn what_is_promised_is_on_disk() {
    let mut run = run(5, &Parameters::default(), |setup| {
        setup.disk.sync = orrery_sim::Law::Constant(ms(1));
        setup.plan.items =
            vec![item(0, request(1, put("x", "1"), 1)), item(500, request(1, get("x"), 2))];
    });
    run.safely_until(400);
    assert_eq!(run.world.counters().forced_writes, 6);
    // Four delays, and two disks one after the other.
    assert_eq!(outputs(&run.world), [(42, ClientId(1), Some(Output::Written))]);
    run.safely_until(1_000);
    assert_eq!(run.world.counters().forced_writes, 6);
}

#[test]
fn a_node_that_may_not_write_sends_its_client_to_the_writer() {
    let mut run = run(3, &one_writer(), |setup| {
        setup.plan.items =
            vec![item(0, request(1, put("x", "1"), 3)), item(500, request(1, get("x"), 3))];
    });
    run.safely_until(1_000);
    let written = (30, ClientId(1), Some(Output::Written));
    assert_eq!(outputs(&run.world), [written, (540, ClientId(1), value("1"))]);
}

#[test]
fn a_minority_that_is_down_changes_nothing_and_a_majority_stops_everything() {
    let mut run = run(5, &Parameters::default(), |setup| {
        setup.plan.items = vec![
            item(0, crash(4)),
            item(0, crash(5)),
            item(10, request(1, put("x", "1"), 1)),
            item(100, crash(3)),
            item(110, request(1, get("x"), 1)),
            item(500, restart(5)),
        ];
    });
    run.safely_until(490);
    assert_eq!(outputs(&run.world), [(50, ClientId(1), Some(Output::Written))]);
    // The next time that the question is repeated, n5 hears it: it knows nothing of the write, and n1 and n2 do.
    run.safely_until(1_000);
    assert_eq!(outputs(&run.world)[1], (550, ClientId(1), value("1")));
}

#[test]
fn two_that_write_at_once_are_told_apart_by_their_ids() {
    let mut run = run(3, &Parameters::default(), |setup| {
        setup.plan.items = vec![
            item(0, request(1, put("x", "1"), 1)),
            item(0, request(2, put("x", "2"), 2)),
            item(500, request(3, get("x"), 3)),
        ];
    });
    run.safely_until(1_000);
    let tags = run.notes.iter().filter_map(|entry| match &entry.note {
        Note::Tagged { copy, .. } => Some(copy.tag.to_string()),
        _ => None,
    });
    assert_eq!(tags.collect::<Vec<_>>(), ["1@n1", "1@n2"]);
    assert_eq!(outputs(&run.world)[2], (540, ClientId(3), value("2")));
}

#[test]
fn a_writer_that_crashes_never_gives_its_tag_to_another_value() {
    // n1's first write reaches nobody; what n1 had sent arrives after its second life has written.
    let mut run = run(3, &one_writer(), |setup| {
        setup.plan.items = vec![
            item(0, hold(1, 1, "Store")),
            item(0, hold(1, 2, "Store")),
            item(0, hold(1, 3, "Store")),
            item(1, request(1, put("x", "lost"), 1)),
            item(50, crash(1)),
            item(60, restart(1)),
            item(70, Action::Release(None)),
            item(70, request(2, put("x", "kept"), 1)),
            item(500, request(3, get("x"), 2)),
        ];
    });
    run.safely_until(1_000);
    assert_eq!(outputs(&run.world).last().unwrap().2, value("kept"));
    assert_eq!(run.world.node(NodeId(3)).unwrap().copy("x").unwrap().tag.number, 2);
}

/// The first attempt is at n1, which stands still before it has sent anything. Were the second one carried out, the write
/// would take effect twice, with another in between.
#[test]
fn a_write_that_is_asked_for_again_is_given_up() {
    let mut run = run(3, &Parameters::default(), |setup| {
        setup.clients.timeout = ms(200);
        setup.plan.items = vec![
            item(0, request(1, put("x", "1"), 1)),
            item(5, Action::Pause(node(1))),
            item(300, request(2, put("x", "2"), 2)),
            item(500, Action::Resume(node(1))),
            item(900, request(3, get("x"), 3)),
        ];
    });
    run.safely_until(1_500);
    let ended = outputs(&run.world);
    assert_eq!(ended[0], (200, ClientId(1), None));
    assert_eq!(ended[1], (340, ClientId(2), Some(Output::Written)));
    // n1 had asked before: it knew nothing of the second write, and its own is older.
    assert_eq!(ended[2].2, value("2"));
}

#[test]
fn a_register_neither_compares_nor_appends() {
    let mut run = run(3, &Parameters::default(), |setup| {
        let append = Operation::Append { key: "x".into(), value: "1".into() };
        setup.plan.items = vec![item(0, request(1, append, 1)), item(10, request(1, get("x"), 1))];
    });
    run.safely_until(100);
    assert_eq!(outputs(&run.world)[0], (0, ClientId(1), None));
    assert_eq!(outputs(&run.world)[1], (50, ClientId(1), Some(Output::Value(None))));
}

/// n4 writes and reaches n1 alone; n5 reads at n1 and n2, then n6 at n2 and n3.
fn two_reads(bugs: &[Bug]) -> Run<Abd> {
    let parameters =
        Parameters { writer: Some(NodeId(4)), replicas: Some(3), ..Parameters::default() };
    let mut setup = quiet::<Abd>(1, 6, &parameters, bugs);
    setup.clients.count = 3;
    setup.plan.items = vec![
        item(0, request(1, put("x", "old"), 4)),
        item(100, between(&[5], &[3])),
        item(100, between(&[6], &[1])),
        item(100, hold(4, 2, "Store")),
        item(100, hold(4, 3, "Store")),
        item(110, request(1, put("x", "new"), 4)),
        item(200, request(2, get("x"), 5)),
        item(400, request(3, get("x"), 6)),
    ];
    Run::new(setup, &parameters)
}

#[test]
fn q1_without_write_back_the_second_read_finds_an_older_value() {
    let mut correct = two_reads(&[]);
    correct.safely_until(1_000);
    let found = |run: &Run<Abd>| {
        outputs(&run.world)[1..].iter().map(|end| end.2.clone()).collect::<Vec<_>>()
    };
    assert_eq!(found(&correct), [value("new"), value("new")]);
    let mut wrong = two_reads(&[Q1]);
    let violation = wrong.until(1_000).violation.clone().unwrap();
    assert_eq!((violation.rule, violation.nodes), ("Order of Tags", vec![NodeId(6)]));
    assert_eq!(found(&wrong), [value("new"), value("old")]);
}

fn chaos(seed: u64, bugs: &[Bug]) -> Setup<Abd> {
    let mut setup = quiet::<Abd>(seed, 5, &Parameters::default(), bugs);
    with_clients::<Abd>(&mut setup, 4, &MIX);
    add_chaos(&mut setup, seed);
    setup
}

#[test]
fn q2_two_writes_have_one_tag() {
    let rules = caught::<Abd>(0..8, Q2, &Parameters::default(), 6_000, chaos);
    assert!(rules.contains_key("One Value per Tag"), "{rules:?}");
}

#[test]
fn q3_a_write_comes_too_late() {
    let rules = caught::<Abd>(0..8, Q3, &Parameters::default(), 6_000, chaos);
    assert!(rules.contains_key("Order of Tags"), "{rules:?}");
}

/// Outside of the model: the journal is what the promise rests on.
#[test]
fn a_replica_that_loses_its_disk_is_noticed() {
    let mut run = run(3, &Parameters::default(), |setup| {
        setup.plan.items = vec![
            item(0, request(1, put("x", "1"), 1)),
            item(100, Action::Wipe(node(2))),
            item(110, restart(2)),
        ];
    });
    let violation = run.until(1_000).violation.clone().unwrap();
    assert_eq!((violation.rule, violation.nodes), ("Tags Increase", vec![NodeId(2)]));
}

#[test]
fn nothing_goes_wrong_under_faults() {
    let mut answered = 0;
    for seed in 0..30 {
        let writer = [None, Some(NodeId(1))][seed as usize % 2];
        let nodes = [3, 4, 5][seed as usize % 3];
        let parameters = Parameters { writer, ..Parameters::default() };
        let mut setup = quiet::<Abd>(seed, nodes, &parameters, &[]);
        with_clients::<Abd>(&mut setup, 4, &MIX);
        add_chaos(&mut setup, seed);
        let mut run = Run::<Abd>::new(setup, &parameters);
        run.until(6_000);
        assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
        answered += outputs(&run.world).iter().filter(|end| end.2.is_some()).count();
    }
    assert!(30 * 60 < answered, "{answered} operations are too few to prove anything");
}

#[test]
fn handlers_are_pure_and_the_same_seed_makes_the_same_run() {
    let digest = |seed| {
        let mut run = Run::<Abd>::new(chaos(seed, &[]), &Parameters::default());
        run.purely_until(2_000);
        assert!(Digest::of(run.world.up().next().unwrap().1).is_ok());
        run.world.digest()
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7), digest(8));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (wrong, names) in [
        (Parameters { replicas: Some(4), ..Parameters::default() }, "replicas"),
        (Parameters { replicas: Some(0), ..Parameters::default() }, "replicas"),
        (Parameters { writer: Some(NodeId(4)), ..Parameters::default() }, "writer"),
        (Parameters { resend: ms(0), ..Parameters::default() }, "resend"),
    ] {
        let error = Abd::set_up(&wrong, 3).unwrap_err();
        assert!(error.contains(names), "{error}");
    }
}
