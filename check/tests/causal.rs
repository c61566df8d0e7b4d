//! Causal consistency: the pattern search against the definitions, on random small histories.

use proptest::prelude::*;

use orrery_check::causal::{self, Level};
use orrery_check::memory::{Access, MemoryHistory, Reply};
use orrery_check::record::Value;
use orrery_check::{Budget, Finding, HistoryBuilder, OperationId};

/// Process, key, and whether it writes, or which value it reads (0: what was there from the start).
type Plan = (u64, u8, Option<u8>);

fn history(plans: &[Plan]) -> MemoryHistory {
    let mut builder = HistoryBuilder::new();
    let mut written = [0i64; 2];
    for &(process, key, read) in plans {
        let name = ["x", "y"][key as usize];
        let (access, reply) = match read {
            None => {
                written[key as usize] += 1;
                (Access::write(name, written[key as usize]), Reply::Written)
            }
            Some(0) => (Access::read(name), Reply::Value(Value::Nil)),
            Some(value) => (Access::read(name), Reply::Value(i64::from(value).into())),
        };
        let id = builder.invoke(process, 0, access).unwrap();
        builder.ok(id, 0, reply).unwrap();
    }
    builder.finish()
}

/// The definitions, by trying every order: co is the least causal order.
struct Brute<'a> {
    plans: &'a [Plan],
    /// What each read saw; `None` for a write.
    co: Vec<Vec<bool>>,
    value: Vec<u8>,
}

impl<'a> Brute<'a> {
    /// `None` if a read saw a value that nobody wrote or the order is cyclic.
    fn new(plans: &'a [Plan]) -> Option<Self> {
        let count = plans.len();
        let (mut written, mut value) = ([0u8; 2], Vec::new());
        for &(_, key, read) in plans {
            value.push(read.unwrap_or_else(|| {
                written[key as usize] += 1;
                written[key as usize]
            }));
        }
        let mut co = vec![vec![false; count]; count];
        for (after, &(process, key, read)) in plans.iter().enumerate() {
            for before in 0..after {
                co[before][after] |= plans[before].0 == process;
            }
            let is_source =
                |o: usize| plans[o].1 == key && plans[o].2.is_none() && value[o] == value[after];
            match read {
                Some(seen) if seen > 0 => co[(0..count).find(|&o| is_source(o))?][after] = true,
                _ => {}
            }
        }
        for via in 0..count {
            for from in 0..count {
                for to in 0..count {
                    co[from][to] |= co[from][via] && co[via][to];
                }
            }
        }
        let is_acyclic = (0..count).all(|o| !co[o][o]);
        is_acyclic.then_some(Self { plans, co, value })
    }

    /// Whether some order of `set` that agrees with co lets every operation of `judged` answer so.
    fn is_explained(
        &self,
        set: &[usize],
        judged: &dyn Fn(usize) -> bool,
        done: &mut Vec<usize>,
    ) -> bool {
        if done.len() == set.len() {
            return true;
        }
        for &next in set {
            let is_free = !done.contains(&next)
                && set.iter().all(|&before| !self.co[before][next] || done.contains(&before));
            if !is_free || (judged(next) && !self.answers(next, done)) {
                continue;
            }
            done.push(next);
            let is_explained = self.is_explained(set, judged, done);
            done.pop();
            if is_explained {
                return true;
            }
        }
        false
    }

    /// Whether a read, after these operations, finds what it found.
    fn answers(&self, next: usize, done: &[usize]) -> bool {
        let (_, key, read) = self.plans[next];
        let last =
            done.iter().rev().find(|&&o| self.plans[o].1 == key && self.plans[o].2.is_none());
        read.is_none_or(|seen| last.map_or(0, |&write| self.value[write]) == seen)
    }

    fn past(&self, of: usize) -> Vec<usize> {
        (0..self.plans.len()).filter(|&o| o == of || self.co[o][of]).collect()
    }

    fn keeps_cc(&self) -> bool {
        (0..self.plans.len())
            .all(|o| self.is_explained(&self.past(o), &|judged| judged == o, &mut Vec::new()))
    }

    fn keeps_cm(&self) -> bool {
        (0..self.plans.len()).all(|o| {
            let process = self.plans[o].0;
            let judged = |other: usize| other <= o && self.plans[other].0 == process;
            self.is_explained(&self.past(o), &judged, &mut Vec::new())
        })
    }

    /// Some order of everything, of which each operation finds its own past.
    fn keeps_ccv(&self, done: &mut Vec<usize>) -> bool {
        let all = self.plans.len();
        if done.len() == all {
            return true;
        }
        for next in 0..all {
            let is_free = !done.contains(&next)
                && (0..all).all(|before| !self.co[before][next] || done.contains(&before));
            let past: Vec<usize> = done.iter().copied().filter(|&o| self.co[o][next]).collect();
            if !is_free || !self.answers(next, &past) {
                continue;
            }
            done.push(next);
            let is_kept = self.keeps_ccv(done);
            done.pop();
            if is_kept {
                return true;
            }
        }
        false
    }
}

