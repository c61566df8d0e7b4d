//! Stories about configurations: one rule of chapter 4 of the dissertation each.

use orrery_protocols::kv::Output;
use orrery_protocols::raft::administration::Request;
use orrery_protocols::raft::{Configuration, Index, Note, Operation, Parameters, Raft, Role};
use orrery_sim::client::HistoryKind;
use orrery_sim::plan::Action;
use orrery_sim::{Bug, ClientId, NodeId, Setup};

use crate::support::{
    RaftAction, Run, chaos, crash, cut, fire, item, ms, quiet, request, restart, scripted,
    with_clients,
};

fn ids(ids: &[u32]) -> Vec<NodeId> {
    ids.iter().map(|id| NodeId(*id)).collect()
}

fn of(voters: &[u32]) -> Configuration {
    Configuration::of(ids(voters))
}

/// The first client, an administrator, asks this of `to`.
fn ask(wish: Request, to: u32) -> RaftAction {
    request(1, Operation::Administrative(wish), to)
}

fn put(value: &str, client: u32, to: u32) -> RaftAction {
    request(client, crate::support::put(value), to)
}

/// `n1` is elected at 12 ms by the first `voters` of `nodes`, and a write of 20 ms is committed.
fn led_by_n1(voters: &[u32], nodes: u32, bugs: &[Bug]) -> Setup<Raft> {
    let parameters = Parameters { voters: Some(ids(voters)), ..scripted() };
    let mut setup = quiet(1, nodes, &parameters, bugs);
    setup.clients.count = 3;
    setup.clients.patience = ms(10_000);
    setup.plan.items = vec![item(10, fire(1)), item(20, put("a", 2, 1))];
    setup
}

fn answers(run: &Run) -> Vec<(u32, Option<Output>)> {
    let entries = run.world.history().iter().filter_map(|entry| {
        let client = entry.operation.client.0;
        match &entry.what {
            HistoryKind::Ok(output) => Some((client, Some(output.clone()))),
            HistoryKind::Fail => Some((client, None)),
            HistoryKind::Invoke(_) | HistoryKind::Info => None,
        }
    });
    entries.collect()
}

#[test]
fn a_server_is_added_after_it_has_caught_up() {
    let mut setup = led_by_n1(&[1, 2, 3], 4, &[]);
    setup.plan.items.push(item(100, ask(Request::AddServer { server: NodeId(4) }, 1)));
    let mut run = Run::new(setup);
    run.safely_until(103);
    assert_eq!(*run.server(1).configuration(), of(&[1, 2, 3]), "first it catches up");
    assert_eq!(run.server(4).log().last_index(), Index(2), "with all that there is");
    run.safely_until(200);
    for id in 1..=4 {
        assert_eq!(*run.server(id).configuration(), of(&[1, 2, 3, 4]), "n{id}");
    }
    assert_eq!(answers(&run), [(2, Some(Output::Written)), (1, Some(Output::Done))]);
}

