//! Processes and scheduler as nodes, their registration, and what must hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use orrery_sim::registration::{FaultModel, NoteEntry, Statistic};
use orrery_sim::{
    Bug, Context, Monitor, Node, NodeId, Protocol, Registration, Start, Step, Violation, World,
};

use super::configuration::Configuration;
use super::consensus::{Content, PROCESSES, Process, Sends};
use super::scheduler::{LEADER, Scheduler};

/// The node that schedules.
const SCHEDULER: NodeId = NodeId(4);

/// A message may wait for so many steps at most: a turn comes every third time, and takes two steps or
/// three; a process has few messages waiting.
const LONGEST_WAIT: u64 = 64;

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flp;

/// What a scenario may set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// The bits that `n1`, `n2` and `n3` begin with. They must differ, or all is decided from the
    /// start.
    pub inputs: [u8; PROCESSES],
    /// For how many steps the scheduler works against a decision. From then on it is fair, and
    /// failure detectors name `n1`.
    pub steps: u64,
    /// Whether failure detectors can be relied upon from the start: all are told that `n1` leads.
    pub detector: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { inputs: [0, 1, 1], steps: 200, detector: false }
    }
}

/// What the nodes tell each other. What processes send each other travels inside, by way of the scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// From the scheduler: take a step.
    Step {
        /// From whom the message is.
        from: NodeId,
        /// What it says; or nothing.
        content: Content,
    },
    /// To the scheduler: done. Keep this for those whom it is for.
    Sent {
        /// Messages and their receivers.
        sends: Sends,
    },
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// What a process is due would settle the outcome, and comes after other steps.
    Postponed {
        /// Whose turn it is.
        process: NodeId,
        /// By how many steps.
        by: u64,
    },
    /// So many steps are over, nothing is decided, and the scheduler is fair from now on.
    Released {
        /// How many.
        steps: u64,
    },
    /// The scheduler found no way to keep the outcome open.
    Lost {
        /// After how many steps.
        steps: u64,
    },
    /// A process decided.
    Decided {
        /// For what.
        value: u8,
    },
}

impl Protocol for Flp {
    type Config = Parameters;
    type Message = Message;
    type Timer = ();
    type Record = ();
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::large_enum_variant, reason = "there are four, and people read them")]
pub enum Member {
    /// `n1` to `n3`.
    Process(Process),
    /// `n4`.
    Scheduler(Scheduler),
}

impl Node for Member {
    type Protocol = Flp;

    fn on_start(start: Start<'_, Flp>, ctx: &mut Context<'_, Flp>) -> Self {
        let Parameters { inputs, steps, detector } = *start.config;
        if start.id != SCHEDULER {
            return Self::Process(Process::new(start.id, inputs[start.id.index()]));
        }
        let leader = detector.then_some(LEADER);
        let mut scheduler = Scheduler::new(Configuration::initial(inputs, leader), steps);
        scheduler.go_on(ctx);
        Self::Scheduler(scheduler)
    }

    fn on_message(&mut self, _from: NodeId, message: Message, ctx: &mut Context<'_, Flp>) {
        match (self, message) {
            (Self::Process(process), Message::Step { from, content }) => {
                let before = process.decided;
                let sends = process.take_step(from, content);
                if let Some(value) = process.decided.filter(|_| before.is_none()) {
                    ctx.note(Note::Decided { value });
                }
                ctx.send(SCHEDULER, Message::Sent { sends });
            }
            (Self::Scheduler(scheduler), Message::Sent { sends }) => scheduler.stepped(sends, ctx),
            (Self::Process(_), Message::Sent { .. })
            | (Self::Scheduler(_), Message::Step { .. }) => {}
        }
    }

    fn on_timer(&mut self, (): (), _ctx: &mut Context<'_, Flp>) {}

    fn role(&self) -> &'static str {
        match self {
            Self::Process(process) if process.decided.is_some() => "decided",
            Self::Process(_) => "undecided",
            Self::Scheduler(scheduler) if scheduler.is_adversary => "adversary",
            Self::Scheduler(_) => "fair scheduler",
        }
    }
}

/// The state of a process.
fn process(world: &World<Member>, place: usize) -> Option<&Process> {
    match world.node(NodeId::from_index(place))? {
        Member::Process(process) => Some(process),
        Member::Scheduler(_) => None,
    }
}

/// The scheduler, right after it has let the next step happen: nothing else is under way then.
fn scheduler<'a>(step: &Step<Flp>, world: &'a World<Member>) -> Option<&'a Scheduler> {
    match world.node(step.handled_by.filter(|id| *id == SCHEDULER)?)? {
        Member::Scheduler(scheduler) => Some(scheduler),
        Member::Process(_) => None,
    }
}

/// Bivalent: as long as the scheduler works against a decision, nobody has decided, and from where the
/// processes really are, either value can still be decided: two schedules prove it, step by step.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Bivalent {
    /// After how many steps it looked, and found that.
    pub proofs: u64,
}

impl Monitor<Member> for Bivalent {
    fn name(&self) -> &'static str {
        "Bivalent"
    }

    fn after(&mut self, step: &Step<Flp>, world: &World<Member>) -> Result<(), Violation> {
        let Some(scheduler) = scheduler(step, world).filter(|it| it.is_adversary) else {
            return Ok(());
        };
        let mut real = scheduler.configuration.clone();
        for place in 0..PROCESSES {
            let Some(process) = process(world, place) else { return Ok(()) };
            real.processes[place] = process.clone();
        }
        let values = real.reachable();
        if values.len() == 2 && !real.is_decided() {
            self.proofs += 1;
            return Ok(());
        }
        Err(Violation {
            rule: "Bivalent",
            source: "Fischer, Lynch and Paterson 1985, lemma 3",
            facts: vec![
                format!("the scheduler works against a decision at step {}", scheduler.steps),
                format!("only {values:?} can be reached from there, at {}", step.time),
            ],
            nodes: vec![SCHEDULER],
        })
    }
}

