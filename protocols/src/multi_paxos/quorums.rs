//! Which sets of acceptors are quorums. All that Paxos needs is that every quorum of phase 1 meets every quorum of phase 2
//! (Flexible Paxos, §3): two of phase 1, or two of phase 2, need not meet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::NodeId;

use crate::quorum::majority;

/// A rule that makes quorums out of the members of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Quorums {
    /// More than half of the members, in both phases.
    #[default]
    Majority,
    /// So many members, whichever (Flexible Paxos, §5.2).
    Sizes {
        /// In phase 1.
        phase_1: u32,
        /// In phase 2. Together they are more than there are members.
        phase_2: u32,
    },
    /// The members stand in rows, `n1` first. In phase 1 all of a row, in phase 2 all of a column: any row meets any
    /// column (Flexible Paxos, §5.3).
    Grid {
        /// How many rows.
        rows: u32,
        /// How many members in each.
        columns: u32,
    },
    /// Members have votes, `n1` first (Gifford 1979).
    Weights {
        /// The votes of each.
        weights: Vec<u32>,
        /// How many votes it takes in phase 1.
        phase_1: u32,
        /// How many in phase 2. Together they are more than there are votes.
        phase_2: u32,
    },
}

/// The two phases of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    One,
    Two,
}

impl Quorums {
    /// Whether quorums of the two phases always meet, and there are any, among so many members.
    ///
    /// # Errors
    /// Where not: what is wrong, and what would be right.
    pub fn check(&self, members: u32) -> Result<(), String> {
        match self {
            Self::Majority => Ok(()),
            Self::Sizes { phase_1, phase_2 } => {
                sum("members", u64::from(members), u64::from(*phase_1), u64::from(*phase_2))
            }
            Self::Grid { rows, columns }
                if u64::from(*rows) * u64::from(*columns) == u64::from(members) =>
            {
                Ok(())
            }
            Self::Grid { rows, columns } => Err(format!(
                "a grid of {rows} rows and {columns} columns does not hold {members} members: it needs exactly as many places"
            )),
            Self::Weights { weights, .. } if weights.len() != members as usize => Err(format!(
                "`weights` lists {} members, and there are {members}: give each its votes",
                weights.len()
            )),
            Self::Weights { weights, phase_1, phase_2 } => {
                let all = weights.iter().map(|weight| u64::from(*weight)).sum();
                sum("votes", all, u64::from(*phase_1), u64::from(*phase_2))
            }
        }
    }

    /// Whether these promises are enough for phase 1.
    pub fn is_phase_1(&self, members: &[NodeId], set: &[NodeId]) -> bool {
        self.is_quorum(Phase::One, members, set)
    }

    /// Whether a value that these accepted at one ballot is chosen.
    pub fn is_phase_2(&self, members: &[NodeId], set: &[NodeId]) -> bool {
        self.is_quorum(Phase::Two, members, set)
    }

    fn is_quorum(&self, phase: Phase, members: &[NodeId], set: &[NodeId]) -> bool {
        let is_in = |member: &NodeId| set.contains(member);
        let count = || members.iter().filter(|member| is_in(member)).count();
        match (self, phase) {
            (Self::Majority, _) => majority(members.len() as u32) as usize <= count(),
            (Self::Sizes { phase_1: size, .. }, Phase::One)
            | (Self::Sizes { phase_2: size, .. }, Phase::Two) => *size as usize <= count(),
            (Self::Grid { columns, .. }, Phase::One) => {
                members.chunks(*columns as usize).any(|row| row.iter().all(is_in))
            }
            (Self::Grid { columns, .. }, Phase::Two) => (0..*columns as usize)
                .any(|column| members.iter().skip(column).step_by(*columns as usize).all(is_in)),
            (Self::Weights { weights, phase_1: least, .. }, Phase::One)
            | (Self::Weights { weights, phase_2: least, .. }, Phase::Two) => {
                let present = members.iter().zip(weights).filter(|(member, _)| is_in(member));
                u64::from(*least) <= present.map(|(_, weight)| u64::from(*weight)).sum()
            }
        }
    }

