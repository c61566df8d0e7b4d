//! What must hold after every event.
//!
//! Each is a monitor that remembers what it saw, outside of the nodes. Transactions are told apart by the client's operation that they
//! are, which stays unique whatever coordinators call them.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`Decisions`] as AC1 | all that decide decide the same | BHG, §7.3, AC1 |
//! | [`Decisions`] as AC2 | nobody reverses its decision, crashes or not | BHG, §7.3, AC2 |
//! | [`Decisions`] as AC3 | commit only if all voted yes | BHG, §7.3, AC3 |
//! | [`Decisions`] as AC4 | if all voted yes and nothing failed, commit | BHG, §7.3, AC4 |
//! | [`LogBeforeSend`] | a vote, or a commit, is on the sender's disk before anybody acts on it | R\*, §2 |
//! | [`PreparedRemembered`] | who voted yes never forgets it before it knows the outcome | Gray 1978 |
//! | [`MoneyConserved`] | accounts and what is in flight add up to what there was | |
//! | [`Isolation`] | audits see all the money, and no account is overdrawn | BHG, §3 |
//!
//! BHG's AC5, that all decide when failures are repaired, is liveness: the goals of `commit/chaos`.

mod decisions;
mod disks;
mod money;

use orrery_sim::Monitor;

use super::{Settings, Site};

pub use decisions::{Decisions, Rule};
pub use disks::{LogBeforeSend, PreparedRemembered};
pub use money::{Isolation, MoneyConserved};

/// All of them.
pub fn all(settings: &Settings) -> Vec<Box<dyn Monitor<Site>>> {
    let money = i64::from(settings.accounts) * settings.balance;
    vec![
        Box::new(Decisions::new(Rule::Agreement)),
        Box::new(Decisions::new(Rule::Irrevocable)),
        Box::new(Decisions::new(Rule::Unanimity)),
        Box::new(Decisions::new(Rule::NonTriviality)),
        Box::new(LogBeforeSend::new(settings)),
        Box::new(PreparedRemembered::default()),
        Box::new(MoneyConserved::new(settings.participants.clone(), money)),
        Box::new(Isolation::new(money)),
    ]
}
