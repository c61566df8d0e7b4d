//! What can be wrong with a recording.

use std::io;

use super::FORMAT;

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file itself.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// It is something else.
    #[error(
        "{0} is no recording: it does not begin with a recording's header. One is made by `orrery run SCENARIO --record FILE`"
    )]
    NoRecording(String),
    /// There is nothing in it.
    #[error(
        "{0} is empty: whoever wrote it was interrupted, or it is no recording. One is made by `orrery run SCENARIO --record FILE`"
    )]
    Empty(String),
    /// Another version.
    #[error(
        "{path} has format {found}; this release reads format {FORMAT}. Use the release {engine} that wrote it, or record the run again"
    )]
    Format {
        /// Which.
        path: String,
        /// Its format.
        found: u32,
        /// What wrote it.
        engine: String,
    },
    /// Its rest is missing.
    #[error(
        "{path} breaks off after {events} events: its end is missing, so it was cut short, or its writer was. Copy it again, or record the run again; `orrery tui {path}` shows the blocks that are whole"
    )]
    Truncated {
        /// Which.
        path: String,
        /// How many whole events there are.
        events: u64,
    },
    /// It is not what was written.
    #[error("{path} is damaged: {what}. Take the original file, or record the run again")]
    Corrupt {
        /// Which.
        path: String,
        /// How it shows.
        what: String,
    },
}