/// Fair: every message is received within a bounded number of steps, and each process takes its turn. So the run is
/// admissible: nothing is lost and nobody has crashed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fair;

impl Monitor<Member> for Fair {
    fn name(&self) -> &'static str {
        "Fair"
    }

    fn after(&mut self, step: &Step<Flp>, world: &World<Member>) -> Result<(), Violation> {
        let Some(scheduler) = scheduler(step, world) else { return Ok(()) };
        let now = scheduler.steps;
        let buffer = &scheduler.configuration.buffer;
        let late = buffer.iter().find(|envelope| LONGEST_WAIT < now - envelope.since);
        let Some(late) = late else { return Ok(()) };
        Err(Violation {
            rule: "Fair",
            source: "Fischer, Lynch and Paterson 1985, §2: every message is eventually delivered",
            facts: vec![
                format!(
                    "{} sent {:?} to {} in step {}",
                    late.from, late.content, late.to, late.since
                ),
                format!("it had not been received in step {now}, at {}", step.time),
            ],
            nodes: vec![late.from, late.to],
        })
    }
}

/// Agreement and validity: all that decide decide for the same value, which somebody began with.
#[derive(Clone, Debug, Serialize)]
pub struct Consensus {
    inputs: [u8; PROCESSES],
    first: Option<(NodeId, u8)>,
}

impl Monitor<Member> for Consensus {
    fn name(&self) -> &'static str {
        "Consensus"
    }

    fn after(&mut self, step: &Step<Flp>, _world: &World<Member>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Decided { value } = note else { continue };
            let (first, known) = *self.first.get_or_insert((id, *value));
            if known == *value && self.inputs.contains(value) {
                continue;
            }
            return Err(Violation {
                rule: "Consensus",
                source: "Fischer, Lynch and Paterson 1985, §2: partially correct",
                facts: vec![
                    format!("{first} decided {known}; the inputs are {:?}", self.inputs),
                    format!("{id} decided {value} at {}", step.time),
                ],
                nodes: vec![first, id],
            });
        }
        Ok(())
    }
}

impl Registration for Flp {
    type Node = Member;
    type Parameters = Parameters;

    const NAME: &'static str = "flp";
    const SUMMARY: &'static str = "consensus on a bit among three, and a scheduler that keeps it open (Fischer, Lynch & Paterson 1985)";
    const BUGS: &'static [Bug] = &[];
    const PROBES: &'static [&'static str] = &[];
    const STATISTICS: &'static [Statistic] = &[
        Statistic { name: "steps", scale: 1, unit: "", about: "steps that processes took" },
        Statistic {
            name: "open_steps",
            scale: 1,
            unit: "",
            about: "steps after which either value could still be decided",
        },
        Statistic {
            name: "postponed",
            scale: 1,
            unit: "",
            about: "turns for which the scheduler had to let another step happen first",
        },
        Statistic {
            name: "longest_wait",
            scale: 1,
            unit: "",
            about: "steps that the message waited for which waited longest",
        },
    ];

    fn set_up(parameters: &Parameters, nodes: u32) -> Result<Vec<Parameters>, String> {
        if nodes != SCHEDULER.0 {
            return Err(format!(
                "`nodes` is {nodes}: there are three processes and {SCHEDULER}, who schedules"
            ));
        }
        if parameters.inputs.iter().any(|bit| 1 < *bit) {
            return Err(String::from("`inputs` are bits: each is 0 or 1"));
        }
        if !parameters.detector && !Configuration::initial(parameters.inputs, None).is_bivalent() {
            return Err(String::from(
                "`inputs` are all the same, so that the outcome is settled: one has to differ",
            ));
        }
        Ok(vec![parameters.clone(); nodes as usize])
    }

    fn monitors(parameters: &Parameters, _nodes: u32) -> Vec<Box<dyn Monitor<Member>>> {
        let consensus = Consensus { inputs: parameters.inputs, first: None };
        vec![Box::new(Bivalent::default()), Box::new(Fair), Box::new(consensus)]
    }

    fn statistics(world: &World<Member>, notes: &[NoteEntry<Self>]) -> Vec<Option<i64>> {
        let Some(Member::Scheduler(scheduler)) = world.node(SCHEDULER) else { return vec![] };
        let ended = notes.iter().find_map(|entry| match entry.note {
            Note::Released { steps } | Note::Lost { steps } => Some(steps),
            Note::Postponed { .. } | Note::Decided { .. } => None,
        });
        let open = ended.unwrap_or(scheduler.steps);
        let values = [scheduler.steps, open, scheduler.postponed, scheduler.longest_wait];
        values.into_iter().map(|value| i64::try_from(value).ok()).collect()
    }

    fn entries(_parameters: &Parameters, _nodes: u32) -> Vec<NodeId> {
        vec![SCHEDULER]
    }

    /// None: the scheduler is all that goes wrong.
    fn fault_model(_parameters: &Parameters, _nodes: u32) -> FaultModel {
        FaultModel { families: vec![], down_at_most: 0, drift_ppb: 0, bears_harsh: false }
    }

    fn is_core(_parameters: &Parameters, nodes: u32, set: &[NodeId]) -> bool {
        set.len() == nodes as usize
    }
}
