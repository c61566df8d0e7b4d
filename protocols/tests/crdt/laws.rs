//! The laws of join semilattices, for states that come about by any updates and merges at three replicas; and that a state is what its updates mean.

use std::collections::BTreeMap;

use orrery_protocols::crdt::{
    Dot, ElementId, Kind, Made, ReplicaId, State, Update, Value, Versions, meaning,
};
use orrery_sim::NodeId;
use proptest::prelude::*;

const KINDS: [Kind; 8] = [
    Kind::GCounter,
    Kind::PnCounter,
    Kind::GSet,
    Kind::TwoPhaseSet,
    Kind::OrSet,
    Kind::Lww,
    Kind::Mv,
    Kind::Rga,
];

/// What happens at three replicas: an update at one, or a merge from one to another.
#[derive(Clone, Debug)]
enum Happening {
    Update { at: usize, what: u8, number: u8 },
    Merge { from: usize, to: usize },
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let update = (0..3_usize, any::<u8>(), any::<u8>())
        .prop_map(|(at, what, number)| Happening::Update { at, what, number });
    let merge = (0..3_usize, 0..3_usize).prop_map(|(from, to)| Happening::Merge { from, to });
    proptest::collection::vec(prop_oneof![3 => update, 2 => merge], 0..40)
}

/// One replica.
#[derive(Clone)]
struct Holder {
    id: ReplicaId,
    state: State,
    known: Versions,
}

/// Three replicas after all that, and all updates that were made.
fn replicas(kind: Kind, happenings: &[Happening]) -> (Vec<Holder>, BTreeMap<Dot, Made>) {
    let copy = |node| Holder {
        id: ReplicaId { node: NodeId(node), incarnation: 0 },
        state: State::empty(kind),
        known: Versions::default(),
    };
    let mut copies: Vec<Holder> = (1..=3).map(copy).collect();
    let mut made = BTreeMap::new();
    for happening in happenings {
        match happening {
            Happening::Merge { from, to } => {
                let from = copies[*from].clone();
                let to = &mut copies[*to];
                to.state.join(&from.state);
                to.known.join(&from.known);
            }
            Happening::Update { at, what, number } => {
                let copy = &mut copies[*at];
                let Some(update) = update(kind, copy, *what, *number) else { continue };
                let dot = Dot { replica: copy.id, number: copy.known.count(copy.id) + 1 };
                let delta = copy.state.delta(dot, &update, &copy.known);
                made.insert(dot, Made { update, known: copy.known.clone() });
                let before = copy.state.clone();
                copy.state.join(&delta);
                copy.known.add(dot);
                // An update moves a state up: joining what was before adds nothing.
                let mut again = copy.state.clone();
                again.join(&before);
                assert_eq!(again, copy.state);
            }
        }
    }
    (copies, made)
}

/// An update that the type has, if there is one to be made.
fn update(kind: Kind, copy: &Holder, what: u8, number: u8) -> Option<Update> {
    let element = format!("e{}", number % 3);
    let update = match kind {
        Kind::GCounter => Update::Count { by: i64::from(number) + 1 },
        Kind::PnCounter if what.is_multiple_of(2) => Update::Count { by: i64::from(number) + 1 },
        Kind::PnCounter => Update::Count { by: -i64::from(number) - 1 },
        Kind::GSet => Update::Add { element },
        Kind::TwoPhaseSet | Kind::OrSet if what.is_multiple_of(2) => Update::Add { element },
        Kind::TwoPhaseSet => {
            let Value::Elements(there) = copy.state.value() else { return None };
            there.contains(&element).then(|| Update::Remove { element, dots: vec![] })?
        }
        Kind::OrSet => {
            let dots = copy.state.dots(&element);
            (!dots.is_empty()).then_some(Update::Remove { element, dots })?
        }
        Kind::Lww => {
            let State::Last(last) = &copy.state else { return None };
            let after = last.as_ref().map_or(0, |last| last.time + 1);
            Update::Write { time: after.max(u64::from(what % 4)), value: element }
        }
        Kind::Mv => Update::Write { time: 0, value: element },
        Kind::Rga => return edit(copy, what, number),
    };
    Some(update)
}

