//! Writes histories as files that [`read`](super::read) reads back.

use std::io::{self, Write};

use crate::record::{Record, Value};

/// Writes our own JSON lines, numbered from 0. A keyword becomes a string, and so does a key of a map.
///
/// # Errors
/// What `out` says.
pub fn write_jsonl<'r>(
    records: impl IntoIterator<Item = &'r Record>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (index, record) in records.into_iter().enumerate() {
        let Record { process, kind, function, key, value, time, .. } = record;
        let kind = kind.name();
        write!(out, "{{\"index\": {index}, \"time\": {time}, \"type\": \"{kind}\", ")?;
        write!(out, "\"process\": {process}, \"f\": ")?;
        quoted(function, out)?;
        out.write_all(b", \"value\": ")?;
        json(value, out)?;
        if let Some(key) = key {
            out.write_all(b", \"key\": ")?;
            json(key, out)?;
        }
        for (name, number) in numbers(record) {
            write!(out, ", \"{name}\": {number}")?;
        }
        if let Some(error) = &record.error {
            out.write_all(b", \"error\": ")?;
            quoted(error, out)?;
        }
        out.write_all(b"}\n")?;
    }
    Ok(())
}

/// Writes Jepsen's EDN, a map a line, numbered from 0.
///
/// # Errors
/// What `out` says.
pub fn write_edn<'r>(
    records: impl IntoIterator<Item = &'r Record>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (index, record) in records.into_iter().enumerate() {
        let Record { process, kind, function, key, value, time, .. } = record;
        write!(out, "{{:process {process}, :type :{}, :f ", kind.name())?;
        keyword(function, out)?;
        out.write_all(b", :value ")?;
        edn(value, out)?;
        if let Some(key) = key {
            out.write_all(b", :key ")?;
            edn(key, out)?;
        }
        write!(out, ", :time {time}, :index {index}")?;
        for (name, number) in numbers(record) {
            write!(out, ", :{name} {number}")?;
        }
        if let Some(error) = &record.error {
            out.write_all(b", :error ")?;
            quoted(error, out)?;
        }
        out.write_all(b"}\n")?;
    }
    Ok(())
}

/// The numbers that a record may have, by name.
fn numbers(record: &Record) -> impl Iterator<Item = (&'static str, u64)> {
    let numbers =
        [("node", record.node.map(u64::from)), ("event", record.event), ("commit", record.commit)];
    numbers.into_iter().filter_map(|(name, number)| Some((name, number?)))
}

/// A string in quotes; JSON and EDN escape the same.
fn quoted(text: &str, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"\"")?;
    for part in text.split_inclusive(|sign| matches!(sign, '"' | '\\' | '\0'..='\x1f')) {
        let mut signs = part.chars();
        match signs.next_back() {
            Some(last @ ('"' | '\\')) => write!(out, "{}\\{last}", signs.as_str())?,
            Some('\n') => write!(out, "{}\\n", signs.as_str())?,
            Some(last @ '\0'..='\x1f') => {
                write!(out, "{}\\u{:04x}", signs.as_str(), u32::from(last))?;
            }
            Some(_) | None => out.write_all(part.as_bytes())?,
        }
    }
    out.write_all(b"\"")
}

fn json(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::Nil => out.write_all(b"null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::Text(text) | Value::Keyword(text) => quoted(text, out),
        Value::List(list) => {
            out.write_all(b"[")?;
            for (index, element) in list.iter().enumerate() {
                out.write_all(if index == 0 { b"" } else { b", " })?;
                json(element, out)?;
            }
            out.write_all(b"]")
        }
        Value::Map(entries) => {
            out.write_all(b"{")?;
            for (index, (key, value)) in entries.iter().enumerate() {
                out.write_all(if index == 0 { b"" } else { b", " })?;
                quoted(&key.to_string(), out)?;
                out.write_all(b": ")?;
                json(value, out)?;
            }
            out.write_all(b"}")
        }
    }
}

fn edn(value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match value {
        Value::Nil => out.write_all(b"nil"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(number) => write!(out, "{number}"),
        Value::Text(text) => quoted(text, out),
        Value::Keyword(name) => keyword(name, out),
        Value::List(list) => {
            out.write_all(b"[")?;
            for (index, element) in list.iter().enumerate() {
                out.write_all(if index == 0 { b"" } else { b" " })?;
                edn(element, out)?;
            }
            out.write_all(b"]")
        }
        Value::Map(entries) => {
            out.write_all(b"{")?;
            for (index, (key, value)) in entries.iter().enumerate() {
                out.write_all(if index == 0 { b"" } else { b", " })?;
                edn(key, out)?;
                out.write_all(b" ")?;
                edn(value, out)?;
            }
            out.write_all(b"}")
        }
    }
}

/// A keyword, or a string where the name would make none.
fn keyword(name: &str, out: &mut dyn Write) -> io::Result<()> {
    let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-_?!*+/.<>=".contains(sign);
    if !name.is_empty() && name.chars().all(is_plain) {
        write!(out, ":{name}")
    } else {
        quoted(name, out)
    }
}
