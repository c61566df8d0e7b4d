//! What things cost, as equalities: no faults, constant delays.

use orrery_protocols::kv::Output;
use orrery_protocols::multi_paxos::{Note, Parameters, ReadBy};
use orrery_sim::{Law, NodeId};

use crate::support::{Run, append, ask, fire, get, item, ms, quiet, scripted};

/// One election, one write, one read, 1 ms each way and so long for a sync.
fn run(servers: u32, sync: u64, reads: ReadBy) -> Run {
    let parameters = Parameters { reads, ..scripted() };
    let mut setup = quiet(1, servers, &parameters, &[]);
    setup.disk.sync = Law::Constant(ms(sync));
    setup.plan.items =
        vec![item(10, fire(1)), item(100, ask(1, append("a"), 1)), item(200, ask(2, get(), 1))];
    let mut run = Run::new(setup, &parameters);
    run.safely_until(300);
    run
}

/// When each operation was answered, in milliseconds.
fn answered(run: &Run) -> Vec<u64> {
    run.answered().map(|(millis, _, _)| millis).collect()
}

#[test]
fn a_command_takes_two_delays_and_two_messages_for_each_other_acceptor() {
    for servers in 1..=9 {
        let run = run(servers, 0, ReadBy::Quorum);
        let others = u64::from(servers) - 1;
        assert_eq!(
            (run.sent(&["P1a"]), run.sent(&["P1b"])),
            (others, others),
            "phase 1, once for all slots"
        );
        assert_eq!(
            (run.sent(&["P2a"]), run.sent(&["P2b"])),
            (others, others),
            "2(n - 1) for one command"
        );
        let delays = if servers == 1 { 0 } else { 2 };
        assert_eq!(answered(&run)[0], 100 + delays, "of {servers}: two delays at the leader");
    }
}

#[test]
fn each_further_command_costs_as_much_and_decisions_cost_nothing() {
    let commands = 10;
    let parameters = scripted();
    let mut setup = quiet(1, 5, &parameters, &[]);
    setup.plan.items = vec![item(10, fire(1))];
    setup.plan.items.extend((0..commands).map(|k| item(100 + 10 * k, ask(1, append("a"), 1))));
    let mut run = Run::new(setup, &parameters);
    run.safely_until(1_000);
    assert_eq!(run.sent(&["P2a"]) + run.sent(&["P2b"]), commands * 2 * 4);
    assert_eq!(
        run.world.counters().total().sent,
        commands * 8 + 8 + 8,
        "one election, one heartbeat"
    );
    let slot =
        |k: u64| move |note: &Note| matches!(note, Note::Performed { slot, .. } if slot.0 == k);
    for k in 1..commands {
        let performed = slot(k);
        assert_eq!(
            run.times(|_, note| performed(note)),
            5,
            "all know slot {k} by the P2a of the next"
        );
    }
    let last = slot(commands);
    assert_eq!(
        run.times(|id, note| id == NodeId(1) && last(note)),
        1,
        "the leader alone knows the last"
    );
}

#[test]
fn a_write_takes_one_forced_write_one_after_the_other() {
    // The leader's disk works while the others' do: 2 delays and one sync.
    let run = run(5, 3, ReadBy::Quorum);
    assert_eq!(answered(&run), [105, 202], "and a read by a quorum takes none");
    // One mark on each disk, one promise each, one acceptance each.
    assert_eq!(run.world.counters().forced_writes, 15);
}

#[test]
fn a_read_takes_a_slot_a_round_or_nothing() {
    let by_log = run(5, 3, ReadBy::Log);
    assert_eq!(answered(&by_log), [105, 205]);
    assert_eq!((by_log.sent(&["P2a"]), by_log.sent(&["Heartbeat"])), (8, 4));
    let by_quorum = run(5, 3, ReadBy::Quorum);
    assert_eq!(answered(&by_quorum), [105, 202]);
    assert_eq!((by_quorum.sent(&["P2a"]), by_quorum.sent(&["Heartbeat"])), (4, 8));
    let parameters = Parameters { reads: ReadBy::Lease, lease: Some(ms(1_000)), ..scripted() };
    let mut setup = quiet(1, 5, &parameters, &[]);
    setup.plan.items = vec![item(10, fire(1)), item(200, ask(2, get(), 1))];
    let mut run = Run::new(setup, &parameters);
    run.safely_until(300);
    assert_eq!(answered(&run), [200]);
    assert_eq!(run.answers(), [(2, Output::Value(None))]);
    assert_eq!(run.sent(&["Heartbeat"]), 4, "that of the election");
}
