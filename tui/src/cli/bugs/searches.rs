//! The state file of the table of bugs: one line for each search that was made, so that an interrupted command goes on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::CliError;

/// How far one search has come. A later line of the same bug, scenario and first seed takes the place of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    pub bug: String,
    pub scenario: String,
    /// The first seed.
    pub from: u64,
    /// Seeds tried.
    pub tried: u64,
    /// Events of all runs so far.
    pub events: u64,
    /// What caught the bug in the run of the last seed that was tried; nothing did in those before.
    pub caught_by: Option<String>,
    /// The digest of that run: where it is another now, the search says nothing any more.
    pub digest: String,
}

impl Search {
    /// The last seed that was tried.
    pub(super) const fn last_seed(&self) -> u64 {
        self.from + self.tried.saturating_sub(1)
    }
}

type Key = (String, String, u64);

/// All searches of a state file.
pub(super) struct Searches {
    path: PathBuf,
    file: File,
    known: BTreeMap<Key, Search>,
}

/// The state file of the table at `table`.
pub(super) fn path_beside(table: &Path) -> PathBuf {
    let mut name = table.as_os_str().to_owned();
    name.push(".searches.jsonl");
    name.into()
}

impl Searches {
    /// Reads the state file and opens it for more. One that was cut off in the middle of a line loses that line.
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let failed = |error| CliError::Input(format!("cannot use {}: {error}", path.display()));
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(path).map_err(failed)?;
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64).map_err(failed)?;
        let mut searches = Self { path: path.into(), file, known: BTreeMap::new() };
        for (number, line) in text[..whole].lines().enumerate() {
            let search: Search = serde_json::from_str(line).map_err(|error| {
                let place = format!("{}:{}", path.display(), number + 1);
                CliError::Input(format!(
                    "{place} is no search: {error}; remove the file to begin anew"
                ))
            })?;
            searches.known.insert(key(&search), search);
        }
        Ok(searches)
    }

    /// Forgets all searches for these bugs.
    pub(super) fn forget(&mut self, bugs: &[&str]) -> Result<(), CliError> {
        self.known.retain(|(bug, _, _), _| !bugs.contains(&bug.as_str()));
        let lines: Result<Vec<String>, _> = self
            .known
            .values()
            .map(|search| serde_json::to_string(search).map(|line| line + "\n"))
            .collect();
        let written = lines.map_err(std::io::Error::other);
        let written = written.and_then(|lines| std::fs::write(&self.path, lines.concat()));
        written.map_err(|error| self.failed(&error))
    }

    /// How far the search of that bug in that scenario has come, from that seed on.
    pub(super) fn get(&self, bug: &str, scenario: &str, from: u64) -> Option<&Search> {
        self.known.get(&(bug.to_string(), scenario.to_string(), from))
    }

    /// Keeps how far a search has come.
    pub(super) fn keep(&mut self, search: &Search) -> Result<(), CliError> {
        let line = serde_json::to_string(search).map_err(std::io::Error::other);
        let written = line.and_then(|line| self.file.write_all((line + "\n").as_bytes()));
        written.map_err(|error| self.failed(&error))?;
        self.known.insert(key(search), search.clone());
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> CliError {
        CliError::Input(format!("cannot write {}: {error}", self.path.display()))
    }
}

fn key(search: &Search) -> Key {
    (search.bug.clone(), search.scenario.clone(), search.from)
}
