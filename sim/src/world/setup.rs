//! How a world is made.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::bug::Bugs;
use crate::client::{Client, ClientSetup};
use crate::clock::{Clock, WallClock};
use crate::digest::Digest;
use crate::id::{ClientId, NodeId};
use crate::journal::{Journal, Position};
use crate::law::Law;
use crate::ledger::{Counters, Family, Ledger, Probes, Tally, WriteCount};
use crate::network::{Links, Network};
use crate::node::{Node, Protocol};
use crate::plan::{Action, Item, Plan, Trigger};
use crate::probability::Probability;
use crate::queue::Queue;
use crate::random::{Domain, Randomness, Stream, StreamId};
use crate::sequence::Sequence;
use crate::step::{Event, Step};
use crate::tie::TiePolicy;
use crate::time::{Duration, SimTime};
use crate::timers::Timers;
use crate::wall::Wall;

use super::check::check_laws;
use super::disks::DiskState;
use super::plan_state::{PlanState, names};
use super::{CHAIN_SPACING, Slot, What, World};

/// The laws of all disks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// How long a sync takes.
    pub sync: Law,
    /// How likely, in a crash, the record after the last that survives is torn: it is there in part.
    pub torn: Probability,
    /// How likely a crash keeps any of the writes that no sync covered instead of the first ones only.
    pub reordered: Probability,
    /// How much damage the plan may do to durable records; more of it counts as planned only. Without it, there is no limit.
    pub budget: Option<DamageBudget>,
}

/// How much damage to durable records a protocol must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageBudget {
    /// Nodes whose records may be damaged at one time.
    pub nodes: u32,
    /// Records of each of them that may be damaged at one time.
    pub records: u32,
}

/// Everything that a run follows from.
#[derive(Clone, Debug)]
pub struct Setup<P: Protocol> {
    /// The seed of all draws.
    pub seed: u64,
    /// One configuration per node: `n1` is the first.
    pub configs: Vec<P::Config>,
    /// The order of simultaneous events.
    pub tie: TiePolicy,
    /// The network.
    pub links: Links,
    /// The clocks, one per node; perfect ones where there are fewer.
    pub clocks: Vec<Clock>,
    /// The wall clocks, one per node; true ones, but for the drift of the node's clock, where there are fewer.
    pub wall_clocks: Vec<WallClock>,
    /// The disks.
    pub disk: Disk,
    /// The clients.
    pub clients: ClientSetup<P>,
    /// What happens to the world.
    pub plan: Plan<P::Operation>,
    /// The planted bugs.
    pub bugs: Bugs,
}

impl<P: Protocol> Setup<P> {
    /// Nodes with these configurations on a network without delay, and nothing else.
    pub fn new(seed: u64, configs: Vec<P::Config>) -> Self {
        Self {
            seed,
            configs,
            tie: TiePolicy::Fifo,
            links: Links::default(),
            clocks: vec![],
            wall_clocks: vec![],
            disk: Disk::default(),
            clients: ClientSetup::default(),
            plan: Plan::default(),
            bugs: Bugs::default(),
        }
    }
}

/// Why there is no such world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// No node at all.
    #[error("a run needs at least one node")]
    NoNodes,
    /// A node that does not exist is named.
    #[error("there is no {0}: the run has the nodes n1 to n{1}")]
    NoSuchNode(NodeId, u32),
    /// A client that does not exist is named.
    #[error("there is no {0}: the run has {1} clients")]
    NoSuchClient(ClientId, u32),
    /// Clients without a node to ask.
    #[error("the clients have no node to ask: name at least one entry node")]
    NoEntries,
    /// A law that is none: where, and what is wrong with it.
    #[error("{0}: {1}")]
    NoLaw(String, String),
    /// A plan item that waits for another, ends it or aims at its node, and there is no such item.
    #[error("the plan has no item named `{0}`")]
    NoSuchItem(String),
    /// An item that is added to a run under way, and belongs into its past.
    #[error(
        "the run has reached event {0}: what is added to its plan strikes behind that event or a later one"
    )]
    TooLate(u64),
    /// A wall clock that is always being corrected.
    #[error("the wall clock of {0} is corrected every 0s: it needs a positive time, such as `64s`")]
    NoTimeBetweenCorrections(NodeId),
}

