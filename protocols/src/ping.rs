//! Ping: lab 0. `n1` greets the others and waits until each has answered. Thirty lines of protocol
//! on which every tool of the lab can be tried: messages, a timer, notes, a probe, client
//! operations, a planted bug, an invariant and a statistic.
//!
//! **Source:** none; the two-way handshake that all protocols are made of.
//!
//! **System model:** asynchronous; messages may be lost, doubled and overtaken; nodes may crash and
//! restart, and forget everything when they do.
//!
//! The one lesson: a network that may double messages must not be counted on, so `n1` keeps a *set*
//! of those who have not answered, and never a number of those who have. The bug [`H1`] counts.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::client::Generator;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic, Workload};
use orrery_sim::{
    Bug, Context, Difficulty, Duration, Monitor, Node, NodeId, OperationId, Protocol, Registration,
    Start, Step, Violation, World,
};

/// Who greets.
const GREETER: NodeId = NodeId(1);

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping;

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How long `n1` waits before it pings again whoever has not answered. Any positive time is
    /// safe.
    pub resend: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { resend: Duration::from_millis(100) }
    }
}

/// In the order of a run without faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From `n1`: are you there?
    Ping {
        /// For which greeting.
        greeting: OperationId,
    },
    /// To `n1`: I am here.
    Pong {
        /// The greeting of the ping.
        greeting: OperationId,
    },
}

/// Somebody has not answered for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Resend;

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// `n1` counted an answer.
    Answered {
        /// Whose.
        by: NodeId,
        /// To which greeting.
        greeting: OperationId,
    },
    /// All others have answered.
    Greeted {
        /// Which greeting is done.
        greeting: OperationId,
    },
}

/// What a client asks of `n1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Operation {
    /// Greet all other nodes.
    Greet {},
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// Every other node has answered.
    AllAnswered,
}

impl Protocol for Ping {
    type Config = Parameters;
    type Message = Message;
    type Timer = Resend;
    type Record = ();
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// A greeting that is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Greeting {
    /// Who has not answered.
    missing: BTreeSet<NodeId>,
    /// How many have.
    answers: u32,
}

/// One node: the greeter, or one who answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peer {
    resend: Duration,
    greetings: BTreeMap<OperationId, Greeting>,
}

impl Node for Peer {
    type Protocol = Ping;

    fn on_start(start: Start<'_, Ping>, _ctx: &mut Context<'_, Ping>) -> Self {
        Self { resend: start.config.resend, greetings: BTreeMap::new() }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Ping>) {
        match message {
            Message::Ping { greeting } => ctx.send(from, Message::Pong { greeting }),
            Message::Pong { greeting } => self.count_answer(from, greeting, ctx),
        }
    }

    fn on_timer(&mut self, Resend: Resend, ctx: &mut Context<'_, Ping>) {
        self.ping_again(ctx);
    }

    fn on_operation(&mut self, id: OperationId, operation: Operation, ctx: &mut Context<'_, Ping>) {
        match operation {
            Operation::Greet {} if ctx.id() == GREETER => self.greet(id, ctx),
            Operation::Greet {} => ctx.redirect(id, Some(GREETER)),
        }
    }

    fn role(&self) -> &'static str {
        if self.greetings.is_empty() { "idle" } else { "greeting" }
    }
}

impl Peer {
    /// Pings everybody. A client that asks again for a greeting that is under way just waits on.
    fn greet(&mut self, id: OperationId, ctx: &mut Context<'_, Ping>) {
        if self.greetings.contains_key(&id) {
            return;
        }
        let missing: BTreeSet<NodeId> = ctx.others().collect();
        if missing.is_empty() {
            return ctx.complete(id, Output::AllAnswered);
        }
        self.greetings.insert(id, Greeting { missing, answers: 0 });
        ctx.broadcast(&Message::Ping { greeting: id });
        ctx.set_timer(Resend, self.resend);
    }

    /// Counts an answer, once for each node: a pong may come twice, because a link doubles messages
    /// and because we ping again.
    fn count_answer(&mut self, from: NodeId, id: OperationId, ctx: &mut Context<'_, Ping>) {
        let Some(greeting) = self.greetings.get_mut(&id) else {
            return ctx.probe("late-pong");
        };
        let is_first = greeting.missing.remove(&from);
        if !is_first && !ctx.bug(&H1) {
            return ctx.probe("second-pong");
        }
        greeting.answers += 1;
        let is_done = greeting.answers + 1 == ctx.node_count();
        ctx.note(Note::Answered { by: from, greeting: id });
        if is_done {
            self.greetings.remove(&id);
            ctx.note(Note::Greeted { greeting: id });
            ctx.complete(id, Output::AllAnswered);
        }
    }

