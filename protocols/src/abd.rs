//! ABD: a register that is read and written by messages, and is there as long as a majority of its copies is.
//!
//! **Sources:** H. Attiya, A. Bar-Noy and D. Dolev, *Sharing Memory Robustly in Message-Passing Systems*, Journal of the
//! ACM 42(1), 1995, cited as "ABD": one writer. N. Lynch and A. Shvartsman, *Robust emulation of shared memory using
//! dynamic quorum-acknowledged broadcasts*, FTCS 1997, cited as "LS": many writers, by tags of a number and a writer.
//!
//! **System model:** crash-recovery with a durable journal, asynchronous, fair-loss links. No clocks, no leader, no
//! failure detector: an operation ends as soon as a majority of the replicas answers.
//!
//! # The idea
//!
//! Every replica keeps a value and its *tag*. Whoever wants something asks all replicas and waits for a majority. Two
//! majorities share a replica, so whoever asks meets what was left with a majority before:
//!
//! - A *write* finds a tag that is higher than all it may have to follow, and leaves its value with a majority. A single
//!   writer counts its writes and needs not ask for that; one of many asks a majority for the highest tag first.
//! - A *read* asks a majority and takes the value of the highest tag. Then it *writes that back* to a majority: the
//!   write may be under way still, and whoever reads next must not find an older value ("readers must write").
//!
//! **Kept:** both phases, the write-back, tags, majorities. **Ours:** many keys, each a register by itself; the journal (in
//! both papers a process that crashes stays away); phases are repeated to replicas that are silent, since our links lose
//! messages; a process sends to itself over the network too, as "to all processors" says, so that *n* replicas cost *n*
//! messages whoever asks. **Left out:** bounded labels (ABD, section 5), changing quorums (LS, section 4), the read that
//! saves its second phase because a majority agreed at once.

mod invariants;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use orrery_sim::client::{Generator, HistoryKind};
use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{
    Bug, Context, Difficulty, Duration, Monitor, Node, NodeId, OperationId, Protocol, Registration,
    Start, World,
};

use crate::kv::{self, Operation, Output};
use crate::quorum::majority;

pub use invariants::{MajorityHolds, OneValuePerTag, OrderOfTags, TagsIncrease};

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abd;

impl Protocol for Abd {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// The one node that writes (ABD); others send their clients there. Where absent every node writes (LS).
    pub writer: Option<NodeId>,
    /// How many nodes have a copy, the first ones. The others ask and keep nothing. All where absent.
    pub replicas: Option<u32>,
    /// After how long a silent replica is asked once more. Above a round trip, or every question is asked twice.
    pub resend: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { writer: None, replicas: None, resend: Duration::from_millis(100) }
    }
}

/// What a process keeps to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The only one that writes, if there is such a one.
    pub writer: Option<NodeId>,
    /// The processes `n1` to this have copies.
    pub replicas: u32,
    /// After how long a silent replica is asked once more.
    pub resend: Duration,
}

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// As a replica: the copy of this register is now this. On disk before anybody is told of it.
    Stored {
        /// Which register.
        key: String,
        /// Tag and value.
        copy: Versioned,
    },
    /// As a writer: this number may be out in a tag. On disk before it is: a writer that forgot it could give the same
    /// tag to two values.
    Issued {
        /// The number.
        number: u64,
    },
}

/// Orders the values of a register: by number, then by writer (LS, section 3). No two writes of a register have one tag.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Counts the writes that follow each other. 0 before the first.
    pub number: u64,
    /// Who wrote; nobody, before the first write.
    pub writer: Option<NodeId>,
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.writer {
            Some(writer) => f.pad(&format!("{}@{writer}", self.number)),
            None => f.pad(&self.number.to_string()),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Serialize for Tag {
    /// For people as it prints, `7@n2`; for a digest and for the size of a message its two parts.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.number, self.writer).serialize(serializer)
        }
    }
}

/// What a replica has of one register.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Versioned {
    /// The tag of the value.
    pub tag: Tag,
    /// The value; `None` before the first write, and after a delete.
    pub value: Option<String>,
}

