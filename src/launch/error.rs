//! Why a process of this program is not there, or no more.

use std::io;

use crate::identity::roster::RosterError;

/// Why a process of this program is not there, or no more. Each names the process as people do.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// It does not start.
    #[error("{name} cannot be started: {error}")]
    Start {
        /// The process.
        name: String,
        /// What is in the way.
        error: io::Error,
    },
    /// Keys, card or roster were not made.
    #[error("{name} cannot be set up: {said}")]
    SetUp {
        /// The process.
        name: String,
        /// What the command said last.
        said: String,
    },
    /// The roster that was made.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// It runs and says nothing.
    #[error("{name} is not ready after {seconds} s; its log is in {log}")]
    Slow {
        /// The process.
        name: String,
        /// How long it was waited for.
        seconds: u64,
        /// Where it logs.
        log: String,
    },
    /// It said why it cannot go on.
    #[error("{name}: {said}")]
    Refused {
        /// The process.
        name: String,
        /// The `type` of what it said, for scripts.
        kind: String,
        /// What it said.
        said: String,
    },
    /// It ended before it was told to.
    #[error("{name} has ended ({how}){}", last_words(.said))]
    Ended {
        /// The process.
        name: String,
        /// Its exit status, in words.
        how: String,
        /// The last line of its log; may be empty.
        said: String,
    },
    /// It said something else than was awaited.
    #[error("{name} says what is not understood here")]
    Garbled {
        /// The process.
        name: String,
    },
}

impl LaunchError {
    pub(super) fn set_up(name: &str, said: impl std::fmt::Display) -> Self {
        Self::SetUp { name: name.to_owned(), said: said.to_string() }
    }
}

fn last_words(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("; the last line of its log: {said}") }
}
