//! `link`, `links`, `clocks` and `disk`: what lies between and under the nodes.

use orrery_sim::{Clock, Disk, Law, Link, Links, NodeId, Order};

use crate::error::Problems;
use crate::suggest::did_you_mean;
use crate::tree::Tree;

use super::fields::{
    Fields, boolean, drift, duration, duration_range, list, node, one_or_more, probability,
    signed_duration,
};

/// The laws of durations, by their word in files.
const LAWS: [&str; 3] = ["constant", "uniform", "exponential"];

/// `{ uniform = "1ms..10ms" }`, `{ exponential = "40ms" }`, or `{ constant = "5ms" }`, for which a bare
/// duration stands too.
pub(super) fn law(tree: &Tree, problems: &mut Problems) -> Option<Law> {
    if tree.as_text().is_some() {
        return duration(tree, problems).map(Law::Constant);
    }
    let help = "write one of `{ constant = \"5ms\" }`, `{ uniform = \"1ms..10ms\" }`, `{ exponential = \"5ms\" }`";
    let entries = tree.as_table().map(|table| table.0.as_slice()).unwrap_or_default();
    let [entry] = entries else {
        let found = if tree.as_table().is_some() { "not exactly one law" } else { tree.kind() };
        problems.push(tree.problem(format!("this is {found}, not a law of durations")).help(help));
        return None;
    };
    match entry.key.as_str() {
        "constant" => duration(&entry.value, problems).map(Law::Constant),
        "uniform" => duration_range(&entry.value, problems).map(Law::Uniform),
        "exponential" => duration(&entry.value, problems).map(Law::Exponential),
        other => {
            let message = format!("there is no law `{other}`");
            let hint = did_you_mean(other, &LAWS, "laws");
            problems.push(crate::error::Problem::at(&entry.key_place, message).help(hint));
            None
        }
    }
}

/// The laws of a link where `fields` names any, those of `base` elsewhere.
fn link(fields: &mut Fields<'_>, base: Link, problems: &mut Problems) -> Link {
    let latency = fields.get("latency").and_then(|tree| law(tree, problems));
    let loss = fields.get("loss").and_then(|tree| probability(tree, problems));
    let duplicate = fields.get("duplicate").and_then(|tree| probability(tree, problems));
    let fifo = fields.get("fifo").and_then(|tree| boolean(tree, problems));
    Link {
        latency: latency.unwrap_or(base.latency),
        loss: loss.unwrap_or(base.loss),
        duplicate: duplicate.unwrap_or(base.duplicate),
        order: match fifo {
            None => base.order,
            Some(true) => Order::Fifo,
            Some(false) => Order::Free,
        },
        ..base
    }
}

/// `link` and `links`.
pub(super) fn links(
    default: Option<&Tree>,
    overrides: Option<&Tree>,
    nodes: Option<u32>,
    problems: &mut Problems,
) -> Links {
    let mut links = Links::default();
    if let Some(mut fields) = default.and_then(|tree| Fields::of(tree, "`link`", problems)) {
        links.default = link(&mut fields, Link::default(), problems);
        fields.finish(problems);
    }
    for tree in overrides.map(|tree| list(tree, "`links`", problems)).unwrap_or_default() {
        let Some(mut fields) = Fields::of(tree, "an entry of `links`", problems) else { continue };
        let from = ends(&mut fields, "from", tree, nodes, problems);
        let to = ends(&mut fields, "to", tree, nodes, problems);
        let both = fields.get("both").and_then(|tree| boolean(tree, problems)).unwrap_or(false);
        // Read once, so that a problem in it is told once, then per link over what that has so far.
        let known = problems.len();
        link(&mut fields, links.default.clone(), problems);
        fields.finish(problems);
        if known < problems.len() {
            continue;
        }
        let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
        for (from, to) in pairs.filter(|(from, to)| from != to) {
            let ways = if both { vec![(from, to), (to, from)] } else { vec![(from, to)] };
            for way in ways {
                let base = links.law(way.0, way.1);
                let Some(mut fields) = Fields::of(tree, "an entry of `links`", problems) else {
                    continue;
                };
                links.overrides.insert(way, link(&mut fields, base, problems));
            }
        }
    }
    links
}

fn ends(
    fields: &mut Fields<'_>,
    key: &'static str,
    entry: &Tree,
    nodes: Option<u32>,
    problems: &mut Problems,
) -> Vec<NodeId> {
    let Some(tree) = fields.get(key) else {
        let message = format!("this link has no `{key}`");
        problems
            .push(entry.problem(message).help(format!("name a node or a list: `{key} = \"n1\"`")));
        return vec![];
    };
    one_or_more(tree).iter().filter_map(|tree| node(tree, nodes, problems)).collect()
}

/// `clocks`: one clock per node, perfect unless the list says otherwise.
pub(super) fn clocks(
    tree: Option<&Tree>,
    nodes: Option<u32>,
    problems: &mut Problems,
) -> Vec<Clock> {
    let mut clocks = vec![Clock::default(); nodes.unwrap_or(0) as usize];
    for entry in tree.map(|tree| list(tree, "`clocks`", problems)).unwrap_or_default() {
        let Some(mut fields) = Fields::of(entry, "an entry of `clocks`", problems) else {
            continue;
        };
        let named = fields.get("node");
        if named.is_none() {
            let message = "this clock belongs to no node";
            problems.push(entry.problem(message).help("write `node = \"n1\"` or a list of nodes"));
        }
        let owners = named.map(one_or_more).unwrap_or_default();
        let owners: Vec<_> = owners.iter().filter_map(|tree| node(tree, nodes, problems)).collect();
        let offset = fields.get("offset").and_then(|tree| signed_duration(tree, problems));
        let drift = fields.get("drift").and_then(|tree| drift(tree, problems));
        fields.finish(problems);
        for owner in owners {
            if let Some(clock) = clocks.get_mut(owner.index()) {
                *clock = Clock::new(offset.unwrap_or(0), drift.unwrap_or(0));
            }
        }
    }
    clocks
}

/// `disk`.
pub(super) fn disk(tree: Option<&Tree>, problems: &mut Problems) -> Disk {
    let mut disk = Disk::default();
    if let Some(mut fields) = tree.and_then(|tree| Fields::of(tree, "`disk`", problems)) {
        if let Some(sync) = fields.get("sync").and_then(|tree| law(tree, problems)) {
            disk.sync = sync;
        }
        fields.finish(problems);
    }
    disk
}
