//! The runs that the tests look at: five nodes elect a leader, serve two clients, are cut in two, crash, and break a
//! rule; and a token that goes round a ring.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::collections::BTreeMap;

use orrery_harness::report::{Failure, GoalReport, Verdict};
use orrery_harness::session::{ArrivalFate, Row, RowKind};
use orrery_sim::ClientId;
use orrery_sim::plan::MessageAddress;

use super::story::{FakeSession, Story, n, state};

/// A candidate asks all others for their votes; `lost` are the receivers whose messages are lost.
fn election(story: &mut Story, micros: u64, id: u32, term: i128, lost: &[u32]) -> u64 {
    story.event(micros, Some(n(id)), RowKind::Timer, "timer Election", |story, row| {
        let node = story.node(n(id));
        node.role = "candidate".into();
        node.epoch = u64::try_from(term).unwrap_or_default();
        node.state = state(term, Some(id), &[], 0);
        node.journal.push(format!("HardState {{ term: t{term}, voted_for: n{id} }}"));
        row.new_role = Some("candidate".into());
        row.effects.push("write HardState; sync".into());
        for other in (1..=5).filter(|other| *other != id) {
            let arrives =
                (!lost.contains(&other)).then_some(micros + 1_000 + u64::from(other) * 211);
            let text = format!("RequestVote {{ term: t{term}, last: i0 }}");
            story.send(row, n(id), n(other), &text, arrives);
        }
    })
}

fn grant(story: &mut Story, from: u32, to: u32, term: i128) {
    story.arrive((from, to), ArrivalFate::Handled, |story, row| {
        let node = story.node(n(to));
        node.state = state(term, Some(from), &[], 0);
        node.epoch = u64::try_from(term).unwrap_or_default();
        let arrives = row.time.as_nanos() / 1_000 + 1_300 + u64::from(to) * 57;
        story.send(
            row,
            n(to),
            n(from),
            &format!("Vote {{ term: t{term}, granted: true }}"),
            Some(arrives),
        );
    });
}

fn lead(story: &mut Story, row: &mut Row, id: u32, term: i128) {
    story.node(n(id)).role = "leader".into();
    story.node(n(id)).timers = vec![("Heartbeat".into(), None)];
    row.new_role = Some("leader".into());
    row.notes.push(format!("Elected {{ term: t{term} }}"));
}

fn replicate(story: &mut Story, row: &mut Row, from: u32, to: &[u32], text: &str) {
    let micros = row.time.as_nanos() / 1_000;
    for other in to {
        story.send(row, n(from), n(*other), text, Some(micros + 900 + u64::from(*other) * 173));
    }
}

/// The run that most tests look at.
pub fn split_brain() -> FakeSession {
    let mut story = Story::new(5);
    first_leader(&mut story);
    cut_in_two(&mut story);
    second_leader(&mut story);
    breach(&mut story);
    story.finish(|report| {
        report.verdict = Verdict::Fail;
        report.as_expected = false;
        report.invariants = BTreeMap::from([
            ("ElectionSafety".into(), true),
            ("LeaderCompleteness".into(), true),
            ("LogMatching".into(), true),
            ("StateMachineSafety".into(), false),
        ]);
        report.goals = vec![
            GoalReport {
                name: "a leader is elected".into(),
                reached_at_event: Some(14),
                reached_at_ns: Some(155_000_000),
                reason: None,
            },
            GoalReport {
                name: "all clients are served".into(),
                reached_at_event: None,
                reached_at_ns: None,
                reason: Some("c1.2 was never answered".into()),
            },
        ];
        report.violation = Some(Failure {
            found_by: "StateMachineSafety".into(),
            rule: "StateMachineSafety".into(),
            source: "Raft, figure 3".into(),
            facts: vec![
                "n1 applied put x 2 at i2 in t1".into(),
                "n4 applied put x 3 at i2 in t2".into(),
            ],
            event: 48,
            time_ns: 330_000_000,
            picture: None,
        });
    })
}

fn first_leader(story: &mut Story) {
    for id in 1..=5 {
        story.start(u64::from(id) * 10, n(id));
    }
    election(story, 150_000, 1, 1, &[5]);
    for to in 2..=4 {
        grant(story, 1, to, 1);
    }
    story.arrive((2, 1), ArrivalFate::Handled, |_, row| {
        row.effects.push("nothing yet: 2 of 5 votes".into());
    });
    story.arrive((3, 1), ArrivalFate::Handled, |story, row| {
        lead(story, row, 1, 1);
        row.narration = vec!["n1 has three of five votes: it leads term 1.".into()];
        replicate(story, row, 1, &[2, 3, 4, 5], "AppendEntries { term: t1, entries: [] }");
    });
    story.arrive((4, 1), ArrivalFate::Handled, |_, _| {});
    for to in 2..=5 {
        story.arrive((1, to), ArrivalFate::Handled, |story, _| {
            let log: &[&str] = &[];
            story.node(n(to)).state = state(1, Some(1), log, 0);
        });
    }
    story.ask(170_000, 1, 1, 1, "put x 1");
    story.event(170_400, Some(n(1)), RowKind::Synced, "synced", |story, row| {
        row.cause = Some(row.number - 1);
        story.node(n(1)).state = state(1, Some(1), &["t1 put x 1"], 0);
        story.node(n(1)).journal.push("Entry i1 t1 put x 1".into());
        replicate(story, row, 1, &[2, 3, 4, 5], "AppendEntries { term: t1, entries: [i1] }");
    });
    for to in 2..=5 {
        story.arrive((1, to), ArrivalFate::Handled, |story, row| {
            story.node(n(to)).state = state(1, Some(1), &["t1 put x 1"], 0);
            let micros = row.time.as_nanos() / 1_000 + 1_500;
            story.send(row, n(to), n(1), "Appended { term: t1, through: i1 }", Some(micros));
        });
    }
    story.arrive((2, 1), ArrivalFate::Handled, |_, _| {});
    story.arrive((3, 1), ArrivalFate::Handled, |story, row| {
        story.node(n(1)).state = state(1, Some(1), &["t1 put x 1"], 1);
        row.notes.push("Committed { index: i1 }".into());
        story.end_operation(row, "c1.1", "ok");
    });
    for from in 4..=5 {
        story.arrive((from, 1), ArrivalFate::Handled, |_, _| {});
    }
}

