//! What must hold after every event.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`OnePrimary`] | at any time one server at most would answer a query | BMST, Pb1 |
//! | [`OnePrimaryPerEpoch`] | epochs grow, and each has one primary at most | `mod.rs` |
//! | [`AcknowledgedByAll`] | what is committed is on the disks of the primary and all its backups | BMST, section 8.3 |
//! | [`CommittedEntriesStay`] | it is in the log of every later primary, and nobody deletes it | KIP-101 |
//!
//! Beside these, the rules of all replicated logs: the same order, exactly once, and state equals replay.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, Sequence, SimTime, Step, Violation, World};

use crate::replicated::{ExactlyOnce, SameOrder, StateEqualsReplay};

use super::log::Index;
use super::view::Epoch;
use super::{Note, Party, PrimaryBackup, Record, Server};

/// All of them, for a run of `nodes` nodes.
pub(super) fn all(nodes: u32) -> Vec<Box<dyn Monitor<Party>>> {
    vec![
        Box::new(OnePrimary),
        Box::new(OnePrimaryPerEpoch::new(nodes)),
        Box::new(AcknowledgedByAll),
        Box::new(CommittedEntriesStay::default()),
        Box::new(SameOrder::new(nodes, "the state machine approach (Schneider 1990)")),
        Box::new(ExactlyOnce::new()),
        Box::new(StateEqualsReplay::new()),
    ]
}

fn server(world: &World<Party>, id: NodeId) -> Option<&Server> {
    world.node(id).and_then(Party::server)
}

/// One Primary (Pb1): at any time at most one server would answer a query.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OnePrimary;

impl Monitor<Party> for OnePrimary {
    fn name(&self) -> &'static str {
        "One Primary"
    }

    fn after(&mut self, step: &Step<PrimaryBackup>, world: &World<Party>) -> Result<(), Violation> {
        let is_primary =
            |id: NodeId| server(world, id).is_some_and(|server| server.is_primary(world.clock(id)));
        let Some(id) = step.handled_by.filter(|id| is_primary(*id)) else { return Ok(()) };
        let others = NodeId::all(world.node_count()).filter(|other| *other != id);
        let Some(other) = others.into_iter().find(|other| is_primary(*other)) else {
            return Ok(());
        };
        let fact = |id: NodeId| {
            let epoch = server(world, id).map_or(Epoch(0), Server::epoch);
            format!("{id} is primary of {epoch} and has a lease at {}", step.time)
        };
        Err(Violation {
            rule: "One Primary",
            source: "BMST, Pb1",
            facts: vec![fact(id), fact(other)],
            nodes: vec![id, other],
        })
    }
}

/// One Primary per Epoch: a server begins to serve in an epoch once, nobody else does, and no server goes back to an
/// earlier one while it is up.
#[derive(Clone, Debug, Serialize)]
pub struct OnePrimaryPerEpoch {
    primaries: BTreeMap<Epoch, (NodeId, SimTime)>,
    /// Life and epoch of each node.
    epochs: Vec<(u32, Epoch)>,
}

impl OnePrimaryPerEpoch {
    const NAME: &'static str = "One Primary per Epoch";

    /// For a run of `nodes` nodes.
    pub fn new(nodes: u32) -> Self {
        Self { primaries: BTreeMap::new(), epochs: vec![(0, Epoch(0)); nodes as usize] }
    }
}

impl Monitor<Party> for OnePrimaryPerEpoch {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<PrimaryBackup>, world: &World<Party>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let Some(server) = server(world, id) else { return Ok(()) };
        let violation = |facts, nodes| {
            let source = "primary-backup, module documentation: views are numbered";
            Err(Violation { rule: Self::NAME, source, facts, nodes })
        };
        let (life, now) = (world.incarnation(id), server.epoch());
        let (known_life, before) = std::mem::replace(&mut self.epochs[id.index()], (life, now));
        if known_life == life && now < before {
            let facts =
                vec![format!("{id} was in {before}"), format!("{id} is in {now} at {}", step.time)];
            return violation(facts, vec![id]);
        }
        for note in &step.notes {
            let Note::Serving { epoch, .. } = note else { continue };
            if let Some((first, at)) = self.primaries.insert(*epoch, (id, step.time)) {
                let facts = vec![
                    format!("{first} began to serve in {epoch} at {at}"),
                    format!("{id} began to serve in {epoch} at {}", step.time),
                ];
                return violation(facts, vec![first, id]);
            }
        }
        Ok(())
    }
}

/// Acknowledged by All: when a primary commits an entry, it and everybody whose acknowledgement it waits for has it: in
/// its log, or on its disk while it is down.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AcknowledgedByAll;

