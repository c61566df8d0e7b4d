//! A queue: jobs arrive at a dispatcher, wait in one line, and are served by one of *c* servers.
//! M/M/c, M/D/1 and their relatives, of which the mean waits are known exactly.
//!
//! **Sources:** Erlang, *Solution of some problems in the theory of probabilities of significance in automatic
//! telephone exchanges*, 1917 (M/M/c and M/D/1); Pollaczek 1930 and Khinchine 1932 (M/G/1); Little, *A proof for the
//! queuing formula L = λW*, Operations Research 9(3), 1961.
//!
//! **Kept:** one line, first come first served, no server idle while a job waits; independent
//! times between arrivals and of service. **Ours:** dispatcher and servers are nodes, so that a job travels by
//! messages, over links that should take no time. **Left out:** priorities, impatience, finite waiting rooms.
//!
//! **System model:** nothing fails, clocks are true, and links neither lose nor delay. With a latency, the numbers are
//! those of another queue.

mod invariants;

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{
    Bug, Context, Difficulty, Duration, Law, LocalTime, Monitor, Node, NodeId, Probability,
    Protocol, Registration, Start, World,
};

use super::{SCALE, Shape, Times, mean};

pub use invariants::{FirstComeFirstServed, LittlesLaw, NoIdleServer};

/// Where jobs arrive.
const DISPATCHER: NodeId = NodeId(1);
/// Parts per billion in one.
const BILLION: u64 = 1_000_000_000;

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue;

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How many jobs arrive.
    pub jobs: u64,
    /// How much of their time the servers work, above 0 and below 1: ρ. The mean time between arrivals is the
    /// mean service time divided by ρ and by the number of servers.
    pub utilisation: Probability,
    /// The law of the times between arrivals. Only its shape counts: it is stretched to the mean that
    /// `utilisation` asks for.
    pub arrival: Times,
    /// The law of service times. A word stands for a mean of 1 s, so that waits in seconds are in units of
    /// the mean service time.
    pub service: Times,
    /// The share of the jobs, the first ones, that the means leave out: they found the queue emptier
    /// than it is in the long run.
    pub warm_up: Probability,
    /// A job that waits longer than this counts in the statistic `late`.
    pub threshold: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            jobs: 1_000,
            utilisation: Probability::ratio(4, 5),
            arrival: Times::Shape(Shape::Exponential),
            service: Times::Shape(Shape::Exponential),
            warm_up: Probability::ratio(1, 10),
            threshold: Duration::ZERO,
        }
    }
}

/// What a node is and has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Config {
    /// `n1`.
    Dispatcher(Settings),
    /// All others.
    Server {
        /// How long it serves a job.
        service: Law,
    },
}

/// What the dispatcher has to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    jobs: u64,
    /// The shape of the times between arrivals.
    arrival: Law,
    /// The mean that these times shall have, and the mean of `arrival`.
    stretch: (Duration, Duration),
    /// How many jobs the means leave out.
    warm_up: u64,
    threshold: Duration,
}

/// In the order of a job's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From the dispatcher: work on this.
    Serve {
        /// Which one, from 1.
        job: u64,
    },
    /// To the dispatcher: the job is done, and the server is free.
    Done {
        /// Which one.
        job: u64,
    },
}

/// What nodes wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// The dispatcher: the next job comes.
    Arrival,
    /// A server: its job is done.
    Service,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// All jobs have come and gone.
    Drained {
        /// How many there were.
        jobs: u64,
    },
}

impl Protocol for Queue {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = ();
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// A job, as the dispatcher knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Job {
    number: u64,
    arrived: LocalTime,
    /// When a server took it; its arrival until then.
    started: LocalTime,
}

/// What the dispatcher measures, in whole nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Measures {
    /// Jobs that count in the means.
    counted: u64,
    /// How long these waited, together.
    wait: u128,
    /// How long these were in the system, together.
    sojourn: u128,
    /// How many of these waited longer than the threshold.
    late: u64,
    /// How long all jobs were in the system, together.
    sojourn_of_all: u128,
    /// The area under the number of jobs in the system, up to `measured_at`.
    area: u128,
    measured_at: LocalTime,
    /// Time and area when the first job arrived that counts.
    window_start: Option<(LocalTime, u128)>,
    /// Length and area of the window from there to the last arrival.
    window: Option<(Duration, u128)>,
}

