//! How events, times and values read.

use std::collections::BTreeSet;
use std::fmt::Write as _;

pub use orrery_harness::marks::leads;
use orrery_harness::marks::{Mark, MarkKind};
use orrery_harness::report::Verdict;
use orrery_harness::session::{ArrivalFate, Row, RowKind};
use orrery_sim::{ClientId, Duration, NodeId, SimTime, Value};

use crate::ui::model::Model;
use crate::ui::text::Line;
use crate::ui::theme::{Theme, Tone};

/// The letter of an event in the margin, and its tone.
pub fn mark(mark: &Mark, theme: &Theme) -> Option<(&'static str, Tone)> {
    if mark.is_violation() {
        return Some(("!", Tone::Violation));
    }
    let letter = match mark.kind {
        MarkKind::Panic => return Some(("!", Tone::Violation)),
        MarkKind::Fault(word) => match word.word() {
            "crash" => "x",
            "restart" => "r",
            "pause" => "p",
            "resume" => "u",
            "cut" => "P",
            "heal" => "H",
            "hold" => "h",
            "release" => "l",
            "clock" => "k",
            _ => "i",
        },
        MarkKind::Ask | MarkKind::GiveUp => return Some(("c", Tone::Client)),
        _ if mark.has_begun_to_lead() => return Some((theme.signs.star, Tone::Role)),
        MarkKind::Start if !mark.is_narrated() => return None,
        _ if mark.has_new_role() => return Some((theme.signs.new_role, Tone::Role)),
        _ if mark.is_narrated() => return Some((theme.signs.story, Tone::Story)),
        _ => return None,
    };
    Some((letter, Tone::Fault))
}

/// The words beside the diagram: what happened, what came of it, then the payload as far as it fits.
pub fn row_line(row: &Row, nodes: u32, theme: &Theme, is_far: bool) -> Line {
    let signs = &theme.signs;
    let mut line = Line::default();
    if let Some(rule) = &row.violation {
        // Where the rule is stated stands in the history pane; here there is room for its name.
        let name = rule.split(" (").next().unwrap_or(rule);
        line.add(Tone::Violation, format!("! {name}"));
        line.add(Tone::Plain, format!(" {} ", signs.dot));
    }
    match (&row.kind, row.node) {
        (RowKind::Arrive { message, .. }, _) => {
            if is_far {
                line.add(Tone::Faint, format!("{}{}{} ", message.from, signs.to, message.to));
            }
            line.add(Tone::Plain, row.title.clone());
        }
        (RowKind::Ask { client, .. } | RowKind::GiveUp { client }, _) => {
            line.add(Tone::Client, with_client(&row.title, *client));
        }
        (kind, node) => {
            let tone =
                if matches!(kind, RowKind::Fault { .. }) { Tone::Fault } else { Tone::Plain };
            line.add(
                tone,
                fault_words(row, nodes, theme).unwrap_or_else(|| with_node(&row.title, node)),
            );
        }
    }
    let mut has_payload = true;
    if let RowKind::Arrive { fate, is_copy, .. } = &row.kind {
        line.add(Tone::Lost, fate_words(*fate));
        line.add(Tone::Faint, if *is_copy { " (a copy)" } else { "" });
        has_payload = *fate == ArrivalFate::Handled;
    }
    if let Some(role) = &row.new_role {
        line.add(Tone::Role, format!(" {} {role}", signs.to));
    }
    for note in &row.notes {
        line.add(Tone::Plain, format!(" {} {note}", signs.dot));
    }
    let has_said = |payload: &str| row.title.contains(payload);
    if let Some(payload) = row.payload.as_deref().filter(|text| has_payload && !has_said(text)) {
        let payload = beyond_title(payload, &row.title);
        line.add(Tone::Faint, format!(" {payload}").trim_end().to_owned());
    }
    line
}