impl<N: Node> World<N> {
    /// The world at time zero, before its first event.
    ///
    /// # Errors
    /// Where the setup names nodes, clients or plan items that do not exist.
    pub fn new(setup: Setup<N::Protocol>) -> Result<Self, SetupError> {
        let count = setup.configs.len() as u32;
        check(&setup, count)?;
        let ledger = planned(&setup);
        let walls = walls(&setup, count);
        let clocks = setup.clocks.into_iter().map(Some).chain(std::iter::repeat(None));
        let configs = setup.configs.into_iter().zip(clocks).zip(NodeId::all(count));
        let nodes =
            configs.map(|((config, clock), id)| slot(id, config, clock.unwrap_or_default()));
        let mut world = Self {
            now: SimTime::ZERO,
            queue: Queue::default(),
            tie: setup.tie,
            randomness: Randomness::new(setup.seed),
            nodes: nodes.collect(),
            walls,
            network: Network::new(setup.links, count as usize),
            held: vec![],
            byzantine: BTreeMap::new(),
            disturbances: vec![],
            is_tampered: setup.tie == TiePolicy::Shuffled,
            flaps: vec![],
            flaps_made: 0,
            kept_back: vec![],
            disk: setup.disk,
            clients: (1..=setup.clients.count).map(|id| Client::new(ClientId(id))).collect(),
            setup: setup.clients,
            history: Sequence::new(),
            plan: PlanState::new(setup.plan),
            urgent: VecDeque::new(),
            bugs: setup.bugs,
            digest: Digest::default(),
            chain: vec![],
            chain_spacing: CHAIN_SPACING,
            next_checkpoint: CHAIN_SPACING,
            next_halt: 0,
            counters: Counters::default(),
            ledger,
            probes: Probes::default(),
            is_tracing: false,
            is_described: false,
            purity: None,
            impurity: None,
            step: Step {
                number: 0,
                time: SimTime::ZERO,
                cause: None,
                event: Event::Start { node: NodeId(1) },
                handled_by: None,
                outcomes: vec![],
                notes: vec![],
                ended: vec![],
            },
            writes_since_sync: 0,
            effects: vec![],
            crash_inside: None,
            fallen: None,
        };
        world.decide_description();
        world.queue_first_events();
        world.halt();
        Ok(world)
    }

    fn queue_first_events(&mut self) {
        // A queue that has just been made has room for these.
        let mut first: Vec<(SimTime, What<N::Protocol>)> = Vec::new();
        first.extend(NodeId::all(self.node_count()).map(|id| (SimTime::ZERO, What::Start(id))));
        first.extend(self.plan.timed().map(|(item, time)| (time, What::Item(item))));
        for (time, what) in first {
            self.push(time, what).expect("a new queue has room for every node and plan item");
        }
        for index in 0..self.clients.len() {
            self.think(index).expect("a new queue has room for every client");
        }
    }
}

fn slot<N: Node>(id: NodeId, config: <N::Protocol as Protocol>::Config, clock: Clock) -> Slot<N> {
    Slot {
        config,
        node: None,
        incarnation: 0,
        last_crash: None,
        is_paused: false,
        is_held: false,
        inbox: VecDeque::new(),
        service: None,
        clock,
        journal: Journal::default(),
        issued: Position::default(),
        outbox: VecDeque::new(),
        barrier: None,
        disk: DiskState::new(id),
        writes: WriteCount::default(),
        timers: Timers::new(),
        stream: Stream::new(StreamId::new(Domain::Node, id.0, 0)),
        drift_was_effective: false,
        pause_was_effective: false,
    }
}

