//! The examples of `docs/scenario-reference.md` are right.

use orrery_scenarios::{Scenario, registry};

#[test]
fn every_example_of_the_reference_is_a_case() {
    let page = include_str!("../../docs/scenario-reference.md");
    let blocks: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let (head, parts) = blocks.split_first().expect("the head stands first");
    assert!(6 <= parts.len(), "{} examples", parts.len());
    for part in std::iter::once(&"").chain(parts) {
        let text = format!("{head}{part}");
        let case =
            Scenario::from_text("example", &text).and_then(|s| s.case(&registry(), None, &[], &[]));
        case.unwrap_or_else(|errors| panic!("{text}\n{}", errors.plain()));
    }
}
