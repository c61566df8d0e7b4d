//! Each error stands at its line and column, says what is wrong and what would be right.

use crate::paper::{case_of, errors, registry, scenario};
use orrery_scenarios::Scenario;

/// Asserts that the errors of `rest` are exactly `expected`.
#[track_caller]
fn check(rest: &str, expected: &str) {
    let found = errors(rest);
    assert_eq!(found.trim_end(), expected.trim(), "\n{found}");
}

#[test]
fn unknown_keys_are_told_with_the_key_that_was_meant() {
    check(
        "knbs = { a = 1 }",
        "x.toml:6:1: a scenario has no key `knbs`\n  help: did you mean `knobs`?",
    );
    check(
        "link = { latency = \"1ms\", los = 0.1 }",
        "x.toml:6:27: `link` has no key `los`\n  help: did you mean `loss`?",
    );
}

#[test]
fn all_errors_of_a_file_are_told_at_once() {
    check(
        r#"link = { latency = { unifrm = "1ms..2ms" }, loss = "often" }
clients = { count = 2, timeout = "-5ms", mix = { pt = 1 } }
plan = [
  { at = "2s", crahs = "n1" },
  { at = "2", crash = "n9" },
]"#,
        "\
x.toml:6:22: there is no law `unifrm`
  help: did you mean `uniform`?
x.toml:6:52: `often` is no probability
  help: write `5%` or `0.05`, from 0 to 1
x.toml:7:34: `-5ms` is negative
  help: a duration starts at `0s`
x.toml:7:50: there is no operation `pt`
  help: there are put, get and cas
x.toml:9:3: this item has no action
  help: the actions are `crash`, `restart`, `wipe`, `pause`, `resume`, `slow`, `byzantine`, `cut`, `flap`, `clog`, `disturb`, `heal`, `calm`, `hold`, `release`, `drop`, `duplicate`, `deliver`, `delay`, `fire`, `request`, `clock`, `disk`, `mend`, `reseed`
x.toml:9:16: an item of the plan has no key `crahs`
  help: did you mean `crash`?
x.toml:10:10: `2` has no unit that is known
  help: write a number and h, min, s, ms, us or ns, as in `150ms`
x.toml:10:23: there is no n9
  help: the scenario has 5 nodes, n1 to n5: name one of them, or raise `nodes`",
    );
}

#[test]
fn predicates_have_their_own_columns_even_behind_escapes() {
    check(
        r#"plan = [{ when = "delivr AppendEntries", crash = "n1" }]"#,
        "x.toml:6:19: no event kind `delivr`\n  help: did you mean `deliver`?",
    );
    let found =
        errors("notes = [{ when = \"n1.role = \\\"leader\\\" and n7.term > 2\", say = \"x\" }]");
    assert!(found.starts_with("x.toml:6:45: there is no n7"), "{found}");
}

#[test]
fn items_that_can_never_happen_are_errors() {
    check(
        r#"plan = [
  { name = "a", after = "b", crash = "n1" },
  { name = "b", after = "a + 1s", restart = "a.node" },
]"#,
        "\
x.toml:7:25: `a` waits for itself and can never happen
  help: let one of them happen at a time (`at`) or event (`when`) of its own
x.toml:8:25: `b` waits for itself and can never happen
  help: let one of them happen at a time (`at`) or event (`when`) of its own",
    );
    check(
        r#"plan = [
  { name = "crash", at = "2s", crash = "n1" },
  { at = "1s", restart = "crash.node" },
  { after = "crash + 5s", restart = "n1" },
]"#,
        "\
x.toml:8:10: this happens at 1.000000s, but `crash` only at 2.000000s
  help: write `after = \"crash + 1s\"` to let it follow
x.toml:9:13: this `restart` happens at 7.000000s, but the run ends at 6.000000s
  help: let it happen earlier, or raise `stop_at`",
    );
}

#[test]
fn triggers_and_actions_are_one_each_and_items_are_known() {
    check(
        r#"plan = [
  { at = "1s", when = "note Elected", crash = "n1" },
  { at = "1s", crash = "n1", pause = "n2" },
  { crash = "n1" },
  { after = "crsh + 1s", restart = "n1" },
  { name = "crash", at = "1s", crash = "n1" },
  { name = "crash", after = "crash - 1s", heal = "crash" },
  { at = "1s", restart = "leader" },
]"#,
        "\
x.toml:7:16: this item has `at` and `when`, but an item happens once, by one trigger
  help: split it into two items
x.toml:8:30: this item has `crash` and `pause`, but an item does one thing
  help: write two items with the same trigger
x.toml:9:3: this item has no trigger
  help: say when it happens: `at = \"2s\"`, `after = \"ITEM + 1s\"`, `when = \"note Elected\"` or `behind = 120`
x.toml:10:14: the plan has no item named `crsh`
  help: did you mean `crash`?
x.toml:12:12: another item is named `crash` already
  help: give each item a name of its own
x.toml:12:36: nothing happens before the item that it waits for
  help: write a delay of `0s` or more
x.toml:12:50: the item `crash` is a `heal`, not a `cut`, `flap`, `clog` or `disturb`
  help: name an item that is a `cut`, `flap`, `clog` or `disturb`, or write `all`
x.toml:13:26: no node that is down has the role `leader`
  help: name the node (`n1`) or the item that crashed it (`crash.node`)",
    );
}

