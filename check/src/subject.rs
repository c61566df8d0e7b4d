//! What a recorded history can be judged as: the table behind `orrery check --model`.

use crate::finding::{Budget, Report};
use crate::record::{ReadError, Records, Value};

/// What the person who asks may choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// One of the subject's [consistencies](Subject::consistencies); its first if `None`.
    pub consistency: Option<String>,
    /// The state before the first operation, where the model leaves it open.
    pub initial: Option<Value>,
    /// How much work the check may do.
    pub budget: Budget,
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
    [].into_iter()
}

/// The subject of this name.
pub fn subject(name: &str) -> Option<&'static Subject> {
    subjects().find(|subject| subject.name == name)
}
