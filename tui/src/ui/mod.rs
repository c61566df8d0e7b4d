//! The debugger in the terminal: a cursor over a run, and panes that show the world at the cursor.
//!
//! Keys become [`action::Action`]s through one table ([`keys::KEYS`]), [`update::update`] carries them out on the
//! [`model::Model`], and [`view::draw`] draws the model into a buffer. Only [`screen`] and [`signals`] touch a
//! terminal; everything else is the same in a test, in a script and on a screen.

pub mod action;
pub mod app;
pub mod frame;
pub mod index;
pub mod key;
pub mod keys;
pub mod layout;
pub mod menu;
pub mod model;
pub mod panes;
pub mod picker;
pub mod place;
pub mod screen;
pub mod signals;
pub mod signs;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;

use std::io::{self, IsTerminal as _};

use orrery_harness::session::Session;

use app::{Console, drive};
use model::{Model, Settings};
use picker::Picker;
use screen::{Screen, guarded};
use theme::{ThemeName, Tone};
use update::Command;

pub use model::{Exporter, Saved, Saver};

/// What writes files for the debugger; nothing does by default.
#[derive(Clone, Default)]
pub struct Files {
    /// Writes plan files.
    pub saver: Option<Saver>,
    /// Writes what is exported.
    pub exporter: Option<Exporter>,
}
pub use picker::PickerEntry;
pub use place::Place;

/// Events that are made at a time on the way to where the debugger starts.
const BIT: u64 = 4_096;

/// How the debugger is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Where the cursor starts; where the session has it if absent.
    pub start_at: Option<Place>,
    /// The colours, where someone asked for them.
    pub theme: Option<ThemeName>,
    /// Whether someone asked for no colours; `theme` goes before it.
    pub no_color: bool,
    /// Whether only signs from ASCII are drawn.
    pub ascii: bool,
}

impl Options {
    /// What the environment asks for: `NO_COLOR`, and a terminal or locale without the signs.
    #[expect(
        clippy::disallowed_methods,
        reason = "it decides how a run looks, not what happens in it"
    )]
    pub fn from_environment() -> Self {
        let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = of("LC_ALL").or_else(|| of("LC_CTYPE")).or_else(|| of("LANG"));
        let is_plain = matches!(of("TERM").as_deref(), Some("linux" | "dumb"));
        let has_signs =
            locale.is_none_or(|locale| locale.to_lowercase().replace('-', "").contains("utf8"));
        Self {
            no_color: of("NO_COLOR").is_some(),
            ascii: is_plain || !has_signs,
            ..Self::default()
        }
    }

    fn settings(&self, has_picker: bool) -> Settings {
        let fallback = if self.no_color { ThemeName::Mono } else { ThemeName::Dark };
        Settings { theme: self.theme.unwrap_or(fallback), is_ascii: self.ascii, has_picker }
    }
}

impl Files {
    fn given_to(self, model: Model) -> Model {
        model.saving(self.saver).exporting(self.exporter)
    }
}

/// Why the debugger did not open or had to close.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// The output goes somewhere else.
    #[error(
        "the debugger needs a terminal, and the output goes elsewhere: `orrery run` reports in text"
    )]
    NotATerminal,
    /// This run has no such place to start at.
    #[error("cannot start at `{place}`: {reason}")]
    Place {
        /// Where it was to start.
        place: Place,
        /// Why it cannot, and what there is.
        reason: String,
    },
    /// The terminal failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[from] io::Error),
}

/// Opens the debugger on `session` until the person closes it.
///
/// # Errors
/// Where the output is no terminal, the terminal fails, or there is no such place to start at.
pub fn run(session: Box<dyn Session>, options: &Options, files: Files) -> Result<(), UiError> {
    let mut model = files.given_to(model(session, options, false)?);
    check_terminal()?;
    guarded(move || {
        let mut screen = Screen::take()?;
        drive(&mut model, &mut screen)?;
        Ok(())
    })
}

/// Lets the person choose among `entries`, opens what they choose with `open`, and comes back to the list when they
/// close it.
///
/// # Errors
/// Where the output is no terminal or the terminal fails. What `open` refuses is shown to the person.
pub fn pick(
    entries: Vec<PickerEntry>,
    options: &Options,
    files: Files,
    mut open: impl FnMut(&str) -> Result<Box<dyn Session>, String>,
) -> Result<(), UiError> {
    check_terminal()?;
    guarded(move || {
        let mut screen = Screen::take()?;
        let mut picker = Picker::new(entries, options.settings(true));
        Ok(choose(&mut picker, options, &mut screen, (&mut open, files))?)
    })
}

/// Opens what has that name, or says why not.
pub type Open<'a> = dyn FnMut(&str) -> Result<Box<dyn Session>, String> + 'a;

/// The list and what is opened from it, in turns.
///
/// # Errors
/// Where the console fails.
pub fn choose(
    picker: &mut Picker,
    options: &Options,
    console: &mut dyn Console,
    (open, files): (&mut Open<'_>, Files),
) -> io::Result<()> {
    loop {
        if drive(picker, console)? == Command::Leave {
            return Ok(());
        }
        let Some(name) = picker.entry().map(|entry| entry.name.clone()) else { continue };
        picker.message = Some((Tone::Story, format!("opening {name} ...")));
        console.draw(&mut |area, buffer| app::App::paint(picker, area, buffer))?;
        let look = Options { theme: Some(picker.settings.theme), ..options.clone() };
        let opened = open(&name)
            .and_then(|session| model(session, &look, true).map_err(|error| error.to_string()));
        picker.message = None;
        match opened {
            Err(problem) => {
                picker.message = Some((Tone::Bad, format!("{name} does not open: {problem}")));
            }
            Ok(mut model) => {
                model = files.clone().given_to(model);
                if drive(&mut model, console)? == Command::Leave {
                    return Ok(());
                }
                picker.settings.theme = model.settings.theme;
            }
        }
    }
}

fn check_terminal() -> Result<(), UiError> {
    if io::stdout().is_terminal() { Ok(()) } else { Err(UiError::NotATerminal) }
}

fn model(session: Box<dyn Session>, options: &Options, has_picker: bool) -> Result<Model, UiError> {
    let mut model = Model::new(session, options.settings(has_picker));
    if let Some(place) = options.start_at {
        // It may lie anywhere in a run that is still to be made.
        while !model.session().is_complete() && !model.has_made(place) {
            model.make(BIT);
        }
        let event = model.resolve(place).map_err(|reason| UiError::Place { place, reason })?;
        model.go(event);
    }
    Ok(model)
}
