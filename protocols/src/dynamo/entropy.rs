//! Anti-entropy by hashes (§4.7), and the removal of tombstones that all owners have.

use std::collections::BTreeSet;

use orrery_sim::{Context, Digest, LocalTime, NodeId};

use super::bugs::Q21;
use super::message::Message;
use super::ring;
use super::server::{Dynamo, Grave, Note, Server, Timer};
use super::store::{Siblings, is_deleted, names};

/// Parts that are compared by themselves.
const LEAVES: u32 = 16;

impl Server {
    /// The keys that another node owns too, in a part of the tree or in all of it.
    fn shared(&self, other: NodeId, part: Option<u32>) -> Vec<(String, Siblings)> {
        let keys = self.store.keys.iter().filter(|(key, _)| {
            part.is_none_or(|part| ring::leaf(key, LEAVES) == part)
                && self.owners(key).contains(&other)
                && self.owners(key).contains(&self.id)
        });
        keys.map(|(key, siblings)| (key.clone(), siblings.clone())).collect()
    }

    fn hash(&self, other: NodeId, part: Option<u32>) -> Digest {
        Digest::of(&self.shared(other, part)).unwrap_or_default()
    }

    /// Compares keys with the next node in turn, and removes what may go.
    pub(super) fn compare(&mut self, ctx: &mut Context<'_, Dynamo>) {
        ctx.set_timer(Timer::AntiEntropy, self.settings.anti_entropy);
        self.collect(ctx);
        let last = self.compared.map_or(self.id, |(peer, _)| peer);
        let mut next = NodeId(last.0 % self.nodes + 1);
        if next == self.id {
            next = NodeId(next.0 % self.nodes + 1);
        }
        if next == self.id {
            return;
        }
        let root = self.hash(next, None);
        self.compared = Some((next, root));
        ctx.send(next, Message::Root { root });
    }

    /// Both have the same, or the parts have to be looked at.
    pub(super) fn on_root(&self, from: NodeId, root: Digest, ctx: &mut Context<'_, Dynamo>) {
        if self.hash(from, None) == root {
            return ctx.send(from, Message::Same { root });
        }
        ctx.probe("roots-differ");
        let leaves = (0..LEAVES).map(|part| self.hash(from, Some(part))).collect();
        ctx.send(from, Message::Leaves { leaves });
    }

    /// The other one has the same: its tombstones are these.
    pub(super) fn on_same(&mut self, from: NodeId, root: Digest, ctx: &mut Context<'_, Dynamo>) {
        if self.compared != Some((from, root)) || self.hash(from, None) != root {
            return ctx.probe("changed-meanwhile");
        }
        for (key, siblings) in self.shared(from, None) {
            if let Some(grave) = self.graves.get_mut(&key)
                && grave.siblings == siblings
            {
                grave.confirmed.insert(from);
            }
        }
    }

    /// Sends the keys of the parts that differ.
    pub(super) fn on_leaves(&self, from: NodeId, leaves: &[Digest], ctx: &mut Context<'_, Dynamo>) {
        let differing =
            (0..LEAVES).zip(leaves).filter(|(part, leaf)| self.hash(from, Some(*part)) != **leaf);
        let parts: Vec<u32> = differing.map(|(part, _)| part).collect();
        self.send_keys(from, parts, false, ctx);
    }

    fn send_keys(
        &self,
        to: NodeId,
        parts: Vec<u32>,
        is_answer: bool,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        let keys = parts.iter().flat_map(|part| self.shared(to, Some(*part))).collect();
        ctx.send(to, Message::Keys { parts, keys, is_answer });
    }

    /// Takes over what is new, and sends the same parts back, once.
    pub(super) fn on_keys(
        &mut self,
        from: NodeId,
        parts: Vec<u32>,
        keys: Vec<(String, Siblings)>,
        is_answer: bool,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        for (key, siblings) in keys {
            self.merge(&key, &siblings, ctx);
        }
        ctx.sync();
        if !is_answer {
            self.send_keys(from, parts, true, ctx);
        }
    }

    /// Remembers since when a key has nothing but tombstones.
    pub(super) fn look_for_tombstones(&mut self, key: &str, now: LocalTime) {
        let siblings = self.store.get(key);
        if !is_deleted(&siblings) {
            self.graves.remove(key);
        } else if self.graves.get(key).is_none_or(|grave| grave.siblings != siblings) {
            let grave = Grave { siblings, since: now, confirmed: BTreeSet::new() };
            self.graves.insert(key.into(), grave);
        }
    }

    /// The first owner of a key removes its tombstones when all owners have them, and when nothing older can be under way any more.
    fn collect(&mut self, ctx: &mut Context<'_, Dynamo>) {
        for (key, grave) in self.graves.clone() {
            let owners = self.owners(&key);
            let is_old = self.settings.grace <= ctx.now().since(grave.since);
            let is_known = owners.iter().all(|it| *it == self.id || grave.confirmed.contains(it));
            let may_go = owners.first() == Some(&self.id) && is_old && is_known;
            if !may_go && !ctx.bug(&Q21) {
                continue;
            }
            for owner in owners.into_iter().filter(|owner| *owner != self.id) {
                let (key, siblings) = (key.clone(), grave.siblings.clone());
                ctx.send(owner, Message::Collect { key, siblings });
            }
            self.on_collect(&key, &grave.siblings, ctx);
        }
    }

    /// Removes tombstones, unless there is something else by now.
    pub(super) fn on_collect(
        &mut self,
        key: &str,
        siblings: &Siblings,
        ctx: &mut Context<'_, Dynamo>,
    ) {
        if self.store.get(key) != *siblings || !is_deleted(siblings) {
            return;
        }
        ctx.probe("collected");
        let names = names(siblings).into_iter().collect();
        ctx.note(Note::Collected { key: key.into(), names });
        self.set(key, Siblings::default(), ctx);
        ctx.sync();
    }
}
