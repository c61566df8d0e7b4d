//! What must hold after every event, by what banks did, step by step.

use std::collections::BTreeMap;

use serde::Serialize;

use orrery_sim::{Monitor, Step, Violation, World};

use crate::bank::{Posting, TxId};

use super::{Note, Progress, Saga, Settings, Site, StepId};

/// Balances Are Steps: what is on a bank's accounts is what there was, and the steps that it has executed and not made up for. So the
/// money of all banks and what is under way in open sagas is what there was at the start.
#[derive(Clone, Debug, Serialize)]
pub struct BalancesAreSteps {
    balance: i64,
    /// What each step of a saga that was seen to begin does.
    postings: BTreeMap<TxId, Vec<Posting>>,
}

impl BalancesAreSteps {
    const NAME: &'static str = "Balances Are Steps";

    /// The monitor.
    pub const fn new(settings: &Settings) -> Self {
        Self { balance: settings.balance, postings: BTreeMap::new() }
    }
}

impl Monitor<Site> for BalancesAreSteps {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Saga>, world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            if let Note::Began { saga, steps } = note {
                self.postings.insert(*saga, steps.clone());
            }
        }
        let Some(bank) = world.node(id).and_then(Site::bank) else { return Ok(()) };
        let executed = bank.steps.iter().filter(|(_, (how, _))| *how == Progress::Executed);
        let amount = |step: &StepId| {
            self.postings.get(&step.saga).map_or(0, |steps| steps[step.number as usize].amount)
        };
        let due: i64 = executed.map(|(step, _)| amount(step)).sum();
        let began = bank.balances.values().map(|_| self.balance).sum::<i64>();
        let has: i64 = bank.balances.values().sum();
        if began + due == has {
            return Ok(());
        }
        Err(Violation {
            rule: Self::NAME,
            source: "Garcia-Molina & Salem 1987, §2: a compensation undoes what its step did",
            facts: vec![
                format!("{id} began with {began}, and its steps that stand come to {due}"),
                format!("at {} it has {has}", step.time),
            ],
            nodes: vec![id],
        })
    }
}

/// All or Compensated (§2): of a saga that is over, either every step stands, or none does.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AllOrCompensated {
    steps: BTreeMap<TxId, usize>,
    /// How far each step is.
    progress: BTreeMap<StepId, Progress>,
    /// Sagas that are over, and whether they are whole.
    ended: BTreeMap<TxId, bool>,
}

impl AllOrCompensated {
    const NAME: &'static str = "All or Compensated";

    fn sees(&mut self, step: StepId, progress: Progress) -> TxId {
        self.progress.insert(step, progress);
        step.saga
    }

    /// The first step that is not as the end of its saga says.
    fn odd(&self, saga: TxId) -> Option<(u32, Option<Progress>)> {
        let is_whole = *self.ended.get(&saga)?;
        let steps = 0..*self.steps.get(&saga)? as u32;
        let progress = |number| self.progress.get(&StepId { saga, number }).copied();
        let mut steps = steps.map(|number| (number, progress(number)));
        steps.find(|(_, how)| (*how == Some(Progress::Executed)) != is_whole)
    }
}

impl Monitor<Site> for AllOrCompensated {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn after(&mut self, step: &Step<Saga>, _world: &World<Site>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let saga = match note {
                Note::Began { saga, steps } => {
                    self.steps.insert(*saga, steps.len());
                    continue;
                }
                Note::Executed { step } => self.sees(*step, Progress::Executed),
                Note::Refused { step } => self.sees(*step, Progress::Refused),
                Note::MadeUp { step } => self.sees(*step, Progress::MadeUp),
                Note::Ended { saga, is_whole } => {
                    self.ended.insert(*saga, *is_whole);
                    *saga
                }
                Note::TurnedBack { .. } => continue,
            };
            let Some((number, how)) = self.odd(saga) else { continue };
            return Err(Violation {
                rule: Self::NAME,
                source: "Garcia-Molina & Salem 1987, §2: T1 to Tn, or T1 to Tj and Cj to C1",
                facts: vec![
                    format!("{saga} is over, and whole: {}", self.ended[&saga]),
                    format!("step {number} is {how:?} at {}", step.time),
                ],
                nodes: vec![id],
            });
        }
        Ok(())
    }
}
