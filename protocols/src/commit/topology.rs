//! Linear and decentralised commit: the same two phases, with votes that go another way.
//!
//! **Source:** P. A. Bernstein, V. Hadzilacos and N. Goodman, *Concurrency Control and Recovery in Database Systems*, 1987, §7.4,
//! communication topologies; J. Gray, *Notes on Data Base Operating Systems*, 1978, nested two-phase commit.

use orrery_sim::NodeId;

use crate::bank::TxId;

use super::door::Door;
use super::message::Vote;
use super::participant::Participant;
use super::{Message, Outcome};

/// Linear: the participants form a chain, the request to prepare passes each that can commit, and the last one decides.
impl Participant {
    /// To the next in the chain: all before you can commit. Or back and on: it is over.
    pub(super) fn pass_on(tx: TxId, is_yes: bool, peers: &[NodeId], door: &mut Door<'_, '_>) {
        let (before, next) = neighbours(tx, peers, door.id());
        if is_yes {
            return match next {
                Some(next) => door.send(next, Message::Prepare { tx, peers: peers.to_vec() }),
                // The last one's prepare record is the decision: when it is on disk, all are prepared.
                None => door.send(door.id(), Message::Commit { tx }),
            };
        }
        for to in [Some(before), next].into_iter().flatten() {
            door.send(to, Message::Abort { tx });
        }
    }

    /// The outcome comes along the chain, and goes on.
    pub(super) fn told_in_chain(
        &mut self,
        from: NodeId,
        tx: TxId,
        outcome: Outcome,
        door: &mut Door<'_, '_>,
    ) {
        let Some(prepared) = self.prepared.get(&tx) else {
            return self.told(tx, outcome, door);
        };
        let peers = prepared.peers.clone();
        self.conclude(tx, outcome, door);
        let (before, next) = neighbours(tx, &peers, door.id());
        for to in [Some(before), next].into_iter().flatten() {
            // Behind whoever aborted, nobody was asked; behind whoever committed, everybody knows.
            if to != from && (to == before || outcome == Outcome::Abort) {
                door.send(to, outcome.message(tx));
            }
        }
    }
}

/// The neighbours of a node in the chain from the coordinator to the last participant.
fn neighbours(tx: TxId, peers: &[NodeId], own: NodeId) -> (NodeId, Option<NodeId>) {
    let place = peers.iter().position(|id| *id == own).unwrap_or(0);
    let before = place.checked_sub(1).map_or(tx.coordinator, |before| peers[before]);
    (before, peers.get(place + 1).copied())
}

/// Decentralised: everybody tells everybody, and each decides by itself.
impl Participant {
    pub(super) fn tell_everybody(tx: TxId, vote: &Vote, peers: &[NodeId], door: &mut Door<'_, '_>) {
        let message = Message::Vote { tx, vote: vote.clone() };
        // Its own vote counts like the others', when it is on disk.
        door.send_all(peers, &message);
        door.send(tx.coordinator, message);
    }

    /// A vote, perhaps before the request to prepare has come.
    pub(super) fn hear_vote(
        &mut self,
        from: NodeId,
        tx: TxId,
        is_yes: bool,
        door: &mut Door<'_, '_>,
    ) {
        if self.finished.contains_key(&tx) {
            return;
        }
        self.votes.entry(tx).or_default().insert(from, is_yes);
        self.count_votes(tx, door);
    }

    /// One no, or all yes, and its own vote among them.
    fn count_votes(&mut self, tx: TxId, door: &mut Door<'_, '_>) {
        let (Some(votes), Some(prepared)) = (self.votes.get(&tx), self.prepared.get(&tx)) else {
            return;
        };
        let mut peers = prepared.peers.iter();
        if votes.values().any(|is_yes| !is_yes) {
            self.conclude(tx, Outcome::Abort, door);
        } else if peers.all(|id| votes.get(id).copied().unwrap_or(false)) {
            self.conclude(tx, Outcome::Commit, door);
        }
    }
}
