//! Commit wait: transactions get timestamps from wall clocks that are not quite right, and whoever begins after one has
//! committed gets a later timestamp all the same.
//!
//! **Source:** Corbett et al., *Spanner: Google's Globally-Distributed Database*, OSDI 2012, sections 3 (`TT.now`, `TT.after`) and
//! 4.1.2 (*Start* and *Commit Wait*). A transaction takes the latest moment that may be now for its timestamp, and commits only
//! when that moment has passed for certain. The wait is about twice the uncertainty of the clock.
//!
//! **Kept:** both rules and external consistency. **Ours:** one transaction after the other, each begun on the
//! next server when a message says that the one before has committed. **Left out:** data, locks, Paxos, and waiting in
//! parallel with communication.
//!
//! **System model:** clocks that keep to the bounds that their nodes believe in; messages may be doubled, delayed and
//! overtaken; servers may stand still. A crash or a loss may stop the chain for ever.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{
    Bug, Context, Difficulty, Duration, Monitor, Node, NodeId, Protocol, Registration, SimTime,
    Start, Step, Violation, WallTime, World,
};

use super::mean;

/// Who begins the first transaction.
const FIRST: NodeId = NodeId(1);
/// The finest step of a clock: `TT.after` asks for a moment that is over.
const TICK: Duration = Duration::from_nanos(1);
/// A drift that real machines keep to, in parts per billion (section 3 of the paper).
const DRIFT_PPB: u64 = 200_000;

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitWait;

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How many transactions there are, one after the other.
    pub transactions: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { transactions: 100 }
    }
}

/// What servers say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// To the next server: the transaction before has committed, and this one is to begin.
    Begin {
        /// Its number, from 1.
        transaction: u64,
    },
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A transaction has its timestamp.
    Began {
        /// Which one.
        transaction: u64,
        /// Its timestamp.
        timestamp: WallTime,
    },
    /// A transaction has committed: everybody may see it.
    Committed {
        /// Which one.
        transaction: u64,
        /// Its timestamp.
        timestamp: WallTime,
    },
}

impl Protocol for CommitWait {
    type Config = Parameters;
    type Message = Message;
    type Timer = ();
    type Record = ();
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// A transaction that waits until it may commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Waiting {
    transaction: u64,
    timestamp: WallTime,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    transactions: u64,
    /// The last transaction that began here: a message that comes twice begins nothing.
    last: u64,
    waiting: Option<Waiting>,
}

impl Node for Server {
    type Protocol = CommitWait;

    fn on_start(start: Start<'_, CommitWait>, ctx: &mut Context<'_, CommitWait>) -> Self {
        let mut server = Self { transactions: start.config.transactions, last: 0, waiting: None };
        if start.id == FIRST && start.incarnation == 0 {
            server.begin(1, ctx);
        }
        server
    }

    fn on_message(&mut self, _from: NodeId, message: Message, ctx: &mut Context<'_, CommitWait>) {
        match message {
            Message::Begin { transaction } if self.last < transaction => {
                self.begin(transaction, ctx);
            }
            Message::Begin { .. } => ctx.probe("begun-already"),
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, CommitWait>) {
        self.commit(ctx);
    }

    fn role(&self) -> &'static str {
        if self.waiting.is_some() { "waiting" } else { "idle" }
    }
}

impl Server {
    /// *Start*: the timestamp is no less than `TT.now().latest`.
    fn begin(&mut self, transaction: u64, ctx: &mut Context<'_, CommitWait>) {
        let timestamp = ctx.wall_interval().latest;
        self.last = transaction;
        self.waiting = Some(Waiting { transaction, timestamp });
        ctx.note(Note::Began { transaction, timestamp });
        self.commit(ctx);
    }

    /// *Commit Wait*: nobody sees a transaction before `TT.after(timestamp)` is true.
    fn commit(&mut self, ctx: &mut Context<'_, CommitWait>) {
        let Some(Waiting { transaction, timestamp }) = self.waiting.clone() else { return };
        let now = ctx.wall_interval();
        if !ctx.bug(&X1) && !now.is_after(timestamp) {
            ctx.set_timer((), timestamp.since(now.earliest) + TICK);
            return;
        }
        self.waiting = None;
        ctx.note(Note::Committed { transaction, timestamp });
        if transaction < self.transactions {
            let next = NodeId(ctx.id().0 % ctx.node_count() + 1);
            ctx.send(next, Message::Begin { transaction: transaction + 1 });
        }
    }
}

