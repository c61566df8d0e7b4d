//! Values as they are written in files: what these functions return reads back to the same.

mod actions;
pub(crate) mod case;

use serde_json::Value as Json;

use orrery_sim::plan::Trigger;
use orrery_sim::{Burst, Duration, DurationRange, Law, Millionths, Probability, SimTime};

pub(crate) use actions::{action, target};

/// A TOML string.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            c if c.is_control() => {
                let code = format!("\\u{:04X}", u32::from(c));
                quoted += &code;
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// A key of a table, in quotes where it needs them.
fn key(key: &str) -> String {
    let is_bare = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if is_bare { key.into() } else { quoted(key) }
}

/// `{ key = value, .. }`.
pub(crate) fn table(entries: &[(&str, String)]) -> String {
    if entries.is_empty() {
        return String::from("{}");
    }
    let entries: Vec<String> =
        entries.iter().map(|(name, value)| format!("{} = {value}", key(name))).collect();
    format!("{{ {} }}", entries.join(", "))
}

/// `[value, ..]`.
pub(crate) fn list(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(", "))
}

pub(crate) fn duration(duration: Duration) -> String {
    quoted(&duration.to_string())
}

/// A time of the run.
pub(crate) fn time(time: SimTime) -> String {
    duration(time.since(SimTime::ZERO))
}

/// A duration that may be negative, in nanoseconds.
pub(crate) fn signed_duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    quoted(&format!("{sign}{}", Duration::from_nanos(nanos.unsigned_abs())))
}

/// A range, or the one duration that it is.
pub(crate) fn span(range: DurationRange) -> String {
    if range.min == range.max {
        return duration(range.min);
    }
    quoted(&format!("{range:?}"))
}

pub(crate) fn probability(probability: Probability) -> String {
    quoted(&probability.exact_text())
}

/// How much faster than true time a clock runs, in the largest unit that needs no point.
pub(crate) fn drift(ppb: i64) -> String {
    quoted(&match ppb {
        ppb if ppb % 10_000_000 == 0 => format!("{}%", ppb / 10_000_000),
        ppb if ppb % 1_000 == 0 => format!("{}ppm", ppb / 1_000),
        ppb => format!("{ppb}ppb"),
    })
}

fn millionths(Millionths(number): Millionths) -> String {
    let (whole, rest) = (number / 1_000_000, number % 1_000_000);
    let text = format!("{whole}.{rest:06}");
    quoted(text.trim_end_matches('0').trim_end_matches('.'))
}

/// The key and the value of a trigger in its item.
pub(crate) fn trigger(trigger: &Trigger) -> (&'static str, String) {
    match trigger {
        Trigger::At(at) => ("at", time(*at)),
        Trigger::After { item, delay } if delay.as_nanos() == 0 => ("after", quoted(item)),
        Trigger::After { item, delay } => ("after", quoted(&format!("{item} + {delay}"))),
        Trigger::When(predicate) => ("when", quoted(&predicate.to_string())),
        Trigger::Behind(event) => ("behind", event.to_string()),
    }
}

pub(crate) fn law(law: &Law) -> String {
    match law {
        Law::Constant(constant) => duration(*constant),
        Law::Uniform(range) => table(&[("uniform", quoted(&format!("{range:?}")))]),
        Law::Exponential(mean) => table(&[("exponential", duration(*mean))]),
        Law::Normal { mean, sd } => {
            let inner = table(&[("mean", duration(*mean)), ("sd", duration(*sd))]);
            table(&[("normal", inner)])
        }
        Law::LogNormal { median, sigma } => {
            let inner = table(&[("median", duration(*median)), ("sigma", millionths(*sigma))]);
            table(&[("log-normal", inner)])
        }
        Law::Pareto { scale, shape } => {
            let inner = table(&[("scale", duration(*scale)), ("shape", millionths(*shape))]);
            table(&[("pareto", inner)])
        }
        Law::Empirical(measured) => {
            table(&[("empirical", list(measured.iter().copied().map(duration)))])
        }
        Law::Shifted { by, law } => {
            let inner = table(&[("by", duration(*by)), ("law", self::law(law))]);
            table(&[("shifted", inner)])
        }
    }
}

pub(crate) fn burst(burst: Burst) -> String {
    table(&[
        ("begin", probability(burst.begin)),
        ("end", probability(burst.end)),
        ("loss", probability(burst.loss)),
    ])
}

/// A tree as TOML. TOML knows no null: in tables it is left out, which means the same; elsewhere it becomes an
/// empty table, which reads back as another tree.
pub(crate) fn json(tree: &Json) -> String {
    match tree {
        Json::Null => String::from("{}"),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => quoted(text),
        Json::Array(items) => list(items.iter().map(json)),
        Json::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !value.is_null());
            let fields: Vec<(&str, String)> =
                fields.map(|(name, value)| (name.as_str(), json(value))).collect();
            table(&fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped() {
        assert_eq!(quoted("a \"b\" \\ \n\t\u{1}ü"), r#""a \"b\" \\ \n\t\u0001ü""#);
        assert_eq!(
            (key("a-b_1"), key("a b"), key("")),
            ("a-b_1".into(), "\"a b\"".into(), "\"\"".into())
        );
    }

    #[test]
    fn drifts_have_the_largest_unit_that_needs_no_point() {
        for (ppb, text) in
            [(0, "0%"), (-1_000_000_000, "-100%"), (200_000, "200ppm"), (-5, "-5ppb")]
        {
            assert_eq!(drift(ppb), format!("\"{text}\""));
        }
        assert_eq!(millionths(Millionths(1_500_000)), "\"1.5\"");
        assert_eq!(millionths(Millionths(20_000_000)), "\"20\"");
    }
}