/// Where jobs arrive and wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dispatcher {
    settings: Settings,
    arrived: u64,
    departed: u64,
    /// Jobs that no server has taken, the oldest in front.
    waiting: VecDeque<Job>,
    /// The job of each server, the first of which is `n2`.
    serving: Vec<Option<Job>>,
    /// The highest number of a job that a server took.
    youngest_started: u64,
    measures: Measures,
}

/// Works on one job at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    service: Law,
    job: Option<u64>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::large_enum_variant, reason = "one dispatcher in a run, and no queue of them")]
pub enum Station {
    /// `n1`.
    Dispatcher(Dispatcher),
    /// All others.
    Server(Server),
}

impl Node for Station {
    type Protocol = Queue;

    fn on_start(start: Start<'_, Queue>, ctx: &mut Context<'_, Queue>) -> Self {
        match start.config {
            Config::Dispatcher(settings) => Self::Dispatcher(Dispatcher::open(settings, ctx)),
            Config::Server { service } => {
                Self::Server(Server { service: service.clone(), job: None })
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Queue>) {
        match (self, message) {
            (Self::Server(server), Message::Serve { job }) => server.serve(job, ctx),
            (Self::Dispatcher(dispatcher), Message::Done { job }) => {
                dispatcher.depart(from, job, ctx);
            }
            (Self::Server(_), Message::Done { .. })
            | (Self::Dispatcher(_), Message::Serve { .. }) => {}
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Queue>) {
        match (self, timer) {
            (Self::Dispatcher(dispatcher), Timer::Arrival) => dispatcher.arrive(ctx),
            (Self::Server(server), Timer::Service) => server.finish(ctx),
            (Self::Dispatcher(_), Timer::Service) | (Self::Server(_), Timer::Arrival) => {}
        }
    }

    fn role(&self) -> &'static str {
        match self {
            Self::Dispatcher(_) => "dispatcher",
            Self::Server(Server { job: Some(_), .. }) => "busy",
            Self::Server(Server { job: None, .. }) => "idle",
        }
    }
}

impl Server {
    fn serve(&mut self, job: u64, ctx: &mut Context<'_, Queue>) {
        self.job = Some(job);
        let service = ctx.draw(&self.service);
        ctx.set_timer(Timer::Service, service);
    }

    fn finish(&mut self, ctx: &mut Context<'_, Queue>) {
        if let Some(job) = self.job.take() {
            ctx.send(DISPATCHER, Message::Done { job });
        }
    }
}

impl Dispatcher {
    fn open(settings: &Settings, ctx: &mut Context<'_, Queue>) -> Self {
        let servers = ctx.node_count() as usize - 1;
        let dispatcher = Self {
            settings: settings.clone(),
            arrived: 0,
            departed: 0,
            waiting: VecDeque::new(),
            serving: vec![None; servers],
            youngest_started: 0,
            measures: Measures { measured_at: ctx.now(), ..Measures::default() },
        };
        dispatcher.await_next(ctx);
        dispatcher
    }

    /// Waits for the next job, if there is one.
    fn await_next(&self, ctx: &mut Context<'_, Queue>) {
        if self.arrived == self.settings.jobs {
            return;
        }
        let (wanted, own) = self.settings.stretch;
        let drawn = ctx.draw(&self.settings.arrival);
        let after = drawn.checked_mul_ratio(wanted.as_nanos(), own.as_nanos());
        ctx.set_timer(Timer::Arrival, after.unwrap_or(Duration::MAX));
    }

    /// A job comes: to a server that is free, or to the end of the line.
    fn arrive(&mut self, ctx: &mut Context<'_, Queue>) {
        self.measure_area(ctx.now());
        self.arrived += 1;
        self.measure_window(ctx.now());
        let job = Job { number: self.arrived, arrived: ctx.now(), started: ctx.now() };
        self.waiting.push_back(job);
        if self.serving.iter().all(Option::is_some) {
            ctx.probe("all-busy");
        }
        self.dispatch(ctx);
        self.await_next(ctx);
    }

    /// A job is done, and its server takes the next one.
    fn depart(&mut self, server: NodeId, number: u64, ctx: &mut Context<'_, Queue>) {
        self.measure_area(ctx.now());
        let slot = self.serving.get_mut(server.index() - 1);
        let Some(job) = slot.and_then(|slot| slot.take_if(|job| job.number == number)) else {
            return;
        };
        self.departed += 1;
        self.measure_job(&job, ctx.now());
        if self.departed == self.settings.jobs {
            ctx.note(Note::Drained { jobs: self.departed });
        }
        // J3: the server is handed no job; one that waits stays in line until another arrives.
        if !ctx.bug(&J3) {
            self.dispatch(ctx);
        }
    }

    /// Hands jobs to free servers while there are both, the oldest job first.
    fn dispatch(&mut self, ctx: &mut Context<'_, Queue>) {
        while let Some(free) = self.serving.iter().position(Option::is_none) {
            let next =
                if ctx.bug(&J2) { self.waiting.pop_back() } else { self.waiting.pop_front() };
            let Some(mut job) = next else { return };
            job.started = ctx.now();
            if ctx.bug(&J1) {
                job.arrived = job.started;
            }
            self.youngest_started = self.youngest_started.max(job.number);
            ctx.send(NodeId::from_index(free + 1), Message::Serve { job: job.number });
            self.serving[free] = Some(job);
        }
    }

    /// How many jobs wait or are served.
    fn in_system(&self) -> usize {
        self.waiting.len() + self.serving.iter().flatten().count()
    }

    fn measure_area(&mut self, now: LocalTime) {
        let passed = now.since(self.measures.measured_at);
        self.measures.area += u128::from(passed.as_nanos()) * self.in_system() as u128;
        self.measures.measured_at = now;
    }

    fn measure_window(&mut self, now: LocalTime) {
        let measures = &mut self.measures;
        if self.arrived == self.settings.warm_up + 1 {
            measures.window_start = Some((now, measures.area));
        }
        if self.arrived == self.settings.jobs {
            measures.window =
                measures.window_start.map(|(start, area)| (now.since(start), measures.area - area));
        }
    }

    fn measure_job(&mut self, job: &Job, now: LocalTime) {
        let sojourn = u128::from(now.since(job.arrived).as_nanos());
        let wait = job.started.since(job.arrived);
        self.measures.sojourn_of_all += sojourn;
        if job.number <= self.settings.warm_up {
            return;
        }
        self.measures.counted += 1;
        self.measures.sojourn += sojourn;
        self.measures.wait += u128::from(wait.as_nanos());
        self.measures.late += u64::from(self.settings.threshold < wait);
    }
}

/// A wait that nobody measured: tools that load a system often make this mistake.
pub const J1: Bug = Bug {
    id: "J1",
    summary: "a job's clock starts when a server takes it, so that its wait is not measured",
    breaks: &["Little's Law"],
    source: "Little 1961; Tene calls the mistake coordinated omission",
    difficulty: Difficulty::Easy,
    found_by: &["engine/queue"],
};

/// The mean wait stays the same, its spread does not.
pub const J2: Bug = Bug {
    id: "J2",
    summary: "the job that came last is served first",
    breaks: &["First Come, First Served"],
    source: "Kingman 1962: the order of service changes the variance of the wait, not its mean",
    difficulty: Difficulty::Easy,
    found_by: &["engine/queue"],
};

/// A wakeup that is lost.
pub const J3: Bug = Bug {
    id: "J3",
    summary: "a server that becomes free takes no job before the next one arrives",
    breaks: &["No Idle Server"],
    source: "Lozi et al., The Linux scheduler: a decade of wasted cores, EuroSys 2016",
    difficulty: Difficulty::Easy,
    found_by: &["engine/queue"],
};

/// The statistics, in the order of [`Registration::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "wait",
        scale: SCALE,
        unit: "s",
        about: "mean time from a job's arrival until a server takes it, after the warm-up: Wq",
    },
    Statistic {
        name: "sojourn",
        scale: SCALE,
        unit: "s",
        about: "mean time from a job's arrival until it is done, after the warm-up: W",
    },
    Statistic {
        name: "in_system",
        scale: SCALE,
        unit: "",
        about: "mean over time of the jobs that wait or are served, from the end of the warm-up to the last arrival: L",
    },
    Statistic {
        name: "late",
        scale: SCALE,
        unit: "",
        about: "share of the jobs after the warm-up that waited longer than `threshold`",
    },
    Statistic {
        name: "area",
        scale: 1,
        unit: "ns",
        about: "area under the number of jobs in the system over the whole run",
    },
    Statistic {
        name: "sojourn_sum",
        scale: 1,
        unit: "ns",
        about: "time that all jobs of the run were in the system, together; equals `area` once all are done",
    },
];

