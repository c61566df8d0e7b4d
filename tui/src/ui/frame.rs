//! The frames around panes: title or tabs above, the position in a long text below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Borders, Widget as _};

use super::action::Pane;
use super::text::{Line, Pen};
use super::theme::{Theme, Tone};

/// What a frame says.
#[derive(Clone, Debug, Default)]
pub struct Caption {
    /// Above.
    pub title: Line,
    /// Below, to the right.
    pub position: String,
    /// Whether the pane is in use.
    pub is_focused: bool,
}

/// Draws a frame and returns the area within.
pub fn draw(caption: &Caption, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Rect {
    let (set, tone) = if caption.is_focused {
        (theme.signs.frame_focus, Tone::Focus)
    } else {
        (theme.signs.frame, Tone::Frame)
    };
    let block = Block::new().borders(Borders::ALL).border_set(set).border_style(theme.style(tone));
    let inner = block.inner(area);
    block.render(area, buffer);
    let title = Rect { x: area.x + 1, width: area.width.saturating_sub(2), height: 1, ..area };
    Pen::new(buffer, title, theme).line(0, 0, &caption.title);
    if !caption.position.is_empty() && 2 <= area.height {
        let below = Rect { y: area.bottom() - 1, ..title };
        let mut pen = Pen::new(buffer, below, theme);
        let text = format!(" {} ", caption.position);
        let x = pen.width().saturating_sub(text.chars().count() + 1);
        pen.put(x, 0, tone, &text);
    }
    inner
}

/// The title of a pane, or the titles of all the panes that share one place, as far as they fit.
pub fn title(pane: Pane, shared: &[Pane], is_focused: bool, width: usize) -> Line {
    let own = if is_focused { Tone::Focus } else { Tone::Title };
    if shared.is_empty() {
        return Line::of(own, format!("{} {} ", pane.index() + 1, pane.title()));
    }
    let mut line = Line::default();
    for &other in shared {
        let text = format!("{} {}", other.index() + 1, other.title());
        if other == pane {
            line.add(own, format!("[{text}] "));
        } else {
            line.add(Tone::Faint, format!("{text} "));
        }
    }
    if line.width() <= width {
        return line;
    }
    let own_name = format!("{} {} ", pane.index() + 1, pane.title());
    Line::of(own, own_name).then(Tone::Faint, "(Tab: the others) ")
}

/// The position in a text of `total` lines of which `height` are seen from `offset` on; empty if all are.
pub fn position(offset: usize, height: usize, total: usize) -> String {
    if total <= height {
        return String::new();
    }
    format!("{}-{} of {total}: PgDn", offset + 1, (offset + height).min(total))
}
