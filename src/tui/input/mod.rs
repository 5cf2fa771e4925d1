//! What is typed: commands and their keys.
//!
//! - [`commands`]: every command, in one table
//! - [`keymap`]: which key does what in which layer

pub mod commands;
pub mod keymap;
