//! What must hold after every event. What overwrites what is remembered outside of the nodes, from what writers had seen.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`Versions`]: Names Are Unique | no two writes of a key have the same dot | §4.4 |
//! | [`Versions`]: Siblings Are Concurrent | no version stands beside one that its writer had seen | §4.4 |
//! | [`Versions`]: Replicas Forget Nothing | an owner drops a version only for one that overwrites it, or as a tombstone that all have | §4.4, §5 |
//! | [`Versions`]: Deleted Stays Deleted | an owner that dropped a value never takes it up again | §4.7 |
//! | [`StrictQuorumsMeet`] | with R + W > N and strict quorums, a read finds every write that was acknowledged before it, or what overwrites it | §4.5 |
//! | [`ReplicasConverge`] | once the network is calm and nobody writes, all owners of a key have the same within [`convergence_bound`] | §4.7 |

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Duration, Monitor, NodeId, OperationId, SimTime, Step, Violation, World};

use crate::clocks::Dot;

use super::ring;
use super::server::{Dynamo, Note, Server, Settings};
use super::store::{Actor, Name, Siblings, is_deleted, names};

/// All of them, for a run of `nodes` nodes.
pub fn all(settings: &Settings, nodes: u32) -> Vec<Box<dyn Monitor<Server>>> {
    let mut monitors: Vec<Box<dyn Monitor<Server>>> =
        vec![Box::new(Versions::default()), Box::new(ReplicasConverge::new(settings, nodes))];
    // A write that is on one disk only is acknowledged before that is known to be so.
    if !settings.sloppy && settings.n < settings.r + settings.w && 1 < settings.w {
        monitors.push(Box::new(StrictQuorumsMeet::default()));
    }
    monitors
}

/// Within how long owners agree: each compares its keys with all others in turn, twice, since what it gets in one comparison it passes on in the next; and a
/// quarter for clocks.
pub fn convergence_bound(settings: &Settings, nodes: u32) -> Duration {
    let bound = settings.anti_entropy * u64::from(nodes) * 2 + settings.timeout * 4;
    bound + bound.checked_mul_ratio(1, 4).unwrap_or(bound)
}

/// What overwrites what: the ghost of all clocks.
#[derive(Clone, Debug, Default, Serialize)]
struct Causes(BTreeMap<(String, Name), BTreeSet<Name>>);

impl Causes {
    fn remember(&mut self, note: &Note) {
        if let Note::Wrote { name, key, over } = note {
            self.0.insert((key.clone(), *name), over.iter().copied().collect());
        }
    }

    /// These versions of a key and all that they overwrite, directly or not.
    fn closure(&self, key: &str, names: impl IntoIterator<Item = Name>) -> BTreeSet<Name> {
        let mut closure = BTreeSet::new();
        let mut open: Vec<Name> = names.into_iter().collect();
        while let Some(name) = open.pop() {
            if closure.insert(name) {
                open.extend(self.0.get(&(key.into(), name)).into_iter().flatten());
            }
        }
        closure
    }
}

/// What a monitor knows of a node's keys.
#[derive(Clone, Debug, Default, Serialize)]
struct Known {
    life: u32,
    /// By key: the versions, and which of them have values.
    held: BTreeMap<String, BTreeSet<Name>>,
    /// Values that were dropped.
    dropped: BTreeSet<(String, Name)>,
}

/// The rules of versions (§4.4).
#[derive(Clone, Debug, Default, Serialize)]
pub struct Versions {
    causes: Causes,
    /// Which operation has which dot. A name counts once it has left the node that gave it.
    given: BTreeMap<(String, Dot<Actor>), OperationId>,
    nodes: BTreeMap<NodeId, Known>,
}

