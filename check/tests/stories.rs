//! One small story per way in which a history can be right or wrong.

use orrery_check::kv::{self, Input, Output};
use orrery_check::{
    Budget, Entry, EntryKind, Explanation, Finding, History, HistoryBuilder, HistoryError, Model,
    OperationId, ProcessId, Report, Unknown, Witness, linearizability,
};

/// Process, invocation, return, question, answer.
type Told = (u64, u64, u64, Input, EntryKind<Input, Output>);
type Story = HistoryBuilder<Input, Output>;

/// A whole operation on key x: process, invocation, return, question, answer.
fn op(
    story: &mut Vec<(u64, u64, Entry<Input, Output>)>,
    process: u64,
    from: u64,
    to: u64,
    input: Input,
    end: EntryKind<Input, Output>,
) {
    let id = OperationId(story.len() as u64);
    story.push((from, 0, Entry::new(process, id, from, EntryKind::Invoke(input))));
    story.push((to, 1, Entry::new(process, id, to, end)));
}

/// Builds a history from `(process, from, to, input, end)` in any order.
fn history(operations: Vec<Told>) -> History<Input, Output> {
    let mut story = Vec::new();
    for (process, from, to, input, end) in operations {
        op(&mut story, process, from, to, input, end);
    }
    story.sort_by_key(|(time, is_return, _)| (*time, *is_return));
    History::from_entries(story.into_iter().map(|(.., entry)| entry)).unwrap()
}

fn put(value: &str) -> Input {
    Input::put("x", value)
}

fn get() -> Input {
    Input::get("x")
}

fn written() -> EntryKind<Input, Output> {
    EntryKind::Ok(Output::Written)
}

fn value(value: &str) -> EntryKind<Input, Output> {
    EntryKind::Ok(Output::value(value))
}

fn swapped(swapped: bool) -> EntryKind<Input, Output> {
    EntryKind::Ok(Output::Swapped(swapped))
}

fn check(history: &History<Input, Output>) -> Report {
    let report = linearizability::check(history, &kv::Model, Budget::default());
    if let Finding::Holds(Witness::Orders(witness)) = &report.finding {
        assert_eq!(witness.recheck(history, &kv::Model), Ok(()));
    }
    report
}

fn violation(history: &History<Input, Output>) -> Explanation {
    match check(history).finding {
        Finding::Violated(explanation) => *explanation,
        other => panic!("expected a violation: {other}"),
    }
}

fn window(explanation: &Explanation) -> Vec<&str> {
    explanation.window.iter().map(|operation| &*operation.description).collect()
}

#[test]
fn concurrent_writes_may_take_effect_in_either_order() {
    for seen in ["1", "2"] {
        let history = history(vec![
            (1, 10, 30, put("1"), written()),
            (2, 20, 40, put("2"), written()),
            (3, 50, 60, get(), value(seen)),
        ]);
        assert!(check(&history).holds());
    }
}

#[test]
fn a_stale_read_names_the_write_it_missed() {
    let history = history(vec![
        (1, 10, 20, put("1"), written()),
        (4, 12, 22, put("noise"), written()),
        (1, 30, 40, put("2"), written()),
        (2, 50, 60, get(), value("1")),
        (3, 50, 70, get(), value("2")),
    ]);
    let explanation = violation(&history);
    assert_eq!(window(&explanation), ["put(x, 1) -> ok", "put(x, 2) -> ok", "get(x) -> 1"]);
    assert_eq!(explanation.pattern, "stale");
    assert_eq!(explanation.stuck.as_ref().unwrap().states, ["2"]);
    let (first, second) = explanation.conflict.as_ref().unwrap();
    assert_eq!((first.process, second.process), (ProcessId(2), ProcessId(1)));
    assert_eq!(
        explanation.sentence,
        "The history is not linearizable on key x: p2 get(x) -> 1 (50ns to 60ns) was asked after \
         p1 put(x, 2) -> ok (30ns to 40ns) had returned, when the operations shown can \
         only have left 2."
    );
}

#[test]
fn a_lost_update_is_two_swaps_from_the_same_value() {
    let history = history(vec![
        (1, 10, 20, put("0"), written()),
        (1, 30, 60, Input::cas("x", Some("0"), "1"), swapped(true)),
        (2, 40, 50, Input::cas("x", Some("0"), "2"), swapped(true)),
        (3, 70, 80, get(), value("2")),
    ]);
    let explanation = violation(&history);
    assert_eq!(explanation.window.len(), 3);
    assert_eq!(explanation.pattern, "conflict");
    let (first, second) = explanation.conflict.as_ref().unwrap();
    assert_eq!(first.description, "cas(x, 0 to 1) -> swapped");
    assert_eq!(second.description, "cas(x, 0 to 2) -> swapped");
}

