//! Everything that the debugger knows: a cursor over a run, and how it is being looked at.

use std::collections::BTreeSet;
use std::rc::Rc;

use orrery_harness::inevitable::{self, Endings};
use orrery_harness::session::{NodeView, Row, RowKind, Session, SessionError};
use orrery_harness::{Case, Mark, why};
use orrery_sim::plan::Action as Deed;
use orrery_sim::{NodeId, SimTime};
use serde_json::Value as Json;

use crate::export::{self, Format};

use super::action::Pane;
use super::index::Index;
use super::keys::Context;
use super::menu::Menu;
use super::place::Place;
use super::theme::ThemeName;

/// Events per second that playing can go at.
pub const SPEEDS: [u64; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1_000];

/// How many other endings are drawn at a time.
const OUTCOMES: u64 = 10;

/// Whether and how fast the run plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Play {
    /// Whether it plays now.
    pub is_on: bool,
    /// Its place in [`SPEEDS`].
    pub speed: usize,
    /// Thousandths of an event that have come together.
    pub saved: u64,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Where to go.
    GoTo,
    /// What to search for.
    Search,
}

/// An open question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// What it is about.
    pub question: Question,
    /// What was typed so far.
    pub text: String,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// How urgent a message to the person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Good to know.
    Info,
    /// It did not work.
    Problem,
}

/// A message in the last line, until the next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it says.
    pub text: String,
    /// How urgent it is.
    pub weight: Weight,
}

/// A search and where it found something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// What was searched for, in lower case.
    pub text: String,
    /// The events where it was found.
    pub hits: Vec<u64>,
}

/// How the debugger looks and where it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The colours.
    pub theme: ThemeName,
    /// Letters only, for terminals and fonts without the signs.
    pub is_ascii: bool,
    /// Whether closing the run leads back to the list of scenarios.
    pub has_picker: bool,
}

/// Writes what was done to a run into a plan file, or says why that failed.
pub type Saver = Rc<dyn Fn(&Case) -> Result<Saved, String>>;

/// Writes a file, of which it gets the stem of the name, its ending and the text, or says why that failed. What it says is the
/// file's path.
pub type Exporter = Rc<dyn Fn(&str, &str, &str) -> Result<String, String>>;

/// A plan file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its path.
    pub path: String,
    /// What repeats the run.
    pub token: String,
}

/// The whole state of the debugger.
pub struct Model {
    session: Box<dyn Session>,
    index: Index,
    /// The runs in which fewer interventions were made, the last one last.
    originals: Vec<(Box<dyn Session>, Index)>,
    /// How many runs have been drawn anew.
    reseeds: u64,
    /// Writes plan files, where there is somebody to do that.
    saver: Option<Saver>,
    /// Writes other files, where there is somebody to do that.
    exporter: Option<Exporter>,
    /// What repeats the run, since what was done to it was written.
    saved: Option<String>,
    /// Whether the rest of a run that is not complete is being made.
    pub is_making: bool,
    /// The lists to choose from that are open, the last one in front.
    pub menus: Vec<Menu>,
    /// The node of the event at the cursor as it was before that event.
    before: Option<NodeView>,
    /// The node that is looked at.
    pub selected: NodeId,
    /// Whether it stays selected when the cursor moves.
    pub is_pinned: bool,
    /// The pane in use.
    pub focus: Pane,
    /// The pane below the diagram on a small screen.
    pub lower: Pane,
    /// Whether the pane in use has the whole screen.
    pub is_zoomed: bool,
    /// How far each pane is scrolled, in lines.
    pub scroll: [usize; 5],
    /// Playing.
    pub play: Play,
    /// The question that is open.
    pub prompt: Option<Prompt>,
    /// How far the help is scrolled, while it is open.
    pub help: Option<usize>,
    /// The message in the last line.
    pub status: Option<Status>,
    /// The events that the person marked.
    pub bookmarks: BTreeSet<u64>,
    /// The last search.
    pub search: Option<Search>,
    /// How it looks.
    pub settings: Settings,
    /// The width and height of the screen.
    pub size: (u16, u16),
}

