//! Turns a pattern into an explanation.

use crate::finding::{Budget, Edge, Explanation};
use crate::memory::{Memory, MemoryOperation, reads_from, show};
use crate::record::Value;
use crate::shown::minimal;

use super::patterns::{Because, Found, Pattern, Search, Step};
use super::{Answer, Level, look_for};

/// Explains `found`, which is in `memory`, by the fewest operations that show `pattern`.
pub(super) fn explain(
    memory: &Memory<'_>,
    level: Level,
    pattern: Pattern,
    found: &Found,
    initial: &Value,
    budget: Budget,
) -> Explanation {
    // The weakest rule that the pattern breaks: whatever is asked for, this is what is wrong.
    let level = if Level::Cc.patterns().contains(&pattern) { Level::Cc } else { level };
    let shown: Vec<&MemoryOperation> =
        found.nodes.iter().map(|&node| memory.operation(node)).collect();
    // The same pattern first; another one of the same rule only if fewer operations show it.
    let depends = |reader: usize, writer: usize| reads_from(shown[reader], shown[writer]);
    let of = |kept: &[usize]| kept.iter().map(|&index| shown[index]).collect::<Vec<_>>();
    let pattern_of = |kept: &[usize]| find(&of(kept), level, initial, budget, |_, _, other| other);
    let same = |kept: &[usize]| pattern_of(kept) == Some(pattern);
    let kept = minimal((0..shown.len()).collect(), depends, same);
    let kept = minimal(kept, depends, |kept| pattern_of(kept).is_some());
    let mut window = of(&kept);
    let told = |memory: &Memory<'_>, found: &Found, pattern: Pattern| {
        let conflict = found
            .conflict
            .map(|(read, other)| (show(memory.operation(read)), show(memory.operation(other))));
        let edges: Vec<Edge> = found.chain.iter().map(|step| edge(memory, *step)).collect();
        (sentence(memory, level, pattern, found), edges, conflict, pattern)
    };
    let (sentence, edges, conflict, pattern) =
        find(&window, level, initial, budget, told).expect("what is left breaks the rule");
    if let Some((_, Some(failed))) = memory.thin_air().filter(|_| pattern == Pattern::ThinAirRead) {
        window.push(memory.operations[failed as usize]);
        window.sort_by_key(|operation| operation.invoked.position);
    }
    Explanation {
        rule: level.rule(),
        key: None,
        operations: memory.operations.len(),
        pattern: pattern.name(),
        sentence: if edges.is_empty() { thin_air(memory, level) } else { sentence },
        window: window.into_iter().map(show).collect(),
        is_minimal: true,
        stuck: None,
        edges,
        conflict,
    }
}

/// What `tell` says of the first pattern that these operations alone show.
fn find<T>(
    operations: &[&MemoryOperation],
    level: Level,
    initial: &Value,
    budget: Budget,
    tell: impl Fn(&Memory<'_>, &Found, Pattern) -> T,
) -> Option<T> {
    let memory = Memory::new(operations, initial).ok()?;
    match look_for(&mut Search::new(&memory, budget), level.patterns()) {
        Answer::Violated(pattern, found) => Some(tell(&memory, &found, pattern)),
        Answer::Kept | Answer::Spent => None,
    }
}

fn edge(memory: &Memory<'_>, Step { from, to, because }: Step) -> Edge {
    let (first, second) = (memory.operation(from), memory.operation(to));
    let key = memory.key_name(from);
    let describe = |o: &MemoryOperation| o.input.describe(o.output());
    let (relation, reason) = match because {
        Because::Process => (
            "process",
            format!("{} did {} before {}", first.process, describe(first), describe(second)),
        ),
        Because::Read => (
            "wr",
            format!(
                "{} read the {} that {} wrote to {key}",
                second.process,
                memory.value(from),
                first.process
            ),
        ),
        Because::Seen(read) => (
            "ww",
            format!(
                "{} knew of {} when it read {key} and still saw {}",
                memory.operation(read).process,
                describe(first),
                memory.value(to)
            ),
        ),
    };
    Edge { from: first.id, to: second.id, relation, reason }
}

fn thin_air(memory: &Memory<'_>, level: Level) -> String {
    let (read, failed) = memory.thin_air().expect("the pattern is there");
    let why = match failed {
        Some(failed) => {
            format!(
                "which only {} wrote, and that failed",
                show(memory.operations[failed as usize])
            )
        }
        None => "which nobody wrote".to_owned(),
    };
    let rule = level.rule();
    format!("The history does not keep {rule}: {} saw a value {why}.", show(memory.operation(read)))
}

fn sentence(memory: &Memory<'_>, level: Level, pattern: Pattern, found: &Found) -> String {
    let pair = found.conflict.map(|(read, other)| {
        (
            memory.operation(read).process,
            show(memory.operation(read)),
            show(memory.operation(other)),
        )
    });
    let why = match (pattern, pair) {
        (Pattern::WriteCoInitRead, Some((process, read, write))) => format!(
            "{read} still saw what was there from the start, but {write} comes causally before it: \
             {process} saw a consequence without its cause"
        ),
        (Pattern::WriteCoRead, Some((process, read, write))) => format!(
            "{read} saw a value that {write} had overwritten, and that write comes causally before \
             the read: {process} saw a consequence without its cause"
        ),
        (Pattern::CyclicHb, Some((process, read, write))) => format!(
            "no one order of the writes explains what {process} read: {read} puts {write} before the \
             write that it saw, and other reads of {process} put it after"
        ),
        (Pattern::WriteHbInitRead, Some((process, read, write))) => format!(
            "no one order of the writes explains what {process} read: {read} saw what was there from \
             the start, but its other reads put {write} before it"
        ),
        (Pattern::CyclicCf, _) => {
            "no one order of the writes suits all processes: what they read puts these operations in \
             a cycle"
                .to_owned()
        }
        (Pattern::ThinAirRead, _) => "a value was read that nobody wrote".to_owned(),
        (_, _) => format!(
            "{} operations come causally before themselves, each because its process did it earlier \
             or because the next one read it",
            found.chain.len()
        ),
    };
    format!("The history does not keep {}: {why}.", level.rule())
}
