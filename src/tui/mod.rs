//! The terminal UI.
//!
//! State ([`state`]), `update(model, action)` giving back effects, and `draw(&model, frame)`.
//! Effects run as tasks and answer with news over a bounded channel; one loop ([`app`]) waits for
//! keys, news and the clock, and draws when something has changed.
//!
//! - [`input`]: every command and its keys, which drive dispatch, hints, help, palette
//! - [`state`]: what is known of the system, and where the person is
//! - [`update`]: the one place where the state changes
//! - [`view`]: what is seen
//! - [`link`]: the servers
//! - [`config`]: the file of tastes
//! - [`figures`]: figures and times as people read them
//! - [`terminal`], [`app`]: the terminal and the loop
//!
//! Who learns what: the screens know what the coordinator's API tells this caller, and the amount
//! of the own bid while it is typed. It is drawn as dots unless a key asks for it, and wiped when
//! it is sealed.

pub mod app;
pub mod config;
pub mod figures;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod input;
pub mod link;
pub mod state;
pub mod terminal;
pub mod update;
pub mod view;

pub use app::{Options, Staged, TuiError, run};
pub use link::connection::{Connection, Me};
pub use update::action::Cue;
