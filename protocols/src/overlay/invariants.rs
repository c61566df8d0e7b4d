//! What must hold after every event.
//!
//! | monitor | property | where |
//! |---|---|---|
//! | [`DeliveredOnce`] | nothing is delivered that was not broadcast, and nothing twice in a node's life | Plumtree, §2 |
//! | [`ViewsInShape`] | views keep their sizes, nobody is in two of them, and Plumtree's peers are the active view | HyParView, §4.1; Plumtree, §3.2 |
//! | [`PeersDeliver`] | once the network is calm, what is delivered at a node is delivered at its peers within [`delivery_bound`] | Plumtree, §3.4 |
//! | [`ActiveLinksAreMutual`] | a link that only one side knows of is gone within [`mutual_bound`] | HyParView, §4.1 |

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::step::Event;
use orrery_sim::{Duration, Monitor, NodeId, OperationId, SimTime, Step, Violation, World};

use crate::undisturbed::Undisturbed;

use super::peer::{Note, Overlay, Peer, Settings};

/// All of them, for a run of `nodes` nodes.
pub fn all(settings: &Settings, nodes: u32) -> Vec<Box<dyn Monitor<Peer>>> {
    vec![
        Box::new(DeliveredOnce::default()),
        Box::new(ViewsInShape),
        Box::new(ActiveLinksAreMutual::new(settings, nodes)),
        Box::new(PeersDeliver::new(settings, nodes)),
    ]
}

/// Within how long a broadcast that a node has delivered is delivered at its peers, where nothing is lost: it comes by itself, or its announcement does,
/// and after `graft_timeout` the peer asks whoever announced it, one after the other, at most twice as many as `active`, for some may be peers no more. A period stands for what the messages
/// take, and a quarter for clocks.
pub fn delivery_bound(settings: &Settings) -> Duration {
    let grafts = settings.graft_again * u64::from(settings.active) * 2;
    let bound = settings.graft_timeout + grafts + settings.period;
    bound + bound.checked_mul_ratio(1, 4).unwrap_or(bound)
}

/// Within how long a link is gone that only one side knows of: the other side gives no sign of life for questions that come from now on,
/// and after `patience` of these the link is dropped. One period for the question that is due, one for the one that was on its way,
/// and a quarter for clocks.
pub fn mutual_bound(settings: &Settings) -> Duration {
    let bound = settings.period * (settings.patience + 3);
    bound + bound.checked_mul_ratio(1, 4).unwrap_or(bound)
}

/// No creation, no duplication (Plumtree, §2).
#[derive(Clone, Debug, Default, Serialize)]
pub struct DeliveredOnce {
    broadcast: BTreeSet<OperationId>,
    /// By node: in which of its lives, and what it has delivered in that.
    delivered: BTreeMap<NodeId, (u32, BTreeSet<OperationId>)>,
}

impl Monitor<Peer> for DeliveredOnce {
    fn name(&self) -> &'static str {
        "Delivered Once"
    }

    fn after(&mut self, step: &Step<Overlay>, world: &World<Peer>) -> Result<(), Violation> {
        let Some(node) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            if let Note::Broadcasts { id } = note {
                self.broadcast.insert(*id);
            }
            let Note::Delivered { id, .. } = note else { continue };
            let life = world.incarnation(node);
            let delivered = self.delivered.entry(node).or_default();
            if delivered.0 != life {
                *delivered = (life, BTreeSet::new());
            }
            let is_first = delivered.1.insert(*id);
            if is_first && self.broadcast.contains(id) {
                continue;
            }
            let why = if is_first { "nobody had broadcast it" } else { "it had been before" };
            return Err(Violation {
                rule: "Delivered Once",
                source: "Plumtree, §2",
                facts: vec![format!("{id} is delivered at {node} at {}", step.time), why.into()],
                nodes: vec![node],
            });
        }
        Ok(())
    }
}

/// Views in Shape (HyParView, §4.1; Plumtree, §3.2).
#[derive(Clone, Debug, Serialize)]
pub struct ViewsInShape;

