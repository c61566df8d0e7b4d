//! Why a level is violated: a few transactions that already violate it, and what proves each edge.

use crate::finding::{Edge, Explanation};

use super::cycles::{Cycle, Step};
use super::facts::Facts;
use super::graph::Kind;
use super::history::{Action, Atom, Key, Micro, Transactions, Txn};
use super::judge::{self, Anomaly};
use super::lattice::Isolation;
use super::words::Words;

/// How often a part of a history may be judged again.
const RUNS: u32 = 2_000;
/// How much of the budget one judgement of a part may take.
const PART_BUDGET: u64 = 200_000;

/// Explains an anomaly of a history.
pub(crate) fn explain(
    history: &Transactions,
    facts: &Facts,
    level: Isolation,
    anomaly: &Anomaly,
) -> Explanation {
    let words = Words { history, facts };
    let target = (level, anomaly.name());
    let (kept, part, is_minimal) = shrink(history, &core(history, facts, &words, anomaly), target);
    let anomaly = part.unwrap_or_else(|| anomaly.clone());
    let (sentence, edges) = match &anomaly {
        Anomaly::Direct(direct) => {
            (format!("{}: {} ({}).", level.rule(), direct.sentence, direct.name), Vec::new())
        }
        Anomaly::Cycle(cycle) => (cycle_sentence(&words, level, cycle), edges(&words, cycle)),
        Anomaly::NoOrder(_) => {
            let names: Vec<String> = kept.iter().map(|&txn| history.id(txn).to_string()).collect();
            let names = names.join(", ");
            (format!("{}: no order of {names} explains what they read.", level.rule()), Vec::new())
        }
    };
    let mut window: Vec<_> = kept.iter().map(|&txn| history.window(txn)).collect();
    window.sort_by_key(|operation| (operation.invoked.position, operation.id));
    let conflict = match &anomaly {
        Anomaly::Direct(direct) => direct.other.and_then(|other| {
            let seer = direct.txns.iter().copied().find(|&txn| txn != other)?;
            Some((history.window(seer), history.window(other)))
        }),
        Anomaly::Cycle(_) | Anomaly::NoOrder(_) => None,
    };
    Explanation {
        rule: level.name(),
        key: None,
        operations: history.txns.len(),
        pattern: anomaly.name(),
        sentence,
        window,
        is_minimal,
        stuck: None,
        edges,
        conflict,
    }
}

fn cycle_sentence(words: &Words<'_>, level: Isolation, cycle: &Cycle) -> String {
    let rule = level.rule();
    if cycle.steps.is_empty() {
        let count = cycle.component;
        return format!(
            "{rule}: each of {count} transactions comes before each other one of them, over some of the \
             rest; the budget did not suffice to find a short cycle."
        );
    }
    if cycle.steps.len() > 4 {
        let names: Vec<String> =
            cycle.steps.iter().map(|step| words.history.id(step.from).to_string()).collect();
        let count = cycle.steps.len();
        return format!(
            "{rule}: of the {count} transactions {} each comes before the next, and the last before the \
             first ({}).",
            names.join(", "),
            cycle.name
        );
    }
    let reasons: Vec<String> =
        cycle.steps.iter().map(|step| words.reason(cycle.level, *step).0).collect();
    format!("{rule}: {} ({}).", reasons.join("; "), cycle.name)
}

fn edges(words: &Words<'_>, cycle: &Cycle) -> Vec<Edge> {
    let edge = |step: &Step| Edge {
        from: words.history.id(step.from),
        to: words.history.id(step.to),
        relation: match step.kind {
            Kind::WriteWrite => "ww",
            Kind::WriteRead => "wr",
            Kind::ReadWrite => "rw",
            Kind::Session => "process",
            Kind::RealTime => "real-time",
            Kind::Inferred | Kind::Silent => "commit-order",
        },
        reason: words.reason(cycle.level, *step).0,
    };
    cycle.steps.iter().map(edge).collect()
}

