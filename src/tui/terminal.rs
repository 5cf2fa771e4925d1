//! Taking the terminal over, and giving it back clean: at the end, on a panic of any thread, when
//! the program is asked to stop, and while it is suspended.

use std::io::{self, Stdout, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

/// Asks the terminal to keep its title, and to give the kept one back; one that does not know this
/// takes no notice.
const KEEP_TITLE: &str = "\x1b[22;2t";
const OLD_TITLE: &str = "\x1b[23;2t";

/// Whether some thread has panicked since the terminal was taken over.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// The terminal, taken over until this is dropped.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
    taken: bool,
}

/// Give the terminal back as it was. Does no harm when it has been given back already.
fn give_back() {
    let mut out = io::stdout();
    let _ = execute!(
        out,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Print(OLD_TITLE),
        crossterm::cursor::Show
    );
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// A panic gives the terminal back before it is reported, so that the report can be read.
fn guard_against_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.store(true, Ordering::SeqCst);
            give_back();
            report(panic);
        }));
    });
}

impl Screen {
    /// Take the terminal over.
    ///
    /// # Errors
    /// When it is none, or refuses.
    pub fn take(mouse: bool) -> io::Result<Self> {
        guard_against_panics();
        // Whether there is colour is the theme's business, which has heeded NO_COLOR.
        crossterm::style::force_color_output(true);
        PANICKED.store(false, Ordering::SeqCst);
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        let mut screen = Self { terminal, mouse, taken: false };
        screen.enter()?;
        Ok(screen)
    }

    fn enter(&mut self) -> io::Result<()> {
        self.taken = true;
        enable_raw_mode()?;
        execute!(io::stdout(), Print(KEEP_TITLE), EnterAlternateScreen, EnableBracketedPaste)?;
        if self.mouse {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        self.redraw()
    }

    /// The terminal to draw on.
    pub const fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.terminal
    }

    /// Draw everything again.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn redraw(&mut self) -> io::Result<()> {
        // Not `clear`: that asks the terminal where its cursor is, and not every one answers.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Give the terminal back, go to the shell, and take it over again when it comes back.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub async fn suspend(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        {
            use rustix::process::{Signal, kill_current_process_group};
            use tokio::signal::unix::{SignalKind, signal};
            // SIGCONT has no constant of its own here; the number comes from the system's list.
            let mut goes_on = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
            give_back();
            kill_current_process_group(Signal::TSTP)?;
            // Until the signal has taken effect, nothing may touch the terminal.
            let _ = tokio::time::timeout(Duration::from_millis(500), goes_on.recv()).await;
            self.enter()?;
        }
        Ok(())
    }

    /// Put text on the clipboard of whoever looks at the terminal, through any number of shells.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Ring the terminal's bell.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn ring() -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(b"\x07")?;
        out.flush()
    }

    /// Give the terminal a title; the one of before comes back at the end.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub fn entitle(title: &str) -> io::Result<()> {
        execute!(io::stdout(), SetTitle(title))
    }

    /// Whether some thread has panicked.
    pub fn panicked() -> bool {
        PANICKED.load(Ordering::SeqCst)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // After a panic it has been given back, with the report below it.
        if self.taken && !Self::panicked() {
            give_back();
        }
    }
}
