//! What a shell offers for a session while a command is typed: the ids of the sessions that the
//! coordinator lists, with their titles.
//!
//! The shell's script runs this program again, with the words so far. Nobody is asked for a
//! passphrase then: drafts are offered where the coordinator's key opens without one. A coordinator
//! that is away, or slow, is left out without a word.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::home::Home;
use super::output::clean;
use crate::base::Clock;
use crate::client::coordinator::CoordinatorClient;
use crate::identity::key_file::CoordinatorKeys;
use crate::transport::tls::install_provider;
use crate::wire::coordinator_api::SessionSummary;

/// Longest that somebody waits for an answer to a key.
const PATIENCE: Duration = Duration::from_secs(2);

/// Completes an argument that names a session.
pub fn session() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let words: Vec<_> = std::env::args_os().map(PathBuf::from).collect();
        let variable = std::env::var_os("GAVEL_HOME").filter(|home| !home.is_empty());
        let home = home_of(&words).or_else(|| variable.map(PathBuf::from));
        candidates(&typed.to_string_lossy(), &listed(home.as_deref()).unwrap_or_default())
    })
}

/// The folder that the words name, if they do.
fn home_of(words: &[PathBuf]) -> Option<PathBuf> {
    let after = words.iter().position(|word| word.as_os_str() == "--home");
    if let Some(at) = after {
        return words.get(at + 1).cloned();
    }
    let inline = |word: &PathBuf| word.to_str()?.strip_prefix("--home=").map(PathBuf::from);
    words.iter().find_map(inline)
}

/// The sessions at the coordinator of a home's roster, the latest first.
fn listed(home: Option<&Path>) -> Option<Vec<SessionSummary>> {
    install_provider();
    let home = Home::find(home).ok()?;
    let roster = Arc::new(home.roster(None).ok()?);
    let keys = CoordinatorKeys::load(&home.file("coordinator.key"), None).ok();
    let signer = keys.map(|keys| Arc::new(keys.identity));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let asked = async {
        let coordinator = CoordinatorClient::new(roster, signer, Clock::System).ok()?;
        tokio::time::timeout(PATIENCE, coordinator.sessions()).await.ok()?.ok()
    };
    let sessions = runtime.block_on(asked);
    runtime.shutdown_background();
    sessions
}

/// Those whose id begins as typed, by the short id that commands take.
fn candidates(typed: &str, sessions: &[SessionSummary]) -> Vec<CompletionCandidate> {
    let typed = typed.to_lowercase();
    let fits = |summary: &&SessionSummary| summary.session.to_string().starts_with(&typed);
    let candidate = |summary: &SessionSummary| {
        let (id, short) = (summary.session.to_string(), summary.session.short());
        // Who has typed more than the short id goes on to the whole one.
        let value = if typed.len() > short.len() { id } else { short };
        let about = format!("{} ({})", clean(&summary.terms.title), summary.phase);
        CompletionCandidate::new(value).help(Some(about.into()))
    };
    sessions.iter().filter(fits).map(candidate).collect()
}

#[cfg(test)]
mod tests {
    use crate::cli::complete::*;

    #[test]
    fn the_home_is_the_one_that_is_typed() {
        let words = |text: &str| text.split(' ').map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(home_of(&words("gavel -- gavel session show 1a")), None);
        let typed = words("gavel -- gavel --home house session show 1a");
        assert_eq!(home_of(&typed), Some(PathBuf::from("house")));
        let typed = words("gavel -- gavel session show --home=my-house 1a");
        assert_eq!(home_of(&typed), Some(PathBuf::from("my-house")));
    }
}
