//! Failures that take faults: the shrinker finds the ones that they take, and random draws stay what they were.

mod support;

use orrery_harness::case::{Checks, Clients, Swarm};
use orrery_harness::registered;
use orrery_harness::shrink::{ShrinkOptions, Shrunk, shrink};
use orrery_harness::{Case, RunOptions};
use orrery_sim::ledger::Family;
use orrery_sim::plan::{Action, Disturbance, Item, LinkFault, Plan, Target, Trigger};
use orrery_sim::registration::{FaultModel, Registration, Statistic};
use orrery_sim::{
    Bug, Context, Duration, Law, Link, Links, Monitor, Node, NodeId, Order, Probability, Protocol,
    SimTime, Start, Violation, World,
};
use serde::Serialize;
use serde_json::Value as Json;

const SECOND: u64 = 1_000_000_000;
const BEAT: Duration = Duration::from_millis(10);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Beats;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Note {
    /// A beat is missing.
    Gap { after: u64, came: u64 },
    /// A node lives for the third time.
    ThirdLife,
}

impl Protocol for Beats {
    type Config = ();
    type Message = u64;
    type Timer = ();
    type Record = ();
    type Note = Note;
    type Operation = ();
    type Output = ();
}

/// `n1` beats, all others listen.
#[derive(Clone, Debug, Serialize)]
struct Member {
    beats: u64,
    heard: Option<u64>,
}

impl Node for Member {
    type Protocol = Beats;

    fn on_start(start: Start<'_, Beats>, ctx: &mut Context<'_, Beats>) -> Self {
        if start.id == NodeId(1) {
            ctx.set_timer((), BEAT);
        } else if start.incarnation == 2 {
            ctx.note(Note::ThirdLife);
        }
        Self { beats: 0, heard: None }
    }

    fn on_message(&mut self, _: NodeId, beat: u64, ctx: &mut Context<'_, Beats>) {
        if let Some(after) = self.heard.filter(|heard| heard + 1 < beat) {
            ctx.note(Note::Gap { after, came: beat });
        }
        self.heard = Some(beat);
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<'_, Beats>) {
        self.beats += 1;
        ctx.broadcast(&self.beats);
        ctx.set_timer((), BEAT);
    }
}

/// No note of one kind is ever made.
#[derive(Clone, Serialize)]
struct Never(&'static str);

impl Monitor<Member> for Never {
    fn name(&self) -> &'static str {
        self.0
    }

    fn after(
        &mut self,
        step: &orrery_sim::Step<Beats>,
        _: &World<Member>,
    ) -> Result<(), Violation> {
        let rule = self.0;
        let fact = step.notes.iter().find_map(|note| match note {
            Note::Gap { after, came } if rule == "no gap" => {
                Some(format!("beat {after} was followed by {came}"))
            }
            Note::ThirdLife if rule == "two lives" => Some(String::from("a third life began")),
            Note::Gap { .. } | Note::ThirdLife => None,
        });
        let Some(fact) = fact else { return Ok(()) };
        Err(Violation { rule, source: "this test", facts: vec![fact], nodes: vec![] })
    }
}

struct Registered;

impl Registration for Registered {
    type Node = Member;
    type Parameters = support::Parameters;

    const NAME: &'static str = "beats";
    const SUMMARY: &'static str = "one beats, others listen";
    const BUGS: &'static [Bug] = &[];
    const PROBES: &'static [&'static str] = &[];
    const STATISTICS: &'static [Statistic] = &[];

    fn set_up(_: &support::Parameters, nodes: u32) -> Result<Vec<()>, String> {
        Ok(vec![(); nodes as usize])
    }

    fn monitors(_: &support::Parameters, _: u32) -> Vec<Box<dyn Monitor<Member>>> {
        vec![Box::new(Never("no gap")), Box::new(Never("two lives"))]
    }

    fn fault_model(_: &support::Parameters, nodes: u32) -> FaultModel {
        let families =
            vec![Family::Crash, Family::Restart, Family::Loss, Family::Pause, Family::Duplication];
        FaultModel { families, down_at_most: nodes, drift_ppb: 0, bears_harsh: false }
    }
}

