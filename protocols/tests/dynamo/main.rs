//! The store after Dynamo under test: short stories, planted bugs caught, and sweeps over seeds and faults.

mod bugs;
mod stories;
#[path = "../membership/support.rs"]
#[expect(dead_code, reason = "shared with the tests of membership")]
mod support;
mod sweep;
mod world;
