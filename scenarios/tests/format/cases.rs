//! What a scenario file says is what the case has.

use crate::paper::{case_of, registry, scenario};
use orrery_scenarios::{Override, Scenario};
use orrery_sim::plan::{Action, Cut, Target, Trigger};
use orrery_sim::{Clock, Duration, DurationRange, Law, NodeId, Probability, SimTime};

const EXAMPLE: &str = include_str!("example.toml");

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_example_of_the_design_is_a_case() {
    let case = case_of(EXAMPLE, &[]).unwrap();
    assert_eq!((case.nodes, case.seed, case.stop_at), (5, 42, SimTime::from_nanos(6_000_000_000)));
    assert_eq!(case.links.default.latency, Law::Uniform(DurationRange::new(ms(1), ms(10))));
    assert_eq!(case.clients.count, 2);
    assert_eq!(case.clients.think, Law::Exponential(ms(40)));
    assert_eq!(case.clients.workload.unwrap().mix["get"], 6);
    assert_eq!(case.checks.always, None);
    assert_eq!(case.checks.linearizable.as_deref(), Some("kv"));
    assert_eq!(case.parameters["heartbeat"], "50ms");
    let [crash, restart] = case.plan.items.as_slice() else { panic!("two items") };
    assert_eq!(
        crash.action,
        Action::Crash { node: Target::Role("leader".into()), after_effects: None }
    );
    assert_eq!(restart.trigger, Trigger::After { item: "crash".into(), delay: ms(1500) });
    assert_eq!(restart.action, Action::Restart(Target::Item("crash".into())));
    assert!(case.token.starts_with("x.toml@42~"));
}

#[test]
fn knobs_are_turned_by_set_and_computed_exactly() {
    let case =
        case_of(EXAMPLE, &["servers=7", "outage=2s", "heartbeat=20ms", "link.loss=5%"]).unwrap();
    assert_eq!(case.nodes, 7);
    assert_eq!(
        case.plan.items[1].trigger,
        Trigger::After { item: "crash".into(), delay: ms(2000) }
    );
    assert_eq!(case.parameters["heartbeat"], "20ms");
    assert_eq!(case.links.default.loss, Probability::ratio(1, 20).max("5%".parse().unwrap()));
    let latency = "knobs = { latency = 0.1 }\nlink = { latency = { constant = \"$latency * 150ms\" }, loss = 0.05 }";
    let case = case_of(&scenario(latency), &[]).unwrap();
    assert_eq!(case.links.default.latency, Law::Constant(ms(15)));
    assert_eq!(case.links.default.loss, "0.05".parse().unwrap());
    let case = case_of(&scenario(latency), &["latency=0.07"]).unwrap();
    assert_eq!(case.links.default.latency, Law::Constant(Duration::from_micros(10_500)));
}

#[test]
fn sets_reach_into_the_document() {
    let plan = "plan = [{ name = \"crash\", at = \"2s\", crash = \"n1\" }, { at = \"3s\", restart = \"n1\" }]";
    let case =
        case_of(&scenario(plan), &["plan.crash.at=1s", "plan.1.at=1500ms", "nodes=3"]).unwrap();
    assert_eq!(case.plan.items[0].trigger, Trigger::At(SimTime::from_nanos(1_000_000_000)));
    assert_eq!(case.plan.items[1].trigger, Trigger::At(SimTime::from_nanos(1_500_000_000)));
    assert_eq!(case.nodes, 3);
    let case = case_of(&scenario(""), &["clients.count=2", "clients.mix={ put = 1 }"]).unwrap();
    assert_eq!(case.clients.workload.unwrap().mix["put"], 1);
}

#[test]
fn links_inherit_and_clocks_differ() {
    let text = scenario(
        r#"link = { latency = "5ms", loss = "1%" }
links = [
  { from = "n1", to = ["n2", "n3"], both = true, loss = "100%" },
  { from = "n1", to = "n2", latency = { exponential = "9ms" } },
]
clocks = [
  { node = "n1", offset = "-5ms", drift = "200ppm" },
  { node = ["n2", "n3"], drift = "-500_000ppm" },
]
disk = { sync = { uniform = "1ms..2ms" } }"#,
    );
    let case = case_of(&text, &[]).unwrap();
    let law = case.links.law(NodeId(1), NodeId(2));
    assert_eq!((law.latency, law.loss), (Law::Exponential(ms(9)), Probability::ALWAYS));
    let law = case.links.law(NodeId(3), NodeId(1));
    assert_eq!((law.latency, law.loss), (Law::Constant(ms(5)), Probability::ALWAYS));
    assert_eq!(case.links.overrides.len(), 4);
    assert_eq!(case.clocks[0], Clock::new(-5_000_000, 200_000));
    assert_eq!(case.clocks[2], Clock::new(0, -500_000_000));
    assert_eq!(case.clocks[4], Clock::default());
    assert_eq!(case.disk.sync, Law::Uniform(DurationRange::new(ms(1), ms(2))));
}

#[test]
fn every_action_has_its_form() {
    let text = scenario(
        r#"clients = { count = 1 }
plan = [
  { when = "deliver AppendEntries to n3 #2", within = "3s", crash = { node = "n1", after_effects = 1 } },
  { at = "0s", name = "halves", cut = { groups = [["n1", "n2"], ["n3", "n4", "n5"]] } },
  { at = "0s", name = "alone", cut = { isolate = "leader" } },
  { at = "0s", cut = { from = "n1", to = ["n2", "n3"] } },
  { at = "1s", heal = "halves" },
  { at = "1s", heal = "all" },
  { at = "1s", name = "kept", hold = { from = "n1", kind = "AppendEntries" } },
  { after = "kept + 1s - 500ms", release = "kept" },
  { at = "1s", drop = "n1>n2#17" },
  { at = "1s", fire = { node = "alone.node", timer = "Election" } },
  { at = "1s", request = { client = "c1", operation = { Put = { key = "x", value = "1" } }, to = "n1" } },
  { at = "1s", clock = { node = "n1", drift = "10%" } },
  { at = "1s", pause = "n2" },
  { at = "2s", resume = "n2" },
]"#,
    );
    let case = case_of(&text, &[]).unwrap();
    let words: Vec<&str> = case.plan.items.iter().map(|item| item.action.word()).collect();
    assert_eq!(words.len(), 14);
    assert_eq!(case.plan.items[0].within, Some(ms(3000)));
    assert_eq!(case.plan.items[7].trigger, Trigger::After { item: "kept".into(), delay: ms(500) });
    assert!(matches!(&case.plan.items[3].action, Action::Cut(Cut::OneWay(_, to)) if to.len() == 2));
    assert!(matches!(&case.plan.items[11].action, Action::ClockRate { ppb: 100_000_000, .. }));
}

#[test]
fn seeds_bugs_and_overrides_are_in_the_token() {
    let loaded = Scenario::from_text("raft/x", EXAMPLE).unwrap();
    let set: Vec<Override> = vec!["servers=7".parse().unwrap()];
    let case = loaded.case(&registry(), Some(7), &set, &["R1".into()]).unwrap();
    assert!(case.token.starts_with("raft/x@7+bug=R1+servers=7~"), "{}", case.token);
    assert_eq!(
        loaded.knobs(),
        [("servers".into(), "5".into()), ("outage".into(), "\"1500ms\"".into())]
    );
    assert_eq!(loaded.default_seed(), 42);
}
