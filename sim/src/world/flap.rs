//! Cuts that come and go.

use crate::ledger::Family;
use crate::network::Barrier;
use crate::node::Node;
use crate::plan::Flapping;
use crate::queue::QueueError;
use crate::step::Deed;
use crate::time::Duration;

use super::deeds::deed;
use super::shapes::Pairs;
use super::{What, World};

/// A cut that comes and goes, in force.
#[derive(Clone, Debug)]
pub(super) struct Flap {
    number: u64,
    pub item: Option<usize>,
    /// Where its draws are.
    address: u32,
    flapping: Flapping,
    /// How often it has come, or could have.
    round: u64,
    /// The barrier that it is, while it is there.
    barrier: Option<u64>,
}

/// How a flapping goes on.
enum Next {
    /// It comes, for so long.
    Comes(Pairs, Duration),
    /// It stays away for so long: nobody has the role that it would cut off.
    StaysAway(Duration),
    /// It does not come any more.
    Ends,
}

/// So that a flapping without length does not stop the time.
const SHORTEST: Duration = Duration::from_nanos(1);

impl<N: Node> World<N> {
    pub(super) fn do_flap(
        &mut self,
        item: Option<usize>,
        flapping: &Flapping,
    ) -> Result<Option<Deed>, QueueError> {
        let (address, flapping) = (self.fault_address(item), flapping.clone());
        let number = self.flaps_made + 1;
        let flap = Flap { number, item, address, flapping, round: 0, barrier: None };
        match self.next_of(&flap) {
            Next::StaysAway(_) => Ok(None),
            Next::Ends => Ok(Some(Deed { changed: false, ..deed("flap", None) })),
            Next::Comes(pairs, on) => {
                self.flaps_made = number;
                self.flaps.push(flap);
                self.come(self.flaps.len() - 1, pairs, on).map(Some)
            }
        }
    }

    /// A flapping comes or goes; whether it was still there to do so.
    pub(super) fn flap(&mut self, number: u64, cause: u64) -> Result<bool, QueueError> {
        let Some(place) = self.flaps.iter().position(|flap| flap.number == number) else {
            return Ok(false);
        };
        if self.flaps[place].barrier.is_some() {
            self.begin(Some(cause));
            let deed = self.go(place)?;
            self.record(deed);
            return Ok(true);
        }
        match self.next_of(&self.flaps[place]) {
            Next::Ends => {
                self.flaps.remove(place);
                Ok(false)
            }
            Next::StaysAway(on) => {
                self.flaps[place].round += 1;
                self.come_later(place, on)?;
                Ok(false)
            }
            Next::Comes(pairs, on) => {
                self.begin(Some(cause));
                self.ledger.tally_mut(Family::Partition).applied += 1;
                let deed = self.come(place, pairs, on)?;
                self.record(deed);
                Ok(true)
            }
        }
    }

    /// How a flapping that is away goes on. It does not come for less than its shortest time.
    fn next_of(&self, flap: &Flap) -> Next {
        let Flapping { cut, on, until, .. } = &flap.flapping;
        let left = until.since(self.now);
        if left < on.min.max(SHORTEST) {
            return Next::Ends;
        }
        let lasts = self.strike_draw(flap.address, 2 * flap.round + 1).between(*on);
        let lasts = lasts.max(SHORTEST).min(left);
        match self.cut_pairs(cut, &mut self.strike_draw(flap.address, 2 * flap.round)) {
            Some(pairs) => Next::Comes(pairs, lasts),
            None => Next::StaysAway(lasts),
        }
    }

    fn come(&mut self, place: usize, pairs: Pairs, on: Duration) -> Result<Deed, QueueError> {
        let barrier =
            self.network.barriers.close(self.flaps[place].item, Barrier::Cut, pairs.clone());
        let at = self.after(on);
        let flap = &mut self.flaps[place];
        flap.round += 1;
        flap.barrier = Some(barrier);
        let (number, item, cut) = (flap.number, flap.item, flap.flapping.cut.clone());
        self.push(at, What::Flap(number))?;
        let detail = format!("for {on}");
        Ok(Deed { item, pairs, detail, ..deed("flap", self.cut_node(&cut)) })
    }

    /// The cut ends, to come again.
    fn go(&mut self, place: usize) -> Result<Deed, QueueError> {
        let before = self.network.barriers.pairs(Barrier::Cut);
        let flap = &mut self.flaps[place];
        let (address, round, off, item) = (flap.address, flap.round, flap.flapping.off, flap.item);
        if let Some(barrier) = flap.barrier.take() {
            self.network.barriers.open(barrier);
        }
        let after = self.network.barriers.pairs(Barrier::Cut);
        let pairs = before.into_iter().filter(|pair| after.binary_search(pair).is_err()).collect();
        // The round was counted when the cut came: how long it is away is drawn behind how long it was there.
        let mut draw = self.strike_draw(address, 2 * round - 1);
        draw.bits();
        let off = draw.between(off).max(SHORTEST);
        self.come_later(place, off)?;
        Ok(Deed { item, pairs, ..deed("heal", None) })
    }

    fn come_later(&mut self, place: usize, off: Duration) -> Result<(), QueueError> {
        let at = self.after(off);
        if self.flaps[place].flapping.until <= at {
            self.flaps.remove(place);
            return Ok(());
        }
        self.push(at, What::Flap(self.flaps[place].number))
    }
}
