//! Which pane is where, as a pure function of the size of the screen and of what is in use.

use ratatui::layout::Rect;

use super::action::Pane;

/// The smallest screen that shows anything.
pub const SMALLEST: (u16, u16) = (40, 12);
/// The smallest screen with a pane below the diagram.
const TABBED: (u16, u16) = (80, 24);
/// The smallest screen with all panes.
const FULL: (u16, u16) = (110, 34);

/// Where everything goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// What is open, and where the cursor is.
    pub header: Rect,
    /// The panes that are shown.
    pub panes: Vec<(Pane, Rect)>,
    /// Whether the last pane of `panes` shares its place with the others, which its frame names.
    pub has_tabs: bool,
    /// The run as a whole; empty where there is no room.
    pub scrubber: Rect,
    /// Messages and questions, where they have a line of their own.
    pub status: Option<Rect>,
    /// The keys.
    pub hints: Rect,
}

impl Arrangement {
    /// Where `pane` is, if it is shown.
    pub fn place(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|(shown, _)| *shown == pane).map(|(_, area)| *area)
    }
}

/// Arranges `area`; `None` if it is too small for anything.
pub fn arrange(area: Rect, focus: Pane, lower: Pane, is_zoomed: bool) -> Option<Arrangement> {
    let fits = |(width, height): (u16, u16)| width <= area.width && height <= area.height;
    if !fits(SMALLEST) {
        return None;
    }
    let has_status = fits(FULL);
    let scrubber = if 16 <= area.height { 2 } else { 0 };
    let (header, rest) = split_top(area, 1);
    let (rest, hints) = split_bottom(rest, 1);
    let (rest, status) = split_bottom(rest, u16::from(has_status));
    let (body, scrubber) = split_bottom(rest, scrubber);
    let (panes, has_tabs) = if is_zoomed {
        (vec![(focus, body)], false)
    } else if fits(FULL) {
        (full(body), false)
    } else if fits(TABBED) {
        let (above, below) = split_bottom(body, (body.height * 2 / 5).max(8));
        (vec![(Pane::SpaceTime, above), (lower, below)], true)
    } else {
        (vec![(focus, body)], true)
    };
    let status = has_status.then_some(status);
    Some(Arrangement { header, panes, has_tabs, scrubber, status, hints })
}

/// The diagram on the left, nodes and pending on the right, event and history below.
fn full(body: Rect) -> Vec<(Pane, Rect)> {
    let (above, below) = split_bottom(body, body.height * 12 / 35);
    let (left, right) = split_right(above, above.width * 3 / 8);
    let (nodes, pending) = split_bottom(right, right.height / 2);
    let (event, history) = split_right(below, below.width / 2);
    vec![
        (Pane::SpaceTime, left),
        (Pane::Nodes, nodes),
        (Pane::Pending, pending),
        (Pane::Event, event),
        (Pane::History, history),
    ]
}

fn split_top(area: Rect, height: u16) -> (Rect, Rect) {
    let height = height.min(area.height);
    let below = Rect { y: area.y + height, height: area.height - height, ..area };
    (Rect { height, ..area }, below)
}

fn split_bottom(area: Rect, height: u16) -> (Rect, Rect) {
    split_top(area, area.height.saturating_sub(height))
}

fn split_right(area: Rect, width: u16) -> (Rect, Rect) {
    let left = area.width.saturating_sub(width);
    (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arrangement as a picture at a tenth of its width and half of its height.
    fn picture(width: u16, height: u16, is_zoomed: bool) -> String {
        let area = Rect::new(0, 0, width, height);
        let Some(places) = arrange(area, Pane::Event, Pane::Event, is_zoomed) else {
            return String::from("too small");
        };
        let sign = |x: u16, y: u16| {
            let is_in = |area: Rect| area.contains((x, y).into());
            let pane = places.panes.iter().find(|(_, area)| is_in(*area));
            match pane {
                Some((pane, _)) => pane.index().to_string().replace('0', "s"),
                None if is_in(places.header) => String::from("t"),
                None if is_in(places.scrubber) => String::from("~"),
                None if places.status.is_some_and(is_in) => String::from("m"),
                None if is_in(places.hints) => String::from("k"),
                None => String::from("?"),
            }
        };
        let line = |y| (0..width).step_by(10).map(|x| sign(x, y)).collect::<String>();
        (0..height).map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_cell_belongs_to_something_and_panes_are_where_they_should_be() {
        for (width, height) in [(120, 40), (110, 34), (80, 24), (100, 60), (40, 12), (250, 16)] {
            for is_zoomed in [false, true] {
                let shown = picture(width, height, is_zoomed);
                assert!(!shown.contains('?'), "{width}x{height}\n{shown}");
            }
        }
        assert_eq!(picture(39, 12, false), "too small");
        let small = picture(80, 24, false);
        assert_eq!(small.matches("ssssssss").count(), 12, "{small}");
        assert_eq!(small.matches("33333333").count(), 8, "{small}");
        let full = picture(120, 40, false);
        assert_eq!(full.lines().nth(1), Some("ssssssss1111"), "{full}");
        assert_eq!(full.lines().nth(20), Some("ssssssss2222"), "{full}");
        assert_eq!(full.lines().nth(30), Some("333333444444"), "{full}");
    }
}
