//! The first line (what is open, and where the cursor is) and the last ones (messages, questions, keys).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::ui::keys;
use crate::ui::model::{Model, Prompt, Question, SPEEDS, Weight};
use crate::ui::text::{Line, Pen};
use crate::ui::theme::{Theme, Tone};

use super::words;

/// Draws the first line, in as many words as fit.
pub fn draw(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let wordings = [Wording::Full, Wording::Short, Wording::Shortest];
    let line = wordings.map(|wording| first_line(model, theme, wording));
    let fitting = line.iter().find(|line| line.width() <= width).unwrap_or(&line[2]);
    Pen::new(buffer, area, theme).line(0, 0, fitting);
}

/// How much the first line says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wording {
    Shortest,
    Short,
    Full,
}

fn first_line(model: &Model, theme: &Theme, wording: Wording) -> Line {
    let session = model.session();
    let (header, report) = (session.header(), session.report());
    let (is_full, is_short) = (wording == Wording::Full, Wording::Short <= wording);
    let bar = format!(" {} ", theme.signs.bar);
    let mut line = Line::of(Tone::Title, if is_full { " orrery " } else { " " });
    line.add(Tone::Title, header.scenario.clone());
    line.add(
        Tone::Plain,
        match wording {
            Wording::Full => format!(" seed {} {}", header.seed, header.protocol),
            Wording::Short => format!("@{}", header.seed),
            Wording::Shortest => String::new(),
        },
    );
    if session.recorded().is_some() {
        let word = if is_full { " a recording, read-only" } else { " recorded" };
        line.add(Tone::Story, word);
    }
    if !header.bugs.is_empty() && is_short {
        line.add(Tone::Fault, format!(" bug {}", header.bugs.join(",")));
    }
    let done = header.interventions.len();
    if 0 < done {
        line.add(
            Tone::Fault,
            if is_full { format!(" changed {done}x") } else { format!(" +{done}") },
        );
    }
    line.add(Tone::Frame, bar.clone());
    let time = session.view().time;
    let time = if is_full { time.to_string() } else { words::short_time(time) };
    let word = if is_short { "event " } else { "" };
    let more = if session.is_complete() { "" } else { "+" };
    line.add(Tone::Plain, format!("{word}{}/{}{more} {time}", model.cursor(), model.last()));
    if is_short {
        line.add(Tone::Frame, bar.clone());
        line.add(Tone::Key, play_words(model, theme, is_full));
    }
    line.add(Tone::Frame, bar);
    if !session.is_complete() {
        let word = match (model.is_making(), session.recorded()) {
            (true, None) => "making the run",
            (true, Some(_)) => "reading",
            (false, None) => "stopped making it",
            (false, Some(_)) => "stopped reading",
        };
        line.add(Tone::Key, format!("{word} {} %", percent_made(model)));
        return line;
    }
    let (sign, tone) = words::verdict_sign(report.verdict, theme);
    let expected = if report.as_expected || !is_short { "" } else { " (unexpected)" };
    line.add(Tone::Plain, if is_full { "the run ends: " } else { "" });
    line.add(tone, format!("{sign} {}{expected}", report.verdict));
    line
}

/// How much of a run that is not complete is made: of its time, or of the events that it may have.
fn percent_made(model: &Model) -> u64 {
    if let Some(percent) = model.session().percent_made() {
        return percent;
    }
    let Some(case) = model.session().case() else { return 0 };
    let share = |part: u64, whole: u64| u128::from(part) * 100 / u128::from(whole.max(1));
    let by_time = share(model.end().as_nanos(), case.stop_at.as_nanos());
    let by_events = share(model.last(), case.event_budget);
    u64::try_from(by_time.max(by_events)).map_or(100, |percent| percent.min(100))
}

fn play_words(model: &Model, theme: &Theme, is_full: bool) -> String {
    let speed = SPEEDS[model.play.speed];
    match (model.play.is_on, is_full) {
        (true, true) => format!("{} {speed} events/s", theme.signs.is_playing),
        (true, false) => format!("{} {speed}/s", theme.signs.is_playing),
        (false, true) => format!("{} paused", theme.signs.is_paused),
        (false, false) => String::from("paused"),
    }
}

/// Draws the last line or the last two: what there is to say, and the keys. With one line only, what there is
/// to say takes the place of the keys.
pub fn draw_foot(
    model: &Model,
    theme: &Theme,
    status: Option<Rect>,
    hints: Rect,
    buffer: &mut Buffer,
) {
    let message = message(model, theme);
    if let Some(area) = status {
        Pen::new(buffer, area, theme).line(0, 0, &message.unwrap_or_default());
        draw_hints(model, theme, hints, buffer);
    } else if let Some(message) = message.filter(|_| model.help.is_none()) {
        Pen::new(buffer, hints, theme).line(0, 0, &message);
    } else {
        draw_hints(model, theme, hints, buffer);
    }
}

/// What there is to say: the open question, else an answer, else what the scenario tells about this event.
fn message(model: &Model, theme: &Theme) -> Option<Line> {
    if let Some(prompt) = &model.prompt {
        return Some(prompt_line(prompt, theme));
    }
    if let Some(status) = &model.status {
        let tone = match status.weight {
            Weight::Info => Tone::Plain,
            Weight::Problem => Tone::Bad,
        };
        return Some(Line::of(tone, format!(" {}", status.text)));
    }
    let here = model.here();
    let story = here.as_ref().and_then(|row| row.narration.first());
    story.map(|story| Line::of(Tone::Story, format!(" {} {story}", theme.signs.story)))
}

fn prompt_line(prompt: &Prompt, theme: &Theme) -> Line {
    let (name, help) = match prompt.question {
        Question::GoTo => {
            ("go to: ", "an event number, a time such as 1.2s, start, end, violation")
        }
        Question::Search => ("search: ", "a text in titles, payloads, effects; n2 finds that node"),
    };
    let line = Line::of(Tone::Key, format!(" {name}"))
        .then(Tone::Plain, prompt.text.clone())
        .then(Tone::Key, theme.signs.caret);
    match &prompt.problem {
        Some(problem) => line.then(Tone::Bad, format!(" {problem}")),
        None => line.then(Tone::Faint, format!("  {help}; Enter goes, Esc cancels")),
    }
}

fn draw_hints(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let line = hint_line(keys::hints(model.context()), theme, area.width.into());
    Pen::new(buffer, area, theme).line(0, 0, &line);
}

/// As many hints as fit; the first one is always there, at the end.
pub fn hint_line(hints: Vec<(String, &'static str)>, theme: &Theme, width: usize) -> Line {
    let dot = format!(" {} ", theme.signs.dot);
    let piece = |line: Line, (keys, words): &(String, &str)| {
        line.then(Tone::Key, keys.clone()).then(Tone::Plain, format!(" {words}"))
    };
    let mut hints = hints.into_iter();
    let Some(always) = hints.next() else { return Line::default() };
    let last = piece(Line::default(), &always);
    let mut line = Line::of(Tone::Plain, " ");
    for hint in hints {
        let next = piece(line.clone(), &hint).then(Tone::Faint, dot.clone());
        if width < next.width() + last.width() {
            break;
        }
        line = next;
    }
    piece(line, &always)
}
