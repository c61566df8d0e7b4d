//! The search for a smaller run: candidates, and the passes that make them.

use std::collections::BTreeSet;

use orrery_sim::{Digest, SimTime};

use crate::case::Case;
use crate::report::{Report, Verdict};
use crate::subject::{RunOptions, Subject};

use super::edit::{self, down_at_once, groups, is_in_order, until, with_nodes, without};
use super::{Fingerprint, ShrinkOptions, Witness, end_after};

/// The smallest failing run so far, and what is asked of a smaller one.
pub(super) struct Search<'a> {
    subject: &'a dyn Subject,
    options: &'a ShrinkOptions<'a>,
    pub wanted: Fingerprint,
    /// Something did not happen that should have: such a failure needs the time and the chance for it.
    is_goal: bool,
    /// Whether a candidate must not fail so without its planted bugs.
    pub control: bool,
    /// As many nodes were down at one time in the first run; more would be another story.
    down_at_most: usize,
    pub best: Case,
    pub report: Report,
    pub runs: u64,
    /// Digests of the candidates that were tried.
    seen: BTreeSet<String>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        subject: &'a dyn Subject,
        witness: &Witness,
        wanted: Fingerprint,
        is_goal: bool,
        control: bool,
        options: &'a ShrinkOptions<'a>,
    ) -> Self {
        Self {
            subject,
            options,
            wanted,
            is_goal,
            control,
            down_at_most: usize::MAX,
            best: witness.case.clone(),
            report: witness.report.clone(),
            runs: 0,
            seen: BTreeSet::new(),
        }
    }

    pub(super) const fn is_spent(&self) -> bool {
        self.options.runs <= self.runs
    }

    /// Goals that were not missed are not asked for: a short run has no time to reach them.
    pub(super) fn judge_only_what_failed(&self, case: &mut Case) {
        let rule = &self.wanted.rule;
        case.checks.goals.retain(|goal| self.is_goal && goal.name == *rule);
    }

    /// Whether a missed goal may be called so: a run that leaves no chance to reach it would miss it, too. Only a control run tells.
    const fn is_cautious(&self) -> bool {
        self.is_goal && !self.control
    }

    /// Runs a candidate, and keeps it if it fails as the first run did.
    pub(super) fn attempt(&mut self, candidate: Case) -> bool {
        if self.is_spent() || !is_in_order(&candidate.plan) {
            return false;
        }
        if self.down_at_most < down_at_once(&candidate) {
            return false;
        }
        let text = format!("{candidate:?}");
        let Ok(digest) = Digest::of(&text) else { return false };
        if !self.seen.insert(digest.to_string()) {
            return false;
        }
        self.runs += 1;
        let left = self.best.plan.items.len();
        (self.options.progress)(self.runs, left);
        let Some(report) = self.fails(&candidate) else { return false };
        if self.control {
            self.runs += 1;
            if self.fails(&Case { bugs: vec![], ..candidate.clone() }).is_some() {
                return false;
            }
        }
        self.best = candidate;
        self.report = report;
        true
    }

    /// The report of a case that fails as the first run did.
    fn fails(&self, case: &Case) -> Option<Report> {
        let report = self.subject.run(case, &RunOptions::default()).ok()?;
        let failure = report.violation.as_ref().filter(|_| report.verdict == Verdict::Fail)?;
        (Fingerprint::of(failure) == self.wanted).then_some(report)
    }

    /// All passes, until none of them finds anything.
    pub(super) fn shrink(&mut self) {
        self.down_at_most = down_at_once(&self.best);
        self.shorten();
        self.few_clients();
        loop {
            let before = format!("{:?}", self.best);
            self.fewer_groups();
            self.shorten();
            self.fewer_nodes();
            self.fewer_items();
            self.plainer_world();
            self.shorten();
            let is_done = before == format!("{:?}", self.best) && !self.other_luck();
            if is_done || self.is_spent() {
                break;
            }
        }
        self.rounder_values();
        self.few_clients();
    }

    /// Ends the run where it fails.
    pub(super) fn shorten(&mut self) {
        if self.is_goal {
            if self.control {
                self.halve_the_end(SimTime::ZERO);
            }
            return;
        }
        let Some(failure) = &self.report.violation else { return };
        let failed = end_after(failure.time_ns);
        if failed < self.best.stop_at && !self.attempt(until(&self.best, failed)) {
            // What judges the whole run at its end may need more of it.
            self.halve_the_end(failed);
        }
    }

    /// Looks for the earliest end after `least` by halving what lies between.
    fn halve_the_end(&mut self, least: SimTime) {
        const STEPS: usize = 8;
        let mut low = least;
        for _ in 0..STEPS {
            let span = self.best.stop_at.since(low).as_nanos();
            let middle = SimTime::from_nanos(low.as_nanos() + span / 2);
            if !self.attempt(until(&self.best, middle)) {
                low = middle;
            }
        }
    }

    /// Takes out faults with what ends them, and operations.
    fn fewer_groups(&mut self) {
        let mut units = groups(&self.best.plan);
        if self.is_cautious() {
            units.retain(|unit| self.is_fault(unit));
        }
        self.take_out(units);
    }

    /// Takes out items one by one: ends without their beginnings, and beginnings that take their ends along.
    fn fewer_items(&mut self) {
        if self.is_cautious() {
            return;
        }
        let plan = &self.best.plan;
        let units = (0..plan.items.len()).map(|place| vec![plan.address(place)]).collect();
        self.take_out(units);
    }

    /// Whether a unit begins with a fault: not with an operation, and not with what heals everything.
    fn is_fault(&self, unit: &[u32]) -> bool {
        let plan = &self.best.plan;
        let first = (0..plan.items.len()).find(|place| Some(&plan.address(*place)) == unit.first());
        first.is_some_and(|place| {
            plan.items[place]
                .action
                .family()
                .is_some_and(|family| family != orrery_sim::ledger::Family::Restart)
        })
    }

    /// Delta debugging: takes out chunks of `units` while the run fails without them, all at first, then ever smaller ones.
    fn take_out(&mut self, mut units: Vec<Vec<u32>>) {
        let mut chunk = units.len();
        while 0 < chunk && !self.is_spent() {
            let mut any = false;
            // Later ones first: little depends on them.
            let mut end = units.len();
            while 0 < end && !self.is_spent() {
                let start = end.saturating_sub(chunk);
                let out: BTreeSet<u32> = units[start..end].iter().flatten().copied().collect();
                if self.attempt(without(&self.best, |place, _| out.contains(&place))) {
                    units.drain(start..end);
                    any = true;
                }
                end = start;
            }
            // The last ones are tried again as long as it helps: what is left is needed, each by itself.
            chunk = if 1 < chunk { chunk.div_ceil(2).min(chunk - 1) } else { usize::from(any) };
        }
    }

    /// What is left may be needed only because each message that is not sent changes what is drawn for those behind it. So parts of
    /// it are taken out under other seeds, with more time. Whether that helped.
    fn other_luck(&mut self) -> bool {
        const SEEDS: u64 = 12;
        /// Of so few, each is tried by itself.
        const FEW: usize = 12;
        if self.is_cautious() {
            return false;
        }
        let units = groups(&self.best.plan);
        let mut parts: Vec<Vec<Vec<u32>>> = vec![];
        if 1 < units.len() {
            let (first, second) = units.split_at(units.len() / 2);
            parts.extend([first.to_vec(), second.to_vec()]);
            parts.push(units.iter().step_by(2).cloned().collect());
        }
        if units.len() <= FEW {
            parts.extend(units.iter().map(|unit| vec![unit.clone()]));
        }
        let end = SimTime::from_nanos(self.best.stop_at.as_nanos().saturating_mul(2));
        for seed in 0..SEEDS {
            for part in &parts {
                let out: BTreeSet<u32> = part.iter().flatten().copied().collect();
                let mut candidate = without(&self.best, |place, _| out.contains(&place));
                candidate.seed = candidate.seed.wrapping_add(seed);
                candidate.stop_at = if self.is_goal { candidate.stop_at } else { end };
                if self.attempt(candidate) {
                    self.shorten();
                    return true;
                }
            }
        }
        false
    }

    /// As few nodes as it takes. They keep their names.
    fn fewer_nodes(&mut self) {
        for count in 1..self.best.nodes {
            let mut candidate = with_nodes(&self.best, count);
            let completed = self.subject.complete_parameters(&candidate.parameters, count);
            let Ok(parameters) = completed else { continue };
            candidate.parameters = parameters;
            if self.attempt(candidate) {
                return;
            }
        }
    }

    /// No more clients than ask something.
    fn few_clients(&mut self) {
        if self.best.clients.workload.is_some() {
            return;
        }
        let asking = self.best.plan.items.iter().filter_map(edit::client_of).max();
        let count = asking.map_or(0, |client| client.0);
        let mut candidate = self.best.clone();
        candidate.clients.count = count;
        if count < self.best.clients.count {
            self.attempt(candidate);
        }
    }

    /// Tries to change the best case by `change`; `None` where there is nothing to be changed.
    pub(super) fn try_change(&mut self, change: impl FnOnce(&mut Case) -> Option<()>) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate).is_some() && self.attempt(candidate)
    }
}
