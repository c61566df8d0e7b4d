//! Cuts of all shapes in a run, and cuts that come and go. The exact pairs of each shape are tested where they are made.

use std::collections::BTreeSet;

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Cut, Flapping};
use orrery_sim::step::{Deed, Event};
use orrery_sim::{Duration, DurationRange, NodeId, Setup, SetupError, SimTime, World};

use super::support::{
    Act, Lab, N1, N2, On, Puppet, Script, Timer, Wish, after_a_second, at, at_time, diary, idle,
    lab, ms, named, node, ping, role, run, tally, when, world,
};

/// Five nodes under this plan.
fn five(items: Vec<Action<Wish>>) -> Setup<Lab> {
    let mut setup = lab(vec![idle(); 5]);
    setup.plan.items = items.into_iter().map(|action| at_time(1, action)).collect();
    setup
}

fn cut(shape: Cut) -> Action<Wish> {
    Action::Cut(shape)
}

type Pairs = Vec<(NodeId, NodeId)>;

fn closed(setup: Setup<Lab>) -> Pairs {
    after_a_second(setup).closed_pairs()
}

#[test]
fn a_partial_cut_leaves_everybody_else_whole() {
    let (left, right) = (vec![node(1)], vec![node(2), node(3)]);
    let pairs = closed(five(vec![cut(Cut::Between(left, right))]));
    let expected = [(1, 2), (1, 3), (2, 1), (3, 1)];
    assert_eq!(pairs, expected.map(|(from, to)| (NodeId(from), NodeId(to))));
}

#[test]
fn shapes_are_drawn_at_the_address_of_their_item() {
    for shape in [Cut::Halves, Cut::Minority, Cut::Bridge(node(3)), Cut::Ring] {
        let seeded = |seed, items| closed(Setup { seed, ..five(items) });
        let drawn: BTreeSet<Pairs> =
            (0..20).map(|seed| seeded(seed, vec![cut(shape.clone())])).collect();
        assert!(1 < drawn.len(), "{shape:?} is drawn by the seed");
        let moved = |seed| {
            let alone = seeded(seed, vec![cut(shape.clone())]);
            // An item behind it that ends at once changes nothing; one before it moves it.
            let before = vec![Action::Heal(None), cut(shape.clone())];
            let behind = vec![cut(shape.clone()), Action::Release(None)];
            assert_eq!(seeded(seed, behind), alone);
            usize::from(seeded(seed, before) != alone)
        };
        assert!(5 < (0..20).map(moved).sum::<usize>(), "{shape:?} is drawn by the place");
    }
}

#[test]
fn an_intervention_draws_by_its_event() {
    let drawn = |strikes: u32| {
        let mut world = world(five(vec![]));
        for _ in 0..strikes {
            assert!(world.intervene(&Action::Heal(None)).unwrap());
        }
        assert!(world.intervene(&cut(Cut::Halves)).unwrap());
        world.closed_pairs()
    };
    assert_eq!(drawn(2), drawn(2));
    let all: BTreeSet<Pairs> = (0..10).map(drawn).collect();
    assert!(3 < all.len(), "{}", all.len());
}

/// `n1` sends a ping to `n2` each millisecond.
fn ticking() -> Script {
    let again = [Act::Send(2, ping(1)), Act::Set(Timer::Heartbeat, 1)];
    Script::new().on(On::Start, again.clone()).on(On::Rings(Timer::Heartbeat), again)
}

#[test]
fn a_bridge_counts_as_effective_when_it_first_stops_a_message() {
    let mut setup = five(vec![cut(Cut::Bridge(node(2)))]);
    setup.configs[0] = ticking();
    // To the bridge, everything arrives.
    assert_eq!(tally(&after_a_second(setup.clone()), Family::Partition), (1, 1, 0));
    setup.configs[0] = Script::new().on(On::Start, [Act::Broadcast(ping(1))]);
    let world = after_a_second(setup);
    assert_eq!(tally(&world, Family::Partition), (1, 1, 1));
    assert_eq!(world.counters().lost, 2);
}

fn millis(from: u64, to: u64) -> DurationRange {
    DurationRange::new(ms(from), ms(to))
}

fn flapping(shape: Cut, until: u64) -> Action<Wish> {
    let (on, off, until) = (millis(20, 40), millis(50, 90), at(until));
    Action::Flap(Flapping { cut: shape, on, off, until })
}

/// When a flapping comes and goes, and what it closes.
fn deeds(setup: Setup<Lab>) -> Vec<(SimTime, Deed)> {
    let steps = run(&mut world(setup), 2_000);
    let deeds = steps.into_iter().filter_map(|step| match step.event {
        Event::Deed(deed) => Some((step.time, deed)),
        _ => None,
    });
    deeds.collect()
}

