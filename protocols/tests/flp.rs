//! FLP under test: the outcome stays open for as long as one likes, fairly, and no longer.

use orrery_protocols::flp::configuration::{Configuration, Event};
use orrery_protocols::flp::{Flp, Member, Note, Parameters};
use orrery_sim::registration::NoteEntry;
use orrery_sim::{Duration, Law, Link, NodeId, Registration, Setup, SimTime, Violation, World};

struct Run {
    notes: Vec<NoteEntry<Flp>>,
    violation: Option<Violation>,
    stats: Vec<Option<i64>>,
    world: World<Member>,
}

fn run(parameters: &Parameters, rules: &[&str]) -> Run {
    let mut setup = Setup::new(1, Flp::set_up(parameters, 4).unwrap());
    let latency = Law::Constant(Duration::from_millis(1));
    setup.links.default = Link { latency, ..Link::default() };
    let mut world = World::<Member>::new(setup).unwrap();
    let mut monitors = Flp::monitors(parameters, 4);
    monitors.retain(|monitor| rules.is_empty() || rules.contains(&monitor.name()));
    let (mut notes, mut violation) = (vec![], None);
    while violation.is_none() && world.step(SimTime::MAX).unwrap().is_some() {
        let step = world.last();
        if let Some(node) = step.handled_by {
            let (time, event) = (step.time, step.number);
            let entry = |note: &Note| NoteEntry { time, event, node, note: note.clone() };
            notes.extend(step.notes.iter().map(entry));
        }
        for monitor in &mut monitors {
            if let Err(found) = monitor.after(step, &world) {
                violation.get_or_insert(found);
            }
        }
    }
    let stats = Flp::statistics(&world, &notes);
    Run { notes, violation, stats, world }
}

fn decisions(run: &Run) -> Vec<u8> {
    let decided = run.notes.iter().filter_map(|entry| match entry.note {
        Note::Decided { value } => Some(value),
        Note::Postponed { .. } | Note::Released { .. } | Note::Lost { .. } => None,
    });
    decided.collect()
}

#[test]
fn the_outcome_stays_open_for_as_many_steps_as_one_likes() {
    for steps in [1, 10, 100, 1_000] {
        let run = run(&Parameters { steps, ..Parameters::default() }, &[]);
        assert_eq!(run.violation, None, "{:?}", run.violation);
        let steps = i64::try_from(steps).unwrap();
        assert_eq!(run.stats[1], Some(steps), "all of them with both values possible");
        let (all, wait) = (run.stats[0].unwrap(), run.stats[3].unwrap());
        assert!(all < steps + 60, "{all} steps: once it is fair, they decide");
        assert!(wait <= 64, "{wait}");
        assert_eq!(decisions(&run).len(), 3);
    }
}

/// Whichever way the inputs differ.
#[test]
fn any_mixed_inputs_will_do() {
    for bits in 1..7_u8 {
        let inputs = [bits & 1, bits >> 1 & 1, bits >> 2 & 1];
        let run = run(&Parameters { inputs, steps: 100, detector: false }, &[]);
        assert_eq!(run.violation, None, "{inputs:?}: {:?}", run.violation);
        assert_eq!(run.stats[1], Some(100), "{inputs:?}");
    }
    let same = Parameters { inputs: [1, 1, 1], ..Parameters::default() };
    assert!(Flp::set_up(&same, 4).unwrap_err().contains("same"));
    assert!(Flp::set_up(&Parameters::default(), 3).is_err());
}

#[test]
fn with_a_failure_detector_they_decide() {
    let parameters = Parameters { detector: true, ..Parameters::default() };
    let run = run(&parameters, &["Fair", "Consensus"]);
    assert_eq!(run.violation, None, "{:?}", run.violation);
    assert!(run.notes.iter().any(|entry| matches!(entry.note, Note::Lost { .. })));
    assert_eq!(decisions(&run), [0, 0, 0], "the input of n1, who leads");
    assert!(run.stats[0].unwrap() < 40, "{:?}", run.stats);
}

/// The monitor looks at the real processes: where these all begin with 1, nothing is open, whatever
/// the scheduler believes.
#[test]
fn the_monitor_notices_that_the_outcome_is_settled() {
    let mut setup = Setup::<Flp>::new(1, Flp::set_up(&Parameters::default(), 4).unwrap());
    for config in &mut setup.configs[..3] {
        config.inputs = [1, 1, 1];
    }
    let mut world = World::<Member>::new(setup).unwrap();
    let mut monitors = Flp::monitors(&Parameters::default(), 4);
    let mut found = None;
    while found.is_none() && world.step(SimTime::MAX).unwrap().is_some() {
        let step = world.last();
        found = monitors.iter_mut().find_map(|monitor| monitor.after(step, &world).err());
    }
    assert_eq!(found.unwrap().rule, "Bivalent");
}

/// Lemma 2: some initial configuration is bivalent, and neither that of equal inputs is.
#[test]
fn initial_configurations_are_as_lemma_2_says() {
    let bivalent = |inputs| Configuration::initial(inputs, None).is_bivalent();
    assert!(bivalent([0, 1, 1]) && bivalent([1, 0, 0]));
    assert!(!bivalent([0, 0, 0]) && !bivalent([1, 1, 1]));
}

/// Lemma 1: steps of different processes commute.
#[test]
fn steps_of_different_processes_commute() {
    let start = Configuration::initial([0, 1, 1], None);
    let first: Event = start.null(NodeId(1));
    let second: Event = start.null(NodeId(2));
    let (a, b) = (start.after(&first).after(&second), start.after(&second).after(&first));
    assert_eq!(a.processes, b.processes);
    let sorted = |configuration: &Configuration| {
        let mut buffer = configuration.buffer.clone();
        buffer.sort();
        buffer
    };
    assert_eq!(sorted(&a), sorted(&b));
}

/// What the scheduler believes of the processes is what they are.
#[test]
fn the_scheduler_knows_the_processes() {
    let run = run(&Parameters { steps: 50, ..Parameters::default() }, &[]);
    let Some(Member::Scheduler(scheduler)) = run.world.node(NodeId(4)) else {
        panic!("n4 schedules")
    };
    for (place, known) in scheduler.configuration.processes.iter().enumerate() {
        let Some(Member::Process(real)) = run.world.node(NodeId::from_index(place)) else {
            panic!("n{} is a process", place + 1)
        };
        assert_eq!(known, real);
    }
}
