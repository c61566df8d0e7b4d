//! What a scenario may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::Duration;

use crate::gossip::rumor::Mode;

use super::space::Space;

/// How an update is told to others at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// Not at all: anti-entropy finds it.
    None,
    /// To all other sites, once.
    #[default]
    Mail,
    /// As a rumor: to random sites, until `k` in a row knew it.
    Rumor,
}

/// How two sites find out where they differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compare {
    /// All entries are sent.
    #[default]
    Full,
    /// Recent updates and a checksum of everything; all entries if the checksums differ then.
    Recent,
    /// Updates from the newest to the oldest, until the checksums agree.
    PeelBack,
    /// Hashes of a tree over the keys, from its root to the leaves that differ.
    Merkle,
}

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How a client's update is told to others: `none`, `mail` or `rumor`.
    pub distribute: Distribution,
    /// What a site does with an update that it has from anti-entropy: `none`, `mail` or `rumor` (Demers, section 1.5).
    pub redistribute: Distribution,
    /// How often a site tells its rumors. Longer than a round trip.
    pub rumor_cycle: Duration,
    /// After how many sites in a row that knew a rumor it is told no more.
    pub k: u32,
    /// How often a site compares its database with another's. Never where absent.
    pub anti_entropy: Option<Duration>,
    /// Who learns by a comparison: the site that was chosen (`push`), the one that chose (`pull`), or both.
    pub mode: Mode,
    /// How they compare: `full`, `recent`, `peel-back` or `merkle`.
    pub comparison: Compare,
    /// How old an update may be to be in the recent list. Longer than updates take to reach nearly everybody.
    pub recent: Duration,
    /// How long all sites keep a death certificate. Longer than updates take to reach everybody.
    pub tau_1: Duration,
    /// For how much longer the retention sites keep it. Longer than any site is out of reach.
    pub tau_2: Duration,
    /// How many retention sites a certificate has.
    pub retention: u32,
    /// How sites lie to each other, for the choice of partners: `uniform`, `line`, `ring` or `grid`.
    pub space: Space,
    /// With a space, a partner at distance *d* is chosen with a probability proportional to *d* to the power of minus this.
    pub exponent: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            distribute: Distribution::Mail,
            redistribute: Distribution::None,
            rumor_cycle: Duration::from_millis(100),
            k: 2,
            anti_entropy: Some(Duration::from_secs(1)),
            mode: Mode::PushPull,
            comparison: Compare::Full,
            recent: Duration::from_secs(5),
            tau_1: Duration::from_secs(30),
            tau_2: Duration::from_secs(3_600),
            retention: 2,
            space: Space::Uniform,
            exponent: 2,
        }
    }
}
