//! The whole tool, with one more protocol: `cargo run -- run scenarios/first.toml`.

mod protocol;

fn main() -> std::process::ExitCode {
    orrery::Cli::builtin().with(orrery::harness::registered::<protocol::Rumors>()).main()
}
