//! Lists to choose from: what a person can do to the run at the cursor, where to go, what to write, everything by name.

use clap::ValueEnum as _;
use orrery_harness::session::{FlightView, NodeView, WorldView};
use orrery_sim::plan::{Action as Deed, Behaviour, Cut, DiskFault, Target};
use orrery_sim::{Duration, Law, NodeId};
use serde_json::Value as Json;

use crate::export::Format;

use super::action::Action;
use super::key::Key;
use super::keys::{Binding, Context, KEYS};

/// How much later a delayed message arrives.
const LATER: Duration = Duration::from_millis(100);
/// How long a slowed node takes for each event.
const SLOWLY: Duration = Duration::from_millis(20);
/// How far a wall clock jumps, in nanoseconds.
const JUMP: i64 = 10_000_000_000;

/// A list to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// What it is about.
    pub title: String,
    /// What there is to choose: at least one, unless it is what was typed that chooses.
    pub entries: Vec<Entry>,
    /// What was typed to choose among more; `None` where one does not type.
    pub typed: Option<String>,
    /// The place of the one that is chosen.
    pub chosen: usize,
}

/// One of the things to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub text: String,
    /// What comes of it.
    pub then: Then,
}

/// What comes of a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// This is done to the run.
    Do(Box<Deed<Json>>),
    /// A closer choice.
    Choose(Menu),
    /// The cursor goes to this event.
    Go(u64),
    /// The run is written as such a file.
    Export(Format),
    /// This is done, as if its key were pressed.
    Act(Action),
}

fn deed(text: impl Into<String>, deed: Deed<Json>) -> Entry {
    Entry { text: text.into(), then: Then::Do(Box::new(deed)) }
}

impl Menu {
    fn new(title: impl Into<String>, entries: Vec<Entry>) -> Self {
        Self { title: title.into(), entries, typed: None, chosen: 0 }
    }

    /// Everything that can be done in `view`, above all to the node `selected`; a new seed would be `seed`.
    pub fn of(view: &WorldView, selected: NodeId, seed: u64) -> Self {
        let mut entries = Vec::new();
        if let Some(node) = view.nodes.iter().find(|node| node.id == selected) {
            entries.extend(of_node(node));
        }
        if !view.closed.is_empty() {
            entries.push(deed("heal all cuts", Deed::Heal(None)));
        }
        let flights = view.in_flight.iter().chain(&view.kept_back);
        let messages: Vec<Entry> = flights.map(of_message).collect();
        if !messages.is_empty() {
            let text = format!("a message ... ({})", messages.len());
            entries.push(choice(text, "which message?", messages));
        }
        let timers: Vec<Entry> = view.nodes.iter().flat_map(timers).collect();
        if !timers.is_empty() {
            let text = format!("a timer comes due now ... ({})", timers.len());
            entries.push(choice(text, "which timer?", timers));
        }
        if !view.kept_back.is_empty() {
            entries.push(deed("release what is kept back", Deed::Release(None)));
        }
        entries
            .push(deed(format!("draw the rest under another seed ({seed})"), Deed::Reseed(seed)));
        Self::new(format!("what if, behind event {}", view.event), entries)
    }

    /// The events to go to, each with what is said of it; none may be chosen before `chosen`.
    pub fn of_events(title: impl Into<String>, events: Vec<(u64, String)>, chosen: usize) -> Self {
        let entry = |(event, text): (u64, String)| Entry { text, then: Then::Go(event) };
        Self { chosen, ..Self::new(title, events.into_iter().map(entry).collect()) }
    }

    /// The kinds of files that a run can be written as.
    pub fn of_exports() -> Self {
        let entry = |format: &Format| {
            let value = format.to_possible_value()?;
            let text = format!("{:<10} {}", value.get_name(), value.get_help()?);
            Some(Entry { text, then: Then::Export(*format) })
        };
        let entries = Format::value_variants().iter().filter_map(entry).collect();
        Self::new("write the run as", entries)
    }

    /// Everything whose words contain what was typed, whatever the case.
    pub fn of_everything(typed: String) -> Self {
        let wanted = typed.to_lowercase();
        let entry = |line: &Binding| {
            let keys: Vec<String> = line.keys.iter().map(Key::to_string).collect();
            let text = format!("{:<10} {}", keys.join(" "), line.help);
            Entry { text, then: Then::Act(line.action.clone()) }
        };
        let fits = |line: &&Binding| {
            line.context == Context::Run
                && line.action != Action::Palette
                && (line.help.to_lowercase().contains(&wanted)
                    || line.action.name().contains(&wanted))
        };
        let entries = KEYS.iter().filter(fits).map(entry).collect();
        let title = if typed.is_empty() {
            String::from("type what you want to do")
        } else {
            format!(": {typed}")
        };
        Self { typed: Some(typed), ..Self::new(title, entries) }
    }

