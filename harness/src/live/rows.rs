//! Events in words, made when they are looked at and kept for a while.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::session::Row;

/// Events that are described at once.
const WINDOW: u64 = 256;
/// How many windows are kept at most.
const WINDOWS_MOST: usize = 64;

/// The events that were described lately.
#[derive(Clone, Default)]
pub(super) struct Rows {
    windows: BTreeMap<u64, Window>,
    /// Counts the questions, so that what was asked for longest ago is known.
    asked: u64,
}

#[derive(Clone)]
struct Window {
    rows: Rc<[Rc<Row>]>,
    asked: u64,
}

/// The event before the window of `event`, and the window's last.
pub(super) const fn window(event: u64) -> (u64, u64) {
    let before = event.saturating_sub(1) / WINDOW * WINDOW;
    (before, before + WINDOW)
}

impl Rows {
    /// The row of `event`, if its window is kept.
    pub(super) fn get(&mut self, event: u64) -> Option<Rc<Row>> {
        let (before, _) = window(event);
        self.asked += 1;
        let kept = self.windows.get_mut(&before)?;
        kept.asked = self.asked;
        kept.rows.get((event - before).checked_sub(1)? as usize).cloned()
    }

    /// Keeps a window: all rows behind the event `before`.
    pub(super) fn keep(&mut self, before: u64, rows: Vec<Rc<Row>>) {
        self.windows.insert(before, Window { rows: rows.into(), asked: self.asked });
        if self.windows.len() <= WINDOWS_MOST {
            return;
        }
        let oldest = self.windows.iter().min_by_key(|(_, kept)| kept.asked);
        if let Some(before) = oldest.map(|(before, _)| *before) {
            self.windows.remove(&before);
        }
    }

    /// The windows that end by `event`.
    pub(super) fn up_to(&self, event: u64) -> Self {
        let mut own = self.clone();
        own.windows.retain(|before, _| before + WINDOW <= event);
        own
    }
}
