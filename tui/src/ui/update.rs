//! What each action does to the model.

use orrery_harness::Mark;

use super::action::{Action, Pane};
use super::menu::{Menu, Then};
use super::model::{Model, Prompt, Question, SPEEDS};
use super::place::Place;
use super::view;

/// What the loop around the model has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Close the run.
    Close,
    /// Leave the program.
    Leave,
    /// Hand the terminal to the shell.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Put this on the clipboard.
    Copy(String),
}

/// Thousandths of a second between two ticks.
pub const TICK_MILLIS: u64 = 33;
/// Of these, how many are for the rest of a run that is not complete.
const MAKING_MILLIS: u64 = 20;
/// Events that are made between two looks at the clock.
const BIT: u64 = 256;
/// Events that Ctrl-d and Ctrl-u pass.
const LEAP: u64 = 10;

/// Does `action`.
pub fn update(model: &mut Model, action: Action) -> Option<Command> {
    match action {
        Action::Tick => return tick(model),
        Action::Resize(width, height) => {
            model.size = (width, height);
            return None;
        }
        Action::Leave => return Some(Command::Leave),
        Action::Suspend => return Some(Command::Suspend),
        Action::Redraw => return Some(Command::Redraw),
        _ => model.status = None,
    }
    if model.prompt.is_some() {
        return in_prompt(model, &action);
    }
    if !model.menus.is_empty() {
        return in_menu(model, &action);
    }
    if let Some(offset) = model.help {
        model.help = in_help(model, offset, &action);
        return None;
    }
    in_run(model, action)
}

fn in_run(model: &mut Model, action: Action) -> Option<Command> {
    match action {
        Action::Play | Action::Faster | Action::Slower => play(model, &action),
        Action::NodeLeft => select(model, false),
        Action::NodeRight => select(model, true),
        Action::Pane(pane) => focus(model, pane),
        Action::NextPane => focus(model, beside(model.focus, 1)),
        Action::PreviousPane => focus(model, beside(model.focus, Pane::ALL.len() - 1)),
        Action::Zoom => model.is_zoomed = !model.is_zoomed,
        Action::Help => model.help = Some(0),
        Action::AskGoTo => ask(model, Question::GoTo),
        Action::AskSearch => ask(model, Question::Search),
        Action::GoTo(text) => {
            if let Err(problem) = go_to(model, &text) {
                model.problem(problem);
            }
        }
        Action::Search(text) => {
            if let Err(problem) = search(model, &text) {
                model.problem(problem);
            }
        }
        Action::NextHit => next_hit(model, true),
        Action::PreviousHit => next_hit(model, false),
        Action::Why => model.open_why(),
        Action::Bookmark => model.bookmark(),
        Action::Bookmarks => model.open_bookmarks(),
        Action::Palette => model.menus = vec![Menu::of_everything(String::new())],
        Action::Export => model.menus = vec![Menu::of_exports()],
        Action::Outcomes => model.outcomes(),
        Action::Intervene => {
            model.play.is_on = false;
            model.open_menu();
        }
        Action::Undo => model.undo(),
        Action::Save => return model.save().map(Command::Copy),
        Action::Copy => {
            let Some(token) = model.token() else {
                model.problem("what was done to this run is in no file yet: w writes it");
                return None;
            };
            model.say(format!("this repeats the run: {token}"));
            return Some(Command::Copy(token));
        }
        Action::Theme => {
            model.settings.theme = model.settings.theme.next();
            model.say(format!("colours: {}", model.settings.theme));
        }
        Action::Back => return back(model),
        Action::Quit => return Some(Command::Close),
        Action::PageDown | Action::PageUp if model.focus != Pane::SpaceTime => {
            scroll(model, action == Action::PageDown);
        }
        _ => travel(model, &action),
    }
    None
}

/// The actions that move the cursor. Moving by hand ends playing.
fn travel(model: &mut Model, action: &Action) {
    if *action == Action::End {
        model.is_making = true;
    }
    if *action == Action::Next && model.cursor() == model.last() {
        model.make(1);
    }
    let (here, node) = (model.cursor(), model.selected);
    let page = view::page(model, Pane::SpaceTime) as u64;
    let mark = model.mark(here);
    let index = model.index();
    let (target, otherwise) = match action {
        Action::Next => ((here < model.last()).then(|| here + 1), "this is the last event"),
        Action::Previous => (here.checked_sub(1), "this is the start of the run"),
        Action::NextOnNode => {
            (index.on_node_after(node, here), "nothing more happens on this node")
        }
        Action::PreviousOnNode => {
            (index.on_node_before(node, here), "nothing happened on this node before")
        }
        Action::Forward => (Some(here.saturating_add(LEAP)), ""),
        Action::Backward => (Some(here.saturating_sub(LEAP)), ""),
        Action::PageDown => (Some(here.saturating_add(page)), ""),
        Action::PageUp => (Some(here.saturating_sub(page)), ""),
        Action::NextLandmark => (index.landmark_after(here), "no landmark after this event"),
        Action::PreviousLandmark => (index.landmark_before(here), "no landmark before this event"),
        Action::Cause => (mark.and_then(Mark::cause), "no event caused this one"),
        Action::Effect => (index.effects_of(here).next(), "this event caused no other"),
        Action::Start => (Some(0), ""),
        Action::End => (Some(model.last()), ""),
        _ => return,
    };
    model.play.is_on = false;
    match target {
        Some(event) => model.go(event),
        None => model.say(otherwise),
    }
}

