//! The small worlds with known numbers under test: what a few messages do, and what is refused.

use orrery_protocols::engine::at_least_once::{self, A1, A2, AtLeastOnce, Party};
use orrery_protocols::engine::commit_wait::{self, CommitWait, Server, X1};
use orrery_protocols::engine::queue::{self, J1, J2, J3, Queue};
use orrery_protocols::engine::quorum_wait::{self, Member, QuorumWait, W1};
use orrery_protocols::engine::{Shape, Times};
use orrery_sim::plan::{Action, Item, Target, Trigger};
use orrery_sim::{
    Bug, Bugs, Correction, Duration, Law, NodeId, Probability, Registration, Setup, SimTime,
    Violation, WallClock, World,
};

const SECOND: Duration = Duration::from_secs(1);

/// Runs to the end, or to the first violation, with every handler called twice to see that it is pure.
fn run<R: Registration>(
    parameters: &R::Parameters,
    nodes: u32,
    bugs: &[Bug],
    change: impl FnOnce(&mut Setup<<R::Node as orrery_sim::Node>::Protocol>),
) -> (World<R::Node>, Option<Violation>) {
    let mut setup = Setup::new(1, R::set_up(parameters, nodes).unwrap());
    setup.bugs = Bugs::new(bugs.iter().copied());
    change(&mut setup);
    let mut world = World::<R::Node>::new(setup).unwrap();
    world.check_purity();
    let mut monitors = R::monitors(parameters, nodes);
    while world.step(SimTime::MAX).unwrap().is_some() {
        for monitor in &mut monitors {
            if let Err(violation) = monitor.after(world.last(), &world) {
                return (world, Some(violation));
            }
        }
    }
    assert_eq!(world.impurity(), None);
    (world, None)
}

fn rule(violation: Option<Violation>) -> &'static str {
    violation.expect("the bug is caught").rule
}

/// Four jobs, one every 2 s, of which each takes 3 s, before one server.
fn overtaken() -> queue::Parameters {
    queue::Parameters {
        jobs: 4,
        utilisation: Probability::ratio(1, 2),
        arrival: Times::Shape(Shape::Constant),
        service: Times::Always(SECOND * 3),
        warm_up: Probability::NEVER,
        ..queue::Parameters::default()
    }
}

#[test]
fn jobs_that_come_apart_never_wait() {
    // At half of the server's capacity one comes every 6 s.
    let (world, violation) = run::<Queue>(&overtaken(), 2, &[], |_| {});
    assert_eq!(violation, None);
    assert_eq!(world.now(), SimTime::ZERO.saturating_add(SECOND * 27));
    let second = 1_000_000_000;
    // Between the first arrival and the last, 18 s, somebody was there for 9 s.
    let expected = [0, 3 * second, second / 2, 0, 12 * second, 12 * second].map(Some);
    assert_eq!(Queue::statistics(&world, &[]), expected);
}

#[test]
fn one_server_too_few_makes_a_line() {
    // Two servers at 75 %: one job every 2 s. A latency of 2 s each way makes the service as seen from the dispatcher 7 s.
    let parameters = queue::Parameters { utilisation: Probability::ratio(3, 4), ..overtaken() };
    let (world, violation) = run::<Queue>(&parameters, 3, &[], |setup| {
        setup.links.default.latency = Law::Constant(SECOND * 2);
    });
    assert_eq!(violation, None);
    // Arrivals at 2, 4, 6, 8 s; services from 2, 4, 9, 11 s: waits of 0, 0, 3, 3 s.
    let stats = Queue::statistics(&world, &[]);
    assert_eq!(stats[..2], [Some(1_500_000_000), Some(8_500_000_000)]);
    assert_eq!(stats[3], Some(500_000_000), "half of the jobs waited");
    assert_eq!(stats[4..], [Some(34_000_000_000); 2]);
}

