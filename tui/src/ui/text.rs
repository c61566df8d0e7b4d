//! Lines of text whose pieces know what they are, and a pen that never writes outside of its area.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::theme::{Theme, Tone};

/// One line: pieces of text, each with its tone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<(Tone, String)>,
}

impl Line {
    /// A line of one piece.
    pub fn of(tone: Tone, text: impl Into<String>) -> Self {
        Self::default().then(tone, text)
    }

    /// One more piece.
    #[must_use]
    pub fn then(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.add(tone, text);
        self
    }

    /// Adds a piece.
    pub fn add(&mut self, tone: Tone, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.pieces.push((tone, text));
        }
    }

    /// Fills the line with blanks up to `width` cells.
    #[must_use]
    pub fn pad_to(self, width: usize) -> Self {
        let missing = width.saturating_sub(self.width());
        self.then(Tone::Plain, " ".repeat(missing))
    }

    /// How many cells it takes.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.width()).sum()
    }

    /// Its pieces.
    pub fn pieces(&self) -> &[(Tone, String)] {
        &self.pieces
    }

    /// Breaks it between words into lines of at most `width` cells; all but the first start with `indent` blanks.
    pub fn wrap(self, width: usize, indent: usize) -> Vec<Self> {
        if self.width() <= width || width == 0 {
            return vec![self];
        }
        let indent = if indent + 8 < width { indent } else { 0 };
        let mut lines = Vec::new();
        let mut line = Self::default();
        let mut used = 0;
        for (tone, text) in self.pieces {
            for word in text.split_inclusive(' ') {
                let mut rest = word;
                while !rest.is_empty() {
                    let room = width.saturating_sub(used);
                    let fits = rest.trim_end().width() <= room;
                    let start = if lines.is_empty() { 0 } else { indent };
                    if !fits && start < used {
                        lines.push(std::mem::take(&mut line));
                        line.add(Tone::Plain, " ".repeat(indent));
                        used = indent;
                        continue;
                    }
                    // A blank at the very end of a line is not worth a cell.
                    let (part, after) = match fits {
                        true if room < rest.width() => (rest.trim_end(), ""),
                        true => (rest, ""),
                        false => split_at_width(rest, room),
                    };
                    line.add(tone, part);
                    used += part.width();
                    rest = after;
                }
            }
        }
        lines.push(line);
        lines
    }
}

/// The longest start of `text` that takes at most `width` cells (but at least one character), and the rest.
fn split_at_width(text: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    for (position, letter) in text.char_indices() {
        used += letter.width().unwrap_or(0);
        if width < used && 0 < position {
            return text.split_at(position);
        }
    }
    (text, "")
}

/// `text` in at most `width` cells; where something is left out, it ends with `ellipsis`.
pub fn clip(text: &str, width: usize, ellipsis: &str) -> String {
    if text.width() <= width {
        return text.into();
    }
    match width.checked_sub(ellipsis.width()) {
        None | Some(0) => ellipsis.chars().take(width).collect(),
        Some(room) => format!("{}{ellipsis}", split_at_width(text, room).0),
    }
}

/// Writes into one area of a buffer and nowhere else. Positions count from the area's corner.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    theme: &'a Theme,
}

impl<'a> Pen<'a> {
    /// A pen for `area`.
    pub fn new(buffer: &'a mut Buffer, area: Rect, theme: &'a Theme) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area, theme }
    }

    /// The width of its area.
    pub const fn width(&self) -> usize {
        self.area.width as usize
    }

    /// The height of its area.
    pub const fn height(&self) -> usize {
        self.area.height as usize
    }

    /// Writes `text` and returns the position after it.
    pub fn put(&mut self, x: usize, y: usize, tone: Tone, text: &str) -> usize {
        self.put_styled(x, y, self.theme.style(tone), text)
    }

    fn put_styled(&mut self, x: usize, y: usize, style: Style, text: &str) -> usize {
        if self.height() <= y || self.width() <= x {
            return x;
        }
        let (left, top) = (self.area.x + x as u16, self.area.y + y as u16);
        let (end, _) = self.buffer.set_stringn(left, top, text, self.width() - x, style);
        (end - self.area.x) as usize
    }

    /// Writes `line` from `x` on. What does not fit ends with an ellipsis.
    pub fn line(&mut self, x: usize, y: usize, line: &Line) -> usize {
        let ellipsis = self.theme.signs.ellipsis;
        let is_cut = self.width() < x + line.width();
        let mut x = x;
        for (tone, text) in line.pieces() {
            let room = self.width().saturating_sub(x);
            let shown = if is_cut { clip(text, room, ellipsis) } else { text.clone() };
            let is_last = shown != *text;
            x = self.put(x, y, *tone, &shown);
            if is_last {
                break;
            }
        }
        x
    }

    /// Adds the looks of `tone` to a whole line.
    pub fn wash(&mut self, y: usize, tone: Tone) {
        if y < self.height() {
            let row = Rect { y: self.area.y + y as u16, height: 1, ..self.area };
            self.buffer.set_style(row, self.theme.style(tone));
        }
    }

    /// Adds the looks of `tone` to `count` cells.
    pub fn wash_cells(&mut self, x: usize, y: usize, count: usize, tone: Tone) {
        if x < self.width() && y < self.height() {
            let (left, top) = (self.area.x + x as u16, self.area.y + y as u16);
            let width = count.min(self.width() - x) as u16;
            self.buffer.set_style(Rect::new(left, top, width, 1), self.theme.style(tone));
        }
    }

    /// Makes the area empty.
    pub fn clear(&mut self) {
        for position in self.area.positions() {
            self.buffer[position].reset();
        }
    }
}

/// Draws `lines` from `offset` on.
pub fn draw_lines(pen: &mut Pen<'_>, lines: &[Line], offset: usize) {
    for (y, line) in lines.iter().skip(offset).take(pen.height()).enumerate() {
        pen.line(0, y, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line]) -> Vec<String> {
        let text = |line: &Line| line.pieces().iter().map(|(_, text)| text.as_str()).collect();
        lines.iter().map(text).collect()
    }

    #[test]
    fn lines_break_between_words_and_long_words_anywhere() {
        let line = Line::of(Tone::Plain, "one two ").then(Tone::Bad, "three four");
        assert_eq!(texts(&line.wrap(14, 2)), ["one two three ", "  four"]);
        let long = Line::of(Tone::Plain, "abcdefghij");
        assert_eq!(texts(&long.wrap(4, 0)), ["abcd", "efgh", "ij"]);
        assert_eq!(texts(&Line::of(Tone::Plain, "日本語").wrap(1, 0)).len(), 3);
    }

    #[test]
    fn clipping_counts_cells() {
        assert_eq!(clip("abcdef", 6, "…"), "abcdef");
        assert_eq!(clip("abcdef", 4, "…"), "abc…");
        assert_eq!(clip("日本語", 4, "…"), "日…");
        assert_eq!(clip("abc", 1, "…"), "…");
        assert_eq!(clip("abc", 0, "…"), "");
    }
}
