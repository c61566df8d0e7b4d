//! What is computed once of the marks of a run, so that a frame or a jump costs what is seen, not the run.

use orrery_harness::session::{ArrivalFate, Session};
use orrery_harness::{Mark, MarkKind, NodeChange};
use orrery_sim::{NodeId, Sequence, SimTime};

/// Whether a node's lane runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// It has not started yet.
    Unborn,
    /// It runs.
    Up,
    /// It stands still.
    Paused,
    /// It is down.
    Down,
}

/// One line of the space-time diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagramLine {
    /// The event; 0 for the line before the first.
    pub event: u64,
    /// Whether it shows what the event sent and the network lost at once.
    pub is_lost: bool,
}

/// Where things are in a run.
#[derive(Clone, Debug, Default)]
pub struct Index {
    by_node: Vec<Vec<u64>>,
    landmarks: Vec<u64>,
    /// The first effect of each event, from 0; 0 where there is none.
    first_effect: Vec<u64>,
    /// The next effect of the same cause, of each event, from 0; 0 where there is none.
    next_effect: Vec<u64>,
    lanes: Vec<Vec<(u64, Lane)>>,
    lines: Vec<DiagramLine>,
    /// The position in `lines` of each event, from 0.
    line_of: Vec<usize>,
    violation: Option<u64>,
}

impl Index {
    /// The index of a session's marks.
    pub fn of(session: &dyn Session) -> Self {
        let nodes = session.header().nodes as usize;
        let mut index = Self {
            by_node: vec![Vec::new(); nodes],
            lanes: vec![Vec::new(); nodes],
            lines: vec![DiagramLine { event: 0, is_lost: false }],
            line_of: vec![0],
            first_effect: vec![0],
            next_effect: vec![0],
            ..Self::default()
        };
        index.extend(session);
        index
    }

    /// Adds the marks of the events that came since.
    pub fn extend(&mut self, session: &dyn Session) {
        let known = self.line_of.len() as u64 - 1;
        let marks = session.marks();
        for (number, mark) in (known + 1..).zip(marks.range(known as usize..marks.len())) {
            self.add(number, mark);
        }
        if session.is_complete() {
            self.find_violation(session);
        }
    }

    fn find_violation(&mut self, session: &dyn Session) {
        let reported = session.report().violation.as_ref().map(|failure| failure.event);
        self.violation = reported.filter(|event| *event <= session.events()).or_else(|| {
            (1..).zip(session.marks()).find(|(_, mark)| mark.is_violation()).map(|(n, _)| n)
        });
        // It was no landmark when its mark came, unless it was one anyway.
        if let Some(event) = self.violation
            && let Err(place) = self.landmarks.binary_search(&event)
        {
            self.landmarks.insert(place, event);
        }
    }

    fn add(&mut self, number: u64, mark: &Mark) {
        if let Some(list) = mark.node.and_then(|node| self.by_node.get_mut(node.index())) {
            list.push(number);
        }
        if mark.is_landmark() {
            self.landmarks.push(number);
        }
        self.first_effect.push(0);
        self.next_effect.push(0);
        if let Some(cause) = mark.cause() {
            self.add_effect(cause, number);
        }
        let changed = mark.node.and_then(|node| self.lanes.get_mut(node.index()));
        if let (Some(lane), Some(now)) = (changed, lane_after(mark)) {
            lane.push((number, now));
        }
        self.line_of.push(self.lines.len());
        self.lines.push(DiagramLine { event: number, is_lost: false });
        if mark.loses() {
            self.lines.push(DiagramLine { event: number, is_lost: true });
        }
    }

    fn add_effect(&mut self, cause: u64, number: u64) {
        let last = self.effects_of(cause).last();
        let place = match last {
            Some(last) => self.next_effect.get_mut(last as usize),
            None => self.first_effect.get_mut(cause as usize),
        };
        if let Some(place) = place {
            *place = number;
        }
    }

    /// The event at which a rule was broken.
    pub const fn violation(&self) -> Option<u64> {
        self.violation
    }

    /// The lines of the diagram.
    pub fn lines(&self) -> &[DiagramLine] {
        &self.lines
    }

    /// The position among the lines of an event, or of the start where it is 0.
    pub fn line_of(&self, event: u64) -> usize {
        self.line_of.get(event as usize).copied().unwrap_or(0)
    }

    /// The first landmark after `event`.
    pub fn landmark_after(&self, event: u64) -> Option<u64> {
        after(&self.landmarks, event)
    }

    /// The last landmark before `event`.
    pub fn landmark_before(&self, event: u64) -> Option<u64> {
        before(&self.landmarks, event)
    }

    /// All landmarks, in order.
    pub fn landmarks(&self) -> &[u64] {
        &self.landmarks
    }

    /// The first event on `node` after `event`.
    pub fn on_node_after(&self, node: NodeId, event: u64) -> Option<u64> {
        self.by_node.get(node.index()).and_then(|list| after(list, event))
    }

    /// The last event on `node` before `event`.
    pub fn on_node_before(&self, node: NodeId, event: u64) -> Option<u64> {
        self.by_node.get(node.index()).and_then(|list| before(list, event))
    }

    /// The events that `event` brought about, in order.
    pub fn effects_of(&self, event: u64) -> impl Iterator<Item = u64> + '_ {
        let at = |list: &[u64], event: u64| {
            list.get(event as usize).copied().filter(|effect| *effect != 0)
        };
        let first = at(&self.first_effect, event);
        std::iter::successors(first, move |effect| at(&self.next_effect, *effect))
    }

    /// How the lane of `node` runs right after `event`.
    pub fn lane(&self, node: NodeId, event: u64) -> Lane {
        let Some(changes) = self.lanes.get(node.index()) else { return Lane::Unborn };
        let passed = changes.partition_point(|(number, _)| *number <= event);
        passed
            .checked_sub(1)
            .and_then(|last| changes.get(last))
            .map_or(Lane::Unborn, |(_, lane)| *lane)
    }
}

/// How the lane of the event's node runs from then on, where the event changes that.
fn lane_after(mark: &Mark) -> Option<Lane> {
    match mark.kind {
        MarkKind::Start => Some(Lane::Up),
        MarkKind::Panic => Some(Lane::Down),
        MarkKind::Arrive(ArrivalFate::Waits) => Some(Lane::Paused),
        MarkKind::Fault(word) => match word.change() {
            NodeChange::Up => Some(Lane::Up),
            NodeChange::Down => Some(Lane::Down),
            NodeChange::Paused => Some(Lane::Paused),
            NodeChange::Nothing => None,
        },
        MarkKind::Arrive(
            ArrivalFate::Handled
            | ArrivalFate::Down
            | ArrivalFate::CutOff
            | ArrivalFate::Clogged
            | ArrivalFate::Damaged,
        )
        | MarkKind::Timer
        | MarkKind::Synced
        | MarkKind::Ask
        | MarkKind::GiveUp => None,
    }
}

fn after(sorted: &[u64], event: u64) -> Option<u64> {
    sorted.get(sorted.partition_point(|number| *number <= event)).copied()
}

fn before(sorted: &[u64], event: u64) -> Option<u64> {
    let passed = sorted.partition_point(|number| *number < event);
    passed.checked_sub(1).and_then(|last| sorted.get(last)).copied()
}

/// The number of the last event that is not later than `time`.
pub fn last_by(marks: &Sequence<Mark>, time: SimTime) -> u64 {
    marks.partition_point(|mark| mark.time <= time) as u64
}
