//! The actions of plan items.

use serde_json::Value as Json;

use orrery_sim::NodeId;
use orrery_sim::plan::{Action, Cut, MessageAddress, MessageFilter, Target};

use crate::error::{Problem, Problems};
use crate::tree::{Entry, Tree, Value};

use super::Surroundings;
use super::fields::{Fields, client, drift, explained, is_in_run, list, one_or_more, text, whole};

/// The words of all actions, as keys of plan items.
pub(super) const WORDS: [&str; 14] = [
    "crash",
    "restart",
    "pause",
    "resume",
    "cut",
    "heal",
    "hold",
    "release",
    "drop",
    "duplicate",
    "deliver",
    "fire",
    "request",
    "clock",
];

/// Reads the action that `entry` is.
pub(super) fn action(
    entry: &Entry,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    let tree = &entry.value;
    Some(match entry.key.as_str() {
        "crash" => crash(tree, around, problems)?,
        "restart" => Action::Restart(restart(tree, around, problems)?),
        "pause" => Action::Pause(target(tree, around, problems)?),
        "resume" => Action::Resume(target(tree, around, problems)?),
        "cut" => Action::Cut(cut(tree, around, problems)?),
        "heal" => Action::Heal(ended(tree, "cut", around, problems)?.into_name()),
        "hold" => Action::Hold(hold(tree, around, problems)?),
        "release" => Action::Release(ended(tree, "hold", around, problems)?.into_name()),
        "drop" => Action::Drop(message(tree, around, problems)?),
        "duplicate" => Action::Duplicate(message(tree, around, problems)?),
        "deliver" => Action::Deliver(message(tree, around, problems)?),
        "fire" => fire(tree, around, problems)?,
        "request" => request(tree, around, problems)?,
        _ => clock(tree, around, problems)?,
    })
}

/// A node id, `ITEM.node`, or the word for a role.
fn target(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Target> {
    let written = text(tree, problems)?.trim();
    if let Ok(id) = written.parse::<NodeId>() {
        return is_in_run(id, around.nodes, problems, |message| tree.problem(message))
            .then_some(Target::Node(id));
    }
    if let Some((item, field)) = written.split_once('.') {
        if field != "node" {
            let help = format!("write `{item}.node` for the node that the item `{item}` acted on");
            problems.push(tree.problem(format!("`{written}` is no node")).help(help));
            return None;
        }
        let is_there = around.check_item(item, problems, |message| tree.problem(message));
        let word = around.items.get(item).map_or("", String::as_str);
        if is_there && matches!(word, "heal" | "release" | "drop" | "duplicate" | "deliver") {
            let message = format!("`{item}` is a `{word}`, which acts on no node");
            problems.push(
                tree.problem(message).help("name an item that acts on a node, such as a crash"),
            );
            return None;
        }
        return is_there.then(|| Target::Item(item.into()));
    }
    let is_word =
        !written.is_empty() && written.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word && around.items.contains_key(written) {
        let help = format!("write `{written}.node` for the node that the item acted on");
        problems.push(
            tree.problem(format!("`{written}` is an item of the plan, not a node")).help(help),
        );
        return None;
    }
    if !is_word {
        let help = "write a node (`n1`), a role (`leader`), or the node of an item (`crash.node`)";
        problems.push(tree.problem(format!("`{written}` is no node")).help(help));
        return None;
    }
    Some(Target::Role(written.into()))
}

fn targets(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Vec<Target> {
    one_or_more(tree).iter().filter_map(|tree| target(tree, around, problems)).collect()
}

/// The field `key` of the table `tree`, which an action needs.
fn needed<'t>(
    fields: &mut Fields<'t>,
    key: &'static str,
    tree: &Tree,
    help: &str,
    problems: &mut Problems,
) -> Option<&'t Tree> {
    let found = fields.get(key);
    if found.is_none() {
        problems.push(tree.problem(format!("`{key}` is missing here")).help(help));
    }
    found
}

