//! Histories of others in the folder named by `ORRERY_HISTORIES`, and their verdicts.

use std::path::PathBuf;

use orrery_check::Finding;

use crate::support::judge;

/// A file, its model, and which levels it keeps.
type Expected = (String, &'static str, Vec<(String, bool)>);

/// Every file of transactions: its name, its model, and levels it keeps (`+`) or violates (`-`).
fn expected(manifest: &str) -> Vec<Expected> {
    let mut all = Vec::new();
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (file, model, verdict) = (fields[0], fields[6], fields[7]);
        let model = match model {
            _ if model.starts_with("list-append") => "list-append",
            _ if model.starts_with("rw-register") => "rw-register",
            _ => continue,
        };
        let mut levels = Vec::new();
        for word in verdict.split_whitespace() {
            let word = word.trim_matches(['(', ')']);
            let Some((level, kept)) = word.split_once('=') else { continue };
            let level = match level {
                "RC" => "read-committed",
                "RA" => "read-atomic",
                "CC" => "causal",
                "PC" => "prefix",
                "SI" => "snapshot-isolation",
                "SER" => "serializable",
                other => other,
            };
            if matches!(kept, "ok" | "True" | "bad" | "False") {
                levels.push((level.to_owned(), matches!(kept, "ok" | "True")));
            }
        }
        if verdict.contains("so PC SI SER bad") {
            let more = ["prefix", "snapshot-isolation", "serializable"];
            levels.extend(more.map(|level| (level.to_owned(), false)));
        }
        if levels.is_empty() {
            // Elle's: invalid at its defaults; the register history shows a value nobody wrote.
            let level =
                if model == "list-append" { "strict-serializable" } else { "read-committed" };
            levels.push((level.to_owned(), false));
        }
        all.push((file.to_owned(), model, levels));
    }
    all
}

#[test]
#[expect(clippy::print_stderr, reason = "says that it is skipped")]
fn shared_histories_have_their_verdicts() {
    #[expect(clippy::disallowed_methods, reason = "where the histories of others are")]
    let folder = std::env::var("ORRERY_HISTORIES").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/histories").to_owned()
    });
    let folder = PathBuf::from(folder);
    let Ok(manifest) = std::fs::read_to_string(folder.join("MANIFEST.tsv")) else {
        eprintln!("skipped: no histories in {}", folder.display());
        return;
    };
    let mut wrong = Vec::new();
    let mut judged = 0;
    for (file, model, levels) in expected(&manifest) {
        let Ok(text) = std::fs::read(folder.join(&file)) else { continue };
        for (level, keeps) in levels {
            let report = judge(&text, model, &level);
            let verdict = match &report.finding {
                Finding::Holds(_) => Some(true),
                Finding::Violated(explanation) => {
                    assert!(explanation.window.len() <= 12, "{file} {level}: {explanation}");
                    Some(false)
                }
                Finding::Unknown(_) => None,
            };
            judged += 1;
            if verdict != Some(keeps) {
                wrong.push(format!("{file} {level}: {verdict:?} instead of {keeps}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {judged} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(judged > 0);
}
