//! A film of the debugger for asciinema (asciicast, version 2): a screen for each landmark of the run.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use serde_json::json;

use orrery_harness::Mark;

use crate::ui::action::Action;
use crate::ui::app::App;
use crate::ui::model::Model;

/// The size of its screen.
const SIZE: (u16, u16) = (120, 36);
/// A screen stays so many milliseconds.
const STAYS: u64 = 900;

pub(super) fn export(model: &mut Model, range: RangeInclusive<u64>) -> String {
    let session = model.session();
    let title = format!("{} seed {}", session.header().scenario, session.header().seed);
    let header = json!({"version": 2, "width": SIZE.0, "height": SIZE.1, "title": title});
    let mut film = format!("{header}\n");
    let is_shown = |event: &u64| {
        let mark = session.marks().get(*event as usize - 1);
        event == range.end() || mark.is_some_and(Mark::is_landmark)
    };
    let shown: Vec<u64> = range.clone().filter(is_shown).collect();
    let size = model.size;
    model.act(Action::Resize(SIZE.0, SIZE.1));
    for (number, event) in (0..).zip(shown) {
        model.go(event);
        let area = Rect::new(0, 0, SIZE.0, SIZE.1);
        let mut buffer = Buffer::empty(area);
        model.paint(area, &mut buffer);
        let (seconds, millis) = (number * STAYS / 1_000, number * STAYS % 1_000);
        writeln!(film, "[{seconds}.{millis:03}, \"o\", {}]", json!(screen(&buffer)))
            .expect("strings grow");
    }
    model.act(Action::Resize(size.0, size.1));
    film
}

/// What makes a terminal show this, whatever it showed before.
fn screen(buffer: &Buffer) -> String {
    let mut text = String::from("\x1b[H");
    let mut style = None;
    for y in buffer.area.top()..buffer.area.bottom() {
        if y != buffer.area.top() {
            text.push_str("\r\n");
        }
        for x in buffer.area.left()..buffer.area.right() {
            let cell = &buffer[(x, y)];
            let wanted = codes(cell);
            if style.as_ref() != Some(&wanted) {
                text.push_str("\x1b[");
                text.push_str(&wanted);
                text.push('m');
                style = Some(wanted);
            }
            text.push_str(cell.symbol());
        }
    }
    text.push_str("\x1b[0m");
    text
}

/// The numbers of a cell's style: SGR of ECMA-48.
fn codes(cell: &Cell) -> String {
    let mut codes = String::from("0");
    for (modifier, code) in [
        (Modifier::BOLD, 1),
        (Modifier::DIM, 2),
        (Modifier::ITALIC, 3),
        (Modifier::UNDERLINED, 4),
        (Modifier::REVERSED, 7),
        (Modifier::CROSSED_OUT, 9),
    ] {
        if cell.modifier.contains(modifier) {
            write!(codes, ";{code}").expect("strings grow");
        }
    }
    codes.push_str(&colour(cell.fg, 30));
    codes.push_str(&colour(cell.bg, 40));
    codes
}

/// The numbers of a colour: `base` is 30 for the letters and 40 for what is behind them.
fn colour(colour: Color, base: u8) -> String {
    let plain = |number: u8| format!(";{}", base + number);
    let bright = |number: u8| format!(";{}", base + 60 + number);
    match colour {
        Color::Reset => String::new(),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(index) => format!(";{};5;{index}", base + 8),
        Color::Rgb(red, green, blue) => format!(";{};2;{red};{green};{blue}", base + 8),
    }
}
