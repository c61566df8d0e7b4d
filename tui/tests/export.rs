//! What is exported is what the programs that read it expect.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value as Json;

fn orrery(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orrery"));
    let output = command.env_remove("CARGO_MANIFEST_DIR").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A short run with a crash, and one in which a rule is broken.
const RUNS: [&[&str]; 2] = [&["raft/leader-crash"], &["raft/figure-8", "--bug", "R1"]];

fn export(format: &str, run: &[&str]) -> String {
    let mut arguments = vec!["export", format];
    arguments.extend(run);
    if run == RUNS[0] {
        arguments.extend(["--to", "400"]);
    }
    let (code, text, problem) = orrery(&arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {problem}");
    text
}

#[test]
fn json_lines_have_a_header_every_event_and_an_end() {
    for run in RUNS {
        let text = export("jsonl", run);
        let lines: Vec<Json> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (header, end) = (&lines[0], lines.last().unwrap());
        assert!(header["token"].as_str().unwrap().starts_with(run[0]));
        let numbers: Vec<u64> =
            lines[1..lines.len() - 1].iter().map(|line| line["event"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (1..=header["to"].as_u64().unwrap()).collect::<Vec<_>>());
        assert_eq!(end["verdict"], if run.len() == 1 { "pass" } else { "fail" });
    }
}

#[test]
fn vector_clocks_grow_by_one_at_home_and_never_shrink() {
    for run in RUNS {
        let text = export("shiviz", run);
        let lines: Vec<&str> = text.lines().collect();
        let mut clocks: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        assert!(100 < lines.len());
        for pair in lines.chunks(2) {
            let (host, clock) = pair[1].split_once(' ').unwrap();
            let clock: BTreeMap<String, u64> = serde_json::from_str(clock).unwrap();
            let before = clocks.insert(host.to_owned(), clock.clone()).unwrap_or_default();
            assert_eq!(clock[host], before.get(host).unwrap_or(&0) + 1, "{}", pair[1]);
            for (other, count) in before {
                assert!(count <= clock[&other], "{}", pair[1]);
                // Nobody knows more of another than that one has done.
                assert!(clock[&other] <= clocks[&other][&other], "{}", pair[1]);
            }
        }
        assert!(clocks.values().any(|clock| 2 < clock.len()), "nobody heard of anybody");
    }
}

#[test]
fn a_trace_has_an_end_for_every_arrow_that_ends() {
    let mut categories = BTreeSet::new();
    for run in RUNS {
        let trace: Json = serde_json::from_str(&export("perfetto", run)).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        let of = |phase: &str| -> BTreeMap<&str, f64> {
            let events = events.iter().filter(|event| event["ph"] == phase);
            events.map(|e| (e["id"].as_str().unwrap(), e["ts"].as_f64().unwrap())).collect()
        };
        let (starts, ends) = (of("s"), of("f"));
        assert!(10 < ends.len());
        for (id, end) in ends {
            assert!(starts[id] <= end, "{id} arrives before it is sent");
        }
        let slices = events.iter().filter(|event| event["ph"] == "X");
        categories.extend(slices.map(|e| e["cat"].as_str().unwrap().to_owned()));
    }
    let wanted = ["role", "event", "operation", "fault"];
    assert!(wanted.iter().all(|name| categories.contains(*name)), "{categories:?}");
}

#[test]
fn a_graph_names_both_ends_of_every_edge() {
    let text = export("dot", RUNS[0]);
    let nodes: BTreeSet<&str> = text
        .lines()
        .filter(|line| line.contains("label=") && line.starts_with("  e"))
        .filter_map(|line| line.trim().split(' ').next())
        .collect();
    let edges: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| line.trim().split_once(" -> "))
        .map(|(from, rest)| (from, rest.split([' ', ';']).next().unwrap()))
        .collect();
    assert!(100 < edges.len());
    for (from, to) in edges {
        assert!(nodes.contains(from) && nodes.contains(to), "{from} -> {to}");
    }
    assert_eq!(text.matches('{').count(), text.matches('}').count());
}

#[test]
fn pictures_and_pages_are_well_formed_and_load_nothing() {
    for run in RUNS {
        let svg = export("svg", run);
        roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
        let page = export("html", run);
        let addresses = page.matches("http").count();
        let allowed = page.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(addresses, allowed, "the page names an address");
        assert!(!page.contains(" src=") && !page.contains("@import") && !page.contains("url("));
        let data = page.split("id=\"run\">").nth(1).unwrap().split("</script>").next().unwrap();
        let data: Json = serde_json::from_str(data).unwrap();
        assert!(100 < data["events"].as_array().unwrap().len());
        assert_eq!(data["first"].as_object().unwrap().len(), 5);
    }
    assert!(export("html", RUNS[1]).contains("<h2>Broken: "));
}

#[test]
fn a_sequence_diagram_names_its_participants_and_marks_what_is_lost() {
    let text = export("mermaid", RUNS[1]);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    assert_eq!(lines[1], "sequenceDiagram");
    let participants = lines.iter().filter(|line| line.starts_with("participant")).count();
    assert_eq!(participants, 5);
    assert!(
        lines.iter().any(|line| line.contains("->>"))
            && lines.iter().any(|line| line.contains("-x"))
    );
    // What follows would be another statement, or an entity.
    assert!(!text.contains(';') && !text.contains('#'));
}

#[test]
fn a_film_shows_the_debugger_at_each_landmark() {
    let text = export("asciicast", RUNS[0]);
    let lines = |count: u16| std::num::NonZeroU16::new(count).unwrap();
    let mut terminal = vt100::Parser::new(lines(36), lines(120), 0);
    let mut lines = text.lines();
    let header: Json = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!((&header["version"], &header["width"]), (&Json::from(2), &Json::from(120)));
    let (mut before, mut count) = (-1.0, 0);
    for line in lines {
        let frame: Json = serde_json::from_str(line).unwrap();
        let time = frame[0].as_f64().unwrap();
        assert!(before < time);
        before = time;
        terminal.process(frame[2].as_str().unwrap().as_bytes());
        let screen = terminal.screen().contents();
        assert!(screen.contains("raft/leader-crash") && screen.contains("Nodes"), "{screen}");
        count += 1;
    }
    assert!(2 < count);
}

/// `exported.rs` is what was exported once: it is compiled and run with the other tests.
#[test]
fn an_exported_test_is_the_committed_one() {
    let text = export("rust", RUNS[1]);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exported.rs");
    assert_eq!(
        text,
        std::fs::read_to_string(path).unwrap(),
        "`orrery export rust raft/figure-8 --bug R1 --out tui/tests/exported.rs` writes it"
    );
}

#[test]
fn what_does_not_fit_is_refused_with_what_would() {
    let (code, _, problem) = orrery(&["export", "mermaid", "raft/figure-8", "--bug", "R1"]);
    if code == Some(2) {
        assert!(problem.contains("--from") && problem.contains("500"), "{problem}");
    }
    let (code, _, problem) = orrery(&["export", "svg", "ping/hello", "--from", "1000000"]);
    assert_eq!(code, Some(2));
    assert!(problem.contains("there is no event 1000000"), "{problem}");
    let (code, _, problem) = orrery(&["export", "gif", "ping/hello"]);
    assert_eq!(code, Some(2));
    assert!(problem.contains("mermaid") && problem.contains("html"), "{problem}");
}

#[test]
fn a_chain_of_causes_leads_from_the_start_to_the_violation() {
    let (code, text, _) = orrery(&["why", "raft/figure-8", "--bug", "R1", "--json"]);
    assert_eq!(code, Some(0));
    let why: Json = serde_json::from_str(&text).unwrap();
    let numbers = |name: &str| -> Vec<u64> {
        why[name].as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
    };
    let (chain, events, faults) = (numbers("chain"), numbers("events"), numbers("faults"));
    assert!(2 < chain.len() && chain.is_sorted());
    assert_eq!(chain.last(), why["event"].as_u64().as_ref());
    let events: BTreeSet<u64> = events.into_iter().collect();
    assert!(chain.iter().chain(&faults).all(|event| events.contains(event)));
    assert!(!faults.is_empty(), "figure 8 needs crashes");
    let (code, text, _) = orrery(&["why", "raft/figure-8", "--bug", "R1"]);
    assert!(code == Some(0) && text.contains("What brought event"), "{text}");
}

#[test]
fn a_failure_is_decided_at_some_event_and_a_pass_is_not_asked() {
    let arguments =
        ["inevitable", "raft/figure-8", "--bug", "R1", "--runs", "3", "--points", "4", "--json"];
    let (code, text, problem) = orrery(&arguments);
    assert_eq!(code, Some(0), "{problem}");
    let curve: Json = serde_json::from_str(&text).unwrap();
    let moments = curve["moments"].as_array().unwrap();
    assert!(4 <= moments.len());
    for moment in moments {
        let endings = moment["endings"].as_object().unwrap();
        let all: u64 = endings.values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(all, 3);
        assert!(moment["event"].as_u64() < curve["at"].as_u64());
    }
    let last = moments.last().unwrap();
    assert_eq!(last["endings"]["same"], 3, "right before it, nothing else can happen");
    let (code, _, problem) = orrery(&["inevitable", "ping/hello"]);
    assert_eq!(code, Some(2));
    assert!(problem.contains("pass"), "{problem}");
}
