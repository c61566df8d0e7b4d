//! What `orrery new` writes: a scenario or a protocol to start from, commented and running.

use std::path::Path;

/// Where a starter says how it is called.
const NAME: &str = "{name}";
/// Where a starter says which Orrery it uses.
const ORRERY: &str = "{orrery}";

/// The text of a scenario named `name`, for a file `NAME.toml`.
pub fn starter_scenario(name: &str) -> String {
    // It stands in a comment and in quotes.
    let title = name.replace(['"', '\\', '\n', '$'], " ");
    let file = format!("{title}.toml");
    include_str!("../starters/scenario.toml").replace("{file}", &file).replace(NAME, &title)
}

/// The files of a crate with a protocol named `name`: paths below its folder, and texts. Letters that a
/// crate's name cannot have become `-`.
pub fn starter_protocol(name: &str) -> Vec<(String, String)> {
    let name = crate_name(name);
    let files = [
        ("Cargo.toml", include_str!("../starters/protocol/Cargo.toml.txt")),
        ("src/main.rs", include_str!("../starters/protocol/src/main.rs")),
        ("src/protocol.rs", include_str!("../starters/protocol/src/protocol.rs")),
        ("scenarios/first.toml", include_str!("../starters/protocol/scenarios/first.toml")),
    ];
    let filled = |text: &str| text.replace(NAME, &name).replace(ORRERY, &dependency());
    files.into_iter().map(|(path, text)| (path.to_string(), filled(text))).collect()
}

/// The sources that this program was built from, while they are still there; else its release.
fn dependency() -> String {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("tui");
    if sources.join("Cargo.toml").is_file() {
        // A TOML string, whatever the path holds.
        toml::Value::Table(toml::Table::from_iter([(
            String::from("path"),
            toml::Value::String(sources.display().to_string()),
        )]))
        .to_string()
    } else {
        format!("\"{}\"", env!("CARGO_PKG_VERSION"))
    }
}

fn crate_name(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = lower.chars().map(plain).collect();
    let name = name.trim_matches('-');
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.into()
    } else {
        format!("protocol-{name}").trim_end_matches('-').into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_protocols_become_names_of_crates() {
        assert_eq!(crate_name("My Protocol!"), "my-protocol");
        assert_eq!(crate_name("2PC"), "protocol-2pc");
        assert_eq!(crate_name(""), "protocol");
        assert!(
            starter_protocol("chord").iter().any(|(_, text)| text.contains("name = \"chord\""))
        );
        assert!(
            starter_protocol("chord")
                .iter()
                .all(|(_, text)| !text.contains(NAME) && !text.contains(ORRERY))
        );
    }
}
