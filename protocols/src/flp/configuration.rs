//! A configuration (FLP, §2): the states of all processes and the messages that are under way; and
//! what it may still lead to.

use std::collections::BTreeSet;

use serde::Serialize;

use orrery_sim::NodeId;

use super::consensus::{Content, PROCESSES, Process};

/// How many steps a schedule is tried for before it counts as deciding nothing.
const MOST: usize = 60;

/// A message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Envelope {
    /// For whom.
    pub to: NodeId,
    /// From whom.
    pub from: NodeId,
    /// What it says.
    pub content: Content,
    /// The step in which it was sent.
    pub since: u64,
}

/// An event (FLP, §2): a process receives a message, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Event {
    /// Who takes the step.
    pub process: NodeId,
    /// From whom the message is; the process itself for nothing.
    pub from: NodeId,
    /// What it receives.
    pub content: Content,
}

impl Event {
    /// The receipt of this message.
    pub const fn receipt(envelope: &Envelope) -> Self {
        Self { process: envelope.to, from: envelope.from, content: envelope.content }
    }

    fn is_null(&self) -> bool {
        matches!(self.content, Content::Null { .. })
    }
}

/// A configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Configuration {
    /// The processes.
    pub processes: [Process; PROCESSES],
    /// The message buffer, the oldest first.
    pub buffer: Vec<Envelope>,
    /// What the failure detectors of all say, if they can be relied upon; where they cannot, each may
    /// be told that it leads.
    pub leader: Option<NodeId>,
}

impl Configuration {
    /// The first one.
    pub fn initial(inputs: [u8; PROCESSES], leader: Option<NodeId>) -> Self {
        let processes =
            std::array::from_fn(|place| Process::new(NodeId::from_index(place), inputs[place]));
        Self { processes, buffer: vec![], leader }
    }

    /// The step in which `process` receives nothing.
    pub fn null(&self, process: NodeId) -> Event {
        let leader = self.leader.unwrap_or(process);
        Event { process, from: process, content: Content::Null { leader } }
    }

    /// What `process` is due: its oldest message, or nothing.
    pub fn due(&self, process: NodeId) -> Event {
        let oldest = self.buffer.iter().find(|envelope| envelope.to == process);
        oldest.map_or_else(|| self.null(process), Event::receipt)
    }

    /// Everything that may happen next and matters.
    fn events(&self) -> Vec<Event> {
        let ids = (0..PROCESSES).map(NodeId::from_index);
        self.buffer.iter().map(Event::receipt).chain(ids.map(|id| self.null(id))).collect()
    }

    /// Takes what is received out of the buffer.
    pub fn remove(&mut self, event: &Event) {
        let place = self.buffer.iter().position(|envelope| Event::receipt(envelope) == *event);
        if let Some(place) = place {
            self.buffer.remove(place);
        }
    }

    /// The configuration after `event`: `e(C)` of the paper.
    #[must_use]
    pub fn after(&self, event: &Event) -> Self {
        let mut next = self.clone();
        next.remove(event);
        let process = event.process;
        let sends = next.processes[process.index()].take_step(event.from, event.content);
        next.buffer.extend(sends.into_iter().map(|(to, content)| Envelope {
            to,
            from: process,
            content,
            since: 0,
        }));
        next
    }

    /// Whether some process has decided.
    pub fn is_decided(&self) -> bool {
        self.processes.iter().any(|process| process.decided.is_some())
    }

    /// Values that it can still lead to, each by a schedule that was tried: in it one process stays silent, as if
    /// it had crashed, and one of the others leads until it decides. Both values prove that the
    /// configuration is bivalent. (That only one was found proves nothing.)
    pub fn reachable(&self) -> BTreeSet<u8> {
        let mut values = BTreeSet::new();
        for silent in (0..PROCESSES).map(NodeId::from_index) {
            for leader in (0..PROCESSES).map(NodeId::from_index) {
                let may_lead = self.leader.is_none_or(|only| only == leader);
                if leader != silent && may_lead && values.len() < 2 {
                    values.extend(self.decision(silent, leader));
                }
            }
        }
        values
    }

    /// Whether both values are reachable.
    pub fn is_bivalent(&self) -> bool {
        self.reachable().len() == 2
    }

    /// What is decided if `silent` takes no step and the others are left alone, led by `leader`.
    fn decision(&self, silent: NodeId, leader: NodeId) -> Option<u8> {
        let mut run = self.clone();
        for _ in 0..MOST {
            let mut live = run.processes.iter().filter(|process| process.id != silent);
            if let Some(value) = live.find_map(|process| process.decided) {
                return Some(value);
            }
            let oldest = run.buffer.iter().find(|envelope| envelope.to != silent);
            let event = oldest.map_or_else(|| run.null(leader), Event::receipt);
            run = run.after(&event);
        }
        None
    }

    /// Lemma 3 of the paper, by search: a schedule that ends with `due` and leads to a bivalent
    /// configuration in which nobody has decided. `None` where none was found among the first `most`
    /// configurations that can be reached without `due`.
    pub fn postpone(&self, due: &Event, most: usize) -> Option<Vec<Event>> {
        let mut known = BTreeSet::from([self.clone()]);
        let mut open = std::collections::VecDeque::from([(self.clone(), vec![])]);
        for _ in 0..most {
            let (here, schedule) = open.pop_front()?;
            let end = here.after(due);
            if !end.is_decided() && end.is_bivalent() {
                let mut schedule: Vec<Event> = schedule;
                schedule.push(*due);
                return Some(schedule);
            }
            for event in here.events().iter().filter(|event| *event != due) {
                let next = here.after(event);
                let is_idle = event.is_null() && next == here;
                if !is_idle && !next.is_decided() && known.insert(next.clone()) {
                    let mut longer = schedule.clone();
                    longer.push(*event);
                    open.push_back((next, longer));
                }
            }
        }
        None
    }
}
