//! Scenarios: their file format with its errors and its schema, the catalogue, and the tokens that
//! repeat a run.

#![forbid(unsafe_code)]

mod catalogue;
mod compare;
mod error;
mod expression;
mod knobs;
mod overrides;
mod plan_file;
mod quantity;
mod read;
mod scenario;
mod schema;
mod starter;
mod suggest;
mod token;
mod tree;
mod write;

pub use catalogue::Catalogue;
pub use error::{ScenarioError, ScenarioErrors};
pub use overrides::{Override, OverrideError};
pub use plan_file::{PlanFile, PlanFileError};
pub use scenario::Scenario;
pub use schema::schema;
pub use starter::{starter_protocol, starter_scenario};
pub use token::{Resolved, Token, TokenError};

pub use orrery_harness as harness;

pub use orrery_registry::registry;
use orrery_harness::Registry;
use orrery_harness::registered;

/// All protocols that come with Orrery.
pub fn registry() -> Registry {
    Registry::default()
        .with(registered::<orrery_protocols::ping::Ping>())
        .with(registered::<orrery_protocols::raft::Raft>())
        .with(registered::<orrery_protocols::paxos::Paxos>())
        .with(registered::<orrery_protocols::multi_paxos::MultiPaxos>())
        .with(registered::<orrery_protocols::fast_paxos::FastPaxos>())
        .with(registered::<orrery_protocols::flp::Flp>())
        .with(registered::<orrery_protocols::abd::Abd>())
        .with(registered::<orrery_protocols::primary_backup::PrimaryBackup>())
        .with(registered::<orrery_protocols::chain::Chain>())
        .with(registered::<orrery_protocols::craq::Craq>())
        .with(registered::<orrery_protocols::viewstamped::Vr>())
        .with(registered::<orrery_protocols::commit::Commit>())
        .with(registered::<orrery_protocols::saga::Saga>())
        .with(registered::<orrery_protocols::engine::queue::Queue>())
        .with(registered::<orrery_protocols::engine::at_least_once::AtLeastOnce>())
        .with(registered::<orrery_protocols::engine::quorum_wait::QuorumWait>())
        .with(registered::<orrery_protocols::engine::retry_layers::RetryLayers>())
        .with(registered::<orrery_protocols::engine::commit_wait::CommitWait>())
}
