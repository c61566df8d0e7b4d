//! A run that is made while it is looked at: checkpoints of the world lead back to any event.

use orrery_sim::client::HistoryKind;
use orrery_sim::registration::Registration;
use orrery_sim::{Node, NodeId, Value, World};

use crate::case::Case;
use crate::describe::{self, Describer};
use crate::report::Report;
use crate::runner::Runner;
use crate::session::{
    FlightView, Header, NodeView, OperationView, Row, RowKind, Session, SessionError, WorldView,
};
use crate::subject::{CaseError, RunOptions};

/// Events between two checkpoints at first; doubled whenever there are [`CHECKPOINTS_MAX`].
const SPACING: u64 = 256;
/// Checkpoints that are kept at most.
const CHECKPOINTS_MAX: usize = 64;

/// A run of a registered protocol, from its first event to its last.
pub struct LiveSession<R: Registration> {
    header: Header,
    rows: Vec<Row>,
    report: Report,
    /// The run at some of its events, in order; the first is before all events.
    checkpoints: Vec<Runner<R>>,
    current: Runner<R>,
    view: WorldView,
}

impl<R: Registration> LiveSession<R> {
    /// Runs `case` to its end and puts the cursor before the first event.
    ///
    /// # Errors
    /// Where the case cannot be run.
    pub fn new(case: &Case) -> Result<Self, CaseError> {
        let mut runner = Runner::<R>::new(case, &RunOptions::default())?;
        runner.trace();
        let first = runner.clone();
        let mut checkpoints = vec![first.clone()];
        let mut spacing = SPACING;
        let mut describer = Describer::new(case.nodes, &case.narration);
        let mut rows: Vec<Row> = Vec::new();
        while runner.step() {
            let mut row = describer.row(runner.world());
            if runner.has_panicked() {
                row.kind = RowKind::Panic;
            }
            rows.push(row);
            if runner.world().events().is_multiple_of(spacing) {
                checkpoints.push(runner.clone());
                if checkpoints.len() == CHECKPOINTS_MAX {
                    spacing *= 2;
                    checkpoints.retain(|kept| kept.world().events().is_multiple_of(spacing));
                }
            }
        }
        let report = runner.conclude();
        if let Some(failure) = &report.violation
            && let Some(row) = failure.event.checked_sub(1).and_then(|i| rows.get_mut(i as usize))
        {
            row.violation = Some(format!("{} ({})", failure.rule, failure.source));
        }
        let view = view(first.world());
        Ok(Self { header: header(case), rows, report, checkpoints, current: first, view })
    }
}

fn header(case: &Case) -> Header {
    Header {
        scenario: case.scenario.clone(),
        title: case.title.clone(),
        protocol: case.protocol.clone(),
        seed: case.seed,
        nodes: case.nodes,
        clients: case.clients.count,
        bugs: case.bugs.clone(),
        token: case.token.clone(),
    }
}

impl<R: Registration> Session for LiveSession<R> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn rows(&self) -> &[Row] {
        &self.rows
    }

    fn cursor(&self) -> u64 {
        self.current.world().events()
    }

    fn seek(&mut self, event: u64) -> Result<(), SessionError> {
        let event = event.min(self.rows.len() as u64);
        let at = self.cursor();
        if event == at {
            return Ok(());
        }
        let nearest = self.checkpoints.iter().rev().find(|kept| kept.world().events() <= event);
        let nearest = nearest.ok_or_else(|| SessionError(String::from("there is no way back")))?;
        // Forwards, the cursor's own world may be nearer than any checkpoint.
        if event < at || at < nearest.world().events() {
            self.current = nearest.clone();
        }
        while self.cursor() < event && self.current.step() {}
        self.view = view(self.current.world());
        if self.cursor() == event {
            Ok(())
        } else {
            Err(SessionError(format!("the run ends at event {}", self.cursor())))
        }
    }

    fn view(&self) -> &WorldView {
        &self.view
    }

    fn report(&self) -> &Report {
        &self.report
    }
}

/// The world as people see it.
pub fn view<N: Node>(world: &World<N>) -> WorldView {
    let flight = |message, payload: &<N::Protocol as orrery_sim::Protocol>::Message, arrives| {
        let (kind, payload) = (describe::kind(payload), Value::of(payload).to_string());
        FlightView { message, kind, payload, arrives }
    };
    WorldView {
        time: world.now(),
        event: world.events(),
        nodes: NodeId::all(world.node_count()).map(|id| node_view(world, id)).collect(),
        in_flight: world.in_flight().into_iter().map(|(t, a, m)| flight(a, m, Some(t))).collect(),
        kept_back: world.kept_back().map(|(a, m)| flight(a, m, None)).collect(),
        closed: world.closed_pairs(),
        operations: operations(world),
    }
}

fn node_view<N: Node>(world: &World<N>, id: NodeId) -> NodeView {
    let node = world.node(id);
    let journal = world.journal(id);
    NodeView {
        id,
        is_up: node.is_some(),
        is_paused: world.is_paused(id),
        is_slow: world.is_slow(id),
        inbox: world.inbox_len(id),
        behaviour: world.behaviour(id),
        role: node.map_or(String::new(), |node| node.role().to_string()),
        epoch: node.map_or(0, Node::epoch),
        incarnation: world.incarnation(id),
        clock: world.clock(id),
        wall_clock: world.wall_clock(id),
        state: node.map_or(Value::Null, Value::of),
        timers: world.timers(id).map(|(t, due)| (Value::of(&t).to_string(), due)).collect(),
        journal: describe::journal(journal),
        disk: describe::disk(world.disk(id)),
        unsynced: journal.unsynced().map(describe::change).collect(),
        waiting: world.waiting_for_disk(id).map(describe::effect).collect(),
    }
}

fn operations<N: Node>(world: &World<N>) -> Vec<OperationView> {
    let mut views: Vec<OperationView> = Vec::new();
    for entry in world.history() {
        let id = entry.operation.to_string();
        let ending = match &entry.what {
            HistoryKind::Invoke(operation) => {
                views.push(OperationView {
                    id,
                    client: entry.operation.client,
                    asked: Value::of(operation).to_string(),
                    invoked: entry.time,
                    invoked_at: entry.event,
                    ended: None,
                    ended_at: None,
                    ending: None,
                });
                continue;
            }
            HistoryKind::Ok(output) => Value::of(output).to_string(),
            HistoryKind::Fail => String::from("fail"),
            HistoryKind::Info => String::from("unknown"),
        };
        // A client has one operation open: its last one.
        let open = views.iter_mut().rev().find(|view| view.client == entry.operation.client);
        if let Some(view) = open {
            view.ended = Some(entry.time);
            view.ended_at = Some(entry.event);
            view.ending = Some(ending);
        }
    }
    views
}
