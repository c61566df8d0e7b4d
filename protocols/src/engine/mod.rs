//! Small worlds whose numbers are known exactly: they test the engine's draws, links and clocks, and teach what
//! sits under every protocol.
//!
//! - [`queue`]: jobs that wait for servers, and Little's law.
//! - [`at_least_once`]: a sender that repeats itself until it is heard.
//! - [`quorum_wait`]: how long the *k*-th of *n* answers takes.
//! - [`retry_layers`]: services that retry each other, and how that multiplies.
//! - [`commit_wait`]: timestamps from clocks that are not quite right.

pub mod at_least_once;
pub mod commit_wait;
pub mod queue;
pub mod quorum_wait;
pub mod retry_layers;
mod times;

pub use times::{Shape, Times};

/// What a mean of plain numbers is multiplied by to be a statistic: nine decimals are kept.
const SCALE: u64 = 1_000_000_000;

/// `sum / count` in units of 1 / `factor`, rounded down; `None` where there is no mean.
fn mean(sum: u128, count: u64, factor: u64) -> Option<i64> {
    let scaled = sum.checked_mul(u128::from(factor))?;
    i64::try_from(scaled.checked_div(u128::from(count))?).ok()
}
