//! The isolation levels, and which of them implies which.

/// What transactions may see of each other, from the weakest to the strongest; not every level
/// implies all those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isolation {
    /// Writes of a transaction are never interleaved with those of another (Adya's PL-1).
    ReadUncommitted,
    /// And nobody reads what is aborted, unfinished or circular (Adya's PL-2).
    Pl2,
    /// And what has been seen of a transaction does not vanish within the reader: the axiom of Biswas
    /// and Enea, also called monotonic atomic view.
    ReadCommitted,
    /// And a transaction is seen whole or not at all.
    ReadAtomic,
    /// And with everything that it had seen itself, in its session too.
    Causal,
    /// And everybody sees the beginning of one order of commits.
    Prefix,
    /// Read atomic and transitive, and of two transactions that write one key, one sees the other; but two
    /// may be seen in different orders by different readers.
    ParallelSnapshot,
    /// Everybody reads from one moment, and nobody writes what another wrote since.
    Snapshot,
    /// As if one after the other.
    Serializable,
    /// Snapshot isolation, where a session sees its own earlier transactions.
    StrongSessionSnapshot,
    /// Serializable, and each session keeps its order.
    StrongSessionSerializable,
    /// Snapshot isolation, where everybody sees what committed before they began.
    StrongSnapshot,
    /// As if one after the other, in an order that time allows.
    StrictSerializable,
}

use Isolation::{
    Causal, ParallelSnapshot, Pl2, Prefix, ReadAtomic, ReadCommitted, ReadUncommitted,
    Serializable, Snapshot, StrictSerializable, StrongSessionSerializable, StrongSessionSnapshot,
    StrongSnapshot,
};

/// What of the order of transactions counts besides what they read and wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Nothing.
    None,
    /// The order of each session.
    Session,
    /// And who ended before whom began.
    RealTime,
}

impl Isolation {
    /// Every level; each comes after those it implies.
    pub const ALL: [Self; 13] = [
        ReadUncommitted,
        Pl2,
        ReadCommitted,
        ReadAtomic,
        Causal,
        Prefix,
        ParallelSnapshot,
        Snapshot,
        Serializable,
        StrongSessionSnapshot,
        StrongSessionSerializable,
        StrongSnapshot,
        StrictSerializable,
    ];

    /// As the command line and reports name it.
    pub const fn name(self) -> &'static str {
        match self {
            ReadUncommitted => "read-uncommitted",
            Pl2 => "PL-2",
            ReadCommitted => "read-committed",
            ReadAtomic => "read-atomic",
            Causal => "causal",
            Prefix => "prefix",
            ParallelSnapshot => "parallel-snapshot-isolation",
            Snapshot => "snapshot-isolation",
            Serializable => "serializable",
            StrongSessionSnapshot => "strong-session-snapshot-isolation",
            StrongSessionSerializable => "strong-session-serializable",
            StrongSnapshot => "strong-snapshot-isolation",
            StrictSerializable => "strict-serializable",
        }
    }

    /// The rule in the words of a sentence: "the history is not ..., or does not keep ...".
    pub const fn rule(self) -> &'static str {
        match self {
            ReadUncommitted => "The history does not even keep read uncommitted",
            Pl2 => "The history does not keep read committed (PL-2)",
            ReadCommitted => "The history does not keep read committed",
            ReadAtomic => "The history is not read atomic",
            Causal => "The history is not causally consistent",
            Prefix => "The history is not prefix consistent",
            ParallelSnapshot => "The history does not keep parallel snapshot isolation",
            Snapshot => "The history does not keep snapshot isolation",
            Serializable => "The history is not serializable",
            StrongSessionSnapshot => "The history does not keep strong session snapshot isolation",
            StrongSessionSerializable => {
                "The history is not serializable in the order of its sessions"
            }
            StrongSnapshot => "The history does not keep strong snapshot isolation",
            StrictSerializable => "The history is not strictly serializable",
        }
    }

    /// The level of this name, or of one that others use for it.
    pub fn named(name: &str) -> Option<Self> {
        let other = match name {
            "monotonic-atomic-view" => ReadCommitted,
            "adya-read-committed" => Pl2,
            "transactional-causal" => Causal,
            "prefix-consistency" => Prefix,
            // Without predicates there is nothing else to repeat than items.
            "repeatable-read" => Serializable,
            "strong-serializable" => StrictSerializable,
            _ => {
                return Self::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(name));
            }
        };
        Some(other)
    }

    /// Which order counts at this level.
    pub const fn order(self) -> Order {
        match self {
            Causal | StrongSessionSnapshot | StrongSessionSerializable => Order::Session,
            StrongSnapshot | StrictSerializable => Order::RealTime,
            ReadUncommitted | Pl2 | ReadCommitted | ReadAtomic | Prefix | ParallelSnapshot
            | Snapshot | Serializable => Order::None,
        }
    }

    /// The strongest of those that it implies directly. If sessions count at every level, more levels are
    /// causal.
    fn weaker(self, sessions_count: bool) -> &'static [Self] {
        match self {
            ReadUncommitted => &[],
            Pl2 => &[ReadUncommitted],
            ReadCommitted => &[Pl2],
            ReadAtomic => &[ReadCommitted],
            Prefix | ParallelSnapshot if sessions_count => &[Causal],
            Causal | Prefix | ParallelSnapshot => &[ReadAtomic],
            Snapshot => &[Prefix, ParallelSnapshot],
            Serializable => &[Snapshot],
            StrongSessionSnapshot => &[Snapshot, Causal],
            StrongSessionSerializable => &[Serializable, StrongSessionSnapshot],
            StrongSnapshot => &[StrongSessionSnapshot],
            StrictSerializable => &[StrongSessionSerializable, StrongSnapshot],
        }
    }

    /// Whether a history that keeps this level keeps `other` too.
    pub fn implies(self, other: Self, sessions_count: bool) -> bool {
        self == other
            || self
                .weaker(sessions_count)
                .iter()
                .any(|weaker| weaker.implies(other, sessions_count))
    }
}

