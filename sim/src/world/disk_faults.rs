//! What is done to disks, and what a crash and a start make of it.

use std::mem::replace;

use crate::id::NodeId;
use crate::journal::{Damage, Damaged, Draws};
use crate::ledger::Family;
use crate::node::Node;
use crate::plan::{DiskFault, Trigger};
use crate::queue::QueueError;
use crate::random::{Domain, Draw, StreamId, join, scale};
use crate::step::Deed;

use super::World;
use super::deeds::deed;
use super::disks::DiskCondition;

/// Where the draws of faults that no item of the plan has its own address for come from.
const NO_ITEM: u32 = (1 << 28) - 1;

impl<N: Node> World<N> {
    /// The disk's part in a crash: what becomes of the writes that no sync covered.
    pub(super) fn crash_disk(&mut self, id: NodeId) {
        let slot = &mut self.nodes[id.index()];
        let words = slot.disk.stream.group(&mut self.randomness);
        let unsynced = slot.journal.unsynced().len() as u64;
        let survivors = scale(join(words[0], words[1]), unsynced + 1);
        let is_torn = self.disk.torn.holds(words[2]);
        let is_reordered = self.disk.reordered.holds(words[3]) && 0 < unsynced;
        // One word per write would not fit the group; each crash of a node has a stream for them.
        let mut draw = is_reordered.then(|| {
            self.randomness.at(StreamId::new(Domain::Disk, id.0, slot.incarnation + 1), 0)
        });
        let mut coin = draw.as_mut().map(|draw| || draw.word() & 1 == 1);
        let survives = coin.as_mut().map(|coin| coin as &mut dyn FnMut() -> bool);
        let draws = Draws { survivors, is_torn, survives, event: self.step.number };
        let losses = slot.journal.crash(draws);
        slot.issued = slot.journal.written();
        slot.disk.forget_syncs(self.now);
        let lie_mattered = losses.broke_word && slot.disk.wakes(Family::LyingSync);
        self.ledger.tally_mut(Family::LyingSync).effective += u64::from(lie_mattered);
        self.ledger.tally_mut(Family::TornWrite).applied += u64::from(losses.is_torn);
        self.ledger.tally_mut(Family::ReorderedWrites).applied += u64::from(0 < losses.missing);
    }

    /// A node is about to start and reads its disk: what it came by, in words, and whether it starts.
    pub(super) fn read_disk(&mut self, id: NodeId) -> Result<String, String> {
        let slot = &mut self.nodes[id.index()];
        for damage in slot.journal.read() {
            self.ledger.tally_mut(family_of(damage)).effective += 1;
        }
        let damage: Vec<Damaged> = slot.journal.damage().collect();
        let found = match damage.as_slice() {
            [] => Ok(String::new()),
            [first, rest @ ..] => {
                let others = match rest.len() {
                    0 => String::new(),
                    count => format!(" and {count} more are damaged"),
                };
                let found = format!("record {} is {}{others}", first.place, first.damage);
                if N::recovers_from(&slot.config, &damage) {
                    Ok(format!("{found}: its protocol handles it"))
                } else if 0 < slot.journal.cut_torn_end() {
                    Ok(format!("{found}: cut off, no sync had covered it"))
                } else {
                    Err(format!("stays down: {found}, and its protocol does not handle it"))
                }
            }
        }?;
        slot.journal.rely();
        Ok(found)
    }

    pub(super) fn do_wipe(&mut self, id: NodeId) -> Result<Deed, QueueError> {
        // What a sync or a start vouched for, whatever the crash itself lets survive.
        let was_durable = self.nodes[id.index()].journal.as_written().len();
        let was_up = self.crash(id);
        self.mend(id)?;
        self.nodes[id.index()].journal.wipe();
        self.ledger.tally_mut(Family::Amnesia).effective += u64::from(0 < was_durable);
        let detail = format!("{was_durable} records lost");
        Ok(Deed { detail, changed: was_up || 0 < was_durable, ..deed("wipe", Some(id)) })
    }

    /// Carries out what happens to a disk, and counts it: what exceeds the budget for damage is planned only.
    pub(super) fn do_disk(
        &mut self,
        item: Option<usize>,
        id: NodeId,
        fault: DiskFault,
    ) -> Result<(), QueueError> {
        let condition = &mut self.nodes[id.index()].disk.condition;
        let (word, family) = (fault.word(), fault.family());
        let strike = match fault {
            DiskFault::Mend => Ok((self.mend(id)?, String::new())),
            DiskFault::Corrupt(record) => self.damage(item, id, (Damage::Corrupt, record)),
            DiskFault::Misdirect(record) => self.damage(item, id, (Damage::Misdirected, record)),
            DiskFault::Stall => Ok((!replace(&mut condition.is_stalled, true), String::new())),
            DiskFault::Error => Ok((!replace(&mut condition.is_failing, true), String::new())),
            DiskFault::Lie => Ok((!replace(&mut condition.is_lying, true), String::new())),
            DiskFault::Full => {
                let was_full = condition.room.is_some();
                let room = self.nodes[id.index()].journal.as_written().len();
                self.nodes[id.index()].disk.condition.room.get_or_insert(room);
                Ok((!was_full, format!("no room for more than {room} records")))
            }
        };
        let is_struck = strike.is_ok();
        let (changed, told) = strike.unwrap_or_else(|over_budget| (false, over_budget));
        let detail = if told.is_empty() { String::from(word) } else { format!("{word}: {told}") };
        let deed = Deed { item, detail, changed, ..deed("disk", Some(id)) };
        if is_struck {
            self.count(family, &deed);
        } else if let (Some(family), None) = (family, item) {
            self.ledger.tally_mut(family).planned += 1;
        }
        let dormant = &mut self.nodes[id.index()].disk.dormant;
        if let Some(family) = family.filter(|family| changed && !dormant.contains(family)) {
            dormant.push(family);
        }
        self.conclude(item, deed)
    }

