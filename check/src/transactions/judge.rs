//! Decides level after level, from the strongest that is easy to the weakest that is violated.

use super::cycles::{Cycle, Finder, Step};
use super::dependencies::{DEPENDS, Dependencies, Events, order_mask};
use super::facts::{Direct, Facts};
use super::graph::{Arc, Kind};
use super::history::{Family, Transactions, Txn};
use super::lattice::{Isolation, Order, Standing};
use super::polygraph::{self, Answer, Form};
use super::weak::{self, Inferred, Missed, Past, Written};
use super::{lists, registers};

use Isolation::{
    Causal, ParallelSnapshot, Pl2, Prefix, ReadAtomic, ReadCommitted, ReadUncommitted,
    Serializable, Snapshot, StrictSerializable, StrongSessionSerializable, StrongSessionSnapshot,
    StrongSnapshot,
};

/// How many orders of the writes are tried for parallel snapshot isolation.
const ORDERS: u64 = 2_000;

/// Why a level is violated.
#[derive(Clone, Debug)]
pub(crate) enum Anomaly {
    /// One or two transactions show it.
    Direct(Direct),
    /// Transactions that each come before the next.
    Cycle(Cycle),
    /// No order of the commits explains every read; these transactions show it.
    NoOrder(Isolation),
}

impl Anomaly {
    /// The weakest level that it is known to violate.
    pub(crate) fn level(&self) -> Isolation {
        match self {
            Self::Direct(direct) => direct.level,
            Self::Cycle(cycle) => cycle.level,
            Self::NoOrder(level) => *level,
        }
    }

    /// Its name in the literature.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Direct(direct) => direct.name,
            Self::Cycle(cycle) => cycle.name,
            Self::NoOrder(_) => "no-order",
        }
    }
}

/// What was found out about a history.
pub(crate) struct Judgement {
    pub(crate) standing: Standing,
    /// In the order in which they were found.
    pub(crate) anomalies: Vec<Anomaly>,
    /// A serial order of the committed transactions that explains every read, and the level it shows.
    pub(crate) order: Option<(Isolation, Vec<Txn>)>,
    pub(crate) steps: u64,
}

impl Judgement {
    /// The anomaly that explains best why a level is violated: the one that the weakest level forbids.
    pub(crate) fn against(&self, level: Isolation, sessions_count: bool) -> Option<&Anomaly> {
        let counts = |anomaly: &&Anomaly| level.implies(anomaly.level(), sessions_count);
        self.anomalies.iter().filter(counts).min_by_key(|anomaly| anomaly.level())
    }
}

/// What a history says, analysed by its family.
pub(crate) fn facts(history: &Transactions) -> Facts {
    match history.family {
        Family::Lists => lists::analyse(history),
        Family::Registers(initial) => registers::analyse(history, initial),
    }
}

/// Whether sessions count at every level: where nobody knows when transactions began, the sessions are
/// all the order there is, and the levels are those of Biswas and Enea.
pub(crate) fn sessions_count(history: &Transactions) -> bool {
    !history.has_invocations
}

/// Decides every level that can be decided.
pub(crate) fn judge(history: &Transactions, facts: &Facts, budget: u64) -> Judgement {
    let dependencies = Dependencies::new(history, facts);
    let sessions_count = sessions_count(history);
    let mut judge = Judge {
        history,
        facts,
        finder: Finder {
            dependencies: &dependencies,
            budget: budget / 100,
            steps: 0,
            is_spent: false,
        },
        budget,
        sessions_count,
        written: None,
        standing: Standing::new(sessions_count),
        anomalies: Vec::new(),
        order: None,
    };
    judge.run();
    let Judge { standing, anomalies, order, finder, .. } = judge;
    Judgement { standing, anomalies, order, steps: finder.steps }
}

struct Judge<'a> {
    history: &'a Transactions,
    facts: &'a Facts,
    finder: Finder<'a>,
    budget: u64,
    sessions_count: bool,
    written: Option<Written>,
    standing: Standing,
    anomalies: Vec<Anomaly>,
    order: Option<(Isolation, Vec<Txn>)>,
}

