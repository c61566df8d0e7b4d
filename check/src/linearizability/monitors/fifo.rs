//! FIFO queues into which every value goes once.
//!
//! **Source:** the bad patterns are those of Abdulla et al., *Efficient Linearizability Monitoring*
//! (2025), and of Henzinger, Sezgin & Vafeiadis, *Aspect-oriented linearizability proofs* (2013). *Ours*
//! is the order: values in an order that both their puts and their takes allow, puts as late and
//! takes as early as they can be.

use std::hash::Hash;

use crate::model::Shortcut;
use crate::table::States;

/// What a call did.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action<V> {
    Put(V),
    Take(V),
    /// A take that found the queue empty.
    Empty,
}

/// A call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<V> {
    pub(crate) index: usize,
    pub(crate) action: Action<V>,
    pub(crate) invoked: u32,
    pub(crate) returned: u32,
}

/// A value: its put and its take, as numbers of steps.
#[derive(Clone, Copy)]
struct Element {
    put: usize,
    take: Option<usize>,
}

/// Decides, or `None` if a value is put twice or nothing is found either way.
pub(crate) fn decide<V: Copy + Eq + Hash>(steps: &[Step<V>]) -> Option<Shortcut> {
    let elements = match elements(steps)? {
        Ok(elements) => elements,
        Err(contradiction) => return Some(sorted(steps, contradiction)),
    };
    if let Some(order) = order(steps, &elements)
        && let Some(linearization) = linearize(steps, &elements, &order)
    {
        return Some(Shortcut::Order(linearization));
    }
    overtaken(steps, &elements).map(|calls| sorted(steps, calls))
}

fn sorted<V>(steps: &[Step<V>], numbers: Vec<usize>) -> Shortcut {
    let mut calls: Vec<usize> = numbers.into_iter().map(|number| steps[number].index).collect();
    calls.sort_unstable();
    Shortcut::Contradiction(calls)
}

/// The values that matter, or a take that no put explains.
fn elements<V: Copy + Eq + Hash>(steps: &[Step<V>]) -> Option<Result<Vec<Element>, Vec<usize>>> {
    let mut values = States::new();
    let mut puts = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        if let Action::Put(value) = step.action {
            if values.number(value) as usize != puts.len() {
                return None;
            }
            puts.push(Element { put: number, take: None });
        }
    }
    for (number, step) in steps.iter().enumerate() {
        let Action::Take(value) = step.action else { continue };
        let Some(element) = puts.get_mut(values.number(value) as usize) else {
            return Some(Err(vec![number]));
        };
        if step.returned < steps[element.put].invoked {
            return Some(Err(vec![element.put, number]));
        }
        if let Some(first) = element.take.replace(number) {
            return Some(Err(vec![element.put, first, number]));
        }
    }
    // A put of unknown outcome whose value nobody took need not have happened.
    puts.retain(|element| element.take.is_some() || steps[element.put].returned != u32::MAX);
    Some(Ok(puts))
}

/// When the take of an element begins and ends; never, if there is none.
fn take<V>(steps: &[Step<V>], element: &Element) -> (u32, u32) {
    element.take.map_or((u32::MAX, u32::MAX), |at| (steps[at].invoked, steps[at].returned))
}

/// An order of the elements that keeps the real-time order of their puts and that of their takes.
fn order<V>(steps: &[Step<V>], elements: &[Element]) -> Option<Vec<usize>> {
    let mut by_put: Vec<usize> = (0..elements.len()).collect();
    by_put.sort_unstable_by_key(|&at| steps[elements[at].put].invoked);
    let mut by_put_return = by_put.clone();
    by_put_return.sort_unstable_by_key(|&at| steps[elements[at].put].returned);
    let mut by_take_return = by_put.clone();
    by_take_return.sort_unstable_by_key(|&at| take(steps, &elements[at]).1);
    let (mut put_return, mut take_return, mut put) = (0, 0, 0);
    let mut is_placed = vec![false; elements.len()];
    // Elements whose put may be next, by when their take begins.
    let mut ready = std::collections::BTreeSet::new();
    let mut order = Vec::with_capacity(elements.len());
    while order.len() < elements.len() {
        while is_placed[by_put_return[put_return]] {
            put_return += 1;
        }
        while is_placed[by_take_return[take_return]] {
            take_return += 1;
        }
        let put_end = steps[elements[by_put_return[put_return]].put].returned;
        let take_end = take(steps, &elements[by_take_return[take_return]]).1;
        while put < by_put.len() && steps[elements[by_put[put]].put].invoked < put_end {
            ready.insert((take(steps, &elements[by_put[put]]), by_put[put]));
            put += 1;
        }
        let &((begin, end), next) = ready.first()?;
        if begin > take_end && (begin, end) != (u32::MAX, u32::MAX) {
            return None;
        }
        ready.pop_first();
        is_placed[next] = true;
        order.push(next);
    }
    Some(order)
}

/// Puts as late and takes as early as they can be, in the given order; what finds the queue empty
/// as soon as it is.
struct Line<'a, V> {
    steps: &'a [Step<V>],
    elements: &'a [Element],
    order: &'a [usize],
    /// How many elements were put, and how many were taken.
    put: usize,
    taken: usize,
    is_begun: Vec<bool>,
    is_done: Vec<bool>,
    waiting: Vec<usize>,
    placed: Vec<usize>,
}

