//! Short stories, one per rule: who decides what, and when. Links take 10 ms, disks no time. A transaction asked at 100 ms has done
//! its work at 120, its participants vote at 130, the coordinator decides at 140.

use orrery_protocols::commit::{Form, Heuristic, Note, Outcome, Parameters, TerminationRule};
use orrery_sim::plan::{Action, Item, Trigger};
use orrery_sim::{ClientId, Law};

use crate::support::{
    ALL, CommitAction, Run, ask, crash, cut, hold, item, ms, node, quiet, restart, transfer,
};

use Outcome::{Abort, Commit};

fn when(predicate: &str, action: CommitAction) -> Item<orrery_protocols::bank::Operation> {
    let trigger = Trigger::When(predicate.parse().unwrap());
    Item { name: None, trigger, within: None, action }
}

/// Crashes `n1` inside of the event, after so many of its effects.
fn crash_inside(predicate: &str, effects: u32) -> Item<orrery_protocols::bank::Operation> {
    when(predicate, Action::Crash { node: node(1), after_effects: Some(effects) })
}

/// Uncertain participants ask every 50 ms; nobody loses patience with votes.
fn of(protocol: Form) -> Parameters {
    Parameters {
        variant: protocol,
        inquiry: ms(50),
        vote_timeout: ms(10_000),
        read_only: false,
        ..Parameters::default()
    }
}

fn run(parameters: &Parameters, plan: Vec<Item<orrery_protocols::bank::Operation>>) -> Run {
    let mut setup = quiet(1, 3, parameters, &[]);
    setup.plan.items = plan;
    Run::new(setup)
}

#[test]
fn a_transfer_takes_effect_at_both_banks() {
    for form in ALL {
        let parameters = Parameters { variant: form, ..Parameters::default() };
        let mut run = run(&parameters, vec![item(100, ask(1, transfer(30)))]);
        run.safely_until(1_000);
        assert_eq!(run.endings(), [1, 0, 0], "{form:?}");
        assert_eq!([0, 1, 2].map(|account| run.balance(account)), [70, 130, 100], "{form:?}");
    }
}

#[test]
fn a_transfer_that_is_not_covered_takes_effect_nowhere() {
    for form in ALL {
        let parameters = Parameters { variant: form, ..Parameters::default() };
        let mut run = run(&parameters, vec![item(100, ask(1, transfer(101)))]);
        run.safely_until(2_000);
        assert_eq!(run.endings(), [0, 1, 0], "{form:?}");
        assert_eq!([0, 1, 2].map(|account| run.balance(account)), [100, 100, 100], "{form:?}");
        let last = run.world.node_count();
        assert_eq!(run.stuck(last), (0, 0), "{form:?}");
    }
}

/// Known answers 3.3: the coordinator crashes when it has the last yes and has said nothing.
fn blocked(cooperative: bool) -> Run {
    let parameters = Parameters { coordinators: 2, cooperative, ..of(Form::TwoPhase) };
    let another =
        Action::Request { client: ClientId(2), operation: transfer(1), to: Some(node(2)) };
    let plan = vec![
        item(100, ask(1, transfer(30))),
        crash_inside("deliver Vote to n1 #3", 0),
        item(200, another),
        item(1_000, restart(1)),
    ];
    run(&parameters, plan)
}

#[test]
fn between_vote_and_outcome_everybody_is_blocked() {
    for cooperative in [false, true] {
        let mut run = blocked(cooperative);
        run.safely_until(550);
        // Uncertain since 130, with locks held: another client's work waits for them.
        // The third account is only read by both, and shared.
        let stuck = [(1, 1), (1, 1), (1, 0)];
        assert_eq!([3, 4, 5].map(|id| run.stuck(id)), stuck, "cooperative: {cooperative}");
        assert_eq!(run.decisions(), []);
        run.safely_until(5_000);
        // They ask every 50 ms. The one of 1 030 finds the coordinator back, and it knows nothing: abort.
        let aborted = [3, 4, 5].map(|id| (id, Abort, 1_050));
        assert_eq!(run.decisions(), aborted, "cooperative: {cooperative}");
        assert_eq!(run.statistic("in_doubt"), Some(920_000_000));
        assert_eq!(run.statistic("blocked"), Some(2));
    }
}

