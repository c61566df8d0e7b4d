//! The event at the cursor in words: what happened and why, what it changed and brought about; then the state of
//! the selected node.

use orrery_harness::session::{ArrivalFate, NodeView, Row, RowKind};

use crate::ui::action::Action;
use crate::ui::keys::key_of;
use crate::ui::model::Model;
use crate::ui::text::Line;
use crate::ui::theme::{Theme, Tone};

use super::{tree, words};

/// From this width on the state stands beside the event rather than below it.
const TWO_COLUMNS: usize = 90;
/// How many effects of an event are named.
const NAMED_EFFECTS: usize = 3;

/// The text of the pane.
pub fn lines(model: &Model, theme: &Theme, width: usize) -> Vec<Line> {
    if width < TWO_COLUMNS {
        let mut lines = happening(model, theme, width);
        lines.extend(state(model, theme, width));
        return lines;
    }
    let left_width = width / 2 - 1;
    let left = happening(model, theme, left_width);
    let right = state(model, theme, width - left_width - 3);
    let bar = format!(" {} ", theme.signs.lane);
    (0..left.len().max(right.len()))
        .map(|y| {
            let start = left.get(y).cloned().unwrap_or_default().pad_to(left_width);
            let line = start.then(Tone::Frame, bar.clone());
            let end = right.get(y).map(Line::pieces).unwrap_or_default();
            end.iter().fold(line, |line, (tone, text)| line.then(*tone, text.clone()))
        })
        .collect()
}

fn happening(model: &Model, theme: &Theme, width: usize) -> Vec<Line> {
    let Some(row) = model.here() else { return beginning(model, width) };
    let mut lines = Vec::new();
    let row = &*row;
    let headline = headline(model, row, theme);
    lines.push(Line::of(Tone::Title, format!("#{} {headline}", row.number)));
    let stories = row.narration.iter();
    lines.extend(
        stories.map(|story| Line::of(Tone::Story, format!("{} {story}", theme.signs.story))),
    );
    if let Some(rule) = &row.violation {
        let text = format!("! this breaks the rule {rule} (5 shows the facts)");
        lines.push(Line::of(Tone::Violation, text));
    }
    lines.push(cause(model, row));
    let says = if matches!(row.kind, RowKind::Ask { .. }) { "wants" } else { "says" };
    lines.extend(row.payload.as_ref().map(|payload| labelled(says, payload)));
    lines.extend(changed(model, theme, row, width));
    lines.extend(row.notes.iter().map(|note| labelled("reached", note)));
    let is_handled = matches!(
        row.kind,
        RowKind::Arrive { fate: ArrivalFate::Handled, .. } | RowKind::Timer | RowKind::Synced
    );
    if row.effects.is_empty() && is_handled {
        lines.push(Line::of(Tone::Faint, "it did nothing in answer"));
    }
    for (place, effect) in row.effects.iter().enumerate() {
        lines.push(labelled(if place == 0 { "did" } else { "" }, effect));
    }
    lines.extend(consequences(model, row));
    lines.into_iter().flat_map(|line| line.wrap(width, 8)).collect()
}

fn beginning(model: &Model, width: usize) -> Vec<Line> {
    let header = model.session().header();
    let moving = format!(
        "{} goes to the first event, {} to the next landmark.",
        key_of(&Action::Next),
        key_of(&Action::NextLandmark)
    );
    let (world, moving) = match model.last() {
        0 => (String::from("Nothing happens in this run."), String::new()),
        last => (format!("This is the world before the first of {last} events."), moving),
    };
    let words = [
        (Tone::Title, header.title.clone()),
        (
            Tone::Plain,
            format!("{} nodes run {}; {} clients.", header.nodes, header.protocol, header.clients),
        ),
        (Tone::Plain, world),
        (Tone::Plain, moving),
    ];
    let recorded = model.session().recorded();
    let note = recorded.map(|note| (Tone::Story, format!("This is {note}.")));
    let words = words.into_iter().chain(note);
    words.flat_map(|(tone, text)| Line::of(tone, text).wrap(width, 0)).collect()
}

fn labelled(label: &str, text: &str) -> Line {
    Line::of(Tone::Faint, format!("{label:<8}")).then(Tone::Plain, text)
}

