//! Sets, counters, growing numbers and groups of keys against plain definitions, on random histories.

use proptest::prelude::*;

use orrery_check::aggregates::{bounds, long_fork, monotonic, set_full};
use orrery_check::record::Value;
use orrery_check::{Finding, History, HistoryBuilder, Operation, OperationId, Report};

/// Of one process: what it does, how long it takes, how long it waits before.
#[derive(Clone, Debug)]
struct Plan<I, O> {
    input: I,
    output: O,
    wait: u64,
    takes: u64,
    fails: bool,
}

fn plans<I, O>(input: impl Strategy<Value = (I, O)>) -> impl Strategy<Value = Vec<Vec<Plan<I, O>>>>
where
    I: Clone + std::fmt::Debug,
    O: Clone + std::fmt::Debug,
{
    let plan = (input, 1..6u64, 1..6u64, prop::bool::weighted(0.1)).prop_map(
        |((input, output), wait, takes, fails)| Plan { input, output, wait, takes, fails },
    );
    prop::collection::vec(prop::collection::vec(plan, 1..5), 1..4)
}

fn history<I: Clone, O: Clone>(processes: &[Vec<Plan<I, O>>]) -> History<I, O> {
    let mut entries = Vec::new();
    for (process, plans) in (0u64..).zip(processes) {
        let mut time = 0;
        for plan in plans {
            time += plan.wait;
            entries.push((time, process, plan, true));
            time += plan.takes;
            entries.push((time, process, plan, false));
        }
    }
    entries.sort_by_key(|(time, ..)| *time);
    let mut open = std::collections::BTreeMap::new();
    let mut builder = HistoryBuilder::new();
    for (time, process, plan, is_invoke) in entries {
        if is_invoke {
            open.insert(process, builder.invoke(process, time, plan.input.clone()).unwrap());
        } else if plan.fails {
            builder.fail(open[&process], time).unwrap();
        } else {
            builder.ok(open[&process], time, plan.output.clone()).unwrap();
        }
    }
    builder.finish()
}

fn before<I, O>(a: &Operation<I, O>, b: &Operation<I, O>) -> bool {
    a.completed().is_some_and(|end| end.time < b.invoked.time)
}

/// The history of these operations alone.
fn only<I: Clone, O: Clone>(history: &History<I, O>, ids: &[OperationId]) -> History<I, O> {
    let entries = history.entries().into_iter().filter(|entry| ids.contains(&entry.operation));
    let entries = entries.map(|entry| orrery_check::Entry {
        kind: match entry.kind {
            orrery_check::EntryKind::Invoke(input) => {
                orrery_check::EntryKind::Invoke(input.clone())
            }
            orrery_check::EntryKind::Ok(output) => orrery_check::EntryKind::Ok(output.clone()),
            orrery_check::EntryKind::Fail => orrery_check::EntryKind::Fail,
            orrery_check::EntryKind::Info => orrery_check::EntryKind::Info,
        },
        process: entry.process,
        operation: entry.operation,
        time: entry.time,
        node: None,
        event: None,
        commit: None,
    });
    History::from_entries(entries).unwrap()
}

/// What is shown breaks the rule in the same way on its own.
fn recheck<I: Clone, O: Clone>(
    history: &History<I, O>,
    report: &Report,
    check: impl Fn(&History<I, O>) -> Report,
) -> Result<(), TestCaseError> {
    let Finding::Violated(explanation) = &report.finding else { return Ok(()) };
    let ids: Vec<OperationId> = explanation.window.iter().map(|operation| operation.id).collect();
    let again = check(&only(history, &ids));
    let Finding::Violated(other) = &again.finding else {
        return Err(TestCaseError::fail(format!("{report}\nbut on its own\n{again}")));
    };
    prop_assert_eq!(other.pattern, explanation.pattern);
    Ok(())
}

fn counter() -> impl Strategy<Value = (bounds::Input, bounds::Output)> {
    prop_oneof![
        (-2..4i64).prop_map(|amount| (bounds::Input::Add(amount), None)),
        (-3..9i64).prop_map(|seen| (bounds::Input::Read, Some(seen))),
    ]
}

/// Every choice of the additions that may or may not have happened.
fn can_be(history: &History<bounds::Input, bounds::Output>, read: usize) -> bool {
    let read = &history.operations()[read];
    let end = read.completed().unwrap().time;
    let (mut sums, seen) = (vec![0], read.output().unwrap().unwrap());
    for add in history.operations() {
        let bounds::Input::Add(amount) = add.input else { continue };
        if add.is_failed() || add.invoked.time > end {
            continue;
        }
        if before(add, read) {
            for sum in &mut sums {
                *sum += amount;
            }
        } else {
            sums.extend(sums.clone().into_iter().map(|sum| sum + amount));
        }
    }
    *sums.iter().min().unwrap() <= seen && seen <= *sums.iter().max().unwrap()
}

fn number() -> impl Strategy<Value = (monotonic::Input, monotonic::Output)> {
    (0..2u8, prop::option::weighted(0.2, 0..9i64), prop::option::weighted(0.9, 0..9i64)).prop_map(
        |(key, write, seen)| {
            let key = format!("k{key}");
            (monotonic::Input { key, write }, if write.is_some() { None } else { seen })
        },
    )
}

