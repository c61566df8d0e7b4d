//! Disturbances of the plan: who is struck by them, and that nobody else is.

use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Disturbance, LinkFault, MessageFilter};
use orrery_sim::{Burst, DurationRange, Law, Probability, Setup, SimTime};

use super::support::{
    Act, Lab, N2, N3, On, Script, Timer, Wish, after_a_second, at, at_time, diary, idle, lab, ms,
    named, node, ping, pings, pong, role, run, tally, world,
};

fn disturb(filter: MessageFilter, fault: LinkFault) -> Action<Wish> {
    Action::Disturb(Disturbance { filter, fault })
}

fn all() -> MessageFilter {
    MessageFilter::default()
}

fn always_lost() -> LinkFault {
    LinkFault::Loss(Probability::ALWAYS)
}

/// `n1` sends a ping and a pong to `n2` and `n3`, at 0, 100 and 200 ms.
fn sender() -> Script {
    let again = [Act::Broadcast(ping(1)), Act::Broadcast(pong(1)), Act::Set(Timer::Heartbeat, 100)];
    let last = [Act::Broadcast(ping(3)), Act::Broadcast(pong(3))];
    Script::new()
        .on(On::Start, [again.to_vec(), vec![Act::Set(Timer::Election, 200)]].concat())
        .on(On::Rings(Timer::Heartbeat), [Act::Broadcast(ping(2)), Act::Broadcast(pong(2))])
        .on(On::Rings(Timer::Election), last)
}

/// Disturbed from 50 ms to 150 ms: what was sent at 100 ms.
fn disturbed(filter: MessageFilter, fault: LinkFault) -> Setup<Lab> {
    let mut setup = lab([sender(), idle(), idle()]);
    setup.plan.items = vec![
        named("it", at_time(50, disturb(filter, fault))),
        at_time(150, Action::Heal(Some(String::from("it")))),
    ];
    setup
}

/// What `n2` and `n3` heard of what was sent at 100 ms.
fn heard(setup: Setup<Lab>) -> [Vec<String>; 2] {
    let world = after_a_second(setup);
    [N2, N3].map(|node| {
        let lines = diary(&world, node);
        assert_eq!(lines[..2], ["10ms Ping(1) from n1", "10ms Pong(1) from n1"]);
        assert_eq!(lines[lines.len() - 2..], ["210ms Ping(3) from n1", "210ms Pong(3) from n1"]);
        lines[2..lines.len() - 2].iter().map(|line| line.replace(" from n1", "")).collect()
    })
}

