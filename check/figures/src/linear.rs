//! Linearizability: registers, key-value stores, explanations, streams.

use std::hint::black_box;
use std::time::{Duration, Instant};

use orrery_check::linearizability::{self, Stream};
use orrery_check::model::Model;
use orrery_check::{Budget, EntryKind, Finding, History, Report, kv, register};
use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};

use crate::histories::{self, Registers, Stores};
use crate::{Row, Task};

pub(crate) fn rows() -> Vec<Row> {
    let row = |name, target, prepare| Row { name, target, prepare };
    vec![
        row("etcd-logs", "15 ms for 102", etcd_logs),
        row("etcd-logs-explained", "", etcd_logs_explained),
        row("etcd-log-worst", "10 ms", etcd_log_worst),
        row("kv-c50-ok", "2 ms", kv_c50_ok),
        row("kv-2000-stale", "50 ms", kv_stale),
        row("unique-register-10000", "2 ms", unique_register),
        row("unique-register-10000-stale", "", unique_register_stale),
        row("cas-register-1000", "10 ms", cas_register),
        row("register-1000-no-shortcut", "10 ms", plain_register),
        row("explain-etcd", "12 operations, 1 s", explain_etcd),
        row("explain-knossos", "12 operations, 1 s", explain_knossos),
        row("explain-kv", "12 operations, 1 s", explain_kv),
        row("explain-synthetic", "12 operations, 1 s", explain_synthetic),
        row("stream-3-open", "", || stream(3)),
        row("stream-5-open", "", || stream(5)),
        row("stream-10-open", "5 us an entry", || stream(10)),
        row("unique-register-30", "", || small_register(30)),
        row("unique-register-30 (stateright)", "", || stateright(30)),
        row("unique-register-100", "", || small_register(100)),
        row("unique-register-100 (stateright)", "", || stateright(100)),
    ]
}

/// A model without anything that makes the search faster but its pure operations.
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

    fn is_pure(&self, input: &M::Input, output: Option<&M::Output>) -> bool {
        self.0.is_pure(input, output)
    }
}

const NIL: register::Model<i64> = register::Model { initial: None };
const ZERO: register::Model<i64> = register::Model { initial: Some(0) };

fn empty() -> kv::From {
    kv::From { initial: Some(String::new()) }
}

fn judge<M: Model>(history: &History<M::Input, M::Output>, model: &M) -> Report {
    let report = linearizability::check(black_box(history), model, Budget::default());
    assert!(report.holds() || report.is_violated(), "{report}");
    report
}

/// The verdict alone.
fn decide<M: Model>(history: &History<M::Input, M::Output>, model: &M) -> bool {
    linearizability::decide(black_box(history), model, Budget::default()).expect("a verdict")
}

fn etcd() -> Result<Vec<(String, Registers)>, String> {
    let files = histories::files("porcupine-etcd", ".log")?;
    let read =
        |(name, text): (String, Vec<u8>)| Ok((name, histories::read_register(&text, true, true)?));
    files.into_iter().map(read).collect()
}

fn etcd_logs() -> Result<Task, String> {
    let logs = etcd()?;
    let note = format!("verdicts of {} logs", logs.len());
    let all = move || logs.iter().for_each(|(_, log)| _ = black_box(decide(log, &NIL)));
    Ok(Task::new(all).noting(note))
}

fn etcd_logs_explained() -> Result<Task, String> {
    let logs = etcd()?;
    let note = format!("{} logs", logs.len());
    Ok(Task::new(move || logs.iter().for_each(|(_, log)| drop(judge(log, &NIL)))).noting(note))
}

fn etcd_log_worst() -> Result<Task, String> {
    let mut slowest: Option<(Duration, String, Registers)> = None;
    for (name, log) in etcd()? {
        let start = Instant::now();
        black_box(decide(&log, &NIL));
        let time = start.elapsed();
        if slowest.as_ref().is_none_or(|(most, ..)| time > *most) {
            slowest = Some((time, name, log));
        }
    }
    let (_, name, log) = slowest.ok_or("no log")?;
    Ok(Task::new(move || _ = black_box(decide(&log, &NIL))).noting(name))
}

