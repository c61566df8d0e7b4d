//! Reads a document whose knobs are put in: every part in turn, with all problems that it has.

mod actions;
mod checks;
mod clients;
mod fields;
mod geography;
mod law;
mod links;
mod machines;
mod names;
mod order;
mod parameters;
mod plan;
mod predicate;
mod size;
mod swarm;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use orrery_harness::case::{Checks, Clients, Liveness, Narration, Swarm};
use orrery_harness::report::Verdict;
use orrery_harness::subject::Subject;
use orrery_sim::plan::{Item, Plan};
use orrery_sim::{Clock, Disk, Links, SimTime, TiePolicy, WallClock};

use crate::error::{Problem, Problems};
use crate::plan_file::PlanFile;
use crate::suggest::did_you_mean;
use crate::tree::Tree;

use names::Named;

pub(crate) use fields::{Fields, boolean, list, text};
pub(crate) use parameters::parameter_names;

/// Events of a run unless the scenario says otherwise: some minutes of work for the machine.
pub(crate) const EVENT_BUDGET: u64 = 5_000_000;
/// More nodes than this are a slip of the pen.
const NODES_MAX: u32 = 100_000;

/// What a document says, all parts read.
pub(crate) struct Contents {
    pub header: Header,
    pub nodes: u32,
    pub bugs: Vec<String>,
    pub parameters: Json,
    pub tie: TiePolicy,
    pub links: Links,
    pub clocks: Vec<Clock>,
    pub wall_clocks: Vec<WallClock>,
    pub disk: Disk,
    pub clients: Clients,
    pub plan: Plan<Json>,
    pub interventions: Vec<Item<Json>>,
    pub swarm: Option<Swarm>,
    pub liveness: Option<Liveness>,
    pub stop_at: SimTime,
    pub event_budget: u64,
    pub checks: Checks,
    pub expect: Verdict,
    pub narration: Vec<Narration>,
}

/// What names a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    pub title: String,
    pub about: String,
    pub protocol: String,
    pub seed: u64,
}

/// What the parts of a document know of each other.
pub(crate) struct Surroundings<'a> {
    pub nodes: Option<u32>,
    pub clients: u32,
    pub subject: Option<&'a dyn Subject>,
    /// The items of the plan by name.
    pub items: BTreeMap<String, Named>,
    /// What other names items may have.
    pub others: Others,
}

/// Which names items may have that are not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// None.
    None,
    /// Those that a swarm gives, such as `crash-1`.
    Drawn,
    /// Any.
    Any,
}

impl Others {
    fn has(self, name: &str) -> bool {
        let is_drawn = |(word, number): (&str, &str)| {
            !word.is_empty() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        };
        match self {
            Self::None => false,
            Self::Drawn => name.rsplit_once('-').is_some_and(is_drawn),
            Self::Any => true,
        }
    }
}

impl Surroundings<'_> {
    /// Reports an item that does not exist; whether it does.
    pub(crate) fn check_item(
        &self,
        name: &str,
        problems: &mut Problems,
        problem: impl FnOnce(String) -> Problem,
    ) -> bool {
        if self.items.contains_key(name) || self.others.has(name) {
            return true;
        }
        let names: Vec<&str> = self.items.keys().map(String::as_str).collect();
        let hint = if names.is_empty() {
            String::from("no item of the plan has a name: give one `name = \"..\"`")
        } else {
            did_you_mean(name, &names, "named items")
        };
        problems.push(problem(format!("the plan has no item named `{name}`")).help(hint));
        false
    }

    /// Reports an item that does not exist or acts on no node; whether all is well.
    pub(crate) fn check_item_node(
        &self,
        name: &str,
        problems: &mut Problems,
        problem: impl Fn(String) -> Problem,
    ) -> bool {
        if !self.check_item(name, problems, &problem) {
            return false;
        }
        match self.items.get(name) {
            Some(Named { word, has_node: false }) if !word.is_empty() => {
                let message = format!("`{name}` is a `{word}`, which acts on no single node");
                let help = "name an item that acts on a node, such as a crash";
                problems.push(problem(message).help(help));
                false
            }
            _ => true,
        }
    }
}

