//! What must hold after every event: the lemmas from which the papers prove that the register is atomic.
//!
//! | monitor | lemma | where |
//! |---|---|---|
//! | [`TagsIncrease`] | what a replica has never gets older, whatever crashes | ABD, section 3; LS, section 3 |
//! | [`OneValuePerTag`] | a tag stands for one value | LS, section 3 |
//! | [`MajorityHolds`] | what the second phase left is with a majority, and so in every other | ABD, section 3 |
//! | [`OrderOfTags`] | tags follow the order of operations that follow each other | LS, section 3; Lynch, *Distributed Algorithms*, 1996, lemma 13.16 |

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, OperationId, SimTime, Step, Violation, World};

use crate::quorum::majority;

use super::{Abd, Note, Process, Record, Tag};

/// All of them, for a run of `nodes` processes of which the first `replicas` have copies.
pub(super) fn all(nodes: u32, replicas: u32) -> Vec<Box<dyn Monitor<Process>>> {
    vec![
        Box::new(TagsIncrease::new(nodes)),
        Box::new(OneValuePerTag::default()),
        Box::new(MajorityHolds { replicas }),
        Box::new(OrderOfTags::default()),
    ]
}

/// Tags Increase: what a replica has of a register never gets older; across a crash, what it had on disk.
#[derive(Clone, Debug, Serialize)]
pub struct TagsIncrease {
    replicas: Vec<Known>,
}

/// What is known of one replica.
#[derive(Clone, Debug, Default, Serialize)]
struct Known {
    incarnation: u32,
    /// What it has, by its own word.
    held: BTreeMap<String, Tag>,
    /// What it has on disk.
    kept: BTreeMap<String, Tag>,
    /// How many records of its journal were looked at.
    records: usize,
}

impl TagsIncrease {
    const NAME: &'static str = "Tags Increase";

    /// For a run of `nodes` processes.
    pub fn new(nodes: u32) -> Self {
        Self { replicas: vec![Known::default(); nodes as usize] }
    }

    fn violation(id: NodeId, key: &str, tags: (Tag, Tag), now: SimTime) -> Violation {
        let (before, after) = tags;
        Violation {
            rule: Self::NAME,
            source: "ABD, section 3: a copy is replaced by one of a higher label only",
            facts: vec![
                format!("{id} had {key} of tag {before}"),
                format!("{id} has {key} of tag {after} at {now}"),
            ],
            nodes: vec![id],
        }
    }
}

impl Monitor<Process> for TagsIncrease {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Abd>, world: &World<Process>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let Some(process) = world.node(id) else { return Ok(()) };
        let known = &mut self.replicas[id.index()];
        if known.incarnation != world.incarnation(id) {
            known.incarnation = world.incarnation(id);
            for (key, before) in &known.kept {
                let after = process.copy(key).map_or(Tag::default(), |copy| copy.tag);
                if after < *before {
                    return Err(Self::violation(id, key, (*before, after), step.time));
                }
            }
            known.held = known.kept.clone();
        }
        for note in &step.notes {
            let Note::Adopted { key, copy } = note else { continue };
            let before = known.held.insert(key.clone(), copy.tag).unwrap_or_default();
            if copy.tag <= before {
                return Err(Self::violation(id, key, (before, copy.tag), step.time));
            }
        }
        let journal = world.journal(id).as_written();
        for record in journal.range(known.records.min(journal.len())..journal.len()) {
            if let Record::Stored { key, copy } = record {
                known.kept.insert(key.clone(), copy.tag);
            }
        }
        known.records = journal.len();
        Ok(())
    }
}

/// One Value per Tag: whichever replica has a tag of a register, it has the same value with it. What a writer had tagged
/// before it crashed, and nobody heard of, does not count.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OneValuePerTag {
    /// For each register and tag: the value, and who had it first.
    values: BTreeMap<(String, Tag), (Option<String>, NodeId, SimTime)>,
}

impl Monitor<Process> for OneValuePerTag {
    fn name(&self) -> &'static str {
        "One Value per Tag"
    }

    fn after(&mut self, step: &Step<Abd>, _world: &World<Process>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Adopted { key, copy } = note else { continue };
            let place = (key.clone(), copy.tag);
            let first = self.values.entry(place).or_insert((copy.value.clone(), id, step.time));
            let (value, by, at) = first;
            if *value == copy.value {
                continue;
            }
            return Err(Violation {
                rule: "One Value per Tag",
                source: "LS, section 3: no two writes have the same tag",
                facts: vec![
                    format!("{by} had {value:?} for {key} of tag {} at {at}", copy.tag),
                    format!("{id} has {:?} for the same tag at {}", copy.value, step.time),
                ],
                nodes: vec![*by, id],
            });
        }
        Ok(())
    }
}

