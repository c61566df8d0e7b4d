//! Replicated data types under test: the laws of their lattices, stories, and every planted bug caught.

mod laws;
mod replicas;
#[path = "../gossip/support.rs"]
#[expect(dead_code, reason = "shared with the tests of epidemics")]
mod support;
