//! `orrery replay`: the same run again, and proof that it is the same.

use std::path::Path;

use orrery_harness::recording::Recording;

use super::args::{Replay, Run, Which};
use super::output::Output;
use super::resolve::{is_token, resolve};
use super::{Cli, CliError, Exit, run};

pub(super) fn replay(cli: &Cli, arguments: &Replay, output: &mut Output) -> Result<Exit, CliError> {
    if is_token(&arguments.what) {
        let resolved = resolve(cli, &which(&arguments.what))?;
        let run = Run {
            which: which(&arguments.what),
            json: arguments.json,
            quiet: arguments.quiet,
            record: None,
        };
        return run::execute(&resolved, &run, output);
    }
    let path = Path::new(&arguments.what);
    if !path.exists() {
        return Err(CliError::Input(format!(
            "`{}` is neither a token, as in raft/figure-8@42~3f2a91bc, nor a recording that exists",
            arguments.what
        )));
    }
    let input =
        |error: orrery_harness::recording::RecordingError| CliError::Input(error.to_string());
    let recorded = Recording::read(path).map_err(input)?;
    let resolved = resolve(cli, &which(&recorded.header.token))?;
    let again = Recording::of(resolved.subject.open(&resolved.case)?.as_ref());
    let events = again.lines.len();
    let Some((event, old, new)) = recorded.first_difference(&again) else {
        if arguments.json {
            output.json(
                &serde_json::json!({ "same": true, "events": events, "digest": again.end.digest }),
            )?;
        } else {
            let (digest, verdict) = (&again.end.digest, &again.end.verdict);
            output
                .line(format!("the same: {events} events, digest {digest}, verdict {verdict}"))?;
        }
        return Ok(Exit::AsExpected);
    };
    if arguments.json {
        let found =
            serde_json::json!({ "same": false, "event": event, "recorded": old, "now": new });
        output.json(&found)?;
    } else {
        output.line(format!("the run differs from its recording, first at event {event}:"))?;
        output.line(format!("  recorded: {old}"))?;
        output.line(format!("  now:      {new}"))?;
    }
    Ok(Exit::NotAsExpected)
}

fn which(what: &str) -> Which {
    Which { what: what.to_string(), ..Which::default() }
}
