//! The nodes at the cursor: a table, the links that are cut, and what the selected node keeps besides its state.

use orrery_harness::session::NodeView;
use orrery_sim::plan::Behaviour;
use orrery_sim::{Duration, SimTime, Value};

use crate::ui::index::Lane;
use crate::ui::model::Model;
use crate::ui::text::{Line, clip};
use crate::ui::theme::{Theme, Tone};

use super::words;

/// The widest that a column of the table gets.
const WIDEST: usize = 11;
/// What every protocol's names say that a narrow column need not.
const IDLE_WORDS: [&str; 2] = ["current_", "_index"];
/// Names of fields that show what `NodeView::epoch` holds.
const EPOCHS: [&str; 6] = ["term", "current_term", "ballot", "view", "epoch", "round"];

/// A column: its heading, and one cell per node with whether the last event changed it.
struct Column {
    name: String,
    cells: Vec<(String, bool)>,
}

impl Column {
    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
        cells.max(self.name.chars().count()).min(WIDEST)
    }
}

/// The text of the pane.
pub fn lines(model: &Model, theme: &Theme, width: usize) -> Vec<Line> {
    let view = model.session().view();
    let mut lines = table(model, theme, width);
    if !view.closed.is_empty() {
        let nodes = model.session().header().nodes;
        let text = format!("cut: {}", words::cut_words(&view.closed, nodes, theme));
        lines.extend(Line::of(Tone::Fault, text).wrap(width, 5));
    }
    if let Some(node) = model.selected_node() {
        lines.push(Line::default());
        let health = match (node.is_up, has_started(model, node)) {
            (true, _) => how_it_is(node),
            (false, true) => String::from("down"),
            (false, false) => String::from("has not started yet"),
        };
        lines.extend(details(node, &health, view.time, width));
    }
    lines
}

fn table(model: &Model, theme: &Theme, width: usize) -> Vec<Line> {
    let nodes = &model.session().view().nodes;
    let mut columns = vec![roles(model, nodes, theme), health(model, nodes, theme)];
    columns.extend(clocks(model, nodes));
    columns.extend(fields(model, nodes, theme));
    let mut room = width.saturating_sub(5);
    let mut shown = Vec::new();
    for column in columns {
        match room.checked_sub(column.width() + 1) {
            Some(left) => room = left,
            None => break,
        }
        shown.push(column);
    }
    let mut heading = Line::of(Tone::Faint, "node");
    let mut at = 5;
    for column in &shown {
        heading = heading.pad_to(at);
        heading.add(Tone::Faint, clip(&column.name, column.width(), theme.signs.ellipsis));
        at += column.width() + 1;
    }
    let mut lines = vec![heading];
    for (place, node) in nodes.iter().enumerate() {
        let is_selected = node.id == model.selected;
        let sign = if is_selected { theme.signs.cursor } else { " " };
        let tone = if is_selected { Tone::Selected } else { Tone::Title };
        let mut line = Line::of(Tone::Focus, sign).then(tone, node.id.to_string());
        let mut at = 5;
        for column in &shown {
            line = line.pad_to(at);
            if let Some((text, is_changed)) = column.cells.get(place) {
                let tone = if *is_changed { Tone::Changed } else { Tone::Plain };
                line.add(tone, clip(text, column.width(), theme.signs.ellipsis));
            }
            at += column.width() + 1;
        }
        lines.push(line);
    }
    lines
}

fn roles(model: &Model, nodes: &[NodeView], theme: &Theme) -> Column {
    let cell = |node: &NodeView| {
        let star = if words::leads(&node.role) { theme.signs.star } else { "" };
        let is_changed = model.before(node.id).is_some_and(|before| before.role != node.role);
        (format!("{}{star}", node.role), is_changed)
    };
    Column { name: "role".into(), cells: nodes.iter().map(cell).collect() }
}

fn health(model: &Model, nodes: &[NodeView], theme: &Theme) -> Column {
    let cell = |node: &NodeView| {
        let text = match (node.is_up, node.is_paused) {
            (true, false) if node.is_slow => format!("slow, {} wait", node.inbox),
            (true, false) if node.behaviour != Behaviour::Honest => String::from("lies"),
            (false, _) if !has_started(model, node) => String::from("not started"),
            (false, _) => format!("down {}", theme.signs.crash),
            (true, true) => format!("paused {}", theme.signs.paused),
            (true, false) => String::from("up"),
        };
        (text, false)
    };
    Column { name: "is".into(), cells: nodes.iter().map(cell).collect() }
}

/// What its clocks show, what waits for it, and how it deviates.
fn how_it_is(node: &NodeView) -> String {
    let clock = format!("its clock shows {:?}", node.clock);
    // Told where it says something new: most wall clocks show what the other does.
    let is_wall_off = node.wall_clock.as_nanos() != node.clock.as_nanos();
    let wall_clock = is_wall_off.then(|| format!("its wall clock {:?}", node.wall_clock));
    let inbox = (0 < node.inbox).then(|| format!("{} events wait for it", node.inbox));
    let behaviour = match node.behaviour {
        Behaviour::Honest => None,
        Behaviour::Equivocate => Some("tells different nodes different things"),
        Behaviour::Withhold => Some("keeps back half of what it should send"),
        Behaviour::Replay => Some("repeats what it sent before"),
    };
    [Some(clock), wall_clock, inbox, behaviour.map(String::from)]
        .into_iter()
        .flatten()
        .collect::<Vec<String>>()
        .join(", ")
}

