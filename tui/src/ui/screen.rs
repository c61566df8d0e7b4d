//! The terminal itself. Whatever happens, it is given back as it was: on return, on errors, on signals, on panics.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Stdout, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::{cursor, execute, style, terminal};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::{Console, Input};
use super::key::Key;
use super::signals::Signals;
use super::update::{Command, TICK_MILLIS};

/// How often signals are looked for while nothing else happens.
const IDLE: Duration = Duration::from_millis(250);
const TICK: Duration = Duration::from_millis(TICK_MILLIS);

/// The terminal while it is ours.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    signals: &'static Signals,
    ticks: Ticks,
    /// What came for the screen that is to open now.
    given_back: Vec<Input>,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// Where it cannot be switched; it is then as it was.
    pub fn take() -> io::Result<Self> {
        // crossterm 0.29 writes broken sequences under NO_COLOR, which also lose bold and reverse. Our own
        // theme leaves colours out instead.
        style::force_color_output(true);
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        let screen = Self {
            terminal,
            signals: Signals::take()?,
            ticks: Ticks::default(),
            given_back: vec![],
        };
        enter(&mut io::stdout())?;
        Ok(screen)
    }

    fn suspend(&mut self) -> io::Result<()> {
        leave(&mut io::stdout())?;
        self.signals.suspend()?;
        enter(&mut io::stdout())?;
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nothing can be done about an error here, and the terminal may be gone.
        let _ = leave(&mut io::stdout());
        self.signals.give_back();
    }
}

fn enter(out: &mut impl Write) -> io::Result<()> {
    terminal::enable_raw_mode()?;
    let shown = execute!(out, terminal::EnterAlternateScreen, cursor::Hide);
    if shown.is_err() {
        let _ = leave(out);
    }
    shown
}

fn leave(out: &mut impl Write) -> io::Result<()> {
    // Both are tried, whatever comes of the first.
    let written = execute!(out, style::ResetColor, terminal::LeaveAlternateScreen, cursor::Show);
    terminal::disable_raw_mode().and(written)
}

impl Console for Screen {
    fn size(&mut self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    fn draw(&mut self, paint: &mut dyn FnMut(Rect, &mut Buffer)) -> io::Result<()> {
        execute!(io::stdout(), terminal::BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(|frame| paint(frame.area(), frame.buffer_mut())).map(|_| ());
        execute!(io::stdout(), terminal::EndSynchronizedUpdate)?;
        drawn
    }

    fn wait(&mut self, is_playing: bool) -> io::Result<Vec<Input>> {
        let mut inputs = std::mem::take(&mut self.given_back);
        if !inputs.is_empty() {
            return Ok(inputs);
        }
        if is_gone_after(self.ticks.wait(is_playing)) {
            return Ok(vec![Input::Stop]);
        }
        while event::poll(Duration::ZERO)? {
            inputs.extend(inputs_of(&event::read()?));
        }
        if self.ticks.is_due(is_playing) {
            inputs.push(Input::Tick);
        }
        inputs.extend(self.signals.pending());
        Ok(inputs)
    }

    fn give_back(&mut self, inputs: Vec<Input>) {
        self.given_back = inputs;
    }

    fn perform(&mut self, command: &Command) -> io::Result<()> {
        match command {
            Command::Copy(text) => {
                let mut out = io::stdout();
                out.write_all(copy_sequence(text).as_bytes())?;
                out.flush()
            }
            Command::Suspend => self.suspend(),
            Command::Redraw => self.terminal.clear(),
            Command::Close | Command::Leave => Ok(()),
        }
    }
}

/// Waits for input, a signal or the timeout, and says whether the terminal went away meanwhile. crossterm 0.29 never
/// comes back from a terminal that has hung up, so it must not be asked then.
#[cfg(unix)]
fn is_gone_after(timeout: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = io::stdin();
    let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
    let timeout = Timespec::try_from(timeout).ok();
    // An interruption is a signal: whoever waits looks for those next.
    let is_ready = poll(&mut watched, timeout.as_ref()).is_ok_and(|ready| 0 < ready);
    is_ready && watched[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}

/// Waits for input or the timeout.
#[cfg(not(unix))]
fn is_gone_after(timeout: Duration) -> bool {
    // An error shows again when the input is read.
    let _ = event::poll(timeout);
    false
}

/// When the next tick is due.
#[derive(Default)]
struct Ticks {
    #[expect(
        clippy::disallowed_types,
        reason = "playing is paced by the clock of the person who watches"
    )]
    next: Option<std::time::Instant>,
}

#[expect(
    clippy::disallowed_types,
    reason = "playing is paced by the clock of the person who watches"
)]
impl Ticks {
    /// How long to wait for a key.
    fn wait(&mut self, is_playing: bool) -> Duration {
        if !is_playing {
            self.next = None;
            return IDLE;
        }
        let now = std::time::Instant::now();
        self.next.get_or_insert(now + TICK).saturating_duration_since(now)
    }

