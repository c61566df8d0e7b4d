//! The quantiles of the standard normal distribution, in fixed point.

use super::fixed::FRACTION;

/// Cells of the table to one standard deviation.
const PER_SIGMA: usize = 128;
/// The table ends at nine standard deviations: 2 of 2^64 draws lie beyond.
const CELLS: usize = 9 * PER_SIGMA;
/// exp(-h^2 / 2) for h = 1 / 256, half a cell, with 63 bits after the point.
const DECAY: u64 = 9_223_301_668_379_032_917;
/// The density at zero, 1 / sqrt(2 pi), with 99 bits after the point.
const PEAK: u128 = 252_859_710_603_647_366_468_964_157_953;
/// What of the upper tail lies beyond the table's end, with 99 bits after the point.
const BEYOND: u128 = 71_532_788_511;

/// The probability to lie more than `i / 128` standard deviations above the mean, in 2^-64. Even steps in the value and
/// not in the probability, so that the tails, which carry the moments, are as fine as the middle.
static TAIL: [u64; CELLS + 1] = {
    let mut density = [PEAK; 2 * CELLS + 1];
    // The density at half steps: exp(-(j h)^2 / 2) shrinks by exp(-(2 j + 1) h^2 / 2) from one to the next.
    let (mut ratio, square) = (DECAY, shrunk(DECAY as u128, DECAY) as u64);
    let mut half = 0;
    while half < 2 * CELLS {
        density[half + 1] = shrunk(density[half], ratio);
        ratio = shrunk(ratio as u128, square) as u64;
        half += 1;
    }
    // The area under it, from the tail inwards, cell by cell by Simpson's rule.
    let mut table = [0; CELLS + 1];
    let mut area = BEYOND;
    let mut cell = CELLS;
    loop {
        table[cell] = ((area + (1 << 34)) >> 35) as u64;
        if cell == 0 {
            break;
        }
        let [near, middle, far] = [density[2 * cell - 2], density[2 * cell - 1], density[2 * cell]];
        area += (near + 4 * middle + far) / (6 * PER_SIGMA as u128);
        cell -= 1;
    }
    // One half, but for the rounding: then the middle has no gap.
    table[0] = 1 << 63;
    table
};

/// `value` times `ratio`, a number below 1 with 63 bits after the point.
const fn shrunk(value: u128, ratio: u64) -> u128 {
    let (high, low) = (value >> 64, value & u64::MAX as u128);
    ((high * ratio as u128) << 1) + ((low * ratio as u128) >> 63)
}

/// How many standard deviations above the mean the quantile of `bits` / 2^64 lies, with 32 bits after the point;
/// monotone, symmetrical, and off by at most 2^-17 of itself.
pub(super) fn quantile(bits: u64) -> i64 {
    let tail = bits.min(!bits);
    let beyond = TAIL.partition_point(|own| tail < *own);
    // The middle of the table is above every tail, so one cell at least is passed.
    let size = if beyond <= CELLS {
        let (near, far) = (TAIL[beyond - 1], TAIL[beyond]);
        let within = (u128::from(near - tail) << FRACTION) / u128::from(near - far);
        ((beyond as u64 - 1) << FRACTION) + within as u64
    } else {
        (CELLS as u64) << FRACTION
    };
    let size = (size / PER_SIGMA as u64).cast_signed();
    if bits < 1 << 63 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that the quantile at `numerator / 10^9` is `millionths` of a standard deviation.
    fn assert_quantile(numerator: u64, millionths: i64) {
        let bits = (u128::from(u64::MAX) * u128::from(numerator) / 1_000_000_000) as u64;
        let own = (i128::from(quantile(bits)) * 1_000_000) >> FRACTION;
        let bound = 2 + (millionths.unsigned_abs() >> 17);
        assert!(own.abs_diff(i128::from(millionths)) <= u128::from(bound), "{numerator}: {own}");
    }

    #[test]
    fn the_quantiles_are_those_of_the_tables() {
        assert_quantile(500_000_000, 0);
        assert_quantile(750_000_000, 674_490);
        assert_quantile(900_000_000, 1_281_552);
        assert_quantile(990_000_000, 2_326_348);
        assert_quantile(999_000_000, 3_090_232);
        assert_quantile(999_999_000, 4_753_424);
        assert_quantile(100_000_000, -1_281_552);
        assert_quantile(1_000, -4_753_424);
    }

    #[test]
    fn the_table_falls_and_its_tail_is_right() {
        assert!(TAIL.is_sorted_by(|early, late| late <= early));
        // One half before it was set, and the tail beyond 1, 4 and 8 standard deviations.
        assert!(TAIL[0].abs_diff(TAIL[1]).abs_diff(57_493_056_921_249_624) < 1 << 22);
        assert!(TAIL[PER_SIGMA].abs_diff(2_926_672_865_211_410_938) < 1 << 24);
        assert!(TAIL[4 * PER_SIGMA].abs_diff(584_231_292_592_000) < 1 << 20);
        assert_eq!(TAIL[8 * PER_SIGMA], 11_476);
    }

    #[test]
    fn they_rise_with_the_bits_and_mirror() {
        let mut last = i64::MIN;
        for step in 0..=200_000 {
            let bits = u64::MAX / 200_000 * step;
            assert!(last <= quantile(bits), "{bits}");
            last = quantile(bits);
            assert_eq!(quantile(!bits), -last);
        }
        // Across the border of each cell, too.
        for border in &TAIL[1..] {
            let around = border.saturating_sub(3)..=border + 3;
            assert!(around.map(quantile).is_sorted(), "{border}");
        }
        assert_eq!(quantile(0), -(9 << FRACTION));
    }
}