/// In the order of an operation. An answer names its question, so that late ones are known as such (ABD, section 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// To all replicas, first phase: what do you have?
    Query {
        /// For which operation.
        operation: OperationId,
        /// Of which register.
        key: String,
    },
    /// The answer: this, on disk.
    Report {
        /// The operation of the question.
        operation: OperationId,
        /// What the replica has.
        copy: Versioned,
    },
    /// To all replicas, second phase: keep this, if you have nothing newer.
    Store {
        /// For which operation.
        operation: OperationId,
        /// Of which register.
        key: String,
        /// What to keep.
        copy: Versioned,
    },
    /// The answer: this, or something newer, is on disk.
    Ack {
        /// The operation of the request.
        operation: OperationId,
        /// The tag that was to be kept.
        tag: Tag,
    },
}

/// What a process waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// Some replicas are silent: time to ask them once more.
    Resend(OperationId),
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A process begins an operation.
    Began {
        /// Which.
        operation: OperationId,
        /// On which register.
        key: String,
    },
    /// A majority has answered the first phase.
    Queried {
        /// For which operation.
        operation: OperationId,
        /// The highest tag that it reported.
        tag: Tag,
        /// Who answered.
        by: Vec<NodeId>,
    },
    /// A write has its tag.
    Tagged {
        /// Which write.
        operation: OperationId,
        /// On which register.
        key: String,
        /// Its tag and value.
        copy: Versioned,
    },
    /// A replica has something newer than before.
    Adopted {
        /// Of which register.
        key: String,
        /// Its tag and value.
        copy: Versioned,
    },
    /// A majority has what the second phase left with it, or something newer, on disk.
    Propagated {
        /// For which operation.
        operation: OperationId,
        /// Of which register.
        key: String,
        /// The tag of what it has.
        tag: Tag,
        /// Who answered.
        by: Vec<NodeId>,
    },
    /// The operation is done, and the client hears of it.
    Completed {
        /// Which.
        operation: OperationId,
        /// On which register.
        key: String,
        /// The tag of the value that it read or wrote.
        tag: Tag,
        /// Whether it was a write.
        is_write: bool,
    },
}

/// What an operation wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Wish {
    Read,
    /// This value; `None` for a register without one.
    Write(Option<String>),
}

/// An operation that a process carries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Open {
    key: String,
    wish: Wish,
    phase: Phase,
    /// Who has answered in this phase.
    answered: BTreeSet<NodeId>,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Phase {
    /// The first phase, with the best that was reported so far.
    Query { best: Versioned },
    /// The second phase, with what is left at the replicas.
    Propagate { copy: Versioned },
}

/// One process: it carries out the operations of the clients that ask it, and may be a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// As a replica: the copies of all registers that were ever written.
    copies: BTreeMap<String, Versioned>,
    /// As a writer: the highest number that it put into a tag.
    issued: u64,
    /// The operations that it carries out.
    open: BTreeMap<OperationId, Open>,
    /// What it keeps to.
    settings: Settings,
    /// Whether it has copies at all.
    is_replica: bool,
}

impl Node for Process {
    type Protocol = Abd;

    fn on_start(start: Start<'_, Abd>, _ctx: &mut Context<'_, Abd>) -> Self {
        Self::recover(&start)
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Abd>) {
        match message {
            Message::Query { operation, key } => self.report(from, operation, &key, ctx),
            Message::Report { operation, copy } => self.on_report(from, operation, copy, ctx),
            Message::Store { operation, key, copy } => self.store(from, operation, key, copy, ctx),
            Message::Ack { operation, tag } => self.on_ack(from, operation, tag, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<'_, Abd>) {
        match timer {
            Timer::Resend(operation) => self.communicate(operation, ctx),
        }
    }

    fn on_operation(&mut self, id: OperationId, operation: Operation, ctx: &mut Context<'_, Abd>) {
        match operation {
            Operation::Get { key } => self.read(id, key, ctx),
            Operation::Put { key, value } => self.write(id, key, Some(value), ctx),
            Operation::Delete { key } => self.write(id, key, None, ctx),
            // A register can do neither: that takes consensus (Herlihy 1991).
            Operation::Cas { .. } | Operation::Append { .. } => ctx.fail(id),
        }
    }

    fn role(&self) -> &'static str {
        if self.is_replica { "replica" } else { "client" }
    }
}

/// Whoever carries out an operation.
impl Process {
    /// What the journal's records add up to. Operations that were under way are gone: their clients ask elsewhere.
    fn recover(start: &Start<'_, Abd>) -> Self {
        let mut process = Self {
            copies: BTreeMap::new(),
            issued: 0,
            open: BTreeMap::new(),
            settings: start.config.clone(),
            is_replica: start.id.0 <= start.config.replicas,
        };
        for record in start.journal.records() {
            match record {
                Record::Stored { key, copy } => {
                    process.copies.insert(key.clone(), copy.clone());
                }
                Record::Issued { number } => process.issued = *number,
            }
        }
        process
    }

