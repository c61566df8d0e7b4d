//! What items of a plan say, and how they are wrong.

use crate::paper::{case_of, errors, scenario};
use orrery_sim::plan::{
    Action, Behaviour, Cut, DiskFault, Disturbance, Flapping, LinkFault, MessageFilter, Target,
    Trigger,
};
use orrery_sim::{Burst, Duration, DurationRange, Law, NodeId, SimTime};
use serde_json::Value as Json;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn node(number: u32) -> Target {
    Target::Node(NodeId(number))
}

/// The action that is written so.
#[track_caller]
fn action(written: &str) -> Action<Json> {
    let text = scenario(&format!("plan = [{{ at = \"1s\", {written} }}]"));
    let case = case_of(&text, &[]).unwrap_or_else(|errors| panic!("{}", errors.plain()));
    case.plan.items.into_iter().next().expect("one item").action
}

/// Asserts that a plan of this one item, from column 9 on, has exactly these errors.
#[track_caller]
fn check(item: &str, expected: &str) {
    let found = errors(&format!("plan = [{item}]"));
    assert_eq!(found.trim_end(), expected.trim(), "\n{found}");
}

#[test]
fn nodes_are_stopped_slowed_and_turned() {
    assert_eq!(action("wipe = \"n2\""), Action::Wipe(node(2)));
    assert_eq!(
        action("slow = { node = \"leader\", service = { exponential = \"20ms\" } }"),
        Action::Slow { node: Target::Role("leader".into()), service: Law::Exponential(ms(20)) }
    );
    for (word, behaviour) in [
        ("honest", Behaviour::Honest),
        ("equivocate", Behaviour::Equivocate),
        ("withhold", Behaviour::Withhold),
        ("replay", Behaviour::Replay),
    ] {
        assert_eq!(
            action(&format!("byzantine = {{ node = \"n1\", behaviour = \"{word}\" }}")),
            Action::Byzantine { node: node(1), behaviour }
        );
    }
}

#[test]
fn every_cut_has_its_form() {
    for (written, cut) in [
        ("\"halves\"", Cut::Halves),
        ("\"minority\"", Cut::Minority),
        ("\"ring\"", Cut::Ring),
        ("{ isolate = \"leader\" }", Cut::Isolate(Target::Role("leader".into()))),
        ("{ bridge = \"n3\" }", Cut::Bridge(node(3))),
        (
            "{ between = [\"n1\", [\"n2\", \"n3\"]] }",
            Cut::Between(vec![node(1)], vec![node(2), node(3)]),
        ),
        ("{ from = \"n1\", to = [\"n2\"] }", Cut::OneWay(vec![node(1)], vec![node(2)])),
        (
            "{ groups = [[\"n1\"], [\"n2\", \"n3\"]] }",
            Cut::Groups(vec![vec![node(1)], vec![node(2), node(3)]]),
        ),
    ] {
        assert_eq!(action(&format!("cut = {written}")), Action::Cut(cut.clone()));
        assert_eq!(action(&format!("clog = {written}")), Action::Clog(cut.clone()));
        let flapping = Flapping {
            cut,
            on: DurationRange::new(ms(1_000), ms(2_000)),
            off: DurationRange::new(ms(500), ms(500)),
            until: SimTime::from_nanos(5_000_000_000),
        };
        let times = "on = \"1s..2s\", off = \"500ms\", until = \"5s\"";
        assert_eq!(
            action(&format!("flap = {{ cut = {written}, {times} }}")),
            Action::Flap(flapping)
        );
    }
}

#[test]
fn disturbances_filter_and_do_one_thing() {
    let burst = Burst {
        begin: "1%".parse().unwrap(),
        end: "50%".parse().unwrap(),
        loss: "100%".parse().unwrap(),
    };
    for (written, fault) in [
        ("loss = \"20%\"", LinkFault::Loss("20%".parse().unwrap())),
        ("burst = { begin = \"1%\", end = \"50%\", loss = \"100%\" }", LinkFault::Burst(burst)),
        ("corruption = 0.05", LinkFault::Corruption("5%".parse().unwrap())),
        ("duplicate = \"1%\"", LinkFault::Duplication("1%".parse().unwrap())),
        ("delay = \"20ms\"", LinkFault::Delay(Law::Constant(ms(20)))),
    ] {
        let filter = MessageFilter {
            from: Some(node(1)),
            to: None,
            kind: Some("AppendEntries".into()),
            from_role: Some("leader".into()),
            to_role: Some("follower".into()),
        };
        let parts = "from = \"n1\", kind = \"AppendEntries\", from_role = \"leader\", to_role = \"follower\"";
        assert_eq!(
            action(&format!("disturb = {{ {parts}, {written} }}")),
            Action::Disturb(Disturbance { filter: filter.clone(), fault })
        );
        assert_eq!(action(&format!("hold = {{ {parts} }}")), Action::Hold(filter));
    }
}

