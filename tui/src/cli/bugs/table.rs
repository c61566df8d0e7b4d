//! `orrery bugs --table`: how fast each planted bug is found.

use std::collections::BTreeMap;
use std::path::Path;

use indicatif::ProgressBar;
use orrery_harness::{Report, RunOptions, search};
use orrery_sim::Bug;

use super::searches::{Search, Searches, path_beside};
use super::{all, is_caught};
use crate::cli::args::{Bugs, Which};
use crate::cli::output::Output;
use crate::cli::resolve::{Resolved, resolve};
use crate::cli::story::grouped;
use crate::cli::sweep::progress;
use crate::cli::{Cli, CliError, Exit};

/// Searches begin this many seeds apart.
const BASE: u64 = 1_000_000;
/// After so many seeds the state file hears how far a search has come.
const CHUNK: u64 = 5_000;

const HEAD: &str = "# Planted bugs\n\n\
    Each bug is one wrong condition at one rule, off unless `--bug ID` asks for it. It counts as caught only by an\n\
    invariant, a checker or a goal, never by an assertion or a panic.\n\n\
    How hard it is to find: *E* within 1 000 seeds, *M* within 100 000, *H* by a script. What the numbers beside it do not\n\
    bear out is marked `missed`; `by script` is said of an E or M that no random scenario was tried on.\n\n\
    *script*: a fixed schedule, one run with the scenario's own seed. *random*: searches that begin a million seeds apart, by\n\
    a scenario whose faults or times are drawn from the seed. *Seeds* is the median number of seeds that a search tries until\n\
    the bug is caught, *events* the median number of events in all these runs. A search that gave up counts as longer than\n\
    all others, and `(12 of 20)` says how many did not. *Caught by* names who fired, most often first. *Replay* is the\n\
    first catch; `orrery tui TOKEN --at violation` opens it.\n\n";

const COLUMNS: &str = "| bug | protocol | | what it does wrong | found by | | caught by | seeds | events | replay |\n\
    |---|---|---|---|---|---|---|---|---|---|\n";

/// A row of the table: how one scenario finds a bug.
struct Row {
    scenario: &'static str,
    is_scripted: bool,
    searches: Vec<Search>,
    token: Option<String>,
}

