//! Plan files beside their scenarios, and the tokens that name them.

use crate::paper::{registry, scenario};
use orrery_harness::Case;
use orrery_scenarios::{Catalogue, PlanFile, Scenario, ScenarioErrors, Token};
use orrery_sim::plan::{Action, Trigger};

const OWN: &str = r#"plan = [
  { name = "crash", at = "2s", crash = "leader" },
  { after = "crash + 1s", restart = "crash.node" },
]
check = { goals = [{ name = "g", when = "note Elected", after = "crash" }] }"#;

fn case(own: &str, file: &str) -> Result<Case, ScenarioErrors> {
    let file = PlanFile::from_text("forks/a.toml", file)?;
    let scenario = Scenario::from_text("raft/x", &scenario(own))?.with_plan(file);
    scenario.case(&registry(), None, &[], &[])
}

#[track_caller]
fn check(own: &str, file: &str, expected: &str) {
    let found = case(own, file).map(|_| ()).expect_err(file).plain();
    assert_eq!(found.trim_end(), expected.trim(), "\n{found}");
}

#[test]
fn items_come_behind_the_scenario_s_own() {
    let file =
        "format = 1\nscenario = \"raft/x\"\n[[plan]]\nbehind = 7\nrestart = \"crash.node\"\n";
    let case = case(OWN, file).unwrap();
    assert_eq!(case.plan.items.len(), 2);
    assert!(!case.only_interventions);
    assert_eq!(case.interventions.len(), 1);
    assert_eq!(case.interventions[0].trigger, Trigger::Behind(7));
    assert!(case.token.starts_with("raft/x@1+plan=forks/a.toml~"), "{}", case.token);
}

#[test]
fn items_take_the_place_of_the_scenario_s_own() {
    // The goal speaks of an item that is no more: then it never happens.
    let file =
        "format = 1\nreplaces = true\nplan = [{ name = \"other\", at = \"1s\", pause = \"n2\" }]\n";
    let case = case(OWN, file).unwrap();
    assert!(case.only_interventions && case.plan.items.is_empty());
    assert!(matches!(case.interventions[0].action, Action::Pause(_)));
    let file = "format = 1\nreplaces = true\nplan = [{ at = \"1s\", pause = \"crash.node\" }]\n";
    check(
        OWN,
        file,
        "forks/a.toml:3:30: the plan has no item named `crash`\n  help: no item of the plan has a name: give one `name = \"..\"`",
    );
}

#[test]
fn what_a_swarm_draws_can_be_spoken_of() {
    let swarm = "swarm = { crashes = 2 }";
    let file = "format = 1\nplan = [{ behind = 9, restart = \"crash-2.node\" }, { behind = 9, heal = \"cut-1\" }]\n";
    assert_eq!(case(swarm, file).unwrap().interventions.len(), 2);
    let file = "format = 1\nplan = [{ behind = 9, restart = \"crash.node\" }]\n";
    assert!(case(swarm, file).is_err());
}

#[test]
fn errors_stand_at_their_place_in_the_plan_file() {
    check(
        OWN,
        "format = 1\nscenario = \"raft/y\"\n[[plan]]\nat = \"1s\"\ncrahs = \"n9\"\n[[plan]]\nname = \"crash\"\nat = \"9s\"\ncrash = \"n9\"\n",
        "\
forks/a.toml:2:12: this plan belongs to `raft/y`, not to `raft/x`
  help: run `raft/y` with it, or write `scenario = \"raft/x\"`
forks/a.toml:3:1: this item has no action
  help: the actions are `crash`, `restart`, `wipe`, `pause`, `resume`, `slow`, `byzantine`, `cut`, `flap`, `clog`, `disturb`, `heal`, `calm`, `hold`, `release`, `drop`, `duplicate`, `deliver`, `delay`, `fire`, `request`, `clock`, `disk`, `mend`, `reseed`
forks/a.toml:5:1: an item of the plan has no key `crahs`
  help: did you mean `crash`?
forks/a.toml:7:8: another item is named `crash` already
  help: give each item a name of its own
forks/a.toml:9:9: there is no n9
  help: the scenario has 5 nodes, n1 to n5: name one of them, or raise `nodes`",
    );
    check(
        "",
        "fromat = 1\n",
        "\
forks/a.toml:1:1: the plan file has no `format`
  help: write `format = 1` at the head of the file
forks/a.toml:1:1: a plan file has no key `fromat`
  help: did you mean `format`?
forks/a.toml:1:1: the plan file has no `plan`
  help: write an item: `[[plan]]`, and below it `at = \"2s\"` and `crash = \"n1\"`",
    );
}

#[test]
fn tokens_name_plan_files_and_tell_when_they_change() {
    let folder = std::env::temp_dir().join(format!("orrery-plan-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("a plan.toml");
    let name = path.to_str().unwrap();
    let text = "format = 1\n[[plan]]\nbehind = 7\ncrash = \"n1\"\n";
    std::fs::write(&path, text).unwrap();
    let catalogue = Catalogue::builtin().with("lab/a", scenario(OWN));
    let loaded = catalogue.load("lab/a").unwrap().with_plan(PlanFile::load(name).unwrap());
    let token: Token = Token::of(&loaded, 7, &[], &[]).to_string().parse().unwrap();
    assert_eq!(token.plan.as_deref(), Some(name));
    let (resolved, seed, ..) = token.resolve(&catalogue).unwrap();
    assert_eq!((resolved.plan_file().unwrap().text(), seed), (text, 7));

    std::fs::write(&path, text.replace('7', "8")).unwrap();
    let message = token.resolve(&catalogue).unwrap_err().to_string();
    assert!(message.contains("another text of the scenario or of its plan file"), "{message}");
    assert!(message.ends_with(&format!("--plan '{name}'")), "{message}");

    std::fs::remove_dir_all(&folder).unwrap();
    let message = token.resolve(&catalogue).unwrap_err().to_string();
    assert!(message.contains("cannot be read"), "{message}");
}
