//! Puppets, and what the stories say all the time.

use orrery_sim::journal::{Damaged, DiskError, Position};
use orrery_sim::ledger::{Family, Tally};
use orrery_sim::plan::{Action, Item, Target, Trigger};
use orrery_sim::random::Draw;
use orrery_sim::{
    Context, Duration, DurationRange, Law, Node, NodeId, OperationId, Protocol, Setup, SimTime,
    Start, Step, World,
};
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lab;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Message {
    Ping(u32),
    Pong(u32),
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) enum Timer {
    Election,
    Heartbeat,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Note {
    Elected(u32),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Wish {
    Read,
    Write(u32),
}

impl Protocol for Lab {
    type Config = Script;
    type Message = Message;
    type Timer = Timer;
    type Record = u32;
    type Note = Note;
    type Operation = Wish;
    type Output = u32;
}

/// When a puppet does something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum On {
    Start,
    Restart,
    Hears(Message),
    HearsAnything,
    Rings(Timer),
    IsAsked,
    Synced(u64),
    /// Without it, the puppet stops.
    SyncFails,
    /// With it, the puppet starts from any journal.
    FindsDamage,
}

/// What a puppet does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Act {
    Send(u32, Message),
    Broadcast(Message),
    TellNeighbours(Message),
    Set(Timer, u64),
    SetBetween(Timer, u64, u64),
    Cancel(Timer),
    Append(u32),
    Truncate(usize),
    Checkpoint(Vec<u32>),
    Sync,
    SyncInBackground,
    Stop,
    Note(u32),
    Probe(&'static str),
    Become(&'static str, u64),
    Complete(u32),
    Fail,
    GiveUp,
    Redirect(Option<NodeId>),
    HandOver(Option<NodeId>),
    /// Answers 1 if this is the first attempt and 2 if it is a retry.
    CompleteByAttempt,
}

/// What one puppet does on each occasion, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Script(Vec<(On, Vec<Act>)>);

impl Script {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn on(mut self, when: On, acts: impl Into<Vec<Act>>) -> Self {
        self.0.push((when, acts.into()));
        self
    }

    fn has(&self, occasion: &On) -> bool {
        self.0.iter().any(|(when, _)| when == occasion)
    }
}

/// A node that follows its script and keeps a diary by its own clock.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Puppet {
    script: Script,
    pub(crate) diary: Vec<String>,
    pub(crate) role: &'static str,
    pub(crate) term: u64,
    asked: Option<OperationId>,
}

type Ctx<'a> = Context<'a, Lab>;

impl Puppet {
    fn live(&mut self, when: &On, what: &str, ctx: &mut Ctx<'_>) {
        let time = ctx.now().since(orrery_sim::LocalTime::from_nanos(0));
        self.diary.push(format!("{time} {what}"));
        let acts: Vec<Act> = (self.script.0.iter().filter(|(own, _)| own.covers(when)))
            .flat_map(|(_, acts)| acts.clone())
            .collect();
        for act in acts {
            self.act(act, ctx);
        }
    }

    fn act(&mut self, act: Act, ctx: &mut Ctx<'_>) {
        match act {
            Act::Send(to, message) => ctx.send(NodeId(to), message),
            Act::Broadcast(message) => ctx.broadcast(&message),
            Act::TellNeighbours(message) => {
                ctx.neighbours().for_each(|to| ctx.send(to, message.clone()));
            }
            Act::Set(timer, after) => ctx.set_timer(timer, ms(after)),
            Act::SetBetween(timer, min, max) => {
                ctx.set_timer_between(timer, DurationRange::new(ms(min), ms(max)));
            }
            Act::Cancel(timer) => ctx.cancel_timer(timer),
            Act::Append(record) => drop(ctx.append(record)),
            Act::Truncate(keep) => drop(ctx.truncate(keep)),
            Act::Checkpoint(records) => drop(ctx.checkpoint(records)),
            Act::Sync => ctx.sync(),
            Act::SyncInBackground => ctx.sync_in_background(),
            Act::Stop => ctx.stop(),
            Act::Note(number) => ctx.note(Note::Elected(number)),
            Act::Probe(name) => ctx.probe(name),
            Act::Become(role, term) => (self.role, self.term) = (role, term),
            Act::Complete(_)
            | Act::CompleteByAttempt
            | Act::Fail
            | Act::GiveUp
            | Act::Redirect(_)
            | Act::HandOver(_) => self.answer(&act, ctx),
        }
    }

    fn answer(&self, act: &Act, ctx: &mut Ctx<'_>) {
        let Some(operation) = self.asked else { return };
        match act {
            Act::Complete(output) => ctx.complete(operation, *output),
            Act::Fail => ctx.fail(operation),
            Act::Redirect(to) => ctx.redirect(operation, *to),
            Act::HandOver(to) => ctx.hand_over(operation, *to),
            Act::CompleteByAttempt => {
                ctx.complete(operation, if ctx.is_first_attempt() { 1 } else { 2 });
            }
            _ => ctx.give_up(operation),
        }
    }
}

impl On {
    fn covers(&self, when: &Self) -> bool {
        self == when || (*self == Self::HearsAnything && matches!(when, Self::Hears(_)))
    }
}

impl Node for Puppet {
    type Protocol = Lab;

    fn on_start(start: Start<'_, Lab>, ctx: &mut Ctx<'_>) -> Self {
        let script = start.config.clone();
        let mut puppet = Self { script, diary: vec![], role: "", term: 0, asked: None };
        let records = start.journal.records();
        if start.incarnation == 0 {
            puppet.live(&On::Start, "start", ctx);
            puppet.diary.clear();
        } else if start.journal.damage().next().is_some() {
            let entries: Vec<_> = start.journal.entries().collect();
            puppet.live(&On::FindsDamage, &format!("restart with {entries:?}"), ctx);
        } else {
            puppet.live(&On::Restart, &format!("restart with {records:?}"), ctx);
        }
        puppet
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Ctx<'_>) {
        let what = format!("{message:?} from {from}");
        self.live(&On::Hears(message), &what, ctx);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Ctx<'_>) {
        self.live(&On::Rings(timer), &format!("{timer:?}"), ctx);
    }

    fn on_operation(&mut self, id: OperationId, wish: Wish, ctx: &mut Ctx<'_>) {
        self.asked = Some(id);
        self.live(&On::IsAsked, &format!("{wish:?} as {id}"), ctx);
    }

    fn on_synced(&mut self, through: Position, ctx: &mut Ctx<'_>) {
        self.live(&On::Synced(through.0), &format!("synced {}", through.0), ctx);
    }

    fn on_sync_failed(&mut self, through: Position, error: DiskError, ctx: &mut Ctx<'_>) {
        if self.script.has(&On::SyncFails) {
            self.live(&On::SyncFails, &format!("sync {} failed: {error}", through.0), ctx);
        } else {
            ctx.stop();
        }
    }

    fn recovers_from(script: &Script, _damage: &[Damaged]) -> bool {
        script.has(&On::FindsDamage)
    }

    /// Pongs have no checksum.
    fn corrupt(message: &Message, draw: &mut Draw<'_>) -> Option<Message> {
        match message {
            Message::Pong(number) => Some(Message::Pong(number + 100 * (1 + draw.word() % 9))),
            Message::Ping(_) | Message::Text(_) => None,
        }
    }

    fn role(&self) -> &'static str {
        self.role
    }

    fn epoch(&self) -> u64 {
        self.term
    }
}

