//! What is typed: commands and their keys.
//!
//! - [`commands`]: every command, by the layer that takes it
//! - [`layer`], [`key`]: groups of keys that are active together; one key
//! - [`table`]: each command's name, layers, keys, hint, and how the command line does the same
//! - [`keymap`]: which key does what in which layer

pub mod commands;
pub mod key;
pub mod keymap;
pub mod layer;
pub mod table;
