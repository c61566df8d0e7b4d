//! Carrying out the plan, and what people do to a run.

use crate::id::NodeId;
use crate::ledger::Family;
use crate::node::Node;
use crate::plan::{Action, Item, Trigger};
use crate::queue::QueueError;
use crate::step::{Deed, Event};
use crate::time::SimTime;

use super::faults::spared;
use super::plan_state::Urgent;
use super::setup::{SetupError, check_item};
use super::{What, World, tag};

impl<N: Node> World<N> {
    /// Does something to the run now, as a person would. Returns whether there was anybody to do it to.
    ///
    /// # Errors
    /// Where the queue overflows.
    pub fn intervene(
        &mut self,
        action: &Action<<N::Protocol as crate::Protocol>::Operation>,
    ) -> Result<bool, QueueError> {
        if !self.finds_target(action) {
            return Ok(false);
        }
        self.begin(None);
        self.act_out(None, action)?;
        self.watch();
        if self.next_halt <= self.step.number {
            self.halt();
        }
        Ok(true)
    }

    /// Adds an item to the end of the plan of a run under way, such that the run goes on as one does whose plan had it
    /// from the start. Its trigger must be [`Trigger::Behind`] the last event or a later one.
    ///
    /// # Errors
    /// Where its trigger is another one, or it names nodes, clients or items that do not exist.
    pub fn add_item(
        &mut self,
        item: Item<<N::Protocol as crate::Protocol>::Operation>,
    ) -> Result<(), SetupError> {
        let now = self.step.number;
        let Some(event) = item.behind().filter(|event| now <= *event) else {
            return Err(SetupError::TooLate(now));
        };
        let items = self.plan.items();
        let names = items.iter().chain([&item]).filter_map(|item| item.name.as_deref()).collect();
        check_item(&item, &names, self.node_count(), self.setup.count)?;
        if let Some(family) = item.action.family() {
            self.ledger.tally_mut(family).planned += 1;
        }
        self.plan.add(item);
        self.next_halt = self.next_halt.min(event);
        if event == now {
            self.strike_behind();
        }
        Ok(())
    }

    /// What the plan does right behind the last event comes before anything else that waits, in the plan's order.
    pub(super) fn strike_behind(&mut self) {
        let event = self.step.number;
        let is_behind = |urgent: &Urgent| match urgent {
            Urgent::Item(place) => self.plan.is_behind(*place, event),
            Urgent::CrashedInside { .. } | Urgent::Stopped { .. } | Urgent::CatchUp(_) => false,
        };
        let mut at = self.urgent.iter().take_while(|urgent| is_behind(urgent)).count();
        while let Some(place) = self.plan.take_behind(event) {
            self.urgent.insert(at, Urgent::Item(place));
            at += 1;
        }
    }

    pub(super) fn urgently(&mut self, urgent: Urgent) -> Result<(), QueueError> {
        match urgent {
            Urgent::CrashedInside { item, node, after, event } => {
                let detail = format!("inside event {event}, after {after} effects");
                let deed = Deed { item: Some(item), detail, ..deed("crash", Some(node)) };
                self.count(Some(Family::Crash), &deed);
                self.finish_item(item, Some(node), deed)
            }
            Urgent::Item(place) => {
                let items = self.plan.items();
                let item = &items[place];
                if self.act_out(Some(place), &item.action)?.is_none() {
                    // Nobody has the role yet. The item waits, and this was no event but for its number.
                    let patience = item.within.map_or(SimTime::MAX, |within| self.after(within));
                    self.plan.waiting.push((place, patience));
                    let word = item.action.word();
                    let (item, detail) = (Some(place), String::from("waits: nobody to act on"));
                    self.record(Deed { item, detail, changed: false, ..deed(word, None) });
                }
                Ok(())
            }
            Urgent::Stopped { node, event, error } => {
                let detail = match error {
                    Some(error) => format!("stops itself: a sync failed ({error})"),
                    None => format!("stops itself inside event {event}"),
                };
                self.step.cause = Some(event);
                self.record(Deed { detail, ..deed("crash", Some(node)) });
                Ok(())
            }
            Urgent::CatchUp(_) => Ok(()),
        }
    }

