//! Transactions: small stories, other people's histories, and agreement with brute force.

mod agreement;
mod brute;
mod hermitage;
mod shared;
mod stories;
mod support;
