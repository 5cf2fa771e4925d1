//! The loop: keys, news, the clock; then drawing, at most 30 times a second.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{Instant, MissedTickBehavior};

use super::input::keymap::Keymap;
use super::link::connection::Connection;
use super::link::runner::Runner;
use super::state::model::{Model, Person};
use super::state::theme::Theme;
use super::terminal::Screen;
use super::update::action::{Action, Cue, Effect, News};
use super::update::update;
use super::view::draw::draw;
use crate::base::{Clock, Zone};

/// Between two drawings, at least.
const FRAME: Duration = Duration::from_millis(33);

/// Between two looks at the clock.
const TICK: Duration = Duration::from_millis(250);

/// News that may wait to be taken in.
const QUEUE: usize = 1024;

/// News taken in before the keyboard is looked at again.
const BURST: usize = 512;

/// What the program is started with.
#[expect(clippy::struct_excessive_bools)] // each is a switch of its own
pub struct Options {
    /// Colours.
    pub theme: Theme,
    /// ASCII only.
    pub ascii: bool,
    /// Clicks and the wheel.
    pub mouse: bool,
    /// Whether the bell rings when something needs a person.
    pub bell: bool,
    /// Nothing may be changed.
    pub read_only: bool,
    /// Every key.
    pub keymap: Keymap,
    /// Where records are written.
    pub records: PathBuf,
    /// Whether this is the demo.
    pub demo: bool,
    /// What the demo holds every message between nodes back by.
    pub simulated_delay: Option<Duration>,
    /// Which servers stop with this program, in words; empty when none does.
    pub serves: String,
    /// The connection, where there is one from the start.
    pub connection: Option<Connection>,
    /// Whoever stages a demo.
    pub stage: Option<Receiver<Cue>>,
}

/// Why the screens ended.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// The terminal refuses.
    #[error("the terminal cannot be used: {0}; `--headless` or the other commands need none")]
    Terminal(#[from] io::Error),
    /// A fault of the program.
    #[error("a fault in the program ended the screens; the report above says where")]
    Panicked,
}

/// Show the screens until the person leaves, the stage ends, or the process is asked to stop.
///
/// # Errors
/// When the terminal cannot be used.
pub async fn run(options: Options) -> Result<(), TuiError> {
    let person = Person {
        read_only: options.read_only,
        demo: options.demo,
        simulated_delay: options.simulated_delay,
        serves: options.serves,
        records: options.records,
        ..Person::default()
    };
    let mut model =
        Model::new(Clock::System.now(), person, options.keymap, options.theme, options.ascii);
    model.live_mut().zone = Zone::here();
    let (sender, news) = mpsc::channel(QUEUE);
    let (anew, mut connections) = mpsc::channel(1);
    let runner = Runner::new(sender, anew);
    let mut app = App { runner, screen: Screen::take(options.mouse)?, bell: options.bell };
    let size = app.screen.terminal().size()?;
    model.ui.size = (size.width, size.height);
    if let Some(connection) = options.connection {
        app.connect(&mut model, connection);
    }
    let ended = app.turn(&mut model, news, &mut connections, options.stage).await;
    drop(app);
    if Screen::panicked() {
        return Err(TuiError::Panicked);
    }
    ended
}

struct App {
    runner: Runner,
    screen: Screen,
    bell: bool,
}

impl App {
    fn connect(&mut self, model: &mut Model, connection: Connection) {
        let roster = Arc::new(connection.network.roster().body.clone());
        let person = Box::new(connection.person(&model.person));
        let _ = update(model, News::Attached { roster, person });
        self.runner.connect(Arc::new(connection));
    }

    async fn turn(
        &mut self,
        model: &mut Model,
        mut news: Receiver<News>,
        connections: &mut Receiver<Box<Connection>>,
        mut stage: Option<Receiver<Cue>>,
    ) -> Result<(), TuiError> {
        let mut keys = Some(EventStream::new());
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut stop = std::pin::pin!(asked_to_stop());
        let mut drawn = Instant::now() - FRAME;
        while !model.over && !Screen::panicked() {
            let due = drawn + FRAME;
            let action = tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep_until(due), if model.dirty => {
                    self.draw(model)?;
                    drawn = Instant::now();
                    continue;
                }
                key = next_key(&mut keys) => match key {
                    Some(event) => of_terminal(event?),
                    // The terminal has gone away.
                    None => return Ok(()),
                },
                staged = next_staged(&mut stage) => {
                    if staged.is_none() {
                        stage = None;
                        continue;
                    }
                    staged.map(Action::Cue)
                }
                Some(connection) = connections.recv() => {
                    self.connect(model, *connection);
                    continue;
                }
                _ = ticks.tick() => Some(Action::Tick(Clock::System.now())),
                told = news.recv() => told.map(Action::News),
            };
            let mut effects = Vec::new();
            if let Some(action) = action {
                effects.extend(update(model, action));
            }
            for _ in 0..BURST {
                let Ok(told) = news.try_recv() else { break };
                effects.extend(update(model, told));
            }
            for effect in effects {
                self.perform(model, effect, &mut keys).await?;
            }
        }
        Ok(())
    }

    fn draw(&mut self, model: &mut Model) -> io::Result<()> {
        let mut found = None;
        self.screen.terminal().draw(|frame| found = Some(draw(model, frame)))?;
        if let Some(drawn) = found {
            model.ui.drawn = drawn;
        }
        model.dirty = false;
        Ok(())
    }

    async fn perform(
        &mut self,
        model: &mut Model,
        effect: Effect,
        keys: &mut Option<EventStream>,
    ) -> io::Result<()> {
        match effect {
            Effect::Suspend => {
                // The shell reads the keyboard meanwhile.
                *keys = None;
                self.screen.suspend().await?;
                *keys = Some(EventStream::new());
                let size = self.screen.terminal().size()?;
                model.ui.size = (size.width, size.height);
                model.dirty = true;
            }
            Effect::Redraw => {
                self.screen.redraw()?;
                model.dirty = true;
            }
            Effect::Bell if !self.bell => {}
            Effect::Bell => Screen::ring()?,
            Effect::Title(title) => Screen::entitle(&title)?,
            Effect::Copy(text) => self.screen.copy(text.as_str())?,
            Effect::CopySecret(secret) => self.screen.copy(secret.expose())?,
            Effect::Refresh => self.runner.refresh(),
            Effect::ReadFile(path) => self.runner.read_file(path),
            Effect::Ask(request) => self.runner.ask(request),
        }
        Ok(())
    }
}

async fn next_key(keys: &mut Option<EventStream>) -> Option<io::Result<Event>> {
    match keys {
        Some(keys) => keys.next().await,
        None => std::future::pending().await,
    }
}

async fn next_staged(stage: &mut Option<Receiver<Cue>>) -> Option<Cue> {
    match stage {
        Some(stage) => stage.recv().await,
        None => std::future::pending().await,
    }
}

fn of_terminal(event: Event) -> Option<Action> {
    match event {
        Event::Key(key) => Some(Action::Key(key)),
        Event::Mouse(mouse) => Some(Action::Mouse(mouse)),
        Event::Paste(text) => Some(Action::Paste(text)),
        Event::Resize(width, height) => Some(Action::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// SIGTERM, SIGINT from outside, or the terminal hanging up.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
        let received = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
        if received.len() > 0 {
            futures_util::future::select_all(received).await;
            return;
        }
    }
    std::future::pending::<()>().await;
}
