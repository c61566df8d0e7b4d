//! The program `orrery`, with the protocols and scenarios that come with it.

use std::process::ExitCode;

/// Worlds are made of many small pieces, and a sweep makes thousands of worlds.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    orrery::Cli::builtin().main()
}
