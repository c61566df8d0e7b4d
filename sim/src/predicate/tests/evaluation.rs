//! What holds of a small cluster.

use std::cell::Cell;

use serde::Serialize;

use crate::id::{ClientId, NodeId};
use crate::predicate::*;
use crate::time::{Duration, SimTime};
use crate::value::Value;

#[derive(Clone, Copy, Serialize)]
struct Term(u64);

#[derive(Serialize)]
enum Role {
    Follower { leader: Option<NodeId> },
    Leader { next_index: Vec<(NodeId, u64)> },
}

#[derive(Serialize)]
struct State {
    term: Term,
    commit_index: u64,
    voted_for: Option<NodeId>,
    role: Role,
    patience: Duration,
    votes: Vec<NodeId>,
    largest: i128,
}

#[derive(Serialize)]
enum Message {
    Append { term: Term, entries: Vec<Entry>, key: &'static str },
    Ping(u8),
}

#[derive(Serialize)]
struct Entry {
    term: Term,
}

/// Five nodes: `n1` is down, `n2` leads, the rest follow.
#[derive(Default)]
struct Cluster {
    states_built: Cell<u32>,
    is_dead: Cell<bool>,
}

impl Scope for Cluster {
    fn now(&self) -> SimTime {
        SimTime::from_nanos(1_500_000_000)
    }
    fn node_count(&self) -> u32 {
        5
    }
    fn is_up(&self, node: NodeId) -> bool {
        node != NodeId(1) && !self.is_dead.get()
    }
    fn role(&self, node: NodeId) -> &str {
        match node.0 {
            1 => "",
            2 => "leader",
            3..=5 => "follower",
            _ => panic!("{node} is not in the run"),
        }
    }
    fn state(&self, node: NodeId) -> Option<Value> {
        self.states_built.set(self.states_built.get() + 1);
        let role = match node.0 {
            2 => Role::Leader { next_index: NodeId::all(5).map(|n| (n, 7)).collect() },
            _ => Role::Follower { leader: Some(NodeId(2)) },
        };
        self.is_up(node).then(|| {
            Value::of(&State {
                term: Term(u64::from(node.0)),
                commit_index: 4,
                voted_for: (node != NodeId(5)).then_some(NodeId(2)),
                role,
                patience: Duration::from_millis(150),
                votes: vec![NodeId(2), NodeId(4)],
                largest: i128::MAX,
            })
        })
    }
    fn node_with_role(&self, role: &str) -> Option<NodeId> {
        NodeId::all(5).find(|node| self.is_up(*node) && self.role(*node) == role)
    }
    fn item_node(&self, name: &str) -> Option<NodeId> {
        (name == "crash").then_some(NodeId(3))
    }
}

fn parsed(text: &str) -> Predicate {
    Predicate::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn conditions_on_the_world() {
    for text in [
        "count(role = \"leader\") = 1",
        "count(role = \"follower\") >= 3",
        "n3.commit_index >= 4 and leader.term = t2",
        "leader = n2 and leader.id = 2 and follower.id = 3",
        "any(role = \"follower\" and term > 4) and not any(term > 5)",
        "all(commit_index >= 4)",
        "not up(n1) and role(n3) = \"follower\" and n1.role = ''",
        "crash.node.term = 3 and node(crash.node) = n3 and role(crash.node) = 'follower'",
        "n5.voted_for = null and n4.voted_for != null and n5.voted_for != n2",
        "n2.role.Leader.next_index[2][0] = n3 and n3.role.Follower.leader = n2",
        "n3.role.leader = n2 and n2.role != null",
        "any(role.Leader != null) and count(role.Leader != null) = 1",
        "max(term) = 5 and min(term) = 2 and max(term) - min(term) + 1 = 4",
        "max(nothing) = 1 or count(voted_for = self) = 1",
        "n2.votes[-1] = n4 and len(n2.votes) = 2 and n4 in n2.votes and not n3 in n2.votes",
        "n2.votes ~ \"n4\" and \"abc\" ~ 'b'",
        "n2.term in [1, 2] and not n3.term in [1, 2]",
        "n2.patience = 150ms and n2.patience < 1s and 0.2s > n2.patience",
        "time > 1s and time = 1500ms and time - 500ms = 1s",
        "n2.largest + n2.largest = n2.largest and 0 - n2.largest - 10 < 0",
        "\"a\" < 'b' and (n2.up = true) = true",
        "'a' != 1",
    ] {
        assert!(parsed(text).holds(&Cluster::default()), "{text}");
    }
}

#[test]
fn what_is_missing_or_does_not_fit_makes_comparisons_false() {
    for text in [
        "n2.nothing = 1",
        "n2.nothing != 1",
        "n2.nothing = null",
        "n2.nothing = n2.nothing",
        "n2.nothing in [null]",
        "n1.term = 1",
        "n1.term != 1",
        "n9.term = 1",
        "up(n9)",
        "n9.role = ''",
        "candidate.up",
        "later.node = n1",
        "n2.role.Follower.leader = null",
        "n2.votes[2] = n2",
        "n2.votes[-3] = n2",
        "n2.votes[170141183460469231731687303715884105727] = n2",
        "n2.votes[-170141183460469231731687303715884105728] = n2",
        "n2.votes.first = n2",
        "'a' < 1",
        "'a' > 1",
        "n2.votes < 3",
        "n2.votes + 1 = 3",
        "null < 1",
        "n2.patience = 150",
        "len(n2.term) >= 0",
        "max(votes) >= 0",
        "n2.votes and n2.up",
        "false",
    ] {
        assert!(!parsed(text).holds(&Cluster::default()), "{text}");
    }
    let dead = Cluster { is_dead: Cell::new(true), ..Cluster::default() };
    for text in ["all(term > 0)", "any(true)", "leader.term > 0", "max(term) > 0"] {
        assert!(!parsed(text).holds(&dead), "{text}");
    }
}

#[test]
fn events_match_by_pattern_and_condition() {
    let payload = || {
        let entries = vec![Entry { term: Term(1) }, Entry { term: Term(2) }];
        Value::of(&Message::Append { term: Term(2), entries, key: "x" })
    };
    let facts = EventFacts {
        from: Some(NodeId(2)),
        to: Some(NodeId(3)),
        node: Some(NodeId(3)),
        payload: Some(&payload),
        ..EventFacts::new(EventKind::Deliver, "Append")
    };
    let matches = |text: &str| parsed(text).matches_event(&facts, &Cluster::default());
    for text in [
        "deliver",
        "deliver Append from n2 to n3 on n3",
        "deliver from leader to follower",
        "deliver to crash.node",
        "deliver where term = 2 and len(entries) > 0 and key = 'x'",
        "deliver where entries[0].term = t1 and entries[-1].term = 2 and Append.term = 2",
        "deliver where from = n2 and to = n3 and node = n3 and name = 'Append'",
        "deliver where from.role = 'leader' and to.term > term and role(to) = 'follower'",
        "deliver where count(term > payload.term) = 3 and from = leader",
        "deliver where payload ~ 'key: x' and payload = 'Append' and time = 1.5s",
    ] {
        assert!(matches(text), "{text}");
    }
    for text in [
        "send",
        "deliver Vote",
        "deliver from n1",
        "deliver to leader",
        "deliver from follower",
        "deliver from later.node",
        "deliver on n2",
        "deliver where client = c1 or nothing = 1",
        "n2.up",
    ] {
        assert!(!matches(text), "{text}");
    }
    assert!(!parsed("deliver").holds(&Cluster::default()));
}

#[test]
fn operations_and_unnamed_values_match() {
    let payload = || Value::of(&Message::Ping(7));
    let client = Some(ClientId(1));
    let facts = EventFacts {
        client,
        payload: Some(&payload),
        ..EventFacts::new(EventKind::Invoke, "Ping")
    };
    let matches = |text: &str| parsed(text).matches_event(&facts, &Cluster::default());
    assert!(matches("invoke Ping by c1 where client = c1 and payload = 7 and payload > 6"));
    assert!(!matches("invoke Ping by c2") && !matches("invoke on n1"));
}

#[test]
fn trees_are_built_once_and_only_when_read() {
    let payloads = Cell::new(0);
    let payload = || {
        payloads.set(payloads.get() + 1);
        Value::of(&Message::Ping(7))
    };
    let facts = EventFacts { payload: Some(&payload), ..EventFacts::new(EventKind::Send, "Ping") };
    let cluster = Cluster::default();
    for (text, payloads_built, states_built) in [
        ("send Pong where term = 1", 0, 0),
        ("send from n1 where term = 1", 0, 0),
        ("send Ping where from = n1 and term = 1", 0, 0),
        ("send Ping where count(role = 'leader') = 1 and n2.up", 0, 0),
        ("send Ping where payload != 1 and payload != 2", 1, 0),
        ("send Ping where n2.term = 1 or n2.term = 2 and max(term) > 0", 0, 4),
    ] {
        parsed(text).matches_event(&facts, &cluster);
        assert_eq!(
            (payloads.take(), cluster.states_built.take()),
            (payloads_built, states_built),
            "{text}"
        );
    }
}

#[test]
fn occurrences_count_matches_and_rising_edges() {
    let cluster = Cluster::default();
    let facts = EventFacts::new(EventKind::Cut, "");
    let (predicate, mut occurrences) = (parsed("cut #2"), Occurrences::default());
    let mut is_due = || occurrences.after_fact(&predicate, &facts, &cluster);
    assert_eq!([is_due(), is_due(), is_due()], [false, true, false]);

    let (predicate, mut occurrences) = (parsed("n2.up #2"), Occurrences::default());
    let mut is_due = |is_dead| {
        cluster.is_dead.set(is_dead);
        occurrences.after_event(&predicate, &cluster)
    };
    let seen = [false, false, true, false, false].map(&mut is_due);
    assert_eq!(seen, [false, false, false, true, false]);
    assert_eq!(occurrences.seen(), 2);
}
