//! Every way that small nodes can go.

use orrery_explore::{Finding, Order, ReportOf, Verdict};
use orrery_harness::explore::{Deed, ExploreError, Faults, Nodes, View, Wire};
use orrery_sim::context::Ending;
use orrery_sim::{
    Context, Duration, DurationRange, LocalTime, Node, NodeId, OperationId, Protocol, Start,
};
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Small;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Kind {
    /// Sends to n1 at its start what it is given, in order.
    Sender(&'static [u8]),
    /// Answers every message with the same.
    Echo,
    /// Sends 1 to n1, again whenever its timer comes due and nothing has come back.
    Stubborn,
    /// Keeps what clients give it, and answers once it is durable.
    Store,
    /// The same, but answers at once.
    HastyStore,
    /// Draws a number at its start.
    Gambler,
    /// Looks at its clock when a message comes.
    Watcher,
}

impl Protocol for Small {
    type Config = Kind;
    type Message = u8;
    type Timer = ();
    type Record = u8;
    type Note = ();
    type Operation = u8;
    type Output = u8;
}

#[derive(Clone, Debug, Serialize)]
struct Part {
    kind: Kind,
    /// What arrived, in order.
    got: Vec<u8>,
    kept: Vec<u8>,
}

impl Node for Part {
    type Protocol = Small;

    fn on_start(start: Start<'_, Small>, ctx: &mut Context<'_, Small>) -> Self {
        let mut part = Self {
            kind: *start.config,
            got: Vec::new(),
            kept: start.journal.records().copied().collect(),
        };
        match part.kind {
            Kind::Sender(messages) => {
                for message in messages {
                    ctx.send(NodeId(1), *message);
                }
            }
            Kind::Stubborn => Self::ask(ctx),
            Kind::Gambler => part.got = vec![ctx.below(3) as u8, ctx.below(2) as u8],
            Kind::Echo | Kind::Store | Kind::HastyStore | Kind::Watcher => {}
        }
        part
    }

    fn on_message(&mut self, from: NodeId, message: u8, ctx: &mut Context<'_, Small>) {
        match self.kind {
            Kind::Echo => ctx.send(from, message),
            Kind::Watcher => self.got.push(u8::from(ctx.now() == LocalTime::default())),
            Kind::Sender(_) | Kind::Store | Kind::HastyStore | Kind::Gambler => {
                self.got.push(message);
            }
            Kind::Stubborn => {
                self.got = vec![message];
                ctx.cancel_timer(());
            }
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Small>) {
        Self::ask(ctx);
    }

    fn on_operation(&mut self, id: OperationId, value: u8, ctx: &mut Context<'_, Small>) {
        self.kept.push(value);
        ctx.append(value);
        if self.kind == Kind::HastyStore {
            ctx.complete(id, value);
        }
        ctx.sync();
        if self.kind == Kind::Store {
            ctx.complete(id, value);
        }
    }
}

impl Part {
    fn ask(ctx: &mut Context<'_, Small>) {
        ctx.send(NodeId(1), 1);
        let second = Duration::from_secs(1);
        ctx.set_timer_between((), DurationRange::new(second, second));
    }
}

fn all(nodes: &Nodes<Part>) -> ReportOf<Nodes<Part>> {
    nodes.explore(|explorer| explorer.thorough(true)).unwrap_or_else(|error| panic!("{error}"))
}

const CRASH: Faults = Faults { drops: 0, duplicates: 0, crashes: 1 };
const DROP: Faults = Faults { drops: 1, duplicates: 0, crashes: 0 };
const DUPLICATE: Faults = Faults { drops: 0, duplicates: 1, crashes: 0 };

#[test]
fn each_echo_is_on_its_way_there_or_back_or_home() {
    for count in 1..=5 {
        let mut kinds = vec![Kind::Echo];
        kinds.extend(vec![Kind::Sender(&[7]); count]);
        let nodes = Nodes::<Part>::new(kinds);
        let report = all(&nodes);
        assert_eq!((report.states, report.terminal), (3_u64.pow(count as u32), 1));
        let reduced = nodes.explore(|explorer| explorer.partial_order(true).order(Order::Depth));
        let reduced = reduced.unwrap();
        assert_eq!((reduced.states, reduced.terminal), (report.states, 1));
        assert!(reduced.transitions <= report.transitions);
    }
}

/// What was acknowledged is there whenever the store is up.
fn store(kind: Kind, faults: Faults) -> Nodes<Part> {
    Nodes::new(vec![kind]).operation(NodeId(1), 5).faults(faults).always(
        "durable",
        |view: &View<'_, Part>| {
            view.answer(0) != Some(&Ending::Ok(5))
                || view.up().all(|(_, part)| part.kept.contains(&5))
        },
    )
}

#[test]
fn what_is_answered_before_it_is_durable_is_lost_by_some_crash() {
    let nodes = store(Kind::HastyStore, CRASH);
    let report = all(&nodes);
    let path = report.finding("durable").and_then(Finding::path).unwrap();
    let deeds: Vec<_> = path.actions().map(|action| action.deed.clone()).collect();
    assert_eq!(deeds, [Deed::Ask(0), Deed::Crash, Deed::Start { survivors: 0 }]);
    let told: Vec<_> = path.actions().map(|action| format!("{action:?}")).collect();
    assert_eq!(told, ["n1 is asked operation 0", "n1 crashes", "n1 restarts, 0 unsynced survive"]);
}

#[test]
fn what_is_answered_when_it_is_durable_survives_every_crash() {
    assert_eq!(all(&store(Kind::Store, CRASH)).verdict(), Verdict::Holds);
    assert_eq!(all(&store(Kind::HastyStore, Faults::default())).verdict(), Verdict::Holds);
}

#[test]
fn a_crash_leaves_every_prefix_of_what_was_not_synced() {
    let kept = |wanted: &'static [u8]| {
        move |view: &View<'_, Part>| {
            view.node(NodeId(1)).is_some_and(|part| part.kept == wanted) && view.answer(0).is_none()
        }
    };
    let nodes = Nodes::new(vec![Kind::Store])
        .operation(NodeId(1), 5)
        .faults(CRASH)
        .sometimes("restarts with it", move |view: &View<'_, Part>| {
            kept(&[5])(view) && view.journal(NodeId(1)).unsynced().len() == 0
        })
        .sometimes("restarts without it", kept(&[]));
    assert_eq!(all(&nodes).verdict(), Verdict::Holds);
}