/// What the parameters come to for so many servers.
fn settings(parameters: &Parameters, servers: u32) -> Result<(Settings, Law), String> {
    let Parameters { jobs, utilisation, warm_up, threshold, .. } = *parameters;
    let parts = utilisation.as_ppb();
    if parts == 0 || BILLION <= parts {
        return Err(format!(
            "`utilisation` is {utilisation}: a queue comes to rest only between 0% and 100%, both excluded"
        ));
    }
    if jobs == 0 {
        return Err(String::from("`jobs` is 0: at least 1 job has to arrive"));
    }
    let (arrival, service) = (parameters.arrival.law(), parameters.service.law());
    let positive = |law: &Law| law.mean().filter(|mean| *mean != Duration::ZERO);
    let (Some(own), Some(served)) = (positive(&arrival), positive(&service)) else {
        return Err(String::from(
            "`arrival` or `service` has no mean above 0s: without one there is no utilisation",
        ));
    };
    let too_long = "the mean time between arrivals does not fit: choose a shorter `service` or a higher `utilisation`";
    let wanted = served.checked_mul_ratio(BILLION, parts * u64::from(servers)).ok_or(too_long)?;
    let left_out = u128::from(jobs) * u128::from(warm_up.as_ppb()) / u128::from(BILLION);
    let settings = Settings {
        jobs,
        arrival,
        stretch: (wanted, own),
        warm_up: u64::try_from(left_out).unwrap_or(jobs),
        threshold,
    };
    Ok((settings, service))
}

