//! Every model: the check with its shortcuts, plain search, the stream, and trying every order agree on
//! random small histories, valid ones and ones that were made wrong. `ORRERY_CASES=10000` for more.

use std::collections::BTreeSet;

use orrery_check::linearizability::{Refusal, Stream, sequential};
use orrery_check::model::Model;
use orrery_check::{
    Budget, Entry, EntryKind, Finding, History, Operation, OperationId, Witness, bag, container,
    counter, kv, linearizability, multi_register, register, semaphore, set,
};

/// Knuth's linear congruence; the high bits are good enough to choose with.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }
}

/// The model without anything that makes the search faster.
struct Plain<M>(M);

impl<M: Model> Model for Plain<M> {
    type State = M::State;
    type Input = M::Input;
    type Output = M::Output;

    fn initial(&self) -> M::State {
        self.0.initial()
    }

    fn step(
        &self,
        state: &M::State,
        input: &M::Input,
        output: Option<&M::Output>,
    ) -> Option<M::State> {
        self.0.step(state, input, output)
    }
}

type Op<M> = Operation<<M as Model>::Input, <M as Model>::Output>;
type HistoryOf<M> = History<<M as Model>::Input, <M as Model>::Output>;

/// A small history in which, if `lies` is false, everything takes effect inside its interval.
fn history<M: Model>(
    model: &M,
    random: &mut Random,
    input: &dyn Fn(&mut Random, u64) -> M::Input,
    answers: &dyn Fn(&M::Input) -> Vec<M::Output>,
    lies: bool,
) -> HistoryOf<M>
where
    M::Input: Clone,
    M::Output: Clone,
{
    let count = 2 + random.below(6);
    let (mut free, mut clients) = ([0u64; 3], [0u64, 1, 2]);
    // (invoked, takes effect, returns, process, input); no two moments are the same.
    let mut plans = Vec::new();
    for number in 0..count {
        let client = random.below(3) as usize;
        let invoked = free[client] + random.below(20);
        let effect = invoked + 1 + random.below(40);
        let returned = effect + 1 + random.below(40);
        free[client] = returned + 1;
        let moment = |time: u64, which: u64| time * 64 + 3 * number + which;
        let is_info = random.one_in(7);
        let times = (moment(invoked, 0), moment(effect, 1), moment(returned, 2));
        plans.push((times, clients[client], input(random, number), is_info));
        if is_info {
            clients[client] += 3;
        }
    }
    plans.sort_by_key(|((_, effect, _), ..)| *effect);
    let mut state = model.initial();
    let mut entries = Vec::new();
    for (number, ((invoked, _, returned), process, input, is_info)) in (0..).zip(plans) {
        let id = OperationId(number);
        let all = answers(&input);
        let right: Vec<_> = all
            .iter()
            .filter(|answer| model.step(&state, &input, Some(answer)).is_some())
            .collect();
        let kind = if is_info {
            if random.one_in(2)
                && let Some(after) = model.step(&state, &input, None)
            {
                state = after;
            }
            EntryKind::Info
        } else if right.is_empty() || random.one_in(12) {
            EntryKind::Fail
        } else {
            let answer = random.pick(&right).clone();
            state = model.step(&state, &input, Some(&answer)).unwrap();
            EntryKind::Ok(if lies && random.one_in(5) { random.pick(&all) } else { answer })
        };
        entries.push((invoked, Entry::new(process, id, invoked, EntryKind::Invoke(input))));
        entries.push((returned, Entry::new(process, id, returned, kind)));
    }
    entries.sort_by_key(|(time, _)| *time);
    History::from_entries(entries.into_iter().map(|(_, entry)| entry)).unwrap()
}

/// Tries every order.
fn explains<M: Model>(
    model: &M,
    operations: &[&Op<M>],
    precedes: &dyn Fn(&Op<M>, &Op<M>) -> bool,
) -> bool {
    let mut stack: Vec<(u32, M::State)> = vec![(0, model.initial())];
    let mut tried = Vec::new();
    while let Some((done, state)) = stack.pop() {
        let open: Vec<usize> =
            (0..operations.len()).filter(|&index| done >> index & 1 == 0).collect();
        if open.iter().all(|&index| operations[index].output().is_none()) {
            return true;
        }
        if tried.contains(&(done, state.clone())) {
            continue;
        }
        for &next in &open {
            let operation = operations[next];
            if open.iter().any(|&other| precedes(operations[other], operation)) {
                continue;
            }
            let after = model.step(&state, &operation.input, operation.output());
            stack.extend(after.map(|after| (done | 1 << next, after)));
        }
        tried.push((done, state));
    }
    false
}

fn in_real_time<I, O>(first: &Operation<I, O>, second: &Operation<I, O>) -> bool {
    first.completed().is_some_and(|at| at.position < second.invoked.position)
}

