//! `tui.toml`: theme, glyphs, mouse, keys.
//!
//! ```toml
//! theme = "light"          # dark, light, high-contrast, no-colour
//! ascii = true             # no box drawing, no block glyphs
//! mouse = false
//! bell = false
//!
//! [keys.auctions]          # layers and commands as the palette and the page of keys name them
//! close = ["ctrl-k"]
//! ```
//!
//! It is `tui.toml` in the home folder, else in the account's folder for configuration.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::input::keymap::{Keymap, KeymapError, Rebinding};
use super::state::theme::Theme;

/// The name of the file.
pub const FILE: &str = "tui.toml";

/// The file of tastes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tastes {
    /// Colours.
    pub theme: Option<Theme>,
    /// ASCII only.
    pub ascii: Option<bool>,
    /// Clicks and the wheel.
    pub mouse: Option<bool>,
    /// The bell, when something needs a person.
    pub bell: Option<bool>,
    /// Other keys.
    #[serde(default)]
    pub keys: Rebinding,
}

/// Why the file is not used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{} cannot be read: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Not what it should be.
    #[error("{}: {detail}", .path.display())]
    Syntax {
        /// Which.
        path: PathBuf,
        /// What the parser says.
        detail: String,
    },
    /// Keys that cannot be used.
    #[error("{}: {error}", .path.display())]
    Keys {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: KeymapError,
    },
}

/// Read the first of these files that is there, and make the keymap.
///
/// # Errors
/// Names the file and what to change in it.
pub fn load(places: &[PathBuf]) -> Result<(Tastes, Keymap), ConfigError> {
    let found = places.iter().find(|path| path.is_file());
    let tastes = match found {
        None => Tastes::default(),
        Some(path) => read(path)?,
    };
    let path = found.cloned().unwrap_or_default();
    let keymap = Keymap::new(&tastes.keys).map_err(|error| ConfigError::Keys { path, error })?;
    Ok((tastes, keymap))
}

fn read(path: &Path) -> Result<Tastes, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::File { path: path.to_owned(), error })?;
    toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|&byte| byte == b'\n').count() + 1;
        let detail = format!("line {line}: {}", error.message());
        ConfigError::Syntax { path: path.to_owned(), detail }
    })
}

#[cfg(test)]
mod tests {
    use crate::tui::config::*;

    fn written(text: &str) -> Result<(Tastes, Keymap), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        load(&[folder.path().join("nowhere.toml"), path]).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_file_that_is_there_counts() {
        let (tastes, _) =
            written("theme = \"light\"\nascii = true\n[keys.auctions]\nclose = [\"ctrl-k\"]\n")
                .unwrap();
        assert_eq!((tastes.theme, tastes.ascii), (Some(Theme::Light), Some(true)));
        assert!(load(&[]).unwrap().0.theme.is_none());
    }

    #[test]
    fn mistakes_are_named_with_file_and_line() {
        let error = written("ascii = true\ntheme = \"pink\"\n").unwrap_err();
        assert!(error.contains("tui.toml: line 2") && error.contains("high-contrast"), "{error}");
        let error = written("[keys.auctions]\nclose = [\"o\"]\n").unwrap_err();
        assert!(error.contains("tui.toml: the key o of auctions would do two things"), "{error}");
        assert!(written("colour = 1").unwrap_err().contains("colour"));
    }
}
