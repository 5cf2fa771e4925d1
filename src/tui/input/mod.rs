//! Commands and their keys.
//!
//! - [`commands`]: every command, by the layer that takes it
//! - [`layer`]: layers: groups of keys that are active together
//! - [`key`]: one key, as terminals report it and as people write it
//! - [`table`]: each command's name, layers, keys and hint, and how the command line does the same
//! - [`keymap`]: which key does what in which layer

pub mod commands;
pub mod key;
pub mod keymap;
pub mod layer;
pub mod table;
