//! Sagas: a long transaction as a row of short ones, each with another that makes up for it.
//!
//! **Source:** H. Garcia-Molina and K. Salem, *Sagas*, SIGMOD 1987, cited by its sections.
//!
//! **System model:** nodes crash and come back with their journals; links lose, double, delay and reorder. Safety needs no clocks.
//!
//! # The idea
//!
//! A saga is a sequence of steps T1 to Tn, each a transaction of its own at one bank. Either all of them are executed, or T1 to Tj
//! and then the compensations Cj to C1 (§2, backward recovery). Nobody holds a lock between two steps, so that nobody is ever
//! blocked; the price is that others see what is half done, and that a compensation is a new deed and no undoing.
//!
//! The *saga execution component* (§4) writes down the begin of a saga and every turn that it takes, and asks the banks for one step
//! after the other. It cannot know whether a step was executed whose answer it does not have. So steps and compensations
//! are asked for until they are answered, and a bank remembers both: it executes each once, makes up only for what it has executed, and executes
//! nothing that was made up for before it came.
//!
//! # Ours
//!
//! - The component writes down a saga's begin, its turning back and its end; how far it is, the banks know.
//! - A step that is not answered in time turns the saga back, although it may be executed by then: its compensation is asked for too.
//! - If the first step says no, or any, those before it are made up for, from the last to the first.
//!
//! # Left out
//!
//! - Save-points and forward recovery (§3), parallel sagas (§7). Compensations that fail (§4): here they cannot.

mod bank;
pub mod bugs;
mod component;
pub mod invariants;
mod registration;

use serde::Serialize;

use orrery_sim::{Context, Duration, Node, NodeId, OperationId, Position, Protocol, Start};

use crate::bank::{Operation, Output, Posting, TxId};

pub use bank::{Bank, Progress};
pub use component::Component;
pub use registration::Parameters;

/// The saga execution component of every run.
pub const COMPONENT: NodeId = NodeId(1);

/// The protocol and its registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saga;

impl Protocol for Saga {
    type Config = Settings;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;
    type Note = Note;
    type Operation = Operation;
    type Output = Output;
}

/// What nodes keep to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Who has accounts.
    pub banks: Vec<NodeId>,
    /// How many accounts there are. They go round.
    pub accounts: u32,
    /// What is on each at the start.
    pub balance: i64,
    /// How long the component waits for a step before it turns back.
    pub patience: Duration,
    /// How long it waits for a compensation before it asks again.
    pub resend: Duration,
}

/// One step of a saga, or its compensation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StepId {
    /// The saga.
    pub saga: TxId,
    /// Which, from 0.
    pub number: u32,
}

/// What nodes send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Message {
    /// To a bank: execute this step.
    Step {
        /// Which.
        step: StepId,
        /// What it does.
        posting: Posting,
    },
    /// The answer.
    Done {
        /// Which.
        step: StepId,
        /// Whether it was executed; if not, it never will be.
        is_executed: bool,
    },
    /// To a bank: make up for this step, if it was executed, and never execute it if not.
    Compensate {
        /// Which.
        step: StepId,
        /// What the step did.
        posting: Posting,
    },
    /// The answer.
    Compensated {
        /// Which.
        step: StepId,
    },
}

/// What the component waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Timer {
    /// An answer of a bank.
    Answer(TxId),
}

/// A record of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Record {
    /// Component: a saga begins.
    Begun {
        /// Which.
        saga: TxId,
        /// The client's operation that it is.
        operation: OperationId,
        /// Its steps.
        steps: Vec<Posting>,
    },
    /// Component: it turns back.
    TurnedBack {
        /// Which.
        saga: TxId,
        /// The last step that may have been executed.
        last: u32,
    },
    /// Component: it is over.
    Ended {
        /// Which.
        saga: TxId,
    },
    /// Bank: how far a step is.
    Step {
        /// Which.
        step: StepId,
        /// How far.
        progress: Progress,
        /// What was added to which account by that.
        change: Posting,
    },
}

/// Milestones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Note {
    /// A saga begins.
    Began {
        /// Which.
        saga: TxId,
        /// Its steps.
        steps: Vec<Posting>,
    },
    /// A bank executed a step.
    Executed {
        /// Which.
        step: StepId,
    },
    /// A bank will never execute a step.
    Refused {
        /// Which.
        step: StepId,
    },
    /// A bank made up for a step.
    MadeUp {
        /// Which.
        step: StepId,
    },
    /// A saga turns back.
    TurnedBack {
        /// Which.
        saga: TxId,
    },
    /// A saga is over.
    Ended {
        /// Which.
        saga: TxId,
        /// Whether all its steps were executed; if not, all that were are made up for.
        is_whole: bool,
    },
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Site {
    /// `n1`.
    Component(Component),
    /// All others.
    Bank(Bank),
}

impl Site {
    /// The bank that it is.
    pub const fn bank(&self) -> Option<&Bank> {
        match self {
            Self::Bank(bank) => Some(bank),
            Self::Component(_) => None,
        }
    }
}

impl Node for Site {
    type Protocol = Saga;

    fn on_start(start: Start<'_, Saga>, ctx: &mut Context<'_, Saga>) -> Self {
        if start.id == COMPONENT {
            Self::Component(Component::recover(&start, ctx))
        } else {
            Self::Bank(Bank::recover(&start))
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<'_, Saga>) {
        match (self, message) {
            (Self::Component(component), Message::Done { step, is_executed }) => {
                component.done(step, is_executed, ctx);
            }
            (Self::Component(component), Message::Compensated { step }) => {
                component.compensated(step, ctx);
            }
            (Self::Bank(bank), Message::Step { step, posting }) => {
                bank.execute(from, step, posting, ctx);
            }
            (Self::Bank(bank), Message::Compensate { step, posting }) => {
                bank.compensate(from, step, posting, ctx);
            }
            (Self::Component(_), Message::Step { .. } | Message::Compensate { .. })
            | (Self::Bank(_), Message::Done { .. } | Message::Compensated { .. }) => {}
        }
    }

    fn on_timer(&mut self, Timer::Answer(saga): Timer, ctx: &mut Context<'_, Saga>) {
        match self {
            Self::Component(component) => component.timeout(saga, ctx),
            Self::Bank(_) => {}
        }
    }

    fn on_operation(&mut self, id: OperationId, operation: Operation, ctx: &mut Context<'_, Saga>) {
        match self {
            Self::Component(component) => component.begin(id, &operation, ctx),
            Self::Bank(_) => ctx.redirect(id, Some(COMPONENT)),
        }
    }

    fn on_synced(&mut self, through: Position, ctx: &mut Context<'_, Saga>) {
        match self {
            Self::Component(component) => component.synced(through, ctx),
            Self::Bank(_) => {}
        }
    }

    fn role(&self) -> &'static str {
        match self {
            Self::Component(_) => "component",
            Self::Bank(_) => "bank",
        }
    }
}
