//! Dotted version vectors: N. Preguiça, C. Baquero, P. S. Almeida, V. Fonte and R. Gonçalves, *Brief Announcement: Efficient Causality Tracking in
//! Distributed Storage Systems with Dotted Version Vectors*, PODC 2012.

use serde::{Deserialize, Serialize};

use super::vector::VectorClock;

/// The name of one write: the server that took it, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dot<K> {
    /// Who took the write.
    pub server: K,
    /// The how manieth of its writes it is, from 1.
    pub number: u64,
}

/// The versions of a value that have not been overwritten: each with its dot and with what its writer had read. A write overwrites exactly what it
/// had read, so that two writes through one server that knew nothing of each other stay both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dotted<K: Ord, V> {
    /// In the order of their dots.
    versions: Vec<(Dot<K>, VectorClock<K>, V)>,
}

impl<K: Ord, V> Default for Dotted<K, V> {
    fn default() -> Self {
        Self { versions: vec![] }
    }
}

impl<K: Ord + Copy, V: Clone> Dotted<K, V> {
    /// The values.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.versions.iter().map(|(_, _, value)| value)
    }

    /// What a reader of all these has seen: a writer hands it back (`join`).
    pub fn context(&self) -> VectorClock<K> {
        let mut context = VectorClock::default();
        for (dot, past, _) in &self.versions {
            context.merge(past);
            context.raise(dot.server, dot.number);
        }
        context
    }

    /// Each version's dot, and its value, in the order of dots.
    pub fn versions(&self) -> impl ExactSizeIterator<Item = (Dot<K>, &V)> {
        self.versions.iter().map(|(dot, _, value)| (*dot, value))
    }

    /// Takes a write at `server` by somebody who has seen `context` (`discard`, `event`): what it has seen is overwritten. The server has used no
    /// number above `last`, or above what can be seen here. Returns the name of the write.
    pub fn write(&mut self, server: K, last: u64, context: &VectorClock<K>, value: V) -> Dot<K> {
        let number = self.context().get(server).max(context.get(server)).max(last) + 1;
        let dot = Dot { server, number };
        self.versions.retain(|(dot, _, _)| context.get(dot.server) < dot.number);
        self.versions.push((dot, context.clone(), value));
        self.sort();
        dot
    }

    /// Takes over what another copy has (`sync`): of both, what the other has not overwritten.
    pub fn merge(&mut self, other: &Self) {
        let (own, their) = (self.context(), other.context());
        let is_in = |versions: &Self, dot: &Dot<K>| versions.versions.iter().any(|it| it.0 == *dot);
        let kept = self
            .versions
            .iter()
            .filter(|it| is_in(other, &it.0) || their.get(it.0.server) < it.0.number);
        let new = other
            .versions
            .iter()
            .filter(|it| !is_in(self, &it.0) && own.get(it.0.server) < it.0.number);
        let merged: Vec<_> = kept.chain(new).cloned().collect();
        self.versions = merged;
        self.sort();
    }

    fn sort(&mut self) {
        self.versions.sort_by_key(|(dot, _, _)| *dot);
    }
}
