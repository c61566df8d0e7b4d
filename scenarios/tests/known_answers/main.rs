//! Numbers from papers and textbooks that must come out, at fewer repetitions than the commands that the book
//! names.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "statistics of finished runs"
)]

mod messages;
mod queues;
mod quorums;
mod raft;
mod split_votes;
mod support;