    /// Pings whoever has not answered: a ping or a pong was lost, or is slow.
    fn ping_again(&mut self, ctx: &mut Context<'_, Ping>) {
        for (id, greeting) in &self.greetings {
            for peer in &greeting.missing {
                ctx.send(*peer, Message::Ping { greeting: *id });
            }
        }
        if !self.greetings.is_empty() {
            ctx.set_timer(Resend, self.resend);
        }
    }
}

/// Counts every pong, so that one node which answers twice stands in for one that never did.
pub const H1: Bug = Bug {
    id: "H1",
    summary: "counts the second pong of a node as an answer of another",
    breaks: &["One Answer Each"],
    source: "end-to-end argument: a network that may double messages cannot be counted on",
    difficulty: Difficulty::Easy,
    found_by: &["ping/lossy"],
};

/// One Answer Each: of any node, `n1` counts one answer to a greeting at most.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OneAnswerEach {
    /// The life of `n1` of which this speaks: after a crash it greets afresh.
    incarnation: u32,
    counted: BTreeSet<(OperationId, NodeId)>,
}

impl Monitor<Peer> for OneAnswerEach {
    fn name(&self) -> &'static str {
        "One Answer Each"
    }

    fn after(&mut self, step: &Step<Ping>, world: &World<Peer>) -> Result<(), Violation> {
        for note in &step.notes {
            let Note::Answered { by, greeting } = note else { continue };
            if self.incarnation != world.incarnation(GREETER) {
                *self = Self { incarnation: world.incarnation(GREETER), ..Self::default() };
            }
            if !self.counted.insert((*greeting, *by)) {
                return Err(Violation {
                    rule: "One Answer Each",
                    source: "Ping, module documentation",
                    facts: vec![
                        format!("{GREETER} had counted an answer of {by} to {greeting}"),
                        format!("{GREETER} counted another one at {}", step.time),
                    ],
                    nodes: vec![GREETER, *by],
                });
            }
        }
        Ok(())
    }
}

impl Registration for Ping {
    type Node = Peer;
    type Parameters = Parameters;

    const NAME: &'static str = "ping";
    const SUMMARY: &'static str = "n1 greets the others and waits for their answers: lab 0";
    const BUGS: &'static [Bug] = &[H1];
    const PROBES: &'static [&'static str] = &["late-pong", "second-pong"];
    const STATISTICS: &'static [Statistic] = &[Statistic {
        name: "greetings",
        scale: 1,
        unit: "",
        about: "greetings that everybody answered",
    }];

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Parameters>, String> {
        if parameters.resend == Duration::ZERO {
            return Err(String::from("`resend` is 0s: any positive time will do, such as `100ms`"));
        }
        Ok(vec![parameters.clone(); nodes as usize])
    }

    fn monitors(_parameters: &Parameters, _nodes: u32) -> Vec<Box<dyn Monitor<Peer>>> {
        vec![Box::new(OneAnswerEach::default())]
    }

    fn statistics(_world: &World<Peer>, notes: &[NoteEntry<Ping>]) -> Vec<Option<i64>> {
        let greeted = notes.iter().filter(|entry| matches!(entry.note, Note::Greeted { .. }));
        vec![i64::try_from(greeted.count()).ok()]
    }

    fn generator(workload: &Workload) -> Result<Generator<Operation>, String> {
        match workload.mix.keys().find(|kind| *kind != "greet") {
            Some(kind) => Err(format!("ping knows no `{kind}`: there is greet")),
            None => Ok(std::sync::Arc::new(|_, _, _| Some(Operation::Greet {}))),
        }
    }

    fn entries(_parameters: &Parameters, _nodes: u32) -> Vec<NodeId> {
        vec![GREETER]
    }

    /// Everybody has to be there to be greeted, sooner or later.
    fn fault_model(_parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: orrery_sim::ledger::Family::CRASH_RECOVERY.to_vec(),
            down_at_most: nodes,
            drift_ppb: 1_000_000_000,
            bears_harsh: true,
        }
    }

    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() == nodes as usize
    }
}
