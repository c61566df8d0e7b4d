//! A space-time diagram (Lamport 1978): a line per node, time to the right, messages as arrows between them.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use orrery_harness::marks::leads;
use orrery_harness::session::{ArrivalFate, Row, RowKind, Session, SessionError};
use orrery_sim::{NodeId, SimTime};

use super::escaped;
use super::spans::{Being, spans};

/// Pixels: what is left of the lines, above them, between them.
const LEFT: u64 = 70;
const TOP: u64 = 64;
const LANE: u64 = 70;
/// From one event to the next, where there are few; of many, all together.
const STEP: u64 = 14;
const WIDEST: u64 = 40_000;
/// Labels of messages are drawn where there are at most so many.
const LABELLED: usize = 60;

const STYLE: &str = "\
text{font:12px sans-serif;fill:#222}.t{font-size:10px;fill:#666}.lane{stroke:#999}\
.lead{fill:#8ec07c}.role{fill:#d5dbe3}.down{fill:#e8b4ae}.paused{fill:#f1dfa9}\
.m{stroke:#3b6ea5;stroke-width:1}.x{stroke:#b5403a;stroke-width:1;stroke-dasharray:4 3}\
.e{fill:#3b6ea5}.f{fill:#c07c17}.v{fill:#c4281f}.l{font-size:10px;fill:#3b6ea5}";

/// Where things are drawn. Each event has a place of its own, so that a burst can be read: to the right is later, but how much later
/// only the axis says.
struct Canvas {
    first: u64,
    times: Vec<SimTime>,
    step: u64,
}

impl Canvas {
    fn width(&self) -> u64 {
        (self.times.len() as u64 + 1) * self.step
    }

    /// Of the event of that number; of an earlier one, the left end.
    fn x(&self, event: u64) -> u64 {
        LEFT + (event + 1).saturating_sub(self.first) * self.step
    }

    /// Of the last event by then.
    fn x_at(&self, time: SimTime) -> u64 {
        LEFT + self.times.partition_point(|other| *other <= time) as u64 * self.step
    }

    fn y(node: NodeId) -> u64 {
        TOP + LANE * u64::from(node.0.saturating_sub(1)) + LANE / 2
    }
}

