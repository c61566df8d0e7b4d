//! A case with nothing left open: every item of its plan at a time and aimed at a node, every operation of its clients a
//! request.

use orrery_sim::plan::{Action, Cut, Flapping, Item, LinkFault, Plan, Target, Trigger};
use orrery_sim::{Duration, Law, NodeId};
use serde_json::Value as Json;

use super::Witness;
use crate::case::{Case, Clients};

/// How much of a run is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// What clients asked of their own accord, too.
    pub operations: bool,
    /// When things happened, and to whom. Otherwise items keep their triggers and targets.
    pub moments: bool,
    /// But not what changed nothing when it happened.
    pub effective: bool,
}

/// The case of a run as it went.
pub(super) fn explicit(witness: &Witness, extent: Extent) -> Case {
    let mut case = witness.case.clone();
    case.swarm = None;
    case.liveness = None;
    case.interventions = vec![];
    case.only_interventions = false;
    case.token = String::new();
    let drawn = std::mem::take(&mut case.plan);
    let mut items = Vec::new();
    for (place, item) in drawn.items.iter().enumerate() {
        let written = if extent.moments {
            timed(witness, &drawn, place, extent.effective)
        } else {
            Some(item.clone())
        };
        items.extend(written.map(|item| (drawn.address(place), item)));
    }
    if extent.operations {
        let first = drawn.items.len() as u32;
        items.extend((first..).zip(requests(witness)));
        case.clients = Clients { workload: None, think: Clients::default().think, ..case.clients };
    }
    if extent.moments {
        // What is not timed waits for something from the start.
        items.sort_by_key(|(_, item)| time_of(item));
    } else {
        case.plan.crash_limit = drawn.crash_limit;
    }
    let (places, items) = items.into_iter().unzip();
    case.plan = Plan { items, places, ..case.plan };
    case
}

pub(super) const NANOSECOND: Duration = Duration::from_nanos(1);

/// The time of an item that has one.
pub(super) const fn time_of(item: &Item<Json>) -> Option<orrery_sim::SimTime> {
    match item.trigger {
        Trigger::At(time) => Some(time),
        Trigger::After { .. } | Trigger::When(_) | Trigger::Behind(_) => None,
    }
}

/// What clients asked of their own accord, each the request of the node that was asked first.
fn requests(witness: &Witness) -> impl Iterator<Item = Item<Json>> + '_ {
    witness.asked.iter().map(|asked| Item {
        name: None,
        trigger: Trigger::At(asked.time),
        within: None,
        action: Action::Request {
            client: asked.client,
            operation: asked.operation.clone(),
            to: asked.node.map(Target::Node),
        },
    })
}

/// The item at `place` at the time at which it happened; `None` where it did not, or `effective` is wanted and it
/// changed nothing.
fn timed(
    witness: &Witness,
    plan: &Plan<Json>,
    place: usize,
    effective: bool,
) -> Option<Item<Json>> {
    let item = &plan.items[place];
    let happened = witness.happened.get(&place)?;
    let is_awaited = |name: &String| {
        witness.case.checks.goals.iter().any(|goal| goal.after.as_ref() == Some(name))
    };
    let changes_later = matches!(
        item.action,
        Action::Request { .. } | Action::Disturb(_) | Action::Hold(_) | Action::Reseed(_)
    );
    let is_effective =
        happened.changed || changes_later || item.name.as_ref().is_some_and(is_awaited);
    if effective && !is_effective {
        return None;
    }
    // A crash inside an event is nowhere without that event.
    if matches!(item.action, Action::Crash { after_effects: Some(_), .. }) {
        return Some(item.clone());
    }
    // What draws behind an event draws at that event's number.
    if matches!(item.trigger, Trigger::Behind(_)) && draws(&item.action) {
        return Some(item.clone());
    }
    let known = |name: &String| {
        let place = plan.items.iter().position(|item| item.name.as_ref() == Some(name))?;
        witness.happened.get(&place)?.node
    };
    let resolve = |target: &Target| match target {
        Target::Node(id) => Target::Node(*id),
        Target::Role(_) => happened.node.map_or_else(|| target.clone(), Target::Node),
        Target::Item(name) => known(name).map_or_else(|| target.clone(), Target::Node),
    };
    let action = with_targets(item.action.clone(), &resolve);
    // What an event triggers comes behind it, and an item of the same time would come before.
    let time = match item.trigger {
        Trigger::When(_) | Trigger::Behind(1..) => happened.time.saturating_add(NANOSECOND),
        Trigger::At(_) | Trigger::After { .. } | Trigger::Behind(0) => happened.time,
    };
    let (name, trigger) = (item.name.clone(), Trigger::At(time));
    Some(Item { name, trigger, within: None, action })
}

