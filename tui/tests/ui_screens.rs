//! What the debugger looks like: whole screens at several sizes and places of one run.

mod support;

use orrery::ui::PickerEntry;
use orrery::ui::model::{Model, Settings};
use orrery::ui::picker::Picker;
use orrery::ui::theme::ThemeName;
use support::screens::{draw, keys, open, screen, styles};
use support::session::{nothing, ring, split_brain};

const FULL: (u16, u16) = (120, 40);
const USUAL: (u16, u16) = (80, 24);
const SMALL: (u16, u16) = (40, 12);
const TINY: (u16, u16) = (30, 6);

fn at(place: &str) -> Model {
    let mut model = open(split_brain());
    keys(&mut model, &format!("g{place}<Enter>"));
    model
}

#[test]
fn the_full_screen_at_several_places() {
    for (name, place) in [
        ("start", "start"),
        ("first_leader", "11"),
        ("cut", "27"),
        ("second_leader", "41"),
        ("violation", "violation"),
        ("end", "end"),
    ] {
        insta::assert_snapshot!(format!("full_{name}"), screen(&mut at(place), FULL));
    }
}

#[test]
fn the_usual_screen_with_each_pane_below() {
    for (name, place, pane) in [
        ("start", "start", "1"),
        ("cut_event", "27", "4"),
        ("nodes", "18", "2"),
        ("pending", "18", "3"),
        ("violation_history", "violation", "5"),
        ("crashed_node", "43", "4"),
    ] {
        let mut model = at(place);
        keys(&mut model, pane);
        insta::assert_snapshot!(format!("usual_{name}"), screen(&mut model, USUAL));
    }
}

#[test]
fn small_screens_show_one_pane_and_tiny_ones_say_what_is_needed() {
    insta::assert_snapshot!("small_diagram", screen(&mut at("12"), SMALL));
    let mut model = at("12");
    keys(&mut model, "4");
    insta::assert_snapshot!("small_event", screen(&mut model, SMALL));
    insta::assert_snapshot!("tiny", screen(&mut at("12"), TINY));
}

#[test]
fn a_zoomed_event_shows_the_state_beside_it() {
    let mut model = at("19");
    keys(&mut model, "4z");
    insta::assert_snapshot!("zoomed_event", screen(&mut model, FULL));
}

#[test]
fn help_questions_and_answers() {
    let mut model = at("11");
    keys(&mut model, "?");
    insta::assert_snapshot!("help", screen(&mut model, (100, 90)));
    let mut model = at("11");
    keys(&mut model, "gsoon<Enter>");
    insta::assert_snapshot!("question", screen(&mut model, USUAL));
    let mut model = at("start");
    keys(&mut model, "/vote<Enter>");
    insta::assert_snapshot!("search", screen(&mut model, USUAL));
}

#[test]
fn many_nodes_are_seen_through_a_window() {
    let mut model = open(ring(50, 200));
    keys(&mut model, "g81<Enter>");
    let shown = screen(&mut model, FULL);
    assert!(shown.contains("n29-n34 of 50"), "{shown}");
    insta::assert_snapshot!("many_nodes", shown);
}

#[test]
fn a_run_without_events_says_so() {
    insta::assert_snapshot!("nothing", screen(&mut open(nothing()), USUAL));
}

#[test]
fn styles_of_a_screen_in_colour_and_without() {
    let mut model = at("violation");
    insta::assert_snapshot!("styles_dark", styles(&draw(&mut model, USUAL)));
    let settings = Settings { theme: ThemeName::Mono, is_ascii: true, has_picker: false };
    let mut model = Model::new(Box::new(split_brain()), settings);
    keys(&mut model, "gviolation<Enter>");
    let buffer = draw(&mut model, USUAL);
    let shown = styles(&buffer);
    assert!(!shown.contains('#') && !shown.contains('@'), "{shown}");
    insta::assert_snapshot!("styles_mono", shown);
    let shown = support::screens::text(&buffer);
    assert!(shown.is_ascii(), "{shown}");
    insta::assert_snapshot!("ascii", shown);
}

#[test]
fn every_theme_draws_the_same_signs() {
    let mut model = at("27");
    let first = screen(&mut model, FULL);
    for _ in ThemeName::ALL {
        keys(&mut model, "t<Esc>");
        model.status = None;
        assert_eq!(screen(&mut model, FULL), first);
    }
}

#[test]
fn the_list_of_scenarios() {
    let entry = |name: &str, title: &str, is_lesson| PickerEntry {
        name: name.into(),
        title: title.into(),
        about: format!("What {title} is about.\n\nAnd what to watch for."),
        is_lesson,
    };
    let entries = vec![
        entry("gossip/rumour", "A rumour spreads", false),
        entry("raft/figure-8", "Figure 8", false),
        entry("tour/first-steps", "First steps", true),
    ];
    let mut picker = Picker::new(entries.clone(), Settings::default());
    insta::assert_snapshot!("picker_full", screen(&mut picker, FULL));
    keys(&mut picker, "k");
    insta::assert_snapshot!("picker_usual", screen(&mut picker, USUAL));
    let mut empty = Picker::new(Vec::new(), Settings::default());
    keys(&mut empty, "jk<Enter>");
    assert!(screen(&mut empty, SMALL).contains("there are no scenarios"));
}
