//! Laws against their exact moments and quantiles.

use super::*;
use crate::random::{Domain, Randomness, StreamId};

const UNIT: Duration = Duration::from_micros(1_000);
const DRAWS: u64 = 400_000;

/// First and second moment of so many draws, in units of `UNIT`, times 10^6.
fn moments(sample: impl Fn(u64) -> Duration) -> (u128, u128) {
    let mut draw = Randomness::new(1).at(StreamId::new(Domain::Workload, 1, 1), 0);
    let (mut first, mut second) = (0_u128, 0_u128);
    for _ in 0..DRAWS {
        let nanos = u128::from(sample(draw.bits()).as_nanos());
        first += nanos;
        second += nanos * nanos;
    }
    let (unit, count) = (u128::from(UNIT.as_nanos()), u128::from(DRAWS));
    (first * 1_000_000 / (unit * count), second * 1_000_000 / (unit * unit * count))
}

/// Whether both moments are within four standard errors of what they should be; all in millionths.
fn fits(sample: impl Fn(u64) -> Duration, first: (u128, u128), second: (u128, u128)) -> bool {
    let own = moments(sample);
    own.0.abs_diff(first.0) < 4 * first.1 && own.1.abs_diff(second.0) < 4 * second.1
}

fn of(law: Law) -> impl Fn(u64) -> Duration {
    move |bits| law.sample(bits)
}

const fn normal_of(sd: u64) -> Law {
    Law::Normal { mean: UNIT, sd: Duration::from_micros(sd) }
}

const fn log_normal_of(sigma: u64) -> Law {
    Law::LogNormal { median: UNIT, sigma: Millionths(sigma) }
}

const fn pareto_of(shape: u64) -> Law {
    Law::Pareto { scale: UNIT, shape: Millionths(shape) }
}

fn empirical_of(micros: &[u64]) -> Law {
    Law::Empirical(micros.iter().map(|own| Duration::from_micros(*own)).collect())
}

#[test]
fn the_exponential_has_its_two_moments() {
    assert!(fits(of(Law::Exponential(UNIT)), (1_000_000, 1_600), (2_000_000, 7_000)));
}

#[test]
fn the_test_of_moments_rejects_a_uniform_of_the_same_mean() {
    let range = DurationRange::new(Duration::ZERO, UNIT * 2);
    assert!(!fits(of(Law::Uniform(range)), (1_000_000, 1_600), (2_000_000, 7_000)));
}

#[test]
fn the_normal_has_its_two_moments() {
    // Mean 1, deviation 1/4: E X^2 = 1 + 1/16, Var X^2 = 4/16 + 2/256.
    assert!(fits(of(normal_of(250)), (1_000_000, 400), (1_062_500, 800)));
}

#[test]
fn a_normal_that_is_cut_off_at_zero_has_the_moments_of_the_clipped_law() {
    // Mean 1, deviation 1: E max(0, X) = Phi(1) + phi(1), E max(0, X)^2 = 2 Phi(1) + phi(1).
    assert!(fits(of(normal_of(1_000)), (1_083_315, 1_370), (1_924_660, 4_000)));
}

#[test]
fn the_test_of_moments_rejects_a_normal_by_a_flat_table() {
    // The upper half of a normal around zero: E = phi(0), E^2 = 1/2, E^4 = 3/2.
    let law = Law::Normal { mean: Duration::ZERO, sd: UNIT };
    assert!(fits(of(law.clone()), (398_942, 924), (500_000, 1_768)));
    // 256 cells of equal probability with their inner quantiles: the tail is missing.
    let flat = |bits: u64| {
        let cell = (bits >> 56).clamp(1, 254);
        let [low, high] = [cell, cell + 1].map(|cell| law.sample(cell << 56).as_nanos());
        Duration::from_nanos(low + scale(bits << 8, high - low))
    };
    assert!(!fits(flat, (398_942, 924), (500_000, 1_768)));
}

#[test]
fn the_log_normal_has_its_two_moments() {
    // Sigma 1/2: E X = e^(1/8), E X^2 = e^(1/2), E X^4 = e^2.
    assert!(fits(of(log_normal_of(500_000)), (1_133_148, 960), (1_648_721, 3_420)));
    assert!(!fits(of(log_normal_of(510_000)), (1_133_148, 960), (1_648_721, 3_420)));
}

#[test]
fn the_pareto_has_its_two_moments() {
    // Shape 5: E X = 5/4, E X^2 = 5/3, E X^4 = 5.
    assert!(fits(of(pareto_of(5_000_000)), (1_250_000, 510), (1_666_667, 2_360)));
    assert!(!fits(of(pareto_of(4_900_000)), (1_250_000, 510), (1_666_667, 2_360)));
}

#[test]
fn an_empirical_law_is_uniform_between_its_quantiles() {
    // Half of it in 0..1, half in 1..3: E X = 5/4, E X^2 = (1/3 + 13/3) / 2, Var X^2 = 5.3.
    let law = empirical_of(&[0, 1_000, 3_000]);
    assert!(fits(of(law.clone()), (1_250_000, 1_400), (2_333_333, 3_700)));
    assert_eq!(law.sample(0), Duration::ZERO);
    assert_eq!(law.sample(1 << 63), UNIT);
    assert_eq!(law.sample(u64::MAX), Duration::from_nanos(2_999_999));
    assert_eq!(empirical_of(&[7]).sample(u64::MAX), Duration::from_micros(7));
}

