//! The protocols that come with Orrery.
//!
//! Each is built here into an engine, a debugger and a recorder of its own, which takes the compiler longer than all else together. So
//! nothing else is here: scenario files, commands and views change without building them again.

#![forbid(unsafe_code)]

use orrery_harness::Registry;
use orrery_harness::registered;

/// All protocols that come with Orrery.
pub fn registry() -> Registry {
    Registry::default()
        .with(registered::<orrery_protocols::ping::Ping>())
        .with(registered::<orrery_protocols::raft::Raft>())
        .with(registered::<orrery_protocols::paxos::Paxos>())
        .with(registered::<orrery_protocols::multi_paxos::MultiPaxos>())
        .with(registered::<orrery_protocols::fast_paxos::FastPaxos>())
        .with(registered::<orrery_protocols::flp::Flp>())
        .with(registered::<orrery_protocols::abd::Abd>())
        .with(registered::<orrery_protocols::primary_backup::PrimaryBackup>())
        .with(registered::<orrery_protocols::chain::Chain>())
        .with(registered::<orrery_protocols::craq::Craq>())
        .with(registered::<orrery_protocols::viewstamped::Vr>())
        .with(registered::<orrery_protocols::gossip::rumor::Rumor>())
        .with(registered::<orrery_protocols::gossip::database::Database>())
        .with(registered::<orrery_protocols::gossip::averaging::Averaging>())
        .with(registered::<orrery_protocols::crdt::Crdt>())
        .with(registered::<orrery_protocols::commit::Commit>())
        .with(registered::<orrery_protocols::saga::Saga>())
        .with(registered::<orrery_protocols::detector::Detector>())
        .with(registered::<orrery_protocols::swim::Swim>())
        .with(registered::<orrery_protocols::overlay::Overlay>())
        .with(registered::<orrery_protocols::dynamo::Dynamo>())
        .with(registered::<orrery_protocols::sessions::Sessions>())
        .with(registered::<orrery_protocols::engine::queue::Queue>())
        .with(registered::<orrery_protocols::engine::at_least_once::AtLeastOnce>())
        .with(registered::<orrery_protocols::engine::quorum_wait::QuorumWait>())
        .with(registered::<orrery_protocols::engine::retry_layers::RetryLayers>())
        .with(registered::<orrery_protocols::engine::commit_wait::CommitWait>())
}
