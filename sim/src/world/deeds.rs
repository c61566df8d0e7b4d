//! Carrying out the plan, and what people do to a run.

use std::sync::Arc;

use crate::id::NodeId;
use crate::ledger::Family;
use crate::measure::Kind;
use crate::node::Node;
use crate::plan::{Action, Cut, HoldFilter, Item, MessageAddress, Plan, Target, Trigger};
use crate::predicate::Occurrences;
use crate::queue::QueueError;
use crate::random::join;
use crate::step::{Deed, Event};
use crate::time::SimTime;

use super::{Pending, What, World};

/// What has become of the plan.
#[derive(Clone, Debug)]
pub(super) struct PlanState<O> {
    items: Arc<Vec<Item<O>>>,
    /// Per item: the node that it acted on, once it was carried out.
    done: Vec<Option<Option<NodeId>>>,
    /// Items whose trigger has not fired.
    watching: Vec<Watch>,
    /// Items whose time has come but who find nobody to act on, and until when they wait.
    waiting: Vec<(usize, SimTime)>,
}

/// A trigger that has not fired.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    pub item: usize,
    /// How often its predicate has matched.
    pub occurrences: Occurrences,
    /// After this time it is no longer watched for.
    pub until: SimTime,
}

/// What happens before the next entry of the queue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Urgent {
    /// An item whose trigger fired.
    Item(usize),
    /// A crash that happened inside the last event.
    CrashedInside { item: usize, node: NodeId, after: u32 },
}

/// A hold in force.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub item: Option<usize>,
    from: Option<NodeId>,
    to: Option<NodeId>,
    kind: Option<String>,
    pub was_effective: bool,
}

impl Hold {
    pub(super) fn matches(&self, from: NodeId, to: NodeId, kind: Kind) -> bool {
        self.from.is_none_or(|own| own == from)
            && self.to.is_none_or(|own| own == to)
            && self.kind.as_deref().is_none_or(|own| own == kind.name)
    }
}

impl<O> PlanState<O> {
    pub(super) fn new(plan: Plan<O>) -> Self {
        let items = Arc::new(plan.items);
        let watched =
            items.iter().enumerate().filter(|(_, item)| matches!(item.trigger, Trigger::When(_)));
        let watching = watched.map(|(place, item)| Watch {
            item: place,
            occurrences: Occurrences::default(),
            until: item.within.map_or(SimTime::MAX, |within| SimTime::ZERO.saturating_add(within)),
        });
        Self { watching: watching.collect(), done: vec![None; items.len()], items, waiting: vec![] }
    }

    /// Whether any trigger is still watched for.
    pub(super) const fn is_watching(&self) -> bool {
        !self.watching.is_empty()
    }

    pub(super) fn items(&self) -> Arc<Vec<Item<O>>> {
        Arc::clone(&self.items)
    }

    pub(super) const fn watching_mut(&mut self) -> &mut Vec<Watch> {
        &mut self.watching
    }

    pub(super) fn undone(&self) -> impl Iterator<Item = usize> {
        (0..self.items.len()).filter(|place| self.done[*place].is_none())
    }

    /// The items that have a time of their own.
    pub(super) fn timed(&self) -> impl Iterator<Item = (usize, SimTime)> {
        self.items.iter().enumerate().filter_map(|(place, item)| match item.trigger {
            Trigger::At(time) => Some((place, time)),
            Trigger::After { .. } | Trigger::When(_) => None,
        })
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.items.iter().position(|item| item.name.as_deref() == Some(name))
    }

    /// The node that the item of that name acted on.
    pub(super) fn node_of(&self, name: &str) -> Option<NodeId> {
        self.done[self.place(name)?]?
    }
}