impl Judge<'_> {
    fn run(&mut self) {
        for direct in &self.facts.direct {
            self.standing.violate(direct.level);
            self.anomalies.push(Anomaly::Direct(direct.clone()));
        }
        if self.strongest() {
            return;
        }
        for level in Isolation::ALL {
            let is_known = self.standing.of(level).is_some();
            if is_known || (level.order() == Order::RealTime && !self.history.has_invocations) {
                continue;
            }
            self.decide(level);
        }
    }

    /// Whether the strongest level that the history can be asked for has no cycle; then no level has.
    fn strongest(&mut self) -> bool {
        let level = if self.history.has_invocations {
            StrictSerializable
        } else {
            StrongSessionSerializable
        };
        let holds =
            if self.is_complete() { self.serial(level) } else { self.solve(level) == Some(true) };
        if !holds {
            return false;
        }
        // Direct anomalies keep what they violate.
        self.standing.keep(level);
        true
    }

    /// Whether the order of the writes of every key is known, except for appends that nobody saw.
    fn is_complete(&self) -> bool {
        self.facts.chains.iter().all(|chain| chain.is_known)
    }

    /// Whether at most one append of each key was never seen, so that there is nothing to choose.
    fn is_forced(&self) -> bool {
        self.is_complete() && self.facts.chains.iter().all(|chain| chain.loose.len() <= 1)
    }

    fn base(&self, level: Isolation) -> Order {
        if self.sessions_count { level.order().max(Order::Session) } else { level.order() }
    }

    /// Whether there is no cycle at all, with an order of the commits to show it.
    fn serial(&mut self, level: Isolation) -> bool {
        let mask = DEPENDS | Kind::ReadWrite.mask() | order_mask(self.base(level));
        let graph = self.finder.dependencies.graph(mask);
        self.finder.steps += graph.nodes() as u64;
        let components = graph.components();
        if !components.is_acyclic() {
            return false;
        }
        let is_txn =
            |node: &Txn| self.facts.is_committed.get(*node as usize).copied().unwrap_or(false);
        self.order = Some((level, components.order().into_iter().filter(is_txn).collect()));
        true
    }

    fn decide(&mut self, level: Isolation) {
        let order = self.base(level);
        let with_order = order_mask(order);
        let found = match level {
            ReadUncommitted => self.finder.plain(level, Kind::WriteWrite.mask() | with_order),
            Pl2 => self.finder.plain(level, DEPENDS | with_order),
            ReadCommitted | ReadAtomic | Causal => return self.axiom(level),
            Prefix | ParallelSnapshot | Snapshot | StrongSessionSnapshot | StrongSnapshot => {
                return self.snapshots(level, order);
            }
            Serializable | StrongSessionSerializable | StrictSerializable => {
                return self.serializable(level, order);
            }
        };
        self.settle(level, found);
    }

    fn settle(&mut self, level: Isolation, found: Option<Cycle>) {
        match found {
            Some(cycle) => {
                self.standing.violate(level);
                self.anomalies.push(Anomaly::Cycle(cycle));
            }
            None => self.standing.keep(level),
        }
    }

    /// The levels of the axiom of Biswas and Enea.
    fn axiom(&mut self, level: Isolation) {
        let (history, facts) = (self.history, self.facts);
        let order = order_mask(self.base(level));
        if let Some(cycle) = self.finder.plain(level, DEPENDS | order) {
            return self.settle(level, Some(cycle));
        }
        let written = self.written.get_or_insert_with(|| Written::new(history, facts));
        let inferred = if level == Causal {
            let past = Past::new(history, facts, self.finder.dependencies);
            if !past.graph.components().is_acyclic() {
                // Somebody saw in a list what came after it, which another anomaly says better.
                return;
            }
            weak::causal(history, facts, written, &past, self.budget)
        } else {
            let by_step = level == ReadCommitted;
            Some(weak::direct(history, facts, written, by_step, self.sessions_count))
        };
        // Else the budget does not suffice.
        if let Some(inferred) = inferred {
            self.finder.steps += inferred.arcs.len() as u64;
            let found = self.inferred(level, &inferred);
            self.settle(level, found);
        }
    }

    fn inferred(&mut self, level: Isolation, inferred: &Inferred) -> Option<Cycle> {
        let name = match level {
            ReadCommitted => "observed-transaction-vanishes",
            ReadAtomic => "fractured-read",
            _ => "causality-violation",
        };
        if let Some(missed) = inferred.missed {
            let mut steps = self.seen(level, missed);
            steps.push(Step { from: missed.read.txn, to: missed.seen, kind: Kind::ReadWrite });
            let component = steps.len();
            return Some(Cycle { level, name, steps, component, members: Vec::new() });
        }
        let mask = DEPENDS | order_mask(self.base(level));
        let graph = self.finder.dependencies.graph_with(mask, &inferred.arcs);
        let cycle = self.finder.in_graph(level, &graph)?;
        Some(Cycle { name, ..cycle })
    }

    /// How the reader has seen what it then missed.
    fn seen(&mut self, level: Isolation, missed: Missed) -> Vec<Step> {
        let (from, to) = (missed.seen, missed.read.txn);
        let start = self.facts.reads.partition_point(|read| read.txn < to);
        let mut reads = self.facts.reads[start..].iter().take_while(|read| read.txn == to);
        let family = self.history.family;
        if reads.any(|read| self.facts.shown_by(family, read).contains(&from)) {
            return vec![Step { from, to, kind: Kind::WriteRead }];
        }
        if level != Causal {
            return vec![Step { from, to, kind: Kind::Session }];
        }
        let past = Past::new(self.history, self.facts, self.finder.dependencies);
        let path = past.graph.path(from, to, |_| true, u64::MAX / 2, &mut self.finder.steps);
        self.finder.steps_of(&path.unwrap_or_default())
    }

    fn snapshots(&mut self, level: Isolation, order: Order) {
        let found = match level {
            Prefix => self.finder.in_events(level, Events::Prefix, order),
            ParallelSnapshot => {
                self.finder.is_spent = false;
                self.finder.single(level, order)
            }
            _ => self.finder.in_events(level, Events::Snapshot, order),
        };
        if level == ParallelSnapshot && found.is_none() && self.finder.is_spent {
            // There may be one that was not found.
            return;
        }
        if found.is_some() || self.is_forced() {
            self.settle(level, found);
        } else if level == ParallelSnapshot {
            self.try_orders(order);
        } else {
            self.search(level);
        }
    }

    /// Parallel snapshot isolation of a small history: every order of the writes is tried.
    fn try_orders(&mut self, order: Order) {
        let loose = self.facts.chains.iter().map(|chain| chain.loose.len() as u64);
        let orders = loose.flat_map(|count| 1..=count).try_fold(1, |orders: u64, next| {
            orders.checked_mul(next).filter(|&orders| orders <= ORDERS)
        });
        let Some(orders) = orders else { return };
        for number in 0..=orders {
            let Some(facts) = self.facts.ordered(number) else {
                self.standing.violate(ParallelSnapshot);
                self.anomalies.push(Anomaly::NoOrder(ParallelSnapshot));
                return;
            };
            let dependencies = Dependencies::new(self.history, &facts);
            let mut finder = Finder {
                dependencies: &dependencies,
                budget: self.budget,
                steps: 0,
                is_spent: false,
            };
            let depends = DEPENDS | order_mask(order);
            let is_kept = finder.plain(ParallelSnapshot, depends).is_none()
                && finder.single(ParallelSnapshot, order).is_none();
            self.finder.steps += finder.steps;
            if finder.is_spent {
                return;
            }
            if is_kept {
                return self.standing.keep(ParallelSnapshot);
            }
        }
    }

    fn serializable(&mut self, level: Isolation, order: Order) {
        if self.is_complete() && self.serial(level) {
            self.standing.keep(level);
            return;
        }
        let mask = DEPENDS | Kind::ReadWrite.mask() | order_mask(order);
        if let Some(cycle) = self.finder.plain(level, mask) {
            self.settle(level, Some(cycle));
        } else {
            self.search(level);
        }
    }

    /// Decides a level by looking for an order of the writes.
    fn search(&mut self, level: Isolation) {
        match self.solve(level) {
            Some(true) => self.standing.keep(level),
            Some(false) => {
                self.standing.violate(level);
                self.anomalies.push(Anomaly::NoOrder(level));
            }
            None if self.is_complete() && self.in_turn(level) => self.standing.keep(level),
            None => {}
        }
    }

    /// Whether the appends that nobody saw can happen one after the other as the rest of the history
    /// suggests. If not, nothing is known.
    fn in_turn(&mut self, level: Isolation) -> bool {
        let events = if level == Prefix { Events::Prefix } else { Events::Snapshot };
        let (dependencies, order) = (self.finder.dependencies, self.base(level));
        let components = dependencies.events(events, order).components();
        self.finder.steps += components.of.len() as u64;
        let mut more = Vec::new();
        for chain in self.facts.chains.iter().filter(|chain| chain.loose.len() > 1) {
            let mut writers = chain.loose.clone();
            writers.sort_by_key(|&txn| std::cmp::Reverse(components.of[txn as usize]));
            more.extend(writers.windows(2).map(|two| Arc::new(two[0], two[1], Kind::WriteWrite)));
        }
        components.is_acyclic()
            && dependencies.events_with(events, order, &more).components().is_acyclic()
    }

    /// Whether there is an order of the writes that the level allows; `None` if nobody knows.
    fn solve(&mut self, level: Isolation) -> Option<bool> {
        let (dependencies, order) = (self.finder.dependencies, self.base(level));
        let (graph, form) = match level {
            Serializable | StrongSessionSerializable | StrictSerializable => {
                let mask = DEPENDS | Kind::ReadWrite.mask() | order_mask(order);
                (dependencies.graph(mask), Form::Serial)
            }
            Prefix => (dependencies.events(Events::Prefix, order), Form::Events(Events::Prefix)),
            _ => (dependencies.events(Events::Snapshot, order), Form::Events(Events::Snapshot)),
        };
        let steps = &mut self.finder.steps;
        match polygraph::solve(dependencies, self.facts, &graph, form, self.budget, steps) {
            Answer::Spent => None,
            Answer::None => Some(false),
            Answer::Order(nodes) => {
                if form == Form::Serial {
                    let is_committed = &self.facts.is_committed;
                    let is_txn =
                        |node: &Txn| is_committed.get(*node as usize).copied().unwrap_or(false);
                    self.order = Some((level, nodes.into_iter().filter(is_txn).collect()));
                }
                Some(true)
            }
        }
    }
}
