//! What the run did, counted: faults, messages, writes, probes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measure::Kind;

/// A family of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// A node stops and loses what was not durable.
    Crash,
    /// A node comes back.
    Restart,
    /// A node stands still while time goes on.
    Pause,
    /// Messages between some nodes do not arrive.
    Partition,
    /// Some messages are kept back until released.
    Hold,
    /// Single messages are dropped, doubled or hurried, or timers fired, by the plan.
    Intervention,
    /// A link loses messages.
    Loss,
    /// A link doubles messages.
    Duplication,
    /// A clock runs at its own rate.
    Clock,
    /// A node loses its disk.
    Amnesia,
    /// A node takes long for each event.
    Slow,
    /// A node deviates from its protocol.
    Byzantine,
    /// A link keeps messages until it is healed.
    Clog,
    /// A link loses messages in bursts.
    Burst,
    /// A link damages messages.
    Corruption,
    /// Messages travel longer than their link's law says.
    Delay,
    /// A message waits for others to be put on the wire, or finds no room behind them.
    Bandwidth,
    /// A wall clock jumps.
    ClockJump,
    /// In a crash, the last record that reaches the disk does so in part.
    TornWrite,
    /// In a crash, later records reach the disk and earlier ones do not.
    ReorderedWrites,
    /// A disk answers syncs without making anything durable.
    LyingSync,
    /// A durable record becomes unreadable.
    Rot,
    /// A durable record lies where another belongs.
    Misdirection,
    /// A disk does not answer.
    DiskStall,
    /// A disk has no room.
    DiskFull,
    /// A disk fails to sync.
    DiskError,
}

impl Family {
    /// All of them, in order.
    pub const ALL: [Self; 26] = [
        Self::Crash,
        Self::Restart,
        Self::Pause,
        Self::Partition,
        Self::Hold,
        Self::Intervention,
        Self::Loss,
        Self::Duplication,
        Self::Clock,
        Self::Amnesia,
        Self::Slow,
        Self::Byzantine,
        Self::Clog,
        Self::Burst,
        Self::Corruption,
        Self::Delay,
        Self::Bandwidth,
        Self::ClockJump,
        Self::TornWrite,
        Self::ReorderedWrites,
        Self::LyingSync,
        Self::Rot,
        Self::Misdirection,
        Self::DiskStall,
        Self::DiskFull,
        Self::DiskError,
    ];

    /// What a protocol of the crash-recovery model must bear: fair-loss links, honest nodes, clocks of bounded drift, and
    /// disks that may fail but keep what they said they keep.
    pub const CRASH_RECOVERY: [Self; 21] = [
        Self::Crash,
        Self::Restart,
        Self::Pause,
        Self::Partition,
        Self::Hold,
        Self::Intervention,
        Self::Loss,
        Self::Duplication,
        Self::Clock,
        Self::Slow,
        Self::Clog,
        Self::Burst,
        Self::Corruption,
        Self::Delay,
        Self::Bandwidth,
        Self::ClockJump,
        Self::TornWrite,
        Self::ReorderedWrites,
        Self::DiskStall,
        Self::DiskFull,
        Self::DiskError,
    ];

    /// The family of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Partition => "partition",
            Self::Hold => "hold",
            Self::Intervention => "intervention",
            Self::Loss => "loss",
            Self::Duplication => "duplication",
            Self::Clock => "clock",
            Self::Amnesia => "amnesia",
            Self::Slow => "slow",
            Self::Byzantine => "byzantine",
            Self::Clog => "clog",
            Self::Burst => "burst",
            Self::Corruption => "corruption",
            Self::Delay => "delay",
            Self::Bandwidth => "bandwidth",
            Self::ClockJump => "clock-jump",
            Self::TornWrite => "torn-write",
            Self::ReorderedWrites => "reordered-writes",
            Self::LyingSync => "lying-sync",
            Self::Rot => "rot",
            Self::Misdirection => "misdirection",
            Self::DiskStall => "disk-stall",
            Self::DiskFull => "disk-full",
            Self::DiskError => "disk-error",
        }
    }
}