/// What the scenario did, with the links that it cut or healed where the title does not say.
pub fn fault_words(row: &Row, nodes: u32, theme: &Theme) -> Option<String> {
    let RowKind::Fault { word, pairs } = &row.kind else { return None };
    let title = with_node(&row.title, row.node);
    if pairs.is_empty() || row.title != *word {
        return Some(title);
    }
    Some(format!("{title} {}", cut_words(pairs, nodes, theme)))
}

/// `title` with the node's name before it, unless it is in it.
pub fn with_node(title: &str, node: Option<NodeId>) -> String {
    match node {
        Some(node) if !title.split_whitespace().any(|word| word == node.to_string()) => {
            format!("{node} {title}")
        }
        _ => title.into(),
    }
}

/// `title` with the client's name before it, unless it is in it.
fn with_client(title: &str, client: ClientId) -> String {
    let client = client.to_string();
    // An operation's name, such as `c1.7`, names its client.
    let is_named = title.split([' ', '.']).any(|word| word == client);
    if is_named { title.into() } else { format!("{client} {title}") }
}

/// What a payload says beyond its kind: `AppendEntries { term: t2 }` is `term: t2`.
fn beyond_title<'a>(payload: &'a str, title: &str) -> &'a str {
    let kind = title.split_whitespace().last().unwrap_or_default();
    let Some(rest) = payload.strip_prefix(kind) else { return payload };
    let rest = rest.trim();
    let unwrapped = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    unwrapped.map_or(rest, str::trim)
}

const fn fate_words(fate: ArrivalFate) -> &'static str {
    match fate {
        ArrivalFate::Handled => "",
        ArrivalFate::Waits => " waits",
        ArrivalFate::Down => " lost: node is down",
        ArrivalFate::CutOff => " lost at the cut",
        ArrivalFate::Clogged => " waits at the clog",
        ArrivalFate::Damaged => " discarded: damaged",
    }
}

/// The number and the words of an event, where another one refers to it.
pub fn reference(model: &Model, event: u64) -> String {
    let Some(row) = model.row(event) else { return format!("#{event}") };
    let words = match &row.kind {
        RowKind::Arrive { message, .. } => format!("{} to {}", row.title, message.to),
        RowKind::Ask { client, .. } | RowKind::GiveUp { client } => {
            with_client(&row.title, *client)
        }
        _ => with_node(&row.title, row.node),
    };
    format!("#{event} {words}")
}

/// A time as seconds with six digits: `1.204311`.
pub fn seconds(time: SimTime) -> String {
    let text = time.to_string();
    text.strip_suffix('s').unwrap_or(&text).to_owned()
}

/// A time in a few letters: `1.2s`, `340ms`.
pub fn short_time(time: SimTime) -> String {
    rounded(time.since(SimTime::ZERO))
}

/// A duration to three digits: `1.83ms`, `98.2ms`, `12us`.
pub fn rounded(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let unit = [1_000_000_000, 1_000_000, 1_000, 1].into_iter().find(|unit| *unit <= nanos);
    let Some(unit) = unit else { return String::from("0s") };
    // Three digits are kept, so the smallest step is the size of the number over a thousand.
    let whole = nanos / unit;
    let step = match whole {
        0..10 => unit / 100,
        10..100 => unit / 10,
        _ => unit,
    };
    let step = step.max(1);
    Duration::from_nanos(nanos / step * step).to_string()
}

/// How far `time` lies ahead of `now`: `+1.83ms`.
pub fn ahead(time: SimTime, now: SimTime) -> String {
    if time <= now { String::from("now") } else { format!("+{}", rounded(time.since(now))) }
}

/// `value` in one line of at most about `limit` letters.
pub fn short_value(value: &Value, limit: usize, ellipsis: &str) -> String {
    struct Limited {
        text: String,
        limit: usize,
    }
    impl std::fmt::Write for Limited {
        fn write_str(&mut self, part: &str) -> std::fmt::Result {
            self.text.push_str(part);
            // A long log is not written out to show its first line.
            if self.limit < self.text.len() { Err(std::fmt::Error) } else { Ok(()) }
        }
    }
    if *value == Value::Null {
        return String::from("none");
    }
    let mut out = Limited { text: String::new(), limit: limit.saturating_mul(4) };
    let _ = write!(out, "{value}");
    crate::ui::text::clip(&out.text, limit, ellipsis)
}

