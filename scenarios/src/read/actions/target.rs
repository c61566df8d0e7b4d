//! Which node an action means.

use orrery_sim::NodeId;
use orrery_sim::plan::Target;

use crate::error::Problems;
use crate::tree::Tree;

use super::super::Surroundings;
use super::super::fields::{is_in_run, one_or_more, text};

/// A node id, `ITEM.node`, or the word for a role.
pub(super) fn target(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Target> {
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
        let is_there = around.check_item_node(item, problems, |message| tree.problem(message));
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

pub(super) fn targets(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Vec<Target> {
    one_or_more(tree).iter().filter_map(|tree| target(tree, around, problems)).collect()
}
