//! `orrery new`: something to start from.

use std::fs;
use std::path::{Path, PathBuf};

use super::args::{New, NewWhat};
use super::output::Output;
use super::{CliError, Exit, environment};

pub(super) fn new(arguments: &New, output: &mut Output) -> Result<Exit, CliError> {
    let command = environment::command();
    match &arguments.what {
        NewWhat::Scenario { name } => {
            let name = name.strip_suffix(".toml").unwrap_or(name);
            let path = PathBuf::from(format!("{name}.toml"));
            write(&path, &orrery_scenarios::starter_scenario(name))?;
            output.line(format!("wrote {}", path.display()))?;
            let shown = if path.is_absolute() {
                path.display().to_string()
            } else {
                format!("./{}", path.display())
            };
            output.line(format!("run it:  {command} run {shown}"))?;
        }
        NewWhat::Protocol { name } => {
            let folder = Path::new(name);
            if folder.exists() {
                return Err(exists(folder));
            }
            for (path, text) in orrery_scenarios::starter_protocol(name) {
                let path = folder.join(path);
                write(&path, &text)?;
                output.line(format!("wrote {}", path.display()))?;
            }
            output.line(format!("run it:  cd {name} && cargo run --release -- list"))?;
        }
    }
    Ok(Exit::AsExpected)
}

fn exists(path: &Path) -> CliError {
    CliError::Input(format!("{} exists: choose another name, or remove it first", path.display()))
}

/// Writes a new file; an existing one is left alone.
fn write(path: &Path, text: &str) -> Result<(), CliError> {
    if path.exists() {
        return Err(exists(path));
    }
    let make = || -> std::io::Result<()> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    };
    make().map_err(|error| CliError::Input(format!("cannot write {}: {error}", path.display())))
}
