//! Whatever is pressed on whatever screen: nothing panics, the cursor stays within the run, and a step back undoes
//! a step.

mod support;

use orrery::ui::action::Action;
use orrery::ui::key::Key;
use orrery::ui::keys::KEYS;
use orrery::ui::model::{Model, Settings};
use orrery::ui::theme::ThemeName;
use orrery::ui::update::update;
use proptest::prelude::*;
use support::screens::{draw, keys, open};
use support::session::{nothing, ring, split_brain};
use support::story::FakeSession;

#[derive(Clone, Debug)]
enum Deed {
    Press(Key),
    Tick,
    Draw(u16, u16),
}

fn any_key() -> impl Strategy<Value = Key> {
    let bound: Vec<Key> = KEYS.iter().flat_map(|line| line.keys.iter().copied()).collect();
    prop_oneof![
        8 => proptest::sample::select(bound),
        1 => any::<char>().prop_map(Key::Char),
        1 => "[0-9a-z.#]".prop_map(|text| Key::Char(text.chars().next().unwrap_or('x'))),
    ]
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        10 => any_key().prop_map(Deed::Press),
        1 => Just(Deed::Tick),
        1 => (0_u16..200, 0_u16..200).prop_map(|(width, height)| Deed::Draw(width, height)),
        1 => (30_u16..130, 8_u16..45).prop_map(|(width, height)| Deed::Draw(width, height)),
    ]
}

fn any_session() -> impl Strategy<Value = usize> {
    0_usize..3
}

fn session(which: usize) -> FakeSession {
    match which {
        0 => split_brain(),
        1 => ring(30, 60),
        _ => nothing(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(which in any_session(), is_ascii: bool, deeds in proptest::collection::vec(any_deed(), 1..60)) {
        let settings = Settings { theme: ThemeName::Dark, is_ascii, has_picker: true };
        let mut model = Model::new(Box::new(session(which)), settings);
        for deed in deeds {
            match deed {
                Deed::Press(key) => drop(orrery::ui::app::press(&mut model, key)),
                Deed::Tick => drop(update(&mut model, Action::Tick)),
                Deed::Draw(width, height) => drop(draw(&mut model, (width, height))),
            }
            prop_assert!(model.cursor() <= model.last());
            prop_assert!((1..=model.session().header().nodes).contains(&model.selected.0));
        }
        draw(&mut model, (120, 40));
    }

    #[test]
    fn a_step_back_undoes_a_step(start in 0_u64..51) {
        let mut model = open(split_brain());
        model.go(start);
        let before = (model.cursor(), model.session().view().clone(), draw(&mut model, (120, 40)));
        keys(&mut model, "jk");
        // Only the selection may differ, where the event at the cursor has no node.
        if model.here().is_some_and(|row| row.node.is_some()) {
            let after = (model.cursor(), model.session().view().clone(), draw(&mut model, (120, 40)));
            prop_assert!(before == after);
        }
        prop_assert_eq!(model.cursor(), start);
    }
}