/// What happened, as a sentence.
fn headline(model: &Model, row: &Row, theme: &Theme) -> String {
    let nodes = model.session().header().nodes;
    let to = theme.signs.to;
    let node = row.node.map(|node| node.to_string()).unwrap_or_default();
    match &row.kind {
        RowKind::Start => format!("{node} starts for the first time"),
        RowKind::Arrive { message, fate, is_copy, .. } => {
            let fate = match fate {
                ArrivalFate::Handled => String::from("arrives"),
                ArrivalFate::Waits => format!("waits until {} resumes", message.to),
                ArrivalFate::Down => format!("is lost: {} is down", message.to),
                ArrivalFate::CutOff => String::from("is lost: the way is cut"),
                ArrivalFate::Clogged => String::from("waits: the way is clogged"),
                ArrivalFate::Damaged => String::from("is discarded: the link damaged it"),
            };
            let copy = if *is_copy { " (a copy)" } else { "" };
            format!("{}{to}{} {}{copy} {fate}", message.from, message.to, row.title)
        }
        RowKind::Timer => format!("{} comes due", words::with_node(&row.title, row.node)),
        RowKind::Synced => format!("the disk of {node} has written"),
        RowKind::Ask { client, attempt: 1 } => format!("client {client} asks {node}"),
        RowKind::Ask { client, attempt } => format!("client {client} asks {node}, try {attempt}"),
        RowKind::GiveUp { client } => {
            format!("client {client} gives up: nobody knows how this ended")
        }
        RowKind::Fault { .. } => {
            let words = words::fault_words(row, nodes, theme).unwrap_or_default();
            let who = if model.is_by_hand(row.number) { "by hand" } else { "the scenario" };
            format!("{who}: {words}")
        }
        RowKind::Panic => format!("the code of {node} panicked; the run ends here"),
    }
}

fn cause(model: &Model, row: &Row) -> Line {
    let key = key_of(&Action::Cause);
    let text = match (row.cause, &row.kind) {
        (Some(cause), _) => format!("{} (key {key})", words::reference(model, cause)),
        (None, RowKind::Start) => String::from("the run starts"),
        (None, RowKind::Fault { .. }) if model.is_by_hand(row.number) => {
            String::from("somebody did it here, in this run")
        }
        (None, RowKind::Fault { .. }) => String::from("the scenario's plan says so"),
        (None, RowKind::Ask { .. }) => String::from("the client wants it"),
        (None, RowKind::GiveUp { .. }) => String::from("no answer came in time"),
        (None, RowKind::Timer) => String::from("its time has come"),
        (None, _) => String::from("not known"),
    };
    let line = labelled("because", &text);
    let RowKind::Arrive { sent_at, message, .. } = &row.kind else { return line };
    let Some(sent) = model.mark(*sent_at) else { return line };
    let travelled = words::rounded(row.time.since(sent.time));
    let from =
        if row.cause == Some(*sent_at) { String::new() } else { format!(" from #{sent_at}") };
    line.then(Tone::Faint, format!(", {travelled} on the way{from} as {message}"))
}

/// What the event changed in the node where it happened.
fn changed(model: &Model, theme: &Theme, row: &Row, width: usize) -> Vec<Line> {
    let nodes = &model.session().view().nodes;
    let Some(now) = nodes.iter().find(|node| Some(node.id) == row.node) else { return Vec::new() };
    let Some(before) = model.before(now.id) else { return Vec::new() };
    let changes = if before.is_up && now.is_up {
        tree::changes(&before.state, &now.state)
    } else {
        Vec::new()
    };
    if changes.is_empty() {
        let text = match (before.is_up, now.is_up) {
            (true, true) => format!("nothing changed in the state of {}", now.id),
            (true, false) => format!("{} lost its memory and its timers", now.id),
            (false, true) if now.incarnation == 0 => format!("{} has its first state", now.id),
            (false, true) => format!("{} has a new state, made from what its disk kept", now.id),
            (false, false) => return Vec::new(),
        };
        return vec![Line::of(Tone::Faint, text)];
    }
    let mut lines = vec![Line::of(Tone::Faint, format!("changed in {}:", now.id))];
    lines.extend(changes.iter().map(|change| tree::change_line(change, width, &theme.signs)));
    lines
}

fn consequences(model: &Model, row: &Row) -> Option<Line> {
    let effects: Vec<u64> = model.index().effects_of(row.number).collect();
    let named: Vec<String> =
        effects.iter().take(NAMED_EFFECTS).map(|event| words::reference(model, *event)).collect();
    let more = effects.len().saturating_sub(NAMED_EFFECTS);
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    let key = key_of(&Action::Effect);
    (!named.is_empty())
        .then(|| labelled("causes", &format!("{}{rest} (key {key})", named.join(", "))))
}

/// The state of the selected node.
fn state(model: &Model, theme: &Theme, width: usize) -> Vec<Line> {
    let Some(node) = model.selected_node() else {
        return vec![Line::of(Tone::Faint, "no node is known at this event")];
    };
    let mut lines = vec![state_heading(model, node)];
    if !node.is_up {
        let words = if super::nodes::has_started(model, node) {
            "down: its memory is gone, its disk is kept (pane 2 shows it)"
        } else {
            "none yet: it has not started"
        };
        lines.extend(Line::of(Tone::Faint, words).wrap(width, 0));
        return lines;
    }
    let before = model.before(node.id).filter(|before| before.is_up).map(|before| &before.state);
    lines.extend(tree::lines(&node.state, before, width, &theme.signs));
    lines
}

fn state_heading(model: &Model, node: &NodeView) -> Line {
    let line = Line::of(Tone::Title, format!("state of {}", node.id));
    let pinned = if model.is_pinned { ", stays selected (Esc lets go)" } else { "" };
    let role = if node.role.is_empty() { String::new() } else { format!(" {}", node.role) };
    line.then(Tone::Role, role).then(Tone::Faint, pinned)
}
