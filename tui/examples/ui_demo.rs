//! Opens the debugger on a session made by hand: `cargo run -p orrery --example ui_demo [run|pick|ring] [place]`.

#[path = "../tests/support/mod.rs"]
mod support;

use orrery::ui::{Files, Options, PickerEntry, pick, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let start_at = arguments.next().map(|place| place.parse()).transpose()?;
    let options = Options { start_at, ..Options::from_environment() };
    match what.as_str() {
        "pick" => pick(entries(), &options, Files::default(), |name| match name {
            "raft/split-brain" | "tour/first-steps" => {
                Ok(Box::new(support::session::split_brain()))
            }
            "gossip/ring" => Ok(Box::new(support::session::ring(50, 10_000))),
            _ => Err("its file is missing; reinstall orrery".into()),
        })?,
        "ring" => run(Box::new(support::session::ring(50, 10_000)), &options, Files::default())?,
        "panic" => {
            let mut session = support::session::split_brain();
            session.broken = Some(u64::MAX);
            run(Box::new(Panicking(session)), &options, Files::default())?;
        }
        _ => run(Box::new(support::session::split_brain()), &options, Files::default())?,
    }
    Ok(())
}

fn entries() -> Vec<PickerEntry> {
    let entry = |name: &str, title: &str, about: &str, is_lesson| PickerEntry {
        name: name.into(),
        title: title.into(),
        about: about.into(),
        is_lesson,
    };
    vec![
        entry(
            "gossip/ring",
            "A token goes round",
            "Fifty nodes pass one token on, ten thousand times.",
            false,
        ),
        entry(
            "raft/broken",
            "A scenario that does not open",
            "It shows what a refusal looks like.",
            false,
        ),
        entry(
            "raft/split-brain",
            "Two leaders at once",
            "The network is cut while a leader is at work.\n\nWatch which of the two leaders can commit.",
            false,
        ),
        entry(
            "tour/first-steps",
            "First steps",
            "How an election goes, how to walk through it, and what the signs mean. Ten minutes.",
            true,
        ),
    ]
}

/// A session whose code panics at event 10, as a bug in it would.
struct Panicking(support::story::FakeSession);

use std::rc::Rc;

use orrery_harness::session::{Header, Row, SessionError, WorldView};
use orrery_harness::{Mark, Session};
use orrery_sim::Sequence;

impl Session for Panicking {
    fn header(&self) -> &Header {
        self.0.header()
    }
    fn marks(&self) -> &Sequence<Mark> {
        self.0.marks()
    }
    fn row(&self, event: u64) -> Option<Rc<Row>> {
        self.0.row(event)
    }
    fn cursor(&self) -> u64 {
        self.0.cursor()
    }
    fn seek(&mut self, event: u64) -> Result<(), SessionError> {
        assert!(event != 10, "this session panics at event 10");
        self.0.seek(event)
    }
    fn view(&self) -> &WorldView {
        self.0.view()
    }
    fn report(&self) -> &orrery_harness::Report {
        self.0.report()
    }
}
