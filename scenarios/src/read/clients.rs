//! `clients`: who asks, what, how often, and how patiently.

use std::collections::BTreeMap;

use orrery_harness::case::Clients;
use orrery_harness::subject::Subject;
use orrery_sim::registration::Workload;

use crate::error::Problems;
use crate::tree::Tree;

use super::fields::{Fields, duration, list, node, time, whole};
use super::law::law;

/// Reads `clients`; `subject` judges what they ask.
pub(super) fn clients(
    tree: Option<&Tree>,
    nodes: Option<u32>,
    subject: Option<&dyn Subject>,
    problems: &mut Problems,
) -> Clients {
    let mut clients = Clients::default();
    let Some(tree) = tree else { return clients };
    let Some(mut fields) = Fields::of(tree, "`clients`", problems) else { return clients };
    let count = fields.get("count");
    if count.is_none() {
        let help = "write `count = 2`, or leave `clients` out";
        problems.push(tree.problem("`clients` does not say how many there are").help(help));
    }
    clients.count = count.and_then(|count| whole(count, 0, problems)).unwrap_or(0);
    if let Some(think) = fields.get("think").and_then(|tree| law(tree, problems)) {
        clients.think = think;
    }
    for (key, slot) in [
        ("timeout", &mut clients.timeout),
        ("patience", &mut clients.patience),
        ("retry", &mut clients.retry),
    ] {
        if let Some(value) = fields.get(key).and_then(|tree| duration(tree, problems)) {
            *slot = value;
        }
    }
    clients.workload = workload(&mut fields, tree, subject, problems);
    clients.entries = fields.get("entries").map(|tree| {
        let entries = list(tree, "`entries`", problems);
        if entries.is_empty() {
            let help = "name at least one node, or leave `entries` out to let clients ask all";
            problems.push(tree.problem("the clients have no node to ask").help(help));
        }
        entries.iter().filter_map(|tree| node(tree, nodes, problems)).collect()
    });
    if let Some(until) = fields.get("until").and_then(|tree| time(tree, problems)) {
        clients.until = until;
    }
    fields.finish(problems);
    clients
}

fn workload(
    fields: &mut Fields<'_>,
    clients: &Tree,
    subject: Option<&dyn Subject>,
    problems: &mut Problems,
) -> Option<Workload> {
    let keys = fields.get("keys");
    let mix = fields.get("mix");
    let Some(mix) = mix else {
        if let Some(keys) = keys {
            let help = "write what clients ask and how often, as in `mix = { put = 1, get = 2 }`";
            problems.push(keys.problem("`keys` without `mix` is never used").help(help));
        }
        return None;
    };
    let keys = keys.map_or(Some(1), |keys| whole(keys, 1, problems));
    let Some(table) = mix.as_table() else {
        let help =
            "write `mix = { put = 1, get = 2 }`: how often each is asked, relative to the others";
        problems.push(mix.problem(format!("`mix` is {}, not a table", mix.kind())).help(help));
        return None;
    };
    let known = problems.len();
    let mut shares = BTreeMap::new();
    for entry in &table.0 {
        if let Some(share) = whole::<u32>(&entry.value, 0, problems) {
            shares.insert(entry.key.clone(), share);
        }
    }
    if known == problems.len() && shares.values().all(|share| *share == 0) {
        let help = "give at least one operation a share, as in `mix = { put = 1 }`";
        problems.push(mix.problem("the clients have nothing to ask").help(help));
    }
    let workload = Workload { keys: keys?, mix: shares };
    if let Some(Err(message)) = subject.map(|subject| subject.check_workload(&workload)) {
        // The protocol speaks of the operation by its name: point at that, if it is there.
        let guilty = table.0.iter().find(|entry| message.contains(&format!("`{}`", entry.key)));
        let place = guilty.map_or(&clients.place, |entry| &entry.key_place);
        let (wrong, right) = message.split_once(": ").unwrap_or((&message, ""));
        let problem = crate::error::Problem::at(place, wrong);
        problems.push(if right.is_empty() { problem } else { problem.help(right) });
    }
    Some(workload)
}
