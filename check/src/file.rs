//! From a file to a verdict, in one step.
//!
//! ```
//! use orrery_check::file::{self, Asked};
//!
//! // Two clients of a causally consistent store, in the words of Jepsen.
//! let text = r#"
//! {:process 0, :type :invoke, :f :write, :key x, :value 1}
//! {:process 0, :type :ok,     :f :write, :key x, :value 1}
//! {:process 1, :type :invoke, :f :read,  :key x, :value nil}
//! {:process 1, :type :ok,     :f :read,  :key x, :value 1}
//! "#;
//! let judged = file::judge(text.as_bytes(), &Asked::about("causal"))?;
//! assert_eq!(judged.verdict(), "holds");
//! assert_eq!(judged.format.name(), "edn");
//! # Ok::<(), orrery_check::file::FileError>(())
//! ```

use std::io::Read;

use serde::Serialize;
use thiserror::Error;

use crate::finding::{Explanation, Finding, Report};
use crate::formats::{self, Format};
use crate::picture::Picture;
use crate::record::{ReadError, Value};
use crate::subject::{Options, Subject, subject, subjects};

/// What is asked about a file.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The name of a [subject](crate::subject::Subject).
    pub model: String,
    /// How the file is written; guessed if `None`.
    pub format: Option<Format>,
    /// What else may be chosen.
    pub options: Options,
}

impl Asked {
    /// With all choices left open.
    pub fn about(model: impl Into<String>) -> Self {
        Self { model: model.into(), ..Self::default() }
    }
}

/// A file that was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it was judged as.
    pub model: &'static str,
    /// What was asked of it.
    pub consistency: String,
    /// How it is written.
    pub format: Format,
    /// The answer.
    pub report: Report,
}

/// Why a file was not judged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// There is no such model.
    #[error("there is no model `{asked}`: there are {}", known.join(", "))]
    Model {
        /// The name that was given.
        asked: String,
        /// The names that there are.
        known: Vec<&'static str>,
    },
    /// The file cannot be read, or an option does not suit it.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Reads and judges a history.
///
/// # Errors
/// There is no such model, the file cannot be read in its words, or an option does not suit it.
pub fn judge<'a>(input: impl Read + 'a, asked: &Asked) -> Result<Judged, FileError> {
    let Some(subject) = subject(&asked.model) else {
        let known = subjects().map(|subject| subject.name).collect();
        return Err(FileError::Model { asked: asked.model.clone(), known });
    };
    let mut options = asked.options.clone();
    let consistency = options.consistency.clone();
    let consistency = consistency.unwrap_or_else(|| subject.consistencies[0].to_owned());
    let mut records = formats::read(input, asked.format)?;
    let format = records.format();
    settle(subject, format, &mut options);
    let report = (subject.judge)(&mut records, &options)?;
    Ok(Judged { model: subject.name, consistency, format, report })
}

/// What the format settles, where nobody chose otherwise: Porcupine's logs have a failed comparison as an
/// answer, whereas a `fail` of Jepsen's says no more than that it did not happen.
fn settle(subject: &Subject, format: Format, options: &mut Options) {
    const NAME: &str = "failed-cas";
    let has_cas = matches!(subject.name, "cas-register" | "kv");
    if format == Format::EtcdLog && has_cas && options.setting(NAME).is_none() {
        options.settings.push((NAME.to_owned(), Value::Text("differed".to_owned())));
    }
}

impl Judged {
    /// `holds`, `violated` or `unknown`.
    pub fn verdict(&self) -> &'static str {
        match self.report.finding {
            Finding::Holds(_) => "holds",
            Finding::Violated(_) => "violated",
            Finding::Unknown(_) => "unknown",
        }
    }

    /// The answer as one page, with what the model could draw if [that was asked for](Options::picture), else
    /// what the explanation shows.
    pub fn html(&self) -> String {
        let report = &self.report;
        let drawn = report.picture.as_deref().cloned();
        let mut picture =
            drawn.unwrap_or_else(|| Picture::of_finding(&report.finding, std::iter::empty()));
        for (title, names) in [
            ("Weakest model violated", &report.weakest_violated),
            ("Strongest model kept", &report.strongest_kept),
        ] {
            if !names.is_empty() {
                picture.notes.push(format!("{title}: {}.", names.join(", ")));
            }
        }
        picture.html()
    }

    /// The answer in the shape that programs read.
    pub fn summary(&self) -> Summary<'_> {
        let Self { model, consistency, format, report } = self;
        let explanation = match &report.finding {
            Finding::Violated(explanation) => Some(Shown::of(explanation)),
            Finding::Holds(_) | Finding::Unknown(_) => None,
        };
        Summary {
            verdict: self.verdict(),
            model,
            consistency,
            format: format.name(),
            operations: report.operations,
            keys: report.keys,
            steps: report.steps,
            summary: report.finding.summary(),
            explanation,
            strongest_kept: &report.strongest_kept,
            weakest_violated: &report.weakest_violated,
        }
    }
}

/// An answer in the shape that programs read.
#[derive(Clone, Debug, Serialize)]
pub struct Summary<'a> {
    /// `holds`, `violated` or `unknown`.
    pub verdict: &'static str,
    /// What the history was judged as.
    pub model: &'static str,
    /// What was asked of it.
    pub consistency: &'a str,
    /// How the file is written.
    pub format: &'static str,
    /// How many operations the history has.
    pub operations: usize,
    /// How many parts were judged, one per key.
    pub keys: usize,
    /// How many times an operation was tried.
    pub steps: u64,
    /// The answer in a sentence or two.
    pub summary: String,
    /// Why the history is in violation.
    pub explanation: Option<Shown<'a>>,
    /// The strongest models that the history is shown to keep.
    pub strongest_kept: &'a [&'static str],
    /// The weakest models that it is shown to violate.
    pub weakest_violated: &'a [&'static str],
}

/// An explanation in the shape that programs read.
#[derive(Clone, Debug, Serialize)]
pub struct Shown<'a> {
    /// The rule that is broken.
    pub rule: &'static str,
    /// The kind of contradiction, by its name in the literature.
    pub pattern: &'static str,
    /// The key; `None` if the model has no keys.
    pub key: Option<&'a str>,
    /// The contradiction in one sentence.
    pub sentence: &'a str,
    /// The operations that show it, in the order of their invocations.
    pub operations: &'a [crate::finding::WindowOperation],
    /// The edges of a cycle.
    pub edges: &'a [crate::finding::Edge],
    /// Where the best attempt to order the operations ended.
    pub stuck: Option<&'a crate::finding::Stuck>,
    /// Whether the history would keep the rule without any one of the operations.
    pub is_minimal: bool,
}

impl<'a> Shown<'a> {
    fn of(explanation: &'a Explanation) -> Self {
        Self {
            rule: explanation.rule,
            pattern: explanation.pattern,
            key: explanation.key.as_deref(),
            sentence: &explanation.sentence,
            operations: &explanation.window,
            edges: &explanation.edges,
            stuck: explanation.stuck.as_ref(),
            is_minimal: explanation.is_minimal,
        }
    }
}
