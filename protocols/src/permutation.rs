//! Random orders that are not stored: a keyed permutation of the numbers below a bound says what stands at a place, and where something stands.
//!
//! It is a Feistel network (H. Feistel, *Cryptography and Computer Privacy*, 1973), which is a permutation whatever its round function is, on the
//! smallest square that holds all; numbers that fall outside are sent through it again until they do not (J. Black and P. Rogaway, *Ciphers with
//! Arbitrary Finite Domains*, 2002).

/// Rounds of the network. Four are enough for places to be independent; two more cost nothing that would show.
const ROUNDS: u64 = 6;

/// Bits of a half of the network for numbers below `count`.
fn half_of(count: u32) -> u32 {
    (32 - count.saturating_sub(1).leading_zeros()).div_ceil(2).max(1)
}

/// Where the permutation of `key` sends `index`, of `count`.
pub(crate) fn permuted(key: u64, index: u32, count: u32) -> u32 {
    let half = half_of(count);
    let mask = (1_u64 << half) - 1;
    let mut value = u64::from(index);
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..ROUNDS {
            let mixed = mix(key ^ mix(right | round << 40)) & mask;
            (left, right) = (right, left ^ mixed);
        }
        value = left << half | right;
        if value < u64::from(count) {
            return value as u32;
        }
    }
}

/// What the permutation of `key` sends to `index`, of `count`.
pub(crate) fn restored(key: u64, index: u32, count: u32) -> u32 {
    let half = half_of(count);
    let mask = (1_u64 << half) - 1;
    let mut value = u64::from(index);
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in (0..ROUNDS).rev() {
            let mixed = mix(key ^ mix(left | round << 40)) & mask;
            (left, right) = (right ^ mixed, left);
        }
        value = left << half | right;
        if value < u64::from(count) {
            return value as u32;
        }
    }
}

/// Every bit of the result depends on every bit of `z` (the finalizer of D. Stafford's variant 13 of `MurmurHash3`).
pub(crate) const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_somewhere_is_found_again() {
        for count in [1, 2, 3, 5, 16, 17, 100, 1_000] {
            for key in (0..20).map(mix) {
                let there = |index| permuted(key, index, count);
                assert!((0..count).all(|index| restored(key, there(index), count) == index));
            }
        }
    }
}
