//! Planted bugs: for each rule worth teaching, the mistake that it prevents.

use orrery_sim::{Bug, Difficulty};

/// What is old counts as news.
pub const D1: Bug = Bug {
    id: "D1",
    summary: "a heartbeat that was overtaken, or comes twice, counts as a sign of life",
    breaks: &["Heartbeats In Order", "Bounded Detection"],
    source: "Chen et al. 2000, §3: only the freshest heartbeat counts",
    difficulty: Difficulty::Easy,
    found_by: &["detector/late-heartbeat", "detector/chaos", "detector/heartbeat-chaos"],
};

/// An outage is taken for jitter.
pub const D2: Bug = Bug {
    id: "D2",
    summary: "the silence of an outage enters the window, so that for long afterwards no silence is suspicious",
    breaks: &["Bounded Detection"],
    source: "Hayashibara et al. 2004, §IV.A; Cassandra keeps intervals out that are too long",
    difficulty: Difficulty::Easy,
    found_by: &["detector/outage", "detector/chaos"],
};

/// Who slept accuses the others.
pub const D3: Bug = Bug {
    id: "D3",
    summary: "an observer that stood still does not notice, and learns from heartbeats that had waited for it that all send without pause",
    breaks: &["Own Pause", "No Early Suspicion", "Bounded Detection"],
    source: "Cassandra's failure detector ignores local pauses",
    difficulty: Difficulty::Easy,
    found_by: &["detector/standstill", "detector/chaos", "detector/heartbeat-chaos"],
};

/// No jitter, no patience.
pub const D4: Bug = Bug {
    id: "D4",
    summary: "the deviation has no floor: after a few punctual heartbeats the next one is suspicious at once",
    breaks: &["No Early Suspicion"],
    source: "Hayashibara et al. 2004, §IV.B; Akka has a least deviation",
    difficulty: Difficulty::Easy,
    found_by: &["detector/outage", "detector/chaos"],
};

/// Nothing is learnt from mistakes.
pub const D5: Bug = Bug {
    id: "D5",
    summary: "the timeout does not grow after a mistake, so that the same one is made for ever",
    breaks: &["No Early Suspicion"],
    source: "Chandra & Toueg 1996, figure 10: eventual strong accuracy under partial synchrony",
    difficulty: Difficulty::Easy,
    found_by: &["detector/heartbeat-chaos"],
};

/// All of them.
pub const BUGS: &[Bug] = &[D1, D2, D3, D4, D5];