    /// Carries an action out and describes it; `None` where there is nobody to act on.
    fn act_out(
        &mut self,
        item: Option<usize>,
        action: &Action<<N::Protocol as crate::Protocol>::Operation>,
    ) -> Result<Option<()>, QueueError> {
        let deed = match action {
            Action::Crash { node, .. } => self.resolve(node).map(|id| self.do_crash(item, id)),
            Action::Restart(node) => {
                let Some(id) = self.resolve_down(node) else { return Ok(None) };
                return self.do_restart(item, id).map(Some);
            }
            Action::Pause(node) => self.resolve(node).map(|id| self.do_pause(id)),
            Action::Resume(node) => match self.resolve(node) {
                Some(id) => Some(self.do_resume(id)?),
                None => None,
            },
            Action::Cut(cut) => self.do_cut(item, cut),
            Action::Heal(name) => Some(self.do_heal(name.as_deref())?),
            Action::Hold(filter) => self.do_hold(item, filter),
            Action::Release(name) => Some(self.do_release(name.as_deref())?),
            Action::Drop(message) => Some(self.do_drop(*message)),
            Action::Duplicate(message) => Some(self.do_duplicate(*message)?),
            Action::Deliver(message) => Some(self.do_deliver(*message)?),
            Action::Wipe(node) => match self.resolve(node) {
                Some(id) if self.must_spare(item) => Some(spared("wipe", id)),
                Some(id) => Some(self.do_wipe(id)?),
                None => None,
            },
            Action::Slow { node, service } => match self.resolve(node) {
                Some(id) => Some(self.do_slow(id, service)?),
                None => None,
            },
            Action::Byzantine { node, behaviour } => {
                self.resolve(node).map(|id| self.do_byzantine(id, *behaviour))
            }
            Action::Flap(flapping) => self.do_flap(item, flapping)?,
            Action::Clog(cut) => self.do_clog(item, cut),
            Action::Disturb(disturbance) => self.do_disturb(item, disturbance),
            Action::Calm => Some(self.do_calm()?),
            Action::Delay { message, by } => Some(self.do_delay(*message, *by)?),
            Action::ClockJump { node, by } => {
                self.resolve(node).map(|id| self.do_clock_jump(id, *by))
            }
            Action::Disk { node, fault } => {
                let Some(id) = self.resolve(node) else { return Ok(None) };
                return self.do_disk(item, id, *fault).map(Some);
            }
            Action::Reseed(seed) => Some(self.do_reseed(*seed)),
            Action::Fire { node, timer } => match self.resolve(node) {
                Some(id) => Some(self.do_fire(id, timer)?),
                None => None,
            },
            Action::Request { client, operation, to } => {
                let to = match to {
                    None => None,
                    Some(target) => match self.resolve(target) {
                        Some(id) => Some(id),
                        None => return Ok(None),
                    },
                };
                self.request(*client, operation.clone(), to)?;
                Some(Deed { client: Some(*client), ..deed("request", to) })
            }
            Action::ClockRate { node, ppb } => match self.resolve(node) {
                Some(id) => Some(self.do_clock_rate(id, *ppb)?),
                None => None,
            },
        };
        let Some(deed) = deed else { return Ok(None) };
        let deed = Deed { item, ..deed };
        self.count(action.family(), &deed);
        self.conclude(item, deed).map(Some)
    }

    /// Records what was done, by an item of the plan or a person.
    pub(super) fn conclude(&mut self, item: Option<usize>, deed: Deed) -> Result<(), QueueError> {
        if let Some(place) = item {
            return self.finish_item(place, deed.node, deed);
        }
        self.record(deed);
        Ok(())
    }

    pub(super) fn count(&mut self, family: Option<Family>, deed: &Deed) {
        let Some(family) = family else { return };
        let tally = self.ledger.tally_mut(family);
        tally.planned += u64::from(deed.item.is_none());
        // Disturbances strike message by message, as links do by themselves.
        let is_by_message = matches!(
            family,
            Family::Loss | Family::Burst | Family::Corruption | Family::Duplication | Family::Delay
        );
        if is_by_message {
            return;
        }
        tally.applied += 1;
        // These count as effective when something first runs into them.
        let is_immediate = !matches!(
            family,
            Family::Partition
                | Family::Clog
                | Family::Hold
                | Family::Pause
                | Family::Slow
                | Family::Byzantine
                | Family::ClockJump
                | Family::Amnesia
                | Family::LyingSync
                | Family::Rot
                | Family::Misdirection
                | Family::DiskStall
                | Family::DiskFull
                | Family::DiskError
        );
        tally.effective += u64::from(is_immediate && deed.changed);
    }

    /// An item was carried out: whatever waits for it gets its time.
    pub(super) fn finish_item(
        &mut self,
        place: usize,
        node: Option<NodeId>,
        deed: Deed,
    ) -> Result<(), QueueError> {
        self.plan.finish(place, node);
        self.record(deed);
        let items = self.plan.items();
        let Some(name) = &items[place].name else { return Ok(()) };
        for (place, item) in items.iter().enumerate() {
            if let Trigger::After { item, delay } = &item.trigger
                && item == name
            {
                let at = self.after(*delay);
                self.push(at, What::Item(place))?;
            }
        }
        Ok(())
    }

    pub(super) fn record(&mut self, deed: Deed) {
        let node = deed.node.unwrap_or(NodeId(0));
        self.digest_event(
            tag::DEED | u64::from(deed.changed) << 4,
            node,
            &(deed.word, &deed.pairs, deed.message),
        );
        self.step.event = Event::Deed(deed);
    }

    /// Items that wait for somebody to act on: whether there is somebody now.
    pub(super) fn retry_waiting(&mut self) {
        if self.plan.waiting.is_empty() {
            return;
        }
        let (now, items) = (self.now, self.plan.items());
        let waiting = std::mem::take(&mut self.plan.waiting);
        for (place, until) in waiting {
            if until < now {
                continue;
            }
            if self.finds_target(&items[place].action) {
                self.interrupt(Urgent::Item(place));
            } else {
                self.plan.waiting.push((place, until));
            }
        }
    }
}

/// A deed to be filled in: it changed something, concerns `node` and nothing else.
pub(super) const fn deed(word: &'static str, node: Option<NodeId>) -> Deed {
    Deed {
        item: None,
        word,
        node,
        client: None,
        pairs: Vec::new(),
        message: None,
        detail: String::new(),
        changed: true,
    }
}
