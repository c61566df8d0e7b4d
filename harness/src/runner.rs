//! One run with everything that judges it: world, monitors, goals, history.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use orrery_sim::client::ClientSetup;
use orrery_sim::plan::{Item, Plan, Trigger};
use orrery_sim::predicate::{EventFacts, EventKind, Occurrences, Predicate};
use orrery_sim::registration::{NoteEntry, OperationOf, ProtocolOf, Registration};
use orrery_sim::step::Event;
use orrery_sim::world::facts;
use orrery_sim::{Bugs, Duration, Monitor, NodeId, Sequence, Setup, SimTime, World};

use crate::case::{Case, Goal};
use crate::history::{self, Judgement};
use crate::panics;
use crate::report::{self, Failure, GoalReport, Report, Verdict};
use crate::statistics;
use crate::stuck;
use crate::subject::{CaseError, RunOptions};
use crate::swarm::{self, Limits};

/// A monitor and whether the rule that it watches still held when it last looked.
struct Watched<R: Registration> {
    monitor: Box<dyn Monitor<R::Node>>,
    holds: bool,
}

// Not derived: a derived one would ask for `R: Clone`.
impl<R: Registration> Clone for Watched<R> {
    fn clone(&self) -> Self {
        Self { monitor: self.monitor.clone(), holds: self.holds }
    }
}

/// How far a goal has come.
#[derive(Clone, Debug, Default)]
struct GoalState {
    occurrences: Occurrences,
    /// From when it counts: the start of the run, or the plan item that it waits for.
    since: Option<SimTime>,
    reached: Option<(u64, SimTime)>,
}

/// A run that is being made and judged. Copies go on by themselves.
pub struct Runner<R: Registration> {
    case: Arc<Case>,
    parameters: Arc<R::Parameters>,
    world: World<R::Node>,
    monitors: Vec<Watched<R>>,
    goals: Vec<GoalState>,
    notes: Sequence<NoteEntry<ProtocolOf<R>>>,
    failure: Option<Failure>,
    /// What keeps the run from a verdict.
    doubts: Vec<String>,
    has_ended: bool,
    has_panicked: bool,
}

impl<R: Registration> Clone for Runner<R> {
    fn clone(&self) -> Self {
        Self {
            case: Arc::clone(&self.case),
            parameters: Arc::clone(&self.parameters),
            world: self.world.clone(),
            monitors: self.monitors.clone(),
            goals: self.goals.clone(),
            notes: self.notes.clone(),
            failure: self.failure.clone(),
            doubts: self.doubts.clone(),
            has_ended: self.has_ended,
            has_panicked: self.has_panicked,
        }
    }
}

impl<R: Registration> Runner<R> {
    /// Sets `case` up, its swarm drawn.
    ///
    /// # Errors
    /// Where the case cannot be run: what is wrong and what would be right.
    pub fn new(case: &Case, options: &RunOptions) -> Result<Self, CaseError> {
        let parameters: R::Parameters = serde_json::from_value(case.parameters.clone())
            .map_err(|error| CaseError(format!("the parameters of `{}`: {error}", R::NAME)))?;
        let case = drawn::<R>(case, &parameters)?;
        let setup = set_up::<R>(&case, &parameters)?;
        let mut world = World::new(setup).map_err(|error| CaseError(error.to_string()))?;
        if options.check_purity {
            world.check_purity();
        }
        world.set_tracing(case.checks.goals.iter().any(|goal| needs_tracing(&goal.when)));
        let monitors = monitors::<R>(&case, &parameters)?;
        let starts = |goal: &Goal| GoalState {
            since: goal.after.is_none().then_some(SimTime::ZERO),
            ..GoalState::default()
        };
        Ok(Self {
            goals: case.checks.goals.iter().map(starts).collect(),
            case: Arc::new(case),
            parameters: Arc::new(parameters),
            world,
            monitors,
            notes: Sequence::new(),
            failure: None,
            doubts: vec![],
            has_ended: false,
            has_panicked: false,
        })
    }

    /// The case, its swarm drawn.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// The world as it is now.
    pub const fn world(&self) -> &World<R::Node> {
        &self.world
    }

