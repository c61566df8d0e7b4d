//! What must hold after every event.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`OnePrimary`] | a view has one primary, once | §3, §4.2 |
//! | [`CommittedSurvives`] | a committed request is in the log of every later primary, at its place | §4.2 |
//! | [`RecoveredForgetNothing`] | who recovers has all that was committed when it asked | §4.3 |
//! | [`SameOrder`], [`ExactlyOnce`], [`StateEqualsReplay`] | agreement on each op-number, in order; clients' requests take effect once; the state is that of the log | [`crate::replicated`] |

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, Sequence, SimTime, Step, Violation, World};

use crate::kv::{Command, Store};
use crate::replicated::{self, ExactlyOnce, Milestone, SameOrder, StateEqualsReplay};

use super::numbers::{OpNumber, ViewNumber};
use super::replica::{Note, Replica, Vr};

impl replicated::Replica for Replica {
    fn store(&self) -> &Store {
        self.state_machine()
    }

    fn executed(&self) -> u64 {
        self.commit_number().0
    }

    fn milestone(note: &Note) -> Option<Milestone<'_>> {
        match note {
            Note::Executed { op, command, took_effect } => {
                let (position, took_effect) = (op.0, *took_effect);
                Some(Milestone::Executed { position, command, took_effect })
            }
            Note::Leads { .. }
            | Note::ViewChange { .. }
            | Note::Follows { .. }
            | Note::Committed { .. }
            | Note::Recovers { .. }
            | Note::Recovered { .. } => None,
        }
    }
}

/// All of them, for a run of `nodes` replicas.
pub fn all(nodes: u32) -> Vec<Box<dyn Monitor<Replica>>> {
    vec![
        Box::new(OnePrimary::default()),
        Box::new(CommittedSurvives::default()),
        Box::new(RecoveredForgetNothing::default()),
        Box::new(SameOrder::new(nodes, "Liskov & Cowling 2012, §4")),
        Box::new(ExactlyOnce::new()),
        Box::new(StateEqualsReplay::new()),
    ]
}

/// One Primary per View (§3): the primary of a view is the one whose turn it is, and it begins the view once. Who lost its memory as
/// a primary is none any more.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OnePrimary {
    begun: BTreeMap<ViewNumber, (NodeId, SimTime)>,
}

impl OnePrimary {
    const NAME: &'static str = "One Primary per View";
}

impl Monitor<Replica> for OnePrimary {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Vr>, _world: &World<Replica>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Leads { view, .. } = note else { continue };
            let Some((first, at)) = self.begun.insert(*view, (id, step.time)) else { continue };
            return Err(Violation {
                rule: Self::NAME,
                source: "Liskov & Cowling 2012, §3 and §4.2",
                facts: vec![
                    format!("{first} began to lead {view} at {at}"),
                    format!("{id} began to lead {view} at {}", step.time),
                ],
                nodes: vec![first, id],
            });
        }
        Ok(())
    }
}

/// What was committed, as the primaries said.
#[derive(Clone, Debug, Default, Serialize)]
struct Committed {
    log: Sequence<Command>,
    /// The latest view in which something was committed.
    view: ViewNumber,
}

impl Committed {
    /// A primary said that its log is committed up to `op`.
    fn add(&mut self, replica: &Replica, view: ViewNumber, op: OpNumber) {
        self.view = self.view.max(view);
        for place in self.log.len()..op.0 as usize {
            let Some(command) = replica.log().get(place) else { return };
            self.log.push(command.clone());
        }
    }

    /// What `replica` lacks of the committed requests at `places`, if anything.
    fn lacks(&self, replica: &Replica, mut places: Range<usize>) -> Option<String> {
        let place = places.find(|place| replica.log().get(*place) != self.log.get(*place))?;
        let op = OpNumber(place as u64 + 1);
        let committed = self.log.get(place);
        Some(match replica.log().get(place) {
            Some(other) => format!("has {other:?} at {op}, where {committed:?} was committed"),
            None => format!("has a log up to {}, and {op} was committed", replica.op_number()),
        })
    }
}

/// Committed Requests Survive (§4.2): a request that was committed in a view is in the log of the primary of every later view, at the same
/// op-number.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CommittedSurvives {
    committed: Committed,
}

impl CommittedSurvives {
    const NAME: &'static str = "Committed Requests Survive";

    fn check(
        &self,
        id: NodeId,
        world: &World<Replica>,
        places: Range<usize>,
    ) -> Result<(), Violation> {
        let Some(replica) = world.node(id) else { return Ok(()) };
        let Some(lack) = self.committed.lacks(replica, places) else { return Ok(()) };
        let count = self.committed.log.len();
        Err(Violation {
            rule: Self::NAME,
            source: "Liskov & Cowling 2012, §4.2, correctness",
            facts: vec![
                format!("{count} requests were committed, the last one in {}", self.committed.view),
                format!("{id} leads {} and {lack}, at {}", replica.view_number(), world.now()),
            ],
            nodes: vec![id],
        })
    }
}

impl Monitor<Replica> for CommittedSurvives {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Vr>, world: &World<Replica>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            match note {
                Note::Leads { view, .. } if self.committed.view <= *view => {
                    self.check(id, world, 0..self.committed.log.len())?;
                }
                Note::Committed { view, op } => {
                    // What was committed before at this place is what this primary has there.
                    let known = self.committed.log.len().min(op.0 as usize);
                    self.check(id, world, known.saturating_sub(1)..known)?;
                    let Some(replica) = world.node(id) else { continue };
                    self.committed.add(replica, *view, *op);
                }
                Note::Leads { .. }
                | Note::ViewChange { .. }
                | Note::Follows { .. }
                | Note::Executed { .. }
                | Note::Recovers { .. }
                | Note::Recovered { .. } => {}
            }
        }
        Ok(())
    }
}

/// Recovered Replicas Forget Nothing (§4.3): who has recovered has everything that was committed when it asked, its own
/// acknowledgements before the crash included.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RecoveredForgetNothing {
    committed: Committed,
    /// How much was committed when each asked, and when that was.
    asked: BTreeMap<NodeId, (usize, SimTime)>,
}

impl RecoveredForgetNothing {
    const NAME: &'static str = "Recovered Replicas Forget Nothing";
}

impl Monitor<Replica> for RecoveredForgetNothing {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Vr>, world: &World<Replica>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Some(replica) = world.node(id) else { continue };
            match note {
                Note::Committed { view, op } => self.committed.add(replica, *view, *op),
                Note::Recovers { .. } => {
                    self.asked.insert(id, (self.committed.log.len(), step.time));
                }
                Note::Recovered { view, .. } => {
                    let Some((count, at)) = self.asked.remove(&id) else { continue };
                    let Some(lack) = self.committed.lacks(replica, 0..count) else { continue };
                    return Err(Violation {
                        rule: Self::NAME,
                        source: "Liskov & Cowling 2012, §4.3",
                        facts: vec![
                            format!("{count} requests were committed when {id} asked, at {at}"),
                            format!("{id} recovered in {view} and {lack}, at {}", step.time),
                        ],
                        nodes: vec![id],
                    });
                }
                Note::Leads { .. }
                | Note::ViewChange { .. }
                | Note::Follows { .. }
                | Note::Executed { .. } => {}
            }
        }
        Ok(())
    }
}