impl ViewsInShape {
    /// What is wrong with a node's views.
    fn fault(id: NodeId, peer: &Peer, settings: &Settings) -> Option<String> {
        let views = peer.views();
        let sizes = [
            ("active", views.active.len(), settings.active),
            ("passive", views.passive.len(), settings.passive),
            ("lost", views.lost.len(), settings.passive),
        ];
        if let Some((name, size, limit)) =
            sizes.into_iter().find(|(_, size, limit)| (*limit as usize) < *size)
        {
            return Some(format!("{size} are in the {name} view, where {limit} may be"));
        }
        let names = views.active.keys().chain(&views.passive).chain(&views.lost);
        let mut seen = BTreeSet::from([id]);
        for name in names {
            if !seen.insert(*name) {
                return Some(format!("{name} is there twice, or itself"));
            }
        }
        let (eager, lazy) = (peer.eager(), peer.lazy());
        let is_split = eager.len() + lazy.len() == views.active.len()
            && eager.union(lazy).eq(views.active.keys());
        (!is_split).then(|| {
            let active = views.active.keys();
            format!("{active:?} are active, {eager:?} eager, {lazy:?} lazy")
        })
    }
}

impl Monitor<Peer> for ViewsInShape {
    fn name(&self) -> &'static str {
        "Views in Shape"
    }

    fn after(&mut self, step: &Step<Overlay>, world: &World<Peer>) -> Result<(), Violation> {
        let Some(id) = step.handled_by else { return Ok(()) };
        let Some(peer) = world.node(id) else { return Ok(()) };
        match Self::fault(id, peer, world.config(id)) {
            None => Ok(()),
            Some(fault) => Err(Violation {
                rule: "Views in Shape",
                source: "HyParView, §4.1; Plumtree, §3.2",
                facts: vec![format!("{id} at {}: {fault}", step.time)],
                nodes: vec![id],
            }),
        }
    }
}

/// Active Links Are Mutual (HyParView, §4.1).
#[derive(Clone, Debug, Serialize)]
pub struct ActiveLinksAreMutual {
    bound: Duration,
    /// Before, a node may not ask anybody anything yet.
    join: Duration,
    /// By node: its peers, as they were when it last did something.
    peers: Vec<BTreeSet<NodeId>>,
    /// Links that only the first knows of, and since when.
    one_sided: BTreeMap<(NodeId, NodeId), SimTime>,
    /// The same, in the order of time.
    by_time: BTreeSet<(SimTime, NodeId, NodeId)>,
    undisturbed: Undisturbed,
}

impl ActiveLinksAreMutual {
    fn new(settings: &Settings, nodes: u32) -> Self {
        Self {
            bound: mutual_bound(settings),
            join: settings.join,
            peers: vec![BTreeSet::new(); nodes as usize],
            one_sided: BTreeMap::new(),
            by_time: BTreeSet::new(),
            undisturbed: Undisturbed::new(nodes),
        }
    }

    /// Looks at both directions of a link.
    fn look_at(&mut self, (one, other): (NodeId, NodeId), now: SimTime) {
        for (from, to) in [(one, other), (other, one)] {
            let is_one_sided =
                self.peers[from.index()].contains(&to) && !self.peers[to.index()].contains(&from);
            if !is_one_sided {
                if let Some(since) = self.one_sided.remove(&(from, to)) {
                    self.by_time.remove(&(since, from, to));
                }
            } else if let Entry::Vacant(place) = self.one_sided.entry((from, to)) {
                place.insert(now);
                self.by_time.insert((now, from, to));
            }
        }
    }

    /// Takes notice of a node's peers.
    fn update(&mut self, id: NodeId, world: &World<Peer>, now: SimTime) {
        let peers: BTreeSet<NodeId> = world
            .node(id)
            .map(|peer| peer.views().active.keys().copied().collect())
            .unwrap_or_default();
        if peers == self.peers[id.index()] {
            return;
        }
        let before = std::mem::replace(&mut self.peers[id.index()], peers.clone());
        for other in before.symmetric_difference(&peers) {
            self.look_at((id, *other), now);
        }
    }
}

impl Monitor<Peer> for ActiveLinksAreMutual {
    fn name(&self) -> &'static str {
        "Active Links Are Mutual"
    }

    fn after(&mut self, step: &Step<Overlay>, world: &World<Peer>) -> Result<(), Violation> {
        self.undisturbed.remember::<Peer>(step);
        if let Some(id) = step.event.node() {
            self.update(id, world, step.time);
        }
        while let Some(&(since, one, other)) = self.by_time.first() {
            if step.time < since.saturating_add(self.bound) {
                return Ok(());
            }
            self.by_time.remove(&(since, one, other));
            let has_joined = SimTime::ZERO.saturating_add(self.join) < since;
            if !has_joined || !self.undisturbed.is_so_since(one, since, world) {
                // It has as long again, from now on.
                self.one_sided.insert((one, other), step.time);
                self.by_time.insert((step.time, one, other));
                continue;
            }
            return Err(Violation {
                rule: "Active Links Are Mutual",
                source: "HyParView, §4.1",
                facts: vec![
                    format!("{one} has had {other} in its active view since {since} at the latest"),
                    format!("{other} has not had {one}, up to {}", step.time),
                ],
                nodes: vec![one, other],
            });
        }
        Ok(())
    }
}

