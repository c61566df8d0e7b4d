//! Known answers: messages, forced and lazy writes, delays, as integer equalities without faults and with constant delay. Work, which
//! comes before, is not counted; what one agent of a node tells another is no message.

use orrery_protocols::bank::{Ending, Operation};
use orrery_protocols::commit::{Form, Parameters};
use orrery_sim::{Law, Link, NodeId};

use crate::support::{Run, ask, item, ms, quiet};

/// One transaction over all participants, every one of them a writer unless all only read.
fn cost(parameters: &Parameters, participants: u32, ending: Ending) -> Run {
    let mut setup = quiet(1, participants, parameters, &[]);
    setup.links.default = Link { latency: Law::Constant(ms(1)), ..Link::default() };
    setup.plan.items = vec![item(100, ask(1, Operation::Exchange { ending }))];
    let mut run = Run::new(setup);
    run.safely_until(90_000);
    let [commits, aborts, unknown] = run.endings();
    assert_eq!(
        (commits, aborts, unknown),
        if ending == Ending::Abort { (0, 1, 0) } else { (1, 0, 0) }
    );
    run
}

fn of(form: Form) -> Parameters {
    Parameters { variant: form, ..Parameters::default() }
}

/// Messages; forced writes of the coordinator, of the one who votes no or of the first, of each other; lazy writes of coordinator and of
/// all participants; delays until participants and coordinator know.
type Row = (i64, u64, u64, u64, i64, i64, Option<i64>, Option<i64>);

fn row(run: &Run) -> Row {
    let stat = |name| run.statistic(name).unwrap();
    let forced = |id| run.world.writes(NodeId(id)).forced;
    let delay = |name| run.statistic(name).map(|nanos| nanos / 1_000_000);
    let all = (3..=run.world.node_count()).map(forced).collect::<Vec<_>>();
    assert!(all.iter().all(|one| *one == all[0]), "participants differ: {all:?}");
    (
        stat("messages"),
        forced(1),
        forced(2),
        all[0],
        stat("lazy_coordinator"),
        stat("lazy_participants"),
        delay("delays_participants"),
        delay("delays_coordinator"),
    )
}

/// Known answers 3.1: a coordinator and N subordinates.
#[test]
fn two_phase_commit_and_its_presumptions_cost_what_the_papers_say() {
    use Ending::{Abort, Commit, ReadOnly};
    use Form::{PresumedAbort, PresumedCommit, TwoPhase};
    for n in 2..=7_u32 {
        let i = i64::from(n);
        let answers: [(Form, Ending, Row); 9] = [
            (TwoPhase, Commit, (4 * i, 1, 2, 2, 1, 0, Some(3), Some(2))),
            (TwoPhase, Abort, (4 * i - 2, 1, 1, 2, 1, 0, Some(3), Some(2))),
            (PresumedAbort, Commit, (4 * i, 1, 2, 2, 1, 0, Some(3), Some(2))),
            (PresumedAbort, Abort, (3 * i - 1, 0, 0, 1, 1, i, Some(3), Some(2))),
            (PresumedAbort, ReadOnly, (2 * i, 0, 0, 0, 0, 0, None, Some(2))),
            (TwoPhase, ReadOnly, (2 * i, 0, 0, 0, 0, 0, None, Some(2))),
            (PresumedCommit, Commit, (3 * i, 2, 1, 1, 0, i, Some(3), Some(2))),
            (PresumedCommit, Abort, (4 * i - 2, 1, 1, 2, 2, 0, Some(3), Some(2))),
            (PresumedCommit, ReadOnly, (2 * i, 1, 0, 0, 1, 0, None, Some(2))),
        ];
        for (form, ending, expected) in answers {
            assert_eq!(row(&cost(&of(form), n, ending)), expected, "{form:?} {ending:?} of {n}");
        }
    }
}

/// Known answers 3.1: 5N messages, 5 delays, and 4 until the coordinator decides. Forced writes are this variant's: prepared,
/// pre-committed and committed, for a total failure can be repaired then.
#[test]
fn three_phase_commit_takes_five_delays() {
    for n in 2..=6_u32 {
        let run = cost(&of(Form::ThreePhase), n, Ending::Commit);
        let expected = (5 * i64::from(n), 1, 3, 3, 0, 0, Some(5), Some(4));
        assert_eq!(row(&run), expected, "of {n}");
    }
}