fn edit(copy: &Holder, what: u8, number: u8) -> Option<Update> {
    let visible = copy.state.visible();
    if what.is_multiple_of(3) {
        let (id, _) = *visible.get(usize::from(number) % visible.len().max(1))?;
        return Some(Update::Delete { id });
    }
    let State::Sequence { inserted, .. } = &copy.state else { return None };
    let clock = inserted.keys().next_back().map_or(1, |last| last.clock + 1);
    let place = usize::from(number) % (visible.len() + 1);
    let after = place.checked_sub(1).map(|place| visible[place].0);
    let letter = char::from(b'a' + number % 26);
    Some(Update::Insert { id: ElementId { clock, replica: copy.id }, after, letter })
}

fn join(a: &State, b: &State) -> State {
    let mut joined = a.clone();
    joined.join(b);
    joined
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Idempotence, commutativity, associativity, and the bottom.
    #[test]
    fn joins_are_least_upper_bounds(happenings in happenings()) {
        for kind in KINDS {
            let (copies, _) = replicas(kind, &happenings);
            let [a, b, c] = [0, 1, 2].map(|i: usize| copies[i].state.clone());
            prop_assert_eq!(join(&a, &a), a.clone());
            prop_assert_eq!(join(&a, &State::empty(kind)), a.clone());
            prop_assert_eq!(join(&a, &b), join(&b, &a));
            prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
            // Above both: joining either once more changes nothing.
            let ab = join(&a, &b);
            prop_assert_eq!(join(&ab, &a), ab.clone());
            prop_assert_eq!(join(&ab, &b), ab);
        }
    }

    /// What a replica shows is what the updates mean that it has, by a definition that knows of no replicas.
    #[test]
    fn a_state_is_what_its_updates_mean(happenings in happenings()) {
        for kind in KINDS {
            let (copies, made) = replicas(kind, &happenings);
            for copy in copies {
                prop_assert_eq!(copy.state.value(), meaning(kind, &made, &copy.known), "{:?}", kind);
            }
        }
    }

    /// Deltas may be joined before they are sent: they add up to the states.
    #[test]
    fn joined_deltas_are_the_state(happenings in happenings()) {
        for kind in KINDS {
            let alone: Vec<Happening> = happenings.iter().filter(|it| {
                matches!(it, Happening::Update { .. })
            }).cloned().collect();
            let mut copy = replicas(kind, &[]).0.swap_remove(0);
            let mut deltas = State::empty(kind);
            for happening in alone {
                let Happening::Update { what, number, .. } = happening else { continue };
                let Some(update) = update(kind, &copy, what, number) else { continue };
                let dot = Dot { replica: copy.id, number: copy.known.count(copy.id) + 1 };
                let delta = copy.state.delta(dot, &update, &copy.known);
                copy.state.join(&delta);
                copy.known.add(dot);
                deltas.join(&delta);
            }
            prop_assert_eq!(deltas, copy.state);
        }
    }
}

/// The laws are not empty: a merge that adds counts breaks them.
#[test]
fn sums_are_no_joins() {
    let id = ReplicaId { node: NodeId(1), incarnation: 0 };
    let counter =
        |count| State::Counter { up: BTreeMap::from([(id, count)]), down: BTreeMap::new() };
    assert_eq!(join(&counter(2), &counter(2)), counter(2));
    assert_ne!(join(&counter(2), &counter(2)), counter(4));
}

#[test]
fn a_version_vector_has_all_before_what_it_has() {
    let id = |node| ReplicaId { node: NodeId(node), incarnation: 0 };
    let mut versions = Versions::of(Dot { replica: id(1), number: 3 });
    assert!(versions.has(Dot { replica: id(1), number: 2 }));
    assert!(!versions.has(Dot { replica: id(1), number: 4 }));
    let other = Versions::of(Dot { replica: id(2), number: 1 });
    assert!(!versions.covers(&other) && !other.covers(&versions));
    versions.join(&other);
    assert!(versions.covers(&other));
}