    /// `read` (ABD, figure 2; LS, section 3): query, then write back.
    fn read(&mut self, id: OperationId, key: String, ctx: &mut Context<'_, Abd>) {
        if !self.open.contains_key(&id) {
            self.query(id, key, Wish::Read, ctx);
        }
    }

    /// `write`. A single writer knows the highest tag, its own (ABD, figure 2); one of many has to ask for it
    /// (LS, section 3).
    ///
    /// A write whose first attempt may be under way somewhere is not begun again: the two would have different tags,
    /// and the register would take the value twice, with other writes between. Nobody knows what became of it.
    fn write(
        &mut self,
        id: OperationId,
        key: String,
        value: Option<String>,
        ctx: &mut Context<'_, Abd>,
    ) {
        if self.open.contains_key(&id) {
            return;
        }
        let writer = self.settings.writer;
        if writer.is_some_and(|writer| writer != ctx.id()) {
            return ctx.redirect(id, writer);
        }
        if !ctx.is_first_attempt() {
            return ctx.give_up(id);
        }
        if writer.is_some() || ctx.bug(&Q3) {
            ctx.note(Note::Began { operation: id, key: key.clone() });
            self.tag_and_propagate(id, key, value, Tag::default(), ctx);
        } else {
            self.query(id, key, Wish::Write(value), ctx);
        }
    }

    /// First phase: asks all replicas for what they have.
    fn query(&mut self, id: OperationId, key: String, wish: Wish, ctx: &mut Context<'_, Abd>) {
        ctx.note(Note::Began { operation: id, key: key.clone() });
        let phase = Phase::Query { best: Versioned::default() };
        self.open.insert(id, Open { key, wish, phase, answered: BTreeSet::new() });
        self.communicate(id, ctx);
    }

    /// A replica answered the first phase. The highest tag of a majority is at least that of every operation that was
    /// complete before: its majority and ours share a replica.
    fn on_report(
        &mut self,
        from: NodeId,
        id: OperationId,
        copy: Versioned,
        ctx: &mut Context<'_, Abd>,
    ) {
        let Some(open) = self.open.get_mut(&id) else { return };
        let Phase::Query { best } = &mut open.phase else { return };
        if best.tag < copy.tag {
            *best = copy;
        }
        open.answered.insert(from);
        if open.answered.len() < self.quorum() {
            return;
        }
        let Some(Open { key, wish, phase: Phase::Query { best }, answered }) =
            self.open.remove(&id)
        else {
            unreachable!("the operation is in its first phase")
        };
        let by = answered.into_iter().collect();
        ctx.note(Note::Queried { operation: id, tag: best.tag, by });
        match wish {
            Wish::Write(value) => self.tag_and_propagate(id, key, value, best.tag, ctx),
            Wish::Read if ctx.bug(&Q1) => Self::complete(id, key, &Wish::Read, best, ctx),
            // Write-back: the value may be that of a write that has not reached a majority.
            Wish::Read => self.propagate(id, key, Wish::Read, best, ctx),
        }
    }

    /// A write takes the tag behind `highest`, and behind all that this process gave before.
    fn tag_and_propagate(
        &mut self,
        id: OperationId,
        key: String,
        value: Option<String>,
        highest: Tag,
        ctx: &mut Context<'_, Abd>,
    ) {
        self.issued = highest.number.max(self.issued) + 1;
        ctx.append(Record::Issued { number: self.issued });
        ctx.sync();
        let writer = if ctx.bug(&Q2) { None } else { Some(ctx.id()) };
        let copy = Versioned { tag: Tag { number: self.issued, writer }, value: value.clone() };
        ctx.note(Note::Tagged { operation: id, key: key.clone(), copy: copy.clone() });
        self.propagate(id, key, Wish::Write(value), copy, ctx);
    }

    /// Second phase: leaves the copy with all replicas.
    fn propagate(
        &mut self,
        id: OperationId,
        key: String,
        wish: Wish,
        copy: Versioned,
        ctx: &mut Context<'_, Abd>,
    ) {
        let phase = Phase::Propagate { copy };
        self.open.insert(id, Open { key, wish, phase, answered: BTreeSet::new() });
        self.communicate(id, ctx);
    }

