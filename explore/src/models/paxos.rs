//! Single-decree Paxos (L. Lamport, "The Part-Time Parliament", ACM TOCS 16, 1998) as a register that is written once: three servers, each of which proposes, accepts and learns,
//! and clients that each put a value at one server and then get the value that was chosen from the next one.
//!
//! A message that its receiver would ignore stays on the wire, where it may come in useful later.

use std::hash::{Hash, Hasher};

use crate::model::{Model, Property};

/// Paxos with this many clients, 3 at most. Client k, from 0, puts its value at server k and then asks server (k + 1) mod 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paxos(pub usize);

const SERVERS: usize = 3;
const MAJORITY: u32 = 2;
const CLIENTS: usize = 3;

/// A round and the server that began it, in two bits: 0 is below all ballots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot(u8);

impl Ballot {
    /// The ballot of `server` above this one.
    const fn next(self, server: usize) -> Self {
        Self(((self.0 >> 2) + 1) << 2 | server as u8)
    }
}

/// A value that was accepted, by the client that it comes from, and in which ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vote {
    ballot: Ballot,
    client: u8,
}

/// What a message says. A value is known by the client that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// A client's wish.
    Put,
    /// The wish was heard: a value was chosen in the ballot that the server began for it.
    PutOk,
    /// A client's question for the value.
    Get,
    /// The value.
    GetOk(u8),
    /// A ballot begins.
    Prepare(Ballot),
    /// Nothing below the ballot any more, and this is what was accepted last.
    Promise(Ballot, Option<Vote>),
    /// Accept this.
    Accept(Vote),
    /// It was accepted.
    Accepted(Ballot),
    /// It was chosen.
    Decided(Vote),
}

/// A message: servers are 0 to 2, clients follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Letter {
    /// Who it is for.
    pub to: u8,
    /// Who it is from.
    pub from: u8,
    /// What it says.
    pub content: Content,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Server {
    ballot: Ballot,
    proposal: Option<u8>,
    /// Who promised, one bit each.
    promises: u8,
    /// What they had accepted.
    reported: [Option<Vote>; SERVERS],
    /// Who accepted, one bit each.
    accepts: u8,
    accepted: Option<Vote>,
    is_decided: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Client {
    /// How many answers it has got.
    answers: u8,
    /// The value that it read.
    value: Option<u8>,
}

/// One state.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PaxosState {
    servers: [Server; SERVERS],
    clients: [Client; CLIENTS],
    /// What is on the wire, in order: which message was sent first makes no difference.
    wire: Vec<Letter>,
}

impl Clone for PaxosState {
    fn clone(&self) -> Self {
        Self { servers: self.servers, clients: self.clients, wire: self.wire.clone() }
    }

    /// Keeps the memory of the wire.
    fn clone_from(&mut self, other: &Self) {
        self.servers = other.servers;
        self.clients = other.clients;
        self.wire.clone_from(&other.wire);
    }
}

// What follows packs a state into few words: every second state that is come upon is known, and hashing is what that costs.
impl Vote {
    /// Seven bits; 0 stands for no vote.
    fn bits(vote: Option<Self>) -> u64 {
        vote.map_or(0, |vote| 1 + (u64::from(vote.ballot.0) << 2 | u64::from(vote.client)))
    }
}

impl Content {
    /// Four bits for the kind, then at most eleven for what goes with it.
    fn bits(self) -> u64 {
        let (kind, rest) = match self {
            Self::Put => (0, 0),
            Self::PutOk => (1, 0),
            Self::Get => (2, 0),
            Self::GetOk(client) => (3, u64::from(client)),
            Self::Prepare(ballot) => (4, u64::from(ballot.0)),
            Self::Promise(ballot, vote) => (5, u64::from(ballot.0) | Vote::bits(vote) << 4),
            Self::Accept(vote) => (6, Vote::bits(Some(vote))),
            Self::Accepted(ballot) => (7, u64::from(ballot.0)),
            Self::Decided(vote) => (8, Vote::bits(Some(vote))),
        };
        kind | rest << 4
    }
}

impl Letter {
    fn bits(self) -> u32 {
        (u64::from(self.to) | u64::from(self.from) << 3 | self.content.bits() << 6) as u32
    }
}

impl Hash for Letter {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u32(self.bits());
    }
}

impl Server {
    fn bits(&self) -> u64 {
        let reported = self.reported.iter().fold(0, |bits, vote| bits << 7 | Vote::bits(*vote));
        u64::from(self.ballot.0)
            | self.proposal.map_or(0, |client| u64::from(client) + 1) << 4
            | u64::from(self.promises) << 8
            | u64::from(self.accepts) << 11
            | u64::from(self.is_decided) << 14
            | Vote::bits(self.accepted) << 15
            | reported << 22
    }
}

impl Client {
    fn bits(self) -> u64 {
        u64::from(self.answers) | self.value.map_or(0, |value| u64::from(value) + 1) << 2
    }
}

impl Hash for PaxosState {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        for server in &self.servers {
            hasher.write_u64(server.bits());
        }
        let clients = self.clients.iter().fold(0, |bits, client| bits << 8 | client.bits());
        hasher.write_u64(clients | (self.wire.len() as u64) << 32);
        let (pairs, rest) = self.wire.as_chunks::<2>();
        for [first, second] in pairs {
            hasher.write_u64(u64::from(first.bits()) | u64::from(second.bits()) << 32);
        }
        for letter in rest {
            hasher.write_u32(letter.bits());
        }
    }
}

