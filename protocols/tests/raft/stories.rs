//! Short stories of a correct Raft, each about one rule of the paper.

use orrery_protocols::kv::{Operation, Output};
use orrery_protocols::raft::{Index, Parameters, Raft, Term, is_up_to_date};
use orrery_sim::plan::{Action, Cut, Target};
use orrery_sim::{Duration, Law, Link, NodeId, Registration};

use crate::support::{
    Run, at, crash, cut, fire, get, item, ms, node, put, quiet, request, restart, scripted, value,
    with_clients,
};

#[test]
fn who_times_out_first_is_elected() {
    let first_timeouts = Some(vec![ms(200), ms(100), ms(300)]);
    let parameters = Parameters { first_timeouts, ..Parameters::default() };
    let mut run = Run::new(quiet(1, 3, &parameters, &[]));
    run.safely_until(103);
    assert_eq!(run.leader(), Some(NodeId(2)));
    assert_eq!(run.server(2).current_term(), Term(1));
    assert_eq!(run.statistic("election_time"), Some(102_000_000), "one round trip after 100 ms");
    assert_eq!(run.statistic("split"), Some(0));
    // The empty entry of the new term is committed, and followers learn it with the next heartbeat.
    run.safely_until(1_000);
    for id in 1..=3 {
        assert_eq!(run.server(id).commit_index(), Index(1), "n{id}");
    }
    assert_eq!(run.statistic("leader_changes"), Some(1));
}

#[test]
fn a_single_server_elects_itself_and_commits_alone() {
    let mut setup = quiet(1, 1, &Parameters::default(), &[]);
    setup.disk.sync = Law::Constant(ms(5));
    setup.clients.count = 1;
    setup.plan.items = vec![item(400, request(1, put("1"), 1)), item(500, request(1, get(), 1))];
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.answers(), [Output::Written, value("1")]);
}

/// Figure 7: which logs could get elected at the top of it, and how a leader makes all others equal
/// to its own.
const LEADER: &[u64] = &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
const FIGURE_7: [&[u64]; 6] = [
    &[1, 1, 1, 4, 4, 5, 5, 6, 6],
    &[1, 1, 1, 4],
    &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    &[1, 1, 1, 4, 4, 4, 4],
    &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
];

#[test]
fn figure_7_votes() {
    let logs: Vec<&[u64]> = std::iter::once(LEADER).chain(FIGURE_7).collect();
    let end = |log: &[u64]| (Term(*log.last().unwrap()), Index(log.len() as u64));
    let votes = |candidate: &[u64]| {
        logs.iter().filter(|voter| is_up_to_date(end(candidate), end(voter))).count()
    };
    let votes: Vec<usize> = logs.iter().map(|log| votes(log)).collect();
    assert_eq!(votes, [5, 4, 2, 6, 7, 3, 1]);
}

#[test]
fn figure_7_repair() {
    for max_entries in [1, 64] {
        let logs = std::iter::once(LEADER).chain(FIGURE_7).map(<[u64]>::to_vec);
        let parameters = Parameters {
            logs: Some(logs.collect()),
            terms: Some(vec![7; 7]),
            max_entries,
            ..scripted()
        };
        let mut setup = quiet(1, 7, &parameters, &[]);
        setup.plan.items = vec![item(10, fire(1))];
        let mut run = Run::new(setup);
        run.safely_until(2_000);
        assert_eq!(run.leader(), Some(NodeId(1)), "five of seven vote for it");
        let repaired: Vec<u64> = LEADER.iter().copied().chain([8]).collect();
        for id in 1..=7 {
            assert_eq!(run.terms(id), repaired, "n{id}");
            assert_eq!(run.server(id).commit_index(), Index(11));
        }
    }
}

#[test]
fn figure_8_does_not_happen() {
    let run = figure_8(&[]);
    assert_eq!(run.violation, None);
    // (d): the entry of term 2 was on a majority, was never committed, and is overwritten.
    assert_eq!(run.terms(3)[..2], [1, 3]);
}

#[test]
fn figure_8_happens_to_who_counts_old_replicas() {
    let violation = figure_8(&[orrery_protocols::raft::bugs::R1]).violation.clone().unwrap();
    assert_eq!(violation.rule, "Leader Completeness");
    assert_eq!(violation.facts.len(), 2);
    assert!(violation.facts[0].starts_with("n1 committed i2 of t2 as leader of t4"), "{violation}");
    assert!(violation.facts[1].starts_with("n5 leads t5 and has i2 of t3"), "{violation}");
}

