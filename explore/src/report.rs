//! What an exploration came to.

use std::fmt;

use crate::model::{Demand, Model};

/// What an exploration of `M` came to.
pub type ReportOf<M> = Report<<M as Model>::State, <M as Model>::Action>;

/// What an exploration came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report<S, A> {
    /// States that are different. With symmetry, states that are not interchangeable.
    pub states: u64,
    /// Actions that were taken.
    pub transitions: u64,
    /// States that were come upon, the initial ones included and each counted as often as that: what other checkers call generated.
    pub generated: u64,
    /// States in which nothing can happen.
    pub terminal: u64,
    /// Actions on the longest path that was followed. Breadth-first, that is how far the farthest state is from the nearest
    /// initial one.
    pub depth: u32,
    /// Why not everything was looked at; `None` where everything was.
    pub bound: Option<Bound>,
    /// Pairs of different states of one fingerprint, which only an audit notices.
    pub collisions: u64,
    /// What became of each property, in the model's order.
    pub judged: Vec<Judged<S, A>>,
}

/// Why an exploration did not look at everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Paths of more actions than this were not followed.
    Depth(u32),
    /// This many states were found, and there are more.
    States(u64),
    /// There are states outside of the model's boundary.
    Boundary,
    /// It stopped when a property was violated.
    Violation,
    /// It stopped when nothing was left to ask.
    Decided,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Depth(depth) => write!(f, "paths of more than {depth} actions were not followed"),
            Self::States(states) => write!(f, "there are more than {states} states"),
            Self::Boundary => f.write_str("there are states outside of the boundary"),
            Self::Violation => f.write_str("it stopped at a violation"),
            Self::Decided => f.write_str("it stopped when nothing was left to ask"),
        }
    }
}

/// What became of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged<S, A> {
    /// Its name.
    pub property: String,
    /// What it demands.
    pub demand: Demand,
    /// What was found.
    pub finding: Finding<S, A>,
}

/// What was found about a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding<S, A> {
    /// It holds, for certain. Of a property that must sometimes be true, with a path to where it is.
    Holds(Option<Path<S, A>>),
    /// It does not, and the path shows it. There is none where no state has what some state must have.
    Violated(Option<Path<S, A>>),
    /// Nothing speaks against it, nor for it, in what was looked at.
    Unknown(Bound),
}

impl<S, A> Finding<S, A> {
    /// Whether it is known to hold.
    pub const fn is_holding(&self) -> bool {
        matches!(self, Self::Holds(_))
    }

    /// Whether it is known not to hold.
    pub const fn is_violated(&self) -> bool {
        matches!(self, Self::Violated(_))
    }

    /// Whether it is neither known to hold nor known not to.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// The path that shows it, where there is one.
    pub const fn path(&self) -> Option<&Path<S, A>> {
        match self {
            Self::Holds(path) | Self::Violated(path) => path.as_ref(),
            Self::Unknown(_) => None,
        }
    }
}

/// How all properties together came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All hold, and everything that this takes was looked at.
    Holds,
    /// At least one does not.
    Violated,
    /// None is violated, and not all are known to hold.
    Unknown,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::Violated => "violated",
            Self::Unknown => "unknown",
        })
    }
}

/// A path through the states, from an initial one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path<S, A> {
    /// Where it begins.
    pub initial: S,
    /// What was done, and what it led to.
    pub steps: Vec<(A, S)>,
    /// Where it goes on after its last step, forever: behind this many of its steps. The state there is the last one, or one
    /// that is interchangeable with it.
    pub repeats_from: Option<usize>,
}

impl<S, A> Path<S, A> {
    /// Where it ends.
    pub fn last(&self) -> &S {
        self.steps.last().map_or(&self.initial, |(_, state)| state)
    }

    /// What was done, in order.
    pub fn actions(&self) -> impl Iterator<Item = &A> {
        self.steps.iter().map(|(action, _)| action)
    }
}

impl<S: fmt::Debug, A: fmt::Debug> fmt::Display for Path<S, A> {
    /// One line per state and action.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "       {:?}", self.initial)?;
        for (at, (action, state)) in self.steps.iter().enumerate() {
            writeln!(f, "{:>5}. {action:?}", at + 1)?;
            writeln!(f, "       {state:?}")?;
        }
        match self.repeats_from {
            Some(0) => writeln!(f, "       and so on forever, from the beginning"),
            Some(steps) => writeln!(f, "       and so on forever, from behind step {steps}"),
            None => Ok(()),
        }
    }
}

impl<S, A> Report<S, A> {
    /// How all properties together came out. Without properties: whether everything was looked at.
    pub fn verdict(&self) -> Verdict {
        let mut findings = self.judged.iter().map(|judged| &judged.finding);
        if findings.clone().any(Finding::is_violated) {
            Verdict::Violated
        } else if findings.any(Finding::is_unknown)
            || (self.judged.is_empty() && self.bound.is_some())
        {
            Verdict::Unknown
        } else {
            Verdict::Holds
        }
    }

    /// What was found about the property of this name.
    pub fn finding(&self, property: &str) -> Option<&Finding<S, A>> {
        self.judged.iter().find(|judged| judged.property == property).map(|judged| &judged.finding)
    }
}

impl<S: fmt::Debug, A: fmt::Debug> fmt::Display for Report<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, transitions, terminal, depth, .. } = self;
        writeln!(
            f,
            "{}: {states} states, {transitions} transitions, depth {depth}, {terminal} terminal",
            self.verdict()
        )?;
        if let Some(bound) = self.bound {
            writeln!(f, "not everything was looked at: {bound}")?;
        }
        if self.collisions > 0 {
            writeln!(f, "{} states have the fingerprint of another one", self.collisions)?;
        }
        for Judged { property, demand, finding } in &self.judged {
            match finding {
                Finding::Holds(_) => writeln!(f, "{demand} {property}: holds")?,
                Finding::Violated(None) => {
                    writeln!(f, "{demand} {property}: violated, in no state")?;
                }
                Finding::Violated(Some(path)) => {
                    write!(f, "{demand} {property}: violated\n{path}")?;
                }
                Finding::Unknown(bound) => writeln!(f, "{demand} {property}: unknown, {bound}")?,
            }
        }
        Ok(())
    }
}
