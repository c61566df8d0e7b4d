//! The checker agrees with the definitions on random small histories.

use std::fmt::Write as _;

use orrery_check::{Explanation, Finding, OperationId, Report, Witness};

use crate::brute::{Before, End, Small, Step, Transaction};
use crate::support::judge;

/// A generator of numbers, good enough to make histories.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }
}

/// How many histories: `ORRERY_CASES`, or a few.
fn cases(few: usize) -> usize {
    #[expect(clippy::disallowed_methods, reason = "how long the test may take")]
    let cases = std::env::var("ORRERY_CASES");
    cases.ok().and_then(|cases| cases.parse().ok()).unwrap_or(few)
}

/// A history in which some read what is no longer, or what is not yet.
fn history(seed: u64, lists: bool) -> Small {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let count = 2 + dice.roll(3);
    let processes = 1 + dice.roll(count);
    let keys = 1 + dice.roll(2);
    // The versions of each key, and how stale reads are.
    let mut versions: Vec<Vec<Vec<u32>>> = vec![vec![Vec::new()]; keys];
    let (stale, mut value) = (1 + dice.roll(3), 0);
    let mut txns = Vec::new();
    for index in 0..count {
        let process = if index < processes { index } else { dice.roll(processes) };
        let end = match dice.roll(12) {
            0 => End::Fail,
            1 => End::Info,
            _ => End::Ok,
        };
        let mut own: Vec<Option<Vec<u32>>> = vec![None; keys];
        let lag = dice.roll(stale);
        let mut steps = Vec::new();
        for _ in 0..=dice.roll(3) {
            let key = dice.roll(keys);
            let lag = if dice.roll(3) == 0 { dice.roll(stale) } else { lag };
            let latest = versions[key].len() - 1;
            let shown = own[key]
                .clone()
                .unwrap_or_else(|| versions[key][latest.saturating_sub(lag)].clone());
            if dice.roll(2) == 0 {
                steps.push(Step::Read(key as u32, shown));
                continue;
            }
            value += 1;
            steps.push(Step::Write(key as u32, value));
            let mut mine = shown;
            if !lists {
                mine.clear();
            }
            mine.push(value);
            own[key] = Some(mine);
        }
        if end != End::Fail || dice.roll(4) == 0 {
            for step in &steps {
                let Step::Write(key, value) = step else { continue };
                let versions = &mut versions[*key as usize];
                let mut next = if lists { versions.last().unwrap().clone() } else { Vec::new() };
                next.push(*value);
                versions.push(next);
            }
        }
        txns.push(Transaction { process, steps, end, invoked: 0, returned: 0 });
    }
    schedule(&mut txns, &mut dice);
    Small { lists, txns }
}

/// Gives the transactions times: each process one after the other, a random one goes on. Who ended in doubt is
/// the last of its process.
fn schedule(txns: &mut [Transaction], dice: &mut Dice) {
    for index in 0..txns.len() {
        let process = txns[index].process;
        if txns[index].end == End::Info {
            let fresh = txns.iter().map(|txn| txn.process).max().unwrap() + 1;
            for later in &mut txns[index + 1..] {
                if later.process == process {
                    later.process = fresh;
                }
            }
        }
    }
    let mut time = 0;
    let mut begun = vec![false; txns.len()];
    let mut ended = vec![false; txns.len()];
    while ended.iter().any(|ended| !ended) {
        let txn = dice.roll(txns.len());
        let earlier = |other: usize| txns[other].process == txns[txn].process;
        if ended[txn] || (0..txn).any(|other| earlier(other) && !ended[other]) {
            continue;
        }
        time += 1;
        if begun[txn] {
            ended[txn] = true;
            txns[txn].returned = time;
        } else {
            begun[txn] = true;
            txns[txn].invoked = time;
        }
    }
}

/// As JSON lines, and the number of each transaction in them.
fn text(small: &Small) -> (String, Vec<usize>) {
    let mut events: Vec<(usize, usize, bool)> = Vec::new();
    for (index, txn) in small.txns.iter().enumerate() {
        events.push((txn.invoked, index, true));
        events.push((txn.returned, index, false));
    }
    events.sort_unstable();
    let (mut text, mut order) = (String::new(), Vec::new());
    for (position, (_, index, is_invoke)) in events.into_iter().enumerate() {
        let txn = &small.txns[index];
        let kind = match (is_invoke, txn.end) {
            (true, _) => {
                order.push(index);
                "invoke"
            }
            (false, End::Ok) => "ok",
            (false, End::Fail) => "fail",
            (false, End::Info) => "info",
        };
        let steps: Vec<String> = txn.steps.iter().map(|step| json(small, step, kind)).collect();
        writeln!(
            text,
            "{{\"index\": {position}, \"time\": {position}, \"type\": \"{kind}\", \"process\": {}, \
             \"f\": \"txn\", \"value\": [{}]}}",
            txn.process,
            steps.join(", ")
        )
        .expect("text grows");
    }
    (text, order)
}

fn json(small: &Small, step: &Step, kind: &str) -> String {
    match step {
        Step::Write(key, value) if small.lists => format!("[\"append\", \"k{key}\", {value}]"),
        Step::Write(key, value) => format!("[\"w\", \"k{key}\", {value}]"),
        Step::Read(key, _) if kind != "ok" => format!("[\"r\", \"k{key}\", null]"),
        Step::Read(key, shown) if small.lists => format!("[\"r\", \"k{key}\", {shown:?}]"),
        Step::Read(key, shown) => {
            let shown = shown.first().map_or("null".to_owned(), ToString::to_string);
            format!("[\"r\", \"k{key}\", {shown}]")
        }
    }
}