fn walls<P: Protocol>(setup: &Setup<P>, count: u32) -> Vec<Wall> {
    let wall = |id: NodeId| {
        let law = setup.wall_clocks.get(id.index()).copied().unwrap_or_default();
        let ppb = setup.clocks.get(id.index()).map_or(0, Clock::ppb);
        Wall::new(law, ppb, id)
    };
    NodeId::all(count).map(wall).collect()
}

fn check<P: Protocol>(setup: &Setup<P>, count: u32) -> Result<(), SetupError> {
    if count == 0 {
        return Err(SetupError::NoNodes);
    }
    let links = setup.links.overrides.keys().flat_map(|(from, to)| [*from, *to]);
    let named = links.chain(setup.clients.entries.iter().copied());
    if let Some(node) = named.into_iter().find(|node| !(1..=count).contains(&node.0)) {
        return Err(SetupError::NoSuchNode(node, count));
    }
    if 0 < setup.clients.count && setup.clients.entries.is_empty() {
        return Err(SetupError::NoEntries);
    }
    let is_restless =
        |wall: &WallClock| wall.correction.is_some_and(|law| law.every == Duration::ZERO);
    if let Some(place) = setup.wall_clocks.iter().position(is_restless) {
        return Err(SetupError::NoTimeBetweenCorrections(NodeId::from_index(place)));
    }
    check_laws(setup)?;
    let mut item_names = BTreeSet::new();
    item_names.extend(setup.plan.items.iter().filter_map(|item| item.name.as_deref()));
    let mut items = setup.plan.items.iter();
    items.try_for_each(|item| check_item(item, &item_names, count, setup.clients.count))
}

/// Whether everything that an item of the plan names exists, among items of these names.
pub(super) fn check_item<O>(
    item: &Item<O>,
    item_names: &BTreeSet<&str>,
    count: u32,
    clients: u32,
) -> Result<(), SetupError> {
    let (nodes, mut items) = names(&item.action);
    if let Trigger::After { item, .. } = &item.trigger {
        items.push(item);
    }
    if let Some(name) = items.into_iter().find(|name| !item_names.contains(name)) {
        return Err(SetupError::NoSuchItem(name.to_string()));
    }
    if let Action::Request { client, .. } = &item.action
        && !(1..=clients).contains(&client.0)
    {
        return Err(SetupError::NoSuchClient(*client, clients));
    }
    match nodes.into_iter().find(|node| !(1..=count).contains(&node.0)) {
        Some(node) => Err(SetupError::NoSuchNode(node, count)),
        None => Ok(()),
    }
}

/// The ledger before the run: what is switched on.
fn planned<P: Protocol>(setup: &Setup<P>) -> Ledger {
    let mut ledger = Ledger::default();
    for family in setup.plan.items.iter().filter_map(|item| item.action.family()) {
        ledger.tally_mut(family).planned += 1;
    }
    let laws = |is_on: fn(&crate::link::Link) -> bool| {
        setup.links.all().filter(|link| is_on(link)).count() as u64
    };
    ledger.tally_mut(Family::Loss).planned += laws(|link| !link.loss.is_never());
    ledger.tally_mut(Family::Duplication).planned += laws(|link| !link.duplicate.is_never());
    ledger.tally_mut(Family::TornWrite).planned += u64::from(!setup.disk.torn.is_never());
    ledger.tally_mut(Family::ReorderedWrites).planned +=
        u64::from(!setup.disk.reordered.is_never());
    ledger.tally_mut(Family::Burst).planned += laws(|link| link.burst.is_some());
    ledger.tally_mut(Family::Corruption).planned += laws(|link| !link.corruption.is_never());
    ledger.tally_mut(Family::Bandwidth).planned += laws(|link| link.bandwidth.is_some());
    let drifting = setup.clocks.iter().filter(|clock| clock.ppb() != 0).count() as u64;
    let clock = ledger.tally_mut(Family::Clock);
    *clock = Tally { planned: clock.planned + drifting, applied: drifting, ..*clock };
    ledger
}
