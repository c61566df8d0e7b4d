//! Messages on rough ways: links that do not exist, lose, damage or double, disturbances and holds, and what stops
//! messages at the end of a link. Plain links never come here.

use crate::id::NodeId;
use crate::ledger::Family;
use crate::measure::Kind;
use crate::network::Barrier;
use crate::node::{Node, Protocol};
use crate::plan::MessageAddress;
use crate::queue::QueueError;
use crate::random::{Domain, StreamId};
use crate::step::{Arrival, Event, Outcome, Passage};
use crate::time::SimTime;

use super::wires::Keeper;
use super::{Pending, What, World, tag};

impl<N: Node> World<N> {
    /// Sends a message that may not arrive as it was sent. Its words are its own, whatever becomes of it.
    #[inline(never)]
    pub(super) fn send_roughly(
        &mut self,
        address: MessageAddress,
        kind: Kind,
        bytes: u64,
        message: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        let (from, to) = (address.from, address.to);
        let link = self.network.link(from, to);
        if !link.exists() {
            link.stream.skip_group();
            self.counters.unlinked += 1;
            self.describe_sent(address, kind, &message, Passage::NoLink);
            self.digest.pair(tag::NO_LINK, tag::SENT | tag::link(from, to));
            return Ok(());
        }
        let words = link.stream.group(&mut self.randomness);
        link.advance_burst(words);
        let extra = self.disturb(address, kind, words[0]);
        let role = |id: NodeId| self.nodes[id.index()].node.as_ref().map_or("", Node::role);
        let hold = self.held.iter().position(|hold| hold.filter.matches(from, to, kind, role));
        if let Some(place) = hold {
            self.keep_back(place, address, kind, message);
            return Ok(());
        }
        let link = self.network.link(from, to);
        let passage = link.passage((self.now, bytes), words, &extra, &mut self.ledger);
        self.describe_sent(address, kind, &message, passage);
        let tag = tag::SENT | tag::link(from, to);
        match passage {
            Passage::Arrives { at, copy } => self.double(address, message, (at, copy)),
            Passage::Damaged { at, copy } => self.damage_message(address, message, (at, copy)),
            Passage::Lost => {
                self.digest.pair(tag::LOST, tag);
                self.counters.lost += 1;
                Ok(())
            }
            Passage::QueueFull => {
                self.digest.pair(tag::QUEUE_FULL, tag);
                self.counters.lost += 1;
                Ok(())
            }
            Passage::Held | Passage::NoLink => Ok(()),
        }
    }

    fn describe_sent(
        &mut self,
        message: MessageAddress,
        kind: Kind,
        payload: &<N::Protocol as Protocol>::Message,
        passage: Passage,
    ) {
        if self.is_described {
            let payload = payload.clone();
            self.step.outcomes.push(Outcome::Sent { message, kind, payload, passage });
        }
    }

    /// Puts a message on the wire, and its copy.
    fn double(
        &mut self,
        address: MessageAddress,
        message: <N::Protocol as Protocol>::Message,
        (at, copy): (SimTime, Option<SimTime>),
    ) -> Result<(), QueueError> {
        let tag = tag::SENT | tag::link(address.from, address.to);
        self.digest.pair(at.as_nanos(), tag);
        if let Some(copy) = copy {
            self.digest.pair(copy.as_nanos(), tag);
            let message = message.clone();
            self.push(copy, What::Arrive { address, is_copy: true, message })?;
        }
        self.push(at, What::Arrive { address, is_copy: false, message })
    }

    /// Puts a damaged message on the wire, and its copy: as the protocol says, or for the receiver's checksum.
    fn damage_message(
        &mut self,
        address: MessageAddress,
        message: <N::Protocol as Protocol>::Message,
        (at, copy): (SimTime, Option<SimTime>),
    ) -> Result<(), QueueError> {
        let stream = StreamId::new(Domain::Damage, address.from.0, address.to.0);
        let mut draw = self.randomness.at(stream, address.number);
        if let Some(corrupted) = N::corrupt(&message, &mut draw) {
            self.ledger.tally_mut(Family::Corruption).effective += 1;
            self.digest_data(&corrupted);
            return self.double(address, corrupted, (at, copy));
        }
        let tag = tag::SENT | tag::DAMAGED | tag::link(address.from, address.to);
        self.digest.pair(at.as_nanos(), tag);
        if let Some(copy) = copy {
            self.digest.pair(copy.as_nanos(), tag);
            let message = message.clone();
            self.push(copy, What::Damaged { address, is_copy: true, message })?;
        }
        self.push(at, What::Damaged { address, is_copy: false, message })
    }

