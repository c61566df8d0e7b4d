//! Colours. Colour never carries meaning alone: each tone also differs by sign, word or weight.

use std::fmt;
use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};

use super::signs::{ASCII, Signs, UNICODE};

/// A set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThemeName {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
    /// Blue and orange, told apart by nearly everyone, on a dark background.
    Safe,
    /// No colour at all: bold, dim, underlined and reversed only.
    Mono,
}

impl ThemeName {
    /// All of them, in the order of the key.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::Safe, Self::Mono];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Safe => "colour-blind",
            Self::Mono => "mono",
        }
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Safe,
            Self::Safe => Self::Mono,
            Self::Mono => Self::Dark,
        }
    }
}

impl fmt::Display for ThemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ThemeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|theme| theme.name() == text);
        known
            .ok_or_else(|| format!("`{text}` is no theme: write dark, light, colour-blind or mono"))
    }
}

/// What a piece of text is, as far as its looks go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary text.
    Plain,
    /// Less important, or not yet happened.
    Faint,
    /// A heading.
    Title,
    /// A key to press.
    Key,
    /// The frame of a pane.
    Frame,
    /// The frame of the pane in use.
    Focus,
    /// The line of the cursor.
    Cursor,
    /// What the event changed.
    Changed,
    /// What the scenario did to the world.
    Fault,
    /// A broken rule.
    Violation,
    /// The way of a message.
    Message,
    /// A message that did not arrive.
    Lost,
    /// A role.
    Role,
    /// A client.
    Client,
    /// What the scenario tells.
    Story,
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// What is selected.
    Selected,
    /// What was searched for.
    Hit,
}

/// Looks: styles by tone, and signs.
#[derive(Clone, Debug)]
pub struct Theme {
    name: ThemeName,
    /// The signs.
    pub signs: Signs,
}

impl Theme {
    /// The theme of that name, with signs from ASCII only if asked for.
    pub const fn new(name: ThemeName, is_ascii: bool) -> Self {
        Self { name, signs: if is_ascii { ASCII } else { UNICODE } }
    }

    /// The style of `tone`.
    pub const fn style(&self, tone: Tone) -> Style {
        let weight = weight(tone);
        match self.name {
            ThemeName::Mono => Style::new().add_modifier(weight.union(mono(tone))),
            ThemeName::Dark => colour(dark(tone)).add_modifier(weight),
            ThemeName::Light => colour(light(tone)).add_modifier(weight),
            ThemeName::Safe => colour(safe(tone)).add_modifier(weight),
        }
    }
}

const fn colour((text, ground): (Option<Color>, Option<Color>)) -> Style {
    let mut style = Style::new();
    style.fg = text;
    style.bg = ground;
    style
}

/// What every theme does.
const fn weight(tone: Tone) -> Modifier {
    match tone {
        Tone::Title | Tone::Key | Tone::Focus | Tone::Fault | Tone::Violation | Tone::Role => {
            Modifier::BOLD
        }
        Tone::Changed => Modifier::BOLD.union(Modifier::UNDERLINED),
        Tone::Selected => Modifier::REVERSED,
        Tone::Hit => Modifier::UNDERLINED,
        Tone::Cursor => Modifier::BOLD,
        Tone::Plain
        | Tone::Faint
        | Tone::Frame
        | Tone::Message
        | Tone::Lost
        | Tone::Client
        | Tone::Story
        | Tone::Good
        | Tone::Bad => Modifier::empty(),
    }
}

/// What the theme without colours adds.
const fn mono(tone: Tone) -> Modifier {
    match tone {
        Tone::Faint | Tone::Frame | Tone::Lost => Modifier::DIM,
        Tone::Violation | Tone::Bad => Modifier::REVERSED,
        Tone::Story => Modifier::ITALIC,
        Tone::Plain
        | Tone::Title
        | Tone::Key
        | Tone::Focus
        | Tone::Cursor
        | Tone::Changed
        | Tone::Fault
        | Tone::Message
        | Tone::Role
        | Tone::Client
        | Tone::Good
        | Tone::Selected
        | Tone::Hit => Modifier::empty(),
    }
}

type Colours = (Option<Color>, Option<Color>);

const fn dark(tone: Tone) -> Colours {
    let text = match tone {
        Tone::Plain | Tone::Title | Tone::Selected | Tone::Hit => return (None, None),
        Tone::Cursor => return (None, Some(Color::Indexed(237))),
        Tone::Faint | Tone::Frame => Color::Indexed(244),
        Tone::Key | Tone::Focus => Color::Cyan,
        Tone::Changed | Tone::Role => Color::Yellow,
        Tone::Fault | Tone::Lost => Color::Magenta,
        Tone::Violation | Tone::Bad => Color::LightRed,
        Tone::Message | Tone::Client => Color::LightBlue,
        Tone::Story => Color::LightCyan,
        Tone::Good => Color::Green,
    };
    (Some(text), None)
}

const fn light(tone: Tone) -> Colours {
    let text = match tone {
        Tone::Plain | Tone::Title | Tone::Selected | Tone::Hit => return (None, None),
        Tone::Cursor => return (None, Some(Color::Indexed(254))),
        Tone::Faint | Tone::Frame => Color::Indexed(243),
        Tone::Key | Tone::Focus | Tone::Story => Color::Indexed(24),
        Tone::Changed | Tone::Role => Color::Indexed(94),
        Tone::Fault | Tone::Lost => Color::Magenta,
        Tone::Violation | Tone::Bad => Color::Indexed(124),
        Tone::Message | Tone::Client => Color::Blue,
        Tone::Good => Color::Indexed(22),
    };
    (Some(text), None)
}

/// Blue for what goes well, orange for what does not.
const fn safe(tone: Tone) -> Colours {
    let text = match tone {
        Tone::Plain | Tone::Title | Tone::Selected | Tone::Hit => return (None, None),
        Tone::Cursor => return (None, Some(Color::Indexed(237))),
        Tone::Faint | Tone::Frame => Color::Indexed(244),
        Tone::Key | Tone::Focus | Tone::Message | Tone::Client | Tone::Good | Tone::Story => {
            Color::Indexed(75)
        }
        Tone::Changed | Tone::Role => Color::Indexed(230),
        Tone::Fault | Tone::Lost | Tone::Violation | Tone::Bad => Color::Indexed(208),
    };
    (Some(text), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TONES: [Tone; 19] = [
        Tone::Plain,
        Tone::Faint,
        Tone::Title,
        Tone::Key,
        Tone::Frame,
        Tone::Focus,
        Tone::Cursor,
        Tone::Changed,
        Tone::Fault,
        Tone::Violation,
        Tone::Message,
        Tone::Lost,
        Tone::Role,
        Tone::Client,
        Tone::Story,
        Tone::Good,
        Tone::Bad,
        Tone::Selected,
        Tone::Hit,
    ];

    #[test]
    fn mono_has_no_colour() {
        let theme = Theme::new(ThemeName::Mono, false);
        for tone in TONES {
            let style = theme.style(tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
    }

    #[test]
    fn names_read_back() {
        for theme in ThemeName::ALL {
            assert_eq!(theme.name().parse(), Ok(theme));
        }
        assert!("pink".parse::<ThemeName>().unwrap_err().contains("mono"));
    }
}
