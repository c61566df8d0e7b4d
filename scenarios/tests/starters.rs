//! What `orrery new` writes runs as it is.

// The starter says `orrery::sim`, as a crate of its own would.
extern crate self as orrery;
pub use orrery_harness as harness;
pub use orrery_sim as sim;

#[expect(unreachable_pub, reason = "the starter is written as a library would be")]
#[path = "../starters/protocol/src/protocol.rs"]
mod protocol;

use orrery_harness::{Registry, Report, RunOptions, Verdict, registered};
use orrery_scenarios::{Scenario, registry, starter_protocol, starter_scenario};

fn run(text: &str, registry: &Registry, bugs: &[String]) -> Report {
    let scenario = Scenario::from_text("first.toml", text);
    let case = scenario.and_then(|scenario| scenario.case(registry, None, &[], bugs));
    let case = case.unwrap_or_else(|errors| panic!("{}", errors.plain()));
    let subject = registry.get(&case.protocol).expect("the case found it");
    subject.run(&case, &RunOptions::default()).expect("a case can be run")
}

#[test]
fn the_scenario_passes() {
    let report = run(&starter_scenario("my scenario"), &registry(), &[]);
    assert_eq!(report.verdict, Verdict::Pass, "{:#?}", report.violation);
}

#[test]
fn the_protocol_passes_and_its_bug_is_caught() {
    let registry = Registry::default().with(registered::<protocol::Rumors>());
    // The module is compiled as it lies there, before its name is put in.
    let files = starter_protocol("x");
    let (_, text) =
        files.iter().find(|(path, _)| path.ends_with("first.toml")).expect("a scenario");
    let text = text.replace("protocol = \"x\"", "protocol = \"{name}\"");
    let report = run(&text, &registry, &[]);
    assert_eq!(report.verdict, Verdict::Pass, "{:#?}", report.violation);
    let report = run(&text, &registry, &["B1".into()]);
    assert_eq!(report.violation.map(|failure| failure.rule).as_deref(), Some("News Once"));
}