impl Monitor<Party> for AcknowledgedByAll {
    fn name(&self) -> &'static str {
        "Acknowledged by All"
    }

    fn after(&mut self, step: &Step<PrimaryBackup>, world: &World<Party>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Committed { index, epoch, by } = note else { continue };
            let all = by.iter().copied().chain([id]);
            let without: Vec<NodeId> =
                all.filter(|server| !has(world, *server, *index, *epoch)).collect();
            if without.is_empty() {
                continue;
            }
            return Err(Violation {
                rule: "Acknowledged by All",
                source: "BMST, section 8.3",
                facts: vec![
                    format!("{id} committed {index} of {epoch} at {}", step.time),
                    format!("{without:?} of its view did not have it"),
                ],
                nodes: [id].into_iter().chain(without).collect(),
            });
        }
        Ok(())
    }
}

/// Whether a server has that entry.
fn has(world: &World<Party>, id: NodeId, index: Index, epoch: Epoch) -> bool {
    if let Some(server) = server(world, id) {
        return server.log().holds(index, epoch);
    }
    let mut there = None;
    for record in world.journal(id).records() {
        match record {
            Record::Append { index: place, entry } if *place == index => there = Some(entry.epoch),
            Record::TruncateFrom { index: from } if *from <= index => there = None,
            Record::Append { .. }
            | Record::TruncateFrom { .. }
            | Record::Entered { .. }
            | Record::Committed { .. }
            | Record::View(_) => {}
        }
    }
    there == Some(epoch)
}

/// Committed Entries Stay: what is committed in one epoch, the primary of every later one has when it begins to serve, nobody commits
/// anything else there, and no server deletes it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CommittedEntriesStay {
    /// For each place, the epoch of the entry that was committed there, and the epoch in which it was.
    committed: Sequence<(Epoch, Epoch)>,
    /// Who committed the last of them, and when.
    last: Option<(NodeId, SimTime)>,
}

impl CommittedEntriesStay {
    const NAME: &'static str = "Committed Entries Stay";

    fn epoch_at(&self, index: Index) -> Option<Epoch> {
        let place = usize::try_from(index.0.checked_sub(1)?).ok()?;
        self.committed.get(place).map(|(epoch, _)| *epoch)
    }

    fn violation(&self, index: Index, id: NodeId, fact: String) -> Violation {
        let by = self.last.map(|(by, at)| (by, at.to_string()));
        let (by, at) = by.unwrap_or((id, String::new()));
        let epoch = self.epoch_at(index).unwrap_or_default();
        Violation {
            rule: Self::NAME,
            source: "BMST, section 8.1; KIP-101",
            facts: vec![
                format!("{index} of {epoch} was committed; the last to commit was {by} at {at}"),
                fact,
            ],
            nodes: vec![by, id],
        }
    }

    /// The last entry that was committed before `epoch`, if `server` does not have it.
    fn missing(&self, server: &Server, epoch: Epoch) -> Option<Index> {
        let places = (1..=self.committed.len() as u64).rev();
        let mut earlier =
            places.zip(self.committed.iter().rev()).filter(|(_, (_, in_epoch))| *in_epoch < epoch);
        let (place, (entry, _)) = earlier.next()?;
        (!server.log().holds(Index(place), *entry)).then_some(Index(place))
    }

    fn commits(
        &mut self,
        id: NodeId,
        server: &Server,
        index: Index,
        now: SimTime,
    ) -> Result<(), Violation> {
        for place in (1..=index.0).map(Index).skip(self.committed.len()) {
            let entry = server.log().epoch_at(place).unwrap_or_default();
            self.committed.push((entry, server.epoch()));
        }
        let own = server.log().epoch_at(index);
        if self.epoch_at(index) != own {
            let fact = format!("{id} committed {index} of {} at {now}", own.unwrap_or_default());
            return Err(self.violation(index, id, fact));
        }
        self.last = Some((id, now));
        Ok(())
    }
}

impl Monitor<Party> for CommittedEntriesStay {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<PrimaryBackup>, world: &World<Party>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let Some(server) = server(world, id) else { return Ok(()) };
        for note in &step.notes {
            match note {
                Note::Committed { index, .. } => self.commits(id, server, *index, step.time)?,
                Note::Serving { epoch, .. } => {
                    if let Some(index) = self.missing(server, *epoch) {
                        let fact = format!("{id} serves in {epoch} without it at {}", step.time);
                        return Err(self.violation(index, id, fact));
                    }
                }
                Note::Truncated { from, epochs } => {
                    let places = epochs.iter().zip(from.0..).map(|(epoch, at)| (Index(at), epoch));
                    let mut lost = places.filter(|(at, epoch)| self.epoch_at(*at) == Some(**epoch));
                    if let Some((index, _)) = lost.next() {
                        let fact = format!("{id} deleted it at {}", step.time);
                        return Err(self.violation(index, id, fact));
                    }
                }
                Note::ViewChanged { .. }
                | Note::Entered { .. }
                | Note::Vouched { .. }
                | Note::Executed { .. }
                | Note::Recovered { .. }
                | Note::Fenced { .. }
                | Note::Answered { .. }
                | Note::NoLease { .. } => {}
            }
        }
        Ok(())
    }
}
