//! What is written as a plan file reads back as it was.

use std::sync::Arc;

use crate::paper::{registry, scenario};
use orrery_scenarios::{PlanFile, Scenario};
use orrery_sim::plan::{
    Action, Behaviour, Cut, DiskFault, Disturbance, Flapping, Item, LinkFault, MessageAddress,
    MessageFilter, Target, Trigger,
};
use orrery_sim::{
    Burst, ClientId, Duration, DurationRange, Law, Millionths, NodeId, Predicate, Probability,
    SimTime,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

/// Names that some item has.
const NAMES: [&str; 3] = ["first_crash", "cut-1", "x"];
const PREDICATES: [&str; 6] = [
    "note Elected #2",
    "deliver AppendEntries from n1 to n3 where term = 2 and len(entries) > 0",
    "count(role = \"leader\") >= 2",
    "n3.commit_index >= 4 and leader.current_term > 2 and time < 3s",
    "invoke Get by c1 where key = \"a \\\"b\\\" \\\\ c\"",
    "crash leader",
];

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![0..5_u64, 0..10_000_000_000_u64, any::<u64>()].prop_map(Duration::from_nanos)
}

fn range() -> impl Strategy<Value = DurationRange> {
    (duration(), duration())
        .prop_map(|(one, other)| DurationRange::new(one.min(other), one.max(other)))
}

fn lasting() -> impl Strategy<Value = DurationRange> {
    range().prop_map(|range| {
        let min = range.min.max(Duration::from_nanos(1));
        DurationRange::new(min, range.max.max(min))
    })
}

fn probability() -> impl Strategy<Value = Probability> {
    prop_oneof![
        (0..=1_000_000_000_u64).prop_map(Probability::from_ppb),
        (any::<u32>(), 1..=u32::MAX).prop_map(|(a, b)| Probability::ratio(a.min(b), b)),
    ]
}

fn law() -> impl Strategy<Value = Law> {
    let millionths = || (1..10_000_000_u64).prop_map(Millionths);
    let leaf = prop_oneof![
        duration().prop_map(Law::Constant),
        range().prop_map(Law::Uniform),
        duration().prop_map(Law::Exponential),
        (duration(), duration()).prop_map(|(mean, sd)| Law::Normal { mean, sd }),
        (duration(), millionths()).prop_map(|(median, sigma)| Law::LogNormal { median, sigma }),
        (duration(), millionths()).prop_map(|(scale, shape)| Law::Pareto { scale, shape }),
        vec(duration(), 1..4).prop_map(|mut measured| {
            measured.sort_unstable();
            Law::Empirical(measured.into())
        }),
    ];
    leaf.prop_recursive(3, 3, 1, |inner| {
        (duration(), inner).prop_map(|(by, law)| Law::Shifted { by, law: Arc::new(law) })
    })
}

fn burst() -> impl Strategy<Value = Burst> {
    (probability(), probability(), probability()).prop_map(|(begin, end, loss)| Burst {
        begin,
        end,
        loss,
    })
}

fn node() -> impl Strategy<Value = NodeId> {
    (1..6_u32).prop_map(NodeId)
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        node().prop_map(Target::Node),
        select(vec!["leader", "follower_2"]).prop_map(|role| Target::Role(role.into())),
        select(NAMES.to_vec()).prop_map(|item| Target::Item(item.into())),
    ]
}

/// Nodes that are all different.
fn sides() -> impl Strategy<Value = (Vec<Target>, Vec<Target>)> {
    (1..5_u32).prop_map(|split| {
        let (left, right): (Vec<u32>, Vec<u32>) = (1..6).partition(|node| *node <= split);
        let targets =
            |nodes: Vec<u32>| nodes.into_iter().map(|n| Target::Node(NodeId(n))).collect();
        (targets(left), targets(right))
    })
}

fn cut() -> impl Strategy<Value = Cut> {
    prop_oneof![
        sides().prop_map(|(left, right)| Cut::Groups(vec![left, right])),
        sides().prop_map(|(left, right)| Cut::OneWay(left, right)),
        sides().prop_map(|(left, right)| Cut::Between(left, right)),
        target().prop_map(Cut::Isolate),
        target().prop_map(Cut::Bridge),
        select(vec![Cut::Halves, Cut::Minority, Cut::Ring]),
    ]
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z]{1,8}", "[ -~\\n\\t\u{7f}ü]{0,8}"]
}

