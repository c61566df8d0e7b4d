//! A small protocol for the harness's own tests: one server keeps a register, the others forward to it.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use orrery_harness::case::{Checks, Clients};
use orrery_harness::{Case, Verdict};
use orrery_sim::client::Generator;
use orrery_sim::plan::Plan;
use orrery_sim::registration::{NoteEntry, Registration, Statistic, Workload};
use orrery_sim::{
    Bug, Clock, Context, Difficulty, Disk, Duration, Law, Link, Links, Monitor, Node, NodeId,
    OperationId, Protocol, SimTime, Start, TiePolicy, Violation, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The server answers reads with what it had first.
pub(crate) const STALE: Bug = Bug {
    id: "STALE",
    summary: "reads give the first value ever written",
    breaks: &["linearizability"],
    source: "none",
    difficulty: Difficulty::Easy,
    found_by: &[],
};
/// The server counts in steps of two.
pub(crate) const SKIPS: Bug = Bug {
    id: "SKIPS",
    summary: "the version jumps",
    breaks: &["Steady"],
    source: "none",
    difficulty: Difficulty::Easy,
    found_by: &[],
};
/// The server panics at the third write.
pub(crate) const PANICS: Bug = Bug {
    id: "PANICS",
    summary: "panics",
    breaks: &[],
    source: "none",
    difficulty: Difficulty::Easy,
    found_by: &[],
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Register;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Operation {
    Put { key: String, value: String },
    Get { key: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Output {
    Written,
    Value(Option<String>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Message {
    Ask { id: OperationId, operation: Operation, ticket: u64 },
    Answer { id: OperationId, output: Output },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Note {
    Wrote { version: u64 },
}

impl Protocol for Register {
    type Config = u64;
    type Message = Message;
    type Timer = ();
    type Record = Operation;
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Server {
    values: BTreeMap<String, String>,
    first: BTreeMap<String, String>,
    version: u64,
    ticket: u64,
}

impl Server {
    fn apply(&mut self, operation: Operation, ctx: &mut Context<'_, Register>) -> Output {
        match operation {
            Operation::Put { key, value } => {
                self.version += if ctx.bug(&SKIPS) && 1 < self.version { 2 } else { 1 };
                assert!(!ctx.bug(&PANICS) || self.version < 3, "the third write");
                self.first.entry(key.clone()).or_insert_with(|| value.clone());
                self.values.insert(key.clone(), value.clone());
                ctx.append(Operation::Put { key, value });
                ctx.sync();
                ctx.note(Note::Wrote { version: self.version });
                Output::Written
            }
            Operation::Get { key } if ctx.bug(&STALE) => {
                Output::Value(self.first.get(&key).cloned())
            }
            Operation::Get { key } => Output::Value(self.values.get(&key).cloned()),
        }
    }
}

impl Node for Server {
    type Protocol = Register;

    fn on_start(start: Start<'_, Register>, _: &mut Context<'_, Register>) -> Self {
        let (values, first) = (BTreeMap::new(), BTreeMap::new());
        let mut server = Self { values, first, version: 0, ticket: *start.config };
        for record in start.journal.records() {
            if let Operation::Put { key, value } = record {
                server.version += 1;
                server.first.entry(key.clone()).or_insert_with(|| value.clone());
                server.values.insert(key.clone(), value.clone());
            }
        }
        server
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Register>) {
        match message {
            Message::Ask { id, operation, .. } => {
                let output = self.apply(operation, ctx);
                ctx.send(from, Message::Answer { id, output });
            }
            Message::Answer { id, output } => ctx.complete(id, output),
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Context<'_, Register>) {}

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Register>,
    ) {
        if ctx.id() == NodeId(1) {
            let output = self.apply(operation, ctx);
            ctx.complete(id, output);
        } else {
            ctx.send(NodeId(1), Message::Ask { id, operation, ticket: self.ticket });
        }
    }

    fn role(&self) -> &'static str {
        "server"
    }
}

/// The version grows by one.
#[derive(Clone, Serialize)]
struct Steady {
    last: u64,
}

impl Monitor<Server> for Steady {
    fn name(&self) -> &'static str {
        "Steady"
    }

    fn after(
        &mut self,
        step: &orrery_sim::Step<Register>,
        _: &World<Server>,
    ) -> Result<(), Violation> {
        for Note::Wrote { version } in &step.notes {
            if *version != self.last + 1 {
                return Err(Violation {
                    rule: "Steady",
                    source: "this test",
                    facts: vec![format!("version {} was followed by {version}", self.last)],
                    nodes: vec![NodeId(1)],
                });
            }
            self.last = *version;
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Parameters {
    /// Each set-up gives the nodes another number, which they pass on.
    pub leaks: bool,
    /// Claims that any majority can work without the server, which is wrong.
    pub boasts: bool,
}

/// How many set-ups have leaked so far.
static LEAKED: AtomicU64 = AtomicU64::new(1);

pub(crate) struct Registered;

impl Registration for Registered {
    type Node = Server;
    type Parameters = Parameters;

    const NAME: &'static str = "register";
    const SUMMARY: &'static str = "a register on one server";
    const BUGS: &'static [Bug] = &[STALE, SKIPS, PANICS];
    const PROBES: &'static [&'static str] = &["never"];
    const STATISTICS: &'static [Statistic] =
        &[Statistic { name: "writes", scale: 1, unit: "", about: "writes applied" }];

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<u64>, String> {
        let ticket = if parameters.leaks { LEAKED.fetch_add(1, Ordering::Relaxed) } else { 0 };
        Ok(vec![ticket; nodes as usize])
    }

    fn is_core(parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        if parameters.boasts { nodes / 2 < set.len() as u32 } else { set.contains(&NodeId(1)) }
    }

    fn monitors(_: &Parameters, _: u32) -> Vec<Box<dyn Monitor<Server>>> {
        vec![Box::new(Steady { last: 0 })]
    }

    fn statistics(_: &World<Server>, notes: &[NoteEntry<Register>]) -> Vec<Option<i64>> {
        vec![i64::try_from(notes.len()).ok()]
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        let keys = u64::from(workload.keys);
        Ok(Arc::new(move |client, number, draw| {
            let key = format!("k{}", draw.below(keys));
            Some(if draw.below(2) == 0 {
                Operation::Put { key, value: format!("{client}.{number}") }
            } else {
                Operation::Get { key }
            })
        }))
    }
}

/// Three nodes, two clients, two seconds.
pub(crate) fn case(seed: u64) -> Case {
    let latency = Law::Exponential(Duration::from_millis(3));
    Case {
        scenario: String::from("test/register"),
        title: String::from("a register"),
        protocol: String::from("register"),
        seed,
        nodes: 3,
        parameters: serde_json::json!({}),
        bugs: vec![],
        tie: TiePolicy::Fifo,
        links: Links { default: Link { latency, ..Link::default() }, ..Links::default() },
        clocks: vec![Clock::default(); 3],
        wall_clocks: vec![],
        disk: Disk { sync: Law::Constant(Duration::from_millis(1)), ..Disk::default() },
        clients: Clients {
            count: 2,
            workload: Some(Workload { keys: 2, mix: BTreeMap::new() }),
            ..Clients::default()
        },
        plan: Plan::default(),
        swarm: None,
        interventions: vec![],
        only_interventions: false,
        liveness: None,
        stop_at: SimTime::from_nanos(2_000_000_000),
        event_budget: 100_000,
        checks: Checks { linearizable: Some(String::from("kv")), ..Checks::default() },
        expect: Verdict::Pass,
        narration: vec![],
        token: String::new(),
    }
}
