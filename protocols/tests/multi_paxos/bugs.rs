//! Each planted bug is caught, by the rule that it breaks; and none of the schedules catches
//! correct code.

use orrery_protocols::multi_paxos::bugs::{P11, P12, P13, P14, P18, P20};
use orrery_protocols::multi_paxos::{MultiPaxos, Parameters, Quorums, ReadBy};
use orrery_sim::plan::{Action, Trigger};
use orrery_sim::testing;
use orrery_sim::{Bug, NodeId, SimTime};

use crate::support::{
    PaxosItem, Run, append, ask, chaos, crash, cut, deaf, fire, get, heal, item, ms, node, quiet,
    reconfigure, scripted, value,
};

/// One schedule, with and without the bug: the rule that it breaks.
fn scripted_catch(
    count: u32,
    parameters: &Parameters,
    bug: Bug,
    items: &[PaxosItem],
) -> &'static str {
    let mut correct = Run::story(count, parameters, &[], items.to_vec());
    correct.safely_until(2_000);
    let mut run = Run::story(count, parameters, &[bug], items.to_vec());
    let rule = run.until(2_000).broken().unwrap_or_else(|| panic!("{} is not caught", bug.id));
    assert!(bug.breaks.contains(&rule), "{} breaks {rule}, which it does not list", bug.id);
    rule
}

/// Slot 1 gets to `reached` alone, slot 2 to all; n1 crashes and n2 takes over.
fn hole(lost: &[u32]) -> Vec<PaxosItem> {
    vec![
        item(10, fire(1)),
        item(50, deaf(1, lost)),
        item(51, ask(1, append("1"), 1)),
        item(53, heal()),
        item(54, ask(2, append("2"), 1)),
        item(60, crash(1)),
        item(70, fire(2)),
    ]
}

#[test]
fn p11_a_slot_that_others_chose_is_filled_with_nothing() {
    assert_eq!(scripted_catch(5, &scripted(), P11, &hole(&[2, 5])), "P2c");
}

#[test]
fn p12_a_slot_is_performed_before_the_one_before_it() {
    let rule = scripted_catch(5, &scripted(), P12, &hole(&[2, 3, 4, 5]));
    assert_eq!(rule, "State Machine Safety");
}

#[test]
fn p13_two_halves_choose_different_commands() {
    let quorums = Quorums::Sizes { phase_1: 4, phase_2: 3 };
    let parameters = Parameters { quorums, ..scripted() };
    let items = [
        item(10, fire(1)),
        item(50, cut(&[1, 2, 3])),
        item(60, fire(4)),
        item(70, ask(1, append("1"), 1)),
        item(80, ask(2, append("2"), 4)),
    ];
    assert_eq!(scripted_catch(6, &parameters, P13, &items), "P2c");
}

/// The negative control N6: quorums of unequal sizes whose sum is one more than the acceptors.
#[test]
fn n6_unequal_quorums_that_meet_are_safe() {
    for (phase_1, phase_2) in [(5, 1), (4, 2), (2, 4), (1, 5)] {
        let quorums = Quorums::Sizes { phase_1, phase_2 };
        let parameters = Parameters { quorums, ..Parameters::default() };
        for seed in 0..8 {
            let mut run = Run::new(chaos(seed, 5, &parameters, &[]), &parameters);
            run.safely_until(4_000);
        }
    }
}

#[test]
fn p14_a_slot_that_was_under_way_changes_hands() {
    let parameters = Parameters { acceptors: Some(3), alpha: 3, max_commands: 2, ..scripted() };
    // n1 learns that slot 3 is chosen before it learns that slot 2 is, in which the acceptors change. n4 learns of slot 2 alone.
    let mut items = vec![
        item(10, fire(1)),
        item(50, ask(1, append("1"), 1)),
        item(90, cut(&[3])),
        item(100, reconfigure(1, &[1, 4, 5], 1)),
        item(100, ask(2, append("3"), 1)),
        item(104, ask(3, get(), 1)),
        item(108, heal()),
        item(120, fire(4)),
        item(150, ask(1, append("4"), 4)),
    ];
    // n4's second question for decisions does not reach n1 any more.
    let crash = Action::Crash { node: node(1), after_effects: None };
    items.push(PaxosItem {
        name: None,
        trigger: Trigger::At(SimTime::from_nanos(107_500_000)),
        within: None,
        action: crash,
    });
    assert_eq!(scripted_catch(5, &parameters, P14, &items), "P2c");
}

#[test]
fn p18_a_clock_that_is_set_back_makes_a_lease_longer() {
    let read = |bugs: &[Bug]| {
        let (reads, lease) = (ReadBy::Lease, Some(ms(120)));
        let parameters = Parameters { reads, lease, heartbeat: ms(50), ..scripted() };
        let mut setup = quiet(1, 3, &parameters, bugs);
        setup.plan.items = vec![
            item(10, fire(1)),
            item(50, ask(1, append("old"), 1)),
            item(100, cut(&[1])),
            item(100, Action::ClockJump { node: node(1), by: -1_000_000_000 }),
            item(300, fire(2)),
            item(350, ask(2, append("new"), 2)),
            item(400, ask(3, get(), 1)),
            item(500, heal()),
            item(550, ask(2, get(), 2)),
        ];
        let mut run = Run::new(setup, &parameters);
        run.safely_until(2_000);
        run.answers().into_iter().find(|(client, _)| *client == 3).unwrap().1
    };
    assert_eq!(read(&[]), value("oldnew"));
    assert_eq!(read(&[P18]), value("old"));
}

#[test]
fn p20_what_was_merely_accepted_is_told_as_chosen() {
    let parameters = Parameters::default();
    let make = |seed, bugs: &[Bug]| chaos(seed, 5, &parameters, bugs);
    let rules = testing::caught::<MultiPaxos>(0..20, P20, &parameters, 6_000, make);
    assert!(rules.contains_key("Integrity"), "{rules:?}");
}

#[test]
fn the_facts_of_a_violation_name_slot_ballots_and_nodes() {
    let mut run = Run::story(5, &scripted(), &[P11], hole(&[2, 5]));
    let violation = run.until(2_000).violation.clone().unwrap();
    let facts = violation.facts.join("; ");
    for word in ["s1", "b1.n1", "b2.n2", "n3", "n4"] {
        assert!(facts.contains(word), "{word}: {facts}");
    }
    assert!(violation.nodes.contains(&NodeId(2)));
}
