//! What an event changed in the world, as data: enough to make every view of a run again from the one before.

use serde::{Deserialize, Serialize};

use orrery_sim::plan::{Behaviour, MessageAddress};
use orrery_sim::{ClientId, Clock, NodeId, SimTime, Value, WallRun};

use crate::session::{FlightView, NodeView, OperationView, SHOWN, WorldView};

use super::lines::Text;
use super::patch::{Patch, apply_splice};
use super::tree::Tree;

/// What an event changed. Absent parts are as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Change {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) nodes: Vec<NodeChange>,
    /// Messages on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) in_flight: Option<FlightsChange>,
    /// Messages that a hold keeps back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kept_back: Option<(usize, usize, Vec<FlightLine>)>,
    /// All directed links that are cut now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) closed: Option<Vec<[Text<NodeId>; 2]>>,
    /// Operations that began or ended at this event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) operations: Vec<OperationChange>,
    /// All operations that are shown, behind so many older ones: where a whole world is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) all_operations: Option<(u64, Vec<OperationLine>)>,
}

/// What changed at one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NodeChange {
    pub(super) id: Text<NodeId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) is_up: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) is_paused: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) is_slow: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inbox: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) behaviour: Option<Behaviour>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) epoch: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) incarnation: Option<u32>,
    /// How its clock runs from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) clock: Option<Clock>,
    /// How its wall clock runs from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) wall: Option<WallRun>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<StateChange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timers: Option<Vec<(String, Option<u64>)>>,
    /// How many older records are not shown, how many of those shown are as they were, and what comes after them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) journal: Option<(u64, usize, Vec<String>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) disk: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unsynced: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) waiting: Option<Vec<String>>,
}

impl NodeChange {
    /// Nothing changed.
    pub(super) const fn none(id: NodeId) -> Self {
        Self {
            id: Text(id),
            is_up: None,
            is_paused: None,
            is_slow: None,
            inbox: None,
            behaviour: None,
            role: None,
            epoch: None,
            incarnation: None,
            clock: None,
            wall: None,
            state: None,
            timers: None,
            journal: None,
            disk: None,
            unsynced: None,
            waiting: None,
        }
    }
}

/// What changed in a node's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StateChange {
    Whole(Tree),
    Patch(Vec<Patch>),
}

/// What changed among the messages on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FlightsChange {
    /// The places of those that are gone, in the old list, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) gone: Vec<usize>,
    /// Those that came, with their places in the new list, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) new: Vec<(usize, FlightLine)>,
}

/// [`FlightView`] in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FlightLine {
    pub(super) message: Text<MessageAddress>,
    pub(super) kind: String,
    pub(super) payload: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arrives: Option<u64>,
}

/// An operation that began, or how one ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OperationChange {
    pub(super) id: String,
    pub(super) client: Text<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) asked: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ending: Option<String>,
}

/// [`OperationView`] in the file: what was asked, when and at which event, and how that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OperationLine {
    id: String,
    client: Text<ClientId>,
    asked: String,
    invoked: (u64, u64),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<(u64, u64, String)>,
}

impl From<OperationView> for OperationLine {
    fn from(view: OperationView) -> Self {
        let OperationView { id, client, asked, invoked, invoked_at, ended, ended_at, ending } =
            view;
        let ended = match (ended, ended_at, ending) {
            (Some(time), Some(event), Some(how)) => Some((time.as_nanos(), event, how)),
            (_, _, _) => None,
        };
        let invoked = (invoked.as_nanos(), invoked_at);
        Self { id, client: Text(client), asked, invoked, ended }
    }
}

impl OperationLine {
    fn view(&self) -> OperationView {
        let ended = self.ended.as_ref();
        OperationView {
            id: self.id.clone(),
            client: self.client.0,
            asked: self.asked.clone(),
            invoked: SimTime::from_nanos(self.invoked.0),
            invoked_at: self.invoked.1,
            ended: ended.map(|(time, ..)| SimTime::from_nanos(*time)),
            ended_at: ended.map(|(_, event, _)| *event),
            ending: ended.map(|(.., how)| how.clone()),
        }
    }
}

/// A world that is made again from changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rebuilt {
    pub(super) view: WorldView,
    clocks: Vec<(Clock, WallRun)>,
}

