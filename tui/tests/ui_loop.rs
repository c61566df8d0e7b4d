//! The loop around the debugger and the list of scenarios, on a console that plays back what comes.

mod support;

use std::collections::VecDeque;
use std::io;

use orrery::ui::app::{Console, Input, drive};
use orrery::ui::key::Key;
use orrery::ui::model::Settings;
use orrery::ui::picker::Picker;
use orrery::ui::theme::Tone;
use orrery::ui::update::Command;
use orrery::ui::{Files, Options, PickerEntry, UiError, choose, run};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use support::screens::{open, text};
use support::session::split_brain;

/// Plays back inputs and notes what was drawn and done.
#[derive(Default)]
struct Playback {
    waits: VecDeque<Vec<Input>>,
    frames: Vec<String>,
    done: Vec<Command>,
    was_playing: Vec<bool>,
}

impl Playback {
    fn of(waits: &[&[Input]]) -> Self {
        Self { waits: waits.iter().map(|inputs| inputs.to_vec()).collect(), ..Self::default() }
    }
}

impl Console for Playback {
    fn size(&mut self) -> io::Result<(u16, u16)> {
        Ok((80, 24))
    }

    fn draw(&mut self, paint: &mut dyn FnMut(Rect, &mut Buffer)) -> io::Result<()> {
        let area = Rect::new(0, 0, 80, 24);
        let mut buffer = Buffer::empty(area);
        paint(area, &mut buffer);
        self.frames.push(text(&buffer));
        Ok(())
    }

    fn wait(&mut self, is_playing: bool) -> io::Result<Vec<Input>> {
        self.was_playing.push(is_playing);
        self.waits.pop_front().ok_or_else(|| io::Error::other("the terminal is gone"))
    }

    fn give_back(&mut self, inputs: Vec<Input>) {
        if !inputs.is_empty() {
            self.waits.push_front(inputs);
        }
    }

    fn perform(&mut self, command: &Command) -> io::Result<()> {
        self.done.push(command.clone());
        Ok(())
    }
}

const fn key(letter: char) -> Input {
    Input::Key(Key::Char(letter))
}

#[test]
fn frames_are_drawn_only_when_something_came() {
    let mut console = Playback::of(&[
        &[],
        &[],
        &[key('j'), key('j'), key('j')],
        &[],
        &[Input::Resize],
        &[key('q')],
    ]);
    let mut model = open(split_brain());
    assert_eq!(drive(&mut model, &mut console).unwrap(), Command::Close);
    // The first frame, one for three keys at once, one for the new size.
    assert_eq!(console.frames.len(), 3);
    assert_eq!(model.cursor(), 3);
}

#[test]
fn signals_and_a_lost_terminal_end_the_loop() {
    let mut model = open(split_brain());
    let mut console = Playback::of(&[&[key('j'), Input::Stop, key('j')]]);
    assert_eq!(drive(&mut model, &mut console).unwrap(), Command::Leave);
    assert_eq!(model.cursor(), 1);
    let mut console = Playback::of(&[&[key('j')]]);
    assert!(drive(&mut model, &mut console).is_err());
}

#[test]
fn what_concerns_the_terminal_is_handed_on() {
    let inputs = [key('y'), Input::Suspend, Input::Key(Key::Ctrl('z')), Input::Key(Key::Ctrl('l'))];
    let mut console = Playback::of(&[&[key(' ')], &inputs, &[key('q')]]);
    let mut model = open(split_brain());
    drive(&mut model, &mut console).unwrap();
    assert!(matches!(console.done[0], Command::Copy(_)));
    assert_eq!(console.done[1..], [Command::Suspend, Command::Suspend, Command::Redraw]);
    assert_eq!(console.was_playing, [false, true, true]);
}

fn entries() -> Vec<PickerEntry> {
    let entry = |name: &str, is_lesson| PickerEntry {
        name: name.into(),
        title: name.to_uppercase(),
        about: String::new(),
        is_lesson,
    };
    vec![entry("raft/a", false), entry("tour/b", true), entry("raft/c", false)]
}

#[test]
fn the_list_opens_what_is_chosen_and_comes_back() {
    let enter = Input::Key(Key::Enter);
    let mut console = Playback::of(&[
        &[enter],
        &[key('t'), key('q')],
        &[key('j'), enter],
        &[enter, key('k')],
        &[key('q')],
    ]);
    let mut picker = Picker::new(entries(), Settings { has_picker: true, ..Settings::default() });
    let mut opened = Vec::new();
    let mut open = |name: &str| {
        opened.push(name.to_owned());
        match name {
            "raft/c" => Err(String::from("no such protocol")),
            _ => Ok(Box::new(split_brain()) as Box<dyn orrery_harness::Session>),
        }
    };
    choose(&mut picker, &Options::default(), &mut console, (&mut open, Files::default())).unwrap();
    assert_eq!(opened, ["tour/b", "raft/c", "raft/c"]);
    assert!(console.frames[1].contains("opening tour/b"), "{}", console.frames[1]);
    let refused = |frame: &String| frame.contains("raft/c does not open: no such protocol");
    assert!(console.frames.iter().any(refused));
    assert_eq!(picker.settings.theme.name(), "light");
}

#[test]
fn what_is_typed_ahead_goes_to_the_next_screen() {
    let mut console = Playback::of(&[&[Input::Key(Key::Enter), key('q'), key('q'), key('j')]]);
    let mut picker = Picker::new(entries(), Settings { has_picker: true, ..Settings::default() });
    let mut opened = 0;
    let mut open = |_: &str| {
        opened += 1;
        Ok(Box::new(split_brain()) as Box<dyn orrery_harness::Session>)
    };
    choose(&mut picker, &Options::default(), &mut console, (&mut open, Files::default())).unwrap();
    assert_eq!(opened, 1, "the first q closed the run, the second the list");
}

#[test]
fn a_message_of_the_list_goes_with_the_next_key() {
    let mut picker = Picker::new(entries(), Settings::default());
    picker.message = Some((Tone::Bad, "no".into()));
    support::screens::keys(&mut picker, "k");
    assert_eq!(picker.message, None);
    assert_eq!(picker.entry().map(|entry| entry.name.as_str()), Some("raft/a"));
    support::screens::keys(&mut picker, "x");
    assert!(picker.message.is_some());
    assert_eq!(support::screens::keys(&mut picker, "G<PgDn>q"), Some(Command::Leave));
}

#[test]
fn a_place_that_is_not_there_is_refused_before_the_screen_is_taken() {
    let options = Options { start_at: Some("900".parse().unwrap()), ..Options::default() };
    let refused = run(Box::new(split_brain()), &options, Files::default());
    let Err(error @ UiError::Place { .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(
        error.to_string(),
        "cannot start at `900`: there is no event 900: this run ends with event 51"
    );
}
