//! The space-time diagram: one line per event in the order of execution, time running downward, one lane
//! per node, an arrow on the line where a message arrives.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use orrery_harness::Mark;
use orrery_harness::session::{Row, RowKind};

use crate::ui::action::Pane;
use crate::ui::frame::{self, Caption};
use crate::ui::index::DiagramLine;
use crate::ui::model::{Model, Search};
use crate::ui::text::{Line, Pen};
use crate::ui::theme::{Theme, Tone};

use super::lanes::{Lanes, Strip};
use super::words;

/// The column of the time: after the cursor and the mark.
const TIME_AT: usize = 3;

/// Where things are on a line.
struct Columns {
    lanes: Lanes,
    lanes_at: usize,
    text_at: usize,
}

/// Draws the diagram with its frame.
pub fn draw(model: &Model, theme: &Theme, title: Line, area: Rect, buffer: &mut Buffer) {
    let lines = model.index().lines();
    let height = usize::from(area.height.saturating_sub(3));
    let columns = columns(model, usize::from(area.width.saturating_sub(2)));
    let top = top(model.index().line_of(model.cursor()), height, lines.len());
    let caption = Caption {
        title: with_window(title, &columns.lanes),
        position: format!("event {} of {}", model.cursor(), model.last()),
        is_focused: model.focus == Pane::SpaceTime,
    };
    let inner = frame::draw(&caption, theme, area, buffer);
    let mut pen = Pen::new(buffer, inner, theme);
    draw_heading(model, &columns, &mut pen);
    for (y, line) in lines.iter().skip(top).take(height).enumerate() {
        draw_line(model, theme, &columns, *line, y + 1, &mut pen);
    }
}

/// The first line that is seen: the cursor stays at three fifths of the height, except near both ends.
fn top(cursor: usize, height: usize, total: usize) -> usize {
    cursor.saturating_sub(height * 3 / 5).min(total.saturating_sub(height))
}

fn columns(model: &Model, width: usize) -> Columns {
    let lanes_at = TIME_AT + words::seconds(model.end()).len() + 1;
    let text = match width {
        70.. => 26,
        50..70 => 20,
        _ => 12,
    };
    let nodes = model.session().header().nodes as usize;
    let lanes = Lanes::fit(width.saturating_sub(lanes_at + text), nodes, model.selected);
    Columns { lanes, lanes_at, text_at: lanes_at + lanes.width() + usize::from(lanes.is_window()) }
}

fn with_window(title: Line, lanes: &Lanes) -> Line {
    if !lanes.is_window() {
        return title;
    }
    let (first, last) = (lanes.first + 1, lanes.first + lanes.count);
    title.then(Tone::Faint, format!("n{first}-n{last} of {} (h/l) ", lanes.total))
}

fn draw_heading(model: &Model, columns: &Columns, pen: &mut Pen<'_>) {
    pen.put(TIME_AT, 0, Tone::Faint, "t(s)");
    for node in columns.lanes.nodes() {
        let Some(column) = columns.lanes.column(node) else { continue };
        let name = node.to_string();
        // A name stands centred over its lane as far as it can without touching its neighbour.
        let at = columns.lanes_at + column - usize::from(2 < name.len());
        let tone = if node == model.selected { Tone::Selected } else { Tone::Title };
        pen.put(at, 0, tone, &name);
    }
    pen.put(columns.text_at, 0, Tone::Faint, "event");
}

fn draw_line(
    model: &Model,
    theme: &Theme,
    columns: &Columns,
    line: DiagramLine,
    y: usize,
    pen: &mut Pen<'_>,
) {
    let (here, signs) = (model.cursor(), &theme.signs);
    let is_future = here < line.event;
    let shade = |tone| if is_future { Tone::Faint } else { tone };
    let mut strip = Strip::new(columns.lanes, model.index(), line.event, theme);
    let text = match model.row(line.event) {
        None => start_line(model),
        Some(row) if line.is_lost => {
            strip.draw_lost(&row);
            lost_line(&row)
        }
        Some(row) => {
            strip.draw_row(&row);
            if let Some((sign, tone)) = words::mark(&Mark::of(&row), theme) {
                pen.put(1, y, tone, sign);
            }
            pen.put(TIME_AT, y, shade(Tone::Plain), &words::seconds(row.time));
            let is_far = row_is_far(&row, &columns.lanes);
            words::row_line(&row, model.session().header().nodes, theme, is_far)
        }
    };
    for (x, (tone, sign)) in strip.cells().iter().enumerate() {
        pen.put(columns.lanes_at + x, y, shade(*tone), sign);
    }
    let is_hit = |search: &Search| search.hits.binary_search(&line.event).is_ok();
    let end = pen.line(columns.text_at, y, &shaded(text, is_future));
    if !line.is_lost && model.search.as_ref().is_some_and(is_hit) {
        pen.wash_cells(columns.text_at, y, end - columns.text_at, Tone::Hit);
    }
    if is_future {
        pen.put(0, y, Tone::Faint, signs.future);
    } else if line.event == here && !line.is_lost {
        pen.put(0, y, Tone::Focus, signs.cursor);
        pen.wash(y, Tone::Cursor);
    }
}

/// What has not happened yet is faint, whatever it is.
fn shaded(line: Line, is_future: bool) -> Line {
    if !is_future {
        return line;
    }
    let text: String = line.pieces().iter().map(|(_, text)| text.as_str()).collect();
    Line::of(Tone::Faint, text)
}

fn start_line(model: &Model) -> Line {
    let words = if model.last() == 0 { "nothing happens in this run" } else { "start of the run" };
    Line::of(Tone::Faint, words)
}

fn lost_line(row: &Row) -> Line {
    let lost: Vec<&str> =
        row.sent.iter().filter(|sent| sent.is_lost).map(|sent| sent.kind.as_str()).collect();
    let kind = lost.first().copied().unwrap_or_default();
    let words = if lost.len() == 1 {
        format!("{kind} lost on the way")
    } else {
        format!("{} {kind} lost on the way", lost.len())
    };
    Line::of(Tone::Lost, words)
}

/// Whether one end of the row's message is not seen, so that it must be named.
fn row_is_far(row: &Row, lanes: &Lanes) -> bool {
    let RowKind::Arrive { message, .. } = &row.kind else { return false };
    lanes.column(message.from).is_none() || lanes.column(message.to).is_none()
}