impl Rebuilt {
    /// A world of `nodes` nodes where there is nothing yet.
    pub(super) fn blank(nodes: u32) -> Self {
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
            clock: orrery_sim::LocalTime::default(),
            wall_clock: orrery_sim::WallTime::default(),
            state: Value::Null,
            timers: vec![],
            journal: vec![],
            older_records: 0,
            disk: vec![],
            unsynced: vec![],
            waiting: vec![],
        };
        let nodes: Vec<NodeView> = NodeId::all(nodes).map(node).collect();
        let clocks = vec![(Clock::default(), WallRun::default()); nodes.len()];
        Self { view: WorldView { nodes, ..WorldView::default() }, clocks }
    }

    /// Goes on to `event`, which happened at `time` and changed this.
    ///
    /// # Errors
    /// Where the change does not fit the world: how.
    pub(super) fn apply(
        &mut self,
        (event, time): (u64, SimTime),
        change: &Change,
    ) -> Result<(), String> {
        (self.view.event, self.view.time) = (event, time);
        for node in &change.nodes {
            self.apply_node(node)?;
        }
        for (node, (clock, wall)) in self.view.nodes.iter_mut().zip(&self.clocks) {
            (node.clock, node.wall_clock) = (clock.read(time), wall.read(time));
        }
        if let Some(change) = &change.in_flight {
            change.apply(&mut self.view.in_flight)?;
        }
        if let Some((start, cut, put)) = &change.kept_back {
            let put = put.iter().map(FlightLine::view);
            apply_splice(&mut self.view.kept_back, (*start, *cut), put)?;
        }
        if let Some(closed) = &change.closed {
            self.view.closed = closed.iter().map(|[from, to]| (from.0, to.0)).collect();
        }
        if let Some((older, shown)) = &change.all_operations {
            self.view.older_operations = *older;
            self.view.operations = shown.iter().map(OperationLine::view).collect();
        }
        change.operations.iter().try_for_each(|operation| self.apply_operation(operation))
    }

    /// An operation begins or ends now.
    fn apply_operation(&mut self, change: &OperationChange) -> Result<(), String> {
        let WorldView { time, event, operations, older_operations, .. } = &mut self.view;
        if let Some(asked) = &change.asked {
            operations.push(OperationView {
                id: change.id.clone(),
                client: change.client.0,
                asked: asked.clone(),
                invoked: *time,
                invoked_at: *event,
                ended: None,
                ended_at: None,
                ending: None,
            });
            if SHOWN < operations.len() {
                operations.remove(0);
                *older_operations += 1;
            }
            return Ok(());
        }
        // A client has one operation open: its last one. It may be so old that it is not shown.
        match operations.iter_mut().rev().find(|view| view.client == change.client.0) {
            Some(open) => {
                (open.ended, open.ended_at) = (Some(*time), Some(*event));
                open.ending.clone_from(&change.ending);
                Ok(())
            }
            None if 0 < *older_operations => Ok(()),
            None => Err(format!("{} ends before it began", change.id)),
        }
    }

    fn apply_node(&mut self, change: &NodeChange) -> Result<(), String> {
        let place = change.id.0.index();
        let missing = || format!("there is no node {}", change.id.0);
        let node = self.view.nodes.get_mut(place).ok_or_else(missing)?;
        let (clock, wall) = &mut self.clocks[place];
        *clock = change.clock.unwrap_or(*clock);
        *wall = change.wall.unwrap_or(*wall);
        node.is_up = change.is_up.unwrap_or(node.is_up);
        node.is_paused = change.is_paused.unwrap_or(node.is_paused);
        node.is_slow = change.is_slow.unwrap_or(node.is_slow);
        node.inbox = change.inbox.unwrap_or(node.inbox);
        node.behaviour = change.behaviour.unwrap_or(node.behaviour);
        node.epoch = change.epoch.unwrap_or(node.epoch);
        node.incarnation = change.incarnation.unwrap_or(node.incarnation);
        if let Some(role) = &change.role {
            node.role.clone_from(role);
        }
        match &change.state {
            None => {}
            Some(StateChange::Whole(tree)) => node.state = tree.0.clone(),
            Some(StateChange::Patch(patches)) => {
                patches.iter().try_for_each(|patch| patch.apply(&mut node.state))?;
            }
        }
        if let Some(timers) = &change.timers {
            let due = |due: &Option<u64>| due.map(SimTime::from_nanos);
            node.timers = timers.iter().map(|(name, at)| (name.clone(), due(at))).collect();
        }
        if let Some((older, keep, new)) = &change.journal {
            let cut = node.journal.len().saturating_sub(*keep);
            apply_splice(&mut node.journal, (*keep, cut), new.iter().cloned())?;
            node.older_records = *older;
        }
        if let Some(disk) = &change.disk {
            node.disk.clone_from(disk);
        }
        if let Some(unsynced) = &change.unsynced {
            node.unsynced.clone_from(unsynced);
        }
        if let Some(waiting) = &change.waiting {
            node.waiting.clone_from(waiting);
        }
        Ok(())
    }
}

impl FlightsChange {
    fn apply(&self, flights: &mut Vec<FlightView>) -> Result<(), String> {
        // One pass: a list of many messages must not be moved once for each that is gone or new.
        let mut gone = self.gone.iter().peekable();
        let mut new = self.new.iter().peekable();
        let mut now = Vec::with_capacity(flights.len() + self.new.len());
        for (place, flight) in std::mem::take(flights).into_iter().enumerate() {
            if gone.next_if_eq(&&place).is_some() {
                continue;
            }
            while let Some((_, line)) = new.next_if(|(place, _)| *place == now.len()) {
                now.push(line.view());
            }
            now.push(flight);
        }
        while let Some((_, line)) = new.next_if(|(place, _)| *place == now.len()) {
            now.push(line.view());
        }
        *flights = now;
        match gone.next().or(new.next().map(|(place, _)| place)) {
            None => Ok(()),
            Some(place) => Err(format!("no message on the wire has the place {place}")),
        }
    }
}

impl FlightLine {
    fn view(&self) -> FlightView {
        FlightView {
            message: self.message.0,
            kind: self.kind.clone(),
            payload: self.payload.clone(),
            arrives: self.arrives.map(SimTime::from_nanos),
        }
    }
}