fn in_program<I, O>(first: &Operation<I, O>, second: &Operation<I, O>) -> bool {
    first.process == second.process && first.invoked.position < second.invoked.position
}

/// At which entry the stream refuses; `None` if nowhere or if it gives up.
fn streamed<M: Model>(model: M, history: &HistoryOf<M>, gives_up: bool) -> Result<(), usize>
where
    M::Input: Clone,
    M::Output: Clone,
{
    let mut stream = Stream::new(model);
    for entry in history.entries() {
        let kind = match entry.kind {
            EntryKind::Invoke(input) => EntryKind::Invoke(input.clone()),
            EntryKind::Ok(output) => EntryKind::Ok(output.clone()),
            EntryKind::Fail => EntryKind::Fail,
            EntryKind::Info => EntryKind::Info,
        };
        let entry = Entry::new(entry.process, entry.operation, entry.time, kind);
        match stream.push(entry) {
            Ok(()) => {}
            Err(Refusal::Violated { position, .. }) => return Err(position),
            Err(Refusal::Unknown { .. }) if gives_up => return Err(usize::MAX),
            Err(other) => panic!("{other}"),
        }
    }
    Ok(())
}

/// The history up to and with this entry.
fn up_to<M: Model>(history: &HistoryOf<M>, position: usize) -> HistoryOf<M>
where
    M::Input: Clone,
    M::Output: Clone,
{
    let entries = history.entries().into_iter().take(position + 1).map(|entry| {
        let kind = match entry.kind {
            EntryKind::Invoke(input) => EntryKind::Invoke(input.clone()),
            EntryKind::Ok(output) => EntryKind::Ok(output.clone()),
            EntryKind::Fail => EntryKind::Fail,
            EntryKind::Info => EntryKind::Info,
        };
        Entry::new(entry.process, entry.operation, entry.time, kind)
    });
    History::from_entries(entries).unwrap()
}

fn is_linearizable<M: Model>(model: &M, history: &HistoryOf<M>) -> bool {
    let real: Vec<_> = history.operations().iter().filter(|o| !o.is_failed()).collect();
    explains(model, &real, &in_real_time)
}

/// Judges one history in every way there is; whether it is linearizable.
fn agree<M: Model + Clone>(model: &M, history: &HistoryOf<M>, gives_up: bool) -> bool
where
    M::Input: Clone,
    M::Output: Clone,
{
    let expected = is_linearizable(model, history);
    let report = linearizability::check(history, model, Budget::default());
    match &report.finding {
        Finding::Holds(Witness::Orders(orders)) => {
            assert!(expected, "there is no order: {history:?}");
            assert_eq!(orders.recheck(history, model), Ok(()), "{history:?}");
        }
        Finding::Violated(explanation) => {
            assert!(!expected, "there is an order: {explanation}\n{history:?}");
            assert!(explanation.is_minimal, "{explanation}");
            let window = explanation.window.iter().filter_map(|o| history.operation(o.id));
            let window: Vec<_> = window.filter(|operation| !operation.is_failed()).collect();
            assert!(!explains(model, &window, &in_real_time), "{explanation}\n{history:?}");
        }
        other => panic!("{other}"),
    }
    let decided = linearizability::decide(history, model, Budget::default());
    assert_eq!(decided, Some(expected), "{history:?}");
    let plain = linearizability::check(history, &Plain(model.clone()), Budget::default());
    assert_eq!(plain.holds(), expected, "plain search: {history:?}");
    match streamed(model.clone(), history, gives_up) {
        Ok(()) => assert!(expected, "the stream saw nothing: {history:?}"),
        Err(usize::MAX) => {}
        Err(position) => {
            assert!(!expected, "the stream saw something at {position}: {history:?}");
            let before = position.checked_sub(1).map(|last| up_to::<M>(history, last));
            assert!(before.is_none_or(|before| is_linearizable(model, &before)), "{history:?}");
            // A return that is left out there stays open, so this needs the entry itself.
            assert!(!is_linearizable(model, &up_to::<M>(history, position)), "{history:?}");
        }
    }
    let real: Vec<_> = history.operations().iter().filter(|o| !o.is_failed()).collect();
    let is_sequential = explains(model, &real, &in_program);
    let report = sequential::check(history, model, Budget::default());
    assert_eq!(report.holds(), is_sequential, "{report}\n{history:?}");
    if is_sequential {
        assert_eq!(sequential::recheck(history, model, &report), Ok(()));
    }
    expected
}

