//! What `orrery new` writes: a scenario or a protocol to start from, commented and running.

/// Where a starter says how it is called.
const NAME: &str = "{name}";

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
    files.into_iter().map(|(path, text)| (path.to_string(), text.replace(NAME, &name))).collect()
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
        assert!(starter_protocol("chord").iter().all(|(_, text)| !text.contains(NAME)));
    }
}
