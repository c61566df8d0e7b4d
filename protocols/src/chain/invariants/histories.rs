//! Update Propagation and Inprocess Requests (§3).

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use crate::chain::{Chain, Note, Place, Server, Station};

use super::ghost::Ghost;

/// Update Propagation Invariant (§3): for servers *i* and *j* such that *i* is in front of *j* in the chain, `Hist` of *j* is a
/// prefix of `Hist` of *i*.
///
/// An update is compared when it is processed, and everything when the chain changes and when a server is back.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UpdatePropagation {
    ghost: Ghost,
}

impl UpdatePropagation {
    const NAME: &'static str = "Update Propagation";

    fn compare(
        place: Place,
        [(i, first), (j, second)]: [(NodeId, &Server); 2],
        now: SimTime,
    ) -> Result<(), Violation> {
        let at = |server: &Server| {
            let processed = server.hist.get(place);
            processed.map(|processed| processed.update.request.id)
        };
        // What is known by its state alone was compared when it was processed.
        if place <= first.hist.base || place <= second.hist.base || at(first) == at(second) {
            return Ok(());
        }
        let says = |id: NodeId, server: &Server| match at(server) {
            Some(operation) => format!("{id} has {operation} at {place}, at {now}"),
            None => format!("{id} has processed up to {}, at {now}", server.hist.last()),
        };
        Err(Violation {
            rule: Self::NAME,
            source: "van Renesse & Schneider 2004, §3, Update Propagation Invariant",
            facts: vec![says(i, first), format!("{}, which comes behind", says(j, second))],
            nodes: vec![i, j],
        })
    }
}

impl Monitor<Station> for UpdatePropagation {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Chain>, world: &World<Station>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let has_changed = self.ghost.look(step, world);
        let is_restart = matches!(step.event, Event::Deed(_));
        if has_changed || is_restart {
            for pair in self.ghost.pairs(None, world) {
                for place in (1..=pair[1].1.hist.last().0).map(Place) {
                    Self::compare(place, pair, step.time)?;
                }
            }
        }
        for note in &step.notes {
            let Note::Processed { place, .. } = note else { continue };
            for pair in self.ghost.pairs(Some(id), world).filter(|pair| pair[1].0 == id) {
                Self::compare(*place, pair, step.time)?;
            }
        }
        Ok(())
    }

    /// Who has processed the same has the same state.
    fn finish(&mut self, world: &World<Station>) -> Result<(), Violation> {
        for [(i, first), (j, second)] in self.ghost.pairs(None, world) {
            if first.hist.last() == second.hist.last() && first.store != second.store {
                let facts = vec![
                    format!("{i} has {:?}", first.store),
                    format!("{j} has {:?} by the same {}", second.store, second.hist.last()),
                ];
                let source = "van Renesse & Schneider 2004, §2: Hist determines the state";
                return Err(Violation { rule: Self::NAME, source, facts, nodes: vec![i, j] });
            }
        }
        Ok(())
    }
}

/// Inprocess Requests Invariant (§3): `Hist` of a server is what its successor has processed, and its own `Sent`. So nothing is taken
/// out of `Sent` that the successor may lack.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InprocessRequests {
    ghost: Ghost,
}

impl InprocessRequests {
    const NAME: &'static str = "Inprocess Requests";
}

impl Monitor<Station> for InprocessRequests {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Chain>, world: &World<Station>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let has_changed = self.ghost.look(step, world);
        for [(i, first), (j, second)] in self.ghost.pairs(Some(id).filter(|_| !has_changed), world)
        {
            if first.acknowledged <= second.hist.last() {
                continue;
            }
            let lacks = second.hist.last().next();
            return Err(Violation {
                rule: Self::NAME,
                source: "van Renesse & Schneider 2004, §3, Inprocess Requests Invariant",
                facts: vec![
                    format!(
                        "{i} has processed up to {}, and has no more of it in Sent than what comes behind {}, at {}",
                        first.hist.last(),
                        first.acknowledged,
                        step.time
                    ),
                    format!(
                        "{j}, which comes behind it, has processed up to {}: it lacks {lacks}",
                        second.hist.last()
                    ),
                ],
                nodes: vec![i, j],
            });
        }
        Ok(())
    }
}
