//! Runs that are changed at the cursor, and runs that are made while they are looked at.

mod support;

use std::rc::Rc;

use orrery::ui::Saved;
use orrery::ui::action::Action;
use orrery::ui::app::App as _;
use orrery::ui::model::{Model, Settings};
use orrery::ui::update::{Command, update};
use orrery_harness::Session;
use orrery_scenarios::{Catalogue, registry};
use support::screens::{keys, open, screen};
use support::session::split_brain;

const USUAL: (u16, u16) = (80, 24);

/// A run in which a leader crashes and comes back, of which nothing is made yet.
fn begun() -> Model {
    let registry = registry();
    let scenario = Catalogue::builtin().load("raft/leader-crash").unwrap();
    let case = scenario.case(&registry, Some(7), &[], &[]).unwrap();
    let session = registry.get("raft").unwrap().begin(&case).unwrap();
    Model::new(session, Settings::default())
}

/// The same, made to its end.
fn made() -> Model {
    let mut model = begun();
    make_all(&mut model);
    model
}

fn make_all(model: &mut Model) {
    while model.is_making() {
        update(model, Action::Tick);
    }
}

fn at(event: &str) -> Model {
    let mut model = made();
    keys(&mut model, &format!("g{event}<Enter>"));
    model
}

fn status(model: &Model) -> &str {
    model.status.as_ref().map_or("", |status| &status.text)
}

/// Chooses the first entry of the open list that begins with `text`.
fn choose(model: &mut Model, text: &str) {
    let menu = model.menus.last().expect("a list is open");
    let place = menu.entries.iter().position(|entry| entry.text.starts_with(text));
    let place = place.unwrap_or_else(|| panic!("no entry `{text}` in {menu:?}"));
    keys(model, "g");
    (0..place).for_each(|_| drop(keys(model, "j")));
    keys(model, "<Enter>");
}

fn title(model: &Model) -> String {
    model.here().map_or_else(String::new, |row| row.title.clone())
}

#[test]
fn the_list_of_what_can_be_done_lies_over_the_run() {
    let mut model = at("700");
    keys(&mut model, "i");
    insta::assert_snapshot!("menu", screen(&mut model, USUAL));
    choose(&mut model, "a message");
    keys(&mut model, "j");
    insta::assert_snapshot!("menu_messages", screen(&mut model, USUAL));
    keys(&mut model, "<Esc><Esc>");
    assert!(model.menus.is_empty());
    assert_eq!((model.cursor(), model.session().header().interventions.len()), (700, 0));
}

#[test]
fn what_is_chosen_is_done_and_undone() {
    let mut model = at("700");
    let digest = model.session().report().digest.clone();
    let node = model.selected;
    keys(&mut model, "i");
    choose(&mut model, "crash");
    assert_eq!((model.cursor(), title(&model)), (701, format!("crash {node}")));
    make_all(&mut model);
    assert_ne!(model.session().report().digest, digest);
    insta::assert_snapshot!("changed", screen(&mut model, USUAL));
    keys(&mut model, "i");
    choose(&mut model, "restart");
    assert_eq!((model.cursor(), title(&model)), (702, format!("restart {node}")));
    keys(&mut model, "uu");
    make_all(&mut model);
    assert_eq!((model.cursor(), &model.session().report().digest), (700, &digest));
    keys(&mut model, "u");
    assert!(status(&model).contains("nothing was done"), "{}", status(&model));
}

#[test]
fn messages_timers_clocks_disks_and_draws_are_within_reach() {
    for (path, word) in [
        (&["a message", "n", "it is lost"][..], "drop"),
        (&["a message", "n", "it arrives now"], "deliver"),
        (&["a message", "n", "a copy"], "duplicate"),
        (&["a message", "n", "it arrives 100ms"], "delay"),
        (&["a timer", "n1 Election"], "fire"),
        (&["the clock", "it stands still"], "clock"),
        (&["the disk", "it fails"], "disk"),
        (&["cut"], "cut"),
        (&["draw the rest"], "reseed"),
    ] {
        let mut model = at("700");
        keys(&mut model, "h<Left><Left><Left>i");
        for text in path {
            choose(&mut model, text);
        }
        assert!(title(&model).starts_with(word), "{path:?}: {}", title(&model));
    }
}