#[test]
fn answers_wait_for_the_disk() {
    let nodes = Nodes::new(vec![Kind::Store]).operation(NodeId(1), 5);
    let nodes = nodes.sometimes("answered", |view: &View<'_, Part>| view.answer(0).is_some());
    let report = all(&nodes);
    let path = report.finding("answered").and_then(Finding::path).unwrap();
    let deeds: Vec<_> = path.actions().map(|action| action.deed.clone()).collect();
    assert_eq!(deeds, [Deed::Ask(0), Deed::Synced]);
}

#[test]
fn every_number_is_drawn() {
    let mut nodes = Nodes::new(vec![Kind::Gambler, Kind::Gambler]);
    for (first, second) in [(0, 0), (2, 1), (1, 0)] {
        nodes = nodes.sometimes(format!("{first}{second}"), move |view: &View<'_, Part>| {
            view.node(NodeId(2)).is_some_and(|part| part.got == [first, second])
        });
    }
    let report = all(&nodes);
    assert_eq!((report.states, report.verdict()), (36, Verdict::Holds));
}

#[test]
fn links_keep_the_order_only_where_they_are_said_to() {
    let reversed = |wire| {
        let nodes = Nodes::new(vec![Kind::Store, Kind::Sender(&[1, 2])]).wire(wire);
        let nodes = nodes.sometimes("reversed", |view: &View<'_, Part>| {
            view.node(NodeId(1)).is_some_and(|part| part.got == [2, 1])
        });
        all(&nodes).verdict()
    };
    assert_eq!(reversed(Wire::Unordered), Verdict::Holds);
    assert_eq!(reversed(Wire::InOrder), Verdict::Violated);
}

