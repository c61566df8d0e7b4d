//! What processes tell each other, and how suspicions are counted.

use std::fmt;

use serde::{Serialize, Serializer};

use super::tail::MILLION;

/// The name of a heartbeat among its sender's: in which of its lives, and the how manieth of that. The greater is the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stamp {
    /// How often the sender had crashed before.
    pub life: u64,
    /// Number of the heartbeat in that life, from 1.
    pub number: u64,
}

/// All that is ever said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// I am up.
    Heartbeat(Stamp),
}

/// φ, the level of a suspicion, in millionths: if the process is up, a silence this long has a probability of 10^-φ.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(pub u64);

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / MILLION, self.0 % MILLION / 1_000)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Serialize for Level {
    /// Text for people (`"8.000"`), millionths for digests.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_newtype_struct("Level", &self.0)
        }
    }
}
