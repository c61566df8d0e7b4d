//! Transactions: small stories, other people's histories, and agreement with brute force.

mod shared;
mod stories;
mod support;
