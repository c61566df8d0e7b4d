//! Several scenarios in one file, each chosen by its name.

use orrery_harness::Case;
use orrery_scenarios::{Override, Scenario, Token};
use orrery_sim::SimTime;
use serde_json::json;

use crate::paper::{Paper, registry};

const HEAD: &str = "format = 1\ntitle = \"t\"\nnodes = 5\nstop_at = \"1s\"\n";

fn read(text: &str, set: &[&str]) -> Result<Case, String> {
    let scenario = Scenario::from_text("x.toml", text).map_err(|errors| errors.plain())?;
    let set: Vec<Override> = set.iter().map(|set| set.parse().expect("an override")).collect();
    scenario.case(&registry(), None, &set, &[]).map_err(|errors| errors.plain())
}

/// The errors of `rest` behind the head.
fn errors(rest: &str, set: &[&str]) -> String {
    read(&format!("{HEAD}{rest}"), set).expect_err("it is wrong").trim_end().to_string()
}

const TWO: &str = r#"
protocol = "raft"
knobs = { end = "2s", who = "leader" }
stop_at = "$end"
parameters = { heartbeat = "20ms" }
plan = [{ at = "1s", crash = "$who" }]

[[compare]]

[[compare]]
name = "late"
nodes = 3
knobs = { end = "3s" }
parameters = { election_timeout = "1s..2s" }
"#;

fn two() -> String {
    format!("format = 1\ntitle = \"t\"\nnodes = 5\n{TWO}")
}

#[test]
fn an_entry_takes_the_place_of_the_keys_that_it_names() {
    let scenario = Scenario::from_text("x.toml", &two()).expect("it is right");
    assert_eq!(scenario.compared(), ["raft", "late"]);
    let seconds = |case: &Case| case.stop_at.since(SimTime::ZERO).as_nanos() / 1_000_000_000;
    for set in [&[][..], &["compare=raft"]] {
        let first = read(&two(), set).expect("it is right");
        assert_eq!((first.nodes, seconds(&first)), (5, 2));
        let parameters = json!({ "election_timeout": "150ms..300ms", "heartbeat": "20ms" });
        assert_eq!(first.parameters, parameters);
    }
    let late = read(&two(), &["compare=late"]).expect("it is right");
    assert_eq!((late.nodes, seconds(&late)), (3, 3));
    // A key is replaced as a whole, but knobs that are not named keep their values.
    let parameters = json!({ "election_timeout": "1s..2s", "heartbeat": "50ms" });
    assert_eq!(late.parameters, parameters);
    assert_eq!(late.plan, read(&two(), &[]).expect("it is right").plan);
    // What is set holds for whichever is chosen, in any order.
    let set = read(&two(), &["end=9s", "compare=late", "heartbeat=7ms"]).expect("it is right");
    assert_eq!((seconds(&set), &set.parameters["heartbeat"]), (9, &json!("7ms")));
}

#[test]
fn tokens_name_what_was_chosen() {
    let case = read(&two(), &["compare=late"]).expect("it is right");
    let token: Token = case.token.parse().expect("a token");
    assert_eq!(token.overrides[0].to_string(), "compare=late");
}

#[test]
fn another_protocol_does_not_inherit_parameters() {
    let registry = registry().with(std::sync::Arc::new(Paper("chain")));
    let scenario = Scenario::from_text("x.toml", &two()).expect("it is right");
    let case = |set: &str| {
        let case = scenario.case(&registry, None, &[set.parse().expect("an override")], &[]);
        let case = case.unwrap_or_else(|errors| panic!("{}", errors.plain()));
        (case.protocol, case.parameters["heartbeat"].clone())
    };
    assert_eq!(case("protocol=chain"), ("chain".into(), json!("50ms")));
    assert_eq!(case("protocol=raft"), ("raft".into(), json!("20ms")));
    let text = two().replace("name = \"late\"", "protocol = \"chain\"\nname = \"late\"");
    let text = text.replace("parameters = { election_timeout = \"1s..2s\" }", "");
    let scenario = Scenario::from_text("x.toml", &text).expect("it is right");
    let set = ["compare=late".parse().expect("an override")];
    let late = scenario.case(&registry, None, &set, &[]);
    let late = late.unwrap_or_else(|errors| panic!("{}", errors.plain()));
    assert_eq!((late.protocol, &late.parameters["heartbeat"]), ("chain".into(), &json!("50ms")));
}

#[test]
fn what_is_wrong_with_a_comparison_is_told_at_its_place() {
    let all = "\
x.toml:5:11: `compare` is a whole number, not a list of tables
  help: write `[[compare]]` and below it `protocol = \"..\"`, once for each that takes part
x.toml:1:1: the scenario has no `protocol`
  help: name the protocol: `protocol = \"raft\"`";
    let mut found: Vec<String> = errors("compare = 3", &[]).lines().map(String::from).collect();
    let mut expected: Vec<&str> = all.lines().collect();
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let twice = "[[compare]]\nprotocol = \"raft\"\n[[compare]]\nprotocol = \"raft\"\n";
    let said = errors(twice, &[]);
    assert!(said.contains("x.toml:7:1: two entries of `compare` are called `raft`"), "{said}");
    let seed = errors("[[compare]]\nprotocol = \"raft\"\nseed = 4\n", &[]);
    assert_eq!(
        seed,
        "x.toml:7:1: `seed` is the same for all that take part\n  help: write it outside of `compare`"
    );
    let nameless = errors("[[compare]]\nnodes = 3\n", &[]);
    assert!(nameless.contains("has neither a name nor a protocol"), "{nameless}");
    // What stands in an entry has its own place in the file.
    let inside = errors("[[compare]]\nprotocol = \"raft\"\nlink = { los = 0.1 }\n", &[]);
    assert_eq!(inside, "x.toml:7:10: `link` has no key `los`\n  help: did you mean `loss`?");
    let unknown = errors("protocol = \"raft\"\n[[compare]]\nname = \"one\"\n", &["compare=two"]);
    assert_eq!(
        unknown,
        "--set compare=two: the scenario compares nothing called `two`\n  help: the names are `one`"
    );
    let none = errors("protocol = \"raft\"\n", &["compare=two"]);
    assert!(none.contains("help: it has no `[[compare]]`"), "{none}");
}
