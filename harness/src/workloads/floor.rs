//! The workloads without an engine: what anybody would write first who wants nothing but them. An array of nodes, a
//! heap of what is due and when, a slab of events, and one stream of random words for all latencies.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use orrery_sim::{Duration, DurationRange, NodeId};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::choice::{Choice, one_each};
use super::{Prepared, REPLY, REQUEST, Work, Workload, echo, flood, ring};

#[derive(Clone, Copy)]
enum Event {
    Message { from: NodeId, to: NodeId, body: u64 },
    Beat(NodeId),
    Election(NodeId),
}

struct Floor {
    now: u64,
    order: u64,
    heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
    events: Vec<Event>,
    free: Vec<u32>,
    rng: ChaCha8Rng,
    latency: DurationRange,
}

impl Floor {
    fn push(&mut self, after: Duration, event: Event) {
        let slot = if let Some(slot) = self.free.pop() {
            self.events[slot as usize] = event;
            slot
        } else {
            self.events.push(event);
            self.events.len() as u32 - 1
        };
        self.order += 1;
        self.heap.push(Reverse((self.now + after.as_nanos(), self.order, slot)));
    }

    fn send(&mut self, from: NodeId, to: NodeId, body: u64) {
        let (min, max) = (self.latency.min.as_nanos(), self.latency.max.as_nanos());
        let drawn = (u128::from(self.rng.next_u64()) * u128::from(max - min)) >> 64;
        self.push(Duration::from_nanos(min + drawn as u64), Event::Message { from, to, body });
    }

    fn pop(&mut self) -> Option<Event> {
        let Reverse((time, _, slot)) = self.heap.pop()?;
        self.now = time;
        self.free.push(slot);
        Some(self.events[slot as usize])
    }
}

struct Node {
    choice: Choice,
    /// When it stops waiting for a heartbeat. Its entry in the heap chases this.
    deadline: u64,
}

impl Node {
    fn arm(&mut self, now: u64) -> Duration {
        let after = self.choice.between(echo::PATIENCE);
        self.deadline = now + after.as_nanos();
        after
    }
}

pub(super) fn prepare(workload: Workload, seed: u64) -> Prepared {
    let mut floor = Floor {
        now: 0,
        order: 0,
        heap: BinaryHeap::new(),
        events: vec![],
        free: vec![],
        rng: ChaCha8Rng::seed_from_u64(seed),
        latency: workload.latency(),
    };
    let choices = one_each(workload.nodes(), seed).into_iter();
    let mut nodes: Vec<Node> = choices.map(|choice| Node { choice, deadline: 0 }).collect();
    Box::new(move |deliveries| {
        start(workload, &mut floor, &mut nodes);
        run(workload, &mut floor, &mut nodes, deliveries)
    })
}

fn start(workload: Workload, floor: &mut Floor, nodes: &mut [Node]) {
    match workload {
        Workload::Ring => floor.send(NodeId(1), NodeId(2), 1),
        Workload::Flood => {
            NodeId::all(flood::NODES).for_each(|id| floor.push(flood::PERIOD, Event::Beat(id)));
        }
        Workload::Echo => {
            for id in NodeId::all(echo::NODES) {
                floor.push(echo::first_beat(id.index() as u64), Event::Beat(id));
                let after = nodes[id.index()].arm(0);
                floor.push(after, Event::Election(id));
            }
        }
    }
}

fn run(workload: Workload, floor: &mut Floor, nodes: &mut [Node], wanted: u64) -> Work {
    let (mut deliveries, mut timers) = (0, 0);
    while deliveries < wanted
        && let Some(event) = floor.pop()
    {
        match event {
            Event::Message { from, to, body } => {
                deliveries += 1;
                // A simulator delivers to somebody of whom it knows nothing.
                receive(workload, floor, nodes, (from, to, black_box(body)));
            }
            Event::Beat(id) => {
                timers += 1;
                beat(workload, floor, nodes, id);
            }
            Event::Election(id) => {
                let node = &mut nodes[id.index()];
                if floor.now < node.deadline {
                    let after = Duration::from_nanos(node.deadline - floor.now);
                    floor.push(after, Event::Election(id));
                } else {
                    timers += 1;
                    let after = node.arm(floor.now);
                    floor.push(after, Event::Election(id));
                }
            }
        }
    }
    let (events, simulated) = (deliveries + timers, Duration::from_nanos(floor.now));
    Work { deliveries, events, simulated, digest: None }
}

fn receive(
    workload: Workload,
    floor: &mut Floor,
    nodes: &mut [Node],
    (from, to, body): (NodeId, NodeId, u64),
) {
    match workload {
        Workload::Ring => floor.send(to, NodeId(to.0 % ring::NODES + 1), body + 1),
        Workload::Flood => {
            if body == REQUEST {
                floor.send(to, from, REPLY);
            }
        }
        Workload::Echo => {
            nodes[to.index()].arm(floor.now);
        }
    }
}

fn beat(workload: Workload, floor: &mut Floor, nodes: &mut [Node], id: NodeId) {
    match workload {
        Workload::Ring => {}
        Workload::Flood => {
            let to = nodes[id.index()].choice.other(id, flood::NODES);
            floor.send(id, to, REQUEST);
            floor.push(flood::PERIOD, Event::Beat(id));
        }
        Workload::Echo => {
            for to in NodeId::all(echo::NODES).filter(|to| *to != id) {
                floor.send(id, to, echo::BEAT);
            }
            floor.push(echo::PERIOD, Event::Beat(id));
        }
    }
}