    /// A replica answered the second phase.
    fn on_ack(&mut self, from: NodeId, id: OperationId, tag: Tag, ctx: &mut Context<'_, Abd>) {
        let Some(open) = self.open.get_mut(&id) else { return };
        let Phase::Propagate { copy } = &open.phase else { return };
        if copy.tag != tag {
            return; // For what this process had left before a crash, for the same operation.
        }
        open.answered.insert(from);
        if open.answered.len() < self.quorum() {
            return;
        }
        let Some(Open { key, wish, phase: Phase::Propagate { copy }, answered }) =
            self.open.remove(&id)
        else {
            unreachable!("the operation is in its second phase")
        };
        let by = answered.into_iter().collect();
        ctx.note(Note::Propagated { operation: id, key: key.clone(), tag, by });
        Self::complete(id, key, &wish, copy, ctx);
    }

    fn complete(
        id: OperationId,
        key: String,
        wish: &Wish,
        copy: Versioned,
        ctx: &mut Context<'_, Abd>,
    ) {
        let (output, is_write) = match wish {
            Wish::Read => (Output::Value(copy.value), false),
            Wish::Write(_) => (Output::Written, true),
        };
        ctx.cancel_timer(Timer::Resend(id));
        ctx.note(Note::Completed { operation: id, key, tag: copy.tag, is_write });
        ctx.complete(id, output);
    }

    /// `communicate` (ABD, section 3): sends the message of the operation's phase to all replicas that have not answered it,
    /// and again after a while.
    fn communicate(&mut self, id: OperationId, ctx: &mut Context<'_, Abd>) {
        let Some(open) = self.open.get(&id) else { return };
        let key = || open.key.clone();
        let message = match &open.phase {
            Phase::Query { .. } => Message::Query { operation: id, key: key() },
            Phase::Propagate { copy } => {
                Message::Store { operation: id, key: key(), copy: copy.clone() }
            }
        };
        let silent = NodeId::all(self.settings.replicas).filter(|to| !open.answered.contains(to));
        for to in silent {
            ctx.send(to, message.clone());
        }
        ctx.set_timer(Timer::Resend(id), self.settings.resend);
    }

    /// How many replicas any two of its like share one with.
    const fn quorum(&self) -> usize {
        majority(self.settings.replicas) as usize
    }
}

/// As a replica.
impl Process {
    /// Says what it has. That waits for what it is writing: what it says is on disk.
    fn report(&self, to: NodeId, operation: OperationId, key: &str, ctx: &mut Context<'_, Abd>) {
        let copy = self.copies.get(key).cloned().unwrap_or_default();
        ctx.send(to, Message::Report { operation, copy });
    }

    /// Keeps what is newer than what it has, and says so once it is on disk.
    fn store(
        &mut self,
        to: NodeId,
        operation: OperationId,
        key: String,
        copy: Versioned,
        ctx: &mut Context<'_, Abd>,
    ) {
        let tag = copy.tag;
        let own = self.copies.entry(key.clone()).or_default();
        if own.tag < tag {
            own.clone_from(&copy);
            ctx.append(Record::Stored { key: key.clone(), copy: copy.clone() });
            ctx.sync();
            ctx.note(Note::Adopted { key, copy });
        } else if tag < own.tag {
            ctx.probe("store-overtaken");
        }
        ctx.send(to, Message::Ack { operation, tag });
    }
}

/// What monitors, tests and other tools look at.
impl Process {
    /// What it has of the register `key`, as a replica.
    pub fn copy(&self, key: &str) -> Option<&Versioned> {
        self.copies.get(key)
    }

