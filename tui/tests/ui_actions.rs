//! What keys do to the model.

mod support;

use orrery::ui::action::{Action, Pane};
use orrery::ui::model::Model;
use orrery::ui::update::{Command, update};
use orrery_sim::NodeId;
use support::screens::{keys, open};
use support::session::{nothing, split_brain};

fn model() -> Model {
    open(split_brain())
}

/// The cursor after these keys, from the start.
fn cursor_after(text: &str) -> u64 {
    let mut model = model();
    keys(&mut model, text);
    model.cursor()
}

fn status(model: &Model) -> &str {
    model.status.as_ref().map_or("", |status| &status.text)
}

#[test]
fn steps_leaps_and_ends() {
    assert_eq!(cursor_after("jjj"), 3);
    assert_eq!(cursor_after("<Down><Down>k"), 1);
    assert_eq!(cursor_after("k"), 0);
    assert_eq!(cursor_after("<Ctrl-d><Ctrl-d><Ctrl-u>j"), 11);
    assert_eq!(cursor_after("G"), 51);
    assert_eq!(cursor_after("Gj"), 51);
    assert_eq!(cursor_after("Ggg"), 0);
    assert_eq!(cursor_after("<End><Home>"), 0);
    // A page is what the diagram shows: nine lines at 80x24.
    assert_eq!(cursor_after("<PgDn>"), 9);
}

#[test]
fn landmarks_causes_and_effects() {
    assert_eq!(cursor_after("]"), 6);
    assert_eq!(cursor_after("]]"), 11);
    assert_eq!(cursor_after("]]["), 6);
    // The vote that elects was sent where the request arrived; that was sent by the timer.
    assert_eq!(cursor_after("]],"), 8);
    assert_eq!(cursor_after("]],,"), 6);
    assert_eq!(cursor_after("]."), 7);
    let mut model = model();
    keys(&mut model, "j,");
    assert_eq!((model.cursor(), status(&model)), (1, "no event caused this one"));
}

#[test]
fn a_node_is_followed_until_one_is_selected() {
    let mut model = model();
    keys(&mut model, "jjj");
    assert_eq!(model.selected, NodeId(3));
    keys(&mut model, "J");
    assert_eq!(model.cursor(), 8);
    keys(&mut model, "K");
    assert_eq!(model.cursor(), 3);
    keys(&mut model, "hh");
    assert_eq!((model.selected, model.is_pinned), (NodeId(1), true));
    keys(&mut model, "hjj");
    assert_eq!((model.selected, model.cursor()), (NodeId(1), 5));
    keys(&mut model, "<Esc>");
    assert_eq!((model.selected, model.is_pinned), (NodeId(5), false));
}

#[test]
fn going_to_places() {
    assert_eq!(cursor_after("g18<Enter>"), 18);
    assert_eq!(cursor_after("g0.2s<Enter>"), 27);
    assert_eq!(cursor_after("gviolation<Enter>"), 48);
    assert_eq!(cursor_after("gend<Enter>gstart<Enter>"), 0);
    assert_eq!(cursor_after("g18<Esc>"), 0);
    assert_eq!(cursor_after("g189<Backspace><Enter>"), 18);
    let mut model = model();
    keys(&mut model, "g900<Enter>");
    let problem = model.prompt.as_ref().and_then(|prompt| prompt.problem.clone());
    assert_eq!(problem.as_deref(), Some("there is no event 900: this run ends with event 51"));
    keys(&mut model, "<Ctrl-u>7<Enter>");
    assert_eq!((model.cursor(), model.prompt.is_none()), (7, true));
    update(&mut model, Action::GoTo("elsewhere".into()));
    assert!(status(&model).contains("start, end or violation"));
    let mut quiet = open(nothing());
    keys(&mut quiet, "gviolation<Enter>");
    let problem = quiet.prompt.and_then(|prompt| prompt.problem);
    assert_eq!(problem.as_deref(), Some("no rule was broken in this run"));
}

#[test]
fn searching() {
    let mut model = model();
    keys(&mut model, "/candidate<Enter>");
    assert_eq!(model.cursor(), 6);
    keys(&mut model, "n");
    assert_eq!((model.cursor(), status(&model)), (33, "`candidate`: 2 of 2; n next, N before"));
    keys(&mut model, "n");
    assert_eq!(model.cursor(), 6);
    keys(&mut model, "N");
    assert_eq!(model.cursor(), 33);
    keys(&mut model, "/no such thing<Enter>");
    let problem = model.prompt.as_ref().and_then(|prompt| prompt.problem.clone());
    assert_eq!(problem.as_deref(), Some("no event mentions `no such thing`"));
    keys(&mut model, "<Esc><Esc>");
    assert_eq!(model.search, None);
}