#[test]
fn a_read_inversion_is_a_new_value_before_an_old_one() {
    let history = history(vec![
        (1, 10, 20, put("1"), written()),
        (1, 30, 90, put("2"), written()),
        (2, 40, 50, get(), value("2")),
        (3, 60, 70, get(), value("1")),
    ]);
    let explanation = violation(&history);
    assert_eq!(explanation.window.len(), 4);
    let (first, second) = explanation.conflict.as_ref().unwrap();
    assert_eq!(first.description, "get(x) -> 1");
    assert_eq!(second.description, "get(x) -> 2");
    // The other way round is fine: the write takes effect between the reads.
    let fine = self::history(vec![
        (1, 10, 20, put("1"), written()),
        (1, 30, 90, put("2"), written()),
        (2, 40, 50, get(), value("1")),
        (3, 60, 70, get(), value("2")),
    ]);
    assert!(check(&fine).holds());
}

#[test]
fn an_ambiguous_write_may_take_effect_late_or_never() {
    for seen in [vec!["1", "1"], vec!["1", "2"], vec!["2", "2"]] {
        let history = history(vec![
            (1, 10, 20, put("1"), written()),
            (9, 30, 40, put("2"), EntryKind::Info),
            (2, 50, 60, get(), value(seen[0])),
            (2, 70, 80, get(), value(seen[1])),
        ]);
        assert!(check(&history).holds(), "{seen:?}");
    }
}

#[test]
fn an_ambiguous_write_cannot_be_undone() {
    let history = history(vec![
        (1, 10, 20, put("1"), written()),
        (9, 30, 40, put("2"), EntryKind::Info),
        (2, 50, 60, get(), value("2")),
        (2, 70, 80, get(), value("1")),
    ]);
    let explanation = violation(&history);
    assert_eq!(explanation.pattern, "stale");
    assert_eq!(explanation.window.len(), 4);
}

#[test]
fn an_operation_open_at_the_end_is_of_unknown_outcome() {
    let mut story = Story::new();
    story.invoke(1, 10, put("1")).unwrap();
    for time in [20, 40] {
        let id = story.invoke(2, time, get()).unwrap();
        let seen = if time == 20 { Output::absent() } else { Output::value("1") };
        story.ok(id, time + 10, seen).unwrap();
    }
    assert!(check(&story.finish()).holds());
}

#[test]
fn a_dirty_read_names_the_failed_write() {
    let history = history(vec![
        (1, 10, 20, put("1"), written()),
        (2, 30, 40, put("2"), EntryKind::Fail),
        (3, 50, 60, get(), value("2")),
    ]);
    let explanation = violation(&history);
    assert_eq!(explanation.pattern, "dirty-read");
    assert_eq!(window(&explanation), ["put(x, 2) -> ?", "get(x) -> 2"]);
    assert!(explanation.sentence.ends_with(
        "shows the effect of p2 put(x, 2) -> ? (30ns to 40ns, failed), which failed and so never \
         took effect."
    ));
}

#[test]
fn values_from_nowhere_and_from_the_future_are_told_apart() {
    let nowhere = history(vec![(1, 10, 20, put("1"), written()), (2, 30, 40, get(), value("7"))]);
    let explanation = violation(&nowhere);
    assert_eq!(explanation.pattern, "out-of-thin-air");
    assert_eq!((explanation.window.len(), &explanation.conflict), (1, &None));

    let future = history(vec![(2, 10, 20, get(), value("1")), (1, 30, 40, put("1"), written())]);
    let explanation = violation(&future);
    assert_eq!(explanation.pattern, "future-read");
    assert_eq!(explanation.window.len(), 2);
}

#[test]
fn intervals_that_touch_overlap() {
    // The write returns in the instant in which the read of another process is invoked.
    let history = history(vec![(1, 10, 20, put("1"), written()), (2, 20, 30, get(), value("1"))]);
    assert!(check(&history).holds());
    let absent = EntryKind::Ok(Output::absent());
    let touching = vec![(1, 10, 20, put("1"), written()), (2, 20, 30, get(), absent.clone())];
    assert!(check(&self::history(touching)).holds());
    let apart = vec![(1, 10, 20, put("1"), written()), (2, 21, 30, get(), absent)];
    assert!(!check(&self::history(apart)).holds());
}

