//! Turns a contradiction into an explanation.

use crate::finding::{Edge, Explanation};
use crate::memory::{Memory, MemoryOperation, reads_from, show};
use crate::shown::minimal;

use super::constraints::{Must, contradiction};
use super::guarantees::{Guarantee, Guarantees};
use super::{Settings, Versions};

/// Explains why `set`, of which no smaller set is violated, is.
pub(super) fn explain(memory: &Memory<'_>, set: Guarantees, settings: &Settings) -> Explanation {
    let musts =
        contradiction(memory, set, settings.versions).ok().flatten().expect("the set is violated");
    let mut nodes: Vec<u32> = Vec::new();
    for Must { before, after, because } in &musts {
        nodes.push(*before);
        nodes.extend(after);
        nodes.extend(because.iter().flat_map(|&(_, first, last)| [first, last]));
    }
    nodes.sort_unstable();
    nodes.dedup();
    let shown: Vec<&MemoryOperation> = nodes.iter().map(|&node| memory.operation(node)).collect();
    let kept = minimal(
        (0..shown.len()).collect(),
        |reader, writer| reads_from(shown[reader], shown[writer]),
        |kept| {
            let kept: Vec<_> = kept.iter().map(|&index| shown[index]).collect();
            Memory::new(&kept, &settings.initial).is_ok_and(|memory| {
                contradiction(&memory, set, settings.versions).is_ok_and(|found| found.is_some())
            })
        },
    );
    let window: Vec<_> = kept.iter().map(|&index| shown[index]).collect();
    let memory_left = Memory::new(&window, &settings.initial).expect("as clear as the whole");
    let musts = contradiction(&memory_left, set, settings.versions)
        .ok()
        .flatten()
        .expect("what is left breaks the rule in the same way");
    let conflict = musts.iter().find_map(|must| must.because).map(|(_, first, last)| {
        (show(memory_left.operation(last)), show(memory_left.operation(first)))
    });
    Explanation {
        rule: "session guarantees",
        key: Some(memory_left.key_name(musts[0].before).to_owned()),
        operations: memory.operations.len(),
        pattern: set.name(),
        sentence: sentence(&memory_left, set, &musts, settings.versions),
        edges: edges(&memory_left, &musts, settings.versions),
        window: window.into_iter().map(show).collect(),
        is_minimal: true,
        stuck: None,
        conflict,
    }
}

/// A read of a value that nobody wrote: no guarantee speaks of it.
pub(super) fn thin_air(
    memory: &Memory<'_>,
    read: u32,
    failed: Option<u32>,
    asked: Guarantees,
) -> Explanation {
    let read = memory.operation(read);
    let failed = failed.map(|failed| memory.operations[failed as usize]);
    let why = match failed {
        Some(failed) => format!("which only {} wrote, and that failed", show(failed)),
        None => "which nobody wrote".to_owned(),
    };
    let mut window: Vec<&MemoryOperation> = failed.into_iter().chain([read]).collect();
    window.sort_by_key(|operation| operation.invoked.position);
    Explanation {
        rule: "session guarantees",
        key: Some(read.input.key().to_owned()),
        operations: memory.operations.len(),
        pattern: "ThinAirRead",
        sentence: format!(
            "The history does not keep {}: {} saw a value {why}.",
            in_words(asked),
            show(read)
        ),
        window: window.into_iter().map(show).collect(),
        is_minimal: true,
        stuck: None,
        edges: Vec::new(),
        conflict: failed.map(|failed| (show(read), show(failed))),
    }
}

fn in_words(set: Guarantees) -> String {
    if set == Guarantees::ALL {
        return "the session guarantees".to_owned();
    }
    set.iter().map(Guarantee::name).collect::<Vec<_>>().join(" together with ")
}

fn sentence(memory: &Memory<'_>, set: Guarantees, musts: &[Must], versions: Versions) -> String {
    let key = memory.key_name(musts[0].before);
    let reasons: Vec<String> = musts
        .iter()
        .map(|must| {
            let before = memory.value(must.before);
            let reason = reason(memory, must, versions);
            match must.after {
                Some(after) => format!("{before} is older than {} ({reason})", memory.value(after)),
                None => format!("{before} is older than what was there from the start ({reason})"),
            }
        })
        .collect();
    let link = if reasons.len() == 1 { "it would mean that" } else { "it cannot be that" };
    format!(
        "The history does not keep {} on key {key}: {link} {}.",
        in_words(set),
        reasons.join(" and ")
    )
}

/// The two operations that prove it.
fn reason(memory: &Memory<'_>, must: &Must, versions: Versions) -> String {
    let Some((_, first, last)) = must.because else {
        return match (versions, must.after) {
            (Versions::Committed, Some(after)) => {
                let place = |write| memory.operation(write).commit.unwrap_or_default();
                format!("committed at {} and {}", place(must.before), place(after))
            }
            (Versions::Committed | Versions::Numbered, _) => "by the version numbers".to_owned(),
        };
    };
    let (first, last) = (memory.operation(first), memory.operation(last));
    let describe = |o: &MemoryOperation| o.input.describe(o.output());
    format!("{} did {} and later {}", first.process, describe(first), describe(last))
}

fn edges(memory: &Memory<'_>, musts: &[Must], versions: Versions) -> Vec<Edge> {
    let edge = |must: &Must| {
        // What was there from the start is no operation: the edge ends at the read that saw it.
        let to = must.after.or(must.because.map(|(_, _, last)| last)).unwrap_or(must.before);
        Edge {
            from: memory.operation(must.before).id,
            to: memory.operation(to).id,
            relation: must.because.map_or("version", |(guarantee, ..)| guarantee.short()),
            reason: reason(memory, must, versions),
        }
    };
    musts.iter().map(edge).collect()
}
