//! The chain as the master decided it, kept outside of the nodes.

use serde::Serialize;

use orrery_sim::{NodeId, Step, World};

use crate::chain::{Chain, Epoch, MASTER, Note, Server, Station};

/// The latest chain, and the tails of all.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Ghost {
    /// From head to tail; empty before the first look.
    pub(super) chain: Vec<NodeId>,
    /// The tail of each configuration, `e1` first.
    tails: Vec<NodeId>,
}

impl Ghost {
    /// Looks at a step. Returns whether the chain changed in it.
    pub(super) fn look(&mut self, step: &Step<Chain>, world: &World<Station>) -> bool {
        if self.chain.is_empty() {
            let first = &world.config(MASTER).settings.first;
            self.chain = first.servers().collect();
            self.tails = vec![first.tail()];
        }
        let mut has_changed = false;
        for note in &step.notes {
            if let Note::Configured { number, chain, .. } = note {
                // A master that forgot a decision in a crash, before anybody was told, decides under its number again.
                self.tails.truncate(usize::try_from(number.0 - 1).unwrap_or(usize::MAX));
                self.tails.extend(chain.last());
                self.chain.clone_from(chain);
                has_changed = true;
            }
        }
        has_changed
    }

    /// The tail of that configuration.
    pub(super) fn tail(&self, number: Epoch) -> Option<NodeId> {
        self.tails.get(usize::try_from(number.0.checked_sub(1)?).ok()?).copied()
    }

    /// The pairs of neighbours that are both up and in which `id` is, or all.
    pub(super) fn pairs<'a>(
        &'a self,
        id: Option<NodeId>,
        world: &'a World<Station>,
    ) -> impl Iterator<Item = [(NodeId, &'a Server); 2]> {
        self.chain.windows(2).filter_map(move |pair| {
            let is_wanted = id.is_none_or(|id| pair.contains(&id));
            let [first, second] = [server(world, pair[0]), server(world, pair[1])];
            is_wanted.then_some([(pair[0], first?), (pair[1], second?)])
        })
    }
}

/// The server `id`, if it is up.
pub(super) fn server(world: &World<Station>, id: NodeId) -> Option<&Server> {
    world.node(id).and_then(Station::server)
}