fn play(model: &mut Model, action: &Action) {
    let speed = model.play.speed;
    match action {
        Action::Faster => model.play.speed = (speed + 1).min(SPEEDS.len() - 1),
        Action::Slower => model.play.speed = speed.saturating_sub(1),
        _ if model.play.is_on => model.play.is_on = false,
        _ if model.cursor() == model.last() => {
            model.say("this is the last event: g g goes back to the start");
            return;
        }
        _ => {
            model.play.is_on = true;
            model.play.saved = 0;
        }
    }
    if *action != Action::Play {
        model.say(format!("{} events per second", SPEEDS[model.play.speed]));
    }
}

/// Makes more of a run that is not complete, for as long as nobody feels it.
#[expect(
    clippy::disallowed_types,
    reason = "how much is made at a time depends on the machine, what is made does not"
)]
fn make(model: &mut Model) {
    let end = std::time::Instant::now() + std::time::Duration::from_millis(MAKING_MILLIS);
    while model.is_making() && std::time::Instant::now() < end {
        model.make(BIT);
    }
}

/// Plays on by a tick; stops at the end and at a broken rule.
fn tick(model: &mut Model) -> Option<Command> {
    make(model);
    if !model.play.is_on {
        return None;
    }
    let saved = model.play.saved + SPEEDS[model.play.speed] * TICK_MILLIS;
    model.play.saved = saved % 1_000;
    let here = model.cursor();
    let target = (here + saved / 1_000).min(model.last());
    if target == here {
        return None;
    }
    let broken = model.index().violation().filter(|event| here < *event && *event <= target);
    model.go(broken.unwrap_or(target));
    if broken.is_some() {
        model.play.is_on = false;
        model.say("stopped where a rule is broken; Space plays on");
    } else if target == model.last() && model.session().is_complete() {
        model.play.is_on = false;
        model.say("this is the end of the run");
    }
    None
}

fn select(model: &mut Model, is_right: bool) {
    let count = model.session().header().nodes.max(1);
    let now = model.selected.0;
    model.selected.0 = if is_right { (now + 1).min(count) } else { now.saturating_sub(1).max(1) };
    model.is_pinned = true;
    model.say(format!("{} stays selected; Esc follows the events again", model.selected));
}

fn focus(model: &mut Model, pane: Pane) {
    model.focus = pane;
    if pane != Pane::SpaceTime {
        model.lower = pane;
    }
}

fn beside(pane: Pane, steps: usize) -> Pane {
    Pane::ALL[(pane.index() + steps) % Pane::ALL.len()]
}

/// Scrolls the text of the pane in use by a page, as far as there is text.
fn scroll(model: &mut Model, is_down: bool) {
    let pane = model.focus;
    let height = view::page(model, pane).max(1);
    let most = view::text_height(model, pane).saturating_sub(height);
    let offset = &mut model.scroll[pane.index()];
    let step = height.saturating_sub(1).max(1);
    *offset = if is_down { (*offset + step).min(most) } else { offset.saturating_sub(step) };
}

/// Closes the innermost thing that is open.
fn back(model: &mut Model) -> Option<Command> {
    if model.play.is_on {
        model.play.is_on = false;
    } else if model.is_making() {
        model.is_making = false;
        model.say("the rest of the run is not made; G goes on with it");
    } else if model.is_zoomed {
        model.is_zoomed = false;
    } else if model.search.is_some() {
        model.search = None;
    } else if model.is_pinned {
        model.is_pinned = false;
        if let Some(node) = model.mark(model.cursor()).and_then(|mark| mark.node) {
            model.selected = node;
        }
    } else if model.focus != Pane::SpaceTime {
        model.focus = Pane::SpaceTime;
    } else if model.settings.has_picker {
        return Some(Command::Close);
    } else {
        model.say("q leaves the debugger");
    }
    None
}

