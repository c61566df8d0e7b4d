//! What must hold after every event: agreement, integrity and validity as in Paxos, and what their
//! proof rests on: acceptors keep to their rounds, and nobody may vote for anything while another
//! value is choosable in a lower round (§2.2, the condition CP).
//!
//! The monitors read the disks record by record and keep what they read.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use orrery_sim::client::HistoryKind;
use orrery_sim::{Monitor, NodeId, SimTime, Step, Violation, World};

use super::message::Vote;
use super::process::{FastPaxos, Note, Operation, Output, Process, Record};
use super::round::{Round, Sizes};

/// All of them, for a run of `nodes` processes with quorums of these sizes.
pub fn all(nodes: u32, sizes: Sizes) -> Vec<Box<dyn Monitor<Process>>> {
    vec![
        Box::new(RoundsKept { ghost: Ghost::new(nodes, sizes) }),
        Box::new(Choosable { ghost: Ghost::new(nodes, sizes) }),
        Box::new(Integrity { ghost: Ghost::new(nodes, sizes), read: 0 }),
        Box::new(Agreement { ghost: Ghost::new(nodes, sizes), learned: None }),
        Box::new(Validity { ghost: Ghost::new(nodes, sizes), asked: BTreeSet::new(), read: 0 }),
    ]
}

/// A vote that a quorum of its round has cast.
#[derive(Clone, Debug, Serialize)]
struct Chosen {
    vote: Vote,
    by: Vec<NodeId>,
    at: SimTime,
}

impl Chosen {
    fn fact(&self) -> String {
        let Self { vote: Vote { round, value }, by, at } = self;
        format!("`{value}` was chosen in {round} at {at}, by the votes of {by:?}")
    }
}

/// What the disks ever said, and what has been chosen by that.
#[derive(Clone, Debug, Serialize)]
struct Ghost {
    sizes: Sizes,
    /// For each process, its life and how many records of its disk were read in it.
    read: Vec<(u32, usize)>,
    /// The highest round that is on each disk.
    rnd: Vec<Option<Round>>,
    /// Who voted for what.
    votes: BTreeMap<Round, BTreeMap<NodeId, String>>,
    chosen: Vec<Chosen>,
    /// A record that goes back behind an earlier one, if there was one.
    odd: Option<(NodeId, String)>,
}

impl Ghost {
    fn new(nodes: u32, sizes: Sizes) -> Self {
        let len = nodes as usize;
        let (read, rnd) = (vec![(0, 0); len], vec![None; len]);
        Self { sizes, read, rnd, votes: BTreeMap::new(), chosen: vec![], odd: None }
    }

    /// Takes note of what the last event made durable. Returns what was chosen by it.
    fn after(&mut self, step: &Step<FastPaxos>, world: &World<Process>) -> &[Chosen] {
        let before = self.chosen.len();
        let Some(id) = step.event.node() else { return &[] };
        let (life, read) = &mut self.read[id.index()];
        if *life != world.incarnation(id) {
            // A crash may have kept records that nobody was told of.
            (*life, *read) = (world.incarnation(id), 0);
        }
        let is_reread = *read == 0;
        let records = world.journal(id).entries_from(*read).map_while(Result::ok);
        let records: Vec<Record> = records.cloned().collect();
        *read += records.len();
        for record in records {
            match record {
                Record::Begun { .. } => {}
                Record::Joined { round } => self.takes_part(id, round, is_reread),
                Record::Voted { vote } => self.votes(id, vote, is_reread, step.time),
            }
        }
        &self.chosen[before..]
    }

    fn takes_part(&mut self, id: NodeId, round: Round, is_reread: bool) {
        let rnd = &mut self.rnd[id.index()];
        if Some(round) < *rnd && !is_reread {
            self.odd = Some((id, format!("{id} took part in {rnd:?}, and then in {round}")));
        }
        *rnd = (*rnd).max(Some(round));
    }

    fn votes(&mut self, id: NodeId, vote: Vote, is_reread: bool, now: SimTime) {
        self.takes_part(id, vote.round, is_reread);
        let votes = self.votes.entry(vote.round).or_default();
        match votes.get(&id) {
            Some(known) if *known == vote.value => return,
            Some(known) => {
                let (round, value) = (vote.round, &vote.value);
                let fact = format!("{id} voted for `{known}` and for `{value}` in {round}");
                self.odd = Some((id, fact));
                return;
            }
            None => {}
        }
        votes.insert(id, vote.value.clone());
        let same = votes.iter().filter(|(_, value)| **value == vote.value);
        let by: Vec<NodeId> = same.map(|(id, _)| *id).collect();
        if by.len() == self.sizes.of(vote.round) {
            self.chosen.push(Chosen { vote, by, at: now });
        }
    }

