//! What is judged.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Duration, Monitor, NodeId, SimTime, Step, Violation, World};

use super::entry::{Item, Timestamp};
use super::message::Note;
use super::registration::Database;
use super::site::Site;

/// No Creation: what a site has under a key was put there by a client, at the time that it says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Updates {
    /// The value of every update, `None` for deletions.
    made: BTreeMap<(String, Timestamp), Option<String>>,
}

impl Monitor<Site> for Updates {
    fn name(&self) -> &'static str {
        "No Creation"
    }

    fn after(&mut self, step: &Step<Database>, _world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            match note {
                Note::Updated { key, entry, .. } => {
                    self.made.insert((key.clone(), entry.timestamp), value(&entry.item));
                }
                Note::Adopted { key, entry, from, .. } => {
                    let made = self.made.get(&(key.clone(), entry.timestamp));
                    if made != Some(&value(&entry.item)) {
                        let facts = vec![
                            format!("{id} took {entry:?} for {key} from {from} at {}", step.time),
                            format!("what a client had asked for at that timestamp: {made:?}"),
                        ];
                        let nodes = vec![id, *from];
                        return Err(Violation {
                            rule: "No Creation",
                            source: SOURCE,
                            facts,
                            nodes,
                        });
                    }
                }
                Note::Expired { .. } | Note::Reactivated { .. } => {}
            }
        }
        Ok(())
    }
}

const SOURCE: &str = "Demers, section 1.1";

fn value(item: &Item) -> Option<String> {
    match item {
        Item::Value(value) => Some(value.clone()),
        Item::Death { .. } => None,
    }
}

/// Newer Wins: what a site has under a key gives way only to something newer, unless it is a death certificate that is old, or not on disk in a crash.
#[derive(Clone, Debug, Serialize)]
pub struct NewerWins {
    /// The age of what each site has, `n1` first.
    held: Vec<BTreeMap<String, (Timestamp, i64)>>,
    incarnations: Vec<u32>,
}

impl NewerWins {
    /// Over so many nodes.
    pub fn new(nodes: u32) -> Self {
        let nodes = nodes as usize;
        Self { held: vec![BTreeMap::new(); nodes], incarnations: vec![0; nodes] }
    }
}

impl Monitor<Site> for NewerWins {
    fn name(&self) -> &'static str {
        "Newer Wins"
    }

    fn after(&mut self, step: &Step<Database>, world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let held = &mut self.held[id.index()];
        let incarnation = world.incarnation(id);
        if std::mem::replace(&mut self.incarnations[id.index()], incarnation) != incarnation {
            held.clear();
        }
        for note in &step.notes {
            match note {
                Note::Updated { key, entry, .. } | Note::Adopted { key, entry, .. } => {
                    let before = held.insert(key.clone(), entry.age());
                    let Some(before) = before.filter(|before| entry.age() <= *before) else {
                        continue;
                    };
                    let facts = vec![
                        format!("{id} took {entry:?} for {key} at {}", step.time),
                        format!("it had what was updated at {:?}", before.0),
                    ];
                    return Err(Violation {
                        rule: "Newer Wins",
                        source: SOURCE,
                        facts,
                        nodes: vec![id],
                    });
                }
                Note::Expired { key, .. } => {
                    held.remove(key);
                }
                Note::Reactivated { key, timestamp, .. } => {
                    held.insert(key.clone(), (*timestamp, i64::MIN));
                }
            }
        }
        Ok(())
    }
}

/// Convergence and No Resurrection: once nothing has happened for a while, all sites have the same values, and none that was deleted.
#[derive(Clone, Debug, Serialize)]
pub struct Convergence {
    /// How long anti-entropy takes, but for chance that strikes once in 10^12 runs; `None` where there is none.
    settle: Option<Duration>,
    /// When an update, a fault or an expiry happened last.
    disturbed: SimTime,
    /// The last deletion of each key that a second site knew of: it is on a disk.
    deleted: BTreeMap<String, Timestamp>,
}

impl Convergence {
    /// Of so many nodes that compare so often.
    pub fn new(anti_entropy: Option<Duration>, nodes: u32) -> Self {
        let cycles = 2 * u64::from(nodes.max(2).ilog2() + 1) + 30;
        let settle = anti_entropy.and_then(|period| period.checked_mul_ratio(cycles, 1));
        Self { settle, disturbed: SimTime::ZERO, deleted: BTreeMap::new() }
    }

    /// Whether all sites have had the time to hear of everything.
    fn is_settled(&self, world: &World<Site>) -> bool {
        let is_calm = self.settle.is_some_and(|s| self.disturbed.saturating_add(s) <= world.now());
        let is_whole = world.closed_pairs().is_empty() && world.clogged_pairs().is_empty();
        let mut all = NodeId::all(world.node_count());
        let works = |id| world.node(id).is_some() && !world.is_paused(id) && !world.is_slow(id);
        is_calm && is_whole && all.all(works)
    }
}

impl Monitor<Site> for Convergence {
    fn name(&self) -> &'static str {
        "Convergence"
    }

    fn after(&mut self, step: &Step<Database>, _world: &World<Site>) -> Result<(), Violation> {
        if matches!(step.event, Event::Deed(_)) {
            self.disturbed = step.time;
        }
        for note in &step.notes {
            match note {
                Note::Updated { .. } | Note::Expired { .. } | Note::Reactivated { .. } => {
                    self.disturbed = step.time;
                }
                Note::Adopted { key, entry, .. } if entry.is_death() => {
                    let last = self.deleted.entry(key.clone()).or_insert(entry.timestamp);
                    *last = entry.timestamp.max(*last);
                }
                Note::Adopted { .. } => {}
            }
        }
        Ok(())
    }

    fn finish(&mut self, world: &World<Site>) -> Result<(), Violation> {
        if !self.is_settled(world) {
            return Ok(());
        }
        let first = values(world, NodeId(1));
        for (id, site) in world.up() {
            for (key, entry) in &site.entries {
                let deletion = self.deleted.get(key).filter(|last| entry.timestamp < **last);
                if let (Item::Value(value), Some(deletion)) = (&entry.item, deletion) {
                    let facts = vec![
                        format!(
                            "{id} has {key} = {value} of {:?} at {}",
                            entry.timestamp,
                            world.now()
                        ),
                        format!("{key} was deleted at {deletion:?}"),
                    ];
                    let (rule, source) = ("No Resurrection", "Demers, section 2");
                    return Err(Violation { rule, source, facts, nodes: vec![id] });
                }
            }
            let own = values(world, id);
            if own != first {
                let facts = vec![
                    format!("n1 has {first:?}, {id} has {own:?}"),
                    format!("nothing happened from {} to {}", self.disturbed, world.now()),
                ];
                let nodes = vec![NodeId(1), id];
                let (rule, source) = ("Convergence", "Demers, section 1.3");
                return Err(Violation { rule, source, facts, nodes });
            }
        }
        Ok(())
    }
}

/// The values that a site has.
fn values(world: &World<Site>, id: NodeId) -> BTreeMap<&str, &str> {
    let entries = world.node(id).into_iter().flat_map(|site| &site.entries);
    let values = entries.filter_map(|(key, entry)| match &entry.item {
        Item::Value(value) => Some((key.as_str(), value.as_str())),
        Item::Death { .. } => None,
    });
    values.collect()
}
