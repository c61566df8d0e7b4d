//! Logarithms and powers in fixed point, by tables that are computed in integers when the crate is compiled. All of
//! them are monotone: laws rest on that.

/// Bits after the point in the fixed-point numbers of this module.
pub(super) const FRACTION: u32 = 32;
/// ln 2 with 32 bits after the point.
const LN_2: u64 = 0xB172_17F8;
/// ln 2 with 62 bits after the point, for the tables.
const LN_2_Q62: u128 = 0x2C5C_85FD_F473_DE6B;
/// log2 e with 32 bits after the point.
pub(super) const LOG2_E: u64 = 6_196_328_019;

/// Cells of the tables.
const CELLS: usize = 256;
/// Bits that are left to a place within a cell.
const WITHIN: u32 = 24;

/// ln(1 + i / 256) with 32 bits after the point. Linear interpolation inside a cell is off by less than 2^-19.
const LN_TABLE: [u64; CELLS + 1] = {
    let mut table = [0; CELLS + 1];
    let mut cell = 0;
    while cell < CELLS {
        table[cell] = ((log2_fixed(cell) * LN_2_Q62) >> (48 + 62 - 32)) as u64;
        cell += 1;
    }
    table[CELLS] = LN_2;
    table
};

/// log2(1 + i / 256) with 32 bits after the point.
const LOG2_TABLE: [u64; CELLS + 1] = {
    let mut table = [0; CELLS + 1];
    let mut cell = 0;
    while cell < CELLS {
        table[cell] = (log2_fixed(cell) >> (48 - 32)) as u64;
        cell += 1;
    }
    table[CELLS] = 1 << FRACTION;
    table
};

/// log2(1 + i / 256) with 48 bits after the point, for `i` below 256, by squaring: each square that passes 2 yields one
/// binary digit.
const fn log2_fixed(cell: usize) -> u128 {
    let mut x = ((CELLS + cell) as u128) << (62 - 8);
    let mut log2: u128 = 0;
    let mut digit = 0;
    while digit < 48 {
        x = (x * x) >> 62;
        log2 <<= 1;
        if 2 << 62 <= x {
            log2 |= 1;
            x >>= 1;
        }
        digit += 1;
    }
    log2
}

/// 2^(i / 256) with 62 bits after the point, by multiplying with the 256-th root of 2.
const EXP2_TABLE: [u64; CELLS + 1] = {
    let mut table = [0; CELLS + 1];
    let root = root_of_two();
    let mut power: u128 = 1 << 62;
    let mut cell = 0;
    while cell < CELLS {
        table[cell] = power as u64;
        power = (power * root) >> 62;
        cell += 1;
    }
    table[CELLS] = 2 << 62;
    table
};

/// 2^(1/256) with 62 bits after the point: eight square roots of 2.
const fn root_of_two() -> u128 {
    let mut root: u128 = 2 << 62;
    let mut times = 0;
    while times < 8 {
        root = (root << 62).isqrt();
        times += 1;
    }
    root
}

/// -ln u for u = bits / 2^64, with 32 bits after the point: the leading zeros of `bits` times ln 2, less the logarithm
/// of what follows them.
pub(super) const fn minus_ln(bits: u64) -> u64 {
    let bits = bits | 1; // u is never 0, whose logarithm is infinite.
    let zeros = bits.leading_zeros();
    let mantissa = bits << zeros << 1; // What follows the leading one, from the top.
    let cell = (mantissa >> 56) as usize;
    let within = (mantissa >> 24) & 0xFFFF_FFFF;
    let (low, high) = (LN_TABLE[cell], LN_TABLE[cell + 1]);
    let ln_mantissa = low + (((high - low) * within) >> 32);
    (zeros as u64 + 1) * LN_2 - ln_mantissa
}

/// -log2 u for u = bits / 2^64, with 32 bits after the point, to about 2^-25. Inside a cell it goes by the first two
/// terms of ln(1 + t), which stay below it, so that the next cell's start is never overshot.
pub(super) const fn minus_log2(bits: u64) -> u64 {
    let bits = bits | 1;
    let zeros = bits.leading_zeros();
    let mantissa = bits << zeros << 1;
    let cell = (mantissa >> 56) as usize;
    let within = (mantissa >> 8) & 0xFFFF_FFFF_FFFF; // 56 bits after the point of the mantissa.
    // t = (mantissa - cell's start) / (cell's start), with 48 bits after the point.
    let t = within / (CELLS + cell) as u64;
    let ln = t - ((t as u128 * t as u128) >> 49) as u64;
    let log2 = ((ln as u128 * LOG2_E as u128) >> 48) as u64;
    (((zeros as u64) + 1) << FRACTION) - LOG2_TABLE[cell] - log2
}