#[test]
fn a_disturbance_strikes_what_its_filter_says() {
    let (ask, answer) = ("110ms Ping(2)", "110ms Pong(2)");
    let cases = [
        (all(), [vec![], vec![]]),
        (MessageFilter { to: Some(node(2)), ..all() }, [vec![], vec![ask, answer]]),
        (MessageFilter { from: Some(node(2)), ..all() }, [vec![ask, answer], vec![ask, answer]]),
        (MessageFilter { kind: Some(String::from("Ping")), ..all() }, [vec![answer], vec![answer]]),
        (
            MessageFilter { to: Some(node(3)), kind: Some(String::from("Pong")), ..all() },
            [vec![ask, answer], vec![ask]],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(heard(disturbed(filter.clone(), always_lost())), expected, "{filter:?}");
    }
}

#[test]
fn roles_are_those_of_the_moment_of_sending() {
    // The sender leads from the start, and the third node is a candidate from 90 ms on.
    let leads = |setup: &mut Setup<Lab>| {
        setup.configs[0] = sender().on(On::Start, [Act::Become("leader", 1)]);
        let follower = Script::new()
            .on(On::Start, [Act::Set(Timer::Election, 90), Act::Become("follower", 1)])
            .on(On::Rings(Timer::Election), [Act::Become("candidate", 2)]);
        setup.configs[2] = follower;
    };
    let heard_with = |from_role: Option<&str>, to_role: Option<&str>| {
        let (from_role, to_role) = (from_role.map(String::from), to_role.map(String::from));
        let mut setup = disturbed(MessageFilter { from_role, to_role, ..all() }, always_lost());
        leads(&mut setup);
        let world = after_a_second(setup);
        [N2, N3].map(|id| diary(&world, id).iter().filter(|line| line.starts_with("110ms")).count())
    };
    assert_eq!(heard_with(Some("leader"), None), [0, 0]);
    assert_eq!(heard_with(Some("follower"), None), [2, 2]);
    assert_eq!(heard_with(None, Some("candidate")), [2, 0]);
    assert_eq!(heard_with(None, Some("follower")), [2, 2], "it is one no longer");
    assert_eq!(heard_with(Some("leader"), Some("candidate")), [2, 0]);
}

#[test]
fn a_target_by_role_is_resolved_once_and_waited_for() {
    let filter = MessageFilter { from: Some(role("leader")), ..all() };
    let mut setup = disturbed(filter, always_lost());
    setup.configs[0] = sender().on(On::Rings(Timer::Heartbeat), [Act::Become("leader", 1)]);
    setup.plan.items.truncate(1);
    // It leads from 100 ms on, behind what it sends then.
    let world = after_a_second(setup);
    assert_eq!(diary(&world, N2).last(), Some(&"110ms Pong(2) from n1"));
    assert_eq!(tally(&world, Family::Loss), (1, 4, 4));
}

#[test]
fn each_fault_does_what_it_says() {
    let both =
        |lines: [&str; 2]| [lines.map(String::from).to_vec(), lines.map(String::from).to_vec()];
    let burst =
        Burst { begin: Probability::ALWAYS, end: Probability::NEVER, loss: Probability::ALWAYS };
    assert_eq!(heard(disturbed(all(), LinkFault::Burst(burst))), [vec![""; 0], vec![]]);
    let delay = LinkFault::Delay(Law::Constant(ms(30)));
    assert_eq!(heard(disturbed(all(), delay)), both(["140ms Ping(2)", "140ms Pong(2)"]));
    let doubled = LinkFault::Duplication(Probability::ALWAYS);
    let twice = ["110ms Ping(2)", "110ms Ping(2)", "110ms Pong(2)", "110ms Pong(2)"];
    assert_eq!(heard(disturbed(all(), doubled)), [twice.to_vec(), twice.to_vec()]);
    let damaged = heard(disturbed(all(), LinkFault::Corruption(Probability::ALWAYS)));
    for lines in damaged {
        assert_eq!(lines.len(), 1, "the ping was discarded");
        assert!(lines[0].starts_with("110ms Pong(") && lines[0] != "110ms Pong(2)");
    }
}

#[test]
fn the_ledger_counts_messages_that_were_struck() {
    let struck = |family, fault: LinkFault| {
        let filter = MessageFilter { to: Some(node(2)), ..all() };
        let away = MessageFilter { to: Some(node(1)), ..all() };
        let calm = after_a_second(disturbed(away, fault.clone()));
        assert_eq!(tally(&calm, family), (1, 0, 0), "it meets nothing");
        tally(&after_a_second(disturbed(filter, fault)), family)
    };
    let burst =
        Burst { begin: Probability::ALWAYS, end: Probability::NEVER, loss: Probability::ALWAYS };
    assert_eq!(struck(Family::Loss, always_lost()), (1, 2, 2));
    assert_eq!(struck(Family::Burst, LinkFault::Burst(burst)), (1, 2, 2));
    assert_eq!(struck(Family::Corruption, LinkFault::Corruption(Probability::ALWAYS)), (1, 2, 2));
    assert_eq!(struck(Family::Duplication, LinkFault::Duplication(Probability::ALWAYS)), (1, 2, 2));
    assert_eq!(struck(Family::Delay, LinkFault::Delay(Law::Constant(ms(1)))), (1, 2, 2));
    let nothing = disturbed(all(), LinkFault::Delay(Law::default()));
    assert_eq!(tally(&after_a_second(nothing), Family::Delay), (1, 0, 0));
}

/// What arrives of 300 pings.
fn arrivals(loss: Probability, items: Vec<Action<Wish>>) -> Vec<String> {
    let late = Script::new()
        .on(On::Start, [Act::Set(Timer::Election, 10)])
        .on(On::Rings(Timer::Election), pings(2, 300));
    let mut setup = lab([late, idle()]);
    setup.links.default.loss = loss;
    setup.plan.items = items.into_iter().map(|action| at_time(1, action)).collect();
    let world = after_a_second(setup);
    diary(&world, N2).into_iter().map(String::from).collect()
}

#[test]
fn a_link_and_a_disturbance_share_their_word() {
    let third = Probability::ratio(1, 3);
    let tenth = Probability::ratio(1, 10);
    let by_link = arrivals(third, vec![]);
    let by_plan = || disturb(all(), LinkFault::Loss(third));
    assert!((160..240).contains(&by_link.len()));
    assert_eq!(arrivals(Probability::NEVER, vec![by_plan()]), by_link);
    assert_eq!(arrivals(tenth, vec![by_plan()]), by_link);
    assert_eq!(arrivals(third, vec![disturb(all(), LinkFault::Loss(tenth))]), by_link);
    assert_eq!(arrivals(Probability::NEVER, vec![by_plan(), by_plan()]), by_link);
}

fn drawn_delay() -> Action<Wish> {
    let law = Law::Uniform(DurationRange::new(ms(0), ms(100)));
    disturb(all(), LinkFault::Delay(law))
}

#[test]
fn delays_are_drawn_at_the_address_of_their_item() {
    let heard = |items| arrivals(Probability::NEVER, items);
    let once = heard(vec![drawn_delay()]);
    assert_eq!(once.len(), 300);
    // An item behind it changes nothing; one before it moves it to another address.
    assert_eq!(heard(vec![drawn_delay(), Action::Release(None)]), once);
    assert_ne!(heard(vec![Action::Release(None), drawn_delay()]), once);
    // Two of them add up.
    assert_ne!(heard(vec![drawn_delay(), drawn_delay()]), once);
}

#[test]
fn an_intervention_draws_at_the_number_of_its_event() {
    let late = Script::new()
        .on(On::Start, [Act::Set(Timer::Heartbeat, 5), Act::Set(Timer::Election, 10)])
        .on(On::Rings(Timer::Election), pings(2, 50));
    let drawn = |before: u64| {
        let mut world = world(lab([late.clone(), idle()]));
        run(&mut world, before);
        assert!(world.intervene(&drawn_delay()).unwrap());
        let number = world.events();
        let steps = run(&mut world, 1_000);
        assert_eq!(tally(&world, Family::Delay), (1, 50, 50));
        (number, steps.iter().map(|step| step.time).skip_while(|time| *time <= at(10)).collect())
    };
    let [early, later, late]: [(u64, Vec<SimTime>); 3] = [2, 4, 6].map(drawn);
    assert_eq!(early, later, "behind the same event");
    assert_ne!(early.0, late.0);
    assert_ne!(early.1, late.1);
}

#[test]
fn a_hold_leaves_the_bursts_of_others_as_they_are() {
    let burst = Burst {
        begin: Probability::ratio(1, 10),
        end: Probability::ratio(1, 4),
        loss: Probability::ALWAYS,
    };
    // A hold of the plan strikes behind the starts: so the sender waits.
    let script = Script::new()
        .on(On::Start, [Act::Set(Timer::Election, 5)])
        .on(On::Rings(Timer::Election), [vec![Act::Send(2, pong(1))], pings(2, 60)].concat());
    let heard = |hold: bool| {
        let mut setup = lab([script.clone(), idle()]);
        setup.links.default.burst = Some(burst);
        let filter = MessageFilter { kind: Some(String::from("Pong")), ..all() };
        setup.plan.items = if hold { vec![at_time(1, Action::Hold(filter))] } else { vec![] };
        let world = after_a_second(setup);
        assert_eq!(world.kept_back().count(), usize::from(hold));
        let lines: Vec<String> = diary(&world, N2).into_iter().map(String::from).collect();
        lines.into_iter().filter(|line| line.contains("Ping")).collect::<Vec<_>>()
    };
    assert_eq!(heard(true), heard(false));
    assert!(heard(true).len() < 60);
}
