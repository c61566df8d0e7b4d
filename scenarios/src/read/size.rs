//! Sizes in bytes, and rates.

use crate::error::Problems;
use crate::tree::Tree;

use super::fields::{mismatch, scaled};

/// Units of a size and their bytes. `k` and `K` are both a thousand.
const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("kiB", 1 << 10),
    ("B", 1),
];

/// `"64kB"`.
pub(super) fn bytes(tree: &Tree, problems: &mut Problems) -> Option<u64> {
    read(tree, "", "a size", "\"64kB\"", problems)
}

/// `"1MB/s"`, at least a byte per second.
pub(super) fn bytes_per_second(tree: &Tree, problems: &mut Problems) -> Option<u64> {
    let rate = read(tree, "/s", "a rate", "\"1MB/s\"", problems)?;
    if rate == 0 {
        let help = "cut or clog the link in the `plan` to let nothing through";
        problems.push(tree.problem("nothing goes through at this rate").help(help));
    }
    (0 < rate).then_some(rate)
}

fn read(
    tree: &Tree,
    suffix: &str,
    wanted: &str,
    example: &str,
    problems: &mut Problems,
) -> Option<u64> {
    let Some(text) = tree.as_text() else {
        mismatch(tree, wanted, example, problems);
        return None;
    };
    let found = parse(text.trim(), suffix);
    if found.is_none() {
        let help = format!(
            "write a number and B, kB, MB, GB, KiB, MiB or GiB, as in `{}`",
            example.trim_matches('"')
        );
        problems.push(tree.problem(format!("`{text}` is no {}", &wanted[2..])).help(help));
    }
    found
}

fn parse(text: &str, suffix: &str) -> Option<u64> {
    let text = text.strip_suffix(suffix)?.trim_end();
    let (number, unit) =
        UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)))?;
    u64::try_from(scaled(number, unit)?).ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_are_exact_and_carry_a_unit() {
        for (text, bytes) in [
            ("64kB", 64_000),
            ("1.5 KiB", 1_536),
            ("12B", 12),
            ("1_000MB", 1_000_000_000),
            ("0B", 0),
        ] {
            assert_eq!(parse(text, ""), Some(bytes), "{text}");
        }
        assert_eq!(parse("1MB/s", "/s"), Some(1_000_000));
        for text in ["64", "0.5B", "-1kB", "kB", "1MB/s", "20000000000GB", "1Mb"] {
            assert_eq!(parse(text, ""), None, "{text}");
        }
    }
}