fn cut_in_two(story: &mut Story) {
    let mut pairs = Vec::new();
    for a in [1, 2] {
        for b in [3, 4, 5] {
            pairs.extend([(n(a), n(b)), (n(b), n(a))]);
        }
    }
    pairs.sort_unstable();
    let told = "The network is cut: n1 and n2 on one side, the majority on the other.";
    story.fault(200_000, None, "cut", pairs, told);
    story.ask(210_000, 1, 2, 1, "put x 2");
    story.event(210_500, Some(n(1)), RowKind::Synced, "synced", |story, row| {
        row.cause = Some(row.number - 1);
        story.node(n(1)).state = state(1, Some(1), &["t1 put x 1", "t1 put x 2"], 1);
        replicate(story, row, 1, &[2, 3, 4], "AppendEntries { term: t1, entries: [i2] }");
    });
    story.arrive((1, 2), ArrivalFate::Handled, |story, _| {
        story.node(n(2)).state = state(1, Some(1), &["t1 put x 1", "t1 put x 2"], 1);
    });
    story.arrive((1, 3), ArrivalFate::CutOff, |_, _| {});
    story.arrive((1, 4), ArrivalFate::CutOff, |_, _| {});
}

fn second_leader(story: &mut Story) {
    election(story, 290_000, 4, 2, &[]);
    story.arrive((4, 1), ArrivalFate::CutOff, |_, _| {});
    story.arrive((4, 2), ArrivalFate::CutOff, |_, _| {});
    grant(story, 4, 3, 2);
    grant(story, 4, 5, 2);
    story.arrive((3, 4), ArrivalFate::Handled, |_, _| {});
    story.arrive((5, 4), ArrivalFate::Handled, |story, row| {
        lead(story, row, 4, 2);
        row.narration = vec!["n4 leads term 2, while n1 still thinks that it leads.".into()];
        replicate(story, row, 4, &[3, 5], "AppendEntries { term: t2, entries: [] }");
    });
    story.arrive((4, 3), ArrivalFate::Handled, |_, _| {});
    story.fault(296_500, Some(5), "crash", Vec::new(), "");
    // The heartbeat was on its way when n5 crashed.
    story.view.in_flight.retain(|flight| flight.message.to != n(5));
}

fn breach(story: &mut Story) {
    story.ask(300_000, 2, 1, 4, "put x 3");
    story.event(300_300, Some(n(4)), RowKind::Synced, "synced", |story, row| {
        row.cause = Some(row.number - 1);
        story.node(n(4)).state = state(2, Some(4), &["t1 put x 1", "t2 put x 3"], 1);
        replicate(story, row, 4, &[3, 5], "AppendEntries { term: t2, entries: [i2] }");
    });
    story.fault(300_800, Some(3), "pause", Vec::new(), "");
    story.arrive((4, 3), ArrivalFate::Waits, |_, _| {});
    story.arrive((4, 5), ArrivalFate::Down, |_, _| {});
    story.fault(320_000, Some(3), "resume", Vec::new(), "");
    story.event(330_000, Some(n(1)), RowKind::Timer, "timer Heartbeat", |story, row| {
        story.node(n(1)).state = state(1, Some(1), &["t1 put x 1", "t1 put x 2"], 2);
        row.violation = Some("StateMachineSafety".into());
        row.notes.push("Committed { index: i2 }".into());
    });
    story.fault(340_000, Some(5), "restart", Vec::new(), "");
    story.fault(350_000, None, "heal", Vec::new(), "The network is whole again.");
    let kind = RowKind::GiveUp { client: ClientId(1) };
    story.event(400_000, None, kind, "gives up", |story, row| {
        story.end_operation(row, "c1.2", "unknown");
    });
}

/// A run of many nodes and events: `n1` to the last, one message after the other around the ring.
pub fn ring(nodes: u32, events: u64) -> FakeSession {
    let mut story = Story::new(nodes);
    for id in 1..=nodes {
        story.start(u64::from(id), n(id));
    }
    for step in 0..events.saturating_sub(u64::from(nodes)) {
        let (from, to) = (
            n((step % u64::from(nodes)) as u32 + 1),
            n(((step + 1) % u64::from(nodes)) as u32 + 1),
        );
        let message = MessageAddress { from, to, number: step + 1 };
        let sent_at = story.rows.len() as u64;
        let kind = RowKind::Arrive { message, sent_at, fate: ArrivalFate::Handled, is_copy: false };
        story
            .event(1_000 * (step + 1), Some(to), kind, "Token", |_, row| row.cause = Some(sent_at));
    }
    story.finish(|_| {})
}

/// A run in which nothing happens.
pub fn nothing() -> FakeSession {
    Story::new(3).finish(|_| {})
}
