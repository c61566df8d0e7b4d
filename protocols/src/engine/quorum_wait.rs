//! Quorum waits: a coordinator asks all replicas and waits for the first *k* answers of *n*.
//!
//! **Source:** Rényi, *On the theory of order statistics*, Acta Math. Acad. Sci. Hung. 4, 1953. The *k*-th smallest of
//! *n* independent exponential times of mean 1 has the mean 1/*n* + 1/(*n*−1) + .. + 1/(*n*−*k*+1) =
//! *H*ₙ − *H*ₙ₋ₖ: while *j* answers are still missing, the next one takes 1/*j*. Every protocol that waits for a quorum
//! waits like this.
//!
//! **Kept:** requests that go out at one moment, over links that delay each by a time of its own. **Ours:** many rounds
//! in a run, each of which begins when the one before has its quorum; late answers are still on their way
//! then. **Left out:** what the answers are good for.
//!
//! **System model:** asynchronous; messages may be doubled, delayed and overtaken; replicas may crash as long as a
//! quorum is up. Nothing is sent twice, so that losses may stop a round for ever.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::ledger::Family;
use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{
    Bug, Context, Difficulty, LocalTime, Monitor, Node, NodeId, Protocol, Registration, Start,
    Step, Violation, World,
};

use super::{SCALE, mean};

/// Who asks.
const COORDINATOR: NodeId = NodeId(1);

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumWait;

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// How many answers a round needs, the coordinator's own included.
    pub quorum: u32,
    /// How many of these the coordinator gives itself, at once: 0, or 1 where it is a replica too.
    pub own: u32,
    /// How many rounds it makes, one after the other.
    pub rounds: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { quorum: 1, own: 0, rounds: 100 }
    }
}

/// In the order of a round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From the coordinator.
    Request {
        /// In which round, from 1.
        round: u64,
    },
    /// To the coordinator.
    Answer {
        /// The round of the request.
        round: u64,
    },
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// The last round has its quorum.
    Finished {
        /// How many rounds there were.
        rounds: u64,
    },
}

impl Protocol for QuorumWait {
    type Config = Parameters;
    type Message = Message;
    type Timer = ();
    type Record = ();
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// Asks, and waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coordinator {
    config: Parameters,
    /// Rounds that have their quorum.
    done: u64,
    /// Who answered in the round that is under way.
    answers: BTreeSet<NodeId>,
    /// Whose answers were the quorum of the round before.
    last_quorum: BTreeSet<NodeId>,
    /// When it began.
    began: LocalTime,
    /// How long the rounds that are done waited, together, in nanoseconds.
    waited: u128,
}

/// Answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replica {
    /// The last round of which it knows.
    last: u64,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Member {
    /// `n1`.
    Coordinator(Coordinator),
    /// All others.
    Replica(Replica),
}

impl Node for Member {
    type Protocol = QuorumWait;

    fn on_start(start: Start<'_, QuorumWait>, ctx: &mut Context<'_, QuorumWait>) -> Self {
        if start.id == COORDINATOR {
            Self::Coordinator(Coordinator::begin(start.config.clone(), ctx))
        } else {
            Self::Replica(Replica::default())
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, QuorumWait>) {
        match (self, message) {
            (Self::Replica(replica), Message::Request { round }) => {
                replica.last = replica.last.max(round);
                ctx.send(from, Message::Answer { round });
            }
            (Self::Coordinator(coordinator), Message::Answer { round }) => {
                coordinator.count(from, round, ctx);
            }
            (Self::Replica(_), Message::Answer { .. })
            | (Self::Coordinator(_), Message::Request { .. }) => {}
        }
    }

    fn on_timer(&mut self, (): (), _ctx: &mut Context<'_, QuorumWait>) {}

    fn role(&self) -> &'static str {
        match self {
            Self::Coordinator(_) => "coordinator",
            Self::Replica(_) => "replica",
        }
    }
}

impl Coordinator {
    fn begin(config: Parameters, ctx: &mut Context<'_, QuorumWait>) -> Self {
        let mut coordinator = Self {
            config,
            done: 0,
            answers: BTreeSet::new(),
            last_quorum: BTreeSet::new(),
            began: ctx.now(),
            waited: 0,
        };
        if coordinator.missing() == 0 {
            // It is a quorum by itself, and never waits.
            coordinator.done = coordinator.config.rounds;
            ctx.note(Note::Finished { rounds: coordinator.done });
        } else {
            coordinator.ask(ctx);
        }
        coordinator
    }

    /// How many answers the round still needs.
    fn missing(&self) -> usize {
        ((self.config.quorum - self.config.own) as usize).saturating_sub(self.answers.len())
    }

    fn ask(&mut self, ctx: &mut Context<'_, QuorumWait>) {
        self.began = ctx.now();
        ctx.broadcast(&Message::Request { round: self.done + 1 });
    }

