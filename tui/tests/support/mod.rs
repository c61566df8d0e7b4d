//! What the tests of the debugger share.

pub mod screens;
pub mod session;
pub mod story;
