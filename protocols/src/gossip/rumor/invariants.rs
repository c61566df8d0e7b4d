//! What is judged.

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use super::message::Note;
use super::parameters::{Counting, Removal, Settings};
use super::registration::Rumor;
use super::site::{ORIGIN, Site};

/// No Creation, No Duplication: a site learns the update once, and from one that had it.
#[derive(Clone, Debug, Serialize)]
pub struct Causes {
    /// When each site learned, and in which incarnation, `n1` first.
    learned: Vec<Option<(SimTime, u32)>>,
}

impl Causes {
    /// Over so many nodes.
    pub fn new(nodes: u32) -> Self {
        Self { learned: vec![None; nodes as usize] }
    }

    fn learns(
        &mut self,
        id: NodeId,
        step: &Step<Rumor>,
        incarnation: u32,
    ) -> Result<(), Violation> {
        let broken = |rule, fact: String, others: &[NodeId]| {
            let facts = vec![format!("{id} learned the update at {}", step.time), fact];
            let nodes = [&[id], others].concat();
            Err(Violation {
                rule,
                source: "gossip: delivered implies broadcast, once",
                facts,
                nodes,
            })
        };
        if let Some((first, then)) = self.learned[id.index()].replace((step.time, incarnation))
            && then == incarnation
        {
            return broken("No Duplication", format!("it had learned it at {first}"), &[]);
        }
        if id == ORIGIN && !matches!(step.event, Event::Arrive { .. }) {
            return Ok(());
        }
        let Event::Arrive { message, .. } = &step.event else {
            return broken("No Creation", String::from("no message brought it"), &[]);
        };
        let from = message.from;
        if self.learned[from.index()].is_some() {
            return Ok(());
        }
        broken("No Creation", format!("from {from}, which did not have it"), &[from])
    }
}

impl Monitor<Site> for Causes {
    fn name(&self) -> &'static str {
        "No Creation"
    }

    fn after(&mut self, step: &Step<Rumor>, world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        if step.notes.iter().any(|note| matches!(note, Note::Learned { .. })) {
            self.learns(id, step, world.incarnation(id))?;
        }
        Ok(())
    }
}

/// Loss of Interest: a site with feedback and a counter stops after `k` needless cycles, in a row if that is what counts, and not before.
#[derive(Clone, Debug, Serialize)]
pub struct LossOfInterest {
    settings: Settings,
    sites: Vec<Streak>,
}

/// What the feedback that came to a site adds up to, in an account of our own.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Streak {
    /// Cycles with needless contacts alone, since the last with another one if only those in a row count.
    needless: u32,
    met: u32,
    needed: u32,
}

impl LossOfInterest {
    /// Over so many nodes.
    pub fn new(settings: Settings, nodes: u32) -> Self {
        Self { settings, sites: vec![Streak::default(); nodes as usize] }
    }
}

impl Streak {
    /// The cycle is over.
    fn fold(&mut self, counting: Counting) {
        let Self { met, needed, .. } = *self;
        match counting {
            Counting::Consecutive if 0 < needed => self.needless = 0,
            Counting::Consecutive | Counting::Cumulative => {
                self.needless += u32::from(0 < met && needed == 0);
            }
        }
        (self.met, self.needed) = (0, 0);
    }
}

impl Monitor<Site> for LossOfInterest {
    fn name(&self) -> &'static str {
        "Loss of Interest"
    }

    fn after(&mut self, step: &Step<Rumor>, world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let streak = &mut self.sites[id.index()];
        if matches!(step.event, Event::Arrive { .. }) {
            if let Some(site) = world.node(id) {
                (streak.met, streak.needed) = (site.met, site.needed);
            }
            return Ok(());
        }
        if !matches!(step.event, Event::Timer { .. }) {
            // It starts, and remembers nothing.
            *streak = Streak::default();
            return Ok(());
        }
        streak.fold(self.settings.counting);
        let k = self.settings.k;
        let stops = step.notes.iter().any(|note| matches!(note, Note::LostInterest { .. }));
        if !stops || k <= streak.needless {
            return Ok(());
        }
        Err(Violation {
            rule: "Loss of Interest",
            source: "Demers, section 1.4, counter with feedback",
            facts: vec![
                format!("{id} lost interest at {}", step.time),
                format!(
                    "{} needless cycles count against it, and {k} would have to",
                    streak.needless
                ),
            ],
            nodes: vec![id],
        })
    }
}

/// Everybody Learns: in a simple epidemic, every site has the update after a time that is logarithmic in their number. Chance alone breaks this
/// less than once in 10^12 runs.
#[derive(Clone, Debug, Serialize)]
pub struct EverybodyLearns {
    settings: Settings,
}

impl EverybodyLearns {
    /// For these settings.
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// In how many cycles at most.
    pub fn bound(nodes: u32) -> u64 {
        // Push takes log2 n + ln n + O(1) (Pittel 1987), and another cycle of waiting is e times less likely each time.
        2 * u64::from(nodes.max(2).ilog2() + 1) + 30
    }
}

impl Monitor<Site> for EverybodyLearns {
    fn name(&self) -> &'static str {
        "Everybody Learns"
    }

    fn after(&mut self, _step: &Step<Rumor>, _world: &World<Site>) -> Result<(), Violation> {
        Ok(())
    }

    fn finish(&mut self, world: &World<Site>) -> Result<(), Violation> {
        let bound = Self::bound(world.node_count());
        let Settings { removal, connection_limit, cycle, cycles, .. } = self.settings;
        let is_told = bound <= world.now().as_nanos() / cycle.as_nanos();
        if removal != Removal::Never || connection_limit.is_some() || cycles < bound || !is_told {
            return Ok(());
        }
        let ignorant = world.up().filter(|(_, site)| site.learned.is_none()).map(|(id, _)| id);
        let nodes: Vec<NodeId> = ignorant.collect();
        let Some(first) = nodes.first() else { return Ok(()) };
        Err(Violation {
            rule: "Everybody Learns",
            source: "Demers, section 1.3; Pittel 1987",
            facts: vec![
                format!(
                    "{} of {} sites do not have the update, {first} first",
                    nodes.len(),
                    world.node_count()
                ),
                format!(
                    "at {}, after {bound} cycles or more in which whoever has it tells another",
                    world.now()
                ),
            ],
            nodes,
        })
    }
}
