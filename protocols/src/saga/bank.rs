//! A bank: each step is a transaction of its own, executed once, and made up for at most once.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Context, NodeId, Start};

use crate::bank::{Posting, home};

use super::bugs::T18;
use super::{Message, Note, Record, Saga, StepId};

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Progress {
    /// It was executed.
    Executed,
    /// It never will be.
    Refused,
    /// It was executed, and made up for.
    MadeUp,
}

/// A bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bank {
    /// What is on each account.
    pub balances: BTreeMap<u32, i64>,
    /// How far each step is that was heard of. It grows as long as the run does.
    pub steps: BTreeMap<StepId, (Progress, Posting)>,
}

impl Bank {
    /// What the journal adds up to.
    pub(super) fn recover(start: &Start<'_, Saga>) -> Self {
        let settings = start.config;
        let own =
            (0..settings.accounts).filter(|account| home(*account, &settings.banks) == start.id);
        let balances = own.map(|account| (account, settings.balance)).collect();
        let mut bank = Self { balances, steps: BTreeMap::new() };
        for record in start.journal.records() {
            if let Record::Step { step, progress, change } = record {
                bank.keep(*step, *progress, *change);
            }
        }
        bank
    }

    fn keep(&mut self, step: StepId, progress: Progress, change: Posting) {
        *self.balances.entry(change.account).or_default() += change.amount;
        self.steps.insert(step, (progress, change));
    }

    /// Writes down what happened to a step, on disk before it is answered.
    fn write(
        &mut self,
        step: StepId,
        progress: Progress,
        change: Posting,
        ctx: &mut Context<'_, Saga>,
    ) {
        self.keep(step, progress, change);
        ctx.append(Record::Step { step, progress, change });
        ctx.sync();
        ctx.note(match progress {
            Progress::Executed => Note::Executed { step },
            Progress::Refused => Note::Refused { step },
            Progress::MadeUp => Note::MadeUp { step },
        });
    }

    /// Ti: executed once. No if there is not enough, or if it was made up for before it came.
    pub(super) fn execute(
        &mut self,
        from: NodeId,
        step: StepId,
        posting: Posting,
        ctx: &mut Context<'_, Saga>,
    ) {
        if self.steps.contains_key(&step) {
            ctx.probe("step-twice");
        } else {
            let balance = self.balances.get(&posting.account).copied().unwrap_or(0);
            let is_covered = 0 <= posting.amount || 0 <= balance + posting.amount;
            let nothing = Posting { amount: 0, ..posting };
            let (progress, change) = if is_covered {
                (Progress::Executed, posting)
            } else {
                (Progress::Refused, nothing)
            };
            self.write(step, progress, change, ctx);
        }
        let is_executed = self.steps[&step].0 == Progress::Executed;
        ctx.send(from, Message::Done { step, is_executed });
    }

    /// Ci: makes up for what was executed, once. Of what was not, it makes sure that it never is.
    pub(super) fn compensate(
        &mut self,
        from: NodeId,
        step: StepId,
        posting: Posting,
        ctx: &mut Context<'_, Saga>,
    ) {
        let back = Posting { amount: -posting.amount, ..posting };
        let nothing = Posting { amount: 0, ..posting };
        match self.steps.get(&step).map(|(progress, _)| *progress) {
            Some(Progress::Executed) => self.write(step, Progress::MadeUp, back, ctx),
            // One that is asked for twice, or for a step that never was.
            Some(Progress::MadeUp | Progress::Refused) | None if ctx.bug(&T18) => {
                self.write(step, Progress::MadeUp, back, ctx);
            }
            Some(Progress::MadeUp | Progress::Refused) => ctx.probe("compensation-twice"),
            None => {
                ctx.probe("compensation-first");
                self.write(step, Progress::Refused, nothing, ctx);
            }
        }
        ctx.send(from, Message::Compensated { step });
    }
}
