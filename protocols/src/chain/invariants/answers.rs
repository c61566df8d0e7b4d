//! What clients are told.

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Monitor, NodeId, OperationId, SimTime, Step, Violation, World};

use crate::chain::{Chain, Epoch, Note, Place, Station};

use super::ghost::{Ghost, server};

/// An update that a client was told of.
#[derive(Clone, Copy, Debug, Serialize)]
struct Replied {
    place: Place,
    operation: OperationId,
    by: NodeId,
    at: SimTime,
}

impl Replied {
    fn fact(&self) -> String {
        let Self { place, operation, by, at } = self;
        format!("{by} answered {operation}, which it has at {place}, at {at}")
    }
}

/// Replied Updates Are on Every Server (§2): replies come from the tail, which is the last to process an update. So every server that
/// is in the chain has processed it, now and later, whoever fails.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RepliedEverywhere {
    ghost: Ghost,
    furthest: Option<Replied>,
}

impl RepliedEverywhere {
    const NAME: &'static str = "Replied Updates Are on Every Server";

    fn check(&self, replied: &Replied, world: &World<Station>) -> Result<(), Violation> {
        for id in &self.ghost.chain {
            let Some(server) = server(world, *id) else { continue };
            let there = server.hist.get(replied.place).map(|known| known.update.request.id);
            let is_state = replied.place <= server.hist.base;
            if is_state || there == Some(replied.operation) {
                continue;
            }
            let has = match there {
                Some(other) => format!("{id} has {other} at {}", replied.place),
                None => format!("{id} has processed up to {}", server.hist.last()),
            };
            return Err(Violation {
                rule: Self::NAME,
                source: "van Renesse & Schneider 2004, §2: replies are sent by the tail",
                facts: vec![replied.fact(), format!("{has}, at {}", world.now())],
                nodes: vec![replied.by, *id],
            });
        }
        Ok(())
    }
}

impl Monitor<Station> for RepliedEverywhere {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Chain>, world: &World<Station>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let has_changed = self.ghost.look(step, world);
        let is_restart = matches!(step.event, Event::Deed(_));
        if has_changed || is_restart {
            self.furthest.iter().try_for_each(|furthest| self.check(furthest, world))?;
        }
        for note in &step.notes {
            let Note::Replied { place, operation } = note else { continue };
            let replied = Replied { place: *place, operation: *operation, by: id, at: step.time };
            self.check(&replied, world)?;
            if self.furthest.is_none_or(|furthest| furthest.place < replied.place) {
                self.furthest = Some(replied);
            }
        }
        Ok(())
    }
}

/// Queries at the Tail (§2): queries are answered by the tail of the latest configuration that any query was answered in, and from
/// a state that knows all that clients were told of.
#[derive(Clone, Debug, Default, Serialize)]
pub struct QueriesAtTail {
    ghost: Ghost,
    /// The answer in the latest configuration.
    latest: Option<(Epoch, NodeId, SimTime)>,
    furthest: Option<Replied>,
}

impl QueriesAtTail {
    const NAME: &'static str = "Queries at the Tail";

    fn answers(
        &mut self,
        (id, now): (NodeId, SimTime),
        place: Place,
        number: Epoch,
    ) -> Result<(), Violation> {
        let own = format!("{id} answered a query from {place} in {number} at {now}");
        let conflict = match (self.ghost.tail(number), self.latest, self.furthest) {
            (Some(tail), _, _) if tail != id => {
                Some((format!("the tail of {number} is {tail}"), tail))
            }
            (_, Some((later, by, at)), _) if number < later => {
                Some((format!("{by} had answered one in {later} at {at}"), by))
            }
            (_, _, Some(furthest)) if place < furthest.place => {
                Some((furthest.fact(), furthest.by))
            }
            (Some(_) | None, _, _) => None,
        };
        self.latest = self.latest.max(Some((number, id, now)));
        let Some((fact, other)) = conflict else { return Ok(()) };
        Err(Violation {
            rule: Self::NAME,
            source: "van Renesse & Schneider 2004, §2: queries are processed atomically at the tail",
            facts: vec![fact, own],
            nodes: vec![other, id],
        })
    }
}

impl Monitor<Station> for QueriesAtTail {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Chain>, world: &World<Station>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        self.ghost.look(step, world);
        for note in &step.notes {
            if let Note::Answered { place, number, .. } = note {
                self.answers((id, step.time), *place, *number)?;
            }
            if let Note::Replied { place, operation } = note
                && self.furthest.is_none_or(|furthest| furthest.place < *place)
            {
                let (place, operation) = (*place, *operation);
                self.furthest = Some(Replied { place, operation, by: id, at: step.time });
            }
        }
        Ok(())
    }
}

/// Clean Versions (CRAQ, §2.3): whichever server answers a query, it answers with a version that the tail has processed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CleanVersions {
    /// The last update that a tail is known to have processed.
    processed: Place,
}

impl Monitor<Station> for CleanVersions {
    fn name(&self) -> &'static str {
        "Clean Versions"
    }

    fn after(&mut self, step: &Step<Chain>, _world: &World<Station>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            if let Note::Stable { place, .. } | Note::Recovered { through: place } = note {
                self.processed = self.processed.max(*place);
            }
            let Note::AnsweredVersion { operation, version, .. } = note else { continue };
            if *version <= self.processed {
                continue;
            }
            return Err(Violation {
                rule: "Clean Versions",
                source: "Terrace & Freedman 2009, §2.3",
                facts: vec![
                    format!("the tail has processed up to {}", self.processed),
                    format!(
                        "{id} answered {operation} with the version of {version} at {}",
                        step.time
                    ),
                ],
                nodes: vec![id],
            });
        }
        Ok(())
    }
}
