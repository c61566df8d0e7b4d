//! What a recorded history can be judged as: the table behind `orrery check --model`.

use crate::aggregates;
use crate::causal;
use crate::convergence;
use crate::finding::{Budget, Report};
use crate::linearizability;
use crate::record::{Place, ReadError, Records, Value};
use crate::sessions;
use crate::transactions;

/// What the person who asks may choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// One of the subject's [consistencies](Subject::consistencies); its first if `None`.
    pub consistency: Option<String>,
    /// The state before the first operation, where the model leaves it open.
    pub initial: Option<Value>,
    /// How much work the check may do.
    pub budget: Budget,
    /// What else the subject leaves open, by name: `total = 100` of a bank. Its
    /// [summary](Subject::summary) says what there is.
    pub settings: Vec<(String, Value)>,
    /// Whether the report is to have a [picture](Report::picture) of the history.
    pub picture: bool,
}

impl Options {
    /// The consistency asked for, or the first of those there are.
    ///
    /// # Errors
    /// It is none of them.
    pub fn consistency_among(&self, known: &[&'static str]) -> Result<&'static str, ReadError> {
        let Some(asked) = &self.consistency else { return Ok(known[0]) };
        known.iter().find(|name| name.eq_ignore_ascii_case(asked)).copied().ok_or_else(|| {
            refuse(format!(
                "there is no consistency `{asked}` here: it is one of {}",
                known.join(", ")
            ))
        })
    }

    /// Refuses every setting that is none of `known`.
    ///
    /// # Errors
    /// The first setting that is unknown, with those that are.
    pub fn only_settings(&self, known: &[&str]) -> Result<(), ReadError> {
        let Some((name, _)) = self.settings.iter().find(|(name, _)| !known.contains(&&**name))
        else {
            return Ok(());
        };
        Err(refuse(if known.is_empty() {
            format!("there is no setting `{name}` here, nor any other")
        } else {
            format!("there is no setting `{name}` here: it is one of {}", known.join(", "))
        }))
    }

    /// The value of this setting; the last one counts.
    pub fn setting(&self, name: &str) -> Option<&Value> {
        self.settings.iter().rev().find(|(set, _)| set == name).map(|(_, value)| value)
    }

    /// The number that this setting has.
    ///
    /// # Errors
    /// It is no whole number.
    pub fn setting_int(&self, name: &str) -> Result<Option<i64>, ReadError> {
        let number = |value: &Value| value.int().or_else(|| value.name()?.parse().ok());
        self.setting(name)
            .map(|value| {
                number(value)
                    .ok_or_else(|| refuse(format!("`{name}` is a whole number, not `{value}`")))
            })
            .transpose()
    }
}

/// An error that is about an option and not about the file.
fn refuse(message: String) -> ReadError {
    ReadError::new(Place { line: 1, column: 1 }, message)
}

/// Reads records in the words of one model and judges them.
///
/// # Errors
/// The first record that cannot be read, or an option that the model does not know.
pub type Judge = fn(&mut Records<'_>, &Options) -> Result<Report, ReadError>;

/// Something that a recorded history can be judged as.
pub struct Subject {
    /// As the command line names it: `register`.
    pub name: &'static str,
    /// What it is, in one line, with the functions and values its records have.
    pub summary: &'static str,
    /// What can be asked of such a history, the default first.
    pub consistencies: &'static [&'static str],
    /// Reads and judges.
    pub judge: Judge,
}

/// Every subject, by family.
pub fn subjects() -> impl Iterator<Item = &'static Subject> {
    let families: [&'static [Subject]; 6] = [
        &linearizability::SUBJECTS,
        // One family a line.
        &causal::SUBJECTS,
        &sessions::SUBJECTS,
        &transactions::SUBJECTS,
        &convergence::SUBJECTS,
        &aggregates::SUBJECTS,
    ];
    families.into_iter().flatten()
}

/// The subject of this name.
pub fn subject(name: &str) -> Option<&'static Subject> {
    subjects().find(|subject| subject.name == name)
}
