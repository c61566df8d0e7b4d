//! Items of the plan: when they happen and to whom.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{
    Action, Behaviour, Cut, DiskFault, Disturbance, Flapping, LinkFault, MessageFilter, Target,
    Trigger,
};
use orrery_sim::step::Event;
use orrery_sim::{DurationRange, Law, Step, World};

use super::support::{
    Act, Lab, N1, N2, On, Puppet, Script, Timer, Wish, after_a_second, at, at_time, crash, diary,
    idle, item, lab, ms, named, node, ping, role, run, tally, when, within, world,
};

/// Becomes leader of `term` at `millis`, and says so.
fn leads_at(millis: u64, term: u64) -> Script {
    let number = u32::try_from(term).unwrap();
    Script::new()
        .on(On::Start, [Act::Set(Timer::Election, millis)])
        .on(On::Rings(Timer::Election), [Act::Become("leader", term), Act::Note(number)])
}

/// Each deed with its time in milliseconds and its node: `5ms crash n1`.
fn deeds(steps: &[Step<Lab>]) -> Vec<String> {
    let deed = |step: &Step<Lab>| match &step.event {
        Event::Deed(deed) if deed.changed => {
            let node = deed.node.map_or_else(String::new, |node| format!(" {node}"));
            Some(format!("{}ms {}{node}", step.time.as_nanos() / 1_000_000, deed.word))
        }
        _ => None,
    };
    steps.iter().filter_map(deed).collect()
}

fn deeds_of(world: &mut World<Puppet>) -> Vec<String> {
    deeds(&run(world, 1_000))
}

#[test]
fn an_item_may_follow_another_one() {
    let mut setup = lab([idle(), idle()]);
    let after = Trigger::After { item: "fall".into(), delay: ms(30) };
    setup.plan.items = vec![
        item(after, Action::Restart(Target::Item("fall".into()))),
        named("fall", at_time(5, crash(node(2)))),
    ];
    assert_eq!(deeds_of(&mut world(setup)), ["5ms crash n2", "35ms restart n2"]);
}

#[test]
fn an_item_may_wait_for_the_second_time_that_something_happens() {
    let mut setup = lab([leads_at(10, 1), leads_at(20, 2)]);
    setup.plan.items = vec![when("note Elected #2", Action::Pause(node(1)))];
    assert_eq!(deeds_of(&mut world(setup)), ["20ms pause n1"]);
}

#[test]
fn an_item_may_wait_for_a_state_of_the_world() {
    let mut setup = lab([leads_at(10, 1), leads_at(20, 2)]);
    setup.plan.items = vec![when("count(role = \"leader\") >= 2", crash(role("leader")))];
    assert_eq!(deeds_of(&mut world(setup)), ["20ms crash n2"]);
}

#[test]
fn a_trigger_that_comes_too_late_is_planned_only() {
    let mut setup = lab([leads_at(10, 1), idle()]);
    setup.plan.items = vec![
        within(9, when("note Elected", crash(node(1)))),
        within(10, when("note Elected", crash(node(2)))),
    ];
    let world = after_a_second(setup);
    assert_eq!((diary(&world, N1).len(), diary(&world, N2)), (1, vec!["down"]));
    assert_eq!((world.undone_items(), tally(&world, Family::Crash)), (vec![0], (2, 1, 1)));
}

#[test]
fn an_item_for_a_role_waits_until_somebody_has_it() {
    let mut setup = lab([idle(), leads_at(40, 1)]);
    setup.plan.items = vec![within(50, at_time(5, crash(role("leader"))))];
    assert_eq!(deeds_of(&mut world(setup)), ["40ms crash n2"]);
}

#[test]
fn an_item_for_a_role_gives_up_in_time() {
    let mut setup = lab([idle(), leads_at(40, 1)]);
    setup.plan.items =
        vec![within(30, at_time(5, crash(role("leader")))), when("crash", Action::Pause(node(1)))];
    let mut world = world(setup);
    assert!(deeds_of(&mut world).is_empty());
    // Waiting in vain is no crash: the second item, which waits for one, is undone, too.
    assert_eq!((world.undone_items(), tally(&world, Family::Crash)), (vec![0, 1], (1, 0, 0)));
}

