//! CRAQ: a chain whose servers all answer queries.
//!
//! **Source:** J. Terrace and M. J. Freedman, *Object Storage on CRAQ: High-Throughput Chain Replication for Read-Mostly Workloads*,
//! USENIX ATC 2009, cited as §2.3.
//!
//! **System model:** that of [chain replication](crate::chain), whose servers, master and clients these are. This file has what
//! differs.
//!
//! # The idea
//!
//! - A server keeps *versions* of each key. An update makes a new one, *dirty* until its acknowledgement comes back from the tail,
//!   and *clean* from then on; older ones are freed.
//! - Any server answers a query. If the newest version of the key is clean, that is the answer: nobody has a newer one that was
//!   answered for. If it is dirty, the server asks the tail which version it has processed last, and answers with that version of
//!   its own (*apportioned queries*).
//!
//! # Kept
//!
//! Strong consistency, version queries, versions freed by acknowledgements.
//!
//! # Ours
//!
//! - The paper says that a server *is guaranteed* to have the version that the tail names. It is not if an acknowledgement overtakes
//!   the tail's answer and the version is freed: here a version stays while somebody waits for the tail's word about its key. That
//!   the paper's rule is not enough is noted in *protocol-bugs-list*; [`Q12`] is the mistake.
//! - A version is known by the place in `Hist` of the update that made it.
//!
//! # Left out
//!
//! Eventual consistency with a bound, chains over data centres, mini-transactions, multicast.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::client::Generator;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{Bug, Context, Difficulty, Monitor, NodeId, OperationId, Registration, World};

use crate::chain::message::{Message, Query};
use crate::chain::{
    self, Chain, Config, Note, Parameters, Place, STATISTICS, Server, Station, invariants,
};
use crate::kv::{self, Operation, Output, Reply, Store};

/// What a server keeps of the keys beside its state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// The versions of each key, the oldest first. A key that was never written has none.
    keys: BTreeMap<String, Vec<Version>>,
    /// Queries that wait for the tail's word.
    asked: BTreeMap<OperationId, Query>,
}

/// One version of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Version {
    /// The place of the update that made it.
    place: Place,
    /// The value; `None` where the update made the key absent.
    value: Option<String>,
}

impl Versions {
    /// An update at `place` made `store` what it is: a new version of its key, dirty for now (§2.3).
    pub(crate) fn add(&mut self, operation: &Operation, place: Place, store: &Store) {
        let key = key_of(operation);
        let Output::Value(value) = store.outcome(&Operation::Get { key: key.to_owned() }) else {
            return;
        };
        self.keys.entry(key.to_owned()).or_default().push(Version { place, value });
    }

    /// What goes to a server that joins: the newest version of each key, all of them clean at a tail.
    #[must_use]
    pub(crate) fn newest_of_all(&self) -> Self {
        let newest = |(key, versions): (&String, &Vec<Version>)| {
            Some((key.clone(), vec![versions.last()?.clone()]))
        };
        Self { keys: self.keys.iter().filter_map(newest).collect(), asked: BTreeMap::new() }
    }

    /// The place of the newest version of `key`.
    fn newest(&self, key: &str) -> Place {
        let versions = self.keys.get(key);
        versions.and_then(|versions| versions.last()).map_or(Place(0), |version| version.place)
    }

    /// The place of the newest version of `key` that is clean: made by the update at `clean` or an earlier one.
    fn newest_clean(&self, key: &str, clean: Place) -> Place {
        let versions = self.keys.get(key);
        let is_clean = |version: &&Version| version.place <= clean;
        let newest = versions.and_then(|versions| versions.iter().rfind(is_clean));
        newest.map_or(Place(0), |version| version.place)
    }

    /// The value of `key` in that version; `None` where it is not here.
    fn value(&self, key: &str, version: Place) -> Option<Output> {
        if version == Place(0) {
            return Some(Output::Value(None));
        }
        let versions = self.keys.get(key)?;
        let found = versions.iter().find(|known| known.place == version)?;
        Some(Output::Value(found.value.clone()))
    }

    /// Whether the tail's word about `key` is waited for.
    fn is_awaited(&self, key: &str) -> bool {
        self.asked.values().any(|query| key_of(&query.operation) == key)
    }

    /// Frees the versions of `key` before its newest clean one.
    fn free(&mut self, key: &str, clean: Place) {
        let Some(versions) = self.keys.get_mut(key) else { return };
        if let Some(newest) = versions.iter().rposition(|version| version.place <= clean) {
            versions.drain(..newest);
        }
    }
}

/// The key that an operation is about.
const fn key_of(operation: &Operation) -> &str {
    match operation {
        Operation::Put { key, .. }
        | Operation::Get { key }
        | Operation::Cas { key, .. }
        | Operation::Append { key, .. }
        | Operation::Delete { key } => key.as_str(),
    }
}

