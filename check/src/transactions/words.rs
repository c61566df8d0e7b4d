//! What proves that one transaction comes before another, in words.

use crate::diagram;

use super::cycles::Step;
use super::facts::{Facts, INITIAL, ReadFrom, writes_to};
use super::graph::Kind;
use super::history::{Action, Atom, Family, Key, List, Micro, Status, Transactions, Txn};
use super::lattice::Isolation;

/// Finds the words, and who else is needed to prove them.
pub(crate) struct Words<'a> {
    pub(crate) history: &'a Transactions,
    pub(crate) facts: &'a Facts,
}

impl Words<'_> {
    /// Why the one comes before the other, and those who prove it beside the two.
    pub(crate) fn reason(&self, level: Isolation, step: Step) -> (String, Vec<Txn>) {
        let Step { from, to, kind } = step;
        let history = self.history;
        let (first, second) = (history.id(from), history.id(to));
        let found = match kind {
            Kind::WriteWrite => self.overwrites(from, to),
            Kind::WriteRead => self.reads(from, to).map(|text| (text, Vec::new())),
            Kind::ReadWrite => self.misses(from, to).map(|text| (text, Vec::new())),
            Kind::Inferred => self.prefers(level, from, to),
            Kind::Session => {
                let process = history.txn(from).process;
                Some((format!("p{process} ran {first} before {second}"), Vec::new()))
            }
            Kind::RealTime => {
                let ended = history.txn(from).returned.map_or(0, |returned| returned.time);
                let began = history.txn(to).invoked.map_or(0, |invoked| invoked.time);
                let (ended, began) = (diagram::time(ended), diagram::time(began));
                let text = format!("{first} had ended at {ended} when {second} began at {began}");
                Some((text, Vec::new()))
            }
            Kind::Silent => None,
        };
        found.unwrap_or_else(|| (format!("{first} comes before {second}"), Vec::new()))
    }

    fn writes(&self, txn: Txn) -> impl Iterator<Item = (Key, Atom)> {
        self.history.steps(txn).iter().filter_map(|micro| match micro.action {
            Action::Write(atom) => Some((micro.key, atom)),
            Action::Read(_) | Action::ReadList(..) | Action::Asked => None,
        })
    }

    fn verb(&self) -> (&'static str, &'static str) {
        match self.history.family {
            Family::Lists => ("appended", "to"),
            Family::Registers(_) => ("wrote", "to"),
        }
    }

    /// Both write to one key, and the order of the writes is known.
    fn overwrites(&self, from: Txn, to: Txn) -> Option<(String, Vec<Txn>)> {
        match self.history.family {
            Family::Lists => self.appends(from, to),
            Family::Registers(_) => self.replaces(from, to),
        }
    }

    fn appends(&self, from: Txn, to: Txn) -> Option<(String, Vec<Txn>)> {
        let history = self.history;
        for (key, earlier) in self.writes(from) {
            let longest = history.longest(key);
            let Some(place) = longest.iter().position(|&atom| atom == earlier) else { continue };
            for (_, later) in self.writes(to).filter(|(other, _)| *other == key) {
                let (a, b) = (history.atom_name(earlier), history.atom_name(later));
                let (name, first, second) =
                    (history.key_name(key), history.id(from), history.id(to));
                match longest[place..].iter().position(|&atom| atom == later) {
                    Some(behind) => {
                        let reader = self.reader_of(key, place + behind, [from, to])?;
                        let by = history.id(reader);
                        let text = format!(
                            "{by} read {name} with the {a} of {first} before the {b} of {second}"
                        );
                        return Some((text, vec![reader]));
                    }
                    None if longest.contains(&later) => {}
                    None => {
                        let reader = self.reader_of(key, longest.len() - 1, [from, to])?;
                        let by = history.id(reader);
                        let text = format!(
                            "{by} read {name} with the {a} of {first}, and nobody read the {b} that \
                             {second} appended behind it"
                        );
                        return Some((text, vec![reader]));
                    }
                }
            }
        }
        None
    }

    /// Who read the list of the key beyond this place; one of `preferred` if it can be.
    fn reader_of(&self, key: Key, place: usize, preferred: [Txn; 2]) -> Option<Txn> {
        let history = self.history;
        let shows = |txn: &Txn| {
            history.txn(*txn).status == Status::Ok
                && history.steps(*txn).iter().any(|micro| {
                    matches!(micro.action, Action::ReadList(List::Prefix(length), _)
                        if micro.key == key && length as usize > place)
                })
        };
        preferred.into_iter().find(shows).or_else(|| history.all().find(shows))
    }

    fn replaces(&self, from: Txn, to: Txn) -> Option<(String, Vec<Txn>)> {
        let history = self.history;
        for (index, chain) in
            self.facts.chains.iter().enumerate().filter(|(_, chain)| chain.is_known)
        {
            let place = |txn: Txn| chain.writers.iter().position(|&writer| writer == txn);
            if let (Some(a), Some(b)) = (place(from), place(to))
                && a < b
            {
                let name = history.key_name(index as Key);
                let (first, second) = (history.id(from), history.id(to));
                let why = match (history.txn(from).commit, history.txn(to).commit) {
                    (Some(a), Some(b)) => format!(", committed at {a} and {b}"),
                    _ => ", in the order of those who read before they wrote".to_owned(),
                };
                return Some((
                    format!("{second} overwrote the {name} of {first}{why}"),
                    Vec::new(),
                ));
            }
        }
        None
    }

    /// The one read what the other wrote.
    fn reads(&self, from: Txn, to: Txn) -> Option<String> {
        let history = self.history;
        let (verb, preposition) = self.verb();
        for &Micro { key, action } in history.steps(to) {
            let shown = match action {
                Action::ReadList(list, _) => history.list(key, list),
                Action::Read(ref atom) => std::slice::from_ref(atom),
                Action::Write(_) | Action::Asked => continue,
            };
            let written =
                self.writes(from).filter(|(other, atom)| *other == key && shown.contains(atom));
            if let Some((_, atom)) = written.last() {
                return Some(format!(
                    "{} read the {} that {} {verb} {preposition} {}",
                    history.id(to),
                    history.atom_name(atom),
                    history.id(from),
                    history.key_name(key),
                ));
            }
        }
        None
    }

    /// The one read a version that the other overwrote.
    fn misses(&self, from: Txn, to: Txn) -> Option<String> {
        let history = self.history;
        let (verb, preposition) = self.verb();
        for &Micro { key, action } in history.steps(from) {
            let Some((_, atom)) = self.writes(to).filter(|(other, _)| *other == key).last() else {
                continue;
            };
            let (name, written) = (history.key_name(key), history.atom_name(atom));
            let shown = match action {
                Action::ReadList(list, _) if !history.list(key, list).contains(&atom) => {
                    history.list_name(history.list(key, list))
                }
                Action::Read(read) if read != atom && self.is_older(from, key, to) => {
                    history.atom_name(read)
                }
                Action::Write(_) | Action::Read(_) | Action::ReadList(..) | Action::Asked => {
                    continue;
                }
            };
            return Some(format!(
                "{} read {name} as {shown}, without the {written} that {} {verb} {preposition} it",
                history.id(from),
                history.id(to),
            ));
        }
        None
    }

    /// Whether the transaction read a version of the register that comes before that of the writer.
    fn is_older(&self, reader: Txn, key: Key, writer: Txn) -> bool {
        let chain = &self.facts.chains[key as usize];
        let place = |txn: Txn| chain.writers.iter().position(|&other| other == txn);
        self.reads_of(reader).any(|read| {
            let precedes =
                || place(read.from).is_some_and(|a| place(writer).is_some_and(|b| a < b));
            read.key == key && (read.from == INITIAL || !chain.is_known || precedes())
        })
    }

    fn reads_of(&self, txn: Txn) -> impl Iterator<Item = &ReadFrom> {
        let start = self.facts.reads.partition_point(|read| read.txn < txn);
        self.facts.reads[start..].iter().take_while(move |read| read.txn == txn)
    }

    /// Somebody read from the other though it had seen the one, which writes to the same key.
    fn prefers(&self, level: Isolation, from: Txn, to: Txn) -> Option<(String, Vec<Txn>)> {
        let history = self.history;
        for read in self.facts.reads.iter().filter(|read| read.from == to) {
            if read.txn == from || !writes_to(history, from, read.key) {
                continue;
            }
            let Some(path) = self.has_seen(level, *read, from) else { continue };
            let (first, second) = (history.id(from), history.id(to));
            let (reader, name) = (history.id(read.txn), history.key_name(read.key));
            let text = format!(
                "{reader} read {name} from {second} though it had seen {first}, which writes {name} too"
            );
            return Some((text, path));
        }
        None
    }

    /// Over whom the reader had seen the transaction, the reader included.
    fn has_seen(&self, level: Isolation, read: ReadFrom, seen: Txn) -> Option<Vec<Txn>> {
        let family = self.history.family;
        let shows = |other: &&ReadFrom| self.facts.shown_by(family, other).contains(&seen);
        let direct = self.reads_of(read.txn).find(|other| {
            shows(other) && (level != Isolation::ReadCommitted || other.step < read.step)
        });
        if direct.is_some() {
            return Some(vec![read.txn]);
        }
        let history = self.history;
        let is_earlier = |txn: Txn, other: Txn| {
            txn < other && history.txn(txn).process == history.txn(other).process
        };
        match level {
            Isolation::ReadAtomic if super::judge::sessions_count(history) => {
                is_earlier(seen, read.txn).then(|| vec![read.txn])
            }
            Isolation::Causal => self.path(seen, read.txn, is_earlier),
            _ => None,
        }
    }

    /// A shortest path of reads and sessions, without its first transaction.
    fn path(&self, from: Txn, to: Txn, is_earlier: impl Fn(Txn, Txn) -> bool) -> Option<Vec<Txn>> {
        // Backwards from the reader, so that only its past is visited.
        let mut next = std::collections::BTreeMap::from([(to, to)]);
        let mut queue = std::collections::VecDeque::from([to]);
        while let Some(txn) = queue.pop_front() {
            if txn == from {
                let mut path = Vec::new();
                let mut at = next[&from];
                while at != to {
                    path.push(at);
                    at = next[&at];
                }
                path.push(to);
                return Some(path);
            }
            let family = self.history.family;
            let sources =
                self.reads_of(txn).flat_map(|read| self.facts.shown_by(family, read)).copied();
            let before = (0..txn).rev().find(|&before| {
                self.facts.is_committed[before as usize] && is_earlier(before, txn)
            });
            let same = is_earlier(from, txn).then_some(from);
            for source in sources.chain(same).chain(before) {
                if let std::collections::btree_map::Entry::Vacant(entry) = next.entry(source) {
                    entry.insert(txn);
                    queue.push_back(source);
                }
            }
        }
        None
    }
}
