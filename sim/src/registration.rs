//! How a protocol becomes known to scenario files, command line and debugger: it registers once, and
//! nothing else matches on its name.

use std::collections::BTreeMap;
use std::fmt::Debug;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bug::Bug;
use crate::client::Generator;
use crate::id::NodeId;
use crate::ledger::Family;
use crate::monitor::Monitor;
use crate::node::{Node, Protocol};
use crate::time::SimTime;
use crate::world::World;

/// The operation type of a registered protocol.
pub type OperationOf<R> = <ProtocolOf<R> as Protocol>::Operation;
/// The protocol type of a registered protocol.
pub type ProtocolOf<R> = <<R as Registration>::Node as Node>::Protocol;

/// Everything that the tools know of a protocol.
pub trait Registration: Send + Sync + 'static {
    /// Its nodes.
    type Node: Node<Protocol: Protocol<Operation: DeserializeOwned>> + Clone + Send + 'static;
    /// What a scenario may set. Unknown keys are to be refused (`#[serde(deny_unknown_fields)]`).
    type Parameters: Clone
        + Debug
        + Default
        + Serialize
        + DeserializeOwned
        + JsonSchema
        + Send
        + Sync;

    /// The name in scenario files, such as `raft`.
    const NAME: &'static str;
    /// What it is and where it comes from, in one line.
    const SUMMARY: &'static str;
    /// Its planted bugs.
    const BUGS: &'static [Bug];
    /// The probes that its code has.
    const PROBES: &'static [&'static str];
    /// The operations that are no client's but an administrator's, by their kinds: another set of servers, another leader. A
    /// consistency checker passes them over.
    const ADMINISTRATIVE: &'static [&'static str] = &[];
    /// The statistics that it reports beside the engine's own.
    const STATISTICS: &'static [Statistic];

    /// The nodes' configurations, made from the parameters.
    ///
    /// # Errors
    /// Where the parameters make no sense together: what is wrong and what would be right.
    fn set_up(
        parameters: &Self::Parameters,
        nodes: u32,
    ) -> Result<Vec<<ProtocolOf<Self> as Protocol>::Config>, String>;

    /// What is judged after every event.
    fn monitors(parameters: &Self::Parameters, nodes: u32) -> Vec<Box<dyn Monitor<Self::Node>>>;

    /// The values of [`Registration::STATISTICS`] for a run that ended, in their order; `None` where
    /// the run has none.
    fn statistics(
        _world: &World<Self::Node>,
        _notes: &[NoteEntry<ProtocolOf<Self>>],
    ) -> Vec<Option<i64>> {
        vec![]
    }

    /// What clients ask of their own accord.
    ///
    /// # Errors
    /// Where the workload names an operation that the protocol does not have: which there are.
    fn generator(_workload: &Workload) -> Result<Generator<OperationOf<Self>>, String> {
        Err(format!(
            "`{}` has no operations that clients could ask of their own accord",
            Self::NAME
        ))
    }

    /// The nodes that clients may ask: all, unless the protocol has special ones.
    fn entries(_parameters: &Self::Parameters, nodes: u32) -> Vec<NodeId> {
        NodeId::all(nodes).collect()
    }

    /// The faults under which it claims to be correct.
    fn fault_model(_parameters: &Self::Parameters, nodes: u32) -> FaultModel {
        FaultModel {
            families: Family::CRASH_RECOVERY.to_vec(),
            down_at_most: nodes.saturating_sub(1) / 2,
            drift_ppb: 0,
            bears_harsh: false,
        }
    }

    /// Whether these nodes, all up and connected, can make progress.
    fn is_core(parameters: &Self::Parameters, nodes: u32, set: &[NodeId]) -> bool {
        nodes - Self::fault_model(parameters, nodes).down_at_most <= set.len() as u32
    }
}

/// A milestone that a run reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteEntry<P: Protocol> {
    /// When.
    pub time: SimTime,
    /// The number of the event.
    pub event: u64,
    /// Who reported it.
    pub node: NodeId,
    /// What.
    pub note: P::Note,
}

/// One integer per run, on a stated scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Statistic {
    /// Its name, as in `--json`.
    pub name: &'static str,
    /// What a value is divided by when it is shown: nanoseconds shown in milliseconds have 1 000 000.
    pub scale: u64,
    /// The unit after that division; empty for plain numbers.
    pub unit: &'static str,
    /// What it measures.
    pub about: &'static str,
}

/// What clients ask of their own accord, as a scenario writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// How many keys the operations spread over.
    pub keys: u32,
    /// How often each kind of operation is asked, relative to the others.
    pub mix: BTreeMap<String, u32>,
}

/// The faults under which a protocol claims to be correct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultModel {
    /// The families that may strike.
    pub families: Vec<Family>,
    /// How many nodes may be down at one time.
    pub down_at_most: u32,
    /// How much faster or slower than true time a clock may run, in parts per billion.
    pub drift_ppb: u64,
    /// Whether a core makes progress although nodes outside of it still reach some of it, or are reached by some: one-way
    /// and partial partitions.
    pub bears_harsh: bool,
}
