//! Every key, in one table: it drives dispatch, the hints at the foot, the `?` page and the
//! palette, and names the command line's way to the same end.

use std::collections::HashMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::commands::{ROWS, Row};

/// A group of keys that is active together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// Everywhere that no text is typed.
    Global,
    /// The list of auctions.
    Auctions,
    /// One auction's detail.
    Detail,
    /// The tournament and the result.
    Bracket,
    /// The nodes.
    Nodes,
    /// The list of auctions to bid in.
    Bid,
    /// The form of a bid.
    BidForm,
    /// The log.
    Log,
    /// The command palette.
    Palette,
    /// The filter's field.
    Filter,
    /// The page of keys.
    Help,
    /// A question.
    Confirm,
    /// The form of a new session.
    NewSession,
}

impl Layer {
    /// Every layer.
    pub const ALL: [Self; 13] = [
        Self::Global,
        Self::Auctions,
        Self::Detail,
        Self::Bracket,
        Self::Nodes,
        Self::Bid,
        Self::BidForm,
        Self::Log,
        Self::Palette,
        Self::Filter,
        Self::Help,
        Self::Confirm,
        Self::NewSession,
    ];

    /// Its name in the file of keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Auctions => "auctions",
            Self::Detail => "detail",
            Self::Bracket => "bracket",
            Self::Nodes => "nodes",
            Self::Bid => "bid",
            Self::BidForm => "bid-form",
            Self::Log => "log",
            Self::Palette => "palette",
            Self::Filter => "filter",
            Self::Help => "help",
            Self::Confirm => "confirm",
            Self::NewSession => "new-session",
        }
    }

    /// Its heading on the page of keys.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Auctions => "List of auctions",
            Self::Detail => "One auction",
            Self::Bracket => "Bracket",
            Self::Nodes => "Nodes",
            Self::Bid => "Auctions to bid in",
            Self::BidForm => "Bid form",
            Self::Log => "Log",
            Self::Palette => "Command palette",
            Self::Filter => "Filter",
            Self::Help => "This page",
            Self::Confirm => "Question",
            Self::NewSession => "New session",
        }
    }

    /// Whether a field gets the keys of characters before the table does.
    pub const fn takes_text(self) -> bool {
        matches!(self, Self::BidForm | Self::Palette | Self::Filter | Self::NewSession)
    }

    /// Whether it covers the screen, so that only its own keys and those that leave count.
    pub const fn is_popup(self) -> bool {
        matches!(self, Self::Palette | Self::Filter | Self::Help | Self::Confirm | Self::NewSession)
    }
}

/// A key as written in the table and in the file: "ctrl-r", "space", "G".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// Names of keys that are no single character.
const NAMED: [(&str, KeyCode); 16] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("minus", KeyCode::Char('-')),
];

impl Key {
    /// The key of an event, with what terminals report differently made alike.
    pub fn of(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(character) => {
                // A capital letter says itself that shift was held.
                modifiers -= KeyModifiers::SHIFT;
                let control = modifiers.contains(KeyModifiers::CONTROL);
                KeyCode::Char(if control { character.to_ascii_lowercase() } else { character })
            }
            other => other,
        };
        Self { code, modifiers }
    }

    /// Whether it types a character.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }
}

impl std::str::FromStr for Key {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!("{text:?} is no key; write for example \"c\", \"ctrl-k\", \"f5\" or \"pgdn\"")
        };
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let before = rest;
            for (name, modifier) in [
                ("ctrl-", KeyModifiers::CONTROL),
                ("alt-", KeyModifiers::ALT),
                ("shift-", KeyModifiers::SHIFT),
            ] {
                if let Some(after) = rest.strip_prefix(name) {
                    modifiers |= modifier;
                    rest = after;
                }
            }
            if before == rest {
                break;
            }
        }
        let mut characters = rest.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(only), None) => KeyCode::Char(only),
            _ => match rest.strip_prefix('f').and_then(|number| number.parse::<u8>().ok()) {
                Some(number) if (1..=12).contains(&number) => KeyCode::F(number),
                _ => NAMED
                    .iter()
                    .find(|(name, _)| *name == rest)
                    .map(|(_, code)| *code)
                    .ok_or_else(unknown)?,
            },
        };
        Ok(Self::of(KeyEvent::new(code, modifiers)))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "ctrl-"),
            (KeyModifiers::ALT, "alt-"),
            (KeyModifiers::SHIFT, "shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                text.push_str(name);
            }
        }
        match self.code {
            KeyCode::F(number) => {
                text.push('f');
                text.push_str(&number.to_string());
            }
            code => match (NAMED.iter().find(|(_, named)| *named == code), code) {
                (Some((name, _)), _) if *name != "minus" => text.push_str(name),
                (_, KeyCode::Char(character)) => text.push(character),
                _ => text.push('?'),
            },
        }
        f.pad(&text)
    }
}

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
    of_row: HashMap<(Layer, super::commands::Command), Vec<Key>>,
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
    pub fn first(&self, layer: Layer, command: super::commands::Command) -> String {
        let keys = self.of_row.get(&(layer, command));
        keys.and_then(|keys| keys.first())
            .map_or_else(|| format!(":{}", command.row().name()), Key::to_string)
    }
}

/// The rows of one layer, in the order of the table.
pub fn rows_of(layer: Layer) -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(move |row| row.layers.contains(&layer))
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
