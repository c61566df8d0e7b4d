//! Byzantine nodes: what they should send passes here, and something else may go out. A node lies in its own name only; what it
//! keeps to itself, its state and its journal, is as its protocol says.

use std::collections::VecDeque;

use crate::id::NodeId;
use crate::ledger::Family;
use crate::measure::Kind;
use crate::node::{Node, Protocol};
use crate::plan::{Behaviour, MessageAddress};
use crate::probability::Probability;
use crate::queue::QueueError;
use crate::random::{Domain, Draw, StreamId};
use crate::step::{Deed, Outcome};

use super::deeds::deed;
use super::{Impurity, World, tag};

/// Messages that a node which replays remembers: its last ones.
const REMEMBERED: usize = 8;
/// How likely a message is withheld.
const WITHHELD: Probability = Probability::ratio(1, 2);

/// A node that deviates.
#[derive(Clone, Debug)]
pub(super) struct Byzantine<P: Protocol> {
    behaviour: Behaviour,
    /// Whether the ledger has counted that it deviated.
    was_effective: bool,
    /// Its last messages, where it replays them; the newest last.
    recent: VecDeque<(MessageAddress, P::Message)>,
}

impl<N: Node> World<N> {
    pub(super) fn do_byzantine(&mut self, id: NodeId, behaviour: Behaviour) -> Deed {
        let changed = self.behaviour(id) != behaviour;
        let detail = match behaviour {
            Behaviour::Honest => "honest",
            Behaviour::Equivocate => "equivocate",
            Behaviour::Withhold => "withhold",
            Behaviour::Replay => "replay",
        };
        if behaviour == Behaviour::Honest {
            self.byzantine.remove(&id);
        } else if let Some(byzantine) = self.byzantine.get_mut(&id).filter(|_| !changed) {
            byzantine.was_effective = false;
        } else {
            let (was_effective, recent) = (false, VecDeque::new());
            self.byzantine.insert(id, Byzantine { behaviour, was_effective, recent });
        }
        Deed { detail: detail.into(), changed, ..deed("byzantine", Some(id)) }
    }

    /// How a node deviates from its protocol.
    pub fn behaviour(&self, id: NodeId) -> Behaviour {
        self.byzantine.get(&id).map_or(Behaviour::Honest, |byzantine| byzantine.behaviour)
    }

    /// Sends what a node wants to send where some node is byzantine.
    #[cold]
    #[inline(never)]
    pub(super) fn send_or_deviate(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        let behaviour = self.behaviour(from);
        if behaviour == Behaviour::Honest {
            return self.transmit(from, to, message);
        }
        let number = self.network.link(from, to).sent + 1;
        let address = MessageAddress { from, to, number };
        match behaviour {
            Behaviour::Honest => self.transmit(from, to, message),
            Behaviour::Equivocate => {
                let message = self.forged(address, message);
                self.transmit(from, to, message)
            }
            Behaviour::Withhold => {
                if !self.lie(address).chance(WITHHELD) {
                    return self.transmit(from, to, message);
                }
                self.withhold(address, message);
                Ok(())
            }
            Behaviour::Replay => {
                self.transmit(from, to, message.clone())?;
                self.replay(address)?;
                self.remember_sent(address, message);
                Ok(())
            }
        }
    }

    /// What is drawn for one message of a byzantine node.
    fn lie(&self, MessageAddress { from, to, number }: MessageAddress) -> Draw<'static> {
        self.randomness.at(StreamId::new(Domain::Byzantine, from.0, to.0), number)
    }

    /// What goes out in place of a message: what the protocol can forge, or the truth.
    fn forged(
        &mut self,
        address: MessageAddress,
        truth: <N::Protocol as Protocol>::Message,
    ) -> <N::Protocol as Protocol>::Message {
        let Some(node) = &self.nodes[address.from.index()].node else { return truth };
        let forged = node.forge(address.to, &truth, &mut self.lie(address));
        if self.purity.is_some() && self.impurity.is_none() {
            let again = node.forge(address.to, &truth, &mut self.lie(address));
            if again != forged {
                self.impurity = Some(Impurity {
                    event: self.step.number,
                    node: address.from,
                    handler: format!("forge({}, {truth:?})", address.to),
                    difference: format!("{forged:?} against {again:?}"),
                });
            }
        }
        let Some(forged) = forged.filter(|forged| *forged != truth) else { return truth };
        self.deviated(address, tag::FORGED);
        if self.is_described {
            self.step.outcomes.push(Outcome::Forged { message: address, truth });
        }
        forged
    }

    /// A message is not sent. It has its number and its draws all the same, so that all others keep theirs.
    fn withhold(&mut self, address: MessageAddress, message: <N::Protocol as Protocol>::Message) {
        self.deviated(address, tag::WITHHELD);
        let link = self.network.link(address.from, address.to);
        link.count();
        link.stream.skip_group();
        if self.is_described {
            let kind = Kind::of(&message);
            self.step.outcomes.push(Outcome::Withheld { message: address, kind, payload: message });
        }
    }

    /// Beside the message at `address`, one that the node sent before goes out once more to the same receiver.
    fn replay(&mut self, address: MessageAddress) -> Result<(), QueueError> {
        let Some(byzantine) = self.byzantine.get(&address.from) else { return Ok(()) };
        if byzantine.recent.is_empty() {
            return Ok(());
        }
        let place = self.lie(address).below(byzantine.recent.len() as u64) as usize;
        let (first, message) = byzantine.recent[place].clone();
        let number = self.network.link(first.from, first.to).sent + 1;
        let again = MessageAddress { number, ..first };
        self.deviated(again, tag::REPLAYED);
        if self.is_described {
            self.step.outcomes.push(Outcome::Replayed { message: again, first });
        }
        self.transmit(first.from, first.to, message)
    }

    fn remember_sent(
        &mut self,
        address: MessageAddress,
        message: <N::Protocol as Protocol>::Message,
    ) {
        let Some(byzantine) = self.byzantine.get_mut(&address.from) else { return };
        if byzantine.recent.len() == REMEMBERED {
            byzantine.recent.pop_front();
        }
        byzantine.recent.push_back((address, message));
    }

    /// Something else goes out than should.
    fn deviated(&mut self, MessageAddress { from, to, number }: MessageAddress, how: u64) {
        self.digest.pair(number, tag::DEVIATED | how << 4 | tag::link(from, to));
        if let Some(byzantine) = self.byzantine.get_mut(&from)
            && !byzantine.was_effective
        {
            byzantine.was_effective = true;
            self.ledger.tally_mut(Family::Byzantine).effective += 1;
        }
    }
}
