//! The laws of logical clocks, on drawn histories: processes that do something by themselves and send each other messages. What may have
//! caused what is computed beside, from the definition.

use std::collections::{BTreeSet, VecDeque};

use orrery_protocols::clocks::{Causality, Dotted, Hybrid, Lamport, VectorClock};
use proptest::prelude::*;

const PROCESSES: usize = 4;

/// Something happens at a process.
#[derive(Clone, Debug)]
enum Action {
    /// By itself.
    Internal { at: usize },
    /// It sends a message.
    Send { at: usize, to: usize },
    /// The first message that waits for it arrives, if there is one.
    Receive { at: usize },
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let process = 0..PROCESSES;
    let action = prop_oneof![
        1 => process.clone().prop_map(|at| Action::Internal { at }),
        3 => (process.clone(), process.clone()).prop_map(|(at, to)| Action::Send { at, to }),
        3 => process.prop_map(|at| Action::Receive { at }),
    ];
    prop::collection::vec(action, 1..40)
}

/// An event: who, all events that may have caused it, and its stamps.
struct Stamped {
    past: BTreeSet<usize>,
    lamport: Lamport,
    vector: VectorClock<usize>,
    hybrid: Hybrid,
    /// What the process's own clock showed.
    physical: i64,
}

/// Lets it happen. The clock of each process is off by what `skews` says, and some are behind.
fn run(actions: &[Action], skews: [i64; PROCESSES], wrong: bool) -> Vec<Stamped> {
    let mut events: Vec<Stamped> = vec![];
    let mut last: [Option<usize>; PROCESSES] = [None; PROCESSES];
    let mut wires: Vec<VecDeque<usize>> = vec![VecDeque::new(); PROCESSES];
    for (now, action) in (0_i64..).zip(actions) {
        let (at, message) = match action {
            Action::Internal { at } | Action::Send { at, .. } => (*at, None),
            Action::Receive { at } => match wires[*at].pop_front() {
                Some(message) => (*at, Some(message)),
                None => continue,
            },
        };
        let own = last[at].map(|event| &events[event]);
        let mut lamport = own.map(|event| event.lamport).unwrap_or_default();
        let mut vector = own.map(|event| event.vector.clone()).unwrap_or_default();
        let mut hybrid = own.map(|event| event.hybrid).unwrap_or_default();
        let mut past = own.map(|event| event.past.clone()).unwrap_or_default();
        past.extend(last[at]);
        // The clocks tick every third event only, so that counts are needed.
        let physical = 100 + now / 3 + skews[at];
        if let Some(message) = message {
            let sent = &events[message];
            past.extend(&sent.past);
            past.insert(message);
            vector.merge(&sent.vector);
            hybrid = hybrid.receive(sent.hybrid, physical);
            lamport = if wrong { lamport.tick() } else { lamport.receive(sent.lamport) };
        } else {
            hybrid = hybrid.tick(physical);
            lamport = lamport.tick();
        }
        vector.tick(at);
        if let Action::Send { to, .. } = action {
            wires[*to].push_back(events.len());
        }
        last[at] = Some(events.len());
        events.push(Stamped { past, lamport, vector, hybrid, physical });
    }
    events
}

/// All pairs of events, the first of which may have caused the second or not.
fn pairs(events: &[Stamped]) -> impl Iterator<Item = (bool, &Stamped, &Stamped)> {
    events.iter().enumerate().flat_map(move |(b, second)| {
        let others = events.iter().enumerate().filter(move |(a, _)| *a != b);
        others.map(move |(a, first)| (second.past.contains(&a), first, second))
    })
}

