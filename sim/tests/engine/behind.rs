//! Interventions: items that strike right behind an event, from the start or added to a run under way.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Cut, Item, MessageAddress, MessageFilter, Plan, Trigger};
use orrery_sim::step::Event;
use orrery_sim::{DurationRange, Law, Probability, Setup, SetupError, Step, World};
use proptest::prelude::*;

use super::support::{
    Act, Lab, N1, N2, On, Puppet, Script, Timer, Wish, after_a_second, at, crash, diary, idle,
    item, lab, ms, named, node, ping, pings, pong, run, tally, when, within, world,
};

fn behind(event: u64, action: Action<Wish>) -> Item<Wish> {
    item(Trigger::Behind(event), action)
}

/// The events, each in a word: `2 arrive`, `3 crash`.
fn told(steps: &[Step<Lab>]) -> Vec<String> {
    let word = |step: &Step<Lab>| match &step.event {
        Event::Start { .. } => "start",
        Event::Arrive { .. } => "arrive",
        Event::Timer { .. } => "timer",
        Event::Synced { .. } => "synced",
        Event::SyncFailed { .. } => "sync failed",
        Event::Ask { .. } => "ask",
        Event::GiveUp { .. } => "give up",
        Event::Deed(deed) => deed.word,
    };
    steps.iter().map(|step| format!("{} {}", step.number, word(step))).collect()
}

const fn message(from: u32, to: u32, number: u64) -> MessageAddress {
    MessageAddress { from: orrery_sim::NodeId(from), to: orrery_sim::NodeId(to), number }
}

/// n1 sends three pings to n2: events 3 to 5 are their arrivals.
fn three_pings() -> Setup<Lab> {
    lab([Script::new().on(On::Start, pings(2, 3)), idle()])
}

#[test]
fn an_item_strikes_right_behind_its_event() {
    let mut setup = three_pings();
    setup.plan.items = vec![behind(3, crash(node(2)))];
    let steps = run(&mut world(setup), 1_000);
    assert_eq!(told(&steps), ["1 start", "2 start", "3 arrive", "4 crash", "5 arrive", "6 arrive"]);
    assert_eq!((steps[3].time, steps[3].cause), (at(10), None));
}

#[test]
fn behind_event_0_is_before_everything() {
    let mut setup = three_pings();
    let cut = Action::Cut(Cut::OneWay(vec![node(1)], vec![node(2)]));
    setup.plan.items = vec![named("wall", behind(0, cut))];
    let mut world = world(setup);
    assert_eq!(told(&run(&mut world, 1_000))[..2], ["1 cut", "2 start"]);
    assert_eq!(tally(&world, Family::Partition), (1, 1, 1));
}

#[test]
fn several_strike_in_the_order_of_the_plan_and_what_is_behind_one_of_them_comes_next() {
    let mut setup = three_pings();
    let items =
        [(3, Action::Pause(node(1))), (2, Action::Pause(node(2))), (3, Action::Resume(node(2)))];
    setup.plan.items = items.map(|(event, action)| behind(event, action)).into();
    let words = told(&run(&mut world(setup), 1_000));
    // Behind event 2 is the first pause; it is event 3, so the others come behind it.
    assert_eq!(words[1..6], ["2 start", "3 pause", "4 pause", "5 resume", "6 arrive"]);
}

#[test]
fn it_comes_before_what_waits_for_a_node_and_before_what_a_trigger_set_off() {
    let mut setup = three_pings();
    setup.plan.items = vec![
        behind(2, Action::Pause(node(2))),
        behind(6, Action::Resume(node(2))),
        behind(7, Action::Pause(node(1))),
        when("resume", Action::Resume(node(1))),
    ];
    let words = told(&run(&mut world(setup), 1_000));
    assert_eq!(
        words[6..],
        ["7 resume", "8 pause", "9 resume", "10 arrive", "11 arrive", "12 arrive"]
    );
}

