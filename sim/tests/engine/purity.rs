//! Nodes that are no pure functions are caught, and the handler is named.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

use orrery_sim::{Context, Duration, Law, Node, NodeId, Protocol, Setup, SimTime, Start, World};
use serde::{Serialize, Serializer};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Plain;

impl Protocol for Plain {
    type Config = ();
    type Message = u64;
    type Timer = ();
    type Record = ();
    type Note = u64;
    type Operation = ();
    type Output = ();
}

/// Something that a handler may do wrong.
trait Leak: 'static {
    /// What it learns, from the state and from where it should not.
    fn learn(state: &mut u64) -> u64;

    fn copy(state: u64) -> u64 {
        state
    }
}

/// A node that notes what it learns whenever a message or a timer comes.
struct Leaky<L> {
    state: u64,
    leak: PhantomData<L>,
}

impl<L: Leak> Clone for Leaky<L> {
    fn clone(&self) -> Self {
        Self { state: L::copy(self.state), leak: PhantomData }
    }
}

impl<L> Serialize for Leaky<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.state.serialize(serializer)
    }
}

impl<L: Leak> Node for Leaky<L> {
    type Protocol = Plain;

    fn on_start(start: Start<'_, Plain>, ctx: &mut Context<'_, Plain>) -> Self {
        if start.id == NodeId(1) {
            ctx.send(NodeId(2), 7);
        }
        Self { state: 0, leak: PhantomData }
    }

    fn on_message(&mut self, _: NodeId, _: u64, ctx: &mut Context<'_, Plain>) {
        ctx.note(L::learn(&mut self.state));
        ctx.set_timer((), Duration::from_millis(1));
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Plain>) {
        let number = ctx.below(10);
        ctx.note(number);
        ctx.probe("rang");
    }
}

/// The world of two such nodes after all that happens in it.
fn checked<L: Leak>() -> World<Leaky<L>> {
    let mut setup = Setup::new(1, vec![(); 2]);
    setup.links.default.latency = Law::Constant(Duration::from_millis(1));
    let mut world = World::new(setup).unwrap();
    world.check_purity();
    while world.step(SimTime::MAX).unwrap().is_some() {}
    world
}

/// Asserts that the leak shows in `on_message`, as a difference of this kind.
fn assert_caught<L: Leak>(difference: &str) {
    let world = checked::<L>();
    let impurity = world.impurity().expect("the leak shows");
    assert_eq!((impurity.node, impurity.event), (NodeId(2), 3));
    assert_eq!(impurity.handler, "on_message(Message(n1, 7))");
    assert!(impurity.difference.contains(difference), "{impurity:?}");
}

struct Pure;

impl Leak for Pure {
    fn learn(state: &mut u64) -> u64 {
        *state += 1;
        *state
    }
}

#[test]
fn a_pure_node_is_not_suspected_and_counts_its_probes_once() {
    let world = checked::<Pure>();
    assert_eq!((world.impurity(), world.events()), (None, 4));
    assert_eq!(world.probes().hits().collect::<Vec<_>>(), [("rang", 1)]);
}

#[test]
fn checking_changes_nothing_in_the_run() {
    let mut world = World::<Leaky<Pure>>::new(Setup::new(1, vec![(); 2])).unwrap();
    let mut twin = world.clone();
    twin.check_purity();
    while world.step(SimTime::MAX).unwrap().is_some() {}
    while twin.step(SimTime::MAX).unwrap().is_some() {}
    assert_eq!(world.digest(), twin.digest());
}

struct HashOrder;

impl Leak for HashOrder {
    #[expect(clippy::disallowed_types, reason = "the leak that is to be caught")]
    fn learn(_: &mut u64) -> u64 {
        let set: std::collections::HashSet<u64> = (0..64).collect();
        set.into_iter().fold(0, |sum, number| sum.wrapping_mul(67).wrapping_add(number))
    }
}

#[test]
fn the_order_of_a_hash_set_is_caught() {
    assert_caught::<HashOrder>("Note(");
}

struct WallClock;

impl Leak for WallClock {
    #[expect(clippy::disallowed_types, reason = "the leak that is to be caught")]
    fn learn(_: &mut u64) -> u64 {
        // Spins until the clock moves, so that the test does not rest on its resolution.
        let start = std::time::Instant::now();
        while start.elapsed().is_zero() {}
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_nanos() as u64)
    }
}

#[test]
fn the_wall_clock_is_caught() {
    assert_caught::<WallClock>("Note(");
}

struct Address;

impl Leak for Address {
    fn learn(state: &mut u64) -> u64 {
        let text = format!("{:p}", std::ptr::from_mut(state));
        u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0)
    }
}

#[test]
fn the_address_of_the_state_is_caught() {
    assert_caught::<Address>("Note(");
}

struct Global;

static CALLS: AtomicU64 = AtomicU64::new(0);

impl Leak for Global {
    fn learn(state: &mut u64) -> u64 {
        // Only the state tells: what it notes is the same.
        *state = CALLS.fetch_add(1, Ordering::Relaxed);
        0
    }
}

#[test]
fn a_counter_outside_of_the_node_is_caught_by_the_state() {
    assert_caught::<Global>("the node's state");
}

struct Forgetful;

impl Leak for Forgetful {
    fn learn(state: &mut u64) -> u64 {
        *state += 1;
        *state
    }

    fn copy(_: u64) -> u64 {
        5
    }
}

#[test]
fn state_that_a_copy_forgets_is_caught() {
    assert_caught::<Forgetful>("Note(1) against Note(6)");
}
