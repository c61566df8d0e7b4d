//! The guarantees and sets of them.

/// One of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// RYW.
    ReadYourWrites,
    /// MR.
    MonotonicReads,
    /// MW.
    MonotonicWrites,
    /// WFR.
    WritesFollowReads,
}

impl Guarantee {
    const ALL: [Self; 4] = [
        Self::ReadYourWrites,
        Self::MonotonicReads,
        Self::MonotonicWrites,
        Self::WritesFollowReads,
    ];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadYourWrites => "read your writes",
            Self::MonotonicReads => "monotonic reads",
            Self::MonotonicWrites => "monotonic writes",
            Self::WritesFollowReads => "writes follow reads",
        }
    }

    /// As an edge names it.
    pub(super) const fn short(self) -> &'static str {
        Guarantees(1 << self as u8).name()
    }
}

/// The name of each set, by its bits.
const NAMES: [&str; 16] = [
    "none",
    "RYW",
    "MR",
    "RYW+MR",
    "MW",
    "RYW+MW",
    "MR+MW",
    "RYW+MR+MW",
    "WFR",
    "RYW+WFR",
    "MR+WFR",
    "RYW+MR+WFR",
    "MW+WFR",
    "RYW+MW+WFR",
    "MR+MW+WFR",
    "RYW+MR+MW+WFR",
];

/// Some of the four, to hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guarantees(u8);

impl Guarantees {
    /// All four.
    pub const ALL: Self = Self(15);

    /// These.
    pub fn of(guarantees: &[Guarantee]) -> Self {
        Self(guarantees.iter().fold(0, |bits, &guarantee| bits | 1 << guarantee as u8))
    }

    /// Those of a name such as `RYW+MW`, in any order.
    pub fn named(names: &str) -> Option<Self> {
        names.split('+').try_fold(Self(0), |set, name| {
            let one = (0..4)
                .map(|bit| 1 << bit)
                .find(|&bits| NAMES[bits as usize].eq_ignore_ascii_case(name))?;
            Some(Self(set.0 | one))
        })
    }

    /// Short, such as `RYW+MW`.
    pub const fn name(self) -> &'static str {
        NAMES[self.0 as usize]
    }

    /// Those in it.
    pub fn iter(self) -> impl Iterator<Item = Guarantee> {
        Guarantee::ALL.into_iter().filter(move |&one| self.has(one))
    }

    /// Whether this one is in it.
    pub const fn has(self, guarantee: Guarantee) -> bool {
        self.0 >> guarantee as u8 & 1 == 1
    }

    /// Whether all of `other` are in it.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// All sets but the empty one, those of few first.
    pub(super) fn subsets() -> impl Iterator<Item = Self> {
        let mut sets: Vec<Self> = (1..16).map(Self).collect();
        sets.sort_by_key(|set| set.0.count_ones());
        sets.into_iter()
    }
}

/// The largest sets that contain none of `violated`.
pub(super) fn maximal_kept(violated: &[Guarantees]) -> impl Iterator<Item = Guarantees> {
    let is_kept = |set: &Guarantees| !violated.iter().any(|broken| set.contains(*broken));
    let kept: Vec<Guarantees> = Guarantees::subsets().filter(is_kept).collect();
    let all = kept.clone();
    kept.into_iter()
        .filter(move |set| all.iter().all(|other| other == set || !other.contains(*set)))
}
