//! A test in Rust that makes the run again. Of a run that failed it demands that it passes, so that it fails until what was wrong is
//! mended; of one with a planted bug, that the bug is caught.

use orrery_harness::Verdict;
use orrery_harness::session::Session;

use super::ExportError;

pub(super) fn export(session: &dyn Session) -> Result<String, ExportError> {
    let header = session.header();
    let interventions = session.case().is_some_and(|case| !case.interventions.is_empty());
    if interventions && !header.token.contains("+plan=") {
        return Err(ExportError::NotNamed(String::from(
            "somebody intervened in this run, and a test must find that in a file: save it first, then export the token of what was saved",
        )));
    }
    let report = session.report();
    let has_bug = !header.bugs.is_empty();
    let facts = report.violation.as_ref().map(|failure| failure.facts.join("; "));
    let facts = facts.map(|facts| format!("\n/// It failed: {facts}")).unwrap_or_default();
    let name: String = format!("{}_seed_{}", header.scenario, header.seed)
        .chars()
        .map(
            |letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' },
        )
        .collect();
    let name = name.trim_matches('_');
    let (used, demand) = match (&report.violation, has_bug, report.verdict) {
        (Some(failure), true, Verdict::Fail) => (
            "RunOptions",
            format!(
                "    let failure = report.violation.expect(\"the planted bug is caught\");\n    assert_eq!(failure.rule, {:?});\n",
                failure.rule
            ),
        ),
        _ => (
            "{RunOptions, Verdict}",
            String::from(
                "    assert_eq!(report.verdict, Verdict::Pass, \"{:#?}\", report.violation);\n",
            ),
        ),
    };
    Ok(format!(
        "//! Needs the crate `orrery`.\n\n\
         use orrery::harness::{used};\n\
         use orrery::scenarios::{{Catalogue, Token, registry}};\n\n\
         /// {title}{facts}\n\
         #[test]\n\
         fn {name}() {{\n\
         \x20   let token: Token = {token:?}.parse().expect(\"a token\");\n\
         \x20   let (scenario, seed, overrides, bugs) =\n\
         \x20       token.resolve(&Catalogue::builtin()).expect(\"its scenario\");\n\
         \x20   let registry = registry();\n\
         \x20   let case = scenario.case(&registry, Some(seed), &overrides, &bugs).expect(\"its case\");\n\
         \x20   let subject = registry.get(&case.protocol).expect(\"its protocol\");\n\
         \x20   let report = subject.run(&case, &RunOptions::default()).expect(\"a run\");\n\
         {demand}}}\n",
        title = header.title,
        token = header.token,
    ))
}