#[test]
fn a_shifted_law_is_never_less() {
    let by = Duration::from_millis(5);
    let law = Law::Shifted { by, law: Law::Exponential(UNIT).into() };
    assert_eq!(law.sample(u64::MAX), by);
    let (first, _) = moments(of(law));
    assert!(first.abs_diff(6_000_000) < 6_400, "{first}");
}

/// At these quantiles, in 2^-16.
const PLACES: [u64; 5] = [0x0001, 0x4000, 0x8000, 0xC000, 0xFFFF];

#[test]
fn the_laws_are_pinned() {
    // Golden nanoseconds: if these change, so does every run with such a law.
    let laws = [
        Law::Exponential(UNIT),
        normal_of(250),
        log_normal_of(1_000_000),
        pareto_of(1_500_000),
        empirical_of(&[1, 2, 4, 8]),
    ];
    let golden = laws.map(|law| PLACES.map(|place| law.sample(place << 48).as_nanos()));
    assert_eq!(golden, GOLDEN);
}

/// The exact ones, to the nearest nanosecond, are 831 378, 1 168 622 and 2 042 392 for the normal, 509 416, 1 963 031 and
/// 64 687 587 for the log-normal, 1 625 498 677 and 2 519 842 for the Pareto.
const GOLDEN: [[u64; 5]; 5] = [
    [11_090_355, 1_386_294, 693_147, 287_682, 15],
    [0, 831_376, 1_000_000, 1_168_624, 2_042_399],
    [15_459, 509_414, 1_000_000, 1_963_040, 64_689_295],
    [1_625_498_675, 2_519_842, 1_587_401, 1_211_414, 1_000_010],
    [1_000, 1_750, 3_000, 5_000, 7_999],
];

#[test]
fn every_law_is_monotone_in_its_bits() {
    let rising = [
        Law::Uniform(DurationRange::new(UNIT, UNIT * 3)),
        normal_of(250),
        normal_of(5_000),
        log_normal_of(2_500_000),
        empirical_of(&[1, 1, 5, 70]),
        Law::Shifted { by: UNIT, law: normal_of(10).into() },
    ];
    let falling = [Law::Exponential(UNIT), pareto_of(300_000), pareto_of(2_000_000)];
    let places: Vec<u64> = (0..=50_000).map(|step| u64::MAX / 50_000 * step).collect();
    for law in &rising {
        assert!(places.iter().map(|bits| law.sample(*bits)).is_sorted(), "{law:?}");
    }
    for law in &falling {
        assert!(places.iter().rev().map(|bits| law.sample(*bits)).is_sorted(), "{law:?}");
    }
}

#[test]
fn extreme_parameters_saturate() {
    let longest = Duration::from_nanos(u64::MAX);
    assert_eq!(pareto_of(1).sample(0), longest);
    assert_eq!(pareto_of(u64::MAX).sample(0), UNIT);
    assert_eq!(log_normal_of(u64::MAX).sample(u64::MAX), longest);
    assert_eq!(log_normal_of(u64::MAX).sample(0), Duration::ZERO);
    assert_eq!(log_normal_of(0).sample(0), UNIT);
    assert_eq!(Law::Normal { mean: longest, sd: longest }.sample(u64::MAX), longest);
    assert_eq!(Law::Shifted { by: longest, law: pareto_of(1).into() }.sample(0), longest);
}

#[test]
fn a_law_that_is_none_says_what_would_be_right() {
    let problem = |law: &Law| law.check().unwrap_err();
    assert!(problem(&pareto_of(0)).contains("above 0"));
    assert!(problem(&empirical_of(&[])).contains("at least one"));
    assert!(problem(&empirical_of(&[1, 3, 2])).contains("2us must not stand behind 3us"));
    let backwards = Law::Uniform(DurationRange::new(UNIT, Duration::ZERO));
    let inside = Law::Shifted { by: UNIT, law: backwards.into() };
    assert!(problem(&inside).contains("shorter end first"));
    assert_eq!(normal_of(1).check(), Ok(()));
    assert_eq!(empirical_of(&[1, 1, 2]).check(), Ok(()));
}

#[test]
fn a_law_stays_small() {
    assert!(size_of::<Law>() <= 24, "{}", size_of::<Law>());
}

#[test]
fn a_uniform_law_stays_inside_its_half_open_range() {
    let range = DurationRange::new(Duration::from_nanos(5), Duration::from_nanos(8));
    let law = Law::Uniform(range);
    assert_eq!(law.sample(0).as_nanos(), 5);
    assert_eq!(law.sample(u64::MAX).as_nanos(), 7);
    let empty = Law::Uniform(DurationRange::new(range.min, range.min));
    assert_eq!(empty.sample(u64::MAX), range.min);
}
