//! What a search needs to know of each operation before it starts.

use std::collections::BTreeMap;

use crate::history::Operation;
use crate::model::{Call, Model};

use super::Consistency;
use super::search::OperationOf;

/// No operation.
pub(super) const NONE: u32 = u32::MAX;

/// What the search needs to know of an operation, for those that completed and those that crashed.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    /// Index into the operations searched.
    pub(super) index: usize,
    pub(super) is_pure: bool,
    /// Rank of the invocation among all entries.
    pub(super) invoked: u32,
    /// For a completed one: rank of its return.
    pub(super) returned: u32,
    /// For a completed one: how many completed operations were invoked before its return.
    pub(super) invoked_before_return: u32,
    /// The operation of the same process that returned in the instant of this invocation. The
    /// order of entries does not show that it comes first, since invocations sort before returns.
    /// For sequential consistency, the operation of the same process before this one.
    pub(super) predecessor: u32,
    /// For a crashed one: the crashed operation before it with an equal input.
    pub(super) twin: u32,
}

/// The completed operations, the crashed ones that could matter, and the entries of the completed
/// ones in the order of the list.
pub(super) fn prepare<M: Model>(
    model: &M,
    operations: &[&OperationOf<M>],
    consistency: Consistency,
) -> (Vec<Candidate>, Vec<Candidate>, Vec<u32>) {
    let (mut completed, mut crashed) = (Vec::new(), Vec::new());
    // The return time and the number of each process's last completed operation so far.
    let mut last_of = BTreeMap::new();
    // (time, is a return, place among entries, candidate): at equal times, invocations come first.
    let mut entries = Vec::with_capacity(2 * operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let is_pure = model.is_pure(&operation.input, operation.output());
        let mut candidate = Candidate {
            index,
            is_pure,
            invoked: 0,
            returned: 0,
            invoked_before_return: 0,
            predecessor: NONE,
            twin: NONE,
        };
        let invoked = operation.invoked;
        // The last one of a process comes after its others, so this one is enough.
        if let Some(&(returned, number)) = last_of.get(&operation.process)
            && (returned == invoked.time || consistency == Consistency::Sequential)
        {
            candidate.predecessor = number;
        }
        if let Some(returned) = operation.completed() {
            let number = completed.len() as u32;
            last_of.insert(operation.process, (returned.time, number));
            entries.push((invoked.time, false, invoked.position, 2 * number));
            // Where real time does not count, everything returns at the end.
            let time = match consistency {
                Consistency::Linearizable => returned.time,
                Consistency::Sequential => u64::MAX,
            };
            entries.push((time, true, returned.position, 2 * number + 1));
            completed.push(candidate);
        } else if !is_pure {
            // A pure operation of unknown outcome says nothing and does nothing: left out.
            candidate.twin = twin(operations, &crashed, &operation.input);
            entries.push((invoked.time, false, invoked.position, NONE));
            crashed.push(candidate);
        }
    }
    entries.sort_unstable();
    let (mut invoked, mut crashed_invoked) = (0, 0);
    let mut order = Vec::with_capacity(2 * completed.len());
    for (rank, &(.., entry)) in (0u32..).zip(&entries) {
        if entry == NONE {
            crashed[crashed_invoked].invoked = rank;
            crashed_invoked += 1;
            continue;
        }
        let candidate = &mut completed[entry as usize / 2];
        if entry % 2 == 0 {
            candidate.invoked = rank;
            invoked += 1;
        } else {
            candidate.returned = rank;
            candidate.invoked_before_return = invoked;
        }
        order.push(entry);
    }
    (completed, crashed, order)
}

fn twin<I: PartialEq, O>(operations: &[&Operation<I, O>], crashed: &[Candidate], input: &I) -> u32 {
    let last = crashed.iter().rposition(|other| operations[other.index].input == *input);
    last.map_or(NONE, |number| number as u32)
}

/// The operations with their places among all entries.
pub(super) fn calls<'a, M: Model>(
    operations: &[&'a OperationOf<M>],
) -> Vec<Call<'a, M::Input, M::Output>> {
    let mut calls: Vec<_> = operations
        .iter()
        .map(|operation| Call {
            process: operation.process,
            input: &operation.input,
            output: operation.output(),
            invoked: 0,
            returned: u32::MAX,
        })
        .collect();
    let mut entries = Vec::with_capacity(2 * operations.len());
    for (index, operation) in operations.iter().enumerate() {
        entries.push((operation.invoked.time, false, operation.invoked.position, index));
        if let Some(returned) = operation.completed() {
            entries.push((returned.time, true, returned.position, index));
        }
    }
    // Positions are nearly the order already, and those of a whole history are dense. What is sorted
    // costs one look at each.
    let last = entries.iter().map(|&(_, _, position, _)| position + 1).max().unwrap_or(0);
    if last <= 4 * entries.len() {
        let mut placed = vec![None; last];
        for entry in entries.drain(..) {
            placed[entry.2] = Some(entry);
        }
        entries.extend(placed.into_iter().flatten());
    }
    entries.sort_unstable();
    for (rank, &(_, is_return, _, index)) in (0u32..).zip(&entries) {
        if is_return {
            calls[index].returned = rank;
        } else {
            calls[index].invoked = rank;
        }
    }
    calls
}
