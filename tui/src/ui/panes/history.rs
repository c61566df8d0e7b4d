//! What the run came to, and the operations of clients up to the cursor.

use orrery_harness::report::{Failure, GoalReport};
use orrery_harness::session::OperationView;
use unicode_width::UnicodeWidthStr as _;

use crate::ui::action::Action;
use crate::ui::keys::key_of;
use crate::ui::model::Model;
use crate::ui::text::{Line, clip};
use crate::ui::theme::{Theme, Tone};

use super::words;

/// The narrowest bar that shows when an operation was open.
const NARROWEST_BAR: usize = 20;

/// The text of the pane. Before a broken rule the operations come first, from there on the facts.
pub fn lines(model: &Model, theme: &Theme, width: usize) -> Vec<Line> {
    let report = model.session().report();
    let wrapped = |lines: Vec<Line>| {
        lines.into_iter().flat_map(|line| line.wrap(width, 2)).collect::<Vec<_>>()
    };
    let mut lines = vec![verdict(model, theme)];
    let mut facts = Vec::new();
    if let Some(failure) = &report.violation {
        lines.push(broken(model, failure, theme));
        facts = details(failure);
        if failure.event <= model.cursor() {
            lines.append(&mut facts);
        }
    }
    let mut lines = wrapped(lines);
    lines.extend(operations(model, theme, width));
    facts.extend(report.goals.iter().map(|goal| goal_line(goal, theme)));
    lines.extend(wrapped(facts));
    lines.extend(rules(model, theme, width));
    if let Some(picture) = report.violation.as_ref().and_then(|failure| failure.picture.as_ref()) {
        lines.push(Line::default());
        lines.extend(picture.lines().map(|line| Line::of(Tone::Plain, line)));
    }
    lines
}

/// All rules that were watched, as many on a line as fit.
fn rules(model: &Model, theme: &Theme, width: usize) -> Vec<Line> {
    let invariants = &model.session().report().invariants;
    let mut lines = Vec::new();
    let mut line = Line::of(Tone::Faint, "rules ");
    for (name, holds) in invariants {
        let (sign, tone) =
            if *holds { (theme.signs.good, Tone::Good) } else { (theme.signs.bad, Tone::Bad) };
        let next = line.clone().then(tone, sign).then(Tone::Plain, format!(" {name}  "));
        if next.width() <= width + 2 {
            line = next;
            continue;
        }
        lines.push(line);
        line = Line::of(Tone::Plain, "      ")
            .then(tone, sign)
            .then(Tone::Plain, format!(" {name}  "));
    }
    if !invariants.is_empty() {
        lines.push(line);
    }
    lines
}

fn verdict(model: &Model, theme: &Theme) -> Line {
    let report = model.session().report();
    if !model.session().is_complete() {
        let is_recorded = model.session().recorded().is_some();
        let word = if is_recorded { "not read yet" } else { "not made yet" };
        return Line::of(Tone::Plain, format!("the whole run: {word}"));
    }
    let (sign, tone) = words::verdict_sign(report.verdict, theme);
    let expected = if report.as_expected {
        String::from(", as the scenario expects")
    } else {
        format!(", but the scenario expects {}", report.expected)
    };
    Line::of(Tone::Plain, "the whole run: ")
        .then(tone, format!("{sign} {}", report.verdict))
        .then(Tone::Plain, expected)
}

/// Which rule was broken, and where.
fn broken(model: &Model, failure: &Failure, theme: &Theme) -> Line {
    let here = model.cursor();
    let place = match failure.event.abs_diff(here) {
        0 => String::from("here"),
        far if here < failure.event => format!("{far} ahead"),
        far => format!("{far} back"),
    };
    let way = if failure.event == here {
        String::new()
    } else {
        format!(" ({} violation)", key_of(&Action::AskGoTo))
    };
    Line::of(Tone::Violation, format!("{} {}", theme.signs.bad, failure.rule))
        .then(Tone::Plain, format!(" at event {}, {place}", failure.event))
        .then(Tone::Faint, way)
}