    /// How many members may be down, whichever they are, so that there are quorums of both phases among the others.
    pub fn tolerates(&self, members: u32) -> u32 {
        match self {
            Self::Majority => members.saturating_sub(majority(members)),
            Self::Sizes { phase_1, phase_2 } => members.saturating_sub(*phase_1.max(phase_2)),
            Self::Grid { rows, columns } => (*rows.min(columns)).saturating_sub(1),
            Self::Weights { weights, phase_1, phase_2 } => {
                let mut heaviest = weights.clone();
                heaviest.sort_unstable_by(|a, b| b.cmp(a));
                let all: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
                let mut spare = all.saturating_sub(u64::from(*phase_1.max(phase_2)));
                let lost = heaviest.iter().take_while(|weight| {
                    let rest = spare.checked_sub(u64::from(**weight));
                    spare = rest.unwrap_or(spare);
                    rest.is_some()
                });
                lost.count() as u32
            }
        }
    }
}

/// Whether any `phase_1` and any `phase_2` of `all` share one.
fn sum(what: &str, all: u64, phase_1: u64, phase_2: u64) -> Result<(), String> {
    if all < phase_1 || all < phase_2 || phase_1 == 0 || phase_2 == 0 {
        return Err(format!(
            "quorums of {phase_1} and {phase_2} of {all} {what} are none: each takes 1 to {all}"
        ));
    }
    if all < phase_1 + phase_2 {
        return Ok(());
    }
    Err(format!(
        "quorums of {phase_1} and {phase_2} of {all} {what} need not meet: together they must be at least {}",
        all + 1
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u32]) -> Vec<NodeId> {
        ids.iter().map(|id| NodeId(*id)).collect()
    }

    /// Whether each quorum of phase 1 meets each quorum of phase 2, by trying all.
    fn always_meet(quorums: &Quorums, members: u32) -> bool {
        let all: Vec<NodeId> = NodeId::all(members).collect();
        let sets = (0_u32..1 << members).map(|bits| {
            all.iter().copied().filter(|id| bits >> id.index() & 1 == 1).collect::<Vec<_>>()
        });
        let sets: Vec<Vec<NodeId>> = sets.collect();
        sets.iter().filter(|one| quorums.is_phase_1(&all, one)).all(|one| {
            let mut twos = sets.iter().filter(|two| quorums.is_phase_2(&all, two));
            twos.all(|two| two.iter().any(|id| one.contains(id)))
        })
    }

    #[test]
    fn the_check_accepts_exactly_those_that_always_meet() {
        for members in 1..=6 {
            assert!(always_meet(&Quorums::Majority, members));
            for phase_1 in 1..=members {
                for phase_2 in 1..=members {
                    let sizes = Quorums::Sizes { phase_1, phase_2 };
                    let meets = always_meet(&sizes, members);
                    assert_eq!(sizes.check(members).is_ok(), meets, "{sizes:?} of {members}");
                }
            }
        }
        for (rows, columns) in [(2, 3), (3, 2), (1, 6), (6, 1)] {
            let grid = Quorums::Grid { rows, columns };
            assert!(grid.check(6).is_ok() && always_meet(&grid, 6));
            assert!(grid.check(5).is_err());
        }
        let weights =
            |phase_1, phase_2| Quorums::Weights { weights: vec![3, 1, 1, 1], phase_1, phase_2 };
        assert!(weights(4, 3).check(4).is_ok() && always_meet(&weights(4, 3), 4));
        assert!(weights(3, 3).check(4).is_err() && !always_meet(&weights(3, 3), 4));
        assert!(weights(4, 3).check(3).is_err());
    }

    #[test]
    fn a_grid_takes_a_row_and_a_column() {
        let all = set(&[1, 2, 3, 4, 5, 6]);
        let grid = Quorums::Grid { rows: 2, columns: 3 };
        assert!(
            grid.is_phase_1(&all, &set(&[4, 5, 6])) && !grid.is_phase_1(&all, &set(&[1, 4, 2, 5]))
        );
        assert!(grid.is_phase_2(&all, &set(&[2, 5])) && !grid.is_phase_2(&all, &set(&[1, 2, 3])));
    }

    #[test]
    fn so_many_may_be_down() {
        assert_eq!(Quorums::Majority.tolerates(5), 2);
        assert_eq!(Quorums::Sizes { phase_1: 5, phase_2: 2 }.tolerates(6), 1);
        assert_eq!(Quorums::Grid { rows: 2, columns: 3 }.tolerates(6), 1);
        let weights = Quorums::Weights { weights: vec![3, 1, 1, 1], phase_1: 4, phase_2: 3 };
        assert_eq!(weights.tolerates(4), 0);
    }
}