fn filter() -> impl Strategy<Value = MessageFilter> {
    (
        option::of(target()),
        option::of(target()),
        option::of(word()),
        option::of(word()),
        option::of(word()),
    )
        .prop_map(|(from, to, kind, from_role, to_role)| MessageFilter {
            from,
            to,
            kind,
            from_role,
            to_role,
        })
}

fn link_fault() -> impl Strategy<Value = LinkFault> {
    prop_oneof![
        probability().prop_map(LinkFault::Loss),
        burst().prop_map(LinkFault::Burst),
        probability().prop_map(LinkFault::Corruption),
        probability().prop_map(LinkFault::Duplication),
        law().prop_map(LinkFault::Delay),
    ]
}

fn message() -> impl Strategy<Value = MessageAddress> {
    (node(), node(), 1..=u64::MAX).prop_map(|(from, to, number)| MessageAddress {
        from,
        to,
        number,
    })
}

fn disk_fault() -> impl Strategy<Value = DiskFault> {
    prop_oneof![
        select(vec![
            DiskFault::Stall,
            DiskFault::Full,
            DiskFault::Error,
            DiskFault::Lie,
            DiskFault::Mend
        ]),
        option::of(any::<u64>()).prop_map(DiskFault::Corrupt),
        option::of(any::<u64>()).prop_map(DiskFault::Misdirect),
    ]
}

fn operation() -> impl Strategy<Value = Json> {
    (word(), any::<i64>(), any::<u64>(), any::<bool>()).prop_map(|(text, signed, unsigned, flag)| {
        json!({ "Put": { "key": text.clone(), "a b": [signed, unsigned, flag, { text: [] }], "": {} } })
    })
}

fn of_nodes() -> impl Strategy<Value = Action<Json>> {
    prop_oneof![
        (target(), option::of(any::<u32>()))
            .prop_map(|(node, after_effects)| Action::Crash { node, after_effects }),
        node().prop_map(|node| Action::Restart(Target::Node(node))),
        target().prop_map(Action::Wipe),
        target().prop_map(Action::Pause),
        target().prop_map(Action::Resume),
        (target(), law()).prop_map(|(node, service)| Action::Slow { node, service }),
        (
            target(),
            select(vec![
                Behaviour::Honest,
                Behaviour::Equivocate,
                Behaviour::Withhold,
                Behaviour::Replay
            ])
        )
            .prop_map(|(node, behaviour)| Action::Byzantine { node, behaviour }),
        (target(), word()).prop_map(|(node, timer)| Action::Fire { node, timer }),
        (1..3_u32, operation(), option::of(target())).prop_map(|(client, operation, to)| {
            Action::Request { client: ClientId(client), operation, to }
        }),
        (target(), -1_000_000_000..1_000_000_000_000_i64)
            .prop_map(|(node, ppb)| Action::ClockRate { node, ppb }),
        (target(), any::<i64>()).prop_map(|(node, by)| Action::ClockJump { node, by }),
        (target(), disk_fault()).prop_map(|(node, fault)| Action::Disk { node, fault }),
    ]
}

fn of_links() -> impl Strategy<Value = Action<Json>> {
    let ended = || option::of(select(NAMES.to_vec())).prop_map(|name| name.map(String::from));
    prop_oneof![
        cut().prop_map(Action::Cut),
        cut().prop_map(Action::Clog),
        (cut(), lasting(), lasting(), duration()).prop_map(|(cut, on, off, until)| {
            Action::Flap(Flapping { cut, on, off, until: SimTime::ZERO.saturating_add(until) })
        }),
        (filter(), link_fault())
            .prop_map(|(filter, fault)| Action::Disturb(Disturbance { filter, fault })),
        ended().prop_map(Action::Heal),
        Just(Action::Calm),
        filter().prop_map(Action::Hold),
        ended().prop_map(Action::Release),
        message().prop_map(Action::Drop),
        message().prop_map(Action::Duplicate),
        message().prop_map(Action::Deliver),
        (message(), duration()).prop_map(|(message, by)| Action::Delay { message, by }),
        any::<u64>().prop_map(Action::Reseed),
    ]
}

