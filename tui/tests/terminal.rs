//! The debugger in a pseudo-terminal: it opens, steps, leaves, and gives the terminal back.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};

const ROWS: NonZeroU16 = NonZeroU16::new(24).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).unwrap();
/// No screen takes longer to appear, even on a busy machine.
/// Held by the test whose program runs.
static TURN: Mutex<()> = Mutex::new(());

const PATIENCE: Duration = Duration::from_secs(20);

/// The program in a terminal of its own.
struct Terminal {
    screen: vt100::Parser,
    bytes: Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    pty: PtyPair,
    /// One program at a time: a terminal that another test's program has inherited would not go away with its own.
    _turn: MutexGuard<'static, ()>,
}

impl Terminal {
    fn open(arguments: &[&str]) -> Self {
        Self::open_in(std::path::Path::new("."), arguments)
    }

    fn open_in(folder: &std::path::Path, arguments: &[&str]) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (rows, cols) = (ROWS.get(), COLUMNS.get());
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_orrery"));
        command.args(arguments);
        command.cwd(std::path::absolute(folder).unwrap());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        let child = pty.slave.spawn_command(command).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let (sender, bytes) = channel();
        let read = move || {
            let mut buffer = [0; 4_096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        };
        #[expect(clippy::disallowed_methods, reason = "a pseudo-terminal blocks its reader")]
        std::thread::spawn(read);
        let screen = vt100::Parser::new(ROWS, COLUMNS, 0);
        Self { screen, bytes, keys, child, pty, _turn: turn }
    }

    /// Reads until the screen is as `wanted` says.
    fn wait(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        while !wanted(self.screen.screen()) {
            let Ok(bytes) = self.bytes.recv_timeout(PATIENCE) else {
                panic!("never saw {what}:\n{}", self.screen.screen().contents());
            };
            self.screen.process(&bytes);
        }
    }

    fn wait_for(&mut self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Leaves with `q`.
    fn left(mut self) -> u32 {
        self.press("q");
        self.closed()
    }

    /// Waits for the program to end, and checks that the terminal is as it was.
    fn closed(mut self) -> u32 {
        let status = self.child.wait().unwrap();
        drop(self.keys);
        while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(200)) {
            self.screen.process(&bytes);
        }
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown again");
        status.exit_code()
    }
}

#[test]
fn it_steps_a_leader_crash_forward_and_back_and_gives_the_terminal_back() {
    let mut terminal = Terminal::open(&["tui", "raft/leader-crash"]);
    terminal.wait_for("raft/leader-crash");
    terminal.press("jjj");
    terminal.wait("event 3", |screen| screen.contents().contains("event 3/"));
    terminal.press("k");
    terminal.wait("event 2", |screen| screen.contents().contains("event 2/"));
    terminal.press("?");
    terminal.wait_for("quit");
    terminal.press("\u{1b}");
    terminal.press("q");
    assert_eq!(terminal.closed(), 0);
}

#[test]
fn it_opens_on_the_violation_of_a_planted_bug() {
    let arguments = ["tui", "raft/figure-8", "--bug", "R1", "--at", "violation"];
    let mut terminal = Terminal::open(&arguments);
    terminal.wait_for("Leader Completeness");
    terminal.press("\u{3}");
    assert_eq!(terminal.closed(), 0);
}

#[test]
fn a_run_that_was_changed_is_written_and_made_again_from_its_token() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("changed");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let mut terminal = Terminal::open_in(&folder, &["tui", "raft/leader-crash", "--at", "700"]);
    terminal.wait_for("event 700/");
    terminal.press("i");
    terminal.wait_for("crash n");
    terminal.press("\r");
    terminal.wait_for("event 701/");
    terminal.press("w");
    terminal.wait_for("written to");
    terminal.press("q");
    assert_eq!(terminal.closed(), 0);
    let plan = "raft-leader-crash-42-1.plan.toml";
    let text = std::fs::read_to_string(folder.join(plan)).unwrap();
    assert!(text.contains("behind = 700\ncrash = \"n"), "{text}");
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_orrery"));
        let output = command.args(arguments).arg("--json").current_dir(&folder).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let changed = run(&["run", "raft/leader-crash", "--plan", plan]);
    let token = changed["token"].as_str().unwrap();
    assert!(token.contains("+plan=raft-leader-crash-42-1.plan.toml~"), "{token}");
    assert_eq!(run(&["run", token])["digest"], changed["digest"]);
    assert_ne!(run(&["run", "raft/leader-crash"])["digest"], changed["digest"]);
}

#[test]
fn it_opens_a_recording_and_says_that_it_is_one() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("terminal.orrery");
    let file = path.to_str().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_orrery"));
    let made = command.args(["run", "ping/hello", "--record", file, "--quiet"]).status().unwrap();
    assert!(made.success());
    let mut terminal = Terminal::open(&["tui", file, "--at", "3"]);
    terminal.wait("event 3", |screen| {
        screen.contents().contains("event 3/") && screen.contents().contains("record")
    });
    terminal.press("k");
    terminal.wait("event 2", |screen| screen.contents().contains("event 2/"));
    terminal.press("q");
    assert_eq!(terminal.closed(), 0);
}

#[test]
fn bare_it_offers_the_catalogue_and_begins_on_the_first_lesson() {
    let mut terminal = Terminal::open(&[]);
    terminal.wait_for("raft/election");
    terminal.press("\r");
    terminal.wait("a run", |screen| screen.contents().contains("event 0/"));
    terminal.press("q");
    terminal.wait_for("raft/election");
    assert_eq!(terminal.left(), 0);
}

#[test]
fn it_ends_when_the_terminal_goes_away() {
    let mut terminal = Terminal::open(&["tui", "raft/election"]);
    terminal.wait_for("raft/election");
    let Terminal { mut child, keys, pty, bytes, .. } = terminal;
    drop((keys, pty, bytes));
    let pause = Duration::from_millis(50);
    let mut is_over = false;
    for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
        is_over = child.try_wait().unwrap().is_some();
        if is_over {
            break;
        }
        #[expect(clippy::disallowed_methods, reason = "another process needs the time")]
        std::thread::sleep(pause);
    }
    if !is_over {
        child.kill().unwrap();
    }
    assert!(is_over, "a program whose terminal is gone must not run on");
}