#[test]
fn each_new_draw_of_the_rest_is_another() {
    let mut model = at("700");
    let mut digests = Vec::new();
    for _ in 0..3 {
        keys(&mut model, "i");
        choose(&mut model, "draw the rest");
        make_all(&mut model);
        digests.push(model.session().report().digest.clone());
        keys(&mut model, "u");
    }
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 3);
}

#[test]
fn a_changed_run_has_a_token_once_it_is_written() {
    let saved = Saved { path: "a.plan.toml".into(), token: "raft/x@7+plan=a.plan.toml~0".into() };
    let token = saved.token.clone();
    let mut model = at("700").saving(Some(Rc::new(move |case| {
        assert_eq!(case.interventions.len(), 1);
        Ok(saved.clone())
    })));
    assert_eq!(keys(&mut model, "w"), None);
    assert!(status(&model).contains("nothing was done"), "{}", status(&model));
    keys(&mut model, "i");
    choose(&mut model, "pause");
    assert_eq!(keys(&mut model, "y"), None);
    assert!(status(&model).contains("w writes it"), "{}", status(&model));
    assert_eq!(keys(&mut model, "w"), Some(Command::Copy(token.clone())));
    assert!(status(&model).contains("a.plan.toml"), "{}", status(&model));
    assert_eq!(keys(&mut model, "y"), Some(Command::Copy(token)));
    // The run before has its own.
    keys(&mut model, "u");
    let Some(Command::Copy(own)) = keys(&mut model, "y") else { panic!("it has a token") };
    assert!(own.starts_with("raft/leader-crash@7~"), "{own}");
}

#[test]
fn a_run_that_only_can_be_looked_at_says_so() {
    let mut model = open(split_brain());
    keys(&mut model, "G");
    keys(&mut model, "i<Enter>");
    assert!(status(&model).contains("only looked at"), "{}", status(&model));
}

#[test]
fn a_run_can_be_used_while_it_is_made_and_the_making_be_stopped() {
    let mut model = begun();
    assert!(model.is_playing() && model.last() == 0);
    assert!(screen(&mut model, (120, 40)).contains("making the run 0 %"));
    model.make(300);
    keys(&mut model, "G");
    assert_eq!(model.cursor(), 300);
    keys(&mut model, "<Esc>");
    assert!(!model.is_playing());
    update(&mut model, Action::Tick);
    assert_eq!(model.last(), 300);
    let seen = screen(&mut model, (120, 40));
    assert!(seen.contains("stopped making it") && seen.contains("event 300/300+"), "{seen}");
    assert!(seen.contains("not made yet") || !seen.contains("the whole run"), "{seen}");
    keys(&mut model, "jj");
    assert_eq!((model.cursor(), model.last()), (302, 302));
    keys(&mut model, "G");
    make_all(&mut model);
    assert!(model.session().is_complete());
    assert_eq!(model.cursor(), 302);

    let whole = made();
    let places = [0, 17, 301, model.last()];
    let effects =
        |model: &Model| places.map(|event| model.index().effects_of(event).collect::<Vec<u64>>());
    assert_eq!(effects(&model), effects(&whole));
    assert_eq!(model.index().landmarks(), whole.index().landmarks());
    assert_eq!(model.session().report(), whole.session().report());
}

#[test]
fn a_run_is_changed_while_it_is_made() {
    let mut model = begun();
    model.make(500);
    keys(&mut model, "Gi");
    choose(&mut model, "pause");
    assert_eq!((model.cursor(), model.last()), (501, 501));
    make_all(&mut model);
    let changed: &dyn Session = model.session();
    assert!(changed.is_complete() && 501 < changed.events());
    keys(&mut model, "u");
    assert_eq!((model.cursor(), model.last()), (500, 500));
    make_all(&mut model);
    assert_eq!(model.session().report(), made().session().report());
}
