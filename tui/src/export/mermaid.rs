//! A Mermaid sequence diagram: messages as arrows, in the order of their arrival; those that do not get through end in a cross.

use std::ops::RangeInclusive;

use orrery_harness::session::{ArrivalFate, Row, RowKind, Session};

pub(super) fn export(session: &dyn Session, range: RangeInclusive<u64>) -> String {
    let header = session.header();
    let mut lines = vec![
        format!(
            "%% {} seed {}, events {} to {}",
            header.scenario,
            header.seed,
            range.start(),
            range.end()
        ),
        String::from("sequenceDiagram"),
    ];
    lines.extend((1..=header.nodes).map(|node| format!("    participant n{node}")));
    lines.extend((1..=header.clients).map(|client| format!("    actor c{client}")));
    let all = match header.nodes {
        1 => String::from("n1"),
        nodes => format!("n1,n{nodes}"),
    };
    for row in super::rows(session, range) {
        event(&row, &all, &mut lines);
    }
    lines.push(String::new());
    lines.join("\n")
}

fn event(row: &Row, all: &str, lines: &mut Vec<String>) {
    let place = row.node.map_or_else(|| all.to_owned(), |node| node.to_string());
    let mut say = |place: &str, text: &str| {
        lines.push(format!("    Note over {place}: {}", plain(text, 80)));
    };
    for told in &row.narration {
        say(all, told);
    }
    match &row.kind {
        RowKind::Arrive { message, fate, .. } => {
            let arrow = match fate {
                ArrivalFate::Handled | ArrivalFate::Waits => "->>",
                ArrivalFate::Down
                | ArrivalFate::CutOff
                | ArrivalFate::Clogged
                | ArrivalFate::Damaged => "-x",
            };
            let (from, to) = (message.from, message.to);
            lines.push(format!("    {from}{arrow}{to}: {}", plain(&row.title, 60)));
        }
        RowKind::Ask { client, .. } => {
            let asked = row.payload.as_deref().unwrap_or(&row.title);
            let to = row.node.map_or_else(|| client.to_string(), |node| node.to_string());
            lines.push(format!("    {client}->>{to}: {}", plain(asked, 60)));
        }
        RowKind::GiveUp { client } => say(&client.to_string(), "gives up"),
        RowKind::Fault { .. } => say(&place, &row.title),
        RowKind::Panic => say(&place, "panic"),
        RowKind::Start | RowKind::Timer | RowKind::Synced => {}
    }
    let mut say = |place: &str, text: &str| {
        lines.push(format!("    Note over {place}: {}", plain(text, 80)));
    };
    if let Some(role) = &row.new_role {
        say(&place, &format!("now {role}"));
    }
    if let Some(rule) = &row.violation {
        say(all, &format!("{rule} is broken"));
    }
    for lost in row.sent.iter().filter(|sent| sent.is_lost) {
        let (from, to, kind) = (lost.message.from, lost.message.to, plain(&lost.kind, 60));
        lines.push(format!("    {from}-x{to}: {kind} (lost)"));
    }
}

/// A text that Mermaid reads as one: `#` and `;` begin entities and statements there.
fn plain(text: &str, most: usize) -> String {
    let text = super::cut(text, most);
    text.replace('#', "No. ").replace([';', '\n', '\r'], ",")
}