impl PaxosState {
    fn send(&mut self, from: usize, to: usize, content: Content) {
        let letter = Letter { to: to as u8, from: from as u8, content };
        let at = self.wire.partition_point(|other| *other < letter);
        self.wire.insert(at, letter);
    }

    fn broadcast(&mut self, from: usize, content: Content) {
        for to in (0..SERVERS).filter(|to| *to != from) {
            self.send(from, to, content);
        }
    }

    /// Whether the receiver has nothing to do with the letter as it stands.
    fn is_ignored(&self, letter: Letter) -> bool {
        let Some(server) = self.servers.get(letter.to as usize) else { return false };
        match letter.content {
            Content::Get => !server.is_decided,
            _ if server.is_decided => true,
            Content::Put => server.proposal.is_some(),
            Content::Prepare(ballot) => server.ballot >= ballot,
            Content::Promise(ballot, _) | Content::Accepted(ballot) => server.ballot != ballot,
            Content::Accept(vote) => server.ballot > vote.ballot,
            Content::Decided(_) => false,
            Content::PutOk | Content::GetOk(_) => true,
        }
    }

    fn deliver_to_client(&mut self, id: usize, content: Content) {
        let client = &mut self.clients[id - SERVERS];
        match (content, client.answers) {
            (Content::PutOk, 0) => {
                client.answers = 1;
                self.send(id, (id - SERVERS + 1) % SERVERS, Content::Get);
            }
            (Content::GetOk(value), 1) => *client = Client { answers: 2, value: Some(value) },
            _ => {}
        }
    }

    fn deliver_to_server(&mut self, id: usize, from: usize, content: Content) {
        let server = &mut self.servers[id];
        match content {
            Content::Put => {
                server.proposal = Some(from as u8);
                server.ballot = server.ballot.next(id);
                server.promises = 1 << id;
                server.reported[id] = server.accepted;
                let ballot = server.ballot;
                self.broadcast(id, Content::Prepare(ballot));
            }
            Content::Prepare(ballot) => {
                server.ballot = ballot;
                let accepted = server.accepted;
                self.send(id, from, Content::Promise(ballot, accepted));
            }
            Content::Promise(ballot, vote) => self.promised(id, from, ballot, vote),
            Content::Accept(vote) => {
                server.ballot = vote.ballot;
                server.accepted = Some(vote);
                self.send(id, from, Content::Accepted(vote.ballot));
            }
            Content::Accepted(_) => self.accepted(id, from),
            Content::Decided(vote) => {
                server.ballot = vote.ballot;
                server.accepted = Some(vote);
                server.is_decided = true;
            }
            Content::Get => {
                if let Some(vote) = server.accepted {
                    self.send(id, from, Content::GetOk(vote.client));
                }
            }
            Content::PutOk | Content::GetOk(_) => {}
        }
    }

    fn promised(&mut self, id: usize, from: usize, ballot: Ballot, vote: Option<Vote>) {
        let server = &mut self.servers[id];
        server.promises |= 1 << from;
        server.reported[from] = vote;
        if server.promises.count_ones() != MAJORITY {
            return;
        }
        // A server that promised has reported; the others' entries are empty and below all votes.
        let last = server.reported.iter().flatten().max();
        let Some(client) = last.map(|vote| vote.client).or(server.proposal) else { return };
        let vote = Vote { ballot, client };
        server.proposal = Some(client);
        server.accepted = Some(vote);
        server.accepts |= 1 << id;
        self.broadcast(id, Content::Accept(vote));
    }

    fn accepted(&mut self, id: usize, from: usize) {
        let server = &mut self.servers[id];
        server.accepts |= 1 << from;
        if server.accepts.count_ones() != MAJORITY {
            return;
        }
        server.is_decided = true;
        let (Some(client), ballot) = (server.proposal, server.ballot) else { return };
        self.broadcast(id, Content::Decided(Vote { ballot, client }));
        self.send(id, client as usize, Content::PutOk);
    }
}

impl Paxos {
    /// Whether all servers that know what was chosen know the same.
    pub fn agrees(&self, state: &PaxosState) -> bool {
        let decided = state.servers.iter().filter(|server| server.is_decided);
        let mut values = decided.filter_map(|server| server.accepted).map(|vote| vote.client);
        values.next().is_none_or(|first| values.all(|value| value == first))
    }
}

impl Model for Paxos {
    type State = PaxosState;
    type Action = Letter;

    fn initial(&self) -> Vec<PaxosState> {
        let mut state = PaxosState::default();
        for client in 0..self.0 {
            state.send(SERVERS + client, client % SERVERS, Content::Put);
        }
        vec![state]
    }

    fn actions(&self, state: &PaxosState, actions: &mut Vec<Letter>) {
        actions.extend(state.wire.iter().filter(|letter| !state.is_ignored(**letter)));
    }

    fn step(&self, state: &mut PaxosState, letter: &Letter) {
        let Letter { to, from, content } = *letter;
        if let Ok(at) = state.wire.binary_search(letter) {
            state.wire.remove(at);
        }
        if (to as usize) < SERVERS {
            state.deliver_to_server(to as usize, from as usize, content);
        } else {
            state.deliver_to_client(to as usize, content);
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("agreement", Self::agrees)]
    }

    /// Deliveries to different nodes.
    fn independent(&self, first: &Letter, second: &Letter) -> bool {
        first.to != second.to
    }
}
