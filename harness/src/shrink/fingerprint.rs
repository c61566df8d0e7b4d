//! When two failures are the same one. Everything that shrinks or compares failures asks here.

use crate::report::Failure;

/// What makes a failure the same as another: who found it, which rule is broken, and the class of its facts.
///
/// The class of a fact is its plain words in order: without numbers, ids, times and names of things, without what stands in
/// brackets, quotes or backticks, and without repetitions. So "n1 and n3 both lead term 4" and "n2 and n5 both lead term 9"
/// are of one class, while "n1 executed ..., n2 executed ..." and "n1 forgot ..." are of two, although one rule speaks
/// of both. A missed goal has no class: what it says of its circumstances is different in every run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint {
    /// Who found it.
    pub found_by: String,
    /// The rule.
    pub rule: String,
    /// The class of the first fact.
    pub class: String,
}

impl Fingerprint {
    /// That of a failure.
    pub fn of(failure: &Failure) -> Self {
        let is_goal = is_goal(failure);
        let fact = failure.facts.first().filter(|_| !is_goal);
        Self {
            found_by: failure.found_by.clone(),
            rule: failure.rule.clone(),
            class: fact.map_or_else(String::new, |fact| class(fact)),
        }
    }
}

/// Whether something did not happen that should have: such a failure shows only at the end of a run.
pub(super) fn is_goal(failure: &Failure) -> bool {
    failure.found_by.starts_with("goal `")
}

/// The plain words of a fact.
fn class(fact: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let outside = outside(fact);
    for word in outside.split_whitespace() {
        let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
        let is_plain =
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        if is_plain && words.last() != Some(&word) {
            words.push(word);
        }
    }
    words.join(" ")
}

/// What stands outside of brackets, quotes and backticks.
fn outside(fact: &str) -> String {
    let (mut depth, mut quote) = (0_u32, None);
    let mut outside = String::new();
    for c in fact.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, c) if depth == 0 => outside.push(c),
            (None, _) => outside.push(' '),
        }
    }
    outside
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn a_class_has_no_numbers_ids_or_contents() {
        let one = class("n1 and n3 both lead term 4: n1 since 1.2s (#17), `x` [1, 2]");
        assert_eq!(one, "and both lead term since");
        assert_eq!(one, class("n2 and n5 both lead term 12: n5 since 900ms (#3), `y z` [Put {a}]"));
        assert_ne!(one, class("n1 forgot its vote of term 4"));
        assert_eq!(class("1, 2, and and 3"), "and");
    }
}
