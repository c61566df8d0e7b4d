//! Anti-entropy (Demers, section 1.3): a site compares its database with that of a random other, in one of four ways.

use orrery_sim::{Context, Duration, NodeId};

use crate::gossip::rumor::Mode;

use super::bugs::{G8, G9};
use super::entry::{Entries, Entry, hash, hash_key};
use super::message::{Means, Message, Timer};
use super::parameters::Compare;
use super::registration::Database;
use super::site::{Site, owned};

/// How many updates go with one message when peeling back.
const PEEL: usize = 4;
/// How many children a node of the hash tree has.
const FAN_OUT: u32 = 4;
/// The level of its leaves: 64 of them.
const LEAF_LEVEL: u32 = 3;

impl Site {
    /// `ResolveDifference` with a random partner.
    pub(super) fn anti_entropy(&mut self, ctx: &mut Context<'_, Database>) {
        self.expire(ctx);
        let partner = self.partner(ctx);
        self.comparisons += 1;
        let space = self.settings.space;
        self.distance += u64::from(space.distance(ctx.id(), partner, ctx.node_count()));
        match self.settings.comparison {
            Compare::Full => self.compare_all(partner, None, ctx),
            Compare::Recent => self.send_recent(partner, true, ctx),
            Compare::PeelBack => self.peel(partner, 0, true, ctx),
            Compare::Merkle => self.send_hashes(partner, 0, &[0], true, ctx),
        }
        if let Some(period) = self.settings.anti_entropy {
            ctx.set_timer(Timer::AntiEntropy, period);
        }
    }

    /// Whether this site takes what is newer, being the one that chose its partner or the other one.
    fn learns(&self, is_chooser: bool) -> bool {
        match self.settings.mode {
            Mode::Push => !is_chooser,
            Mode::Pull => is_chooser,
            Mode::PushPull => true,
        }
    }

    /// Compares all entries, or those of some leaves.
    fn compare_all(
        &mut self,
        partner: NodeId,
        leaves: Option<Vec<u32>>,
        ctx: &mut Context<'_, Database>,
    ) {
        match self.settings.mode {
            Mode::Pull => ctx.send(partner, Message::Request { leaves }),
            Mode::Push | Mode::PushPull => {
                let entries = self.of_leaves(leaves.as_deref(), ctx);
                let answer = self.settings.mode == Mode::PushPull;
                self.send_entries(partner, entries, leaves, (answer, true), ctx);
            }
        }
    }

    fn send_entries(
        &mut self,
        to: NodeId,
        entries: Entries,
        leaves: Option<Vec<u32>>,
        (answer, is_chooser): (bool, bool),
        ctx: &mut Context<'_, Database>,
    ) {
        self.entries_sent += entries.len() as u64;
        ctx.send(to, Message::Entries { entries, leaves, answer, is_chooser });
    }

    pub(super) fn on_request(
        &mut self,
        from: NodeId,
        leaves: Option<Vec<u32>>,
        ctx: &mut Context<'_, Database>,
    ) {
        let entries = self.of_leaves(leaves.as_deref(), ctx);
        self.send_entries(from, entries, leaves, (false, false), ctx);
    }

    /// Takes what is newer there, and answers with what is newer here.
    pub(super) fn on_entries(
        &mut self,
        from: NodeId,
        entries: Entries,
        leaves: Option<&[u32]>,
        (answer, is_chooser): (bool, bool),
        ctx: &mut Context<'_, Database>,
    ) {
        let is_newer = |(key, mine): &(&String, &Entry)| {
            entries.get(*key).is_none_or(|theirs| theirs.age() < mine.age())
        };
        let mine = self.of_leaves(leaves, ctx);
        let newer = if answer { owned(mine.iter().filter(is_newer)) } else { Entries::new() };
        self.take(from, entries, !is_chooser, ctx);
        if !newer.is_empty() {
            self.send_entries(from, newer, None, (false, false), ctx);
        }
    }

    /// Takes what is newer there, if this site is one that learns.
    fn take(
        &mut self,
        from: NodeId,
        entries: Entries,
        is_chooser: bool,
        ctx: &mut Context<'_, Database>,
    ) {
        if !self.learns(is_chooser) {
            return;
        }
        for (key, entry) in entries {
            self.receive(from, key, entry, Means::AntiEntropy, ctx);
        }
    }

    /// A checksum of the whole database. Dormant certificates are not part of it.
    fn checksum(&self, ctx: &Context<'_, Database>) -> u64 {
        if ctx.bug(&G8) {
            return self.entries.len() as u64;
        }
        sum(self.entries.iter())
    }

    /// Recent updates, and a checksum of everything.
    fn send_recent(&mut self, to: NodeId, is_chooser: bool, ctx: &mut Context<'_, Database>) {
        let since = i128::from(ctx.wall_clock().as_nanos()) - nanos(self.settings.recent);
        let is_recent = |(_, entry): &(&String, &Entry)| {
            let (timestamp, activation) = entry.age();
            since <= i128::from(timestamp.time.max(activation))
        };
        let entries = owned(self.entries.iter().filter(is_recent));
        self.entries_sent += entries.len() as u64;
        let checksum = self.checksum(ctx);
        ctx.send(to, Message::Recent { entries, checksum, is_chooser });
    }

