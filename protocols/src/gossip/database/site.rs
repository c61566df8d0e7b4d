//! A site: its database, clients' operations, mail, rumors and death certificates.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, Duration, DurationRange, Node, NodeId, OperationId, Start};

use crate::kv::{Operation, Output};

use super::bugs::G7;
use super::entry::{Entries, Entry, Item, Timestamp};
use super::message::{Means, Message, Note, Timer};
use super::parameters::{Distribution, Parameters};
use super::registration::{Database, Record};

/// One site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Site {
    /// The database (Demers, section 1.1).
    pub entries: Entries,
    /// Death certificates that only retention sites keep.
    pub dormant: Entries,
    /// What is told as a rumor, with the number of sites in a row that knew it.
    pub hot: BTreeMap<String, u32>,
    /// How many entries it sent, in whatever message.
    pub entries_sent: u64,
    /// How many comparisons it began, and over what distance together.
    pub comparisons: u64,
    /// The sum of the distances to their partners.
    pub distance: u64,
    /// How many letters it sent.
    pub letters: u64,
    pub(super) settings: Parameters,
}

impl Node for Site {
    type Protocol = Database;

    fn on_start(start: Start<'_, Database>, ctx: &mut Context<'_, Database>) -> Self {
        Self::recover(&start, ctx)
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Database>) {
        match message {
            Message::Mail { key, entry } => {
                self.receive(from, key, entry, Means::Mail, ctx);
            }
            Message::Rumors { entries } => self.on_rumors(from, entries, ctx),
            Message::Needless { keys } => self.on_needless(&keys),
            Message::Request { leaves } => self.on_request(from, leaves, ctx),
            Message::Entries { entries, leaves, answer, is_chooser } => {
                self.on_entries(from, entries, leaves.as_deref(), (answer, is_chooser), ctx);
            }
            Message::Recent { entries, checksum, is_chooser } => {
                self.on_recent(from, entries, checksum, is_chooser, ctx);
            }
            Message::Peel { depth, entries, checksum, is_chooser } => {
                self.on_peel(from, depth, entries, (checksum, is_chooser), ctx);
            }
            Message::Hashes { level, hashes, is_chooser } => {
                self.on_hashes(from, level, &hashes, is_chooser, ctx);
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Database>) {
        match timer {
            Timer::AntiEntropy => self.anti_entropy(ctx),
            Timer::Rumor => self.tell_rumors(ctx),
        }
    }

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Database>,
    ) {
        match operation {
            Operation::Get { key } => ctx.complete(id, Output::Value(self.value(&key).cloned())),
            Operation::Put { key, value } => self.update(id, &key, Some(value), ctx),
            Operation::Delete { key } => self.update(id, &key, None, ctx),
            // They would have to know what all others have.
            Operation::Cas { .. } | Operation::Append { .. } => ctx.fail(id),
        }
    }
}

impl Site {
    /// What the journal kept. What is hot is forgotten: anti-entropy finds it.
    fn recover(start: &Start<'_, Database>, ctx: &mut Context<'_, Database>) -> Self {
        let mut entries = Entries::new();
        for Record::Stored { key, entry } in start.journal.records() {
            entries.insert(key.clone(), entry.clone());
        }
        let mut site = Self {
            entries,
            dormant: Entries::new(),
            hot: BTreeMap::new(),
            entries_sent: 0,
            comparisons: 0,
            distance: 0,
            letters: 0,
            settings: start.config.clone(),
        };
        site.expire(ctx);
        if let Some(period) = site.settings.anti_entropy {
            // Sites do not choose in step.
            ctx.set_timer_between(Timer::AntiEntropy, DurationRange::new(Duration::ZERO, period));
        }
        site
    }

    /// `ValueOf[k]`: the value of a key, if it has one.
    pub fn value(&self, key: &str) -> Option<&String> {
        match &self.entries.get(key)?.item {
            Item::Value(value) => Some(value),
            Item::Death { .. } => None,
        }
    }