/// A delivery at one node that has to become one at its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Due {
    by: SimTime,
    since: SimTime,
    id: OperationId,
    from: NodeId,
    to: NodeId,
}

/// Peers Deliver (Plumtree, §3.4): reliability, link by link. Whoever stays a peer of somebody that has delivered a broadcast delivers it too.
#[derive(Clone, Debug, Serialize)]
pub struct PeersDeliver {
    bound: Duration,
    /// Since when the network has been calm: before, messages may be lost.
    calm: Option<SimTime>,
    due: BTreeSet<Due>,
    /// What each node has delivered in its life.
    delivered: BTreeMap<NodeId, (u32, BTreeSet<OperationId>)>,
    /// When a link last was new.
    linked: BTreeMap<(NodeId, NodeId), SimTime>,
    undisturbed: Undisturbed,
}

impl PeersDeliver {
    fn new(settings: &Settings, nodes: u32) -> Self {
        Self {
            bound: delivery_bound(settings),
            calm: None,
            due: BTreeSet::new(),
            delivered: BTreeMap::new(),
            linked: BTreeMap::new(),
            undisturbed: Undisturbed::new(nodes),
        }
    }

    fn remember(&mut self, step: &Step<Overlay>, world: &World<Peer>) {
        self.undisturbed.remember::<Peer>(step);
        if let Event::Deed(deed) = &step.event {
            match deed.word {
                "calm" => self.calm = Some(step.time),
                // Something goes wrong again.
                "cut" | "flap" | "clog" | "disturb" | "hold" | "drop" => self.calm = None,
                _ => {}
            }
        }
        let Some(from) = step.handled_by else { return };
        for note in &step.notes {
            match note {
                Note::NeighborUp { peer } => {
                    self.linked.insert((from, *peer), step.time);
                }
                Note::Delivered { id, .. } => self.deliver(from, *id, step.time, world),
                Note::Broadcasts { .. } | Note::NeighborDown { .. } => {}
            }
        }
    }

    fn deliver(&mut self, from: NodeId, id: OperationId, now: SimTime, world: &World<Peer>) {
        let life = world.incarnation(from);
        let delivered = self.delivered.entry(from).or_default();
        if delivered.0 != life {
            *delivered = (life, BTreeSet::new());
        }
        delivered.1.insert(id);
        // What was sent a moment before the calm may have been lost.
        let Some(peer) = world.node(from).filter(|_| self.calm.is_some_and(|calm| calm < now))
        else {
            return;
        };
        let by = now.saturating_add(self.bound);
        let peers = peer.views().active.keys();
        self.due.extend(peers.map(|to| Due { by, since: now, id, from, to: *to }));
    }

    /// Whether a peer was bound to deliver, and did not.
    fn has_missed(&self, due: &Due, world: &World<Peer>) -> bool {
        let is_linked = |one: NodeId, other: NodeId| {
            let is_old = self.linked.get(&(one, other)).is_some_and(|time| *time < due.since);
            let has = world.node(one).is_some_and(|it| it.views().active.contains_key(&other));
            is_old && has && self.undisturbed.is_so_since(one, due.since, world)
        };
        is_linked(due.from, due.to)
            && is_linked(due.to, due.from)
            && self.calm.is_some_and(|calm| calm < due.since)
            && !self.delivered.get(&due.to).is_some_and(|(_, ids)| ids.contains(&due.id))
    }
}

impl Monitor<Peer> for PeersDeliver {
    fn name(&self) -> &'static str {
        "Peers Deliver"
    }

    fn after(&mut self, step: &Step<Overlay>, world: &World<Peer>) -> Result<(), Violation> {
        self.remember(step, world);
        while let Some(due) = self.due.first().copied().filter(|due| due.by < step.time) {
            self.due.remove(&due);
            if self.has_missed(&due, world) {
                return Err(Violation {
                    rule: "Peers Deliver",
                    source: "Plumtree, §3.4",
                    facts: vec![
                        format!("{} delivered {} at {}", due.from, due.id, due.since),
                        format!("{}, its peer, has not by {}", due.to, due.by),
                    ],
                    nodes: vec![due.from, due.to],
                });
            }
        }
        Ok(())
    }
}
