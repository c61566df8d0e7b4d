//! What must hold after every event. What caused what is booked beside the nodes: the event before at the same node, and the one that sent the message that arrived.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`ClocksTellOrder`]: Clock Condition | if *a* may have caused *b*, *a*'s stamp is less: Lamport's and the hybrid one | Lamport 1978; HLC, theorem 1 |
//! | [`ClocksTellOrder`]: Vectors Are Causes | a vector clock counts exactly the events that may have caused this one, and itself | Fidge 1988, Mattern 1988 |
//! | [`ClocksTellOrder`]: Hybrid Time | a hybrid time is the greatest physical time of all events that may have caused this one, and itself: never behind the own clock, and ahead by no more than clocks differ | HLC, theorem 2 |
//! | [`SessionGuarantees`]: Read Your Writes | a read finds what its client has written | Terry et al. 1994, §3 |
//! | [`SessionGuarantees`]: Monotonic Reads | a read finds what its client has found before | Terry et al. 1994, §3 |

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, Step, Violation, World};

use crate::clocks::{Hybrid, Lamport};

use super::process::{Note, Process, Sessions};
use super::stamps::{Event, Stamps};

/// All of them.
pub fn all() -> Vec<Box<dyn Monitor<Process>>> {
    vec![Box::new(ClocksTellOrder::default()), Box::new(SessionGuarantees::default())]
}

/// What is booked of an event.
#[derive(Clone, Debug, Serialize)]
struct Booked {
    lamport: Lamport,
    hybrid: Hybrid,
    /// How many events of each node may have caused it, itself included.
    causes: BTreeMap<NodeId, u64>,
    /// The greatest physical time of all of these.
    latest: i64,
}

/// The laws of the three clocks.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClocksTellOrder {
    events: BTreeMap<Event, Booked>,
}

impl ClocksTellOrder {
    /// An event, right behind those that brought it about. What is wrong with its stamps, by which rule.
    fn book(
        &mut self,
        stamps: &Stamps,
        cause: Option<Event>,
        physical: i64,
    ) -> Result<(), (&'static str, String)> {
        let event = stamps.event;
        let before = Event { number: event.number - 1, ..event };
        let mut booked = Booked {
            lamport: stamps.lamport,
            hybrid: stamps.hybrid,
            causes: BTreeMap::new(),
            latest: physical.max(0),
        };
        for earlier in [Some(before), cause].into_iter().flatten() {
            let Some(known) = self.events.get(&earlier) else { continue };
            if stamps.lamport <= known.lamport || stamps.hybrid <= known.hybrid {
                let fact = format!(
                    "{earlier:?} has {:?} and {:?}, {event:?}, which it may have caused, {:?} and {:?}",
                    known.lamport, known.hybrid, stamps.lamport, stamps.hybrid
                );
                return Err(("Clock Condition", fact));
            }
            booked.latest = booked.latest.max(known.latest);
            for (node, count) in &known.causes {
                let own = booked.causes.entry(*node).or_default();
                *own = (*own).max(*count);
            }
        }
        booked.causes.insert(event.node, event.number);
        let counted: BTreeMap<NodeId, u64> = stamps.vector.entries().collect();
        if counted != booked.causes {
            let fact = format!("{event:?} says {counted:?}; in fact {:?}", booked.causes);
            return Err(("Vectors Are Causes", fact));
        }
        if stamps.hybrid.time != booked.latest {
            let (own, due) = (stamps.hybrid.time, booked.latest);
            let fact = format!("{event:?} says {own} ns; the latest it can know of is {due} ns");
            return Err(("Hybrid Time", fact));
        }
        self.events.insert(event, booked);
        Ok(())
    }
}

impl Monitor<Process> for ClocksTellOrder {
    fn name(&self) -> &'static str {
        "Clocks Tell Order"
    }

    fn after(&mut self, step: &Step<Sessions>, _world: &World<Process>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Happened { cause, stamps, physical } = note else { continue };
            self.book(stamps, *cause, *physical).map_err(|(rule, fact)| Violation {
                rule,
                source: "Lamport 1978; Kulkarni et al. 2014, theorems 1 and 2",
                facts: vec![format!("{id} at {}", step.time), fact],
                nodes: cause.map_or(vec![id], |cause| vec![cause.node, id]),
            })?;
        }
        Ok(())
    }
}

/// What a session has been told.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Told {
    written: u64,
    read: u64,
}

/// The session guarantees of reads.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SessionGuarantees {
    told: BTreeMap<NodeId, Told>,
}

impl Monitor<Process> for SessionGuarantees {
    fn name(&self) -> &'static str {
        "Session Guarantees"
    }

    fn after(&mut self, step: &Step<Sessions>, _world: &World<Process>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let told = self.told.entry(id).or_default();
        for note in &step.notes {
            match note {
                Note::Wrote { value, .. } => told.written = *value,
                Note::Read { at, value, .. } => {
                    let (rule, least) = if *value < told.written {
                        ("Read Your Writes", told.written)
                    } else {
                        ("Monotonic Reads", told.read)
                    };
                    if *value < least {
                        let fact = format!("{id} was told of {least}, and reads {value} at {at}");
                        return Err(Violation {
                            rule,
                            source: "Terry et al. 1994, §3",
                            facts: vec![fact, format!("at {}", step.time)],
                            nodes: vec![id, *at],
                        });
                    }
                    told.read = *value;
                }
                Note::Happened { .. } | Note::Asks { .. } | Note::Waits { .. } => {}
            }
        }
        Ok(())
    }
}