/// The schedule of figure 8. All servers begin with one entry of term 1.
fn figure_8(bugs: &[orrery_sim::Bug]) -> Run {
    let logs = Some(vec![vec![1]; 5]);
    let parameters = Parameters { logs, no_op: false, max_entries: 1, ..scripted() };
    let mut setup = quiet(1, 5, &parameters, bugs);
    setup.clients.count = 3;
    let heal = || Action::Heal(None);
    setup.plan.items = vec![
        // (a) n1 leads term 2 and replicates an entry to n2 alone.
        item(10, fire(1)),
        item(20, cut(&[1, 2])),
        item(21, request(1, put("two"), 1)),
        item(30, crash(1)),
        item(31, heal()),
        // (b) n5 is elected by n3 and n4 in term 3 and accepts another entry by itself.
        item(32, cut(&[1, 2])),
        item(40, fire(5)),
        item(50, cut(&[5])),
        item(51, request(2, put("three"), 5)),
        item(60, crash(5)),
        item(61, heal()),
        // (c) n1 comes back, leads term 4, and replicates its old entry to n3.
        item(62, restart(1)),
        item(70, cut(&[4])),
        item(71, fire(1)),
        item(72, fire(1)),
        // (d) n1 crashes, n5 comes back and is elected in term 5 by n3 and n4, whose last term is
        // lower.
        item(200, crash(1)),
        item(201, crash(2)),
        item(202, heal()),
        item(203, restart(5)),
        item(204, fire(5)),
        item(206, fire(5)),
    ];
    let mut run = Run::new(setup);
    run.until(1_000);
    run
}

