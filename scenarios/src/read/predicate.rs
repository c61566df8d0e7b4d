//! Predicates inside the file, with errors at their own columns.

use orrery_sim::Predicate;
use orrery_sim::predicate::Who;

use crate::error::Problems;
use crate::tree::Tree;

use super::Surroundings;
use super::fields::{is_in_run, text};

/// A predicate that names only what the scenario has.
pub(super) fn predicate(
    tree: &Tree,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Option<Predicate> {
    let written = text(tree, problems)?;
    let predicate = match Predicate::parse(written) {
        Ok(predicate) => predicate,
        Err(error) => {
            let mut problem = tree.problem_in(&error.span, error.message);
            problem.help = error.help;
            problems.push(problem);
            return None;
        }
    };
    for name in predicate.names() {
        let problem = |message| tree.problem_in(&name.span, message);
        match &name.who {
            Who::Node(node) => {
                is_in_run(*node, around.nodes, problems, problem);
            }
            Who::Client(client) if around.clients < client.0 => {
                let help =
                    format!("the scenario has {} clients: raise `clients.count`", around.clients);
                problems.push(problem(format!("there is no {client}")).help(help));
            }
            Who::ItemNode(item) => {
                around.check_item_node(item, problems, problem);
            }
            Who::Client(_) | Who::Role(_) => {}
        }
    }
    Some(predicate)
}
