//! At-least-once delivery: a sender repeats each message until it is acknowledged, so that the receiver gets
//! it once or more.
//!
//! **Sources:** Bartlett, Scantlebury and Wilkinson, *A note on reliable full-duplex transmission over half-duplex
//! links*, CACM 12(5), 1969 (stop and wait); Saltzer, Reed and Clark, *End-to-end arguments in system design*, 1984.
//! The means are those of geometric laws: with a loss of *p* each way, an attempt succeeds with probability
//! *s* = (1 − *p*)², so that a message is sent 1 / *s* times and delivered 1 / (1 − *p*) times. With *r* retries at
//! most and *f* = 1 − *s*, it is sent (1 − *f*^(*r*+1)) / (1 − *f*) times.
//!
//! **Kept:** one message at a time, numbered; a retry when a timer is due. **Ours:** a limit on retries. **Left out:**
//! backoff, windows, removing duplicates at the receiver.
//!
//! **System model:** messages may be lost, doubled, delayed and overtaken; nodes do not crash. The means suppose
//! that links do not double and that `resend` is longer than the way there and back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{
    Bug, Context, Difficulty, Duration, Monitor, Node, NodeId, Protocol, Registration, Start, Step,
    Violation, World,
};

use super::{SCALE, mean};

/// Who sends.
const SENDER: NodeId = NodeId(1);
/// Who receives.
const RECEIVER: NodeId = NodeId(2);

/// The faults that it bears.
const FAMILIES: [Family; 14] = [
    Family::Pause,
    Family::Partition,
    Family::Hold,
    Family::Intervention,
    Family::Loss,
    Family::Duplication,
    Family::Clock,
    Family::Slow,
    Family::Clog,
    Family::Burst,
    Family::Corruption,
    Family::Delay,
    Family::Bandwidth,
    Family::ClockJump,
];

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtLeastOnce;

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How many messages are sent, one after the other.
    pub messages: u64,
    /// How often a message is sent again before the sender gives it up; without end where absent.
    pub retries: Option<u32>,
    /// How long the sender waits for an acknowledgement. Longer than the way there and back, or messages are sent
    /// again for nothing.
    pub resend: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { messages: 100, retries: None, resend: Duration::from_millis(100) }
    }
}

/// In the order of a run without faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From the sender.
    Data {
        /// Which message, from 1.
        number: u64,
    },
    /// To the sender: it is here.
    Ack {
        /// Which.
        number: u64,
    },
}

/// No acknowledgement has come for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Resend;

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// The sender gave a message up: its retries are spent.
    GaveUp {
        /// Which.
        number: u64,
    },
    /// Every message was acknowledged or given up.
    Finished {
        /// How many were acknowledged.
        acknowledged: u64,
    },
}

impl Protocol for AtLeastOnce {
    type Config = Parameters;
    type Message = Message;
    type Timer = Resend;
    type Record = ();
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// Repeats each message until it is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sender {
    config: Parameters,
    /// The message that is under way, from 1.
    current: u64,
    /// How often it was sent.
    attempts: u32,
    /// How often all messages were sent.
    sends: u64,
    /// How many messages were acknowledged, and the last of them.
    acknowledged: u64,
    last_acknowledged: u64,
}

/// Acknowledges whatever comes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Receiver {
    /// How many messages came, each as often as it came.
    deliveries: u64,
    /// The highest number that came.
    last: u64,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Party {
    /// `n1`.
    Sender(Sender),
    /// `n2`.
    Receiver(Receiver),
}

impl Node for Party {
    type Protocol = AtLeastOnce;

    fn on_start(start: Start<'_, AtLeastOnce>, ctx: &mut Context<'_, AtLeastOnce>) -> Self {
        if start.id == SENDER {
            Self::Sender(Sender::begin(start.config.clone(), ctx))
        } else {
            Self::Receiver(Receiver::default())
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, AtLeastOnce>) {
        match (self, message) {
            (Self::Receiver(receiver), Message::Data { number }) => {
                receiver.acknowledge(from, number, ctx);
            }
            (Self::Sender(sender), Message::Ack { number }) => sender.acknowledged(number, ctx),
            (Self::Receiver(_), Message::Ack { .. }) | (Self::Sender(_), Message::Data { .. }) => {}
        }
    }

    fn on_timer(&mut self, Resend: Resend, ctx: &mut Context<'_, AtLeastOnce>) {
        match self {
            Self::Sender(sender) => sender.retry(ctx),
            Self::Receiver(_) => {}
        }
    }

    fn role(&self) -> &'static str {
        match self {
            Self::Sender(_) => "sender",
            Self::Receiver(_) => "receiver",
        }
    }
}

