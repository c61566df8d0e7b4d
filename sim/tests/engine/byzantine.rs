//! Nodes that deviate from their protocol, each in its own name.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use orrery_sim::ledger::{Family, Tally};
use orrery_sim::plan::{Action, Behaviour, Item, MessageAddress, Target, Trigger};
use orrery_sim::random::{Domain, Draw, Randomness, StreamId};
use orrery_sim::step::{Event, Outcome};
use orrery_sim::{Context, DurationRange, Law, Node, NodeId, Protocol, Setup, Start, Step, World};
use serde::Serialize;

use super::support::{N1, N2, N3, at, ms};

/// Every 10 ms, `n1` and `n2` tell all others the next number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counting;

impl Protocol for Counting {
    type Config = Lies;
    type Message = u64;
    type Timer = ();
    type Record = ();
    type Note = ();
    type Operation = ();
    type Output = ();
}

/// What a node can forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Lies {
    /// A thousand more, to about half of the others.
    Half,
    /// What it would say anyway.
    Same,
    Nothing,
    /// Something else each time that it is asked.
    Impure,
}

#[derive(Clone, Serialize)]
struct Teller {
    lies: Lies,
    told: u64,
    heard: Vec<(NodeId, u64)>,
}

static ASKED: AtomicU64 = AtomicU64::new(0);

impl Node for Teller {
    type Protocol = Counting;

    fn on_start(start: Start<'_, Counting>, ctx: &mut Context<'_, Counting>) -> Self {
        if start.id != N3 {
            ctx.set_timer((), ms(10));
        }
        let told = u64::from(start.incarnation) * 100;
        Self { lies: *start.config, told, heard: vec![] }
    }

    fn on_message(&mut self, from: NodeId, number: u64, _: &mut Context<'_, Counting>) {
        self.heard.push((from, number));
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Counting>) {
        self.told += 1;
        ctx.broadcast(&self.told);
        ctx.set_timer((), ms(10));
    }

