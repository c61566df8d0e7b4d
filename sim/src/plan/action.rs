//! What may be done to a run: the interventions of the debugger and the items of a plan are one thing.

use serde::{Deserialize, Serialize};

use crate::id::ClientId;
use crate::law::Law;
use crate::ledger::Family;
use crate::time::Duration;

use super::{Cut, Disturbance, Flapping, LinkFault, MessageAddress, MessageFilter, Target};

/// What may be done to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<O> {
    /// The node stops; its memory, timers and unsynced writes are lost, messages on the wire are not.
    Crash {
        /// Which node.
        node: Target,
        /// Inside the triggering event, after so many of its effects.
        after_effects: Option<u32>,
    },
    /// The node starts again from what its disk kept.
    Restart(Target),
    /// The node stops and its disk is lost: it has forgotten everything that it ever promised (amnesia).
    Wipe(Target),
    /// The node stands still; its clock runs on, and what comes for it waits.
    Pause(Target),
    /// The node goes on; what waited is handled now, in order.
    Resume(Target),
    /// From now on the node takes so long for each event, one after the other; what comes meanwhile waits in its inbox. A
    /// constant zero makes it as fast as it was.
    Slow {
        /// Which node.
        node: Target,
        /// How long it takes for one event.
        service: Law,
    },
    /// From now on the node deviates from its protocol in this way, never in another node's name.
    Byzantine {
        /// Which node.
        node: Target,
        /// How it deviates.
        behaviour: Behaviour,
    },
    /// Messages on these links do not arrive.
    Cut(Cut),
    /// A cut that comes and goes.
    Flap(Flapping),
    /// Messages on these links wait where they would arrive, until the item is healed.
    Clog(Cut),
    /// Something goes wrong with the messages that match, until the item is healed.
    Disturb(Disturbance),
    /// The cut, flapping, clog or disturbance made by the item of that name ends; without a name, all of them end.
    Heal(Option<String>),
    /// Nothing new goes wrong from now on: every cut, flapping, clog, hold and disturbance ends, links neither lose nor
    /// damage nor double, disks are whole and answer, nodes are honest and as fast as they were. Who is down stays
    /// down, who stands still stands still, and clocks run as they do.
    Calm,
    /// Messages sent from now on that match are kept back.
    Hold(MessageFilter),
    /// What the item of that name keeps back arrives now; without a name, everything kept back.
    Release(Option<String>),
    /// A message on the wire or kept back is lost.
    Drop(MessageAddress),
    /// A message on the wire arrives once more, now.
    Duplicate(MessageAddress),
    /// A message on the wire or kept back arrives now.
    Deliver(MessageAddress),
    /// A message on the wire arrives later than it would.
    Delay {
        /// Which message.
        message: MessageAddress,
        /// How much later.
        by: Duration,
    },
    /// An armed timer comes due now.
    Fire {
        /// Whose.
        node: Target,
        /// The name of the timer's kind.
        timer: String,
    },
    /// A client asks this as soon as it has no other operation open.
    Request {
        /// Who asks.
        client: ClientId,
        /// What it asks.
        operation: O,
        /// Whom it asks first; the next entry node in its list where absent.
        to: Option<Target>,
    },
    /// The node's clocks run at another rate from now on.
    ClockRate {
        /// Whose.
        node: Target,
        /// Parts per billion faster than true time; -10^9 stands still.
        ppb: i64,
    },
    /// The node's wall clock jumps. Its monotonic clock, which drives its timers, does not.
    ClockJump {
        /// Whose.
        node: Target,
        /// How far, in nanoseconds; negative is back.
        by: i64,
    },
    /// Something happens to a node's disk.
    Disk {
        /// Whose.
        node: Target,
        /// What.
        fault: DiskFault,
    },
    /// Everything that is drawn from now on is drawn under another seed.
    Reseed(u64),
}

/// How a byzantine node deviates from its protocol. Everything that it says, it says in its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// Not at all.
    Honest,
    /// It tells different nodes different things, as its protocol's [`forge`](crate::Node::forge) says.
    Equivocate,
    /// It keeps back half of what it should send, drawn message by message.
    Withhold,
    /// It sends what it had sent before once more, beside what it should send.
    Replay,
}

