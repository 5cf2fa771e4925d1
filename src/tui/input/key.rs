//! One key, as terminals report it and as people write it.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
