//! The whole screen, as a pure function of the model: it draws into a buffer and changes nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::Pane;
use super::frame::{self, Caption};
use super::layout::{self, Arrangement, SMALLEST};
use super::model::Model;
use super::panes::{event, header, help, history, menu, nodes, pending, scrubber, space_time};
use super::text::{Line, Pen, draw_lines};
use super::theme::{Theme, Tone};

/// Draws the debugger.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = Theme::new(model.settings.theme, model.settings.is_ascii);
    let Some(places) = arrangement(model, area) else {
        return too_small(&theme, area, buffer);
    };
    header::draw(model, &theme, places.header, buffer);
    for &(pane, place) in &places.panes {
        draw_pane(model, &theme, &places, (pane, place), buffer);
    }
    scrubber::draw(model, &theme, places.scrubber, buffer);
    header::draw_foot(model, &theme, places.status, places.hints, buffer);
    if let Some(menu) = model.menus.last() {
        menu::draw(menu, &theme, body(&places), buffer);
    }
    if let Some(offset) = model.help {
        help::draw(offset, &theme, body(&places), buffer);
    }
}

/// Says which size is needed.
pub fn too_small(theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let (width, height) = SMALLEST;
    let sign = if theme.signs.frame.top_left == "+" { "x" } else { "×" };
    let text = format!(
        "{width}{sign}{height} needed, this is {}{sign}{}. Enlarge the window, or press q to quit.",
        area.width, area.height
    );
    let lines = Line::of(Tone::Plain, text).wrap(area.width.into(), 0);
    draw_lines(&mut Pen::new(buffer, area, theme), &lines, 0);
}

fn arrangement(model: &Model, area: Rect) -> Option<Arrangement> {
    layout::arrange(area, model.focus, model.lower, model.is_zoomed)
}

fn draw_pane(
    model: &Model,
    theme: &Theme,
    places: &Arrangement,
    (pane, place): (Pane, Rect),
    buffer: &mut Buffer,
) {
    let is_focused = pane == model.focus;
    let shared = match (places.has_tabs, places.panes.len(), pane) {
        (false, ..) | (true, 2.., Pane::SpaceTime) => &[],
        (true, 2.., _) => &Pane::ALL[1..],
        (true, ..) => &Pane::ALL[..],
    };
    let (width, height) = inner_size(place);
    let title = frame::title(pane, shared, is_focused, width);
    if pane == Pane::SpaceTime {
        return space_time::draw(model, theme, title, place, buffer);
    }
    let lines = lines_of(model, theme, pane, width);
    let (fixed, lines) = lines.split_at(fixed(pane).min(lines.len()));
    let height = height.saturating_sub(fixed.len());
    let most = lines.len().saturating_sub(height);
    let own = model.scroll[pane.index()];
    let offset = if own == 0 { anchor(model, pane, height) } else { own }.min(most);
    let position = frame::position(offset, height, lines.len());
    let inner = frame::draw(&Caption { title, position, is_focused }, theme, place, buffer);
    draw_lines(&mut Pen::new(buffer, inner, theme), fixed, 0);
    let below = inner.height.saturating_sub(fixed.len() as u16);
    let inner = Rect { y: inner.bottom() - below, height: below, ..inner };
    draw_lines(&mut Pen::new(buffer, inner, theme), lines, offset);
}

/// How many lines of a pane stay when the rest scrolls: the heading of the table of nodes.
const fn fixed(pane: Pane) -> usize {
    if matches!(pane, Pane::Nodes) { 1 } else { 0 }
}

/// Where a pane starts that nobody has scrolled: the table of nodes shows the selected one.
fn anchor(model: &Model, pane: Pane, height: usize) -> usize {
    if pane == Pane::Nodes { (model.selected.index() + 1).saturating_sub(height) } else { 0 }
}

/// The text of a pane other than the diagram.
pub fn lines_of(model: &Model, theme: &Theme, pane: Pane, width: usize) -> Vec<Line> {
    match pane {
        Pane::SpaceTime => Vec::new(),
        Pane::Nodes => nodes::lines(model, theme, width),
        Pane::Pending => pending::lines(model, theme, width),
        Pane::Event => event::lines(model, theme, width),
        Pane::History => history::lines(model, theme, width),
    }
}

fn inner_size(place: Rect) -> (usize, usize) {
    (usize::from(place.width.saturating_sub(2)), usize::from(place.height.saturating_sub(2)))
}

fn place_now(model: &Model, pane: Pane) -> Option<Rect> {
    let (width, height) = model.size;
    arrangement(model, Rect::new(0, 0, width, height))?.place(pane)
}

/// How many lines of `pane` are seen at once.
pub fn page(model: &Model, pane: Pane) -> usize {
    let heading = if pane == Pane::SpaceTime { 1 } else { fixed(pane) };
    place_now(model, pane).map_or(LEAP, |place| inner_size(place).1.saturating_sub(heading))
}

/// A page where nothing is seen.
const LEAP: usize = 10;

/// How many lines `pane` has that scroll.
pub fn text_height(model: &Model, pane: Pane) -> usize {
    let theme = Theme::new(model.settings.theme, model.settings.is_ascii);
    let place = place_now(model, pane);
    let lines = place.map_or(0, |place| lines_of(model, &theme, pane, inner_size(place).0).len());
    lines.saturating_sub(fixed(pane))
}

/// Everything between header and keys: where the help goes.
fn body(places: &Arrangement) -> Rect {
    let top = places.header.bottom();
    Rect { y: top, height: places.hints.y.saturating_sub(top), ..places.header }
}

fn help_place(model: &Model) -> Option<Rect> {
    let (width, height) = model.size;
    arrangement(model, Rect::new(0, 0, width, height)).map(|places| body(&places))
}

/// How many lines of the help are seen at once.
pub fn help_page(model: &Model) -> usize {
    help_place(model).map_or(LEAP, |place| inner_size(place).1)
}

/// How many lines the help has.
pub fn help_height(model: &Model) -> usize {
    let theme = Theme::new(model.settings.theme, model.settings.is_ascii);
    help_place(model).map_or(0, |place| help::lines(&theme, inner_size(place).0).len())
}