    /// Both have sent their recent updates when the one that chose hears the answer: if their checksums differ even so, everything is compared.
    pub(super) fn on_recent(
        &mut self,
        from: NodeId,
        entries: Entries,
        checksum: u64,
        is_chooser: bool,
        ctx: &mut Context<'_, Database>,
    ) {
        self.take(from, entries, !is_chooser, ctx);
        if self.checksum(ctx) == checksum {
            return;
        }
        if is_chooser {
            self.send_recent(from, false, ctx);
        } else {
            ctx.probe("checksums-differ");
            self.compare_all(from, None, ctx);
        }
    }

    /// The next updates in the order of their age, the newest first.
    fn peel(&mut self, to: NodeId, depth: u32, is_chooser: bool, ctx: &mut Context<'_, Database>) {
        let mut by_age: Vec<_> = self.entries.iter().collect();
        by_age.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.age()));
        let entries = owned(by_age.into_iter().skip(depth as usize * PEEL).take(PEEL));
        self.entries_sent += entries.len() as u64;
        let checksum = self.checksum(ctx);
        ctx.send(to, Message::Peel { depth, entries, checksum, is_chooser });
    }

    /// Goes on until the checksums agree, or neither has anything more to send.
    pub(super) fn on_peel(
        &mut self,
        from: NodeId,
        depth: u32,
        entries: Entries,
        (checksum, is_chooser): (u64, bool),
        ctx: &mut Context<'_, Database>,
    ) {
        let is_at_end = entries.is_empty() && self.entries.len() <= depth as usize * PEEL;
        self.take(from, entries, !is_chooser, ctx);
        if self.checksum(ctx) == checksum || is_at_end {
            return;
        }
        let next = if is_chooser { depth } else { depth + 1 };
        self.peel(from, next, !is_chooser, ctx);
    }

    /// The hashes of some nodes of the tree.
    fn send_hashes(
        &self,
        to: NodeId,
        level: u32,
        places: &[u32],
        is_chooser: bool,
        ctx: &mut Context<'_, Database>,
    ) {
        let hashes = places.iter().map(|place| (*place, self.tree_hash(level, *place, ctx)));
        let hashes = hashes.collect();
        ctx.send(to, Message::Hashes { level, hashes, is_chooser });
    }

    /// The hash of a node of the tree: of all entries below it.
    fn tree_hash(&self, level: u32, place: u32, ctx: &Context<'_, Database>) -> u64 {
        let width = FAN_OUT.pow(LEAF_LEVEL - level);
        let is_below = |(key, entry): &(&String, &Entry)| {
            leaf(key) / width == place && Self::is_in_leaf(entry, ctx)
        };
        sum(self.entries.iter().filter(is_below))
    }

    /// Whether the tree knows of an entry. Death certificates are entries like others.
    fn is_in_leaf(entry: &Entry, ctx: &Context<'_, Database>) -> bool {
        !(ctx.bug(&G9) && entry.is_death())
    }

    /// Goes down where the hashes differ, and compares the entries of the leaves that do. With three levels below the root, the site that chose its partner is
    /// the one that finds them.
    pub(super) fn on_hashes(
        &mut self,
        from: NodeId,
        level: u32,
        hashes: &[(u32, u64)],
        is_chooser: bool,
        ctx: &mut Context<'_, Database>,
    ) {
        let differs = |(place, hash): &&(u32, u64)| self.tree_hash(level, *place, ctx) != *hash;
        let places: Vec<u32> = hashes.iter().filter(differs).map(|(place, _)| *place).collect();
        if places.is_empty() {
            return;
        }
        if level == LEAF_LEVEL {
            return self.compare_all(from, Some(places), ctx);
        }
        let children =
            places.iter().flat_map(|place| (0..FAN_OUT).map(move |i| place * FAN_OUT + i));
        let children: Vec<u32> = children.collect();
        self.send_hashes(from, level + 1, &children, !is_chooser, ctx);
    }

    /// All entries, or those of some leaves of the tree.
    fn of_leaves(&self, leaves: Option<&[u32]>, ctx: &Context<'_, Database>) -> Entries {
        let is_meant = |(key, entry): &(&String, &Entry)| match leaves {
            None => true,
            Some(leaves) => leaves.contains(&leaf(key)) && Self::is_in_leaf(entry, ctx),
        };
        owned(self.entries.iter().filter(is_meant))
    }
}

/// The leaf of a key.
fn leaf(key: &str) -> u32 {
    (hash_key(key) % u64::from(FAN_OUT.pow(LEAF_LEVEL))) as u32
}

/// The sum of the hashes of entries, which does not depend on their order.
fn sum<'a>(entries: impl Iterator<Item = (&'a String, &'a Entry)>) -> u64 {
    entries.fold(0, |sum, (key, entry)| hash(key, entry).wrapping_add(sum))
}

fn nanos(duration: Duration) -> i128 {
    i128::from(duration.as_nanos())
}