    /// A vote in a lower round than `round` for another value than `value` that a quorum has cast, or
    /// still may; for any value where that is `None`.
    fn choosable_below(&self, round: Round, value: Option<&str>) -> Option<(Vote, usize)> {
        for (lower, votes) in self.votes.range(..round) {
            let open = (0..self.rnd.len()).filter(|place| {
                let id = NodeId::from_index(*place);
                !votes.contains_key(&id) && self.rnd[*place] <= Some(*lower)
            });
            let open = open.count();
            for other in votes.values().filter(|other| value != Some(other.as_str())) {
                let count = votes.values().filter(|vote| *vote == other).count();
                if self.sizes.of(*lower) <= count + open {
                    return Some((Vote { round: *lower, value: other.clone() }, count));
                }
            }
        }
        None
    }
}

/// Agreement: only a single value is chosen, and learners learn no two.
#[derive(Clone, Debug, Serialize)]
pub struct Agreement {
    ghost: Ghost,
    learned: Option<(Vote, NodeId, SimTime)>,
}

impl Agreement {
    fn violation(facts: Vec<String>, nodes: Vec<NodeId>) -> Violation {
        Violation { rule: "Agreement", source: "Fast Paxos, §2.1: consistency", facts, nodes }
    }
}

impl Monitor<Process> for Agreement {
    fn name(&self) -> &'static str {
        "Agreement"
    }

    fn after(&mut self, step: &Step<FastPaxos>, world: &World<Process>) -> Result<(), Violation> {
        let is_news = !self.ghost.after(step, world).is_empty();
        if let [first, .., last] = &self.ghost.chosen[..]
            && is_news
            && first.vote.value != last.vote.value
        {
            return Err(Self::violation(vec![first.fact(), last.fact()], last.by.clone()));
        }
        for (id, vote) in learned(step) {
            let news = || (vote.clone(), id, step.time);
            let (first, by, then) = self.learned.get_or_insert_with(news);
            if first.value != vote.value {
                let facts = vec![
                    format!("{by} learned `{}` at {then}", first.value),
                    format!("{id} learned `{}` at {}", vote.value, step.time),
                ];
                return Err(Self::violation(facts, vec![*by, id]));
            }
        }
        Ok(())
    }
}

/// Integrity: nobody learns, and no client is told, what has not been chosen.
#[derive(Clone, Debug, Serialize)]
pub struct Integrity {
    ghost: Ghost,
    /// How much of the clients' history was read.
    read: usize,
}

impl Integrity {
    fn violation(&self, fact: String, id: NodeId) -> Violation {
        let nothing = || String::from("nothing had been chosen");
        let there = self.ghost.chosen.first().map_or_else(nothing, Chosen::fact);
        Violation {
            rule: "Integrity",
            source: "Fast Paxos, §2.1: only a chosen value is learned",
            facts: vec![fact, there],
            nodes: vec![id],
        }
    }
}

impl Monitor<Process> for Integrity {
    fn name(&self) -> &'static str {
        "Integrity"
    }

    fn after(&mut self, step: &Step<FastPaxos>, world: &World<Process>) -> Result<(), Violation> {
        self.ghost.after(step, world);
        for (id, vote) in learned(step) {
            if self.ghost.chosen.iter().all(|chosen| chosen.vote != *vote) {
                let Vote { round, value } = vote;
                let fact = format!("{id} learned `{value}` of {round} at {}", step.time);
                return Err(self.violation(fact, id));
            }
        }
        let Some(id) = step.handled_by else { return Ok(()) };
        for entry in world.history().range(self.read..world.history().len()) {
            let HistoryKind::Ok(Output::Chosen { value }) = &entry.what else { continue };
            if self.ghost.chosen.iter().all(|chosen| chosen.vote.value != *value) {
                let fact = format!("{id} told {} `{value}` at {}", entry.operation, step.time);
                return Err(self.violation(fact, id));
            }
        }
        self.read = world.history().len();
        Ok(())
    }
}

