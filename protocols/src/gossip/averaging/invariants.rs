//! What is judged.

use serde::Serialize;

use orrery_sim::{Monitor, NodeId, Step, Violation, World};

use super::message::Mass;
use super::parameters::{Method, Settings};
use super::registration::Averaging;
use super::site::{ONE, Site};

/// Mass Conservation: what all sites have, and what is on its way, is what they began with, to the last unit.
#[derive(Clone, Debug, Serialize)]
pub struct MassConservation {
    method: Method,
    /// What each site had when it was last looked at, and whether its exchange was open.
    seen: Vec<(u64, bool)>,
    initial: u128,
    now: u128,
    open: u32,
}

impl MassConservation {
    /// Over so many nodes that average so.
    pub fn new(method: Method, nodes: u32) -> Self {
        Self { method, seen: vec![(0, false); nodes as usize], initial: 0, now: 0, open: 0 }
    }

    /// In push-sum, a site's own books: what it has is what it began with, and what came, without what went.
    fn books(id: NodeId, site: &Site) -> Result<(), Violation> {
        let Mass { sum, weight } = site.mass;
        let (came, went) = (site.received, site.sent);
        let is_sum_right = sum + went.sum == site.initial + came.sum;
        if is_sum_right && weight + went.weight == ONE + came.weight {
            return Ok(());
        }
        let facts = vec![
            format!("{id} began with {} and the weight {ONE}", site.initial),
            format!("it has {:?}, got {came:?} and sent {went:?}", site.mass),
        ];
        Err(violation(facts, vec![id]))
    }
}

const SOURCE: &str =
    "mass conservation: Kempe et al. 2003, section 2; Jelasity et al. 2005, section 3";

const fn violation(facts: Vec<String>, nodes: Vec<NodeId>) -> Violation {
    Violation { rule: "Mass Conservation", source: SOURCE, facts, nodes }
}

impl Monitor<Site> for MassConservation {
    fn name(&self) -> &'static str {
        "Mass Conservation"
    }

    fn after(&mut self, step: &Step<Averaging>, world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let Some(site) = world.node(id) else { return Ok(()) };
        if self.method == Method::PushSum {
            return Self::books(id, site);
        }
        let (had, was_open) =
            std::mem::replace(&mut self.seen[id.index()], (site.mass.sum, site.open.is_some()));
        self.now = self.now + u128::from(site.mass.sum) - u128::from(had);
        self.open = self.open + u32::from(site.open.is_some()) - u32::from(was_open);
        // Nodes start one after the other.
        if step.number <= u64::from(world.node_count()) {
            self.initial += u128::from(site.initial);
            return Ok(());
        }
        // Between the two halves of an exchange the sum is off by what the answer carries.
        if self.open != 0 || self.now == self.initial {
            return Ok(());
        }
        let facts = vec![
            format!("all sites together began with {}", self.initial),
            format!("no exchange was under way at {}, and they had {}", step.time, self.now),
        ];
        Err(violation(facts, vec![id]))
    }
}

/// Agreement: after enough cycles all estimates are within a thousandth of the mean.
#[derive(Clone, Debug, Serialize)]
pub struct Agreement {
    settings: Settings,
}

impl Agreement {
    /// For these settings.
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }
}

impl Monitor<Site> for Agreement {
    fn name(&self) -> &'static str {
        "Agreement"
    }

    fn after(&mut self, _step: &Step<Averaging>, _world: &World<Site>) -> Result<(), Violation> {
        Ok(())
    }

    fn finish(&mut self, world: &World<Site>) -> Result<(), Violation> {
        let nodes = world.node_count();
        // The variance at least halves in a cycle: far more than it takes from n times the mean to a thousandth, so that refusals and faults have their time.
        let enough = 6 * u64::from(nodes.max(2).ilog2() + 1) + 80;
        let time = self.settings.cycle.as_nanos().saturating_mul(self.settings.cycles);
        let is_over = time < world.now().as_nanos() || world.next_time().is_none();
        if self.settings.cycles < enough || !is_over || !world.in_flight().is_empty() {
            return Ok(());
        }
        let total: u128 = world.up().map(|(_, site)| u128::from(site.initial)).sum();
        let mean = total / u128::from(nodes);
        for (id, site) in world.up() {
            let estimate =
                u128::from(site.mass.sum) * u128::from(ONE) / u128::from(site.mass.weight.max(1));
            if mean.abs_diff(estimate) * 1_000 <= mean.max(u128::from(ONE)) {
                continue;
            }
            return Err(Violation {
                rule: "Agreement",
                source: SOURCE,
                facts: vec![
                    format!("the mean is {mean}, in units of 2^-32"),
                    format!("{id} estimates {estimate} at {}", world.now()),
                ],
                nodes: vec![id],
            });
        }
        Ok(())
    }
}