#[test]
fn a_server_that_does_not_answer_is_not_added() {
    let mut setup = led_by_n1(&[1, 2, 3], 4, &[]);
    let parameters = Parameters { voters: Some(ids(&[1, 2, 3])), ..Parameters::default() };
    setup.configs = quiet(1, 4, &parameters, &[]).configs;
    setup.plan.items = vec![
        item(0, crash(4)),
        item(500, ask(Request::AddServer { server: NodeId(4) }, 1)),
        item(600, put("b", 2, 1)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(6_000);
    assert_eq!(answers(&run), [(2, Some(Output::Written)), (1, None)], "writes go on meanwhile");
    assert_eq!(*run.server(run.leader().unwrap().0).configuration(), of(&[1, 2, 3]));
}

#[test]
fn a_learner_gets_the_log_and_has_no_say() {
    let mut setup = led_by_n1(&[1, 2, 3], 4, &[]);
    setup.plan.items.extend([
        item(100, ask(Request::AddLearner { server: NodeId(4) }, 1)),
        item(200, crash(2)),
        item(210, crash(3)),
        item(300, put("b", 2, 1)),
    ]);
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    assert_eq!(run.server(4).log().last_index(), Index(4), "the learner has the new entry");
    assert_eq!(run.server(1).commit_index(), Index(3), "n1 and a learner are no majority of three");
}

#[test]
fn a_leader_that_is_removed_sees_to_it_and_steps_down() {
    let mut setup = led_by_n1(&[1, 2, 3], 3, &[]);
    setup.plan.items.extend([
        item(100, ask(Request::RemoveServer { server: NodeId(1) }, 1)),
        item(200, fire(1)),
        item(210, fire(2)),
    ]);
    let mut run = Run::new(setup);
    run.safely_until(190);
    assert_eq!(answers(&run), [(2, Some(Output::Written)), (1, Some(Output::Done))]);
    assert_eq!(run.leader(), None, "it leads no more");
    run.safely_until(400);
    assert_eq!(run.leader(), Some(NodeId(2)), "and does not stand again");
}

#[test]
fn a_leader_that_is_removed_leaves_the_next_change_to_the_next_leader() {
    let mut setup = led_by_n1(&[1, 2, 3], 3, &[]);
    let back = Operation::Administrative(Request::AddServer { server: NodeId(1) });
    let back = request(3, back, 1);
    setup.plan.items.extend([
        item(100, ask(Request::RemoveServer { server: NodeId(1) }, 1)),
        item(101, back),
        item(210, fire(2)),
    ]);
    let mut run = Run::new(setup);
    run.safely_until(190);
    let sent_back: Vec<_> = answers(&run).into_iter().filter(|(client, _)| *client == 3).collect();
    assert_eq!(sent_back, [], "n1 does not let itself in again");
    assert!(
        matches!(run.server(1).current_role(), Role::Follower { leader: None }),
        "nor follow itself"
    );
    run.safely_until(1_000);
    assert_eq!(run.leader(), Some(NodeId(2)));
    assert_eq!(*run.server(2).configuration(), of(&[1, 2, 3]), "n2 does");
}

#[test]
fn a_change_of_many_servers_goes_by_way_of_a_joint_configuration() {
    let mut setup = led_by_n1(&[1, 2, 3], 5, &[]);
    let request = Request::ChangeServers { servers: ids(&[3, 4, 5]) };
    setup.plan.items.push(item(100, ask(request, 1)));
    let mut run = Run::new(setup);
    run.safely_until(1_000);
    let committed = run.notes.iter().filter_map(|entry| match &entry.note {
        Note::Reconfigured { configuration, .. } if entry.node == NodeId(1) => {
            Some(configuration.is_joint())
        }
        _ => None,
    });
    assert_eq!(committed.collect::<Vec<_>>(), [true, false]);
    assert_eq!(*run.server(4).configuration(), of(&[3, 4, 5]));
    assert_eq!(run.leader(), None, "n1 is not among them");
}

#[test]
fn a_joint_configuration_commits_nothing_without_the_old_majority() {
    let mut setup = led_by_n1(&[1, 2, 3], 5, &[]);
    let request = Request::ChangeServers { servers: ids(&[3, 4, 5]) };
    setup.plan.items.extend([
        item(100, ask(request, 1)),
        // Everybody has caught up and the joint configuration is on its way: 1 and 2 are alone, but for each other.
        item(105, cut(&[1, 2])),
    ]);
    let mut run = Run::new(setup);
    run.safely_until(300);
    assert!(run.server(1).configuration().is_joint());
    assert_eq!(run.server(1).commit_index(), Index(2), "two of three old ones, none of the new");
}

#[test]
fn a_truncated_configuration_is_forgotten() {
    let mut setup = led_by_n1(&[1, 2, 3], 3, &[]);
    setup.plan.items.extend([
        item(100, cut(&[1])),
        item(110, ask(Request::RemoveServer { server: NodeId(3) }, 1)),
        item(200, fire(2)),
        item(300, Action::Heal(None)),
    ]);
    let mut run = Run::new(setup);
    run.safely_until(250);
    assert_eq!(*run.server(1).configuration(), of(&[1, 2]), "in use, though not committed");
    run.safely_until(306);
    assert_eq!(*run.server(1).configuration(), of(&[1, 2, 3]));
}

#[test]
fn a_restart_finds_its_configuration_in_the_journal() {
    let mut setup = led_by_n1(&[1, 2, 3], 4, &[]);
    setup.plan.items.extend([
        item(100, ask(Request::AddServer { server: NodeId(4) }, 1)),
        item(300, crash(4)),
        item(400, restart(4)),
    ]);
    let mut run = Run::new(setup);
    run.safely_until(401);
    assert_eq!(*run.server(4).configuration(), of(&[1, 2, 3, 4]));
}

/// Random changes of membership beside everything else that goes wrong.
pub(crate) fn changing(seed: u64, bugs: &[Bug]) -> Setup<Raft> {
    let parameters = Parameters {
        voters: Some(ids(&[1, 2, 3])),
        snapshot_after: Some(10 + 10 * (seed % 4) as u32),
        snapshot_chunk: 2,
        ..Parameters::default()
    };
    let mut setup = chaos(seed, 5, &parameters, bugs);
    let requests = [
        Request::AddServer { server: NodeId(4) },
        Request::RemoveServer { server: NodeId(1 + seed as u32 % 3) },
        Request::AddLearner { server: NodeId(5) },
        Request::ChangeServers { servers: ids(&[2, 4, 5]) },
        Request::AddServer { server: NodeId(1) },
        Request::ChangeServers { servers: ids(&[1, 2, 3]) },
    ];
    for (place, request) in requests.into_iter().enumerate() {
        let operation = Operation::Administrative(request);
        let request = Action::Request { client: ClientId(4), operation, to: None };
        setup.plan.items.push(item(600 + 700 * place as u64, request));
    }
    setup.clients.count = 4;
    setup
}

#[test]
fn nothing_goes_wrong_while_servers_come_and_go() {
    let mut reconfigured = 0;
    for seed in 0..60 {
        let mut run = Run::new(changing(seed, &[]));
        run.until(6_000);
        assert_eq!(run.violation, None, "seed {seed}: {:?}", run.violation);
        reconfigured += run.times(|_, note| matches!(note, Note::Reconfigured { .. }));
    }
    assert!(60 * 8 < reconfigured, "{reconfigured} changes seen: too few to prove anything");
}

#[test]
fn clients_are_served_while_servers_come_and_go() {
    let mut setup = led_by_n1(&[1, 2, 3], 6, &[]);
    let parameters = Parameters {
        voters: Some(ids(&[1, 2, 3])),
        snapshot_after: Some(20),
        ..Parameters::default()
    };
    setup.configs = quiet(1, 6, &parameters, &[]).configs;
    with_clients(&mut setup, 3);
    setup.plan.items = vec![
        item(1_000, ask(Request::ChangeServers { servers: ids(&[4, 5, 6]) }, 1)),
        item(3_000, crash(1)),
        item(3_000, crash(2)),
        item(3_000, crash(3)),
    ];
    let mut run = Run::new(setup);
    run.safely_until(4_000);
    let before = run.statistic("committed");
    run.safely_until(5_000);
    assert!(before < run.statistic("committed"), "the new servers go on without the old");
}