#[test]
fn a_minority_commits_nothing_and_its_entries_give_way() {
    let mut setup = quiet(1, 5, &scripted(), &[]);
    setup.clients.count = 2;
    setup.plan.items = vec![
        item(10, fire(1)),
        item(50, cut(&[1, 2])),
        item(60, request(1, put("lost"), 1)),
        item(70, fire(3)),
        item(90, request(2, put("kept"), 3)),
        item(300, Action::Heal(None)),
        item(500, request(2, get(), 3)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(299);
    assert_eq!(run.server(1).log().last_index(), Index(2));
    assert_eq!(run.server(1).commit_index(), Index(1));
    run.safely_until(499);
    // n1 stepped down and sent its client to the new leader, where its operation came after the
    // other's.
    assert_eq!(run.leader(), Some(NodeId(3)));
    assert_eq!(run.terms(1), [1, 2, 2, 2]);
    run.safely_until(600);
    assert_eq!(run.answers(), [Output::Written, Output::Written, value("lost")]);
}

#[test]
fn a_write_takes_two_delays_and_two_messages_per_follower() {
    let mut setup =
        quiet(1, 5, &Parameters { heartbeat: Duration::from_secs(10), ..scripted() }, &[]);
    setup.links.default = Link { latency: Law::Constant(ms(7)), ..Link::default() };
    setup.clients.count = 1;
    setup.plan.items = vec![
        item(10, fire(1)),
        item(100, request(1, put("1"), 1)),
        item(200, request(1, get(), 1)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(99);
    let (messages, writes) =
        (run.world.counters().total().sent, run.world.counters().forced_writes);
    run.safely_until(113);
    assert_eq!(run.answers(), []);
    run.safely_until(114);
    assert_eq!(run.answers(), [Output::Written]);
    run.safely_until(199);
    assert_eq!(run.world.counters().total().sent - messages, 8);
    assert_eq!(run.world.counters().forced_writes - writes, 5);
    // A read costs one round of heartbeats and no disk at all.
    run.safely_until(213);
    assert_eq!(run.answers().len(), 1);
    run.safely_until(214);
    assert_eq!(run.answers()[1], value("1"));
    assert_eq!(run.world.counters().total().sent - messages, 16);
    assert_eq!(run.world.counters().forced_writes - writes, 5);
}

#[test]
fn a_vote_outlives_a_crash() {
    let mut setup = quiet(1, 3, &scripted(), &[]);
    setup.disk.sync = Law::Constant(ms(3));
    // n3 votes for n1 and crashes before n1's answer; n2 asks for its vote in the same term.
    setup.plan.items = vec![
        item(10, cut(&[2])),
        item(11, fire(1)),
        item(20, crash(3)),
        item(21, Action::Heal(None)),
        item(22, crash(1)),
        item(23, restart(3)),
        item(24, fire(2)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(100);
    assert_eq!(run.server(3).voted_for(), Some(NodeId(1)));
    assert_eq!((run.server(2).current_term(), run.leader()), (Term(1), None));
}

#[test]
fn a_vote_that_never_reached_the_disk_was_never_told() {
    let mut setup = quiet(1, 3, &scripted(), &[]);
    setup.disk.sync = Law::Constant(ms(50));
    setup.plan.items = vec![item(10, fire(1)), item(70, crash(2)), item(71, restart(2))];
    let mut run = Run::new(setup);
    run.safely_until(69);
    assert_eq!(run.server(2).voted_for(), Some(NodeId(1)), "in memory, and on its way");
    run.safely_until(400);
    // The other follower's vote was enough.
    assert_eq!(run.leader(), Some(NodeId(1)));
    let granted = run.world.counters().messages().find(|(name, _)| *name == "RequestVoteResponse");
    assert_eq!(granted.unwrap().1.sent, 1);
}

#[test]
fn a_retry_after_a_lost_answer_takes_effect_once() {
    let mut setup = quiet(1, 3, &scripted(), &[]);
    setup.clients.count = 1;
    setup.clients.timeout = ms(100);
    let append = Operation::Append { key: "x".into(), value: "a".into() };
    // n1 replicates the entry and crashes before it can answer; n2 takes over with the entry in its
    // log.
    setup.plan.items = vec![
        item(10, fire(1)),
        item(50, request(1, append, 1)),
        item(52, Action::Crash { node: node(1), after_effects: Some(0) }),
        item(60, fire(2)),
        item(400, request(1, get(), 2)),
    ];
    setup.plan.items[2].trigger = orrery_sim::plan::Trigger::At(at(51));
    let mut run = Run::new(setup);
    run.safely_until(600);
    assert_eq!(run.answers(), [Output::Written, value("a")]);
    let probes: Vec<&str> = run.world.probes().hits().map(|(name, _)| name).collect();
    assert!(probes.contains(&"answer-from-session"), "{probes:?}");
}

#[test]
fn a_deposed_leader_answers_no_read() {
    let mut setup = quiet(1, 3, &scripted(), &[]);
    setup.clients.count = 2;
    setup.plan.items = vec![
        item(10, fire(1)),
        item(50, request(1, put("old"), 1)),
        item(100, cut(&[1])),
        item(110, fire(2)),
        item(150, request(1, put("new"), 2)),
        item(200, request(2, get(), 1)),
        item(250, Action::Heal(None)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(249);
    assert_eq!(run.answers().len(), 2, "the read waits for a majority that n1 does not have");
    run.safely_until(600);
    assert_eq!(run.answers()[2], value("new"));
}

#[test]
fn servers_that_take_no_part_are_silent() {
    let parameters = Parameters { live: Some(3), ..Parameters::default() };
    let mut run = Run::new(quiet(4, 5, &parameters, &[]));
    run.safely_until(3_000);
    assert!(run.leader().is_some_and(|leader| leader.0 <= 3));
    assert_eq!(run.server(4).current_term(), Term(0));
    assert_eq!(orrery_sim::Node::role(run.server(5)), "absent");
    assert!(Raft::is_core(&parameters, 5, &[NodeId(1), NodeId(2), NodeId(3)]));
    assert!(!Raft::is_core(&parameters, 5, &[NodeId(1), NodeId(2), NodeId(4), NodeId(5)]));
}

#[test]
fn clients_are_sent_to_the_leader() {
    let mut setup = quiet(9, 3, &Parameters::default(), &[]);
    with_clients(&mut setup, 3);
    let mut run = Run::new(setup);
    run.safely_until(3_000);
    let counters = run.world.counters();
    assert!(300 < counters.completed, "{}", counters.completed);
    assert!(counters.invoked <= counters.completed + 3);
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let refused = |parameters: Parameters| Raft::set_up(&parameters, 3).unwrap_err();
    let default = Parameters::default;
    assert!(refused(Parameters { logs: Some(vec![vec![2, 1]]), ..default() }).contains("n1"));
    assert!(refused(Parameters { live: Some(4), ..default() }).contains("live"));
    assert!(refused(Parameters { max_entries: 0, ..default() }).contains("max_entries"));
    assert!(refused(Parameters { terms: Some(vec![1; 4]), ..default() }).contains("terms"));
    let (logs, terms) = (Some(vec![vec![1, 2]]), Some(vec![1]));
    assert!(refused(Parameters { logs, terms, ..default() }).contains("raise its term"));
}

#[test]
fn a_one_way_cut_leaves_plain_raft_with_a_deaf_leader() {
    // n1 is heard and hears nobody: its followers stay quiet, as the paper's rules have it.
    let mut setup = quiet(1, 3, &Parameters::default(), &[]);
    let role = || Target::Role("leader".into());
    let others = Cut::OneWay(vec![node(1), node(2), node(3)], vec![role()]);
    setup.plan.items = vec![item(1_000, Action::Cut(others))];
    let mut run = Run::new(setup);
    run.safely_until(5_000);
    assert_eq!(run.statistic("leader_changes"), Some(1));
}