impl Model {
    /// The debugger on `session`, at its cursor.
    pub fn new(session: Box<dyn Session>, settings: Settings) -> Self {
        let index = Index::of(&*session);
        let mut model = Self {
            session,
            index,
            originals: Vec::new(),
            reseeds: 0,
            saver: None,
            exporter: None,
            saved: None,
            is_making: true,
            menus: Vec::new(),
            before: None,
            selected: NodeId(1),
            is_pinned: false,
            focus: Pane::SpaceTime,
            lower: Pane::Event,
            is_zoomed: false,
            scroll: [0; 5],
            play: Play { is_on: false, speed: 2, saved: 0 },
            prompt: None,
            help: None,
            status: None,
            bookmarks: BTreeSet::new(),
            search: None,
            settings,
            size: (80, 24),
        };
        let here = model.cursor();
        model.go(here);
        model.status = None;
        model
    }

    /// The run.
    pub fn session(&self) -> &dyn Session {
        &*self.session
    }

    /// The run, for who takes its cursor elsewhere and back.
    pub(crate) fn session_mut(&mut self) -> &mut dyn Session {
        &mut *self.session
    }

    /// Where things are in the run.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Whether the event is what somebody did to the run, not the scenario.
    pub fn is_by_hand(&self, event: u64) -> bool {
        let done = self.session.case().map_or(&[][..], |case| &case.interventions);
        done.iter().any(|item| item.behind().is_some_and(|behind| behind + 1 == event))
    }

    /// Lets `saver` write plan files.
    #[must_use]
    pub fn saving(mut self, saver: Option<Saver>) -> Self {
        self.saver = saver;
        self
    }

    /// Lets `exporter` write other files.
    #[must_use]
    pub fn exporting(mut self, exporter: Option<Exporter>) -> Self {
        self.exporter = exporter;
        self
    }

    /// Opens the chain of events that led to the one at the cursor.
    pub fn open_why(&mut self) {
        let here = self.cursor();
        let cone = why::cone(&*self.session, here);
        if cone.chain.len() < 2 {
            return self.say("no event caused this one");
        }
        let told = |event: &u64| {
            let row = self.session.row(*event)?;
            let node = row.node.map(|node| format!("{node} ")).unwrap_or_default();
            Some((*event, format!("{event:>6} {} {node}{}", row.time, row.title)))
        };
        let chain: Vec<(u64, String)> = cone.chain.iter().filter_map(told).collect();
        let (all, faults, last) = (cone.events.len(), cone.faults.len(), chain.len() - 1);
        let title = format!("because (of {all} events before it, {faults} of them faults)");
        self.menus = vec![Menu::of_events(title, chain, last)];
    }

    /// Marks the event at the cursor, or takes its mark away.
    pub fn bookmark(&mut self) {
        let here = self.cursor();
        if self.bookmarks.remove(&here) {
            return self.say("no longer marked");
        }
        self.bookmarks.insert(here);
        self.say("marked: ' goes back to it");
    }

    /// Opens the list of marked events.
    pub fn open_bookmarks(&mut self) {
        let told = |event: &u64| {
            let text = self.session.row(*event).map(|row| format!("{} {}", row.time, row.title));
            (*event, format!("{event:>6} {}", text.unwrap_or_else(|| String::from("the start"))))
        };
        let marked: Vec<(u64, String)> = self.bookmarks.iter().map(told).collect();
        if marked.is_empty() {
            return self.say("nothing is marked: m marks the event at the cursor");
        }
        self.menus = vec![Menu::of_events("marked events", marked, 0)];
    }

    /// Draws some other endings from the cursor and says how they go.
    pub fn outcomes(&mut self) {
        let failed = inevitable::failure(&*self.session);
        let seed = self.session.header().seed.wrapping_add(1);
        match inevitable::endings(&*self.session, failed.as_deref(), seed, OUTCOMES) {
            Err(error) => self.problem(error.to_string()),
            Ok(Endings { passed, same, other, unknown }) => {
                let mut parts = vec![format!("{passed} pass")];
                if let Some(failed) = failed {
                    parts.push(format!("{same} fail by {failed}"));
                }
                parts.extend((0 < other).then(|| format!("{other} fail otherwise")));
                parts.extend((0 < unknown).then(|| format!("{unknown} are undecided")));
                self.say(format!("of {OUTCOMES} other endings from here, {}", parts.join(", ")));
            }
        }
    }

