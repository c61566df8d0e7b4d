//! The state machine: values and sessions.
//!
//! **Source:** Ongaro, *Consensus: Bridging Theory and Practice*, 2014, section 6.3, for the
//! sessions: a client numbers its operations, the store keeps the number and output of the last one
//! that it executed for each client, and a retry that reaches the log twice takes effect once.
//!
//! *Ours:* a client has one operation open at a time, so that one number and one output per client are
//! enough. It registers by its first operation instead of by a request of its own. Of a session that
//! expired the store remembers only that it was there: a retry that comes after it is
//! [refused](Reply::Expired), since it may be of an operation that took effect, and the first attempt of
//! another operation opens the next session.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::{ClientId, Context, OperationId, Protocol};

use super::{Command, Operation, Output, Request};

/// What the store remembers of a client: enough to know its last operation when it comes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Session {
    /// The number of the last operation that was executed.
    number: u64,
    /// What that one gave.
    output: Output,
}

/// The store and its sessions. Equal sequences of commands make equal stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Store {
    values: BTreeMap<String, String>,
    sessions: BTreeMap<ClientId, Session>,
    /// The clients whose last session has expired.
    expired: BTreeSet<ClientId>,
}

/// A piece of a store, as snapshots travel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Piece {
    /// A key and its value.
    Value {
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
    /// A client's session.
    Session {
        /// Whose.
        client: ClientId,
        /// The number of the last operation that was executed in it.
        number: u64,
        /// What that one gave.
        output: Output,
    },
    /// A client whose last session has expired.
    Expired {
        /// Who.
        client: ClientId,
    },
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Reply {
    /// It was executed, now or before, and gave this.
    Output(Output),
    /// Its client has since gone on to another, so that nobody waits for it.
    Superseded,
    /// Its client's session has expired: nobody knows any more whether it was executed.
    Expired,
}

impl Reply {
    /// The client is told, if it waits.
    pub fn tell<P: Protocol<Output = Output>>(self, id: OperationId, ctx: &mut Context<'_, P>) {
        match self {
            Self::Output(output) => ctx.complete(id, output),
            // The client has gone on: nobody waits.
            Self::Superseded => {}
            Self::Expired => ctx.give_up(id),
        }
    }
}

/// What executing one command did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Execution {
    /// What the client is to be told, if there is one.
    pub reply: Option<Reply>,
    /// Whether a client's operation took effect: a repetition does not.
    pub took_effect: bool,
}

impl Execution {
    const NOTHING: Self = Self { reply: None, took_effect: false };

    const fn without_effect(reply: Reply) -> Self {
        Self { reply: Some(reply), took_effect: false }
    }
}

impl Store {
    /// Executes the next command of a log.
    pub fn execute(&mut self, command: &Command) -> Execution {
        match command {
            Command::NoOp => Execution::NOTHING,
            Command::Client(request) => self.serve(request),
            Command::ExpireSession { client, through } => {
                self.expire(*client, *through);
                Execution::NOTHING
            }
        }
    }

    /// A client's operation: once only.
    fn serve(&mut self, request: &Request) -> Execution {
        let id = request.id;
        match self.sessions.get(&id.client) {
            Some(session) if id.number < session.number => {
                Execution::without_effect(Reply::Superseded)
            }
            Some(session) if id.number == session.number => {
                Execution::without_effect(Reply::Output(session.output.clone()))
            }
            None if !request.may_open && self.expired.contains(&id.client) => {
                Execution::without_effect(Reply::Expired)
            }
            Some(_) | None => self.perform(request),
        }
    }

    /// Executes a client's operation, whatever its session says.
    pub(crate) fn perform(&mut self, request: &Request) -> Execution {
        let output = self.outcome(&request.operation);
        self.change(&request.operation, &output);
        let session = Session { number: request.id.number, output: output.clone() };
        self.sessions.insert(request.id.client, session);
        self.expired.remove(&request.id.client);
        Execution { reply: Some(Reply::Output(output)), took_effect: true }
    }

    /// Ends the session of `client`, unless it executed an operation after that numbered `through`.
    pub(crate) fn expire(&mut self, client: ClientId, through: u64) {
        if self.sessions.get(&client).is_some_and(|session| session.number <= through) {
            self.sessions.remove(&client);
            self.expired.insert(client);
        }
    }

    /// The store in pieces, in a fixed order.
    pub fn pieces(&self) -> Vec<Piece> {
        let values = self.values.iter().map(|(key, value)| (key.clone(), value.clone()));
        let sessions = self.sessions.iter().map(|(client, session)| (*client, session.clone()));
        let expired = self.expired.iter().copied();
        (values.map(|(key, value)| Piece::Value { key, value }))
            .chain(sessions.map(|(client, Session { number, output })| Piece::Session {
                client,
                number,
                output,
            }))
            .chain(expired.map(|client| Piece::Expired { client }))
            .collect()
    }

    /// The store that has these pieces.
    pub fn of_pieces(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut store = Self::default();
        for piece in pieces {
            match piece {
                Piece::Value { key, value } => {
                    store.values.insert(key, value);
                }
                Piece::Session { client, number, output } => {
                    store.sessions.insert(client, Session { number, output });
                }
                Piece::Expired { client } => {
                    store.expired.insert(client);
                }
            }
        }
        store
    }

    /// The values alone: what a snapshot has that forgets the sessions.
    #[must_use]
    pub(crate) fn without_sessions(&self) -> Self {
        Self { values: self.values.clone(), ..Self::default() }
    }

