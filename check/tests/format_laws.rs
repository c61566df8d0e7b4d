//! Laws of the readers of histories: what is written is read back, and nothing makes them panic.

use std::io::Read;

use proptest::prelude::*;

use orrery_check::formats::{self, Format, MAX_FORM_BYTES, write_edn, write_jsonl};
use orrery_check::record::{Place, ReadError, Record, RecordKind, Value};

/// A value; keywords and maps with other keys than text only where the format has them.
fn value(is_edn: bool) -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-z]{0,4}", "[ -~]{0,6}", any::<String>()].prop_map(Value::Text);
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        text,
        "[a-z][a-z0-9-]{0,5}".prop_map(move |name| {
            if is_edn { Value::Keyword(name) } else { Value::Text(name) }
        }),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        let key = if is_edn {
            inner.clone().boxed()
        } else {
            any::<String>().prop_map(Value::Text).boxed()
        };
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec((key, inner), 0..3).prop_map(Value::Map),
        ]
    })
}

fn record(is_edn: bool) -> impl Strategy<Value = Record> {
    let kinds = [RecordKind::Invoke, RecordKind::Ok, RecordKind::Fail, RecordKind::Info];
    let key = prop::option::of(value(is_edn).prop_filter("no key", |key| !key.is_nil()));
    let numbers = (
        prop::option::of(any::<u32>()),
        prop::option::of(0..1u64 << 62),
        prop::option::of(0..1u64 << 62),
    );
    let error = prop::option::of(any::<String>());
    let function = prop_oneof!["[a-z]{1,6}", any::<String>()];
    let what = (0..1u64 << 40, prop::sample::select(kinds.to_vec()), function);
    (what, key, value(is_edn), numbers, error).prop_map(
        |((process, kind, function), key, value, (node, event, commit), error)| Record {
            place: Place { line: 1, column: 1 },
            process,
            kind,
            function,
            key,
            value,
            time: 0,
            node,
            event,
            commit,
            error,
        },
    )
}

/// Records with times that never go back, at their places in a file of lines.
fn history(is_edn: bool) -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec((record(is_edn), 0..1_000u64), 1..6).prop_map(|steps| {
        let mut time = 0;
        let number = |(index, (mut record, step)): (usize, (Record, u64))| {
            time += step;
            record.time = time;
            record.place.line = index as u32 + 1;
            record
        };
        steps.into_iter().enumerate().map(number).collect()
    })
}

fn read(bytes: &[u8], format: Option<Format>) -> Result<Vec<Record>, ReadError> {
    formats::read(bytes, format)?.collect()
}

/// Reads to the end in every format; whatever comes, an error has a place and nothing follows it.
fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    for format in Format::ALL.into_iter().map(Some).chain([None]) {
        let Ok(mut records) = formats::read(bytes, format) else { continue };
        let failed = records.by_ref().find_map(Result::err);
        if let Some(error) = failed {
            prop_assert!(
                error.place.line > 0 && error.place.column > 0 && !error.message.is_empty()
            );
        }
        prop_assert!(records.next().is_none());
    }
    Ok(())
}

/// A file of each format, to be damaged.
const SEEDS: [&str; 6] = [
    "{\"time\": 1, \"type\": \"invoke\", \"process\": 0, \"f\": \"cas\", \"value\": [1, {\"a\": \"\\u00e9\\n\"}], \"key\": \"x\"}\n{\"time\": 2, \"type\": \"ok\", \"process\": 0, \"f\": \"cas\", \"value\": null}\n",
    "; note\n[{:type :invoke, :f :txn, :value [[:append 1 2] [:r #{3} \"\\\"\"]], :process 3} #_ [x] {:type :ok :f :txn :value (nil 2.5 \\a 1/2) :process 3, :error #inst \"2020\"}]",
    "INFO  jepsen.util - 2\t:invoke\t:cas\t[3 0]\nINFO  jepsen.util - 2 :info :cas :timed-out\n",
    "[{\"type\":\"invoke\",\"value\":[[\"append\",253,1]]},{\"type\":\"ok\",\"value\":[[\"append\",253,1]]}]",
    "w 0 0\n-----\nr 0 0\nw 1 -5\n=====\nr 1 nil\n",
    "w(0,0,0,0)\nr(1,null,1,1)\nr(0,0,1,2)\n",
];

