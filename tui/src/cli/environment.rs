//! What the program's surroundings say. None of it reaches a run.

/// Whether the person wants no colours (`NO_COLOR` set and not empty).
#[expect(clippy::disallowed_methods, reason = "colours are no part of a run")]
pub(super) fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// How the person starts this program: what a command to be pasted begins with.
#[expect(clippy::disallowed_methods, reason = "how the program was started is no part of a run")]
pub(super) fn command() -> String {
    if std::env::var_os("CARGO_MANIFEST_DIR").is_some() {
        return String::from("cargo run --release --");
    }
    let own = std::env::args().next().unwrap_or_default();
    let name = std::path::Path::new(&own).file_name().and_then(|name| name.to_str());
    match name {
        // Found by its name, so the name will do again; else the way that was typed.
        Some(name) if own == name => name.to_string(),
        _ if own.is_empty() => String::from("orrery"),
        _ => own,
    }
}
