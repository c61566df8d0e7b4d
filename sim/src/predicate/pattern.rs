//! Which events a predicate is about, and who takes part in them.

use crate::id::{ClientId, NodeId};

/// Defines [`EventKind`] with the word for each kind.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)*) => {
        /// What kind of thing happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $kind,)*
        }

        impl EventKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The word for it in a predicate.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)*
                }
            }
        }
    };
}

kinds! {
    /// A message reached its node.
    Deliver = "deliver",
    /// A message left its node.
    Send = "send",
    /// A message was lost, at whatever stage.
    Drop = "drop",
    /// A timer fired.
    Timer = "timer",
    /// A node noted a milestone.
    Note = "note",
    /// A node hit a probe.
    Probe = "probe",
    /// A node started for the first time.
    Start = "start",
    /// A node crashed.
    Crash = "crash",
    /// A node started again.
    Restart = "restart",
    /// A node stopped for a while.
    Pause = "pause",
    /// A paused node went on.
    Resume = "resume",
    /// A node was stopped and lost its disk.
    Wipe = "wipe",
    /// A node became slow, or fast again.
    Slow = "slow",
    /// A node became dishonest, or honest again.
    Byzantine = "byzantine",
    /// Links were cut, once or by a cut that comes and goes.
    Cut = "cut",
    /// Links began to keep messages.
    Clog = "clog",
    /// Something began to go wrong with messages.
    Disturb = "disturb",
    /// Links were healed.
    Heal = "heal",
    /// All that goes wrong by itself ended.
    Calm = "calm",
    /// Messages began to be kept back.
    Hold = "hold",
    /// Messages that were kept back went on.
    Release = "release",
    /// Everything is drawn under another seed from here.
    Reseed = "reseed",
    /// A client began an operation.
    Invoke = "invoke",
    /// An operation took effect and has its output.
    Complete = "complete",
    /// An operation ended without effect.
    Fail = "fail",
    /// An operation ended and nobody knows whether it took effect.
    Unknown = "unknown",
    /// The disk of a node finished a sync.
    Sync = "sync",
    /// The disk of a node changed its ways, or failed a sync.
    Disk = "disk",
    /// The clock of a node changed its ways.
    Clock = "clock",
}

impl EventKind {
    /// The kind that `word` means.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// Whether it has a sender and a receiver.
    pub const fn has_link(self) -> bool {
        matches!(
            self,
            Self::Deliver
                | Self::Send
                | Self::Drop
                | Self::Cut
                | Self::Clog
                | Self::Disturb
                | Self::Heal
                | Self::Hold
        )
    }

    /// Whether it has no name, so that the bare word after it is the node.
    pub const fn is_of_node(self) -> bool {
        matches!(
            self,
            Self::Start
                | Self::Crash
                | Self::Restart
                | Self::Pause
                | Self::Resume
                | Self::Wipe
                | Self::Slow
                | Self::Byzantine
                | Self::Sync
                | Self::Disk
                | Self::Clock
        )
    }

    /// Whether it belongs to a client's operation.
    pub const fn is_of_client(self) -> bool {
        matches!(self, Self::Invoke | Self::Complete | Self::Fail | Self::Unknown)
    }
}

/// The events that a predicate is about. What is `None` does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPattern {
    /// What happened.
    pub kind: EventKind,
    /// The kind of message, note, timer or operation.
    pub name: Option<String>,
    /// The sender.
    pub from: Option<Who>,
    /// The receiver.
    pub to: Option<Who>,
    /// The node at which it happened or the client whose operation it is.
    pub on: Option<Who>,
}

/// A node or client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// This node.
    Node(NodeId),
    /// This client.
    Client(ClientId),
    /// A node with this role: for [`LEADER`](super::LEADER) the one with the highest term; for others any
    /// where an event is matched, and the one that [`Scope::node_with_role`](super::Scope) names where one
    /// node's state is read.
    Role(String),
    /// The node that the plan item of this name hit.
    ItemNode(String),
}