    /// `Update[v]` (section 1.1): the item gets a new timestamp, and others are told once it is on disk.
    fn update(
        &mut self,
        id: OperationId,
        key: &str,
        value: Option<String>,
        ctx: &mut Context<'_, Database>,
    ) {
        let now = ctx.wall_clock().as_nanos();
        let known = [&self.entries, &self.dormant].map(|entries| entries.get(key));
        let after = known.into_iter().flatten().map(|entry| entry.timestamp.time + 1).max();
        let time = after.map_or(now, |after| after.max(now));
        let item = match value {
            Some(value) => Item::Value(value),
            None => Item::Death { activation: now, retention: self.retention_sites(ctx) },
        };
        let entry = Entry { timestamp: Timestamp { time, site: ctx.id() }, item };
        ctx.note(Note::Updated { operation: id, key: key.to_string(), entry: entry.clone() });
        self.store(key, &entry, ctx);
        ctx.sync();
        self.distribute(self.settings.distribute, key, &entry, ctx);
        ctx.complete(id, Output::Written);
    }

    /// Who keeps a certificate dormant: this site, and others at random (section 2.1).
    fn retention_sites(&self, ctx: &mut Context<'_, Database>) -> Vec<NodeId> {
        let mut others: Vec<NodeId> = ctx.others().collect();
        let mut sites = vec![ctx.id()];
        while (sites.len() as u32) < self.settings.retention && !others.is_empty() {
            let drawn = ctx.below(others.len() as u64) as usize;
            sites.push(others.swap_remove(drawn));
        }
        sites
    }

    /// Keeps an entry, on disk with the next sync.
    fn store(&mut self, key: &str, entry: &Entry, ctx: &mut Context<'_, Database>) {
        ctx.append(Record::Stored { key: key.to_string(), entry: entry.clone() });
        self.dormant.remove(key);
        self.entries.insert(key.to_string(), entry.clone());
    }

    /// Tells others of an update at once: direct mail (section 1.2), or a hot rumor (section 1.4).
    fn distribute(
        &mut self,
        how: Distribution,
        key: &str,
        entry: &Entry,
        ctx: &mut Context<'_, Database>,
    ) {
        match how {
            Distribution::None => {}
            Distribution::Mail => {
                let others = u64::from(ctx.node_count()) - 1;
                self.letters += others;
                self.entries_sent += others;
                ctx.broadcast(&Message::Mail { key: key.to_string(), entry: entry.clone() });
            }
            Distribution::Rumor => {
                if self.hot.is_empty() {
                    ctx.set_timer(Timer::Rumor, self.settings.rumor_cycle);
                }
                self.hot.insert(key.to_string(), 0);
            }
        }
    }

    /// Pushes all that is hot to one site.
    fn tell_rumors(&mut self, ctx: &mut Context<'_, Database>) {
        if self.hot.is_empty() {
            return;
        }
        let is_hot = |(key, _): &(&String, &Entry)| self.hot.contains_key(*key);
        let entries: Entries = owned(self.entries.iter().filter(is_hot));
        self.entries_sent += entries.len() as u64;
        let partner = self.partner(ctx);
        ctx.send(partner, Message::Rumors { entries });
        ctx.set_timer(Timer::Rumor, self.settings.rumor_cycle);
    }

    fn on_rumors(&mut self, from: NodeId, entries: Entries, ctx: &mut Context<'_, Database>) {
        let mut keys = vec![];
        for (key, entry) in entries {
            if !self.receive(from, key.clone(), entry, Means::Rumor, ctx) {
                keys.push(key);
            }
        }
        ctx.send(from, Message::Needless { keys });
    }

    /// A rumor is told no more after `k` sites in a row that knew it; a site that did not sets the counter back.
    fn on_needless(&mut self, keys: &[String]) {
        let k = self.settings.k;
        self.hot.retain(|key, counter| {
            *counter = if keys.contains(key) { *counter + 1 } else { 0 };
            *counter < k
        });
    }