fn kv_c50_ok() -> Result<Task, String> {
    let (_, text) = histories::files("porcupine-kv", "c50-ok")?.remove(0);
    let store = histories::read_store(&text)?;
    if !judge(&store, &empty()).holds() {
        return Err("the wrong verdict".to_owned());
    }
    let note = format!("{} operations", store.len());
    Ok(Task::new(move || drop(judge(&store, &empty()))).noting(note))
}

/// Judges and explains every key, where a check would end at the first in violation.
fn kv_stale() -> Result<Task, String> {
    let keys = histories::by_key(&histories::stale_store(7, 2_000, 50));
    let violated = keys.iter().filter(|key| judge(key, &empty()).is_violated()).count();
    let note = format!("{violated} of {} keys violated, all decided and explained", keys.len());
    let all = move || keys.iter().for_each(|key| drop(judge(key, &empty())));
    Ok(Task::new(all).noting(note))
}

fn unique(seed: u64, count: u64, clients: u64) -> Registers {
    let entries = histories::register(seed, count, clients, None);
    History::from_entries(entries).expect("a history")
}

fn unique_register() -> Result<Task, String> {
    let history = unique(11, 10_000, 30);
    assert!(judge(&history, &NIL).holds());
    Ok(Task::new(move || drop(judge(&history, &NIL))).noting("30 clients"))
}

fn unique_register_stale() -> Result<Task, String> {
    let mut entries = histories::register(11, 10_000, 30, None);
    let middle = entries.len() / 2;
    let stale = entries[middle..].iter_mut().find_map(|entry| match &mut entry.kind {
        EntryKind::Ok(register::Output::Value(value)) => Some(value),
        _ => None,
    });
    *stale.ok_or("no read")? = Some(0);
    let first = entries.iter().find_map(|entry| match &entry.kind {
        EntryKind::Invoke(register::Input::Write(value)) => Some(*value),
        _ => None,
    });
    for entry in &mut entries {
        if let EntryKind::Ok(register::Output::Value(value @ Some(0))) = &mut entry.kind {
            *value = first;
        }
    }
    let history: Registers = History::from_entries(entries).map_err(|error| error.to_string())?;
    let report = judge(&history, &NIL);
    let Finding::Violated(explanation) = &report.finding else {
        return Err("the wrong verdict".to_owned());
    };
    let note = format!("30 clients; explained in {} operations", explanation.window.len());
    Ok(Task::new(move || drop(judge(&history, &NIL))).noting(note))
}

fn cas_register() -> Result<Task, String> {
    let entries = histories::register(3, 1_000, 10, Some(5));
    let history: Registers = History::from_entries(entries).expect("a history");
    let report = judge(&history, &NIL);
    assert!(report.holds());
    let note = format!("10 clients, 5 values, {} steps", report.steps);
    Ok(Task::new(move || drop(judge(&history, &NIL))).noting(note))
}

fn plain_register() -> Result<Task, String> {
    let history = unique(5, 1_000, 10);
    let report = judge(&history, &Plain(NIL));
    assert!(report.holds());
    let note = format!("10 clients, {} steps", report.steps);
    Ok(Task::new(move || drop(judge(&history, &Plain(NIL)))).noting(note))
}

/// The time of the slowest explanation, and the largest window.
fn explanations(histories: Vec<(String, Box<dyn Fn() -> Report>)>) -> Result<Task, String> {
    let mut largest = (0, String::new());
    let mut slowest = (Duration::ZERO, 0);
    let mut violated = 0;
    for (number, (name, judge)) in histories.iter().enumerate() {
        let start = Instant::now();
        let report = judge();
        let time = start.elapsed();
        let Finding::Violated(explanation) = &report.finding else { continue };
        violated += 1;
        let is_minimal = if explanation.is_minimal { "" } else { " (not minimal)" };
        largest = largest.max((explanation.window.len(), format!("{name}{is_minimal}")));
        slowest = slowest.max((time, number));
    }
    if violated == 0 {
        return Err("nothing to explain".to_owned());
    }
    let (size, name) = largest;
    let slow = &histories[slowest.1].0;
    let note = format!(
        "{violated} explained; the largest has {size} operations ({name}); slowest: {slow}"
    );
    let index = slowest.1;
    Ok(Task::new(move || drop(histories[index].1())).noting(note))
}

