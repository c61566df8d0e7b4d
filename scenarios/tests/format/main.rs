//! The scenario format: what files say and how they are wrong.

mod cases;
mod compared;
mod errors;
mod paper;
mod plan_files;
mod plans;
mod world;
mod written;
