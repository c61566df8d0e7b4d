//! Which messages are meant, and what goes wrong with them.

use crate::law::Law;
use crate::link::Burst;
use crate::probability::Probability;

use super::Target;

/// Which messages are meant. Absent parts match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Sent by this node; a role is resolved once, when the item strikes.
    pub from: Option<Target>,
    /// Sent to this node; a role is resolved once, when the item strikes.
    pub to: Option<Target>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Sent by a node that has this role at the moment of sending.
    pub from_role: Option<String>,
    /// Sent to a node that has this role at the moment of sending.
    pub to_role: Option<String>,
}

/// Something that goes wrong with the messages that match, on top of what their links do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disturbance {
    /// Which messages.
    pub filter: MessageFilter,
    /// What goes wrong.
    pub fault: LinkFault,
}

/// What goes wrong with messages on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkFault {
    /// Each is lost with this probability.
    Loss(Probability),
    /// Losses come in bursts.
    Burst(Burst),
    /// Each is damaged with this probability.
    Corruption(Probability),
    /// Each arrives twice with this probability.
    Duplication(Probability),
    /// Each travels longer, by a duration drawn from this law.
    Delay(Law),
}

impl std::fmt::Display for LinkFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Loss(share) => write!(f, "{share} lost"),
            Self::Burst(burst) => write!(f, "{} lost in bursts", burst.loss),
            Self::Corruption(share) => write!(f, "{share} damaged"),
            Self::Duplication(share) => write!(f, "{share} doubled"),
            Self::Delay(_) => f.write_str("delayed"),
        }
    }
}

impl MessageFilter {
    /// The targets that it names, in the order in which they are written.
    pub fn targets(&self) -> Vec<&Target> {
        self.from.iter().chain(&self.to).collect()
    }
}
