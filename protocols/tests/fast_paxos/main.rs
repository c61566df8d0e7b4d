//! Fast Paxos under test: short stories with their costs, each bug caught, and sweeps.

mod bugs;
mod stories;
mod support;
mod sweep;
