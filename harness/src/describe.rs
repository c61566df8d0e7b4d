//! Events in words: from typed steps to the rows that people and files see.

use std::sync::Arc;

use orrery_sim::context::{Effect, Ending};
use orrery_sim::journal::{Change, Journal};
use orrery_sim::plan::{Action, Item, Target};
use orrery_sim::predicate::{EventFacts, Occurrences};
use orrery_sim::step::{Arrival, Deed, Event, Outcome, Passage};
use orrery_sim::world::{DiskCondition, facts};
use orrery_sim::{Kind, Node, NodeId, Protocol, SimTime, Value, World};

use crate::case::Narration;
use crate::marks::{FaultWord, Mark, MarkKind};
use crate::session::{ArrivalFate, Row, RowKind, SentRow};

/// Turns the events of one run into rows and marks. It must see each event once, in order, by [`Describer::look`].
#[derive(Clone)]
pub struct Describer {
    /// The last known role of each node.
    roles: Vec<&'static str>,
    narration: Arc<[Narration]>,
    /// How often each sentence's predicate has matched.
    occurrences: Vec<Occurrences>,
}

/// What is to be told about an event beside the event itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The node's role after the event, where it changed.
    pub new_role: Option<&'static str>,
    /// What the scenario tells about it.
    pub narration: Vec<String>,
}

impl Describer {
    /// For a run of `nodes` nodes that tells this.
    pub fn new(nodes: u32, narration: &[Narration]) -> Self {
        Self {
            roles: vec![""; nodes as usize],
            occurrences: vec![Occurrences::default(); narration.len()],
            narration: narration.into(),
        }
    }

    /// Looks at the last event of `world`: what is to be told about it.
    pub fn look<N: Node>(&mut self, world: &World<N>) -> Told {
        Told { new_role: self.role_change(world), narration: self.narrate(world) }
    }

    /// The last event of `world`, which must be tracing, in words.
    pub fn row<N: Node>(&mut self, world: &World<N>) -> Row {
        let told = self.look(world);
        row(world, told)
    }

    fn role_change<N: Node>(&mut self, world: &World<N>) -> Option<&'static str> {
        let node = world.last().handled_by?;
        let role = world.node(node).map_or("", Node::role);
        let before = std::mem::replace(&mut self.roles[node.index()], role);
        (before != role && !role.is_empty()).then_some(role)
    }

    fn narrate<N: Node>(&mut self, world: &World<N>) -> Vec<String> {
        let mut told = Vec::new();
        for (narration, occurrences) in self.narration.iter().zip(&mut self.occurrences) {
            if narration.when.event.is_none() {
                if occurrences.after_event(&narration.when, world) {
                    told.push(fill(&narration.say, None));
                }
                continue;
            }
            facts(world, &mut |fact: &EventFacts<'_>| {
                if occurrences.after_fact(&narration.when, fact, world) {
                    told.push(fill(&narration.say, Some(fact)));
                }
            });
        }
        told
    }
}

/// The last event of `world`, which must be tracing, in words, with what is told about it.
pub fn row<N: Node>(world: &World<N>, told: Told) -> Row {
    let step = world.last();
    let mut row = Row {
        number: step.number,
        time: step.time,
        cause: step.cause.filter(|cause| 0 < *cause),
        node: step.event.node(),
        kind: RowKind::Start,
        title: String::new(),
        payload: None,
        effects: step.outcomes.iter().map(outcome).collect(),
        sent: step.outcomes.iter().filter_map(sent).collect(),
        notes: step.notes.iter().map(|note| Value::of(note).to_string()).collect(),
        new_role: told.new_role.map(String::from),
        narration: told.narration,
        violation: None,
    };
    event(&step.event, step.cause, &mut row);
    row
}

