//! Causal consistency of long histories of many processes, in counted steps.

use orrery_check::causal::{self, Level};
use orrery_check::memory::{Access, Reply};
use orrery_check::record::Value;
use orrery_check::{Budget, HistoryBuilder};

/// A store that is right but for two processes, used by turns: `operations` of `processes` on 20 keys.
fn check(operations: u32, processes: u64, stale: bool) -> [bool; 3] {
    let mut builder = HistoryBuilder::new();
    let mut store: Vec<Vec<i64>> = vec![Vec::new(); 20];
    let mut draw = 1u64;
    let mut next = |below: u64| {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (draw >> 33) % below
    };
    // Two who miss each other's write: no one order explains both.
    for (process, access, reply) in [
        (1_000, Access::write("a", 1), Reply::Written),
        (1_001, Access::write("b", 1), Reply::Written),
        (1_000, Access::read("b"), Reply::Value(Value::Nil)),
        (1_001, Access::read("a"), Reply::Value(Value::Nil)),
    ] {
        let id = builder.invoke(process, 0, access).unwrap();
        builder.ok(id, 0, reply).unwrap();
    }
    for written in 0..i64::from(operations) {
        let (process, key) = (next(processes), next(20));
        let name = format!("k{key}");
        let values = &mut store[key as usize];
        // At the very end, one read of the first version.
        let is_last = stale && written + 1 == i64::from(operations);
        let (access, reply) = if next(3) == 0 && !is_last {
            values.push(written);
            (Access::write(name, written), Reply::Written)
        } else {
            let seen = if is_last { values.first() } else { values.last() };
            (Access::read(name), Reply::Value(seen.map_or(Value::Nil, |value| (*value).into())))
        };
        let id = builder.invoke(process, 0, access).unwrap();
        builder.ok(id, 0, reply).unwrap();
    }
    let history = builder.finish();
    let budget = Budget::default();
    Level::ALL.map(|level| causal::check(&history, level, &Value::Nil, budget).holds())
}

#[test]
fn long_histories_are_judged_within_the_budget() {
    assert_eq!(check(4_000, 20, false), [true; 3]);
    assert_eq!(check(4_000, 20, true), [false; 3]);
}