fn trigger() -> impl Strategy<Value = Trigger> {
    prop_oneof![
        duration().prop_map(|at| Trigger::At(SimTime::ZERO.saturating_add(at))),
        (select(NAMES.to_vec()), duration())
            .prop_map(|(item, delay)| Trigger::After { item: item.into(), delay }),
        select(PREDICATES.to_vec())
            .prop_map(|text| Trigger::When(Predicate::parse(text).expect("a predicate"))),
        any::<u64>().prop_map(Trigger::Behind),
    ]
}

fn item() -> impl Strategy<Value = Item<Json>> {
    let action = prop_oneof![of_nodes(), of_links()];
    (option::of(select(NAMES.to_vec())), trigger(), option::of(duration()), action).prop_map(
        |(name, trigger, within, action)| {
            // A crash inside an event needs one that a node handles.
            let is_handled = matches!(&trigger, Trigger::When(predicate) if predicate.to_string().starts_with("deliver"));
            let action = match action {
                Action::Crash { node, .. } if !is_handled => {
                    Action::Crash { node, after_effects: None }
                }
                action => action,
            };
            Item { name: name.map(String::from), trigger, within, action }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_item_reads_back(item in item(), replaces: bool) {
        // Writing reads back what it wrote, item by item, and refuses where that is another.
        let text = PlanFile::write("raft/x", replaces, std::slice::from_ref(&item)).map_err(|error| {
            TestCaseError::fail(format!("{error}: {item:?}"))
        })?;
        let file = PlanFile::from_text("a.toml", &text).expect("a plan file");
        prop_assert_eq!(file.replaces(), replaces);
    }

    #[test]
    fn plans_read_back_as_the_plan_of_a_case(actions in vec(of_links(), 0..6), behind in vec(any::<u64>(), 6)) {
        let named = NAMES.iter().map(|name| Item {
            name: Some((*name).into()),
            trigger: Trigger::Behind(0),
            within: None,
            action: Action::Cut(Cut::Isolate(Target::Node(NodeId(1)))),
        });
        // Nothing is released by the name of a cut.
        let actions = actions.into_iter().filter(|action| {
            !matches!(action, Action::Release(Some(_)))
        });
        let others = actions.zip(behind).map(|(action, event)| Item {
            name: None,
            trigger: Trigger::Behind(event),
            within: None,
            action,
        });
        let items: Vec<Item<Json>> = named.chain(others).collect();
        let text = PlanFile::write("raft/x", true, &items).expect("it can be written");
        let file = PlanFile::from_text("a.toml", &text).expect("a plan file");
        let scenario = Scenario::from_text("raft/x", &scenario("")).expect("a scenario").with_plan(file);
        let case = scenario.case(&registry(), None, &[], &[]);
        let case = case.unwrap_or_else(|errors| panic!("{text}\n{}", errors.plain()));
        prop_assert!(case.only_interventions && case.plan.items.is_empty());
        prop_assert_eq!(case.interventions, items);
    }
}

#[test]
fn what_no_file_can_say_is_refused() {
    let write = |item: Item<Json>| PlanFile::write("raft/x", false, &[item]);
    let item = |action| Item { name: None, trigger: Trigger::Behind(1), within: None, action };
    let named = Item { name: Some("two words".into()), ..item(Action::Calm) };
    assert!(write(named).unwrap_err().to_string().contains("is no name"));
    let role = Action::Pause(Target::Role("n1".into()));
    assert!(write(item(role)).unwrap_err().to_string().contains("read back as another"));
    let request = |operation| item(Action::Request { client: ClientId(1), operation, to: None });
    assert!(write(request(json!({ "Put": [null] }))).is_err());
    let with_null = write(request(json!({ "Put": { "key": "x", "lease": null } }))).unwrap();
    assert!(with_null.contains(r#"operation = { Put = { key = "x" } }"#), "{with_null}");
}
