//! How clients were served, from their history alone.

use std::collections::BTreeMap;

use orrery_sim::client::{HistoryEntry, HistoryKind};
use orrery_sim::{Duration, OperationId, Protocol, Sequence, SimTime};

/// Windows of time in which an operation completes or none does.
pub const WINDOW: Duration = Duration::from_millis(100);

/// What clients saw of a run. All times are simulated, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// From invocation to answer, of every operation that took effect; in order of length.
    latencies: Vec<u64>,
    /// Operations whose clients never learned what became of them.
    pub given_up: u64,
    /// The longest time without a completed operation, from the first completion to the last moment at which clients
    /// ask. Where none completes: from the first invocation.
    pub longest_gap: u64,
    /// Whole [windows](WINDOW) in that time.
    pub windows: u64,
    /// Those of them in which an operation completed.
    pub served: u64,
}

impl Service {
    /// What clients saw in a run in which they asked until `until`; `None` where they asked nothing.
    pub fn of<P: Protocol>(history: &Sequence<HistoryEntry<P>>, until: SimTime) -> Option<Self> {
        let mut open: BTreeMap<OperationId, SimTime> = BTreeMap::new();
        let (mut latencies, mut completed) = (Vec::new(), Vec::new());
        let mut given_up = 0;
        let mut first = None;
        for entry in history {
            match &entry.what {
                HistoryKind::Invoke(_) => {
                    first.get_or_insert(entry.time);
                    open.insert(entry.operation, entry.time);
                }
                HistoryKind::Ok(_) => {
                    if let Some(invoked) = open.remove(&entry.operation) {
                        latencies.push(entry.time.as_nanos() - invoked.as_nanos());
                        completed.push(entry.time.as_nanos());
                    }
                }
                HistoryKind::Fail => drop(open.remove(&entry.operation)),
                HistoryKind::Info => {
                    open.remove(&entry.operation);
                    given_up += 1;
                }
            }
        }
        latencies.sort_unstable();
        let first = first?.as_nanos();
        let start = completed.first().copied().unwrap_or(first);
        let (longest_gap, windows, served) = availability(&completed, start, until.as_nanos());
        Some(Self { latencies, given_up, longest_gap, windows, served })
    }

    /// The latency that `percent` of the operations do not exceed; `None` where none took effect.
    pub fn latency(&self, percent: usize) -> Option<u64> {
        let place = (self.latencies.len() * percent).div_ceil(100).saturating_sub(1);
        self.latencies.get(place).copied()
    }
}

/// The longest gap between two of `completed`, in order, from `start` to `end`; the whole windows from `start` on, and
/// how many of them saw a completion.
fn availability(completed: &[u64], start: u64, end: u64) -> (u64, u64, u64) {
    let window = WINDOW.as_nanos();
    let windows = end.saturating_sub(start) / window;
    let (mut longest, mut last) = (0, start);
    let (mut served, mut last_window) = (0, None);
    for time in completed.iter().copied().filter(|time| *time <= end) {
        longest = longest.max(time - last);
        last = time;
        let place = (time - start) / window;
        if place < windows && last_window != Some(place) {
            served += 1;
            last_window = Some(place);
        }
    }
    (longest.max(end.saturating_sub(last)), windows, served)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn gaps_count_from_the_first_completion_to_the_end() {
        let completed = [50, 60, 160, 700].map(|time| time * MS);
        // Windows begin at 50, 150, 250 .. 850 ms; the last whole one ends at 950 ms.
        assert_eq!(availability(&completed, 50 * MS, 960 * MS), (540 * MS, 9, 3));
        // Nothing after the end counts.
        assert_eq!(availability(&completed, 50 * MS, 400 * MS), (240 * MS, 3, 2));
        assert_eq!(availability(&[], 20 * MS, 1_000 * MS), (980 * MS, 9, 0));
        assert_eq!(availability(&completed, 50 * MS, 50 * MS), (0, 0, 0));
    }

    #[test]
    fn quantiles_are_latencies_that_occurred() {
        let service = Service {
            latencies: (1..=200).collect(),
            given_up: 0,
            longest_gap: 0,
            windows: 0,
            served: 0,
        };
        assert_eq!(
            [0, 50, 90, 99, 100].map(|p| service.latency(p)),
            [1, 100, 180, 198, 200].map(Some)
        );
        assert_eq!(Service { latencies: vec![], ..service }.latency(50), None);
    }
}