impl Receiver {
    /// Acknowledges a message, a second time too: the first acknowledgement may be lost.
    fn acknowledge(&mut self, from: NodeId, number: u64, ctx: &mut Context<'_, AtLeastOnce>) {
        if number <= self.last {
            ctx.probe("delivered-again");
        }
        self.deliveries += 1;
        self.last = self.last.max(number);
        ctx.send(from, Message::Ack { number });
    }
}

impl Sender {
    fn begin(config: Parameters, ctx: &mut Context<'_, AtLeastOnce>) -> Self {
        let mut sender = Self {
            config,
            current: 0,
            attempts: 0,
            sends: 0,
            acknowledged: 0,
            last_acknowledged: 0,
        };
        sender.next(ctx);
        sender
    }

    /// Goes on to the next message, if there is one.
    fn next(&mut self, ctx: &mut Context<'_, AtLeastOnce>) {
        ctx.cancel_timer(Resend);
        self.current += 1;
        self.attempts = 0;
        if self.is_finished() {
            return ctx.note(Note::Finished { acknowledged: self.acknowledged });
        }
        self.attempt(ctx);
    }

    fn attempt(&mut self, ctx: &mut Context<'_, AtLeastOnce>) {
        self.attempts += 1;
        self.sends += 1;
        ctx.send(RECEIVER, Message::Data { number: self.current });
        ctx.set_timer(Resend, self.config.resend);
    }

    fn is_finished(&self) -> bool {
        self.config.messages < self.current
    }

    /// An acknowledgement came. One of an earlier message says nothing about this one.
    fn acknowledged(&mut self, number: u64, ctx: &mut Context<'_, AtLeastOnce>) {
        if number != self.current {
            return ctx.probe("late-ack");
        }
        self.count_acknowledged(ctx);
    }

    fn count_acknowledged(&mut self, ctx: &mut Context<'_, AtLeastOnce>) {
        self.acknowledged += 1;
        self.last_acknowledged = self.current;
        self.next(ctx);
    }

    /// The acknowledgement is overdue: message or acknowledgement was lost, and nobody can say which.
    fn retry(&mut self, ctx: &mut Context<'_, AtLeastOnce>) {
        if self.is_finished() {
            return;
        }
        if ctx.bug(&A1) {
            return self.count_acknowledged(ctx);
        }
        let retries = self.attempts - 1;
        let is_spent = self.config.retries.is_some_and(|limit| limit <= retries);
        let is_one_late = ctx.bug(&A2) && self.config.retries == Some(retries);
        if is_spent && !is_one_late {
            ctx.note(Note::GaveUp { number: self.current });
            return self.next(ctx);
        }
        self.attempt(ctx);
    }
}

/// At most once, sold as at least once.
pub const A1: Bug = Bug {
    id: "A1",
    summary: "the sender takes silence for an acknowledgement and goes on",
    breaks: &["At Least Once"],
    source: "Saltzer, Reed and Clark 1984: only the other end can say that a message arrived",
    difficulty: Difficulty::Easy,
    found_by: &["engine/at-least-once"],
};

/// One retry more than the budget.
pub const A2: Bug = Bug {
    id: "A2",
    summary: "the sender counts its first retry as the first attempt, and retries once too often",
    breaks: &["Retry Limit"],
    source: "at-least-once delivery, module documentation",
    difficulty: Difficulty::Easy,
    found_by: &["engine/retry-limit"],
};

/// The sender, if it is there.
fn sender(world: &World<Party>) -> Option<&Sender> {
    match world.node(SENDER)? {
        Party::Sender(sender) => Some(sender),
        Party::Receiver(_) => None,
    }
}

/// The receiver, if it is there.
fn receiver(world: &World<Party>) -> Option<&Receiver> {
    match world.node(RECEIVER)? {
        Party::Receiver(receiver) => Some(receiver),
        Party::Sender(_) => None,
    }
}

/// At Least Once: what the sender holds for acknowledged was delivered.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AtLeastOnceRule;