fn case(seed: u64, rule: &str) -> Case {
    let mut swarm = Swarm::new(SimTime::ZERO, SimTime::from_nanos(2 * SECOND));
    swarm.counts.insert(Family::Crash, 40);
    swarm.counts.insert(Family::Pause, 6);
    swarm.shares.insert(Family::Loss, Probability::ratio(1, 4));
    swarm.shares.insert(Family::Duplication, Probability::ratio(1, 4));
    let default = Link {
        latency: Law::Constant(Duration::from_millis(1)),
        order: Order::Fifo,
        ..Link::default()
    };
    Case {
        protocol: String::from("beats"),
        links: Links { default, ..Links::default() },
        clients: Clients::default(),
        swarm: Some(swarm),
        checks: Checks { always: Some(vec![rule.into()]), ..Checks::default() },
        ..support::case(seed)
    }
}

/// The failures of the first seeds, shrunk.
fn all_shrunk(rule: &str) -> Vec<(Case, Shrunk)> {
    let subject = registered::<Registered>();
    let mut all = Vec::new();
    for seed in 0..60 {
        let case = case(seed, rule);
        if let Ok(shrunk) = shrink(subject.as_ref(), &case, &ShrinkOptions::default()) {
            assert!(shrunk.is_explicit && !shrunk.is_spent && !shrunk.has_control);
            let again = subject.run(&shrunk.case, &RunOptions::default()).unwrap();
            assert_eq!(again.digest, shrunk.report.digest);
            all.push((case, shrunk));
        }
    }
    assert!(5 < all.len(), "{rule} is too seldom broken: {}", all.len());
    all
}

fn words(plan: &Plan<Json>) -> Vec<&'static str> {
    plan.items.iter().map(|item| item.action.word()).collect()
}

#[test]
fn a_third_life_takes_two_crashes_and_two_restarts_of_one_node() {
    for (_, shrunk) in all_shrunk("two lives") {
        let plan = &shrunk.case.plan;
        assert_eq!(words(plan), ["crash", "restart", "crash", "restart"], "{}", shrunk.case.seed);
        let whom = plan.items.iter().map(|item| match &item.action {
            Action::Crash { node, .. } | Action::Restart(node) => node.clone(),
            other => panic!("{other:?}"),
        });
        let whom: Vec<Target> = whom.collect();
        assert!(whom.windows(2).all(|pair| pair[0] == pair[1]), "{whom:?}");
        // Nodes are never renumbered: the one that lives three times is the last one.
        assert_eq!(whom[0], Target::Node(NodeId(shrunk.case.nodes)));
    }
}

#[test]
fn a_gap_takes_one_spell_of_losses() {
    for (_, shrunk) in all_shrunk("no gap") {
        assert_eq!(shrunk.after.total(), 1, "{:?}", shrunk.case.plan);
        assert_eq!(words(&shrunk.case.plan), ["disturb"]);
    }
}

#[test]
fn what_is_taken_out_shifts_no_draw_of_what_is_left() {
    let disturb = || Item {
        name: None,
        trigger: Trigger::At(SimTime::ZERO),
        within: None,
        action: Action::Disturb(Disturbance {
            filter: orrery_sim::plan::MessageFilter::default(),
            fault: LinkFault::Delay(Law::Exponential(Duration::from_millis(9))),
        }),
    };
    let subject = registered::<Registered>();
    let run = |items: Vec<Item<Json>>, places: Vec<u32>| {
        let plan = Plan { items, places, ..Plan::default() };
        let mut case = Case { plan, swarm: None, ..case(4, "no gap") };
        case.links.default.order = Order::Free;
        subject.run(&case, &RunOptions::default()).unwrap().violation.unwrap().time_ns
    };
    // An item without any effect, and behind it delays that let beats overtake each other.
    let calm = Item { action: Action::Heal(None), ..disturb() };
    let both = run(vec![calm, disturb()], vec![]);
    let alone = run(vec![disturb()], vec![1]);
    let elsewhere = run(vec![disturb()], vec![]);
    assert_eq!(both, alone);
    assert_ne!(alone, elsewhere);
}