/// Whether a node has run at all up to the cursor.
pub fn has_started(model: &Model, node: &NodeView) -> bool {
    node.is_up || model.index().lane(node.id, model.cursor()) != Lane::Unborn
}

/// How far each clock is off, if any is off by a microsecond.
fn clocks(model: &Model, nodes: &[NodeView]) -> Option<Column> {
    let now = model.session().view().time;
    let off = |node: &NodeView| i128::from(node.clock.as_nanos()) - i128::from(now.as_nanos());
    let cell = |node: &NodeView| {
        if !node.is_up {
            return (String::new(), false);
        }
        let skew = off(node);
        let sign = if skew < 0 { "-" } else { "+" };
        let size = u64::try_from(skew.unsigned_abs()).unwrap_or(u64::MAX);
        (format!("{sign}{}", words::rounded(Duration::from_nanos(size))), false)
    };
    let is_off = nodes.iter().any(|node| node.is_up && 1_000 <= off(node).unsigned_abs());
    is_off.then(|| Column { name: "clock".into(), cells: nodes.iter().map(cell).collect() })
}

/// One column for each field of the state that is short, and for the length of each that is long.
fn fields(model: &Model, nodes: &[NodeView], theme: &Theme) -> Vec<Column> {
    let mut names: Vec<&'static str> = Vec::new();
    for node in nodes {
        if let Value::Struct(_, fields) = &node.state {
            names.extend(
                fields
                    .iter()
                    .map(|(name, _)| *name)
                    .filter(|name| !names.contains(name))
                    .collect::<Vec<_>>(),
            );
        }
    }
    names.retain(|name| !["id", "me", "config", "role", "peers", "nodes"].contains(name));
    let mut columns = Vec::new();
    if !names.iter().any(|name| EPOCHS.contains(name)) && nodes.iter().any(|node| 0 < node.epoch) {
        let cell = |node: &NodeView| {
            let before = model.before(node.id);
            (node.epoch.to_string(), before.is_some_and(|before| before.epoch != node.epoch))
        };
        columns.push(Column { name: "epoch".into(), cells: nodes.iter().map(cell).collect() });
    }
    for name in names {
        let cell = |node: &NodeView| {
            let value = node.state.field(name);
            let before = model.before(node.id).and_then(|before| before.state.field(name));
            let is_changed = model.before(node.id).is_some() && before != value;
            (value.map_or_else(String::new, |value| in_cell(value, theme)), is_changed)
        };
        let heading = IDLE_WORDS.iter().fold(name.to_owned(), |text, idle| text.replace(idle, ""));
        let cells: Vec<(String, bool)> = nodes.iter().map(cell).collect();
        if cells.iter().any(|(text, _)| !text.is_empty()) {
            columns.push(Column { name: heading, cells });
        }
    }
    columns
}

/// A value in a cell: itself, or how much is in it.
fn in_cell(value: &Value, theme: &Theme) -> String {
    match value {
        Value::List(items) => format!("[{}]", items.len()),
        Value::Map(pairs) => format!("{{{}}}", pairs.len()),
        Value::Variant(name, _) => (*name).into(),
        // A log with its bounds, or a table with its settings: how long it is says most.
        Value::Struct(_, fields) => {
            let list =
                fields.iter().find(|(_, part)| matches!(part, Value::List(_) | Value::Map(_)));
            list.map_or_else(String::new, |(_, part)| in_cell(part, theme))
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Id(..) => {
            words::short_value(value, WIDEST, theme.signs.ellipsis)
        }
    }
}

/// What the selected node keeps besides its state.
fn details(node: &NodeView, health: &str, now: SimTime, width: usize) -> Vec<Line> {
    let id = node.id;
    let mut lines = Vec::new();
    let starts = match node.incarnation {
        0 => String::new(),
        1 => String::from(", restarted once"),
        times => format!(", restarted {times} times"),
    };
    lines.push(
        Line::of(Tone::Title, id.to_string()).then(Tone::Plain, format!(": {health}{starts}")),
    );
    for (timer, due) in &node.timers {
        let due = due.map_or_else(
            || String::from("never: its clock stands still"),
            |due| words::ahead(due, now),
        );
        lines.push(Line::of(Tone::Plain, format!("  timer {timer} {due}")));
    }
    lines.extend(
        node.disk.iter().map(|trouble| Line::of(Tone::Fault, format!("  its disk {trouble}"))),
    );
    let on_disk = "on disk (survives a crash)";
    section(&mut lines, on_disk, (&node.journal, node.older_records), "nothing is on its disk");
    section(&mut lines, "written, not yet on disk", (&node.unsynced, 0), "");
    section(&mut lines, "waits for the disk", (&node.waiting, 0), "");
    lines.into_iter().flat_map(|line| line.wrap(width, 4)).collect()
}

fn section(lines: &mut Vec<Line>, title: &str, (items, older): (&[String], u64), empty: &str) {
    if items.is_empty() {
        if !empty.is_empty() {
            lines.push(Line::of(Tone::Faint, format!("  {empty}")));
        }
        return;
    }
    lines.push(Line::of(Tone::Faint, format!("  {title}: {}", items.len() as u64 + older)));
    // The newest first: it is what the next events are about.
    lines.extend(
        items.iter().rev().take(50).map(|item| Line::of(Tone::Plain, format!("    {item}"))),
    );
}
