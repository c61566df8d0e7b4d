//! What can be seen of a world between two events.

use crate::bug::Bugs;
use crate::client::HistoryEntry;
use crate::clock::{Clock, WallRun};
use crate::context::Effect;
use crate::digest::Digest;
use crate::id::NodeId;
use crate::journal::Journal;
use crate::ledger::{Counters, Ledger, Probes, WriteCount};
use crate::network::Barrier;
use crate::node::{Node, Protocol};
use crate::plan::MessageAddress;
use crate::sequence::Sequence;
use crate::step::Step;
use crate::time::{Interval, LocalTime, SimTime, WallTime};

use super::{DiskCondition, Pending, Slot, World};

impl<N: Node> World<N> {
    /// The time of the run.
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// When the next entry of the queue is due; it may turn out to be no event.
    pub fn next_time(&self) -> Option<SimTime> {
        if self.urgent.is_empty() { self.queue.peek_time() } else { Some(self.now) }
    }

    /// The last event. Before the first, a placeholder with the number 0.
    pub const fn last(&self) -> &Step<N::Protocol> {
        &self.step
    }

    /// How many events happened.
    pub const fn events(&self) -> u64 {
        self.step.number
    }

    /// How many nodes there are, up or down.
    pub fn node_count(&self) -> u32 {
        self.nodes.len() as u32
    }

    /// The state of a node; `None` while it is down.
    pub fn node(&self, id: NodeId) -> Option<&N> {
        self.nodes[id.index()].node.as_ref()
    }

    /// The nodes that are up, in order.
    pub fn up(&self) -> impl Iterator<Item = (NodeId, &N)> {
        let slots = self.nodes.iter().enumerate();
        slots.filter_map(|(i, slot)| slot.node.as_ref().map(|node| (NodeId::from_index(i), node)))
    }

    /// Whether a node stands still.
    pub fn is_paused(&self, id: NodeId) -> bool {
        self.nodes[id.index()].is_paused
    }

    /// Whether a node takes time for each event.
    pub fn is_slow(&self, id: NodeId) -> bool {
        self.nodes[id.index()].is_slow()
    }

    /// How many events wait for a node, the one that it is at included.
    pub fn inbox_len(&self, id: NodeId) -> usize {
        self.nodes[id.index()].inbox.len()
    }

    /// How often a node has started before.
    pub fn incarnation(&self, id: NodeId) -> u32 {
        self.nodes[id.index()].incarnation
    }

    /// When a node went down last, if it ever did.
    pub fn last_crash(&self, id: NodeId) -> Option<SimTime> {
        self.nodes[id.index()].last_crash
    }

    /// A node's journal.
    pub fn journal(&self, id: NodeId) -> &Journal<<N::Protocol as Protocol>::Record> {
        &self.nodes[id.index()].journal
    }

    /// What a node wrote to its journal, counted over all its lives.
    pub fn writes(&self, id: NodeId) -> WriteCount {
        self.nodes[id.index()].writes
    }

    /// What is wrong with a node's disk; damaged records are told by its [journal](Journal::damage).
    pub fn disk(&self, id: NodeId) -> DiskCondition {
        self.nodes[id.index()].disk.condition
    }

    /// A node's configuration.
    pub fn config(&self, id: NodeId) -> &<N::Protocol as Protocol>::Config {
        &self.nodes[id.index()].config
    }

    /// What a node's clock shows.
    pub fn clock(&self, id: NodeId) -> LocalTime {
        self.nodes[id.index()].clock.read(self.now)
    }

    /// What a node's wall clock shows.
    pub fn wall_clock(&self, id: NodeId) -> WallTime {
        self.walls[id.index()].read(self.now, &self.randomness)
    }

    /// Where true time lies by a node's wall clock, as far as that keeps its promise.
    pub fn wall_interval(&self, id: NodeId) -> Interval {
        self.walls[id.index()].interval(self.now, &self.randomness)
    }

