//! A command line of this program.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use super::error::LaunchError;

/// What is set for this process is not meant for those that it starts.
const NOT_INHERITED: [&str; 3] = ["GAVEL_HOME", "GAVEL_DATABASE", "GAVEL_PASSPHRASE"];

/// What went wrong, as a command says it.
#[derive(Deserialize)]
pub(super) struct Refusal {
    pub error: Detail,
}

/// Its `type`, and what to change.
#[derive(Deserialize)]
pub(super) struct Detail {
    pub r#type: String,
    pub detail: String,
}

/// A command line of this program, without arguments yet. Its process ends with this one's handle on it.
///
/// # Errors
/// When the operating system does not tell where the program is.
pub fn again() -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    for variable in NOT_INHERITED {
        command.env_remove(variable);
    }
    command.kill_on_drop(true);
    Ok(command)
}

/// The same for a home, with its output as JSON.
pub(super) fn of_home(home: &Path) -> io::Result<Command> {
    let mut command = again()?;
    command.args(["--json", "--home"]).arg(home);
    Ok(command)
}

/// Run a command in somebody's home to its end: what it says.
///
/// # Errors
/// When it does not start, or says that it cannot.
pub async fn run<W: AsRef<OsStr>>(
    name: &str,
    home: &Path,
    words: impl IntoIterator<Item = W>,
) -> Result<Vec<u8>, LaunchError> {
    let start = |error| LaunchError::Start { name: name.to_owned(), error };
    let mut command = of_home(home).map_err(start)?;
    let output = command.args(words).stdin(Stdio::null()).output().await.map_err(start)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(match serde_json::from_slice::<Refusal>(&output.stdout) {
        Ok(refusal) => LaunchError::set_up(name, refusal.error.detail),
        Err(_) => LaunchError::set_up(name, output.status),
    })
}
