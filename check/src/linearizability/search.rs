//! The search for a linearization: Wing and Gong's, with Lowe's memo of visited configurations.
//!
//! **Source:** Wing & Gong, *Testing and Verifying Concurrent Objects* (1993); Lowe, *Testing for
//! Linearizability* (2017); the doubly linked list of entries follows Horn & Kroening, *Faster
//! linearizability checking via P-compositionality* (2015).
//!
//! A configuration is the set of operations linearized so far and the state they lead to. From
//! each, every operation whose invocation comes before the first return of an operation not yet
//! linearized may be next. *Ours*, both sound:
//!
//! - A *pure* operation changes no state, so the moment it is legal it can be taken for good: if
//!   what follows fails, the configuration fails, without trying anything else in its place.
//! - Of *crashed* operations (unknown outcome) with equal inputs, only the one invoked first is
//!   tried: any other could take its place later. One that leaves the state as it is, is not tried.
//!
//! Crashed operations are tried after all others, since few of them are needed as a rule.

use crate::finding::Budget;
use crate::history::Operation;
use crate::model::{Guard, Model};
use crate::table::{States, Visited};

use super::Consistency;
use super::candidate::{self, Candidate, NONE};

/// The operation of a model in a history.
pub(crate) type OperationOf<M> = Operation<<M as Model>::Input, <M as Model>::Output>;

/// How a search ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Found: indexes into the operations searched, in an order that explains them.
    Order(Vec<usize>),
    /// There is no order.
    None,
    /// The budget was spent first.
    Spent,
}

/// How far the best attempts of a failed search came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frontier {
    /// The operation that no attempt could linearize before it returned.
    pub(crate) stuck: usize,
    /// The first attempt that came as far as that return: what it had linearized, in order.
    pub(crate) prefix: Vec<usize>,
    /// Every state that an attempt can be in at that return, as numbers.
    states: Vec<u32>,
}

/// A transition that was not tried yet. [`NONE`] is one that is impossible.
const UNTRIED: u32 = u32::MAX - 1;

/// With more operations than this, transitions are computed each time.
const REMEMBERED: usize = 256;

/// Where the search looks for the next operation to linearize.
#[derive(Clone, Copy)]
enum Cursor {
    /// At this entry of the list.
    Entry(u32),
    /// At this crashed operation; only those invoked before the rank may be taken.
    Crashed { index: u32, before: u32 },
}

#[derive(Clone, Copy)]
enum Taken {
    Completed(u32),
    Crashed { index: u32, before: u32 },
}

/// An operation taken, and what to restore when it is given back.
#[derive(Clone, Copy)]
struct Frame {
    taken: Taken,
    state_before: u32,
    is_pure: bool,
}

/// One search over some operations of a history, none of them failed.
pub(crate) struct Search<'a, M: Model> {
    model: &'a M,
    operations: &'a [&'a OperationOf<M>],
    consistency: Consistency,
    completed: Vec<Candidate>,
    crashed: Vec<Candidate>,
    /// Circular list of the entries of completed operations not yet linearized: entry 2i is the
    /// invocation of completed operation i, 2i + 1 its return, and the last one is the head.
    next: Vec<u32>,
    previous: Vec<u32>,
    /// Bit sets of the operations linearized.
    done: Vec<u64>,
    crashed_done: Vec<u64>,
    /// The first completed operation not linearized.
    base: usize,
    remaining: usize,
    states: States<M::State>,
    state: u32,
    guard: Option<Guard<M::State>>,
    /// For each state, where each operation leads from it; none of it in a long history.
    transitions: Vec<u32>,
    stack: Vec<Frame>,
    visited: Visited,
    key: Vec<u64>,
    cursor: Cursor,
    /// The return that the best attempts could not get past: how far that is (its rank plus one; for
    /// sequential consistency, the operations placed), and its operation.
    furthest: (u32, u32),
    frontier: Option<Frontier>,
    steps: u64,
}