/// The action aimed at what `resolve` makes of its target, where it has one.
pub(super) fn with_targets(
    action: Action<Json>,
    resolve: &impl Fn(&Target) -> Target,
) -> Action<Json> {
    match action {
        Action::Crash { node, after_effects } => {
            Action::Crash { node: resolve(&node), after_effects }
        }
        Action::Restart(node) => Action::Restart(resolve(&node)),
        Action::Wipe(node) => Action::Wipe(resolve(&node)),
        Action::Pause(node) => Action::Pause(resolve(&node)),
        Action::Resume(node) => Action::Resume(resolve(&node)),
        Action::Slow { node, service } => Action::Slow { node: resolve(&node), service },
        Action::Byzantine { node, behaviour } => {
            Action::Byzantine { node: resolve(&node), behaviour }
        }
        Action::Cut(cut) => Action::Cut(cut_with(cut, resolve)),
        Action::Clog(cut) => Action::Clog(cut_with(cut, resolve)),
        Action::Flap(flapping) => {
            // Each time that it comes, a flapping looks for the role anew.
            Action::Flap(Flapping { cut: flapping.cut, ..flapping })
        }
        Action::Fire { node, timer } => Action::Fire { node: resolve(&node), timer },
        Action::ClockRate { node, ppb } => Action::ClockRate { node: resolve(&node), ppb },
        Action::ClockJump { node, by } => Action::ClockJump { node: resolve(&node), by },
        Action::Disk { node, fault } => Action::Disk { node: resolve(&node), fault },
        Action::Request { client, operation, to } => {
            Action::Request { client, operation, to: to.as_ref().map(resolve) }
        }
        Action::Disturb(_)
        | Action::Hold(_)
        | Action::Heal(_)
        | Action::Calm
        | Action::Release(_)
        | Action::Drop(_)
        | Action::Duplicate(_)
        | Action::Deliver(_)
        | Action::Delay { .. }
        | Action::Reseed(_) => action,
    }
}

fn cut_with(cut: Cut, resolve: &impl Fn(&Target) -> Target) -> Cut {
    let all = |targets: Vec<Target>| targets.iter().map(resolve).collect::<Vec<_>>();
    match cut {
        Cut::Isolate(node) => Cut::Isolate(resolve(&node)),
        Cut::Bridge(node) => Cut::Bridge(resolve(&node)),
        // Several roles at once have no single node to be resolved to: only items of the plan are looked up.
        Cut::Groups(groups) if named_outright(&groups.concat()) => {
            Cut::Groups(groups.into_iter().map(all).collect())
        }
        Cut::OneWay(from, to) if named_outright(&from) && named_outright(&to) => {
            Cut::OneWay(all(from), all(to))
        }
        Cut::Between(one, other) if named_outright(&one) && named_outright(&other) => {
            Cut::Between(all(one), all(other))
        }
        Cut::Groups(_)
        | Cut::OneWay(..)
        | Cut::Between(..)
        | Cut::Halves
        | Cut::Minority
        | Cut::Ring => cut,
    }
}

fn named_outright(targets: &[Target]) -> bool {
    targets.iter().all(|target| !matches!(target, Target::Role(_)))
}

/// Whether an action draws when it strikes or while it lasts, so that the place at which it draws matters.
pub fn draws(action: &Action<Json>) -> bool {
    use orrery_sim::plan::DiskFault;
    let is_drawn = |cut: &Cut| match cut {
        Cut::Halves | Cut::Minority | Cut::Bridge(_) | Cut::Ring => true,
        Cut::Groups(_) | Cut::OneWay(..) | Cut::Isolate(_) | Cut::Between(..) => false,
    };
    match action {
        Action::Flap(_) => true,
        // The words of a message decide about the other faults.
        Action::Disturb(disturbance) => matches!(disturbance.fault, LinkFault::Delay(_)),
        Action::Cut(cut) | Action::Clog(cut) => is_drawn(cut),
        Action::Disk { fault, .. } => {
            matches!(fault, DiskFault::Corrupt(None) | DiskFault::Misdirect(None))
        }
        Action::Crash { .. }
        | Action::Restart(_)
        | Action::Wipe(_)
        | Action::Pause(_)
        | Action::Resume(_)
        | Action::Slow { .. }
        | Action::Byzantine { .. }
        | Action::Heal(_)
        | Action::Calm
        | Action::Hold(_)
        | Action::Release(_)
        | Action::Drop(_)
        | Action::Duplicate(_)
        | Action::Deliver(_)
        | Action::Delay { .. }
        | Action::Fire { .. }
        | Action::Request { .. }
        | Action::ClockRate { .. }
        | Action::ClockJump { .. }
        | Action::Reseed(_) => false,
    }
}

/// The nodes that an action names, where it names any.
pub(super) fn nodes_of(action: &Action<Json>) -> Vec<NodeId> {
    let ends = action.message().into_iter().flat_map(|message| [message.from, message.to]);
    let targets = action.targets().into_iter().filter_map(|target| match target {
        Target::Node(id) => Some(*id),
        Target::Role(_) | Target::Item(_) => None,
    });
    ends.chain(targets).collect()
}

/// A law that always gives its mean.
pub(super) fn constant(law: &Law) -> Option<Law> {
    let mean = law.mean()?;
    (!matches!(law, Law::Constant(_))).then_some(Law::Constant(mean))
}
