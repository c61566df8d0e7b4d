//! What tests of protocols have in common: short forms for what happens in a plan, a few random numbers for one, and a run under
//! the protocol's invariants.
//!
//! All times are in milliseconds. A test says what it sets up, until when it runs, and what must have come of it:
//!
//! ```no_run
//! # use orrery_sim::testing::{Run, crash, item, restart};
//! # use orrery_sim::{Registration, Setup};
//! # fn story<R: Registration>(mut setup: Setup<orrery_sim::registration::ProtocolOf<R>>) {
//! setup.plan.items = vec![item(100, crash(1)), item(200, restart(1))];
//! let mut run = Run::<R>::new(setup, &R::Parameters::default());
//! run.safely_until(1_000);
//! assert!(0 < run.world.counters().completed);
//! # }
//! ```

mod chaos;
mod run;

pub use chaos::{Chaos, Dice, pause_cut_or_crash, spell};
pub use run::{Run, caught};

use crate::bug::{Bug, Bugs};
use crate::id::{ClientId, NodeId};
use crate::law::Law;
use crate::link::Link;
use crate::plan::{Action, Cut, Item, MessageFilter, Target, Trigger};
use crate::registration::{ProtocolOf, Registration, Workload};
use crate::time::{Duration, SimTime};
use crate::world::Setup;

/// So many milliseconds.
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many milliseconds after the start.
pub const fn at(millis: u64) -> SimTime {
    SimTime::ZERO.saturating_add(ms(millis))
}

/// The node of that number.
pub const fn node(id: u32) -> Target {
    Target::Node(NodeId(id))
}

fn nodes(ids: &[u32]) -> Vec<Target> {
    ids.iter().map(|id| node(*id)).collect()
}

/// An item of a plan that happens at so many milliseconds.
pub const fn item<O>(millis: u64, action: Action<O>) -> Item<O> {
    Item { name: None, trigger: Trigger::At(at(millis)), within: None, action }
}

/// A node stops.
pub const fn crash<O>(id: u32) -> Action<O> {
    Action::Crash { node: node(id), after_effects: None }
}

/// A node starts again from its disk.
pub const fn restart<O>(id: u32) -> Action<O> {
    Action::Restart(node(id))
}

/// A node stands still.
pub const fn pause<O>(id: u32) -> Action<O> {
    Action::Pause(node(id))
}

/// It goes on.
pub const fn resume<O>(id: u32) -> Action<O> {
    Action::Resume(node(id))
}

/// These nodes are cut off from all others.
pub fn cut<O>(ids: &[u32]) -> Action<O> {
    Action::Cut(Cut::Groups(vec![nodes(ids)]))
}

/// One side is cut off from another, both ways.
pub fn between<O>(left: &[u32], right: &[u32]) -> Action<O> {
    Action::Cut(Cut::Between(nodes(left), nodes(right)))
}

/// All cuts end.
pub const fn heal<O>() -> Action<O> {
    Action::Heal(None)
}

/// What `from` sends to `to` is kept back: messages of this kind.
pub fn hold<O>(from: u32, to: u32, kind: &str) -> Action<O> {
    let (from, to, kind) = (Some(node(from)), Some(node(to)), Some(kind.into()));
    Action::Hold(MessageFilter { from, to, kind, ..MessageFilter::default() })
}

/// All that `from` sends to `to` is kept back.
pub fn hold_all<O>(from: u32, to: u32) -> Action<O> {
    let (from, to) = (Some(node(from)), Some(node(to)));
    Action::Hold(MessageFilter { from, to, ..MessageFilter::default() })
}

/// A client asks `to`.
pub const fn request<O>(client: u32, operation: O, to: u32) -> Action<O> {
    Action::Request { client: ClientId(client), operation, to: Some(node(to)) }
}

/// A world where messages take `latency`, disks take no time, nothing fails, and nobody asks of its own accord.
pub fn quiet<R: Registration>(
    seed: u64,
    nodes: u32,
    parameters: &R::Parameters,
    latency: Duration,
    bugs: &[Bug],
) -> Setup<ProtocolOf<R>> {
    let configs = R::set_up(parameters, nodes).expect("the parameters of a test fit");
    let mut setup = Setup::new(seed, configs);
    setup.links.default = Link { latency: Law::Constant(latency), ..Link::default() };
    setup.bugs = Bugs::new(bugs.iter().copied());
    setup.clients.entries = R::entries(parameters, nodes);
    setup
}

/// Operations on so many keys: each kind as often as its number says, relative to the others.
pub fn workload(keys: u32, mix: &[(&str, u32)]) -> Workload {
    let mix = mix.iter().map(|(kind, weight)| (String::from(*kind), *weight));
    Workload { keys, mix: mix.collect() }
}
