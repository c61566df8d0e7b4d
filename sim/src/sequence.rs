//! Sequences that grow at the end and are cheap to copy: histories, logs and notes of worlds of which many copies
//! are kept.

use std::fmt;
use std::ops::{Index, Range};
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Elements in a full chunk. A copy costs one count per chunk; the first push after it copies the last chunk, so
/// chunks are neither short nor long.
const CHUNK: usize = 128;

/// A sequence in chunks that its copies share: a copy costs a 128th of what a `Vec`'s does, and takes memory
/// only for what is added to it later. Equal to another of the same elements; printed and serialized as a list.
#[derive(Clone)]
pub struct Sequence<T> {
    /// All full, but for the last; none is empty.
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T> Default for Sequence<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Sequence<T> {
    /// One without elements.
    pub const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    /// How many elements there are.
    #[inline]
    pub fn len(&self) -> usize {
        match self.chunks.split_last() {
            Some((last, full)) => full.len() * CHUNK + last.len(),
            None => 0,
        }
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The element at `index`, from 0.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// The first element.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// The last element.
    pub fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    /// The elements in order.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { sequence: self, range: 0..self.len() }
    }

    /// How many elements at the beginning satisfy `is_before`, where all that do so come before all that do not.
    pub fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let full = self.chunks.partition_point(|chunk| chunk.first().is_some_and(&is_before));
        let Some(last) = full.checked_sub(1) else { return 0 };
        last * CHUNK + self.chunks[last].partition_point(is_before)
    }

    /// The elements of that range, as far as there are any.
    pub fn range(&self, range: Range<usize>) -> Iter<'_, T> {
        let end = range.end.min(self.len());
        Iter { sequence: self, range: range.start.min(end)..end }
    }
}

impl<T: Clone> Sequence<T> {
    /// Adds an element at the end.
    #[inline]
    pub fn push(&mut self, element: T) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => Arc::make_mut(last).push(element),
            Some(_) | None => self.push_chunk(element),
        }
    }

    #[cold]
    fn push_chunk(&mut self, element: T) {
        // A sequence that stays short takes no more than a `Vec` would.
        let room = if self.chunks.is_empty() { 4 } else { CHUNK };
        let mut chunk = Vec::with_capacity(room);
        chunk.push(element);
        self.chunks.push(Arc::new(chunk));
    }

    /// The element at `index`, to be changed. Costs a copy of its chunk where that is shared.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let chunk = self.chunks.get_mut(index / CHUNK)?;
        if chunk.len() <= index % CHUNK {
            return None;
        }
        Arc::make_mut(chunk).get_mut(index % CHUNK)
    }

    /// Drops all elements but the first `len`.
    pub fn truncate(&mut self, len: usize) {
        if self.len() <= len {
            return;
        }
        self.chunks.truncate(len.div_ceil(CHUNK));
        let rest = len % CHUNK;
        if rest != 0
            && let Some(last) = self.chunks.last_mut()
        {
            Arc::make_mut(last).truncate(rest);
        }
    }

    /// The elements as a `Vec`: moved where no copy shares them, cloned elsewhere.
    pub fn into_vec(self) -> Vec<T> {
        let mut elements = Vec::with_capacity(self.len());
        for chunk in self.chunks {
            elements.append(&mut Arc::unwrap_or_clone(chunk));
        }
        elements
    }
}

impl<T> Index<usize> for Sequence<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.chunks[index / CHUNK][index % CHUNK]
    }
}

impl<T: PartialEq> PartialEq for Sequence<T> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Arc<Vec<T>>, &Arc<Vec<T>>)| Arc::ptr_eq(a, b) || a == b;
        self.len() == other.len() && self.chunks.iter().zip(&other.chunks).all(same)
    }
}

impl<T: Eq> Eq for Sequence<T> {}

impl<T: PartialEq> PartialEq<[T]> for Sequence<T> {
    fn eq(&self, other: &[T]) -> bool {
        self.len() == other.len() && self.iter().eq(other)
    }
}

impl<T: PartialEq, const N: usize> PartialEq<[T; N]> for Sequence<T> {
    fn eq(&self, other: &[T; N]) -> bool {
        *self == other[..]
    }
}

impl<T: fmt::Debug> fmt::Debug for Sequence<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T: Serialize> Serialize for Sequence<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<T: Clone> Extend<T> for Sequence<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        for element in elements {
            self.push(element);
        }
    }
}

impl<T: Clone> FromIterator<T> for Sequence<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut sequence = Self::new();
        sequence.extend(elements);
        sequence
    }
}

impl<T: Clone> From<Vec<T>> for Sequence<T> {
    fn from(elements: Vec<T>) -> Self {
        elements.into_iter().collect()
    }
}

impl<'a, T> IntoIterator for &'a Sequence<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// Elements of a [`Sequence`], from either end. Equal to others that have the same elements still before them.
pub struct Iter<'a, T> {
    sequence: &'a Sequence<T>,
    range: Range<usize>,
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self { sequence: self.sequence, range: self.range.clone() }
    }
}

impl<'a, T> Iter<'a, T> {
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.range.end <= self.range.start
    }

    /// The element so many places on, which stays.
    pub fn get(&self, index: usize) -> Option<&'a T> {
        let index = self.range.start.checked_add(index).filter(|index| *index < self.range.end)?;
        self.sequence.get(index)
    }
}

