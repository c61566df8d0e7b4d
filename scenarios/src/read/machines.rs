//! `clocks` and `disk`: what lies under the nodes.

use orrery_sim::{Clock, Correction, DamageBudget, Disk, Duration, WallClock};

use crate::error::Problems;
use crate::tree::Tree;

use super::fields::{
    Fields, drift, duration, list, needed, node, one_or_more, probability, signed_duration, whole,
};
use super::law::law;

/// The two clocks of each node.
pub(super) struct Clocks {
    pub monotonic: Vec<Clock>,
    pub wall: Vec<WallClock>,
}

/// `clocks`: one per node, perfect unless the list says otherwise.
pub(super) fn clocks(tree: Option<&Tree>, nodes: Option<u32>, problems: &mut Problems) -> Clocks {
    let count = nodes.unwrap_or(0) as usize;
    let mut clocks = Clocks { monotonic: vec![Clock::default(); count], wall: vec![] };
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
        let wall = fields.get("wall").and_then(|tree| wall(tree, problems));
        fields.finish(problems);
        if wall.is_some() {
            clocks.wall.resize(count, WallClock::default());
        }
        for owner in owners {
            if let Some(clock) = clocks.monotonic.get_mut(owner.index()) {
                *clock = Clock::new(offset.unwrap_or(0), drift.unwrap_or(0));
            }
            if let (Some(clock), Some(wall)) = (clocks.wall.get_mut(owner.index()), wall) {
                *clock = wall;
            }
        }
    }
    clocks
}

/// `{ offset = "3s", every = "64s", error = "5ms", drift_bound = "300ppm" }`.
fn wall(tree: &Tree, problems: &mut Problems) -> Option<WallClock> {
    let mut fields = Fields::of(tree, "`wall`", problems)?;
    let offset = fields.get("offset").and_then(|tree| signed_duration(tree, problems));
    let every_tree = fields.get("every");
    let error_tree = fields.get("error");
    let bound_tree = fields.get("drift_bound");
    fields.finish(problems);
    let every = every_tree.and_then(|tree| duration(tree, problems));
    let error = error_tree.and_then(|tree| duration(tree, problems));
    if let (None, Some(tree)) = (every_tree, error_tree) {
        let help = "write how often it is corrected, as in `every = \"64s\"`";
        problems.push(tree.problem("a clock that is never corrected has no such error").help(help));
    }
    if let (Some(tree), Some(0)) = (every_tree, every.map(Duration::as_nanos)) {
        let help = "write how much time lies between two corrections, as in `64s`";
        problems.push(tree.problem("a clock cannot be corrected all the time").help(help));
        return None;
    }
    let bound = bound_tree.and_then(|tree| drift(tree, problems)).unwrap_or(0);
    if let (true, Some(tree)) = (bound < 0, bound_tree) {
        let help = "the clock drifts at most this much in either direction: write it without sign";
        problems.push(tree.problem("the bound of a drift is not negative").help(help));
    }
    let correction = every.map(|every| Correction { every, error: error.unwrap_or_default() });
    let drift_bound = u64::try_from(bound).unwrap_or(0);
    Some(WallClock { offset: offset.unwrap_or(0), correction, drift_bound })
}

/// `disk`.
pub(super) fn disk(tree: Option<&Tree>, problems: &mut Problems) -> Disk {
    let Some(mut fields) = tree.and_then(|tree| Fields::of(tree, "`disk`", problems)) else {
        return Disk::default();
    };
    let sync = fields.get("sync").and_then(|tree| law(tree, problems));
    let [torn, reordered] = ["torn", "reordered"].map(|key| {
        let tree = fields.get(key);
        tree.and_then(|tree| probability(tree, problems)).unwrap_or_default()
    });
    let budget = fields.get("budget").and_then(|tree| budget(tree, problems));
    fields.finish(problems);
    Disk { sync: sync.unwrap_or_default(), torn, reordered, budget }
}

fn budget(tree: &Tree, problems: &mut Problems) -> Option<DamageBudget> {
    const HELP: &str = "write `{ nodes = 1, records = 2 }`: at most so many nodes with damaged records \
        at one time, and so many of them on each";
    let mut fields = Fields::of(tree, "`budget`", problems)?;
    let written = ["nodes", "records"].map(|key| needed(&mut fields, key, tree, HELP, problems));
    fields.finish(problems);
    let [nodes, records] = written.map(|tree| tree.and_then(|tree| whole(tree, 0, problems)));
    Some(DamageBudget { nodes: nodes?, records: records? })
}