#[test]
fn it_may_come_between_a_crash_inside_an_event_and_the_word_of_it() {
    let mut setup = lab([Script::new().on(On::Start, pings(2, 3)), idle()]);
    let inside = Action::Crash { node: node(2), after_effects: Some(0) };
    setup.plan.items = vec![when("deliver Ping", inside), behind(3, Action::Restart(node(2)))];
    let mut world = world(setup);
    let steps = run(&mut world, 1_000);
    let details = steps.iter().filter_map(|step| match &step.event {
        Event::Deed(deed) => Some(deed.detail.as_str()),
        _ => None,
    });
    assert_eq!(told(&steps)[2..5], ["3 arrive", "4 restart", "5 crash"]);
    assert!(details.eq(["", "inside event 3, after 0 effects"]));
}

#[test]
fn an_item_that_is_added_is_as_one_that_was_there() {
    let mut under_way = world(three_pings());
    while under_way.events() < 3 {
        under_way.step(at(1_000)).unwrap();
    }
    under_way.add_item(behind(3, Action::Drop(message(1, 2, 2)))).unwrap();
    under_way.add_item(behind(3, crash(node(1)))).unwrap();
    under_way.add_item(behind(6, Action::Restart(node(1)))).unwrap();
    let words = told(&run(&mut under_way, 1_000));
    assert_eq!(words[..4], ["4 drop", "5 crash", "6 arrive", "7 restart"]);
    assert_eq!(tally(&under_way, Family::Intervention), (1, 1, 1));
    assert_eq!(diary(&under_way, N2)[..2], ["10ms Ping(1) from n1", "10ms Ping(3) from n1"]);
}

#[test]
fn what_belongs_into_the_past_or_names_nobody_is_refused() {
    let mut under_way = after_a_second(three_pings());
    assert_eq!(under_way.events(), 5);
    let pause = || Action::Pause(node(1));
    assert_eq!(under_way.add_item(behind(4, pause())), Err(SetupError::TooLate(5)));
    let timed = item(Trigger::At(at(2_000)), pause());
    assert!(under_way.add_item(timed).unwrap_err().to_string().contains("behind that event"));
    let nobody = behind(5, Action::Pause(node(9)));
    assert!(matches!(under_way.add_item(nobody), Err(SetupError::NoSuchNode(..))));
    let nothing = behind(5, Action::Heal(Some("wall".into())));
    assert!(matches!(under_way.add_item(nothing), Err(SetupError::NoSuchItem(_))));
    assert_eq!(under_way.add_item(behind(5, pause())), Ok(()));
    assert_eq!(told(&run(&mut under_way, 1_000)), ["6 pause"]);
}

#[test]
fn after_a_reseed_everything_is_drawn_under_the_other_seed() {
    let chatter = || {
        let again = vec![Act::SetBetween(Timer::Heartbeat, 1, 50), Act::Send(2, ping(1))];
        let script =
            Script::new().on(On::Start, again.clone()).on(On::Rings(Timer::Heartbeat), again);
        let mut setup = lab([script, idle()]);
        setup.links.default.latency = Law::Uniform(DurationRange::new(ms(1), ms(30)));
        setup
    };
    let with = |items: Vec<Item<Wish>>| {
        let mut world = world(Setup { plan: Plan { items, ..Plan::default() }, ..chatter() });
        run(&mut world, 1_000)
            .iter()
            .filter(|step| !matches!(step.event, Event::Deed(_)))
            .map(|step| (step.time, step.event.clone()))
            .collect::<Vec<_>>()
    };
    let plain = with(vec![]);
    let same = with(vec![behind(20, Action::Reseed(1))]);
    let [other, twin] = [2, 2].map(|seed| with(vec![behind(20, Action::Reseed(seed))]));
    assert_eq!(plain, same, "under its own seed nothing changes");
    assert_eq!(other, twin);
    assert_eq!(plain[..20], other[..20]);
    assert_ne!(plain[20..30], other[20..30]);
}

