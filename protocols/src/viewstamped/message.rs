//! What replicas send. The receiver learns the sender from the network, so `i` of the paper's messages is not repeated here.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{NodeId, Sequence};

use crate::kv::Command;

use super::numbers::{OpNumber, ViewNumber};

/// How often each replica is known to have started again: who has not is not in it.
pub type CrashVector = BTreeMap<NodeId, u32>;

/// A message, in the order of the paper (§4.1 to §4.3, §5.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From the primary: put this into your log.
    Prepare(Prepare),
    /// To the primary: I have everything up to here.
    PrepareOk {
        /// The view.
        view_number: ViewNumber,
        /// The end of the sender's log.
        op_number: OpNumber,
    },
    /// From a primary that has nothing to prepare: this is committed.
    Commit {
        /// The view.
        view_number: ViewNumber,
        /// How far.
        commit_number: OpNumber,
    },
    /// To all: we need another primary.
    StartViewChange {
        /// The view that shall begin.
        view_number: ViewNumber,
        /// Who crashed how often, as far as the sender knows. Ours.
        crash_vector: CrashVector,
    },
    /// To the new primary: this is what I have.
    DoViewChange(DoViewChange),
    /// From the new primary: the view begins with this.
    StartView {
        /// The view.
        view_number: ViewNumber,
        /// Its log.
        log: Sequence<Command>,
        /// How far it is committed.
        commit_number: OpNumber,
    },
    /// To all, from a replica that lost its memory: tell me what I have missed.
    Recovery {
        /// Answers carry it back, so that those to an earlier recovery do not count.
        nonce: u32,
    },
    /// To a replica that recovers.
    RecoveryResponse(RecoveryResponse),
    /// To a replica that is ahead: I lack what comes behind this.
    GetState {
        /// The view that the sender wants to be in.
        view_number: ViewNumber,
        /// What it has for certain.
        op_number: OpNumber,
    },
    /// To a replica that is behind.
    NewState(NewState),
}

/// From the primary: put this into your log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prepare {
    /// The view.
    pub view_number: ViewNumber,
    /// The request.
    pub command: Command,
    /// Its place.
    pub op_number: OpNumber,
    /// How far the primary has committed.
    pub commit_number: OpNumber,
}

/// To the new primary: this is what I have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoViewChange {
    /// The view that shall begin.
    pub view_number: ViewNumber,
    /// The sender's log.
    pub log: Sequence<Command>,
    /// The latest view in which its status was normal: v' of the paper.
    pub last_normal: ViewNumber,
    /// How far it knows its log to be committed.
    pub commit_number: OpNumber,
    /// Who crashed how often, as far as the sender knows. Ours.
    pub crash_vector: CrashVector,
}

/// To a replica that recovers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecoveryResponse {
    /// The sender's view.
    pub view_number: ViewNumber,
    /// That of the question.
    pub nonce: u32,
    /// From the primary of that view alone: its log, and how far it is committed.
    pub state: Option<(Sequence<Command>, OpNumber)>,
    /// Who crashed how often, as far as the sender knows. Ours.
    pub crash_vector: CrashVector,
}

/// To a replica that is behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewState {
    /// The sender's view.
    pub view_number: ViewNumber,
    /// What the receiver has.
    pub after: OpNumber,
    /// What comes behind it.
    pub log: Vec<Command>,
    /// How far the sender has committed.
    pub commit_number: OpNumber,
}
