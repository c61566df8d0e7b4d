use std::path::PathBuf;

use orrery_harness::Registry;
use orrery_scenarios::Catalogue;

use super::table::table;
use crate::cli::args::Bugs;
use crate::cli::output::Output;
use crate::cli::{Cli, CliError, Exit};

/// The tool with few protocols.
fn cli(protocols: &[&str]) -> Cli {
    let all = orrery_scenarios::registry();
    let subjects = protocols.iter().map(|name| all.get(name).expect("it is there").clone());
    let registry = subjects.fold(Registry::default(), Registry::with);
    Cli { registry, catalogue: Catalogue::builtin() }
}

/// An empty folder of one test.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("orrery-bugs-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("a folder for the test");
    path
}

struct Files {
    table: PathBuf,
    tokens: PathBuf,
    searches: PathBuf,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = folder(name);
        let [table, tokens, searches] =
            ["bugs.md", "tokens.txt", "bugs.md.searches.jsonl"].map(|name| folder.join(name));
        Self { table, tokens, searches }
    }

    fn make(&self, cli: &Cli, change: impl Fn(&mut Bugs)) -> Result<Exit, CliError> {
        let mut arguments = Bugs {
            json: false,
            verify: false,
            shrink: false,
            table: Some(self.table.clone()),
            tokens: Some(self.tokens.clone()),
            only: vec![],
            fresh: false,
            bases: 3,
            limit: 40,
        };
        change(&mut arguments);
        table(cli, &arguments, &self.table, &mut Output::nowhere())
    }

    /// The cells of each row.
    fn rows(&self) -> Vec<Vec<String>> {
        let text = read(&self.table);
        let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
        rows.map(|row| row.split('|').map(|cell| cell.trim().to_string()).collect()).collect()
    }
}

fn read(path: &PathBuf) -> String {
    std::fs::read_to_string(path).expect("the file was written")
}

#[test]
fn the_table_has_every_bug_with_its_medians() {
    let (cli, files) = (cli(&["ping", "queue"]), Files::new("whole"));
    assert_eq!(files.make(&cli, |_| {}).expect("a table"), Exit::AsExpected);
    let rows = files.rows();
    let ids: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(ids, ["H1", "J1", "J2", "J3"]);
    let shown: Vec<&str> = rows[0][2..=8].iter().map(String::as_str).collect();
    let summary = "counts the second pong of a node as an answer of another";
    let expected = ["ping", "E", summary, "`ping/lossy`", "random", "One Answer Each", "1"];
    assert_eq!(shown, expected);
    assert_eq!(read(&files.tokens).lines().count(), 4);
    // Three searches of each bug.
    assert_eq!(read(&files.searches).lines().count(), 12);
}

#[test]
fn an_interrupted_table_goes_on_where_it_was() {
    let (cli, files) = (cli(&["ping", "queue"]), Files::new("interrupted"));
    files.make(&cli, |_| {}).expect("a table");
    let (table, searches) = (read(&files.table), read(&files.searches));
    // As if the power had failed in the middle of the last line but two.
    let lines: Vec<&str> = searches.lines().collect();
    let cut = [&lines[..9].join("\n"), "\n", &lines[9][..30]].concat();
    std::fs::write(&files.searches, cut).expect("the file is ours");
    std::fs::remove_file(&files.table).expect("the file is ours");
    files.make(&cli, |_| {}).expect("a table");
    assert_eq!((read(&files.table), read(&files.searches)), (table, searches));
}

#[test]
fn a_search_whose_run_is_another_by_now_is_made_again() {
    let (cli, files) = (cli(&["ping"]), Files::new("changed"));
    files.make(&cli, |_| {}).expect("a table");
    let (table, searches) = (read(&files.table), read(&files.searches));
    let place = searches.find("\"digest\":\"").expect("searches have digests") + 10;
    let wrong = [&searches[..place], "0000", &searches[place + 4..]].concat();
    std::fs::write(&files.searches, &wrong).expect("the file is ours");
    files.make(&cli, |_| {}).expect("a table");
    let first = searches.lines().next().expect("there are searches");
    assert_eq!(read(&files.searches), format!("{wrong}{first}\n"));
    assert_eq!(read(&files.table), table);
}

#[test]
fn one_bug_can_be_measured_alone() {
    let (cli, files) = (cli(&["ping", "queue"]), Files::new("only"));
    files.make(&cli, |_| {}).expect("a table");
    let (before, tokens) = (files.rows(), read(&files.tokens));
    let redo = |arguments: &mut Bugs| {
        arguments.only = vec![String::from("J2")];
        arguments.fresh = true;
        arguments.bases = 1;
    };
    files.make(&cli, redo).expect("a table");
    let after = files.rows();
    let rows_with_changes: Vec<usize> = (0..4).filter(|row| before[*row] != after[*row]).collect();
    // One search has another median number of events than three.
    assert_eq!((rows_with_changes, read(&files.tokens)), (vec![2], tokens));
    let searches = read(&files.searches);
    assert_eq!(searches.lines().filter(|line| line.contains("\"J2\"")).count(), 1);
    assert_eq!(searches.lines().count(), 10);
    let unknown = files.make(&cli, |arguments| arguments.only = vec![String::from("J9")]);
    let said = unknown.expect_err("there is no such bug").to_string();
    assert_eq!(said, "there is no bug `J9`: there are H1, J1, J2, J3");
}

#[test]
fn a_search_that_gives_up_is_printed_as_such_and_missed() {
    let (cli, files) = (cli(&["raft"]), Files::new("censored"));
    let meant = |arguments: &mut Bugs| {
        arguments.only = vec![String::from("R2"), String::from("R12")];
        (arguments.bases, arguments.limit) = (2, 3);
    };
    // Bug R2 is one of those that a script finds at once and a search by seeds takes long for.
    assert_eq!(files.make(&cli, meant).expect("a table"), Exit::NotAsExpected);
    let rows = files.rows();
    let shown = |row: &Vec<String>| [3, 5, 6, 7, 8, 9].map(|cell| row[cell].clone());
    let script = ["M, missed", "`raft/forgetful-voter`", "script", "One Vote per Term", "1", "19"];
    let random = ["M, missed", "`raft/chaos`", "random", "nobody", "> 3 (0 of 2)", "-"];
    assert_eq!(shown(&rows[0]), script);
    assert_eq!(shown(&rows[1]), random);
    assert_eq!(shown(&rows[2])[0], "E, by script");
}