impl<T: Clone> Iter<'_, T> {
    /// The elements.
    pub fn to_vec(&self) -> Vec<T> {
        self.clone().cloned().collect()
    }
}

impl<T: fmt::Debug> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<T: PartialEq> PartialEq for Iter<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.clone().eq(other.clone())
    }
}

impl<T: PartialEq> PartialEq<[T]> for Iter<'_, T> {
    fn eq(&self, other: &[T]) -> bool {
        self.clone().eq(other)
    }
}

impl<T: PartialEq> PartialEq<&[T]> for Iter<'_, T> {
    fn eq(&self, other: &&[T]) -> bool {
        *self == **other
    }
}

impl<T: PartialEq, const N: usize> PartialEq<[T; N]> for Iter<'_, T> {
    fn eq(&self, other: &[T; N]) -> bool {
        *self == other[..]
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        self.range.next().map(|index| &self.sequence[index])
    }

    fn nth(&mut self, count: usize) -> Option<&'a T> {
        self.range.nth(count).map(|index| &self.sequence[index])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.range.size_hint()
    }
}

impl<T> DoubleEndedIterator for Iter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.range.next_back().map(|index| &self.sequence[index])
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Digest, Value};

    /// What a test does to a sequence.
    #[derive(Clone, Copy, Debug)]
    enum Deed {
        Push(usize),
        Truncate(usize),
        Change(usize),
        /// The copy made last goes on in the place of the original.
        GoBack,
        Copy,
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let deed = prop_oneof![
            4 => (1_usize..200).prop_map(Deed::Push),
            2 => (0_usize..600).prop_map(Deed::Truncate),
            1 => (0_usize..600).prop_map(Deed::Change),
            1 => Just(Deed::GoBack),
            2 => Just(Deed::Copy),
        ];
        prop::collection::vec(deed, 0..20)
    }

    fn check(sequence: &Sequence<usize>, model: &Vec<usize>) -> Result<(), TestCaseError> {
        prop_assert_eq!((sequence.len(), sequence.is_empty()), (model.len(), model.is_empty()));
        prop_assert!(sequence.iter().eq(model) && sequence.iter().rev().eq(model.iter().rev()));
        prop_assert_eq!((sequence.first(), sequence.last()), (model.first(), model.last()));
        prop_assert_eq!(sequence.get(model.len()), None);
        prop_assert_eq!(format!("{sequence:?}"), format!("{model:?}"));
        prop_assert_eq!(Digest::of(sequence).unwrap(), Digest::of(model).unwrap());
        prop_assert_eq!(Value::of(sequence), Value::of(model));
        let middle = model.len() / 3..model.len() / 2;
        let part = sequence.range(middle.clone());
        prop_assert_eq!(part.get(0), model[middle.clone()].first());
        prop_assert_eq!(part.get(middle.len()), None);
        prop_assert_eq!(
            (part.is_empty(), part.to_vec()),
            (middle.is_empty(), model[middle.clone()].to_vec())
        );
        prop_assert_eq!(part, &model[middle.clone()]);
        prop_assert_eq!(sequence.iter().nth(middle.end), model.get(middle.end));
        prop_assert_eq!(sequence, &model.iter().copied().collect::<Sequence<_>>());
        let half = model.last().map_or(0, |last| last / 2);
        prop_assert_eq!(
            sequence.partition_point(|element| *element < half),
            model.partition_point(|element| *element < half)
        );
        prop_assert_eq!(&sequence.clone().into_vec(), model);
        Ok(())
    }

    proptest! {
        #[test]
        fn it_behaves_as_a_vec_does_and_so_do_its_copies(deeds in deeds()) {
            let (mut sequence, mut model) = (Sequence::new(), Vec::new());
            let mut copies: Vec<(Sequence<usize>, Vec<usize>)> = Vec::new();
            for deed in deeds {
                match deed {
                    Deed::Push(count) => {
                        let first = model.len() * 7;
                        model.extend(first..first + count);
                        sequence.extend(first..first + count);
                    }
                    Deed::Truncate(len) => {
                        model.truncate(len);
                        sequence.truncate(len);
                    }
                    Deed::Change(index) => {
                        let (own, its_model) = (sequence.get_mut(index), model.get_mut(index));
                        prop_assert_eq!(own.is_some(), its_model.is_some());
                        if let Some((own, its_model)) = own.zip(its_model) {
                            (*own, *its_model) = (*own + 1, *its_model + 1);
                        }
                    }
                    Deed::Copy => copies.push((sequence.clone(), model.clone())),
                    Deed::GoBack => {
                        if let Some((copy, its_model)) = copies.last() {
                            (sequence, model) = (copy.clone(), its_model.clone());
                        }
                    }
                }
                check(&sequence, &model)?;
            }
            for (copy, its_model) in &copies {
                check(copy, its_model)?;
            }
        }
    }

    #[test]
    fn copies_share_all_but_the_last_chunk() {
        let mut sequence: Sequence<u32> = (0..1_000).collect();
        let copy = sequence.clone();
        sequence.push(1_000);
        let shared =
            sequence.chunks.iter().zip(&copy.chunks).filter(|(own, other)| Arc::ptr_eq(own, other));
        assert_eq!((shared.count(), sequence.chunks.len()), (7, 8));
        assert_ne!(sequence, copy);
        sequence.truncate(1_000);
        assert_eq!(sequence, copy);
    }
}