    /// Makes a disk whole; whether anything was wrong with it.
    pub(super) fn mend(&mut self, id: NodeId) -> Result<bool, QueueError> {
        let slot = &mut self.nodes[id.index()];
        let condition = std::mem::take(&mut slot.disk.condition);
        // What a lie was told about may still be lost.
        slot.disk.dormant.retain(|family| *family == Family::LyingSync);
        let was_damaged = slot.journal.mend();
        if condition.is_stalled {
            self.answer_kept(id)?;
        }
        Ok(was_damaged || condition != DiskCondition::default())
    }

    /// Makes every disk whole; whether anything was wrong with any.
    pub(super) fn calm_disks(&mut self) -> Result<bool, QueueError> {
        let mut changed = false;
        for id in NodeId::all(self.node_count()) {
            changed |= self.mend(id)?;
        }
        Ok(changed)
    }

    /// Damages a record, and the one in whose place it lies where it is misdirected: whether there was one, and what was
    /// damaged. The error says why the budget does not allow it.
    fn damage(
        &mut self,
        item: Option<usize>,
        id: NodeId,
        (damage, record): (Damage, Option<u64>),
    ) -> Result<(bool, String), String> {
        let mut draw = self.damage_draw(item, id);
        let journal = &self.nodes[id.index()].journal;
        let mut whole: Vec<usize> = Vec::new();
        whole.extend(journal.entries().enumerate().filter(|(_, e)| e.is_ok()).map(|(i, _)| i));
        let mut take = |wanted: Option<u64>| {
            let drawn = draw.bits();
            let place = match wanted {
                Some(wanted) => whole.iter().position(|place| *place as u64 == wanted)?,
                None if whole.is_empty() => return None,
                None => scale(drawn, whole.len() as u64) as usize,
            };
            Some(whole.remove(place))
        };
        let places: Option<Vec<usize>> = match damage {
            Damage::Misdirected => [record, None].into_iter().map(take).collect(),
            Damage::Corrupt | Damage::Torn | Damage::Missing => {
                take(record).map(|place| vec![place])
            }
        };
        let Some(places) = places else {
            let count = journal.as_written().len();
            return Ok((false, format!("of {count} durable records none that it could damage")));
        };
        self.affords(id, places.len())?;
        let detail = match places.as_slice() {
            [place, other] => format!("record {place} lies in the place of record {other}"),
            [place, ..] => format!("record {place}"),
            [] => String::new(),
        };
        let event = self.step.number;
        for place in places {
            self.nodes[id.index()].journal.harm(place, damage, event);
        }
        Ok((true, detail))
    }

    /// Where the draws of an item come from. An intervention has the same ones when it is repeated as an item behind the same event.
    fn damage_draw(&self, item: Option<usize>, id: NodeId) -> Draw<'static> {
        let items = self.plan.items();
        let own = item.filter(|place| !matches!(items[*place].trigger, Trigger::Behind(_)));
        let (address, position) =
            own.map_or((NO_ITEM, self.step.number), |place| (self.plan.address(place), 0));
        self.randomness.at(StreamId::new(Domain::Fault, address, id.0), position)
    }

    /// Whether the budget has room for so many more damaged records of `id`. The error says why not.
    fn affords(&self, id: NodeId, count: usize) -> Result<(), String> {
        let Some(budget) = self.disk.budget else { return Ok(()) };
        let damaged = |id: NodeId| {
            let places = self.nodes[id.index()].journal.damage();
            places.filter(|place| !place.damage.is_of_crash()).count()
        };
        let others = NodeId::all(self.node_count()).filter(|other| *other != id);
        let nodes = 1 + others.filter(|other| 0 < damaged(*other)).count();
        if (budget.nodes as usize) < nodes {
            return Err(format!("beyond the budget of {} damaged nodes", budget.nodes));
        }
        if (budget.records as usize) < damaged(id) + count {
            return Err(format!("beyond the budget of {} damaged records", budget.records));
        }
        Ok(())
    }
}

const fn family_of(damage: Damage) -> Family {
    match damage {
        Damage::Torn => Family::TornWrite,
        Damage::Missing => Family::ReorderedWrites,
        Damage::Corrupt => Family::Rot,
        Damage::Misdirected => Family::Misdirection,
    }
}
