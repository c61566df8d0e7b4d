//! A run that is written down while it goes, line by line.

use std::collections::BTreeMap;

use orrery_sim::Digest;
use orrery_sim::ledger::Ledger;
use orrery_sim::plan::{Item, Trigger};
use orrery_sim::registration::Registration;

use crate::case::Case;
use crate::describe::{Describer, intervention};
use crate::report::Report;
use crate::runner::Runner;
use crate::session::RowKind;
use crate::subject::{CaseError, RunOptions};

use super::lines::{Drawn, EventLine, RecordingEnd, RecordingHeader, ViewLine, json};
use super::track::Tracker;
use super::{FORMAT, Source, engine};

/// Bytes of lines after which the whole world is written at the earliest: a reader who seeks reads as much.
const VIEW_SPACING: usize = 1 << 17;
/// The lines between two whole worlds have at least so many times the bytes of the first. So the file does not grow
/// with the square of the run, however large the world becomes.
const VIEW_SHARE: usize = 4;

/// One line of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub part: Part,
    /// What it says, without a line feed.
    pub text: String,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first: what is run.
    Header,
    /// The whole world after an event, or before the first.
    View,
    /// The event of that number.
    Event(u64),
    /// The last: what came of the run.
    End(Box<Report>),
}

/// How much a recorder holds besides the run itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retained {
    /// Parts of the world as it was last seen.
    pub known: usize,
    /// Bytes of text: where the case came from.
    pub text: usize,
}

/// What comes next.
enum Next {
    Header,
    View,
    Event,
    Nothing,
}

/// Makes a run and gives it out line by line. It keeps the world as it is and as it was one event earlier, and no line.
pub struct Recorder<R: Registration> {
    runner: Runner<R>,
    describer: Describer,
    tracker: Tracker<R::Node>,
    source: Source,
    checksum: Digest,
    next: Next,
    /// Bytes of lines since the last whole world, and bytes of that.
    since_view: usize,
    view_size: usize,
}

impl<R: Registration> Recorder<R> {
    /// Sets `case` up, which came from `source`.
    ///
    /// # Errors
    /// Where the case cannot be run.
    pub fn new(case: &Case, source: &Source) -> Result<Self, CaseError> {
        let mut runner = Runner::<R>::new(case, &RunOptions::default())?;
        runner.trace();
        let nodes = runner.world().node_count();
        Ok(Self {
            runner,
            describer: Describer::new(nodes, &case.narration),
            tracker: Tracker::new(nodes),
            source: source.clone(),
            checksum: Digest::default(),
            next: Next::Header,
            since_view: 0,
            view_size: 0,
        })
    }

    /// How much is held now.
    pub fn retained(&self) -> Retained {
        let Source { text, plan, .. } = &self.source;
        let plan = plan.as_ref().map_or(0, |(name, text)| name.len() + text.len());
        let source = text.as_ref().map_or(0, String::len) + plan;
        let overrides: usize = self.source.overrides.iter().map(String::len).sum();
        Retained { known: self.tracker.size(), text: source + overrides }
    }

    fn line(&mut self, part: Part, text: String) -> Line {
        self.checksum.feed(&text).expect("a text has a digest");
        self.since_view += text.len();
        Line { part, text }
    }

    fn header(&mut self) -> Line {
        self.next = Next::View;
        let case = self.runner.case();
        let header = RecordingHeader {
            orrery_recording: FORMAT,
            engine: engine(),
            scenario: case.scenario.clone(),
            title: case.title.clone(),
            protocol: case.protocol.clone(),
            seed: case.seed,
            nodes: case.nodes,
            clients: case.clients.count,
            bugs: case.bugs.clone(),
            overrides: self.source.overrides.clone(),
            parameters: case.parameters.clone(),
            token: case.token.clone(),
            expected: case.expect,
            drawn: drawn(case, self.runner.world().ledger()),
            text: self.source.text.clone(),
            plan: self.source.plan.clone(),
            interventions: case.interventions.iter().map(intervention).collect(),
        };
        self.line(Part::Header, json(&header))
    }

    fn view(&mut self) -> Line {
        self.next = Next::Event;
        let world = self.runner.world();
        let change = Tracker::whole(world);
        let text = json(&ViewLine { view: world.events(), t: world.now().as_nanos(), change });
        self.view_size = text.len();
        let line = self.line(Part::View, text);
        self.since_view = 0;
        line
    }

    fn event(&mut self) -> Line {
        if !self.runner.step() {
            return self.end();
        }
        let has_panicked = self.runner.has_panicked();
        let world = self.runner.world();
        let mut row = self.describer.row(world);
        if has_panicked {
            row.kind = RowKind::Panic;
        }
        let number = row.number;
        let failure = self.runner.failure().filter(|failure| failure.event == number);
        row.violation = failure.map(crate::report::Failure::title);
        let change = self.tracker.event(world, has_panicked);
        let line = self.line(Part::Event(number), json(&EventLine::new(row, change)));
        if VIEW_SPACING.max(VIEW_SHARE * self.view_size) <= self.since_view {
            self.next = Next::View;
        }
        line
    }

    fn end(&mut self) -> Line {
        self.next = Next::Nothing;
        let report = self.runner.conclude();
        let end = RecordingEnd {
            end: report.events,
            digest: report.digest.clone(),
            verdict: report.verdict.to_string(),
            report: report.clone(),
            stats: report.stats.clone(),
            checksum: self.checksum.to_string(),
        };
        Line { part: Part::End(Box::new(report)), text: json(&end) }
    }
}

impl<R: Registration> Iterator for Recorder<R> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        match self.next {
            Next::Header => Some(self.header()),
            Next::View => Some(self.view()),
            Next::Event => Some(self.event()),
            Next::Nothing => None,
        }
    }
}

/// What the swarm drew. Apart from the recorder, since it is the same whatever the protocol.
fn drawn(case: &Case, ledger: &Ledger) -> Drawn {
    let families = ledger.families().map(|(family, t)| (family.name().to_string(), t.planned));
    Drawn {
        families: families.collect::<BTreeMap<_, _>>(),
        plan: case.plan.items.iter().map(describe_item).collect(),
        links: format!("{:?}", case.links),
        clocks: format!("{:?}", case.clocks),
    }
}

fn describe_item<O: std::fmt::Debug>(item: &Item<O>) -> String {
    let name = item.name.as_ref().map_or(String::new(), |name| format!("{name}: "));
    let trigger = match &item.trigger {
        Trigger::At(time) => format!("at {time}"),
        Trigger::After { item, delay } => format!("{delay} after {item}"),
        Trigger::When(predicate) => format!("when {predicate}"),
        Trigger::Behind(event) => format!("right behind event {event}"),
    };
    format!("{name}{trigger}: {:?}", item.action)
}
