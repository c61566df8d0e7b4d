//! The configurations of one object.

use crate::history::OperationId;
use crate::model::Model;
use crate::table::{Rows, States};

/// How many operations may be open or of unknown outcome at once.
const MOST_SLOTS: usize = 256;

/// How many configurations there may be at once.
const MOST: usize = 1 << 16;

/// When to forget states that no configuration is in.
const MOST_STATES: usize = 1 << 12;

/// The word of an operation that has not taken effect, and of a free slot.
const NOT: u32 = u32::MAX;

/// The word of an operation of unknown outcome that has taken effect.
const DONE: u32 = 0;

/// Why an object has no configuration left that is known to be right.
pub(super) enum Failure {
    Violated { description: String, states: Vec<String> },
    Unknown(&'static str),
}

/// An operation that is open or of unknown outcome.
struct Slot<I> {
    operation: OperationId,
    input: I,
    /// Whether it can change no state, whatever it answers.
    is_pure: bool,
    is_crashed: bool,
}

/// One object.
///
/// A configuration is a row of words: the state, then one for each slot. That of an operation that can
/// change states is the state in which it took effect. That of one that cannot is the set of states
/// since its invocation.
pub(super) struct Object<M: Model> {
    slots: Vec<Option<Slot<M::Input>>>,
    states: States<M::State>,
    /// Sets of states, each sorted.
    sets: States<Vec<u32>>,
    rows: Rows,
    next: Rows,
    /// Configurations looked at for the return at hand.
    seen: Rows,
    todo: Vec<u32>,
}

impl<M: Model> Object<M> {
    pub(super) fn new(model: &M) -> Self {
        let mut states = States::new();
        let state = states.number(model.initial());
        let mut rows = Rows::new(1);
        rows.insert(&[state]);
        let (next, seen) = (Rows::new(1), Rows::new(1));
        let (slots, todo) = (Vec::new(), Vec::new());
        Self { slots, states, sets: States::new(), rows, next, seen, todo }
    }

    pub(super) fn invoke(
        &mut self,
        model: &M,
        operation: OperationId,
        input: M::Input,
    ) -> Result<(), Failure> {
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if free == MOST_SLOTS {
            return Err(Failure::Unknown("256 operations are open or of unknown outcome"));
        }
        let is_pure = model.is_pure(&input, None);
        let slot = Some(Slot { operation, input, is_pure, is_crashed: false });
        let is_wider = free == self.slots.len();
        if is_wider {
            self.slots.push(slot);
        } else {
            self.slots[free] = slot;
        }
        if is_wider || is_pure {
            let sets = &mut self.sets;
            rewrite(&mut self.rows, &mut self.next, self.slots.len() + 1, |row| {
                row.resize(row.len().max(free + 2), NOT);
                row[free + 1] = if is_pure { sets.number(vec![row[0]]) } else { NOT };
            });
        }
        Ok(())
    }

    pub(super) fn ok(
        &mut self,
        model: &M,
        operation: OperationId,
        output: &M::Output,
    ) -> Result<(), Failure> {
        let at = self.slot_of(operation);
        let width = self.slots.len() + 1;
        self.next.clear(width);
        self.seen.clear(width);
        self.todo.clear();
        let mut row = Vec::with_capacity(width);
        for number in 0..self.rows.len() {
            row.clear();
            row.extend_from_slice(self.rows.row(number));
            if self.seen.insert(&row) {
                self.todo.extend_from_slice(&row);
            }
            while let Some(start) = self.todo.len().checked_sub(width) {
                row.clear();
                row.extend(self.todo.drain(start..));
                self.try_return(model, at, output, &mut row)?;
            }
            if self.next.len() > MOST || self.seen.len() > 4 * MOST {
                return Err(Failure::Unknown("the object may be in too many states"));
            }
        }
        if self.next.len() == 0 {
            let slot = self.slots[at].as_ref().expect("it is open");
            let description = model.describe(&slot.input, Some(output));
            return Err(self.violated(model, description));
        }
        self.slots[at] = None;
        std::mem::swap(&mut self.rows, &mut self.next);
        self.forget();
        Ok(())
    }