/// Measures how fast each bug is found and writes the table.
pub(super) fn table(
    cli: &Cli,
    arguments: &Bugs,
    path: &Path,
    output: &mut Output,
) -> Result<Exit, CliError> {
    let bugs: Vec<(&'static str, Bug)> = all(cli).collect();
    for id in &arguments.only {
        if !bugs.iter().any(|(_, bug)| bug.id == id) {
            let known: Vec<&str> = bugs.iter().map(|(_, bug)| bug.id).collect();
            let known = known.join(", ");
            return Err(CliError::Input(format!("there is no bug `{id}`: there are {known}")));
        }
    }
    let is_meant =
        |bug: &Bug| arguments.only.is_empty() || arguments.only.iter().any(|id| id == bug.id);
    let mut rows = Lines::kept(path, COLUMNS, |line| line.strip_prefix("| ")?.split(" |").next());
    let tokens_path = arguments.tokens.as_deref();
    let mut tokens = tokens_path
        .map_or_else(Lines::default, |path| Lines::kept(path, "", |line| line.split(' ').next()));
    let mut searches = Searches::open(&path_beside(path))?;
    if arguments.fresh {
        let meant = bugs.iter().map(|(_, bug)| bug).filter(|bug| is_meant(bug));
        searches.forget(&meant.map(|bug| bug.id).collect::<Vec<_>>())?;
    }
    let mut exit = Exit::AsExpected;
    for (protocol, bug) in bugs.iter().filter(|(_, bug)| is_meant(bug)) {
        let found = measure(cli, bug, arguments, &mut searches, output)?;
        let standing = standing(bug, &found, arguments.limit);
        if standing.is_some_and(|word| word == "missed") {
            exit = Exit::NotAsExpected;
        }
        rows.put(bug.id, described(protocol, bug, standing, &found, arguments.limit));
        let token = found.iter().find_map(|row| row.token.as_ref());
        tokens.put(bug.id, token.map_or(String::new(), |token| format!("{} {token}\n", bug.id)));
    }
    let order: Vec<&str> = bugs.iter().map(|(_, bug)| bug.id).collect();
    let made = format!(
        "Written by `orrery bugs --table docs/bugs.md --tokens tui/bug-tokens.txt`: {} searches each, of at most {} seeds.\n\n",
        arguments.bases,
        grouped(arguments.limit)
    );
    write(path, &[HEAD, &made, COLUMNS, &rows.text(&order)].concat())?;
    if let Some(path) = tokens_path {
        write(path, &tokens.text(&order))?;
    }
    Ok(exit)
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let failed = |error| CliError::Input(format!("cannot write {}: {error}", path.display()));
    std::fs::write(path, text).map_err(failed)
}

/// Lines of a file that belong to a bug each, by its id.
#[derive(Default)]
struct Lines(BTreeMap<String, String>);

impl Lines {
    /// Those that a file has already behind `head`. Where there is no such file there are none.
    fn kept(path: &Path, head: &str, id: impl Fn(&str) -> Option<&str>) -> Self {
        let mut lines = Self::default();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let Some(place) = text.find(head) else { return lines };
        for line in text[place + head.len()..].lines() {
            if let Some(id) = id(line) {
                lines.0.entry(id.to_string()).or_default().extend([line, "\n"]);
            }
        }
        lines
    }

    fn put(&mut self, id: &str, lines: String) {
        self.0.insert(id.to_string(), lines);
    }

    /// Those of `order`, in that order.
    fn text(&self, order: &[&str]) -> String {
        order.iter().filter_map(|id| self.0.get(*id)).map(String::as_str).collect()
    }
}

/// Looks for a bug with every scenario that is said to find it.
fn measure(
    cli: &Cli,
    bug: &Bug,
    arguments: &Bugs,
    searches: &mut Searches,
    output: &mut Output,
) -> Result<Vec<Row>, CliError> {
    let mut rows = Vec::new();
    for scenario in bug.found_by {
        let bugs = vec![bug.id.to_string()];
        let which = Which { what: (*scenario).to_string(), bugs, ..Which::default() };
        let resolved = resolve(cli, &which)?;
        let row = match scripted(&resolved, scenario, bug)? {
            Some(row) => row,
            None => random(&resolved, scenario, bug, arguments, searches)?,
        };
        let (seeds, events) = (row.seeds(arguments.limit), row.events(arguments.limit));
        let by = row.caught_by(arguments.limit);
        output
            .line(format!("{:<4} {scenario}: {seeds} seeds, {events} events, by {by}", bug.id))?;
        output.flush()?;
        rows.push(row);
    }
    Ok(rows)
}

/// The row of a fixed schedule that shows the bug with its own seed.
fn scripted(
    resolved: &Resolved,
    scenario: &'static str,
    bug: &Bug,
) -> Result<Option<Row>, CliError> {
    if resolved.case.swarm.is_some() || resolved.case.plan.items.is_empty() {
        return Ok(None);
    }
    let report = resolved.subject.run(&resolved.case, &RunOptions::default())?;
    if !is_caught(&report) {
        return Ok(None);
    }
    let search = Search {
        bug: bug.id.to_string(),
        scenario: scenario.to_string(),
        from: report.seed,
        tried: 1,
        events: report.events,
        caught_by: Some(finder(&report)),
        digest: report.digest,
    };
    let token = Some(resolved.token(report.seed));
    Ok(Some(Row { scenario, is_scripted: true, searches: vec![search], token }))
}

/// The row of a scenario whose runs depend on their seeds.
fn random(
    resolved: &Resolved,
    scenario: &'static str,
    bug: &Bug,
    arguments: &Bugs,
    searches: &mut Searches,
) -> Result<Row, CliError> {
    let bar = progress(arguments.bases * arguments.limit, false);
    let mut made = Vec::new();
    for base in 0..arguments.bases {
        bar.set_position(base * arguments.limit);
        bar.set_message(format!(
            "{} {scenario}, search {} of {}",
            bug.id,
            base + 1,
            arguments.bases
        ));
        let from = base * BASE;
        let known = searches.get(bug.id, scenario, from).cloned();
        let known = match known {
            Some(known) if is_valid(resolved, &known)? => Some(known),
            Some(_) | None => None,
        };
        let mut search = known.unwrap_or_else(|| Search {
            bug: bug.id.to_string(),
            scenario: scenario.to_string(),
            from,
            tried: 0,
            events: 0,
            caught_by: None,
            digest: String::new(),
        });
        while search.caught_by.is_none() && search.tried < arguments.limit {
            go_on(resolved, &mut search, arguments.limit, &bar)?;
            searches.keep(&search)?;
        }
        made.push(search);
    }
    bar.finish_and_clear();
    let first = made.iter().find(|search| search.is_caught_within(arguments.limit));
    let token = first.map(|search| resolved.token(search.last_seed()));
    Ok(Row { scenario, is_scripted: false, searches: made, token })
}

/// Whether the run of the last seed that a search tried is still the same.
fn is_valid(resolved: &Resolved, search: &Search) -> Result<bool, CliError> {
    let report = run(resolved, search.last_seed())?;
    let caught_by = is_caught(&report).then(|| finder(&report));
    Ok(report.digest == search.digest && caught_by == search.caught_by)
}

/// Tries some more seeds.
fn go_on(
    resolved: &Resolved,
    search: &mut Search,
    limit: u64,
    bar: &ProgressBar,
) -> Result<(), CliError> {
    let from = search.from + search.tried;
    let seeds = from..from + CHUNK.min(limit - search.tried);
    let subject = resolved.subject.as_ref();
    let progress = || bar.inc(1);
    let found = search::first(subject, &resolved.case, seeds, 0, &is_caught, &progress)?;
    search.tried += found.tried;
    search.events += found.events;
    match found.hit {
        Some(report) => {
            search.caught_by = Some(finder(&report));
            search.digest = report.digest;
        }
        None => search.digest = run(resolved, search.last_seed())?.digest,
    }
    Ok(())
}

fn run(resolved: &Resolved, seed: u64) -> Result<Report, CliError> {
    let mut case = resolved.case.clone();
    case.seed = seed;
    Ok(resolved.subject.run(&case, &RunOptions::default())?)
}

fn finder(report: &Report) -> String {
    report.violation.as_ref().map_or(String::new(), |failure| failure.found_by.clone())
}

impl Search {
    const fn is_caught_within(&self, limit: u64) -> bool {
        self.caught_by.is_some() && self.tried <= limit
    }
}

impl Row {
    /// The median of what the searches tell; `None` where half of them gave up.
    fn median(&self, limit: u64, tells: impl Fn(&Search) -> u64) -> Option<u64> {
        let caught = self.searches.iter().filter(|search| search.is_caught_within(limit));
        let mut values: Vec<u64> = caught.map(tells).collect();
        values.sort_unstable();
        // Those that gave up come behind all others.
        values.get((self.searches.len() - 1) / 2).copied()
    }

    fn seeds(&self, limit: u64) -> String {
        let median = self.median(limit, |search| search.tried);
        let median = median.map_or_else(|| format!("> {}", grouped(limit)), grouped);
        let caught = self.searches.iter().filter(|search| search.is_caught_within(limit)).count();
        let all = self.searches.len();
        if caught == all { median } else { format!("{median} ({caught} of {all})") }
    }

    fn events(&self, limit: u64) -> String {
        self.median(limit, |search| search.events).map_or_else(|| String::from("-"), grouped)
    }

    /// Who fired, most often first, with how often where it was not always the same.
    fn caught_by(&self, limit: u64) -> String {
        let mut finders: BTreeMap<&str, usize> = BTreeMap::new();
        for search in self.searches.iter().filter(|search| search.is_caught_within(limit)) {
            *finders.entry(search.caught_by.as_deref().unwrap_or_default()).or_default() += 1;
        }
        let mut finders: Vec<(&str, usize)> = finders.into_iter().collect();
        finders.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        match finders.as_slice() {
            [] => String::from("nobody"),
            [(finder, _)] => (*finder).to_string(),
            several => {
                let shown = several.iter().map(|(finder, times)| format!("{finder} ({times})"));
                shown.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// What is to be said beside the letter of a bug: nothing where the numbers bear it out.
fn standing(bug: &Bug, rows: &[Row], limit: u64) -> Option<&'static str> {
    let is_caught = |row: &Row| row.median(limit, |search| search.tried).is_some();
    let is_scripted = rows.iter().any(|row| row.is_scripted && is_caught(row));
    let random = rows.iter().filter(|row| !row.is_scripted);
    let Some(bound) = bug.difficulty.seeds() else {
        let is_found = is_scripted || rows.iter().any(is_caught);
        return (!is_found).then_some("missed");
    };
    let mut medians = random.map(|row| row.median(limit, |search| search.tried));
    match (medians.next(), is_scripted) {
        (None, true) => Some("by script"),
        (None, false) => Some("missed"),
        (Some(first), _) => {
            let is_within = |median: Option<u64>| median.is_some_and(|median| median <= bound);
            (!is_within(first) && !medians.any(is_within)).then_some("missed")
        }
    }
}

/// The rows of a bug as Markdown.
fn described(
    protocol: &str,
    bug: &Bug,
    standing: Option<&str>,
    rows: &[Row],
    limit: u64,
) -> String {
    let mut letter = bug.difficulty.letter().to_string();
    if let Some(standing) = standing {
        letter.extend([", ", standing]);
    }
    let start = format!("| {} | {protocol} | {letter} | {} ", bug.id, bug.summary);
    if rows.is_empty() {
        return format!("{start}| | | NOT CAUGHT | | | |\n");
    }
    let described = rows.iter().map(|row| {
        let kind = if row.is_scripted { "script" } else { "random" };
        let (caught_by, seeds) = (row.caught_by(limit), row.seeds(limit));
        let token = row.token.as_ref().map_or(String::new(), |token| format!("`{token}`"));
        format!(
            "{start}| `{}` | {kind} | {caught_by} | {seeds} | {} | {token} |\n",
            row.scenario,
            row.events(limit)
        )
    });
    described.collect()
}
