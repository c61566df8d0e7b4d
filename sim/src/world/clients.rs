//! What clients do.

use crate::client::{HistoryEntry, HistoryKind, Open, Request};
use crate::context::Ending;
use crate::id::{ClientId, NodeId, OperationId};
use crate::node::{Node, Protocol};
use crate::queue::QueueError;
use crate::random::{Domain, Draw, StreamId};
use crate::step::{Arrival, Event, Outcome};

use super::calls::Call;
use super::{What, World, tag};

/// Second half of a workload stream's address: what is drawn.
const OPERATIONS: u32 = 0;
const PAUSES: u32 = 1;

impl<N: Node> World<N> {
    /// The client at `index` pauses before its next operation, if it has any of its own.
    pub(super) fn think(&mut self, index: usize) -> Result<(), QueueError> {
        if self.setup.generator.is_none() {
            return Ok(());
        }
        let client = &self.clients[index];
        let (id, asked) = (client.id, client.asked);
        let pause = self.setup.think.sample(self.workload(id, PAUSES, asked).bits());
        let at = self.after(pause);
        if self.setup.until <= at {
            return Ok(());
        }
        self.push(at, What::Wake { client: id, asked, attempt: 0 })
    }

    fn workload(&self, client: ClientId, purpose: u32, number: u64) -> Draw<'static> {
        self.randomness.at(StreamId::new(Domain::Workload, client.0, purpose), number)
    }

    /// A client's moment has come; whether it is still the one that it was set for.
    pub(super) fn wake(
        &mut self,
        id: ClientId,
        asked: u64,
        attempt: u32,
        cause: u64,
    ) -> Result<bool, QueueError> {
        let client = &mut self.clients[id.index()];
        if client.asked != asked {
            return Ok(false);
        }
        match &client.open {
            Some(open) if open.attempt == attempt => {
                let is_over = self.setup.patience <= self.now.since(open.invoked);
                self.begin(Some(cause));
                if is_over {
                    self.give_up(id)?;
                } else {
                    self.ask_again(id)?;
                }
                Ok(true)
            }
            Some(_) => Ok(false),
            // The timeout of an operation that was answered in time.
            None if attempt != 0 => Ok(false),
            None => {
                let request = client.requests.pop_front();
                let drawn = client.drawn + 1;
                let (operation, to, cause) = match (request, self.setup.generator.clone()) {
                    (Some(request), _) => (request.operation, request.to, request.cause),
                    (None, Some(generator)) => {
                        let mut draw = self.workload(id, OPERATIONS, drawn);
                        let Some(operation) = generator(id, drawn, &mut draw) else {
                            return Ok(false);
                        };
                        self.clients[id.index()].drawn = drawn;
                        (operation, None, cause)
                    }
                    (None, None) => return Ok(false),
                };
                self.begin(Some(cause));
                self.ask(id, operation, to)?;
                Ok(true)
            }
        }
    }

    /// The plan wants a client to ask something: as soon as it has nothing else open.
    pub(super) fn request(
        &mut self,
        id: ClientId,
        operation: <N::Protocol as Protocol>::Operation,
        to: Option<NodeId>,
    ) -> Result<(), QueueError> {
        let cause = self.step.number;
        let client = &mut self.clients[id.index()];
        client.requests.push_back(Request { operation, to, cause });
        if client.open.is_some() {
            return Ok(());
        }
        let asked = client.asked;
        self.push(self.now, What::Wake { client: id, asked, attempt: 0 })
    }

    fn ask(
        &mut self,
        id: ClientId,
        operation: <N::Protocol as Protocol>::Operation,
        to: Option<NodeId>,
    ) -> Result<(), QueueError> {
        let client = &mut self.clients[id.index()];
        client.asked += 1;
        let entries = &self.setup.entries;
        let node = to.unwrap_or_else(|| entries[client.entry % entries.len()]);
        let operation_id = OperationId { client: id, number: client.asked };
        client.open = Some(Open {
            id: operation_id,
            operation: operation.clone(),
            invoked: self.now,
            attempt: 1,
            taken_up: 0,
            hints: 0,
            node,
        });
        self.counters.invoked += 1;
        self.remember(id, operation_id, Some(node), HistoryKind::Invoke(operation.clone()));
        self.ask_node(operation_id, node, 1, operation)
    }

    fn ask_again(&mut self, id: ClientId) -> Result<(), QueueError> {
        let client = &mut self.clients[id.index()];
        let Some(open) = &mut client.open else { return Ok(()) };
        let entries = &self.setup.entries;
        let node = entries[client.entry % entries.len()];
        open.attempt += 1;
        open.node = node;
        let (operation, attempt, payload) = (open.id, open.attempt, open.operation.clone());
        self.ask_node(operation, node, attempt, payload)
    }

    /// One operation reaches one node.
    pub(super) fn ask_node(
        &mut self,
        operation: OperationId,
        node: NodeId,
        attempt: u32,
        payload: <N::Protocol as Protocol>::Operation,
    ) -> Result<(), QueueError> {
        let arrival = self.reachable(node);
        let shown = self.is_described.then(|| payload.clone());
        self.step.event = Event::Ask { operation, node, attempt, arrival, payload: shown };
        self.digest_event(tag::ASK | (arrival as u64) << 4, node, &(operation, &payload));
        let client = operation.client;
        self.clients[client.index()].asks(node, &self.setup.entries);
        match arrival {
            // Whoever finds nobody there goes on to the next node soon.
            Arrival::Down => self.move_on(client, None)?,
            Arrival::Handled
            | Arrival::Waits
            | Arrival::CutOff
            | Arrival::Clogged
            | Arrival::Damaged => {
                let at = self.after(self.setup.timeout);
                self.wake_by(client, at)?;
            }
        }
        let is_first = self.reaches(client, arrival);
        match arrival {
            Arrival::Handled => {
                self.foresee_crash();
                self.call(node, Call::Operation { id: operation, payload, is_first })
            }
            Arrival::Waits => {
                self.wait(node, What::Ask { operation, node, attempt, is_first, payload })
            }
            Arrival::Down | Arrival::CutOff | Arrival::Clogged | Arrival::Damaged => Ok(()),
        }
    }

    /// The open operation of a client reaches a node in this way. Whether it is the first that may take it up.
    fn reaches(&mut self, id: ClientId, arrival: Arrival) -> bool {
        let Some(open) = &mut self.clients[id.index()].open else { return false };
        let is_first = open.taken_up == 0;
        open.taken_up += u32::from(matches!(arrival, Arrival::Handled | Arrival::Waits));
        is_first
    }

    /// An operation that had waited reaches its node; the client may long be elsewhere.
    pub(super) fn ask_late(
        &mut self,
        operation: OperationId,
        node: NodeId,
        (attempt, is_first): (u32, bool),
        payload: <N::Protocol as Protocol>::Operation,
    ) -> Result<(), QueueError> {
        let arrival = Arrival::Handled;
        let shown = self.is_described.then(|| payload.clone());
        self.step.event = Event::Ask { operation, node, attempt, arrival, payload: shown };
        self.digest_event(tag::ASK, node, &(operation, &payload));
        self.foresee_crash();
        self.call(node, Call::Operation { id: operation, payload, is_first })
    }

    /// The client asks again soon: where it was sent, or at the next node of its own choice.
    fn move_on(&mut self, id: ClientId, hint: Option<NodeId>) -> Result<(), QueueError> {
        let Some(open) = &mut self.clients[id.index()].open else { return Ok(()) };
        // A moment that was set for the attempt before is past.
        open.attempt += 1;
        let hinted = hint.and_then(|hint| self.setup.entries.iter().position(|e| *e == hint));
        let followed = hinted.filter(|_| open.hints < self.setup.entries.len());
        open.hints = followed.map_or(0, |_| open.hints + 1);
        if let Some(position) = followed {
            self.clients[id.index()].entry = position;
        }
        let at = self.after(self.setup.retry);
        self.wake_by(id, at)
    }

    /// Wakes the client at `at`, or when its patience ends if that is earlier.
    fn wake_by(&mut self, id: ClientId, at: crate::SimTime) -> Result<(), QueueError> {
        let client = &self.clients[id.index()];
        let Some(open) = &client.open else { return Ok(()) };
        let end = open.invoked.saturating_add(self.setup.patience);
        let what = What::Wake { client: id, asked: client.asked, attempt: open.attempt };
        self.push(at.min(end), what)
    }

    /// A node answered an operation.
    pub(super) fn answered(
        &mut self,
        node: NodeId,
        operation: OperationId,
        ending: Ending<<N::Protocol as Protocol>::Output>,
    ) -> Result<(), QueueError> {
        let id = operation.client;
        let client = self.clients.get(id.index());
        let open = client.and_then(|client| client.open.as_ref());
        let was_awaited = open.is_some_and(|open| open.id == operation);
        if self.is_described {
            let ending = ending.clone();
            self.step.outcomes.push(Outcome::Completed { operation, ending, was_awaited });
        }
        if !was_awaited {
            return Ok(());
        }
        match ending {
            Ending::Elsewhere(hint) | Ending::HandedOver(hint) => {
                // Only the node that was asked last sends the client on: an earlier one speaks of old news.
                let is_last = open.is_some_and(|open| open.node == node);
                let did_nothing = matches!(ending, Ending::Elsewhere(_));
                if let Some(open) = self.clients[id.index()].open.as_mut().filter(|_| did_nothing) {
                    open.taken_up = open.taken_up.saturating_sub(1);
                }
                if is_last { self.move_on(id, hint) } else { Ok(()) }
            }
            Ending::Ok(output) => {
                self.counters.completed += 1;
                // Who answered is asked next time.
                let position = self.setup.entries.iter().position(|entry| *entry == node);
                if let Some(position) = position {
                    self.clients[id.index()].choose(position);
                }
                self.end(id, Some(node), HistoryKind::Ok(output))
            }
            Ending::Fail => self.end(id, Some(node), HistoryKind::Fail),
            Ending::Unknown => self.end(id, Some(node), HistoryKind::Info),
        }
    }

    fn give_up(&mut self, id: ClientId) -> Result<(), QueueError> {
        if let Some(open) = &self.clients[id.index()].open {
            let operation = open.id;
            self.step.event = Event::GiveUp { operation };
            self.digest_event(tag::GIVE_UP, NodeId(0), &operation);
        }
        self.end(id, None, HistoryKind::Info)
    }

    /// The open operation of a client ended; what comes next for it.
    fn end(
        &mut self,
        id: ClientId,
        node: Option<NodeId>,
        how: HistoryKind<N::Protocol>,
    ) -> Result<(), QueueError> {
        let Some(open) = self.clients[id.index()].open.take() else { return Ok(()) };
        let is_unknown = how == HistoryKind::Info;
        self.remember(id, open.id, node, how);
        self.step.ended.push(open.id);
        let client = &mut self.clients[id.index()];
        client.given_up += u32::from(is_unknown);
        if client.requests.is_empty() {
            return self.think(id.index());
        }
        let asked = client.asked;
        self.push(self.now, What::Wake { client: id, asked, attempt: 0 })
    }

    fn remember(
        &mut self,
        id: ClientId,
        operation: OperationId,
        node: Option<NodeId>,
        what: HistoryKind<N::Protocol>,
    ) {
        let process = self.clients[id.index()].process(self.setup.count);
        let (time, event) = (self.now, self.step.number);
        self.history.push(HistoryEntry { process, operation, time, event, node, what });
    }
}