/// The links that are cut, in words: `{n1 n2} ╳ {n3 n4 n5}`, or one by one.
pub fn cut_words(closed: &[(NodeId, NodeId)], nodes: u32, theme: &Theme) -> String {
    let signs = &theme.signs;
    if let Some(groups) = groups(closed, nodes) {
        let name = |group: &Vec<NodeId>| {
            let names: Vec<String> = group.iter().map(NodeId::to_string).collect();
            format!("{{{}}}", names.join(" "))
        };
        let names: Vec<String> = groups.iter().map(name).collect();
        return names.join(&format!(" {} ", signs.cut));
    }
    let names: Vec<String> =
        closed.iter().map(|(from, to)| format!("{from}{}{to}", signs.to)).collect();
    names.join(" ")
}

/// The groups that `closed` keeps apart, if it closes exactly all links between groups, both ways.
fn groups(closed: &[(NodeId, NodeId)], nodes: u32) -> Option<Vec<Vec<NodeId>>> {
    // Beyond this the answer would not fit on a screen, and the question costs its square.
    if 64 < nodes || closed.is_empty() {
        return None;
    }
    let closed: BTreeSet<&(NodeId, NodeId)> = closed.iter().collect();
    let is_closed = |from: NodeId, to: NodeId| closed.contains(&(from, to));
    let mut groups: Vec<Vec<NodeId>> = Vec::new();
    for node in NodeId::all(nodes) {
        let home =
            groups.iter_mut().find(|group| group.iter().all(|other| !is_closed(*other, node)));
        match home {
            Some(group) => group.push(node),
            None => groups.push(vec![node]),
        }
    }
    let home = |node: NodeId| groups.iter().position(|group| group.contains(&node));
    let agrees = NodeId::all(nodes)
        .all(|from| NodeId::all(nodes).all(|to| is_closed(from, to) == (home(from) != home(to))));
    agrees.then_some(groups)
}

/// The sign and the tone of a verdict.
pub const fn verdict_sign(verdict: Verdict, theme: &Theme) -> (&'static str, Tone) {
    match verdict {
        Verdict::Pass => (theme.signs.good, Tone::Good),
        Verdict::Fail | Verdict::Error => (theme.signs.bad, Tone::Bad),
        Verdict::Unknown => ("?", Tone::Bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::ThemeName;

    #[test]
    fn durations_are_rounded_to_three_digits() {
        for (nanos, text) in [
            (0, "0s"),
            (7, "7ns"),
            (1_834_999, "1.83ms"),
            (98_204_000, "98.2ms"),
            (980_204_000, "980ms"),
            (1_204_311_000, "1.2s"),
            (61_204_311_000, "61.2s"),
        ] {
            assert_eq!(rounded(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn cuts_between_groups_read_as_groups() {
        let theme = Theme::new(ThemeName::Mono, false);
        let n = NodeId;
        let halves = [(n(1), n(2)), (n(1), n(3)), (n(2), n(1)), (n(3), n(1))];
        assert_eq!(cut_words(&halves, 3, &theme), "{n1} ╳ {n2 n3}");
        assert_eq!(cut_words(&halves[..3], 3, &theme), "n1→n2 n1→n3 n2→n1");
    }

    #[test]
    fn payloads_do_not_repeat_the_title() {
        assert_eq!(beyond_title("Vote { term: t2 }", "Vote"), "term: t2");
        assert_eq!(beyond_title("put x 1", "asks"), "put x 1");
        assert_eq!(with_node("crash n5", Some(NodeId(5))), "crash n5");
        assert_eq!(with_node("crash", Some(NodeId(5))), "n5 crash");
    }

    #[test]
    fn long_values_are_cut() {
        let list = Value::List(vec![Value::Int(1_000); 10_000]);
        assert_eq!(short_value(&list, 10, "…"), "[1000, 10…");
        assert_eq!(short_value(&Value::Null, 10, "…"), "none");
    }
}
