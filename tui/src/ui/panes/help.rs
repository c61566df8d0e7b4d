//! The help: all keys, from their table, and what the signs mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::frame::{self, Caption};
use crate::ui::key::Key;
use crate::ui::keys::{Context, Group, KEYS};
use crate::ui::text::{Line, Pen, draw_lines};
use crate::ui::theme::{Theme, Tone};

/// Cells for the keys.
const KEYS_WIDTH: usize = 14;

/// Draws the help over the panes.
pub fn draw(offset: usize, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    Pen::new(buffer, area, theme).clear();
    let width = usize::from(area.width.saturating_sub(2));
    let height = usize::from(area.height.saturating_sub(2));
    let lines = lines(theme, width);
    let offset = offset.min(lines.len().saturating_sub(height));
    let caption = Caption {
        title: Line::of(Tone::Focus, "Help "),
        position: frame::position(offset, height, lines.len()),
        is_focused: true,
    };
    let inner = frame::draw(&caption, theme, area, buffer);
    draw_lines(&mut Pen::new(buffer, inner, theme), &lines, offset);
}

/// The text of the help.
pub fn lines(theme: &Theme, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(Line::of(Tone::Title, group.title()));
        let bindings =
            KEYS.iter().filter(|line| line.context == Context::Run && line.group == group);
        for binding in bindings {
            let keys: Vec<String> = binding.keys.iter().map(Key::to_string).collect();
            lines.extend(entry(Tone::Key, &keys.join(" "), binding.help, width));
        }
        lines.push(Line::default());
    }
    lines.push(Line::of(Tone::Title, "The space-time diagram"));
    let words = "Time runs downward, one event per line in the order in which they happened. Each node has a lane. \
                 An arrow stands on the line where the message arrives; what sent it is further up (the cause).";
    lines.extend(Line::of(Tone::Plain, words).wrap(width, 0));
    for (tone, sign, meaning) in legend(theme) {
        lines.extend(entry(tone, &sign, meaning, width));
    }
    lines
}

fn entry(tone: Tone, key: &str, meaning: &str, width: usize) -> Vec<Line> {
    let line = Line::of(Tone::Plain, "  ").then(tone, key).pad_to(KEYS_WIDTH);
    line.then(Tone::Plain, " ").then(Tone::Plain, meaning).wrap(width, KEYS_WIDTH + 1)
}

fn legend(theme: &Theme) -> Vec<(Tone, String, &'static str)> {
    let signs = &theme.signs;
    let arrow = format!("{}{}{}{}", signs.send_right, signs.wire, signs.head_right, signs.arrived);
    let lost = format!("{}{}{}{}", signs.send_right, signs.wire_lost, signs.wire_lost, signs.lost);
    vec![
        (Tone::Message, arrow, "a message arrives and is handled"),
        (
            Tone::Lost,
            lost,
            "a message that is lost: on the way, at a cut, or because the node is down",
        ),
        (Tone::Plain, signs.local.into(), "something local: a start, a timer, the disk"),
        (Tone::Role, signs.star.into(), "the node becomes the one that others follow"),
        (Tone::Role, signs.new_role.into(), "margin: another change of role"),
        (Tone::Client, signs.client.into(), "a client asks; c in the margin"),
        (Tone::Fault, format!("{} {}", signs.crash, signs.lane_down), "a crash; the node is down"),
        (Tone::Fault, signs.paused.into(), "the node is paused: what comes for it waits"),
        (Tone::Fault, signs.cut.into(), "the link between these neighbours is cut"),
        (Tone::Fault, "x r p u".into(), "margin: crash, restart, pause, resume"),
        (
            Tone::Fault,
            "P H h l k i".into(),
            "margin: cut, heal, hold, release, clock, another intervention",
        ),
        (Tone::Violation, "!".into(), "margin: a rule is broken here, or a node's code panicked"),
        (Tone::Story, signs.story.into(), "margin: the scenario tells something about this event"),
        (Tone::Faint, signs.future.into(), "margin: this has not happened yet at the cursor"),
        (Tone::Changed, "~ +".into(), "in a state: changed, or new, since the event before"),
    ]
}