/// The names, the default first.
pub const NAMES: [&str; 13] = [
    StrictSerializable.name(),
    StrongSnapshot.name(),
    StrongSessionSerializable.name(),
    StrongSessionSnapshot.name(),
    Serializable.name(),
    Snapshot.name(),
    ParallelSnapshot.name(),
    Prefix.name(),
    Causal.name(),
    ReadAtomic.name(),
    ReadCommitted.name(),
    Pl2.name(),
    ReadUncommitted.name(),
];

/// What a history that keeps the level must not contain.
pub(crate) fn patterns(level: Isolation) -> Vec<&'static str> {
    let mut patterns = vec!["G0", "duplicates", "garbage reads"];
    if level == ReadUncommitted {
        return patterns;
    }
    patterns.extend(["G1a", "G1b", "G1c", "future reads", "incompatible orders", "dirty updates"]);
    let more: &[&str] = match level {
        ReadUncommitted | Pl2 => &[],
        ReadCommitted => &["observed transactions that vanish"],
        ReadAtomic => &["internal contradictions", "fractured reads"],
        Causal => &["internal contradictions", "reads that miss their causes"],
        Prefix => &["internal contradictions", "G-single without a lost update", "G-nonadjacent"],
        ParallelSnapshot => &["internal contradictions", "G-single"],
        Snapshot | StrongSessionSnapshot | StrongSnapshot => {
            &["internal contradictions", "G-single", "G-nonadjacent"]
        }
        Serializable | StrongSessionSerializable | StrictSerializable => {
            &["internal contradictions", "G-single", "G-nonadjacent", "G2-item"]
        }
    };
    patterns.extend(more);
    patterns
}

/// What is known of each level.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    kept: [Option<bool>; 13],
    sessions_count: bool,
}

impl Standing {
    pub(crate) fn new(sessions_count: bool) -> Self {
        Self { kept: [None; 13], sessions_count }
    }

    pub(crate) fn of(&self, level: Isolation) -> Option<bool> {
        self.kept[level as usize]
    }

    /// The level holds, and those it implies.
    pub(crate) fn keep(&mut self, level: Isolation) {
        for weaker in Isolation::ALL {
            if level.implies(weaker, self.sessions_count) {
                self.kept[weaker as usize].get_or_insert(true);
            }
        }
    }

    /// The level is violated, and those that imply it.
    pub(crate) fn violate(&mut self, level: Isolation) {
        for stronger in Isolation::ALL {
            if stronger.implies(level, self.sessions_count) {
                self.kept[stronger as usize] = Some(false);
            }
        }
    }

    /// The strongest levels kept.
    pub(crate) fn strongest_kept(&self) -> Vec<&'static str> {
        let kept = |level: Isolation| self.of(level) == Some(true);
        let is_strongest = |level: Isolation| {
            kept(level)
                && !Isolation::ALL.into_iter().any(|other| {
                    other != level && kept(other) && other.implies(level, self.sessions_count)
                })
        };
        Isolation::ALL
            .into_iter()
            .filter(|&level| is_strongest(level))
            .map(Isolation::name)
            .collect()
    }

    /// The weakest levels violated.
    pub(crate) fn weakest_violated(&self) -> Vec<&'static str> {
        let violated = |level: Isolation| self.of(level) == Some(false);
        let is_weakest = |level: Isolation| {
            violated(level)
                && !Isolation::ALL.into_iter().any(|other| {
                    other != level && violated(other) && level.implies(other, self.sessions_count)
                })
        };
        Isolation::ALL.into_iter().filter(|&level| is_weakest(level)).map(Isolation::name).collect()
    }
}
