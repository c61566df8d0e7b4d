//! `orrery inevitable`: from when on a failing run was bound to fail.

use orrery_harness::inevitable::{Inevitability, Moment, inevitability};
use orrery_sim::SimTime;

use super::args::Inevitable;
use super::output::{Output, Tone};
use super::resolve::resolve;
use super::{Cli, CliError, Exit, environment, story};

/// Cells of a bar.
const BAR: u64 = 30;

pub(super) fn inevitable(
    cli: &Cli,
    arguments: &Inevitable,
    output: &mut Output,
) -> Result<Exit, CliError> {
    let resolved = resolve(cli, &arguments.which)?;
    let mut session = resolved.subject.begin(&resolved.case)?;
    let curve = inevitability(&mut *session, arguments.points, arguments.runs)
        .map_err(|error| CliError::Input(error.to_string()))?;
    if arguments.json {
        output.json(&curve)?;
        return Ok(Exit::AsExpected);
    }
    story::heading(session.header(), output)?;
    let Inevitability { failed, at, .. } = &curve;
    let runs = arguments.runs;
    output.line(format!(
        "  {failed} fails at event {at}. Behind each event below, {runs} other endings were drawn:\n"
    ))?;
    for moment in &curve.moments {
        output.line(line(moment))?;
    }
    output.line("")?;
    let command = environment::command();
    let token = &session.header().token;
    match curve.decided() {
        None => output.line(
            "Some ending passes even from the last of these events: it was bad luck up to there.",
        )?,
        Some(moment) => {
            let time = SimTime::from_nanos(moment.time_ns);
            let words =
                format!("Decided by event {} ({time}): no ending behind it passes.", moment.event);
            output.line(output.paint(Tone::Strong, &words))?;
            output.line(format!("  look at it: {command} tui {token} --at {}", moment.event))?;
        }
    }
    Ok(Exit::AsExpected)
}

fn line(moment: &Moment) -> String {
    let endings = moment.endings;
    let filled = endings.same * BAR / endings.all().max(1);
    let bar: String = (0..BAR).map(|cell| if cell < filled { '#' } else { '.' }).collect();
    let mut parts = vec![format!("{} of {} fail", endings.same, endings.all())];
    parts.extend((0 < endings.other).then(|| format!("{} otherwise", endings.other)));
    parts.extend((0 < endings.unknown).then(|| format!("{} undecided", endings.unknown)));
    let time = SimTime::from_nanos(moment.time_ns);
    format!("  {:>7} {time:>12}  {bar}  {}", moment.event, parts.join(", "))
}