impl<'a, M: Model> Search<'a, M> {
    /// `operations` are in the order of their invocations, and none of them failed.
    pub(crate) fn new(
        model: &'a M,
        operations: &'a [&'a OperationOf<M>],
        consistency: Consistency,
    ) -> Self {
        let (completed, crashed, order) = candidate::prepare(model, operations, consistency);
        let head = 2 * completed.len() as u32;
        let mut next = vec![head; head as usize + 1];
        let mut previous = next.clone();
        for (from, to) in order.iter().zip(order.iter().skip(1)) {
            next[*from as usize] = *to;
            previous[*to as usize] = *from;
        }
        if let (Some(&first), Some(&last)) = (order.first(), order.last()) {
            next[head as usize] = first;
            previous[head as usize] = last;
        }
        let mut states = States::new();
        let state = states.number(model.initial());
        let guard = match consistency {
            Consistency::Linearizable => model.guard(&candidate::calls::<M>(operations)),
            Consistency::Sequential => None,
        };
        Self {
            model,
            operations,
            consistency,
            done: vec![0; completed.len().div_ceil(64)],
            crashed_done: vec![0; crashed.len().div_ceil(64)],
            base: 0,
            remaining: completed.len(),
            completed,
            crashed,
            cursor: Cursor::Entry(next[head as usize]),
            next,
            previous,
            states,
            state,
            guard,
            transitions: Vec::new(),
            stack: Vec::new(),
            visited: Visited::new(),
            key: Vec::new(),
            furthest: (0, NONE),
            frontier: None,
            steps: 0,
        }
    }

    /// Also records the frontier, for an explanation.
    pub(crate) fn recording(mut self) -> Self {
        self.frontier = Some(Frontier { stuck: 0, prefix: Vec::new(), states: Vec::new() });
        self
    }

    /// Runs to the end or until the budget is spent.
    pub(crate) fn run(&mut self, budget: Budget) -> Answer {
        while self.remaining > 0 {
            if self.steps >= budget.steps || self.visited.len() as u64 >= budget.configurations {
                return Answer::Spent;
            }
            let may_go_on = match self.cursor {
                Cursor::Entry(entry) if entry.is_multiple_of(2) => self.try_completed(entry / 2),
                Cursor::Entry(entry) => {
                    self.blocked_by(entry / 2);
                    true
                }
                Cursor::Crashed { index, before } => self.try_crashed(index, before),
            };
            if !may_go_on {
                return Answer::None;
            }
        }
        Answer::Order(self.order())
    }

    /// Operations tried so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// After a failed search: the index of the operation whose return no attempt got past.
    pub(crate) fn furthest(&self) -> Option<usize> {
        self.completed.get(self.furthest.1 as usize).map(|candidate| candidate.index)
    }

    /// After a failed search that was recorded: how far it came, and each state it could be in.
    pub(crate) fn into_frontier(self) -> Option<(Frontier, Vec<M::State>)> {
        let frontier = self.frontier?;
        let states = frontier.states.iter().map(|&state| self.states.get(state).clone()).collect();
        Some((frontier, states))
    }

    /// Nothing before the return of `completed` is left to try, so crashed operations are next.
    fn blocked_by(&mut self, completed: u32) {
        let before = self.completed[completed as usize].returned;
        self.cursor = Cursor::Crashed { index: 0, before };
        // Where everything returns at the end, the best attempts are the longest.
        let (reached, completed) = match self.consistency {
            Consistency::Linearizable => (before + 1, completed),
            Consistency::Sequential => (self.stack.len() as u32 + 1, self.first_enabled()),
        };
        let is_further = reached > self.furthest.0;
        if is_further {
            self.furthest = (reached, completed);
        }
        let Some(mut frontier) = self.frontier.take() else { return };
        if is_further {
            frontier.stuck = self.completed[completed as usize].index;
            frontier.prefix = self.order();
            frontier.states.clear();
        }
        if self.furthest == (reached, completed) && !frontier.states.contains(&self.state) {
            frontier.states.push(self.state);
        }
        self.frontier = Some(frontier);
    }

    /// The first completed operation that is not linearized and that nothing of its process holds up.
    fn first_enabled(&self) -> u32 {
        let is_next = |number: &u32| {
            !get(&self.done, *number) && self.is_enabled(self.completed[*number as usize])
        };
        let numbers = self.base as u32..self.completed.len() as u32;
        numbers.into_iter().find(is_next).expect("a search that is blocked has something to do")
    }

    /// Takes a completed operation if that leads to a new configuration. False ends the search.
    fn try_completed(&mut self, number: u32) -> bool {
        self.steps += 1;
        let candidate = self.completed[number as usize];
        self.cursor = Cursor::Entry(self.next[2 * number as usize]);
        if !self.is_enabled(candidate) {
            return true;
        }
        let Some(state) = self.step(candidate.index) else { return true };
        set(&mut self.done, number);
        let base = self.base;
        self.base = self.base_after(number);
        if self.remaining == 1 || self.is_new(state) {
            self.lift(2 * number);
            self.lift(2 * number + 1);
            self.remaining -= 1;
            self.push(Taken::Completed(number), state, candidate.is_pure);
            return true;
        }
        clear(&mut self.done, number);
        self.base = base;
        // Taking a pure operation would lose nothing, and it leads nowhere: nor does anything else.
        if candidate.is_pure { self.backtrack() } else { true }
    }

    /// Takes a crashed operation if that leads to a new configuration. False ends the search.
    fn try_crashed(&mut self, number: u32, before: u32) -> bool {
        let candidate = match self.crashed.get(number as usize) {
            Some(&candidate) if candidate.invoked < before => candidate,
            _ => return self.backtrack(),
        };
        self.steps += 1;
        self.cursor = Cursor::Crashed { index: number + 1, before };
        if get(&self.crashed_done, number) || !self.is_enabled(candidate) {
            return true;
        }
        if candidate.twin != NONE
            && !get(&self.crashed_done, candidate.twin)
            && self.is_enabled(self.crashed[candidate.twin as usize])
        {
            return true;
        }
        let Some(state) = self.step(candidate.index) else { return true };
        if state == self.state {
            return true;
        }
        set(&mut self.crashed_done, number);
        if self.is_new(state) {
            self.push(Taken::Crashed { index: number, before }, state, false);
        } else {
            clear(&mut self.crashed_done, number);
        }
        true
    }

    /// Gives back the last operation taken, and with it every pure one, and goes on behind it.
    /// False if there is none.
    fn backtrack(&mut self) -> bool {
        loop {
            let Some(frame) = self.stack.pop() else { return false };
            self.state = frame.state_before;
            match frame.taken {
                Taken::Completed(number) => {
                    clear(&mut self.done, number);
                    self.base = self.base.min(number as usize);
                    self.unlift(2 * number + 1);
                    self.unlift(2 * number);
                    self.remaining += 1;
                    self.cursor = Cursor::Entry(self.next[2 * number as usize]);
                }
                Taken::Crashed { index, before } => {
                    clear(&mut self.crashed_done, index);
                    self.cursor = Cursor::Crashed { index: index + 1, before };
                }
            }
            if !frame.is_pure {
                return true;
            }
        }
    }

    fn push(&mut self, taken: Taken, state: u32, is_pure: bool) {
        self.stack.push(Frame { taken, state_before: self.state, is_pure });
        self.state = state;
        let head = self.next.len() - 1;
        self.cursor = Cursor::Entry(self.next[head]);
    }

    fn step(&mut self, index: usize) -> Option<u32> {
        if self.operations.len() > REMEMBERED {
            return self.compute(index);
        }
        let row = self.state as usize * self.operations.len();
        let end = row + self.operations.len();
        if self.transitions.len() < end {
            self.transitions.resize(end, UNTRIED);
        }
        let known = self.transitions[row + index];
        if known != UNTRIED {
            return (known != NONE).then_some(known);
        }
        let state = self.compute(index);
        self.transitions[row + index] = state.unwrap_or(NONE);
        state
    }

    fn compute(&mut self, index: usize) -> Option<u32> {
        let operation = self.operations[index];
        let state = self.states.get(self.state);
        if self.guard.as_ref().is_some_and(|allows| !allows(index, state)) {
            return None;
        }
        let state = self.model.step(state, &operation.input, operation.output())?;
        Some(self.states.number(state))
    }

    fn is_enabled(&self, candidate: Candidate) -> bool {
        candidate.predecessor == NONE || get(&self.done, candidate.predecessor)
    }

    /// Whether the configuration of the current bit sets and `state` was never visited. Now it is.
    ///
    /// Everything before `base` is linearized, and nothing can be that was invoked after `base`
    /// returned, so the words between them say it all and stay few in a long history.
    fn is_new(&mut self, state: u32) -> bool {
        let first = self.base / 64;
        self.key.clear();
        self.key.push(u64::from(state) << 32 | first as u64);
        if let Some(base) = self.completed.get(self.base) {
            let end = (base.invoked_before_return as usize).div_ceil(64);
            self.key.extend_from_slice(&self.done[first..end]);
        }
        self.key.extend_from_slice(&self.crashed_done);
        self.visited.insert(&self.key)
    }

    /// The first completed operation not linearized, now that `number` is.
    fn base_after(&self, number: u32) -> usize {
        let mut base = self.base;
        if base == number as usize {
            while base < self.completed.len() && get(&self.done, base as u32) {
                base += 1;
            }
        }
        base
    }

    fn lift(&mut self, entry: u32) {
        let (previous, next) = (self.previous[entry as usize], self.next[entry as usize]);
        self.next[previous as usize] = next;
        self.previous[next as usize] = previous;
    }

    /// Undoes the last `lift`; an entry out of the list still knows its neighbours.
    fn unlift(&mut self, entry: u32) {
        let (previous, next) = (self.previous[entry as usize], self.next[entry as usize]);
        self.next[previous as usize] = entry;
        self.previous[next as usize] = entry;
    }

    fn order(&self) -> Vec<usize> {
        let index = |frame: &Frame| match frame.taken {
            Taken::Completed(number) => self.completed[number as usize].index,
            Taken::Crashed { index, .. } => self.crashed[index as usize].index,
        };
        self.stack.iter().map(index).collect()
    }
}

fn get(bits: &[u64], bit: u32) -> bool {
    bits[bit as usize / 64] >> (bit % 64) & 1 == 1
}

fn set(bits: &mut [u64], bit: u32) {
    bits[bit as usize / 64] |= 1 << (bit % 64);
}

fn clear(bits: &mut [u64], bit: u32) {
    bits[bit as usize / 64] &= !(1 << (bit % 64));
}