    /// Counts an answer. One of an earlier round comes too late to count.
    fn count(&mut self, from: NodeId, round: u64, ctx: &mut Context<'_, QuorumWait>) {
        if self.done == self.config.rounds {
            return;
        }
        if round != self.done + 1 {
            ctx.probe("late-answer");
            if !ctx.bug(&W1) {
                return;
            }
        }
        self.answers.insert(from);
        if self.missing() != 0 {
            return;
        }
        self.done += 1;
        self.last_quorum = std::mem::take(&mut self.answers);
        self.waited += u128::from(ctx.now().since(self.began).as_nanos());
        if self.done < self.config.rounds {
            self.ask(ctx);
        } else {
            ctx.note(Note::Finished { rounds: self.done });
        }
    }
}

/// Yesterday's answer to today's question.
pub const W1: Bug = Bug {
    id: "W1",
    summary: "an answer of an earlier round counts in the round that is under way",
    breaks: &["Quorum"],
    source: "Attiya, Bar-Noy and Dolev 1995, section 3: answers carry the number of their request",
    difficulty: Difficulty::Easy,
    found_by: &["engine/quorum-wait"],
};

/// Quorum: when a round is done, so many of those who count in it have got its request.
#[derive(Clone, Debug, Serialize)]
pub struct Quorum {
    needed: usize,
    /// Rounds that were done when this last looked.
    done: u64,
    /// The last round that each replica knew of, whatever it has forgotten since. `n2` comes first.
    known: Vec<u64>,
}

impl Monitor<Member> for Quorum {
    fn name(&self) -> &'static str {
        "Quorum"
    }

    fn after(&mut self, step: &Step<QuorumWait>, world: &World<Member>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let coordinator = match world.node(id) {
            Some(Member::Coordinator(coordinator)) => coordinator,
            Some(Member::Replica(replica)) => {
                let known = &mut self.known[id.index() - 1];
                *known = replica.last.max(*known);
                return Ok(());
            }
            None => return Ok(()),
        };
        if coordinator.done == self.done {
            return Ok(());
        }
        self.done = coordinator.done;
        let is_asked = |id: &&NodeId| self.done <= self.known[id.index() - 1];
        let asked = coordinator.last_quorum.iter().filter(is_asked).count();
        if self.needed <= asked {
            return Ok(());
        }
        Err(Violation {
            rule: "Quorum",
            source: "Quorum waits, module documentation",
            facts: vec![
                format!(
                    "{COORDINATOR} counted {:?} as its quorum of round {} at {}",
                    coordinator.last_quorum, self.done, step.time
                ),
                format!("the request of that round had reached {asked} of them"),
            ],
            nodes: vec![COORDINATOR],
        })
    }
}

impl Registration for QuorumWait {
    type Node = Member;
    type Parameters = Parameters;

    const NAME: &'static str = "quorum-wait";
    const SUMMARY: &'static str =
        "a coordinator waits for the first k answers of n: order statistics of the latency";
    const BUGS: &'static [Bug] = &[W1];
    const PROBES: &'static [&'static str] = &["late-answer"];
    const STATISTICS: &'static [Statistic] = &[Statistic {
        name: "wait",
        scale: SCALE,
        unit: "s",
        about: "mean time from a round's requests to its quorum",
    }];

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Parameters>, String> {
        let Parameters { quorum, own, rounds } = *parameters;
        if 1 < own {
            return Err(format!(
                "`own` is {own}: the coordinator is one of the replicas (1) or none (0)"
            ));
        }
        let all = nodes - 1 + own;
        if quorum == 0 || all < quorum {
            return Err(format!(
                "`quorum` is {quorum}: of {all} answers 1 to {all} can be waited for"
            ));
        }
        if rounds == 0 {
            return Err(String::from("`rounds` is 0: at least 1 round has to be made"));
        }
        Ok(vec![parameters.clone(); nodes as usize])
    }

    fn monitors(parameters: &Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Member>>> {
        let needed = (parameters.quorum - parameters.own) as usize;
        vec![Box::new(Quorum { needed, done: 0, known: vec![0; nodes as usize - 1] })]
    }

    fn statistics(world: &World<Member>, _notes: &[NoteEntry<QuorumWait>]) -> Vec<Option<i64>> {
        match world.node(COORDINATOR) {
            Some(Member::Coordinator(it)) => vec![mean(it.waited, it.done, 1)],
            Some(Member::Replica(_)) | None => vec![],
        }
    }

    /// Answers that are late, doubled or missing, as long as a quorum answers.
    fn fault_model(parameters: &Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: vec![Family::Crash, Family::Pause, Family::Duplication, Family::Clock],
            down_at_most: (nodes - 1 + parameters.own).saturating_sub(parameters.quorum),
            drift_ppb: 100_000_000,
            bears_harsh: false,
        }
    }

    /// The coordinator cannot be replaced.
    fn is_core(parameters: &Parameters, _nodes: u32, set: &[NodeId]) -> bool {
        let answers = set.len() as u32 + parameters.own;
        set.contains(&COORDINATOR) && parameters.quorum < answers
    }
}
