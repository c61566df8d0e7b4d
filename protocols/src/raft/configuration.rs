//! Configurations: which servers decide, and which only listen (dissertation, chapter 4).

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use orrery_sim::NodeId;

use crate::quorum::{majority, reached_by};

/// A set of servers that takes part. An entry of the log like any other, but a server uses the latest one in its log as
/// soon as it is there, committed or not (§6; dissertation, §4.1).
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct Configuration {
    /// Those who vote, stand for election and count towards commitment.
    voters: BTreeSet<NodeId>,
    /// In a joint configuration, the voters of the old one: a decision needs a majority of them too (§6; dissertation,
    /// §4.3).
    old_voters: Option<BTreeSet<NodeId>>,
    /// Those who get the log and have no say (dissertation, §4.2.1).
    learners: BTreeSet<NodeId>,
}

impl Configuration {
    /// These voters alone.
    pub fn of(voters: impl IntoIterator<Item = NodeId>) -> Self {
        Self { voters: voters.into_iter().collect(), ..Self::default() }
    }

    /// Whether nobody votes in it: that of a server which was never told of any.
    pub fn is_empty(&self) -> bool {
        self.voters.is_empty()
    }

    /// Whether it is the joint one of a change that is under way.
    pub const fn is_joint(&self) -> bool {
        self.old_voters.is_some()
    }

    /// Those who vote, stand for election and count towards commitment; in a joint configuration, the new ones.
    pub const fn voters(&self) -> &BTreeSet<NodeId> {
        &self.voters
    }

    /// Those who only listen.
    pub const fn learners(&self) -> &BTreeSet<NodeId> {
        &self.learners
    }

    /// Whether `id` has a say.
    pub fn is_voter(&self, id: NodeId) -> bool {
        self.majorities().any(|voters| voters.contains(&id))
    }

    /// Everybody who gets the log.
    pub fn members(&self) -> BTreeSet<NodeId> {
        self.majorities().flatten().chain(&self.learners).copied().collect()
    }

    /// The sets of which a decision needs a majority each.
    fn majorities(&self) -> impl Iterator<Item = &BTreeSet<NodeId>> {
        [&self.voters].into_iter().chain(&self.old_voters)
    }

    /// Whether those who `has` names can decide: a majority of the voters, and in a joint configuration of the old ones too.
    pub fn is_quorum(&self, has: impl Fn(NodeId) -> bool) -> bool {
        self.majorities().all(|voters| {
            let count = voters.iter().filter(|id| has(**id)).count();
            majority(voters.len() as u32) as usize <= count
        })
    }

    /// The highest value that a quorum has reached, where `value` gives each server's.
    pub fn reached_by<T: Ord + Copy>(&self, value: impl Fn(NodeId) -> Option<T>) -> Option<T> {
        let reached = self.majorities().map(|voters| {
            reached_by(majority(voters.len() as u32), voters.iter().filter_map(|id| value(*id)))
        });
        // `None` is below any value: a part without a majority holds all up.
        reached.min().flatten()
    }

    /// With one voter more, who is no learner any more.
    #[must_use]
    pub fn with_voter(mut self, server: NodeId) -> Self {
        self.learners.remove(&server);
        self.voters.insert(server);
        self
    }

    /// With one learner more.
    #[must_use]
    pub fn with_learner(mut self, server: NodeId) -> Self {
        self.learners.insert(server);
        self
    }

    /// Without `server`.
    #[must_use]
    pub fn without(mut self, server: NodeId) -> Self {
        self.voters.remove(&server);
        self.learners.remove(&server);
        self
    }

    /// The joint configuration on the way to one with these voters.
    #[must_use]
    pub fn towards(self, voters: BTreeSet<NodeId>) -> Self {
        let learners = self.learners.difference(&voters).copied().collect();
        Self { voters, old_voters: Some(self.voters), learners }
    }

