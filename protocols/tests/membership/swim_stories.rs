//! Short stories of correct members, each about one rule of the paper.

use orrery_protocols::swim::{
    Incarnation, Note, Opinion, Parameters, Status, Swim, Targets, suspicion_timeout,
};
use orrery_sim::plan::Action;
use orrery_sim::testing::{
    Run, at, between, crash, cut, hold_all, item, ms, pause, quiet, restart, resume,
};
use orrery_sim::{Duration, NodeId, Registration};

/// Periods of 100 ms that all begin together, messages of 5 ms.
fn parameters() -> Parameters {
    Parameters {
        period: ms(100),
        timeout: ms(20),
        aligned: true,
        suspicion: 2,
        reconnect: 0,
        ..Parameters::default()
    }
}

fn run(
    nodes: u32,
    parameters: &Parameters,
    plan: Vec<orrery_sim::plan::Item<()>>,
    bugs: &[orrery_sim::Bug],
) -> Run<Swim> {
    let mut setup = quiet::<Swim>(1, nodes, parameters, ms(5), bugs);
    setup.plan.items = plan;
    Run::new(setup, parameters)
}

const fn opinion(incarnation: u64, status: Status) -> Opinion {
    Opinion { incarnation: Incarnation(incarnation), status }
}

#[test]
fn a_period_costs_each_member_one_ping_and_one_ack_however_many_there_are() {
    for nodes in [2, 5, 40] {
        let mut run = run(nodes, &parameters(), vec![], &[]);
        run.safely_until(999);
        assert_eq!(run.world.counters().total().sent, 10 * 2 * u64::from(nodes), "{nodes}");
        assert_eq!(run.world.counters().forced_writes, 0);
    }
}

#[test]
fn targets_in_turn_are_each_pinged_once_in_a_round() {
    let mut run = run(6, &parameters(), vec![], &[]);
    run.world.set_tracing(true);
    let mut pinged = vec![];
    while run.world.step(at(499)).unwrap().is_some() {
        for outcome in &run.world.last().outcomes {
            if let orrery_sim::step::Outcome::Sent { message, kind, .. } = outcome
                && kind.name == "Ping"
                && message.from == NodeId(3)
            {
                pinged.push(message.to.0);
            }
        }
    }
    pinged.sort_unstable();
    assert_eq!(pinged, [1, 2, 4, 5, 6]);
}

#[test]
fn a_silent_member_is_pinged_by_k_others_and_suspected_at_the_end_of_the_period() {
    let plan = vec![item(450, crash(3))];
    let mut run = run(7, &parameters(), plan, &[]);
    run.safely_until(2_000);
    let suspected = run.noted(|_, note| matches!(note, Note::Suspects { member: NodeId(3), .. }));
    assert_eq!(suspected.unwrap() % 100, 0, "when a period ends");
    let failed = run.times(|_, note| matches!(note, Note::ProbeFailed { .. })) as u64;
    assert_eq!(run.sent(&["PingReq"]), 3 * failed, "3 helpers for each probe in vain");
    assert_eq!(run.sent(&["Nack"]), 0, "they belong to Lifeguard");
}

#[test]
fn a_small_group_has_fewer_helpers() {
    let mut run = run(4, &parameters(), vec![item(450, crash(3))], &[]);
    run.safely_until(5_000);
    let failed = run.times(|_, note| matches!(note, Note::ProbeFailed { .. })) as u64;
    assert_eq!(run.sent(&["PingReq"]), 2 * failed);
}

#[test]
fn others_reach_whom_one_does_not() {
    let mut run = run(4, &parameters(), vec![item(50, between(&[1], &[2]))], &[]);
    run.safely_until(3_000);
    assert!(0 < run.sent(&["PingReq"]));
    assert_eq!(run.times(|_, note| matches!(note, Note::ProbeFailed { .. })), 0);
}

#[test]
fn who_does_not_deny_is_confirmed_when_its_time_is_over() {
    let mut run = run(7, &parameters(), vec![item(450, crash(3))], &[]);
    run.safely_until(4_000);
    let suspected = run.noted(|_, note| matches!(note, Note::Suspects { .. })).unwrap();
    let confirmed = run.noted(|_, note| matches!(note, Note::Confirms { .. })).unwrap();
    // 2 times log2 8 periods.
    assert_eq!(confirmed, suspected + 600);
    for (id, member) in run.world.up() {
        assert_eq!(member.opinion(NodeId(3)), opinion(0, Status::Faulty), "{id}");
    }
}

#[test]
fn a_denial_is_on_disk_before_it_is_heard_and_overrides_the_suspicion() {
    let plan = vec![item(450, pause(3)), item(900, resume(3))];
    let mut run = run(7, &parameters(), plan, &[]);
    run.safely_until(4_000);
    assert_eq!(run.node(3).incarnation(), Incarnation(1));
    assert_eq!(run.world.counters().forced_writes, 1);
    for (id, member) in run.world.up() {
        assert_eq!(member.opinion(NodeId(3)), opinion(1, Status::Alive), "{id}");
    }
    assert_eq!(run.times(|_, note| matches!(note, Note::Confirms { .. })), 0);
}

