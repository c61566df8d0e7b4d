//! The committed schema is the current one, and speaks of the keys that the reader knows.

use std::path::Path;

use orrery_scenarios::{Scenario, registry, schema};

#[test]
fn the_committed_schema_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.json");
    let current =
        serde_json::to_string_pretty(&schema(&registry())).expect("a schema is JSON") + "\n";
    #[expect(clippy::disallowed_methods, reason = "a switch of the test, no input of a run")]
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &current).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let stale =
        "schema.json is stale: UPDATE_SCHEMA=1 cargo test -p orrery-scenarios --test schema";
    assert!(committed == current, "{stale}");
}

#[test]
fn the_reader_knows_every_key_of_the_schema() {
    let schema = schema(&registry());
    let mut properties = vec![(String::new(), &schema["properties"])];
    for (table, definition) in [
        ("link", "link"),
        ("clients", "clients"),
        ("swarm", "swarm"),
        ("check", "check"),
        ("disk", "disk"),
    ] {
        properties.push((format!("{table}."), &schema["$defs"][definition]["properties"]));
    }
    for (table, keys) in properties {
        for key in keys.as_object().expect("properties are an object").keys() {
            // The value is wrong nearly everywhere; the key must be known all the same.
            let text = format!("{table}{key} = 1.5\n");
            let errors =
                Scenario::from_text("x.toml", &text).expect_err("it lacks its head").plain();
            assert!(!errors.contains("has no key"), "{text}{errors}");
        }
    }
}

#[test]
fn the_reader_knows_every_key_of_a_plan() {
    let schema = schema(&registry());
    let head = "format = 1\ntitle = \"t\"\nprotocol = \"raft\"\nnodes = 3\nstop_at = \"1s\"\n";
    let unknown = |item: &str| {
        let text = format!("{head}plan = [{{ {item} }}]\n");
        let scenario = Scenario::from_text("x.toml", &text).expect("a head");
        let errors = scenario.case(&registry(), None, &[], &[]).expect_err("it is wrong").plain();
        errors.contains("has no key").then_some(errors)
    };
    for (key, property) in schema["$defs"]["item"]["properties"].as_object().expect("an object") {
        assert_eq!(unknown(&format!("{key} = 1.5")), None);
        for inner in property["properties"].as_object().into_iter().flat_map(|all| all.keys()) {
            assert_eq!(unknown(&format!("{key} = {{ {inner} = 1.5 }}")), None);
        }
    }
    for shape in schema["$defs"]["cut"]["anyOf"].as_array().expect("a list") {
        for key in shape["properties"].as_object().into_iter().flat_map(|all| all.keys()) {
            assert_eq!(unknown(&format!("at = \"0s\", cut = {{ {key} = 1.5 }}")), None);
        }
    }
    assert!(unknown("cut = { bridges = 1.5 }").is_some());
}
