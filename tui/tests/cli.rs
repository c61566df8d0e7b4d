//! The program from outside: what it prints, where, and how it ends.

use std::process::{Command, Output};

fn orrery(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orrery"));
    // As a person's shell would start it, not as cargo does.
    command.env_remove("CARGO_MANIFEST_DIR").args(arguments);
    command.output().expect("the program starts")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(arguments: &[&str]) -> serde_json::Value {
    let output = orrery(arguments);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}{}", out(&output), err(&output)))
}

#[test]
fn the_main_command_tells_its_story_in_forty_lines() {
    let output = orrery(&["run", "raft/leader-crash"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", err(&output));
    assert!(text.lines().count() <= 40, "{text}");
    for part in ["crash", "leads", "linearizable", "digest", "replay raft/leader-crash@42~"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn a_planted_bug_fails_with_its_rule_its_facts_and_the_next_command() {
    let output = orrery(&["run", "raft/figure-8", "--bug", "R1"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let first: Vec<&str> = text.lines().take(3).collect();
    assert!(first[0].starts_with("fail") && first[0].contains("5.4"), "{text}");
    assert!(first[1].contains("i2") && first[2].contains("i2"), "{text}");
    assert!(text.contains("tui raft/figure-8@"), "{text}");
}

#[test]
fn one_json_object_per_run_with_the_documented_keys() {
    let report = json(&["run", "raft/leader-crash", "--json"]);
    for key in [
        "scenario",
        "seed",
        "verdict",
        "expected",
        "as_expected",
        "token",
        "digest",
        "events",
        "messages",
        "sim_ns",
        "wall_ns",
        "invariants",
        "violation",
        "goals",
        "probes",
        "ledger",
        "stats",
    ] {
        assert!(report.get(key).is_some(), "no `{key}` in {report}");
    }
    assert_eq!(report["verdict"], "pass");
    let again = json(&["replay", report["token"].as_str().unwrap(), "--json"]);
    assert_eq!(again["digest"], report["digest"]);
}

#[test]
fn a_sweep_is_the_same_whatever_the_number_of_jobs() {
    let sweep = |jobs| {
        let mut report =
            json(&["sweep", "raft/chaos", "--seeds", "0..6", "--jobs", jobs, "--json"]);
        report.as_object_mut().unwrap().remove("wall_ns");
        report
    };
    let one = sweep("1");
    assert_eq!(one, sweep("3"));
    assert_eq!(one["counts"]["pass"], 6);
    for key in ["n", "mean", "sd", "se", "min", "p50", "p90", "p99", "p999", "max"] {
        assert!(one["stats"]["events"].get(key).is_some(), "no `{key}`");
    }
}

#[test]
fn every_wrong_input_is_told_with_what_would_be_right() {
    let cases: &[(&[&str], &str)] = &[
        (&["run", "raft/leader-crush"], "raft/leader-crash"),
        (&["run", "raft/leader-crash", "--bug", "R99"], "R9"),
        (&["run", "raft/leader-crash", "--set", "server=7"], "servers"),
        (&["run", "raft/leader-crash", "--set", "servers"], "="),
        (&["run", "nowhere.toml"], "nowhere.toml"),
        (&["sweep", "raft/chaos", "--seeds", "9..3"], "9..1009"),
        (&["sweep", "raft/chaos", "--seeds", "all"], "0..1000"),
        (&["replay", "raft/leader-crash@42~00000000"], "run raft/leader-crash --seed 42"),
        (&["replay", "raft/leader-crash@x~00000000"], "token"),
        (&["replay", "no-such-file.jsonl"], "neither a token"),
        (&["tui", "raft/leader-crash", "--at", "noon"], "start, end or violation"),
        (&["tui", "raft/leader-crash", "--theme", "pink"], "dark, light"),
        (&["frobnicate"], "Usage"),
    ];
    for (arguments, right) in cases {
        let output = orrery(arguments);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(right), "{arguments:?} does not say `{right}`: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn a_scenario_file_is_told_its_line_and_column() {
    let folder = scratch("line-and-column");
    let path = folder.join("wrong.toml");
    std::fs::write(&path, "format = 1\ntitle = \"x\"\nprotocol = \"rafft\"\nnodes = 3\n").unwrap();
    let output = orrery(&["run", path.to_str().unwrap()]);
    let said = err(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("wrong.toml:3:12") && said.contains("raft"), "{said}");
}

#[test]
fn a_starter_scenario_runs_as_it_is_and_is_not_overwritten() {
    let folder = scratch("starter");
    let name = folder.join("mine");
    let name = name.to_str().unwrap();
    let made = orrery(&["new", "scenario", name]);
    assert_eq!(made.status.code(), Some(0), "{}", err(&made));
    let ran = orrery(&["run", &format!("{name}.toml")]);
    assert_eq!(ran.status.code(), Some(0), "{}{}", out(&ran), err(&ran));
    let again = orrery(&["new", "scenario", name]);
    assert_eq!(again.status.code(), Some(2));
    assert!(err(&again).contains("exists"));
}

#[test]
fn a_recording_proves_itself_and_damage_is_told() {
    let folder = scratch("recording");
    let path = folder.join("run.orrery");
    let file = path.to_str().unwrap();
    let made = orrery(&["run", "raft/election", "--record", file, "--quiet"]);
    assert_eq!((made.status.code(), out(&made).trim()), (Some(0), "pass"), "{}", err(&made));
    let same = orrery(&["replay", file]);
    assert_eq!(same.status.code(), Some(0), "{}", err(&same));
    assert!(out(&same).starts_with("the same"), "{}", out(&same));
    let proof = json(&["replay", file, "--json"]);
    assert_eq!((&proof["same"], &proof["verdict"]), (&true.into(), &"pass".into()));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let cut = orrery(&["replay", file]);
    assert_eq!(cut.status.code(), Some(2));
    assert!(err(&cut).contains("breaks off"), "{}", err(&cut));
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 8] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    for command in ["replay", "tui"] {
        let damaged = orrery(&[command, file]);
        assert_eq!(damaged.status.code(), Some(2));
        assert!(err(&damaged).contains("damaged"), "{}", err(&damaged));
    }
}

#[test]
fn a_recorded_run_is_told_as_any_other() {
    let folder = scratch("told");
    let path = folder.join("run.orrery");
    let file = path.to_str().unwrap();
    for arguments in [&["raft/leader-crash"][..], &["raft/figure-8", "--bug", "R1"]] {
        let plain = orrery(&[&["run"], arguments].concat());
        let recorded = orrery(&[&["run", "--record", file], arguments].concat());
        assert_eq!(recorded.status.code(), plain.status.code());
        let text = out(&recorded);
        let more = text.strip_prefix(&out(&plain)).unwrap_or_else(|| panic!("{text}"));
        for command in ["tui", "replay"] {
            assert!(more.contains(&format!("{command} {file}")), "no {command} in {more}");
        }
    }
}

/// A recording of `ping/hello` with a case that its scenario does not give.
fn forged(name: &str, change: impl Fn(&mut orrery_harness::Case)) -> String {
    use orrery_harness::recording::{Source, write};
    let registry = orrery_scenarios::registry();
    let scenario = orrery_scenarios::Catalogue::builtin().load("ping/hello").unwrap();
    let mut case = scenario.case(&registry, None, &[], &[]).unwrap();
    let subject = registry.get(&case.protocol).unwrap();
    change(&mut case);
    let source = Source { text: Some(scenario.text().into()), ..Source::default() };
    let path = scratch(name).join("run.orrery");
    write(&path, subject.record(&case, &source).unwrap()).unwrap();
    path.to_str().unwrap().into()
}

#[test]
fn a_run_that_differs_from_its_recording_is_shown_side_by_side() {
    let file = forged("forged", |case| {
        case.links.default.latency =
            orrery_sim::Law::Constant(orrery_sim::Duration::from_millis(3));
    });
    let different = orrery(&["replay", &file]);
    let text = out(&different);
    assert_eq!(different.status.code(), Some(1), "{text}{}", err(&different));
    assert!(text.starts_with("different: first at event"), "{text}");
    assert!(text.contains("    recorded: ") && text.contains("    now:      "), "{text}");
    let proof = json(&["replay", &file, "--json"]);
    assert_eq!(proof["same"], false);
    assert_eq!(proof["recorded"]["n"], proof["event"]);
    assert_ne!(proof["recorded"], proof["now"]);
}

#[test]
fn a_recording_by_another_release_says_so_where_it_differs() {
    use orrery_harness::recording::{Line, Part, Source, write};
    let registry = orrery_scenarios::registry();
    let scenario = orrery_scenarios::Catalogue::builtin().load("ping/hello").unwrap();
    let case = scenario.case(&registry, None, &[], &[]).unwrap();
    let subject = registry.get(&case.protocol).unwrap();
    let source = Source { text: Some(scenario.text().into()), ..Source::default() };
    let path = scratch("other-release").join("run.orrery");
    let file = path.to_str().unwrap();
    for (of_part, old, new) in [
        (Part::Event(6), "\"event\":\"Ping\"", "\"event\":\"Pang\""),
        (Part::Header, "\"seed\":", "\"seed\":"),
    ] {
        let mut checksum = orrery_sim::Digest::default();
        let lines = subject.record(&case, &source).unwrap().map(|Line { part, mut text }| {
            if part == Part::Header {
                let engine = orrery_harness::recording::engine();
                text = text.replace(&format!("\"{engine}\""), "\"0.0.7+rng0\"");
            }
            if part == of_part {
                assert!(text.contains(old), "{text}");
                text = text.replace(old, new);
            }
            if let Part::End(_) = part {
                let mut end: serde_json::Value = serde_json::from_str(&text).unwrap();
                end["digest"] = "ab".into();
                end["checksum"] = checksum.to_string().into();
                text = end.to_string();
            }
            checksum.feed(&text).unwrap();
            Line { part, text }
        });
        write(&path, lines).unwrap();
        let different = orrery(&["replay", file]);
        let text = out(&different);
        assert_eq!(different.status.code(), Some(1), "{text}{}", err(&different));
        let first = if of_part == Part::Header { "what the run came to is not" } else { "event 6" };
        assert!(text.contains(first), "{text}");
        assert!(text.contains("recorded by orrery 0.0.7+rng0; this is"), "{text}");
    }
}

#[test]
fn an_empty_file_is_no_recording() {
    let path = scratch("empty").join("run.orrery");
    std::fs::write(&path, "").unwrap();
    for command in ["replay", "tui"] {
        let refused = orrery(&[command, path.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(err(&refused).contains("is empty"), "{}", err(&refused));
    }
}

#[test]
fn a_run_that_ends_earlier_than_its_recording_is_told() {
    let file = forged("shorter", |case| case.event_budget = 5);
    let different = orrery(&["replay", &file]);
    assert_eq!(different.status.code(), Some(1));
    let text = out(&different);
    assert!(text.contains("event 6") && text.contains("recorded: the run has ended"), "{text}");
}

#[test]
fn a_recording_of_another_protocol_is_not_made_again() {
    let file = forged("foreign", |case| case.protocol = String::from("gossip"));
    let refused = orrery(&["replay", &file]);
    assert_eq!(refused.status.code(), Some(2));
    let said = err(&refused);
    for part in ["the protocol `gossip`", "ping, raft", "Cli::builtin().with", "orrery tui"] {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
}

#[test]
fn a_recording_is_no_scenario_and_cannot_be_changed() {
    let file = forged("fixed", |_| ());
    let run = orrery(&["run", &file]);
    assert_eq!(run.status.code(), Some(2));
    assert!(err(&run).contains("orrery replay"), "{}", err(&run));
    let tui = orrery(&["tui", &file, "--seed", "7"]);
    assert_eq!(tui.status.code(), Some(2));
    assert!(err(&tui).contains("leave out --seed"), "{}", err(&tui));
}

#[test]
fn nothing_is_left_behind_where_a_recording_cannot_be_written() {
    let folder = scratch("unwritable");
    let path = folder.join("no").join("such").join("folder.jsonl");
    let output = orrery(&["run", "raft/election", "--record", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn without_a_terminal_it_prints_the_catalogue_and_refuses_the_debugger() {
    let bare = orrery(&[]);
    assert_eq!(bare.status.code(), Some(0));
    assert!(out(&bare).contains("raft/figure-8") && out(&bare).contains("run one:"));
    let tui = orrery(&["tui", "raft/election"]);
    assert_eq!(tui.status.code(), Some(2));
    assert!(err(&tui).contains("terminal"), "{}", err(&tui));
    assert!(!out(&tui).contains('\u{1b}'));
}

#[test]
fn lists_are_json_where_asked() {
    let scenarios = json(&["list", "--json"]);
    assert!(10 < scenarios.as_array().unwrap().len());
    let bugs = json(&["bugs", "--json"]);
    let r1 = bugs.as_array().unwrap().iter().find(|bug| bug["id"] == "R1").unwrap();
    for key in ["id", "protocol", "summary", "breaks", "found_by"] {
        assert!(r1.get(key).is_some(), "no `{key}` in {r1}");
    }
}

/// A new empty folder for one test.
fn scratch(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Left from an earlier run, or not there.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_benchmark_prints_the_line_that_others_compare() {
    let line = json(&["bench", "flood", "2_000", "3"]);
    for key in ["events", "sim_seconds", "wall_seconds", "cpu_seconds", "ns_per_msg", "max_rss_kb"]
    {
        assert!(line[key].is_number(), "no number `{key}` in {line}");
    }
    assert_eq!((&line["workload"], &line["n_nodes"]), (&"flood".into(), &50.into()));
    assert_eq!(line["messages_delivered"], 2_000);
    assert_eq!(line["digest"], json(&["bench", "flood", "2000", "3"])["digest"]);
    let wrong = orrery(&["bench", "flood", "0"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("1_000_000"), "{}", err(&wrong));
}

#[test]
fn the_benchmark_of_jumps_tells_their_times_and_what_they_take() {
    let line = json(&["bench", "seek", "5_000", "3", "--json"]);
    assert_eq!((&line["workload"], &line["events"]), (&"seek".into(), &5_000.into()));
    for times in ["seek_ms", "step_back_ms", "step_on_ms"] {
        let [median, worst] = ["median", "max"].map(|key| line[times][key].as_f64().unwrap());
        assert!(0.0 < median && median <= worst, "{times}: {line}");
    }
    assert!(line["memory_mib"].is_number() || line["memory_mib"].is_null(), "{line}");
    let table = out(&orrery(&["bench", "seek", "5_000"]));
    assert!(table.contains("a Raft run of 5,000 events") && table.contains("step back"), "{table}");
}

#[test]
fn a_comparison_has_a_column_for_each_that_takes_part() {
    let output = orrery(&["compare", "replication/compare"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", err(&output));
    let parts =
        ["verdict", "latency p99 (ms)", "forced writes", "longest gap (ms)", "leader_changes"];
    for part in parts {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    // Tokens are as long as they are.
    let mut table = text.lines().filter(|line| !line.contains("step it"));
    assert!(table.all(|line| line.chars().count() <= 80), "{text}");
    let comparison = json(&["compare", "replication/compare", "--seeds", "3..6", "--json"]);
    assert_eq!(comparison["seeds"], serde_json::json!([3, 6]));
    let rows = comparison["compared"].as_array().expect("a list");
    assert!(2 <= rows.len(), "{comparison}");
    for row in rows {
        assert_eq!(row["counts"], serde_json::json!({ "pass": 3 }), "{row}");
        assert!(1.0 < row["messages_per_operation"].as_f64().unwrap(), "{row}");
        let quantile = |name: &str| row["stats"][name]["mean"].as_f64().unwrap();
        assert!(quantile("latency_p50") <= quantile("latency_p99"), "{row}");
        assert!(quantile("served") <= 100.0, "{row}");
    }
    let one = rows[1]["name"].as_str().unwrap();
    let alone =
        json(&["compare", "replication/compare", "--seeds", "3..6", "--only", one, "--json"]);
    assert_eq!(alone["compared"], serde_json::json!([rows[1]]));
    let run = json(&["run", rows[1]["token"].as_str().unwrap(), "--json"]);
    assert_eq!((&run["seed"], &run["verdict"]), (&3.into(), &"pass".into()));
}

#[test]
fn a_scenario_is_compared_under_several_protocols_and_with_others() {
    let names = |arguments: &[&str]| -> Vec<String> {
        let all = json(&[&["compare", "--json"], arguments].concat());
        let rows = all["compared"].as_array().expect("a list").clone();
        rows.iter().map(|row| row["name"].as_str().expect("a name").to_string()).collect()
    };
    assert_eq!(names(&["raft/leader-crash", "ping/hello"]), ["raft/leader-crash", "ping/hello"]);
    assert_eq!(names(&["raft/leader-crash", "--protocols", "raft"]), ["raft"]);
    let wrong = orrery(&["compare", "raft/leader-crash", "--protocols", "raft,rfat"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("did you mean `raft`?"), "{}", err(&wrong));
    let wrong = orrery(&["compare", "replication/compare", "--only", "nobody"]);
    assert!(err(&wrong).contains("there are raft"), "{}", err(&wrong));
}

#[test]
fn the_table_of_benchmarks_has_a_row_per_workload_beside_its_floor() {
    let table = out(&orrery(&["bench", "all", "2_000", "--json"]));
    let rows = table.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["ratio"].is_number()), "{table}");
}

#[cfg(unix)]
#[test]
fn a_build_that_does_otherwise_is_shown_side_by_side_at_its_first_event() {
    use std::os::unix::fs::PermissionsExt;

    let report = json(&["run", "ping/lossy", "--seed", "5", "--json"]);
    let other_run = report["token"].as_str().expect("a report has a token");
    // Another build, as it were: it makes the run of another seed.
    let script = format!(
        "#!/bin/sh\nexec '{}' verify-determinism '{other_run}' --print \"$4\"\n",
        env!("CARGO_BIN_EXE_orrery")
    );
    let folder = std::env::temp_dir().join(format!("orrery-against-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let program = folder.join("other");
    std::fs::write(&program, script).expect("a script can be written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = program.to_string_lossy();
    let same = ["verify-determinism", "ping/lossy", "--against", env!("CARGO_BIN_EXE_orrery")];
    assert_eq!(orrery(&same).status.code(), Some(0));
    let output = orrery(&["verify-determinism", "ping/lossy", "--against", &path]);
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", err(&output));
    for part in ["differs", "first at event", "- in n", "- once:", "- again:"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}