proptest! {
    #[test]
    fn lamports_clock_rises_along_every_cause(actions in actions()) {
        let events = run(&actions, [0; PROCESSES], false);
        for (is_cause, a, b) in pairs(&events) {
            prop_assert!(!is_cause || a.lamport < b.lamport);
        }
    }

    #[test]
    fn vector_clocks_are_ordered_exactly_as_causes_are(actions in actions()) {
        let events = run(&actions, [0; PROCESSES], false);
        for (is_cause, a, b) in pairs(&events) {
            prop_assert_eq!(is_cause, a.vector.compare(&b.vector) == Causality::Before);
            let is_caused = b.vector.compare(&a.vector) == Causality::After;
            prop_assert_eq!(is_cause, is_caused);
        }
    }

    #[test]
    fn hybrid_clocks_rise_and_stay_close_to_physical_time(
        actions in actions(),
        skews in prop::array::uniform4(-5_i64..=5),
    ) {
        let events = run(&actions, skews, false);
        for (is_cause, a, b) in pairs(&events) {
            prop_assert!(!is_cause || a.hybrid < b.hybrid);
        }
        let (most, least) = (skews.iter().max().unwrap(), skews.iter().min().unwrap());
        for event in &events {
            // pt <= l <= pt + epsilon (theorem 2 and corollary 1 of the paper).
            prop_assert!(event.physical <= event.hybrid.time);
            prop_assert!(event.hybrid.time - event.physical <= most - least);
            // l is the physical time of some event in its past, or its own (theorem 2).
            let is_heard = event.hybrid.time == event.physical
                || event.past.iter().any(|cause| events[*cause].physical == event.hybrid.time);
            prop_assert!(is_heard);
            // c counts events of its past at that time at most (theorem 3).
            let same = event.past.iter().filter(|it| events[**it].hybrid.time == event.hybrid.time);
            prop_assert!(event.hybrid.count as usize <= same.count() + 1);
        }
    }

    #[test]
    fn merging_is_a_least_upper_bound(
        a in prop::collection::btree_map(0_u8..4, 0_u64..4, 0..4),
        b in prop::collection::btree_map(0_u8..4, 0_u64..4, 0..4),
        c in prop::collection::btree_map(0_u8..4, 0_u64..4, 0..4),
    ) {
        let [a, b, c] = [a, b, c].map(|entries| entries.into_iter().collect::<VectorClock<u8>>());
        let join = |a: &VectorClock<u8>, b: &VectorClock<u8>| {
            let mut joined = a.clone();
            joined.merge(b);
            joined
        };
        prop_assert_eq!(join(&a, &b), join(&b, &a));
        prop_assert_eq!(join(&a, &join(&b, &c)), join(&join(&a, &b), &c));
        prop_assert_eq!(join(&a, &a), a.clone());
        prop_assert!(join(&a, &b).covers(&a) && join(&a, &b).covers(&b));
        prop_assert!(!(c.covers(&a) && c.covers(&b)) || c.covers(&join(&a, &b)));
    }

    /// Reads, writes and exchanges at three servers: what is there in the end is what no writer had seen.
    #[test]
    fn dotted_versions_keep_exactly_what_nobody_overwrote(
        steps in prop::collection::vec((0_usize..3, 0_usize..3, 0_u8..3), 1..25),
    ) {
        let mut servers: [Dotted<usize, usize>; 3] = Default::default();
        // Of each write, which ones it overwrote; of each server, which writes have reached it.
        let mut overwritten: BTreeSet<usize> = BTreeSet::new();
        let mut history: Vec<BTreeSet<usize>> = vec![];
        let mut known: [BTreeSet<usize>; 3] = Default::default();
        let mut hidden: [BTreeSet<usize>; 3] = Default::default();
        for (server, other, what) in steps {
            match what {
                // Writes on top of what it reads there.
                0 => {
                    let seen: BTreeSet<usize> = servers[server].values().copied().collect();
                    let context = servers[server].context();
                    let write = history.len();
                    servers[server].write(server, 0, &context, write);
                    overwritten.extend(&seen);
                    hidden[server].extend(&seen);
                    history.push(seen);
                    known[server].insert(write);
                }
                // Writes without having read anything.
                1 => {
                    let write = history.len();
                    servers[server].write(server, 0, &VectorClock::default(), write);
                    history.push(BTreeSet::new());
                    known[server].insert(write);
                }
                _ => {
                    let copy = servers[other].clone();
                    servers[server].merge(&copy);
                    let (theirs, gone) = (known[other].clone(), hidden[other].clone());
                    known[server].extend(theirs);
                    hidden[server].extend(gone);
                }
            }
            let expected: BTreeSet<usize> =
                known[server].difference(&hidden[server]).copied().collect();
            let values: BTreeSet<usize> = servers[server].values().copied().collect();
            prop_assert_eq!(values, expected);
        }
        // Everybody hears of everything: all have the same, and nothing that was overwritten.
        for _ in 0..2 {
            for (a, b) in [(0, 1), (1, 2), (2, 0)] {
                let copy = servers[b].clone();
                servers[a].merge(&copy);
            }
        }
        for server in &servers {
            let values: BTreeSet<usize> = server.values().copied().collect();
            let left: BTreeSet<usize> =
                (0..history.len()).filter(|write| !overwritten.contains(write)).collect();
            prop_assert_eq!(values, left);
        }
    }
}

#[test]
fn a_clock_that_does_not_move_when_it_hears_of_a_later_time_breaks_the_law() {
    let actions =
        [Action::Internal { at: 0 }, Action::Send { at: 0, to: 1 }, Action::Receive { at: 1 }];
    let breaks = |wrong: bool| {
        let events = run(&actions, [0; PROCESSES], wrong);
        pairs(&events).any(|(is_cause, a, b)| is_cause && b.lamport <= a.lamport)
    };
    assert!(!breaks(false) && breaks(true));
}

#[test]
fn numbers_alone_do_not_tell_what_is_concurrent() {
    let actions =
        [Action::Internal { at: 0 }, Action::Internal { at: 1 }, Action::Internal { at: 1 }];
    let events = run(&actions, [0; PROCESSES], false);
    assert!(events[0].lamport < events[2].lamport, "as if it were a cause");
    assert_eq!(events[0].vector.compare(&events[2].vector), Causality::Concurrent);
}

#[test]
fn the_papers_example_of_versions() {
    // Dynamo, figure 3: D1 and D2 at Sx, D3 at Sy and D4 at Sz from D2, D5 at Sx from both.
    let clock = |entries: &[(char, u64)]| entries.iter().copied().collect::<VectorClock<char>>();
    let [d2, d3, d4] =
        [clock(&[('x', 2)]), clock(&[('x', 2), ('y', 1)]), clock(&[('x', 2), ('z', 1)])];
    assert_eq!(d2.compare(&d3), Causality::Before);
    assert_eq!(d3.compare(&d4), Causality::Concurrent);
    let mut d5 = d3.clone();
    d5.merge(&d4);
    d5.tick('x');
    assert_eq!(d5, clock(&[('x', 3), ('y', 1), ('z', 1)]));
    assert_eq!((d5.compare(&d3), d5.compare(&d4)), (Causality::After, Causality::After));
}