fn crash(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Action<Json>> {
    if tree.as_table().is_none() {
        let node = target(tree, around, problems)?;
        return Some(Action::Crash { node, after_effects: None });
    }
    let mut fields = Fields::of(tree, "`crash`", problems)?;
    let node =
        needed(&mut fields, "node", tree, "write `{ node = \"n1\", after_effects = 1 }`", problems);
    let node = node.and_then(|tree| target(tree, around, problems));
    let effects = fields.get("after_effects");
    let after_effects = effects.and_then(|tree| whole::<u32>(tree, 0, problems));
    fields.finish(problems);
    Some(Action::Crash { node: node?, after_effects })
}

fn restart(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Target> {
    let target = target(tree, around, problems)?;
    if let Target::Role(role) = &target {
        let message = format!("no node that is down has the role `{role}`");
        let help = "name the node (`n1`) or the item that crashed it (`crash.node`)";
        problems.push(tree.problem(message).help(help));
        return None;
    }
    Some(target)
}

const CUT_HELP: &str = "write `{ isolate = \"leader\" }`, `{ groups = [[\"n1\", \"n2\"], [\"n3\"]] }`, \
    or `{ from = \"n1\", to = [\"n2\"] }` for one way only";

fn cut(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Cut> {
    if tree.as_table().is_none() {
        let message = format!("a cut is a table, not {}", tree.kind());
        problems.push(tree.problem(message).help(CUT_HELP));
        return None;
    }
    let mut fields = Fields::of(tree, "`cut`", problems)?;
    let (groups, isolate) = (fields.get("groups"), fields.get("isolate"));
    let (from, to) = (fields.get("from"), fields.get("to"));
    fields.finish(problems);
    match (groups, isolate, from, to) {
        (Some(tree), None, None, None) => cut_groups(tree, around, problems),
        (None, Some(tree), None, None) => target(tree, around, problems).map(Cut::Isolate),
        (None, None, Some(from), Some(to)) => {
            let (from, to) = (targets(from, around, problems), targets(to, around, problems));
            Some(Cut::OneWay(from, to))
        }
        _ => {
            problems.push(tree.problem("this is not exactly one kind of cut").help(CUT_HELP));
            None
        }
    }
}

fn cut_groups(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Cut> {
    let mut seen: Vec<Target> = Vec::new();
    let mut groups = Vec::new();
    for group in list(tree, "`groups`", problems) {
        let members = targets(group, around, problems);
        if let Some(twice) = members.iter().find(|member| seen.contains(member)) {
            let name = written(twice);
            let help = "each node belongs to one side of a cut";
            problems.push(group.problem(format!("`{name}` is in two groups")).help(help));
        }
        seen.extend(members.iter().cloned());
        groups.push(members);
    }
    if groups.is_empty() {
        problems.push(tree.problem("a cut without groups cuts nothing").help(CUT_HELP));
        return None;
    }
    Some(Cut::Groups(groups))
}

fn written(target: &Target) -> String {
    match target {
        Target::Node(id) => id.to_string(),
        Target::Role(role) => role.clone(),
        Target::Item(item) => format!("{item}.node"),
    }
}

/// What a `heal` or `release` ends.
enum Ended {
    All,
    Item(String),
}

impl Ended {
    fn into_name(self) -> Option<String> {
        match self {
            Self::All => None,
            Self::Item(name) => Some(name),
        }
    }
}

/// What a `heal` or `release` ends: the item of that name, which must be a `word`, or all.
fn ended(
    tree: &Tree,
    word: &str,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Ended> {
    let name = text(tree, problems)?;
    if name == "all" {
        return Some(Ended::All);
    }
    if !around.check_item(name, problems, |message| tree.problem(message)) {
        return None;
    }
    let own = around.items.get(name).map_or("", String::as_str);
    if own != word {
        let message = format!("the item `{name}` is a `{own}`, not a `{word}`");
        problems.push(
            tree.problem(message).help(format!("name an item that is a `{word}`, or write `all`")),
        );
        return None;
    }
    Some(Ended::Item(name.into()))
}

fn hold(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<MessageFilter> {
    let mut fields = Fields::of(tree, "`hold`", problems)?;
    let [from, to] = ["from", "to"].map(|key| fields.get(key));
    let kind = fields.get("kind").and_then(|tree| text(tree, problems));
    fields.finish(problems);
    let mut side = |tree: Option<&Tree>| tree.and_then(|tree| target(tree, around, problems));
    let (from, to) = (side(from), side(to));
    Some(MessageFilter { from, to, kind: kind.map(str::to_string), ..MessageFilter::default() })
}

fn message(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<MessageAddress> {
    let written = text(tree, problems)?;
    let address: MessageAddress =
        written.parse().map_err(|error: String| problems.push(explained(tree, &error))).ok()?;
    let ends = [address.from, address.to];
    let problem = |message| tree.problem(message);
    ends.into_iter().all(|id| is_in_run(id, around.nodes, problems, problem)).then_some(address)
}

fn fire(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Action<Json>> {
    const HELP: &str = "write `fire = { node = \"n1\", timer = \"Election\" }`";
    let mut fields = Fields::of(tree, "`fire`", problems)?;
    let node = needed(&mut fields, "node", tree, HELP, problems);
    let timer = needed(&mut fields, "timer", tree, HELP, problems);
    fields.finish(problems);
    let node = node.and_then(|tree| target(tree, around, problems));
    let timer = timer.and_then(|tree| text(tree, problems));
    Some(Action::Fire { node: node?, timer: timer?.into() })
}

fn request(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    const HELP: &str =
        "write `request = { client = \"c1\", operation = { Get = { key = \"x\" } } }`";
    let mut fields = Fields::of(tree, "`request`", problems)?;
    let asks = needed(&mut fields, "client", tree, HELP, problems);
    let operation = needed(&mut fields, "operation", tree, HELP, problems);
    let to = fields.get("to");
    fields.finish(problems);
    let client = asks.and_then(|tree| client(tree, around.clients, problems));
    let to = to.map(|tree| target(tree, around, problems));
    let operation = operation?;
    if !matches!(operation.value, Value::Table(_) | Value::Text(_)) {
        let message = format!("an operation is a table, not {}", operation.kind());
        problems.push(operation.problem(message).help(HELP));
        return None;
    }
    let json = operation.to_json();
    if let Some(Err(message)) = around.subject.map(|subject| subject.check_operation(&json)) {
        problems.push(explained(operation, &message));
    }
    let to = match to {
        None => None,
        Some(to) => Some(to?),
    };
    Some(Action::Request { client: client?, operation: json, to })
}

fn clock(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Action<Json>> {
    const HELP: &str = "write `clock = { node = \"n1\", drift = \"200ppm\" }`";
    let mut fields = Fields::of(tree, "`clock`", problems)?;
    let node = needed(&mut fields, "node", tree, HELP, problems);
    let rate = needed(&mut fields, "drift", tree, HELP, problems);
    fields.finish(problems);
    let node = node.and_then(|tree| target(tree, around, problems));
    let ppb = rate.and_then(|tree| drift(tree, problems));
    Some(Action::ClockRate { node: node?, ppb: ppb? })
}

/// What is wrong with a crash inside an event whose effects it must foresee.
pub(super) fn crash_inside_problem(entry: &Entry, why: &str) -> Problem {
    let help = "a crash inside an event needs `when` with an event that a node handles: \
        `deliver`, `timer`, `start`, `invoke` or `sync`";
    entry.value.problem(format!("`after_effects` {why}")).help(help)
}