#[test]
fn the_bugs_of_the_queue_are_caught() {
    let parameters = queue::Parameters::default();
    for (bug, expected) in
        [(J1, "Little's Law"), (J2, "First Come, First Served"), (J3, "No Idle Server")]
    {
        assert_eq!(rule(run::<Queue>(&parameters, 3, &[bug], |_| {}).1), expected);
    }
    assert_eq!(run::<Queue>(&parameters, 3, &[], |_| {}).1, None);
}

#[test]
fn a_queue_without_rest_or_mean_is_refused() {
    let refused = |parameters: queue::Parameters, nodes: u32| {
        Queue::set_up(&parameters, nodes).expect_err("it makes no sense")
    };
    let normal = queue::Parameters::default;
    assert!(refused(normal(), 1).contains("no server"));
    assert!(refused(queue::Parameters { jobs: 0, ..normal() }, 2).contains("at least 1"));
    for utilisation in [Probability::NEVER, Probability::ALWAYS] {
        let error = refused(queue::Parameters { utilisation, ..normal() }, 2);
        assert!(error.contains("between 0% and 100%"), "{error}");
    }
    let service = Times::Always(Duration::ZERO);
    assert!(refused(queue::Parameters { service, ..normal() }, 2).contains("no mean above 0s"));
}

#[test]
fn laws_of_times_are_words_times_or_laws() {
    let read = |json: &str| serde_json::from_str::<Times>(json).map(|times| times.law());
    assert_eq!(read("\"exponential\"").unwrap(), Law::Exponential(SECOND));
    assert_eq!(read("\"uniform\"").unwrap().mean(), Some(SECOND));
    assert_eq!(read("\"constant\"").unwrap(), Law::Constant(SECOND));
    assert_eq!(read("\"20ms\"").unwrap(), Law::Constant(Duration::from_millis(20)));
    assert_eq!(read("{\"exponential\": \"1s\"}").unwrap(), Law::Exponential(SECOND));
    let error = read("\"exponentail\"").unwrap_err().to_string();
    assert!(error.contains("write `exponential`, `constant` or `uniform`"), "{error}");
}

#[test]
fn a_message_is_repeated_until_it_is_acknowledged() {
    let parameters = at_least_once::Parameters { messages: 2, ..Default::default() };
    let way = |world: &mut Setup<AtLeastOnce>, loss: Probability| {
        world.links.default.latency = Law::Constant(Duration::from_millis(10));
        world.links.default.loss = loss;
    };
    let (world, violation) =
        run::<AtLeastOnce>(&parameters, 2, &[], |s| way(s, Probability::NEVER));
    assert_eq!(violation, None);
    assert_eq!(AtLeastOnce::statistics(&world, &[]), [Some(1_000_000_000); 3]);
    // Nothing arrives: three retries, 100 ms each, for either message.
    let limited = at_least_once::Parameters { retries: Some(3), ..parameters };
    let (world, violation) = run::<AtLeastOnce>(&limited, 2, &[], |s| way(s, Probability::ALWAYS));
    assert_eq!(violation, None);
    assert_eq!(world.now(), SimTime::from_nanos(800_000_000));
    assert_eq!(AtLeastOnce::statistics(&world, &[]), [Some(4_000_000_000), Some(0), Some(0)]);
    let caught =
        |bug| rule(run::<AtLeastOnce>(&limited, 2, &[bug], |s| way(s, Probability::ALWAYS)).1);
    assert_eq!([caught(A1), caught(A2)], ["At Least Once", "Retry Limit"]);
    assert!(matches!(world.node(NodeId(2)), Some(Party::Receiver(_))));
}

