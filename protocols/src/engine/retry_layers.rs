//! Retries in layers: each service retries the one below, and what one failure costs multiplies.
//!
//! **Source:** Saltzer, Reed and Clark, *End-to-end arguments in system design*, ACM TOCS 2 (4), 1984, on help by lower layers;
//! Brooker, *Timeouts, retries, and backoff with jitter*, Amazon Builders' Library, 2019, on retries in a stack of services. With *r* retries an
//! attempt that fails with probability *f* is made (1 − *f*^(*r*+1)) / (1 − *f*) times on average and fails for good with
//! *f*^(*r*+1), which is the *f* of the layer above: the means multiply. Where nothing succeeds, *k* layers make (1 + *r*)^*k* calls.
//!
//! **Kept:** calls one inside the other, each layer ignorant of the retries of the others. **Ours:** one request at a time.
//! **Left out:** backoff, timeouts and budgets of retries, which are there to end this.
//!
//! **System model:** nothing is lost and nobody crashes; the last node fails calls at random.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{
    Bug, Context, Difficulty, Monitor, Node, NodeId, Probability, Protocol, Registration, Start,
    Step, Violation, World,
};

use super::{SCALE, mean};

/// Who begins each request.
const TOP: NodeId = NodeId(1);

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryLayers;

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How often each layer retries a call that failed.
    pub retries: u32,
    /// How likely the last node fails a call.
    pub failure: Probability,
    /// How many requests `n1` makes, one after the other.
    pub requests: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { retries: 3, failure: Probability::ALWAYS, requests: 100 }
    }
}

/// Between neighbouring layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// Down, to the next node.
    Call,
    /// Back up: it worked.
    Success,
    /// Back up: it did not.
    Failure,
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A request failed although every layer did what it could.
    Failed {
        /// Which, from 1.
        request: u64,
    },
    /// The last request is done.
    Finished {
        /// How many succeeded.
        succeeded: u64,
    },
}

impl Protocol for RetryLayers {
    type Config = Config;
    type Message = Message;
    type Timer = ();
    type Record = ();
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// What one node is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Config {
    parameters: Parameters,
    /// Whom it calls; the last node calls nobody.
    below: Option<NodeId>,
}

/// One node: a layer that calls the next, or the last, which works or fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    config: Config,
    /// Who called; none for `n1`, which begins.
    above: Option<NodeId>,
    /// Attempts at the call that is under way.
    attempts: u32,
    /// Calls that reached it.
    calls: u64,
    /// Requests that are done, at `n1`.
    done: u64,
    /// Those that succeeded.
    succeeded: u64,
}

impl Node for Layer {
    type Protocol = RetryLayers;

    fn on_start(start: Start<'_, RetryLayers>, ctx: &mut Context<'_, RetryLayers>) -> Self {
        let config = start.config.clone();
        let mut layer = Self { config, above: None, attempts: 0, calls: 0, done: 0, succeeded: 0 };
        if start.id == TOP {
            layer.attempt_first(ctx);
        }
        layer
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, RetryLayers>) {
        match message {
            Message::Call => {
                self.above = Some(from);
                self.calls += 1;
                if self.config.below.is_some() {
                    self.attempt_first(ctx);
                } else {
                    let draw = ctx.below(u64::from(u32::MAX) + 1) as u32;
                    let fails = self.config.parameters.failure.holds(draw);
                    ctx.send(from, if fails { Message::Failure } else { Message::Success });
                }
            }
            Message::Success => self.end(true, ctx),
            Message::Failure => {
                let limit = self.config.parameters.retries + u32::from(ctx.bug(&L1));
                if self.attempts <= limit {
                    self.attempt(ctx);
                } else {
                    self.end(false, ctx);
                }
            }
        }
    }

    fn on_timer(&mut self, (): (), _ctx: &mut Context<'_, RetryLayers>) {}

    fn role(&self) -> &'static str {
        if self.config.below.is_some() { "layer" } else { "last" }
    }
}

impl Layer {
    fn attempt_first(&mut self, ctx: &mut Context<'_, RetryLayers>) {
        self.attempts = 0;
        self.attempt(ctx);
    }

    fn attempt(&mut self, ctx: &mut Context<'_, RetryLayers>) {
        self.attempts += 1;
        if let Some(below) = self.config.below {
            ctx.send(below, Message::Call);
        }
    }