/// The part of a document that names it.
pub(crate) fn header(document: &Tree, problems: &mut Problems) -> Header {
    let Some(mut fields) = Fields::of(document, "a scenario", problems) else {
        return Header::default();
    };
    let is_known = |tree: &Tree| matches!(tree.value, crate::tree::Value::Integer(1));
    match fields.get("format") {
        Some(tree) if !is_known(tree) => {
            let message = format!("this version of Orrery reads format 1, not {}", tree.shown());
            problems.push(tree.problem(message).help("write `format = 1`"));
        }
        Some(_) => {}
        None => problems.push(missing("format", "write `format = 1` at the head of the file")),
    }
    let mut line = |key, help: Option<&str>| {
        let Some(tree) = fields.get(key) else {
            if let Some(help) = help {
                problems.push(missing(key, help));
            }
            return String::new();
        };
        text(tree, problems).unwrap_or_default().trim().to_string()
    };
    let title = line("title", Some("say in a line what happens: `title = \"A leader crashes\"`"));
    let about = line("about", None);
    let protocol = line("protocol", Some("name the protocol: `protocol = \"raft\"`"));
    let seed = fields.get("seed").and_then(|tree| fields::whole(tree, 0, problems));
    Header { title, about, protocol, seed: seed.unwrap_or(1) }
}

fn missing(key: &str, help: &str) -> Problem {
    Problem::at(&crate::error::Place::in_file(0..0), format!("the scenario has no `{key}`"))
        .help(help)
}

/// The whole of a document. `None` only where there are problems; without `subject` the parts that
/// only the protocol can judge are not judged.
#[expect(clippy::too_many_lines, reason = "a line or two for each field of a file")]
pub(crate) fn contents(
    document: &Tree,
    plan_file: Option<&PlanFile>,
    subject: Option<&dyn Subject>,
    problems: &mut Problems,
) -> Option<Contents> {
    let header = header(document, problems);
    let mut fields = Fields::of(document, "a scenario", problems)?;
    for key in ["format", "title", "about", "protocol", "seed", "knobs"] {
        fields.get(key);
    }
    let nodes = fields.get("nodes");
    if nodes.is_none() {
        problems.push(missing("nodes", "say how many there are: `nodes = 3`"));
    }
    let nodes = nodes.and_then(|tree| node_count(tree, problems));
    let stop_at = fields.get("stop_at");
    if stop_at.is_none() {
        problems.push(missing("stop_at", "say when the run ends: `stop_at = \"10s\"`"));
    }
    let stop_at = stop_at.and_then(|tree| fields::time(tree, problems));
    let budget = fields.get("event_budget").and_then(|tree| fields::whole(tree, 1, problems));
    let parameters = parameters::parameters(fields.entry("parameters"), nodes, subject, problems);
    let bugs = bugs(fields.get("bugs"), subject, problems);
    let tie = fields.get("tie").and_then(|tree| tie(tree, problems)).unwrap_or_default();
    let links = geography::wide(fields.get("topology"), fields.get("geography"), nodes, problems);
    let links = links::links(links, fields.get("link"), fields.get("links"), nodes, problems);
    let clocks = machines::clocks(fields.get("clocks"), nodes, problems);
    let disk = machines::disk(fields.get("disk"), problems);
    let clients = clients::clients(fields.get("clients"), nodes, subject, problems);
    let swarm = swarm::swarm(fields.get("swarm"), nodes, stop_at, problems);
    let liveness = swarm::liveness(fields.get("liveness"), swarm.as_ref(), stop_at, problems);
    let has_drawn = swarm.is_some() || liveness.is_some();
    let plans = plans(fields.get("plan"), plan_file, has_drawn, problems);
    // What names a node must name one that there is in every run.
    let least = swarm.as_ref().and_then(|swarm| swarm.nodes_at_least).or(nodes);
    let around = Surroundings {
        nodes: least,
        clients: clients.count,
        subject,
        items: plans.names,
        others: if plan_file.is_some() && has_drawn { Others::Drawn } else { Others::None },
    };
    let mut written = plan::items(plans.own, &around, problems);
    let own = written.len();
    let places = plan::places(&written, problems);
    let others = plan::items(plan_file.map(|file| &file.items), &around, problems);
    plan::no_places(&others, problems);
    written.extend(others);
    order::check(&written, stop_at, problems);
    let mut items: Vec<Item<Json>> = written.into_iter().map(|(item, _)| item).collect();
    let interventions = items.split_off(own);
    // Goals and notes may speak of items that a plan file leaves out: then those never happen.
    let around = Surroundings { items: plans.mentioned, ..around };
    let checks = checks::checks(fields.get("check"), &around, problems);
    let expect = checks::expect(fields.get("expect"), problems);
    let narration = checks::notes(fields.get("notes"), &around, problems);
    fields.finish(problems);
    Some(Contents {
        header,
        nodes: nodes?,
        bugs,
        parameters,
        tie,
        links,
        clocks: clocks.monotonic,
        wall_clocks: clocks.wall,
        disk,
        clients,
        plan: Plan { items, places, ..Plan::default() },
        interventions,
        swarm,
        liveness,
        stop_at: stop_at?,
        event_budget: budget.unwrap_or(EVENT_BUDGET),
        checks,
        expect,
        narration,
    })
}

