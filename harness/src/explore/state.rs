//! What tells two states of some nodes apart, and what can happen in one.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use orrery_sim::alone::Site;
use orrery_sim::context::Ending;
use orrery_sim::{Digest, Node, NodeId, Protocol};
use serde::Serialize;

use super::{Faults, Wire};

/// A message on the wire.
pub(super) struct Letter<P: Protocol> {
    pub to: NodeId,
    pub from: NodeId,
    /// The digest of the message.
    pub digest: u128,
    pub message: Arc<P::Message>,
}

impl<P: Protocol> Letter<P> {
    pub(super) fn new(from: NodeId, to: NodeId, message: P::Message) -> Self {
        Self { to, from, digest: digest_of(&message), message: Arc::new(message) }
    }

    pub(super) const fn link(&self) -> (NodeId, NodeId) {
        (self.to, self.from)
    }
}

impl<P: Protocol> Clone for Letter<P> {
    fn clone(&self) -> Self {
        Self { message: Arc::clone(&self.message), ..*self }
    }
}

impl<P: Protocol> PartialEq for Letter<P> {
    fn eq(&self, other: &Self) -> bool {
        self.link() == other.link() && self.digest == other.digest && self.message == other.message
    }
}

/// A node with the digest of all that its future may depend on.
#[derive(Debug)]
pub(super) struct Placed<N: Node> {
    pub site: Site<N>,
    pub digest: u128,
}

impl<N: Node> Placed<N> {
    pub(super) fn new(site: Site<N>) -> Arc<Self> {
        let digest = site.digest().bits();
        Arc::new(Self { site, digest })
    }
}

/// An answer to a client.
#[derive(Debug)]
pub(super) struct Answer<P: Protocol> {
    pub ending: Ending<P::Output>,
    pub digest: u128,
}

impl<P: Protocol> Answer<P> {
    pub(super) fn new(ending: Ending<P::Output>) -> Arc<Self> {
        let digest = match &ending {
            Ending::Ok(output) => digest_of(&(0_u8, output)),
            Ending::Fail => digest_of(&1_u8),
            Ending::Unknown => digest_of(&2_u8),
            Ending::Elsewhere(to) => digest_of(&(3_u8, to)),
            Ending::HandedOver(to) => digest_of(&(4_u8, to)),
        };
        Arc::new(Self { ending, digest })
    }
}

/// One state: nodes are shared with the states before and after, but for the one to which something happened.
pub struct NodesState<N: Node> {
    pub(super) sites: Vec<Arc<Placed<N>>>,
    /// By receiver and sender; then by digest, or as they were sent where links keep the order.
    pub(super) wire: Vec<Letter<N::Protocol>>,
    /// Which operations were asked.
    pub(super) asked: Vec<bool>,
    pub(super) answers: Vec<Option<Arc<Answer<N::Protocol>>>>,
    /// The faults that are left.
    pub(super) left: Faults,
}

impl<N: Node> NodesState<N> {
    pub(super) fn site(&self, id: NodeId) -> &Site<N> {
        &self.sites[id.index()].site
    }

    pub(super) fn put(&mut self, letter: Letter<N::Protocol>, wire: Wire) {
        let key = |letter: &Letter<N::Protocol>| match wire {
            Wire::Unordered => (letter.link(), letter.digest),
            Wire::InOrder => (letter.link(), 0),
        };
        let place = self.wire.partition_point(|other| key(other) <= key(&letter));
        self.wire.insert(place, letter);
    }

    /// Takes a message off the wire.
    pub(super) fn remove(
        &mut self,
        to: NodeId,
        from: NodeId,
        message: &<N::Protocol as Protocol>::Message,
    ) {
        let place = self
            .wire
            .iter()
            .position(|letter| letter.link() == (to, from) && *letter.message == *message);
        if let Some(place) = place {
            self.wire.remove(place);
        }
    }
}

impl<N: Node> Clone for NodesState<N> {
    fn clone(&self) -> Self {
        Self {
            sites: self.sites.clone(),
            wire: self.wire.clone(),
            asked: self.asked.clone(),
            answers: self.answers.clone(),
            left: self.left,
        }
    }

    fn clone_from(&mut self, other: &Self) {
        self.sites.clone_from(&other.sites);
        self.wire.clone_from(&other.wire);
        self.asked.clone_from(&other.asked);
        self.answers.clone_from(&other.answers);
        self.left = other.left;
    }
}

impl<N: Node> PartialEq for NodesState<N> {
    /// Nodes and answers are compared by their digests: a node need not be comparable.
    fn eq(&self, other: &Self) -> bool {
        let digests =
            |state: &Self| state.sites.iter().map(|placed| placed.digest).collect::<Vec<_>>();
        let answers = |state: &Self| {
            let answers = state.answers.iter();
            answers.map(|answer| answer.as_ref().map(|answer| answer.digest)).collect::<Vec<_>>()
        };
        self.left == other.left
            && self.asked == other.asked
            && digests(self) == digests(other)
            && answers(self) == answers(other)
            && self.wire == other.wire
    }
}