    /// Makes the world describe payloads and outcomes, for those who look.
    pub fn trace(&mut self) {
        self.world.set_tracing(true);
    }

    /// Adds what people did in the run and what its plan does not have yet: those of `interventions` that come after as
    /// many as are there. They must strike behind the last event or a later one.
    ///
    /// # Errors
    /// Where one names what does not exist, or belongs into the past.
    pub fn intervene(&mut self, interventions: &[Item<Json>]) -> Result<(), CaseError> {
        let known = self.case.interventions.len();
        let Some(new) = interventions.get(known..).filter(|new| !new.is_empty()) else {
            return Ok(());
        };
        for item in new {
            let typed = typed_item::<R>(item)?;
            self.world.add_item(typed).map_err(|error| CaseError(error.to_string()))?;
        }
        let case = Arc::make_mut(&mut self.case);
        case.plan.items.extend_from_slice(new);
        case.interventions.extend_from_slice(new);
        Ok(())
    }

    /// How many interventions its plan has.
    pub fn interventions(&self) -> &[Item<Json>] {
        &self.case.interventions
    }

    /// What has come of a run that is under way: no verdict yet.
    pub fn so_far(&self) -> Report {
        let mut copy = self.clone();
        let goals = copy.goal_reports();
        copy.report(Verdict::Unknown, goals)
    }

    /// Whether no event can follow the last one.
    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// How many bytes a copy takes, about.
    pub fn copy_bytes(&self) -> usize {
        self.world.copy_bytes()
    }

    /// Why the run failed, if it did so far.
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether the last event was a node's panic.
    pub const fn has_panicked(&self) -> bool {
        self.has_panicked
    }

    /// Moves on by one event and judges it; a broken rule or a panic makes it the last one. Returns false
    /// where no event is left to happen.
    pub fn step(&mut self) -> bool {
        if self.has_ended {
            return false;
        }
        if self.case.event_budget <= self.world.events() {
            self.doubts.push(format!(
                "the budget of {} events was spent at {}: a node may be running away; raise `event_budget` if not",
                self.case.event_budget,
                self.world.now()
            ));
            self.has_ended = true;
            return false;
        }
        let until = self.case.stop_at;
        let world = &mut self.world;
        match panics::catch(|| world.step(until).map(|step| step.is_some())) {
            Ok(Ok(true)) => self.judge(),
            Ok(Ok(false)) => {
                self.has_ended = true;
                return false;
            }
            Ok(Err(error)) => {
                self.doubts.push(error.to_string());
                self.has_ended = true;
                return false;
            }
            Err(panic) => self.panicked(&panic),
        }
        true
    }

    fn panicked(&mut self, panic: &str) {
        let step = self.world.last();
        let place = step.event.node().map_or_else(String::new, |node| format!("{node} "));
        self.failure = Some(Failure {
            found_by: String::from("panic"),
            rule: String::from("a node never panics"),
            source: String::from("the node's own code"),
            facts: vec![format!("{place}panicked at {}: {panic}", step.time)],
            event: step.number,
            time_ns: step.time.as_nanos(),
            picture: None,
        });
        self.has_panicked = true;
        self.has_ended = true;
    }

    /// Looks at the last event with everything that judges.
    #[inline]
    fn judge(&mut self) {
        let step = self.world.last();
        if !step.notes.is_empty()
            && let Some(node) = step.handled_by
        {
            let entry = |note: &<ProtocolOf<R> as orrery_sim::Protocol>::Note| NoteEntry {
                time: step.time,
                event: step.number,
                node,
                note: note.clone(),
            };
            self.notes.extend(step.notes.iter().map(entry));
        }
        for watched in &mut self.monitors {
            if let Err(violation) = watched.monitor.after(step, &self.world) {
                watched.holds = false;
                let (event, time) = (step.number, step.time.as_nanos());
                self.failure.get_or_insert_with(|| Failure::of_violation(violation, event, time));
                self.has_ended = true;
            }
        }
        if !self.goals.is_empty() {
            self.look_for_goals();
        }
        if let Some(impurity) = self.world.impurity() {
            self.failure = Some(Failure {
                found_by: String::from("purity"),
                rule: String::from("same inputs, same effects"),
                source: String::from("a node is a deterministic state machine"),
                facts: vec![
                    format!("{} of {} gave two answers", impurity.handler, impurity.node),
                    impurity.difference.clone(),
                ],
                event: impurity.event,
                time_ns: self.world.now().as_nanos(),
                picture: None,
            });
            self.has_ended = true;
        }
    }

