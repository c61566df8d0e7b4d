//! The debugger's screen as text, as a page or a mail shows it.

use std::ops::RangeInclusive;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::action::Action;
use crate::ui::app::App;
use crate::ui::model::Model;

/// The size of the screen.
const SIZE: (u16, u16) = (120, 36);

/// The screen as it is if the cursor is on the last event of the range already, else as it is there.
pub(super) fn export(model: &mut Model, range: RangeInclusive<u64>) -> String {
    let size = model.size;
    if model.cursor() != *range.end() {
        model.go(*range.end());
    }
    model.act(Action::Resize(SIZE.0, SIZE.1));
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    let mut buffer = Buffer::empty(area);
    model.paint(area, &mut buffer);
    model.act(Action::Resize(size.0, size.1));
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let line: String = (area.left()..area.right()).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