    fn keep_back(
        &mut self,
        place: usize,
        address: MessageAddress,
        kind: Kind,
        message: <N::Protocol as Protocol>::Message,
    ) {
        self.digest.pair(tag::HELD, tag::SENT | tag::link(address.from, address.to));
        let hold = &mut self.held[place];
        let item = hold.item;
        if !std::mem::replace(&mut hold.was_effective, true) {
            self.ledger.tally_mut(Family::Hold).effective += 1;
        }
        self.describe_sent(address, kind, &message, Passage::Held);
        let what = What::Arrive { address, is_copy: false, message };
        let pending = Pending { cause: self.step.number, what };
        self.kept_back.push((Keeper::Hold(item), pending));
    }

    /// What becomes of a message at the end of a closed link.
    #[cold]
    pub(super) fn stopped(&mut self, from: NodeId, to: NodeId) -> Arrival {
        let barriers = &mut self.network.barriers;
        match barriers.between(from, to) {
            Some(Barrier::Clog) => {
                let newly = barriers.note_stopped(Barrier::Clog, from, to);
                let tally = self.ledger.tally_mut(Family::Clog);
                tally.effective += newly;
                Arrival::Clogged
            }
            Some(Barrier::Cut) | None => {
                let newly = barriers.note_stopped(Barrier::Cut, from, to);
                self.ledger.tally_mut(Family::Partition).effective += newly;
                Arrival::CutOff
            }
        }
    }

    /// A message reached the end of its way, and its node does not handle it now.
    #[inline(never)]
    pub(super) fn unhandled(
        &mut self,
        arrival: Arrival,
        what: What<N::Protocol>,
    ) -> Result<(), QueueError> {
        let node = match &what {
            What::Arrive { address, .. } | What::Damaged { address, .. } => address.to,
            What::Start(_)
            | What::Timer { .. }
            | What::Fire { .. }
            | What::Synced { .. }
            | What::SyncFailed { .. }
            | What::Served { .. }
            | What::Wake { .. }
            | What::Ask { .. }
            | What::Flap(_)
            | What::Item(_) => return Ok(()),
        };
        match arrival {
            Arrival::Waits => return self.wait(node, what),
            Arrival::Clogged => {
                let cause = self.step.cause.unwrap_or(0);
                self.kept_back.push((Keeper::Clog, Pending { cause, what }));
            }
            Arrival::Damaged => self.counters.damaged += 1,
            Arrival::Down | Arrival::CutOff => self.counters.lost += 1,
            Arrival::Handled => {}
        }
        Ok(())
    }

    /// A damaged message came to its end: the receiver's checksum notices, and nothing else does.
    pub(super) fn arrive_damaged(
        &mut self,
        message: MessageAddress,
        is_copy: bool,
        payload: <N::Protocol as Protocol>::Message,
    ) -> Result<(), QueueError> {
        let (from, to) = (message.from, message.to);
        let arrival = if !self.network.barriers.is_open(from, to) {
            self.stopped(from, to)
        } else if self.nodes[to.index()].node.is_none() {
            Arrival::Down
        } else {
            // A copy carries the same damage, which struck once.
            self.ledger.tally_mut(Family::Corruption).effective += u64::from(!is_copy);
            Arrival::Damaged
        };
        let kind = Kind::of(&payload);
        let shown = if self.is_described { Some(payload.clone()) } else { None };
        self.step.event = Event::Arrive { message, kind, is_copy, arrival, payload: shown };
        self.digest.pair(
            self.now.as_nanos() ^ message.number.rotate_right(tag::NUMBER),
            tag::arrival(arrival, is_copy) | tag::link(from, to),
        );
        self.unhandled(arrival, What::Damaged { address: message, is_copy, message: payload })
    }
}