    /// Writes the run as a file: all of it, or as many events up to the cursor as fit.
    pub fn export(&mut self, format: Format) {
        let Some(exporter) = self.exporter.clone() else {
            return self.problem("nothing can be written from here");
        };
        let header = self.session.header();
        let stem = format!("{}-{}", header.scenario.trim_end_matches(".toml"), header.seed);
        let stem = stem.replace(['/', '\\'], "-");
        let range = format.range_around(&*self.session);
        let written = export::export(self, format, Some(range.clone()))
            .map_err(|error| error.to_string())
            .and_then(|text| exporter(&stem, format.extension(), &text));
        match written {
            Ok(path) => {
                self.say(format!("written to {path}, events {} to {}", range.start(), range.end()));
            }
            Err(problem) => self.problem(problem),
        }
    }

    /// Whether the rest of the run is being made.
    pub fn is_making(&self) -> bool {
        self.is_making && !self.session.is_complete()
    }

    /// Makes so many more events of a run that is not complete.
    pub fn make(&mut self, events: u64) {
        if self.session.is_complete() {
            return;
        }
        self.session.advance(events);
        self.index.extend(&*self.session);
    }

    /// Opens the list of what can be done at the cursor.
    pub fn open_menu(&mut self) {
        let seed = self.session.header().seed + self.reseeds + 1;
        self.menus = vec![Menu::of(self.session.view(), self.selected, seed)];
    }

    /// Goes on in the run in which this was done at the cursor.
    pub fn intervene(&mut self, deed: &Deed<Json>) {
        let fork = match self.session.fork(deed) {
            Ok(fork) => fork,
            Err(error) => return self.problem(error.to_string()),
        };
        self.reseeds += u64::from(matches!(deed, Deed::Reseed(_)));
        let here = self.cursor();
        self.bookmarks.retain(|event| *event <= here);
        let index = Index::of(&*fork);
        let session = std::mem::replace(&mut self.session, fork);
        self.originals.push((session, std::mem::replace(&mut self.index, index)));
        self.show_other();
        self.say("another run now: u goes back, w keeps it in a file");
    }

    /// Goes back to the run in which the last intervention was not made.
    pub fn undo(&mut self) {
        let Some((session, index)) = self.originals.pop() else {
            return self.say("nothing was done to this run: i does something");
        };
        (self.session, self.index) = (session, index);
        self.show_other();
        self.say("back in the run before");
    }

    fn show_other(&mut self) {
        self.search = None;
        self.saved = None;
        self.is_making = true;
        self.play.is_on = false;
        let here = self.cursor();
        self.go(here);
    }

    /// Writes what was done to the run into a plan file, and says what repeats it: the token, if that went well.
    pub fn save(&mut self) -> Option<String> {
        let case = self.session.case().filter(|case| !case.interventions.is_empty());
        match (case, &self.saver) {
            (None, _) => self.say("nothing was done to this run: i does something"),
            (Some(_), None) => self.problem("nothing can be written from here"),
            (Some(case), Some(saver)) => match saver(case) {
                Ok(Saved { path, token }) => {
                    self.say(format!("written to {path}; this repeats the run: {token}"));
                    self.saved = Some(token);
                }
                Err(problem) => self.problem(problem),
            },
        }
        self.saved.clone()
    }

    /// What repeats the run; `None` where something was done to it that is in no file yet.
    pub fn token(&self) -> Option<String> {
        let own = || self.session.header().token.clone();
        let is_changed = !self.session.header().interventions.is_empty();
        let is_known = !is_changed || self.originals.is_empty();
        self.saved.clone().or_else(|| is_known.then(own))
    }

    /// The number of the event at the cursor; 0 before the first.
    pub fn cursor(&self) -> u64 {
        self.session.cursor()
    }

    /// The number of the last event.
    pub fn last(&self) -> u64 {
        self.session.events()
    }

    /// The event of that number.
    pub fn row(&self, event: u64) -> Option<Rc<Row>> {
        self.session.row(event)
    }

    /// The mark of the event of that number.
    pub fn mark(&self, event: u64) -> Option<&Mark> {
        event.checked_sub(1).and_then(|place| self.session.marks().get(place as usize))
    }

    /// The time of the last event.
    pub fn end(&self) -> SimTime {
        self.session.marks().last().map_or(SimTime::ZERO, |mark| mark.time)
    }