#[test]
fn who_has_not_voted_frees_the_others_in_two_delays() {
    let plan = vec![
        item(100, ask(1, transfer(30))),
        item(100, hold(1, 4, "Prepare")),
        item(141, crash(1)),
    ];
    let mut free = run(&Parameters { cooperative: true, ..of(Form::TwoPhase) }, plan.clone());
    free.safely_until(5_000);
    // They ask at 180. n4 was never asked to vote, and aborts when it hears that.
    assert_eq!(free.decisions(), [(4, Abort, 190), (2, Abort, 200), (3, Abort, 200)]);
    let mut stuck = run(&of(Form::TwoPhase), plan);
    stuck.safely_until(5_000);
    assert_eq!(stuck.decisions(), []);
}

#[test]
fn who_knows_frees_the_others_in_two_delays() {
    let plan = vec![
        item(100, ask(1, transfer(30))),
        item(100, hold(1, 3, "Commit")),
        item(100, hold(1, 4, "Commit")),
        item(145, crash(1)),
    ];
    let mut run = run(&Parameters { cooperative: true, ..of(Form::TwoPhase) }, plan);
    run.safely_until(5_000);
    let expected = [(1, Commit, 140), (2, Commit, 150), (3, Commit, 200), (4, Commit, 200)];
    assert_eq!(run.decisions(), expected);
}

/// N7: the coordinator may crash anywhere, and comes back.
#[test]
fn a_coordinator_may_crash_at_every_boundary() {
    for form in [
        Form::TwoPhase,
        Form::PresumedAbort,
        Form::PresumedCommit,
        Form::Linear,
        Form::Decentralised,
    ] {
        for event in ["deliver Worked to n1 #3", "deliver Vote to n1 #3", "deliver Ack to n1 #1"] {
            for effects in 0..10 {
                let mut plan = vec![
                    item(100, ask(1, transfer(30))),
                    crash_inside(event, effects),
                    item(500, restart(1)),
                    item(2_000, ask(2, transfer(30))),
                ];
                for item in &mut plan {
                    item.within = matches!(item.trigger, Trigger::When(_)).then(|| ms(400));
                }
                let mut run = run(&of(form), plan);
                run.safely_until(4_000);
                assert!(
                    [2, 3, 4].iter().all(|id| run.stuck(*id) == (0, 0)),
                    "{form:?} {event} {effects}"
                );
                assert_eq!(
                    run.endings()[0],
                    if run.balance(0) == 40 { 2 } else { 1 }.min(run.endings()[0])
                );
            }
        }
    }
}

/// N8: presumed abort forgets aborted transactions, and nobody minds.
#[test]
fn a_lazy_abort_record_may_be_lost() {
    let plan = vec![
        item(100, ask(1, transfer(101))),
        item(155, crash(3)),
        item(156, crash(1)),
        item(300, restart(3)),
        item(300, restart(1)),
        item(1_000, ask(2, transfer(30))),
    ];
    for seed in 0..8 {
        let mut setup = quiet(seed, 3, &of(Form::PresumedAbort), &[]);
        setup.plan.items.clone_from(&plan);
        let mut run = Run::new(setup);
        run.safely_until(3_000);
        assert_eq!([0, 1].map(|account| run.balance(account)), [70, 130], "seed {seed}");
    }
}

#[test]
fn a_heuristic_decision_may_do_damage_and_is_reported() {
    let heuristic = Some(Heuristic { after: ms(300), outcome: Abort });
    let plan = vec![
        item(100, ask(1, transfer(30))),
        item(100, hold(1, 3, "Commit")),
        item(145, crash(1)),
        item(1_000, restart(1)),
        item(1_000, Action::Release(None)),
    ];
    let parameters = Parameters { heuristic, ..of(Form::TwoPhase) };
    let mut setup = quiet(1, 3, &parameters, &[]);
    setup.plan.items = plan;
    let mut run = Run::judged_by(setup.clone(), &["AC3 Unanimity"]);
    run.safely_until(3_000);
    assert_eq!(run.statistic("damage").map(|damage| 0 < damage), Some(true));
    let is_report =
        |note: &Note| matches!(note, Note::HeuristicDamage { did: Abort, should: Commit, .. });
    assert!(0 < run.times(|_, note| is_report(note)));
    assert_eq!(Run::new(setup).until(3_000).broken(), Some("AC1 Agreement"));
}

/// N14: in three-phase commit the participants decide without the coordinator, wherever it crashes.
#[test]
fn three_phase_commit_does_not_block() {
    let parameters = Parameters { variant: Form::ThreePhase, ..Parameters::default() };
    let events =
        ["deliver Worked to n1 #3", "deliver Vote to n1 #3", "deliver PreCommitAck to n1 #3"];
    for event in events {
        for effects in 0..12 {
            let mut plan = vec![item(100, ask(1, transfer(30))), crash_inside(event, effects)];
            plan[1].within = Some(ms(400));
            let mut run = run(&parameters, plan);
            run.safely_until(5_000);
            assert!([2, 3, 4].iter().all(|id| run.stuck(*id).0 == 0), "{event} {effects}");
        }
    }
}