#[expect(clippy::disallowed_methods, reason = "how many cases, not what they are")]
fn cases() -> u64 {
    std::env::var("ORRERY_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

/// Judges many histories; both verdicts have to be common.
fn all_agree<M: Model + Clone>(
    model: &M,
    input: &dyn Fn(&mut Random, u64) -> M::Input,
    answers: &dyn Fn(&M::Input) -> Vec<M::Output>,
    gives_up: bool,
) where
    M::Input: Clone,
    M::Output: Clone,
{
    let (cases, mut violated) = (cases(), 0);
    for case in 0..cases {
        let mut random = Random(case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.below(2);
        let history = history(model, &mut random, input, answers, case % 3 > 0);
        let holds = agree(model, &history, gives_up);
        assert!(holds || case % 3 > 0, "nobody lied: {history:?}");
        violated += u64::from(!holds);
    }
    assert!((cases / 200 + 1..cases * 19 / 20).contains(&violated), "{violated} of {cases}");
}

#[test]
fn registers() {
    let values: Vec<Option<u64>> = (0..8).map(|value| (value > 0).then_some(value)).collect();
    let answers = |input: &register::Input<u64>| match input {
        register::Input::Read => {
            values.iter().map(|value| register::Output::Value(*value)).collect()
        }
        register::Input::Write(_) => vec![register::Output::Written],
        register::Input::Cas { .. } => [false, true].map(register::Output::Swapped).into(),
    };
    // Every write has its own value: zones decide.
    let unique = |random: &mut Random, number: u64| match random.below(2) {
        0 => register::Input::Write(number + 1),
        _ => register::Input::Read,
    };
    let few = |random: &mut Random, _| match random.below(5) {
        0 | 1 => register::Input::Write(1 + random.below(2)),
        2 => register::Input::Cas { expected: random.below(2) + 1, new: random.below(3) + 1 },
        _ => register::Input::Read,
    };
    for initial in [None, Some(1)] {
        let model = register::Model { initial };
        all_agree(&model, &unique, &answers, false);
        all_agree(&model, &few, &answers, false);
    }
}

/// One key, or the explanations would be of another kind; several are judged elsewhere.
#[test]
fn stores() {
    let texts = ["", "a", "b", "c", "ab", "ba", "bc", "abc", "cab", "aa"];
    let answers = |input: &kv::Input| match input {
        kv::Input::Get { .. } => {
            let values = texts.iter().map(|text| kv::Output::value(*text));
            values.chain([kv::Output::absent()]).collect()
        }
        kv::Input::Cas { .. } => [false, true].map(kv::Output::Swapped).into(),
        kv::Input::Put { .. } | kv::Input::Append { .. } => vec![kv::Output::Written],
        kv::Input::Delete { .. } => [false, true].map(kv::Output::Deleted).into(),
    };
    // Appends of different letters, so that what each met is known.
    let appends = |random: &mut Random, number: u64| match random.below(5) {
        0 | 1 => kv::Input::append("x", ["a", "b", "c", "d", "e", "f", "g"][number as usize]),
        2 if random.one_in(3) => kv::Input::put("x", "q"),
        2 if random.one_in(4) => kv::Input::Delete { key: "x".to_owned() },
        _ => kv::Input::get("x"),
    };
    // Letters come twice, and one text begins another.
    let mixed = |random: &mut Random, _| match random.below(7) {
        0 | 1 => kv::Input::append("x", random.pick(&["a", "b", "ab"])),
        2 => kv::Input::put("x", random.pick(&["a", "c"])),
        3 => kv::Input::cas("x", Some("a"), "b"),
        4 if random.one_in(2) => kv::Input::Delete { key: "x".to_owned() },
        _ => kv::Input::get("x"),
    };
    all_agree(&kv::Model, &appends, &answers, false);
    all_agree(&kv::Model, &mixed, &answers, false);
    all_agree(&kv::From { initial: Some("a".to_owned()) }, &mixed, &answers, false);
}

#[test]
fn several_registers() {
    use multi_register::{Access, Output};
    let [x, y] = ["x", "y"].map(str::to_owned);
    let values = [None, Some(1), Some(2)];
    let answers = |input: &Vec<Access<u64>>| {
        let mut all = vec![Vec::new()];
        for _ in input.iter().filter(|access| matches!(access, Access::Read(_))) {
            all = all
                .iter()
                .flat_map(|found: &Vec<_>| {
                    values.map(|value| found.iter().copied().chain([Some(value)]).collect())
                })
                .collect();
        }
        all.into_iter().map(Output).collect()
    };
    let input = |random: &mut Random, _| {
        let key = random.pick(&[x.clone(), y.clone()]);
        match random.below(5) {
            0 => vec![Access::Write(x.clone(), 1), Access::Write(y.clone(), 2)],
            1 => vec![Access::Write(key, 1 + random.below(2))],
            2 => vec![Access::Read(key)],
            3 => vec![Access::Read(x.clone()), Access::Write(y.clone(), 1)],
            _ => vec![Access::Read(x.clone()), Access::Read(y.clone())],
        }
    };
    all_agree(&multi_register::Model::default(), &input, &answers, false);
}

#[test]
fn sets() {
    let elements: [BTreeSet<u64>; 6] =
        [[].into(), [1].into(), [2].into(), [1, 2].into(), [1, 3].into(), [1, 2, 3].into()];
    let answers = |input: &set::Input<u64>| match input {
        set::Input::Add(_) | set::Input::Remove(_) => {
            vec![set::Output::Done, set::Output::Found(true), set::Output::Found(false)]
        }
        set::Input::Contains(_) => [true, false].map(set::Output::Found).into(),
        set::Input::Read => elements.iter().cloned().map(set::Output::All).collect(),
    };
    let grows = |random: &mut Random, number| match random.below(2) {
        0 => set::Input::Add(number + 1),
        _ => set::Input::Read,
    };
    let mixed = |random: &mut Random, _| match random.below(5) {
        0 | 1 => set::Input::Add(1 + random.below(3)),
        2 => set::Input::Remove(1 + random.below(2)),
        3 => set::Input::Contains(1 + random.below(2)),
        _ => set::Input::Read,
    };
    all_agree(&set::Model::new(), &grows, &answers, false);
    all_agree(&set::Model::new(), &mixed, &answers, false);
}

#[test]
fn counters() {
    let answers = |input: &counter::Input| match input {
        counter::Input::Add(_) => vec![counter::Output::Done],
        counter::Input::Read => (-2..6).map(counter::Output::Value).collect(),
    };
    let grows = |random: &mut Random, _| match random.below(2) {
        0 => counter::Input::Add(random.below(3).cast_signed()),
        _ => counter::Input::Read,
    };
    let mixed = |random: &mut Random, _| match random.below(2) {
        0 => counter::Input::Add(random.below(4).cast_signed() - 2),
        _ => counter::Input::Read,
    };
    all_agree(&counter::Model::default(), &grows, &answers, false);
    all_agree(&counter::Model { initial: 1 }, &mixed, &answers, false);
}

#[test]
fn permits() {
    let done = |_: &semaphore::Input| vec![semaphore::Output::Done];
    let one = |random: &mut Random, _| match random.below(2) {
        0 => semaphore::Input::Acquire(1),
        _ => semaphore::Input::Release(1),
    };
    let many = |random: &mut Random, _| match random.below(2) {
        0 => semaphore::Input::Acquire(1 + random.below(2)),
        _ => semaphore::Input::Release(1 + random.below(2)),
    };
    // Nobody can lie about `Done`, so what is wrong comes from tokens, or from the next test.
    let token = |input: &semaphore::Input| match input {
        semaphore::Input::Acquire(_) => (0..4).map(semaphore::Output::Token).collect(),
        semaphore::Input::Release(_) => vec![semaphore::Output::Done],
    };
    all_agree(&semaphore::Model::mutex(), &one, &token, true);
    all_agree(&semaphore::Model { permits: 2 }, &many, &token, true);
    let violated = (0..cases()).filter(|&case| {
        let mut random = Random(case);
        random.below(2);
        // Made with as many permits as anybody asks for, and judged with fewer.
        let history = history(&semaphore::Model { permits: 9 }, &mut random, &many, &done, false);
        let two = !agree(&semaphore::Model { permits: 2 }, &history, false);
        let history =
            self::history(&semaphore::Model { permits: 9 }, &mut random, &one, &done, false);
        two | !agree(&semaphore::Model::mutex(), &history, false)
    });
    let violated = violated.count() as u64;
    assert!((cases() / 20..cases() * 19 / 20).contains(&violated), "{violated}");
}

#[test]
fn containers() {
    use container::{Input, Model, Order, Output};
    let answers = |input: &Input<u64>| match input {
        Input::Put(_) => vec![Output::Done],
        Input::Take => (0..6).map(|taken| Output::Taken((taken > 0).then_some(taken))).collect(),
        Input::Drain => {
            let all: [&[u64]; 7] = [&[], &[1], &[2], &[1, 2], &[2, 1], &[1, 3], &[3, 1]];
            all.into_iter().map(|drained| Output::Drained(drained.to_vec())).collect()
        }
    };
    let unique = |random: &mut Random, number| match random.below(2) {
        0 => Input::Put(number + 1),
        _ => Input::Take,
    };
    let mixed = |random: &mut Random, _| match random.below(9) {
        0..4 => Input::Put(1 + random.below(3)),
        4..8 => Input::Take,
        _ => Input::Drain,
    };
    for order in [Order::Fifo, Order::Lifo] {
        all_agree(&Model::new(order), &unique, &answers, false);
        all_agree(&Model::new(order), &mixed, &answers, false);
    }
    all_agree(&bag::model(), &unique, &answers, true);
    all_agree(&bag::model(), &mixed, &answers, true);
}