/// Who found it, on which facts, and where the rule is stated.
fn details(failure: &Failure) -> Vec<Line> {
    let mut lines: Vec<Line> =
        failure.facts.iter().map(|fact| Line::of(Tone::Plain, format!("  {fact}"))).collect();
    if failure.found_by != failure.rule && !failure.found_by.is_empty() {
        lines.push(Line::of(Tone::Faint, format!("  found by {}", failure.found_by)));
    }
    if !failure.source.is_empty() {
        lines.push(Line::of(Tone::Faint, format!("  stated in {}", failure.source)));
    }
    lines
}

fn goal_line(goal: &GoalReport, theme: &Theme) -> Line {
    if let Some(event) = goal.reached_at_event {
        return Line::of(Tone::Good, format!("{} ", theme.signs.good))
            .then(Tone::Plain, format!("goal: {} (event {event})", goal.name));
    }
    let reason = goal.reason.as_deref().unwrap_or("the run ended before");
    Line::of(Tone::Bad, format!("{} ", theme.signs.bad))
        .then(Tone::Plain, format!("goal not reached: {}: {reason}", goal.name))
}

/// The operations so far, the newest first.
fn operations(model: &Model, theme: &Theme, width: usize) -> Vec<Line> {
    let operations = &model.session().view().operations;
    if operations.is_empty() {
        let words = if model.session().header().clients == 0 {
            "no clients take part in this run"
        } else {
            "no client has asked anything yet"
        };
        return vec![Line::of(Tone::Faint, words)];
    }
    let open = operations.iter().filter(|operation| operation.ending.is_none()).count();
    let count = operations.len() as u64 + model.session().view().older_operations;
    let title = format!("operations so far: {count}, of which {open} open; the newest first");
    let mut lines = vec![Line::of(Tone::Title, title)];
    let texts: Vec<(String, String)> =
        operations.iter().rev().map(|each| texts(each, theme)).collect();
    let longest = |of: fn(&(String, String)) -> &String| {
        texts.iter().map(|each| of(each).width()).max().unwrap_or(0)
    };
    let ended = longest(|(_, ended)| ended).min(width / 2);
    let asked = longest(|(asked, _)| asked).min(width.saturating_sub(ended + 2));
    let bar = width.saturating_sub(asked + ended + 4);
    for (operation, (what, ending)) in operations.iter().rev().zip(texts) {
        let tone = if operation.ending.is_none() { Tone::Faint } else { Tone::Plain };
        let what = clip(&what, asked, theme.signs.ellipsis);
        let mut line = Line::of(Tone::Client, what).pad_to(asked + 2);
        line.add(tone, clip(&ending, ended, theme.signs.ellipsis));
        if NARROWEST_BAR <= bar {
            line = line.pad_to(asked + ended + 4);
            line.add(Tone::Message, span(operation, model, theme, bar));
        }
        lines.push(line);
    }
    lines
}

fn texts(operation: &OperationView, theme: &Theme) -> (String, String) {
    let ending = match (&operation.ending, operation.ended) {
        (None, _) => String::from("open"),
        (Some(ending), Some(ended)) => {
            format!(
                "{} {ending} in {}",
                theme.signs.to,
                words::rounded(ended.since(operation.invoked))
            )
        }
        (Some(ending), None) => format!("{} {ending}", theme.signs.to),
    };
    (format!("{} {}", operation.id, operation.asked), ending)
}

/// When an operation was open, on a bar as long as the run so far.
fn span(operation: &OperationView, model: &Model, theme: &Theme, width: usize) -> String {
    let now = model.session().view().time.as_nanos().max(1);
    let last = width.saturating_sub(1);
    let place = |nanos: u64| (u128::from(nanos) * last as u128 / u128::from(now)) as usize;
    let [start, within, end, open] = theme.signs.span;
    let from = place(operation.invoked.as_nanos()).min(last.saturating_sub(1));
    let to = operation.ended.map_or(last, |ended| place(ended.as_nanos()).min(last));
    let inside = to.saturating_sub(from + 1);
    let (within, end) = if operation.ended.is_some() { (within, end) } else { (open, open) };
    format!("{}{start}{}{end}", " ".repeat(from), within.repeat(inside))
}