#[test]
fn a_member_that_comes_back_is_trusted_in_its_next_incarnation() {
    let plan = vec![item(450, crash(3)), item(3_000, restart(3)), item(4_000, crash(3))];
    let mut run = run(7, &parameters(), plan, &[]);
    run.safely_until(3_900);
    assert_eq!(run.node(1).opinion(NodeId(3)), opinion(1, Status::Alive));
    run.safely_until(8_000);
    assert_eq!(run.node(1).opinion(NodeId(3)), opinion(1, Status::Faulty));
}

#[test]
fn an_old_word_does_not_bring_back_the_dead() {
    let plan = vec![
        item(450, pause(4)),
        item(899, hold_all(4, 2)),
        item(900, resume(4)),
        item(1_500, crash(4)),
        item(4_500, Action::Release(None)),
    ];
    let mut run = run(5, &parameters(), plan, &[]);
    run.safely_until(4_400);
    assert_eq!(run.node(2).opinion(NodeId(4)), opinion(1, Status::Faulty));
    run.safely_until(5_000);
    assert_eq!(run.node(2).opinion(NodeId(4)), opinion(1, Status::Faulty));
}

#[test]
fn a_healed_partition_stays_split_unless_members_look_for_the_lost() {
    for (reconnect, lost) in [(0, 2), (5, 0)] {
        let parameters = Parameters { reconnect, ..parameters() };
        let plan = vec![item(450, cut(&[1, 2])), item(3_000, Action::Heal(None))];
        let mut run = run(4, &parameters, plan, &[]);
        run.safely_until(10_000);
        assert_eq!(run.node(1).faulty().len(), lost, "reconnect = {reconnect}");
    }
}

#[test]
fn news_is_sent_a_bounded_number_of_times() {
    let mut run = run(7, &parameters(), vec![item(450, crash(3))], &[]);
    run.safely_until(6_000);
    run.world.set_tracing(true);
    while run.world.step(at(8_000)).unwrap().is_some() {
        for outcome in &run.world.last().outcomes {
            if let orrery_sim::step::Outcome::Sent { payload, .. } = outcome {
                assert!(!format!("{payload:?}").contains("Update"), "{payload:?}");
            }
        }
    }
}

#[test]
fn each_further_accuser_shortens_the_time_to_deny() {
    let parameters = Parameters { dogpile: 6, accusers_wanted: 3, ..parameters() };
    let settings = &Swim::set_up(&parameters, 8).unwrap()[0];
    let timeouts = [0, 1, 2, 3, 9].map(|accusers| suspicion_timeout(settings, 8, accusers));
    // From 6 times 2 · 4 periods down to once that, by log(c + 1) / log 4: 1/2 for one, 0.79248 for two.
    assert_eq!(timeouts[0], ms(4_800));
    assert_eq!(timeouts[1], ms(2_800));
    assert_eq!(timeouts[2].as_nanos() / 1_000_000, 1_630);
    assert_eq!(timeouts[3..], [ms(800); 2]);
    // Three further accusers are not to be had among four members.
    assert_eq!(suspicion_timeout(settings, 4, 0), ms(600));
}

#[test]
fn who_hears_nothing_doubts_itself_and_takes_its_time() {
    let parameters = Parameters { local_health: 8, ..parameters() };
    let mut run = run(5, &parameters, vec![item(450, cut(&[1]))], &[]);
    run.safely_until(3_000);
    // Neither acks nor nacks: each period is longer than the one before.
    let failures: Vec<u64> = run
        .notes
        .iter()
        .filter(|entry| entry.node == NodeId(1) && matches!(entry.note, Note::ProbeFailed { .. }))
        .map(|entry| entry.time.as_nanos() / 1_000_000)
        .collect();
    // The third period of doubt was cut short by nothing: 1 + 3 silent helpers, then 3 more.
    assert!(failures[1] - failures[0] > 300, "{failures:?}");
}

#[test]
fn helpers_that_hear_nothing_either_say_so() {
    let parameters = Parameters { local_health: 8, ..parameters() };
    let mut run = run(5, &parameters, vec![item(450, crash(5))], &[]);
    run.safely_until(2_000);
    assert!(0 < run.sent(&["Nack"]));
    assert_eq!(run.sent(&["Nack"]), run.sent(&["PingReq"]));
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let parameters = |change: fn(&mut Parameters)| {
        let mut parameters = Parameters::default();
        change(&mut parameters);
        Swim::set_up(&parameters, 3)
    };
    assert!(parameters(|p| p.timeout = ms(400)).unwrap_err().contains("`timeout`"));
    assert!(parameters(|p| p.timeout = Duration::ZERO).unwrap_err().contains("`timeout`"));
    assert!(parameters(|p| p.piggyback = 0).unwrap_err().contains("`piggyback`"));
    assert!(parameters(|p| p.targets = Targets::Random).is_ok());
}
