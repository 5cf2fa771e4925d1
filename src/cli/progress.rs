//! Progress on standard error: a moving line where a person watches, plain lines otherwise.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::person_watches;

/// How often plain lines repeat a counter.
const PLAIN_EVERY: Duration = Duration::from_secs(2);

/// One piece of work with a beginning and an end.
pub struct Progress {
    bar: Option<ProgressBar>,
    what: String,
    total: Option<u64>,
    done: u64,
    last_line: Instant,
}

impl Progress {
    /// Begin work; with a total the line shows a bar.
    pub fn start(what: impl Into<String>, total: Option<u64>) -> Self {
        let what = what.into();
        let bar = person_watches().then(|| bar(&what, total));
        if bar.is_none() {
            eprint_line(&what);
        }
        Self { bar, what, total, done: 0, last_line: Instant::now() }
    }

    /// One more of the total is done.
    pub fn step(&mut self) {
        self.done += 1;
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        } else if self.last_line.elapsed() >= PLAIN_EVERY {
            self.last_line = Instant::now();
            let total = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
            eprint_line(&format!("{}: {}{total}", self.what, self.done));
        }
    }

    /// So much of the total is done.
    pub fn reach(&mut self, done: u64) {
        self.done = done;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    /// What the moving line says besides; plain output does not say it.
    pub fn beside(&self, words: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(words.to_owned());
        }
    }

    /// Say where the work is; plain output writes every such line.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(line.to_owned()),
            None => eprint_line(&format!("{}: {line}", self.what)),
        }
    }

    /// A line that stays above the moving one.
    pub fn keep(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprint_line(line)),
            None => eprint_line(line),
        }
    }

    /// The work is done; the line stays.
    pub fn finish(self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        eprint_line(&format!("{}: {line}", self.what));
    }
}

/// Work that is dropped unfinished leaves no half line behind.
impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &str, total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "{prefix}: {bar:24} {pos} of {len} {msg}"),
        None => (ProgressBar::new_spinner(), "{prefix}: {spinner} {msg}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> ").tick_chars("-\\|/ "));
    }
    bar.set_prefix(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn eprint_line(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}
