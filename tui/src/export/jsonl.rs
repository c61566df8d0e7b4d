//! JSON Lines: one object a line, for scripts. The first line is of the run, the last one of what it came to.

use std::ops::RangeInclusive;

use orrery_harness::session::{ArrivalFate, Row, RowKind, Session};
use serde_json::{Map, Value as Json, json};

pub(super) fn export(session: &dyn Session, range: RangeInclusive<u64>) -> String {
    let header = session.header();
    let mut lines = vec![json!({
        "scenario": header.scenario,
        "title": header.title,
        "protocol": header.protocol,
        "seed": header.seed,
        "nodes": header.nodes,
        "clients": header.clients,
        "bugs": header.bugs,
        "interventions": header.interventions,
        "token": header.token,
        "from": range.start(),
        "to": range.end(),
    })];
    lines.extend(super::rows(session, range).map(|row| event(&row)));
    let report = session.report();
    let mut end = Map::new();
    end.insert("verdict".into(), report.verdict.word().into());
    end.insert("digest".into(), report.digest.as_str().into());
    end.insert("events".into(), report.events.into());
    if let Some(failure) = &report.violation {
        end.insert("violation".into(), json!(failure));
    }
    lines.push(Json::Object(end));
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

/// One event. What there is nothing of is left out.
pub(super) fn event(row: &Row) -> Json {
    let mut event = Map::new();
    event.insert("event".into(), row.number.into());
    event.insert("time_ns".into(), row.time.as_nanos().into());
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            event.insert(name.into(), value);
        }
    };
    let all = |texts: &[String]| (!texts.is_empty()).then(|| json!(texts));
    put("node", row.node.map(|node| node.to_string().into()));
    put("kind", Some(kind(&row.kind).into()));
    put("title", Some(row.title.as_str().into()));
    put("cause", row.cause.map(Json::from));
    if let RowKind::Arrive { message, sent_at, fate, is_copy } = &row.kind {
        put("message", Some(message.to_string().into()));
        put("sent_at", Some((*sent_at).into()));
        put("fate", Some(self::fate(*fate).into()));
        put("copy", is_copy.then(|| true.into()));
    }
    if let RowKind::Ask { client, .. } | RowKind::GiveUp { client } = &row.kind {
        put("client", Some(client.to_string().into()));
    }
    put("payload", row.payload.as_deref().map(Json::from));
    put("effects", all(&row.effects));
    let sent = row.sent.iter().map(|sent| {
        json!({
            "message": sent.message.to_string(),
            "kind": sent.kind,
            "arrives_ns": sent.arrives.map(orrery_sim::SimTime::as_nanos),
            "lost": sent.is_lost,
        })
    });
    let sent: Vec<Json> = sent.collect();
    put("sent", (!sent.is_empty()).then_some(Json::Array(sent)));
    put("notes", all(&row.notes));
    put("role", row.new_role.as_deref().map(Json::from));
    put("narration", all(&row.narration));
    put("violation", row.violation.as_deref().map(Json::from));
    Json::Object(event)
}

const fn kind(kind: &RowKind) -> &'static str {
    match kind {
        RowKind::Start => "start",
        RowKind::Arrive { .. } => "arrive",
        RowKind::Timer => "timer",
        RowKind::Synced => "synced",
        RowKind::Ask { .. } => "ask",
        RowKind::GiveUp { .. } => "give-up",
        RowKind::Fault { .. } => "fault",
        RowKind::Panic => "panic",
    }
}

const fn fate(fate: ArrivalFate) -> &'static str {
    match fate {
        ArrivalFate::Handled => "handled",
        ArrivalFate::Waits => "waits",
        ArrivalFate::Down => "down",
        ArrivalFate::CutOff => "cut-off",
        ArrivalFate::Clogged => "clogged",
        ArrivalFate::Damaged => "damaged",
    }
}