    /// Lets the operation return in this configuration if it can; else lets others take effect.
    fn try_return(
        &mut self,
        model: &M,
        at: usize,
        output: &M::Output,
        row: &mut [u32],
    ) -> Result<(), Failure> {
        let slot = self.slots[at].as_ref().expect("it is open");
        let word = row[at + 1];
        if slot.is_pure {
            let is_right = |state: &u32| {
                model.step(self.states.get(*state), &slot.input, Some(output)).is_some()
            };
            if self.sets.get(word).iter().any(is_right) {
                row[at + 1] = NOT;
                self.next.insert(row);
                return Ok(());
            }
        } else if word != NOT {
            let before = self.states.get(word);
            let Some(after) = model.step(before, &slot.input, Some(output)) else { return Ok(()) };
            if model.step(before, &slot.input, None) != Some(after) {
                return Err(Failure::Unknown(
                    "the state depends on an answer that was given too late to follow it",
                ));
            }
            row[at + 1] = NOT;
            self.next.insert(row);
            return Ok(());
        } else if let Some(after) = model.step(self.states.get(row[0]), &slot.input, Some(output)) {
            let after = self.states.number(after);
            let mut moved = row.to_vec();
            self.enter(&mut moved, after);
            self.next.insert(&moved);
        }
        for other in 0..self.slots.len() {
            if other != at && row[other + 1] == NOT {
                self.place(model, other, row);
            }
        }
        Ok(())
    }

    /// Lets the operation of this slot take effect, whatever it will answer.
    fn place(&mut self, model: &M, at: usize, row: &[u32]) {
        let Some(slot) = &self.slots[at] else { return };
        let is_earlier_twin = |(number, other): (usize, &Option<Slot<M::Input>>)| {
            row[number + 1] == NOT
                && other.as_ref().is_some_and(|o| o.is_crashed && o.input == slot.input)
        };
        if slot.is_crashed && self.slots[..at].iter().enumerate().any(is_earlier_twin) {
            return;
        }
        let Some(after) = model.step(self.states.get(row[0]), &slot.input, None) else { return };
        let is_crashed = slot.is_crashed;
        let after = self.states.number(after);
        if is_crashed && after == row[0] {
            return;
        }
        let mut moved = row.to_vec();
        moved[at + 1] = if is_crashed { DONE } else { row[0] };
        self.enter(&mut moved, after);
        if self.seen.insert(&moved) {
            self.todo.extend_from_slice(&moved);
        }
    }

    /// Changes the state, which operations that can change none may see.
    fn enter(&mut self, row: &mut [u32], state: u32) {
        if row[0] == state {
            return;
        }
        row[0] = state;
        for (slot, word) in self.slots.iter().zip(&mut row[1..]) {
            if slot.as_ref().is_some_and(|slot| slot.is_pure) {
                let set = self.sets.get(*word);
                if let Err(place) = set.binary_search(&state) {
                    let mut set = set.clone();
                    set.insert(place, state);
                    *word = self.sets.number(set);
                }
            }
        }
    }

    /// It never happened: whatever needs it is wrong.
    pub(super) fn fail(&mut self, model: &M, operation: OperationId) -> Result<(), Failure> {
        let at = self.slot_of(operation);
        let is_pure = self.slots[at].as_ref().is_some_and(|slot| slot.is_pure);
        let width = self.slots.len() + 1;
        self.next.clear(width);
        for number in 0..self.rows.len() {
            let row = self.rows.row(number);
            if is_pure || row[at + 1] == NOT {
                let mut row = row.to_vec();
                row[at + 1] = NOT;
                self.next.insert(&row);
            }
        }
        if self.next.len() == 0 {
            let slot = self.slots[at].as_ref().expect("it is open");
            let description = format!("{} failed, but was seen", model.describe(&slot.input, None));
            return Err(self.violated(model, description));
        }
        self.slots[at] = None;
        std::mem::swap(&mut self.rows, &mut self.next);
        Ok(())
    }

