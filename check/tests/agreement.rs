//! The checker against plain search over all orders, on random small histories.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use orrery_check::kv::{self, Input, Output};
use orrery_check::{
    Budget, Entry, EntryKind, Explanation, Finding, History, Model, Operation, OperationId,
    Outcome, Witness, linearizability, register,
};

type Op = Operation<Input, Output>;
type Store = BTreeMap<String, Option<String>>;

/// How a generated operation ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Ok,
    Fail,
    InfoDone,
    InfoLost,
}

/// An operation that takes effect at its place in a list; its interval reaches this many time
/// units before and after.
#[derive(Clone, Debug)]
struct Plan {
    input: Input,
    before: u64,
    after: u64,
    end: End,
    /// If set, the answer is replaced by this one.
    lie: Option<Output>,
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("c".to_owned())]
}

fn absent_or_value() -> impl Strategy<Value = Option<String>> {
    prop_oneof![1 => Just(None), 3 => value().prop_map(Some)]
}

fn input(keys: u8, appends: bool) -> impl Strategy<Value = Input> {
    let key = (0..keys).prop_map(|key| format!("k{key}"));
    (key, 0..if appends { 12u8 } else { 10 }, value(), absent_or_value()).prop_map(
        |(key, kind, value, expected)| match kind {
            0..3 => Input::put(key, value),
            3..7 => Input::get(key),
            7..9 => Input::cas(key, expected.as_deref(), value),
            9 => Input::delete(key),
            _ => Input::append(key, value),
        },
    )
}

fn lie() -> impl Strategy<Value = Output> {
    prop_oneof![
        4 => absent_or_value().prop_map(Output::Value),
        1 => any::<bool>().prop_map(Output::Swapped),
        1 => any::<bool>().prop_map(Output::Deleted),
    ]
}

fn plan(keys: u8, appends: bool, lies: u32) -> impl Strategy<Value = Plan> {
    let end = prop_oneof![
        7 => Just(End::Ok),
        1 => Just(End::Fail),
        1 => Just(End::InfoDone),
        1 => Just(End::InfoLost),
    ];
    let lie = prop_oneof![20 => Just(None), lies => lie().prop_map(Some)];
    (input(keys, appends), 0..7u64, 0..7u64, end, lie)
        .prop_map(|(input, before, after, end, lie)| Plan { input, before, after, end, lie })
}

/// A history that is linearizable if no plan lies.
fn history(plans: &[Plan]) -> History<Input, Output> {
    let mut states: Store = BTreeMap::new();
    let mut entries = Vec::new();
    // When each process is free again; `None` after an unknown outcome.
    let mut free: Vec<Option<u64>> = Vec::new();
    let mut planned: Vec<(u64, u64, usize, Option<Output>)> = Vec::new();
    for (index, plan) in plans.iter().enumerate() {
        let at = 2 * index as u64 + 10;
        let state = states.entry(plan.input.key().to_owned()).or_default();
        let output = matches!(plan.end, End::Ok).then(|| answer(state.as_ref(), &plan.input));
        if !matches!(plan.end, End::Fail | End::InfoLost) {
            *state = kv::Model.step(state, &plan.input, None).unwrap();
        }
        let fits = |lie: &Output| lie_fits(&plan.input, lie);
        let output = output.map(|output| plan.lie.clone().filter(fits).unwrap_or(output));
        planned.push((at - plan.before, at + plan.after, index, output));
    }
    planned.sort_by_key(|(from, _, index, _)| (*from, *index));
    for (from, to, index, output) in planned {
        let plan = &plans[index];
        let is_free = |until: &Option<u64>| until.is_some_and(|until| until <= from);
        let process = free.iter().position(is_free).unwrap_or_else(|| {
            free.push(None);
            free.len() - 1
        });
        let is_info = matches!(plan.end, End::InfoDone | End::InfoLost);
        free[process] = if is_info { None } else { Some(to) };
        let kind = match plan.end {
            End::Ok => EntryKind::Ok(output.unwrap()),
            End::Fail => EntryKind::Fail,
            End::InfoDone | End::InfoLost => EntryKind::Info,
        };
        // A process that ended must not be taken again, so it is never free.
        let process = process as u64;
        let id = OperationId(index as u64);
        let order = entries.len();
        entries.push((
            from,
            order,
            Entry::new(process, id, from, EntryKind::Invoke(plan.input.clone())),
        ));
        entries.push((to, order, Entry::new(process, id, to, kind)));
    }
    // The operations of a process follow each other in the order in which they were made.
    entries.sort_by_key(|(time, order, _)| (*time, *order));
    History::from_entries(entries.into_iter().map(|(.., entry)| entry)).unwrap()
}

