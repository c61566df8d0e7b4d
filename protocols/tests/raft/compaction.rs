//! Stories about snapshots (§7) and the end of sessions (dissertation, §6.3).

use orrery_protocols::kv::{Operation, Output};
use orrery_protocols::raft::{Index, Parameters, Raft};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::Action;
use orrery_sim::{Bug, ClientId, Law, Probability, Setup};

use crate::support::{
    RaftAction, Run, chaos, crash, cut, fire, get, item, ms, quiet, request, restart, scripted,
    with_clients,
};

fn append(value: &str, client: u32, to: u32) -> RaftAction {
    request(client, Operation::Append { key: "x".into(), value: value.into() }, to)
}

fn snapshots() -> Parameters {
    Parameters { snapshot_after: Some(3), snapshot_chunk: 1, ..scripted() }
}

/// `n1` leads; the first client appends a, b, c and so on.
fn ten_writes(parameters: &Parameters, bugs: &[Bug]) -> Setup<Raft> {
    let mut setup = quiet(1, 3, parameters, bugs);
    setup.clients.count = 2;
    setup.plan.items = vec![item(10, fire(1))];
    for (place, letter) in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].iter().enumerate() {
        setup.plan.items.push(item(20 + 10 * place as u64, append(letter, 1, 1)));
    }
    setup
}

fn value(run: &Run, id: u32) -> Output {
    run.server(id).state_machine().outcome(&get())
}

#[test]
fn a_snapshot_stands_for_the_entries_before_it() {
    let mut run = Run::new(ten_writes(&snapshots(), &[]));
    run.safely_until(300);
    for id in 1..=3 {
        assert!(Index(6) <= run.server(id).log().base_index(), "n{id}");
        assert_eq!(run.server(id).log().last_index(), Index(11), "n{id}");
    }
}

#[test]
fn a_restart_goes_on_from_the_snapshot() {
    let mut setup = ten_writes(&snapshots(), &[]);
    setup.plan.items.extend([item(200, crash(2)), item(210, restart(2))]);
    let mut run = Run::new(setup);
    run.safely_until(211);
    let server = run.server(2);
    assert_eq!(server.last_applied(), server.log().base_index());
    assert!(Index(6) <= server.last_applied());
    run.safely_until(400);
    assert_eq!(value(&run, 2), Output::Value(Some("abcdefghij".into())));
}

#[test]
fn a_follower_that_missed_too_much_gets_the_snapshot_in_chunks() {
    let mut setup = ten_writes(&snapshots(), &[]);
    setup.plan.items.extend([item(15, cut(&[3])), item(300, Action::Heal(None))]);
    let mut run = Run::new(setup);
    run.safely_until(299);
    assert_eq!(run.server(3).log().last_index(), Index(1), "all but the first entry is missing");
    run.safely_until(700);
    assert_eq!(value(&run, 3), Output::Value(Some("abcdefghij".into())));
    assert!(Index(6) <= run.server(3).log().base_index());
    let chunks = run.sent(&["InstallSnapshot"]);
    assert!(2 <= chunks, "a value and a session, one piece each: {chunks}");
}

#[test]
fn a_snapshot_gets_through_a_network_that_loses_half() {
    let mut setup = ten_writes(&snapshots(), &[]);
    setup.plan.items.extend([item(15, cut(&[3])), item(300, Action::Heal(None))]);
    setup.links.default.loss = Probability::ratio(1, 2);
    setup.links.default.duplicate = Probability::ratio(1, 2);
    let mut run = Run::new(setup);
    run.safely_until(10_000);
    assert_eq!(run.server(3).last_applied(), run.server(1).last_applied());
}

/// A retry comes to a server that has the first attempt's effect only from a snapshot.
#[test]
fn a_snapshot_knows_the_sessions() {
    let story = |bugs: &[Bug]| {
        let mut setup = ten_writes(&snapshots(), bugs);
        setup.plan.items.extend([item(15, cut(&[3])), item(300, Action::Heal(None))]);
        let mut run = Run::new(setup);
        run.until(700);
        run.broken()
    };
    assert_eq!(story(&[]), None);
    assert_eq!(story(&[orrery_protocols::raft::bugs::R30]), Some("State Equals Replay"));
}

#[test]
fn a_session_ends_by_decision_of_the_log() {
    let parameters = Parameters { session_timeout: Some(ms(500)), ..scripted() };
    let mut setup = ten_writes(&parameters, &[]);
    // The second client's session is used again and again; the first one's is not.
    for place in 0..20 {
        setup.plan.items.push(item(200 + 100 * place, append("z", 2, 1)));
    }
    let mut run = Run::new(setup);
    run.safely_until(500);
    assert_eq!(run.server(2).state_machine().sessions().count(), 2);
    run.safely_until(2_100);
    for id in 1..=3 {
        let sessions: Vec<ClientId> =
            run.server(id).state_machine().sessions().map(|(client, _)| client).collect();
        assert_eq!(sessions, [ClientId(2)], "n{id}");
    }
}

#[test]
fn a_retry_after_the_end_of_its_session_ends_unknown() {
    // c1's write takes effect at n1, which is cut off before it answers: a crash of n1, in fact, before its reply is out.
    let parameters = Parameters { session_timeout: Some(ms(300)), ..scripted() };
    let mut setup = quiet(1, 3, &parameters, &[]);
    setup.clients.count = 1;
    setup.clients.timeout = ms(1_500);
    setup.clients.patience = ms(9_000);
    setup.plan.items = vec![
        item(10, fire(1)),
        item(20, append("a", 1, 1)),
        // n2 and n3 have the entry, n1 does not know.
        item(21, crash(1)),
        item(30, fire(2)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(3_000);
    let ending = run.world.history().last().map(|entry| entry.what.clone());
    assert_eq!(ending, Some(HistoryKind::Info), "nobody can know");
    assert_eq!(value(&run, 2), Output::Value(Some("a".into())), "it took effect once");
}

/// Chaos in which servers compact their logs all the time and sessions end.
pub(crate) fn compacting(seed: u64, bugs: &[Bug]) -> Setup<Raft> {
    let parameters = Parameters {
        snapshot_after: Some(2 + (seed % 7) as u32 * 5),
        snapshot_chunk: 1 + (seed % 3) as u32,
        session_timeout: seed.is_multiple_of(2).then(|| ms(400)),
        ..Parameters::default()
    };
    let mut setup = chaos(seed, 3 + 2 * (seed % 2) as u32, &parameters, bugs);
    with_clients(&mut setup, 4);
    setup.clients.think = Law::Exponential(ms(30 + 300 * (seed % 2)));
    setup
}

#[test]
fn nothing_goes_wrong_while_logs_are_compacted_and_sessions_end() {
    let (mut snapshots, mut installed) = (0, 0);
    for seed in 0..60 {
        let mut run = Run::new(compacting(seed, &[]));
        run.until(6_000);
        assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
        snapshots += run.world.up().filter(|(_, s)| Index(0) < s.log().base_index()).count();
        installed += run.sent(&["InstallSnapshot"]);
    }
    assert!(60 < snapshots && 60 < installed, "{snapshots} snapshots, {installed} chunks");
}
