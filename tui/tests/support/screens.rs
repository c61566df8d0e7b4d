//! The debugger on a screen that is only a buffer.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use orrery::ui::app::{App, press};
use orrery::ui::key::Key;
use orrery::ui::model::{Model, Settings};
use orrery::ui::update::Command;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::story::FakeSession;

pub fn open(session: FakeSession) -> Model {
    Model::new(Box::new(session), Settings::default())
}

/// Presses keys one after the other: letters as they are, others by their name in angle brackets: `gg<Enter>`.
pub fn keys(app: &mut dyn App, text: &str) -> Option<Command> {
    let mut last = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let (key, after) = match named.and_then(|(name, after)| Some((name.parse().ok()?, after))) {
            Some((key, after)) => (key, after),
            None => (Key::Char(first), &rest[first.len_utf8()..]),
        };
        last = press(app, key);
        rest = after;
    }
    last
}

pub fn draw(app: &mut dyn App, (width, height): (u16, u16)) -> Buffer {
    app.act(orrery::ui::action::Action::Resize(width, height));
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    app.paint(area, &mut buffer);
    buffer
}

/// What is on the screen, without blanks at the ends of lines.
pub fn text(buffer: &Buffer) -> String {
    let line = |y| {
        let cells = (buffer.area.left()..buffer.area.right()).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    };
    (buffer.area.top()..buffer.area.bottom()).map(line).collect::<Vec<_>>().join("\n")
}

pub fn screen(app: &mut dyn App, size: (u16, u16)) -> String {
    text(&draw(app, size))
}

/// The styles of each line: how many cells have which.
pub fn styles(buffer: &Buffer) -> String {
    let mut lines = Vec::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut runs: Vec<(usize, String)> = Vec::new();
        for x in buffer.area.left()..buffer.area.right() {
            let name = style_name(buffer[(x, y)].style());
            match runs.last_mut().filter(|(_, last)| *last == name) {
                Some((count, _)) => *count += 1,
                None => runs.push((1, name)),
            }
        }
        let runs: Vec<String> = runs.iter().map(|(count, name)| format!("{count}{name}")).collect();
        lines.push(runs.join(" "));
    }
    lines.join("\n")
}

fn style_name(style: Style) -> String {
    let mut name = String::new();
    for (sign, colour) in [('#', style.fg), ('@', style.bg)] {
        if let Some(colour) = colour.filter(|colour| *colour != Color::Reset) {
            name.push(sign);
            name.push_str(&colour.to_string());
        }
    }
    for (sign, modifier) in [
        ('b', Modifier::BOLD),
        ('d', Modifier::DIM),
        ('i', Modifier::ITALIC),
        ('u', Modifier::UNDERLINED),
        ('r', Modifier::REVERSED),
    ] {
        if style.add_modifier.contains(modifier) {
            name.extend(['+', sign]);
        }
    }
    if name.is_empty() { ".".into() } else { name }
}
