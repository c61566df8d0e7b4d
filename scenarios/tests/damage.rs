//! Damaged files are refused with places that lie in them; nothing panics.

use orrery_scenarios::{Catalogue, Scenario, ScenarioErrors, registry};

/// Enough of a random source to damage texts.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most
    }
}

const SCRAPS: [&str; 20] = [
    "\"",
    "$",
    "$x * ",
    "-",
    "..",
    "#",
    "é",
    "n9",
    "{",
    "}",
    "[",
    "]",
    "= ",
    ",",
    "\\",
    "0.5",
    "99999999999999999999",
    "1s",
    " where ",
    "\n",
];

fn damage(text: &str, dice: &mut Dice) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(3) {
        let at = dice.below(characters.len());
        let end = (at + dice.below(4)).min(characters.len());
        let scrap = SCRAPS[dice.below(SCRAPS.len())].chars();
        let scrap: Vec<char> = if dice.below(3) == 0 { vec![] } else { scrap.collect() };
        characters.splice(at..end, scrap);
    }
    characters.into_iter().collect()
}

fn check_places(text: &str, errors: &ScenarioErrors) {
    assert!(!errors.errors().is_empty());
    for error in errors.errors() {
        let span = error.span();
        assert!(span.start <= span.end && span.end <= text.len(), "{span:?}: {error}\n{text}");
        assert!(text.is_char_boundary(span.start), "{span:?}: {error}\n{text}");
    }
    assert!(!errors.plain().is_empty());
}

#[test]
fn damaged_scenarios_are_refused_in_place() {
    let (registry, mut dice) = (registry(), Dice(1));
    let mut refused = 0;
    for scenario in Catalogue::builtin().list() {
        for _ in 0..400 {
            let text = damage(scenario.text(), &mut dice);
            let case = Scenario::from_text("x.toml", &text)
                .and_then(|s| s.case(&registry, None, &[], &[]));
            if let Err(errors) = case {
                check_places(&text, &errors);
                refused += 1;
            }
        }
    }
    assert!(1_000 < refused, "only {refused} were refused");
}