#[test]
fn a_process_keeps_its_order_even_in_one_instant() {
    let mut story = Story::new();
    let id = story.invoke(1, 10, put("1")).unwrap();
    story.ok(id, 10, Output::Written).unwrap();
    let id = story.invoke(1, 10, get()).unwrap();
    story.ok(id, 10, Output::absent()).unwrap();
    let explanation = violation(&story.finish());
    assert_eq!(explanation.pattern, "stale");
}

#[test]
fn appends_and_deletes_follow_the_store() {
    let history = history(vec![
        (1, 10, 20, Input::append("x", "a"), written()),
        (2, 10, 30, Input::append("x", "b"), written()),
        (1, 40, 50, get(), value("ba")),
        (1, 60, 70, Input::delete("x"), EntryKind::Ok(Output::Deleted(true))),
        (1, 80, 90, Input::delete("x"), EntryKind::Ok(Output::Deleted(false))),
        (1, 100, 110, Input::append("x", "c"), written()),
        (1, 120, 130, get(), value("c")),
    ]);
    assert!(check(&history).holds());
    let reordered = self::history(vec![
        (1, 10, 20, Input::append("x", "a"), written()),
        (2, 30, 40, Input::append("x", "b"), written()),
        (1, 50, 60, get(), value("ba")),
    ]);
    assert_eq!(violation(&reordered).window.len(), 3);
}

#[test]
fn an_answer_to_another_question_is_never_right() {
    let history = history(vec![(1, 10, 20, get(), written())]);
    assert!(check(&history).is_violated());
}

#[test]
fn the_smallest_failing_key_is_reported() {
    let mut operations = Vec::new();
    for (key, length) in [("a", 5), ("b", 2), ("c", 2), ("d", 1)] {
        for i in 0..length {
            let input = Input::put(key, "1");
            operations.push((1, 0, 0, input, written()));
            let last = operations.last_mut().unwrap();
            (last.1, last.2) = (i * 10, i * 10 + 5);
        }
        if key != "d" {
            let read = EntryKind::Ok(Output::absent());
            operations.push((1, length * 10, length * 10 + 5, Input::get(key), read));
        }
    }
    // One process per operation, since the keys run side by side.
    for (process, operation) in (0..).zip(&mut operations) {
        operation.0 = process;
    }
    assert_eq!(violation(&history(operations)).key.as_deref(), Some("b"));
}

#[test]
fn nothing_to_judge_is_unknown() {
    let report = check(&Story::new().finish());
    assert_eq!(report.finding, Finding::Unknown(Unknown::NoOperations));

    // Operations that nobody saw the end of are explained by anything; the witness says so.
    let mut story = Story::new();
    story.invoke(1, 0, put("1")).unwrap();
    let report = check(&story.finish());
    assert!(report.holds());
    assert!(report.finding.summary().contains("no operation completed"));
}

#[test]
fn a_spent_budget_is_unknown_and_says_so() {
    let history = history(vec![
        (1, 10, 20, put("1"), written()),
        // Without it, no search would be needed.
        (2, 10, 20, Input::append("x", "2"), written()),
        (1, 30, 40, get(), value("1")),
    ]);
    let budget = Budget { steps: 2, ..Budget::default() };
    let report = linearizability::check(&history, &kv::Model, budget);
    assert_eq!(
        report.finding.summary(),
        "Unknown: the budget of 2 steps and 4000000 configurations per key was spent on 1 of 1 keys \
         (x) after 2 steps."
    );
}

