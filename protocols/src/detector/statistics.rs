//! What a run says about the quality of detection, in the words of Chen, Toueg and Aguilera (2000, §2): how soon a failure is detected, how often
//! somebody is suspected by mistake, and for how long.

use std::collections::BTreeMap;

use orrery_sim::registration::{NoteEntry, Statistic};
use orrery_sim::{NodeId, SimTime, World};

use super::process::{Detector, Note, Process};

/// In the order of [`of`].
pub(super) const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "detection_time",
        scale: 1_000_000,
        unit: "ms",
        about: "T_D: from the first crash that lasts to when an observer suspects it for good, as a mean over those who are up",
    },
    Statistic {
        name: "mistakes",
        scale: 1,
        unit: "",
        about: "how often somebody was suspected who was up all the while, and heard again",
    },
    Statistic {
        name: "mistake_rate",
        scale: PARTS,
        unit: "",
        about: "mistakes per heartbeat that was sent",
    },
    Statistic {
        name: "mistake_duration",
        scale: 1_000_000,
        unit: "ms",
        about: "T_M: how long a mistake lasts, as a mean",
    },
];

/// Rates are counted in parts of this.
const PARTS: u64 = 1_000_000_000;

/// The values of a run that ended.
pub(super) fn of(world: &World<Process>, notes: &[NoteEntry<Detector>]) -> Vec<Option<i64>> {
    let mut since: BTreeMap<(NodeId, NodeId), SimTime> = BTreeMap::new();
    let (mut mistakes, mut lasted) = (0_u64, 0_u128);
    for entry in notes {
        match &entry.note {
            Note::Suspects { peer, .. } => {
                since.insert((entry.node, *peer), entry.time);
            }
            Note::Trusts { peer, was_mistaken, .. } => {
                let begun = since.remove(&(entry.node, *peer));
                let (Some(begun), true) = (begun, *was_mistaken) else { continue };
                mistakes += 1;
                lasted += u128::from(entry.time.since(begun).as_nanos());
            }
        }
    }
    let sent: u64 = world.counters().messages().map(|(_, count)| count.sent).sum();
    let rate = u128::from(mistakes) * u128::from(PARTS);
    let ratio = |sum: u128, count: u64| {
        let ratio = sum.checked_div(u128::from(count))?;
        i64::try_from(ratio).ok()
    };
    vec![
        detection_time(world, &since),
        i64::try_from(mistakes).ok(),
        ratio(rate, sent),
        ratio(lasted, mistakes),
    ]
}

/// `since` when each observer has suspected whom it suspects at the end.
fn detection_time(
    world: &World<Process>,
    since: &BTreeMap<(NodeId, NodeId), SimTime>,
) -> Option<i64> {
    let down = NodeId::all(world.node_count()).filter(|id| world.node(*id).is_none());
    let (crash, crashed) = down.filter_map(|id| Some((world.last_crash(id)?, id))).min()?;
    let (mut total, mut observers) = (0_u128, 0_u64);
    for (observer, _) in world.up() {
        let detected = since.get(&(observer, crashed))?;
        total += u128::from(detected.since(crash).as_nanos());
        observers += 1;
    }
    i64::try_from(total.checked_div(u128::from(observers))?).ok()
}