/// The nodes that an action names outright.
pub(super) fn named_nodes<O>(action: &Action<O>) -> Vec<NodeId> {
    let targets: Vec<&Target> = match action {
        Action::Crash { node, .. }
        | Action::Restart(node)
        | Action::Pause(node)
        | Action::Resume(node)
        | Action::Fire { node, .. }
        | Action::ClockRate { node, .. }
        | Action::Cut(Cut::Isolate(node)) => vec![node],
        Action::Cut(Cut::Groups(groups)) => groups.iter().flatten().collect(),
        Action::Cut(Cut::OneWay(from, to)) => from.iter().chain(to).collect(),
        Action::Hold(filter) => filter.from.iter().chain(&filter.to).collect(),
        Action::Request { to, .. } => to.iter().collect(),
        Action::Drop(message) | Action::Duplicate(message) | Action::Deliver(message) => {
            return vec![message.from, message.to];
        }
        Action::Heal(_) | Action::Release(_) => vec![],
    };
    let named = targets.into_iter().filter_map(|target| match target {
        Target::Node(id) => Some(*id),
        Target::Role(_) | Target::Item(_) => None,
    });
    named.collect()
}

impl<N: Node> World<N> {
    /// Does something to the run now, as a person would. Returns whether there was anybody to do it to.
    ///
    /// # Errors
    /// Where the queue overflows.
    pub fn intervene(
        &mut self,
        action: &Action<<N::Protocol as crate::Protocol>::Operation>,
    ) -> Result<bool, QueueError> {
        self.begin(None);
        let done = self.act_out(None, action)?.is_some();
        if !done {
            self.step.number -= 1;
        }
        Ok(done)
    }

