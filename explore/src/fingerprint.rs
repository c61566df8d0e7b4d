//! What stands for a state in the table of those that were seen: 128 bits.

use std::hash::{Hash, Hasher};
use std::num::NonZeroU128;

/// 128 bits that stand for a state. Two states with the same bits are taken for one; how likely that is, and how to rule it
/// out, is said at [`Explorer::audit`](crate::Explorer::audit).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(NonZeroU128);

impl Fingerprint {
    /// The fingerprint of `data`.
    #[inline]
    pub fn of<T: Hash + ?Sized>(data: &T) -> Self {
        let mut mixer = Mixer::default();
        data.hash(&mut mixer);
        mixer.fingerprint()
    }

    /// All its bits.
    pub const fn bits(self) -> u128 {
        self.0.get()
    }

    /// Some of its bits, to begin a search with.
    pub(crate) const fn word(self) -> u64 {
        self.0.get() as u64
    }
}

/// A hasher that is the same in every process and build: `usize` and the names of variants count the same on every machine.
/// Short values are packed into words of 64 bits, so that a struct of small fields costs few multiplications.
#[derive(Clone, Debug)]
pub struct Mixer {
    low: u64,
    high: u64,
    /// Short values that do not fill a word yet.
    tail: u64,
    /// How many bits of `tail` are used.
    used: u32,
}

/// A `usize` or the number of a variant below this takes a byte, any other one byte and a word.
const WIDE: u64 = 255;

impl Default for Mixer {
    /// Any words with about as many ones as zeros; the second is odd, so that the first word fed is never lost.
    fn default() -> Self {
        Self { low: 0x243F_6A88_85A3_08D3, high: 0xA409_3822_299F_31D1, tail: 0, used: 0 }
    }
}

impl Mixer {
    /// What everything that was fed comes to.
    #[inline]
    pub fn fingerprint(mut self) -> Fingerprint {
        let used = self.used;
        self.mix(self.tail);
        self.mix(u64::from(used) ^ 0x9E37_79B9_7F4A_7C15);
        let bits = u128::from(self.high) << 64 | u128::from(self.low);
        Fingerprint(NonZeroU128::new(bits).unwrap_or(NonZeroU128::MIN))
    }

    /// Mixes in one word by a 128-bit multiply whose halves become the two lanes.
    #[inline]
    fn mix(&mut self, word: u64) {
        let (left, right) = (self.low ^ word, self.high);
        let product = u128::from(left) * u128::from(right);
        // Each lane also keeps what went into the other, so that a factor of zero loses nothing.
        self.low = product as u64 ^ right.rotate_left(29);
        self.high = (product >> 64) as u64 ^ left.rotate_left(17);
    }

    /// Packs a value of `bits` bits, fewer than 64.
    #[inline]
    fn pack(&mut self, value: u64, bits: u32) {
        if self.used + bits > u64::BITS {
            self.flush();
        }
        self.tail |= value << self.used;
        self.used += bits;
    }

    #[inline]
    fn flush(&mut self) {
        self.mix(self.tail);
        (self.tail, self.used) = (0, 0);
    }

    #[inline]
    fn wide(&mut self, value: u64) {
        if value < WIDE {
            self.pack(value, 8);
        } else {
            self.pack(WIDE, 8);
            self.write_u64(value);
        }
    }
}

impl Hasher for Mixer {
    /// Half of the fingerprint.
    fn finish(&self) -> u64 {
        self.clone().fingerprint().word()
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.write_u8(*byte);
        }
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.pack(u64::from(value), 8);
    }

    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.pack(u64::from(value), 16);
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.pack(u64::from(value), 32);
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        if self.used > 0 {
            self.flush();
        }
        self.mix(value);
    }

    #[inline]
    fn write_u128(&mut self, value: u128) {
        self.write_u64(value as u64);
        self.write_u64((value >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.wide(value as u64);
    }

    #[inline]
    fn write_isize(&mut self, value: isize) {
        self.wide((value as i64).cast_unsigned());
    }

    #[inline]
    fn write_i8(&mut self, value: i8) {
        self.write_u8(value.cast_unsigned());
    }

    #[inline]
    fn write_i16(&mut self, value: i16) {
        self.write_u16(value.cast_unsigned());
    }

    #[inline]
    fn write_i32(&mut self, value: i32) {
        self.write_u32(value.cast_unsigned());
    }

    #[inline]
    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned());
    }

    #[inline]
    fn write_i128(&mut self, value: i128) {
        self.write_u128(value.cast_unsigned());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Fingerprint;

    #[test]
    fn values_that_differ_in_little_differ_in_their_fingerprints() {
        let mut seen = BTreeSet::new();
        for first in 0..100_u8 {
            for second in 0..100_u16 {
                for third in [0, 1, u64::MAX, 1 << 63] {
                    assert!(seen.insert(Fingerprint::of(&(first, second, third))));
                }
            }
        }
    }

    #[test]
    fn lengths_count() {
        let of = |parts: &[Vec<u8>]| Fingerprint::of(&parts.to_vec());
        assert_ne!(of(&[vec![1, 2], vec![]]), of(&[vec![1], vec![2]]));
        assert_ne!(of(&[vec![0]]), of(&[vec![0, 0]]));
        assert_ne!(Fingerprint::of(&255_usize), Fingerprint::of(&(255_usize, 0_u8)));
    }

    #[test]
    fn it_is_the_same_in_every_build() {
        let bits = Fingerprint::of(&(7_u64, Some(3_u8), "word")).bits();
        assert_eq!(format!("{bits:032x}"), "3408dbb14bdd6d60d369ce0fd45f2e85");
    }
}
