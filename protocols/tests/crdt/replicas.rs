//! Replicas: a story per type and per exchange.

use orrery_protocols::crdt::{
    Crdt, Exchange, G10, G11, G12, G13, G14, G15, G16, Kind, Operation, Parameters, Value,
};
use orrery_sim::plan::{Action, Item, MessageFilter};
use orrery_sim::registration::Workload;
use orrery_sim::{Bug, ClientId, DurationRange, Law, NodeId, Registration, Setup};

use crate::support::{Run, add_chaos, at, between, caught, crash, item, ms, node, quiet, restart};

fn of(kind: Kind, exchange: Exchange) -> Parameters {
    Parameters { kind, exchange, ..Parameters::default() }
}

fn ask(millis: u64, client: u32, operation: Operation, to: u32) -> Item<Operation> {
    item(millis, Action::Request { client: ClientId(client), operation, to: Some(node(to)) })
}

fn add(element: &str) -> Operation {
    Operation::Add { element: element.into() }
}

fn remove(element: &str) -> Operation {
    Operation::Remove { element: element.into() }
}

fn write(value: &str) -> Operation {
    Operation::Write { value: value.into() }
}

fn insert(at: u32, letter: char) -> Operation {
    Operation::Insert { at, letter }
}

/// n1 and n2 cannot hear each other until 2 s; then they can.
fn apart(parameters: &Parameters, bugs: &[Bug], plan: Vec<Item<Operation>>) -> Run<Crdt> {
    let mut setup = quiet::<Crdt>(1, 2, parameters, bugs);
    setup.clients.count = 4;
    setup.plan.items = plan;
    setup.plan.items.push(item(1_000, between(&[1], &[2])));
    setup.plan.items.push(item(2_000, Action::Heal(None)));
    let mut run = Run::new(setup, parameters);
    run.finish(20_000);
    run
}

fn value(run: &Run<Crdt>, id: u32) -> Value {
    run.world.node(NodeId(id)).unwrap().value()
}

fn elements(names: &[&str]) -> Value {
    Value::Elements(names.iter().map(|name| String::from(*name)).collect())
}

/// Concurrent updates at two replicas, and what both show in the end.
#[test]
fn what_concurrent_updates_come_to() {
    let by = |by| Operation::Increment { by };
    let stories = [
        (Kind::GCounter, [by(3), by(4)], Value::Number(7)),
        (Kind::PnCounter, [by(3), by(-4)], Value::Number(-1)),
        (Kind::GSet, [add("x"), add("y")], elements(&["x", "y"])),
        (Kind::Lww, [write("a"), write("b")], elements(&["b"])),
        (Kind::Mv, [write("b"), write("a")], elements(&["a", "b"])),
        (Kind::Rga, [insert(0, 'a'), insert(0, 'b')], Value::Text(String::from("ba"))),
    ];
    for exchange in [Exchange::State, Exchange::Delta] {
        for (kind, [one, two], expected) in stories.clone() {
            let plan = vec![ask(1_100, 1, one, 1), ask(1_100, 2, two, 2)];
            let run = apart(&of(kind, exchange), &[], plan);
            assert_eq!(run.violation, None, "{kind:?}: {:?}", run.violation);
            assert_eq!(value(&run, 1), expected, "{kind:?}");
            assert_eq!(value(&run, 2), expected, "{kind:?}");
        }
    }
}

/// x is there, and is removed at n1 while n2 adds it again.
fn remove_and_add(kind: Kind, exchange: Exchange, bugs: &[Bug]) -> Run<Crdt> {
    let plan =
        vec![ask(0, 1, add("x"), 1), ask(1_100, 1, remove("x"), 1), ask(1_100, 2, add("x"), 2)];
    apart(&of(kind, exchange), bugs, plan)
}

#[test]
fn g12_an_addition_wins_over_a_removal_that_did_not_know_of_it() {
    for exchange in [Exchange::State, Exchange::Delta, Exchange::Op] {
        let run = remove_and_add(Kind::OrSet, exchange, &[]);
        assert_eq!(run.violation, None, "{exchange:?}");
        assert_eq!(value(&run, 1), elements(&["x"]));
    }
    let run = remove_and_add(Kind::TwoPhaseSet, Exchange::State, &[]);
    assert_eq!((run.violation.clone(), value(&run, 1)), (None, elements(&[])));
    let wrong = remove_and_add(Kind::OrSet, Exchange::State, &[G12]);
    assert_eq!(wrong.broken(), Some("Meaning"));
}

