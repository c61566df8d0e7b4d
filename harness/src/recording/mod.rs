//! A run as a file: the header, the world before the first event, one line per event with what it changed, and an
//! end that proves the rest whole.
//!
//! Each line is one JSON object; the lines are compressed by zstd, so `zstdcat FILE | jq` reads them. From time to
//! time a line holds the whole world, and begins a zstd frame of its own: that is where a reader begins who seeks.

mod change;
mod error;
mod file;
mod follow;
mod lines;
mod names;
mod patch;
mod read;
mod recorder;
mod session;
mod track;
mod tree;

pub use error::RecordingError;
pub use file::{is_recording, write};
pub use lines::{Drawn, RecordingEnd, RecordingHeader};
pub use read::{Event, Reader};
pub use recorder::{Line, Part, Recorder, Retained};
pub use session::RecordedSession;

/// The version of the format. A reader accepts its own.
pub const FORMAT: u32 = 2;

/// What a recording keeps of where its case came from, so that it can be run again without any other file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The scenario as it was written; `None` for a case that was made by code.
    pub text: Option<String>,
    /// The plan file of the run: its name, and its text.
    pub plan: Option<(String, String)>,
    /// What was set, each as `key=value`.
    pub overrides: Vec<String>,
}

/// The version of the engine, as headers and fingerprints have it.
pub fn engine() -> String {
    format!("{}+rng{}", env!("CARGO_PKG_VERSION"), orrery_sim::random::RNG_VERSION)
}
