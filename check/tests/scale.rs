//! Long histories: no recursion, no quadratic work, few steps.

use orrery_check::kv::{self, Input, Output};
use orrery_check::{
    Budget, Entry, EntryKind, Finding, History, OperationId, Witness, linearizability,
};

/// A run of `count` operations by 5 clients on `keys` keys, one in 500 of unknown outcome. Each
/// takes effect 50 time units after it was invoked, and returns up to 100 later.
fn run(count: u64, keys: u64, stale_at: Option<u64>) -> History<Input, Output> {
    let mut values = vec![None; keys as usize];
    let mut random = 1u64;
    let mut next = || {
        // Knuth's linear congruence; the high bits are good enough to choose with.
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random >> 33
    };
    let mut clients: Vec<(u64, u64)> = (0..5).map(|id| (id * 7, id)).collect();
    let mut entries = Vec::new();
    for number in 0..count {
        clients.sort_unstable();
        let (from, process) = clients[0];
        let key = next() % keys;
        let is_write = next() % 2 == 0;
        let name = format!("k{key}");
        let (input, output) = if is_write {
            (Input::put(name, number.to_string()), Output::Written)
        } else {
            (Input::get(name), Output::Value(values[key as usize].clone()))
        };
        let is_info = is_write && next() % 250 == 0;
        if is_write && !(is_info && next() % 2 == 0) {
            values[key as usize] = Some(number.to_string());
        }
        let is_stale = stale_at.is_some_and(|stale| number >= stale) && !is_write;
        let output = if is_stale { Output::absent() } else { output };
        let to = from + 60 + next() % 100;
        let id = OperationId(number);
        entries.push((from, Entry::new(process, id, from, EntryKind::Invoke(input))));
        let kind = if is_info { EntryKind::Info } else { EntryKind::Ok(output) };
        entries.push((to, Entry::new(process, id, to, kind)));
        clients[0] = (to + 1 + next() % 50, if is_info { process + 5 } else { process });
    }
    entries.sort_by_key(|(time, _)| *time);
    History::from_entries(entries.into_iter().map(|(_, entry)| entry)).unwrap()
}

/// Operations take effect in the order of their invocations, so the search hardly ever goes back.
#[test]
fn long_histories_take_few_steps() {
    for (count, keys) in [(5_000, 10), (5_000, 1), (20_000, 1), (20_000, 1_000)] {
        let history = run(count, keys, None);
        let report = linearizability::check(&history, &kv::Model, Budget::default());
        let Finding::Holds(Witness::Orders(witness)) = &report.finding else { panic!("{report}") };
        assert_eq!(witness.recheck(&history, &kv::Model), Ok(()));
        assert!(report.steps < 60 * count, "{report}");
    }
}

#[test]
fn a_violation_in_a_long_history_is_explained_in_a_few_operations() {
    for (count, keys) in [(5_000, 10), (5_000, 1), (20_000, 100)] {
        let history = run(count, keys, Some(count * 4 / 5));
        let report = linearizability::check(&history, &kv::Model, Budget::default());
        let Finding::Violated(explanation) = &report.finding else { panic!("{report}") };
        assert!(explanation.is_minimal);
        assert_eq!(explanation.window.len(), 2, "{explanation}");
    }
}

#[test]
fn the_report_is_the_same_with_any_number_of_threads() {
    for stale_at in [None, Some(1_000)] {
        let history = run(2_000, 50, stale_at);
        let one = linearizability::check(&history, &kv::Model, Budget::default());
        for threads in 1..=4 {
            let threads = threads.try_into().unwrap();
            let other = linearizability::check_on(threads, &history, &kv::Model, Budget::default());
            assert_eq!(format!("{other:?}"), format!("{one:?}"));
        }
    }
}