#[test]
fn texts_are_edited_at_two_places_at_once() {
    let plan = vec![
        ask(0, 1, insert(0, 'h'), 1),
        ask(10, 1, insert(1, 't'), 1),
        ask(1_100, 1, insert(1, 'a'), 1),
        ask(1_100, 2, Operation::Delete { at: 0 }, 2),
        ask(1_200, 2, insert(0, 'c'), 2),
    ];
    let run = apart(&of(Kind::Rga, Exchange::Delta), &[], plan);
    assert_eq!(run.violation, None, "{:?}", run.violation);
    assert_eq!(value(&run, 1), Value::Text(String::from("cat")));
    assert_eq!(value(&run, 2), value(&run, 1));
}

#[test]
fn g15_two_writes_of_one_tick_are_told_apart_by_their_replicas() {
    let story = |bugs: &[Bug]| {
        let plan = vec![ask(1_110, 1, write("a"), 1), ask(1_150, 2, write("b"), 2)];
        let run = apart(&of(Kind::Lww, Exchange::State), bugs, plan);
        (run.broken(), value(&run, 1), value(&run, 2))
    };
    assert_eq!(story(&[]), (None, elements(&["b"]), elements(&["b"])));
    assert_eq!(story(&[G15]).0, Some("Meaning"));
}

/// What is on its way is acknowledged, and sent once; a replica that came back empty gets everything.
#[test]
fn deltas_are_small_until_somebody_forgets() {
    let parameters = of(Kind::GSet, Exchange::Delta);
    let mut setup = quiet::<Crdt>(1, 3, &parameters, &[]);
    setup.clients.count = 1;
    for i in 0..20 {
        setup.plan.items.push(ask(i * 500, 1, add(&format!("e{i:02}")), 1));
    }
    setup.plan.items.extend([item(11_000, crash(3)), item(12_000, restart(3))]);
    let mut run = Run::<Crdt>::new(setup, &parameters);
    run.safely_until(11_500);
    let count = |run: &Run<Crdt>, name: &str| {
        run.world.probes().hits().find(|(probe, _)| *probe == name).map_or(0, |(_, count)| count)
    };
    // One whole state to each other replica from each, and now and then one more before that is acknowledged.
    assert!(count(&run, "whole-state") <= 12, "{}", count(&run, "whole-state"));
    assert!(20 <= count(&run, "delta"));
    run.safely_until(30_000);
    assert_eq!(value(&run, 3), value(&run, 1));
}

/// n1's delta to n2 is lost, and sent again; with the bug it never is.
#[test]
fn g16_a_delta_is_sent_until_it_is_acknowledged() {
    let story = |bugs: &[Bug]| {
        let plan =
            vec![ask(0, 1, add("w"), 1), ask(1_100, 1, add("x"), 1), ask(5_000, 1, add("y"), 1)];
        let run = apart(&of(Kind::GSet, Exchange::Delta), bugs, plan);
        (run.broken(), value(&run, 2))
    };
    assert_eq!(story(&[]), (None, elements(&["w", "x", "y"])));
    assert_eq!(story(&[G16]), (Some("Meaning"), elements(&["w", "y"])));
}

/// n1 adds x; n2 has it and removes it; n3 hears of the removal first.
fn early_removal(bugs: &[Bug]) -> Run<Crdt> {
    let parameters = Parameters { period: ms(1_000), ..of(Kind::OrSet, Exchange::Op) };
    let mut setup = quiet::<Crdt>(1, 3, &parameters, bugs);
    setup.clients.count = 2;
    let held = MessageFilter {
        from: Some(node(1)),
        to: Some(node(3)),
        kind: Some(String::from("Ops")),
        from_role: None,
        to_role: None,
    };
    setup.plan.items = vec![
        item(0, Action::Hold(held)),
        ask(100, 1, add("x"), 1),
        ask(150, 2, remove("x"), 2),
        item(400, Action::Release(None)),
    ];
    let mut run = Run::<Crdt>::new(setup, &parameters);
    run.finish(90_000);
    run
}

#[test]
fn g14_a_removal_waits_for_the_addition_that_it_removes() {
    let run = early_removal(&[]);
    assert_eq!(run.violation, None, "{:?}", run.violation);
    assert_eq!(value(&run, 3), elements(&[]));
    assert_eq!(early_removal(&[G14]).broken(), Some("Meaning"));
}

