//! A list to choose from, over the panes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::frame::{self, Caption};
use crate::ui::menu::{Menu, Then};
use crate::ui::text::{Line, Pen, clip, draw_lines};
use crate::ui::theme::{Theme, Tone};

/// The widest that a list gets.
const WIDEST: u16 = 72;

/// Draws the list in the lower left corner of `area`, so that the diagram around the cursor mostly stays seen.
pub fn draw(menu: &Menu, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let (width, wanted) = (area.width.min(WIDEST), menu.entries.len().max(1) as u16 + 2);
    let height = wanted.min(area.height);
    let place = Rect { y: area.bottom() - height, width, height, ..area };
    Pen::new(buffer, place, theme).clear();
    let (width, height) = (usize::from(width).saturating_sub(2), usize::from(height) - 2);
    let lines: Vec<Line> = menu
        .entries
        .iter()
        .enumerate()
        .map(|(place, entry)| {
            let is_chosen = place == menu.chosen;
            let (sign, tone) =
                if is_chosen { (theme.signs.cursor, Tone::Selected) } else { (" ", Tone::Plain) };
            let tone = match &entry.then {
                Then::Do(_) | Then::Go(_) | Then::Export(_) | Then::Act(_) => tone,
                Then::Choose(_) if is_chosen => tone,
                Then::Choose(_) => Tone::Key,
            };
            let text = clip(&entry.text, width.saturating_sub(2), theme.signs.ellipsis);
            Line::of(Tone::Focus, format!("{sign} ")).then(tone, text)
        })
        .collect();
    let offset = menu.chosen.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
    let caption = Caption {
        title: Line::of(Tone::Focus, format!("{} ", menu.title)),
        position: frame::position(offset, height, lines.len()),
        is_focused: true,
    };
    let inner = frame::draw(&caption, theme, place, buffer);
    draw_lines(&mut Pen::new(buffer, inner, theme), &lines, offset);
}
