//! What a scenario may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::Duration;

/// The types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A counter that only grows.
    GCounter,
    /// A counter.
    PnCounter,
    /// A set that only grows.
    GSet,
    /// A set out of which what is removed stays removed.
    #[serde(rename = "2p-set")]
    TwoPhaseSet,
    /// A set in which an addition wins over a removal that did not know of it.
    #[default]
    OrSet,
    /// A register in which the last writer wins.
    Lww,
    /// A register that keeps all concurrent writes.
    Mv,
    /// A sequence of letters.
    Rga,
}

impl Kind {
    /// Whether nothing can be taken away.
    pub const fn only_grows(self) -> bool {
        match self {
            Self::GCounter | Self::GSet => true,
            Self::PnCounter
            | Self::TwoPhaseSet
            | Self::OrSet
            | Self::Lww
            | Self::Mv
            | Self::Rga => false,
        }
    }
}

/// What replicas send each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Exchange {
    /// Their whole state.
    #[default]
    State,
    /// What has changed since the receiver's last acknowledgement.
    Delta,
    /// Every update, to all, delivered once and after those that it depends on.
    Op,
}

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Which type: `g-counter`, `pn-counter`, `g-set`, `2p-set`, `or-set`, `lww`, `mv` or `rga`.
    pub kind: Kind,
    /// What replicas send each other: `state`, `delta` or `op`.
    pub exchange: Exchange,
    /// How often a replica sends to another, drawn at random.
    pub period: Duration,
    /// How many deltas a replica keeps for those who have not acknowledged them; whoever needs older ones gets the whole state.
    pub window: u64,
    /// The unit of the last-writer-wins register's timestamps: writes of one tick are ordered by replica.
    pub tick: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            kind: Kind::default(),
            exchange: Exchange::default(),
            period: Duration::from_millis(200),
            window: 64,
            tick: Duration::from_millis(100),
        }
    }
}
