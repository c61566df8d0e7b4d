//! How the tools know it.

use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Protocol, Registration, World};

use super::bugs::BUGS;
use super::invariants::{Agreement, MassConservation};
use super::message::{Message, Timer};
use super::parameters::{Parameters, Settings};
use super::site::{ONE, Site};

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Averaging;

impl Protocol for Averaging {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = ();
    type Note = ();
    type Operation = ();
    type Output = ();
}

/// What delays: nothing that loses, doubles or forgets a mass.
const FAMILIES: [Family; 8] = [
    Family::Pause,
    Family::Hold,
    Family::Clock,
    Family::Slow,
    Family::Clog,
    Family::Delay,
    Family::Bandwidth,
    Family::ClockJump,
];

/// What a mean of plain numbers is multiplied by.
const SCALE: u64 = 1_000_000_000;
/// What ratios are computed in.
const FINE: u64 = 1_000_000_000_000_000;

impl Registration for Averaging {
    type Node = Site;
    type Parameters = Parameters;

    const NAME: &'static str = "averaging";
    const SUMMARY: &'static str =
        "all sites find the mean of their values: push-sum and pairwise averaging";
    const BUGS: &'static [Bug] = BUGS;
    const PROBES: &'static [&'static str] = &["busy", "turn-passed"];
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        if !(2..=1 << 20).contains(&nodes) {
            return Err(format!("there are {nodes} nodes: 2 to 1048576 can average"));
        }
        if parameters.cycle == Duration::ZERO {
            return Err(String::from("`cycle` is 0s: it needs a positive time, such as `1s`"));
        }
        let Parameters { method, order, values, cycle, cycles } = parameters.clone();
        Ok(vec![Settings { method, order, values, cycle, cycles }; nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Site>>> {
        let Parameters { method, order, values, cycle, cycles } = parameters.clone();
        let settings = Settings { method, order, values, cycle, cycles };
        vec![Box::new(MassConservation::new(method, nodes)), Box::new(Agreement::new(settings))]
    }

    fn statistics(world: &World<Site>, _notes: &[NoteEntry<Averaging>]) -> Vec<Option<i64>> {
        let sites = u128::from(world.node_count());
        let total: u128 = world.up().map(|(_, site)| u128::from(site.initial)).sum();
        let part = |weight: u64| u128::from(weight) * total / (sites * u128::from(ONE));
        let squares = |of: fn(&Site) -> (u64, u64)| {
            let off = world.up().map(|(_, site)| {
                let (sum, weight) = of(site);
                u128::from(sum).abs_diff(part(weight))
            });
            off.map(|off| off * off).sum::<u128>()
        };
        let before = squares(|site| (site.initial, ONE));
        let after = squares(|site| (site.mass.sum, site.mass.weight));
        let ratio = left(before, after);
        let cycles = world.config(NodeId(1)).cycles;
        let exchanges: u64 = world.up().map(|(_, site)| site.exchanges).sum();
        let in_billionths = |ratio: u128| i64::try_from(ratio / u128::from(FINE / SCALE)).ok();
        vec![
            ratio.and_then(in_billionths),
            ratio.map(|ratio| root(ratio, cycles)).and_then(in_billionths),
            Some(exchanges.cast_signed()),
        ]
    }

    fn fault_model(_parameters: &Parameters, _nodes: u32) -> FaultModel {
        FaultModel {
            families: FAMILIES.to_vec(),
            down_at_most: 0,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// Nobody's value may be missing.
    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() as u32 == nodes
    }
}

/// What is left of a variance, in units of 1 / [`FINE`]; `None` of none.
fn left(before: u128, after: u128) -> Option<u128> {
    // Both are cut by so many bits that 72 are left, and the product fits.
    let shift = 56_u32.saturating_sub(before.max(after).leading_zeros());
    ((after >> shift) * u128::from(FINE)).checked_div(before >> shift)
}

/// The number whose `power`-th power is `ratio`, both in units of 1 / [`FINE`], by halving.
fn root(ratio: u128, power: u64) -> u128 {
    let fine = u128::from(FINE);
    let raised = |base: u128| (0..power).fold(fine, |product, _| product * base / fine);
    let (mut low, mut high) = (0, fine);
    while low + 1 < high {
        let middle = low.midpoint(high);
        if raised(middle) <= ratio { low = middle } else { high = middle }
    }
    low
}

/// The statistics, in the order of [`Registration::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "reduction",
        scale: SCALE,
        unit: "",
        about: "variance at the end over that at the start; of sums against their weights' part of the mean, in push-sum",
    },
    Statistic {
        name: "factor",
        scale: SCALE,
        unit: "",
        about: "the same per cycle: its root of the degree of the number of cycles",
    },
    Statistic {
        name: "exchanges",
        scale: 1,
        unit: "",
        about: "exchanges that were begun, in pairwise averaging",
    },
];