    fn look_for_goals(&mut self) {
        let (world, case) = (&self.world, &self.case);
        let happened = done_item(world, case);
        for (state, goal) in self.goals.iter_mut().zip(&case.checks.goals) {
            if state.since.is_none() && happened.is_some() && goal.after.as_deref() == happened {
                state.since = Some(world.now());
                continue;
            }
            let (None, Some(since)) = (state.reached, state.since) else { continue };
            if goal.within.is_some_and(|within| since.saturating_add(within) < world.now()) {
                continue;
            }
            let mut is_reached = false;
            if goal.when.event.is_none() {
                is_reached = state.occurrences.after_event(&goal.when, world);
            } else {
                facts(world, &mut |fact: &EventFacts<'_>| {
                    is_reached |= state.occurrences.after_fact(&goal.when, fact, world);
                });
            }
            if is_reached {
                state.reached = Some((world.events(), world.now()));
            }
        }
    }

    /// Runs to the end and says what came of it.
    pub fn finish(mut self) -> Report {
        while self.step() {}
        self.conclude()
    }

    /// What came of a run that is over.
    pub fn conclude(&mut self) -> Report {
        self.has_ended = true;
        // A run that was cut short says nothing of what its rest would have reached.
        let is_cut_short = !self.doubts.is_empty();
        if self.failure.is_none() && !is_cut_short {
            self.finish_monitors();
        }
        if self.failure.is_none() {
            self.judge_history();
        }
        let goals = self.goal_reports();
        if self.failure.is_none() && !is_cut_short {
            self.judge_goals(&goals);
        }
        self.doubt_triggers();
        let verdict = match (&self.failure, self.doubts.is_empty()) {
            (Some(_), _) => Verdict::Fail,
            (None, false) => Verdict::Unknown,
            (None, true) => Verdict::Pass,
        };
        if let (None, Some(doubt)) = (&self.failure, self.doubts.first()) {
            self.failure = Some(Failure {
                found_by: String::from("undecided"),
                rule: String::from("no verdict"),
                source: String::from("unknown never counts as pass"),
                facts: vec![doubt.clone()],
                event: self.world.events(),
                time_ns: self.world.now().as_nanos(),
                picture: None,
            });
        }
        self.report(verdict, goals)
    }

    fn finish_monitors(&mut self) {
        for watched in &mut self.monitors {
            if let Err(violation) = watched.monitor.finish(&self.world) {
                watched.holds = false;
                let (event, time) = (self.world.events(), self.world.now().as_nanos());
                self.failure.get_or_insert_with(|| Failure::of_violation(violation, event, time));
            }
        }
    }

    fn judge_history(&mut self) {
        let Some(model) = &self.case.checks.linearizable else { return };
        match history::linearizable(model, self.world.history(), R::ADMINISTRATIVE) {
            Ok(Judgement::Holds) => {}
            Ok(Judgement::Violated(failure)) => self.failure = Some(*failure),
            Ok(Judgement::Unknown(reason)) => {
                self.doubts.push(format!("whether the history is linearizable: {reason}"));
            }
            Err(reason) => self.doubts.push(format!("the history cannot be judged: {reason}")),
        }
    }

    fn goal_reports(&self) -> Vec<GoalReport> {
        let goals = self.goals.iter().zip(&self.case.checks.goals);
        let report = |(state, goal): (&GoalState, &Goal)| GoalReport {
            name: goal.name.clone(),
            reached_at_event: state.reached.map(|(event, _)| event),
            reached_at_ns: state.reached.map(|(_, time)| time.as_nanos()),
            reason: state.reached.is_none().then(|| reason(state, goal, self.case.stop_at)),
        };
        goals.map(report).collect()
    }

    fn judge_goals(&mut self, goals: &[GoalReport]) {
        let missed = goals.iter().find(|goal| goal.reached_at_event.is_none());
        let Some(missed) = missed else { return };
        let mut facts = vec![missed.reason.clone().unwrap_or_default()];
        facts.push(statistics::standing(&self.world));
        facts.extend(stuck::reasons(&self.world));
        if let Some(last) = self.notes.last() {
            facts.push(format!(
                "the last milestone was {:?} of {} at {}",
                last.note, last.node, last.time
            ));
        }
        self.failure = Some(Failure {
            found_by: format!("goal `{}`", missed.name),
            rule: missed.name.clone(),
            source: String::from("a goal of the scenario"),
            facts,
            event: self.world.events(),
            time_ns: self.world.now().as_nanos(),
            picture: None,
        });
    }

    /// A trigger of the scenario that never fired leaves open what the run would have shown.
    fn doubt_triggers(&mut self) {
        for place in self.world.undone_items() {
            let item = &self.case.plan.items[place];
            let why = match &item.trigger {
                Trigger::When(predicate) => format!("nothing matched `{predicate}`"),
                Trigger::Behind(event) if self.world.events() < *event => {
                    format!("the run ended before event {event}")
                }
                Trigger::At(_) | Trigger::After { .. } | Trigger::Behind(_) => continue,
            };
            let name = item.name.as_deref().unwrap_or(item.action.word());
            self.doubts.push(format!("the plan's item `{name}` never happened: {why}"));
        }
    }

    fn report(&mut self, verdict: Verdict, goals: Vec<GoalReport>) -> Report {
        let notes = std::mem::take(&mut self.notes).into_vec();
        let (world, case) = (&self.world, &self.case);
        let mut invariants = BTreeMap::new();
        for watched in &self.monitors {
            invariants.insert(watched.monitor.name().to_string(), watched.holds);
        }
        Report {
            scenario: case.scenario.clone(),
            seed: case.seed,
            verdict,
            expected: case.expect,
            as_expected: verdict == case.expect,
            token: case.token.clone(),
            digest: world.digest().to_string(),
            events: world.events(),
            messages: world.counters().total().sent,
            sim_ns: world.now().as_nanos(),
            invariants,
            violation: self.failure.clone(),
            goals,
            probes: report::probes(R::PROBES, world.probes()),
            ledger: report::tallies(world.ledger()),
            stats: statistics::measure::<R>(world, &notes, case.clients.until),
            message_kinds: report::message_kinds(world.counters()),
        }
    }

    /// The parameters, read.
    pub fn parameters(&self) -> &R::Parameters {
        &self.parameters
    }
}

