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
mod written;

pub use catalogue::Catalogue;
pub use error::{ScenarioError, ScenarioErrors};
pub use overrides::{Override, OverrideError};
pub use plan_file::{PlanFile, PlanFileError};
pub use scenario::Scenario;
pub use schema::schema;
pub use starter::{starter_protocol, starter_scenario};
pub use token::{Resolved, Token, TokenError};
pub use written::{WriteError, write_case};

pub use orrery_harness as harness;

pub use orrery_registry::registry;