    /// What a joint configuration leads to.
    #[must_use]
    pub fn left(self) -> Self {
        Self { old_voters: None, ..self }
    }

    /// Whether every quorum of this configuration shares a server with every quorum of `other`: only then can the two be
    /// in use at the same time without two leaders, or two commitments, that know nothing of each other.
    pub fn meets(&self, other: &Self) -> bool {
        let servers: Vec<NodeId> = self.voting().union(&other.voting()).copied().collect();
        // The servers of one quorum, and all others: is there a quorum among them?
        let mut sides = (0..1_u64 << servers.len().min(Self::MANY)).map(|side| {
            move |id: NodeId, servers: &[NodeId]| {
                let place = servers.iter().position(|server| *server == id);
                place.is_some_and(|place| side >> place & 1 == 1)
            }
        });
        sides.all(|is_in| {
            !self.is_quorum(|id| is_in(id, &servers)) || !other.is_quorum(|id| !is_in(id, &servers))
        })
    }

    /// More servers than these are not looked at one by one.
    const MANY: usize = 12;

    fn voting(&self) -> BTreeSet<NodeId> {
        self.majorities().flatten().copied().collect()
    }
}

impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(old) = &self.old_voters {
            write!(f, "{old:?} and ")?;
        }
        write!(f, "{:?}", self.voters)?;
        if !self.learners.is_empty() {
            write!(f, " with learners {:?}", self.learners)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: &[u32]) -> Configuration {
        Configuration::of(ids.iter().map(|id| NodeId(*id)))
    }

    fn joint(old: &[u32], new: &[u32]) -> Configuration {
        of(old).towards(new.iter().map(|id| NodeId(*id)).collect())
    }

    #[test]
    fn configurations_that_differ_by_one_server_meet_and_those_that_differ_by_two_may_not() {
        assert!(of(&[1, 2, 3, 4]).meets(&of(&[1, 2, 3, 4, 5])));
        assert!(of(&[1, 2, 3, 4]).meets(&of(&[1, 2, 3])));
        assert!(!of(&[1, 2, 3, 4, 5]).meets(&of(&[2, 3, 4])));
        assert!(!of(&[1, 2, 3]).meets(&of(&[1, 4, 5])));
    }

    #[test]
    fn a_joint_configuration_meets_both_ends() {
        let (old, new) = (of(&[1, 2, 3]), of(&[3, 4, 5]));
        let between = joint(&[1, 2, 3], &[3, 4, 5]);
        assert!(between.meets(&old) && between.meets(&new) && between.meets(&between));
        assert!(!old.meets(&new));
        assert_eq!(between.left(), new);
    }

    #[test]
    fn a_joint_decision_needs_both_majorities() {
        let between = joint(&[1, 2, 3], &[3, 4, 5]);
        let has = |ids: &'static [u32]| move |id: NodeId| ids.contains(&id.0);
        assert!(between.is_quorum(has(&[1, 3, 4])));
        assert!(!between.is_quorum(has(&[3, 4, 5])));
        assert!(!between.is_quorum(has(&[1, 2, 3])));
        let value = |id: NodeId| Some(if id.0 <= 3 { 7 } else { 4 });
        assert_eq!(between.reached_by(value), Some(4));
        assert_eq!(between.reached_by(|id| (id.0 <= 3).then_some(7)), None);
    }

    #[test]
    fn learners_have_no_say() {
        let with_learner = of(&[1, 2, 3]).with_learner(NodeId(4));
        assert!(!with_learner.is_quorum(|id| id.0 == 1 || id.0 == 4));
        assert!(with_learner.members().contains(&NodeId(4)) && !with_learner.is_voter(NodeId(4)));
        let grown = with_learner.with_voter(NodeId(4));
        assert!(grown.is_voter(NodeId(4)) && grown.learners().is_empty());
        assert_eq!(grown.without(NodeId(4)), of(&[1, 2, 3]));
    }
}