#[test]
fn equal_messages_stand_for_each_other() {
    let nodes = Nodes::new(vec![Kind::Store, Kind::Sender(&[1, 1, 1])]);
    assert_eq!((all(&nodes).states, all(&nodes).transitions), (4, 3));
}

#[test]
fn messages_are_lost_and_doubled_as_often_as_the_budget_says() {
    let got = |faults, count| {
        let nodes = Nodes::new(vec![Kind::Store, Kind::Sender(&[1, 1])]).faults(faults);
        let nodes = nodes.sometimes("got", move |view: &View<'_, Part>| {
            view.wire().count() == 0
                && view.node(NodeId(1)).is_some_and(|part| part.got.len() == count)
        });
        all(&nodes).verdict() == Verdict::Holds
    };
    assert_eq!(
        [0, 1, 2, 3].map(|count| got(Faults::default(), count)),
        [false, false, true, false]
    );
    assert_eq!([0, 1, 2, 3].map(|count| got(DROP, count)), [false, true, true, false]);
    assert_eq!([1, 2, 3, 4].map(|count| got(DUPLICATE, count)), [false, true, true, false]);
}

#[test]
fn whoever_asks_once_may_wait_for_good() {
    let home = |kind, faults| {
        let nodes = Nodes::new(vec![Kind::Echo, kind])
            .faults(faults)
            .eventually("home", |view: &View<'_, Part>| {
                view.node(NodeId(2)).is_some_and(|part| !part.got.is_empty())
            });
        nodes.explore(|explorer| explorer.max_depth(12)).unwrap()
    };
    assert_eq!(home(Kind::Sender(&[1]), Faults::default()).verdict(), Verdict::Holds);
    let lost = home(Kind::Sender(&[1]), DROP);
    let path = lost.finding("home").and_then(Finding::path).unwrap();
    let end = path.actions().last().map(|action| &action.deed);
    assert!(matches!(end, Some(Deed::Drop { .. })) && path.repeats_from.is_none(), "{path}");
    // Its timer may come due over and over: the wire fills, and no bound is deep enough.
    assert_eq!(home(Kind::Stubborn, DROP).verdict(), Verdict::Unknown);
}

#[test]
fn a_node_that_reads_a_clock_is_refused_unless_time_stands_still() {
    let watcher = || Nodes::<Part>::new(vec![Kind::Watcher, Kind::Sender(&[1])]);
    let error = watcher().explore(|explorer| explorer).unwrap_err();
    assert!(matches!(&error, ExploreError::ReadsClock { node: NodeId(1), .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "n1 asks for the time, or draws a duration, in n2>n1 1: there is no time when every order is explored. \
         `freeze_time` lets every clock stand still at 0 instead"
    );
    let frozen = watcher().freeze_time().sometimes("at 0", |view: &View<'_, Part>| {
        view.node(NodeId(1)).is_some_and(|part| part.got == [1])
    });
    assert_eq!(all(&frozen).verdict(), Verdict::Holds);
}

#[test]
fn a_message_to_a_node_that_is_down_is_lost() {
    let nodes = Nodes::new(vec![Kind::Store, Kind::Sender(&[1])]).faults(CRASH);
    let nodes = nodes.sometimes("lost", |view: &View<'_, Part>| {
        view.wire().count() == 0
            && view.up().count() == 2
            && view.node(NodeId(1)).is_some_and(|part| part.got.is_empty())
    });
    assert_eq!(all(&nodes).verdict(), Verdict::Holds);
}
