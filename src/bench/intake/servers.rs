//! Coordinator and nodes, set up and run as an operator would: `gavel init`, `gavel roster make`
//! and `gavel serve`, each server a process with a home, keys, a port and a database of its own.

use std::ffi::OsStr;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use crate::base::Clock;
use crate::bench::{BenchError, program, usage};
use crate::client::Network;
use crate::identity::key_file::CoordinatorKeys;
use crate::identity::{Roster, Signed};
use crate::sharing::Scheme;

/// Longest wait for a server to be ready.
const READY: Duration = Duration::from_secs(60);

/// A server's database, in its home.
const DATABASE: &str = "gavel.db";

/// What runs.
pub struct Servers {
    /// Connections as the coordinator's operator.
    pub network: Network,
    /// The roster of these servers, which the bidders pin.
    pub roster: Signed<Roster>,
    processes: Vec<Process>,
    _folder: tempfile::TempDir,
}

struct Process {
    name: String,
    home: PathBuf,
    child: Child,
}

/// What a server took.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Usage {
    /// "coordinator", or "node 1".
    pub name: String,
    /// Most memory it ever had; 0 where the system does not tell.
    pub peak_memory_bytes: u64,
    /// Its database.
    pub disk_bytes: u64,
    /// Processor time; 0 where the system does not tell.
    pub cpu_seconds: f64,
}

/// A server before it is started.
struct Place {
    name: String,
    home: PathBuf,
    made: Made,
    // Kept bound until all are chosen, so that no port is given twice.
    held: TcpListener,
}

/// What `gavel init` says it made.
#[derive(Deserialize)]
struct Made {
    key_file: PathBuf,
    card: Option<PathBuf>,
}

/// What went wrong, as a command says it.
#[derive(Deserialize)]
struct Refusal {
    error: Detail,
}

#[derive(Deserialize)]
struct Detail {
    detail: String,
}

impl Place {
    /// Choose a port and make the keys of a `role`.
    async fn set_up(folder: &Path, role: &str, name: String) -> Result<Self, BenchError> {
        let free = || -> io::Result<(TcpListener, String)> {
            let held = TcpListener::bind("127.0.0.1:0")?;
            let address = held.local_addr()?.to_string();
            Ok((held, address))
        };
        let (held, address) = free().map_err(|error| start(&name, error))?;
        let home = folder.join(name.replace(' ', "-"));
        let words = ["init", role, "--name", &name, "--address", &address, "--listen", &address];
        let said = command(&name, &home, words.map(OsStr::new)).await?;
        let made = serde_json::from_slice(&said).map_err(|error| set_up(&name, &error))?;
        Ok(Self { name, home, made, held })
    }

    /// Start it, and wait until it serves.
    async fn start(self, roster: &Path) -> Result<Process, BenchError> {
        let Self { name, home, held, .. } = self;
        drop(held);
        let path = home.join("log");
        let log = std::fs::File::create(&path).map_err(|error| start(&name, error))?;
        let mut child = program::again()
            .map_err(|error| start(&name, error))?
            .args(["--json", "serve", "--headless", "--home"])
            .arg(&home)
            .arg("--roster")
            .arg(roster)
            .arg("--database")
            .arg(home.join(DATABASE))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| start(&name, error))?;
        let out = child.stdout.take();
        let out = out.ok_or_else(|| start(&name, io::Error::other("it has no output")))?;
        let mut line = String::new();
        let read = async { BufReader::new(out).read_line(&mut line).await };
        let ready = matches!(tokio::time::timeout(READY, read).await, Ok(Ok(count)) if count > 0);
        if !ready {
            let log = std::fs::read_to_string(&path).unwrap_or_default();
            let said = log.lines().last().unwrap_or("it does not get ready").to_owned();
            return Err(BenchError::NotReady { name, said });
        }
        Ok(Process { name, home, child })
    }
}

impl Servers {
    /// Make keys and roster, and start every server.
    ///
    /// # Errors
    /// When a server does not start.
    pub async fn start(scheme: Scheme) -> Result<Self, BenchError> {
        let folder = tempfile::Builder::new()
            .prefix("gavel-bench-")
            .tempdir()
            .map_err(|error| start("the net", error))?;
        let mut places = Vec::new();
        for node in scheme.all().iter() {
            places.push(Place::set_up(folder.path(), "node", format!("node {node}")).await?);
        }
        let lead = Place::set_up(folder.path(), "coordinator", "coordinator".to_owned()).await?;
        let keys = CoordinatorKeys::load(&lead.made.key_file, None)?;
        let path = folder.path().join("roster.json");
        let roster = make_roster(&lead, scheme, &places, &path).await?;
        places.push(lead);
        let mut processes = Vec::new();
        for place in places {
            processes.push(place.start(&path).await?);
        }
        let signer = Some(Arc::new(keys.identity));
        let network = Network::new(roster.clone(), signer, Clock::System)?;
        Ok(Self { network, roster, processes, _folder: folder })
    }

    /// What every server took so far.
    pub fn usage(&self) -> Vec<Usage> {
        self.processes.iter().map(Process::usage).collect()
    }

    /// End every process.
    pub async fn stop(mut self) {
        for server in &mut self.processes {
            let _ = server.child.kill().await;
        }
    }
}

impl Process {
    fn usage(&self) -> Usage {
        let id = self.child.id().unwrap_or_default();
        Usage {
            name: self.name.clone(),
            peak_memory_bytes: usage::peak_memory_bytes(id),
            disk_bytes: database(&self.home),
            cpu_seconds: usage::cpu_seconds(id),
        }
    }
}

/// The database with its log.
fn database(home: &Path) -> u64 {
    let files = std::fs::read_dir(home).into_iter().flatten().flatten();
    files
        .filter(|file| file.file_name().to_string_lossy().starts_with(DATABASE))
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len())
        .sum()
}

/// The roster of these nodes, written to a file.
async fn make_roster(
    lead: &Place,
    scheme: Scheme,
    nodes: &[Place],
    path: &Path,
) -> Result<Signed<Roster>, BenchError> {
    let threshold = scheme.threshold().to_string();
    let mut words = ["roster", "make", "--threshold", &threshold, "--out"].map(OsStr::new).to_vec();
    words.push(path.as_os_str());
    words.extend(nodes.iter().filter_map(|node| node.made.card.as_deref()).map(Path::as_os_str));
    command(&lead.name, &lead.home, words).await?;
    let text = std::fs::read(path).map_err(|error| start(&lead.name, error))?;
    let roster: Signed<Roster> =
        serde_json::from_slice(&text).map_err(|error| set_up(&lead.name, &error))?;
    Ok(roster.checked()?)
}

/// Run a command in a server's home; what it says.
async fn command<'a>(
    name: &str,
    home: &Path,
    words: impl IntoIterator<Item = &'a OsStr>,
) -> Result<Vec<u8>, BenchError> {
    let output = program::again()
        .map_err(|error| start(name, error))?
        .args(["--json", "--home"])
        .arg(home)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| start(name, error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(match serde_json::from_slice::<Refusal>(&output.stdout) {
        Ok(refusal) => set_up(name, &refusal.error.detail),
        Err(_) => set_up(name, &output.status),
    })
}

fn start(name: &str, error: io::Error) -> BenchError {
    BenchError::Start { name: name.to_owned(), error }
}

fn set_up(name: &str, said: &dyn std::fmt::Display) -> BenchError {
    BenchError::SetUp { name: name.to_owned(), said: said.to_string() }
}