#[test]
fn entries_that_cannot_be_a_history_are_refused() {
    let invoke =
        |process, id, time| Entry::new(process, OperationId(id), time, EntryKind::Invoke(put("1")));
    let end = |process, id, time, kind| Entry::new(process, OperationId(id), time, kind);
    let refuse = |entries: Vec<Entry<Input, Output>>| History::from_entries(entries).unwrap_err();
    let (process, operation) = (ProcessId(1), OperationId(0));
    assert_eq!(
        refuse(vec![invoke(1, 0, 5), invoke(1, 1, 6)]),
        HistoryError::InvokeWhileOpen {
            position: 1,
            process,
            operation: OperationId(1),
            open: operation
        }
    );
    assert_eq!(
        refuse(vec![invoke(1, 0, 5), invoke(2, 0, 6)]),
        HistoryError::OperationReused { position: 1, operation }
    );
    assert_eq!(
        refuse(vec![invoke(2, 0, 5), end(1, 0, 6, written())]),
        HistoryError::ReturnWithoutInvoke { position: 1, process, operation }
    );
    assert_eq!(
        refuse(vec![invoke(1, 0, 5), end(1, 0, 6, written()), end(1, 0, 7, written())]),
        HistoryError::ReturnTwice { position: 2, process, operation }
    );
    assert_eq!(
        refuse(vec![invoke(1, 0, 5), end(1, 0, 4, written())]),
        HistoryError::TimeGoesBack { position: 1, time: 4, previous: 5 }
    );
    assert_eq!(
        refuse(vec![invoke(1, 0, 5), end(1, 0, 6, EntryKind::Info), invoke(1, 1, 7)]),
        HistoryError::ProcessAfterInfo { position: 2, process, ended: operation }
    );
}

#[test]
fn entries_come_back_as_they_went_in() {
    let entry = |id, time, kind| Entry::new(7, OperationId(id), time, kind);
    let entries = vec![
        entry(4, 1, EntryKind::Invoke(put("1"))).on_node(2).at_event(10),
        entry(4, 1, EntryKind::Ok(Output::Written)).on_node(3).at_event(12),
        entry(9, 2, EntryKind::Invoke(get())),
        entry(9, 5, EntryKind::Info),
    ];
    let history = History::from_entries(entries.clone()).unwrap();
    let borrowed = history.entries();
    assert_eq!(borrowed.len(), 4);
    assert_eq!(format!("{borrowed:?}"), format!("{entries:?}"));
}

#[test]
fn the_picture_links_operations_to_the_run() {
    let mut story = Story::new();
    let mut at = |id: u64, process: u64, time: u64, kind, node: u32, event: u64| {
        let entry = Entry::new(process, OperationId(id), time, kind);
        story.push(entry.on_node(node).at_event(event)).unwrap();
    };
    at(0, 1, 1_000_000, EntryKind::Invoke(put("1")), 1, 3);
    at(0, 1, 2_500_000, written(), 1, 7);
    at(1, 12, 3_000_000, EntryKind::Invoke(put("2")), 2, 9);
    at(2, 3, 4_000_000, EntryKind::Invoke(get()), 2, 11);
    at(2, 3, 5_000_000, value("2"), 2, 13);
    at(3, 3, 6_000_000, EntryKind::Invoke(get()), 3, 15);
    at(3, 3, 7_000_000, value("1"), 3, 17);
    let explanation = violation(&story.finish());
    let text = explanation.to_string();
    let picture = "
     1ms       2.5ms     3ms       4ms       5ms       6ms       7ms
p1   [1========]
p3                                 [3========]         [4!=======]
p12                      [2~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~>

1  p1   put(x, 1) -> ok  1ms to 2.5ms, n1, events 3 and 7
2  p12  put(x, 2) -> ?   from 3ms, never returned, n2, event 9
3  p3   get(x) -> 2      4ms to 5ms, n2, events 11 and 13
4  p3   get(x) -> 1      6ms to 7ms, n3, events 15 and 17
";
    assert!(text.ends_with(picture), "{text}");
}

#[test]
fn a_model_of_two_methods_explains_itself() {
    struct Cell;
    impl Model for Cell {
        type State = u8;
        type Input = Option<u8>;
        type Output = u8;

        fn initial(&self) -> u8 {
            0
        }

        fn step(&self, state: &u8, write: &Option<u8>, output: Option<&u8>) -> Option<u8> {
            let next = write.unwrap_or(*state);
            output.is_none_or(|output| *output == next).then_some(next)
        }
    }
    let mut story = HistoryBuilder::new();
    for (time, input, output) in [(0, Some(1), 1), (10, Some(2), 2), (20, None, 2), (30, None, 1)] {
        let id = story.invoke(1, time, input).unwrap();
        story.ok(id, time + 5, output).unwrap();
    }
    let report = linearizability::check(&story.finish(), &Cell, Budget::default());
    let Finding::Violated(explanation) = report.finding else { panic!("{report}") };
    assert_eq!(window(&explanation), ["Some(1) -> 1", "Some(2) -> 2", "None -> 1"]);
}
