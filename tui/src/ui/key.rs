//! Keys as the debugger knows them, whatever terminal library reads them.

use std::fmt;
use std::str::FromStr;

/// One press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A character, capital letters included.
    Char(char),
    /// A letter with Ctrl held down.
    Ctrl(char),
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
    /// The arrow to the left.
    Left,
    /// The arrow to the right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Tab.
    Tab,
    /// Tab with Shift.
    BackTab,
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
}

/// The keys that have a name.
const NAMED: [(&str, Key); 14] = [
    ("Up", Key::Up),
    ("Down", Key::Down),
    ("Left", Key::Left),
    ("Right", Key::Right),
    ("PgUp", Key::PageUp),
    ("PgDn", Key::PageDown),
    ("Home", Key::Home),
    ("End", Key::End),
    ("Tab", Key::Tab),
    ("Shift-Tab", Key::BackTab),
    ("Enter", Key::Enter),
    ("Esc", Key::Esc),
    ("Backspace", Key::Backspace),
    ("Space", Key::Char(' ')),
];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = NAMED.iter().find(|(_, key)| key == self) {
            return f.pad(name);
        }
        match self {
            Self::Char(letter) => f.pad(&letter.to_string()),
            Self::Ctrl(letter) => f.pad(&format!("Ctrl-{letter}")),
            Self::Up
            | Self::Down
            | Self::Left
            | Self::Right
            | Self::PageUp
            | Self::PageDown
            | Self::Home
            | Self::End
            | Self::Tab
            | Self::BackTab
            | Self::Enter
            | Self::Esc
            | Self::Backspace => unreachable!("every other key is in NAMED"),
        }
    }
}

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, key)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*key);
        }
        let (rest, with): (&str, fn(char) -> Self) = match text.strip_prefix("Ctrl-") {
            Some(rest) => (rest, Self::Ctrl),
            None => (text, Self::Char),
        };
        let mut letters = rest.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => Ok(with(letter)),
            _ => {
                Err(format!("`{text}` is no key: write one like `j`, `Ctrl-d`, `PgDn` or `Space`"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_as_they_print() {
        for key in NAMED.map(|(_, key)| key).into_iter().chain([Key::Char('J'), Key::Ctrl('d')]) {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert!("Ctrl-".parse::<Key>().is_err());
        assert!("jj".parse::<Key>().is_err());
    }
}
