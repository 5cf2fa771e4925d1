//! The themes a person can choose from.

use std::fmt;

use serde::Deserialize;

/// A set of colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// Light text on a dark terminal.
    #[default]
    Dark,
    /// Dark text on a light terminal.
    Light,
    /// Strong colours only.
    HighContrast,
    /// None; bold, dim and reversed text only.
    NoColour,
}

impl Theme {
    /// Every theme, in the order in which the key for it walks.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::HighContrast, Self::NoColour];

    /// Its name in options and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::NoColour => "no-colour",
        }
    }

    /// The theme after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::HighContrast,
            Self::HighContrast => Self::NoColour,
            Self::NoColour => Self::Dark,
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Theme {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|theme| theme.name() == text)
            .ok_or_else(|| format!("unknown theme {text:?}; there are {names}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::state::theme::*;

    #[test]
    fn themes_are_found_by_name_and_walked_in_a_circle() {
        let mut theme = Theme::Dark;
        for expected in [Theme::Light, Theme::HighContrast, Theme::NoColour, Theme::Dark] {
            theme = theme.next();
            assert_eq!(theme, expected);
            assert_eq!(theme.name().parse::<Theme>(), Ok(theme));
        }
        assert!("pink".parse::<Theme>().unwrap_err().contains("no-colour"));
    }
}
