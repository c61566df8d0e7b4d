//! `check`, `expect` and `notes`: what is judged, and what is told.

use orrery_harness::case::{Checks, Goal, Narration};
use orrery_harness::history::MODELS;
use orrery_harness::report::Verdict;
use orrery_harness::subject::Subject;

use crate::error::Problems;
use crate::suggest::did_you_mean;
use crate::tree::Tree;

use super::Surroundings;
use super::fields::{Fields, duration, list, text};
use super::predicate::predicate;

/// Reads `check`.
pub(super) fn checks(
    tree: Option<&Tree>,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Checks {
    let mut checks = Checks::default();
    let Some(tree) = tree else { return checks };
    let Some(mut fields) = Fields::of(tree, "`check`", problems) else { return checks };
    let subject = around.subject;
    if let Some(always) = fields.get("always")
        && always.as_text() != Some("all")
    {
        let known = subject.map(Subject::invariants);
        checks.always = Some(names(always, "`always`", "invariant", known.as_deref(), problems));
    }
    if let Some(history) = fields.get("history") {
        checks.linearizable = linearizable(history, problems);
    }
    if let Some(goals) = fields.get("goals") {
        let goals = list(goals, "`goals`", problems).iter();
        checks.goals = goals.filter_map(|tree| goal(tree, around, problems)).collect();
    }
    if let Some(sometimes) = fields.get("sometimes") {
        let known = subject.map(Subject::probes);
        checks.sometimes = names(sometimes, "`sometimes`", "probe", known, problems);
    }
    if let Some(stats) = fields.get("stats") {
        let known = subject.map(Subject::statistics);
        let known: Option<Vec<&str>> =
            known.as_ref().map(|known| known.iter().map(|statistic| statistic.name).collect());
        checks.statistics = names(stats, "`stats`", "statistic", known.as_deref(), problems);
    }
    fields.finish(problems);
    checks
}

/// A list of names, each of which must be among `known`.
pub(super) fn names(
    tree: &Tree,
    key: &str,
    what: &str,
    known: Option<&[&str]>,
    problems: &mut Problems,
) -> Vec<String> {
    let mut names = Vec::new();
    for tree in list(tree, key, problems) {
        let Some(name) = text(tree, problems) else { continue };
        if let Some(known) = known.filter(|known| !known.contains(&name)) {
            let hint = did_you_mean(name, known, &format!("{what}s of this protocol"));
            problems.push(tree.problem(format!("there is no {what} `{name}`")).help(hint));
        }
        names.push(name.into());
    }
    names
}

fn linearizable(tree: &Tree, problems: &mut Problems) -> Option<String> {
    let mut fields = Fields::of(tree, "`history`", problems)?;
    let model = fields.get("linearizable");
    fields.finish(problems);
    let model = model?;
    let name = text(model, problems)?;
    if !MODELS.contains(&name) {
        let hint = did_you_mean(name, &MODELS, "models");
        problems.push(model.problem(format!("there is no model `{name}`")).help(hint));
        return None;
    }
    Some(name.into())
}

fn goal(tree: &Tree, around: &Surroundings<'_>, problems: &mut Problems) -> Option<Goal> {
    let mut fields = Fields::of(tree, "a goal", problems)?;
    let name = fields.get("name").and_then(|tree| text(tree, problems));
    let when = fields.get("when");
    let after = fields.get("after");
    let within = fields.get("within").and_then(|tree| duration(tree, problems));
    fields.finish(problems);
    if name.is_none() {
        let help = "write `name = \"a second leader\"`: reports call the goal by it";
        problems.push(tree.problem("this goal has no name").help(help));
    }
    if when.is_none() {
        let help = "write what must happen, as in `when = \"note Elected\"`";
        problems.push(tree.problem("this goal does not say `when` it is reached").help(help));
    }
    let after = after.and_then(|tree| {
        let name = text(tree, problems)?;
        around.check_item(name, problems, |message| tree.problem(message)).then(|| name.to_string())
    });
    let when = predicate(when?, around, problems)?;
    Some(Goal { name: name?.into(), when, after, within })
}

/// Reads `expect`.
pub(super) fn expect(tree: Option<&Tree>, problems: &mut Problems) -> Verdict {
    const VERDICTS: [Verdict; 4] = [Verdict::Pass, Verdict::Fail, Verdict::Unknown, Verdict::Error];
    let fields = tree.and_then(|tree| Fields::of(tree, "`expect`", problems));
    let Some(mut fields) = fields else { return Verdict::Pass };
    let verdict = fields.get("verdict");
    fields.finish(problems);
    let Some(tree) = verdict else { return Verdict::Pass };
    let Some(word) = text(tree, problems) else { return Verdict::Pass };
    VERDICTS.into_iter().find(|verdict| verdict.word() == word).unwrap_or_else(|| {
        let hint = did_you_mean(word, &VERDICTS.map(Verdict::word), "verdicts");
        problems.push(tree.problem(format!("there is no verdict `{word}`")).help(hint));
        Verdict::Pass
    })
}

/// Reads `notes`.
pub(super) fn notes(
    tree: Option<&Tree>,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) -> Vec<Narration> {
    let mut notes = Vec::new();
    for tree in tree.map(|tree| list(tree, "`notes`", problems)).unwrap_or_default() {
        let Some(mut fields) = Fields::of(tree, "an entry of `notes`", problems) else { continue };
        let (when, say) = (fields.get("when"), fields.get("say"));
        fields.finish(problems);
        if when.is_none() || say.is_none() {
            let help = "write `{ when = \"note Elected\", say = \"{node} leads\" }`";
            problems.push(tree.problem("a note needs `when` and `say`").help(help));
        }
        let when = when.and_then(|tree| predicate(tree, around, problems));
        let say = say.and_then(|tree| text(tree, problems));
        if let (Some(when), Some(say)) = (when, say) {
            notes.push(Narration { when, say: say.into() });
        }
    }
    notes
}