fn reason(state: &GoalState, goal: &Goal, stop_at: SimTime) -> String {
    let what = format!("`{}` did not happen", goal.when);
    match (state.since, &goal.after) {
        (None, Some(after)) => {
            format!("{what}: the plan's `{after}`, after which it counts, never came")
        }
        (_, after) => {
            let bound = match goal.within {
                Some(within) => format!(" within {within}"),
                None => format!(" by {stop_at}"),
            };
            let after = after.as_ref().map_or(String::new(), |after| format!(" of `{after}`"));
            format!("{what}{bound}{after}")
        }
    }
}

/// The name of the plan item that the last event carried out.
fn done_item<'a, N: orrery_sim::Node>(world: &World<N>, case: &'a Case) -> Option<&'a str> {
    let Event::Deed(deed) = &world.last().event else { return None };
    let place = deed.item?;
    if world.undone_items().contains(&place) {
        return None;
    }
    case.plan.items[place].name.as_deref()
}

/// Whether a predicate asks for what a step shows only while the world traces.
fn needs_tracing(predicate: &Predicate) -> bool {
    predicate.event.as_ref().is_some_and(|event| {
        matches!(
            event.kind,
            EventKind::Send | EventKind::Drop | EventKind::Deliver | EventKind::Invoke
        )
    })
}

fn monitors<R: Registration>(
    case: &Case,
    parameters: &R::Parameters,
) -> Result<Vec<Watched<R>>, CaseError> {
    let all = R::monitors(parameters, case.nodes);
    if let Some(names) = &case.checks.always {
        let known: Vec<&str> = all.iter().map(|monitor| monitor.name()).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
            let known = known.join(", ");
            return Err(CaseError(format!(
                "`{}` has no invariant `{name}`: it has {known}",
                R::NAME
            )));
        }
    }
    let is_wanted = |name: &str| {
        let names = case.checks.always.as_ref();
        names.is_none_or(|names| names.iter().any(|wanted| wanted == name))
    };
    let wanted = all.into_iter().filter(|monitor| is_wanted(monitor.name()));
    Ok(wanted.map(|monitor| Watched { monitor, holds: true }).collect())
}

