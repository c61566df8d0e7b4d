//! What must hold after every event.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`OpinionsOnlyRise`] | what a member holds of another is only ever overridden by what is greater | §4.2 |
//! | [`IncarnationsRise`] | a member begins no incarnation that others know already, and nobody else begins any | §4.2 |
//! | [`NoHastyConfirmation`] | a suspect has the time to deny that it is due | §4.2, Lifeguard §IV.B |
//! | [`TimeBoundedCompleteness`] | every member suspects who has failed within [`completeness_bound`] | §4.3 |

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::{Duration, LocalTime, Monitor, NodeId, SimTime, Step, Violation, World};

use crate::undisturbed::Undisturbed;

use super::lifeguard::suspicion_timeout;
use super::member::{Member, Note, Settings, Swim, Targets};
use super::message::{Incarnation, Opinion, Status};

/// All of them, for a run of `nodes` members.
pub fn all(settings: &Settings, nodes: u32) -> Vec<Box<dyn Monitor<Member>>> {
    let mut monitors: Vec<Box<dyn Monitor<Member>>> = vec![
        Box::new(OpinionsOnlyRise::default()),
        Box::new(IncarnationsRise::new(nodes)),
        Box::new(NoHastyConfirmation::new(settings, nodes)),
    ];
    if settings.targets == Targets::RoundRobin {
        monitors.push(Box::new(TimeBoundedCompleteness::new(settings, nodes)));
    }
    monitors
}

/// Within how long every member that goes on undisturbed suspects one that has failed (§4.3): a list of n members is
/// gone through within n − 1 pings, so that two mentions of a member are at most 2n − 1 periods apart; the last of these has to end.
/// Lifeguard may stretch each period, and a clock may be a tenth slow, for which a quarter is allowed.
pub fn completeness_bound(settings: &Settings, members: u32) -> Duration {
    let periods = 2 * u64::from(members) * u64::from(settings.local_health + 1);
    let bound = settings.period * periods;
    bound + bound.checked_mul_ratio(1, 4).unwrap_or(bound)
}

/// What a note says about somebody else.
const fn said(note: &Note) -> Option<(NodeId, Opinion)> {
    let (member, incarnation, status) = match note {
        Note::Suspects { member, incarnation, .. } => (*member, *incarnation, Status::Suspect),
        Note::Confirms { member, incarnation, .. } => (*member, *incarnation, Status::Faulty),
        Note::Trusts { member, incarnation } => (*member, *incarnation, Status::Alive),
        Note::ProbeFailed { .. } | Note::Incarnates { .. } => return None,
    };
    Some((member, Opinion { incarnation, status }))
}

/// Opinions Only Rise (§4.2): whatever order news comes in, what is held of a member is the greatest of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OpinionsOnlyRise {
    /// By observer: in which of its lives, and what it held last.
    held: BTreeMap<NodeId, (u32, BTreeMap<NodeId, Opinion>)>,
}

impl Monitor<Member> for OpinionsOnlyRise {
    fn name(&self) -> &'static str {
        "Opinions Only Rise"
    }

    fn after(&mut self, step: &Step<Swim>, world: &World<Member>) -> Result<(), Violation> {
        let Some(observer) = step.handled_by else { return Ok(()) };
        for (member, opinion) in step.notes.iter().filter_map(said) {
            let life = world.incarnation(observer);
            let held = self.held.entry(observer).or_default();
            if held.0 != life {
                *held = (life, BTreeMap::new());
            }
            let before = held.1.insert(member, opinion).unwrap_or_default();
            if before < opinion {
                continue;
            }
            return Err(Violation {
                rule: "Opinions Only Rise",
                source: "SWIM, §4.2",
                facts: vec![
                    format!("{observer} held {member} for {before}"),
                    format!("then, at {}, for {opinion}, which does not override that", step.time),
                ],
                nodes: vec![observer, member],
            });
        }
        Ok(())
    }
}

/// Incarnations Rise (§4.2): a member's number is raised by itself alone, and to one that nobody has heard before.
#[derive(Clone, Debug, Serialize)]
pub struct IncarnationsRise {
    /// By member: the highest incarnation that it began.
    begun: Vec<Incarnation>,
    /// By member: the highest in which somebody else held anything of it.
    known: Vec<Incarnation>,
}

impl IncarnationsRise {
    fn new(nodes: u32) -> Self {
        let zeros = vec![Incarnation::default(); nodes as usize];
        Self { begun: zeros.clone(), known: zeros }
    }
}

impl Monitor<Member> for IncarnationsRise {
    fn name(&self) -> &'static str {
        "Incarnations Rise"
    }

    fn after(&mut self, step: &Step<Swim>, _world: &World<Member>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let violation = |facts: Vec<String>, nodes: Vec<NodeId>| Violation {
            rule: "Incarnations Rise",
            source: "SWIM, §4.2",
            facts,
            nodes,
        };
        for note in &step.notes {
            if let Note::Incarnates { incarnation } = note {
                let known = self.known[id.index()];
                if *incarnation <= known {
                    let facts = vec![
                        format!("others knew {id} in {known}"),
                        format!("it begins {incarnation} at {}", step.time),
                    ];
                    return Err(violation(facts, vec![id]));
                }
                self.begun[id.index()] = self.begun[id.index()].max(*incarnation);
            }
            let Some((member, opinion)) = said(note) else { continue };
            let begun = self.begun[member.index()];
            if begun < opinion.incarnation {
                let facts = vec![
                    format!("{member} has begun no incarnation behind {begun}"),
                    format!("{id} holds it for {opinion} at {}", step.time),
                ];
                return Err(violation(facts, vec![id, member]));
            }
            let known = &mut self.known[member.index()];
            *known = opinion.incarnation.max(*known);
        }
        Ok(())
    }
}

