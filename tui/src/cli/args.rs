//! What can be typed.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use orrery_scenarios::Override;

use crate::export::Format;
use crate::ui::Place;

/// A deterministic simulator and teaching lab for distributed systems.
///
/// Without a command it opens the debugger on a terminal, and prints the catalogue elsewhere.
#[derive(Debug, Parser)]
#[command(name = "orrery", version, arg_required_else_help = false)]
#[command(after_help = "Exit codes: 0 as expected, 1 not as expected, 2 wrong usage or input, \
                        3 no verdict, 4 internal error.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the scenarios
    List(List),
    /// Write a commented scenario or protocol to start from
    New(New),
    /// Run a scenario once and tell what happened
    Run(Run),
    /// Run again what a token or a recording names, and compare
    Replay(Replay),
    /// Run a scenario under many seeds, on all cores
    Sweep(Sweep),
    /// Make a failing run as small as it gets, and write it as a scenario
    Shrink(Shrink),
    /// Put protocols side by side: same clients, links, seeds and faults
    Compare(Compare),
    /// List the planted bugs, or prove that each is caught
    Bugs(Bugs),
    /// Judge a recorded history, of any system
    Check(Check),
    /// Prove that scenarios do the same every time
    VerifyDeterminism(Verify),
    /// Measure what a message costs
    Bench(Bench),
    /// Write a run as a picture, a trace, a log, a test or a page
    Export(Export),
    /// Tell what led to an event of a run
    Why(Why),
    /// Tell from when on a failing run was bound to fail
    Inevitable(Inevitable),
    /// Step through a run in the terminal
    Tui(Tui),
    /// Print the JSON Schema of scenario files
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// Which run is meant.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Which {
    /// A scenario's name, a path to a .toml file, or the token of a run
    #[arg(value_name = "SCENARIO|FILE|TOKEN")]
    pub what: String,
    /// The seed of all random draws [default: the scenario's]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Set a knob, a parameter of the protocol, or a path in the file (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Switch a planted bug on (repeatable); `orrery bugs` lists them
    #[arg(long = "bug", value_name = "ID")]
    pub bugs: Vec<String>,
    /// A plan file: what else happens in the run, or what happens instead
    #[arg(long, value_name = "FILE")]
    pub plan: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct New {
    #[command(subcommand)]
    pub what: NewWhat,
}