/// What happens to a node's disk. The records themselves stay as they are under all of it, so that [`DiskFault::Mend`]
/// makes the disk whole again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskFault {
    /// It answers no sync until it is mended.
    Stall,
    /// It has no room for another record: syncs of new ones fail.
    Full,
    /// Every sync fails.
    Error,
    /// It answers syncs at once, without making anything durable.
    Lie,
    /// A durable record becomes unreadable: this one, counted from 0, or one drawn at random.
    Corrupt(Option<u64>),
    /// A durable record was written where another belongs: this one, counted from 0, or one drawn at random. Neither can be read.
    Misdirect(Option<u64>),
    /// All of that ends, and what was damaged reads as it was written. What a crash tore was never written as a whole, and stays torn.
    Mend,
}

impl DiskFault {
    /// The family of faults that it belongs to; the end of faults is none.
    pub const fn family(self) -> Option<Family> {
        Some(match self {
            Self::Stall => Family::DiskStall,
            Self::Full => Family::DiskFull,
            Self::Error => Family::DiskError,
            Self::Lie => Family::LyingSync,
            Self::Corrupt(_) => Family::Rot,
            Self::Misdirect(_) => Family::Misdirection,
            Self::Mend => return None,
        })
    }

    /// Its word in plans and stories.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stall => "stall",
            Self::Full => "full",
            Self::Error => "error",
            Self::Lie => "lie",
            Self::Corrupt(_) => "corrupt",
            Self::Misdirect(_) => "misdirect",
            Self::Mend => "mend",
        }
    }
}

impl<O> Action<O> {
    /// The family of faults that it belongs to; a request is none, nor is the end of a fault but a restart.
    pub const fn family(&self) -> Option<Family> {
        Some(match self {
            Self::Crash { .. } => Family::Crash,
            Self::Restart(_) => Family::Restart,
            Self::Wipe(_) => Family::Amnesia,
            Self::Pause(_) => Family::Pause,
            Self::Slow { .. } => Family::Slow,
            Self::Byzantine { behaviour, .. } => match behaviour {
                Behaviour::Honest => return None,
                Behaviour::Equivocate | Behaviour::Withhold | Behaviour::Replay => {
                    Family::Byzantine
                }
            },
            Self::Cut(_) | Self::Flap(_) => Family::Partition,
            Self::Clog(_) => Family::Clog,
            Self::Disturb(Disturbance { fault, .. }) => match fault {
                LinkFault::Loss(_) => Family::Loss,
                LinkFault::Burst(_) => Family::Burst,
                LinkFault::Corruption(_) => Family::Corruption,
                LinkFault::Duplication(_) => Family::Duplication,
                LinkFault::Delay(_) => Family::Delay,
            },
            Self::Hold(_) => Family::Hold,
            Self::Drop(_)
            | Self::Duplicate(_)
            | Self::Deliver(_)
            | Self::Delay { .. }
            | Self::Fire { .. } => Family::Intervention,
            Self::ClockRate { .. } => Family::Clock,
            Self::ClockJump { .. } => Family::ClockJump,
            Self::Disk { fault, .. } => return fault.family(),
            Self::Resume(_)
            | Self::Heal(_)
            | Self::Calm
            | Self::Release(_)
            | Self::Request { .. }
            | Self::Reseed(_) => return None,
        })
    }