fn keeps(plans: &[Plan]) -> [bool; 3] {
    let Some(brute) = Brute::new(plans) else { return [false; 3] };
    [brute.keeps_cc(), brute.keeps_ccv(&mut Vec::new()), brute.keeps_cm()]
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let read = || prop_oneof![3 => Just(None), 1 => Just(Some(0)), 4 => (1..4u8).prop_map(Some)];
    prop_oneof![
        prop::collection::vec((0..3u64, 0..2u8, read()), 1..9),
        prop::collection::vec((0..2u64, 0..1u8, read()), 4..9),
        prop::collection::vec((0..2u64, 0..2u8, read()), 6..9),
    ]
}

/// Reads of values that were never written are made reads of the last one that was.
fn tamed(mut plans: Vec<Plan>) -> Vec<Plan> {
    let written =
        [0, 1].map(|key| plans.iter().filter(|p| p.1 == key && p.2.is_none()).count() as u8);
    for (_, key, read) in &mut plans {
        *read = read.map(|value| value.min(written[*key as usize]));
    }
    plans
}

fn agree(plans: &[Plan]) -> Result<[bool; 3], TestCaseError> {
    let expected = keeps(plans);
    let history = history(plans);
    for (level, expected) in Level::ALL.into_iter().zip(expected) {
        let report = causal::check(&history, level, &Value::Nil, Budget::default());
        prop_assert!(!matches!(report.finding, Finding::Unknown(_)));
        prop_assert_eq!(report.holds(), expected, "{} of {:?}: {}", level.name(), plans, report);
        if let Finding::Violated(explanation) = &report.finding {
            let level = match explanation.rule {
                "causal consistency" => Level::Cc,
                _ => level,
            };
            recheck(plans, &explanation.window.iter().map(|o| o.id).collect::<Vec<_>>(), level)?;
        }
    }
    // One order of the writes for all, that agrees with causes, keeps every session guarantee.
    let settings = orrery_check::sessions::Settings::default();
    let sessions = orrery_check::sessions::check(&history, &settings, Budget::default());
    prop_assert!(sessions.holds() || !expected[1], "{}", sessions);
    Ok(expected)
}

/// The operations shown break the rule by the definition, and without any one they keep it.
fn recheck(plans: &[Plan], window: &[OperationId], level: Level) -> Result<(), TestCaseError> {
    // Values are numbered by writes, so a write left out is kept out of sight by renaming.
    let kept = |ids: &[u64]| {
        let (mut renamed, mut number) = ([[0u8; 9]; 2], [0u8; 2]);
        let mut count = [0usize; 2];
        for (index, plan) in (0u64..).zip(plans) {
            if plan.2.is_some() {
                continue;
            }
            let key = plan.1 as usize;
            count[key] += 1;
            if ids.contains(&index) {
                number[key] += 1;
                renamed[key][count[key]] = number[key];
            }
        }
        let mut of_thin_air = false;
        let kept: Vec<Plan> = ids
            .iter()
            .map(|&id| {
                let (process, key, read) = plans[id as usize];
                let read = read.map(|value| match value {
                    0 => 0,
                    value => match renamed[key as usize][value as usize] {
                        0 => {
                            of_thin_air = true;
                            8
                        }
                        number => number,
                    },
                });
                (process, key, read)
            })
            .collect();
        (keeps(&kept), of_thin_air)
    };
    let at = Level::ALL.iter().position(|&other| other == level).unwrap();
    let ids: Vec<u64> = window.iter().map(|id| id.0).collect();
    prop_assert!(!kept(&ids).0[at], "{:?} of {:?}", ids, plans);
    for &gone in &ids {
        let rest: Vec<u64> = ids.iter().copied().filter(|&id| id != gone).collect();
        let (kept, of_thin_air) = kept(&rest);
        prop_assert!(kept[at] || of_thin_air, "{:?} without {} of {:?}", ids, gone, plans);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn patterns_agree_with_the_definitions(plans in plans()) {
        agree(&tamed(plans))?;
    }

    #[test]
    fn values_out_of_thin_air_break_every_level(plans in plans()) {
        agree(&plans)?;
    }
}

/// How many random histories: 300, or what `ORRERY_CASES` says.
#[expect(clippy::disallowed_methods, reason = "how much to test is no part of a run")]
fn cases() -> u32 {
    std::env::var("ORRERY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

/// Every mixture of verdicts is met, so that agreement says something.
#[test]
fn all_mixtures_are_common() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..6_000 {
        let plans = tamed(plans().new_tree(&mut runner).unwrap().current());
        *seen.entry(keeps(&plans)).or_insert(0) += 1;
    }
    for mixture in [[true, true, true], [false; 3], [true, false, false], [true, false, true]] {
        assert!(seen[&mixture] >= 5, "{seen:?}");
    }
}