/// The mark of the last event of `world`, which must be tracing, with what is told about it.
pub fn mark<N: Node>(world: &World<N>, told: &Told) -> Mark {
    let step = world.last();
    let kind = match &step.event {
        Event::Start { .. } => MarkKind::Start,
        Event::Arrive { arrival, .. } => MarkKind::Arrive(fate(*arrival)),
        Event::Timer { .. } => MarkKind::Timer,
        Event::Synced { .. } => MarkKind::Synced,
        Event::SyncFailed { .. } => MarkKind::Fault(FaultWord::of("sync")),
        Event::Ask { .. } => MarkKind::Ask,
        Event::GiveUp { .. } => MarkKind::GiveUp,
        Event::Deed(deed) => MarkKind::Fault(FaultWord::of(word(deed))),
    };
    let is_lost = |outcome: &Outcome<N::Protocol>| matches!(outcome, Outcome::Sent { passage, .. } if passage.is_lost());
    Mark::new(step.time, step.cause, step.event.node(), kind)
        .with_new_role(told.new_role)
        .with_narration(!told.narration.is_empty())
        .with_loss(step.outcomes.iter().any(is_lost))
}

/// Puts the fields of what happened into the braces of a sentence.
fn fill(sentence: &str, fact: Option<&EventFacts<'_>>) -> String {
    let mut filled = String::new();
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        match fact.and_then(|fact| field(fact, name)) {
            Some(value) => filled.push_str(&value),
            None => filled.extend(["{", name, "}"]),
        }
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

fn field(fact: &EventFacts<'_>, name: &str) -> Option<String> {
    let node = |id: Option<NodeId>| id.map(|id| id.to_string());
    match name {
        "node" => node(fact.node),
        "from" => node(fact.from),
        "to" => node(fact.to),
        "client" => fact.client.map(|client| client.to_string()),
        "name" => Some(fact.name.to_string()),
        _ => {
            let payload = fact.payload.map(|payload| payload())?;
            if name == "payload" {
                return Some(payload.to_string());
            }
            let mut value = &payload;
            for step in name.split('.') {
                value = value.field(step)?;
            }
            Some(value.to_string())
        }
    }
}

/// What happened: the row's kind, title and payload.
fn event<P: Protocol>(event: &Event<P>, cause: Option<u64>, row: &mut Row) {
    match event {
        Event::Start { .. } => {
            row.kind = RowKind::Start;
            row.title = String::from("start");
        }
        Event::Arrive { message, kind, is_copy, arrival, payload } => {
            let (sent_at, fate) = (cause.unwrap_or(0), fate(*arrival));
            row.kind = RowKind::Arrive { message: *message, sent_at, fate, is_copy: *is_copy };
            row.title = kind.name.to_string();
            row.payload = payload.as_ref().map(|payload| Value::of(payload).to_string());
        }
        Event::Timer { timer, is_waiting, .. } => {
            row.kind = RowKind::Timer;
            let waits = if *is_waiting { " (waits)" } else { "" };
            row.title = format!("timer {}{waits}", Value::of(timer));
        }
        Event::Synced { is_waiting, .. } => {
            row.kind = RowKind::Synced;
            row.title = String::from(if *is_waiting { "synced (waits)" } else { "synced" });
        }
        Event::SyncFailed { error, is_waiting, .. } => {
            row.kind = RowKind::Fault { word: "sync", pairs: vec![] };
            let waits = if *is_waiting { ", waits" } else { "" };
            row.title = format!("sync failed ({error}{waits})");
        }
        Event::Ask { operation, attempt, arrival, payload, .. } => {
            row.kind = RowKind::Ask { client: operation.client, attempt: *attempt };
            let asked = payload.as_ref().map(|payload| Value::of(payload).to_string());
            let asked = asked.unwrap_or_default();
            let lost = match arrival {
                Arrival::Handled => "",
                Arrival::Waits => " (waits)",
                Arrival::Down | Arrival::CutOff | Arrival::Clogged | Arrival::Damaged => {
                    " (nobody there)"
                }
            };
            let again = if 1 < *attempt { " again" } else { "" };
            row.title = format!("{operation}{again} {asked}{lost}");
            row.payload = Some(asked);
        }
        Event::GiveUp { operation } => {
            row.kind = RowKind::GiveUp { client: operation.client };
            row.title = format!("{operation} given up");
        }
        Event::Deed(deed) => {
            row.kind = RowKind::Fault { word: word(deed), pairs: deed.pairs.clone() };
            row.title = deed_title(deed);
        }
    }
}

/// The word of a deed. A node that does not come back is no restart to whoever reads the rows.
fn word(deed: &Deed) -> &'static str {
    if deed.word == "restart" && !deed.changed { "refused" } else { deed.word }
}

