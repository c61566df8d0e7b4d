//! `orrery replay`: the same run again, and proof that it is the same.

use std::path::Path;

use orrery_harness::recording::{Event, Line, Part, Reader, RecordingEnd, engine};
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
    let run = Run {
        which,
        json: arguments.json,
        quiet: arguments.quiet,
        record: None,
        history: None,
        shrink: false,
    };
    run::execute(&resolved, &run, output)
}

/// How two runs differ first.
struct Difference {
    /// The event; `None` where only what the runs came to differs.
    event: Option<u64>,
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
    lines: impl Iterator<Item = Line>,
) -> Result<Option<Difference>, CliError> {
    let mut found = None;
    for line in lines.filter(|line| !matches!(line.part, Part::Header | Part::View)) {
        let event = reader.next_event()?;
        found = difference(&line, event.as_ref(), reader.end());
        if found.is_some() {
            break;
        }
    }
    while reader.next_event()?.is_some() {}
    Ok(found)
}

/// How a line of the run differs from what its recording has there.
fn difference(
    line: &Line,
    event: Option<&Event>,
    end: Option<&RecordingEnd>,
) -> Option<Difference> {
    let recorded = event.map_or(Json::Null, |event| fields(&event.text));
    let came_to =
        |digest: &str, verdict: &str| serde_json::json!({ "digest": digest, "verdict": verdict });
    let found = match (&line.part, event) {
        (Part::Header | Part::View, _) => return None,
        (Part::Event(_), Some(event)) if event.text == line.text => return None,
        (Part::Event(number), _) => {
            Difference { event: Some(*number), recorded, now: fields(&line.text) }
        }
        (Part::End(report), Some(_)) => {
            Difference { event: Some(report.events + 1), recorded, now: Json::Null }
        }
        (Part::End(report), None) => {
            let now = came_to(&report.digest, report.verdict.word());
            let recorded = end.map_or(Json::Null, |end| came_to(&end.digest, &end.verdict));
            Difference { event: None, recorded, now }
        }
    };
    (found.recorded != found.now).then_some(found)
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
    match event {
        Some(event) => output.line(format!("{word}: first at event {event}"))?,
        None => {
            output.line(format!("{word}: the events are the same, what the run came to is not"))?;
        }
    }
    let nothing = Map::new();
    let (old, new) =
        (recorded.as_object().unwrap_or(&nothing), now.as_object().unwrap_or(&nothing));
    let text = |json: Option<&Json>| json.map_or(String::from("-"), ToString::to_string);
    match (old.is_empty(), new.is_empty()) {
        (true, false) => output.line("  recorded: the run has ended before")?,
        (false, true) => output.line("  now:      the run has ended before")?,
        (false, false) | (true, true) => {}
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