/// No Hasty Confirmation (§4.2; Lifeguard, §IV.B): between a suspicion and what its holder makes of it by itself lies the time that
/// news needs there and back, however many accuse.
#[derive(Clone, Debug, Serialize)]
pub struct NoHastyConfirmation {
    /// By this many nanoseconds of the observer's clock.
    least: Duration,
    /// Suspicions, by observer and suspect, and what the observer's clock showed.
    since: BTreeMap<(NodeId, NodeId), LocalTime>,
}

impl NoHastyConfirmation {
    fn new(settings: &Settings, members: u32) -> Self {
        let least = suspicion_timeout(settings, members, u32::MAX);
        Self { least, since: BTreeMap::new() }
    }
}

impl Monitor<Member> for NoHastyConfirmation {
    fn name(&self) -> &'static str {
        "No Hasty Confirmation"
    }

    fn after(&mut self, step: &Step<Swim>, world: &World<Member>) -> Result<(), Violation> {
        let Some(observer) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            if let Note::Suspects { member, .. } = note {
                self.since.insert((observer, *member), world.clock(observer));
            }
            let Note::Confirms { member, by, .. } = note else { continue };
            let since = self.since.remove(&(observer, *member));
            let (Some(since), true) = (since, *by == observer) else { continue };
            let waited = world.clock(observer).since(since);
            if waited < self.least {
                return Err(Violation {
                    rule: "No Hasty Confirmation",
                    source: "SWIM, §4.2",
                    facts: vec![
                        format!("{observer} suspected {member} and waited {waited} for it to deny"),
                        format!("it confirms at {}; {} are due", step.time, self.least),
                    ],
                    nodes: vec![observer, *member],
                });
            }
        }
        Ok(())
    }
}

/// A failure that everybody should have noticed by some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Due {
    by: SimTime,
    member: NodeId,
    /// When it failed.
    crash: SimTime,
    /// Who should have; `None` for everybody.
    observer: Option<NodeId>,
}

/// Time-Bounded Completeness (§4.3): with targets in turn, each member that goes on undisturbed suspects a failed one within
/// [`completeness_bound`], whatever the network does.
#[derive(Clone, Debug, Serialize)]
pub struct TimeBoundedCompleteness {
    bound: Duration,
    due: BTreeSet<Due>,
    undisturbed: Undisturbed,
    /// When an observer last began to suspect a member, and when to trust it.
    suspected: BTreeMap<(NodeId, NodeId), SimTime>,
    trusted: BTreeMap<(NodeId, NodeId), SimTime>,
}

impl TimeBoundedCompleteness {
    fn new(settings: &Settings, members: u32) -> Self {
        Self {
            bound: completeness_bound(settings, members),
            due: BTreeSet::new(),
            undisturbed: Undisturbed::new(members),
            suspected: BTreeMap::new(),
            trusted: BTreeMap::new(),
        }
    }

    /// Remembers what happened to nodes, and what they say.
    fn remember(&mut self, step: &Step<Swim>, world: &World<Member>) {
        if let Some(id) = step.event.node()
            && world.node(id).is_none()
            && world.last_crash(id) == Some(step.time)
        {
            let by = step.time.saturating_add(self.bound);
            self.due.insert(Due { by, member: id, crash: step.time, observer: None });
        }
        self.undisturbed.remember::<Member>(step);
        let Some(observer) = step.handled_by else { return };
        for (member, opinion) in step.notes.iter().filter_map(said) {
            match opinion.status {
                Status::Alive => self.trusted.insert((observer, member), step.time),
                Status::Suspect | Status::Faulty => {
                    self.suspected.insert((observer, member), step.time)
                }
            };
        }
    }

    /// Whether an observer was able to notice a failure, and did not.
    fn has_missed(&mut self, due: Due, observer: NodeId, world: &World<Member>) -> bool {
        let Some(state) = world.node(observer) else { return false };
        let is_undisturbed = self.undisturbed.is_so_since(observer, due.crash, world);
        if !is_undisturbed || state.opinion(due.member).status != Status::Alive {
            return false;
        }
        let key = (observer, due.member);
        if self.suspected.get(&key).is_some_and(|time| due.crash <= *time) {
            return false;
        }
        // A word of the member that came late begins the time anew.
        match self.trusted.get(&key).map(|time| time.saturating_add(self.bound)) {
            Some(by) if due.by < by => {
                self.due.insert(Due { by, observer: Some(observer), ..due });
                false
            }
            Some(_) | None => true,
        }
    }
}

impl Monitor<Member> for TimeBoundedCompleteness {
    fn name(&self) -> &'static str {
        "Time-Bounded Completeness"
    }

    fn after(&mut self, step: &Step<Swim>, world: &World<Member>) -> Result<(), Violation> {
        self.remember(step, world);
        while let Some(due) = self.due.first().copied().filter(|due| due.by < step.time) {
            self.due.remove(&due);
            if world.node(due.member).is_some() || world.last_crash(due.member) != Some(due.crash) {
                continue;
            }
            let observers: Vec<NodeId> = match due.observer {
                Some(observer) => vec![observer],
                None => world.up().map(|(id, _)| id).collect(),
            };
            let missed = observers.into_iter().find(|id| self.has_missed(due, *id, world));
            let Some(observer) = missed else { continue };
            return Err(Violation {
                rule: "Time-Bounded Completeness",
                source: "SWIM, §4.3",
                facts: vec![
                    format!("{} went down at {}", due.member, due.crash),
                    format!("{observer} has not suspected it by {}", due.by),
                ],
                nodes: vec![observer, due.member],
            });
        }
        Ok(())
    }
}