/// Known answers 3.1: linear 2N messages and delays; decentralised N + N² messages and 2 delays.
#[test]
fn other_topologies_trade_messages_for_delays() {
    for n in 2..=6_u32 {
        let i = i64::from(n);
        let linear = row(&cost(&of(Form::Linear), n, Ending::Commit));
        assert_eq!((linear.0, linear.7), (2 * i, Some(2 * i)), "linear of {n}");
        let decentralised = row(&cost(&of(Form::Decentralised), n, Ending::Commit));
        let (messages, .., participants, coordinator) = decentralised;
        assert_eq!((messages, participants, coordinator), (i + i * i, Some(2), Some(2)), "{n}");
    }
}

fn paxos(form: Form, faults: u32, co_located: bool) -> Parameters {
    Parameters { faults, co_located, ..of(form) }
}

/// Messages, stable writes and delays of a commit of Gray & Lamport 2006.
fn measured(parameters: &Parameters, n: u32) -> (i64, i64, i64) {
    let run = cost(parameters, n, Ending::Commit);
    let stat = |name| run.statistic(name).unwrap();
    let delays = stat("delays_participants").max(if parameters.co_located {
        stat("delays_coordinator")
    } else {
        0
    });
    (stat("messages"), stat("forced"), delays / 1_000_000)
}

/// Known answers 3.2, and F = 0 is two-phase commit.
#[test]
fn paxos_commit_costs_what_gray_and_lamport_say() {
    for n in 3..=7_u32 {
        for f in (0..=2_u32).filter(|f| 2 * f < n) {
            let (i, j) = (i64::from(n), i64::from(f));
            let writes = i + j + 1;
            let apart = measured(&paxos(Form::PaxosCommit, f, false), n);
            let delays = if f == 0 { 4 } else { 5 };
            assert_eq!(apart, (i * j + j + 3 * i - 1, writes, delays), "N = {n}, F = {f}");
            let together = measured(&paxos(Form::PaxosCommit, f, true), n);
            let delays = if f == 0 { 3 } else { 4 };
            assert_eq!(together, (i * j + 3 * i - 3, writes, delays), "N = {n}, F = {f}");
            let apart = measured(&paxos(Form::FasterPaxosCommit, f, false), n);
            assert_eq!(apart, (2 * i * j + 3 * i - 1, writes, 4), "N = {n}, F = {f}");
            let together = measured(&paxos(Form::FasterPaxosCommit, f, true), n);
            let messages = 2 * j * i - 2 * j + 3 * i - 3;
            assert_eq!(together, (messages, writes, 3), "N = {n}, F = {f}");
        }
    }
}

/// The paper's own example: N = 5, F = 1, on the resource managers' nodes.
#[test]
fn five_resource_managers_and_one_fault_take_12_17_and_20_messages() {
    let two_phase = measured(&paxos(Form::PaxosCommit, 0, true), 5).0;
    let paxos_commit = measured(&paxos(Form::PaxosCommit, 1, true), 5).0;
    let faster = measured(&paxos(Form::FasterPaxosCommit, 1, true), 5).0;
    assert_eq!((two_phase, paxos_commit, faster), (12, 17, 20));
}

/// Three write delays: the initiator's, all others' together, and the acceptors'.
#[test]
fn three_forced_writes_are_one_after_the_other() {
    for form in [Form::PaxosCommit, Form::FasterPaxosCommit] {
        for f in [0, 1] {
            let mut setup = quiet(1, 5, &paxos(form, f, false), &[]);
            setup.links.default = Link::default();
            setup.disk.sync = Law::Constant(ms(1));
            setup.plan.items =
                vec![item(100, ask(1, Operation::Exchange { ending: Ending::Commit }))];
            let mut run = Run::new(setup);
            run.safely_until(2_000);
            assert_eq!(run.statistic("delays_participants"), Some(3_000_000), "{form:?}, F = {f}");
        }
    }
}

/// The twin: with readers counted as writers, or acknowledgements that nobody needs, the figures are others.
#[test]
fn wrong_conventions_are_rejected() {
    let run = |form| cost(&of(form), 4, Ending::Commit);
    assert_ne!(row(&run(Form::PresumedCommit)).0, 4 * 4, "presumed commit has no acknowledgements");
    let mut setup = quiet(1, 4, &Parameters { read_only: false, ..of(Form::PresumedAbort) }, &[]);
    setup.plan.items = vec![item(100, ask(1, Operation::Audit {}))];
    let mut run = Run::new(setup);
    run.safely_until(90_000);
    assert_ne!(row(&run).0, 2 * 4, "readers that stay take part in phase 2");
}
