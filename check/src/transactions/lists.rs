//! What a history of lists says for certain. A list that was read shows the order of its appends; one
//! whose last element another transaction appended was read from that one (Kingsbury & Alvaro, *Elle:
//! Inferring Isolation Anomalies from Experimental Observations*, 2020).

use super::facts::{Direct, Facts, INITIAL, ReadFrom};
use super::history::{Action, Atom, Key, List, Micro, Status, Transactions, Txn};
use super::lattice::Isolation;

/// Not in the longest list of its key.
const NOWHERE: u32 = u32::MAX;
/// Only in a list that contradicts the longest one.
const ASTRAY: u32 = u32::MAX - 1;

/// What the longest list of a key shows.
#[derive(Clone)]
struct Line {
    /// The first position with an element of an aborted transaction.
    failed: u32,
    /// The first position with an element that nobody appended.
    garbage: u32,
    /// The first position with an element that is there before.
    duplicate: u32,
    /// How many of the first elements count as appends of the chain; empty if all do.
    counted: Vec<u32>,
}

struct Analysis<'a> {
    history: &'a Transactions,
    facts: Facts,
    lines: Vec<Line>,
    /// Where each element stands in the longest list of its key.
    positions: Vec<u32>,
    /// By chain, and how much of it was read: who read exactly this and appended.
    updaters: Vec<Vec<Txn>>,
}

/// What a history of lists says for certain.
pub(crate) fn analyse(history: &Transactions) -> Facts {
    let mut analysis = Analysis {
        history,
        facts: Facts::new(history),
        lines: Vec::with_capacity(history.keys()),
        positions: vec![NOWHERE; history.elements()],
        updaters: Vec::new(),
    };
    for key in 0..history.keys() as Key {
        analysis.observe(key);
    }
    analysis.observe_odd();
    for key in 0..history.keys() as Key {
        analysis.chain(key);
    }
    for txn in history.all() {
        if history.txn(txn).status == Status::Ok {
            analysis.visit(txn);
        }
    }
    analysis.loose();
    analysis.facts
}