/// A timestamp alone is a promise that nobody keeps.
pub const X1: Bug = Bug {
    id: "X1",
    summary: "a transaction commits as soon as it has its timestamp, without waiting for that to pass",
    breaks: &["External Consistency"],
    source: "Corbett et al. 2012, section 4.1.2, Commit Wait",
    difficulty: Difficulty::Easy,
    found_by: &["engine/commit-wait"],
};

/// External Consistency: a transaction that begins after another has committed has the later timestamp.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ExternalConsistency {
    /// The latest timestamp of a committed transaction, and where and when it committed.
    latest: Option<(WallTime, NodeId, SimTime)>,
}

impl Monitor<Server> for ExternalConsistency {
    fn name(&self) -> &'static str {
        "External Consistency"
    }

    fn after(&mut self, step: &Step<CommitWait>, _world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            match note {
                Note::Began { timestamp, .. } => self.check(*timestamp, id, step.time)?,
                Note::Committed { timestamp, .. } => {
                    self.latest = Some((*timestamp, id, step.time));
                }
            }
        }
        Ok(())
    }
}

impl ExternalConsistency {
    fn check(&self, timestamp: WallTime, id: NodeId, now: SimTime) -> Result<(), Violation> {
        let Some((latest, other, time)) = self.latest.filter(|(latest, ..)| timestamp <= *latest)
        else {
            return Ok(());
        };
        Err(Violation {
            rule: "External Consistency",
            source: "Corbett et al. 2012, section 4.1.2",
            facts: vec![
                format!("{other} committed a transaction of {latest:?} at {time}"),
                format!("{id} began another at {now}, and gave it {timestamp:?}"),
            ],
            nodes: vec![other, id],
        })
    }
}

impl Registration for CommitWait {
    type Node = Server;
    type Parameters = Parameters;

    const NAME: &'static str = "commit-wait";
    const SUMMARY: &'static str =
        "timestamps from uncertain wall clocks: commit wait and external consistency (Spanner)";
    const BUGS: &'static [Bug] = &[X1];
    const PROBES: &'static [&'static str] = &["begun-already"];
    const STATISTICS: &'static [Statistic] = &[Statistic {
        name: "wait",
        scale: 1_000_000_000,
        unit: "s",
        about: "mean time from a transaction's timestamp to its commit",
    }];

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Parameters>, String> {
        if parameters.transactions == 0 {
            return Err(String::from("`transactions` is 0: at least 1 has to be made"));
        }
        if nodes < 2 {
            return Err(String::from(
                "one server has no other to be consistent with: take 2 or more",
            ));
        }
        Ok(vec![parameters.clone(); nodes as usize])
    }

    fn monitors(_parameters: &Parameters, _nodes: u32) -> Vec<Box<dyn Monitor<Server>>> {
        vec![Box::new(ExternalConsistency::default())]
    }

    fn statistics(_world: &World<Server>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        let (mut waited, mut count, mut began) = (0, 0, None);
        for entry in notes {
            match entry.note {
                Note::Began { .. } => began = Some(entry.time),
                Note::Committed { .. } => {
                    count += u64::from(began.is_some());
                    waited += began.take().map_or(0, |time| entry.time.since(time).as_nanos());
                }
            }
        }
        vec![mean(u128::from(waited), count, 1)]
    }

    /// Clocks within their bounds, and whatever does not lose the message that goes round.
    fn fault_model(_parameters: &Parameters, _nodes: u32) -> FaultModel {
        FaultModel {
            families: vec![
                Family::Pause,
                Family::Slow,
                Family::Duplication,
                Family::Delay,
                Family::Clock,
            ],
            down_at_most: 0,
            drift_ppb: DRIFT_PPB,
            bears_harsh: false,
        }
    }

    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() == nodes as usize
    }
}
