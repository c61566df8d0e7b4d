//! What recorded histories of single operations can be judged as.

use std::collections::BTreeMap;

use crate::aggregates::bounds;
use crate::finding::{Budget, Report};
use crate::history::History;
use crate::model::Model;
use crate::models::container::{self, Order};
use crate::models::keyed::Keyed;
use crate::models::token::Token;
use crate::models::{bag, counter, kv, multi_register, register, semaphore, set};
use crate::picture::Picture;
use crate::record::{Place, ReadError, Records, Value};
use crate::subject::{Options, Subject};
use crate::vocabulary::{Vocabulary, read_history};

use super::words::{self, FailedCas, KeyedWords};
use super::{check, sequential};

const CONSISTENCIES: &[&str] = &["linearizable", "sequential"];

const FAILED_CAS: &str = "failed-cas";

/// The subjects whose histories are of single operations.
pub static SUBJECTS: [Subject; 11] = [
    Subject {
        name: "register",
        summary: "one register: read, write; --init V is its value at first",
        consistencies: CONSISTENCIES,
        judge: |records, options| register(records, options, false),
    },
    Subject {
        name: "cas-register",
        summary: "one register: read, write, cas [expected new]; --init V; the setting failed-cas says \
                  whether a cas that failed `differed` or `did-not-happen` (the default)",
        consistencies: CONSISTENCIES,
        judge: |records, options| register(records, options, true),
    },
    Subject {
        name: "kv",
        summary: "a key-value store: get, put, append, cas, delete; --init V is each key's value at \
                  first; failed-cas as for cas-register",
        consistencies: CONSISTENCIES,
        judge: kv,
    },
    Subject {
        name: "multi-register",
        summary: "several registers: txn [[read x nil] [write y 2]]; --init V for all or {x 0, y 0}",
        consistencies: CONSISTENCIES,
        judge: multi_register,
    },
    Subject {
        name: "set",
        summary: "a set: add, remove, contains, read [elements]",
        consistencies: CONSISTENCIES,
        judge: |records, options| {
            options.only_settings(&[])?;
            keyed(records, options, words::Set, set::Model::new())
        },
    },
    Subject {
        name: "counter",
        summary: "a counter: add n, inc, dec, read; --init N",
        consistencies: &["linearizable", "sequential", "bounds"],
        judge: counter,
    },
    Subject {
        name: "mutex",
        summary: "a lock: acquire, release; an acquire may answer {token N}, which must grow",
        consistencies: CONSISTENCIES,
        judge: |records, options| {
            options.only_settings(&[])?;
            keyed(records, options, words::Semaphore, semaphore::Model::mutex())
        },
    },
    Subject {
        name: "semaphore",
        summary: "permits: acquire n, release n; --init N is how many there are",
        consistencies: CONSISTENCIES,
        judge: semaphore,
    },
    Subject {
        name: "queue",
        summary: "a FIFO queue: enqueue v, dequeue, drain",
        consistencies: CONSISTENCIES,
        judge: |records, options| {
            options.only_settings(&[])?;
            keyed(records, options, words::Container, container::Model::new(Order::Fifo))
        },
    },
    Subject {
        name: "bag",
        summary: "an unordered queue: put v, take, drain (or enqueue, dequeue)",
        consistencies: CONSISTENCIES,
        judge: |records, options| {
            options.only_settings(&[])?;
            keyed(records, options, words::Container, bag::model())
        },
    },
    Subject {
        name: "stack",
        summary: "a stack: push v, pop, drain",
        consistencies: CONSISTENCIES,
        judge: |records, options| {
            options.only_settings(&[])?;
            keyed(records, options, words::Container, container::Model::new(Order::Lifo))
        },
    },
];

/// Judges a history in these words as an object, or as one object for each key.
fn keyed<V, M>(
    records: &mut Records<'_>,
    options: &Options,
    words: V,
    model: M,
) -> Result<Report, ReadError>
where
    V: Vocabulary<Input = M::Input, Output = M::Output>,
    M: Model,
    M::Input: Clone,
{
    judge(records, options, &KeyedWords::new(words), &Keyed(model))
}

fn judge<V, M>(
    records: &mut Records<'_>,
    options: &Options,
    words: &V,
    model: &M,
) -> Result<Report, ReadError>
where
    V: Vocabulary<Input = M::Input, Output = M::Output>,
    M: Model,
    M::Input: Clone,
{
    let check = check_as(options)?;
    let history = read_history(records, words)?;
    Ok(drawn(check(&history, model, options.budget), &history, model, options))
}