/// The definitions.
fn defined(small: &Small, level: &str) -> bool {
    match level {
        "strict-serializable" => small.serializable(Before::RealTime),
        "strong-session-serializable" => small.serializable(Before::Session),
        "serializable" => small.serializable(Before::Nothing),
        "strong-snapshot-isolation" => small.snapshot(Before::RealTime, false),
        "strong-session-snapshot-isolation" => small.snapshot(Before::Session, false),
        "snapshot-isolation" => small.snapshot(Before::Nothing, false),
        "prefix" => small.snapshot(Before::Nothing, true),
        "parallel-snapshot-isolation" => small.visible(Before::Nothing, true, true),
        "causal" => small.visible(Before::Session, true, false),
        "read-atomic" => small.visible(Before::Nothing, false, false),
        "read-committed" => small.read_committed(),
        other => panic!("{other}"),
    }
}

/// Replays a serial order: every read shows what those before it left.
fn replays(small: &Small, order: &[usize]) -> bool {
    let mut state = std::collections::BTreeMap::<u32, Vec<u32>>::new();
    order.iter().all(|&txn| {
        small.txns[txn].steps.iter().all(|step| match step {
            Step::Write(key, value) => {
                let held = state.entry(*key).or_default();
                if !small.lists {
                    held.clear();
                }
                held.push(*value);
                true
            }
            Step::Read(key, shown) => {
                small.txns[txn].end != End::Ok
                    || state.get(key).map_or(&[][..], Vec::as_slice) == *shown
            }
        })
    })
}

/// What backs the verdict up: a witness replays, and the window alone is violated by definition too.
fn backed(small: &Small, report: &Report, numbers: &[usize], level: &str) {
    let index = |id: &OperationId| numbers[id.0 as usize];
    match &report.finding {
        Finding::Holds(Witness::Commits(order)) => {
            let order: Vec<usize> = order.iter().map(index).collect();
            assert!(replays(small, &order), "{report}");
            let all = (0..small.txns.len()).filter(|&txn| small.txns[txn].end == End::Ok);
            all.for_each(|txn| assert!(order.contains(&txn), "{report}"));
        }
        Finding::Holds(_) => {}
        Finding::Violated(explanation) => minimal(small, explanation, numbers, level),
        Finding::Unknown(_) => panic!("{report}"),
    }
}

/// The history of the window alone, what others wrote taken out of it.
fn part(small: &Small, kept: &[usize]) -> Small {
    let is_gone = |value: &u32| {
        (0..small.txns.len()).any(|txn| {
            let writes = |step: &Step| matches!(step, Step::Write(_, other) if other == value);
            !kept.contains(&txn) && small.txns[txn].steps.iter().any(writes)
        })
    };
    let txns = kept.iter().map(|&txn| {
        let mut txn = small.txns[txn].clone();
        txn.steps.retain(|step| match step {
            Step::Read(_, shown) => small.lists || !shown.iter().any(is_gone),
            Step::Write(..) => true,
        });
        for step in &mut txn.steps {
            if let Step::Read(_, shown) = step {
                shown.retain(|value| !is_gone(value));
            }
        }
        txn
    });
    Small { lists: small.lists, txns: txns.collect() }
}

fn minimal(small: &Small, explanation: &Explanation, numbers: &[usize], level: &str) {
    assert!(explanation.is_minimal, "{explanation}");
    let kept: Vec<usize> =
        explanation.window.iter().map(|shown| numbers[shown.id.0 as usize]).collect();
    assert!(!defined(&part(small, &kept), level), "{level}: {explanation}\n{:?}", small.txns);
}

fn agree(lists: bool, levels: &[&str], few: usize) {
    let model = if lists { "list-append" } else { "rw-register" };
    let mut counts = vec![[0, 0]; levels.len()];
    for seed in 1..=cases(few) as u64 {
        let small = history(seed, lists);
        let (text, numbers) = text(&small);
        for (level, count) in levels.iter().zip(&mut counts) {
            let report = judge(text.as_bytes(), model, level);
            let holds = defined(&small, level);
            assert_eq!(report.holds(), holds, "seed {seed}, {level}: {report}\n{text}");
            backed(&small, &report, &numbers, level);
            count[usize::from(holds)] += 1;
        }
    }
    for (level, count) in levels.iter().zip(counts) {
        let least = cases(few) / 50;
        assert!(count.iter().all(|&count| count > least), "{level}: {count:?} are not both common");
    }
}

#[test]
fn list_append_agrees() {
    let levels = [
        "strict-serializable",
        "strong-session-serializable",
        "serializable",
        "strong-snapshot-isolation",
        "strong-session-snapshot-isolation",
        "snapshot-isolation",
        "prefix",
    ];
    agree(true, &levels, 1_000);
}

#[test]
fn registers_agree() {
    let levels = [
        "strict-serializable",
        "strong-session-serializable",
        "serializable",
        "strong-snapshot-isolation",
        "strong-session-snapshot-isolation",
        "snapshot-isolation",
        "prefix",
        "read-committed",
    ];
    agree(false, &levels, 1_000);
}

#[test]
fn visibility_of_registers_agrees() {
    agree(false, &["causal", "read-atomic", "parallel-snapshot-isolation"], 100);
}

#[test]
fn visibility_of_lists_agrees() {
    agree(true, &["causal", "read-atomic", "parallel-snapshot-isolation"], 100);
}
