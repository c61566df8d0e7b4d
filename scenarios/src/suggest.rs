//! The word that was probably meant.

/// ``did you mean `word`?`` where a candidate is close, else which there are.
pub(crate) fn did_you_mean<S: AsRef<str>>(word: &str, candidates: &[S], what: &str) -> String {
    match closest(word, candidates) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if candidates.is_empty() => format!("there are no {what}"),
        None => format!("the {what} are {}", quoted_list(candidates)),
    }
}

/// The candidate that is closest to `word`, unless even that one is too far to be a slip.
pub(crate) fn closest<'c, S: AsRef<str>>(word: &str, candidates: &'c [S]) -> Option<&'c str> {
    let lower = word.to_lowercase();
    let limit = 1 + word.chars().count() / 4;
    let distances = candidates.iter().map(|candidate| {
        let candidate = candidate.as_ref();
        (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate)
    });
    let near = distances.filter(|(distance, _)| *distance <= limit);
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// `` `a`, `b`, `c` ``.
pub(crate) fn quoted_list<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_listed() {
        let keys = ["crash", "restart", "heal"];
        assert_eq!(did_you_mean("crahs", &keys, "actions"), "did you mean `crash`?");
        assert_eq!(
            did_you_mean("explode", &keys, "actions"),
            "the actions are `crash`, `restart`, `heal`"
        );
        assert_eq!(did_you_mean::<&str>("x", &[], "knobs"), "there are no knobs");
    }
}