impl Analysis<'_> {
    /// Places the elements of the longest list; whose was seen has committed.
    fn observe(&mut self, key: Key) {
        let none = NOWHERE;
        let mut line = Line { failed: none, garbage: none, duplicate: none, counted: Vec::new() };
        for (position, &atom) in (0..).zip(self.history.longest(key)) {
            let Some(element) = self.history.element(key, atom) else {
                line.garbage = line.garbage.min(position);
                continue;
            };
            if self.positions[element as usize] != NOWHERE {
                line.duplicate = line.duplicate.min(position);
                continue;
            }
            self.positions[element as usize] = position;
            let txn = self.history.writer(element).txn;
            match self.history.txn(txn).status {
                Status::Failed => line.failed = line.failed.min(position),
                Status::Maybe => self.facts.is_committed[txn as usize] = true,
                Status::Ok => {}
            }
        }
        self.lines.push(line);
    }

    fn observe_odd(&mut self) {
        for txn in self.history.all() {
            for &Micro { key, action } in self.history.steps(txn) {
                let Action::ReadList(list @ List::Odd(_), _) = action else { continue };
                for &atom in self.history.list(key, list) {
                    let Some(element) = self.history.element(key, atom) else { continue };
                    let position = &mut self.positions[element as usize];
                    *position = (*position).min(ASTRAY);
                    let writer = self.history.writer(element).txn;
                    if self.history.txn(writer).status == Status::Maybe {
                        self.facts.is_committed[writer as usize] = true;
                    }
                }
            }
        }
    }

    /// The committed appends of the longest list, in its order.
    fn chain(&mut self, key: Key) {
        let longest = self.history.longest(key);
        let line = &mut self.lines[key as usize];
        let is_plain = [line.failed, line.garbage, line.duplicate].iter().all(|&p| p == NOWHERE);
        let chain = &mut self.facts.chains[key as usize];
        chain.is_known = true;
        chain.writers.reserve_exact(longest.len());
        for (position, &atom) in (0..).zip(longest) {
            if !is_plain {
                line.counted.push(chain.writers.len() as u32);
            }
            let Some(element) = self.history.element(key, atom) else { continue };
            let txn = self.history.writer(element).txn;
            if self.positions[element as usize] == position && self.facts.is_committed[txn as usize]
            {
                chain.writers.push(txn);
            }
        }
        if !is_plain {
            line.counted.push(chain.writers.len() as u32);
            let last = longest.iter().rposition(|&atom| {
                let writer = self.history.writer_of(key, atom);
                writer.is_some_and(|writer| self.facts.is_committed[writer.txn as usize])
            });
            if last.is_some_and(|last| line.failed != NOWHERE && last > line.failed as usize) {
                self.dirty_update(key, last.expect("just seen"));
            }
        }
        self.updaters.push(vec![INITIAL; self.facts.chains[key as usize].writers.len() + 1]);
    }

    fn dirty_update(&mut self, key: Key, last: usize) {
        let (history, failed) = (self.history, self.lines[key as usize].failed as usize);
        let longest = history.longest(key);
        let writer = |position: usize| history.writer_of(key, longest[position]).map(|w| w.txn);
        let (Some(aborted), Some(later)) = (writer(failed), writer(last)) else { return };
        let sentence = format!(
            "{} aborted after it had appended {} to {}, and {} committed an append behind it",
            history.id(aborted),
            history.atom_name(longest[failed]),
            history.key_name(key),
            history.id(later),
        );
        let shows = |txn: &Txn| {
            history.steps(*txn).iter().any(|micro| {
                matches!(micro.action, Action::ReadList(List::Prefix(length), _)
                    if micro.key == key && length as usize > last)
            })
        };
        let reader = history.all().filter(|&txn| history.txn(txn).status == Status::Ok).find(shows);
        self.facts.add(Direct {
            name: "dirty-update",
            level: Isolation::Pl2,
            sentence,
            txns: [Some(aborted), Some(later), reader].into_iter().flatten().collect(),
            other: Some(aborted),
        });
    }

    /// What a committed transaction read.
    fn visit(&mut self, txn: Txn) {
        // Of each key touched so far: what was read last, and how much has been appended.
        let mut own: Vec<(Key, Option<List>, u32)> = Vec::new();
        for (step, &Micro { key, action }) in (0..).zip(self.history.steps(txn)) {
            let known = own.iter().position(|(other, ..)| *other == key);
            match action {
                Action::Write(_) => match known {
                    Some(index) => own[index].2 += 1,
                    None => own.push((key, None, 1)),
                },
                Action::ReadList(list, shown) => {
                    let future = self.future(txn, step, key, list);
                    if let (Some(index), false) = (known, future) {
                        let (_, before, appended) = own[index];
                        self.internal(txn, step, (key, list), before, shown == appended);
                    }
                    self.read(txn, step, key, list, known.is_none());
                    match known {
                        Some(index) => own[index].1 = Some(list),
                        None => own.push((key, Some(list), 0)),
                    }
                }
                Action::Asked | Action::Read(_) => {}
            }
        }
    }

    /// Whether the list shows what the transaction appends only later.
    fn future(&mut self, txn: Txn, step: u32, key: Key, list: List) -> bool {
        let history = self.history;
        let later = history.steps(txn)[step as usize + 1..].iter().find_map(|micro| {
            let Action::Write(atom) = micro.action else { return None };
            (micro.key == key && history.list(key, list).contains(&atom)).then_some(atom)
        });
        let Some(atom) = later else { return false };
        let sentence = format!(
            "{} read {} in {} before it appended it itself",
            history.id(txn),
            history.atom_name(atom),
            history.key_name(key),
        );
        self.direct("future-read", Isolation::Pl2, sentence, &[txn]);
        true
    }

    /// Whether a read fits what the same transaction has read and appended before.
    fn internal(
        &mut self,
        txn: Txn,
        step: u32,
        (key, list): (Key, List),
        before: Option<List>,
        has_own: bool,
    ) {
        let history = self.history;
        let now = history.list(key, list);
        let read = before.map(|before| history.list(key, before));
        if has_own && read.is_none_or(|read| read == now) {
            return;
        }
        let (id, name, now) = (history.id(txn), history.key_name(key), history.list_name(now));
        if let (true, Some(read)) = (has_own, read) {
            let read = history.list_name(read);
            let sentence = format!("{id} read {name} from others as {read} and then as {now}");
            return self.direct("internal", Isolation::ReadAtomic, sentence, &[txn]);
        }
        let own = history.steps(txn)[..step as usize].iter();
        let own: Vec<Atom> =
            own.filter(|micro| micro.key == key).filter_map(Micro::written).collect();
        let own = history.list_name(&own);
        let sentence = format!("{id} appended {own} to {name} and then read {now}");
        self.direct("internal", Isolation::Pl2, sentence, &[txn]);
    }

    /// Where a list was read from, and what is wrong with it.
    fn read(&mut self, txn: Txn, step: u32, key: Key, list: List, is_first: bool) {
        let history = self.history;
        let elements = history.list(key, list);
        self.judge(txn, key, list);
        // What the transaction appended itself says nothing of others.
        let own = |atom: &&Atom| history.writer_of(key, **atom).is_some_and(|w| w.txn == txn);
        let foreign = elements.len() - elements.iter().rev().take_while(own).count();
        if let Some(&last) = elements[..foreign].last() {
            self.intermediate(txn, key, last);
        }
        let committed = |atom: &Atom| {
            let writer = history.writer_of(key, *atom)?.txn;
            (self.facts.is_committed[writer as usize] && writer != txn).then_some(writer)
        };
        let from = elements[..foreign].iter().rev().find_map(committed).unwrap_or(INITIAL);
        let seen = match list {
            List::Prefix(_) => {
                let counted = &self.lines[key as usize].counted;
                if counted.is_empty() { foreign as u32 } else { counted[foreign] }
            }
            // Where it agrees with the longest list.
            List::Odd(_) => {
                let same = history.longest(key).iter().zip(&elements[..foreign]);
                let same = same.take_while(|(a, b)| a == b).count();
                let counted = &self.lines[key as usize].counted;
                if counted.is_empty() { same as u32 } else { counted[same] }
            }
        };
        let read = ReadFrom { txn, step, key, from, seen };
        if is_first || !self.repeats(&read) {
            self.facts.reads.push(read);
        }
        let is_list_read = matches!(list, List::Prefix(_));
        if is_first && is_list_read {
            let appends =
                |micro: &Micro| micro.key == key && matches!(micro.action, Action::Write(_));
            if history.steps(txn)[step as usize..].iter().any(appends) {
                self.update(txn, key, seen);
            }
        }
    }

    /// Whether the transaction has read the same of this key before.
    fn repeats(&self, read: &ReadFrom) -> bool {
        let of_txn = self.facts.reads.iter().rev().take_while(|other| other.txn == read.txn);
        of_txn.filter(|other| other.key == read.key).any(|other| other.seen == read.seen)
    }

    /// Two that read one version and both append to it: one of them was not seen.
    fn update(&mut self, txn: Txn, key: Key, seen: u32) {
        let updater = &mut self.updaters[key as usize][seen as usize];
        let first = *updater;
        if first == INITIAL {
            *updater = txn;
            return;
        }
        let history = self.history;
        let sentence = format!(
            "{} and {} both read the same {} and then appended to it, so one update is lost on the other",
            history.id(first),
            history.id(txn),
            history.key_name(key),
        );
        self.direct("lost-update", Isolation::ParallelSnapshot, sentence, &[first, txn]);
    }

    /// Elements that no committed transaction left there.
    fn judge(&mut self, txn: Txn, key: Key, list: List) {
        match list {
            List::Prefix(length) => {
                let line = &self.lines[key as usize];
                let (failed, garbage, duplicate) = (line.failed, line.garbage, line.duplicate);
                let longest = self.history.longest(key);
                if failed < length {
                    self.aborted(txn, key, longest[failed as usize]);
                }
                if garbage < length {
                    self.garbage(txn, key, longest[garbage as usize]);
                }
                if duplicate < length {
                    self.duplicate(txn, key, longest[duplicate as usize]);
                }
            }
            List::Odd(_) => self.judge_odd(txn, key, list),
        }
    }

    fn judge_odd(&mut self, txn: Txn, key: Key, list: List) {
        let history = self.history;
        let elements = history.list(key, list);
        let mut sorted = elements.to_vec();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            self.duplicate(txn, key, pair[0]);
        }
        for &atom in elements {
            match history.writer_of(key, atom) {
                None => self.garbage(txn, key, atom),
                Some(writer) if history.txn(writer.txn).status == Status::Failed => {
                    self.aborted(txn, key, atom);
                }
                Some(_) => {}
            }
        }
        let longest = history.longest(key);
        let shows_longest = |other: &Txn| {
            history.steps(*other).iter().any(|micro| {
                matches!(micro.action, Action::ReadList(List::Prefix(length), _)
                    if micro.key == key
                        && longest[..length as usize] != elements[..elements.len().min(length as usize)])
            })
        };
        let other = history
            .all()
            .filter(|&other| history.txn(other).status == Status::Ok)
            .find(shows_longest);
        let Some(other) = other else { return };
        let sentence = format!(
            "{} read {} as {} and {} as {}: neither is the beginning of the other",
            history.id(txn),
            history.key_name(key),
            history.list_name(elements),
            history.id(other),
            history.list_name(longest),
        );
        self.direct("incompatible-order", Isolation::Pl2, sentence, &[txn, other]);
    }

    fn aborted(&mut self, txn: Txn, key: Key, atom: Atom) {
        let history = self.history;
        let Some(writer) = history.writer_of(key, atom) else { return };
        let sentence = format!(
            "{} read {} in {}, which {} appended and aborted",
            history.id(txn),
            history.atom_name(atom),
            history.key_name(key),
            history.id(writer.txn),
        );
        self.direct("G1a", Isolation::Pl2, sentence, &[txn, writer.txn]);
    }

    fn garbage(&mut self, txn: Txn, key: Key, atom: Atom) {
        let history = self.history;
        let sentence = format!(
            "{} read {} in {}, which nobody appended",
            history.id(txn),
            history.atom_name(atom),
            history.key_name(key),
        );
        self.direct("garbage-read", Isolation::ReadUncommitted, sentence, &[txn]);
    }

    fn duplicate(&mut self, txn: Txn, key: Key, atom: Atom) {
        let history = self.history;
        let sentence = format!(
            "{} read {} more than once in {}, though it was appended once",
            history.id(txn),
            history.atom_name(atom),
            history.key_name(key),
        );
        let writer = history.writer_of(key, atom).map(|writer| writer.txn);
        let txns: Vec<Txn> = [Some(txn), writer].into_iter().flatten().collect();
        self.direct("duplicate-elements", Isolation::ReadUncommitted, sentence, &txns);
    }

    /// The last element is not the last that its transaction appended.
    fn intermediate(&mut self, txn: Txn, key: Key, atom: Atom) {
        let history = self.history;
        let Some(writer) = history.writer_of(key, atom) else { return };
        let later = history.steps(writer.txn)[writer.step as usize + 1..].iter();
        let last = later.rev().find_map(|micro| match micro.action {
            Action::Write(atom) if micro.key == key => Some(atom),
            Action::Write(_) | Action::Read(_) | Action::ReadList(..) | Action::Asked => None,
        });
        let Some(last) = last else { return };
        if writer.txn == txn {
            return;
        }
        let sentence = format!(
            "{} read {} up to {}, before {} had appended {} too",
            history.id(txn),
            history.key_name(key),
            history.atom_name(atom),
            history.id(writer.txn),
            history.atom_name(last),
        );
        self.direct("G1b", Isolation::Pl2, sentence, &[txn, writer.txn]);
    }

    fn direct(&mut self, name: &'static str, level: Isolation, sentence: String, txns: &[Txn]) {
        let mut all = txns.to_vec();
        all.sort_unstable();
        all.dedup();
        self.facts.add(Direct { name, level, sentence, txns: all, other: txns.get(1).copied() });
    }

    /// Appends that nobody saw come after all that somebody saw.
    fn loose(&mut self) {
        for txn in self.history.all() {
            if !self.facts.is_committed[txn as usize] {
                continue;
            }
            for (step, &Micro { key, action }) in (0..).zip(self.history.steps(txn)) {
                let Action::Write(atom) = action else { continue };
                let element = self.history.element(key, atom).expect("every write is numbered");
                debug_assert_eq!(self.history.writer(element).step, step);
                let chain = &mut self.facts.chains[key as usize];
                if self.positions[element as usize] == NOWHERE && chain.loose.last() != Some(&txn) {
                    chain.loose.push(txn);
                }
            }
        }
    }
}
