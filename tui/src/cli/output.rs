//! Where commands write to.

use std::io::{self, BufWriter, IsTerminal, Write};

use serde::Serialize;

use super::environment;

/// Standard output and error, with or without colours.
pub(super) struct Output {
    out: Box<dyn Write>,
    has_colour: bool,
}

/// How a text stands out.
#[derive(Clone, Copy)]
pub(super) enum Tone {
    Good,
    Bad,
    Doubtful,
    Strong,
}

impl Output {
    /// The process's own.
    pub(super) fn standard() -> Self {
        let has_colour = io::stdout().is_terminal() && !environment::no_colour();
        Self { out: Box::new(BufWriter::new(io::stdout())), has_colour }
    }

    /// Nobody's.
    #[cfg(test)]
    pub(super) fn nowhere() -> Self {
        Self { out: Box::new(io::sink()), has_colour: false }
    }

    /// One line.
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        writeln!(self.out, "{}", text.as_ref())
    }

    /// One JSON value on a line of its own.
    pub(super) fn json<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        let text = serde_json::to_string(value).map_err(io::Error::other)?;
        self.line(text)
    }

    /// A text in a colour. Colour never says what the words do not.
    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.has_colour {
            return text.to_string();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Doubtful => "33",
            Tone::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// The stream itself.
    pub(super) fn writer(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Says on standard error what is wrong.
    pub(super) fn complain(message: &str) {
        // Where even this cannot be printed there is nobody to tell.
        let _ = writeln!(io::stderr(), "orrery: {message}");
    }

    /// Shows on standard error what is wrong with a scenario, at its lines.
    pub(super) fn report(errors: &orrery_scenarios::ScenarioErrors) {
        let theme = if io::stderr().is_terminal() && !environment::no_colour() {
            miette::GraphicalTheme::unicode()
        } else {
            miette::GraphicalTheme::unicode_nocolor()
        };
        let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
        let mut text = String::new();
        let rendered = handler.render_report(&mut text, errors);
        let shown = if rendered.is_ok() { text } else { errors.to_string() };
        let _ = writeln!(io::stderr(), "{shown}");
    }
}
