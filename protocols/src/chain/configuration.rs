//! Configurations: which servers make the chain, in which order.

use serde::Serialize;

use orrery_sim::NodeId;

use crate::number::number;

number! {
    /// The number of a configuration: the master counts them, from `e1`.
    Epoch, "e"
}
number! {
    /// A place in `Hist`, from `p1`. A place also counts the updates up to it: `p0` is before the first.
    Place, "p"
}

impl Place {
    /// The place before; `p0` has none and stays.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

/// The chain, as the master has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Configuration {
    /// Which one it is.
    pub number: Epoch,
    /// The servers, from the head to the tail. Never empty: who is alone in it is both.
    pub chain: Vec<Member>,
    /// The server that is being made the next tail, if there is one.
    pub joining: Option<Member>,
}

/// A server with a place in the chain, or on the way to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Which.
    pub server: NodeId,
    /// The link that it gets updates by: the number of the configuration in which it got the predecessor that it has. What
    /// comes by another link does not count.
    pub link: Epoch,
}

impl Configuration {
    /// The first one: these servers, in this order.
    pub fn first(servers: impl IntoIterator<Item = NodeId>) -> Self {
        let number = Epoch(1);
        let chain = servers.into_iter().map(|server| Member { server, link: number }).collect();
        Self { number, chain, joining: None }
    }

    /// Where updates go.
    pub fn head(&self) -> NodeId {
        self.chain[0].server
    }

    /// Where queries go.
    pub fn tail(&self) -> NodeId {
        self.chain[self.chain.len() - 1].server
    }

    /// The servers, from the head to the tail.
    pub fn servers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.chain.iter().map(|member| member.server)
    }

    /// Whether `id` is in the chain.
    pub fn contains(&self, id: NodeId) -> bool {
        self.place(id).is_some()
    }

    /// Whom `id` gets updates from, and by which link: for who joins, from the tail.
    pub fn predecessor(&self, id: NodeId) -> Option<Member> {
        if let Some(joining) = self.joining.filter(|joining| joining.server == id) {
            return Some(Member { server: self.tail(), link: joining.link });
        }
        let place = self.place(id)?;
        let server = self.chain.get(place.checked_sub(1)?)?.server;
        Some(Member { server, link: self.chain[place].link })
    }

    /// Whom `id` sends updates to, and by which link: for the tail, to who joins.
    pub fn successor(&self, id: NodeId) -> Option<Member> {
        let place = self.place(id)?;
        self.chain.get(place + 1).copied().or(self.joining)
    }

    fn place(&self, id: NodeId) -> Option<usize> {
        self.chain.iter().position(|member| member.server == id)
    }
}
