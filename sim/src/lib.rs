//! The engine of Orrery: a deterministic discrete-event simulator for distributed systems.
//!
//! A [`Node`] is a state machine without clock, socket, thread or random source. A [`World`] runs many
//! of them under a [`Setup`]: the seed, the network's laws, the clients, and a [`Plan`](plan::Plan) of faults.
//! Every run is a pure function of its setup, so it can be repeated, copied at any event and continued from
//! there.
//!
//! ```
//! use orrery_sim::{Context, Duration, Law, Node, NodeId, Protocol, Setup, SimTime, Start, World};
//! use serde::{Deserialize, Serialize};
//!
//! /// A token goes round a ring.
//! #[derive(Clone, Debug, PartialEq, Eq)]
//! struct Ring;
//!
//! impl Protocol for Ring {
//!     type Config = ();
//!     type Message = u64; // How many hops the token has made.
//!     type Timer = ();
//!     type Record = ();
//!     type Note = ();
//!     type Operation = ();
//!     type Output = ();
//! }
//!
//! #[derive(Clone, Serialize)]
//! struct Member {
//!     seen: u64,
//! }
//!
//! impl Node for Member {
//!     type Protocol = Ring;
//!
//!     fn on_start(start: Start<'_, Ring>, ctx: &mut Context<'_, Ring>) -> Self {
//!         if start.id == NodeId(1) {
//!             ctx.send(NodeId(2), 1);
//!         }
//!         Self { seen: 0 }
//!     }
//!
//!     fn on_message(&mut self, _from: NodeId, hops: u64, ctx: &mut Context<'_, Ring>) {
//!         self.seen = hops;
//!         let next = NodeId(ctx.id().0 % ctx.node_count() + 1);
//!         ctx.send(next, hops + 1);
//!     }
//!
//!     fn on_timer(&mut self, _timer: (), _ctx: &mut Context<'_, Ring>) {}
//! }
//!
//! let mut setup = Setup::<Ring>::new(42, vec![(); 5]);
//! setup.links.default.latency = Law::Constant(Duration::from_millis(1));
//! let mut world = World::<Member>::new(setup)?;
//! while world.step(SimTime::from_nanos(1_000_000_000))?.is_some() {}
//! assert_eq!(world.node(NodeId(1)).map(|member| member.seen), Some(1_000));
//! println!("{} events, digest {}", world.events(), world.digest());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![expect(
    clippy::inline_always,
    reason = "the way of a message is one straight function; with hints alone it costs a sixth more"
)]

pub mod alone;
pub mod bug;
pub mod client;
pub mod clock;
pub mod context;
pub mod data;
pub mod digest;
pub mod id;
pub mod journal;
pub mod law;
pub mod ledger;
pub mod link;
pub mod measure;
pub mod monitor;
pub mod network;
pub mod node;
pub mod plan;
pub mod predicate;
pub mod probability;
pub mod queue;
pub mod random;
pub mod registration;
pub mod sequence;
pub mod step;
pub mod testing;
pub mod tie;
pub mod time;
mod timers;
pub mod value;
mod wall;
pub mod world;

pub use bug::{Bug, Bugs, Difficulty};
pub use clock::{Clock, Correction, WallClock, WallRun};
pub use context::{Context, Effect, Ending};
pub use data::Data;
pub use digest::Digest;
pub use id::{ClientId, NodeId, OperationId, ProcessId};
pub use journal::{Journal, Position};
pub use law::{Law, Millionths};
pub use link::{Bandwidth, Burst, Link, Order};
pub use measure::Kind;
pub use monitor::{Monitor, Violation};
pub use network::{Geography, Links, Topology};
pub use node::{Node, Protocol, Start};
pub use predicate::Predicate;
pub use probability::Probability;
pub use registration::Registration;
pub use sequence::Sequence;
pub use step::Step;
pub use tie::TiePolicy;
pub use time::{Duration, DurationRange, Interval, LocalTime, SimTime, WallTime};
pub use value::Value;
pub use world::{DamageBudget, Disk, Setup, SetupError, World};
