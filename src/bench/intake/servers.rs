//! Coordinator and nodes, set up and run as an operator would: `gavel init`, `gavel roster make`
//! and `gavel serve`, each server a process with a home, keys, a port and a database of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::{join_all, try_join_all};
use serde::Serialize;

use crate::base::Clock;
use crate::bench::{BenchError, usage};
use crate::client::Network;
use crate::identity::key_file::CoordinatorKeys;
use crate::identity::{Roster, Signed};
use crate::launch::{LaunchError, Net, Place, Process};
use crate::sharing::Scheme;

/// A server's database, in its home.
const DATABASE: &str = "gavel.db";

/// What runs.
pub struct Servers {
    /// Connections as the coordinator's operator.
    pub network: Network,
    /// The roster of these servers, which the bidders pin.
    pub roster: Signed<Roster>,
    running: Vec<Server>,
    _folder: tempfile::TempDir,
}

struct Server {
    home: PathBuf,
    process: Process,
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

impl Servers {
    /// Make keys and roster, and start every server.
    ///
    /// # Errors
    /// When a server does not start.
    pub async fn start(scheme: Scheme) -> Result<Self, BenchError> {
        let failed = |error| LaunchError::Start { name: "the net".to_owned(), error };
        let folder = tempfile::Builder::new().prefix("gavel-bench-").tempdir().map_err(failed)?;
        let net = Net::set_up(folder.path(), scheme, |role| role.to_string()).await?;
        let Net { mut nodes, lead, roster, roster_file } = net;
        let keys = CoordinatorKeys::load(&lead.key_file, None)?;
        nodes.push(lead);
        let running = nodes.into_iter().map(|place| Server::start(place, &roster_file));
        let running = try_join_all(running).await?;
        let signer = Some(Arc::new(keys.identity));
        let network = Network::new(roster.clone(), signer, Clock::System)?;
        Ok(Self { network, roster, running, _folder: folder })
    }

    /// What every server took so far.
    pub fn usage(&self) -> Vec<Usage> {
        self.running.iter().map(Server::usage).collect()
    }

    /// End every process.
    pub async fn stop(self) {
        join_all(self.running.into_iter().map(|server| server.process.stop())).await;
    }
}

impl Server {
    async fn start(place: Place, roster: &Path) -> Result<Self, LaunchError> {
        let home = place.home.clone();
        let database = home.join(DATABASE);
        let [of, on] = ["--roster", "--database"].map(OsStr::new);
        let words = [of, roster.as_os_str(), on, database.as_os_str()];
        Ok(Self { home, process: place.serve(words).await? })
    }

    fn usage(&self) -> Usage {
        let id = self.process.id();
        Usage {
            name: self.process.name().to_owned(),
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