/// Majority Holds: when a second phase ends, those who answered it are a majority of the replicas, and each has what it
/// was to keep, or something newer; on disk where it is down. Any other majority has one of them among it.
#[derive(Clone, Debug, Serialize)]
pub struct MajorityHolds {
    /// How many there are.
    pub replicas: u32,
}

impl Monitor<Process> for MajorityHolds {
    fn name(&self) -> &'static str {
        "Majority Holds"
    }

    fn after(&mut self, step: &Step<Abd>, world: &World<Process>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Propagated { operation, key, tag, by } = note else { continue };
            let has = |replica: &&NodeId| *tag <= tag_at(world, **replica, key);
            let holders: Vec<NodeId> = by.iter().filter(has).copied().collect();
            if majority(self.replicas) as usize <= holders.len() {
                continue;
            }
            return Err(Violation {
                rule: "Majority Holds",
                source: "ABD, section 3: any two majorities share a processor",
                facts: vec![
                    format!(
                        "{id} took {key} of tag {tag} as being with {by:?} at {}, for {operation}",
                        step.time
                    ),
                    format!("of {} replicas {holders:?} have it", self.replicas),
                ],
                nodes: vec![id],
            });
        }
        Ok(())
    }
}

/// The tag that a replica has of a register: in memory, or on disk while it is down.
fn tag_at(world: &World<Process>, id: NodeId, key: &str) -> Tag {
    if let Some(process) = world.node(id) {
        return process.copy(key).map_or(Tag::default(), |copy| copy.tag);
    }
    let mut tags = world.journal(id).records().filter_map(|record| match record {
        Record::Stored { key: own, copy } if own == key => Some(copy.tag),
        Record::Stored { .. } | Record::Issued { .. } => None,
    });
    tags.next_back().unwrap_or_default()
}

/// Order of Tags: an operation that begins after another is complete has no lower tag, and a higher one if it writes. With
/// One Value per Tag, this makes the register atomic.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OrderOfTags {
    /// The complete operation of the highest tag, by register.
    complete: BTreeMap<String, Done>,
    /// Operations under way: which complete one they follow.
    begun: BTreeMap<(NodeId, OperationId), Option<Done>>,
}

/// An operation that is complete.
#[derive(Clone, Debug, Serialize)]
struct Done {
    tag: Tag,
    operation: OperationId,
    at: SimTime,
}

impl OrderOfTags {
    fn completes(
        &mut self,
        (id, key, is_write): (NodeId, &str, bool),
        done: Done,
    ) -> Result<(), Violation> {
        let earlier = self.begun.remove(&(id, done.operation)).flatten();
        let is_late =
            |earlier: &Done| done.tag < earlier.tag || (is_write && done.tag == earlier.tag);
        if let Some(earlier) = earlier.filter(is_late) {
            return Err(Violation {
                rule: "Order of Tags",
                source: "LS, section 3; Lynch 1996, lemma 13.16",
                facts: vec![
                    format!(
                        "{} was complete with {key} of tag {} at {}",
                        earlier.operation, earlier.tag, earlier.at
                    ),
                    format!(
                        "{} began later and {} tag {} at {}",
                        done.operation,
                        if is_write { "wrote" } else { "read" },
                        done.tag,
                        done.at
                    ),
                ],
                nodes: vec![id],
            });
        }
        let is_highest = |highest: &Done| highest.tag < done.tag;
        if self.complete.get(key).is_none_or(is_highest) {
            self.complete.insert(key.to_owned(), done);
        }
        Ok(())
    }
}

impl Monitor<Process> for OrderOfTags {
    fn name(&self) -> &'static str {
        "Order of Tags"
    }

    fn after(&mut self, step: &Step<Abd>, _world: &World<Process>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            match note {
                Note::Began { operation, key } => {
                    self.begun.insert((id, *operation), self.complete.get(key).cloned());
                }
                Note::Completed { operation, key, tag, is_write } => {
                    let done = Done { tag: *tag, operation: *operation, at: step.time };
                    self.completes((id, key, *is_write), done)?;
                }
                Note::Queried { .. }
                | Note::Tagged { .. }
                | Note::Adopted { .. }
                | Note::Propagated { .. } => {}
            }
        }
        Ok(())
    }
}
