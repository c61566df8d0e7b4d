//! `orrery why`: what led to an event.

use orrery_harness::session::Row;
use orrery_harness::{Session, why};
use serde_json::json;

use crate::ui::Place;
use crate::ui::model::{Model, Settings};

use super::args::Why;
use super::output::{Output, Tone};
use super::{Cli, CliError, Exit, export, story};

/// The longest chain that is told in full; of a longer one, its beginning and its end.
const TOLD: usize = 40;

pub(super) fn why(cli: &Cli, arguments: &Why, output: &mut Output) -> Result<Exit, CliError> {
    let model = Model::new(export::session(cli, &arguments.which)?, Settings::default());
    let model = export::complete(model);
    let has_violation = model.resolve(Place::Violation).is_ok();
    let otherwise = if has_violation { Place::Violation } else { Place::End };
    let place = arguments.event.unwrap_or(otherwise);
    let event =
        model.resolve(place).map_err(|reason| CliError::Input(format!("`{place}`: {reason}")))?;
    let session = model.session();
    let cone = why::cone(session, event);
    if arguments.json {
        let (chain, events, faults) = (&cone.chain, &cone.events, &cone.faults);
        let whole = json!({"event": event, "chain": chain, "events": events, "faults": faults});
        output.json(&whole)?;
        return Ok(Exit::AsExpected);
    }
    story::heading(session.header(), output)?;
    if cone.chain.is_empty() {
        output.line(format!("\nEvent {event}: the start, which nothing led to."))?;
        return Ok(Exit::AsExpected);
    }
    let title = output.paint(Tone::Strong, &format!("What brought event {event} about"));
    output.line(format!("\n{title}"))?;
    let skipped = cone.chain.len().saturating_sub(TOLD);
    for (place, number) in cone.chain.iter().enumerate() {
        if 0 < skipped && place == TOLD / 2 {
            output.line(format!("      ... {skipped} more ..."))?;
        }
        if 0 < skipped && (TOLD / 2..TOLD / 2 + skipped).contains(&place) {
            continue;
        }
        tell(session, *number, output)?;
    }
    let (all, nodes) = (cone.events.len(), nodes(session, &cone));
    output.line(format!(
        "\nIn all, {all} of the {event} events up to there can have had a part in it, on {nodes} nodes."
    ))?;
    if !cone.faults.is_empty() {
        output.line("Faults among them:")?;
        for number in &cone.faults {
            tell(session, *number, output)?;
        }
    }
    Ok(Exit::AsExpected)
}

fn nodes(session: &dyn Session, cone: &why::Cone) -> usize {
    let node = |event: &u64| session.marks().get(*event as usize - 1)?.node;
    let nodes: std::collections::BTreeSet<_> = cone.events.iter().filter_map(node).collect();
    nodes.len()
}

fn tell(session: &dyn Session, event: u64, output: &mut Output) -> Result<(), CliError> {
    let Some(row) = session.row(event) else { return Ok(()) };
    let Row { number, time, node, title, payload, notes, violation, .. } = &*row;
    let node = node.map(|node| format!("{node} ")).unwrap_or_default();
    let payload = payload.as_deref().filter(|payload| !title.contains(payload));
    let payload = payload.map(|payload| format!(" {payload}")).unwrap_or_default();
    output.line(format!("  {number:>6} {time} {node}{title}{payload}"))?;
    for note in notes {
        output.line(format!("           {note}"))?;
    }
    if let Some(rule) = violation {
        output.line(format!("           {}", output.paint(Tone::Bad, rule)))?;
    }
    Ok(())
}