/// The transactions that show the anomaly.
fn core(history: &Transactions, facts: &Facts, words: &Words<'_>, anomaly: &Anomaly) -> Vec<Txn> {
    let mut core = match anomaly {
        Anomaly::Direct(direct) => {
            let mut core = direct.txns.clone();
            core.extend(differing(history, &direct.txns));
            core
        }
        Anomaly::Cycle(cycle) if cycle.steps.is_empty() => cycle.members.clone(),
        Anomaly::Cycle(cycle) => {
            let mut core: Vec<Txn> = cycle.steps.iter().map(|step| step.from).collect();
            for step in &cycle.steps {
                core.extend(words.reason(cycle.level, *step).1);
            }
            core
        }
        Anomaly::NoOrder(_) => facts.committed().collect(),
    };
    core.sort_unstable();
    core.dedup();
    core
}

/// Who wrote what two reads of one key differ in, where these transactions read.
fn differing(history: &Transactions, txns: &[Txn]) -> Vec<Txn> {
    let mut lists: Vec<(Key, &[Atom])> = Vec::new();
    let mut writers = Vec::new();
    for &txn in txns {
        for &Micro { key, action } in history.steps(txn) {
            let Action::ReadList(list, _) = action else {
                if let Action::Read(atom) = action {
                    writers.extend(history.writer_of(key, atom).map(|writer| writer.txn));
                }
                continue;
            };
            let elements = history.list(key, list);
            for (_, other) in lists.iter().filter(|(other, _)| *other == key) {
                let same = other.iter().zip(elements).take_while(|(a, b)| a == b).count();
                for list in [elements, other] {
                    let atom = list.get(same).and_then(|&atom| history.writer_of(key, atom));
                    writers.extend(atom.map(|writer| writer.txn));
                }
            }
            lists.push((key, elements));
        }
    }
    writers
}

/// Removes what is not needed for the same anomaly. Gives what is kept, the anomaly as the part shows it,
/// in the numbers of the whole history, and whether nothing more can be removed.
fn shrink(
    history: &Transactions,
    core: &[Txn],
    target: (Isolation, &'static str),
) -> (Vec<Txn>, Option<Anomaly>, bool) {
    let mut runs = RUNS;
    let mut best = rejudge(history, core, target);
    let mut kept = core.to_vec();
    if best.is_none() {
        // What shows it is not all that it takes.
        kept = history.all().filter(|&txn| history.txn(txn).count > 0).collect();
        best = rejudge(history, &kept, target);
        if best.is_none() {
            return (core.to_vec(), None, false);
        }
        runs /= 4;
    }
    let mut chunk = kept.len().div_ceil(2).max(1);
    loop {
        let mut has_shrunk = false;
        let mut at = 0;
        while at < kept.len() && kept.len() > 1 {
            if runs == 0 {
                return (kept, best, false);
            }
            runs -= 1;
            let end = (at + chunk).min(kept.len());
            let less: Vec<Txn> = kept[..at].iter().chain(&kept[end..]).copied().collect();
            match rejudge(history, &less, target) {
                Some(anomaly) => {
                    (kept, best, has_shrunk) = (less, Some(anomaly), true);
                }
                None => at = end,
            }
        }
        if chunk == 1 && !has_shrunk {
            return (kept, best, true);
        }
        chunk =
            if has_shrunk { chunk.min(kept.len().div_ceil(2).max(1)) } else { chunk.div_ceil(2) };
    }
}

/// The same anomaly in a part of the history, in the numbers of the whole.
fn rejudge(
    history: &Transactions,
    kept: &[Txn],
    target: (Isolation, &'static str),
) -> Option<Anomaly> {
    if kept.is_empty() {
        return None;
    }
    let (level, name) = target;
    let part = history.restrict(kept);
    let facts = judge::facts(&part);
    let judgement = judge::judge(&part, &facts, PART_BUDGET);
    let found = judgement.against(level, judge::sessions_count(history))?;
    if found.name() != name {
        return None;
    }
    let whole = |txn: Txn| kept[txn as usize];
    Some(match found.clone() {
        Anomaly::Direct(mut direct) => {
            direct.txns.iter_mut().for_each(|txn| *txn = whole(*txn));
            direct.other = direct.other.map(whole);
            Anomaly::Direct(direct)
        }
        Anomaly::Cycle(mut cycle) => {
            for step in &mut cycle.steps {
                (step.from, step.to) = (whole(step.from), whole(step.to));
            }
            cycle.members.iter_mut().for_each(|txn| *txn = whole(*txn));
            Anomaly::Cycle(cycle)
        }
        Anomaly::NoOrder(level) => Anomaly::NoOrder(level),
    })
}