fn answer(state: Option<&String>, input: &Input) -> Output {
    match input {
        Input::Put { .. } | Input::Append { .. } => Output::Written,
        Input::Get { .. } => Output::Value(state.cloned()),
        Input::Cas { expected, .. } => Output::Swapped(expected.as_ref() == state),
        Input::Delete { .. } => Output::Deleted(state.is_some()),
    }
}

fn lie_fits(input: &Input, lie: &Output) -> bool {
    matches!(
        (input, lie),
        (Input::Get { .. }, Output::Value(_))
            | (Input::Cas { .. }, Output::Swapped(_))
            | (Input::Delete { .. }, Output::Deleted(_))
    )
}

fn precedes(first: &Op, second: &Op) -> bool {
    let is_own = first.process == second.process && first.input.key() == second.input.key();
    first.completed().is_some_and(|returned| {
        returned.time < second.invoked.time
            || (is_own && returned.position < second.invoked.position)
    })
}

/// Tries every order of every subset that has all completed operations, over all keys at once.
struct Plain<'a> {
    operations: Vec<&'a Op>,
    /// For longer histories: remembers what was tried. `None` for plain permutations.
    tried: Option<BTreeSet<(u64, Store)>>,
}

impl<'a> Plain<'a> {
    fn is_linearizable(operations: Vec<&'a Op>, remembers: bool) -> bool {
        let mut plain = Self { operations, tried: remembers.then(BTreeSet::new) };
        plain.search(0, &BTreeMap::new())
    }

    fn search(&mut self, done: u64, state: &Store) -> bool {
        let is_done = |index: usize| done >> index & 1 == 1;
        let open: Vec<usize> = (0..self.operations.len()).filter(|&i| !is_done(i)).collect();
        if open.iter().all(|&index| self.operations[index].output().is_none()) {
            return true;
        }
        if let Some(tried) = &mut self.tried
            && !tried.insert((done, state.clone()))
        {
            return false;
        }
        for &next in &open {
            let operation = self.operations[next];
            if open.iter().any(|&other| precedes(self.operations[other], operation)) {
                continue;
            }
            let key = operation.input.key();
            let before = state.get(key).cloned().unwrap_or_default();
            let after = kv::Model.step(&before, &operation.input, operation.output());
            let Some(after) = after else { continue };
            let mut state = state.clone();
            state.insert(key.to_owned(), after);
            if self.search(done | 1 << next, &state) {
                return true;
            }
        }
        false
    }
}

/// Checks one history in every way there is.
fn agree(history: &History<Input, Output>, remembers: bool) -> Result<bool, TestCaseError> {
    let real: Vec<&Op> = history.operations().iter().filter(|o| !o.is_failed()).collect();
    let expected = Plain::is_linearizable(real, remembers);
    let report = linearizability::check(history, &kv::Model, Budget::default());
    let again = linearizability::check(history, &kv::Model, Budget::default());
    prop_assert_eq!(&report, &again);
    match &report.finding {
        Finding::Holds(Witness::Orders(witness)) => {
            prop_assert!(expected, "found an order where there is none: {:?}", witness);
            prop_assert_eq!(witness.recheck(history, &kv::Model), Ok(()));
        }
        Finding::Violated(explanation) => {
            prop_assert!(!expected, "missed an order: {}", explanation);
            is_minimal(history, explanation)?;
        }
        Finding::Holds(other) => prop_assert!(false, "no order for each key: {:?}", other),
        Finding::Unknown(reason) => prop_assert!(history.is_empty(), "{}", reason),
    }
    Ok(expected)
}

/// The window violates; without any operation and what depends on it, it does not.
fn is_minimal(
    history: &History<Input, Output>,
    explanation: &Explanation,
) -> Result<(), TestCaseError> {
    let is_extra = |id| {
        let extra = matches!(explanation.pattern, "dirty-read" | "future-read");
        extra && explanation.conflict.as_ref().is_some_and(|(_, other)| other.id == id)
    };
    let window: Vec<&Op> = explanation
        .window
        .iter()
        .filter(|operation| !is_extra(operation.id))
        .map(|operation| history.operation(operation.id).unwrap())
        .collect();
    prop_assert!(explanation.is_minimal);
    prop_assert!(window.iter().all(|operation| !matches!(operation.outcome, Outcome::Fail)));
    prop_assert!(!Plain::is_linearizable(window.clone(), true));
    let in_parts = window.iter().any(|operation| kv::Model.builds_on_state(&operation.input));
    for removed in &window {
        let mut left = window.clone();
        let mut queue = vec![*removed];
        while let Some(gone) = queue.pop() {
            left.retain(|operation| operation.id != gone.id);
            let may_see = |reader: &&Op| {
                let (input, output) = (&reader.input, reader.output());
                kv::Model.may_see(input, output, &gone.input, gone.output(), in_parts).unwrap()
            };
            queue.extend(left.iter().copied().filter(may_see));
        }
        prop_assert!(
            Plain::is_linearizable(left, true),
            "{:?} is not needed: {}",
            removed.id,
            explanation
        );
    }
    for line in explanation.to_string().lines().skip(1) {
        prop_assert!(line.chars().count() <= 100, "too wide: {}", line);
    }
    Ok(())
}