    /// How a node's clock runs until the plan changes it.
    pub fn clock_state(&self, id: NodeId) -> &Clock {
        &self.nodes[id.index()].clock
    }

    /// How a node's wall clock runs until it is set or the plan changes it.
    pub fn wall_run(&self, id: NodeId) -> WallRun {
        self.walls[id.index()].run(self.now, &self.randomness)
    }

    /// When a node's wall clock will be set next; `None` where it is not corrected.
    pub fn next_correction(&self, id: NodeId) -> Option<SimTime> {
        self.walls[id.index()].next_correction(self.now)
    }

    /// A node's armed timers, each with the true time at which it is due.
    pub fn timers(
        &self,
        id: NodeId,
    ) -> impl Iterator<Item = (<N::Protocol as Protocol>::Timer, Option<SimTime>)> {
        self.nodes[id.index()].timers.armed().map(|(timer, _, due)| (timer, due))
    }

    /// The effects of a node that wait for its disk, in order.
    pub fn waiting_for_disk(&self, id: NodeId) -> impl Iterator<Item = &Effect<N::Protocol>> {
        self.nodes[id.index()].outbox.iter()
    }

    /// The messages on the wire with the time of their arrival, first due first. Costs a sort.
    pub fn in_flight(&self) -> Vec<(SimTime, MessageAddress, &<N::Protocol as Protocol>::Message)> {
        let messages = self.queue.entries().into_iter().filter_map(|(time, pending)| {
            let (address, message) = pending.message()?;
            Some((time, address, message))
        });
        messages.collect()
    }

    /// The messages that a hold or a clog keeps back, in the order in which they came there.
    pub fn kept_back(
        &self,
    ) -> impl Iterator<Item = (MessageAddress, &<N::Protocol as Protocol>::Message)> {
        self.kept_back.iter().filter_map(|(_, pending)| pending.message())
    }

    /// The directed pairs that are cut, in order: what comes to their ends is lost.
    pub fn closed_pairs(&self) -> Vec<(NodeId, NodeId)> {
        self.network.barriers.pairs(Barrier::Cut)
    }

    /// The directed pairs that are clogged, in order: what comes to their ends waits.
    pub fn clogged_pairs(&self) -> Vec<(NodeId, NodeId)> {
        self.network.barriers.pairs(Barrier::Clog)
    }

    /// The nodes that a node has links with, in order.
    pub fn neighbours(&self, id: NodeId) -> impl Iterator<Item = NodeId> + use<N> {
        self.network.topology().neighbours(id, self.node_count())
    }

    /// What the clients asked and got so far.
    pub const fn history(&self) -> &Sequence<HistoryEntry<N::Protocol>> {
        &self.history
    }

    /// Messages, writes, timers and operations, counted.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The faults, counted.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The probes, counted.
    pub const fn probes(&self) -> &Probes {
        &self.probes
    }

    /// The items of the plan that have not been carried out: their time or trigger never came, or they
    /// found nobody to act on.
    pub fn undone_items(&self) -> Vec<usize> {
        self.plan.undone().collect()
    }

    /// About how many bytes a copy of this world takes for itself, apart from what nodes keep on the heap: for those
    /// who keep many.
    pub fn copy_bytes(&self) -> usize {
        self.nodes.len() * size_of::<Slot<N>>()
            + self.queue.len() * 2 * size_of::<Pending<N::Protocol>>()
            + self.network.bytes()
            + size_of_val(self.chain.as_slice())
    }

    /// The planted bugs of this run.
    pub const fn bugs(&self) -> &Bugs {
        &self.bugs
    }

    /// The digest of the run so far, its length included.
    pub fn digest(&self) -> Digest {
        let mut digest = self.digest;
        digest.word(self.step.number);
        digest
    }

    /// The digests at every so many events, and how many: two runs that differ do so first between
    /// the last checkpoint that agrees and the next.
    pub fn digest_chain(&self) -> (&[Digest], u64) {
        (&self.chain, self.chain_spacing)
    }
}
