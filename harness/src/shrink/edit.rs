//! Smaller cases from a case, such that what is left can still be run.

use std::collections::BTreeSet;

use orrery_sim::plan::{Action, Behaviour, Cut, DiskFault, Item, Plan, Target, Trigger};
use orrery_sim::{Law, NodeId, SimTime};
use serde_json::Value as Json;

use super::explicit::{NANOSECOND, nodes_of, time_of};
use crate::case::Case;

/// Whether an item is something that a client asks.
pub(super) const fn is_operation(item: &Item<Json>) -> bool {
    matches!(item.action, Action::Request { .. })
}

/// The case without the items at whose places `is_out`, and without those that cannot be without them.
pub(super) fn without(case: &Case, is_out: impl Fn(u32, &Item<Json>) -> bool) -> Case {
    let mut smaller = case.clone();
    let plan = &case.plan;
    let mut kept: Vec<(u32, &Item<Json>)> = Vec::new();
    for (place, item) in plan.items.iter().enumerate() {
        let address = plan.address(place);
        if !is_out(address, item) {
            kept.push((address, item));
        }
    }
    // Taking one away may leave another without what it speaks of.
    loop {
        let names: BTreeSet<&str> =
            kept.iter().filter_map(|(_, item)| item.name.as_deref()).collect();
        let before = kept.len();
        kept.retain(|(_, item)| mentioned(item).iter().all(|name| names.contains(name)));
        if kept.len() == before {
            break;
        }
    }
    let (places, items) = kept.into_iter().map(|(place, item)| (place, item.clone())).unzip();
    smaller.plan = Plan { items, places, crash_limit: None };
    forget_names(&mut smaller);
    smaller
}

/// The names of the items that an item speaks of.
fn mentioned(item: &Item<Json>) -> Vec<&str> {
    let mut names: Vec<&str> = item.action.ended_item().into_iter().collect();
    if let Trigger::After { item, .. } = &item.trigger {
        names.push(item);
    }
    for target in item.action.targets() {
        if let Target::Item(name) = target {
            names.push(name);
        }
    }
    names
}

/// Takes the names away of which nothing speaks any more.
fn forget_names(case: &mut Case) {
    let mut spoken: BTreeSet<String> = BTreeSet::new();
    for item in &case.plan.items {
        spoken.extend(mentioned(item).into_iter().map(String::from));
        if let Trigger::When(predicate) = &item.trigger {
            // A predicate may speak of the node of an item.
            spoken.extend(names_in(case, &predicate.to_string()));
        }
    }
    for goal in &case.checks.goals {
        spoken.extend(goal.after.clone());
        spoken.extend(names_in(case, &goal.when.to_string()));
    }
    for item in &mut case.plan.items {
        if item.name.as_ref().is_some_and(|name| !spoken.contains(name)) {
            item.name = None;
        }
    }
}

fn names_in(case: &Case, text: &str) -> Vec<String> {
    let names = case.plan.items.iter().filter_map(|item| item.name.clone());
    names.filter(|name| text.contains(&format!("{name}.node"))).collect()
}

/// The places of items that belong together: a fault and what ends it. An operation stands for itself.
pub(super) fn groups(plan: &Plan<Json>) -> Vec<Vec<u32>> {
    let mut groups = Vec::new();
    let mut is_taken = vec![false; plan.items.len()];
    for first in 0..plan.items.len() {
        if is_taken[first] {
            continue;
        }
        let mut group = vec![plan.address(first)];
        let begin = &plan.items[first];
        let mut later = first;
        while later + 1 < plan.items.len() {
            later += 1;
            if is_taken[later] {
                continue;
            }
            if begins_again(begin, &plan.items[later]) {
                break;
            }
            if ends(begin, &plan.items[later]) {
                is_taken[later] = true;
                group.push(plan.address(later));
            }
        }
        groups.push(group);
    }
    groups
}

/// Whether `later` is another fault of the same kind on the same node, so that what comes after it ends that one.
fn begins_again(begin: &Item<Json>, later: &Item<Json>) -> bool {
    begin.name.is_none()
        && !is_operation(begin)
        && begin.action.family().is_some()
        && begin.action.word() == later.action.word()
        && later.action.family().is_some()
        && nodes_of(&begin.action) == nodes_of(&later.action)
}

fn ends(begin: &Item<Json>, later: &Item<Json>) -> bool {
    if let (Some(name), Some(ended)) = (&begin.name, later.action.ended_item()) {
        return name == ended;
    }
    let same = nodes_of(&begin.action) == nodes_of(&later.action);
    same && match (&begin.action, &later.action) {
        (Action::Crash { .. } | Action::Wipe(_), Action::Restart(_))
        | (Action::Pause(_), Action::Resume(_)) => true,
        (Action::Slow { .. }, Action::Slow { service, .. }) => is_nothing(service),
        (Action::Byzantine { .. }, Action::Byzantine { behaviour, .. }) => {
            *behaviour == Behaviour::Honest
        }
        (Action::Disk { .. }, Action::Disk { fault, .. }) => *fault == DiskFault::Mend,
        _ => false,
    }
}