const fn fate(arrival: Arrival) -> ArrivalFate {
    match arrival {
        Arrival::Handled => ArrivalFate::Handled,
        Arrival::Waits => ArrivalFate::Waits,
        Arrival::Down => ArrivalFate::Down,
        Arrival::CutOff => ArrivalFate::CutOff,
        Arrival::Clogged => ArrivalFate::Clogged,
        Arrival::Damaged => ArrivalFate::Damaged,
    }
}

/// What a person did, in a few words: `crash n2 (behind event 17)`.
pub fn intervention<O>(item: &Item<O>) -> String {
    let action = &item.action;
    let mut parts = vec![action.word().to_string()];
    parts.extend(action.message().map(|message| message.to_string()));
    parts.extend(action.targets().into_iter().map(target));
    parts.extend(action.ended_item().map(String::from));
    parts.extend(match action {
        Action::Delay { by, .. } => Some(format!("by {by}")),
        Action::Fire { timer, .. } => Some(timer.clone()),
        Action::Request { client, .. } => Some(client.to_string()),
        Action::Reseed(seed) => Some(seed.to_string()),
        _ => None,
    });
    parts.extend(item.behind().map(|event| format!("(behind event {event})")));
    parts.join(" ")
}

fn target(target: &Target) -> String {
    match target {
        Target::Node(node) => node.to_string(),
        Target::Role(role) => role.clone(),
        Target::Item(name) => format!("the node of {name}"),
    }
}

fn deed_title(deed: &Deed) -> String {
    let mut parts = vec![String::from(deed.word)];
    match (deed.message, deed.node) {
        (Some(message), _) => parts.push(message.to_string()),
        (None, Some(node)) => parts.push(node.to_string()),
        (None, None) => {}
    }
    parts.extend(deed.client.map(|client| client.to_string()));
    if deed.node.is_none() && !deed.pairs.is_empty() {
        parts.push(pairs(&deed.pairs));
    }
    if !deed.detail.is_empty() {
        parts.push(format!("({})", deed.detail));
    } else if !deed.changed {
        parts.push(String::from("(changed nothing)"));
    }
    parts.join(" ")
}

