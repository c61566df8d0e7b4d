//! How the tools know it.

use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{Bug, Duration, Monitor, NodeId, Protocol, Registration, World};

use super::bugs::BUGS;
use super::invariants::{Causes, EverybodyLearns, LossOfInterest};
use super::message::{Message, Note, Timer};
use super::parameters::{Feedback, Mode, Parameters, Removal, Settings};
use super::site::{Site, State};

/// What a mean of plain numbers is multiplied by: nine decimals are kept.
const SCALE: u64 = 1_000_000_000;

/// Whatever delays, loses, doubles or damages messages, or stops a site for a while. There is no journal: a site that restarts has heard of
/// nothing, and the origin begins anew.
const FAMILIES: [Family; 16] = [
    Family::Crash,
    Family::Restart,
    Family::Pause,
    Family::Partition,
    Family::Hold,
    Family::Intervention,
    Family::Loss,
    Family::Duplication,
    Family::Clock,
    Family::Slow,
    Family::Clog,
    Family::Burst,
    Family::Corruption,
    Family::Delay,
    Family::Bandwidth,
    Family::ClockJump,
];

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rumor;

impl Protocol for Rumor {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = ();
    type Note = Note;
    type Operation = ();
    type Output = ();
}

impl Registration for Rumor {
    type Node = Site;
    type Parameters = Parameters;

    const NAME: &'static str = "rumor";
    const SUMMARY: &'static str =
        "rumor mongering and simple epidemics: one update told to random others, in cycles";
    const BUGS: &'static [Bug] = BUGS;
    const PROBES: &'static [&'static str] = &["hunted"];
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        if nodes < 2 {
            return Err(String::from(
                "there is one node: it has nobody to tell, so `nodes` is at least 2",
            ));
        }
        if parameters.k == 0 {
            return Err(String::from("`k` is 0: a site loses interest after 1 or more"));
        }
        if parameters.cycle == Duration::ZERO {
            return Err(String::from("`cycle` is 0s: it needs a positive time, such as `1s`"));
        }
        if parameters.connection_limit == Some(0) {
            return Err(String::from(
                "`connection_limit` is 0: sites that accept nobody learn nothing; it is 1 or more, or absent",
            ));
        }
        let compares = parameters.mode == Mode::PushPull
            && parameters.feedback == Feedback::Feedback
            && parameters.removal == Removal::Counter;
        if parameters.minimisation && !compares {
            return Err(String::from(
                "`minimisation` compares counters: it needs `mode` push-pull, `feedback` feedback and `removal` counter",
            ));
        }
        Ok(vec![Settings::of(parameters); nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Site>>> {
        let settings = Settings::of(parameters);
        let mut monitors: Vec<Box<dyn Monitor<Site>>> =
            vec![Box::new(Causes::new(nodes)), Box::new(EverybodyLearns::new(settings))];
        if settings.has_feedback() && settings.removal == Removal::Counter {
            monitors.push(Box::new(LossOfInterest::new(settings, nodes)));
        }
        monitors
    }

    fn statistics(world: &World<Site>, _notes: &[NoteEntry<Rumor>]) -> Vec<Option<i64>> {
        Tally::of(world).statistics()
    }

    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: FAMILIES.to_vec(),
            down_at_most: (nodes - 1) / 2,
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// Nobody may miss what is told once only.
    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() as u32 == nodes
    }
}

/// The statistics, in the order of [`Tally::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "residue",
        scale: SCALE,
        unit: "",
        about: "share of the sites that the update never reached: s",
    },
    Statistic {
        name: "traffic",
        scale: SCALE,
        unit: "",
        about: "updates sent, needed or not, per site: m",
    },
    Statistic {
        name: "t_last",
        scale: 1,
        unit: "cycles",
        about: "the cycle in which the last site that learned did",
    },
    Statistic {
        name: "t_first_mean",
        scale: SCALE,
        unit: "cycles",
        about: "mean cycle in which the update came first, over the sites that it reached, the origin with 0 among them",
    },
    Statistic {
        name: "t_useful_mean",
        scale: SCALE,
        unit: "cycles",
        about: "sum of the cycles of all needed updates over the sites reached: the average of the paper's tables",
    },
    Statistic {
        name: "completion",
        scale: 1,
        unit: "cycles",
        about: "the cycle after which all sites had the update; absent where some never got it",
    },
];

/// What a run comes to.
#[derive(Default)]
struct Tally {
    sites: u64,
    infective: u64,
    reached: u64,
    sent: u64,
    last: u64,
    first_sum: u64,
    useful_sum: u64,
    is_simple: bool,
}

impl Tally {
    fn of(world: &World<Site>) -> Self {
        let sites = u64::from(world.node_count());
        let mut tally = Self { sites, ..Self::default() };
        for (id, site) in world.up() {
            tally.is_simple = world.config(id).removal == Removal::Never;
            tally.infective += u64::from(site.state == State::Infective);
            tally.sent += site.sent - site.refused.min(site.sent);
            let Some(learned) = site.learned else { continue };
            tally.reached += 1;
            tally.last = tally.last.max(learned);
            tally.first_sum += learned;
            // All of them came in the cycle of the first.
            tally.useful_sum += learned * site.useful;
        }
        tally
    }

    /// None of a rumor that is still told: its residue would be too large.
    fn statistics(&self) -> Vec<Option<i64>> {
        if 0 < self.infective && !self.is_simple {
            return vec![None; STATISTICS.len()];
        }
        let ratio = |sum: u64, count: u64| {
            let scaled = (u128::from(sum) * u128::from(SCALE)).checked_div(u128::from(count))?;
            i64::try_from(scaled).ok()
        };
        let missed = self.sites - self.reached;
        vec![
            ratio(missed, self.sites),
            ratio(self.sent, self.sites),
            Some(self.last.cast_signed()),
            ratio(self.first_sum, self.reached),
            ratio(self.useful_sum, self.reached),
            (missed == 0).then_some(self.last.cast_signed()),
        ]
    }
}
