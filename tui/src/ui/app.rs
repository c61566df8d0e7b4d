//! The loop: draw when something changed, wait, take in everything that came, and again.

use std::io;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::Action;
use super::key::Key;
use super::keys::{self, Context};
use super::model::Model;
use super::update::{Command, update};
use super::view;

/// What comes from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// The size of the screen changed.
    Resize,
    /// A tick of playing.
    Tick,
    /// The system asks the program to stop for a while.
    Suspend,
    /// The system asks the program to end.
    Stop,
}

/// A screen and a keyboard.
pub trait Console {
    /// The width and height of the screen.
    ///
    /// # Errors
    /// Where the terminal does not say.
    fn size(&mut self) -> io::Result<(u16, u16)>;

    /// Draws one frame.
    ///
    /// # Errors
    /// Where the terminal cannot be written to.
    fn draw(&mut self, paint: &mut dyn FnMut(Rect, &mut Buffer)) -> io::Result<()>;

    /// Waits until something comes, and returns all of it. May return nothing.
    ///
    /// # Errors
    /// Where the terminal cannot be read.
    fn wait(&mut self, is_playing: bool) -> io::Result<Vec<Input>>;

    /// Gives back what had come with the input that closed a screen: it is for the next screen, whose wait returns it first.
    fn give_back(&mut self, inputs: Vec<Input>);

    /// Puts a text on the clipboard, hands the terminal over for a while, or forgets what is on the screen.
    ///
    /// # Errors
    /// Where the terminal cannot be written to.
    fn perform(&mut self, command: &Command) -> io::Result<()>;
}

/// What can run in the loop.
pub trait App {
    /// Where keys go.
    fn context(&self) -> Context;
    /// Carries an action out.
    fn act(&mut self, action: Action) -> Option<Command>;
    /// Draws.
    fn paint(&self, area: Rect, buffer: &mut Buffer);
    /// Whether it wants ticks.
    fn is_playing(&self) -> bool;
    /// Says that a key has no meaning here.
    fn puzzle(&mut self, key: Key);
}

impl App for Model {
    fn context(&self) -> Context {
        Self::context(self)
    }

    fn act(&mut self, action: Action) -> Option<Command> {
        update(self, action)
    }

    fn paint(&self, area: Rect, buffer: &mut Buffer) {
        view::draw(self, area, buffer);
    }

    fn is_playing(&self) -> bool {
        self.play.is_on || self.is_making()
    }

    fn puzzle(&mut self, key: Key) {
        self.say(format!("{key} does nothing here; ? shows all keys"));
    }
}

/// Runs `app` until it closes or leaves; says which.
///
/// # Errors
/// Where the terminal fails.
pub fn drive(app: &mut dyn App, console: &mut dyn Console) -> io::Result<Command> {
    let mut is_stale = true;
    loop {
        if is_stale {
            let (width, height) = console.size()?;
            app.act(Action::Resize(width, height));
            console.draw(&mut |area, buffer| app.paint(area, buffer))?;
        }
        is_stale = false;
        let mut inputs = console.wait(app.is_playing())?.into_iter();
        while let Some(input) = inputs.next() {
            is_stale = true;
            let command = match input {
                Input::Stop => return Ok(Command::Leave),
                Input::Suspend => Some(Command::Suspend),
                Input::Resize => None,
                Input::Tick => app.act(Action::Tick),
                Input::Key(key) => press(app, key),
            };
            match command {
                Some(command @ (Command::Close | Command::Leave)) => {
                    console.give_back(inputs.collect());
                    return Ok(command);
                }
                Some(command) => console.perform(&command)?,
                None => {}
            }
        }
    }
}

/// Does what `key` means to `app`.
pub fn press(app: &mut dyn App, key: Key) -> Option<Command> {
    let Some(action) = keys::action_of(app.context(), key) else {
        app.puzzle(key);
        return None;
    };
    app.act(action)
}