pub(super) fn export(
    session: &mut dyn Session,
    range: RangeInclusive<u64>,
) -> Result<String, SessionError> {
    let header = session.header().clone();
    let spans = spans(session, range.clone())?;
    let first = *range.start();
    let rows: Vec<_> = super::rows(session, range).collect();
    let step = (WIDEST / rows.len().max(1) as u64).clamp(2, STEP);
    let times = rows.iter().map(|row| row.time).collect();
    let canvas = Canvas { first, times, step };
    let width = canvas.width();
    let height = TOP + LANE * u64::from(header.nodes) + 50;
    let all = LEFT + width + 40;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" data-step=\"{step}\" viewBox=\"0 0 {all} {height}\" width=\"{all}\" height=\"{height}\">\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"20\">{}, seed {}: {}</text>\n",
        escaped(&header.scenario),
        header.seed,
        escaped(&header.title)
    );
    for node in (1..=header.nodes).map(NodeId) {
        let y = Canvas::y(node);
        writeln!(
            svg,
            "<text x=\"10\" y=\"{}\">{node}</text><line class=\"lane\" x1=\"{LEFT}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\"/>",
            y + 4,
            LEFT + width
        )
        .expect("strings grow");
    }
    for span in &spans {
        let (class, name) = match &span.being {
            Being::Role(role) if leads(role) => ("lead", role.as_str()),
            Being::Role(role) => ("role", role.as_str()),
            Being::Down => ("down", "down"),
            Being::Paused => ("paused", "paused"),
        };
        let (x, to, y) = (canvas.x_at(span.from), canvas.x_at(span.to), Canvas::y(span.node));
        writeln!(
            svg,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"{}\" height=\"10\"><title>{} {}: {} to {}</title></rect>",
            y - 5,
            (to - x).max(1),
            span.node,
            escaped(name),
            span.from,
            span.to
        )
        .expect("strings grow");
    }
    axis(&canvas, height, &mut svg);
    messages(&rows, &canvas, &mut svg);
    for row in &rows {
        event(row, &canvas, &mut svg);
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// The times of some events, with room between them.
fn axis(canvas: &Canvas, height: u64, svg: &mut String) {
    let every = (100 / canvas.step) as usize;
    for (place, time) in canvas.times.iter().enumerate().step_by(every.max(1)) {
        let x = canvas.x(canvas.first + place as u64);
        writeln!(svg, "<text class=\"t\" x=\"{x}\" y=\"{}\">{time}</text>", height - 14)
            .expect("strings grow");
    }
}

fn messages(rows: &[std::rc::Rc<Row>], canvas: &Canvas, svg: &mut String) {
    let arrivals = rows.iter().filter(|row| matches!(row.kind, RowKind::Arrive { .. })).count();
    for row in rows {
        for lost in row.sent.iter().filter(|sent| sent.is_lost) {
            let (from, to) = (Canvas::y(lost.message.from), Canvas::y(lost.message.to));
            let (x, half) = (canvas.x(row.number), u64::midpoint(from, to));
            line(
                svg,
                "x",
                (x, from),
                (x + 6, half),
                &format!("{} {} lost", lost.message, lost.kind),
            );
        }
        let RowKind::Arrive { message, sent_at, fate, .. } = &row.kind else { continue };
        let class = match fate {
            ArrivalFate::Handled | ArrivalFate::Waits => "m",
            ArrivalFate::Down
            | ArrivalFate::CutOff
            | ArrivalFate::Clogged
            | ArrivalFate::Damaged => "x",
        };
        let x = canvas.x(*sent_at);
        let payload = row.payload.as_deref().unwrap_or_default();
        let (a, b) = ((x, Canvas::y(message.from)), (canvas.x(row.number), Canvas::y(message.to)));
        line(svg, class, a, b, &format!("{message} {} {payload}", row.title));
        if arrivals <= LABELLED {
            let (x, y) = (u64::midpoint(a.0, b.0) + 3, u64::midpoint(a.1, b.1));
            let title = escaped(&super::cut(&row.title, 24));
            writeln!(svg, "<text class=\"l\" x=\"{x}\" y=\"{y}\">{title}</text>")
                .expect("strings grow");
        }
    }
}

fn line(svg: &mut String, class: &str, from: (u64, u64), to: (u64, u64), title: &str) {
    let title = escaped(title);
    let ((x1, y1), (x2, y2)) = (from, to);
    writeln!(
        svg,
        "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"><title>{title}</title></line>"
    )
    .expect("strings grow");
}

/// What is marked: a dot where a message arrived, a diamond for a fault, a cross-bar over all lines for a broken rule.
fn event(row: &Row, canvas: &Canvas, svg: &mut String) {
    let (x, title) = (canvas.x(row.number), escaped(&format!("{} {}", row.time, row.title)));
    let y = row.node.map(Canvas::y);
    match (&row.kind, y) {
        (RowKind::Fault { .. } | RowKind::Panic, y) => {
            let y = y.unwrap_or(TOP);
            writeln!(
                svg,
                "<path class=\"f\" d=\"M{x} {} l6 6 l-6 6 l-6 -6 z\"><title>{title}</title></path><text class=\"t\" x=\"{}\" y=\"{}\">{}</text>",
                y - 6,
                x + 8,
                y - 8,
                escaped(&super::cut(&row.title, 40))
            )
        }
        (_, Some(y)) => {
            writeln!(svg, "<circle class=\"e\" cx=\"{x}\" cy=\"{y}\" r=\"2.5\"><title>{title}</title></circle>")
        }
        (_, None) => Ok(()),
    }
    .expect("strings grow");
    if let Some(rule) = &row.violation {
        let (y, rule) = (y.unwrap_or(TOP), escaped(rule));
        writeln!(
            svg,
            "<circle class=\"v\" cx=\"{x}\" cy=\"{y}\" r=\"7\"><title>{rule}</title></circle><text x=\"{}\" y=\"44\" text-anchor=\"end\" style=\"fill:#c4281f\">{rule}</text>",
            x + 20
        )
        .expect("strings grow");
    }
}