    /// It may take effect at any time, or never.
    pub(super) fn info(&mut self, operation: OperationId) {
        let at = self.slot_of(operation);
        let Some(slot) = &mut self.slots[at] else { return };
        slot.is_crashed = true;
        let is_pure = slot.is_pure;
        let width = self.slots.len() + 1;
        // Of twins, those in the first slots are the ones that took effect.
        let input = &self.slots[at].as_ref().expect("it is open").input;
        let is_twin = |slot: &Option<Slot<M::Input>>| {
            slot.as_ref().is_some_and(|slot| slot.is_crashed && slot.input == *input)
        };
        let twins: Vec<usize> =
            (0..self.slots.len()).filter(|&at| is_twin(&self.slots[at])).collect();
        rewrite(&mut self.rows, &mut self.next, width, |row| {
            if is_pure {
                row[at + 1] = NOT;
                return;
            }
            let done = twins.iter().filter(|&&twin| row[twin + 1] != NOT).count();
            for (number, &twin) in twins.iter().enumerate() {
                row[twin + 1] = if number < done { DONE } else { NOT };
            }
        });
        if is_pure {
            self.slots[at] = None;
        }
    }

    /// Every state that the object may be in, in words, sorted.
    pub(super) fn possible(&self, model: &M) -> Vec<String> {
        let mut states: Vec<u32> = (0..self.rows.len()).map(|row| self.rows.row(row)[0]).collect();
        states.sort_unstable();
        states.dedup();
        let mut words: Vec<String> =
            states.into_iter().map(|state| model.describe_state(self.states.get(state))).collect();
        words.sort();
        words
    }

    fn violated(&self, model: &M, description: String) -> Failure {
        Failure::Violated { description, states: self.possible(model) }
    }

    fn slot_of(&self, operation: OperationId) -> usize {
        let is_it = |slot: &Option<Slot<M::Input>>| {
            slot.as_ref().is_some_and(|slot| slot.operation == operation)
        };
        self.slots.iter().position(is_it).expect("an operation that is open has a slot")
    }

    /// Drops slots of operations that took effect everywhere, and states that nothing is in.
    fn forget(&mut self) {
        for at in 0..self.slots.len() {
            let is_crashed = self.slots[at].as_ref().is_some_and(|slot| slot.is_crashed);
            if is_crashed && (0..self.rows.len()).all(|row| self.rows.row(row)[at + 1] == DONE) {
                self.slots[at] = None;
                rewrite(&mut self.rows, &mut self.next, self.slots.len() + 1, |row| {
                    row[at + 1] = NOT;
                });
            }
        }
        if self.states.len() + self.sets.len() < MOST_STATES {
            return;
        }
        let (mut states, mut sets) = (States::new(), States::new());
        let (old, old_sets, slots) = (&self.states, &self.sets, &self.slots);
        rewrite(&mut self.rows, &mut self.next, slots.len() + 1, |row| {
            row[0] = states.number(old.get(row[0]).clone());
            for (slot, word) in slots.iter().zip(&mut row[1..]) {
                match slot {
                    Some(slot) if slot.is_pure => {
                        let set = old_sets.get(*word).iter();
                        let mut set: Vec<u32> =
                            set.map(|&state| states.number(old.get(state).clone())).collect();
                        set.sort_unstable();
                        *word = sets.number(set);
                    }
                    Some(slot) if !slot.is_crashed && *word != NOT => {
                        *word = states.number(old.get(*word).clone());
                    }
                    Some(_) | None => {}
                }
            }
        });
        (self.states, self.sets) = (states, sets);
    }
}

/// Changes every row; those that become equal become one.
fn rewrite(rows: &mut Rows, spare: &mut Rows, width: usize, mut change: impl FnMut(&mut Vec<u32>)) {
    spare.clear(width);
    let mut row = Vec::with_capacity(width);
    for number in 0..rows.len() {
        row.clear();
        row.extend_from_slice(rows.row(number));
        change(&mut row);
        spare.insert(&row);
    }
    std::mem::swap(rows, spare);
}