impl Monitor<Party> for AtLeastOnceRule {
    fn name(&self) -> &'static str {
        "At Least Once"
    }

    fn after(&mut self, step: &Step<AtLeastOnce>, world: &World<Party>) -> Result<(), Violation> {
        let (Some(sender), Some(receiver)) = (sender(world), receiver(world)) else {
            return Ok(());
        };
        // Messages go out in order, so that the highest number to come tells of all that were acknowledged.
        if sender.last_acknowledged <= receiver.last {
            return Ok(());
        }
        Err(Violation {
            rule: "At Least Once",
            source: "At-least-once delivery, module documentation",
            facts: vec![
                format!(
                    "{SENDER} held message {} for acknowledged at {}",
                    sender.last_acknowledged, step.time
                ),
                format!("the last that {RECEIVER} got was message {}", receiver.last),
            ],
            nodes: vec![SENDER, RECEIVER],
        })
    }
}

/// Retry Limit: no message is sent more often than once and the retries that the limit allows.
#[derive(Clone, Debug, Serialize)]
pub struct RetryLimit {
    limit: Option<u32>,
}

impl Monitor<Party> for RetryLimit {
    fn name(&self) -> &'static str {
        "Retry Limit"
    }

    fn after(&mut self, step: &Step<AtLeastOnce>, world: &World<Party>) -> Result<(), Violation> {
        let (Some(limit), Some(sender)) = (self.limit, sender(world)) else { return Ok(()) };
        if u64::from(sender.attempts) <= u64::from(limit) + 1 {
            return Ok(());
        }
        Err(Violation {
            rule: "Retry Limit",
            source: "At-least-once delivery, module documentation",
            facts: vec![
                format!("a message may be sent again {limit} times"),
                format!(
                    "{SENDER} sent message {} for the {}th time at {}",
                    sender.current, sender.attempts, step.time
                ),
            ],
            nodes: vec![SENDER],
        })
    }
}

/// The statistics, in the order of [`Registration::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "sends",
        scale: SCALE,
        unit: "",
        about: "how often a message was sent, on average",
    },
    Statistic {
        name: "deliveries",
        scale: SCALE,
        unit: "",
        about: "how often a message was delivered, on average",
    },
    Statistic {
        name: "acknowledged",
        scale: SCALE,
        unit: "",
        about: "share of the messages that were acknowledged before their retries were spent",
    },
];

impl Registration for AtLeastOnce {
    type Node = Party;
    type Parameters = Parameters;

    const NAME: &'static str = "at-least-once";
    const SUMMARY: &'static str =
        "a sender repeats each message until it is acknowledged (stop and wait)";
    const BUGS: &'static [Bug] = &[A1, A2];
    const PROBES: &'static [&'static str] = &["delivered-again", "late-ack"];
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Parameters>, String> {
        if nodes != 2 {
            return Err(format!("there are {nodes} nodes: `n1` sends to `n2`, so `nodes` is 2"));
        }
        if parameters.messages == 0 {
            return Err(String::from("`messages` is 0: at least 1 message has to be sent"));
        }
        if parameters.resend == Duration::ZERO {
            return Err(String::from("`resend` is 0s: it needs a positive time, such as `100ms`"));
        }
        Ok(vec![parameters.clone(); nodes as usize])
    }

    fn monitors(parameters: &Parameters, _nodes: u32) -> Vec<Box<dyn Monitor<Party>>> {
        vec![Box::new(AtLeastOnceRule), Box::new(RetryLimit { limit: parameters.retries })]
    }

    /// None of a run that did not come to the end of its messages: the last would be half counted.
    fn statistics(world: &World<Party>, _notes: &[NoteEntry<AtLeastOnce>]) -> Vec<Option<i64>> {
        let (Some(sender), Some(receiver)) = (sender(world), receiver(world)) else {
            return vec![];
        };
        if !sender.is_finished() {
            return vec![];
        }
        let per_message = |sum: u64| mean(u128::from(sum), sender.config.messages, SCALE);
        [sender.sends, receiver.deliveries, sender.acknowledged].map(per_message).to_vec()
    }

    /// Whatever happens to messages, to clocks and to the pace of nodes; there is no journal, so that a crash forgets.
    fn fault_model(_parameters: &Parameters, _nodes: u32) -> FaultModel {
        FaultModel {
            families: FAMILIES.to_vec(),
            down_at_most: 0,
            drift_ppb: 1_000_000_000,
            bears_harsh: false,
        }
    }
}
