//! What happens to messages: `hold`, `disturb`, `delay` and those that name one.

use serde_json::Value as Json;

use orrery_sim::plan::{Action, Disturbance, LinkFault, MessageAddress, MessageFilter};

use crate::error::Problems;
use crate::tree::Tree;

use super::super::Surroundings;
use super::super::fields::{Fields, duration, explained, is_in_run, needed, probability, text};
use super::super::law::{burst, law};
use super::target::target;

/// Which messages are meant, out of the fields of an action.
fn filter(
    fields: &mut Fields<'_>,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> MessageFilter {
    let [from, to] = ["from", "to"].map(|key| {
        let tree = fields.get(key);
        tree.and_then(|tree| target(tree, around, problems))
    });
    let [kind, from_role, to_role] = ["kind", "from_role", "to_role"].map(|key| {
        let tree = fields.get(key);
        tree.and_then(|tree| text(tree, problems)).map(str::to_string)
    });
    MessageFilter { from, to, kind, from_role, to_role }
}

pub(super) fn hold(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<MessageFilter> {
    let mut fields = Fields::of(tree, "`hold`", problems)?;
    let filter = filter(&mut fields, around, problems);
    fields.finish(problems);
    Some(filter)
}

/// A filter and exactly one thing that goes wrong.
pub(super) fn disturb(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Disturbance> {
    const FAULTS: [&str; 5] = ["loss", "burst", "corruption", "duplicate", "delay"];
    let mut fields = Fields::of(tree, "`disturb`", problems)?;
    let filter = filter(&mut fields, around, problems);
    let written: Vec<_> = FAULTS.into_iter().filter_map(|key| fields.entry(key)).collect();
    fields.finish(problems);
    let [entry] = written.as_slice() else {
        let message = match written.len() {
            0 => String::from("this does not say what goes wrong"),
            _ => format!(
                "this has `{}` and `{}`, but an item does one thing",
                written[0].key, written[1].key
            ),
        };
        let help = "write exactly one of `loss = \"20%\"`, `burst = { .. }`, `corruption = \"1%\"`, \
            `duplicate = \"5%\"` and `delay = \"20ms\"`";
        problems.push(tree.problem(message).help(help));
        return None;
    };
    let tree = &entry.value;
    let fault = match entry.key.as_str() {
        "loss" => LinkFault::Loss(probability(tree, problems)?),
        "burst" => LinkFault::Burst(burst(tree, problems)?),
        "corruption" => LinkFault::Corruption(probability(tree, problems)?),
        "duplicate" => LinkFault::Duplication(probability(tree, problems)?),
        _ => LinkFault::Delay(law(tree, problems)?),
    };
    Some(Disturbance { filter, fault })
}

/// `{ message = "n1>n2#17", by = "50ms" }`.
pub(super) fn delay(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Action<Json>> {
    const HELP: &str = "write `delay = { message = \"n1>n2#17\", by = \"50ms\" }`";
    let mut fields = Fields::of(tree, "`delay`", problems)?;
    let address = needed(&mut fields, "message", tree, HELP, problems);
    let by = needed(&mut fields, "by", tree, HELP, problems);
    fields.finish(problems);
    let address = address.and_then(|tree| message(tree, around, problems));
    let by = by.and_then(|tree| duration(tree, problems));
    Some(Action::Delay { message: address?, by: by? })
}

/// `"n1>n2#17"`.
pub(super) fn message(
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
