//! Orrery's command line and its debugger in the terminal, as a library.

pub mod ui;
