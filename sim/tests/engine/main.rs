//! The engine's rules, each as a short story with puppets: nodes that do what their script says and keep a
//! diary.

mod behind;
mod byzantine;
mod clients;
mod clocks;
mod disk;
mod disk_faults;
mod laws;
mod network;
mod nodes;
mod plan;
mod purity;
mod recovery;
mod setup;
mod slow;
mod support;
