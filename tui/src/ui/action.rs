//! What a person can ask of the debugger. Keys, scripts and whatever else will ask all end here.

use std::fmt;
use std::str::FromStr;

/// A part of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pane {
    /// Who sent what to whom, time running downward.
    #[default]
    SpaceTime,
    /// The nodes as they are at the cursor.
    Nodes,
    /// What is on its way and what is due.
    Pending,
    /// The event at the cursor, and the state of the selected node.
    Event,
    /// The operations of clients, and the verdict.
    History,
}

impl Pane {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::SpaceTime, Self::Nodes, Self::Pending, Self::Event, Self::History];

    /// Its place in [`Pane::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::SpaceTime => "Space-time",
            Self::Nodes => "Nodes",
            Self::Pending => "Pending",
            Self::Event => "Event",
            Self::History => "History",
        }
    }
}

/// One thing to do. The names (see [`Action::name`]) are stable: scripts are written with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// To the next event.
    Next,
    /// To the event before.
    Previous,
    /// To the next event on the selected node.
    NextOnNode,
    /// To the event before on the selected node.
    PreviousOnNode,
    /// Ten events on.
    Forward,
    /// Ten events back.
    Backward,
    /// A page on: of events, or of the text of the pane in use.
    PageDown,
    /// A page back.
    PageUp,
    /// To the next landmark.
    NextLandmark,
    /// To the landmark before.
    PreviousLandmark,
    /// To the event that brought this one about.
    Cause,
    /// To the first event that this one brought about.
    Effect,
    /// Before the first event.
    Start,
    /// To the last event.
    End,
    /// Plays, or stops playing.
    Play,
    /// Plays faster.
    Faster,
    /// Plays slower.
    Slower,
    /// Selects the node to the left.
    NodeLeft,
    /// Selects the node to the right.
    NodeRight,
    /// Uses this pane.
    Pane(Pane),
    /// Uses the next pane.
    NextPane,
    /// Uses the pane before.
    PreviousPane,
    /// Gives the whole screen to the pane in use, or takes it back.
    Zoom,
    /// Shows or hides the keys.
    Help,
    /// Asks where to go.
    AskGoTo,
    /// Asks what to search for.
    AskSearch,
    /// To the next place that was searched for.
    NextHit,
    /// To the place before.
    PreviousHit,
    /// Goes to an event, a time or a place.
    GoTo(String),
    /// Searches for a text in the events.
    Search(String),
    /// Shows the chain of events that led to this one.
    Why,
    /// Marks the event at the cursor, or takes the mark away.
    Bookmark,
    /// Opens the list of marked events.
    Bookmarks,
    /// Opens the list of everything that can be done.
    Palette,
    /// Opens the list of files that the run can be written as.
    Export,
    /// Draws other endings from here and counts how they go.
    Outcomes,
    /// Opens the list of what can be done to the run here.
    Intervene,
    /// Goes back to the run in which the last intervention was not made.
    Undo,
    /// Writes what was done to the run into a plan file.
    Save,
    /// Shows what repeats the run, and copies it.
    Copy,
    /// Takes the next set of colours.
    Theme,
    /// One step out of where one is.
    Back,
    /// Closes the run.
    Quit,
    /// Leaves the program, wherever one is.
    Leave,
    /// Hands the terminal back to the shell until the program is resumed.
    Suspend,
    /// Draws everything anew.
    Redraw,
    /// Types a character into the question that is open.
    Type(char),
    /// Takes the last character back.
    Erase,
    /// Takes all characters back.
    EraseAll,
    /// Says yes to what was typed or chosen.
    Accept,
    /// A thirtieth of a second has passed while playing.
    Tick,
    /// The screen has this width and height.
    Resize(u16, u16),
}