    /// Its word in plans and stories.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Crash { .. } => "crash",
            Self::Restart(_) => "restart",
            Self::Wipe(_) => "wipe",
            Self::Pause(_) => "pause",
            Self::Resume(_) => "resume",
            Self::Slow { .. } => "slow",
            Self::Byzantine { .. } => "byzantine",
            Self::Cut(_) => "cut",
            Self::Flap(_) => "flap",
            Self::Clog(_) => "clog",
            Self::Disturb(_) => "disturb",
            Self::Heal(_) => "heal",
            Self::Calm => "calm",
            Self::Hold(_) => "hold",
            Self::Release(_) => "release",
            Self::Drop(_) => "drop",
            Self::Duplicate(_) => "duplicate",
            Self::Deliver(_) => "deliver",
            Self::Delay { .. } => "delay",
            Self::Fire { .. } => "fire",
            Self::Request { .. } => "request",
            Self::ClockRate { .. } => "clock",
            Self::ClockJump { .. } => "jump",
            Self::Disk { .. } => "disk",
            Self::Reseed(_) => "reseed",
        }
    }

    /// The same action with its operation read by `read`.
    ///
    /// # Errors
    /// What `read` returns.
    pub fn try_map<T, E>(self, read: impl FnOnce(O) -> Result<T, E>) -> Result<Action<T>, E> {
        Ok(match self {
            Self::Crash { node, after_effects } => Action::Crash { node, after_effects },
            Self::Restart(node) => Action::Restart(node),
            Self::Wipe(node) => Action::Wipe(node),
            Self::Pause(node) => Action::Pause(node),
            Self::Resume(node) => Action::Resume(node),
            Self::Slow { node, service } => Action::Slow { node, service },
            Self::Byzantine { node, behaviour } => Action::Byzantine { node, behaviour },
            Self::Cut(cut) => Action::Cut(cut),
            Self::Flap(flapping) => Action::Flap(flapping),
            Self::Clog(cut) => Action::Clog(cut),
            Self::Disturb(disturbance) => Action::Disturb(disturbance),
            Self::Heal(name) => Action::Heal(name),
            Self::Calm => Action::Calm,
            Self::Hold(filter) => Action::Hold(filter),
            Self::Release(name) => Action::Release(name),
            Self::Drop(message) => Action::Drop(message),
            Self::Duplicate(message) => Action::Duplicate(message),
            Self::Deliver(message) => Action::Deliver(message),
            Self::Delay { message, by } => Action::Delay { message, by },
            Self::Fire { node, timer } => Action::Fire { node, timer },
            Self::Request { client, operation, to } => {
                Action::Request { client, operation: read(operation)?, to }
            }
            Self::ClockRate { node, ppb } => Action::ClockRate { node, ppb },
            Self::ClockJump { node, by } => Action::ClockJump { node, by },
            Self::Disk { node, fault } => Action::Disk { node, fault },
            Self::Reseed(seed) => Action::Reseed(seed),
        })
    }

    /// The targets that it names, in the order in which they are written.
    pub fn targets(&self) -> Vec<&Target> {
        match self {
            Self::Crash { node, .. }
            | Self::Restart(node)
            | Self::Wipe(node)
            | Self::Pause(node)
            | Self::Resume(node)
            | Self::Slow { node, .. }
            | Self::Byzantine { node, .. }
            | Self::Fire { node, .. }
            | Self::ClockRate { node, .. }
            | Self::ClockJump { node, .. }
            | Self::Disk { node, .. } => vec![node],
            Self::Cut(cut) | Self::Clog(cut) => cut.targets(),
            Self::Flap(flapping) => flapping.cut.targets(),
            Self::Disturb(disturbance) => disturbance.filter.targets(),
            Self::Hold(filter) => filter.targets(),
            Self::Request { to, .. } => to.iter().collect(),
            Self::Heal(_)
            | Self::Calm
            | Self::Release(_)
            | Self::Drop(_)
            | Self::Duplicate(_)
            | Self::Deliver(_)
            | Self::Delay { .. }
            | Self::Reseed(_) => vec![],
        }
    }

    /// The message that it acts on, if on one.
    pub const fn message(&self) -> Option<MessageAddress> {
        match self {
            Self::Drop(message)
            | Self::Duplicate(message)
            | Self::Deliver(message)
            | Self::Delay { message, .. } => Some(*message),
            Self::Crash { .. }
            | Self::Restart(_)
            | Self::Wipe(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Slow { .. }
            | Self::Byzantine { .. }
            | Self::Cut(_)
            | Self::Flap(_)
            | Self::Clog(_)
            | Self::Disturb(_)
            | Self::Heal(_)
            | Self::Calm
            | Self::Hold(_)
            | Self::Release(_)
            | Self::Fire { .. }
            | Self::Request { .. }
            | Self::ClockRate { .. }
            | Self::ClockJump { .. }
            | Self::Disk { .. }
            | Self::Reseed(_) => None,
        }
    }

    /// The item that it ends, if it names one.
    pub fn ended_item(&self) -> Option<&str> {
        match self {
            Self::Heal(name) | Self::Release(name) => name.as_deref(),
            Self::Crash { .. }
            | Self::Restart(_)
            | Self::Wipe(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Slow { .. }
            | Self::Byzantine { .. }
            | Self::Cut(_)
            | Self::Flap(_)
            | Self::Clog(_)
            | Self::Disturb(_)
            | Self::Calm
            | Self::Hold(_)
            | Self::Drop(_)
            | Self::Duplicate(_)
            | Self::Deliver(_)
            | Self::Delay { .. }
            | Self::Fire { .. }
            | Self::Request { .. }
            | Self::ClockRate { .. }
            | Self::ClockJump { .. }
            | Self::Disk { .. }
            | Self::Reseed(_) => None,
        }
    }
}
