//! Actions of plan items.

use serde_json::Value as Json;

use orrery_sim::plan::{
    Action, Behaviour, Cut, DiskFault, Flapping, LinkFault, MessageFilter, Target,
};

use super::{
    burst, drift, duration, json, law, list, probability, quoted, signed_duration, span, table,
    time,
};

/// A node, a role, or the node of an item, without quotes.
pub(crate) fn target(target: &Target) -> String {
    match target {
        Target::Node(id) => id.to_string(),
        Target::Role(role) => role.clone(),
        Target::Item(item) => format!("{item}.node"),
    }
}

fn node(node: &Target) -> String {
    quoted(&target(node))
}

fn targets(targets: &[Target]) -> String {
    list(targets.iter().map(node))
}

/// The key and the value of an action in its item.
pub(crate) fn action(action: &Action<Json>) -> (&'static str, String) {
    let value = match action {
        Action::Crash { node: whose, after_effects: Some(effects) } => {
            table(&[("node", node(whose)), ("after_effects", effects.to_string())])
        }
        Action::Crash { node: whose, after_effects: None }
        | Action::Restart(whose)
        | Action::Wipe(whose)
        | Action::Pause(whose)
        | Action::Resume(whose) => node(whose),
        Action::Slow { node: whose, service } => {
            table(&[("node", node(whose)), ("service", law(service))])
        }
        Action::Byzantine { node: whose, behaviour } => {
            table(&[("node", node(whose)), ("behaviour", quoted(word(*behaviour)))])
        }
        Action::Cut(shape) | Action::Clog(shape) => cut(shape),
        Action::Flap(Flapping { cut: shape, on, off, until }) => table(&[
            ("cut", cut(shape)),
            ("on", span(*on)),
            ("off", span(*off)),
            ("until", time(*until)),
        ]),
        Action::Disturb(disturbance) => {
            let mut entries = filter(&disturbance.filter);
            entries.push(link_fault(&disturbance.fault));
            table(&entries)
        }
        Action::Heal(name) | Action::Release(name) => quoted(name.as_deref().unwrap_or("all")),
        Action::Calm => String::from("true"),
        Action::Hold(kept) => table(&filter(kept)),
        Action::Drop(message) | Action::Duplicate(message) | Action::Deliver(message) => {
            quoted(&message.to_string())
        }
        Action::Delay { message, by } => {
            table(&[("message", quoted(&message.to_string())), ("by", duration(*by))])
        }
        Action::Fire { node: whose, timer } => {
            table(&[("node", node(whose)), ("timer", quoted(timer))])
        }
        Action::Request { client, operation, to } => {
            let mut entries =
                vec![("client", quoted(&client.to_string())), ("operation", json(operation))];
            entries.extend(to.iter().map(|to| ("to", node(to))));
            table(&entries)
        }
        Action::ClockRate { node: whose, ppb } => {
            table(&[("node", node(whose)), ("drift", drift(*ppb))])
        }
        Action::ClockJump { node: whose, by } => {
            return ("clock", table(&[("node", node(whose)), ("jump", signed_duration(*by))]));
        }
        Action::Disk { node: whose, fault: DiskFault::Mend } => return ("mend", node(whose)),
        Action::Disk { node: whose, fault } => disk(whose, *fault),
        Action::Reseed(seed) => seed.to_string(),
    };
    (action.word(), value)
}

const fn word(behaviour: Behaviour) -> &'static str {
    match behaviour {
        Behaviour::Honest => "honest",
        Behaviour::Equivocate => "equivocate",
        Behaviour::Withhold => "withhold",
        Behaviour::Replay => "replay",
    }
}

fn cut(cut: &Cut) -> String {
    match cut {
        Cut::Groups(groups) => {
            table(&[("groups", list(groups.iter().map(|group| targets(group))))])
        }
        Cut::OneWay(from, to) => table(&[("from", targets(from)), ("to", targets(to))]),
        Cut::Isolate(whom) => table(&[("isolate", node(whom))]),
        Cut::Between(one, other) => table(&[("between", list([targets(one), targets(other)]))]),
        Cut::Halves => quoted("halves"),
        Cut::Minority => quoted("minority"),
        Cut::Bridge(whom) => table(&[("bridge", node(whom))]),
        Cut::Ring => quoted("ring"),
    }
}

fn filter(filter: &MessageFilter) -> Vec<(&'static str, String)> {
    let ends = [("from", &filter.from), ("to", &filter.to)];
    let words =
        [("kind", &filter.kind), ("from_role", &filter.from_role), ("to_role", &filter.to_role)];
    let ends = ends.into_iter().filter_map(|(key, end)| Some((key, node(end.as_ref()?))));
    let words = words.into_iter().filter_map(|(key, word)| Some((key, quoted(word.as_ref()?))));
    ends.chain(words).collect()
}

fn link_fault(fault: &LinkFault) -> (&'static str, String) {
    match fault {
        LinkFault::Loss(share) => ("loss", probability(*share)),
        LinkFault::Burst(bursts) => ("burst", burst(*bursts)),
        LinkFault::Corruption(share) => ("corruption", probability(*share)),
        LinkFault::Duplication(share) => ("duplicate", probability(*share)),
        LinkFault::Delay(extra) => ("delay", law(extra)),
    }
}

fn disk(whose: &Target, fault: DiskFault) -> String {
    let (word, record) = match fault {
        DiskFault::Stall => ("stall", None),
        DiskFault::Full => ("full", None),
        DiskFault::Error => ("error", None),
        DiskFault::Lie => ("lie", None),
        DiskFault::Corrupt(record) => ("corrupt", record),
        DiskFault::Misdirect(record) => ("misdirect", record),
        DiskFault::Mend => ("mend", None),
    };
    let mut entries = vec![("node", node(whose)), ("fault", quoted(word))];
    entries.extend(record.map(|record| ("record", record.to_string())));
    table(&entries)
}