/// `bugs`: the planted bugs that are in every run.
fn bugs(
    tree: Option<&Tree>,
    subject: Option<&dyn Subject>,
    problems: &mut Problems,
) -> Vec<String> {
    let known: Option<Vec<&str>> =
        subject.map(|subject| subject.bugs().iter().map(|bug| bug.id).collect());
    tree.map_or_else(Vec::new, |tree| {
        checks::names(tree, "`bugs`", "planted bug", known.as_deref(), problems)
    })
}

/// The lists of items, and their names.
struct Plans<'t> {
    /// The scenario's own, unless it is replaced.
    own: Option<&'t Tree>,
    names: BTreeMap<String, Named>,
    /// The names, and those of the scenario's own items where it is replaced.
    mentioned: BTreeMap<String, Named>,
}

fn plans<'t>(
    own: Option<&'t Tree>,
    plan_file: Option<&PlanFile>,
    has_drawn: bool,
    problems: &mut Problems,
) -> Plans<'t> {
    let file = plan_file.map(|file| &file.items);
    if !plan_file.is_some_and(|file| file.replaces) {
        let names = names::item_names(&[own, file], has_drawn, problems);
        return Plans { own, mentioned: names.clone(), names };
    }
    let names = names::item_names(&[file], false, problems);
    let mut mentioned = names::item_names(&[own], has_drawn, &mut Problems::default());
    mentioned.extend(names.clone());
    Plans { own: None, names, mentioned }
}

/// The only item of the list `tree`, whatever it names.
pub(crate) fn lone_item(tree: &Tree, problems: &mut Problems) -> Option<Item<Json>> {
    names::item_names(&[Some(tree)], false, problems);
    let around = Surroundings {
        nodes: None,
        clients: u32::MAX,
        subject: None,
        items: BTreeMap::new(),
        others: Others::Any,
    };
    let written = plan::items(Some(tree), &around, problems);
    written.into_iter().next().map(|(item, _)| item)
}

fn tie(tree: &Tree, problems: &mut Problems) -> Option<TiePolicy> {
    match text(tree, problems)? {
        "fifo" => Some(TiePolicy::Fifo),
        "shuffled" => Some(TiePolicy::Shuffled),
        word => {
            let problem = tree.problem(format!("there is no order of ties `{word}`"));
            problems.push(problem.help(did_you_mean(word, &["fifo", "shuffled"], "orders")));
            None
        }
    }
}

fn node_count(tree: &Tree, problems: &mut Problems) -> Option<u32> {
    let count = fields::whole::<u32>(tree, 1, problems)?;
    if NODES_MAX < count {
        let message = format!("{count} nodes are more than a run can hold");
        problems.push(tree.problem(message).help(format!("write at most {NODES_MAX}")));
        return None;
    }
    Some(count)
}