fn set() -> impl Strategy<Value = (set_full::Input, set_full::Output)> {
    let elements = prop::collection::vec((0..4i64).prop_map(Value::from), 0..5);
    prop_oneof![
        (0..3i64).prop_map(|e| (set_full::Input::Add(e.into()), set_full::Output::Added)),
        elements.prop_map(|mut elements| {
            elements.sort();
            (set_full::Input::Read, set_full::Output::Elements(elements))
        }),
    ]
}

fn has(operation: &Operation<set_full::Input, set_full::Output>, value: &Value) -> bool {
    matches!(operation.output(), Some(set_full::Output::Elements(seen)) if seen.contains(value))
}

type SetHistory = History<set_full::Input, set_full::Output>;

/// Lost: some read that began after the element was known lacks it, and no read invoked later has it.
fn is_lost(history: &SetHistory, value: &Value) -> bool {
    let all = history.operations();
    let is_add = |o: &&Operation<_, _>| o.input == set_full::Input::Add(value.clone());
    let shows = |o: &&Operation<_, _>| (is_add(o) && o.output().is_some()) || has(o, value);
    let known = all.iter().filter(shows).min_by_key(|o| o.completed().unwrap().position);
    let Some(known) = known else { return false };
    all.iter().any(|read| {
        let is_read = read.input == set_full::Input::Read && read.output().is_some();
        let is_later = before(known, read)
            || (known.process == read.process && known.invoked.position < read.invoked.position);
        let comes_back =
            all.iter().any(|o| has(o, value) && o.invoked.position > read.invoked.position);
        is_read && !has(read, value) && is_later && !comes_back
    })
}

fn fork_free(history: &History<long_fork::Input, long_fork::Output>) -> bool {
    let reads: Vec<_> = history.operations().iter().filter_map(|o| o.output()).collect();
    reads.iter().all(|a| {
        reads.iter().all(|b| {
            let sees = |one: &[(String, Value)], other: &[(String, Value)]| {
                one.iter().zip(other).any(|(a, b)| !a.1.is_nil() && b.1.is_nil())
            };
            !(sees(a, b) && sees(b, a))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn bounds_agree(plans in plans(counter())) {
        let history = history(&plans);
        let report = bounds::check(&history, 0);
        let reads = (0..history.len()).filter(|&o| history.operations()[o].output().is_some_and(Option::is_some));
        prop_assert_eq!(report.holds(), reads.into_iter().all(|read| can_be(&history, read)));
        recheck(&history, &report, |history| bounds::check(history, 0))?;
    }

    #[test]
    fn growing_numbers_agree(plans in plans(number())) {
        let history = history(&plans);
        let value = |o: &Operation<monotonic::Input, monotonic::Output>| {
            o.output().and_then(|seen| o.input.write.or(*seen))
        };
        for (order, in_time) in [(monotonic::Order::RealTime, true), (monotonic::Order::Session, false)] {
            let report = monotonic::check(&history, order);
            if matches!(report.finding, Finding::Unknown(_)) {
                continue;
            }
            let all = history.operations();
            let went_back = all.iter().any(|a| all.iter().any(|b| {
                let is_own = a.process == b.process && a.invoked.position < b.invoked.position;
                let is_judged = b.input.write.is_none() && b.output().is_some();
                is_judged && a.input.key == b.input.key && value(a) > value(b)
                    && (is_own || (in_time && before(a, b)))
            }));
            prop_assert_eq!(report.is_violated(), went_back);
            recheck(&history, &report, |history| monotonic::check(history, order))?;
        }
    }

    #[test]
    fn sets_agree(plans in plans(set())) {
        let history = history(&plans);
        let survey = set_full::survey(&history);
        for value in (0..4).map(Value::from) {
            let is_known = !survey.unexpected.contains(&value);
            prop_assert_eq!(survey.lost.contains(&value), is_known && is_lost(&history, &value));
        }
        for fresh in [false, true] {
            let report = set_full::check(&history, fresh);
            let bad = [&survey.lost, &survey.unexpected, &survey.duplicated];
            let is_bad = bad.iter().any(|list| !list.is_empty()) || (fresh && !survey.stale.is_empty());
            prop_assert_eq!(report.is_violated(), is_bad);
            // Elements are judged one by one: on their own, the reads shown may break the rule for
            // another one too.
            if let Finding::Violated(explanation) = &report.finding {
                let ids: Vec<_> = explanation.window.iter().map(|o| o.id).collect();
                prop_assert!(set_full::check(&only(&history, &ids), fresh).is_violated());
            }
        }
    }

    #[test]
    fn forks_agree(reads in prop::collection::vec(prop::collection::vec(any::<bool>(), 3), 2..6)) {
        let mut builder = HistoryBuilder::new();
        for (process, read) in (0u64..).zip(&reads) {
            let id = builder.invoke(process, 0, long_fork::Input::Read).unwrap();
            let value = |seen: &bool| if *seen { Value::Int(1) } else { Value::Nil };
            let answer = ["x", "y", "z"].iter().zip(read).map(|(key, seen)| ((*key).to_owned(), value(seen)));
            builder.ok(id, 0, answer.collect()).unwrap();
        }
        let history = builder.finish();
        let report = long_fork::check(&history, Some(3));
        prop_assert_eq!(report.holds(), fork_free(&history));
        recheck(&history, &report, |history| long_fork::check(history, Some(3)))?;
    }
}

/// How many random histories: 300, or what `ORRERY_CASES` says.
#[expect(clippy::disallowed_methods, reason = "how much to test is no part of a run")]
fn cases() -> u32 {
    std::env::var("ORRERY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}