#[derive(Debug, Subcommand)]
pub(super) enum NewWhat {
    /// A scenario file that runs as it is
    Scenario {
        /// Its name; the file becomes NAME.toml
        name: String,
    },
    /// A crate with a protocol of your own that runs as it is
    Protocol {
        /// Its name; the folder becomes NAME
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    pub which: Which,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print the verdict alone
    #[arg(long, short)]
    pub quiet: bool,
    /// Write the run to a file while it goes, event by event; `tui FILE` opens it, `replay FILE` proves it
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write what the clients saw to a file that `check FILE` judges: Jepsen's EDN if it ends in .edn, else JSON lines
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Where the run fails: make it as small as it gets, and write it as a scenario, as `orrery shrink` does
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    pub shrink: bool,
}

#[derive(Debug, Args)]
pub(super) struct Shrink {
    #[command(flatten)]
    pub which: Which,
    /// Where the scenario of the smaller run is written [default: a name made of scenario, seed and bugs, here]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How many runs are made at most
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_runs: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print the name of the file alone
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The token of a run, or a recording made by `run --record`
    #[arg(value_name = "TOKEN|FILE")]
    pub what: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print the verdict alone
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct Sweep {
    /// A scenario's name or a path to a .toml file
    #[arg(value_name = "SCENARIO|FILE")]
    pub what: String,
    /// The seeds: from A up to but without B
    #[arg(long, value_name = "A..B")]
    pub seeds: Seeds,
    /// Set a knob, a parameter of the protocol, or a path in the file (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Switch a planted bug on (repeatable)
    #[arg(long = "bug", value_name = "ID")]
    pub bugs: Vec<String>,
    /// How many runs at a time [default: all cores]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub jobs: usize,
    /// Stop soon after the first run that is not as expected
    #[arg(long)]
    pub stop_at_failure: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print the verdict alone
    #[arg(long, short)]
    pub quiet: bool,
}

/// Which runs are put side by side.
#[derive(Debug, Args)]
pub(super) struct Compare {
    /// Scenarios or files; one with `[[compare]]` is as many as it lists
    #[arg(value_name = "SCENARIO|FILE", required = true)]
    pub what: Vec<String>,
    /// Run each scenario with each of these protocols in place of its own; those that it is not written for have their
    /// default parameters
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub protocols: Vec<String>,
    /// Compare these alone, by the names that the table has (repeatable)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The seed of all random draws [default: the scenario's]
    #[arg(long, conflicts_with = "seeds")]
    pub seed: Option<u64>,
    /// Many seeds: from A up to but without B. The table then shows means over the runs
    #[arg(long, value_name = "A..B")]
    pub seeds: Option<Seeds>,
    /// Set a knob, a parameter of the protocols, or a path in the file (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// How many runs at a time [default: all cores]
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub jobs: usize,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches of a command line")]
pub(super) struct Bugs {
    /// Print one JSON array
    #[arg(long)]
    pub json: bool,
    /// Replay one committed token per bug, and fail if any bug is not caught
    #[arg(long)]
    pub verify: bool,
    /// Shrink the run of the committed token of each bug, and print how large it was and is (Markdown)
    #[arg(long, conflicts_with_all = ["json", "verify", "table"])]
    pub shrink: bool,
    /// Measure how fast each bug is found, and write the table (Markdown) to a file
    ///
    /// Each search that is made is kept in FILE.searches.jsonl beside it, so that the same command goes on where it was
    /// interrupted, and repeats only searches whose runs are others by now.
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,
    /// With --table: write the tokens of the found runs to a file
    #[arg(long, value_name = "FILE", requires = "table")]
    pub tokens: Option<PathBuf>,
    /// With --table or --shrink: measure this bug alone (repeatable); the files keep what they say of others
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// With --table: forget the searches that are kept, and make all again
    #[arg(long, requires = "table")]
    pub fresh: bool,
    /// With --table: how many searches are made; that number b begins at seed b million
    #[arg(long, default_value_t = 20, requires = "table", value_parser = clap::value_parser!(u64).range(1..))]
    pub bases: u64,
    /// With --table: how many seeds a search tries before it gives up
    #[arg(long, default_value_t = 100_000, requires = "table", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub limit: u64,
}

/// What is to be judged, and how.
///
/// The answer is `holds`, `violated` with the few operations that contradict each other, or `unknown`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 as expected, 1 not as expected, 2 wrong usage or input, 3 unknown.\n\n\
    Example: orrery check history.edn --model cas-register --init 0"
)]
pub(super) struct Check {
    /// A recorded history; `-` for standard input
    pub file: Option<PathBuf>,
    /// What the system should look like from outside; `list` tells what there is
    #[arg(long, value_name = "MODEL")]
    pub model: String,
    /// The state before the first operation, where the model leaves it open
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub init: Option<String>,
    /// What is asked of the history [default: the first that `--model list` shows]
    #[arg(long, value_name = "NAME")]
    pub consistency: Option<String>,
    /// How the file is written: jsonl, edn, etcd-log, kv-log, elle-json, awdit, plume [default: guessed]
    #[arg(long, value_name = "NAME")]
    pub format: Option<String>,
    /// What else the model leaves open (repeatable); `--model list` tells what there is
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// The answer that counts as success
    #[arg(long, value_enum, default_value_t = ExpectedFinding::Holds)]
    pub expect: ExpectedFinding,
    /// Draw the answer as one page that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print the verdict alone
    #[arg(long, short)]
    pub quiet: bool,
}

/// What a check may be expected to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ExpectedFinding {
    /// The history keeps the rule
    Holds,
    /// It does not
    Violated,
}

/// A name and its value.
fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    pair.ok_or_else(|| String::from("write a name and a value, as in total=100"))
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Scenarios, files or tokens; all of the catalogue where there are none
    #[arg(value_name = "SCENARIO|FILE|TOKEN")]
    pub what: Vec<String>,
    /// Another build of this program to compare with
    #[arg(long, value_name = "BINARY")]
    pub against: Option<PathBuf>,
    /// Skip the run in a second process
    #[arg(long)]
    pub in_process: bool,
    /// Print what tells the run from another, and its events from A up to but without B: for a second process
    #[arg(long, value_name = "A..B", hide = true)]
    pub print: Option<Seeds>,
}

