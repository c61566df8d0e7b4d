//! What a commit protocol must come to, after L. Lamport's TLA+ module `TCommit` (J. Gray and L. Lamport, "Consensus on Transaction
//! Commit", ACM TODS 31, 2006, appendix): resource managers that see each other's state.

use super::two_phase::Stage;
use crate::model::{Model, Property};

/// The commit of a transaction among this many resource managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TCommit(pub usize);

/// What each resource manager is at.
pub type TCommitState = Vec<Stage>;

/// What can happen; the numbers are those of resource managers, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// It is ready to commit.
    Prepare(usize),
    /// It commits: all are ready to.
    Commit(usize),
    /// It aborts: nobody has committed.
    Abort(usize),
}

impl Model for TCommit {
    type State = TCommitState;
    type Action = Decision;

    fn initial(&self) -> Vec<TCommitState> {
        vec![vec![Stage::Working; self.0]]
    }

    fn actions(&self, state: &TCommitState, actions: &mut Vec<Decision>) {
        let can_commit =
            state.iter().all(|stage| matches!(stage, Stage::Prepared | Stage::Committed));
        let can_abort = !state.contains(&Stage::Committed);
        for (rm, stage) in state.iter().enumerate() {
            if *stage == Stage::Working {
                actions.push(Decision::Prepare(rm));
            }
            if *stage == Stage::Prepared && can_commit {
                actions.push(Decision::Commit(rm));
            }
            if matches!(stage, Stage::Working | Stage::Prepared) && can_abort {
                actions.push(Decision::Abort(rm));
            }
        }
    }

    fn step(&self, state: &mut TCommitState, action: &Decision) {
        match *action {
            Decision::Prepare(rm) => state[rm] = Stage::Prepared,
            Decision::Commit(rm) => state[rm] = Stage::Committed,
            Decision::Abort(rm) => state[rm] = Stage::Aborted,
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("agreement", |_, state: &TCommitState| {
                !(state.contains(&Stage::Committed) && state.contains(&Stage::Aborted))
            }),
            Property::sometimes("all commit", |_, state: &TCommitState| {
                state.iter().all(|stage| *stage == Stage::Committed)
            }),
            Property::eventually("all decide", |_, state: &TCommitState| {
                state.iter().all(|stage| matches!(stage, Stage::Committed | Stage::Aborted))
            }),
        ]
    }

    fn canonicalize(&self, state: &mut TCommitState) {
        state.sort_unstable();
    }
}
