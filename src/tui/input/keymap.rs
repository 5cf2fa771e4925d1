//! Which key does what in which layer: the table of commands with a file's changes. It drives
//! dispatch, the hints at the foot, the `?` page and the palette.

use std::collections::HashMap;

use super::commands::Command;
use super::key::Key;
use super::layer::Layer;
use super::table::{ROWS, Row};

/// Why a file of keys is not used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeymapError {
    /// A layer that does not exist.
    #[error("[keys.{layer}]: there is no such layer; there are {known}")]
    Layer {
        /// As written.
        layer: String,
        /// Those that exist.
        known: String,
    },
    /// A command that this layer does not have.
    #[error("[keys.{layer}] {command}: there is no such command here; there are {known}")]
    Command {
        /// The layer.
        layer: &'static str,
        /// As written.
        command: String,
        /// Those that exist.
        known: String,
    },
    /// Not a key.
    #[error("[keys.{layer}] {command}: {error}")]
    Key {
        /// The layer.
        layer: &'static str,
        /// The command.
        command: &'static str,
        /// What is wrong.
        error: String,
    },
    /// A key with two meanings.
    #[error(
        "the key {key} of {layer} would do two things, {first} and {second}; give one of them another key"
    )]
    Twice {
        /// The layer.
        layer: &'static str,
        /// The key.
        key: Key,
        /// One command.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A command without which nobody gets out.
    #[error("[keys.{layer}] {command} needs a key")]
    Needed {
        /// The layer.
        layer: &'static str,
        /// The command.
        command: &'static str,
    },
}

/// Keys of a file: layer, command, keys.
pub type Rebinding =
    std::collections::BTreeMap<String, std::collections::BTreeMap<String, Vec<String>>>;

/// What every key does.
#[derive(Clone, Debug)]
pub struct Keymap {
    keys: HashMap<(Layer, Key), &'static Row>,
    /// Keys of a row, in the order written.
    of_row: HashMap<(Layer, Command), Vec<Key>>,
}

impl Keymap {
    /// The table with a file's changes.
    ///
    /// # Errors
    /// Names the line that cannot be used, and why.
    pub fn new(changes: &Rebinding) -> Result<Self, KeymapError> {
        let mut of_row = HashMap::new();
        for row in ROWS {
            for &layer in row.layers {
                let keys = row.keys.iter().map(|key| parse(layer, row, key));
                of_row.insert((layer, row.command), keys.collect::<Result<Vec<_>, _>>()?);
            }
        }
        for (name, commands) in changes {
            let layer =
                Layer::ALL.into_iter().find(|layer| layer.name() == name).ok_or_else(|| {
                    KeymapError::Layer {
                        layer: name.clone(),
                        known: Layer::ALL.map(Layer::name).join(", "),
                    }
                })?;
            for (command, keys) in commands {
                let row = rows_of(layer).find(|row| row.name() == *command).ok_or_else(|| {
                    KeymapError::Command {
                        layer: layer.name(),
                        command: command.clone(),
                        known: rows_of(layer).map(Row::name).collect::<Vec<_>>().join(", "),
                    }
                })?;
                let keys =
                    keys.iter().map(|key| parse(layer, row, key)).collect::<Result<Vec<_>, _>>()?;
                if keys.is_empty() && row.needed {
                    let (layer, command) = (layer.name(), row.name());
                    return Err(KeymapError::Needed { layer, command });
                }
                of_row.insert((layer, row.command), keys);
            }
        }
        let mut keymap = Self { keys: HashMap::new(), of_row };
        for layer in Layer::ALL {
            for row in rows_of(layer) {
                for key in keymap.keys_of(layer, row).to_vec() {
                    // A key of everywhere must not mean something else on one screen.
                    let above = (!layer.is_popup() && !layer.takes_text())
                        .then(|| keymap.keys.get(&(Layer::Global, key)).copied())
                        .flatten()
                        .filter(|_| layer != Layer::Global);
                    let other = above.or(keymap.keys.insert((layer, key), row));
                    if let Some(other) = other {
                        return Err(KeymapError::Twice {
                            layer: layer.name(),
                            key,
                            first: other.name(),
                            second: row.name(),
                        });
                    }
                }
            }
        }
        Ok(keymap)
    }

    /// What a key does in a layer.
    pub fn command(&self, layer: Layer, key: Key) -> Option<&'static Row> {
        self.keys.get(&(layer, key)).copied()
    }

    /// The keys of a row in a layer.
    pub fn keys_of(&self, layer: Layer, row: &Row) -> &[Key] {
        self.of_row.get(&(layer, row.command)).map_or(&[], Vec::as_slice)
    }

    /// A row's keys for people: "c", or "up k".
    pub fn label(&self, layer: Layer, row: &Row) -> String {
        let keys: Vec<String> = self.keys_of(layer, row).iter().map(Key::to_string).collect();
        keys.join(" ")
    }

    /// The first key of a command in the layer it is at home in, for texts that name a key.
    pub fn first(&self, layer: Layer, command: impl Into<Command>) -> String {
        let command = command.into();
        let keys = self.of_row.get(&(layer, command));
        keys.and_then(|keys| keys.first())
            .map_or_else(|| format!(":{}", command.row().name()), Key::to_string)
    }
}

/// The rows of one layer, in the order of the table.
pub fn rows_of(layer: Layer) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().copied().filter(move |row| row.layers.contains(&layer))
}

fn parse(layer: Layer, row: &'static Row, key: &str) -> Result<Key, KeymapError> {
    key.parse().map_err(|error| KeymapError::Key {
        layer: layer.name(),
        command: row.name(),
        error,
    })
}

#[cfg(test)]
#[path = "keymap_tests.rs"]
mod tests;