impl Versions {
    /// A key of a node has changed: looks at it. What is wrong, by which rule.
    fn look_at(
        &mut self,
        id: NodeId,
        key: &str,
        siblings: &Siblings,
        may_vanish: bool,
    ) -> Option<(&'static str, String)> {
        let now = names(siblings);
        for (operation, dot) in &now {
            if dot.server == Actor::Node(id) {
                continue;
            }
            let owner = self.given.entry((key.into(), *dot)).or_insert(*operation);
            if owner != operation {
                let fact = format!("{dot:?} of {key} is a version of {owner}, and of {operation}");
                return Some(("Names Are Unique", fact));
            }
        }
        for name in &now {
            let older = self.causes.0.get(&(key.into(), *name)).into_iter().flatten();
            if let Some(older) = older.into_iter().find(|older| now.contains(older)) {
                let fact =
                    format!("{key} has {name:?} beside {older:?}, which its writer had seen");
                return Some(("Siblings Are Concurrent", fact));
            }
        }
        let before = self.nodes.get(&id).and_then(|known| known.held.get(key)).cloned();
        let before = before.unwrap_or_default();
        let covered = self.causes.closure(key, now.iter().copied());
        let lost = before.iter().find(|name| !covered.contains(name));
        if let Some(lost) = lost.filter(|_| !(may_vanish && now.is_empty())) {
            let fact = format!("{key} had {lost:?}, which nothing of {now:?} overwrites");
            return Some(("Replicas Forget Nothing", fact));
        }
        let known = self.nodes.entry(id).or_default();
        let values: BTreeSet<Name> = siblings
            .versions()
            .filter(|(_, written)| written.value.is_some())
            .map(|(dot, written)| (written.id, dot))
            .collect();
        let back = values
            .iter()
            .find(|name| !before.contains(name) && known.dropped.contains(&(key.into(), **name)));
        if let Some(back) = back {
            let fact = format!("{key} has {back:?} again, which had been overwritten there");
            return Some(("Deleted Stays Deleted", fact));
        }
        known.dropped.extend(before.difference(&now).map(|name| (String::from(key), *name)));
        if now.is_empty() {
            known.held.remove(key);
        } else {
            known.held.insert(key.into(), now);
        }
        None
    }
}

impl Monitor<Server> for Versions {
    fn name(&self) -> &'static str {
        "Versions"
    }

    fn after(&mut self, step: &Step<Dynamo>, world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let Some(server) = world.node(id) else { return Ok(()) };
        step.notes.iter().for_each(|note| self.causes.remember(note));
        let known = self.nodes.entry(id).or_default();
        if known.life != world.incarnation(id) {
            // What was not on disk yet is gone, and was never heard of.
            known.life = world.incarnation(id);
            let keys = server.store().keys.iter();
            known.held = keys.map(|(key, siblings)| (key.clone(), names(siblings))).collect();
        }
        let collected = |key: &str| {
            let mut notes = step.notes.iter();
            notes.any(|note| matches!(note, Note::Collected { key: it, .. } if it == key))
        };
        let mut keys: BTreeSet<String> = known.held.keys().cloned().collect();
        keys.extend(server.store().keys.keys().cloned());
        let changed = keys.into_iter().filter(|key| {
            let held = known.held.get(key).cloned().unwrap_or_default();
            held != server.store().keys.get(key).map(names).unwrap_or_default()
        });
        for key in changed.collect::<Vec<_>>() {
            let siblings = server.store().keys.get(&key).cloned().unwrap_or_default();
            if let Some((rule, fact)) = self.look_at(id, &key, &siblings, collected(&key)) {
                let facts = vec![format!("{id} at {}", step.time), fact];
                return Err(Violation { rule, source: "Dynamo, §4.4", facts, nodes: vec![id] });
            }
        }
        Ok(())
    }
}

/// Strict Quorums Meet (§4.5).
#[derive(Clone, Debug, Default, Serialize)]
pub struct StrictQuorumsMeet {
    causes: Causes,
    /// Acknowledged versions, by key.
    acknowledged: BTreeMap<String, BTreeSet<Name>>,
    /// What reads that are under way have to find: by node and operation.
    expected: BTreeMap<(NodeId, OperationId), (String, BTreeSet<Name>)>,
}

impl StrictQuorumsMeet {
    /// Nobody has to find these any more, nor what they overwrite.
    fn forget(&mut self, key: &str, names: &[Name]) {
        let gone = self.causes.closure(key, names.iter().copied());
        if let Some(acknowledged) = self.acknowledged.get_mut(key) {
            acknowledged.retain(|name| !gone.contains(name));
        }
        for (it, expected) in self.expected.values_mut() {
            if it == key {
                expected.retain(|name| !gone.contains(name));
            }
        }
    }