fn linearize<V>(steps: &[Step<V>], elements: &[Element], order: &[usize]) -> Option<Vec<usize>> {
    let mut element_of = vec![usize::MAX; steps.len()];
    for (place, &at) in order.iter().enumerate() {
        element_of[elements[at].put] = place;
        if let Some(take) = elements[at].take {
            element_of[take] = place;
        }
    }
    let mut moments: Vec<(u32, usize, bool)> = Vec::with_capacity(2 * steps.len());
    for (number, step) in steps.iter().enumerate() {
        moments.push((step.invoked, number, false));
        if step.returned != u32::MAX {
            moments.push((step.returned, number, true));
        }
    }
    moments.sort_unstable();
    let (put, taken) = (0, 0);
    let (is_begun, is_done) = (vec![false; steps.len()], vec![false; steps.len()]);
    let (waiting, placed) = (Vec::new(), Vec::with_capacity(steps.len()));
    let mut line = Line { steps, elements, order, put, taken, is_begun, is_done, waiting, placed };
    for (_, number, is_return) in moments {
        if !is_return {
            line.is_begun[number] = true;
            if matches!(steps[number].action, Action::Empty) {
                line.waiting.push(number);
            }
        } else if !line.is_done[number] {
            match steps[number].action {
                Action::Put(_) => line.put_through(element_of[number])?,
                Action::Take(_) => line.take_through(element_of[number])?,
                Action::Empty => line.empty()?,
            }
        }
        line.settle();
    }
    Some(line.placed)
}

impl<V> Line<'_, V> {
    fn place(&mut self, number: usize) -> Option<()> {
        self.is_begun[number].then(|| {
            self.is_done[number] = true;
            self.placed.push(number);
        })
    }

    /// Puts everything up to this place of the order.
    fn put_through(&mut self, place: usize) -> Option<()> {
        while self.put <= place {
            self.place(self.elements[self.order[self.put]].put)?;
            self.put += 1;
        }
        Some(())
    }

    fn take_through(&mut self, place: usize) -> Option<()> {
        while self.taken <= place {
            self.put_through(self.taken)?;
            self.place(self.elements[self.order[self.taken]].take?)?;
            self.taken += 1;
        }
        Some(())
    }

    /// Empties the queue, which needs takes that have begun.
    fn empty(&mut self) -> Option<()> {
        if self.put > self.taken {
            self.take_through(self.put - 1)?;
        }
        self.settle();
        Some(())
    }

    /// Takes what is in and may be taken; then what waits for an empty queue may be next.
    fn settle(&mut self) {
        while self.taken < self.put
            && let Some(take) = self.elements[self.order[self.taken]].take
            && self.is_begun[take]
        {
            self.is_done[take] = true;
            self.placed.push(take);
            self.taken += 1;
        }
        if self.taken == self.put {
            for number in std::mem::take(&mut self.waiting) {
                self.is_done[number] = true;
                self.placed.push(number);
            }
        }
        debug_assert!(self.placed.len() <= self.steps.len());
    }
}

/// Two values that came out in the other order than they went in, or an empty queue with values
/// inside all the time.
fn overtaken<V>(steps: &[Step<V>], elements: &[Element]) -> Option<Vec<usize>> {
    // By the return of the put; for each, of it and those before, the one taken last.
    let mut by_put: Vec<usize> = (0..elements.len()).collect();
    by_put.sort_unstable_by_key(|&at| steps[elements[at].put].returned);
    let mut latest: Vec<usize> = Vec::with_capacity(by_put.len());
    for &at in &by_put {
        let best = latest
            .last()
            .copied()
            .filter(|&best| take(steps, &elements[best]).0 >= take(steps, &elements[at]).0);
        latest.push(best.unwrap_or(at));
    }
    let mut taken: Vec<&Element> = elements.iter().filter(|e| e.take.is_some()).collect();
    taken.sort_unstable_by_key(|element| take(steps, element).1);
    for element in taken {
        let begin = steps[element.put].invoked;
        let before = by_put.partition_point(|&at| steps[elements[at].put].returned < begin);
        let Some(first) = before.checked_sub(1).map(|last| &elements[latest[last]]) else {
            continue;
        };
        if take(steps, element).1 < take(steps, first).0 {
            let calls = [Some(first.put), first.take, Some(element.put), element.take];
            return Some(calls.into_iter().flatten().collect());
        }
    }
    let empties = steps.iter().enumerate().filter(|(_, s)| matches!(s.action, Action::Empty));
    empties.map(|(number, _)| number).find_map(|number| covered(steps, elements, number))
}

/// Values of which one was surely inside at every moment of this empty take.
fn covered<V>(steps: &[Step<V>], elements: &[Element], empty: usize) -> Option<Vec<usize>> {
    let mut inside: Vec<(u32, u32, &Element)> = elements
        .iter()
        .map(|element| (steps[element.put].returned, take(steps, element).0, element))
        .filter(|(from, to, _)| from < to)
        .collect();
    inside.sort_unstable_by_key(|(from, ..)| *from);
    let (mut reached, mut at) = (steps[empty].invoked, 0);
    let mut calls = vec![empty];
    loop {
        let mut best: Option<(u32, &Element)> = None;
        while at < inside.len() && inside[at].0 < reached {
            let (_, to, element) = inside[at];
            if to > reached && best.is_none_or(|(furthest, _)| to > furthest) {
                best = Some((to, element));
            }
            at += 1;
        }
        let (to, element) = best?;
        calls.push(element.put);
        calls.extend(element.take);
        if to > steps[empty].returned {
            return Some(calls);
        }
        reached = to;
    }
}
