//! Reads histories from text and judges them.

use orrery_check::subject::{Options, subject};
use orrery_check::{Explanation, Finding, Report, formats};

/// What the model says of a history in any format.
pub(crate) fn judge(text: &[u8], model: &str, consistency: &str) -> Report {
    let options = Options { consistency: Some(consistency.to_owned()), ..Options::default() };
    let mut records = formats::read(text, None).unwrap();
    (subject(model).unwrap().judge)(&mut records, &options).unwrap()
}

/// The error instead.
pub(crate) fn refuse(text: &str, model: &str, consistency: &str) -> String {
    let options = Options { consistency: Some(consistency.to_owned()), ..Options::default() };
    let mut records = match formats::read(text.as_bytes(), None) {
        Ok(records) => records,
        Err(error) => return error.to_string(),
    };
    (subject(model).unwrap().judge)(&mut records, &options).unwrap_err().to_string()
}

/// JSON lines of transactions that begin and end as the lines say: `0 i [[..]]`, process, `i` for invoke, `o`
/// for ok, `f` for fail, `?` for info, and the steps; time counts the lines.
pub(crate) fn lines(story: &str) -> String {
    let story = story.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = |(index, line): (usize, &str)| {
        let mut words = line.splitn(3, ' ');
        let (process, kind, value) = (words.next().unwrap(), words.next().unwrap(), words.next());
        let kind = match kind {
            "i" => "invoke",
            "o" => "ok",
            "f" => "fail",
            "?" => "info",
            other => panic!("{other}"),
        };
        let time = (index + 1) * 1_000;
        let value = value.unwrap().replace('\'', "\"");
        format!(
            "{{\"index\": {index}, \"time\": {time}, \"type\": \"{kind}\", \"process\": {process}, \
             \"f\": \"txn\", \"value\": {value}}}\n"
        )
    };
    story.enumerate().map(line).collect()
}

/// Why it is violated.
pub(crate) fn violation(report: &Report) -> &Explanation {
    let Finding::Violated(explanation) = &report.finding else { panic!("{report}") };
    explanation
}
