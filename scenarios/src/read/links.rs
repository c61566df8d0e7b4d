//! `link` and `links`: what a link does to messages.

use orrery_sim::{Bandwidth, Link, Links, NodeId, Order};

use crate::error::{Problem, Problems};
use crate::tree::{Entry, Tree, Value};

use super::fields::{Fields, boolean, list, node, one_or_more, probability};
use super::law::{burst, law};
use super::size;

/// What a file says of a link; what it does not say is as elsewhere.
#[derive(Default)]
struct Written<'t> {
    latency: Option<&'t Tree>,
    loss: Option<&'t Tree>,
    burst: Option<&'t Tree>,
    corruption: Option<&'t Tree>,
    duplicate: Option<&'t Tree>,
    fifo: Option<&'t Entry>,
    reorder: Option<&'t Entry>,
    bandwidth: Option<&'t Tree>,
}

impl<'t> Written<'t> {
    fn of(fields: &mut Fields<'t>) -> Self {
        Self {
            latency: fields.get("latency"),
            loss: fields.get("loss"),
            burst: fields.get("burst"),
            corruption: fields.get("corruption"),
            duplicate: fields.get("duplicate"),
            fifo: fields.entry("fifo"),
            reorder: fields.entry("reorder"),
            bandwidth: fields.get("bandwidth"),
        }
    }

    /// The laws that are written, those of `base` elsewhere.
    fn over(&self, base: Link, problems: &mut Problems) -> Link {
        let mut share = |tree: Option<&Tree>| tree.and_then(|tree| probability(tree, problems));
        let [loss, corruption, duplicate] =
            [self.loss, self.corruption, self.duplicate].map(&mut share);
        let latency = self.latency.and_then(|tree| law(tree, problems));
        let burst = self.burst.and_then(|tree| burst(tree, problems));
        let bandwidth = self.bandwidth.and_then(|tree| bandwidth(tree, problems));
        Link {
            latency: latency.unwrap_or(base.latency),
            loss: loss.unwrap_or(base.loss),
            burst: burst.or(base.burst),
            corruption: corruption.unwrap_or(base.corruption),
            duplicate: duplicate.unwrap_or(base.duplicate),
            order: self.order(problems).unwrap_or(base.order),
            bandwidth: bandwidth.or(base.bandwidth),
        }
    }

    /// `fifo` and `reorder` speak of one thing.
    fn order(&self, problems: &mut Problems) -> Option<Order> {
        let fifo = self.fifo.and_then(|entry| boolean(&entry.value, problems));
        let window = self.reorder.and_then(|entry| super::fields::duration(&entry.value, problems));
        if let (Some(true), Some(entry)) = (fifo, self.reorder) {
            let message = "a link that keeps the order does not reorder";
            let help =
                "write `fifo = true`, or how far messages may overtake each other in `reorder`";
            problems.push(Problem::at(&entry.key_place, message).help(help));
        }
        match (fifo, window) {
            (Some(true), _) => Some(Order::Fifo),
            (_, Some(window)) => Some(Order::Window(window)),
            (Some(false), None) => Some(Order::Free),
            (None, None) => None,
        }
    }
}

/// `{ rate = "1MB/s", queue = "64kB" }`.
fn bandwidth(tree: &Tree, problems: &mut Problems) -> Option<Bandwidth> {
    const HELP: &str =
        "write `{ rate = \"1MB/s\", queue = \"64kB\" }`; without `queue` all may wait";
    let mut fields = Fields::of(tree, "`bandwidth`", problems)?;
    let rate = super::fields::needed(&mut fields, "rate", tree, HELP, problems);
    let queue = fields.get("queue");
    fields.finish(problems);
    let queue = queue.map(|tree| size::bytes(tree, problems));
    let rate = rate.and_then(|tree| size::bytes_per_second(tree, problems));
    let queue = match queue {
        None => None,
        Some(queue) => Some(queue?),
    };
    Some(Bandwidth { bytes_per_second: rate?, queue })
}

/// Reads `link` and `links` into `links`, whose topology and geography are known.
pub(super) fn links(
    mut links: Links,
    default: Option<&Tree>,
    overrides: Option<&Tree>,
    nodes: Option<u32>,
    problems: &mut Problems,
) -> Links {
    if let Some(mut fields) = default.and_then(|tree| Fields::of(tree, "`link`", problems)) {
        let written = Written::of(&mut fields);
        fields.finish(problems);
        links.default = written.over(Link::default(), problems);
        if let (Some(tree), Some(_)) = (written.latency, &links.geography) {
            let help = "leave `latency` out, or `geography`; single links may differ in `links`";
            problems.push(tree.problem("the `geography` says how long messages travel").help(help));
        }
    }
    for tree in overrides.map(|tree| list(tree, "`links`", problems)).unwrap_or_default() {
        link_override(&mut links, tree, nodes, problems);
    }
    links
}

fn link_override(links: &mut Links, tree: &Tree, nodes: Option<u32>, problems: &mut Problems) {
    let Some(mut fields) = Fields::of(tree, "an entry of `links`", problems) else { return };
    let from = ends(&mut fields, "from", tree, nodes, problems);
    let to = ends(&mut fields, "to", tree, nodes, problems);
    let both = fields.get("both").and_then(|tree| boolean(tree, problems)).unwrap_or(false);
    let written = Written::of(&mut fields);
    fields.finish(problems);
    // Read once, so that a problem in it is told once, then per link over what that has so far.
    let known = problems.len();
    written.over(links.default.clone(), problems);
    if known < problems.len() {
        return;
    }
    let pairs = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
    for (from, to) in pairs.filter(|(from, to)| from != to) {
        let ways = if both { vec![(from, to), (to, from)] } else { vec![(from, to)] };
        for way in ways {
            let law = written.over(links.law(way.0, way.1), problems);
            links.overrides.insert(way, law);
        }
    }
}

/// The nodes at one end of an override: one, a list, or `all`.
fn ends(
    fields: &mut Fields<'_>,
    key: &'static str,
    entry: &Tree,
    nodes: Option<u32>,
    problems: &mut Problems,
) -> Vec<NodeId> {
    let Some(tree) = fields.get(key) else {
        let message = format!("this link has no `{key}`");
        let help = format!("name a node, a list of nodes, or all: `{key} = \"n1\"`");
        problems.push(entry.problem(message).help(help));
        return vec![];
    };
    match &tree.value {
        Value::Text(_) if tree.as_text() == Some("all") => {
            NodeId::all(nodes.unwrap_or(0)).collect()
        }
        _ => one_or_more(tree).iter().filter_map(|tree| node(tree, nodes, problems)).collect(),
    }
}
