//! Writes a page for each history of the hierarchy: `cargo run -p orrery-check --example pages -- FOLDER`.

#[path = "hierarchy.rs"]
mod hierarchy;

use std::path::PathBuf;

use orrery_check::subject::{Options, subject};

#[allow(dead_code, reason = "the example that it is taken from has one too")]
fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    for rung in hierarchy::RUNGS.iter().flat_map(|(_, rungs)| *rungs) {
        let (model, consistency, _) = rung.asked[0];
        let options = Options {
            consistency: Some(consistency.to_owned()),
            picture: true,
            ..Options::default()
        };
        let judge = subject(model).expect("the models are there").judge;
        let mut records = hierarchy::records(rung.history).into_iter().map(Ok);
        let report = judge(&mut records, &options).map_err(std::io::Error::other)?;
        let name = rung.title.to_lowercase().replace([' ', ','], "-");
        std::fs::write(folder.join(format!("{name}.html")), report.drawn().html())?;
    }
    Ok(())
}