    pub(super) fn urgently(&mut self, urgent: Urgent) -> Result<(), QueueError> {
        match urgent {
            Urgent::CrashedInside { item, node, after } => {
                let detail =
                    format!("inside event {}, after {after} effects", self.step.number - 1);
                let deed = Deed { item: Some(item), detail, ..deed("crash", Some(node)) };
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
                    let detail = String::from("waits: nobody to act on");
                    self.record(Deed { item: Some(place), detail, ..deed(word, None) });
                }
                Ok(())
            }
        }
    }

    /// Carries an action out and describes it; `None` where there is nobody to act on.
    fn act_out(
        &mut self,
        item: Option<usize>,
        action: &Action<<N::Protocol as crate::Protocol>::Operation>,
    ) -> Result<Option<()>, QueueError> {
        let deed = match action {
            Action::Crash { node, .. } => self.resolve(node).map(|id| self.do_crash(id)),
            Action::Restart(node) => {
                let Some(id) = self.resolve_down(node) else { return Ok(None) };
                return self.do_restart(item, id).map(Some);
            }
            Action::Pause(node) => self.resolve(node).map(|id| self.do_pause(id)),
            Action::Resume(node) => match self.resolve(node) {
                Some(id) => Some(self.do_resume(id)?),
                None => None,
            },
            Action::Cut(cut) => self.cut_pairs(cut).map(|pairs| {
                self.network.cut(item, pairs.clone());
                Deed { pairs, ..deed("cut", self.cut_node(cut)) }
            }),
            Action::Heal(name) => Some(self.do_heal(name.as_deref())),
            Action::Hold(filter) => self.do_hold(item, filter),
            Action::Release(name) => Some(self.do_release(name.as_deref())?),
            Action::Drop(message) => Some(self.do_drop(*message)),
            Action::Duplicate(message) => Some(self.do_duplicate(*message)?),
            Action::Deliver(message) => Some(self.do_deliver(*message)?),
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
        match item {
            Some(place) => self.finish_item(place, deed.node, deed)?,
            None => self.record(deed),
        }
        Ok(Some(()))
    }

    fn count(&mut self, family: Option<Family>, deed: &Deed) {
        let Some(family) = family else { return };
        let tally = self.ledger.tally_mut(family);
        tally.planned += u64::from(deed.item.is_none());
        tally.applied += 1;
        // Cuts, holds and pauses count as effective when something first runs into them.
        let is_immediate = !matches!(family, Family::Partition | Family::Hold);
        tally.effective += u64::from(is_immediate && deed.changed);
    }

    /// An item was carried out: whatever waits for it gets its time.
    fn finish_item(
        &mut self,
        place: usize,
        node: Option<NodeId>,
        deed: Deed,
    ) -> Result<(), QueueError> {
        self.plan.done[place] = Some(node);
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

    fn record(&mut self, deed: Deed) {
        let node = deed.node.unwrap_or(NodeId(0));
        self.digest_event(6 | u64::from(deed.changed) << 8, node, &(deed.word, &deed.pairs));
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
                self.urgent.push_back(Urgent::Item(place));
            } else {
                self.plan.waiting.push((place, until));
            }
        }
    }

    fn finds_target<O>(&self, action: &Action<O>) -> bool {
        let finds = |target: &Target| self.resolve(target).is_some();
        match action {
            Action::Crash { node, .. }
            | Action::Pause(node)
            | Action::Resume(node)
            | Action::Fire { node, .. }
            | Action::ClockRate { node, .. }
            | Action::Cut(Cut::Isolate(node)) => finds(node),
            Action::Restart(node) => self.resolve_down(node).is_some(),
            Action::Cut(Cut::Groups(groups)) => groups.iter().flatten().all(finds),
            Action::Cut(Cut::OneWay(from, to)) => from.iter().chain(to).all(finds),
            Action::Hold(filter) => filter.from.iter().chain(&filter.to).all(finds),
            Action::Request { to, .. } => to.as_ref().is_none_or(finds),
            Action::Heal(_)
            | Action::Release(_)
            | Action::Drop(_)
            | Action::Duplicate(_)
            | Action::Deliver(_) => true,
        }
    }

    fn resolve(&self, target: &Target) -> Option<NodeId> {
        match target {
            Target::Node(id) => Some(*id),
            Target::Role(role) => self.with_role(role),
            Target::Item(name) => self.plan.node_of(name),
        }
    }

    /// A restart is for a node that is down: a role cannot name one.
    fn resolve_down(&self, target: &Target) -> Option<NodeId> {
        match target {
            Target::Role(_) => None,
            Target::Node(_) | Target::Item(_) => self.resolve(target),
        }
    }

    /// The node that is up, has `role` and is of the highest epoch; the lowest id on a tie.
    pub fn with_role(&self, role: &str) -> Option<NodeId> {
        let holders = self.up().filter(|(_, node)| node.role() == role);
        holders.max_by_key(|(id, node)| (node.epoch(), std::cmp::Reverse(*id))).map(|(id, _)| id)
    }

    fn cut_node(&self, cut: &Cut) -> Option<NodeId> {
        match cut {
            Cut::Isolate(target) => self.resolve(target),
            Cut::Groups(_) | Cut::OneWay(..) => None,
        }
    }

    /// The directed pairs that a cut closes, in order; `None` where a role has nobody.
    fn cut_pairs(&self, cut: &Cut) -> Option<Vec<(NodeId, NodeId)>> {
        let all = || NodeId::all(self.node_count());
        let resolve_all = |targets: &[Target]| -> Option<Vec<NodeId>> {
            targets.iter().map(|target| self.resolve(target)).collect()
        };
        let mut pairs = Vec::new();
        match cut {
            Cut::Isolate(target) => {
                let alone = self.resolve(target)?;
                for other in all().filter(|id| *id != alone) {
                    pairs.extend([(alone, other), (other, alone)]);
                }
            }
            Cut::OneWay(from, to) => {
                let (from, to) = (resolve_all(from)?, resolve_all(to)?);
                for from in from {
                    pairs.extend(to.iter().filter(|to| **to != from).map(|to| (from, *to)));
                }
            }
            Cut::Groups(groups) => {
                let groups: Option<Vec<_>> = groups.iter().map(|g| resolve_all(g)).collect();
                let groups = groups?;
                let group = |id: NodeId| groups.iter().position(|group| group.contains(&id));
                for from in all() {
                    pairs.extend(all().filter(|to| group(from) != group(*to)).map(|to| (from, to)));
                }
            }
        }
        pairs.sort_unstable();
        Some(pairs)
    }

    fn do_crash(&mut self, id: NodeId) -> Deed {
        let changed = self.crash(id);
        Deed { changed, ..deed("crash", Some(id)) }
    }

    /// The node stops; whether it was up.
    pub(super) fn crash(&mut self, id: NodeId) -> bool {
        let slot = &mut self.nodes[id.index()];
        if slot.node.take().is_none() {
            return false;
        }
        let words = slot.disk_stream.group(&mut self.randomness);
        let unsynced = slot.journal.unsynced().len() as u64;
        let survivors = crate::random::scale(join(words[0], words[1]), unsynced + 1);
        slot.journal.crash(survivors);
        slot.issued = slot.journal.written();
        slot.timers.clear();
        slot.outbox.clear();
        slot.inbox.clear();
        slot.barrier = None;
        slot.is_paused = false;
        slot.last_sync_done = self.now;
        // Stale disk answers and forced timers are told by the incarnation.
        slot.incarnation += 1;
        true
    }

    fn do_restart(&mut self, item: Option<usize>, id: NodeId) -> Result<(), QueueError> {
        let changed = self.nodes[id.index()].node.is_none();
        let deed = Deed { item, changed, ..deed("restart", Some(id)) };
        self.count(Some(Family::Restart), &deed);
        match item {
            Some(place) => self.finish_item(place, Some(id), deed)?,
            None => self.record(deed),
        }
        if changed { self.start(id) } else { Ok(()) }
    }

    fn do_pause(&mut self, id: NodeId) -> Deed {
        let slot = &mut self.nodes[id.index()];
        let changed = slot.node.is_some() && !slot.is_paused;
        slot.is_paused |= changed;
        Deed { changed, ..deed("pause", Some(id)) }
    }

    fn do_resume(&mut self, id: NodeId) -> Result<Deed, QueueError> {
        let slot = &mut self.nodes[id.index()];
        let changed = std::mem::take(&mut slot.is_paused);
        let inbox = std::mem::take(&mut slot.inbox);
        let detail = format!("{} events waited", inbox.len());
        for pending in inbox {
            let order = self.queue.next_order();
            self.queue.push(self.now, order, pending)?;
        }
        Ok(Deed { changed, detail, ..deed("resume", Some(id)) })
    }

    fn do_heal(&mut self, name: Option<&str>) -> Deed {
        let item = name.and_then(|name| self.plan.place(name));
        let before = self.network.closed_pairs();
        let changed = self.network.heal(item);
        let after = self.network.closed_pairs();
        let pairs = before.into_iter().filter(|pair| !after.contains(pair)).collect();
        Deed { changed, pairs, ..deed("heal", None) }
    }

    fn do_hold(&mut self, item: Option<usize>, filter: &HoldFilter) -> Option<Deed> {
        let side = |target: &Option<Target>| match target {
            None => Some(None),
            Some(target) => self.resolve(target).map(Some),
        };
        let (from, to) = (side(&filter.from)?, side(&filter.to)?);
        let kind = filter.kind.clone();
        let detail = kind.clone().unwrap_or_else(|| String::from("all messages"));
        self.held.push(Hold { item, from, to, kind, was_effective: false });
        let ends = from.iter().flat_map(|from| to.iter().map(move |to| (*from, *to)));
        Some(Deed { pairs: ends.collect(), changed: true, detail, ..deed("hold", from.or(to)) })
    }

    fn do_release(&mut self, name: Option<&str>) -> Result<Deed, QueueError> {
        let item = name.and_then(|name| self.plan.place(name));
        self.held.retain(|hold| item.is_some() && hold.item != item);
        let kept = std::mem::take(&mut self.kept_back);
        let (released, kept): (Vec<_>, Vec<_>) =
            kept.into_iter().partition(|(place, _)| item.is_none_or(|item| item == *place));
        self.kept_back = kept;
        let detail = format!("{} messages", released.len());
        let changed = !released.is_empty();
        for (_, pending) in released {
            let order = self.queue.next_order();
            self.queue.push(self.now, order, pending)?;
        }
        Ok(Deed { changed, detail, ..deed("release", None) })
    }

    /// Takes a message off the wire, or from those kept back.
    fn take_message(&mut self, address: MessageAddress) -> Option<Pending<N::Protocol>> {
        let is_it = |pending: &Pending<N::Protocol>| matches!(&pending.what, What::Arrive { address: own, .. } if *own == address);
        if let Some(place) = self.kept_back.iter().position(|(_, pending)| is_it(pending)) {
            return Some(self.kept_back.remove(place).1);
        }
        self.queue.take(is_it)
    }

    fn do_drop(&mut self, address: MessageAddress) -> Deed {
        let changed = self.take_message(address).is_some();
        self.counters.lost += u64::from(changed);
        Deed { changed, message: Some(address), ..deed("drop", Some(address.to)) }
    }

    fn do_deliver(&mut self, address: MessageAddress) -> Result<Deed, QueueError> {
        let taken = self.take_message(address);
        let changed = taken.is_some();
        if let Some(pending) = taken {
            let order = self.queue.next_order();
            self.queue.push(self.now, order, pending)?;
        }
        Ok(Deed { changed, message: Some(address), ..deed("deliver", Some(address.to)) })
    }

    fn do_duplicate(&mut self, address: MessageAddress) -> Result<Deed, QueueError> {
        let is_it = |what: &What<N::Protocol>| matches!(what, What::Arrive { address: own, .. } if *own == address);
        let kept = self.kept_back.iter().map(|(_, pending)| &pending.what);
        let queued = self.queue.entries().into_iter().map(|(_, pending)| &pending.what);
        let found = kept.chain(queued).find(|what| is_it(what)).cloned();
        let changed = found.is_some();
        if let Some(What::Arrive { address, message, .. }) = found {
            self.push(self.now, What::Arrive { address, is_copy: true, message })?;
        }
        Ok(Deed { changed, message: Some(address), ..deed("duplicate", Some(address.to)) })
    }

    fn do_fire(&mut self, id: NodeId, name: &str) -> Result<Deed, QueueError> {
        let slot = &mut self.nodes[id.index()];
        let armed = slot.timers.armed().find(|(timer, _, _)| Kind::of(timer).name == name);
        let timer = armed.map(|(timer, _, _)| timer);
        let changed = timer.is_some_and(|timer| slot.timers.fire(timer));
        let incarnation = slot.incarnation;
        if let Some(timer) = timer {
            self.push(self.now, What::Fire { node: id, incarnation, timer })?;
        }
        let detail = String::from(name);
        Ok(Deed { changed, detail, ..deed("fire", Some(id)) })
    }

    fn do_clock_rate(&mut self, id: NodeId, ppb: i64) -> Result<Deed, QueueError> {
        let now = self.now;
        let slot = &mut self.nodes[id.index()];
        slot.clock.set_rate(ppb.max(-1_000_000_000), now);
        let clock = slot.clock;
        let (made, moved) = slot.timers.remap(|deadline| clock.when(deadline, now));
        for (time, order, entry) in made {
            let what = What::Timer { node: id, entry };
            self.queue.push(time, order, Pending { cause: self.step.number, what })?;
        }
        let detail = format!("{ppb} ppb, {moved} timers moved");
        Ok(Deed { changed: 0 < moved, detail, ..deed("clock", Some(id)) })
    }
}

/// A deed to be filled in: it changed something, concerns `node` and nothing else.
const fn deed(word: &'static str, node: Option<NodeId>) -> Deed {
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
