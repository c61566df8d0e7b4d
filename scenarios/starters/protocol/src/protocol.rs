//! A protocol to start from: a node that hears something new tells everybody.
//!
//! A node is a state machine. It gets an event (a message, a timer, an operation of a client), changes its state
//! and says what is to be done (`ctx.send`, `ctx.set_timer`, `ctx.complete`). It has no clock, no thread and no
//! random source of its own, so that a run can be repeated event by event.

use std::collections::BTreeSet;

use orrery::sim::registration::{NoteEntry, Statistic};
use orrery::sim::{
    Bug, Context, Difficulty, Monitor, Node, NodeId, OperationId, Protocol, Registration, Start,
    Step, Violation, World,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rumors;

/// What a scenario may set in `parameters`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Whether a node that hears something new tells it to all others.
    pub pass_on: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { pass_on: true }
    }
}

/// What nodes send each other. A message may be lost, doubled, delayed and overtaken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Have you heard?
    Rumor {
        /// What there is to be heard.
        text: String,
    },
}

/// Milestones, for monitors, goals and people: `note Heard` in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A node heard something for the first time.
    Heard {
        /// What it heard.
        text: String,
    },
}

/// What clients ask: `operation = { Tell = { text = "hello" } }` in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Operation {
    /// Tell this to everybody.
    Tell {
        /// What to tell.
        text: String,
    },
}

/// What clients get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Output {
    /// It is on its way.
    Told,
}

impl Protocol for Rumors {
    type Config = Parameters;
    type Message = Message;
    type Timer = (); // An enum, once there are timers.
    type Record = (); // What is written to the journal: all that survives a crash.
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// One node. All of its state is here, so that it can be shown, copied and compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gossip {
    pass_on: bool,
    heard: BTreeSet<String>,
}

impl Node for Gossip {
    type Protocol = Rumors;

    /// The node starts, or starts again after a crash with what `start.journal` kept.
    fn on_start(start: Start<'_, Rumors>, _ctx: &mut Context<'_, Rumors>) -> Self {
        Self { pass_on: start.config.pass_on, heard: BTreeSet::new() }
    }

    fn on_message(&mut self, _from: NodeId, message: Message, ctx: &mut Context<'_, Rumors>) {
        match message {
            Message::Rumor { text } => self.hear(text, self.pass_on, ctx),
        }
    }

    fn on_timer(&mut self, (): (), _ctx: &mut Context<'_, Rumors>) {}

    fn on_operation(
        &mut self,
        id: OperationId,
        operation: Operation,
        ctx: &mut Context<'_, Rumors>,
    ) {
        match operation {
            Operation::Tell { text } => self.hear(text, true, ctx),
        }
        ctx.complete(id, Output::Told);
    }
}

impl Gossip {
    /// Only news is passed on: otherwise one rumor would go round for ever.
    fn hear(&mut self, text: String, tell: bool, ctx: &mut Context<'_, Rumors>) {
        if !self.heard.insert(text.clone()) && !ctx.bug(&B1) {
            return;
        }
        ctx.note(Note::Heard { text: text.clone() });
        if tell {
            ctx.broadcast(&Message::Rumor { text });
        }
    }
}

/// A planted bug: one wrong condition, switched on by `--bug B1`, that the monitor below catches.
pub const B1: Bug = Bug {
    id: "B1",
    summary: "a node takes everything for news",
    breaks: &["News Once"],
    source: "this file, `hear`",
    difficulty: Difficulty::Easy,
    found_by: &[],
};

/// An invariant, judged after every event: between two starts, a node hears something for the first
/// time once.
#[derive(Clone, Debug, Default, Serialize)]
struct NewsOnce {
    heard: BTreeSet<(NodeId, u32, String)>,
}

impl Monitor<Gossip> for NewsOnce {
    fn name(&self) -> &'static str {
        "News Once"
    }

    fn after(&mut self, step: &Step<Rumors>, world: &World<Gossip>) -> Result<(), Violation> {
        let Some(node) = step.handled_by else { return Ok(()) };
        for Note::Heard { text } in &step.notes {
            if !self.heard.insert((node, world.incarnation(node), text.clone())) {
                return Err(Violation {
                    rule: "News Once",
                    source: "this file",
                    facts: vec![format!("{node} heard `{text}` again as news at {}", step.time)],
                    nodes: vec![node],
                });
            }
        }
        Ok(())
    }
}

impl Registration for Rumors {
    type Node = Gossip;
    type Parameters = Parameters;

    const NAME: &'static str = "{name}";
    const SUMMARY: &'static str = "rumors spread by telling everybody";
    const BUGS: &'static [Bug] = &[B1];
    const PROBES: &'static [&'static str] = &[];
    const STATISTICS: &'static [Statistic] = &[Statistic {
        name: "heard",
        scale: 1,
        unit: "",
        about: "times that a node heard something new",
    }];

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Parameters>, String> {
        Ok(vec![parameters.clone(); nodes as usize])
    }

    fn monitors(_parameters: &Parameters, _nodes: u32) -> Vec<Box<dyn Monitor<Gossip>>> {
        vec![Box::new(NewsOnce::default())]
    }

    fn statistics(_world: &World<Gossip>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        vec![i64::try_from(notes.len()).ok()]
    }
}