#[test]
fn the_leader_is_the_one_of_the_highest_term_and_the_lowest_id() {
    for (terms, leader) in [([1, 2, 1], 2), ([2, 2, 1], 1), ([1, 2, 2], 2)] {
        let scripts = terms.map(|term| leads_at(10, term));
        let mut setup = lab(scripts);
        setup.plan.items = vec![at_time(20, Action::Pause(role("leader")))];
        assert_eq!(deeds_of(&mut world(setup)), [format!("20ms pause n{leader}")]);
    }
}

#[test]
fn a_crash_of_the_leader_is_seen_as_one_though_nobody_leads_after_it() {
    let mut setup = lab([leads_at(10, 1), idle()]);
    setup.plan.items = vec![
        at_time(20, crash(node(2))),
        at_time(30, crash(node(1))),
        when("crash leader", Action::Restart(node(1))),
    ];
    assert_eq!(deeds_of(&mut world(setup)), ["20ms crash n2", "30ms crash n1", "30ms restart n1"]);
}

#[test]
fn a_crash_of_one_who_no_longer_leads_is_not_the_leaders() {
    let mut setup = lab([leads_at(10, 1), leads_at(11, 2)]);
    setup.plan.items =
        vec![at_time(30, crash(node(1))), when("crash leader", Action::Restart(node(1)))];
    assert_eq!(deeds_of(&mut world(setup)), ["30ms crash n1"]);
}

#[test]
fn a_crash_can_be_told_by_what_the_node_was() {
    let triggers = [
        "crash where node.term = 2",
        "crash n2 where leader.term = 2",
        "crash n2 where node.role = \"leader\"",
    ];
    for trigger in triggers {
        let mut setup = lab([leads_at(10, 1), leads_at(11, 2)]);
        setup.plan.items = vec![
            at_time(30, crash(node(1))),
            at_time(40, crash(node(2))),
            when(trigger, Action::Restart(node(1))),
        ];
        let expected = ["30ms crash n1", "40ms crash n2", "40ms restart n1"];
        assert_eq!(deeds_of(&mut world(setup)), expected, "{trigger}");
    }
}

#[test]
fn a_crash_inside_an_event_is_a_crash_of_the_leader_too() {
    let mut setup = lab([leads_at(10, 1), Script::new().on(On::Start, [Act::Send(1, ping(1))])]);
    let inside = Action::Crash { node: role("leader"), after_effects: Some(0) };
    setup.plan.items =
        vec![when("deliver Ping to leader", inside), when("crash leader", Action::Pause(node(2)))];
    assert_eq!(deeds_of(&mut world(setup)), ["10ms crash n1", "10ms pause n2"]);
}

#[test]
fn what_a_person_does_sets_triggers_off() {
    let mut setup = lab([leads_at(10, 1), idle()]);
    setup.plan.items = vec![when("crash leader", Action::Pause(node(2)))];
    let mut world = world(setup);
    run(&mut world, 20);
    assert!(world.intervene(&crash(role("leader"))).unwrap());
    // Between two events it is still the time of the first.
    assert_eq!(deeds_of(&mut world), ["10ms pause n2"]);
    assert_eq!(tally(&world, Family::Crash), (1, 1, 1));
}

#[test]
fn an_item_without_anybody_to_act_on_lets_a_person_know() {
    let mut world = world(lab([idle()]));
    run(&mut world, 1);
    let before = (world.events(), world.digest());
    assert!(!world.intervene(&crash(role("leader"))).unwrap());
    assert_eq!((world.events(), world.digest()), before);
}

