//! Replicated data types under test: the laws of their lattices, stories, and every planted bug caught.

mod laws;
mod replicas;
#[path = "../gossip/support.rs"]
mod support;
