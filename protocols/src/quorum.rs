//! The arithmetic of majorities.

/// The smallest number of `n` servers of which any two sets share a member: more than half.
pub const fn majority(n: u32) -> u32 {
    n / 2 + 1
}

/// The highest value that at least `quorum` of `values` have reached; `None` where there are fewer
/// than `quorum` of them, or `quorum` is 0.
///
/// ```
/// # use orrery_protocols::quorum::reached_by;
/// // Three of five servers have at least 4.
/// assert_eq!(reached_by(3, [7, 4, 1, 9, 2]), Some(4));
/// assert_eq!(reached_by(3, [7, 4]), None);
/// ```
pub fn reached_by<T: Ord>(quorum: u32, values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable_by(|a, b| b.cmp(a));
    let place = (quorum as usize).checked_sub(1)?;
    values.into_iter().nth(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_majorities_always_meet() {
        for n in 1..=9 {
            assert!(n < 2 * majority(n), "of {n}");
            assert!(2 * (majority(n) - 1) <= n, "of {n}: one less is enough");
        }
    }

    #[test]
    fn no_value_is_reached_by_nobody() {
        assert_eq!(reached_by(0, [1, 2]), None);
        assert_eq!(reached_by(1, [1, 2]), Some(2));
        assert_eq!(reached_by(2, [1, 2]), Some(1));
    }
}
