//! What was shrunk is a scenario that people can read and that fails in the same way.

use orrery_harness::shrink::{Fingerprint, ShrinkOptions, Shrunk, last_events, shrink};
use orrery_harness::{Case, RunOptions};
use orrery_scenarios::{Catalogue, Scenario, registry, write_case};

/// The case of a scenario of the catalogue.
fn case_of(name: &str, seed: Option<u64>, bugs: &[&str]) -> Case {
    let bugs: Vec<String> = bugs.iter().map(ToString::to_string).collect();
    let scenario = Catalogue::builtin().load(name).unwrap();
    scenario.case(&registry(), seed, &[], &bugs).unwrap()
}

/// Shrinks a run, writes the result, reads it back, and finds the same failure.
fn shrunk(name: &str, seed: u64, bug: &str) -> Shrunk {
    let (registry, case) = (registry(), case_of(name, Some(seed), &[bug]));
    let subject = registry.get(&case.protocol).unwrap();
    let shrunk = shrink(subject.as_ref(), &case, &ShrinkOptions::default()).unwrap();
    let about = last_events(subject.as_ref(), &shrunk.case, &shrunk.report).unwrap();
    assert!(!about.is_empty());
    let text = write_case(&shrunk.case, "small.toml", "small", &about, &registry).unwrap();
    let scenario = Scenario::from_text("small.toml", &text).unwrap();
    assert!(scenario.about().contains(about.last().unwrap().trim()), "{}", scenario.about());
    // Nothing but the file: bugs and seed stand in it.
    let back = scenario.case(&registry, None, &[], &[]).unwrap();
    let report = subject.run(&back, &RunOptions::default()).unwrap();
    assert_eq!(report.digest, shrunk.report.digest);
    assert_eq!(Fingerprint::of(&report.violation.unwrap()), shrunk.fingerprint);
    assert!(shrunk.is_explicit && shrunk.has_control, "{name}");
    shrunk
}

#[test]
fn a_raft_that_counts_old_entries_is_shrunk() {
    let shrunk = shrunk("raft/figure-8", 8, "R1");
    assert!(shrunk.after.total() <= 20, "{:?}", shrunk.after);
    assert!(shrunk.after.events < shrunk.before.events);
}

#[test]
fn a_drawn_swarm_becomes_a_short_plan() {
    let shrunk = shrunk("paxos/synod-chaos", 0, "P2");
    assert!(shrunk.after.total() <= 20, "{:?}", shrunk.after);
    assert!(shrunk.after.total() < shrunk.before.total());
}
