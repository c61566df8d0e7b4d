//! Hash tables with a fixed hash, so that a search takes the same steps in every process.

use std::hash::{Hash, Hasher};

/// Odd, with bits spread evenly: 2^64 divided by the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A multiplicative hash without a key. Histories come from ourselves, not from an attacker.
#[derive(Default)]
struct FixedHasher(u64);

impl FixedHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER);
    }
}

impl Hasher for FixedHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
        self.add(bytes.len() as u64);
    }

    fn write_u8(&mut self, i: u8) {
        self.add(u64::from(i));
    }

    fn write_u32(&mut self, i: u32) {
        self.add(u64::from(i));
    }

    fn write_i64(&mut self, i: i64) {
        self.add(i.cast_unsigned());
    }

    fn write_u64(&mut self, i: u64) {
        self.add(i);
    }

    fn write_usize(&mut self, i: usize) {
        // Widened, so that 32-bit and 64-bit builds agree.
        self.add(i as u64);
    }

    fn finish(&self) -> u64 {
        // Multiplication leaves the low bits weak, and the tables use the low bits.
        self.0 ^ (self.0 >> 32)
    }
}

/// Open addressing over numbered entries that are stored elsewhere.
#[derive(Clone)]
struct Slots {
    /// Number of the entry plus one; 0 is a free slot. The length is a power of two.
    slots: Vec<u32>,
    /// The hash of each entry, so that growing need not compute it again.
    hashes: Vec<u64>,
}

impl Slots {
    fn new() -> Self {
        Self { slots: vec![0; 64], hashes: Vec::new() }
    }

    /// The number of the entry with this hash for which `is_same` holds, or a new number.
    fn find_or_add(&mut self, hash: u64, is_same: impl Fn(usize) -> bool) -> (u32, bool) {
        if (self.hashes.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            match self.slots[at] {
                0 => break,
                slot => {
                    let entry = slot as usize - 1;
                    if self.hashes[entry] == hash && is_same(entry) {
                        return (slot - 1, false);
                    }
                }
            }
            at = (at + 1) & mask;
        }
        let number = u32::try_from(self.hashes.len()).expect("a budget ends a search before this");
        self.hashes.push(hash);
        self.slots[at] = number + 1;
        (number, true)
    }

    /// The number of the entry with this hash for which `is_same` holds.
    fn find(&self, hash: u64, is_same: impl Fn(usize) -> bool) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let entry = self.slots[at].checked_sub(1)?;
            if self.hashes[entry as usize] == hash && is_same(entry as usize) {
                return Some(entry);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mut slots = vec![0; self.slots.len() * 2];
        let mask = slots.len() - 1;
        for (slot, &hash) in (1u32..).zip(&self.hashes) {
            let mut at = hash as usize & mask;
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = slot;
        }
        self.slots = slots;
    }
}

/// Gives equal states the same number, from 0 in the order of their first appearance.
#[derive(Clone)]
pub(crate) struct States<S> {
    slots: Slots,
    states: Vec<S>,
}

impl<S: Eq + Hash> States<S> {
    pub(crate) fn new() -> Self {
        Self { slots: Slots::new(), states: Vec::new() }
    }

    pub(crate) fn number(&mut self, state: S) -> u32 {
        let states = &self.states;
        let (number, is_new) = self.slots.find_or_add(hash(&state), |entry| states[entry] == state);
        if is_new {
            self.states.push(state);
        }
        number
    }

    pub(crate) fn get(&self, number: u32) -> &S {
        &self.states[number as usize]
    }

    /// The number of a state, which is cloned only if it is new.
    pub(crate) fn number_of(&mut self, state: &S) -> u32
    where
        S: Clone,
    {
        let states = &self.states;
        let (number, is_new) = self.slots.find_or_add(hash(state), |entry| states[entry] == *state);
        if is_new {
            self.states.push(state.clone());
        }
        number
    }

    /// The number of a state, if it has one.
    pub(crate) fn find(&self, state: &S) -> Option<u32> {
        self.slots.find(hash(state), |entry| self.states[entry] == *state)
    }

    pub(crate) fn len(&self) -> usize {
        self.states.len()
    }
}

fn hash(state: &impl Hash) -> u64 {
    let mut hasher = FixedHasher::default();
    state.hash(&mut hasher);
    hasher.finish()
}

/// A set of sequences of one length.
pub(crate) struct Rows {
    width: usize,
    slots: Slots,
    words: Vec<u32>,
}

impl Rows {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, slots: Slots::new(), words: Vec::new() }
    }

    /// Forgets all sequences; those to come have this length.
    pub(crate) fn clear(&mut self, width: usize) {
        self.width = width;
        self.words.clear();
        if self.slots.slots.len() > 1024 {
            self.slots = Slots::new();
        } else {
            self.slots.slots.fill(0);
            self.slots.hashes.clear();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.hashes.len()
    }

    pub(crate) fn row(&self, number: usize) -> &[u32] {
        &self.words[number * self.width..(number + 1) * self.width]
    }

    /// Adds the sequence; whether it was new.
    pub(crate) fn insert(&mut self, row: &[u32]) -> bool {
        debug_assert_eq!(row.len(), self.width);
        let mut hasher = FixedHasher::default();
        for &word in row {
            hasher.add(u64::from(word));
        }
        let (words, width) = (&self.words, self.width);
        let is_same = |entry: usize| words[entry * width..(entry + 1) * width] == *row;
        let (_, is_new) = self.slots.find_or_add(hasher.finish(), is_same);
        if is_new {
            self.words.extend_from_slice(row);
        }
        is_new
    }
}

/// A set of short word sequences, all in one buffer: a search remembers millions of them.
pub(crate) struct Visited {
    slots: Slots,
    words: Vec<u64>,
    /// Where each sequence ends in `words`.
    ends: Vec<usize>,
}

impl Visited {
    pub(crate) fn new() -> Self {
        Self { slots: Slots::new(), words: Vec::new(), ends: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds the sequence; whether it was new.
    pub(crate) fn insert(&mut self, sequence: &[u64]) -> bool {
        let mut hasher = FixedHasher::default();
        for &word in sequence {
            hasher.add(word);
        }
        let (words, ends) = (&self.words, &self.ends);
        let is_same = |entry: usize| {
            let start = if entry == 0 { 0 } else { ends[entry - 1] };
            &words[start..ends[entry]] == sequence
        };
        let (_, is_new) = self.slots.find_or_add(hasher.finish(), is_same);
        if is_new {
            self.words.extend_from_slice(sequence);
            self.ends.push(self.words.len());
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_numbered_by_first_appearance() {
        let mut states = States::new();
        let numbers: Vec<u32> = (0..1_000u64).map(|i| states.number(i % 300)).collect();
        let expected: Vec<u32> = (0..1_000).map(|i| i % 300).collect();
        assert_eq!(numbers, expected);
        assert_eq!(*states.get(299), 299);
    }

    #[test]
    fn sequences_of_different_lengths_differ() {
        let mut visited = Visited::new();
        assert!(visited.insert(&[1, 2]));
        assert!(visited.insert(&[1]));
        assert!(visited.insert(&[1, 2, 0]));
        assert!(!visited.insert(&[1, 2]));
        assert_eq!(visited.len(), 3);
    }
}
