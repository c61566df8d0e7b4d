//! The first screen: the scenarios there are, with what each is about.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::action::Action;
use super::app::App;
use super::frame::{self, Caption};
use super::key::Key;
use super::keys::{self, Context};
use super::layout::SMALLEST;
use super::model::Settings;
use super::panes::header::hint_line;
use super::text::{Line, Pen, draw_lines};
use super::theme::{Theme, Tone};
use super::update::Command;
use super::view::too_small;

/// Entries that a page passes.
const PAGE: usize = 10;
/// From this width on, what a scenario is about stands beside the list.
const BESIDE: u16 = 100;

/// A scenario to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickerEntry {
    /// Its name, such as `raft/figure-8`.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub about: String,
    /// Whether it is a lesson.
    pub is_lesson: bool,
}

/// The state of the first screen.
pub struct Picker {
    entries: Vec<PickerEntry>,
    /// The entry that is chosen.
    pub chosen: usize,
    /// What there is to say, and whether it is a problem.
    pub message: Option<(Tone, String)>,
    /// How it looks.
    pub settings: Settings,
}

impl Picker {
    /// The list of `entries`, the first lesson chosen, or the first entry where there is none.
    pub fn new(entries: Vec<PickerEntry>, settings: Settings) -> Self {
        let chosen = entries.iter().position(|entry| entry.is_lesson).unwrap_or(0);
        Self { entries, chosen, message: None, settings }
    }

    /// The entry that is chosen.
    pub fn entry(&self) -> Option<&PickerEntry> {
        self.entries.get(self.chosen)
    }

    fn theme(&self) -> Theme {
        Theme::new(self.settings.theme, self.settings.is_ascii)
    }

    fn list(&self, theme: &Theme, width: usize) -> Vec<Line> {
        let names = self.entries.iter().map(|entry| entry.name.chars().count()).max().unwrap_or(0);
        let names = names.min(width / 2);
        let line = |(place, entry): (usize, &PickerEntry)| {
            let is_chosen = place == self.chosen;
            let (sign, tone) =
                if is_chosen { (theme.signs.cursor, Tone::Selected) } else { (" ", Tone::Title) };
            let name = super::text::clip(&entry.name, names, theme.signs.ellipsis);
            let line = Line::of(Tone::Focus, format!("{sign} ")).then(tone, name).pad_to(names + 4);
            let line = line.then(Tone::Role, if entry.is_lesson { "lesson  " } else { "        " });
            line.then(Tone::Plain, entry.title.clone())
        };
        self.entries.iter().enumerate().map(line).collect()
    }

    fn about(&self, width: usize) -> Vec<Line> {
        let Some(entry) = self.entry() else {
            return vec![Line::of(Tone::Plain, "there are no scenarios to choose from")];
        };
        let mut lines = Line::of(Tone::Title, entry.title.clone()).wrap(width, 0);
        lines.push(Line::default());
        // Line breaks within a paragraph are those of the file, not of this pane.
        for paragraph in entry.about.split("\n\n") {
            let words: Vec<&str> = paragraph.split_whitespace().collect();
            lines.extend(Line::of(Tone::Plain, words.join(" ")).wrap(width, 0));
            lines.push(Line::default());
        }
        lines
    }

    /// The first line, the list, what the chosen one is about, and the last line.
    fn places(area: Rect) -> [Rect; 4] {
        let top = Rect { height: 1, ..area };
        let foot = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
        if BESIDE <= area.width {
            let width = area.width * 3 / 5;
            let list = Rect { width, ..body };
            return [
                top,
                list,
                Rect { x: area.x + width, width: area.width - width, ..body },
                foot,
            ];
        }
        let height = body.height * 3 / 5;
        let about = Rect { y: body.y + height, height: body.height - height, ..body };
        [top, Rect { height, ..body }, about, foot]
    }
}

impl App for Picker {
    fn context(&self) -> Context {
        Context::Picker
    }

    fn act(&mut self, action: Action) -> Option<Command> {
        if !matches!(action, Action::Resize(..)) {
            self.message = None;
        }
        let last = self.entries.len().saturating_sub(1);
        match action {
            Action::Next => self.chosen = (self.chosen + 1).min(last),
            Action::Previous => self.chosen = self.chosen.saturating_sub(1),
            Action::PageDown => self.chosen = (self.chosen + PAGE).min(last),
            Action::PageUp => self.chosen = self.chosen.saturating_sub(PAGE),
            Action::Start => self.chosen = 0,
            Action::End => self.chosen = last,
            Action::Theme => self.settings.theme = self.settings.theme.next(),
            Action::Accept if self.entries.is_empty() => return None,
            Action::Accept => return Some(Command::Close),
            Action::Quit | Action::Leave => return Some(Command::Leave),
            Action::Suspend => return Some(Command::Suspend),
            Action::Redraw => return Some(Command::Redraw),
            _ => {}
        }
        None
    }

    fn paint(&self, area: Rect, buffer: &mut Buffer) {
        let theme = self.theme();
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            return too_small(&theme, area, buffer);
        }
        let [top, list_place, about_place, foot] = Self::places(area);
        let heading = Line::of(Tone::Title, " orrery ")
            .then(Tone::Plain, "choose what to look at; a lesson explains as it goes");
        Pen::new(buffer, top, &theme).line(0, 0, &heading);

        let height = usize::from(list_place.height.saturating_sub(2));
        let lines = self.list(&theme, usize::from(list_place.width.saturating_sub(2)));
        let offset = self.chosen.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
        let title = Line::of(Tone::Focus, "Scenarios ");
        let position = frame::position(offset, height, lines.len());
        let caption = Caption { title, position, is_focused: true };
        let inner = frame::draw(&caption, &theme, list_place, buffer);
        draw_lines(&mut Pen::new(buffer, inner, &theme), &lines, offset);

        let name = self.entry().map_or("", |entry| entry.name.as_str());
        let title = Line::of(Tone::Title, format!("{name} "));
        let caption = Caption { title, ..Caption::default() };
        let inner = frame::draw(&caption, &theme, about_place, buffer);
        let lines = self.about(inner.width.into());
        draw_lines(&mut Pen::new(buffer, inner, &theme), &lines, 0);

        let mut pen = Pen::new(buffer, foot, &theme);
        let line = match &self.message {
            Some((tone, text)) => Line::of(*tone, format!(" {text}")),
            None => hint_line(keys::hints(Context::Picker), &theme, area.width.into()),
        };
        pen.line(0, 0, &line);
    }

    fn is_playing(&self) -> bool {
        false
    }

    fn puzzle(&mut self, key: Key) {
        self.message = Some((Tone::Plain, format!("{key} does nothing here")));
    }
}
