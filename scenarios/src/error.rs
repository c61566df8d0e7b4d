//! What is wrong with a scenario, where, and what would be right.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};

/// The name under which arguments are shown.
const COMMAND_LINE: &str = "command line";

/// In which text a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The scenario's file.
    Scenario,
    /// A plan file: its name and its text.
    PlanFile(Arc<(String, Arc<str>)>),
    /// An argument of the command line, as typed.
    Argument(Arc<str>),
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub source: Source,
    /// The bytes in that text.
    pub span: Range<usize>,
}

impl Place {
    pub(crate) const fn in_file(span: Range<usize>) -> Self {
        Self { source: Source::Scenario, span }
    }

    /// The bytes `span` of the argument `--OPTION VALUE`.
    pub(crate) fn in_argument(argument: &Arc<str>, span: Range<usize>) -> Self {
        Self { source: Source::Argument(Arc::clone(argument)), span }
    }

    /// For sorting: the scenario first, then its plan file, then the command line.
    const fn rank(&self) -> (u8, usize) {
        let source = match self.source {
            Source::Scenario => 0,
            Source::PlanFile(_) => 1,
            Source::Argument(_) => 2,
        };
        (source, self.span.start)
    }
}

/// Something that is wrong, before it is known in which file.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub message: String,
    pub help: Option<String>,
    pub label: Option<String>,
    pub place: Option<Place>,
}

impl Problem {
    pub(crate) fn at(place: &Place, message: impl Into<String>) -> Self {
        let place = Some(place.clone());
        Self { message: message.into(), help: None, label: None, place }
    }

    pub(crate) fn nowhere(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, label: None, place: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }
}

/// The problems found so far. Reading goes on after one, so that all of a file are told at once.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The errors of the scenario `name`, whose file is `text`, in the order of the file.
    pub(crate) fn into_errors(self, name: &str, text: &Arc<str>) -> ScenarioErrors {
        let mut problems = self.0;
        problems.sort_by_key(|problem| problem.place.as_ref().map(Place::rank));
        let errors = problems.into_iter().map(|problem| ScenarioError::new(name, text, problem));
        ScenarioErrors { name: name.into(), errors: errors.collect() }
    }
}

/// One thing that is wrong with a scenario or with what was asked of it.
#[derive(Clone, Debug)]
pub struct ScenarioError {
    message: String,
    help: Option<String>,
    label: Option<String>,
    source: Option<NamedSource<Arc<str>>>,
    span: Range<usize>,
}

impl ScenarioError {
    fn new(name: &str, text: &Arc<str>, problem: Problem) -> Self {
        let Problem { message, help, label, place } = problem;
        let Some(place) = place else {
            return Self { message, help, label, source: None, span: 0..0 };
        };
        let source = match place.source {
            Source::Scenario => NamedSource::new(name, Arc::clone(text)).with_language("toml"),
            Source::PlanFile(file) => {
                NamedSource::new(&file.0, Arc::clone(&file.1)).with_language("toml")
            }
            Source::Argument(argument) => NamedSource::new(COMMAND_LINE, argument),
        };
        Self { message, help, label, source: Some(source), span: place.span }
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would be right.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The bytes at fault in the file or, for [`ScenarioError::argument`], in the argument.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The argument of the command line at fault, such as `--set link.loss=often`.
    pub fn argument(&self) -> Option<&str> {
        let source = self.source.as_ref().filter(|source| source.name() == COMMAND_LINE);
        source.map(|source| &**source.inner())
    }

    /// Line and column at fault, both from 1; columns count characters.
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        let text: &str = self.source.as_ref()?.inner();
        let before = text.get(..self.span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        Some((line, before[line_start..].chars().count() + 1))
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScenarioError {}

impl Diagnostic for ScenarioError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        let span = SourceSpan::from(self.span.clone());
        let label = LabeledSpan::new_primary_with_span(self.label.clone(), span);
        Some(Box::new(std::iter::once(label)))
    }
}

/// Everything that is wrong with a scenario: at least one error, in the order of the file.
#[derive(Clone, Debug)]
pub struct ScenarioErrors {
    name: String,
    errors: Vec<ScenarioError>,
}

impl ScenarioErrors {
    /// One error that has no place in a file.
    pub(crate) fn nowhere(name: &str, problem: Problem) -> Self {
        let error = ScenarioError::new(name, &Arc::from(""), Problem { place: None, ..problem });
        Self { name: name.into(), errors: vec![error] }
    }

    /// All of them, at least one.
    pub fn errors(&self) -> &[ScenarioError] {
        &self.errors
    }

    /// Each in one paragraph without pictures: `FILE:LINE:COLUMN: message`, then the help.
    pub fn plain(&self) -> String {
        let paragraph = |error: &ScenarioError| {
            let place = match (error.argument(), error.line_and_column()) {
                (Some(argument), _) => format!("{argument}: "),
                (None, Some((line, column))) => {
                    let file = error.source.as_ref().map_or(self.name.as_str(), NamedSource::name);
                    format!("{file}:{line}:{column}: ")
                }
                (None, None) => String::new(),
            };
            let help = error.help.as_ref().map(|help| help.replace('\n', "\n        "));
            let help = help.map_or_else(String::new, |help| format!("  help: {help}\n"));
            format!("{place}{}\n{help}", error.message)
        };
        self.errors.iter().map(paragraph).collect()
    }

    fn only(&self) -> Option<&ScenarioError> {
        match self.errors.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.only() {
            Some(error) => error.fmt(f),
            None => write!(f, "{} errors in `{}`", self.errors.len(), self.name),
        }
    }
}

impl std::error::Error for ScenarioErrors {}

impl Diagnostic for ScenarioErrors {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Diagnostic::help(self.only()?)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Diagnostic::source_code(self.only()?)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Diagnostic::labels(self.only()?)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.only().is_some() {
            return None;
        }
        Some(Box::new(self.errors.iter().map(|error| error as &dyn Diagnostic)))
    }
}
