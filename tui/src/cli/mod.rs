//! The command line: `orrery list | new | run | replay | sweep | shrink | compare | bugs | check | verify-determinism | bench | export |
//! why | inevitable | tui`.

mod args;
mod bench;
mod bugs;
mod check;
mod compare;
mod environment;
mod export;
mod inevitable;
mod list;
mod new;
mod output;
mod replay;
mod resolve;
mod run;
mod shrink;
mod story;
mod sweep;
mod tui;
mod verify;
mod why;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches};
use orrery_harness::{Registry, Subject, Verdict};
use orrery_scenarios::Catalogue;

use args::{Arguments, Command};
use output::Output;

/// How a command ended. The numbers are the same for every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was as expected.
    AsExpected = 0,
    /// Something was judged and was not as expected.
    NotAsExpected = 1,
    /// The command or its input is wrong.
    Usage = 2,
    /// No verdict was reached.
    Unknown = 3,
    /// The program itself is at fault.
    Internal = 4,
}

impl Exit {
    /// What a verdict means where `expected` was expected.
    pub const fn of(verdict: Verdict, is_as_expected: bool) -> Self {
        match (is_as_expected, verdict) {
            (true, _) => Self::AsExpected,
            (false, Verdict::Unknown) => Self::Unknown,
            (false, Verdict::Error) => Self::Usage,
            (false, Verdict::Pass | Verdict::Fail) => Self::NotAsExpected,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not come to its end.
#[derive(Debug)]
pub enum CliError {
    /// The input is wrong: what, and what would be right.
    Input(String),
    /// A scenario file is wrong, shown with its lines.
    Scenario(Box<orrery_scenarios::ScenarioErrors>),
    /// Whoever read our output went away.
    Closed,
    /// The program itself is at fault.
    Internal(String),
}

impl std::fmt::Display for CliError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Input(message) | Self::Internal(message) => f.write_str(message),
            Self::Scenario(errors) => write!(f, "{}", errors.plain()),
            Self::Closed => f.write_str("nobody reads the output"),
        }
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Internal(format!("cannot write: {error}")),
        }
    }
}

impl From<orrery_scenarios::ScenarioErrors> for CliError {
    fn from(errors: orrery_scenarios::ScenarioErrors) -> Self {
        Self::Scenario(Box::new(errors))
    }
}

impl From<orrery_harness::recording::RecordingError> for CliError {
    fn from(error: orrery_harness::recording::RecordingError) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<orrery_harness::CaseError> for CliError {
    fn from(error: orrery_harness::CaseError) -> Self {
        Self::Input(error.to_string())
    }
}

/// The whole tool, around some protocols.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     orrery::Cli::builtin().main()
/// }
/// ```
pub struct Cli {
    registry: Registry,
    catalogue: Catalogue,
}

impl Cli {
    /// With the protocols and scenarios that come with Orrery.
    pub fn builtin() -> Self {
        Self { registry: orrery_scenarios::registry(), catalogue: Catalogue::builtin() }
    }

    /// And with one more protocol, made by [`orrery_harness::registered`].
    #[must_use]
    pub fn with(mut self, subject: Arc<dyn Subject>) -> Self {
        self.registry = self.registry.with(subject);
        self
    }

    /// Reads the command line, does what it says, and says how it ended.
    pub fn main(self) -> ExitCode {
        let mut output = Output::standard();
        let matches = match Arguments::command().try_get_matches() {
            Ok(matches) => matches,
            Err(error) => return usage(&error),
        };
        let arguments = match Arguments::from_arg_matches(&matches) {
            Ok(arguments) => arguments,
            Err(error) => return usage(&error),
        };
        self.finish(arguments, &mut output).into()
    }

    fn finish(&self, arguments: Arguments, output: &mut Output) -> Exit {
        let result = self.execute(arguments, output);
        let flushed = output.flush();
        match result.and_then(|exit| flushed.map(|()| exit).map_err(CliError::from)) {
            Ok(exit) => exit,
            Err(CliError::Closed) => Exit::AsExpected,
            Err(CliError::Input(message)) => {
                Output::complain(&message);
                Exit::Usage
            }
            Err(CliError::Scenario(errors)) => {
                Output::report(&errors);
                Exit::Usage
            }
            Err(CliError::Internal(message)) => {
                Output::complain(&format!("{message}\nThis should not happen; please report it."));
                Exit::Internal
            }
        }
    }

    fn execute(&self, arguments: Arguments, output: &mut Output) -> Result<Exit, CliError> {
        match arguments.command {
            None => tui::bare(self, output),
            Some(Command::List(list)) => list::list(self, &list, output),
            Some(Command::New(new)) => new::new(&new, output),
            Some(Command::Run(run)) => run::run(self, &run, output),
            Some(Command::Replay(replay)) => replay::replay(self, &replay, output),
            Some(Command::Sweep(sweep)) => sweep::sweep(self, &sweep, output),
            Some(Command::Shrink(shrink)) => shrink::shrink(self, &shrink, output),
            Some(Command::Compare(compare)) => compare::compare(self, &compare, output),
            Some(Command::Bugs(bugs)) => bugs::bugs(self, &bugs, output),
            Some(Command::Check(check)) => check::check(&check, output),
            Some(Command::VerifyDeterminism(verify)) => verify::verify(self, &verify, output),
            Some(Command::Bench(bench)) => bench::bench(self, &bench, output),
            Some(Command::Export(export)) => export::export(self, &export, output),
            Some(Command::Why(why)) => why::why(self, &why, output),
            Some(Command::Inevitable(which)) => inevitable::inevitable(self, &which, output),
            Some(Command::Tui(tui)) => tui::tui(self, &tui, output),
            Some(Command::Schema) => {
                let schema = orrery_scenarios::schema(&self.registry);
                output.json(&schema)?;
                Ok(Exit::AsExpected)
            }
            Some(Command::Completions { shell }) => {
                let mut command = Arguments::command();
                clap_complete::generate(shell, &mut command, "orrery", output.writer());
                Ok(Exit::AsExpected)
            }
            Some(Command::Man) => {
                clap_mangen::Man::new(Arguments::command()).render(output.writer())?;
                Ok(Exit::AsExpected)
            }
        }
    }
}

/// Clap's own message: help and version are no errors.
fn usage(error: &clap::Error) -> ExitCode {
    // Where even this cannot be printed there is nobody to tell.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage.into() } else { Exit::AsExpected.into() }
}
