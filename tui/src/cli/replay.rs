//! `orrery replay`: the same run again, and proof that it is the same.

use std::path::Path;

use orrery_harness::recording::{Part, Reader, engine};
use serde_json::{Map, Value as Json};

use super::args::{Replay, Run, Which};
use super::output::{Output, Tone};
use super::resolve::{is_recording, is_token, recorded, resolve};
use super::{Cli, CliError, Exit, run};

pub(super) fn replay(cli: &Cli, arguments: &Replay, output: &mut Output) -> Result<Exit, CliError> {
    let what = &arguments.what;
    if is_recording(cli, what) {
        return recording(cli, arguments, output);
    }
    if !is_token(what) {
        let is_there = Path::new(what).exists();
        let problem = if is_there { "" } else { " that exists" };
        return Err(CliError::Input(format!(
            "`{what}` is neither a token, as in raft/figure-8@42~3f2a91bc, nor a recording{problem}; `orrery run SCENARIO --record FILE` makes one"
        )));
    }
    let which = Which { what: what.clone(), ..Which::default() };
    let resolved = resolve(cli, &which)?;
    let run = Run { which, json: arguments.json, quiet: arguments.quiet, record: None };
    run::execute(&resolved, &run, output)
}

/// How two runs differ first.
struct Difference {
    /// The event; one more than there are where only the ends differ.
    event: u64,
    recorded: Json,
    now: Json,
}

fn recording(cli: &Cli, arguments: &Replay, output: &mut Output) -> Result<Exit, CliError> {
    let path = &arguments.what;
    let mut reader = Reader::open(Path::new(path))?;
    let resolved = recorded(cli, path, reader.header())?;
    let lines = resolved.subject.record(&resolved.case, &resolved.source())?;
    let difference = compare(&mut reader, lines)?;
    let is_same = difference.is_none();
    if arguments.json {
        output.json(&as_json(&reader, difference.as_ref()))?;
    } else if arguments.quiet {
        output.line(if is_same { "the same" } else { "different" })?;
    } else if let Some(difference) = &difference {
        tell(&reader, difference, output)?;
    } else if let Some(end) = reader.end() {
        let (events, digest, verdict) = (end.end, &end.digest, &end.verdict);
        let word = output.paint(Tone::Good, "the same");
        output.line(format!("{word}: {events} events, digest {digest}, verdict {verdict}"))?;
    }
    Ok(if is_same { Exit::AsExpected } else { Exit::NotAsExpected })
}

/// Makes the run again beside its recording, line by line, to the first that differs. The recording is read to its end
/// in any case: a damaged one proves nothing.
fn compare(
    reader: &mut Reader,
    lines: impl Iterator<Item = orrery_harness::recording::Line>,
) -> Result<Option<Difference>, CliError> {
    let mut difference = None;
    for line in lines {
        let (number, is_end) = match &line.part {
            Part::Header | Part::View => continue,
            Part::Event(number) => (*number, false),
            Part::End(report) => (report.events + 1, true),
        };
        let event = reader.next_event()?;
        let is_same = match (&event, reader.end()) {
            (Some(event), _) => event.text == line.text,
            (None, Some(end)) if is_end => {
                let now: Option<Json> = serde_json::from_str(&line.text).ok();
                let now = now.as_ref().and_then(|now| now.get("digest")).and_then(Json::as_str);
                now == Some(&end.digest)
            }
            (None, _) => false,
        };
        if !is_same {
            let recorded = event.map_or(Json::Null, |event| fields(&event.text));
            let now = if is_end { Json::Null } else { fields(&line.text) };
            difference = Some(Difference { event: number, recorded, now });
            break;
        }
    }
    while reader.next_event()?.is_some() {}
    Ok(difference)
}

fn fields(line: &str) -> Json {
    serde_json::from_str(line).unwrap_or_else(|_| Json::String(line.to_string()))
}

fn as_json(reader: &Reader, difference: Option<&Difference>) -> Json {
    let header = reader.header();
    let engines = serde_json::json!({ "recorded": header.engine, "now": engine() });
    match (difference, reader.end()) {
        (Some(Difference { event, recorded, now }), _) => serde_json::json!({
            "same": false, "event": event, "recorded": recorded, "now": now, "engine": engines,
        }),
        (None, end) => serde_json::json!({
            "same": true,
            "events": end.map(|end| end.end),
            "digest": end.map(|end| &end.digest),
            "verdict": end.map(|end| &end.verdict),
            "engine": engines,
        }),
    }
}

/// Both sides of the first event that differs, as far as they differ.
fn tell(reader: &Reader, difference: &Difference, output: &mut Output) -> Result<(), CliError> {
    let Difference { event, recorded, now } = difference;
    let word = output.paint(Tone::Bad, "different");
    output.line(format!("{word}: first at event {event}"))?;
    let nothing = Map::new();
    let (old, new) =
        (recorded.as_object().unwrap_or(&nothing), now.as_object().unwrap_or(&nothing));
    let text = |json: Option<&Json>| json.map_or(String::from("-"), ToString::to_string);
    match (old.is_empty(), new.is_empty()) {
        (true, true) => {
            output.line("  the events are the same, the digests of the runs are not")?;
        }
        (true, false) => output.line("  recorded: the run has ended before")?,
        (false, true) => output.line("  now:      the run has ended before")?,
        (false, false) => {}
    }
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    for key in keys.filter(|key| old.get(*key) != new.get(*key)) {
        output.line(format!("  {key}"))?;
        output.line(format!("    recorded: {}", text(old.get(key))))?;
        output.line(format!("    now:      {}", text(new.get(key))))?;
    }
    let (made_by, this) = (&reader.header().engine, engine());
    if *made_by != this {
        output.line(format!("  it was recorded by orrery {made_by}; this is {this}"))?;
    }
    Ok(())
}