impl Registration for Queue {
    type Node = Station;
    type Parameters = Parameters;

    const NAME: &'static str = "queue";
    const SUMMARY: &'static str =
        "jobs in one line before c servers, with Erlang's waits and Little's law";
    const BUGS: &'static [Bug] = &[J1, J2, J3];
    const PROBES: &'static [&'static str] = &["all-busy"];
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Config>, String> {
        let servers = nodes - 1;
        if servers == 0 {
            return Err(String::from(
                "there is no server: `n1` is the dispatcher, so that `nodes` is at least 2",
            ));
        }
        let (settings, service) = settings(parameters, servers)?;
        let mut configs = vec![Config::Dispatcher(settings)];
        configs.resize(nodes as usize, Config::Server { service });
        Ok(configs)
    }

    fn monitors(_parameters: &Parameters, _nodes: u32) -> Vec<Box<dyn Monitor<Station>>> {
        vec![
            Box::new(LittlesLaw::default()),
            Box::new(FirstComeFirstServed),
            Box::new(NoIdleServer),
        ]
    }

    fn statistics(world: &World<Station>, _notes: &[NoteEntry<Queue>]) -> Vec<Option<i64>> {
        let Some(Station::Dispatcher(dispatcher)) = world.node(DISPATCHER) else { return vec![] };
        let Measures { counted, wait, sojourn, late, .. } = dispatcher.measures;
        let measures = &dispatcher.measures;
        let in_system =
            measures.window.and_then(|(length, area)| mean(area, length.as_nanos(), SCALE));
        vec![
            mean(wait, counted, 1),
            mean(sojourn, counted, 1),
            in_system,
            mean(u128::from(late), counted, SCALE),
            i64::try_from(measures.area).ok(),
            i64::try_from(measures.sojourn_of_all).ok(),
        ]
    }

    /// None: the numbers are those of a world in which nothing fails.
    fn fault_model(_parameters: &Parameters, _nodes: u32) -> FaultModel {
        FaultModel { families: vec![], down_at_most: 0, drift_ppb: 0, bears_harsh: false }
    }
}
