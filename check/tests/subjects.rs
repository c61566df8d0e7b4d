//! The project's own small histories through the table of subjects, as the command line judges them.

use orrery_check::record::{Place, ReadError, Record, RecordKind, Value};
use orrery_check::subject::{self, Options};
use orrery_check::{Finding, Report};

/// A record from a line of text, such as `0 invoke write 1`; the value as JSON.
fn record(number: usize, line: &str) -> Record {
    let mut words = line.splitn(4, ' ');
    let process = words.next().unwrap().parse().unwrap();
    let kind = match words.next().unwrap() {
        "invoke" => RecordKind::Invoke,
        "ok" => RecordKind::Ok,
        "fail" => RecordKind::Fail,
        _ => RecordKind::Info,
    };
    let function = words.next().unwrap().to_owned();
    let value = words.next().map_or(Value::Nil, |text| value(&serde_json::from_str(text).unwrap()));
    Record {
        place: Place { line: number as u32 + 1, column: 1 },
        process,
        kind,
        function,
        key: None,
        value,
        time: number as u64,
        node: None,
        event: None,
        commit: None,
        error: None,
    }
}

fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => Value::Int(number.as_i64().unwrap()),
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(list) => Value::List(list.iter().map(value).collect()),
        serde_json::Value::Object(map) => {
            Value::Map(map.iter().map(|(key, v)| (Value::Text(key.clone()), value(v))).collect())
        }
    }
}

fn judge(model: &str, options: &Options, text: &str) -> Result<Report, ReadError> {
    let subject = subject::subject(model).unwrap();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let records: Vec<Record> = lines.enumerate().map(|(n, line)| record(n, line)).collect();
    (subject.judge)(&mut records.into_iter().map(Ok), options)
}

/// The verdict, as a linearizable and as a sequentially consistent object.
#[expect(clippy::needless_pass_by_value, reason = "it reads better where it is called")]
fn holds(model: &str, initial: Value, text: &str) -> [bool; 2] {
    ["linearizable", "sequential"].map(|consistency| {
        let options = Options {
            initial: Some(initial.clone()),
            consistency: Some(consistency.to_owned()),
            ..Options::default()
        };
        let report = judge(model, &options, text).unwrap();
        if let Finding::Violated(explanation) = &report.finding {
            assert!(explanation.is_minimal, "{explanation}");
            assert!(explanation.window.len() <= 6, "{explanation}");
        }
        assert!(report.holds() || report.is_violated(), "{report}");
        report.holds()
    })
}

#[test]
fn a_register_forgets_what_was_overwritten() {
    let text = "
        0 invoke write 1
        0 ok write 1
        0 invoke write 2
        0 ok write 2
        1 invoke read
        1 ok read 1";
    assert_eq!(holds("register", Value::Nil, text), [false, true]);
    let twice = format!("{text}\n1 invoke read\n1 ok read 2\n1 invoke read\n1 ok read 1");
    assert_eq!(holds("register", Value::Nil, &twice), [false, false]);
}

#[test]
fn a_failed_cas_is_an_answer_only_if_the_setting_says_so() {
    let text = "
        0 invoke cas [0, 1]
        0 fail cas [0, 1]
        0 invoke read
        0 ok read 0";
    let mut options = Options { initial: Some(Value::Int(0)), ..Options::default() };
    assert!(judge("cas-register", &options, text).unwrap().holds());
    options.settings.push(("failed-cas".to_owned(), Value::Text("differed".to_owned())));
    assert!(judge("cas-register", &options, text).unwrap().is_violated());
    options.settings.push(("failed-cas".to_owned(), Value::Text("maybe".to_owned())));
    let error = judge("cas-register", &options, text).unwrap_err();
    assert_eq!(error.message, "`failed-cas` is `differed` or `did-not-happen`, not `maybe`");
}

#[test]
fn a_read_of_nothing_tells_nothing_if_the_register_began_with_a_value() {
    let text = "0 invoke read\n0 ok read";
    assert_eq!(holds("cas-register", Value::Int(0), text), [true, true]);
    let text = "0 invoke write 1\n0 ok write 1\n0 invoke read\n0 ok read";
    assert_eq!(holds("cas-register", Value::Nil, text), [false, false]);
}

