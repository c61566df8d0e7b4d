//! Sessions written by hand, event by event.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::collections::BTreeMap;
use std::rc::Rc;

use orrery_harness::Mark;
use orrery_harness::report::{Report, Verdict};
use orrery_harness::session::{
    ArrivalFate, FlightView, Header, NodeView, OperationView, Row, RowKind, SentRow, Session,
    SessionError, WorldView,
};
use orrery_sim::plan::{Behaviour, MessageAddress};
use orrery_sim::{ClientId, LocalTime, NodeId, Sequence, SimTime, Value, WallTime};

/// A session that holds every view.
pub struct FakeSession {
    header: Header,
    report: Report,
    rows: Vec<Rc<Row>>,
    marks: Sequence<Mark>,
    pub views: Vec<WorldView>,
    cursor: u64,
    /// Events to which this session cannot go.
    pub broken: Option<u64>,
}

impl Session for FakeSession {
    fn header(&self) -> &Header {
        &self.header
    }

    fn marks(&self) -> &Sequence<Mark> {
        &self.marks
    }

    fn row(&self, event: u64) -> Option<Rc<Row>> {
        self.rows.get(event.checked_sub(1)? as usize).cloned()
    }

    fn cursor(&self) -> u64 {
        self.cursor
    }

    fn seek(&mut self, event: u64) -> Result<(), SessionError> {
        let event = event.min(self.rows.len() as u64);
        if self.broken == Some(event) {
            return Err(SessionError("the run went another way this time".into()));
        }
        self.cursor = event;
        Ok(())
    }

    fn view(&self) -> &WorldView {
        &self.views[self.cursor as usize]
    }

    fn report(&self) -> &Report {
        &self.report
    }
}

/// Writes a run event by event.
pub struct Story {
    pub view: WorldView,
    pub rows: Vec<Row>,
    pub views: Vec<WorldView>,
    pub numbers: BTreeMap<(NodeId, NodeId), u64>,
    pub sent_at: BTreeMap<(NodeId, NodeId, u64), u64>,
}

pub fn n(number: u32) -> NodeId {
    NodeId(number)
}

pub fn state(term: i128, vote: Option<u32>, log: &[&str], commit: i128) -> Value {
    let entries = log.iter().map(|entry| Value::Text((*entry).into())).collect();
    Value::Struct(
        "Raft",
        vec![
            ("term", Value::Id("Term", term)),
            ("voted_for", vote.map_or(Value::Null, |node| Value::Id("NodeId", node.into()))),
            ("log", Value::List(entries)),
            ("commit", Value::Int(commit)),
        ],
    )
}

impl Story {
    pub fn new(nodes: u32) -> Self {
        let node = |id| NodeView {
            id,
            is_up: false,
            is_paused: false,
            is_slow: false,
            inbox: 0,
            behaviour: Behaviour::Honest,
            role: String::new(),
            epoch: 0,
            incarnation: 0,
            clock: LocalTime::default(),
            wall_clock: WallTime::default(),
            state: Value::Null,
            timers: Vec::new(),
            disk: Vec::new(),
            journal: Vec::new(),
            older_records: 0,
            unsynced: Vec::new(),
            waiting: Vec::new(),
        };
        let view =
            WorldView { nodes: NodeId::all(nodes).map(node).collect(), ..WorldView::default() };
        Self {
            views: vec![view.clone()],
            view,
            rows: Vec::new(),
            numbers: BTreeMap::new(),
            sent_at: BTreeMap::new(),
        }
    }

    pub fn node(&mut self, id: NodeId) -> &mut NodeView {
        &mut self.view.nodes[id.index()]
    }

    /// An event at so many microseconds; `change` says more of it.
    pub fn event(
        &mut self,
        micros: u64,
        node: Option<NodeId>,
        kind: RowKind,
        title: &str,
        change: impl FnOnce(&mut Self, &mut Row),
    ) -> u64 {
        let time = SimTime::from_nanos(micros * 1_000);
        let number = self.rows.len() as u64 + 1;
        let mut row = Row {
            number,
            time,
            cause: None,
            node,
            kind,
            title: title.into(),
            payload: None,
            effects: Vec::new(),
            sent: Vec::new(),
            notes: Vec::new(),
            new_role: None,
            narration: Vec::new(),
            violation: None,
        };
        self.view.time = time;
        self.view.event = number;
        for (place, node) in self.view.nodes.iter_mut().enumerate() {
            let skew = i64::try_from(place).unwrap_or_default() * 120_000;
            node.clock = LocalTime::from_nanos(time.as_nanos().cast_signed() + skew);
            node.wall_clock = WallTime::from_nanos(node.clock.as_nanos());
        }
        change(self, &mut row);
        self.rows.push(row);
        self.views.push(self.view.clone());
        number
    }

    pub fn start(&mut self, micros: u64, id: NodeId) -> u64 {
        self.event(micros, Some(id), RowKind::Start, "start", |story, row| {
            let node = story.node(id);
            node.is_up = true;
            node.role = "follower".into();
            node.state = state(0, None, &[], 0);
            node.timers = vec![("Election".into(), Some(SimTime::from_nanos(150_000_000)))];
            row.effects = vec!["set timer Election in 150ms".into()];
        })
    }