proptest! {
    #[test]
    fn what_is_written_as_json_lines_is_read_back(records in history(false)) {
        let mut bytes = Vec::new();
        write_jsonl(&records, &mut bytes).unwrap();
        prop_assert_eq!(read(&bytes, None).unwrap(), records);
    }

    #[test]
    fn what_is_written_as_edn_is_read_back(records in history(true)) {
        let mut bytes = Vec::new();
        write_edn(&records, &mut bytes).unwrap();
        prop_assert_eq!(read(&bytes, Some(Format::Edn)).unwrap(), records);
    }

    #[test]
    fn arbitrary_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes)?;
    }

    #[test]
    fn arbitrary_signs_are_survived(text in "[\\[\\](){}:;,#_^\"\\\\ \t\nrw=\\-0-9a-f.N/é]{0,80}") {
        survives(text.as_bytes())?;
    }

    #[test]
    fn damaged_files_are_survived(
        seed in prop::sample::select(SEEDS.to_vec()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..4),
    ) {
        let mut bytes = seed.as_bytes().to_vec();
        for (at, byte, how) in damage {
            let at = at.index(bytes.len().max(1));
            match how {
                0 => bytes.truncate(at),
                1 => bytes.insert(at.min(bytes.len()), byte),
                _ if bytes.is_empty() => {}
                2 => bytes[at] = byte,
                _ => drop(bytes.remove(at)),
            }
        }
        survives(&bytes)?;
    }
}

/// Yields a text again and again, in pieces of odd sizes, and never holds more than that.
struct Endless {
    head: &'static [u8],
    text: &'static [u8],
    at: usize,
    left: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let source = if self.head.is_empty() { &self.text[self.at..] } else { self.head };
        let length = source.len().min(buffer.len()).min(777).min(self.left as usize);
        buffer[..length].copy_from_slice(&source[..length]);
        self.left -= length as u64;
        if self.head.is_empty() {
            self.at = (self.at + length) % self.text.len();
        } else {
            self.head = &self.head[length..];
        }
        Ok(length)
    }
}

#[test]
fn a_large_file_is_read_as_a_stream() {
    // 20 MB here; a reader that kept it would be as large at 200 MB, which `cargo test -- --ignored` reads.
    stream(20_000_000);
}

#[test]
#[ignore = "reads 200 MB of each kind"]
fn a_very_large_file_is_read_as_a_stream() {
    stream(200_000_000);
}

fn stream(bytes: u64) {
    let jsonl = b"{\"type\": \"ok\", \"process\": 1, \"f\": \"read\", \"value\": [1, 2, 3, 4, 5, 6, 7, 8]}\n";
    let edn = b" {:type :ok, :f :read, :value [1 2 3 4 5 6 7 8]}\n";
    for (head, text) in [(&b""[..], &jsonl[..]), (b"[", edn)] {
        let left = bytes / text.len() as u64 * text.len() as u64 + head.len() as u64;
        let mut records = formats::read(Endless { head, text, at: 0, left }, None).unwrap();
        let read = records.by_ref().take_while(Result::is_ok).count() as u64;
        assert_eq!(read, bytes / text.len() as u64);
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let endless = Endless { head: b"{\"type\": \"", text: b"long ", at: 0, left: u64::MAX };
    let error = formats::read(endless, None).unwrap().next().unwrap().unwrap_err();
    let limit = MAX_FORM_BYTES >> 20;
    let expected =
        format!("1:1: what starts here is longer than {limit} MiB: one operation cannot be");
    assert_eq!(error.to_string(), expected);
}
