//! Against whom a session is secure. Session files name it, as `security`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which lies of nodes are found before anything is opened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// All: up to t nodes may do anything, and every gate is checked.
    #[default]
    Active,
    /// Those that an opening shows: nodes may be curious, but compute what they should.
    Passive,
}

impl Security {
    /// The name in session files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
        }
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