    pub(super) fn partner(&self, ctx: &mut Context<'_, Database>) -> NodeId {
        self.settings.space.partner(self.settings.exponent, ctx)
    }

    /// An update came. Returns whether it was news: newer than what is here.
    pub(super) fn receive(
        &mut self,
        from: NodeId,
        key: String,
        entry: Entry,
        by: Means,
        ctx: &mut Context<'_, Database>,
    ) -> bool {
        if let Some(dormant) = self.dormant.get(&key)
            && entry.timestamp < dormant.timestamp
        {
            self.reactivate(from, key, ctx);
            return false;
        }
        let is_news = match self.entries.get(&key) {
            Some(mine) => mine.age() < entry.age(),
            // A certificate that everybody is dropping comes to nobody anew.
            None => !self.is_old(&entry, ctx),
        };
        if !is_news {
            return false;
        }
        self.store(&key, &entry, ctx);
        if entry.is_death() {
            // It may be the last copy that is left, one day: nobody is told of it before it is on disk.
            ctx.sync();
        } else {
            ctx.sync_in_background();
        }
        let how = match by {
            Means::Mail => Distribution::None,
            Means::Rumor => Distribution::Rumor,
            Means::AntiEntropy => self.settings.redistribute,
        };
        self.distribute(how, &key, &entry, ctx);
        ctx.note(Note::Adopted { key, entry, from, by });
        true
    }

    /// An obsolete item meets a dormant death certificate, which is activated again (section 2.2): its timestamp stays, so that it cancels no update
    /// that came after the deletion.
    fn reactivate(&mut self, from: NodeId, key: String, ctx: &mut Context<'_, Database>) {
        let Some(mut entry) = self.dormant.remove(&key) else { return };
        if let Item::Death { activation, .. } = &mut entry.item {
            *activation = ctx.wall_clock().as_nanos();
        }
        ctx.probe("reactivated");
        self.store(&key, &entry, ctx);
        self.distribute(self.settings.distribute, &key, &entry, ctx);
        ctx.note(Note::Reactivated { key, timestamp: entry.timestamp, by: from });
    }

    /// Whether it is a death certificate that has been active for `tau_1`.
    fn is_old(&self, entry: &Entry, ctx: &Context<'_, Database>) -> bool {
        Self::is_older(entry, self.settings.tau_1, ctx)
    }

    fn is_older(entry: &Entry, age: Duration, ctx: &Context<'_, Database>) -> bool {
        let now = i128::from(ctx.wall_clock().as_nanos());
        let is_over = |activation| i128::from(activation) + i128::from(age.as_nanos()) < now;
        entry.activation().is_some_and(is_over)
    }

    /// Drops death certificates that are old; retention sites keep them dormant for `tau_2` (section 2.1).
    pub(super) fn expire(&mut self, ctx: &mut Context<'_, Database>) {
        let is_old = |(_, entry): &(&String, &Entry)| self.is_old(entry, ctx);
        let old: Entries = owned(self.entries.iter().filter(is_old));
        for (key, entry) in old {
            self.entries.remove(&key);
            self.hot.remove(&key);
            let is_dormant = match &entry.item {
                Item::Value(_) => false,
                Item::Death { retention, .. } => retention.contains(&ctx.id()) && !ctx.bug(&G7),
            };
            let timestamp = entry.timestamp;
            ctx.note(Note::Expired { key: key.clone(), timestamp, is_dormant });
            if is_dormant {
                self.dormant.insert(key, entry);
            }
        }
        let all = self.settings.tau_1.saturating_add(self.settings.tau_2);
        let mut dormant = std::mem::take(&mut self.dormant);
        dormant.retain(|_, entry| !Self::is_older(entry, all, ctx));
        self.dormant = dormant;
    }
}

/// Copies of some entries.
pub(super) fn owned<'a>(entries: impl Iterator<Item = (&'a String, &'a Entry)>) -> Entries {
    entries.map(|(key, entry)| (key.clone(), entry.clone())).collect()
}