fn is_nothing(law: &Law) -> bool {
    *law == Law::default()
}

/// The case that ends at `stop_at`, without what would come later.
pub(super) fn until(case: &Case, stop_at: SimTime) -> Case {
    let is_late = |_: u32, item: &Item<Json>| time_of(item).is_some_and(|time| stop_at < time);
    let mut shorter = without(case, is_late);
    shorter.stop_at = stop_at;
    for item in &mut shorter.plan.items {
        if let Action::Flap(flapping) = &mut item.action {
            flapping.until = flapping.until.min(stop_at.saturating_add(NANOSECOND));
        }
    }
    shorter
}

/// The case with the nodes up to `n{count}` only, without what happens to the others.
pub(super) fn with_nodes(case: &Case, count: u32) -> Case {
    let is_there = |id: &NodeId| id.0 <= count;
    let mut smaller = case.clone();
    for item in &mut smaller.plan.items {
        match &mut item.action {
            Action::Cut(cut) | Action::Clog(cut) => keep_nodes(cut, count),
            Action::Flap(flapping) => keep_nodes(&mut flapping.cut, count),
            Action::Request { to, .. } => {
                if matches!(to, Some(Target::Node(id)) if !is_there(id)) {
                    *to = None;
                }
            }
            _ => {}
        }
    }
    let mut smaller = without(&smaller, |_, item| {
        nodes_of(&item.action).iter().any(|id| !is_there(id)) || is_empty(&item.action)
    });
    smaller.nodes = count;
    smaller.clocks.truncate(count as usize);
    smaller.wall_clocks.truncate(count as usize);
    if let Some(entries) = &mut smaller.clients.entries {
        entries.retain(is_there);
    }
    smaller.links.overrides.retain(|(from, to), _| is_there(from) && is_there(to));
    if let Some(geography) = &mut smaller.links.geography {
        let mut own = geography.as_ref().clone();
        own.of_node.truncate(count as usize);
        *geography = own.into();
    }
    smaller
}

fn keep_nodes(cut: &mut Cut, count: u32) {
    let is_there = |target: &Target| !matches!(target, Target::Node(id) if count < id.0);
    match cut {
        Cut::Groups(groups) => {
            for group in groups.iter_mut() {
                group.retain(is_there);
            }
            groups.retain(|group| !group.is_empty());
        }
        Cut::OneWay(one, other) | Cut::Between(one, other) => {
            one.retain(is_there);
            other.retain(is_there);
        }
        Cut::Isolate(_) | Cut::Halves | Cut::Minority | Cut::Bridge(_) | Cut::Ring => {}
    }
}

/// Whether a cut is left that closes nothing.
fn is_empty(action: &Action<Json>) -> bool {
    match action {
        Action::Cut(cut) | Action::Clog(cut) => match cut {
            Cut::Groups(groups) => groups.is_empty(),
            Cut::OneWay(one, other) | Cut::Between(one, other) => {
                one.is_empty() || other.is_empty()
            }
            Cut::Isolate(_) | Cut::Halves | Cut::Minority | Cut::Bridge(_) | Cut::Ring => false,
        },
        _ => false,
    }
}

/// Whether no item ends or uses what begins only later.
pub(super) fn is_in_order(plan: &Plan<Json>) -> bool {
    let begin_of = |name: &str| {
        let named = plan.items.iter().enumerate();
        let mut named = named.filter(|(_, item)| item.name.as_deref() == Some(name));
        named.next().map(|(place, item)| (time_of(item), place))
    };
    let mut items = plan.items.iter().enumerate();
    items.all(|(place, item)| {
        let is_after = |name: &str| match (begin_of(name), time_of(item)) {
            (Some((Some(begin), first)), Some(time)) => (begin, first) < (time, place),
            _ => true,
        };
        let is_flapping = match (&item.action, time_of(item)) {
            (Action::Flap(flapping), Some(time)) => time < flapping.until,
            _ => true,
        };
        is_flapping && mentioned(item).into_iter().all(is_after)
    })
}

/// The greatest number of nodes that the plan keeps down at one time.
pub(super) fn down_at_once(case: &Case) -> usize {
    let mut timed: Vec<(SimTime, usize)> = case
        .plan
        .items
        .iter()
        .enumerate()
        .filter_map(|(place, item)| Some((time_of(item)?, place)))
        .collect();
    timed.sort_unstable();
    let mut down: BTreeSet<NodeId> = BTreeSet::new();
    let mut most = 0;
    for (_, place) in timed {
        let action = &case.plan.items[place].action;
        let nodes = nodes_of(action);
        match action {
            Action::Crash { .. } | Action::Wipe(_) => down.extend(nodes),
            Action::Restart(_) => down.retain(|id| !nodes.contains(id)),
            _ => {}
        }
        most = most.max(down.len());
    }
    most
}

/// The client whose operation an item is.
pub(super) const fn client_of(item: &Item<Json>) -> Option<orrery_sim::ClientId> {
    match &item.action {
        Action::Request { client, .. } => Some(*client),
        _ => None,
    }
}