    /// What it has of all registers that were ever written, as a replica.
    pub const fn copies(&self) -> &BTreeMap<String, Versioned> {
        &self.copies
    }
}

/// A reader that does not write.
pub const Q1: Bug = Bug {
    id: "Q1",
    summary: "a read returns what it found and does not write it back to a majority",
    breaks: &["Order of Tags", "linearizability"],
    source: "ABD, section 3: readers must write, or a later read may return an older value",
    difficulty: Difficulty::Easy,
    found_by: &["replication/read-inversion", "replication/abd-chaos"],
};

/// A tie that nothing breaks.
pub const Q2: Bug = Bug {
    id: "Q2",
    summary: "a tag is a number without the writer's id, so that two writes may have the same",
    breaks: &["One Value per Tag", "Order of Tags", "linearizability"],
    source: "LS, section 3: tags are pairs, ordered lexicographically",
    difficulty: Difficulty::Easy,
    found_by: &["replication/concurrent-writers", "replication/abd-chaos"],
};

/// A writer among many that counts for itself.
pub const Q3: Bug = Bug {
    id: "Q3",
    summary: "one of many writers takes the next of its own numbers, without asking for the highest tag",
    breaks: &["Order of Tags", "linearizability"],
    source: "LS, section 3: a write begins with a query phase",
    difficulty: Difficulty::Easy,
    found_by: &["replication/blind-write", "replication/abd-chaos"],
};

/// The statistics, in the order of [`Registration::statistics`].
const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "read_time",
        scale: 1_000_000,
        unit: "ms",
        about: "mean time of the reads that were answered",
    },
    Statistic {
        name: "write_time",
        scale: 1_000_000,
        unit: "ms",
        about: "mean time of the writes that were answered",
    },
];

/// The mean times of the reads and of the writes that were answered, in nanoseconds.
fn mean_times(world: &World<Process>) -> [Option<i64>; 2] {
    let mut began = BTreeMap::new();
    let mut sums = [(0_u128, 0_u128); 2];
    for entry in world.history() {
        match &entry.what {
            HistoryKind::Invoke(operation) => {
                let is_write = !matches!(operation, Operation::Get { .. });
                began.insert(entry.operation, (entry.time, is_write));
            }
            HistoryKind::Ok(_) => {
                let Some((start, is_write)) = began.remove(&entry.operation) else { continue };
                let (sum, count) = &mut sums[usize::from(is_write)];
                *sum += u128::from(entry.time.since(start).as_nanos());
                *count += 1;
            }
            HistoryKind::Fail | HistoryKind::Info => {}
        }
    }
    sums.map(|(sum, count)| i64::try_from(sum.checked_div(count)?).ok())
}

impl Registration for Abd {
    type Node = Process;
    type Parameters = Parameters;

    const NAME: &'static str = "abd";
    const SUMMARY: &'static str = "a register on a majority of copies, with one writer or many (Attiya, Bar-Noy & Dolev 1995)";
    const BUGS: &'static [Bug] = &[Q1, Q2, Q3];
    // A replica was to keep what is older than what it has.
    const PROBES: &'static [&'static str] = &["store-overtaken"];
    const STATISTICS: &'static [Statistic] = STATISTICS;

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Settings>, String> {
        let Parameters { writer, resend, .. } = *parameters;
        let replicas = parameters.replicas.unwrap_or(nodes);
        if replicas == 0 || nodes < replicas {
            return Err(format!(
                "`replicas` is {replicas}: of {nodes} nodes 1 to {nodes} can have copies"
            ));
        }
        if let Some(writer) = writer.filter(|writer| writer.0 == 0 || nodes < writer.0) {
            return Err(format!("`writer` is {writer}: the nodes are n1 to n{nodes}"));
        }
        if resend == Duration::ZERO {
            return Err(String::from("`resend` is 0s: any positive time will do, such as `100ms`"));
        }
        Ok(vec![Settings { writer, replicas, resend }; nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Process>>> {
        invariants::all(nodes, parameters.replicas.unwrap_or(nodes))
    }

    fn statistics(world: &World<Process>, _notes: &[NoteEntry<Abd>]) -> Vec<Option<i64>> {
        mean_times(world).to_vec()
    }

    /// Registers are written, read and deleted.
    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        match workload.mix.keys().find(|kind| matches!(kind.as_str(), "cas" | "append")) {
            Some(kind) => Err(format!("a register has no `{kind}`: there are put, get and delete")),
            None => kv::generator(workload),
        }
    }

    /// Any faults but those of a disk that loses what it had promised to keep, and nodes that lie. Nobody outside of a majority
    /// can stop it: there is nothing to be elected.
    fn fault_model(parameters: &Parameters, nodes: u32) -> FaultModel {
        let replicas = parameters.replicas.unwrap_or(nodes);
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: replicas.saturating_sub(majority(replicas)),
            drift_ppb: 100_000_000,
            bears_harsh: true,
        }
    }

    /// A majority of the replicas, and the writer where there is only one.
    fn is_core(parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        let replicas = parameters.replicas.unwrap_or(nodes);
        let able = set.iter().filter(|id| id.0 <= replicas).count();
        let can_write = parameters.writer.is_none_or(|writer| set.contains(&writer));
        majority(replicas) as usize <= able && can_write
    }
}