    /// What a read should have found, and did not.
    fn missed(&mut self, id: NodeId, read: OperationId, found: &[Name]) -> Option<(String, Name)> {
        let (key, expected) = self.expected.remove(&(id, read))?;
        let covered = self.causes.closure(&key, found.iter().copied());
        let missed = expected.difference(&covered).next().copied()?;
        Some((key, missed))
    }
}

impl Monitor<Server> for StrictQuorumsMeet {
    fn name(&self) -> &'static str {
        "Strict Quorums Meet"
    }

    fn after(&mut self, step: &Step<Dynamo>, _world: &World<Server>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            self.causes.remember(note);
            match note {
                Note::Wrote { .. } => {}
                Note::Reads { id: read, key } => {
                    let expected = self.acknowledged.get(key).cloned().unwrap_or_default();
                    self.expected.insert((id, *read), (key.clone(), expected));
                }
                Note::Acknowledged { name, key } => {
                    self.acknowledged.entry(key.clone()).or_default().insert(*name);
                }
                Note::Collected { key, names } => self.forget(key, names),
                Note::Read { id: read, found, .. } => {
                    let Some((key, missed)) = self.missed(id, *read, found) else { continue };
                    return Err(Violation {
                        rule: "Strict Quorums Meet",
                        source: "Dynamo, §4.5",
                        facts: vec![
                            format!("{missed:?} of {key} had been acknowledged when {read} began"),
                            format!("{read} finds {found:?} at {id} at {}", step.time),
                        ],
                        nodes: vec![id],
                    });
                }
            }
        }
        Ok(())
    }
}

/// Replicas Converge (§4.7).
#[derive(Clone, Debug, Serialize)]
pub struct ReplicasConverge {
    bound: Duration,
    n: u32,
    /// Since when nothing has gone wrong and nobody has written.
    quiet: Option<SimTime>,
}

impl ReplicasConverge {
    fn new(settings: &Settings, nodes: u32) -> Self {
        Self { bound: convergence_bound(settings, nodes), n: settings.n, quiet: None }
    }
}

impl Monitor<Server> for ReplicasConverge {
    fn name(&self) -> &'static str {
        "Replicas Converge"
    }

    fn after(&mut self, step: &Step<Dynamo>, _world: &World<Server>) -> Result<(), Violation> {
        if let Event::Deed(deed) = &step.event {
            match deed.word {
                "calm" => self.quiet = Some(step.time),
                "resume" | "restart" | "heal" | "release" | "request" => {
                    self.quiet = self.quiet.map(|_| step.time);
                }
                _ => self.quiet = None,
            }
        }
        let is_write = |note: &Note| matches!(note, Note::Wrote { .. });
        if step.notes.iter().any(is_write) {
            self.quiet = self.quiet.map(|_| step.time);
        }
        Ok(())
    }

    fn finish(&mut self, world: &World<Server>) -> Result<(), Violation> {
        let Some(quiet) = self.quiet else { return Ok(()) };
        if world.now() < quiet.saturating_add(self.bound) {
            return Ok(());
        }
        let keys: BTreeSet<&String> =
            world.up().flat_map(|(_, server)| server.store().keys.keys()).collect();
        for key in keys {
            let owners = ring::owners(key, self.n, world.node_count());
            let held = owners.iter().filter_map(|owner| {
                let siblings = world.node(*owner)?.store().keys.get(key).cloned();
                // Tombstones may be removed a moment later here than there.
                Some((*owner, siblings.filter(|it| !is_deleted(it)).map(|it| names(&it))))
            });
            let held: Vec<_> = held.collect();
            if let Some(pair) = held.windows(2).find(|pair| pair[0].1 != pair[1].1) {
                return Err(Violation {
                    rule: "Replicas Converge",
                    source: "Dynamo, §4.7",
                    facts: vec![
                        format!("nothing has happened to {key} since {quiet}"),
                        format!(
                            "{} has {:?}, {} has {:?}",
                            pair[0].0, pair[0].1, pair[1].0, pair[1].1
                        ),
                    ],
                    nodes: vec![pair[0].0, pair[1].0],
                });
            }
        }
        Ok(())
    }
}
