//! The engine's rules, each as a short story with puppets: nodes that do what their script says and keep a
//! diary.

mod behind;
mod byzantine;
mod clients;
mod clocks;
mod clogs;
mod disk;
mod disk_faults;
mod disturbances;
mod laws;
mod network;
mod nodes;
mod partitions;
mod pipeline;
mod plan;
mod purity;
mod recovery;
mod setup;
mod slow;
mod support;
mod ties;
mod topology;
