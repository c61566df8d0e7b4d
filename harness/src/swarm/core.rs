//! Safety, then progress: after the faults a core is healed, everybody else stays out, and the goals are demanded.
//! The idea is TigerBeetle's: a partition that never heals shows what a partition that always heals hides.

use serde_json::Value as Json;

use orrery_sim::NodeId;
use orrery_sim::plan::{Action, Cut, Item, Target, Trigger};
use orrery_sim::random::{Draw, Randomness};

use super::{Limits, purpose, stream};
use crate::case::{Case, Liveness, Swarm};
use crate::subject::CaseError;

/// Heals a core of the case's nodes when its faults are over, and keeps everybody else out.
pub(super) fn heal(
    case: &mut Case,
    liveness: Liveness,
    limits: &Limits<'_>,
    randomness: &Randomness,
) -> Result<(), CaseError> {
    if liveness.is_harsh && !limits.model.bears_harsh {
        return Err(CaseError(format!(
            "`{}` does not claim to make progress while nodes outside of the core reach some of it: write `liveness = true`",
            case.protocol
        )));
    }
    let draw = &mut stream(randomness, purpose::CORE);
    let (core, outside) = core(case.nodes, draw, limits.is_core)?;
    let mut push = |name: Option<&str>, action: Action<Json>| {
        let (name, trigger) = (name.map(String::from), Trigger::At(liveness.at));
        case.plan.items.push(Item { name, trigger, within: None, action });
    };
    push(None, Action::Calm);
    for node in &core {
        push(None, Action::Resume(Target::Node(*node)));
        push(None, Action::Restart(Target::Node(*node)));
    }
    for node in outside {
        push(None, shut_out(node, &core, draw, liveness.is_harsh));
    }
    // Everything kept back so far has arrived by now; this only has a name.
    push(Some(Swarm::QUIET), Action::Release(None));
    Ok(())
}

/// A random set of nodes that can work by itself, half of the time no larger than it must be, and the others.
fn core(
    nodes: u32,
    draw: &mut Draw<'_>,
    is_core: &dyn Fn(&[NodeId]) -> bool,
) -> Result<(Vec<NodeId>, Vec<NodeId>), CaseError> {
    let mut order: Vec<NodeId> = NodeId::all(nodes).collect();
    for place in (1..order.len()).rev() {
        order.swap(place, draw.below(place as u64 + 1) as usize);
    }
    let is_least = draw.below(2) == 0;
    let extra = draw.below(u64::from(nodes)) as usize;
    let least = (1..=order.len()).find(|size| is_core(&order[..*size]));
    let Some(least) = least else {
        return Err(CaseError(String::from(
            "no set of the nodes can make progress by itself, so none can be demanded of: raise `nodes`, or leave `liveness` out",
        )));
    };
    let size = if is_least { least } else { (least + extra).min(order.len()) };
    let mut outside = order.split_off(size);
    order.sort_unstable();
    outside.sort_unstable();
    Ok((order, outside))
}

/// What becomes of a node outside of the core.
fn shut_out(node: NodeId, core: &[NodeId], draw: &mut Draw<'_>, is_harsh: bool) -> Action<Json> {
    let (is_cut, shape, few) =
        (draw.below(2) == 0, draw.below(4), draw.below(core.len() as u64) as usize);
    let own = vec![Target::Node(node)];
    let all: Vec<Target> = core.iter().map(|id| Target::Node(*id)).collect();
    if !is_cut {
        return Action::Crash { node: Target::Node(node), after_effects: None };
    }
    Action::Cut(match shape {
        0 if is_harsh => Cut::OneWay(own, all),
        1 if is_harsh => Cut::OneWay(all, own),
        2 if is_harsh => Cut::Between(own, all[..few].to_vec()),
        _ => Cut::Between(own, all),
    })
}