    /// What is chosen.
    pub fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.chosen)
    }
}

fn choice(text: String, title: &str, entries: Vec<Entry>) -> Entry {
    Entry { text, then: Then::Choose(Menu::new(title, entries)) }
}

fn of_node(node: &NodeView) -> Vec<Entry> {
    let id = node.id;
    let target = || Target::Node(id);
    if !node.is_up {
        return vec![deed(format!("restart {id}"), Deed::Restart(target()))];
    }
    let mut entries =
        vec![deed(format!("crash {id}"), Deed::Crash { node: target(), after_effects: None })];
    entries.push(if node.is_paused {
        deed(format!("resume {id}"), Deed::Resume(target()))
    } else {
        deed(format!("pause {id}"), Deed::Pause(target()))
    });
    entries.push(deed(format!("cut {id} off from all others"), Deed::Cut(Cut::Isolate(target()))));
    entries.push(choice(format!("the clock of {id} ..."), "what of its clock?", clock(id)));
    entries.push(choice(format!("the disk of {id} ..."), "what of its disk?", disk(id)));
    entries.push(choice(format!("{id} misbehaves ..."), "how?", conduct(id)));
    entries
}

fn clock(id: NodeId) -> Vec<Entry> {
    let rate = |ppb| Deed::ClockRate { node: Target::Node(id), ppb };
    let jump = |by| Deed::ClockJump { node: Target::Node(id), by };
    vec![
        deed("it stands still", rate(-1_000_000_000)),
        deed("it runs at half speed", rate(-500_000_000)),
        deed("it runs twice as fast", rate(1_000_000_000)),
        deed("it runs true", rate(0)),
        deed("its wall clock jumps 10 s ahead", jump(JUMP)),
        deed("its wall clock jumps 10 s back", jump(-JUMP)),
    ]
}

fn disk(id: NodeId) -> Vec<Entry> {
    let fault = |fault| Deed::Disk { node: Target::Node(id), fault };
    vec![
        deed("it answers no sync", fault(DiskFault::Stall)),
        deed("it is full", fault(DiskFault::Full)),
        deed("it fails every sync", fault(DiskFault::Error)),
        deed("it lies about syncs", fault(DiskFault::Lie)),
        deed("a record on it becomes unreadable", fault(DiskFault::Corrupt(None))),
        deed("it is lost, and the node with it", Deed::Wipe(Target::Node(id))),
        deed("it is whole again", fault(DiskFault::Mend)),
    ]
}

fn conduct(id: NodeId) -> Vec<Entry> {
    let node = || Target::Node(id);
    let behave = |behaviour| Deed::Byzantine { node: node(), behaviour };
    let slow = |time| Deed::Slow { node: node(), service: Law::Constant(time) };
    vec![
        deed("it takes 20 ms for each event", slow(SLOWLY)),
        deed("it takes no time for an event", slow(Duration::ZERO)),
        deed("it tells different nodes different things", behave(Behaviour::Equivocate)),
        deed("it keeps back half of what it should send", behave(Behaviour::Withhold)),
        deed("it repeats what it sent before", behave(Behaviour::Replay)),
        deed("it is honest again", behave(Behaviour::Honest)),
    ]
}

fn of_message(flight: &FlightView) -> Entry {
    let message = flight.message;
    let mut entries = vec![
        deed("it arrives now", Deed::Deliver(message)),
        deed("it is lost", Deed::Drop(message)),
    ];
    if flight.arrives.is_some() {
        entries.push(deed("a copy of it arrives now", Deed::Duplicate(message)));
        let text = format!("it arrives {LATER} later");
        entries.push(deed(text, Deed::Delay { message, by: LATER }));
    }
    choice(format!("{message} {}", flight.payload), &format!("what of {message}?"), entries)
}

fn timers(node: &NodeView) -> Vec<Entry> {
    let fire = |(timer, _): &(String, _)| {
        // A timer is known by its kind: `Election`, whatever it carries.
        let kind = timer.split([' ', '(', '{']).next().unwrap_or(timer).to_string();
        deed(
            format!("{} {timer}", node.id),
            Deed::Fire { node: Target::Node(node.id), timer: kind },
        )
    };
    node.timers.iter().map(fire).collect()
}
