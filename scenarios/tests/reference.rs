//! The book is right: its examples are read and run, and the tables of the reference say what the reader does.

use std::path::{Path, PathBuf};

use orrery_harness::{Case, RunOptions, Verdict};
use orrery_scenarios::{PlanFile, Scenario, ScenarioErrors, registry};
use orrery_sim::Predicate;
use orrery_sim::plan::{Action, DiskFault};
use serde_json::Value as Json;

const REFERENCE: &str = include_str!("../../docs/scenario-reference.md");

/// The pages whose examples are fragments behind one head, or whole.
fn pages() -> Vec<(PathBuf, String)> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let faults = std::fs::read_dir(docs.join("faults")).expect("the pages of faults");
    let mut paths: Vec<PathBuf> = faults.map(|entry| entry.expect("an entry").path()).collect();
    paths.push(docs.join("scenario-reference.md"));
    paths.sort();
    let read = |path: PathBuf| {
        let page = std::fs::read_to_string(&path).expect("a page");
        (path, page)
    };
    paths.into_iter().map(read).collect()
}

fn blocks(page: &str) -> Vec<&str> {
    page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// What stands before the fragments.
fn head() -> &'static str {
    blocks(REFERENCE).first().expect("the head stands first")
}

/// The fragment behind the head, which it may say otherwise.
fn with_head(fragment: &str) -> String {
    let key = |line: &str| line.split(" = ").next().unwrap_or_default().to_string();
    let top = fragment.lines().take_while(|line| !line.starts_with('['));
    let own: Vec<String> = top.map(key).collect();
    let kept = head().lines().filter(|line| !own.contains(&key(line)));
    kept.chain(fragment.lines()).flat_map(|line| [line, "\n"]).collect()
}

fn case_of(text: &str) -> Result<Case, ScenarioErrors> {
    Scenario::from_text("example", text)?.case(&registry(), None, &[], &[])
}

fn is_whole(block: &str) -> bool {
    block.contains("title = ")
}

#[test]
fn every_example_of_the_book_is_read_and_runs() {
    let registry = registry();
    let mut examples = 0;
    for (path, page) in pages() {
        for block in blocks(&page) {
            let text = if is_whole(block) { block.into() } else { with_head(block) };
            let case = if block.contains("[[plan]]") && block.contains("format = 1") {
                let file = PlanFile::from_text("plan.toml", block);
                file.and_then(|file| {
                    let scenario = Scenario::from_text("raft/leader-crash", head())?;
                    scenario.with_plan(file).case(&registry, None, &[], &[])
                })
            } else {
                case_of(&text)
            };
            let case = case
                .unwrap_or_else(|errors| panic!("{}\n{block}\n{}", path.display(), errors.plain()));
            let subject = registry.get(&case.protocol).expect("the case found it");
            let report = subject.run(&case, &RunOptions::default());
            let report = report.unwrap_or_else(|error| panic!("{block}\n{error}"));
            assert_ne!(report.verdict, Verdict::Error, "{block}");
            if is_whole(block) {
                assert_eq!(report.verdict, report.expected, "{block}");
            }
            examples += 1;
        }
    }
    assert!(25 <= examples, "only {examples}");
}

/// The rows of the table whose head begins with these cells, each as its cells.
fn table(first: &str, second: &str) -> Vec<Vec<&'static str>> {
    let start = format!("| {first} | {second} |");
    let lines = REFERENCE.lines().skip_while(move |line| !line.starts_with(&start));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<&str>> =
        rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect();
    assert!(!rows.is_empty(), "no table of {first} and {second}");
    rows
}

/// What stands in back quotes.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The action of the last item, behind items that it may name.
#[track_caller]
fn action(word: &str, written: &str) -> Action<Json> {
    let named = if word == "release" { "hold = {}" } else { "cut = \"halves\"" };
    let text = format!(
        "{}clients = {{ count = 1 }}\nplan = [\n\
         {{ name = \"crash\", at = \"0s\", crash = \"n2\" }},\n\
         {{ name = \"NAME\", at = \"0s\", {named} }},\n\
         {{ when = \"deliver AppendEntries\", {word} = {written} }},\n]\n",
        head()
    );
    let case = case_of(&text).unwrap_or_else(|errors| panic!("{text}\n{}", errors.plain()));
    case.plan.items.into_iter().next_back().expect("three items").action
}

#[test]
fn every_row_of_actions_makes_such_an_item() {
    let mut words = Vec::new();
    let cuts: Vec<&str> =
        table("cut", "what is closed").iter().flat_map(|row| code(row[0])).collect();
    for row in table("action", "written") {
        let forms = if matches!(row[0], "`cut`" | "`clog`") { cuts.clone() } else { code(row[1]) };
        for word in code(row[0]) {
            for form in &forms {
                let action = action(word, form);
                let made = match &action {
                    Action::Disk { fault: DiskFault::Mend, .. } => "mend",
                    Action::ClockJump { .. } => "clock",
                    action => action.word(),
                };
                assert_eq!(made, word, "{form}");
            }
            assert!(!forms.is_empty(), "{word}");
            words.push(word);
        }
    }
    // The reader knows no other.
    let errors = case_of(&format!("{}plan = [{{ at = \"1s\" }}]\n", head()));
    let errors = errors.expect_err("it has no action").plain();
    let help = errors.lines().last().unwrap_or_default();
    let known = code(help);
    assert!(!known.is_empty());
    for word in known {
        assert!(words.contains(&word), "`{word}` is not in the table");
    }
}

#[test]
fn every_word_for_a_fault_is_read() {
    let text = |plan: &str| format!("{}plan = [{{ at = \"1s\", {plan} }}]\n", head());
    let row = |word: &str| {
        let rows = table("action", "written");
        let row = rows.into_iter().find(|row| row[0] == format!("`{word}`"));
        code(row.expect("a row")[2])
    };
    for behaviour in row("byzantine") {
        let plan = format!("byzantine = {{ node = \"n1\", behaviour = \"{behaviour}\" }}");
        assert!(case_of(&text(&plan)).is_ok(), "{behaviour}");
    }
    for fault in row("disk").into_iter().filter(|word| !word.contains(' ')) {
        let plan = format!("disk = {{ node = \"n1\", fault = \"{fault}\" }}");
        assert!(case_of(&text(&plan)).is_ok(), "{fault}");
    }
}

#[test]
fn every_row_of_laws_is_a_law_of_that_name() {
    for row in table("law", "written") {
        for form in code(row[1]) {
            let case = case_of(&format!("{}link = {{ latency = {form} }}\n", head()));
            let case = case.unwrap_or_else(|errors| panic!("{form}\n{}", errors.plain()));
            let law = format!("{:?}", case.links.default.latency).to_lowercase();
            let name = code(row[0])[0].replace('-', "");
            assert!(law.starts_with(&name), "{form} is {law}");
        }
    }
}

#[test]
fn every_row_of_predicates_is_one() {
    for row in table("predicate", "when it matches") {
        // Steps of a path are a part of one.
        let is_path = row[1].starts_with("steps");
        for text in code(row[0]) {
            let text = if is_path { format!("any({text} = 1)") } else { text.into() };
            assert!(text.parse::<Predicate>().is_ok(), "{text}");
        }
    }
}
