//! Session guarantees against every order of versions, on random small histories.

use proptest::prelude::*;

use orrery_check::memory::{Access, MemoryHistory, Reply};
use orrery_check::record::Value;
use orrery_check::sessions::{self, Guarantee, Guarantees, Settings, Versions};
use orrery_check::{Budget, Entry, EntryKind, Finding, HistoryBuilder, OperationId};

/// An operation of a process on a key: a write of this version, or a read of it (0: none yet).
#[derive(Clone, Debug)]
struct Step {
    process: u64,
    key: usize,
    is_write: bool,
    version: u32,
}

fn history(steps: &[Step], commits: bool) -> MemoryHistory {
    let mut builder = HistoryBuilder::new();
    for (id, step) in (0u64..).zip(steps) {
        let key = ["x", "y"][step.key];
        let value = if step.version == 0 { Value::Nil } else { i64::from(step.version).into() };
        let (access, reply) = if step.is_write {
            (Access::write(key, value), Reply::Written)
        } else {
            (Access::read(key), Reply::Value(value))
        };
        let entry = |kind| Entry::new(step.process, OperationId(id), id, kind);
        builder.push(entry(EntryKind::Invoke(access))).unwrap();
        let returned = entry(EntryKind::Ok(reply));
        let hint = commits && step.is_write;
        let returned =
            if hint { returned.committed_at(u64::from(step.version) * 10) } else { returned };
        builder.push(returned).unwrap();
    }
    builder.finish()
}

const ALL: [Guarantee; 4] = [
    Guarantee::ReadYourWrites,
    Guarantee::MonotonicReads,
    Guarantee::MonotonicWrites,
    Guarantee::WritesFollowReads,
];

/// Whether the guarantees hold on a key if `rank` says how new a version is.
fn holds_in_order(
    steps: &[Step],
    key: usize,
    set: &[Guarantee],
    rank: &dyn Fn(u32) -> usize,
) -> bool {
    let on_key: Vec<&Step> = steps.iter().filter(|step| step.key == key).collect();
    on_key.iter().enumerate().all(|(index, later)| {
        on_key[..index].iter().filter(|earlier| earlier.process == later.process).all(|earlier| {
            let guarantee = match (earlier.is_write, later.is_write) {
                (true, false) => Guarantee::ReadYourWrites,
                (false, false) => Guarantee::MonotonicReads,
                (true, true) => Guarantee::MonotonicWrites,
                (false, true) => Guarantee::WritesFollowReads,
            };
            let is_strict = later.is_write;
            let (a, b) = (rank(earlier.version), rank(later.version));
            !set.contains(&guarantee) || if is_strict { a < b } else { a <= b }
        })
    })
}

fn some_order_holds(steps: &[Step], key: usize, set: &[Guarantee], order: &mut Vec<u32>) -> bool {
    let writes = steps.iter().filter(|s| s.key == key && s.is_write).map(|s| s.version);
    let left: Vec<u32> = writes.filter(|version| !order.contains(version)).collect();
    if left.is_empty() {
        let rank = |version| order.iter().position(|&other| other == version).map_or(0, |p| p + 1);
        return holds_in_order(steps, key, set, &rank);
    }
    left.into_iter().any(|version| {
        order.push(version);
        let holds = some_order_holds(steps, key, set, order);
        order.pop();
        holds
    })
}

fn holds(steps: &[Step], set: &[Guarantee], is_given: bool) -> bool {
    (0..2).all(|key| {
        if is_given {
            holds_in_order(steps, key, set, &|version| version as usize)
        } else {
            some_order_holds(steps, key, set, &mut Vec::new())
        }
    })
}

/// Versions are numbered in a random order of the writes; reads see one that somebody writes.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..3u64, 0..2usize, any::<bool>(), any::<u32>());
    prop::collection::vec(step, 1..10).prop_map(|raw| {
        let mut free = [0, 1].map(|key| {
            let count = raw.iter().filter(|step| step.1 == key && step.2).count().min(4) as u32;
            (1..=count).collect::<Vec<u32>>()
        });
        let counts = [free[0].len(), free[1].len()].map(|count| count as u32);
        raw.into_iter()
            .map(|(process, key, is_write, draw)| {
                let is_write = is_write && !free[key].is_empty();
                let version = if is_write {
                    let at = draw as usize % free[key].len();
                    free[key].remove(at)
                } else {
                    draw % (counts[key] + 1)
                };
                Step { process, key, is_write, version }
            })
            .collect()
    })
}

fn subsets() -> Vec<Vec<Guarantee>> {
    let chosen = |bits: usize| (0..4).filter(move |bit| bits >> bit & 1 == 1).map(|bit| ALL[bit]);
    (1..16).map(|bits| chosen(bits).collect()).collect()
}

fn agree(steps: &[Step], versions: Versions, commits: bool) -> Result<(), TestCaseError> {
    let history = history(steps, commits);
    let is_given = commits || versions == Versions::Numbered;
    for set in subsets() {
        let guarantees = Guarantees::of(&set);
        let settings = Settings { guarantees, versions, ..Settings::default() };
        let report = sessions::check(&history, &settings, Budget::default());
        let expected = holds(steps, &set, is_given);
        prop_assert!(!matches!(report.finding, Finding::Unknown(_)), "{}", report);
        prop_assert_eq!(report.holds(), expected, "{:?} of {:?}: {}", set, steps, report);
        let Finding::Violated(explanation) = &report.finding else { continue };
        let broken: Vec<Guarantee> =
            Guarantees::named(explanation.pattern).unwrap().iter().collect();
        prop_assert!(broken.iter().all(|guarantee| set.contains(guarantee)));
        let window: Vec<u64> = explanation.window.iter().map(|o| o.id.0).collect();
        let of = |ids: &[u64]| ids.iter().map(|&id| steps[id as usize].clone()).collect::<Vec<_>>();
        prop_assert!(!holds(&of(&window), &broken, is_given), "{}", report);
        for gone in &window {
            // With a write go the reads that saw it.
            let write = &steps[*gone as usize];
            let rest: Vec<u64> = window
                .iter()
                .copied()
                .filter(|id| {
                    let step = &steps[*id as usize];
                    let saw =
                        write.is_write && step.key == write.key && step.version == write.version;
                    id != gone && !saw
                })
                .collect();
            prop_assert!(holds(&of(&rest), &broken, is_given), "without {}: {}", gone, report);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn inferred_versions_agree_with_every_order(steps in steps()) {
        agree(&steps, Versions::Committed, false)?;
    }

    #[test]
    fn numbered_and_committed_versions_agree_with_that_order(steps in steps()) {
        agree(&steps, Versions::Numbered, false)?;
        agree(&steps, Versions::Committed, true)?;
    }
}

/// How many random histories: 200, or what `ORRERY_CASES` says.
#[expect(clippy::disallowed_methods, reason = "how much to test is no part of a run")]
fn cases() -> u32 {
    std::env::var("ORRERY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

/// Each guarantee fails alone somewhere, and holds with the others failing.
#[test]
fn all_verdicts_are_common() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..2_000 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let report =
            sessions::check(&history(&steps, false), &Settings::default(), Budget::default());
        if report.holds() {
            *seen.entry("none").or_insert(0) += 1;
        }
        for set in report.weakest_violated {
            *seen.entry(set).or_insert(0) += 1;
        }
    }
    for expected in ["none", "RYW", "MR", "WFR", "MR+MW", "RYW+MW"] {
        assert!(seen.get(expected).is_some_and(|count| *count >= 5), "{seen:?}");
    }
}
