//! The order of what happens in the same nanosecond.

use std::collections::BTreeSet;

use orrery_sim::{Law, Link, Order, Setup, TiePolicy};

use super::support::{
    Act, Lab, N1, On, Script, Timer, after_a_second, at_time, crash, diary, idle, lab, ms, node,
    ping, pings,
};

const SENDERS: u32 = 4;

/// Nodes that each send `n1` some pings at once over links of one latency, so that all arrive in one nanosecond.
fn at_once(seed: u64, tie: TiePolicy, order: Order, each: u32) -> Setup<Lab> {
    let mut scripts = vec![idle()];
    scripts.extend((0..SENDERS).map(|_| Script::new().on(On::Start, pings(1, each))));
    let mut setup = lab(scripts);
    (setup.seed, setup.tie) = (seed, tie);
    setup.links.default = Link { latency: Law::Constant(ms(10)), order, ..Link::default() };
    setup
}

/// What `n1` heard, in order.
fn heard(setup: Setup<Lab>) -> Vec<String> {
    let world = after_a_second(setup);
    diary(&world, N1).into_iter().map(String::from).collect()
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn what_was_decided_first_comes_first_unless_ties_are_shuffled() {
    let plain = heard(at_once(1, TiePolicy::Fifo, Order::Free, 1));
    assert_eq!(plain, sorted(plain.clone()));
    assert_eq!(plain, heard(at_once(2, TiePolicy::Fifo, Order::Free, 1)));
    let shuffled = |seed| heard(at_once(seed, TiePolicy::Shuffled, Order::Free, 1));
    let orders: BTreeSet<Vec<String>> = (0..300).map(shuffled).collect();
    // All of the 24 orders there are, and the same messages in each.
    assert_eq!(orders.len(), 24);
    assert!(orders.into_iter().all(|order| sorted(order) == plain));
    assert_eq!(shuffled(7), shuffled(7));
}

#[test]
fn messages_of_an_ordered_link_stay_in_order_among_shuffled_ones() {
    let mut mixed = 0;
    for seed in 0..100 {
        let lines = heard(at_once(seed, TiePolicy::Shuffled, Order::Fifo, 3));
        for sender in 2..2 + SENDERS {
            let of_it = format!("from n{sender}");
            let own: Vec<&String> = lines.iter().filter(|line| line.contains(&of_it)).collect();
            assert_eq!(own.len(), 3, "{lines:?}");
            assert!(own.is_sorted(), "{lines:?}");
        }
        let firsts: BTreeSet<char> =
            lines.iter().take(2).filter_map(|l| l.chars().last()).collect();
        mixed += usize::from(firsts.len() == 2);
    }
    assert!(10 < mixed, "no two links ever interleaved");
    let free = (0..100).map(|seed| heard(at_once(seed, TiePolicy::Shuffled, Order::Free, 3)));
    let is_mixed_up = |lines: Vec<String>| {
        let of_it: Vec<String> = lines.into_iter().filter(|l| l.contains("from n2")).collect();
        !of_it.is_sorted()
    };
    assert!(free.into_iter().any(is_mixed_up));
}

/// An event's address decides its place, so that one message less leaves the others where they are.
#[test]
fn a_message_less_changes_the_order_of_no_others() {
    for seed in 0..50 {
        let all = heard(at_once(seed, TiePolicy::Shuffled, Order::Free, 1));
        let mut setup = at_once(seed, TiePolicy::Shuffled, Order::Free, 1);
        setup.configs[1] = idle();
        let rest: Vec<String> = all.into_iter().filter(|l| !l.contains("from n2")).collect();
        assert_eq!(heard(setup), rest);
    }
}

#[test]
fn the_plan_strikes_before_what_is_due_at_the_same_time() {
    for seed in 0..20 {
        let mut setup = at_once(seed, TiePolicy::Shuffled, Order::Free, 1);
        setup.plan.items = vec![at_time(10, crash(node(1)))];
        assert_eq!(heard(setup), ["down"]);
    }
}

#[test]
fn timers_and_answers_of_disks_are_shuffled_too() {
    let ticks = |seed| {
        let waits =
            Script::new().on(On::Start, [Act::Set(Timer::Election, 5), Act::Append(1), Act::Sync]);
        let sends = Script::new().on(On::Start, [Act::Send(1, ping(1))]);
        let mut setup = lab([waits, sends]);
        (setup.seed, setup.tie) = (seed, TiePolicy::Shuffled);
        setup.links.default.latency = Law::Constant(ms(5));
        setup.disk.sync = Law::Constant(ms(5));
        heard(setup)
    };
    let orders: BTreeSet<Vec<String>> = (0..200).map(ticks).collect();
    assert_eq!(orders.len(), 6, "{orders:?}");
}