    /// The call that is under way ended: whoever called hears of it, and `n1` goes on to the next request.
    fn end(&mut self, is_success: bool, ctx: &mut Context<'_, RetryLayers>) {
        if let Some(above) = self.above {
            ctx.send(above, if is_success { Message::Success } else { Message::Failure });
            return;
        }
        self.done += 1;
        self.succeeded += u64::from(is_success);
        if !is_success {
            ctx.note(Note::Failed { request: self.done });
        }
        if self.done < self.config.parameters.requests {
            self.attempt_first(ctx);
        } else {
            ctx.note(Note::Finished { succeeded: self.succeeded });
        }
    }
}

/// "Three retries" counted from the wrong end.
pub const L1: Bug = Bug {
    id: "L1",
    summary: "each layer retries once more than it may",
    breaks: &["Amplification"],
    source: "Brooker 2019: retries of a stack of services multiply",
    difficulty: Difficulty::Easy,
    found_by: &["engine/retry-layers"],
};

/// Amplification: no request brings the last node more than (1 + *r*)^*k* calls through *k* layers.
#[derive(Clone, Debug, Serialize)]
pub struct Amplification {
    last: NodeId,
    most: u64,
    /// Requests that were done when this last looked, and the calls up to then.
    done: u64,
    before: u64,
}

impl Monitor<Layer> for Amplification {
    fn name(&self) -> &'static str {
        "Amplification"
    }

    fn after(&mut self, step: &Step<RetryLayers>, world: &World<Layer>) -> Result<(), Violation> {
        let (Some(top), Some(last)) = (world.node(TOP), world.node(self.last)) else {
            return Ok(());
        };
        let calls = last.calls - self.before;
        if calls <= self.most {
            if self.done < top.done {
                (self.done, self.before) = (top.done, last.calls);
            }
            return Ok(());
        }
        Err(Violation {
            rule: "Amplification",
            source: "Retries in layers, module documentation",
            facts: vec![
                format!(
                    "request {} brought {} {calls} calls by {}",
                    self.done + 1,
                    self.last,
                    step.time
                ),
                format!("its layers may make {} of them", self.most),
            ],
            nodes: vec![self.last],
        })
    }
}

impl Registration for RetryLayers {
    type Node = Layer;
    type Parameters = Parameters;

    const NAME: &'static str = "retry-layers";
    const SUMMARY: &'static str = "services that retry the service below: calls multiply";
    const BUGS: &'static [Bug] = &[L1];
    const PROBES: &'static [&'static str] = &[];
    const STATISTICS: &'static [Statistic] = &[
        Statistic {
            name: "calls",
            scale: SCALE,
            unit: "",
            about: "mean number of calls that reach the last node for one request",
        },
        Statistic {
            name: "succeeded",
            scale: SCALE,
            unit: "",
            about: "share of the requests that succeeded",
        },
    ];

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Config>, String> {
        if nodes < 2 {
            return Err(String::from(
                "there is 1 node: one that calls and one that is called make 2",
            ));
        }
        if parameters.requests == 0 {
            return Err(String::from("`requests` is 0: at least 1 request has to be made"));
        }
        if most_calls(parameters.retries, nodes - 1).is_none() {
            return Err(format!(
                "`retries` is {}: through {} layers that is more calls than can be counted",
                parameters.retries,
                nodes - 1
            ));
        }
        let config = |id: NodeId| Config {
            parameters: parameters.clone(),
            below: (id.0 < nodes).then_some(NodeId(id.0 + 1)),
        };
        Ok(NodeId::all(nodes).map(config).collect())
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Layer>>> {
        let most = most_calls(parameters.retries, nodes - 1).unwrap_or(u64::MAX);
        vec![Box::new(Amplification { last: NodeId(nodes), most, done: 0, before: 0 })]
    }

    /// None of a run that did not come to the end of its requests: the last would be half counted.
    fn statistics(world: &World<Layer>, _notes: &[NoteEntry<RetryLayers>]) -> Vec<Option<i64>> {
        let (Some(top), Some(last)) = (world.node(TOP), world.node(NodeId(world.node_count())))
        else {
            return vec![];
        };
        if top.done < top.config.parameters.requests {
            return vec![];
        }
        [last.calls, top.succeeded].map(|sum| mean(u128::from(sum), top.done, SCALE)).to_vec()
    }

    /// None: the numbers are those of a world in which nothing but the last node fails.
    fn fault_model(_parameters: &Parameters, _nodes: u32) -> FaultModel {
        FaultModel { families: vec![], down_at_most: 0, drift_ppb: 0, bears_harsh: false }
    }
}

/// (1 + retries) ^ layers, if that can be counted.
fn most_calls(retries: u32, layers: u32) -> Option<u64> {
    (1 + u64::from(retries)).checked_pow(layers)
}