    fn is_due(&mut self, is_playing: bool) -> bool {
        let now = std::time::Instant::now();
        let is_due = is_playing && self.next.is_some_and(|next| next <= now);
        if is_due {
            self.next = Some(now + TICK);
        }
        is_due
    }
}

fn inputs_of(event: &Event) -> Vec<Input> {
    match event {
        Event::Key(key) => {
            // A terminal sends Alt with a key as Esc and the key, and Esc typed right before a key looks the same.
            // Nothing here needs Alt, so it is taken as two keys.
            let is_alt = key.modifiers.contains(KeyModifiers::ALT);
            let pressed = key_of(*key);
            let esc = pressed.filter(|_| is_alt).map(|_| Key::Esc);
            esc.into_iter().chain(pressed).map(Input::Key).collect()
        }
        Event::Resize(..) => vec![Input::Resize],
        Event::FocusGained | Event::FocusLost | Event::Mouse(_) | Event::Paste(_) => Vec::new(),
    }
}

/// The key of an event of the terminal, unless it is one that nothing here uses.
fn key_of(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let is_ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char(letter) if is_ctrl => Key::Ctrl(letter.to_ascii_lowercase()),
        KeyCode::Char(letter) => Key::Char(letter),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}

/// What tells a terminal, also one at the other end of a connection, to put `text` on the clipboard (OSC 52).
fn copy_sequence(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", base64(text.as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4_usize {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// What the last panic said.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Does `work`. A panic in it is reported only after everything that `work` holds, the terminal among it, was given
/// back. A panic that is caught within `work`, as one of a node's code is, is not reported at all.
pub fn guarded<T>(work: impl FnOnce() -> T) -> T {
    match caught(work) {
        Ok(value) => value,
        Err(Panic { payload, text }) => {
            let _ = writeln!(io::stderr(), "{text}\nThis is a bug of orrery, not of the scenario.");
            panic::resume_unwind(payload)
        }
    }
}

/// A panic that came out of [`caught`].
pub struct Panic {
    /// What was thrown.
    pub payload: Box<dyn Any + Send>,
    /// Where and why, in words.
    pub text: String,
}

/// Does `work`, and keeps quiet about panics until it is over.
///
/// # Errors
/// The panic that ended it.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(|info| {
        let trace = Backtrace::capture();
        let is_asked_for = trace.status() == BacktraceStatus::Captured;
        let trace = if is_asked_for { format!("\n{trace}") } else { String::new() };
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some(format!("{info}{trace}"));
        }
    }));
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(previous);
    outcome.map_err(|payload| {
        let text = LAST_PANIC.lock().ok().and_then(|mut last| last.take()).unwrap_or_default();
        Panic { payload, text }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clipboard_gets_the_text() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foobar"), "Zm9vYmFy");
        assert_eq!(copy_sequence("raft@1"), "\x1b]52;c;cmFmdEAx\x07");
    }

    #[test]
    fn leaving_writes_what_entering_needs_undone() {
        let mut out = Vec::new();
        // Raw mode cannot be left where there is no terminal; the sequences are written all the same.
        let _ = leave(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\x1b[?1049l") && text.contains("\x1b[?25h"), "{text:?}");
    }

    #[test]
    fn keys_are_translated_and_releases_are_not_presses() {
        let press = |code, modifiers| key_of(KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Key::Ctrl('c')));
        assert_eq!(press(KeyCode::Char('J'), KeyModifiers::SHIFT), Some(Key::Char('J')));
        assert_eq!(press(KeyCode::F(1), KeyModifiers::NONE), None);
        let alt = Event::Key(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT));
        assert_eq!(inputs_of(&alt), [Key::Esc, Key::Char('q')].map(Input::Key));
        let mut release = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        assert_eq!(key_of(release), None);
    }
}