    /// The event at the cursor.
    pub fn here(&self) -> Option<Rc<Row>> {
        self.row(self.cursor())
    }

    /// The selected node as it is at the cursor.
    pub fn selected_node(&self) -> Option<&NodeView> {
        self.session.view().nodes.iter().find(|node| node.id == self.selected)
    }

    /// `node` as it was before the event at the cursor, where that event happened on it.
    pub fn before(&self, node: NodeId) -> Option<&NodeView> {
        self.before.as_ref().filter(|before| before.id == node)
    }

    /// Where keys go now.
    pub fn context(&self) -> Context {
        if self.prompt.is_some() {
            Context::Prompt
        } else if let Some(menu) = self.menus.last() {
            if menu.typed.is_some() { Context::Palette } else { Context::Menu }
        } else if self.help.is_some() {
            Context::Help
        } else {
            Context::Run
        }
    }

    /// Moves the cursor to `event`, or to the last one. Says so in the status line where that fails.
    pub fn go(&mut self, event: u64) {
        if let Err(error) = self.try_go(event.min(self.last())) {
            self.play.is_on = false;
            self.problem(format!("cannot go to event {event}: {error}"));
        }
    }

    fn try_go(&mut self, event: u64) -> Result<(), SessionError> {
        let node = self.mark(event).and_then(|mark| mark.node);
        // What changed is shown against the world one event earlier, so the session passes through it.
        if let Some(earlier) = event.checked_sub(1)
            && self.session.cursor() != earlier
        {
            self.session.seek(earlier)?;
        }
        let nodes = &self.session.view().nodes;
        self.before = node.and_then(|id| nodes.iter().find(|node| node.id == id).cloned());
        self.session.seek(event)?;
        self.scroll[Pane::Event.index()] = 0;
        if let Some(node) = node.filter(|_| !self.is_pinned) {
            self.selected = node;
        }
        Ok(())
    }

    /// Whether so much of the run is made that `place` is in it.
    pub fn has_made(&self, place: Place) -> bool {
        self.session.is_complete()
            || match place {
                Place::Start => true,
                Place::Event(number) => number <= self.last(),
                Place::Time(time) => time <= self.end(),
                Place::End | Place::Violation => false,
            }
    }

    /// The event that `place` names.
    ///
    /// # Errors
    /// Where this run has no such place: why, and what there is.
    pub fn resolve(&self, place: Place) -> Result<u64, String> {
        match place {
            Place::Start => Ok(0),
            Place::End => Ok(self.last()),
            Place::Violation => {
                self.index.violation().ok_or_else(|| String::from("no rule was broken in this run"))
            }
            Place::Event(number) if number <= self.last() => Ok(number),
            Place::Event(number) => {
                Err(format!("there is no event {number}: this run ends with event {}", self.last()))
            }
            Place::Time(time) => Ok(super::index::last_by(self.session.marks(), time)),
        }
    }

    /// Says something in the last line.
    pub fn say(&mut self, text: impl Into<String>) {
        self.status = Some(Status { text: text.into(), weight: Weight::Info });
    }

    /// Says in the last line that something did not work.
    pub fn problem(&mut self, text: impl Into<String>) {
        self.status = Some(Status { text: text.into(), weight: Weight::Problem });
    }

    /// The events whose text contains `text`, whatever the case.
    pub fn find(&self, text: &str) -> Search {
        let text = text.to_lowercase();
        let hits =
            self.session.rows().filter(|row| contains(row, &text)).map(|row| row.number).collect();
        Search { text, hits }
    }
}

/// Whether one of the texts of `row` contains `text`, which is in lower case.
fn contains(row: &Row, text: &str) -> bool {
    let node = row.node.map(|node| node.to_string());
    let client = match row.kind {
        RowKind::Ask { client, .. } | RowKind::GiveUp { client } => Some(client.to_string()),
        _ => None,
    };
    let single = [&client, &row.payload, &row.new_role, &row.violation];
    let mut all = single
        .into_iter()
        .flatten()
        .chain([&row.title])
        .chain(&row.effects)
        .chain(&row.notes)
        .chain(&row.narration);
    // A node must be named in full, so that n1 is not found wherever n12 is.
    node.as_deref() == Some(text) || all.any(|part| part.to_lowercase().contains(text))
}
