//! Readers of recorded histories: what each format says, and what is said of broken files.

use orrery_check::formats::{self, Format, guess};
use orrery_check::record::{ReadError, Record, RecordKind};

fn records(text: &str, format: Option<Format>) -> Result<Vec<Record>, ReadError> {
    formats::read(text.as_bytes(), format)?.collect()
}

/// The records of a text in the format that it looks like, each in one line.
fn lines(text: &str) -> Vec<String> {
    records(text, None).unwrap().iter().map(line).collect()
}

fn line(record: &Record) -> String {
    let Record { time, process, kind, function, key, value, error, .. } = record;
    let key = key.as_ref().map(|key| format!("{key}=")).unwrap_or_default();
    let error = error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    format!("{time} {process} {} {function} {key}{value}{error}", kind.name())
}

fn error(text: &str) -> String {
    records(text, None).unwrap_err().to_string()
}

#[test]
fn json_lines() {
    let text = r#"{"index": 0, "time": 1000, "type": "invoke", "process": 0, "f": "write", "value": [1, "a", true], "key": "x"}

{"index": 1, "time": 2000, "type": "info", "process": 0, "f": "write", "value": null, "error": ["gone", 7], "node": "n3", "event": 17, "commit": 4}
"#;
    assert_eq!(guess(text.as_bytes()), Some(Format::Jsonl));
    assert_eq!(
        lines(text),
        ["1000 0 invoke write x=[1 a true]", "2000 0 info write nil ([gone 7])"]
    );
    let last = records(text, None).unwrap().pop().unwrap();
    assert_eq!((last.place.line, last.place.column), (3, 1));
    assert_eq!((last.node, last.event, last.commit), (Some(3), Some(17), Some(4)));
}

#[test]
fn entries_without_times_are_counted() {
    let text = "{\"type\": \"invoke\", \"process\": 4, \"f\": \"read\"}\n{\"type\": \"ok\", \"process\": 4, \"f\": \"read\", \"value\": 1}";
    assert_eq!(lines(text), ["0 4 invoke read nil", "1 4 ok read 1"]);
}