#[test]
fn a_flapping_keeps_its_times_and_draws_anew() {
    let mut shapes = BTreeSet::new();
    for seed in 0..10 {
        let deeds = deeds(Setup { seed, ..five(vec![flapping(Cut::Halves, 1_000)]) });
        assert!(10 < deeds.len());
        let mut last = (at(1), "heal");
        for (place, (time, deed)) in deeds.iter().enumerate() {
            let since: Duration = time.since(last.0);
            assert_eq!(deed.word, if place % 2 == 0 { "flap" } else { "heal" });
            assert_eq!(deed.pairs.len(), 12, "{deed:?}");
            let is_last = place + 1 == deeds.len();
            match (place, deed.word) {
                (0, _) => assert_eq!(*time, at(1)),
                (_, "heal") if is_last => assert!(ms(20) <= since && *time <= at(1_000)),
                (_, "heal") => assert!(ms(20) <= since && since < ms(40), "{since}"),
                (_, _) => assert!(ms(50) <= since && since < ms(90), "{since}"),
            }
            if deed.word == "flap" {
                shapes.insert(deed.pairs.clone());
            }
            last = (*time, deed.word);
        }
        assert_eq!(last.1, "heal", "in the end it is whole");
    }
    assert_eq!(shapes.len(), 10, "every choice of two of five");
}

#[test]
fn a_flapping_ends_when_it_is_healed_present_or_absent() {
    for healed_at in (5..150).step_by(7) {
        let mut setup = five(vec![]);
        setup.plan.items = vec![
            named("it", at_time(1, flapping(Cut::Isolate(node(1)), 10_000))),
            at_time(healed_at, Action::Heal(Some("it".into()))),
        ];
        let deeds = deeds(setup.clone());
        let (time, last) = deeds.last().unwrap();
        assert_eq!((*time, last.word, last.changed), (at(healed_at), "heal", true));
        assert_eq!(closed(setup), []);
    }
}

#[test]
fn each_time_that_it_comes_counts() {
    let mut setup = five(vec![flapping(Cut::Isolate(node(1)), 1_000)]);
    let (planned, applied, effective) = tally(&after_a_second(setup.clone()), Family::Partition);
    assert!(planned == 1 && 5 < applied && effective == 0, "{applied} {effective}");
    setup.configs[0] = ticking();
    assert_eq!(tally(&after_a_second(setup), Family::Partition), (1, applied, applied));
}

#[test]
fn what_is_sent_while_it_is_away_arrives() {
    let mut setup = five(vec![flapping(Cut::Isolate(node(1)), 1_000)]);
    setup.configs[0] = ticking();
    let world = after_a_second(setup);
    let heard = diary(&world, N2).len() as u64;
    // About 30 of 100 ms are cut.
    assert!((600..800).contains(&heard), "{heard}");
    assert_eq!(world.counters().lost + heard, 991);
}

#[test]
fn a_flapping_of_a_role_strikes_who_has_it_each_time() {
    let leads = |term| Act::Become("leader", term);
    let mut setup = five(vec![]);
    setup.plan.items = vec![at_time(1, flapping(Cut::Isolate(role("leader")), 600))];
    setup.configs[0] = Script::new()
        .on(On::Start, [Act::Set(Timer::Election, 30)])
        .on(On::Rings(Timer::Election), [leads(1)]);
    setup.configs[1] = Script::new()
        .on(On::Start, [Act::Set(Timer::Election, 300)])
        .on(On::Rings(Timer::Election), [leads(2)]);
    let struck: Vec<_> = deeds(setup).into_iter().filter(|(_, deed)| deed.word == "flap").collect();
    // It waits for the first leader.
    let (waited, rest) = struck.split_first().unwrap();
    assert!(waited.0 == at(1) && !waited.1.changed);
    assert_eq!((rest[0].0, rest[0].1.node), (at(30), Some(N1)));
    assert_eq!(rest.last().unwrap().1.node, Some(N2));
    assert!(
        rest.iter().all(|(time, deed)| deed.node == Some(if *time < at(300) { N1 } else { N2 }))
    );
}

#[test]
fn a_flapping_over_before_it_starts_does_nothing() {
    let deeds = deeds(five(vec![flapping(Cut::Halves, 15)]));
    assert!(deeds.len() == 1 && !deeds[0].1.changed, "{deeds:?}");
}

#[test]
fn flappings_without_time_are_refused() {
    let none = |on: DurationRange| {
        let (cut, off, until) = (Cut::Halves, millis(1, 2), at(9));
        let mut setup = five(vec![Action::Flap(Flapping { cut, on, off, until })]);
        setup.plan.items[0].name = Some("it".into());
        match World::<Puppet>::new(setup) {
            Err(problem @ SetupError::NoLaw(..)) => problem.to_string(),
            other => panic!("{:?}", other.err()),
        }
    };
    assert!(
        none(millis(0, 5)).starts_with("the plan's item it: it flaps"),
        "{}",
        none(millis(0, 5))
    );
    assert!(none(millis(5, 3)).contains("backwards"));
}

#[test]
fn a_predicate_sees_a_flapping_go() {
    let mut setup = five(vec![flapping(Cut::Isolate(node(1)), 60)]);
    setup.plan.items.push(when("heal", Action::Pause(node(2))));
    let deeds = deeds(setup);
    assert_eq!(
        deeds.iter().map(|(_, deed)| deed.word).collect::<Vec<_>>(),
        ["flap", "heal", "pause"]
    );
}
