//! What is still to come at the cursor: messages on the wire, messages kept back, timers.

use orrery_harness::session::{FlightView, NodeView, WorldView};
use orrery_sim::{NodeId, SimTime};

use crate::ui::model::Model;
use crate::ui::text::Line;
use crate::ui::theme::{Theme, Tone};

use super::words;

/// The text of the pane.
pub fn lines(model: &Model, theme: &Theme, width: usize) -> Vec<Line> {
    let view = model.session().view();
    let mut lines = vec![heading("messages on the wire", view.in_flight.len())];
    if view.in_flight.is_empty() {
        lines.push(Line::of(Tone::Faint, "  none: nothing was sent that has not arrived"));
    }
    lines.extend(view.in_flight.iter().map(|flight| message(flight, view, theme, width)));
    if !view.kept_back.is_empty() {
        lines.push(heading("messages kept back by the scenario", view.kept_back.len()));
        lines.extend(view.kept_back.iter().map(|flight| message(flight, view, theme, width)));
    }
    let timers = timers(view);
    lines.push(heading("timers", timers.len()));
    if timers.is_empty() {
        lines.push(Line::of(Tone::Faint, "  none is set"));
    }
    for (due, node, name) in timers {
        let text =
            format!("  {:<10}", due.map_or("never".into(), |due| words::ahead(due, view.time)));
        lines.push(Line::of(Tone::Plain, text).then(Tone::Plain, format!("{node} {name}")));
    }
    lines
}

fn heading(what: &str, count: usize) -> Line {
    Line::of(Tone::Title, format!("{what}: {count}"))
}

fn message(flight: &FlightView, view: &WorldView, theme: &Theme, width: usize) -> Line {
    let address = flight.message;
    let when = match flight.arrives {
        Some(time) => words::ahead(time, view.time),
        None => String::from("held"),
    };
    let way = format!("{}{}{}", address.from, theme.signs.to, address.to);
    let mut line = Line::of(Tone::Plain, format!("  {when:<10}"))
        .then(Tone::Message, format!("{way:<8}"))
        .then(Tone::Plain, flight.kind.clone());
    // Reachability counts on arrival, so a message on a cut link is lost unless the link heals before.
    if view.closed.binary_search(&(address.from, address.to)).is_ok() {
        line.add(Tone::Lost, format!(" {} cut", theme.signs.lost));
    }
    let beyond = flight.payload.strip_prefix(flight.kind.as_str()).unwrap_or(&flight.payload);
    if line.width() + 4 < width {
        line.add(Tone::Faint, format!(" {}", beyond.trim()).trim_end().to_owned());
    }
    line
}

/// All timers, the first due first, those that never come due last.
fn timers<'a>(view: &'a WorldView) -> Vec<(Option<SimTime>, NodeId, &'a str)> {
    let of_node = |node: &'a NodeView| {
        let (id, timers) = (node.id, &node.timers);
        timers.iter().map(move |(name, due): &(String, Option<SimTime>)| (*due, id, name.as_str()))
    };
    let mut timers: Vec<_> = view.nodes.iter().flat_map(of_node).collect();
    timers.sort_by_key(|(due, node, _)| (due.is_none(), *due, *node));
    timers
}
