//! The workloads that are measured do the work that they claim.

use orrery_harness::workloads::{Work, Workload, idle};
use orrery_sim::Duration;

const MESSAGES: u64 = 20_000;

#[test]
fn a_workload_and_its_floor_do_the_same_work() {
    for workload in Workload::ALL {
        let [engine, floor] = [workload.engine(1), workload.floor(1)].map(|run| run(MESSAGES));
        let name = workload.name();
        assert_eq!((engine.deliveries, floor.deliveries), (MESSAGES, MESSAGES), "{name}");
        // The latencies come from different streams: the runs agree but for that.
        assert!(engine.events.abs_diff(floor.events) * 100 <= floor.events, "{name}");
        let [ours, theirs] = [engine, floor].map(|work| work.simulated.as_nanos());
        assert!(ours.abs_diff(theirs) * 100 <= theirs * 2, "{name}: {ours} ns and {theirs} ns");
    }
}

#[test]
fn a_workload_is_a_function_of_its_seed() {
    for workload in Workload::ALL {
        let run = |seed| -> Work { workload.engine(seed)(MESSAGES) };
        assert_eq!(run(1), run(1), "{}", workload.name());
        assert_ne!(run(1).digest, run(2).digest, "{}", workload.name());
    }
}

#[test]
fn each_workload_has_the_shape_that_its_name_promises() {
    let [ring, flood, echo] = Workload::ALL.map(|workload| workload.engine(1)(MESSAGES));
    assert_eq!(ring.events, MESSAGES);
    // Each node asks once a millisecond, and each question and answer travels 50 ms on average.
    assert!((14..=16).contains(&(flood.events * 10 / flood.deliveries)), "{flood:?}");
    // Hardly anything but heartbeats: no election timer gets its way while they arrive.
    assert!(echo.events <= echo.deliveries * 102 / 100, "{echo:?}");
    assert!(echo.simulated < Duration::from_millis(150), "{echo:?}");
}

#[test]
fn idle_nodes_change_nothing_for_those_that_talk() {
    let [alone, among_many] = [5, 300].map(|nodes| idle(nodes, 1)(MESSAGES));
    assert_eq!(alone.events, among_many.events);
    assert_eq!(alone.simulated, among_many.simulated);
}