    /// The output of `id`, if it is the last operation that was executed for its client.
    pub fn answer(&self, id: OperationId) -> Option<&Output> {
        let session = self.sessions.get(&id.client)?;
        (session.number == id.number).then_some(&session.output)
    }

    /// The open sessions, each with the number of its last operation.
    pub fn sessions(&self) -> impl Iterator<Item = (ClientId, u64)> + '_ {
        self.sessions.iter().map(|(client, session)| (*client, session.number))
    }

    /// What `operation` would give now.
    pub fn outcome(&self, operation: &Operation) -> Output {
        match operation {
            Operation::Put { .. } | Operation::Append { .. } | Operation::Delete { .. } => {
                Output::Written
            }
            Operation::Get { key } => Output::Value(self.values.get(key).cloned()),
            Operation::Cas { key, expected, .. } => {
                Output::Swapped(self.values.get(key) == expected.as_ref())
            }
        }
    }

    fn change(&mut self, operation: &Operation, output: &Output) {
        match operation {
            Operation::Put { key, value } => {
                self.values.insert(key.clone(), value.clone());
            }
            Operation::Cas { key, new, .. } => {
                if *output == Output::Swapped(true) {
                    self.values.insert(key.clone(), new.clone());
                }
            }
            Operation::Append { key, value } => {
                self.values.entry(key.clone()).or_default().push_str(value);
            }
            Operation::Delete { key } => {
                self.values.remove(key);
            }
            Operation::Get { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn id(client: u32, number: u64) -> OperationId {
        OperationId { client: ClientId(client), number }
    }

    fn request(id: OperationId, operation: Operation) -> Request {
        Request { id, operation: Arc::new(operation), may_open: true }
    }

    fn append(value: &str) -> Operation {
        Operation::Append { key: "x".into(), value: value.into() }
    }

    fn get(store: &Store) -> Output {
        store.outcome(&Operation::Get { key: "x".into() })
    }

    fn reply(store: &mut Store, request: Request) -> (Reply, bool) {
        let execution = store.execute(&Command::Client(request));
        (execution.reply.unwrap(), execution.took_effect)
    }

    #[test]
    fn a_repeated_operation_takes_effect_once_and_gives_its_first_output() {
        let mut store = Store::default();
        let cas = Operation::Cas { key: "x".into(), expected: None, new: "1".into() };
        let swapped = |truth| Reply::Output(Output::Swapped(truth));
        assert_eq!(reply(&mut store, request(id(1, 1), cas.clone())), (swapped(true), true));
        assert_eq!(reply(&mut store, request(id(1, 1), cas.clone())), (swapped(true), false));
        assert_eq!(reply(&mut store, request(id(2, 1), cas)), (swapped(false), true));
        assert_eq!(get(&store), Output::Value(Some("1".into())));
    }

    #[test]
    fn an_operation_that_its_client_has_left_behind_is_not_executed() {
        let mut store = Store::default();
        let written = Reply::Output(Output::Written);
        assert_eq!(reply(&mut store, request(id(1, 2), append("b"))), (written, true));
        let late = reply(&mut store, request(id(1, 1), append("a")));
        assert_eq!(late, (Reply::Superseded, false));
        assert_eq!(store.answer(id(1, 1)), None);
        assert_eq!(get(&store), Output::Value(Some("b".into())));
    }

    #[test]
    fn the_operations_do_what_they_say() {
        let mut store = Store::default();
        assert_eq!(get(&store), Output::Value(None));
        store.execute(&Command::Client(request(id(1, 1), append("a"))));
        store.execute(&Command::Client(request(id(1, 2), append("b"))));
        assert_eq!(get(&store), Output::Value(Some("ab".into())));
        let delete = Operation::Delete { key: "x".into() };
        store.execute(&Command::Client(request(id(1, 3), delete)));
        assert_eq!(get(&store), Output::Value(None));
    }

    #[test]
    fn a_retry_whose_session_has_expired_is_refused_and_a_first_attempt_opens_another() {
        let mut store = Store::default();
        let first = request(id(1, 1), append("a"));
        store.execute(&Command::Client(first.clone()));
        store.execute(&Command::ExpireSession { client: ClientId(1), through: 1 });
        assert_eq!(store.sessions().count(), 0);
        let retry = Request { may_open: false, ..first };
        assert_eq!(reply(&mut store, retry), (Reply::Expired, false));
        let (next, took_effect) = reply(&mut store, request(id(1, 2), append("b")));
        assert_eq!((next, took_effect), (Reply::Output(Output::Written), true));
        assert_eq!(get(&store), Output::Value(Some("ab".into())));
    }

    #[test]
    fn a_store_is_the_sum_of_its_pieces() {
        let mut store = Store::default();
        store.execute(&Command::Client(request(id(1, 1), append("a"))));
        store.execute(&Command::Client(request(id(2, 7), append("b"))));
        store.execute(&Command::ExpireSession { client: ClientId(2), through: 7 });
        assert_eq!(store.pieces().len(), 3);
        assert_eq!(Store::of_pieces(store.pieces()), store);
        assert_ne!(Store::of_pieces(store.without_sessions().pieces()), store);
    }

    #[test]
    fn a_session_that_was_used_since_does_not_expire() {
        let mut store = Store::default();
        store.execute(&Command::Client(request(id(1, 2), append("a"))));
        store.execute(&Command::ExpireSession { client: ClientId(1), through: 1 });
        assert_eq!(store.answer(id(1, 2)), Some(&Output::Written));
    }
}
