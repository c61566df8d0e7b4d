//! What nodes tell each other: HyParView's messages first, then Plumtree's.

use serde::Serialize;

use orrery_sim::{NodeId, OperationId};

/// All messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// To the contact: I am new.
    Join,
    /// On a random walk: somebody is new. Who ends the walk takes it in.
    ForwardJoin {
        /// Who is new.
        joiner: NodeId,
        /// Steps that are left.
        ttl: u32,
    },
    /// To who is new: you are in my active view.
    Welcome,
    /// Be my peer.
    Neighbor {
        /// Whether the sender has no other, or looks for one that it lost: then it may not be refused.
        is_high: bool,
    },
    /// To that.
    NeighborReply {
        /// Whether the sender has it in its active view now.
        is_accepted: bool,
    },
    /// You are not in my active view.
    Disconnect,
    /// Are you there?
    KeepAlive {
        /// The sender's period.
        round: u64,
    },
    /// I am, and you are in my active view.
    KeepAliveAck {
        /// The period of the question.
        round: u64,
    },
    /// On a random walk: some names. Who ends the walk keeps them, and sends as many.
    Shuffle {
        /// Who gets the names in return.
        origin: NodeId,
        /// The origin and some that it knows.
        nodes: Vec<NodeId>,
        /// Steps that are left.
        ttl: u32,
    },
    /// Names in return.
    ShuffleReply {
        /// Some that the sender knows.
        nodes: Vec<NodeId>,
        /// What they are for.
        offered: Vec<NodeId>,
    },
    /// A broadcast, as a whole (Plumtree: GOSSIP).
    Gossip {
        /// Which.
        id: OperationId,
        /// Steps from its origin, with this one.
        round: u32,
        /// What it says.
        text: String,
    },
    /// The sender has a broadcast (Plumtree: IHAVE).
    IHave {
        /// Which.
        id: OperationId,
        /// Steps from its origin, with this one.
        round: u32,
    },
    /// Send me broadcasts as a whole from now on (Plumtree: GRAFT).
    Graft {
        /// And this one now, if any.
        id: Option<OperationId>,
        /// With so many steps from its origin.
        round: u32,
    },
    /// Send me announcements only, from now on (Plumtree: PRUNE).
    Prune,
}
