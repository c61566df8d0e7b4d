//! One page that needs nothing but a browser: the space-time diagram with a scrubber, the nodes at each moment, the verdict. It loads
//! nothing from anywhere.

use std::ops::RangeInclusive;

use orrery_harness::session::{NodeView, Session, SessionError};
use serde_json::{Map, Value as Json, json};

use super::escaped;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) fn export(
    session: &mut dyn Session,
    range: RangeInclusive<u64>,
) -> Result<String, SessionError> {
    let header = session.header().clone();
    let mut events = Vec::new();
    let mut before: Vec<NodeView> = Vec::new();
    session.seek(range.start() - 1)?;
    let first: Map<String, Json> =
        session.view().nodes.iter().map(|node| (node.id.to_string(), state(node))).collect();
    before.clone_from(&session.view().nodes);
    for number in range.clone() {
        session.seek(number)?;
        let Some(row) = session.row(number) else { break };
        let mut event = super::jsonl::event(&row);
        let view = session.view();
        let changed: Map<String, Json> = view
            .nodes
            .iter()
            .filter(|node| before.get(node.id.index()) != Some(*node))
            .map(|node| (node.id.to_string(), state(node)))
            .collect();
        if let Json::Object(event) = &mut event {
            if !changed.is_empty() {
                event.insert("nodes".into(), Json::Object(changed));
            }
            event.insert("text".into(), row.time.to_string().into());
        }
        before.clone_from(&view.nodes);
        events.push(event);
    }
    let diagram = super::svg::export(session, range.clone())?;
    let report = session.report();
    let failure = report.violation.as_ref().map(|failure| {
        let facts: Vec<String> =
            failure.facts.iter().map(|fact| format!("<li>{}</li>", escaped(fact))).collect();
        let picture =
            failure.picture.as_deref().map(|text| format!("<pre>{}</pre>", escaped(text)));
        format!(
            "<h2>Broken: {}</h2><ul>{}</ul>{}",
            escaped(&failure.title()),
            facts.concat(),
            picture.unwrap_or_default()
        )
    });
    let data = json!({"first": first, "events": events});
    // Inside of a script, `</` would end it.
    let data = data.to_string().replace("</", "<\\/");
    let bugs = match header.bugs.as_slice() {
        [] => String::new(),
        bugs => format!(", with bug {}", bugs.join(" and ")),
    };
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{name} seed {seed}</title><style>{STYLE}</style></head>\n<body>\n\
         <header><h1>{title}</h1><p>{name}, seed {seed}{bugs}: <b class=\"{verdict}\">{verdict}</b>. Repeat it: <code>orrery tui {token}</code></p></header>\n\
         <div id=\"diagram\">{diagram}</div>\n\
         <div id=\"bar\"><button id=\"back\" aria-label=\"previous event\">&#9664;</button><input id=\"scrubber\" type=\"range\" min=\"0\" max=\"{last}\" value=\"{last}\" aria-label=\"event\"><button id=\"on\" aria-label=\"next event\">&#9654;</button><output id=\"where\"></output></div>\n\
         <main><section id=\"event\" aria-live=\"polite\"></section><section id=\"nodes\"></section></main>\n\
         <footer>{failure}</footer>\n\
         <script type=\"application/json\" id=\"run\">{data}</script>\n<script>{SCRIPT}</script>\n</body></html>\n",
        name = escaped(&header.scenario),
        seed = header.seed,
        title = escaped(&header.title),
        bugs = escaped(&bugs),
        verdict = report.verdict.word(),
        token = escaped(&header.token),
        last = range.end() + 1 - range.start(),
        failure = failure.unwrap_or_default(),
    ))
}

/// What a page shows of a node.
fn state(node: &NodeView) -> Json {
    let being = match (node.is_up, node.is_paused) {
        (false, _) => "down",
        (true, true) => "paused",
        (true, false) => node.role.as_str(),
    };
    let timers = node.timers.iter().map(|(name, due)| match due {
        Some(due) => format!("{name} at {due}"),
        None => format!("{name}, waiting"),
    });
    let timers: Vec<String> = timers.collect();
    json!({
        "being": being,
        "epoch": node.epoch,
        "state": node.state.to_string(),
        "timers": timers,
        "journal": node.journal,
        "older": node.older_records,
        "unsynced": node.unsynced,
    })
}
