//! The workloads by which the engine's speed is measured, each beside a floor written by hand without nodes, links
//! or digest. `orrery bench` and `cargo bench` share them, so that both speak of the same work.

mod choice;
mod echo;
mod engine;
mod flood;
mod floor;
mod idle;
mod ring;

use orrery_sim::{Digest, Duration, DurationRange};

/// Messages that a node sends out of its own accord, in [`Workload::Flood`].
const REQUEST: u64 = 0;
/// Their answers.
const REPLY: u64 = 1;

/// Nodes, links and timers that stress one thing each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// One token goes round five nodes. At most one event is pending: what the engine itself costs.
    Ring,
    /// Each of fifty nodes asks another one, drawn, every millisecond and gets an answer. About 5 000
    /// messages are on the wire: what the queue costs.
    Flood,
    /// Each of a hundred nodes sends a heartbeat to all others every 50 ms, and moves its election timer whenever
    /// one arrives: what timers and 9 900 links cost.
    Echo,
}

/// What a run of a workload came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Messages that were handed to a node.
    pub deliveries: u64,
    /// Those and the timers that came due.
    pub events: u64,
    /// How much time passed in the run.
    pub simulated: Duration,
    /// The digest of the run; `None` for the floors, which have none.
    pub digest: Option<Digest>,
}

/// A run that is set up and waits to be measured: it is given the number of messages to deliver.
pub type Prepared = Box<dyn FnOnce(u64) -> Work>;

impl Workload {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ring, Self::Flood, Self::Echo];

    /// Its name in commands and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ring => "ring",
            Self::Flood => "flood",
            Self::Echo => "echo",
        }
    }

    /// How many nodes it has.
    pub const fn nodes(self) -> u32 {
        match self {
            Self::Ring => ring::NODES,
            Self::Flood => flood::NODES,
            Self::Echo => echo::NODES,
        }
    }

    /// How long its messages travel: uniform.
    pub const fn latency(self) -> DurationRange {
        match self {
            Self::Ring | Self::Echo => millis(1, 10),
            Self::Flood => millis(1, 100),
        }
    }

    /// The workload on the engine, under `seed`.
    pub fn engine(self, seed: u64) -> Prepared {
        let (nodes, latency) = (self.nodes(), self.latency());
        match self {
            Self::Ring => engine::prepare::<ring::Member>(vec![(); nodes as usize], latency, seed),
            Self::Flood => {
                let configs = choice::one_each(nodes, seed);
                engine::prepare::<flood::Asker>(configs, latency, seed)
            }
            Self::Echo => {
                let configs = choice::one_each(nodes, seed);
                engine::prepare::<echo::Beater>(configs, latency, seed)
            }
        }
    }

    /// The same work written by hand: an array of nodes, a heap and one stream of random words.
    pub fn floor(self, seed: u64) -> Prepared {
        floor::prepare(self, seed)
    }
}

/// Five nodes that talk among themselves and `nodes - 5` that do not, on the engine: what idle nodes cost.
pub fn idle(nodes: u32, seed: u64) -> Prepared {
    let configs = choice::one_each(nodes, seed);
    engine::prepare::<idle::Talker>(configs, Workload::Echo.latency(), seed)
}

/// Milliseconds, from the first up to but without the second.
const fn millis(min: u64, max: u64) -> DurationRange {
    DurationRange::new(Duration::from_millis(min), Duration::from_millis(max))
}