#[test]
fn what_a_type_does_not_have_is_refused_and_a_reader_gets_what_is_here() {
    let parameters = of(Kind::GSet, Exchange::State);
    let mut setup = quiet::<Crdt>(1, 2, &parameters, &[]);
    setup.clients.count = 1;
    setup.plan.items = vec![
        ask(0, 1, remove("x"), 1),
        ask(10, 1, write("x"), 1),
        ask(20, 1, add("x"), 1),
        ask(30, 1, Operation::Read, 1),
    ];
    let mut run = Run::<Crdt>::new(setup, &parameters);
    run.safely_until(5_000);
    let ended = run.world.history().iter().filter_map(|entry| match &entry.what {
        orrery_sim::client::HistoryKind::Ok(output) => Some(format!("{output:?}")),
        orrery_sim::client::HistoryKind::Fail => Some(String::from("refused")),
        orrery_sim::client::HistoryKind::Info | orrery_sim::client::HistoryKind::Invoke(_) => None,
    });
    let expected = ["refused", "refused", "Done", "Value(Elements([\"x\"]))"];
    assert_eq!(ended.collect::<Vec<_>>(), expected);
}

const MIX: [(&str, u32); 8] = [
    ("increment", 4),
    ("decrement", 2),
    ("add", 4),
    ("remove", 3),
    ("write", 4),
    ("insert", 4),
    ("delete", 2),
    ("read", 1),
];

/// Operations that a type does not have are refused: each gets what it has.
fn mix(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::GCounter => vec!["increment"],
        Kind::PnCounter => vec!["increment", "decrement"],
        Kind::GSet => vec!["add"],
        Kind::TwoPhaseSet | Kind::OrSet => vec!["add", "remove"],
        Kind::Lww | Kind::Mv => vec!["write"],
        Kind::Rga => vec!["insert", "delete"],
    }
}

fn chaos(parameters: &Parameters) -> impl Fn(u64, &[Bug]) -> Setup<Crdt> {
    let parameters = parameters.clone();
    move |seed, bugs| {
        let mut setup = quiet::<Crdt>(seed, 4, &parameters, bugs);
        let kinds = MIX.iter().filter(|(kind, _)| mix(parameters.kind).contains(kind));
        let mix = kinds.map(|(kind, weight)| (String::from(*kind), *weight)).collect();
        setup.clients.count = 3;
        setup.clients.generator = Some(Crdt::generator(&Workload { keys: 4, mix }).unwrap());
        setup.clients.think = Law::Uniform(DurationRange::new(ms(50), ms(400)));
        setup.clients.timeout = ms(300);
        setup.clients.patience = ms(900);
        setup.clients.until = at(5_000);
        add_chaos(&mut setup, seed, 6_000, true);
        setup
    }
}

#[test]
fn the_bugs_are_found_at_random() {
    for (bug, kind, exchange) in [
        (G10, Kind::PnCounter, Exchange::State),
        (G11, Kind::OrSet, Exchange::State),
        (G12, Kind::OrSet, Exchange::State),
        (G13, Kind::PnCounter, Exchange::Op),
        (G14, Kind::OrSet, Exchange::Op),
        (G15, Kind::Lww, Exchange::State),
        (G16, Kind::OrSet, Exchange::Delta),
    ] {
        let parameters = of(kind, exchange);
        caught::<Crdt>(0..12, bug, &parameters, 25_000, chaos(&parameters));
    }
}

#[test]
fn nothing_goes_wrong_under_faults() {
    let kinds = [
        Kind::GCounter,
        Kind::PnCounter,
        Kind::GSet,
        Kind::TwoPhaseSet,
        Kind::OrSet,
        Kind::Lww,
        Kind::Mv,
        Kind::Rga,
    ];
    for kind in kinds {
        for exchange in [Exchange::State, Exchange::Delta, Exchange::Op] {
            let parameters = Parameters { window: 8, ..of(kind, exchange) };
            if Crdt::set_up(&parameters, 4).is_err() {
                continue;
            }
            for seed in 0..8 {
                let mut run = Run::<Crdt>::new(chaos(&parameters)(seed, &[]), &parameters);
                run.finish(25_000);
                assert_eq!(run.violation, None, "{seed} {kind:?} {exchange:?}");
            }
        }
    }
}

#[test]
fn handlers_are_pure_and_the_same_seed_makes_the_same_run() {
    for exchange in [Exchange::State, Exchange::Delta, Exchange::Op] {
        let parameters = of(Kind::OrSet, exchange);
        let digest =
            |seed| Run::<Crdt>::new(chaos(&parameters)(seed, &[]), &parameters).purely_until(8_000);
        assert_eq!(digest(7), digest(7));
        assert_ne!(digest(7), digest(8));
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let normal = Parameters::default;
    for (wrong, nodes, names) in [
        (normal(), 1, "nodes"),
        (Parameters { period: ms(0), ..normal() }, 2, "period"),
        (Parameters { tick: ms(0), ..normal() }, 2, "tick"),
        (Parameters { window: 0, ..normal() }, 2, "window"),
        (of(Kind::Rga, Exchange::Op), 2, "exchange"),
    ] {
        let error = Crdt::set_up(&wrong, nodes).unwrap_err();
        assert!(error.contains(names), "{error}");
    }
}