#[test]
fn a_store_that_answers_empty_does_not_tell_absent_from_empty() {
    let text = "
        0 invoke get [\"x\", null]
        0 ok get [\"x\", \"\"]
        0 invoke append [\"x\", \"a\"]
        0 ok append [\"x\", \"a\"]
        0 invoke get [\"x\", null]
        0 ok get [\"x\", \"a\"]";
    assert_eq!(holds("kv", Value::Nil, text), [true, true]);
}

/// Each key alone is sequentially consistent, but both together are not.
#[test]
fn sequential_consistency_is_not_local() {
    let text = "
        0 invoke put [\"x\", 1]
        0 ok put [\"x\", 1]
        0 invoke get [\"y\", null]
        0 ok get [\"y\", null]
        1 invoke put [\"y\", 1]
        1 ok put [\"y\", 1]
        1 invoke get [\"x\", null]
        1 ok get [\"x\", null]";
    assert_eq!(holds("kv", Value::Nil, text), [false, false]);
}

#[test]
fn containers() {
    let put = "
        0 invoke enqueue 1
        0 ok enqueue 1
        0 invoke enqueue 2
        0 ok enqueue 2";
    let verdicts = |rest: &str| {
        let text = format!("{put}\n{rest}");
        ["queue", "stack", "bag"].map(|model| holds(model, Value::Nil, &text)[0])
    };
    let fifo = "1 invoke dequeue\n1 ok dequeue 1\n1 invoke dequeue\n1 ok dequeue 2";
    assert_eq!(verdicts(fifo), [true, false, true]);
    let lifo = "1 invoke dequeue\n1 ok dequeue 2\n1 invoke dequeue\n1 ok dequeue 1";
    assert_eq!(verdicts(lifo), [false, true, true]);
    let twice = "1 invoke dequeue\n1 ok dequeue 1\n1 invoke dequeue\n1 ok dequeue 1";
    assert_eq!(verdicts(twice), [false; 3]);
    let empty = "1 invoke dequeue\n1 ok dequeue";
    assert_eq!(verdicts(empty), [false; 3]);
    assert_eq!(verdicts("1 invoke drain\n1 ok drain [1, 2]"), [true, false, true]);
    assert_eq!(verdicts("1 invoke drain\n1 ok drain [2, 1]"), [false, true, true]);
    // A take of unknown outcome took one of them.
    let gone = "1 invoke dequeue\n1 info dequeue\n2 invoke dequeue\n2 ok dequeue 1";
    assert_eq!(verdicts(gone), [true; 3]);
    let all = format!("{gone}\n2 invoke dequeue\n2 ok dequeue");
    assert_eq!(verdicts(&all), [true; 3]);
    let more = format!("{all}\n2 invoke dequeue\n2 ok dequeue 2");
    assert_eq!(verdicts(&more), [false; 3]);
}

#[test]
fn a_set_keeps_what_was_added() {
    let text = "
        0 invoke add 1
        0 ok add 1
        1 invoke add 2
        1 ok add 2
        2 invoke read
        2 ok read [2]";
    assert_eq!(holds("set", Value::Nil, text), [false, true]);
}

#[test]
fn a_counter_counts() {
    let text = "
        0 invoke add 1
        1 invoke read
        1 ok read 1
        0 ok add 1
        0 invoke dec 3
        0 ok dec 3
        0 invoke read
        0 ok read -2";
    assert_eq!(holds("counter", Value::Nil, text), [true, true]);
    assert_eq!(holds("counter", Value::Int(1), text), [false, false]);
}

#[test]
fn permits() {
    let text = "
        0 invoke acquire
        0 ok acquire
        1 invoke acquire
        1 ok acquire
        0 invoke release
        0 ok release";
    assert_eq!(holds("mutex", Value::Nil, text), [false, true]);
    assert_eq!(holds("semaphore", Value::Int(2), text), [true, true]);
    let released = "0 invoke release\n0 ok release";
    assert_eq!(holds("mutex", Value::Nil, released), [false, false]);
    let tokens = "
        0 invoke acquire
        0 ok acquire {\"token\": 2}
        0 invoke release
        0 ok release
        1 invoke acquire
        1 ok acquire {\"token\": 2}";
    assert_eq!(holds("mutex", Value::Nil, tokens), [false, false]);
}

#[test]
fn registers_that_are_touched_together_are_judged_together() {
    let text = "
        0 invoke txn [[\"write\", \"x\", 1], [\"write\", \"y\", 1]]
        1 invoke txn [[\"read\", \"x\", null], [\"read\", \"y\", null]]
        1 ok txn [[\"read\", \"x\", 1], [\"read\", \"y\", null]]
        0 ok txn [[\"write\", \"x\", 1], [\"write\", \"y\", 1]]";
    assert_eq!(holds("multi-register", Value::Nil, text), [false, false]);
    // Nothing tells nothing where registers begin with a value.
    assert_eq!(holds("multi-register", Value::Int(0), text), [true, true]);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let refused = |model, text| {
        let error = judge(model, &Options::default(), text).unwrap_err();
        format!("{error}")
    };
    assert_eq!(
        refused("register", "0 invoke write 1\n0 ok write 1\n0 invoke add 1"),
        "3:1: there is no function `add` here: it is one of read, write"
    );
    assert_eq!(refused("queue", "0 invoke enqueue"), "1:1: `enqueue` needs a value");
    assert_eq!(
        refused("semaphore", "0 invoke acquire"),
        "1:1: how many permits there are is for --init to say"
    );
}
