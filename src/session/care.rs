//! Which of the sessions in a store are looked after under one of a server's rosters: while sessions go
//! on under an earlier roster, a server is there once for each.

use std::collections::BTreeSet;

use super::SessionId;

/// Which of the sessions in a store are looked after under a roster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Care {
    /// All but those that are looked after under an earlier roster; new ones too.
    AllBut(BTreeSet<SessionId>),
    /// Those that were open when the roster was changed, and no new ones.
    Only(BTreeSet<SessionId>),
}

impl Default for Care {
    fn default() -> Self {
        Self::AllBut(BTreeSet::new())
    }
}

impl Care {
    /// Whether a session is looked after under this roster.
    pub fn of(&self, session: SessionId) -> bool {
        match self {
            Self::AllBut(others) => !others.contains(&session),
            Self::Only(own) => own.contains(&session),
        }
    }
}
