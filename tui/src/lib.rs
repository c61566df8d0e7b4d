//! Orrery's command line and its debugger in the terminal, as a library: a protocol of your own gets the whole
//! tool from [`Cli::with`].

#![forbid(unsafe_code)]

pub mod cli;
pub mod export;
pub mod ui;

pub use cli::Cli;
pub use orrery_harness as harness;
pub use orrery_scenarios as scenarios;
pub use orrery_sim as sim;