#[test]
fn panes_zoom_and_the_way_back() {
    let mut model = model();
    keys(&mut model, "<Tab><Tab>");
    assert_eq!((model.focus, model.lower), (Pane::Pending, Pane::Pending));
    keys(&mut model, "<Shift-Tab>5z");
    assert_eq!((model.focus, model.is_zoomed), (Pane::History, true));
    keys(&mut model, "<Esc>");
    assert!(!model.is_zoomed);
    keys(&mut model, "<Esc>");
    assert_eq!((model.focus, model.lower), (Pane::SpaceTime, Pane::History));
    assert_eq!(keys(&mut model, "<Esc>"), None);
    model.settings.has_picker = true;
    assert_eq!(keys(&mut model, "<Esc>"), Some(Command::Close));
    assert_eq!(keys(&mut model, "q"), Some(Command::Close));
    assert_eq!(keys(&mut model, "<Ctrl-c>"), Some(Command::Leave));
    assert_eq!(keys(&mut model, "g<Ctrl-c>"), Some(Command::Leave));
}

#[test]
fn a_pane_scrolls_no_further_than_its_text() {
    let mut model = model();
    keys(&mut model, "g11<Enter>4<PgDn><PgDn><PgDn><PgDn><PgDn>");
    let bottom = model.scroll[Pane::Event.index()];
    assert_eq!(model.cursor(), 11);
    assert!(0 < bottom && bottom < 20, "{bottom}");
    keys(&mut model, "<PgUp>");
    assert!(model.scroll[Pane::Event.index()] < bottom);
    keys(&mut model, "<PgDn>j");
    assert_eq!(model.scroll[Pane::Event.index()], 0);
}

#[test]
fn help_opens_scrolls_and_closes() {
    let mut model = model();
    keys(&mut model, "?j<PgDn>");
    assert!(model.help.is_some_and(|offset| 1 < offset));
    assert_eq!(model.cursor(), 0);
    keys(&mut model, "<Home>");
    assert_eq!(model.help, Some(0));
    keys(&mut model, "q");
    assert_eq!(model.help, None);
}

#[test]
fn playing_goes_on_by_the_clock_and_stops_at_a_broken_rule() {
    let mut model = model();
    keys(&mut model, " ");
    for _ in 0..31 {
        update(&mut model, Action::Tick);
    }
    // Four events per second, and a second and a bit have passed.
    assert_eq!(model.cursor(), 4);
    keys(&mut model, ">>>>>>>>>>");
    assert_eq!(status(&model), "1000 events per second");
    for _ in 0..3 {
        update(&mut model, Action::Tick);
    }
    assert_eq!((model.cursor(), model.play.is_on), (48, false));
    keys(&mut model, " ");
    update(&mut model, Action::Tick);
    assert_eq!((model.cursor(), model.play.is_on), (51, false));
    keys(&mut model, " ");
    assert!(!model.play.is_on);
    keys(&mut model, "gg k");
    assert_eq!((model.cursor(), model.play.is_on), (0, false));
}

#[test]
fn the_token_is_shown_and_copied() {
    let mut model = model();
    let token = String::from("raft/split-brain@42+bug=R7~3f2a91bc");
    assert_eq!(keys(&mut model, "y"), Some(Command::Copy(token.clone())));
    assert!(status(&model).contains(&token));
}

#[test]
fn a_run_that_cannot_be_made_again_says_so_and_stays_usable() {
    let mut session = split_brain();
    session.broken = Some(20);
    let mut model = open(session);
    keys(&mut model, "g19<Enter>j");
    assert_eq!(status(&model), "cannot go to event 20: the run went another way this time");
    assert_eq!(model.cursor(), 19);
    keys(&mut model, "kk");
    assert_eq!(model.cursor(), 17);
}

#[test]
fn an_unknown_key_points_to_the_help() {
    let mut model = model();
    keys(&mut model, "Q");
    assert_eq!(status(&model), "Q does nothing here; ? shows all keys");
}

#[test]
fn a_script_of_names_does_what_keys_do() {
    let mut model = model();
    for line in ["next-landmark", "next-landmark", "cause", "pane-nodes", "go-to 0.2s"] {
        update(&mut model, line.parse().unwrap());
    }
    assert_eq!((model.cursor(), model.focus), (27, Pane::Nodes));
}