#[test]
fn items_of_one_time_happen_in_the_order_of_the_plan() {
    let mut setup = lab([idle(), idle()]);
    setup.plan.items = vec![
        at_time(5, Action::Pause(node(2))),
        at_time(5, crash(node(1))),
        at_time(5, Action::Cut(Cut::Isolate(node(1)))),
        at_time(5, Action::Restart(node(1))),
    ];
    let expected = ["5ms pause n2", "5ms crash n1", "5ms cut n1", "5ms restart n1"];
    assert_eq!(deeds_of(&mut world(setup)), expected);
}

#[test]
fn every_deed_says_which_item_it_was_and_no_cause() {
    let mut setup = lab([idle()]);
    setup.plan.items =
        vec![at_time(5, Action::Pause(node(1))), at_time(6, Action::Resume(node(1)))];
    let steps = run(&mut world(setup), 100);
    let items: Vec<_> = steps
        .iter()
        .filter_map(|step| match &step.event {
            Event::Deed(deed) => Some((deed.item, step.cause, step.time)),
            _ => None,
        })
        .collect();
    assert_eq!(items, [(Some(0), None, at(5)), (Some(1), None, at(6))]);
}

/// Whether the predicate fires when `action` is done at 5 ms to four nodes, of which `n1` says something at 2 ms.
fn fires(predicate: &str, before: Option<Action<Wish>>, action: Action<Wish>) -> bool {
    let talker = Script::new()
        .on(On::Start, [Act::Set(Timer::Election, 2)])
        .on(On::Rings(Timer::Election), [Act::Send(2, ping(1))]);
    let mut setup = lab([talker, idle(), idle(), idle()]);
    let before = before.map(|action| at_time(1, action));
    let items = [at_time(5, action), when(predicate, crash(node(4)))];
    setup.plan.items = before.into_iter().chain(items).collect();
    deeds_of(&mut world(setup)).iter().any(|deed| deed == "5ms crash n4")
}

fn one_way() -> Cut {
    Cut::OneWay(vec![node(1)], vec![node(2)])
}

#[test]
fn every_deed_has_its_word_in_predicates() {
    let between = |from, to| MessageFilter {
        from: Some(node(from)),
        to: Some(node(to)),
        ..MessageFilter::default()
    };
    let often = DurationRange::new(ms(5), ms(6));
    let flapping = Flapping { cut: one_way(), on: often, off: often, until: at(50) };
    let delay =
        Disturbance { filter: between(1, 2), fault: LinkFault::Delay(Law::Constant(ms(5))) };
    let (service, behaviour) = (Law::Constant(ms(5)), Behaviour::Withhold);
    for (predicate, before, action) in [
        ("wipe n1", None, Action::Wipe(node(1))),
        ("slow n1", None, Action::Slow { node: node(1), service }),
        ("byzantine n1", None, Action::Byzantine { node: node(1), behaviour }),
        ("cut from n1 to n2", None, Action::Cut(one_way())),
        ("cut to n2", None, Action::Flap(flapping)),
        ("clog from n1", None, Action::Clog(one_way())),
        ("disturb from n1 to n2", None, Action::Disturb(delay)),
        ("heal from n1 to n2", Some(Action::Cut(one_way())), Action::Heal(None)),
        ("calm", Some(Action::Clog(one_way())), Action::Calm),
        ("hold from n1 to n2", None, Action::Hold(between(1, 2))),
        ("release", Some(Action::Hold(between(1, 2))), Action::Release(None)),
        ("clock n1", None, Action::ClockJump { node: node(1), by: 5 }),
        ("disk n1", None, Action::Disk { node: node(1), fault: DiskFault::Lie }),
    ] {
        assert!(fires(predicate, before.clone(), action.clone()), "{predicate}");
        let elsewhere = predicate.replace("n1", "n3").replace("n2", "n3");
        if elsewhere != predicate {
            assert!(!fires(&elsewhere, before.clone(), action), "{elsewhere}");
        }
        assert!(!fires(predicate, before, Action::Restart(node(1))), "{predicate} by itself");
    }
}
