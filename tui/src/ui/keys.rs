//! The one table of keys: what a key does, what the hint line says of it and what the help says.

use super::action::{Action, Pane};
use super::key::Key;

/// Where a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// In the run.
    Run,
    /// While the help is open.
    Help,
    /// While a question is open.
    Prompt,
    /// While a list to choose from is open.
    Menu,
    /// While the list of everything is open, in which one types.
    Palette,
    /// In the list of scenarios.
    Picker,
}

/// Under which heading the help lists a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Moving through the run.
    Time,
    /// Choosing what to look at.
    Space,
    /// Searching.
    Find,
    /// Doing something to the run.
    Change,
    /// Everything else.
    Program,
}

impl Group {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 5] = [Self::Time, Self::Space, Self::Find, Self::Change, Self::Program];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Time => "Moving through the run",
            Self::Space => "Choosing what to look at",
            Self::Find => "Finding",
            Self::Change => "Changing the run",
            Self::Program => "The program",
        }
    }
}

/// Whether and how a key is named in the hint line; the lowest rank comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Not at all.
    None,
    /// With these words.
    Alone(u8, &'static str),
    /// With these words, together with the next line of the table: `j/k step`.
    WithNext(u8, &'static str),
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// The keys, the usual one first.
    pub keys: &'static [Key],
    /// What they do.
    pub action: Action,
    /// Its words in the hint line.
    pub hint: Hint,
    /// Its heading in the help.
    pub group: Group,
    /// Its words in the help.
    pub help: &'static str,
}

const fn bind(
    (context, group): (Context, Group),
    keys: &'static [Key],
    action: Action,
    hint: Hint,
    help: &'static str,
) -> Binding {
    Binding { context, keys, action, hint, group, help }
}

const TIME: (Context, Group) = (Context::Run, Group::Time);
const SPACE: (Context, Group) = (Context::Run, Group::Space);
const FIND: (Context, Group) = (Context::Run, Group::Find);
const CHANGE: (Context, Group) = (Context::Run, Group::Change);
const MENU: (Context, Group) = (Context::Menu, Group::Program);
const PALETTE: (Context, Group) = (Context::Palette, Group::Program);
const PROGRAM: (Context, Group) = (Context::Run, Group::Program);
const HELP: (Context, Group) = (Context::Help, Group::Program);
const PROMPT: (Context, Group) = (Context::Prompt, Group::Program);
const PICKER: (Context, Group) = (Context::Picker, Group::Program);

use Action as A;
use Hint::{Alone, None as Silent, WithNext};
use Key::{Char, Ctrl};

/// All keys. The first line that fits the context and the key counts.
pub static KEYS: &[Binding] = &[
    bind(TIME, &[Char('j'), Key::Down], A::Next, WithNext(1, "step"), "the next event"),
    bind(TIME, &[Char('k'), Key::Up], A::Previous, Silent, "the event before"),
    bind(TIME, &[Char(' ')], A::Play, Alone(2, "play"), "play and pause"),
    bind(TIME, &[Char('>')], A::Faster, Silent, "play faster"),
    bind(TIME, &[Char('<')], A::Slower, Silent, "play slower"),
    bind(
        TIME,
        &[Char(']')],
        A::NextLandmark,
        Alone(3, "next landmark"),
        "the next landmark: a fault, a new role, something told, a broken rule",
    ),
    bind(TIME, &[Char('[')], A::PreviousLandmark, Silent, "the landmark before"),
    bind(
        TIME,
        &[Char(',')],
        A::Cause,
        WithNext(6, "cause/effect"),
        "the event that caused this one",
    ),
    bind(TIME, &[Char('.')], A::Effect, Silent, "the first event that this one caused"),
    bind(
        TIME,
        &[Char('J')],
        A::NextOnNode,
        WithNext(7, "on node"),
        "the next event on the selected node",
    ),
    bind(TIME, &[Char('K')], A::PreviousOnNode, Silent, "the event before on the selected node"),
    bind(TIME, &[Ctrl('d')], A::Forward, Silent, "ten events on"),
    bind(TIME, &[Ctrl('u')], A::Backward, Silent, "ten events back"),
    bind(
        TIME,
        &[Char('g')],
        A::AskGoTo,
        Alone(8, "go to"),
        "go to an event, a time, `violation`, `start` or `end`; g twice: to the start",
    ),
    bind(TIME, &[Key::Home], A::Start, Silent, "before the first event"),
    bind(TIME, &[Char('G'), Key::End], A::End, Silent, "the last event"),
    bind(
        SPACE,
        &[Char('h'), Key::Left],
        A::NodeLeft,
        WithNext(9, "node"),
        "select the node to the left",
    ),
    bind(SPACE, &[Char('l'), Key::Right], A::NodeRight, Silent, "select the node to the right"),
    bind(SPACE, &[Key::Tab], A::NextPane, Alone(5, "pane"), "use the next pane"),
    bind(SPACE, &[Key::BackTab], A::PreviousPane, Silent, "use the pane before"),
    bind(SPACE, &[Char('1')], A::Pane(Pane::SpaceTime), Silent, "use the space-time diagram"),
    bind(SPACE, &[Char('2')], A::Pane(Pane::Nodes), Silent, "use the table of nodes"),
    bind(SPACE, &[Char('3')], A::Pane(Pane::Pending), Silent, "use what is pending"),
    bind(SPACE, &[Char('4')], A::Pane(Pane::Event), Silent, "use the event at the cursor"),
    bind(SPACE, &[Char('5')], A::Pane(Pane::History), Silent, "use the history and the verdict"),
    bind(
        SPACE,
        &[Key::PageDown],
        A::PageDown,
        Silent,
        "a page of events, or of the text of the pane in use",
    ),
    bind(SPACE, &[Key::PageUp], A::PageUp, Silent, "a page back"),
    bind(
        SPACE,
        &[Char('z'), Key::Enter],
        A::Zoom,
        Alone(10, "zoom"),
        "give the screen to the pane in use, or take it back",
    ),
    bind(FIND, &[Char('/')], A::AskSearch, Alone(11, "search"), "search the events for a text"),
    bind(FIND, &[Char('n')], A::NextHit, Silent, "the next place found"),
    bind(FIND, &[Char('N')], A::PreviousHit, Silent, "the place found before"),
    bind(
        FIND,
        &[Char('b')],
        A::Why,
        Alone(13, "because"),
        "because: the chain of events that led to this one",
    ),
    bind(FIND, &[Char('m')], A::Bookmark, Silent, "mark this event, or take its mark away"),
    bind(FIND, &[Char('\'')], A::Bookmarks, Silent, "go to a marked event"),
    bind(
        CHANGE,
        &[Char('o')],
        A::Outcomes,
        Silent,
        "draw ten other endings from here, and count how they go",
    ),
    bind(
        CHANGE,
        &[Char('i')],
        A::Intervene,
        Alone(12, "what if"),
        "what if: crash, cut, drop, delay, fire, reseed ... at the cursor",
    ),
    bind(CHANGE, &[Char('u')], A::Undo, Silent, "back to the run without the last of these"),
    bind(CHANGE, &[Char('w')], A::Save, Silent, "write what was done into a plan file"),
    bind(PROGRAM, &[Char(':')], A::Palette, Silent, "everything that can be done, by name"),
    bind(
        PROGRAM,
        &[Char('e')],
        A::Export,
        Silent,
        "write the run as a picture, a page, a trace ...",
    ),
    bind(PROGRAM, &[Char('?')], A::Help, Alone(0, "help"), "show or hide this help"),
    bind(PROGRAM, &[Char('y')], A::Copy, Silent, "show and copy the token that repeats this run"),
    bind(PROGRAM, &[Char('t')], A::Theme, Silent, "the next set of colours"),
    bind(PROGRAM, &[Ctrl('l')], A::Redraw, Silent, "draw the screen anew"),
    bind(
        PROGRAM,
        &[Ctrl('z')],
        A::Suspend,
        Silent,
        "back to the shell for a while (`fg` comes back)",
    ),
    bind(
        PROGRAM,
        &[Key::Esc],
        A::Back,
        Silent,
        "one step out: of a pane, a search, a selection, the run",
    ),
    bind(PROGRAM, &[Char('q')], A::Quit, Alone(4, "quit"), "quit: close the run"),
    bind(PROGRAM, &[Ctrl('c')], A::Leave, Silent, "leave, wherever you are"),
    bind(HELP, &[Char('j'), Key::Down], A::Next, WithNext(1, "scroll"), "a line down"),
    bind(HELP, &[Char('k'), Key::Up], A::Previous, Silent, "a line up"),
    bind(HELP, &[Key::PageDown, Char(' '), Ctrl('d')], A::PageDown, Silent, "a page down"),
    bind(HELP, &[Key::PageUp, Ctrl('u')], A::PageUp, Silent, "a page up"),
    bind(HELP, &[Key::Home], A::Start, Silent, "the first line"),
    bind(HELP, &[Char('G'), Key::End], A::End, Silent, "the last line"),
    bind(
        HELP,
        &[Key::Esc, Char('?'), Char('q')],
        A::Back,
        Alone(0, "close the help"),
        "close the help",
    ),
    bind(HELP, &[Ctrl('c')], A::Leave, Silent, "leave"),
    bind(HELP, &[Ctrl('z')], A::Suspend, Silent, "back to the shell for a while"),
    bind(PROMPT, &[Key::Enter], A::Accept, Alone(1, "go"), "accept"),
    bind(PROMPT, &[Key::Esc], A::Back, Alone(0, "cancel"), "cancel"),
    bind(PROMPT, &[Key::Backspace], A::Erase, Silent, "take the last character back"),
    bind(PROMPT, &[Ctrl('u')], A::EraseAll, Silent, "take everything back"),
    bind(PROMPT, &[Ctrl('c')], A::Leave, Silent, "leave"),
    bind(PROMPT, &[Ctrl('z')], A::Suspend, Silent, "back to the shell for a while"),
    bind(MENU, &[Char('j'), Key::Down], A::Next, WithNext(2, "choose"), "the next one"),
    bind(MENU, &[Char('k'), Key::Up], A::Previous, Silent, "the one before"),
    bind(MENU, &[Key::PageDown, Ctrl('d')], A::PageDown, Silent, "ten on"),
    bind(MENU, &[Key::PageUp, Ctrl('u')], A::PageUp, Silent, "ten back"),
    bind(MENU, &[Key::Home, Char('g')], A::Start, Silent, "the first one"),
    bind(MENU, &[Key::End, Char('G')], A::End, Silent, "the last one"),
    bind(MENU, &[Key::Enter], A::Accept, Alone(1, "do it"), "do it"),
    bind(MENU, &[Key::Esc, Char('q')], A::Back, Alone(0, "cancel"), "cancel"),
    bind(MENU, &[Ctrl('c')], A::Leave, Silent, "leave"),
    bind(MENU, &[Ctrl('z')], A::Suspend, Silent, "back to the shell for a while"),
    bind(PALETTE, &[Key::Down], A::Next, WithNext(2, "choose"), "the next one"),
    bind(PALETTE, &[Key::Up], A::Previous, Silent, "the one before"),
    bind(PALETTE, &[Key::PageDown], A::PageDown, Silent, "ten on"),
    bind(PALETTE, &[Key::PageUp], A::PageUp, Silent, "ten back"),
    bind(PALETTE, &[Key::Enter], A::Accept, Alone(1, "do it"), "do it"),
    bind(PALETTE, &[Key::Esc], A::Back, Alone(0, "cancel"), "cancel"),
    bind(PALETTE, &[Key::Backspace], A::Erase, Silent, "take the last character back"),
    bind(PALETTE, &[Ctrl('u')], A::EraseAll, Silent, "take everything back"),
    bind(PALETTE, &[Ctrl('c')], A::Leave, Silent, "leave"),
    bind(PALETTE, &[Ctrl('z')], A::Suspend, Silent, "back to the shell for a while"),
    bind(PICKER, &[Char('j'), Key::Down], A::Next, WithNext(1, "choose"), "the next one"),
    bind(PICKER, &[Char('k'), Key::Up], A::Previous, Silent, "the one before"),
    bind(PICKER, &[Key::PageDown, Ctrl('d')], A::PageDown, Silent, "ten on"),
    bind(PICKER, &[Key::PageUp, Ctrl('u')], A::PageUp, Silent, "ten back"),
    bind(PICKER, &[Key::Home, Char('g')], A::Start, Silent, "the first one"),
    bind(PICKER, &[Key::End, Char('G')], A::End, Silent, "the last one"),
    bind(PICKER, &[Key::Enter], A::Accept, Alone(2, "open"), "open it"),
    bind(PICKER, &[Char('t')], A::Theme, Alone(3, "colours"), "the next set of colours"),
    bind(PICKER, &[Ctrl('z')], A::Suspend, Silent, "back to the shell for a while"),
    bind(PICKER, &[Ctrl('l')], A::Redraw, Silent, "draw the screen anew"),
    bind(PICKER, &[Char('q'), Key::Esc], A::Quit, Alone(0, "quit"), "quit"),
    bind(PICKER, &[Ctrl('c')], A::Leave, Silent, "leave"),
];

/// What `key` does there. In an open question every character is typed.
pub fn action_of(context: Context, key: Key) -> Option<Action> {
    let bound = KEYS.iter().find(|line| line.context == context && line.keys.contains(&key));
    match (bound, context, key) {
        (Some(line), _, _) => Some(line.action.clone()),
        (None, Context::Prompt | Context::Palette, Char(letter)) => Some(Action::Type(letter)),
        (None, _, _) => None,
    }
}

/// The key that does `action` in a run, as text.
pub fn key_of(action: &Action) -> String {
    let line = KEYS.iter().find(|line| line.context == Context::Run && line.action == *action);
    line.and_then(|line| line.keys.first()).map(Key::to_string).unwrap_or_default()
}

/// The hints of a context: keys and words, the most useful first. The first one must always be shown.
pub fn hints(context: Context) -> Vec<(String, &'static str)> {
    let mut ranked = Vec::new();
    for (position, line) in KEYS.iter().enumerate().filter(|(_, line)| line.context == context) {
        let own = line.keys.first().map(Key::to_string).unwrap_or_default();
        match line.hint {
            Hint::None => {}
            Alone(rank, words) => ranked.push((rank, own, words)),
            WithNext(rank, words) => {
                let next = KEYS.get(position + 1).and_then(|next| next.keys.first());
                let both = next.map_or(own.clone(), |next| format!("{own}/{next}"));
                ranked.push((rank, both, words));
            }
        }
    }
    ranked.sort_by_key(|(rank, _, _)| *rank);
    ranked.into_iter().map(|(_, keys, words)| (keys, words)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_in_one_place() {
        for context in [
            Context::Run,
            Context::Help,
            Context::Prompt,
            Context::Menu,
            Context::Palette,
            Context::Picker,
        ] {
            let lines = KEYS.iter().filter(|line| line.context == context);
            let mut keys: Vec<Key> = lines.flat_map(|line| line.keys.iter().copied()).collect();
            keys.sort_unstable();
            let count = keys.len();
            keys.dedup();
            assert_eq!(keys.len(), count, "{context:?}");
            assert_eq!(action_of(context, Ctrl('c')), Some(Action::Leave), "{context:?}");
        }
    }

    #[test]
    fn a_question_takes_every_letter() {
        for letter in ['q', 'j', '?', ' ', 'é'] {
            assert_eq!(action_of(Context::Prompt, Char(letter)), Some(Action::Type(letter)));
        }
        assert_eq!(action_of(Context::Prompt, Ctrl('d')), None);
    }

    #[test]
    fn hints_come_from_the_table() {
        let hints = hints(Context::Run);
        assert_eq!(hints[0], ("?".into(), "help"));
        assert_eq!(hints[1], ("j/k".into(), "step"));
        assert_eq!(key_of(&Action::NextLandmark), "]");
    }
}
