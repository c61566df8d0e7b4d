//! The saga execution component (§4): one step after the other, or back again.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use orrery_sim::{Context, NodeId, OperationId, Position, Start};

use crate::bank::{Operation, Output, Posting, TxId, home};

use super::{Message, Note, Record, Saga, Settings, StepId, Timer};

/// Which way a saga goes, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Way {
    /// This step is asked for.
    Forward(u32),
    /// This step is made up for.
    Back(u32),
}

/// A saga that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Open {
    operation: OperationId,
    steps: Vec<Posting>,
    way: Way,
    /// The last step that may have been executed: after a crash, any.
    reached: u32,
}

/// The component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Component {
    settings: Settings,
    id: NodeId,
    incarnation: u32,
    number: u64,
    open: BTreeMap<TxId, Open>,
    /// Sagas whose end is on its way to the disk.
    ending: VecDeque<(Position, Note)>,
}

impl Component {
    /// Goes on with every saga that has begun and has no end. How far it was it does not know: forward it asks for all steps again, which
    /// banks execute once.
    pub(super) fn recover(start: &Start<'_, Saga>, ctx: &mut Context<'_, Saga>) -> Self {
        let (settings, id) = (start.config.clone(), start.id);
        let incarnation = start.incarnation;
        let (open, ending) = (BTreeMap::new(), VecDeque::new());
        let mut component = Self { settings, id, incarnation, number: 0, open, ending };
        for record in start.journal.records() {
            match record {
                Record::Begun { saga, operation, steps } => {
                    let (operation, steps, way) = (*operation, steps.clone(), Way::Forward(0));
                    let reached = steps.len() as u32 - 1;
                    component.open.insert(*saga, Open { operation, steps, way, reached });
                }
                Record::TurnedBack { saga, last } => {
                    if let Some(open) = component.open.get_mut(saga) {
                        open.way = Way::Back(*last);
                    }
                }
                Record::Ended { saga } => drop(component.open.remove(saga)),
                Record::Step { .. } => {}
            }
        }
        let sagas: Vec<TxId> = component.open.keys().copied().collect();
        for saga in sagas {
            component.ask(saga, ctx);
        }
        component
    }

    /// Begins a saga: it is on disk before its first step.
    pub(super) fn begin(
        &mut self,
        id: OperationId,
        operation: &Operation,
        ctx: &mut Context<'_, Saga>,
    ) {
        if self.open.values().any(|open| open.operation == id) {
            return; // The client asks again; it is on its way.
        }
        if !ctx.is_first_attempt() {
            return ctx.give_up(id); // It may be over, and forgotten.
        }
        let Some(mut steps) = operation.postings(self.settings.accounts) else {
            return ctx.fail(id);
        };
        // Who gives is asked before who gets.
        steps.sort_by_key(|posting| posting.amount);
        self.number += 1;
        let saga =
            TxId { coordinator: self.id, incarnation: self.incarnation, number: self.number };
        ctx.append(Record::Begun { saga, operation: id, steps: steps.clone() });
        ctx.sync();
        ctx.note(Note::Began { saga, steps: steps.clone() });
        let way = Way::Forward(0);
        self.open.insert(saga, Open { operation: id, steps, way, reached: 0 });
        self.ask(saga, ctx);
    }

    /// Asks a bank for what comes next.
    fn ask(&self, saga: TxId, ctx: &mut Context<'_, Saga>) {
        let Some(open) = self.open.get(&saga) else { return };
        let posting = |number: u32| open.steps[number as usize];
        let (number, message) = match open.way {
            Way::Forward(number) => {
                let step = StepId { saga, number };
                (number, Message::Step { step, posting: posting(number) })
            }
            Way::Back(number) => {
                let step = StepId { saga, number };
                (number, Message::Compensate { step, posting: posting(number) })
            }
        };
        let to = home(posting(number).account, &self.settings.banks);
        ctx.send(to, message);
        let wait = match open.way {
            Way::Forward(_) => self.settings.patience,
            Way::Back(_) => self.settings.resend,
        };
        ctx.set_timer(Timer::Answer(saga), wait);
    }

    /// A step was executed, or never will be.
    pub(super) fn done(&mut self, step: StepId, is_executed: bool, ctx: &mut Context<'_, Saga>) {
        let Some(open) = self.open.get_mut(&step.saga) else { return };
        if open.way != Way::Forward(step.number) {
            return;
        }
        if !is_executed {
            return self.turn_back(step.saga, ctx);
        }
        let next = step.number + 1;
        if (next as usize) < open.steps.len() {
            open.way = Way::Forward(next);
            open.reached = open.reached.max(next);
            self.ask(step.saga, ctx);
        } else {
            self.end(step.saga, true, ctx);
        }
    }

    /// No answer in time. A step may or may not have been executed: the saga turns back. A compensation is asked for again.
    pub(super) fn timeout(&mut self, saga: TxId, ctx: &mut Context<'_, Saga>) {
        match self.open.get(&saga).map(|open| open.way) {
            Some(Way::Forward(_)) => {
                ctx.probe("step-unanswered");
                self.turn_back(saga, ctx);
            }
            Some(Way::Back(_)) => self.ask(saga, ctx),
            None => {}
        }
    }

    /// Backward recovery (§2): that is on disk before the first compensation, for there is no way forward any more.
    fn turn_back(&mut self, saga: TxId, ctx: &mut Context<'_, Saga>) {
        let Some(open) = self.open.get_mut(&saga) else { return };
        let last = open.reached;
        open.way = Way::Back(last);
        ctx.append(Record::TurnedBack { saga, last });
        ctx.sync();
        ctx.note(Note::TurnedBack { saga });
        self.ask(saga, ctx);
    }

    /// Ends are on disk: they are told.
    pub(super) fn synced(&mut self, through: Position, ctx: &mut Context<'_, Saga>) {
        while let Some((_, note)) = self.ending.pop_front_if(|(at, _)| *at <= through) {
            ctx.note(note);
        }
    }

    /// A step is made up for: the one before is next.
    pub(super) fn compensated(&mut self, step: StepId, ctx: &mut Context<'_, Saga>) {
        let Some(open) = self.open.get_mut(&step.saga) else { return };
        if open.way != Way::Back(step.number) {
            return;
        }
        match step.number.checked_sub(1) {
            Some(before) => {
                open.way = Way::Back(before);
                self.ask(step.saga, ctx);
            }
            None => self.end(step.saga, false, ctx),
        }
    }

    /// The saga is over. Once somebody is told that it is whole it must not turn back: so that is on disk before.
    fn end(&mut self, saga: TxId, is_whole: bool, ctx: &mut Context<'_, Saga>) {
        let Some(open) = self.open.remove(&saga) else { return };
        ctx.cancel_timer(Timer::Answer(saga));
        let position = ctx.append(Record::Ended { saga });
        ctx.sync();
        self.ending.push_back((position, Note::Ended { saga, is_whole }));
        if is_whole {
            ctx.complete(open.operation, Output::Committed { read: vec![] });
        } else {
            ctx.fail(open.operation);
        }
    }
}