#[derive(Debug, Args)]
pub(super) struct Bench {
    /// What is measured
    #[arg(value_enum, default_value_t = Measured::All)]
    pub workload: Measured,
    /// How many messages are delivered, or how many events the run to go back and forth in has
    #[arg(default_value = "1_000_000", value_parser = count)]
    pub messages: u64,
    /// The seed of all random draws
    #[arg(default_value_t = 1)]
    pub seed: u64,
    /// Print a table as JSON, one row a line; a single workload is one such line anyway
    #[arg(long)]
    pub json: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Measured {
    /// A table of the workloads, each beside the same work written by hand
    All,
    /// One token goes round five nodes: what the engine costs
    Ring,
    /// Fifty nodes ask each other every millisecond: what the queue costs
    Flood,
    /// A hundred nodes send heartbeats to all others: what timers and links cost
    Echo,
    /// Five nodes talk, alone and among 10 000: what idle nodes cost
    Idle,
    /// A cursor goes back and forth in a run of as many events: what the debugger's jumps cost
    Seek,
}

/// A number of things, at least one, that may be written as `1_000_000`.
fn count(text: &str) -> Result<u64, String> {
    let number = text.replace('_', "").parse().ok().filter(|number| 0 < *number);
    number.ok_or_else(|| String::from("write a number from 1, as in 1_000_000"))
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// What is written
    #[arg(value_enum)]
    pub format: Format,
    #[command(flatten)]
    pub which: Which,
    /// The file; the standard output where absent
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The first event: its number, a time such as 1.2s, `violation`, or `start`
    #[arg(long, value_name = "PLACE", value_parser = place)]
    pub from: Option<Place>,
    /// The last event: its number, a time such as 1.2s, `violation`, or `end`
    #[arg(long, value_name = "PLACE", value_parser = place)]
    pub to: Option<Place>,
    /// With `screen`: keys that are pressed in the debugger at the last event, as in `i<Enter>`
    #[arg(long, value_name = "KEYS")]
    pub keys: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Why {
    #[command(flatten)]
    pub which: Which,
    /// The event: its number, a time such as 1.2s, `violation`, or `end` [default: the violation, else the last event]
    #[arg(long, value_name = "PLACE", value_parser = place)]
    pub event: Option<Place>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Inevitable {
    #[command(flatten)]
    pub which: Which,
    /// How many other endings are drawn at each moment
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub runs: u64,
    /// At how many moments, evenly spread; as many again where it was decided
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(2..=1_000))]
    pub points: u64,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn place(text: &str) -> Result<Place, String> {
    text.parse()
}

#[derive(Debug, Args)]
pub(super) struct Tui {
    /// A scenario's name, a path to a .toml file or to a recording, or the token of a run; a choice of all
    /// where absent
    #[arg(value_name = "SCENARIO|FILE|TOKEN")]
    pub what: Option<String>,
    /// The seed of all random draws [default: the scenario's]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Set a knob, a parameter of the protocol, or a path in the file (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Switch a planted bug on (repeatable)
    #[arg(long = "bug", value_name = "ID")]
    pub bugs: Vec<String>,
    /// A plan file: what else happens in the run, or what happens instead
    #[arg(long, value_name = "FILE")]
    pub plan: Option<String>,
    /// Where to begin: an event's number, a time such as 1.2s, `violation`, `end` or `start`
    #[arg(long, value_name = "PLACE")]
    pub at: Option<String>,
    /// Colours: dark, light, colour-blind or mono [default: dark, or mono where `NO_COLOR` is set]
    #[arg(long)]
    pub theme: Option<String>,
    /// Draw with plain letters only
    #[arg(long)]
    pub ascii: bool,
}

/// A half-open range of seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seeds(pub std::ops::Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.replace('_', "").parse::<u64>().ok();
        let range = text.split_once("..").and_then(|(from, to)| Some(number(from)?..number(to)?));
        match range {
            None => Err(String::from("write two numbers, as in 0..1000")),
            Some(range) if range.end <= range.start => Err(format!(
                "the range is empty: the second number must be greater, as in {}..{}",
                range.start,
                range.start.saturating_add(1_000)
            )),
            Some(range) => Ok(Self(range)),
        }
    }
}
