//! The run as a whole: how much happens when, where the landmarks are, and where the cursor is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use orrery_sim::SimTime;

use crate::ui::index::last_by;
use crate::ui::model::Model;
use crate::ui::text::Pen;
use crate::ui::theme::{Theme, Tone};

use super::words;

/// The run's time cut into one slice per column.
struct Slices {
    end: u64,
    count: usize,
}

impl Slices {
    /// The slice of `time`.
    fn of(&self, time: SimTime) -> usize {
        let place = u128::from(time.as_nanos()) * self.count as u128 / u128::from(self.end.max(1));
        (place as usize).min(self.count.saturating_sub(1))
    }

    /// The last nanosecond of a slice.
    fn end_of(&self, slice: usize) -> SimTime {
        let end = u128::from(self.end) * (slice as u128 + 1) / self.count.max(1) as u128;
        if slice + 1 == self.count {
            return SimTime::MAX;
        }
        SimTime::from_nanos(u64::try_from(end).unwrap_or(u64::MAX).saturating_sub(1))
    }
}

/// Draws both lines.
pub fn draw(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    if area.height < 2 {
        return;
    }
    let end = model.end();
    let (from, to) = ("0s ", format!(" {}", words::short_time(end)));
    let mut pen = Pen::new(buffer, area, theme);
    let count = pen.width().saturating_sub(from.len() + to.len()).max(1);
    let slices = Slices { end: end.as_nanos() + 1, count };
    pen.put(0, 0, Tone::Faint, from);
    draw_density(model, &slices, from.len(), &mut pen, theme);
    pen.put(from.len() + count, 0, Tone::Faint, &to);
    for mark in model.index().landmarks().iter().filter_map(|event| model.mark(*event)) {
        // A broken rule hides what else is in its slice; the first landmark hides the others.
        if let Some((sign, tone)) = words::mark(mark, theme)
            && !mark.is_violation()
        {
            pen.put(from.len() + slices.of(mark.time), 1, tone, sign);
        }
    }
    for event in &model.bookmarks {
        let time = model.mark(*event).map_or(SimTime::ZERO, |mark| mark.time);
        pen.put(from.len() + slices.of(time), 1, Tone::Key, "m");
    }
    if let Some(mark) = model.index().violation().and_then(|event| model.mark(event)) {
        pen.put(from.len() + slices.of(mark.time), 1, Tone::Violation, "!");
    }
    let here = slices.of(model.session().view().time);
    pen.put(from.len() + here, 1, Tone::Focus, theme.signs.cursor_below);
    pen.wash_cells(from.len() + here, 0, 1, Tone::Selected);
}

fn draw_density(model: &Model, slices: &Slices, at: usize, pen: &mut Pen<'_>, theme: &Theme) {
    let marks = model.session().marks();
    let ends = (0..slices.count).map(|slice| last_by(marks, slices.end_of(slice)));
    let mut passed = 0;
    let mut counts = Vec::with_capacity(slices.count);
    for end in ends {
        counts.push(end.saturating_sub(passed));
        passed = end;
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let here = slices.of(model.session().view().time);
    let top = theme.signs.levels.len() as u64 - 1;
    for (slice, count) in counts.into_iter().enumerate() {
        let tone = if here < slice { Tone::Faint } else { Tone::Plain };
        // An empty slice is blank; one event already shows.
        let level = theme.signs.levels[(count * top).div_ceil(most).min(top) as usize];
        pen.put(at + slice, 0, tone, if count == 0 { " " } else { level });
    }
}