/// The case with everything drawn that its seed decides before the run.
fn drawn<R: Registration>(case: &Case, parameters: &R::Parameters) -> Result<Case, CaseError> {
    let nodes = swarm::node_count(case);
    let mut case = Case { nodes, ..case.clone() };
    case.clocks.truncate(nodes as usize);
    case.wall_clocks.truncate(nodes as usize);
    if let Some(entries) = &mut case.clients.entries {
        entries.retain(|entry| entry.0 <= nodes);
    }
    let model = R::fault_model(parameters, nodes);
    let is_core = |set: &[NodeId]| R::is_core(parameters, nodes, set);
    let mut case = swarm::draw(&case, &Limits { model, is_core: &is_core })?;
    if case.only_interventions {
        case.plan.items.clear();
    }
    // Behind what the swarm drew, so that a person's doing moves no item of it to another place.
    case.plan.items.extend_from_slice(&case.interventions);
    Ok(case)
}

/// The typed form of a case.
fn set_up<R: Registration>(
    case: &Case,
    parameters: &R::Parameters,
) -> Result<Setup<ProtocolOf<R>>, CaseError> {
    let configs = R::set_up(parameters, case.nodes).map_err(CaseError)?;
    let find = |id: &String| {
        R::BUGS.iter().find(|bug| bug.id == id).copied().ok_or_else(|| {
            let known: Vec<&str> = R::BUGS.iter().map(|bug| bug.id).collect();
            CaseError(format!("`{}` has no bug `{id}`: it has {}", R::NAME, known.join(", ")))
        })
    };
    let bugs: Result<Vec<_>, CaseError> = case.bugs.iter().map(find).collect();
    let mut setup = Setup::new(case.seed, configs);
    setup.tie = case.tie;
    setup.links = case.links.clone();
    setup.clocks.clone_from(&case.clocks);
    setup.wall_clocks.clone_from(&case.wall_clocks);
    setup.disk = case.disk.clone();
    setup.bugs = Bugs::new(bugs?);
    setup.plan = plan::<R>(&case.plan)?;
    setup.clients = clients::<R>(case, parameters)?;
    Ok(setup)
}

fn plan<R: Registration>(plan: &Plan<Json>) -> Result<Plan<OperationOf<R>>, CaseError> {
    let mut items = Vec::with_capacity(plan.items.len());
    for item in &plan.items {
        items.push(typed_item::<R>(item)?);
    }
    Ok(Plan { items, crash_limit: plan.crash_limit.clone(), places: plan.places.clone() })
}

fn typed_item<R: Registration>(item: &Item<Json>) -> Result<Item<OperationOf<R>>, CaseError> {
    let action = item.action.clone().try_map(|operation| {
        serde_json::from_value(operation)
            .map_err(|error| CaseError(format!("an operation of `{}`: {error}", R::NAME)))
    })?;
    let (name, trigger) = (item.name.clone(), item.trigger.clone());
    Ok(Item { name, trigger, within: item.within, action })
}

fn clients<R: Registration>(
    case: &Case,
    parameters: &R::Parameters,
) -> Result<ClientSetup<ProtocolOf<R>>, CaseError> {
    let clients = &case.clients;
    let generator = match &clients.workload {
        Some(workload) => Some(R::generator(workload).map_err(CaseError)?),
        None => None,
    };
    if clients.retry == Duration::ZERO && 0 < clients.count {
        return Err(CaseError(String::from("`retry` of clients must be longer than `0s`")));
    }
    Ok(ClientSetup {
        count: clients.count,
        generator,
        think: clients.think.clone(),
        timeout: clients.timeout,
        patience: clients.patience,
        retry: clients.retry,
        entries: clients.entries.clone().unwrap_or_else(|| R::entries(parameters, case.nodes)),
        until: clients.until,
    })
}
