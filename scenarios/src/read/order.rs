//! What a plan's items wait for: items that can never happen are errors, not surprises.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use orrery_sim::SimTime;
use orrery_sim::plan::{Action, Item, Target, Trigger};

use crate::error::{Place, Problem, Problems};
use crate::tree::Tree;

use super::plan::Written;

/// Reports items that wait for themselves, that come after the end of the run, and that end or use
/// what begins later.
pub(super) fn check(written: &Written<'_>, stop_at: Option<SimTime>, problems: &mut Problems) {
    let items: Vec<&Item<Json>> = written.iter().map(|(item, _)| item).collect();
    let named = items.iter().enumerate();
    let places: BTreeMap<&str, usize> =
        named.filter_map(|(place, item)| Some((item.name.as_deref()?, place))).collect();
    let order = Order { items, places };
    for (place, (item, tree)) in written.iter().enumerate() {
        if order.waits_for_itself(place) {
            let help = "let one of them happen at a time (`at`) or event (`when`) of its own";
            let message = format!("{} waits for itself and can never happen", shown(item));
            problems.push(Problem::at(&trigger_place(tree), message).help(help));
            continue;
        }
        let Some(time) = order.time(place, written.len()) else { continue };
        if let Some(end) = stop_at.filter(|end| *end < time) {
            let help = "let it happen earlier, or raise `stop_at`";
            let message = format!("{} happens at {time}, but the run ends at {end}", shown(item));
            problems.push(Problem::at(&trigger_place(tree), message).help(help));
        }
        if let Action::Flap(flapping) = &item.action
            && flapping.until <= time
        {
            let message =
                format!("{} happens at {time}, but ends at {}", shown(item), flapping.until);
            let help = "let it begin earlier, or raise its `until`";
            problems.push(Problem::at(&trigger_place(tree), message).help(help));
        }
        order.check_uses(place, time, tree, problems);
    }
}

struct Order<'p> {
    items: Vec<&'p Item<Json>>,
    places: BTreeMap<&'p str, usize>,
}

impl Order<'_> {
    /// The items without which this one does not happen.
    fn awaited(&self, place: usize) -> Vec<usize> {
        let item = &self.items[place];
        let mut names = used_items(&item.action);
        if let Trigger::After { item, .. } = &item.trigger {
            names.push(item);
        }
        names.into_iter().filter_map(|name| self.places.get(name).copied()).collect()
    }

    fn waits_for_itself(&self, place: usize) -> bool {
        let mut seen = vec![false; self.items.len()];
        let mut open = self.awaited(place);
        while let Some(next) = open.pop() {
            if next == place {
                return true;
            }
            if !std::mem::replace(&mut seen[next], true) {
                open.extend(self.awaited(next));
            }
        }
        false
    }

    /// When the item happens, where that does not hang on events of the run.
    fn time(&self, place: usize, depth: usize) -> Option<SimTime> {
        match &self.items[place].trigger {
            Trigger::At(time) => Some(*time),
            Trigger::When(_) | Trigger::Behind(_) => None,
            Trigger::After { item, delay } => {
                let awaited = *self.places.get(item.as_str())?;
                Some(self.time(awaited, depth.checked_sub(1)?)?.saturating_add(*delay))
            }
        }
    }

    /// Reports what an item at `time` ends or uses that begins only later.
    fn check_uses(&self, place: usize, time: SimTime, tree: &Tree, problems: &mut Problems) {
        let action = &self.items[place].action;
        let mut names = used_items(action);
        names.extend(action.ended_item());
        for name in names {
            let Some(used) = self.places.get(name) else { continue };
            let Some(begins) = self.time(*used, self.items.len()) else { continue };
            if time < begins || (time == begins && place < *used) {
                let message = format!("this happens at {time}, but `{name}` only at {begins}");
                let help = format!("write `after = \"{name} + 1s\"` to let it follow");
                problems.push(Problem::at(&trigger_place(tree), message).help(help));
            }
        }
    }
}

fn shown(item: &Item<Json>) -> String {
    let name = item.name.as_ref().map(|name| format!("`{name}`"));
    name.unwrap_or_else(|| format!("this `{}`", item.action.word()))
}

/// The trigger of an item as written.
fn trigger_place(tree: &Tree) -> Place {
    let table = tree.as_table();
    let found = super::plan::TRIGGERS.iter().find_map(|key| table?.get(key));
    found.map_or_else(|| tree.place.clone(), |entry| entry.value.place.clone())
}

/// The items on whose nodes an action acts.
fn used_items(action: &Action<Json>) -> Vec<&str> {
    let items = action.targets().into_iter().filter_map(|target| match target {
        Target::Item(name) => Some(name.as_str()),
        Target::Node(_) | Target::Role(_) => None,
    });
    items.collect()
}
