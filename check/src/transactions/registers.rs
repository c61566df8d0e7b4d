//! What a history of registers says for certain. A register shows only its last write, so the
//! order of the writes is known where the system reports its commit order, where every writer has read what it
//! overwrites, or where there is one writer.

use std::collections::BTreeMap;

use super::facts::{Chain, Direct, Facts, INITIAL, ReadFrom, UNPLACED, written};
use super::history::{Action, Atom, Key, Micro, Status, Transactions, Txn};
use super::lattice::Isolation;

struct Analysis<'a> {
    history: &'a Transactions,
    initial: Atom,
    facts: Facts,
}

/// What a transaction knows of a key itself.
#[derive(Clone, Copy)]
enum Known {
    Wrote(Atom),
    Read(Atom),
}

/// What a history of registers says for certain.
pub(crate) fn analyse(history: &Transactions, initial: Atom) -> Facts {
    let mut analysis = Analysis { history, initial, facts: Facts::new(history) };
    analysis.observe();
    for txn in history.all() {
        if history.txn(txn).status == Status::Ok {
            analysis.visit(txn);
        }
    }
    analysis.updates();
    analysis.chains();
    analysis.facts
}

impl Analysis<'_> {
    /// Whose write was seen has committed.
    fn observe(&mut self) {
        let history = self.history;
        for txn in history.all().filter(|&txn| history.txn(txn).status == Status::Ok) {
            for &Micro { key, action } in history.steps(txn) {
                let Action::Read(atom) = action else { continue };
                let Some(writer) = history.writer_of(key, atom) else { continue };
                if history.txn(writer.txn).status == Status::Maybe {
                    self.facts.is_committed[writer.txn as usize] = true;
                }
            }
        }
    }

    fn visit(&mut self, txn: Txn) {
        let mut own: Vec<(Key, Known)> = Vec::new();
        for (step, &Micro { key, action }) in (0..).zip(self.history.steps(txn)) {
            let index = own.iter().position(|(other, _)| *other == key);
            let known = index.map(|index| own[index].1);
            let now = match action {
                Action::Write(atom) => Known::Wrote(atom),
                Action::Read(atom) => {
                    self.read(txn, step, key, atom, known);
                    match known {
                        Some(Known::Wrote(own)) => Known::Wrote(own),
                        Some(Known::Read(_)) | None => Known::Read(atom),
                    }
                }
                Action::Asked | Action::ReadList(..) => continue,
            };
            match index {
                Some(index) => own[index].1 = now,
                None => own.push((key, now)),
            }
        }
    }

    fn read(&mut self, txn: Txn, step: u32, key: Key, atom: Atom, known: Option<Known>) {
        let history = self.history;
        let (id, name) = (history.id(txn), history.key_name(key));
        let value = |atom| history.atom_name(atom);
        let writer = history.writer_of(key, atom);
        if let Some(later) = writer.filter(|writer| writer.txn == txn && writer.step > step) {
            let sentence = format!("{id} read {} in {name} before it wrote it itself", value(atom));
            debug_assert!(later.txn == txn);
            return self.direct("future-read", Isolation::Pl2, sentence, &[txn]);
        }
        match known {
            Some(Known::Wrote(own)) if own == atom => return,
            Some(Known::Wrote(own)) => {
                let sentence =
                    format!("{id} wrote {} to {name} and then read {}", value(own), value(atom));
                self.direct("internal", Isolation::Pl2, sentence, &[txn]);
            }
            Some(Known::Read(before)) if before != atom => {
                let sentence =
                    format!("{id} read {name} as {} and then as {}", value(before), value(atom));
                self.direct("internal", Isolation::ReadAtomic, sentence, &[txn]);
            }
            Some(Known::Read(_)) | None => {}
        }
        let seen = UNPLACED;
        let Some(writer) = writer else {
            if atom == self.initial {
                self.facts.reads.push(ReadFrom { txn, step, key, from: INITIAL, seen });
                return;
            }
            let sentence = format!("{id} read {} in {name}, which nobody wrote", value(atom));
            return self.direct("garbage-read", Isolation::ReadUncommitted, sentence, &[txn]);
        };
        if writer.txn == txn {
            return;
        }
        let by = history.id(writer.txn);
        if history.txn(writer.txn).status == Status::Failed {
            let sentence =
                format!("{id} read {} in {name}, which {by} wrote and aborted", value(atom));
            return self.direct("G1a", Isolation::Pl2, sentence, &[txn, writer.txn]);
        }
        let last = history.steps(writer.txn).iter().rev().find_map(|micro| match micro.action {
            Action::Write(last) if micro.key == key => Some(last),
            Action::Write(_) | Action::Read(_) | Action::ReadList(..) | Action::Asked => None,
        });
        if let Some(last) = last.filter(|&last| last != atom) {
            let sentence = format!(
                "{id} read {} in {name}, which {by} itself overwrote with {}",
                value(atom),
                value(last)
            );
            self.direct("G1b", Isolation::Pl2, sentence, &[txn, writer.txn]);
        }
        self.facts.reads.push(ReadFrom { txn, step, key, from: writer.txn, seen });
    }

    fn direct(&mut self, name: &'static str, level: Isolation, sentence: String, txns: &[Txn]) {
        let other = txns.get(1).copied();
        let mut txns = txns.to_vec();
        txns.sort_unstable();
        self.facts.add(Direct { name, level, sentence, txns, other });
    }

    /// Who read a version and overwrote it. Two that overwrite one version: one of them was not seen.
    fn updates(&mut self) {
        let mut updates = Vec::new();
        for read in &self.facts.reads {
            let writes =
                |micro: &Micro| micro.key == read.key && matches!(micro.action, Action::Write(_));
            if self.history.steps(read.txn)[read.step as usize..].iter().any(writes) {
                updates.push((read.key, read.from, read.txn));
            }
        }
        updates.sort_unstable();
        updates.dedup();
        let lost = updates.windows(2).find(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1));
        if let Some(&[(key, _, first), (_, _, second)]) = lost {
            let history = self.history;
            let (a, b, name) = (history.id(first), history.id(second), history.key_name(key));
            let sentence = format!(
                "{a} and {b} both read the same {name} and then overwrote it, so one update is lost"
            );
            self.direct("lost-update", Isolation::ParallelSnapshot, sentence, &[first, second]);
        }
        self.facts.updates = updates;
    }

    fn chains(&mut self) {
        for txn in self.facts.committed().collect::<Vec<_>>() {
            for key in written(self.history, txn) {
                self.facts.chains[key as usize].loose.push(txn);
            }
        }
        for key in 0..self.facts.chains.len() as Key {
            let writers = &self.facts.chains[key as usize].loose;
            let order = match writers.len() {
                0 | 1 => Some(writers.clone()),
                _ => self.reported(writers).or_else(|| self.updated(key, writers)),
            };
            if let Some(writers) = order {
                self.facts.chains[key as usize] =
                    Chain { writers, loose: Vec::new(), is_known: true };
            }
        }
        self.contradicted();
        let mut places: BTreeMap<(Key, Txn), u32> = BTreeMap::new();
        for (key, chain) in (0..).zip(&self.facts.chains).filter(|(_, chain)| chain.is_known) {
            places.extend((1..).zip(&chain.writers).map(|(seen, &writer)| ((key, writer), seen)));
        }
        let chains = &self.facts.chains;
        for read in &mut self.facts.reads {
            if chains[read.key as usize].is_known {
                read.seen = places.get(&(read.key, read.from)).copied().unwrap_or(0);
            }
        }
    }

    /// The order that the system reports.
    fn reported(&self, writers: &[Txn]) -> Option<Vec<Txn>> {
        let commit = |&txn: &Txn| Some((self.history.txn(txn).commit?, txn));
        let mut order: Vec<(u64, Txn)> = writers.iter().map(commit).collect::<Option<_>>()?;
        order.sort_unstable();
        let is_strict = order.windows(2).all(|pair| pair[0].0 < pair[1].0);
        is_strict.then(|| order.into_iter().map(|(_, txn)| txn).collect())
    }

    /// The order in which each writer overwrote what it had read, if that leads over all of them.
    fn updated(&self, key: Key, writers: &[Txn]) -> Option<Vec<Txn>> {
        let updates = &self.facts.updates;
        let mut order = Vec::with_capacity(writers.len());
        let mut at = INITIAL;
        while order.len() < writers.len() {
            let first = updates.partition_point(|&(other, from, _)| (other, from) < (key, at));
            let (other, from, next) = *updates.get(first)?;
            if (other, from) != (key, at) {
                return None;
            }
            order.push(next);
            at = next;
        }
        Some(order)
    }

    /// Whether somebody overwrote what comes later in the order of the versions.
    fn contradicted(&mut self) {
        let wrong = self.facts.updates.iter().copied().find(|&(key, from, by)| {
            let chain = &self.facts.chains[key as usize];
            let place = |txn| chain.writers.iter().position(|&writer| writer == txn);
            from != INITIAL && chain.is_known && place(from) > place(by)
        });
        let Some((key, from, by)) = wrong else { return };
        let history = self.history;
        let sentence = format!(
            "{} overwrote the {} of {}, but the order of the commits has it before",
            history.id(by),
            history.key_name(key),
            history.id(from),
        );
        self.direct("cyclic-versions", Isolation::ReadUncommitted, sentence, &[by, from]);
    }
}
