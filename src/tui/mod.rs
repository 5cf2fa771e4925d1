//! The terminal UI.
//!
//! State ([`model`], [`data`]), `update(model, action)` giving back effects, and
//! `draw(&model, frame)`. Effects run as tasks and answer with actions over a bounded channel; one
//! loop ([`app`]) waits for keys, actions and the clock, and draws when something has changed.
//!
//! - [`text`]: the sanitiser for everything from outside; widths and figures
//! - [`theme`]: colours by role, glyphs
//! - [`table`], [`keymap`]: every command and its keys, which drive dispatch, hints, help, palette
//! - [`config`]: the file of tastes
//! - [`data`], [`node_view`]: what is known of the system
//! - [`model`], [`forms`]: where the person is
//! - [`action`]: what goes into `update`, and what comes out
//! - [`update`]: the one place where the state changes
//! - [`canvas`], [`draw`], [`screens`], [`popups`]: what is seen
//! - [`connection`], [`link`], [`runner`]: the servers
//! - [`terminal`], [`app`]: the terminal and the loop
//!
//! Who learns what: the screens know what the coordinator's API tells this caller, and the amount
//! of the own bid while it is typed. It is drawn as dots unless a key asks for it, and wiped when
//! it is sealed.

pub mod action;
pub mod app;
pub mod canvas;
pub mod config;
pub mod connection;
pub mod data;
pub mod draw;
pub mod field;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod forms;
pub mod keymap;
pub mod link;
pub mod model;
pub mod node_view;
pub mod popups;
pub mod runner;
pub mod screens;
pub mod table;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;

pub use action::Cue;
pub use app::{Options, Staged, TuiError, run};
pub use connection::{Connection, Me};

#[cfg(test)]
mod snapshot_tests;
