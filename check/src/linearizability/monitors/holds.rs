//! Mutexes and semaphores whose processes acquire and release in turn.
//!
//! A process surely holds its permits from the return of its acquisition to the invocation of its
//! release. If at one moment more are surely held than there are, nothing can explain that. If never,
//! let every acquisition take effect as late as it can and every release as early.

use crate::history::ProcessId;
use crate::model::Shortcut;

/// An acquisition or a release.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) index: usize,
    pub(crate) process: ProcessId,
    pub(crate) permits: u64,
    pub(crate) is_release: bool,
    pub(crate) invoked: u32,
    pub(crate) returned: u32,
}

/// Decides; `None` if a process does not acquire and release the same in turn.
pub(crate) fn decide(permits: u64, steps: &[Step]) -> Option<Shortcut> {
    let release_of = releases(steps)?;
    // (moment, step): when an acquisition is done at last, and when a release is begun at first.
    let mut moments: Vec<(u32, usize)> = Vec::with_capacity(steps.len());
    for (number, step) in steps.iter().enumerate() {
        match (step.is_release, step.returned) {
            (true, _) => moments.push((step.invoked, number)),
            // An acquisition of unknown outcome is the last of its process, and may be left out.
            (false, u32::MAX) => {}
            (false, returned) => moments.push((returned, number)),
        }
    }
    moments.sort_unstable();
    let (mut held, mut holders) = (0u64, Vec::new());
    for &(_, number) in &moments {
        let step = &steps[number];
        if step.is_release {
            held -= step.permits;
            holders.retain(|&holder| release_of[holder] != Some(number));
            continue;
        }
        held = held.checked_add(step.permits)?;
        holders.push(number);
        if held > permits {
            let with_release = holders.iter().flat_map(|&at| [Some(at), release_of[at]]);
            let mut calls: Vec<usize> =
                with_release.flatten().map(|number| steps[number].index).collect();
            calls.sort_unstable();
            return Some(Shortcut::Contradiction(calls));
        }
    }
    Some(Shortcut::Order(moments.into_iter().map(|(_, number)| steps[number].index).collect()))
}

/// For each acquisition, the release after it by the same process.
fn releases(steps: &[Step]) -> Option<Vec<Option<usize>>> {
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_unstable_by_key(|&number| (steps[number].process, steps[number].invoked));
    let mut release_of = vec![None; steps.len()];
    let mut before: Option<usize> = None;
    for number in order {
        let step = &steps[number];
        let previous = before.filter(|&before| steps[before].process == step.process);
        match previous.map(|previous| (previous, &steps[previous])) {
            Some((previous, acquired)) if step.is_release && !acquired.is_release => {
                if acquired.permits != step.permits || acquired.returned == u32::MAX {
                    return None;
                }
                release_of[previous] = Some(number);
            }
            Some((_, released)) if !step.is_release && released.is_release => {}
            None if !step.is_release => {}
            Some(_) | None => return None,
        }
        before = Some(number);
    }
    Some(release_of)
}
