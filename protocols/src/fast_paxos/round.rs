//! Rounds and quorums. Rounds print as `r2.n1`, fast ones as `r1.n1!`.

use std::fmt;

use serde::Serialize;

use orrery_sim::{Context, NodeId};

use super::bugs::P15;
use super::process::FastPaxos;

/// A round: its number says who coordinates it and whether it is fast (§3.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Round {
    /// Counts first, from 1.
    pub count: u64,
    /// Who alone begins it and picks its value.
    pub coordinator: NodeId,
    /// Fast or classic. Behind each fast round comes the classic one of the same count and coordinator, and
    /// nothing in between: it is the *i* + 1 of coordinated recovery (§3.2.1).
    pub kind: Kind,
}

/// Of which kind a round is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Kind {
    /// Acceptors may vote in it for what proposers sent them.
    Fast,
    /// They vote for the coordinator's value.
    Classic,
}

impl Round {
    /// Whether acceptors may vote in it for what proposers sent them.
    pub const fn is_fast(self) -> bool {
        matches!(self.kind, Kind::Fast)
    }

    /// The classic round right behind a fast one.
    #[must_use]
    pub const fn next_classic(self) -> Self {
        Self { kind: Kind::Classic, ..self }
    }

    /// One number for tools that compare rounds without knowing them.
    pub const fn epoch(self) -> u64 {
        (self.count << 16) | (self.coordinator.0 as u64 & 0xFFFF)
    }
}

impl fmt::Debug for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_fast() { "!" } else { "" };
        f.pad(&format!("r{}.{}{mark}", self.count, self.coordinator))
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// How many acceptors there are and how many may be missing (§2.2, §3.3): it is safe if and only if
/// *n* > 2*F* and *n* > 2*E* + *F*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// *n*: all acceptors.
    pub acceptors: usize,
    /// *F*: so many may fail, and there is progress.
    pub f: usize,
    /// *E*: so many may fail, and fast rounds still succeed.
    pub e: usize,
}

impl Sizes {
    /// With the most failures that *n* acceptors bear, and then the most with which they stay fast.
    pub const fn best(acceptors: usize) -> Self {
        let f = acceptors.saturating_sub(1) / 2;
        Self { acceptors, f, e: (acceptors - f).saturating_sub(1) / 2 }
    }

    /// Whether any two quorums meet, and any two fast ones and a classic one in one acceptor.
    pub const fn is_safe(self) -> bool {
        2 * self.f < self.acceptors && 2 * self.e + self.f < self.acceptors
    }

    /// A classic quorum: all but *F*.
    pub const fn classic(self) -> usize {
        self.acceptors - self.f
    }

    /// A fast quorum: all but *E*.
    pub const fn fast(self) -> usize {
        self.acceptors - self.e
    }

    /// A quorum of `round`.
    pub const fn of(self, round: Round) -> usize {
        if round.is_fast() { self.fast() } else { self.classic() }
    }

    /// The same as processes see it.
    pub(super) fn seen(self, round: Round, ctx: &Context<'_, FastPaxos>) -> usize {
        if ctx.bug(&P15) { self.classic() } else { self.of(round) }
    }
}