type Judged = Vec<(String, Box<dyn Fn() -> Report>)>;

fn registers(files: Vec<(String, Registers)>, model: &'static register::Model<i64>) -> Judged {
    let one = |(name, history): (String, Registers)| {
        let judged: Box<dyn Fn() -> Report> = Box::new(move || judge(&history, model));
        (name, judged)
    };
    files.into_iter().map(one).collect()
}

fn explain_etcd() -> Result<Task, String> {
    explanations(registers(etcd()?, &NIL))
}

fn explain_knossos() -> Result<Task, String> {
    let files = histories::files("knossos-cas-register", "bad")?;
    let read = |(name, text): (String, Vec<u8>)| {
        Ok((name, histories::read_register(&text, false, false)?))
    };
    explanations(registers(files.into_iter().map(read).collect::<Result<_, String>>()?, &ZERO))
}

fn explain_synthetic() -> Result<Task, String> {
    let mut all = Vec::new();
    for folder in ["synth-cas", "synth-uniqreg"] {
        for (name, text) in histories::files(folder, "_bad")? {
            all.push((name, histories::read_register(&text, true, true)?));
        }
    }
    explanations(registers(all, &NIL))
}

fn explain_kv() -> Result<Task, String> {
    let mut keys: Vec<(String, Stores)> = Vec::new();
    if let Ok(files) = histories::files("porcupine-kv", "bad") {
        for (name, text) in files {
            let of_file = histories::by_key(&histories::read_store(&text)?);
            keys.extend(of_file.into_iter().map(|key| (name.clone(), key)));
        }
    }
    let made = histories::by_key(&histories::stale_store(7, 2_000, 50));
    keys.extend(made.into_iter().map(|key| ("kv-2000-stale".to_owned(), key)));
    let one = |(name, history): (String, Stores)| {
        let judged: Box<dyn Fn() -> Report> = Box::new(move || judge(&history, &empty()));
        (name, judged)
    };
    explanations(keys.into_iter().map(one).collect())
}

/// A register with unique writes, entry by entry, its clients always busy.
fn stream(clients: u64) -> Result<Task, String> {
    let entries = histories::register(17, 5_000, clients, None);
    let parts = entries.len() as u64;
    let run = move || {
        let mut stream = Stream::new(NIL);
        entries.iter().try_for_each(|entry| stream.push(entry.clone()))
    };
    run().map_err(|refusal| refusal.to_string())?;
    let note = format!("{clients} clients always busy, unique writes");
    Ok(Task { parts, ..Task::new(move || run().expect("as before")).noting(note) })
}

fn small_register(count: u64) -> Result<Task, String> {
    let history = unique(23, count, 5);
    Ok(Task::new(move || drop(judge(&history, &NIL))).noting("5 clients"))
}

fn stateright(count: u64) -> Result<Task, String> {
    let entries = histories::register(23, count, 5, None);
    let run = move || {
        let mut tester = LinearizabilityTester::new(Register(None));
        for entry in &entries {
            let thread = entry.process.0;
            let taken = match &entry.kind {
                EntryKind::Invoke(register::Input::Write(value)) => {
                    tester.on_invoke(thread, RegisterOp::Write(Some(*value))).map(drop)
                }
                EntryKind::Invoke(_) => tester.on_invoke(thread, RegisterOp::Read).map(drop),
                EntryKind::Ok(register::Output::Value(value)) => {
                    tester.on_return(thread, RegisterRet::ReadOk(*value)).map(drop)
                }
                EntryKind::Ok(_) => tester.on_return(thread, RegisterRet::WriteOk).map(drop),
                EntryKind::Fail | EntryKind::Info => Ok(()),
            };
            taken.expect("a history");
        }
        assert!(black_box(tester.is_consistent()));
    };
    Ok(Task::new(run).noting("5 clients"))
}