impl<N: Node> Eq for NodesState<N> {}

impl<N: Node> Hash for NodesState<N> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for placed in &self.sites {
            hasher.write_u128(placed.digest);
        }
        hasher.write_usize(self.wire.len());
        for Letter { to, from, digest, .. } in &self.wire {
            hasher.write_u64(u64::from(to.0) << 32 | u64::from(from.0));
            hasher.write_u128(*digest);
        }
        self.asked.hash(hasher);
        for answer in &self.answers {
            answer.as_ref().map(|answer| answer.digest).hash(hasher);
        }
        self.left.hash(hasher);
    }
}

impl<N: Node + fmt::Debug> fmt::Debug for NodesState<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, placed) in self.sites.iter().enumerate() {
            let id = NodeId(number as u32 + 1);
            match placed.site.node() {
                Some(node) => write!(f, "{id}: {node:?}; ")?,
                None => write!(f, "{id} is down; ")?,
            }
        }
        write!(f, "on the wire:")?;
        for Letter { to, from, message, .. } in &self.wire {
            write!(f, " {from}>{to} {message:?}")?;
        }
        Ok(())
    }
}

/// Something that can happen.
#[derive(Clone, PartialEq, Eq)]
pub struct Action<P: Protocol> {
    /// To which node.
    pub node: NodeId,
    /// What.
    pub deed: Deed<P>,
    /// What its handler draws, in order.
    pub drawn: Vec<u64>,
}

/// What can happen to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed<P: Protocol> {
    /// A message arrives, unless the node is down: then it is lost.
    Deliver {
        /// From whom.
        from: NodeId,
        /// What it says.
        message: P::Message,
    },
    /// A message arrives, and will once more: a fault.
    Duplicate {
        /// From whom.
        from: NodeId,
        /// What it says.
        message: P::Message,
    },
    /// A message to it is lost: a fault.
    Drop {
        /// From whom.
        from: NodeId,
        /// What it says.
        message: P::Message,
    },
    /// A timer comes due.
    Timer(P::Timer),
    /// Its disk answers a sync.
    Synced,
    /// A client asks the operation of this number, from 0.
    Ask(usize),
    /// It crashes: a fault.
    Crash,
    /// It restarts.
    Start {
        /// How many of the changes that no sync had covered are on its disk.
        survivors: usize,
    },
}

/// Which budget a deed spends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Budget {
    Drops,
    Duplicates,
    Crashes,
}

impl<P: Protocol> Deed<P> {
    pub(super) const fn budget(&self) -> Option<Budget> {
        match self {
            Self::Drop { .. } => Some(Budget::Drops),
            Self::Duplicate { .. } => Some(Budget::Duplicates),
            Self::Crash => Some(Budget::Crashes),
            Self::Deliver { .. }
            | Self::Timer(_)
            | Self::Synced
            | Self::Ask(_)
            | Self::Start { .. } => None,
        }
    }
}

impl<P: Protocol> fmt::Debug for Action<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.node;
        match &self.deed {
            Deed::Deliver { from, message } => write!(f, "{from}>{node} {message:?}")?,
            Deed::Duplicate { from, message } => {
                write!(f, "{from}>{node} {message:?}, and once more")?;
            }
            Deed::Drop { from, message } => write!(f, "{from}>{node} {message:?} is lost")?,
            Deed::Timer(timer) => write!(f, "{node} {timer:?}")?,
            Deed::Synced => write!(f, "{node} is synced")?,
            Deed::Ask(number) => write!(f, "{node} is asked operation {number}")?,
            Deed::Crash => write!(f, "{node} crashes")?,
            Deed::Start { survivors } => {
                write!(f, "{node} restarts, {survivors} unsynced survive")?;
            }
        }
        if self.drawn.is_empty() { Ok(()) } else { write!(f, ", draws {:?}", self.drawn) }
    }
}

impl<P: Protocol> Hash for Action<P> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let node = self.node;
        hasher.write_u128(match &self.deed {
            Deed::Deliver { from, message } => digest_of(&(0_u8, node, from, message)),
            Deed::Duplicate { from, message } => digest_of(&(1_u8, node, from, message)),
            Deed::Drop { from, message } => digest_of(&(2_u8, node, from, message)),
            Deed::Timer(timer) => digest_of(&(3_u8, node, timer)),
            Deed::Synced => digest_of(&(4_u8, node)),
            Deed::Ask(number) => digest_of(&(5_u8, node, number)),
            Deed::Crash => digest_of(&(6_u8, node)),
            Deed::Start { survivors } => digest_of(&(7_u8, node, survivors)),
        });
        self.drawn.hash(hasher);
    }
}

/// The digest of a protocol's data, which hold no floats: worlds refuse them too.
fn digest_of<T: Serialize + ?Sized>(data: &T) -> u128 {
    Digest::of(data).unwrap_or_else(|error| panic!("{error}")).bits()
}