/// 2^fraction for a fraction in [0, 1) with 32 bits after the point; the power has 62, and is exact to about 2^-28. The
/// first three terms inside a cell stay below the power.
const fn exp2_fraction(fraction: u32) -> u64 {
    let cell = (fraction >> WITHIN) as usize;
    // ln 2 times the place within the cell, with 62 bits after the point: below 2^54.
    let x = (((fraction & ((1 << WITHIN) - 1)) as u128) * LN_2_Q62) >> FRACTION;
    let growth = x + ((x * x) >> 63);
    EXP2_TABLE[cell] + ((EXP2_TABLE[cell] as u128 * growth) >> 62) as u64
}

/// `nanos` times 2^exponent, to the nearest, for an exponent with 32 bits after the point; the largest number there is
/// where that is too large.
pub(super) fn times_exp2(nanos: u64, exponent: i128) -> u64 {
    let whole = exponent >> FRACTION;
    // The bits after the point, which are above the whole number below also where the exponent is negative.
    let mantissa = exp2_fraction(exponent.cast_unsigned() as u32);
    let product = u128::from(nanos) * u128::from(mantissa);
    let shift = 62 - whole;
    if product == 0 || 128 <= shift {
        return 0;
    }
    if shift <= 0 {
        let up = u32::try_from(-shift).unwrap_or(u32::MAX);
        let fits = up <= product.leading_zeros();
        return if fits { u64::try_from(product << up).unwrap_or(u64::MAX) } else { u64::MAX };
    }
    // Rounded before the last bit goes: the sum cannot overflow, for the product has at most 127 bits.
    let rounded = ((product >> (shift - 1)) + 1) >> 1;
    u64::try_from(rounded).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithms_are_close_and_monotone() {
        assert_eq!(LN_TABLE[0], 0);
        assert_eq!(LN_TABLE[CELLS], LN_2);
        // ln 1.5 = 0.405465108108164..., log2 1.5 = 0.584962500721156...
        assert!(LN_TABLE[128].abs_diff(1_741_459_379) <= 2, "{}", LN_TABLE[128]);
        assert!(LOG2_TABLE[128].abs_diff(2_512_394_810) <= 2, "{}", LOG2_TABLE[128]);
        let (mut last_ln, mut last_log2) = (u64::MAX, u64::MAX);
        for step in 0..100_000 {
            let bits = u64::MAX / 100_000 * step;
            let (ln, log2) = (minus_ln(bits), minus_log2(bits));
            assert!(ln <= last_ln && log2 <= last_log2);
            (last_ln, last_log2) = (ln, log2);
        }
        assert!(minus_ln(u64::MAX) < 4 && 44 * (1 << 32) < minus_ln(0));
        assert_eq!((minus_log2(0), minus_log2(1 << 63)), (64 << 32, 1 << 32));
        // -log2 0.3 = 1.736965594166206...
        let bits = (u128::from(u64::MAX) * 3 / 10) as u64;
        assert!(minus_log2(bits).abs_diff(7_460_210_418) < 200, "{}", minus_log2(bits));
    }

    /// Around the border of each cell, number by number.
    #[test]
    fn there_is_no_step_back_from_cell_to_cell() {
        for cell in 1..CELLS as u64 {
            let border = (1 << 63) + (cell << 55);
            let around = (border - 70_000..border + 70_000).step_by(997);
            let logs: Vec<u64> = around.map(minus_log2).collect();
            assert!(logs.is_sorted_by(|early, late| late <= early), "log2, cell {cell}");
            let border = (cell as u32) << WITHIN;
            let powers: Vec<u64> = (border - 300..border + 300).map(exp2_fraction).collect();
            assert!(powers.is_sorted(), "exp2, cell {cell}");
        }
    }

    #[test]
    fn powers_of_two_are_close_and_saturate() {
        let one = 1_i128 << FRACTION;
        assert_eq!(times_exp2(1_000, 0), 1_000);
        assert_eq!(times_exp2(1_000, 3 * one), 8_000);
        assert_eq!(times_exp2(1_000, -3 * one), 125);
        assert_eq!(times_exp2(3, -one), 2, "to the nearest");
        // 2^0.5 = 1.414213562373095..., 2^-1.7 = 0.307786103336229...
        assert!(times_exp2(1_000_000_000_000, one / 2).abs_diff(1_414_213_562_373) < 6_000);
        assert!(times_exp2(1_000_000_000_000, -17 * one / 10).abs_diff(307_786_103_336) < 2_000);
        assert_eq!(times_exp2(1, 63 * one), 1 << 63);
        for huge in [64 * one, 1_000_000 * one, i128::MAX] {
            assert_eq!(times_exp2(1, huge), u64::MAX);
            assert_eq!(times_exp2(0, huge), 0);
            assert_eq!(times_exp2(u64::MAX, -huge), u64::from(huge == 64 * one));
        }
    }
}