/// How often faults of one family were planned, carried out, and changed anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Items of the plan, or links and clocks with the fault switched on.
    pub planned: u64,
    /// Times that it struck.
    pub applied: u64,
    /// Times that it changed a delivery, a timer or a node.
    pub effective: u64,
}

/// The faults of a run by family. A family that is enabled but never effective is a fault of the test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger([Tally; Family::ALL.len()]);

impl Ledger {
    /// The tally of `family`.
    pub const fn tally(&self, family: Family) -> Tally {
        self.0[family as usize]
    }

    pub(crate) const fn tally_mut(&mut self, family: Family) -> &mut Tally {
        &mut self.0[family as usize]
    }

    /// The families that were planned or struck, with their tallies.
    pub fn families(&self) -> impl Iterator<Item = (Family, Tally)> + '_ {
        let all = Family::ALL.into_iter().map(|family| (family, self.tally(family)));
        all.filter(|(_, tally)| *tally != Tally::default())
    }
}

/// What happened to messages of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageCount {
    /// Put on the wire.
    pub sent: u64,
    /// Bytes put on the wire, in the engine's plain binary measure.
    pub bytes: u64,
    /// Handed to a receiver; a doubled message counts twice.
    pub delivered: u64,
}

impl MessageCount {
    /// Counts one message. No run lives to see 2^64 of them, so nothing is checked.
    #[inline]
    pub(crate) const fn count_sent(&mut self, bytes: u64) {
        self.sent = self.sent.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(bytes);
    }

    #[inline]
    pub(crate) const fn count_delivered(&mut self) {
        self.delivered = self.delivered.wrapping_add(1);
    }
}

/// What one node wrote to its journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteCount {
    /// Syncs that made at least one record durable.
    pub forced: u64,
    /// Records whose handler did not sync.
    pub lazy: u64,
}

/// What the run cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages by kind, in the order of the enum.
    kinds: Vec<Option<(&'static str, MessageCount)>>,
    /// Messages lost on the way, without room on their link, cut off, or arriving at a node that was down.
    pub lost: u64,
    /// Messages that were damaged on the way and discarded by the receiver's checksum.
    pub damaged: u64,
    /// Messages sent to nodes that the topology has no link to.
    pub unlinked: u64,
    /// Syncs that made at least one record durable.
    pub forced_writes: u64,
    /// Records whose handler did not sync.
    pub lazy_writes: u64,
    /// Timers that came due.
    pub timers: u64,
    /// Operations that clients asked.
    pub invoked: u64,
    /// Operations that ended well.
    pub completed: u64,
}

impl Counters {
    #[inline]
    pub(crate) fn kind_mut(&mut self, kind: Kind) -> &mut MessageCount {
        let index = kind.index as usize;
        if self.kinds.len() <= index {
            self.kinds.resize(index + 1, None);
        }
        &mut self.kinds[index].get_or_insert((kind.name, MessageCount::default())).1
    }

    /// Message counts by kind, in the order of the protocol's enum.
    pub fn messages(&self) -> impl Iterator<Item = (&'static str, MessageCount)> + '_ {
        self.kinds.iter().flatten().copied()
    }

    /// All messages together.
    pub fn total(&self) -> MessageCount {
        self.messages().fold(MessageCount::default(), |sum, (_, one)| MessageCount {
            sent: sum.sent + one.sent,
            bytes: sum.bytes + one.bytes,
            delivered: sum.delivered + one.delivered,
        })
    }
}

/// How often a run came by each probe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probes(BTreeMap<&'static str, u64>);

impl Probes {
    pub(crate) fn hit(&mut self, name: &'static str) {
        *self.0.entry(name).or_default() += 1;
    }

    /// The probes that were reached and how often.
    pub fn hits(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().map(|(name, count)| (*name, *count))
    }
}