#[test]
fn crashes_inside_events_need_an_event_that_is_handled() {
    check(
        r#"plan = [{ when = "note Elected", crash = { node = "n1", after_effects = 1 } }]"#,
        "x.toml:6:42: `after_effects` cannot fall into a `note`, which no node handles\n  help: a crash \
         inside an event needs `when` with an event that a node handles: `deliver`, `timer`, `start`, \
         `invoke` or `sync`",
    );
}

#[test]
fn checks_name_what_the_protocol_has() {
    check(
        r#"check = { always = ["Election Saftey"], history = { linearizable = "kvs" }, sometimes = ["won"], stats = ["x"],
  goals = [{ name = "g", when = "note Elected", after = "crash" }, { when = "note X" }] }
expect = { verdict = "passed" }"#,
        "\
x.toml:6:21: there is no invariant `Election Saftey`
  help: did you mean `Election Safety`?
x.toml:6:68: there is no model `kvs`
  help: did you mean `kv`?
x.toml:6:90: there is no probe `won`
  help: the probes of this protocol are `elected twice`
x.toml:6:107: there is no statistic `x`
  help: the statistics of this protocol are `election_time`
x.toml:7:57: the plan has no item named `crash`
  help: no item of the plan has a name: give one `name = \"..\"`
x.toml:7:68: this goal has no name
  help: write `name = \"a second leader\"`: reports call the goal by it
x.toml:8:22: there is no verdict `passed`
  help: did you mean `pass`?",
    );
}

#[test]
fn parameters_are_judged_one_by_one() {
    check(
        r#"parameters = { election_timeout = "300ms..150ms", hartbeat = "1s" }"#,
        "\
x.toml:6:35: `300ms..150ms` runs backwards
  help: write `150ms..300ms`
x.toml:6:51: `raft` has no parameter `hartbeat`
  help: did you mean `heartbeat`?",
    );
}

#[test]
fn knobs_that_are_wrong_are_told_once() {
    check(
        r#"knobs = { outage = "1s" }
clients = { count = 1, timeout = "$outag * 2" }"#,
        "x.toml:7:35: there is no knob `outag`\n  help: did you mean `outage`?; a knob is declared in `knobs = { outag = .. }`",
    );
    check(
        r#"knobs = { outage = "1s" }
clients = { count = 1, timeout = "$outage - 3s" }"#,
        "x.toml:7:34: `-2s` is negative\n  help: a duration starts at `0s`",
    );
}

#[test]
fn overrides_are_errors_of_the_command_line() {
    let plain =
        |set: &[&str]| case_of(&scenario("knobs = { servers = 5 }"), set).unwrap_err().plain();
    assert_eq!(
        plain(&["servrs=7"]),
        "--set servrs=7: there is neither a knob nor a parameter `servrs`\n  help: did you mean `servers`?\n        \
         the knobs are: `servers`\n        the parameters are: `election_timeout`, `heartbeat`\n        \
         a key with dots is a path in the file, as in `link.loss=5%`\n"
    );
    assert_eq!(
        plain(&["link.loss=often"]),
        "--set link.loss=often: `often` is no probability\n  help: write `5%` or `0.05`, from 0 to 1\n"
    );
    assert_eq!(
        plain(&["lnk.loss=1%"]),
        "--set lnk.loss=1%: a scenario has no key `lnk`\n  help: did you mean `link`?\n"
    );
    let loaded = Scenario::from_text("x.toml", &scenario("")).unwrap();
    let error = loaded.case(&registry(), None, &[], &["R2".into()]).unwrap_err();
    assert_eq!(
        error.plain(),
        "--bug R2: `raft` has no planted bug `R2`\n  help: did you mean `R1`?\n"
    );
}

#[test]
fn syntax_and_head_are_judged_first() {
    let errors = Scenario::from_text("x.toml", "format = 1\ntitle = \nnodes = 3ms\n").unwrap_err();
    assert!(2 <= errors.errors().len(), "{}", errors.plain());
    assert_eq!(errors.errors()[0].line_and_column(), Some((2, 9)), "{}", errors.plain());
    let errors =
        Scenario::from_text("x.toml", "format = 2\nprotocol = \"raft\"\nnodes = 0\n").unwrap_err();
    assert_eq!(
        errors.plain(),
        "\
x.toml:1:1: the scenario has no `title`
  help: say in a line what happens: `title = \"A leader crashes\"`
x.toml:1:1: the scenario has no `stop_at`
  help: say when the run ends: `stop_at = \"10s\"`
x.toml:1:10: this version of Orrery reads format 1, not `2`
  help: write `format = 1`
x.toml:3:9: `0` is out of range
  help: write a number from 1 to 4294967295
"
    );
}

#[test]
fn an_unknown_protocol_lists_those_that_are_known() {
    let text = scenario("").replace("raft", "paxos");
    let error = Scenario::from_text("x.toml", &text).unwrap().case(&registry(), None, &[], &[]);
    let plain = error.unwrap_err().plain();
    assert_eq!(
        plain,
        "x.toml:3:12: there is no protocol `paxos`\n  help: the protocols are `raft`\n"
    );
}