#[test]
fn clocks_disks_and_single_deeds() {
    assert_eq!(
        action("clock = { node = \"n1\", freeze = true }"),
        Action::ClockRate { node: node(1), ppb: -1_000_000_000 }
    );
    assert_eq!(
        action("clock = { node = \"n1\", jump = \"-5s\" }"),
        Action::ClockJump { node: node(1), by: -5_000_000_000 }
    );
    for (written, fault) in [
        ("fault = \"stall\"", DiskFault::Stall),
        ("fault = \"full\"", DiskFault::Full),
        ("fault = \"error\"", DiskFault::Error),
        ("fault = \"lie\"", DiskFault::Lie),
        ("fault = \"corrupt\"", DiskFault::Corrupt(None)),
        ("fault = \"corrupt\", record = 3", DiskFault::Corrupt(Some(3))),
        ("fault = \"misdirect\", record = 0", DiskFault::Misdirect(Some(0))),
    ] {
        assert_eq!(
            action(&format!("disk = {{ node = \"n1\", {written} }}")),
            Action::Disk { node: node(1), fault }
        );
    }
    assert_eq!(action("mend = \"n1\""), Action::Disk { node: node(1), fault: DiskFault::Mend });
    assert_eq!(action("calm = true"), Action::Calm);
    assert_eq!(action("reseed = 7"), Action::Reseed(7));
    let message = "n1>n2#17".parse().unwrap();
    assert_eq!(
        action("delay = { message = \"n1>n2#17\", by = \"50ms\" }"),
        Action::Delay { message, by: ms(50) }
    );
}

#[test]
fn items_happen_behind_events_and_end_what_they_name() {
    let text = scenario(
        r#"plan = [
  { behind = 120, crash = "n1" },
  { name = "f", at = "1s", flap = { cut = { isolate = "leader" }, on = "1s", off = "1s", until = "5s" } },
  { name = "c", at = "1s", clog = "halves" },
  { name = "d", at = "1s", disturb = { loss = "1%" } },
  { at = "2s", heal = "f" },
  { at = "2s", heal = "c" },
  { at = "2s", heal = "d" },
  { at = "3s", pause = "f.node" },
]"#,
    );
    let case = case_of(&text, &[]).unwrap();
    assert_eq!(case.plan.items[0].trigger, Trigger::Behind(120));
    assert_eq!(case.plan.items[7].action, Action::Pause(Target::Item("f".into())));
}

#[test]
fn wrong_actions_say_what_would_be_right() {
    check(
        r#"{ at = "1s", cut = "halfs" }"#,
        "x.toml:6:28: there is no cut `halfs`\n  help: did you mean `halves`?",
    );
    check(
        r#"{ at = "1s", clog = { between = ["n1"] } }"#,
        "x.toml:6:41: a cut is between two sides, not 1\n  help: write `{ between = [[\"n1\"], [\"n2\", \"n3\"]] }`; the others still reach both",
    );
    check(
        r#"{ at = "1s", byzantine = { node = "n1", behaviour = "lie" } }"#,
        "x.toml:6:61: there is no behaviour `lie`\n  help: the behaviours are `honest`, `equivocate`, `withhold`, `replay`",
    );
    check(
        r#"{ at = "1s", disturb = { kind = "Vote" } }"#,
        "x.toml:6:32: this does not say what goes wrong\n  help: write exactly one of `loss = \"20%\"`, `burst = { .. }`, `corruption = \"1%\"`, `duplicate = \"5%\"` and `delay = \"20ms\"`",
    );
    check(
        r#"{ at = "1s", disturb = { loss = "1%", delay = "5ms" } }"#,
        "x.toml:6:32: this has `loss` and `delay`, but an item does one thing\n  help: write exactly one of `loss = \"20%\"`, `burst = { .. }`, `corruption = \"1%\"`, `duplicate = \"5%\"` and `delay = \"20ms\"`",
    );
    check(
        r#"{ at = "1s", clock = { node = "n1", jump = "5s", freeze = true } }"#,
        "x.toml:6:30: this is not exactly one of `drift`, `freeze` and `jump`\n  help: write `{ node = \"n1\", drift = \"200ppm\" }`, `{ node = \"n1\", freeze = true }`, or `{ node = \"n1\", jump = \"-5s\" }` for its wall clock",
    );
    check(
        r#"{ at = "1s", disk = { node = "n1", fault = "stall", record = 1 } }"#,
        "x.toml:6:70: this fault strikes the whole disk\n  help: leave `record` out; only `corrupt` and `misdirect` strike one record",
    );
    check(
        r#"{ at = "1s", flap = { cut = "halves", on = "0s..1s", off = "1s", until = "3s" } }"#,
        "x.toml:6:52: a cut that lasts no time changes nothing\n  help: write how long it lasts at least, as in `500ms..1s`",
    );
    check(
        r#"{ name = "x", at = "1s", cut = "halves" }, { after = "x", pause = "x.node" }"#,
        "x.toml:6:75: `x` is a `cut`, which acts on no single node\n  help: name an item that acts on a node, such as a crash",
    );
    check(
        r#"{ name = "x", at = "1s", hold = {} }, { after = "x", heal = "x" }"#,
        "x.toml:6:69: the item `x` is a `hold`, not a `cut`, `flap`, `clog` or `disturb`\n  help: name an item that is a `cut`, `flap`, `clog` or `disturb`, or write `all`",
    );
}

#[test]
fn a_flapping_that_ends_before_it_begins_is_told() {
    check(
        r#"{ at = "3s", flap = { cut = "halves", on = "1s", off = "1s", until = "2s" } }"#,
        "x.toml:6:16: this `flap` happens at 3.000000s, but ends at 2.000000s\n  help: let it begin earlier, or raise its `until`",
    );
}
