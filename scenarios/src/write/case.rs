//! A whole case as a scenario file: everything decided, and told to people.

use orrery_harness::Case;
use orrery_harness::case::{Checks, Clients, Goal};
use orrery_harness::report::Verdict;
use orrery_harness::shrink::draws;
use orrery_sim::plan::{Item, Trigger};
use orrery_sim::{
    Bandwidth, Clock, Disk, Geography, Link, NodeId, Order, SimTime, TiePolicy, Topology, WallClock,
};
use serde_json::Value as Json;

use super::{action, burst, drift, duration, json, law, list, probability, quoted, table, time};
use super::{signed_duration, trigger};
use crate::read::EVENT_BUDGET;

/// What stands above the plan, beside what the case says itself.
pub(crate) struct Words<'a> {
    pub title: &'a str,
    /// Lines of the `about`.
    pub about: &'a [String],
    /// Whether what the scenario told of its run is told of this one.
    pub with_notes: bool,
}

/// The text of a scenario file with `case`, which has nothing left to be drawn.
pub(crate) fn scenario(case: &Case, words: &Words<'_>) -> String {
    let mut lines = vec![
        String::from("format = 1"),
        format!("title = {}", quoted(words.title)),
        about(words.about),
        format!("protocol = {}", quoted(&case.protocol)),
    ];
    if !case.bugs.is_empty() {
        lines.push(format!("bugs = {}", list(case.bugs.iter().map(|bug| quoted(bug)))));
    }
    lines.push(format!("nodes = {}", case.nodes));
    lines.push(format!("seed = {}", case.seed));
    lines.push(format!("stop_at = {}", time(case.stop_at)));
    if case.event_budget != EVENT_BUDGET {
        lines.push(format!("event_budget = {}", case.event_budget));
    }
    if case.parameters.as_object().is_some_and(|own| !own.is_empty()) {
        lines.push(format!("parameters = {}", json(&case.parameters)));
    }
    if case.tie == TiePolicy::Shuffled {
        lines.push(String::from("tie = \"shuffled\""));
    }
    world(case, &mut lines);
    if 0 < case.clients.count {
        lines.push(format!("clients = {}", clients(&case.clients)));
    }
    if !case.plan.items.is_empty() {
        lines.push(plan(case));
    }
    lines.push(checks(&case.checks));
    if case.expect != Verdict::Pass {
        lines.push(format!("\n[expect]\nverdict = {}", quoted(case.expect.word())));
    }
    for note in case.narration.iter().filter(|_| words.with_notes) {
        let (when, say) = (quoted(&note.when.to_string()), quoted(&note.say));
        lines.push(format!("\n[[notes]]\nwhen = {when}\nsay = {say}"));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n") + "\n"
}

/// A text of several lines, which people read as it is.
fn about(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let text: Vec<String> =
        lines.iter().map(|line| quoted(line).trim_matches('"').replace("\\\"", "\"")).collect();
    // Three quotes in a row would end it.
    format!("about = \"\"\"\n{}\n\"\"\"", text.join("\n").replace("\"\"\"", "\"\" \""))
}

fn world(case: &Case, lines: &mut Vec<String>) {
    match case.links.topology {
        Topology::Clique => {}
        Topology::Ring => lines.push(String::from("topology = \"ring\"")),
        Topology::Star => lines.push(String::from("topology = \"star\"")),
        Topology::Tree { arity } => lines.push(format!("topology = {{ tree = {arity} }}")),
        Topology::Grid { width } => lines.push(format!("topology = {{ grid = {width} }}")),
    }
    if let Some(own) = &case.links.geography {
        lines.push(format!("geography = {}", geography(own, case.nodes)));
    }
    let default = link(&case.links.default, &Link::default());
    if !default.is_empty() {
        lines.push(format!("link = {}", table(&default)));
    }
    let overrides = case.links.overrides.iter().map(|((from, to), own)| {
        let mut entries = vec![("from", node(*from)), ("to", node(*to))];
        entries.extend(link(own, &base(case, *from, *to)));
        table(&entries)
    });
    rows("links", &overrides.collect::<Vec<_>>(), lines);
    let clocks = NodeId::all(case.nodes).filter_map(|id| clock(case, id)).collect::<Vec<_>>();
    rows("clocks", &clocks, lines);
    if case.disk != Disk::default() {
        lines.push(format!("disk = {}", disk(&case.disk)));
    }
}

/// A list with a row for each of its elements, if it has any.
fn rows(key: &str, rows: &[String], lines: &mut Vec<String>) {
    if rows.is_empty() {
        return;
    }
    let rows: Vec<String> = rows.iter().map(|row| format!("  {row},")).collect();
    lines.push(format!("{key} = [\n{}\n]", rows.join("\n")));
}

/// The law of a link were it not for its own.
fn base(case: &Case, from: NodeId, to: NodeId) -> Link {
    let mut links = case.links.clone();
    links.overrides.remove(&(from, to));
    links.law(from, to)
}

fn node(id: NodeId) -> String {
    quoted(&id.to_string())
}

fn geography(own: &Geography, nodes: u32) -> String {
    let place_of = |node: usize| match own.of_node.as_slice() {
        [] => node % own.places.len(),
        of_node => of_node[node % of_node.len()] as usize,
    };
    let places = (0..nodes as usize).map(|node| quoted(&own.places[place_of(node)]));
    table(&[
        ("places", list(own.places.iter().map(|place| quoted(place)))),
        ("nodes", list(places)),
        ("latency", list(own.latency.iter().map(|row| list(row.iter().map(law))))),
    ])
}

/// What is different in a link.
fn link(own: &Link, base: &Link) -> Vec<(&'static str, String)> {
    let mut entries = Vec::new();
    if own.latency != base.latency {
        entries.push(("latency", law(&own.latency)));
    }
    for (key, own, base) in [
        ("loss", own.loss, base.loss),
        ("corruption", own.corruption, base.corruption),
        ("duplicate", own.duplicate, base.duplicate),
    ] {
        if own != base {
            entries.push((key, probability(own)));
        }
    }
    entries.extend(own.burst.filter(|_| own.burst != base.burst).map(|own| ("burst", burst(own))));
    if own.order != base.order {
        entries.push(match own.order {
            Order::Free => ("fifo", String::from("false")),
            Order::Fifo => ("fifo", String::from("true")),
            Order::Window(window) => ("reorder", duration(window)),
        });
    }
    let bandwidth = own.bandwidth.filter(|_| own.bandwidth != base.bandwidth);
    entries.extend(bandwidth.map(|own| ("bandwidth", self::bandwidth(own))));
    entries
}

fn bandwidth(own: Bandwidth) -> String {
    let mut entries = vec![("rate", quoted(&format!("{}B/s", own.bytes_per_second)))];
    entries.extend(own.queue.map(|queue| ("queue", quoted(&format!("{queue}B")))));
    table(&entries)
}

/// The clocks of a node, where they are not perfect.
fn clock(case: &Case, id: NodeId) -> Option<String> {
    let own = case.clocks.get(id.index()).copied().unwrap_or_default();
    let wall = case.wall_clocks.get(id.index()).copied().unwrap_or_default();
    let mut entries = vec![("node", node(id))];
    let offset = own.read(SimTime::ZERO).as_nanos();
    if own != Clock::default() {
        entries.push(("offset", signed_duration(offset)));
        entries.push(("drift", drift(own.ppb())));
    }
    if wall != WallClock::default() {
        let mut inner = vec![("offset", signed_duration(wall.offset))];
        if let Some(correction) = wall.correction {
            inner.push(("every", duration(correction.every)));
            inner.push(("error", duration(correction.error)));
        }
        let bound = i64::try_from(wall.drift_bound).unwrap_or(i64::MAX);
        inner.push(("drift_bound", drift(bound)));
        entries.push(("wall", table(&inner)));
    }
    (1 < entries.len()).then(|| table(&entries))
}

fn disk(own: &Disk) -> String {
    let mut entries = vec![("sync", law(&own.sync))];
    for (key, share) in [("torn", own.torn), ("reordered", own.reordered)] {
        if !share.is_never() {
            entries.push((key, probability(share)));
        }
    }
    if let Some(budget) = own.budget {
        let inner = [("nodes", budget.nodes.to_string()), ("records", budget.records.to_string())];
        entries.push(("budget", table(&inner)));
    }
    table(&entries)
}

fn clients(own: &Clients) -> String {
    let default = Clients::default();
    let mut entries = vec![("count", own.count.to_string())];
    if own.think != default.think {
        entries.push(("think", law(&own.think)));
    }
    for (key, own, default) in [
        ("timeout", own.timeout, default.timeout),
        ("patience", own.patience, default.patience),
        ("retry", own.retry, default.retry),
    ] {
        if own != default {
            entries.push((key, duration(own)));
        }
    }
    if let Some(workload) = &own.workload {
        entries.push(("keys", workload.keys.to_string()));
        let mix: Vec<(&str, String)> =
            workload.mix.iter().map(|(kind, share)| (kind.as_str(), share.to_string())).collect();
        entries.push(("mix", table(&mix)));
    }
    if let Some(nodes) = &own.entries {
        entries.push(("entries", list(nodes.iter().copied().map(node))));
    }
    if own.until != default.until {
        entries.push(("until", time(own.until)));
    }
    table(&entries)
}

/// The items, one in a line.
fn plan(case: &Case) -> String {
    let mut lines = vec![String::from("plan = [")];
    for (place, item) in case.plan.items.iter().enumerate() {
        let mut entries = self::item(item);
        if draws(&item.action) && !matches!(item.trigger, Trigger::Behind(_)) {
            let at = entries.len() - 1;
            entries.insert(at, ("place", case.plan.address(place).to_string()));
        }
        lines.push(format!("  {},", table(&entries)));
    }
    lines.push(String::from("]"));
    lines.join("\n")
}

/// The keys and values of an item, its action last.
pub(crate) fn item(item: &Item<Json>) -> Vec<(&'static str, String)> {
    let mut entries = Vec::new();
    if let Some(name) = &item.name {
        entries.push(("name", quoted(name)));
    }
    entries.push(trigger(&item.trigger));
    if let Some(within) = item.within {
        entries.push(("within", duration(within)));
    }
    entries.push(action(&item.action));
    entries
}

fn checks(own: &Checks) -> String {
    let names = |names: &[String]| list(names.iter().map(|name| quoted(name)));
    let always = own.always.as_ref().map_or_else(|| quoted("all"), |always| names(always));
    let mut lines = vec![String::from("\n[check]"), format!("always = {always}")];
    if let Some(model) = &own.linearizable {
        lines.push(format!("history = {{ linearizable = {} }}", quoted(model)));
    }
    rows("goals", &own.goals.iter().map(goal).collect::<Vec<_>>(), &mut lines);
    if !own.sometimes.is_empty() {
        lines.push(format!("sometimes = {}", names(&own.sometimes)));
    }
    if !own.statistics.is_empty() {
        lines.push(format!("stats = {}", names(&own.statistics)));
    }
    lines.join("\n")
}

fn goal(own: &Goal) -> String {
    let mut entries = vec![("name", quoted(&own.name)), ("when", quoted(&own.when.to_string()))];
    entries.extend(own.after.iter().map(|after| ("after", quoted(after))));
    entries.extend(own.within.map(|within| ("within", duration(within))));
    table(&entries)
}
