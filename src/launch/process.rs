//! A process of this program that goes on until it is stopped.
//!
//! Its standard input is held open here, and it is told to stop by the end of that (`--until-input-ends`).
//! So it also stops when this process is killed and can tell nobody. It is out of reach of Ctrl-C, which
//! a terminal sends to everybody: this process hears it, and stops the others in order.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::error::LaunchError;
use super::program::{self, Refusal};

/// The file in a home that its process logs to.
pub const LOG: &str = "log";

/// The option of those that stop when their standard input ends.
const UNTIL: &str = "--until-input-ends";

/// Longest wait for a process to be ready.
const READY: Duration = Duration::from_secs(60);

/// How long a process that was told to stop may take for it.
const GRACE: Duration = Duration::from_secs(5);

/// A process that goes on until it is stopped; killed when dropped.
pub struct Process {
    name: String,
    log: PathBuf,
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Start this program in somebody's home, with these words after `gavel --json --home HOME`. `name` is
    /// who it is to people.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start<W: AsRef<OsStr>>(
        name: &str,
        home: &Path,
        words: impl IntoIterator<Item = W>,
    ) -> Result<Self, LaunchError> {
        let failed = |error| LaunchError::Start { name: name.to_owned(), error };
        let log = home.join(LOG);
        let file = fs::File::create(&log).map_err(failed)?;
        let mut command = program::of_home(home).map_err(failed)?;
        command.args(words).arg(UNTIL);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        out_of_reach(&mut command);
        let mut child = command.spawn().map_err(failed)?;
        let input = child.stdin.take();
        let output = child.stdout.take();
        let output = output.ok_or_else(|| failed(io::Error::other("it has no output")))?;
        let lines = BufReader::new(output).lines();
        Ok(Self { name: name.to_owned(), log, child, input, lines })
    }

    /// Who it is to people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number; 0 once it has ended.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// The next line that it says.
    ///
    /// # Errors
    /// When it says why it cannot go on, or ends.
    pub async fn says<T: DeserializeOwned>(&mut self) -> Result<T, LaunchError> {
        let Ok(Some(line)) = self.lines.next_line().await else {
            return Err(self.ended().await);
        };
        if let Ok(Refusal { error }) = serde_json::from_str(&line) {
            let name = self.name.clone();
            return Err(LaunchError::Refused { name, kind: error.r#type, said: error.detail });
        }
        serde_json::from_str(&line).map_err(|_| LaunchError::Garbled { name: self.name.clone() })
    }

    /// The line that says that it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn ready<T: DeserializeOwned>(&mut self) -> Result<T, LaunchError> {
        let slow = LaunchError::Slow {
            name: self.name.clone(),
            seconds: READY.as_secs(),
            log: self.log.display().to_string(),
        };
        timeout(READY, self.says()).await.unwrap_or(Err(slow))
    }

    /// Waits until it has ended, which it should not by itself: how.
    pub async fn ended(&mut self) -> LaunchError {
        let how = self.child.wait().await;
        let how =
            how.map_or_else(|error| error.to_string(), |status: ExitStatus| status.to_string());
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let said = log.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        LaunchError::Ended { name: self.name.clone(), how, said: said.trim().to_owned() }
    }

    /// Wait for the end of one that ends by itself once it has said everything.
    ///
    /// # Errors
    /// When it says that it failed after all.
    pub async fn finished(mut self) -> Result<(), LaunchError> {
        match timeout(GRACE, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(_) => Err(self.ended().await),
            // It has said all that there was; the handle on it goes.
            Err(_) => Ok(()),
        }
    }

    /// Tell it to stop, and wait until it has; one that does not is killed.
    pub async fn stop(mut self) {
        drop(self.input.take());
        if timeout(GRACE, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// Keep what a terminal sends to everybody from it.
#[cfg(unix)]
fn out_of_reach(command: &mut Command) {
    command.process_group(0);
}

/// Keep what a terminal sends to everybody from it.
#[cfg(windows)]
fn out_of_reach(command: &mut Command) {
    const NEW_GROUP: u32 = 0x200;
    command.creation_flags(NEW_GROUP);
}

/// Keep what a terminal sends to everybody from it.
#[cfg(not(any(unix, windows)))]
fn out_of_reach(_: &mut Command) {}