/// The actions that need nothing else, by name.
const NAMED: [(&str, Action); 47] = [
    ("next", Action::Next),
    ("previous", Action::Previous),
    ("next-on-node", Action::NextOnNode),
    ("previous-on-node", Action::PreviousOnNode),
    ("forward", Action::Forward),
    ("backward", Action::Backward),
    ("page-down", Action::PageDown),
    ("page-up", Action::PageUp),
    ("next-landmark", Action::NextLandmark),
    ("previous-landmark", Action::PreviousLandmark),
    ("cause", Action::Cause),
    ("effect", Action::Effect),
    ("start", Action::Start),
    ("end", Action::End),
    ("play", Action::Play),
    ("faster", Action::Faster),
    ("slower", Action::Slower),
    ("node-left", Action::NodeLeft),
    ("node-right", Action::NodeRight),
    ("pane-space-time", Action::Pane(Pane::SpaceTime)),
    ("pane-nodes", Action::Pane(Pane::Nodes)),
    ("pane-pending", Action::Pane(Pane::Pending)),
    ("pane-event", Action::Pane(Pane::Event)),
    ("pane-history", Action::Pane(Pane::History)),
    ("next-pane", Action::NextPane),
    ("previous-pane", Action::PreviousPane),
    ("zoom", Action::Zoom),
    ("help", Action::Help),
    ("ask-go-to", Action::AskGoTo),
    ("ask-search", Action::AskSearch),
    ("next-hit", Action::NextHit),
    ("previous-hit", Action::PreviousHit),
    ("why", Action::Why),
    ("bookmark", Action::Bookmark),
    ("bookmarks", Action::Bookmarks),
    ("palette", Action::Palette),
    ("export", Action::Export),
    ("outcomes", Action::Outcomes),
    ("intervene", Action::Intervene),
    ("undo", Action::Undo),
    ("save", Action::Save),
    ("copy", Action::Copy),
    ("theme", Action::Theme),
    ("back", Action::Back),
    ("quit", Action::Quit),
    ("leave", Action::Leave),
    ("accept", Action::Accept),
];

/// The names of the actions that need a text, or that only the loop or a text field brings about.
const OTHERS: [&str; 9] =
    ["go-to", "search", "suspend", "redraw", "type", "erase", "erase-all", "tick", "resize"];

impl Action {
    /// Its stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::GoTo(_) => OTHERS[0],
            Self::Search(_) => OTHERS[1],
            Self::Suspend => OTHERS[2],
            Self::Redraw => OTHERS[3],
            Self::Type(_) => OTHERS[4],
            Self::Erase => OTHERS[5],
            Self::EraseAll => OTHERS[6],
            Self::Tick => OTHERS[7],
            Self::Resize(..) => OTHERS[8],
            named => NAMED.iter().find(|(_, action)| action == named).map_or("", |(name, _)| name),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoTo(text) | Self::Search(text) => write!(f, "{} {text}", self.name()),
            Self::Type(letter) => write!(f, "{} {letter}", self.name()),
            Self::Resize(width, height) => write!(f, "{} {width}x{height}", self.name()),
            _ => f.pad(self.name()),
        }
    }
}

impl FromStr for Action {
    type Err = String;

    /// Reads what a script may say: a name, or `go-to 1842`, or `search crash`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((_, action)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(action.clone());
        }
        match text.split_once(' ') {
            Some(("go-to", place)) => Ok(Self::GoTo(place.trim().into())),
            Some(("search", words)) => Ok(Self::Search(words.trim().into())),
            _ => Err(format!(
                "`{text}` is no action: write one like `next`, `next-landmark`, `go-to 1.2s` or `search crash`"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_read_back_as_they_print_and_have_one_name_each() {
        let with_text = [Action::GoTo("1.2s".into()), Action::Search("crash n5".into())];
        for action in NAMED.map(|(_, action)| action).into_iter().chain(with_text) {
            assert_eq!(action.to_string().parse(), Ok(action));
        }
        let mut names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).chain(OTHERS).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!("fly".parse::<Action>().unwrap_err().contains("next-landmark"));
    }
}