/// The same question to a register, if it can answer it.
fn as_register(input: &Input) -> Option<register::Input<String>> {
    match input {
        Input::Get { .. } => Some(register::Input::Read),
        Input::Put { value, .. } => Some(register::Input::Write(value.clone())),
        Input::Cas { expected: Some(expected), new, .. } => {
            Some(register::Input::Cas { expected: expected.clone(), new: new.clone() })
        }
        Input::Cas { expected: None, .. } | Input::Append { .. } | Input::Delete { .. } => None,
    }
}

fn plans(keys: u8, appends: bool, lies: u32, most: usize) -> impl Strategy<Value = Vec<Plan>> {
    prop::collection::vec(plan(keys, appends, lies), 0..=most)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn valid_histories_hold(plans in plans(2, true, 0, 16)) {
        let plans: Vec<Plan> = plans.into_iter().map(|plan| Plan { lie: None, ..plan }).collect();
        prop_assert!(agree(&history(&plans), true)?);
    }

    #[test]
    fn permutations_agree(plans in plans(1, true, 80, 6)) {
        agree(&history(&plans), false)?;
    }

    #[test]
    fn two_keys_agree(plans in plans(2, false, 60, 10)) {
        agree(&history(&plans), true)?;
    }

    #[test]
    fn a_register_is_a_store_of_one_key(plans in plans(1, false, 40, 14)) {
        let plans: Vec<Plan> = plans.into_iter().filter(|plan| as_register(&plan.input).is_some()).collect();
        let store = history(&plans);
        let entries = store.entries().into_iter().map(|entry| Entry {
            process: entry.process,
            operation: entry.operation,
            time: entry.time,
            kind: match entry.kind {
                EntryKind::Invoke(input) => EntryKind::Invoke(as_register(input).unwrap()),
                EntryKind::Ok(Output::Value(value)) => EntryKind::Ok(register::Output::Value(value.clone())),
                EntryKind::Ok(Output::Swapped(swapped)) => EntryKind::Ok(register::Output::Swapped(*swapped)),
                EntryKind::Ok(_) => EntryKind::Ok(register::Output::Written),
                EntryKind::Fail => EntryKind::Fail,
                EntryKind::Info => EntryKind::Info,
            },
            node: None,
            event: None,
            commit: None,
        });
        let register = History::from_entries(entries).unwrap();
        let model = register::Model { initial: None };
        let report = linearizability::check(&register, &model, Budget::default());
        if !store.is_empty() {
            prop_assert_eq!(report.holds(), agree(&store, true)?);
        }
    }

    #[test]
    fn longer_histories_agree(plans in plans(1, false, 20, 14)) {
        agree(&history(&plans), true)?;
    }
}

/// The tests above would prove little if nearly all histories had the same verdict.
#[test]
fn both_verdicts_are_common() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let violated = (0..500).filter(|_| {
        let tree = plans(1, true, 80, 6).new_tree(&mut runner).unwrap();
        !agree(&history(&tree.current()), false).unwrap()
    });
    let violated = violated.count();
    assert!((50..450).contains(&violated), "{violated} of 500");
}

#[test]
fn a_witness_that_lies_is_refused() {
    let plan = |input| Plan { input, before: 0, after: 0, end: End::Ok, lie: None };
    let inputs = [Input::put("x", "a"), Input::put("x", "b"), Input::get("x")];
    let history = history(&inputs.map(plan));
    let report = linearizability::check(&history, &kv::Model, Budget::default());
    let Finding::Holds(Witness::Orders(witness)) = report.finding else { panic!("{report}") };
    let refused = |change: &dyn Fn(&mut Vec<OperationId>)| {
        let mut witness = witness.clone();
        change(&mut witness.keys[0].order);
        witness.recheck(&history, &kv::Model).unwrap_err()
    };
    assert_eq!(witness.recheck(&history, &kv::Model), Ok(()));
    assert_eq!(refused(&|order| order.truncate(2)), "o2 is in no order");
    assert!(refused(&|order| order.swap(0, 1)).contains("o0"));
    assert!(refused(&|order| order.push(order[0])).contains("o0 failed, or takes effect twice"));
    assert_eq!(refused(&|order| order[0] = OperationId(9)), "o9 does not exist");
}
