//! The program `orrery`, with the protocols and scenarios that come with it.

use std::process::ExitCode;

fn main() -> ExitCode {
    orrery::Cli::builtin().main()
}