/// Directed links in few words: `n1 n2 | n3 n4` where both ways are closed between two groups.
fn pairs(pairs: &[(NodeId, NodeId)]) -> String {
    let mut left: Vec<NodeId> = pairs.iter().map(|(from, _)| *from).collect();
    left.dedup();
    let of = |from: NodeId| -> Vec<NodeId> {
        pairs.iter().filter(|(own, _)| *own == from).map(|(_, to)| *to).collect()
    };
    let is_both_ways = pairs.iter().all(|(from, to)| pairs.contains(&(*to, *from)));
    let names =
        |nodes: &[NodeId]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    if let (true, Some(first)) = (is_both_ways, left.first()) {
        let other = of(*first);
        let own: Vec<NodeId> = left.iter().copied().filter(|id| !other.contains(id)).collect();
        if own.iter().all(|id| of(*id) == other) {
            return format!("{} | {}", names(&own), names(&other));
        }
    }
    let one = |from: &NodeId| format!("{from}>{}", names(&of(*from)).replace(' ', ","));
    left.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn sent<P: Protocol>(outcome: &Outcome<P>) -> Option<SentRow> {
    let Outcome::Sent { message, kind, passage, .. } = outcome else { return None };
    let (arrives, is_lost) = (passage.arrival(), passage.is_lost());
    Some(SentRow { message: *message, kind: kind.name.to_string(), arrives, is_lost })
}

fn passage_words(passage: &Passage) -> String {
    let again = |copy: &Option<SimTime>| {
        copy.map_or(String::new(), |copy| format!(", doubled, again {copy}"))
    };
    match passage {
        Passage::Arrives { at, copy } => format!("arrives {at}{}", again(copy)),
        Passage::Damaged { at, copy } => format!("arrives damaged {at}{}", again(copy)),
        Passage::Lost => String::from("lost"),
        Passage::QueueFull => String::from("lost: no room on the link"),
        Passage::NoLink => String::from("lost: there is no such link"),
        Passage::Held => String::from("held back"),
    }
}

fn outcome<P: Protocol>(outcome: &Outcome<P>) -> String {
    match outcome {
        Outcome::Sent { message, payload, passage, .. } => {
            let passage = passage_words(passage);
            format!("send {} {} ({passage})", message.to, Value::of(payload))
        }
        Outcome::Forged { message, truth } => {
            format!("lie to {}: the truth is {}", message.to, Value::of(truth))
        }
        Outcome::Withheld { message, payload, .. } => {
            format!("withhold from {} {}", message.to, Value::of(payload))
        }
        Outcome::Replayed { first, .. } => format!("send {first} once more"),
        Outcome::TimerSet { timer, due: Some(due) } => {
            format!("timer {} due {due}", Value::of(timer))
        }
        Outcome::TimerSet { timer, due: None } => {
            format!("timer {} never due: the clock stands still", Value::of(timer))
        }
        Outcome::Done(done) => effect(done),
        Outcome::Completed { operation, ending, was_awaited } => {
            let late = if *was_awaited { "" } else { " (nobody waits for it)" };
            format!("answer {operation} {}{late}", self::ending(ending))
        }
        Outcome::Waits(waiting) => format!("wait for the disk: {}", effect(waiting)),
        Outcome::LostInCrash(lost) => format!("lost in the crash: {}", effect(lost)),
    }
}

/// An effect in one line.
pub fn effect<P: Protocol>(effect: &Effect<P>) -> String {
    match effect {
        Effect::Send { to, message } => format!("send {to} {}", Value::of(message)),
        Effect::SetTimer { timer, deadline } => {
            format!("timer {} at local {deadline:?}", Value::of(timer))
        }
        Effect::CancelTimer { timer } => format!("cancel timer {}", Value::of(timer)),
        Effect::Write(change) => self::change(change),
        Effect::Sync { in_background: false } => String::from("sync, and wait for the disk"),
        Effect::Sync { in_background: true } => String::from("sync in the background"),
        Effect::Note(note) => format!("note {}", Value::of(note)),
        Effect::Stop => String::from("stop"),
        Effect::Complete { operation, ending } => {
            format!("answer {operation} {}", self::ending(ending))
        }
    }
}

/// A change to a journal in one line.
pub fn change<R: orrery_sim::Data>(change: &Change<R>) -> String {
    match change {
        Change::Append(record) => format!("write {}", Value::of(record)),
        Change::Truncate(keep) => format!("truncate the journal to {keep} records"),
        Change::Checkpoint(records) => format!("replace the journal by {} records", records.len()),
    }
}

/// The durable records of a journal from the place `first` on, each in one line, with what is wrong with it.
pub fn journal<R: orrery_sim::Data>(journal: &Journal<R>, first: usize) -> Vec<String> {
    let written = journal.as_written();
    let places = written.range(first..written.len()).zip(journal.entries_from(first));
    let lines = places.map(|(record, entry)| match entry {
        Ok(record) => Value::of(record).to_string(),
        Err(damage) => format!("{} ({damage})", Value::of(record)),
    });
    lines.collect()
}

/// What is wrong with a disk, each in a few words.
pub fn disk(condition: DiskCondition) -> Vec<String> {
    let DiskCondition { is_stalled, room, is_failing, is_lying } = condition;
    let flags = [
        (is_stalled, "answers no sync"),
        (is_failing, "fails every sync"),
        (is_lying, "lies about syncs"),
    ];
    let told = flags.into_iter().filter(|(is_on, _)| *is_on).map(|(_, what)| what.to_string());
    let full = room.map(|room| format!("is full with {room} records"));
    told.chain(full).collect()
}

fn ending<O: orrery_sim::Data>(ending: &Ending<O>) -> String {
    match ending {
        Ending::Ok(output) => Value::of(output).to_string(),
        Ending::Fail => String::from("fail"),
        Ending::Unknown => String::from("unknown"),
        Ending::Elsewhere(Some(node)) => format!("ask {node} instead"),
        Ending::Elsewhere(None) => String::from("ask another node"),
        Ending::HandedOver(Some(node)) => format!("no longer here, ask {node} instead"),
        Ending::HandedOver(None) => String::from("no longer here, ask another node"),
    }
}

/// The kind of `data`, in a word.
pub fn kind<T: serde::Serialize>(data: &T) -> String {
    Kind::of(data).name.to_string()
}