/// Validity: only a value that a client asked for may be chosen.
#[derive(Clone, Debug, Serialize)]
pub struct Validity {
    ghost: Ghost,
    asked: BTreeSet<String>,
    /// How much of the clients' history was read.
    read: usize,
}

impl Monitor<Process> for Validity {
    fn name(&self) -> &'static str {
        "Validity"
    }

    fn after(&mut self, step: &Step<FastPaxos>, world: &World<Process>) -> Result<(), Violation> {
        for entry in world.history().range(self.read..world.history().len()) {
            if let HistoryKind::Invoke(Operation::Propose { value }) = &entry.what {
                self.asked.insert(value.clone());
            }
        }
        self.read = world.history().len();
        let chosen = self.ghost.after(step, world);
        let odd = chosen.iter().find(|chosen| !self.asked.contains(&chosen.vote.value));
        let Some(odd) = odd else { return Ok(()) };
        Err(Violation {
            rule: "Validity",
            source: "Fast Paxos, §2.1: nontriviality",
            facts: vec![odd.fact(), format!("no client has asked for `{}`", odd.vote.value)],
            nodes: odd.by.clone(),
        })
    }
}

/// Choosable (CP): when a coordinator picks a value for a round, no other value has been or might
/// yet be chosen in a lower one; when it picks *any*, none at all.
#[derive(Clone, Debug, Serialize)]
pub struct Choosable {
    ghost: Ghost,
}

impl Monitor<Process> for Choosable {
    fn name(&self) -> &'static str {
        "Choosable"
    }

    fn after(&mut self, step: &Step<FastPaxos>, world: &World<Process>) -> Result<(), Violation> {
        self.ghost.after(step, world);
        let Some(id) = step.handled_by else { return Ok(()) };
        for note in &step.notes {
            let Note::Picked { round, value } = note else { continue };
            let Some((vote, count)) = self.ghost.choosable_below(*round, value.as_deref()) else {
                continue;
            };
            let (lower, other) = (vote.round, vote.value);
            let what = value.as_ref().map_or(String::from("any"), |value| format!("`{value}`"));
            return Err(Violation {
                rule: "Choosable",
                source: "Fast Paxos, §2.2, CP and O4",
                facts: vec![
                    format!("{id} picked {what} for {round} at {}", step.time),
                    format!(
                        "{count} acceptors had voted for `{other}` in {lower}, of which a quorum is {}: it was chosen, or might yet be",
                        self.ghost.sizes.of(lower)
                    ),
                ],
                nodes: vec![id],
            });
        }
        Ok(())
    }
}

/// Rounds Kept: an acceptor never goes back to a lower round, in a crash or otherwise, and votes once
/// in each.
#[derive(Clone, Debug, Serialize)]
pub struct RoundsKept {
    ghost: Ghost,
}

impl Monitor<Process> for RoundsKept {
    fn name(&self) -> &'static str {
        "Rounds Kept"
    }

    fn after(&mut self, step: &Step<FastPaxos>, world: &World<Process>) -> Result<(), Violation> {
        self.ghost.after(step, world);
        let violation = |facts: Vec<String>, id| Violation {
            rule: "Rounds Kept",
            source: "Fast Paxos, §2.1: an acceptor votes once in a round, and in none below rnd",
            facts,
            nodes: vec![id],
        };
        if let Some((id, fact)) = self.ghost.odd.take() {
            return Err(violation(vec![fact, format!("this was seen at {}", step.time)], id));
        }
        let Some(id) = step.handled_by else { return Ok(()) };
        let Some(process) = world.node(id) else { return Ok(()) };
        let (disk, rnd) = (self.ghost.rnd[id.index()], process.acceptor().rnd);
        if disk <= rnd {
            return Ok(());
        }
        let facts = vec![
            format!("{id} had {disk:?} on its disk"),
            format!("it is in {rnd:?} at {}", step.time),
        ];
        Err(violation(facts, id))
    }
}

/// What was learned in the last event.
fn learned(step: &Step<FastPaxos>) -> impl Iterator<Item = (NodeId, &Vote)> {
    let id = step.handled_by;
    step.notes.iter().filter_map(move |note| match note {
        Note::Learned { vote } => Some((id?, vote)),
        Note::Began { .. }
        | Note::Joined { .. }
        | Note::Picked { .. }
        | Note::Voted { .. }
        | Note::Collided { .. } => None,
    })
}