/// A query at any server of the chain: the newest version if it is clean; if it is dirty, the one that the tail names (§2.3).
pub(crate) fn query(server: &mut Server, query: Query, ctx: &mut Context<'_, Chain>) {
    let Some(configuration) = &server.configuration else { return };
    let tail = configuration.tail();
    if !server.is_in_chain() || !server.has_lease(ctx) {
        return; // Not certain to be up to date: the client asks another.
    }
    let (is_tail, clean) = (server.is_tail(), server.acknowledged);
    let Some(versions) = &mut server.versions else { return };
    let key = key_of(&query.operation);
    let newest = if is_tail { versions.newest_clean(key, clean) } else { versions.newest(key) };
    if newest <= clean || ctx.bug(&Q11) {
        return answer(server, &query, newest, false, ctx);
    }
    if tail == server.id {
        return; // It has ceased to be the tail, and does not know of the next one.
    }
    ctx.probe("dirty");
    let (id, key) = (query.id, key.to_owned());
    versions.asked.retain(|known, _| known.client != id.client);
    versions.asked.insert(id, query);
    ctx.send(tail, Message::VersionQuery { id, key });
}

/// A version query: the tail says which version it has processed last.
pub(crate) fn version_query(
    server: &Server,
    from: NodeId,
    (id, key): (OperationId, String),
    ctx: &mut Context<'_, Chain>,
) {
    let Some(versions) = &server.versions else { return };
    if server.is_tail() && server.has_lease(ctx) {
        let version = versions.newest_clean(&key, server.acknowledged);
        ctx.send(from, Message::VersionReply { id, key, version });
    }
}

/// The tail's word: the query is answered with that version. Who does not have it was taken out of the chain meanwhile.
pub(crate) fn version_reply(
    server: &mut Server,
    id: OperationId,
    key: &str,
    version: Place,
    ctx: &mut Context<'_, Chain>,
) {
    let clean = server.acknowledged;
    let Some(versions) = &mut server.versions else { return };
    let Some(query) = versions.asked.remove(&id) else { return };
    answer(server, &query, version, true, ctx);
    let Some(versions) = &mut server.versions else { return };
    if !versions.is_awaited(key) {
        versions.free(key, clean);
    }
}

/// Everything up to `through` is clean: older versions of the keys that it is about are freed.
pub(crate) fn clean(server: &mut Server, through: Place, ctx: &mut Context<'_, Chain>) {
    let Some(versions) = &mut server.versions else { return };
    for (place, processed) in server.hist.behind_place(server.acknowledged) {
        if through < place {
            break;
        }
        let key = key_of(&processed.update.request.operation);
        if !versions.is_awaited(key) || ctx.bug(&Q12) {
            versions.free(key, through);
        }
    }
}

fn answer(
    server: &Server,
    query: &Query,
    version: Place,
    was_asked: bool,
    ctx: &mut Context<'_, Chain>,
) {
    let Some(versions) = &server.versions else { return };
    let output = match versions.value(key_of(&query.operation), version) {
        Some(output) => output,
        // What was freed reads as if it had never been.
        None if ctx.bug(&Q12) => Output::Value(None),
        None => return,
    };
    ctx.note(Note::AnsweredVersion { operation: query.id, version, was_asked });
    let reply = Reply::Output(output);
    ctx.send(query.client, Message::Reply { id: query.id, reply });
}

/// A version that may never be.
pub const Q11: Bug = Bug {
    id: "Q11",
    summary: "a server answers a query with its newest version, clean or dirty",
    breaks: &["Clean Versions", "linearizability"],
    source: "Terrace & Freedman 2009, §2.3: if the latest version is dirty, ask the tail",
    difficulty: Difficulty::Easy,
    found_by: &["replication/craq-dirty-read", "replication/craq-chaos"],
};

/// A version that is gone when it is wanted.
pub const Q12: Bug = Bug {
    id: "Q12",
    summary: "a server frees an old version although the tail's answer that names it is still on its way",
    breaks: &["linearizability"],
    source: "Terrace & Freedman 2009, §2.3, read as it stands; protocol-bugs-list",
    difficulty: Difficulty::Medium,
    found_by: &["replication/craq-dirty-read", "replication/craq-chaos"],
};

/// The registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Craq;

impl Registration for Craq {
    type Node = Station;
    type Parameters = Parameters;

    const NAME: &'static str = "craq";
    const SUMMARY: &'static str =
        "CRAQ: a chain whose servers all answer queries (Terrace & Freedman 2009)";
    const BUGS: &'static [Bug] = &[Q11, Q12];
    const PROBES: &'static [&'static str] = &["dirty", "answered-as-new-tail", "resent"];
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Config>, String> {
        chain::set_up(parameters, nodes, true)
    }

    fn monitors(_parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Station>>> {
        invariants::all(nodes)
    }

    fn statistics(world: &World<Station>, notes: &[NoteEntry<Chain>]) -> Vec<Option<i64>> {
        chain::of_run(world, notes)
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        kv::generator(workload)
    }

    fn entries(parameters: &Parameters, nodes: u32) -> Vec<NodeId> {
        chain::entries(parameters, nodes)
    }

    fn fault_model(parameters: &Parameters, _nodes: u32) -> FaultModel {
        chain::fault_model(parameters)
    }

    fn is_core(parameters: &Parameters, _nodes: u32, set: &[NodeId]) -> bool {
        chain::is_core(parameters, set)
    }
}
