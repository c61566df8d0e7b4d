//! What must hold after every event. The monitor keeps books of its own: which heartbeats came when, by the observer's clock, and what follows from them.
//!
//! | rule | property | where |
//! |---|---|---|
//! | Heartbeats In Order | only a newer heartbeat is a sign of life | Chen et al., §3 |
//! | No Early Suspicion | nobody is suspected before its time is over | Chandra & Toueg, figure 10; Hayashibara et al., §IV.B |
//! | Bounded Detection | an observer that goes on undisturbed suspects the silent within `own_pause` of that time: completeness with a bound | the same |
//! | Own Pause | an observer that finds that it stood still suspects nobody at that moment | Cassandra |

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Duration, LocalTime, Monitor, NodeId, SimTime, Step, Violation, World};

use crate::undisturbed::Undisturbed;

use super::estimate::Estimate;
use super::message::Stamp;
use super::process::{Detector, Kind, Note, Peer, Process, Settings, Timer};

/// The books round to nanoseconds elsewhere than the processes: so much is nothing.
const NOTHING: Duration = Duration::from_micros(1);

/// The rule that is broken, and how.
type Finding = (&'static str, String);

/// All of them, for a run of `nodes` processes.
pub fn all(settings: &Settings, nodes: u32) -> Vec<Box<dyn Monitor<Process>>> {
    vec![Box::new(DueSuspicion::new(settings, nodes))]
}

/// What an observer should know of another process.
#[derive(Clone, Debug, Serialize)]
struct Heard {
    newest: Option<Stamp>,
    at: LocalTime,
    intervals: VecDeque<Duration>,
    mistakes: u64,
    is_suspected: bool,
    /// When it is to be suspected, and when that was settled.
    deadline: LocalTime,
    settled: SimTime,
}

/// What is booked of an observer.
#[derive(Clone, Debug, Serialize)]
struct Book {
    /// Of which of its lives.
    life: u32,
    /// When its own next heartbeat is due.
    beat_due: LocalTime,
    /// When it last was late with that.
    woke: Option<LocalTime>,
    heard: BTreeMap<NodeId, Heard>,
}

/// Suspicion at its time: no earlier, no later, and for no other reason.
#[derive(Clone, Debug, Serialize)]
pub struct DueSuspicion {
    settings: Settings,
    books: BTreeMap<NodeId, Book>,
    undisturbed: Undisturbed,
}

impl DueSuspicion {
    fn new(settings: &Settings, nodes: u32) -> Self {
        let undisturbed = Undisturbed::new(nodes);
        Self { settings: settings.clone(), books: BTreeMap::new(), undisturbed }
    }

    /// How long a process may be silent, from all that was heard of it.
    fn patience(&self, heard: &Heard) -> Duration {
        match self.settings.kind {
            Kind::Heartbeat => self.settings.timeout + self.settings.growth * heard.mistakes,
            Kind::Phi => {
                let estimate = self.estimate(&heard.intervals);
                estimate.reaches(self.settings.law, self.settings.threshold)
            }
        }
    }

    /// Mean and deviation from the definitions.
    fn estimate(&self, intervals: &VecDeque<Duration>) -> Estimate {
        if intervals.len() < 2 {
            return Estimate::first(&self.settings);
        }
        let count = intervals.len() as u64;
        let sum: u64 = intervals.iter().map(|interval| interval.as_nanos()).sum();
        let mean = sum / count;
        let square = |interval: &Duration| u128::from(interval.as_nanos().abs_diff(mean)).pow(2);
        let variance = intervals.iter().map(square).sum::<u128>() / u128::from(count);
        let own = Duration::from_nanos(u64::try_from(variance.isqrt()).unwrap_or(u64::MAX));
        let deviation = own.max(self.settings.least_deviation);
        Estimate { mean: Duration::from_nanos(mean), deviation }
    }

    /// An observer begins to listen.
    fn open(&mut self, observer: NodeId, world: &World<Process>, time: SimTime) {
        let now = world.clock(observer);
        let mut heard = Heard {
            newest: None,
            at: now,
            intervals: VecDeque::new(),
            mistakes: 0,
            is_suspected: false,
            deadline: now,
            settled: time,
        };
        heard.deadline = now + self.patience(&heard) + self.settings.interval;
        let others = NodeId::all(world.node_count()).filter(|id| *id != observer);
        let book = Book {
            life: world.incarnation(observer),
            beat_due: world.node(observer).map_or(now, |process| process.beat_due),
            woke: None,
            heard: others.map(|id| (id, heard.clone())).collect(),
        };
        self.books.insert(observer, book);
    }

    /// Books what came of this step, where the observer takes it for a heartbeat.
    fn hear(
        &self,
        heard: &mut Heard,
        peer: &Peer,
        (now, woke): (LocalTime, Option<LocalTime>),
        time: SimTime,
    ) -> Result<(), Finding> {
        let (newest, before) = (peer.heard, heard.newest);
        if newest < before || (newest == before && peer.heard_at != heard.at) {
            let fact = format!("had heard {before:?} and takes {newest:?} for news");
            return Err(("Heartbeats In Order", fact));
        }
        let (Some(stamp), true) = (newest, newest != before) else { return Ok(()) };
        let silence = now.since(heard.at);
        let is_distorted = woke.is_some_and(|woke| heard.at <= woke);
        if before.is_some() && silence <= self.settings.outage && !is_distorted {
            heard.intervals.push_back(silence);
            if (self.settings.window as usize) < heard.intervals.len() {
                heard.intervals.pop_front();
            }
        }
        let is_same_life = before.is_some_and(|before| before.life == stamp.life);
        heard.mistakes += u64::from(heard.is_suspected && is_same_life);
        (heard.newest, heard.at, heard.is_suspected) = (newest, now, false);
        (heard.deadline, heard.settled) = (now + self.patience(heard), time);
        Ok(())
    }

    /// A process is suspected; `is_well` if its observer went on undisturbed.
    fn suspect(
        &self,
        heard: &mut Heard,
        (now, woke): (LocalTime, Option<LocalTime>),
        is_well: bool,
    ) -> Result<(), Finding> {
        heard.is_suspected = true;
        let (silence, due) = (now.since(heard.at), heard.deadline.since(heard.at));
        let fact = format!("suspects after {silence} of silence; {due} are due");
        if woke == Some(now) {
            return Err(("Own Pause", fact + "; but the observer itself was late"));
        }
        if now + NOTHING < heard.deadline {
            return Err(("No Early Suspicion", fact));
        }
        if is_well && heard.deadline + self.settings.own_pause + NOTHING < now {
            return Err(("Bounded Detection", fact));
        }
        Ok(())
    }

    /// The observer looks after everybody: nobody may be overdue.
    fn overdue(&self, heard: &Heard, now: LocalTime, is_well: bool) -> Result<(), Finding> {
        let is_overdue = heard.deadline + self.settings.own_pause + NOTHING < now;
        if !is_overdue || !is_well || heard.is_suspected {
            return Ok(());
        }
        let (silence, due) = (now.since(heard.at), heard.deadline.since(heard.at));
        let fact = format!("suspects nobody after {silence} of silence; {due} are due");
        Err(("Bounded Detection", fact))
    }

    fn judge(
        &self,
        book: &mut Book,
        observer: NodeId,
        step: &Step<Detector>,
        world: &World<Process>,
    ) -> Result<(), (NodeId, Finding)> {
        let Some(process) = world.node(observer) else { return Ok(()) };
        let now = world.clock(observer);
        if book.beat_due + self.settings.own_pause < now {
            book.woke = Some(now);
        }
        book.beat_due = process.beat_due;
        let clock = (now, book.woke);
        let is_well = |heard: &Heard| self.undisturbed.is_so_since(observer, heard.settled, world);
        for (id, heard) in &mut book.heard {
            let Some(peer) = process.peers.get(id) else { continue };
            self.hear(heard, peer, clock, step.time).map_err(|found| (*id, found))?;
        }
        for note in &step.notes {
            let Note::Suspects { peer, .. } = note else { continue };
            let Some(heard) = book.heard.get_mut(peer) else { continue };
            let is_well = is_well(heard);
            self.suspect(heard, clock, is_well).map_err(|found| (*peer, found))?;
        }
        match step.event {
            Event::Timer { timer: Timer::Deadline(id), is_waiting: false, .. } => {
                let is_due = |heard: &&mut Heard| !heard.is_suspected && heard.deadline <= now;
                if book.woke == Some(now)
                    && let Some(heard) = book.heard.get_mut(&id).filter(is_due)
                {
                    (heard.deadline, heard.settled) = (now + self.patience(heard), step.time);
                }
                Ok(())
            }
            Event::Timer { timer: Timer::Beat, is_waiting: false, .. } => {
                let mut heard = book.heard.iter();
                heard.try_for_each(|(id, heard)| {
                    self.overdue(heard, now, is_well(heard)).map_err(|found| (*id, found))
                })
            }
            Event::Start { .. }
            | Event::Arrive { .. }
            | Event::Timer { .. }
            | Event::Synced { .. }
            | Event::SyncFailed { .. }
            | Event::Ask { .. }
            | Event::GiveUp { .. }
            | Event::Deed(_) => Ok(()),
        }
    }
}

impl Monitor<Process> for DueSuspicion {
    fn name(&self) -> &'static str {
        "Due Suspicion"
    }

    fn after(&mut self, step: &Step<Detector>, world: &World<Process>) -> Result<(), Violation> {
        self.undisturbed.remember::<Process>(step);
        let Some(observer) = step.handled_by else { return Ok(()) };
        let life = world.incarnation(observer);
        let Some(mut book) = self.books.remove(&observer).filter(|book| book.life == life) else {
            self.open(observer, world, step.time);
            return Ok(());
        };
        let judged = self.judge(&mut book, observer, step, world);
        self.books.insert(observer, book);
        judged.map_err(|(peer, (rule, fact))| Violation {
            rule,
            source: "Chandra & Toueg 1996, figure 10; Hayashibara et al. 2004, §IV",
            facts: vec![format!("{observer} observes {peer} at {}", step.time), fact],
            nodes: vec![observer, peer],
        })
    }
}