fn in_help(model: &Model, offset: usize, action: &Action) -> Option<usize> {
    let page = view::help_page(model).max(1);
    let most = view::help_height(model).saturating_sub(page);
    Some(match action {
        Action::Next => (offset + 1).min(most),
        Action::Previous => offset.saturating_sub(1),
        Action::PageDown => (offset + page).min(most),
        Action::PageUp => offset.saturating_sub(page),
        Action::Start => 0,
        Action::End => most,
        Action::Back | Action::Help | Action::Quit => return None,
        _ => offset,
    })
}

/// Entries of a list that a page passes.
const PAGE: usize = 10;

fn in_menu(model: &mut Model, action: &Action) -> Option<Command> {
    let menu = model.menus.last_mut()?;
    let last = menu.entries.len().saturating_sub(1);
    match action {
        Action::Next => menu.chosen = (menu.chosen + 1).min(last),
        Action::Previous => menu.chosen = menu.chosen.saturating_sub(1),
        Action::PageDown => menu.chosen = (menu.chosen + PAGE).min(last),
        Action::PageUp => menu.chosen = menu.chosen.saturating_sub(PAGE),
        Action::Start => menu.chosen = 0,
        Action::End => menu.chosen = last,
        Action::Back => drop(model.menus.pop()),
        Action::Accept => match menu.entry().map(|entry| entry.then.clone()) {
            Some(Then::Choose(closer)) => model.menus.push(closer),
            Some(Then::Do(deed)) => {
                model.menus.clear();
                model.intervene(&deed);
            }
            Some(Then::Go(event)) => {
                model.menus.clear();
                model.go(event);
            }
            Some(Then::Export(format)) => {
                model.menus.clear();
                model.export(format);
            }
            Some(Then::Act(action)) => {
                model.menus.clear();
                return in_run(model, action);
            }
            None if menu.typed.is_some() => {}
            None => model.menus.clear(),
        },
        Action::Type(_) | Action::Erase | Action::EraseAll => {
            if let Some(mut typed) = menu.typed.take() {
                match action {
                    Action::Type(letter) if !letter.is_control() => typed.push(*letter),
                    Action::Erase => drop(typed.pop()),
                    _ => typed.clear(),
                }
                *menu = Menu::of_everything(typed);
            }
        }
        _ => {}
    }
    None
}

fn ask(model: &mut Model, question: Question) {
    model.play.is_on = false;
    model.prompt = Some(Prompt { question, text: String::new(), problem: None });
}

fn in_prompt(model: &mut Model, action: &Action) -> Option<Command> {
    let mut prompt = model.prompt.take()?;
    prompt.problem = None;
    match action {
        // The second g of `gg`.
        Action::Type('g') if prompt.question == Question::GoTo && prompt.text.is_empty() => {
            model.go(0);
            return None;
        }
        Action::Type(letter) if !letter.is_control() => prompt.text.push(*letter),
        Action::Erase if prompt.text.is_empty() => return None,
        Action::Erase => drop(prompt.text.pop()),
        Action::EraseAll => prompt.text.clear(),
        Action::Back => return None,
        Action::Accept => {
            let answer = match prompt.question {
                Question::GoTo => go_to(model, &prompt.text),
                Question::Search => search(model, &prompt.text),
            };
            match answer {
                Ok(()) => return None,
                Err(problem) => prompt.problem = Some(problem),
            }
        }
        _ => {}
    }
    model.prompt = Some(prompt);
    None
}

fn go_to(model: &mut Model, text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let place: Place = text.parse()?;
    let event = model.resolve(place)?;
    model.play.is_on = false;
    model.go(event);
    Ok(())
}

fn search(model: &mut Model, text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        model.search = None;
        return Ok(());
    }
    let search = model.find(text.trim());
    let Some(first) = search.hits.first().copied() else {
        return Err(format!("no event mentions `{}`", text.trim()));
    };
    let here = model.cursor();
    let hit = search.hits.iter().copied().find(|hit| here <= *hit).unwrap_or(first);
    model.search = Some(search);
    model.go(hit);
    say_hit(model);
    Ok(())
}

fn next_hit(model: &mut Model, is_forward: bool) {
    let Some(search) = &model.search else {
        model.say("nothing was searched for yet: / searches");
        return;
    };
    let here = model.cursor();
    let hits = &search.hits;
    let hit = if is_forward {
        hits.iter().find(|hit| here < **hit).or(hits.first())
    } else {
        hits.iter().rev().find(|hit| **hit < here).or(hits.last())
    };
    if let Some(hit) = hit.copied() {
        model.play.is_on = false;
        model.go(hit);
        say_hit(model);
    }
}

/// Says which of the places found this is.
fn say_hit(model: &mut Model) {
    let here = model.cursor();
    if let Some(search) = &model.search {
        let number = search.hits.partition_point(|hit| *hit <= here);
        let text =
            format!("`{}`: {number} of {}; n next, N before", search.text, search.hits.len());
        model.say(text);
    }
}