/// The report, with a picture of the history and the states of the model if the options ask for one.
fn drawn<M: Model>(
    mut report: Report,
    history: &History<M::Input, M::Output>,
    model: &M,
    options: &Options,
) -> Report {
    if options.picture {
        report.picture = Some(Box::new(Picture::replayed(&report.finding, history, model)));
    }
    report
}

/// The check of the consistency that is asked for.
fn check_as<M: Model>(options: &Options) -> Result<Check<M>, ReadError> {
    Ok(match options.consistency_among(CONSISTENCIES)? {
        "sequential" => sequential::check,
        _ => check,
    })
}

type Check<M> = fn(&History<<M as Model>::Input, <M as Model>::Output>, &M, Budget) -> Report;

fn register(
    records: &mut Records<'_>,
    options: &Options,
    has_cas: bool,
) -> Result<Report, ReadError> {
    let failed_cas = failed_cas(options, if has_cas { &[FAILED_CAS] } else { &[] })?;
    let initial = options.initial.as_ref().filter(|value| !value.is_nil()).map(Token::from);
    let words = words::Register { initial: initial.clone(), has_cas, failed_cas };
    keyed(records, options, words, register::Model { initial })
}

fn kv(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    let words = words::Store { failed_cas: failed_cas(options, &[FAILED_CAS])? };
    let initial = options.initial.as_ref().filter(|value| !value.is_nil()).map(Value::to_string);
    let check = check_as(options)?;
    let history = read_history(records, &words)?;
    let initial = initial.or_else(|| kv::empty_at_first(&history));
    let model = kv::From { initial };
    Ok(drawn(check(&history, &model, options.budget), &history, &model, options))
}

fn multi_register(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    options.only_settings(&[])?;
    let (initial, rest) = match &options.initial {
        Some(Value::Map(values)) => {
            let one = |(key, value): &(Value, Value)| (key.to_string(), Token::from(value));
            (values.iter().map(one).collect(), None)
        }
        None | Some(Value::Nil) => (BTreeMap::new(), None),
        Some(value) => (BTreeMap::new(), Some(value.into())),
    };
    let begins_with_values = rest.is_some() || !initial.is_empty();
    let words = words::MultiRegister { begins_with_values };
    judge(records, options, &words, &multi_register::Model { initial, rest })
}

fn counter(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    options.only_settings(&[])?;
    if options.consistency.as_deref().is_some_and(|asked| asked.eq_ignore_ascii_case("bounds")) {
        return bounds::judge(records, options);
    }
    let initial = number(options, "counter")?.unwrap_or(0);
    keyed(records, options, words::Counter, counter::Model { initial })
}

fn semaphore(records: &mut Records<'_>, options: &Options) -> Result<Report, ReadError> {
    options.only_settings(&[])?;
    let permits = number(options, "semaphore")?
        .and_then(|permits| u64::try_from(permits).ok())
        .ok_or_else(|| refuse("how many permits there are is for --init to say".to_owned()))?;
    keyed(records, options, words::Semaphore, semaphore::Model { permits })
}

/// The state at first of a model whose state is a number.
fn number(options: &Options, of: &str) -> Result<Option<i64>, ReadError> {
    let read = |value: &Value| value.int().or_else(|| value.name()?.parse().ok());
    let good = |value: &Value| {
        read(value)
            .ok_or_else(|| refuse(format!("a {of} begins with a whole number, not with `{value}`")))
    };
    options.initial.as_ref().filter(|value| !value.is_nil()).map(good).transpose()
}

fn failed_cas(options: &Options, known: &[&str]) -> Result<FailedCas, ReadError> {
    options.only_settings(known)?;
    match options.setting(FAILED_CAS).map(ToString::to_string).as_deref() {
        None | Some("did-not-happen") => Ok(FailedCas::DidNotHappen),
        Some("differed") => Ok(FailedCas::Differed),
        Some(other) => {
            Err(refuse(format!("`{FAILED_CAS}` is `differed` or `did-not-happen`, not `{other}`")))
        }
    }
}

/// An error that is about an option and not about the file.
fn refuse(message: String) -> ReadError {
    ReadError::new(Place { line: 1, column: 1 }, message)
}
