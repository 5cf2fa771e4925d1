//! The screens.
//!
//! They are a state ([`state`]), a function `update(model, action)` that changes it and returns
//! effects, and a function `draw(&model, frame)`. Effects run as tasks and answer with news over a
//! bounded channel; one loop ([`app`]) waits for keys, news and the clock, and draws when something
//! has changed.
//!
//! - [`input`]: every command and its keys, which drive dispatch, hints, help and palette
//! - [`state`]: what is known of the system, and where the person is
//! - [`update`]: the one place where the state changes
//! - [`view`]: drawing the state
//! - [`link`]: requests to the servers, and what they answer
//! - [`config`]: `tui.toml`: theme, glyphs, mouse, keys
//! - [`figures`]: figures and times as people read them
//! - [`terminal`]: taking the terminal over, and giving it back clean
//! - [`app`]: the loop
//! - `fixtures`, `market_fixtures`, `survey_fixtures`, `job_fixtures`,
//!   `scored_fixtures`, `stock_fixtures`: made-up states, for tests
//!
//! Who learns what: the screens know what the coordinator's API tells this caller, and the caller's
//! own bid while it is typed. It is drawn as dots unless a key asks to show it, and wiped when it
//! is sealed.

pub mod app;
pub mod config;
pub mod figures;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod input;
#[cfg(test)]
pub(crate) mod job_fixtures;
pub mod link;
#[cfg(test)]
pub(crate) mod market_fixtures;
#[cfg(test)]
pub(crate) mod scored_fixtures;
pub mod state;
#[cfg(test)]
pub(crate) mod stock_fixtures;
#[cfg(test)]
pub(crate) mod survey_fixtures;
pub mod terminal;
pub mod update;
pub mod view;

pub use app::{Options, TuiError, run};
pub use link::connection::{Connection, Door, Me};
pub use update::action::Cue;