    /// Puts a message on the wire at `row`; `None` as arrival loses it.
    pub fn send(
        &mut self,
        row: &mut Row,
        from: NodeId,
        to: NodeId,
        text: &str,
        arrives: Option<u64>,
    ) -> u64 {
        let number = self.numbers.entry((from, to)).or_default();
        *number += 1;
        let message = MessageAddress { from, to, number: *number };
        self.sent_at.insert((from, to, *number), row.number);
        let kind: String = text.split(' ').next().unwrap_or_default().into();
        let arrives = arrives.map(|micros| SimTime::from_nanos(micros * 1_000));
        row.effects.push(format!("send {text} to {to}"));
        row.sent.push(SentRow { message, kind: kind.clone(), arrives, is_lost: arrives.is_none() });
        if arrives.is_some() {
            let flight = FlightView { message, kind, payload: text.into(), arrives };
            self.view.in_flight.push(flight);
            self.view.in_flight.sort_by_key(|flight| flight.arrives);
        }
        message.number
    }

    /// The oldest message from `from` to `to` arrives.
    pub fn arrive(
        &mut self,
        (from, to): (u32, u32),
        fate: ArrivalFate,
        change: impl FnOnce(&mut Self, &mut Row),
    ) -> u64 {
        let (from, to) = (n(from), n(to));
        let is_it = |flight: &FlightView| flight.message.from == from && flight.message.to == to;
        let place = self.view.in_flight.iter().position(is_it).expect("a message on the wire");
        let flight = self.view.in_flight.remove(place);
        let sent_at = self.sent_at[&(from, to, flight.message.number)];
        let kind = RowKind::Arrive { message: flight.message, sent_at, fate, is_copy: false };
        let micros = flight.arrives.map_or(0, |time| time.as_nanos() / 1_000);
        self.event(micros, Some(to), kind, &flight.kind, |story, row| {
            row.cause = Some(sent_at);
            row.payload = Some(flight.payload);
            change(story, row);
        })
    }

    pub fn fault(
        &mut self,
        micros: u64,
        node: Option<u32>,
        word: &'static str,
        pairs: Vec<(NodeId, NodeId)>,
        story: &str,
    ) -> u64 {
        let kind = RowKind::Fault { word, pairs: pairs.clone() };
        let told = story.to_owned();
        self.event(micros, node.map(n), kind, word, |story, row| {
            if !told.is_empty() {
                row.narration = vec![told];
            }
            match word {
                "cut" => story.view.closed = pairs,
                "heal" => story.view.closed.clear(),
                _ => {}
            }
            let Some(id) = node.map(n) else { return };
            let node = story.node(id);
            match word {
                "crash" => {
                    node.is_up = false;
                    node.state = Value::Null;
                    node.role.clear();
                    node.timers.clear();
                }
                "restart" => {
                    node.is_up = true;
                    node.incarnation += 1;
                    node.state = state(5, Some(4), &["t1 put x 1"], 0);
                    node.role = "follower".into();
                }
                "pause" => node.is_paused = true,
                "resume" => node.is_paused = false,
                _ => {}
            }
        })
    }

    pub fn ask(&mut self, micros: u64, client: u32, number: u64, node: u32, what: &str) -> u64 {
        let kind = RowKind::Ask { client: ClientId(client), attempt: 1 };
        self.event(micros, Some(n(node)), kind, &format!("c{client} asks"), |story, row| {
            row.payload = Some(what.into());
            let operation = OperationView {
                id: format!("c{client}.{number}"),
                client: ClientId(client),
                asked: what.into(),
                invoked: row.time,
                invoked_at: row.number,
                ended: None,
                ended_at: None,
                ending: None,
            };
            story.view.operations.push(operation);
        })
    }

    pub fn end_operation(&mut self, row: &Row, id: &str, ending: &str) {
        let operation = self.view.operations.iter_mut().find(|operation| operation.id == id);
        let operation = operation.expect("an operation of that name");
        operation.ended = Some(row.time);
        operation.ended_at = Some(row.number);
        operation.ending = Some(ending.into());
    }

    pub fn finish(mut self, report: impl FnOnce(&mut Report)) -> FakeSession {
        let nodes = self.view.nodes.len() as u32;
        let clients = if self.view.operations.is_empty() { 0 } else { 2 };
        let mut finished = Report {
            scenario: "raft/split-brain".into(),
            seed: 42,
            verdict: Verdict::Pass,
            expected: Verdict::Pass,
            as_expected: true,
            token: "raft/split-brain@42+bug=R7~3f2a91bc".into(),
            digest: "0".repeat(32),
            events: self.rows.len() as u64,
            messages: self.numbers.values().sum(),
            sim_ns: self.view.time.as_nanos(),
            invariants: BTreeMap::new(),
            violation: None,
            goals: Vec::new(),
            probes: BTreeMap::new(),
            ledger: BTreeMap::new(),
            stats: BTreeMap::new(),
            message_kinds: BTreeMap::new(),
        };
        report(&mut finished);
        for (row, place) in self.rows.iter_mut().zip(0_u64..) {
            assert_eq!(row.number, place + 1);
        }
        let header = Header {
            scenario: finished.scenario.clone(),
            title: "Two leaders at once".into(),
            protocol: "raft".into(),
            seed: 42,
            nodes,
            clients,
            bugs: vec!["R7".into()],
            token: finished.token.clone(),
            interventions: Vec::new(),
        };
        FakeSession {
            header,
            report: finished,
            marks: self.rows.iter().map(Mark::of).collect(),
            rows: self.rows.into_iter().map(Rc::new).collect(),
            views: self.views,
            cursor: 0,
            broken: None,
        }
    }
}