pub(crate) const N1: NodeId = NodeId(1);
pub(crate) const N2: NodeId = NodeId(2);
pub(crate) const N3: NodeId = NodeId(3);

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn at(millis: u64) -> SimTime {
    SimTime::ZERO.saturating_add(ms(millis))
}

pub(crate) fn ping(number: u32) -> Message {
    Message::Ping(number)
}

pub(crate) fn pong(number: u32) -> Message {
    Message::Pong(number)
}

pub(crate) fn pings(to: u32, count: u32) -> Vec<Act> {
    (1..=count).map(|number| Act::Send(to, ping(number))).collect()
}

/// A puppet that is there and does nothing.
pub(crate) fn idle() -> Script {
    Script::new()
}

/// Puppets with these scripts, 10 ms apart.
pub(crate) fn lab(scripts: impl Into<Vec<Script>>) -> Setup<Lab> {
    let mut setup = Setup::new(1, scripts.into());
    setup.links.default.latency = Law::Constant(ms(10));
    setup.disk.sync = Law::Constant(ms(5));
    setup
}

/// A world that describes everything.
pub(crate) fn world(setup: Setup<Lab>) -> World<Puppet> {
    let mut world = World::new(setup).unwrap();
    world.set_tracing(true);
    world
}

/// Runs to the end of `until` milliseconds; what happened.
pub(crate) fn run(world: &mut World<Puppet>, until: u64) -> Vec<Step<Lab>> {
    let mut steps = vec![];
    while let Some(step) = world.step(at(until)).unwrap() {
        steps.push(step.clone());
    }
    steps
}

/// The world of `setup` after one second, or whatever happens in it.
pub(crate) fn after_a_second(setup: Setup<Lab>) -> World<Puppet> {
    let mut world = world(setup);
    run(&mut world, 1_000);
    world
}

pub(crate) fn diary(world: &World<Puppet>, node: NodeId) -> Vec<&str> {
    world
        .node(node)
        .map_or(vec!["down"], |puppet| puppet.diary.iter().map(String::as_str).collect())
}

/// An item of the plan.
pub(crate) fn item(trigger: Trigger, action: Action<Wish>) -> Item<Wish> {
    Item { name: None, trigger, within: None, action }
}

pub(crate) fn at_time(millis: u64, action: Action<Wish>) -> Item<Wish> {
    item(Trigger::At(at(millis)), action)
}

pub(crate) fn when(predicate: &str, action: Action<Wish>) -> Item<Wish> {
    item(Trigger::When(predicate.parse().unwrap()), action)
}

pub(crate) fn named(name: &str, item: Item<Wish>) -> Item<Wish> {
    Item { name: Some(name.into()), ..item }
}

pub(crate) fn within(millis: u64, item: Item<Wish>) -> Item<Wish> {
    Item { within: Some(ms(millis)), ..item }
}

pub(crate) const fn node(id: u32) -> Target {
    Target::Node(NodeId(id))
}

pub(crate) fn role(role: &str) -> Target {
    Target::Role(role.into())
}

pub(crate) const fn crash(node: Target) -> Action<Wish> {
    Action::Crash { node, after_effects: None }
}

/// The ledger's line for a family: planned, applied, effective.
pub(crate) fn tally(world: &World<Puppet>, family: Family) -> (u64, u64, u64) {
    let Tally { planned, applied, effective } = world.ledger().tally(family);
    (planned, applied, effective)
}
