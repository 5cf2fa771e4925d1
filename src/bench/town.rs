//! A whole net for `gavel bench intake`: coordinator and nodes, each a process of `gavel serve` with
//! a home, keys, a port and a database of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::base::Clock;
use crate::cli::failure::Failure;
use crate::cli::home::{Home, Server, Settings, write_json};
use crate::client::Network;
use crate::identity::key_file::{CoordinatorKeys, NodeKeys};
use crate::identity::{KeyPair, Roster, Signed};
use crate::sharing::Scheme;

/// Longest wait for a server to be ready.
const READY: Duration = Duration::from_secs(60);

/// What runs.
pub struct Town {
    /// Connections as the coordinator's operator.
    pub network: Network,
    /// The roster.
    pub roster: Signed<Roster>,
    servers: Vec<Process>,
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
struct Plan {
    name: String,
    home: Home,
    address: String,
    // Kept bound until all are chosen, so that no port is given twice.
    held: TcpListener,
}

impl Plan {
    fn new(folder: &Path, name: String) -> Result<Self, Failure> {
        let free = || -> std::io::Result<(TcpListener, String)> {
            let held = TcpListener::bind("127.0.0.1:0")?;
            let address = held.local_addr()?.to_string();
            Ok((held, address))
        };
        let (held, address) = free().map_err(|error| failed(&name, &error))?;
        let home = Home::find(Some(&folder.join(name.replace(' ', "-"))))?;
        home.create()?;
        Ok(Self { name, home, address, held })
    }

    fn server(&self, keys: &KeyPair, certificate: crate::identity::Digest) -> Server {
        Server {
            name: self.name.clone(),
            address: self.address.clone(),
            listen: Some(self.address.clone()),
            key: keys.public(),
            certificate,
            earlier: Vec::new(),
            issue: 0,
        }
    }

    async fn start(self, roster: &Signed<Roster>) -> Result<Process, Failure> {
        let Self { name, home, held, .. } = self;
        write_json(&home.file("roster.json"), roster)?;
        drop(held);
        let log = std::fs::File::create(home.file("log")).map_err(|error| failed(&name, &error))?;
        let program = std::env::current_exe().map_err(|error| failed(&name, &error))?;
        let mut child = Command::new(program)
            .args(["--json", "serve", "--headless", "--home"])
            .arg(home.directory())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(&name, &error))?;
        let out = child.stdout.take().ok_or_else(|| failed(&name, &"it has no output"))?;
        let mut line = String::new();
        let read = async { BufReader::new(out).read_line(&mut line).await };
        let ready = matches!(tokio::time::timeout(READY, read).await, Ok(Ok(count)) if count > 0);
        if !ready {
            let log = std::fs::read_to_string(home.file("log")).unwrap_or_default();
            return Err(failed(&name, &log.lines().last().unwrap_or("it does not get ready")));
        }
        Ok(Process { name, home: home.directory().to_owned(), child })
    }
}

impl Town {
    /// Make keys and roster, and start every server.
    ///
    /// # Errors
    /// When a server does not start.
    pub async fn start(scheme: Scheme) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("gavel-bench-")
            .tempdir()
            .map_err(|error| failed("the net", &error))?;
        let mut plans = Vec::new();
        let mut cards = Vec::new();
        for node in scheme.all().iter() {
            let plan = Plan::new(folder.path(), format!("node {node}"))?;
            let keys = NodeKeys::generate("127.0.0.1")?;
            keys.save(&plan.home.file("node.key"), None)?;
            cards.push(keys.card(&plan.name, &plan.address).body);
            let server = plan.server(&keys.identity, keys.tls.fingerprint());
            plan.home.save_settings(&Settings { node: Some(server), ..Settings::default() })?;
            plans.push(plan);
        }
        let lead = Plan::new(folder.path(), "coordinator".to_owned())?;
        let keys = CoordinatorKeys::generate("127.0.0.1")?;
        keys.save(&lead.home.file("coordinator.key"), None)?;
        let server = lead.server(&keys.identity, keys.tls.fingerprint());
        let settings = Settings { coordinator: Some(server), ..Settings::default() };
        lead.home.save_settings(&settings)?;
        let coordinator = keys.card(&lead.name, &lead.address);
        let roster = Roster { scheme, coordinator, nodes: cards, succession: None };
        let roster = Signed::new(roster, &keys.identity).checked()?;
        plans.push(lead);
        let mut servers = Vec::new();
        for plan in plans {
            servers.push(plan.start(&roster).await?);
        }
        let signer = Some(Arc::new(keys.identity));
        let network = Network::new(roster.clone(), signer, Clock::System)?;
        Ok(Self { network, roster, servers, _folder: folder })
    }

    /// What every server took so far.
    pub fn usage(&self) -> Vec<Usage> {
        self.servers.iter().map(Process::usage).collect()
    }

    /// End every process.
    pub async fn stop(mut self) {
        for server in &mut self.servers {
            let _ = server.child.kill().await;
        }
    }
}

impl Process {
    fn usage(&self) -> Usage {
        let of_process = |file: &str| {
            let id = self.child.id().unwrap_or_default();
            std::fs::read_to_string(format!("/proc/{id}/{file}")).unwrap_or_default()
        };
        Usage {
            name: self.name.clone(),
            peak_memory_bytes: peak(&of_process("status")),
            disk_bytes: database(&self.home),
            cpu_seconds: cpu(&of_process("stat")),
        }
    }
}

/// The database with its log.
fn database(home: &Path) -> u64 {
    let files = std::fs::read_dir(home).into_iter().flatten().flatten();
    files
        .filter(|file| file.file_name().to_string_lossy().starts_with("gavel.db"))
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len())
        .sum()
}

fn peak(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// User and system time of `/proc/…/stat`, in ticks of a hundredth of a second.
fn cpu(stat: &str) -> f64 {
    let Some((_, fields)) = stat.rsplit_once(')') else { return 0.0 };
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn failed(name: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new("bench", format!("{name} cannot be started: {error}"))
}

#[cfg(test)]
mod tests {
    use crate::bench::town::*;

    #[test]
    fn figures_of_the_system_are_read() {
        assert_eq!(peak("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n"), 2 << 20);
        assert_eq!(peak(""), 0);
        let stat = "17 (a (strange) name) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0";
        assert!((cpu(stat) - 2.0).abs() < 1e-9);
        assert!(cpu("").abs() < 1e-9);
    }
}