    fn forge(&self, _: NodeId, number: &u64, draw: &mut Draw<'_>) -> Option<u64> {
        match self.lies {
            Lies::Half => (draw.below(2) == 1).then_some(number + 1_000),
            Lies::Same => Some(*number),
            Lies::Nothing => None,
            Lies::Impure => Some(2_000 + ASKED.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

fn byzantine(behaviour: Behaviour) -> Action<()> {
    Action::Byzantine { node: Target::Node(N1), behaviour }
}

fn setup(lies: Lies, plan: impl IntoIterator<Item = (u64, Action<()>)>) -> Setup<Counting> {
    let mut setup = Setup::new(1, vec![lies; 3]);
    setup.links.default.latency = Law::Uniform(DurationRange::new(ms(1), ms(9)));
    let item = |(millis, action)| Item {
        name: None,
        trigger: Trigger::At(at(millis)),
        within: None,
        action,
    };
    setup.plan.items = plan.into_iter().map(item).collect();
    setup
}

/// A run of 1 s, and what happened in it.
fn run(setup: Setup<Counting>) -> (World<Teller>, Vec<Step<Counting>>) {
    let mut world = World::<Teller>::new(setup).unwrap();
    world.set_tracing(true);
    let mut steps = vec![];
    while let Some(step) = world.step(at(1_000)).unwrap() {
        steps.push(step.clone());
    }
    (world, steps)
}

/// What came over the link from `from` to `to`: when, and what.
fn heard(steps: &[Step<Counting>], from: NodeId, to: NodeId) -> Vec<(u64, u64)> {
    let arrival = |step: &Step<Counting>| match step.event {
        Event::Arrive { message, payload: Some(number), .. }
            if (message.from, message.to) == (from, to) =>
        {
            Some((step.time.as_nanos(), number))
        }
        _ => None,
    };
    steps.iter().filter_map(arrival).collect()
}

fn tally(world: &World<Teller>) -> (u64, u64, u64) {
    let Tally { planned, applied, effective } = world.ledger().tally(Family::Byzantine);
    (planned, applied, effective)
}

const LINKS: [(NodeId, NodeId); 4] = [(N1, N2), (N1, N3), (N2, N1), (N2, N3)];

#[test]
fn one_that_equivocates_tells_some_the_truth_and_others_not() {
    let (honest, truth) = run(setup(Lies::Half, []));
    let (world, lies) = run(setup(Lies::Half, [(15, byzantine(Behaviour::Equivocate))]));
    for (from, to) in LINKS {
        let (told, meant) = (heard(&lies, from, to), heard(&truth, from, to));
        let differ = told.iter().zip(&meant).filter(|(told, meant)| told != meant);
        let differ: Vec<_> = differ.collect();
        assert_eq!(told.len(), meant.len());
        assert!(differ.iter().all(|((t, lie), (u, truth))| t == u && *lie == truth + 1_000));
        let expected = if from == N1 { 35..65 } else { 0..1 };
        assert!(expected.contains(&differ.len()), "{from}>{to}: {}", differ.len());
    }
    let both = heard(&lies, N1, N2).into_iter().zip(heard(&lies, N1, N3));
    assert!(20 < both.filter(|((_, a), (_, b))| a != b).count());
    assert_eq!((tally(&world), tally(&honest)), ((1, 1, 1), (0, 0, 0)));
    assert_ne!(world.digest(), honest.digest());
}

#[test]
fn a_lie_is_told_beside_the_truth_and_right_before_it_is_sent() {
    let (_, steps) = run(setup(Lies::Half, [(15, byzantine(Behaviour::Equivocate))]));
    let mut lies = 0;
    for step in &steps {
        for pair in step.outcomes.windows(2) {
            let Outcome::Forged { message, truth } = &pair[0] else { continue };
            let Outcome::Sent { message: sent, payload, .. } = &pair[1] else {
                panic!("{:?} is not sent", pair[1])
            };
            assert_eq!((sent, *payload), (message, truth + 1_000));
            lies += 1;
        }
    }
    assert!(70 < lies);
}

#[test]
fn one_that_withholds_sends_half_and_shifts_no_draw() {
    let (_, truth) = run(setup(Lies::Nothing, []));
    let (world, steps) = run(setup(Lies::Nothing, [(0, byzantine(Behaviour::Withhold))]));
    for (from, to) in LINKS {
        let (sent, meant) = (heard(&steps, from, to), heard(&truth, from, to));
        assert!(sent.iter().all(|message| meant.contains(message)));
        let expected = if from == N1 { 35..65 } else { meant.len()..meant.len() + 1 };
        assert!(expected.contains(&sent.len()), "{from}>{to}: {} of {}", sent.len(), meant.len());
    }
    let withheld = steps.iter().flat_map(|step| &step.outcomes);
    let withheld = withheld.filter(|outcome| matches!(outcome, Outcome::Withheld { .. })).count();
    let sent = world.counters().total().sent as usize;
    assert_eq!(sent + withheld, 400);
    assert_eq!(tally(&world), (1, 1, 1));
}

#[test]
fn one_that_replays_says_again_what_it_said_lately_to_the_same_node() {
    let (_, truth) = run(setup(Lies::Nothing, []));
    let (world, steps) = run(setup(Lies::Nothing, [(15, byzantine(Behaviour::Replay))]));
    let mut payloads = BTreeMap::new();
    let mut repetitions = 0;
    for step in &steps {
        let mut repeated = None;
        for outcome in &step.outcomes {
            if let Outcome::Replayed { message, first } = outcome {
                repeated = Some((*message, *first));
            }
            let Outcome::Sent { message, payload, .. } = outcome else { continue };
            assert_eq!(payloads.insert(*message, *payload), None, "addresses are fresh");
            let Some((again, first)) = repeated.take() else { continue };
            assert_eq!((again, first.from, first.to), (*message, N1, message.to));
            let (said, now) = (payloads[&first], step.time.as_nanos() / 10_000_000);
            assert_eq!(said, *payload);
            assert!(now - said <= 4, "of its last 8 messages, two per number");
            repetitions += 1;
        }
    }
    // One beside each message but the first.
    assert_eq!(repetitions, 2 * 99 - 1);
    assert_eq!(world.counters().total().sent, 400 + repetitions);
    assert_eq!(heard(&steps, N2, N3), heard(&truth, N2, N3));
    assert_eq!(tally(&world), (1, 1, 1));
}

#[test]
fn honesty_ends_it_and_a_restart_does_not() {
    let crash = Action::Crash { node: Target::Node(N1), after_effects: None };
    let plan = [
        (15, byzantine(Behaviour::Equivocate)),
        (205, crash),
        (215, Action::Restart(Target::Node(N1))),
        (505, byzantine(Behaviour::Honest)),
    ];
    let (world, steps) = run(setup(Lies::Half, plan));
    let lies = |from: u64, until: u64| {
        let inside = |(time, number): &&(u64, u64)| {
            (from..until).contains(&(time / 1_000_000)) && 1_000 < *number
        };
        heard(&steps, N1, N2).iter().filter(inside).count()
    };
    assert!(0 < lies(0, 205) && 0 < lies(215, 515) && lies(515, 1_001) == 0);
    assert_eq!(world.behaviour(N1), Behaviour::Honest);
    assert_eq!(tally(&world), (1, 1, 1));
}

#[test]
fn one_that_has_no_lie_was_not_effective() {
    for lies in [Lies::Same, Lies::Nothing] {
        let (world, steps) = run(setup(lies, [(0, byzantine(Behaviour::Equivocate))]));
        assert_eq!((tally(&world), world.behaviour(N1)), ((1, 1, 0), Behaviour::Equivocate));
        let outcomes = steps.iter().flat_map(|step| &step.outcomes);
        assert_eq!(outcomes.filter(|o| matches!(o, Outcome::Forged { .. })).count(), 0);
    }
}

#[test]
fn what_is_drawn_for_a_lie_has_the_address_of_its_message() {
    let (_, steps) = run(setup(Lies::Half, [(0, byzantine(Behaviour::Equivocate))]));
    let randomness = Randomness::new(1);
    for step in &steps {
        for outcome in &step.outcomes {
            let Outcome::Sent { message: MessageAddress { from, to, number }, payload, .. } =
                outcome
            else {
                continue;
            };
            let stream = StreamId::new(Domain::Byzantine, from.0, to.0);
            let lies = *from == N1 && randomness.at(stream, *number).below(2) == 1;
            assert_eq!(1_000 < *payload, lies);
        }
    }
}

#[test]
fn an_impure_forge_is_caught_and_named() {
    let caught = |lies, behaviour| {
        let mut world = World::<Teller>::new(setup(lies, [(0, byzantine(behaviour))])).unwrap();
        world.check_purity();
        while world.step(at(100)).unwrap().is_some() {}
        world.impurity().map(|impurity| impurity.handler.clone())
    };
    assert_eq!(caught(Lies::Half, Behaviour::Equivocate), None);
    assert_eq!(caught(Lies::Impure, Behaviour::Replay), None);
    assert_eq!(caught(Lies::Impure, Behaviour::Equivocate).as_deref(), Some("forge(n2, 1)"));
}

#[test]
fn calm_makes_nodes_honest_and_as_fast_as_they_were() {
    let service = Law::Constant(ms(15));
    let slow = Action::Slow { node: Target::Node(N3), service };
    let plan = [(0, byzantine(Behaviour::Withhold)), (0, slow), (500, Action::Calm)];
    let (world, steps) = run(setup(Lies::Nothing, plan));
    assert_eq!((world.behaviour(N1), world.is_slow(N3)), (Behaviour::Honest, false));
    assert_eq!(world.inbox_len(N3), 0);
    // All that was sent since arrived.
    let late = heard(&steps, N1, N3).into_iter().filter(|(time, _)| 500_000_000 < *time).count();
    assert!((48..=50).contains(&late), "{late}");
}