#[test]
fn jepsens_edn() {
    let text = r#"; a comment
[{:type :invoke, :f :cas, :value [1 2], :process 3, :time 10 :index 0}
 #_ {:dropped true}
 {:type :info :f :start :process :nemesis :time 11 :value #{"n1" "n2"}}
 #jepsen.history.Op{:type :ok, :f :cas, :value (1 2), :process 3, :time 9, :at #inst "2020"}
 {:type :fail :f "read" :process 4 :value {:x 1N, "y" 2.5} :error [:no-client "refused \"it\""]
  :time 12}] ; the end"#;
    assert_eq!(guess(text.as_bytes()), Some(Format::Edn));
    assert_eq!(
        lines(text),
        [
            "10 3 invoke cas [1 2]",
            // Workers read their clocks early; the order of the file counts.
            "11 3 ok cas [1 2]",
            "12 4 fail read {x 1, y 2.5} ([no-client refused \"it\"])",
        ]
    );
}

#[test]
fn elles_files_may_lack_almost_everything() {
    let text = "{:index 0 :type :invoke :value [[:append 253 1]]}\n{:type :ok :value [[:append 253 1]]}\n{:type :ok :value [[:r 253 [1]]]}\n";
    let read = records(text, None).unwrap();
    assert_eq!(read[0].process, read[1].process);
    assert_ne!(read[1].process, read[2].process, "nobody knows whose the last result is");
    let json = r#"[{"type":"invoke","value":[["append",253,1]]},{"type":"ok","value":[["append",253,1]]}, {"type":"ok","value":[["r",253,[1]]]}]"#;
    assert_eq!(guess(json.as_bytes()), Some(Format::ElleJson));
    assert_eq!(lines(json), lines(text));

    let twice = "{:type :invoke :value 1}\n{:type :invoke :value 2}";
    assert_eq!(
        error(twice),
        "2:1: a second operation is open and neither says whose it is: each entry needs a `process`"
    );
}

#[test]
fn logs_with_tabs_or_blanks() {
    let text = "INFO  jepsen.core - Worker 2 starting\nINFO  jepsen.util - 2\t:invoke\t:cas\t[3 0]\r\nINFO  jepsen.util - 2 :fail  :cas [3 0]\nINFO  jepsen.util - :nemesis :info :start nil\nINFO  jepsen.util - 4 :info :write :timed-out\nINFO  jepsen.util - 5\t:info\t:write\t3\t:timed-out\n";
    assert_eq!(guess(text.as_bytes()), Some(Format::EtcdLog));
    assert_eq!(
        lines(text),
        [
            "0 2 invoke cas [3 0]",
            "1 2 fail cas [3 0]",
            "2 4 info write nil (timed-out)",
            "3 5 info write 3 (timed-out)",
        ]
    );
    assert_eq!(
        error("INFO  jepsen.util - 2 :ok :cas [3 0\nINFO"),
        "1:32: the line ends inside this value"
    );
}

#[test]
fn key_value_logs() {
    let text = "{:process 0, :type :invoke, :f :append, :key \"0\", :value \"x 0 0 y\"}\n";
    assert_eq!(guess(text.as_bytes()), Some(Format::KvLog));
    assert_eq!(lines(text), ["0 0 invoke append 0=x 0 0 y"]);
}

#[test]
fn transactions_in_text() {
    let awdit = "w 0 0\nw 1 0\n=====\nr 0 0\n-----\nr 0 1\nr 1 0\n";
    assert_eq!(guess(awdit.as_bytes()), Some(Format::Awdit));
    let expected =
        ["0 0 ok txn [[w 0 0] [w 1 0]]", "1 1 ok txn [[r 0 0]]", "2 1 ok txn [[r 0 1] [r 1 0]]"];
    assert_eq!(lines(awdit), expected);
    let plume = "w(0,0,0,7)\nw(1,0,0,7)\nr(0,0,1,1)\nr(0,1,1,2)\nr(1,0,1,2)\n";
    assert_eq!(guess(plume.as_bytes()), Some(Format::Plume));
    assert_eq!(lines(plume), expected);
    let kinds = records(plume, None).unwrap();
    assert!(kinds.iter().all(|record| record.kind == RecordKind::Ok), "there is no invocation");

    assert_eq!(
        error("w(0,0,0,7)\nr(0,0,1,1)\nr(0,1,0,7)"),
        "3:1: transaction 7 of session 0 comes after a later one: the lines of a transaction stand together, \
         and its number grows in a session"
    );
    assert_eq!(
        error("w 0 0\n r 0 x\n"),
        "2:2: `w KEY VALUE`, `r KEY VALUE`, `-----` or `=====` is expected here"
    );
}

#[test]
fn a_file_of_nothing_is_an_error() {
    let nothing = "there is no operation here, so there is nothing to judge: is it the right file and format?";
    assert_eq!(error(""), format!("1:1: {nothing}"));
    assert_eq!(error("[]\n"), format!("1:1: {nothing}"));
    assert_eq!(error("; only a comment"), format!("1:1: {nothing}"));
    assert_eq!(error("{:process :nemesis :type :info}\n"), format!("1:1: {nothing}"));
    for format in Format::ALL {
        let error = records("\n\n", Some(format)).unwrap_err();
        assert_eq!(error.message, nothing, "{format}");
    }
    assert_eq!(error("\x1f\u{8b}\0"), "1:1: this is no text: is the file packed? Unpack it first");
    assert!(
        error("Hello, world")
            .starts_with("1:1: this looks like no format that is known here; they are jsonl, edn")
    );
}

#[test]
fn errors_say_where_and_what_would_be_right() {
    for (text, expected) in [
        ("{\"type\": \"invoke\",\n \"process\": x}", "2:13: a value is expected here"),
        (
            "{\"type\": \"did\"}",
            "1:10: `did` is no type of entry: it is one of invoke, ok, fail, info",
        ),
        ("{\"process\": 1}", "1:1: this entry has no `type`: it is one of invoke, ok, fail, info"),
        ("{\"type\": \"ok\", \"process\": -1}", "1:27: processes are numbered from 0"),
        (
            "{\"type\": \"ok\", \"process\": 1, \"time\": 1.5}",
            "1:38: `time` is nanoseconds, a whole number from 0, not `1.5`",
        ),
        ("{\"type\": \"ok\", \"é\": 1, \"f\": 3}", "1:29: `f` names the operation, such as `read`"),
        ("{\"type\": \"ok\", \"type\": \"ok\"}", "1:24: this entry has a second `type`"),
        ("{\"type\": \"ok\" \"process\": 1}", "1:15: `,` or `}` is expected here"),
        (
            "{\"type\": \"ok\"}",
            "1:1: this entry has no `process`, the number of a client (which `elle-json` files may leave out)",
        ),
        (
            "{\"type\": \"ok\", \"process\": 1",
            "1:1: the file ends inside what starts here: is it cut off?",
        ),
        ("[{\"type\": \"ok\"}", "1:16: the file ends before the `]` of its list: is it cut off?"),
        ("[{\"type\": \"ok\"} {}]", "1:17: `,` or `]` is expected here"),
        ("[{:type :ok}] 1", "1:15: nothing comes after the list of entries"),
        ("{:type :ok :value [1 2}}", "1:23: `]` is expected here"),
        (
            "{:type :ok :time 1}\n{:type :ok}",
            "2:1: this entry has no `time`: all of them have one or none",
        ),
        ("{:type :ok :value 12x}", "1:19: `12x` is no number"),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
    let deep = format!("{{:type :ok :value {}", "[".repeat(200));
    assert_eq!(error(&deep), "1:119: values nest deeper than 100 here");
}