/// 5.T4: all voted yes, n2 and n3 know it, n4 does not, and a partition looks like crashes to both sides.
fn split(parameters: &Parameters) -> Run {
    let plan = vec![
        item(100, ask(1, transfer(30))),
        item(100, hold(1, 4, "PreCommit")),
        item(155, crash(1)),
        item(155, cut(&[4])),
    ];
    run(parameters, plan)
}

#[test]
fn a_partition_splits_three_phase_commit() {
    for termination in [TerminationRule::Elected, TerminationRule::Naive] {
        let parameters =
            Parameters { variant: Form::ThreePhase, termination, ..Parameters::default() };
        let mut run = split(&parameters);
        run.until(5_000);
        assert_eq!(run.broken(), Some("AC1 Agreement"), "{termination:?}");
    }
}

/// The twin of elected termination: crashes alone are enough to split the naive one.
#[test]
fn naive_termination_is_split_by_one_crash() {
    for (termination, broken) in [(TerminationRule::Naive, true), (TerminationRule::Elected, false)]
    {
        let parameters =
            Parameters { variant: Form::ThreePhase, termination, ..Parameters::default() };
        // Inside of the last vote: the first two are told, the third is not.
        let broke = (0..12).any(|effects| {
            let plan = vec![
                item(100, ask(1, transfer(30))),
                crash_inside("deliver Vote to n1 #3", effects),
            ];
            run(&parameters, plan).until(5_000).broken().is_some()
        });
        assert_eq!(broke, broken, "{termination:?}");
    }
}

/// 5.T5: the same schedule. The side with a majority of acceptors decides, the other waits.
#[test]
fn a_partition_does_not_split_paxos_commit() {
    for form in [Form::PaxosCommit, Form::FasterPaxosCommit] {
        // n1 to n3 are acceptors, n4 to n6 resource managers. The initiator is n4.
        let plan = vec![
            item(100, ask(1, transfer(30))),
            item(100, hold(1, 6, "Commit")),
            item(100, hold(1, 6, "Phase2b")),
            item(100, hold(2, 6, "Phase2b")),
            item(171, crash(1)),
            item(171, cut(&[6])),
            item(2_000, Action::Heal(None)),
        ];
        let mut run = run(&of(form), plan);
        run.safely_until(1_999);
        assert_eq!(run.stuck(6).0, 1, "{form:?}");
        assert_eq!([4, 5].map(|id| run.stuck(id).0), [0, 0], "{form:?}");
        run.safely_until(5_000);
        assert_eq!([4, 5, 6].map(|id| run.stuck(id).0), [0, 0, 0], "{form:?}");
        assert_eq!([0, 1].map(|account| run.balance(account)), [70, 130], "{form:?}");
    }
}

/// With F + 1 of 2F + 1 acceptors up, a leader's crash and a silent resource manager end in a decision.
#[test]
fn paxos_commit_decides_although_a_resource_manager_is_silent() {
    let plan = vec![item(100, ask(1, transfer(30))), item(125, crash(6)), item(140, crash(1))];
    let mut run = run(&of(Form::PaxosCommit), plan);
    run.safely_until(5_000);
    assert_eq!([4, 5].map(|id| run.stuck(id).0), [0, 0]);
    assert_eq!([0, 1].map(|account| run.balance(account)), [100, 100]);
    assert!(0 < run.times(|_, note| matches!(note, Note::BallotBegan { .. })));
}

/// A checkpoint keeps what is in doubt.
#[test]
fn a_checkpoint_keeps_what_is_in_doubt() {
    let mut setup = quiet(1, 3, &Parameters { checkpoint: 1, ..of(Form::TwoPhase) }, &[]);
    setup.disk.sync = Law::Constant(ms(1));
    setup.plan.items = (1..=3)
        .map(|time| item(time * 300, ask(1, transfer(10))))
        .chain([item(1_000, crash(3)), item(1_100, restart(3)), item(1_500, ask(2, transfer(10)))])
        .collect();
    let mut run = Run::new(setup);
    run.safely_until(3_000);
    assert_eq!([0, 1].map(|account| run.balance(account)), [60, 140]);
}
