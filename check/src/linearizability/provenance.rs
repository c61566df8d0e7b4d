//! Where the texts of a value come from: a value that was read shows, before each text that was
//! appended, what the append met.
//!
//! Sound only where a value can be read in one way: no text is the beginning of another, and only one
//! operation writes the text in question. Other texts say nothing.

use std::rc::Rc;

/// The texts written to one key and the values found there.
pub(crate) struct Texts<'a> {
    /// Each text with the append that wrote it; `None` for any other writer.
    texts: Vec<(&'a str, Option<usize>)>,
    found: Vec<&'a str>,
}

/// What each append must have met.
pub(crate) struct Met {
    /// For each operation: a value found, and how much of it was there before.
    before: Vec<Before>,
}

#[derive(Clone)]
enum Before {
    /// Nothing is known.
    Anything,
    Exactly(Rc<str>, usize),
    /// Two values say different things, so that no order explains both.
    Contradictory,
}

impl Met {
    /// Whether the operation may meet this value.
    pub(crate) fn allows(&self, index: usize, value: &str) -> bool {
        match &self.before[index] {
            Before::Anything => true,
            Before::Exactly(found, len) => found[..*len] == *value,
            Before::Contradictory => false,
        }
    }
}

impl<'a> Texts<'a> {
    /// No operation yet; the value at first, if it is not empty, is a text too.
    pub(crate) fn new(initial: Option<&'a str>) -> Self {
        let texts = initial.filter(|text| !text.is_empty()).map(|text| (text, None));
        Self { texts: texts.into_iter().collect(), found: Vec::new() }
    }

    /// A text is written, by this append or else by something that replaces the value.
    pub(crate) fn written(&mut self, text: &'a str, append: Option<usize>) {
        self.texts.push((text, append));
    }

    /// A value was found.
    pub(crate) fn found(&mut self, value: &'a str) {
        self.found.push(value);
    }

    /// What each of `count` operations must have met; `None` if nothing is known of any.
    pub(crate) fn met(mut self, count: usize) -> Option<Met> {
        self.texts.sort_unstable();
        // What several write says nothing about any of them.
        let mut texts: Vec<(&str, Option<usize>)> = Vec::with_capacity(self.texts.len());
        for (text, append) in self.texts {
            match texts.last_mut() {
                Some((last, writer)) if *last == text => *writer = None,
                _ => texts.push((text, append)),
            }
        }
        let is_ambiguous = |pair: &[(&str, Option<usize>)]| pair[1].0.starts_with(pair[0].0);
        if texts.is_empty() || texts[0].0.is_empty() || texts.windows(2).any(is_ambiguous) {
            return None;
        }
        let mut before = vec![Before::Anything; count];
        self.found.sort_unstable();
        self.found.dedup();
        // In this order a value comes right before those that go on from it, so that most of each is
        // known from the one before.
        let mut ends: Vec<(usize, Option<usize>)> = Vec::new();
        let mut last = "";
        for value in self.found {
            let shared = shared_prefix(last, value);
            ends.truncate(ends.partition_point(|&(end, _)| end <= shared));
            let known = ends.len();
            last = value;
            if !read(value, &texts, &mut ends) {
                // Nobody can have written this; the search will say so.
                continue;
            }
            let whole: Rc<str> = Rc::from(value);
            for place in known..ends.len() {
                let start = place.checked_sub(1).map_or(0, |previous| ends[previous].0);
                let Some(append) = ends[place].1 else { continue };
                before[append] = match &before[append] {
                    Before::Anything => Before::Exactly(Rc::clone(&whole), start),
                    Before::Exactly(found, len) if found[..*len] == value[..start] => continue,
                    Before::Exactly(..) | Before::Contradictory => Before::Contradictory,
                };
            }
        }
        Some(Met { before })
    }
}

/// Reads the rest of `value` as texts: where each ends, and the append that wrote it. Whether all of
/// it could be read.
fn read(
    value: &str,
    texts: &[(&str, Option<usize>)],
    ends: &mut Vec<(usize, Option<usize>)>,
) -> bool {
    let mut at = ends.last().map_or(0, |&(end, _)| end);
    while at < value.len() {
        let rest = &value[at..];
        // No text begins another, so the last one not after the rest is the only one it can be.
        let next = texts.partition_point(|(text, _)| *text <= rest);
        match next.checked_sub(1).map(|text| texts[text]) {
            Some((text, append)) if rest.starts_with(text) => {
                at += text.len();
                ends.push((at, append));
            }
            Some(_) | None => return false,
        }
    }
    true
}

/// How many bytes two values share at their beginning.
fn shared_prefix(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}