/// A run in which much happens: losses, a crash by trigger, clients, timers, syncs.
fn busy(seed: u64) -> Setup<Lab> {
    let talk = |to: u32| {
        let beat = vec![
            Act::SetBetween(Timer::Heartbeat, 1, 40),
            Act::Broadcast(ping(to)),
            Act::Append(to),
            Act::Sync,
            Act::Send(to, pong(1)),
        ];
        Script::new()
            .on(On::Start, beat.clone())
            .on(On::Restart, beat.clone())
            .on(On::Rings(Timer::Heartbeat), beat)
            .on(On::Hears(pong(1)), [Act::Note(1), Act::SetBetween(Timer::Election, 1, 20)])
    };
    let mut setup = Setup { seed, ..lab([talk(2), talk(3), talk(1)]) };
    setup.links.default.latency = Law::Uniform(DurationRange::new(ms(1), ms(30)));
    setup.links.default.loss = Probability::from_ppb(100_000_000);
    setup.plan.items = vec![
        named("fall", when("note Elected #9", crash(node(2)))),
        within(50, when("timer Election #5", Action::Pause(node(3)))),
        item(Trigger::After { item: "fall".into(), delay: ms(40) }, Action::Restart(node(2))),
    ];
    setup
}

fn action() -> impl Strategy<Value = Action<Wish>> {
    let id = 1_u32..=3;
    let address = (id.clone(), id.clone(), 1_u64..40);
    let address = address.prop_map(|(from, to, number)| message(from, to, number));
    prop_oneof![
        id.clone().prop_map(|id| crash(node(id))),
        id.clone().prop_map(|id| Action::Restart(node(id))),
        id.clone().prop_map(|id| Action::Pause(node(id))),
        id.clone().prop_map(|id| Action::Resume(node(id))),
        id.clone().prop_map(|id| Action::Cut(Cut::Isolate(node(id)))),
        Just(Action::Heal(None)),
        Just(Action::Hold(MessageFilter { kind: Some("Ping".into()), ..MessageFilter::default() })),
        Just(Action::Release(None)),
        address.clone().prop_map(Action::Drop),
        address.clone().prop_map(Action::Deliver),
        address.clone().prop_map(Action::Duplicate),
        address.prop_map(|message| Action::Delay { message, by: ms(7) }),
        id.clone().prop_map(|id| Action::Fire { node: node(id), timer: "Heartbeat".into() }),
        (id, -500_000_000_i64..500_000_000)
            .prop_map(|(id, ppb)| Action::ClockRate { node: node(id), ppb }),
        (0_u64..5).prop_map(Action::Reseed),
    ]
}

fn summary(world: &World<Puppet>) -> impl PartialEq + std::fmt::Debug {
    let (chain, spacing) = world.digest_chain();
    let ledger: Vec<_> = world.ledger().families().collect();
    (world.digest(), world.events(), ledger, chain.to_vec(), spacing, world.undone_items())
}

proptest! {
    #[test]
    fn a_run_that_is_added_to_goes_on_as_if_its_plan_had_had_it_all(
        seed in 0_u64..1_000,
        deeds in prop::collection::vec((0_u64..400, action()), 1..6),
    ) {
        let mut deeds = deeds;
        deeds.sort_by_key(|(event, _)| *event);
        let mut under_way = World::<Puppet>::new(busy(seed)).unwrap();
        let mut from_the_start = busy(seed);
        for (event, action) in deeds {
            while under_way.events() < event && under_way.step(at(500)).unwrap().is_some() {}
            if under_way.events() < event {
                break;
            }
            // A copy leaves caches behind: it must not matter which of the two goes on.
            under_way = under_way.clone();
            under_way.add_item(behind(event, action.clone())).unwrap();
            from_the_start.plan.items.push(behind(event, action));
        }
        run(&mut under_way, 500);
        let mut other = World::<Puppet>::new(from_the_start).unwrap();
        run(&mut other, 500);
        prop_assert_eq!(summary(&under_way), summary(&other));
        prop_assert!(diary(&under_way, N1) == diary(&other, N1));
    }
}
