//! What a run says about detection, in the paper's terms (§3.1, §5): how soon a failure is noticed, and how often a living member is
//! taken for one.

use std::collections::BTreeMap;

use orrery_sim::registration::{NoteEntry, Statistic};
use orrery_sim::{NodeId, SimTime, World};

use super::member::{Member, Note, Settings, Swim};

/// In the order of [`of`].
pub(super) const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "first_detection",
        scale: 1,
        unit: "periods",
        about: "from the last crash to the end of the first period in which a ping of the crashed member was in vain; that period counts",
    },
    Statistic {
        name: "false_positive",
        scale: PARTS,
        unit: "",
        about: "probes of members that are up that fail, per probe, before the first crash that lasts",
    },
    Statistic {
        name: "known_to_all",
        scale: 1_000_000,
        unit: "ms",
        about: "from that crash until the last of those who are up holds the member for failed",
    },
    Statistic {
        name: "wrong_confirmations",
        scale: 1,
        unit: "",
        about: "how often a member that was never down was held for failed",
    },
];

/// False positives are counted in parts of this.
const PARTS: u64 = 1_000_000_000;

/// The values of a run that ended.
pub(super) fn of(world: &World<Member>, notes: &[NoteEntry<Swim>]) -> Vec<Option<i64>> {
    let down = NodeId::all(world.node_count()).filter(|id| world.node(*id).is_none());
    let crash = down.filter_map(|id| Some((world.last_crash(id)?, id))).min();
    let wrong = notes.iter().filter(|entry| {
        matches!(entry.note, Note::Confirms { member, .. } if world.last_crash(member).is_none())
    });
    vec![
        crash.and_then(|crash| first_detection(crash, world.config(NodeId(1)), notes)),
        false_positive(crash.map(|(time, _)| time), world, notes),
        crash.and_then(|crash| known_to_all(crash, world, notes)),
        i64::try_from(wrong.count()).ok(),
    ]
}

fn first_detection(
    (crash, crashed): (SimTime, NodeId),
    settings: &Settings,
    notes: &[NoteEntry<Swim>],
) -> Option<i64> {
    let detects = |entry: &&NoteEntry<Swim>| {
        let is_about_it = matches!(entry.note, Note::ProbeFailed { member } if member == crashed);
        is_about_it && crash < entry.time
    };
    let passed = notes.iter().find(detects)?.time.since(crash).as_nanos();
    i64::try_from(passed.div_ceil(settings.period.as_nanos())).ok()
}

fn false_positive(
    crash: Option<SimTime>,
    world: &World<Member>,
    notes: &[NoteEntry<Swim>],
) -> Option<i64> {
    let until = crash.unwrap_or(world.now());
    let failed = notes
        .iter()
        .filter(|entry| matches!(entry.note, Note::ProbeFailed { .. }) && entry.time <= until);
    let probes = match crash {
        None => world.up().map(|(_, member)| member.probes()).sum(),
        Some(crash) => probes_before(crash, world)?,
    };
    let failed = u128::try_from(failed.count()).ok()?;
    let parts = (failed * u128::from(PARTS)).checked_div(u128::from(probes))?;
    i64::try_from(parts).ok()
}

/// How many probes had ended by the first crash, for periods that begin together; others are not counted. Who crashes just when a period
/// ends does not come to count it.
fn probes_before(crash: SimTime, world: &World<Member>) -> Option<u64> {
    let settings = world.config(NodeId(1));
    if !settings.aligned {
        return None;
    }
    let (passed, period) = (crash.as_nanos(), settings.period.as_nanos());
    let each = passed / period;
    let uncounted = u64::from(0 < each && passed.is_multiple_of(period));
    Some(each * u64::from(world.node_count()) - uncounted)
}

fn known_to_all(
    (crash, crashed): (SimTime, NodeId),
    world: &World<Member>,
    notes: &[NoteEntry<Swim>],
) -> Option<i64> {
    let mut known = BTreeMap::new();
    for entry in notes.iter().filter(|entry| crash <= entry.time) {
        if matches!(entry.note, Note::Confirms { member, .. } if member == crashed) {
            known.entry(entry.node).or_insert(entry.time);
        }
    }
    let times: Option<Vec<SimTime>> = world.up().map(|(id, _)| known.get(&id).copied()).collect();
    let last = times?.into_iter().max()?;
    i64::try_from(last.since(crash).as_nanos()).ok()
}