#[test]
fn a_quorum_is_there_with_its_last_answer() {
    let parameters = quorum_wait::Parameters { quorum: 2, own: 0, rounds: 3 };
    // Latencies of 1, 2 and 3 s there, and as much back.
    let distances = |setup: &mut Setup<QuorumWait>| {
        for replica in 2..=4 {
            let latency = Law::Constant(SECOND * u64::from(replica - 1));
            let link = orrery_sim::Link { latency, ..Default::default() };
            setup.links.overrides.insert((NodeId(1), NodeId(replica)), link.clone());
            setup.links.overrides.insert((NodeId(replica), NodeId(1)), link);
        }
    };
    let wait = |parameters: &quorum_wait::Parameters, bugs: &[Bug]| {
        let (world, violation) = run::<QuorumWait>(parameters, 4, bugs, distances);
        assert!(matches!(world.node(NodeId(1)), Some(Member::Coordinator(_))));
        (QuorumWait::statistics(&world, &[])[0], violation)
    };
    assert_eq!(wait(&parameters, &[]), (Some(4_000_000_000), None));
    let with_own = quorum_wait::Parameters { own: 1, ..parameters };
    assert_eq!(wait(&with_own, &[]), (Some(2_000_000_000), None));
    assert_eq!(rule(wait(&parameters, &[W1]).1), "Quorum");
    for (quorum, own, rounds) in [(0, 0, 1), (4, 0, 1), (2, 2, 1), (2, 0, 0)] {
        let parameters = quorum_wait::Parameters { quorum, own, rounds };
        assert!(QuorumWait::set_up(&parameters, 4).is_err(), "{parameters:?}");
    }
}

/// Ten transactions on two servers, whose clocks are right and believed to be up to 4 ms wrong.
fn commit_wait(
    bugs: &[Bug],
    change: impl FnOnce(&mut Setup<CommitWait>),
) -> (World<Server>, Option<Violation>) {
    let millis = Duration::from_millis;
    let correction = Some(Correction { every: SECOND * 10, error: millis(4) });
    let wall = WallClock { correction, ..WallClock::default() };
    run::<CommitWait>(&commit_wait::Parameters { transactions: 10 }, 2, bugs, |setup| {
        setup.wall_clocks = vec![wall; 2];
        setup.links.default.latency = Law::Constant(millis(1));
        change(setup);
    })
}

#[test]
fn a_transaction_waits_for_twice_what_its_clock_does_not_know() {
    let (world, violation) = commit_wait(&[], |_| {});
    assert_eq!(violation, None);
    // Each waits from 4 ms before the present to 4 ms after it, and one tick; nine times a message is on its way.
    let end = Duration::from_nanos(10 * 8_000_001 + 9 * 1_000_000);
    assert_eq!(world.now(), SimTime::ZERO.saturating_add(end));
}

#[test]
fn who_does_not_wait_is_overtaken_by_a_clock_that_is_behind() {
    let behind = |setup: &mut Setup<CommitWait>| setup.wall_clocks[1].offset = -3_000_000;
    assert_eq!(commit_wait(&[], behind).1, None);
    assert_eq!(rule(commit_wait(&[X1], behind).1), "External Consistency");
}

#[test]
fn a_clock_that_jumps_breaks_what_the_wait_is_for() {
    let jump = |by| {
        move |setup: &mut Setup<CommitWait>| {
            setup.plan.items = vec![Item {
                name: None,
                trigger: Trigger::At(SimTime::from_nanos(20_000_000)),
                within: None,
                action: Action::ClockJump { node: Target::Node(NodeId(2)), by },
            }];
        }
    };
    assert_eq!(rule(commit_wait(&[], jump(1_000_000_000)).1), "External Consistency");
    // As long as the jump stays within the error that everybody reckons with, nothing breaks.
    assert_eq!(commit_wait(&[], jump(3_000_000)).1, None);
}

#[test]
fn a_turn_that_comes_twice_begins_nothing() {
    let twice = |setup: &mut Setup<CommitWait>| setup.links.default.duplicate = Probability::ALWAYS;
    let (world, violation) = commit_wait(&[], twice);
    assert_eq!(violation, None);
    let probes: Vec<_> = world.probes().hits().collect();
    assert_eq!(probes, [("begun-already", 9)]);
}
