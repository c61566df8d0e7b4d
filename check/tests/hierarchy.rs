//! The page about the hierarchy says what the checkers say.

use orrery_check::Finding;

#[path = "../examples/hierarchy.rs"]
mod hierarchy;

/// Each history keeps what is below its rung and breaks what is above.
#[test]
fn every_rung_is_where_it_should_be() {
    let mut wrong = Vec::new();
    for rung in hierarchy::RUNGS.iter().flat_map(|(_, rungs)| *rungs) {
        for &(model, consistency, holds) in rung.asked {
            let report = hierarchy::judge(rung, model, consistency);
            let is_right = match report.finding {
                Finding::Holds(_) => holds,
                Finding::Violated(_) => !holds,
                Finding::Unknown(_) => false,
            };
            if !is_right {
                wrong.push(format!("{}: {model} {consistency}: {report}", rung.title));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_page_shows_what_the_checkers_say() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/consistency.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let made = hierarchy::page();
    assert!(
        page.ends_with(&made),
        "docs/consistency.md is not up to date: its end, from the first `##` on, is what \
         `cargo run -p orrery-check --example hierarchy` prints"
    );
}
