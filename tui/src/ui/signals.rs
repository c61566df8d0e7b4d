//! Signals that would end or stop the program while it holds the terminal: they are noted, the terminal is given
//! back, and then they do what they would have done.

use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::app::Input;

/// What came while the terminal was ours.
pub struct Signals {
    /// The number of the signal that asks the program to end; 0 for none.
    stop: Arc<AtomicUsize>,
    has_suspend: Arc<AtomicBool>,
    /// While this is set, signals do what they always do.
    is_released: Arc<AtomicBool>,
}

/// Handlers cannot be taken out again without losing the default, so they are put in once per process.
static SIGNALS: OnceLock<Signals> = OnceLock::new();

impl Signals {
    /// From now on signals are noted.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn take() -> io::Result<&'static Self> {
        if SIGNALS.get().is_none() {
            let signals = Self {
                stop: Arc::default(),
                has_suspend: Arc::default(),
                is_released: Arc::default(),
            };
            signals.register()?;
            // Lost only against another thread that has just done the same.
            let _ = SIGNALS.set(signals);
        }
        let signals = SIGNALS.get().ok_or_else(|| io::Error::other("no signals"))?;
        signals.is_released.store(false, Ordering::SeqCst);
        Ok(signals)
    }

    #[cfg(unix)]
    fn register(&self) -> io::Result<()> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
        use signal_hook::flag;
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGTSTP] {
            flag::register_conditional_default(signal, Arc::clone(&self.is_released))?;
        }
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            let number = usize::try_from(signal).unwrap_or_default();
            flag::register_usize(signal, Arc::clone(&self.stop), number)?;
        }
        flag::register(SIGTSTP, Arc::clone(&self.has_suspend))?;
        Ok(())
    }

    #[cfg(not(unix))]
    fn register(&self) -> io::Result<()> {
        Ok(())
    }

    /// What came since this was last asked.
    pub fn pending(&self) -> Option<Input> {
        if self.stop.load(Ordering::SeqCst) != 0 {
            return Some(Input::Stop);
        }
        self.has_suspend.swap(false, Ordering::SeqCst).then_some(Input::Suspend)
    }

    /// Stops the program until it is told to go on. The terminal must have been given back.
    ///
    /// # Errors
    /// Where the system refuses.
    #[cfg(unix)]
    pub fn suspend(&self) -> io::Result<()> {
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)
    }

    /// Does nothing: this system has no such thing.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(unix))]
    pub fn suspend(&self) -> io::Result<()> {
        Ok(())
    }

    /// The terminal was given back: signals do what they always do, one that was noted does it now.
    pub fn give_back(&self) {
        self.is_released.store(true, Ordering::SeqCst);
        #[cfg(unix)]
        if let Ok(signal @ 1..) = i32::try_from(self.stop.swap(0, Ordering::SeqCst)) {
            // A signal that cannot be raised was noted and obeyed all the same.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    }
}
