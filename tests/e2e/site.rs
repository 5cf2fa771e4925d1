//! The built program as real processes: `gavel init`, `gavel roster make`, `gavel serve`, each with
//! its own home, killed with SIGKILL and started again.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use gavel::base::Clock;
use gavel::client::Network;
use gavel::identity::key_file::CoordinatorKeys;
use gavel::identity::{Roster, Signed};

use super::net::free_port;

/// The built program, which sees nothing of this machine's settings.
pub fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gavel"));
    command.env_clear().env("NO_COLOR", "1").arg("--home").arg(home).stdin(Stdio::null());
    command
}

/// Run the program to its end.
pub fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// A process and its home.
pub struct Server {
    pub home: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Start it, and wait until it says that it listens.
    pub fn start(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let mut command = program(&self.home);
        command.args(["--json", "serve", "--headless"]).env("RUST_LOG", "gavel=info");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        self.child = Some(child);
        let (sender, line) = mpsc::channel();
        std::thread::spawn(move || sender.send(output.lines().next()));
        let line = line.recv_timeout(Duration::from_secs(30));
        let log = fs::read_to_string(self.log()).unwrap();
        let Ok(Some(Ok(line))) = line else { panic!("it does not start: {log}") };
        assert!(line.contains("\"roles\""), "{line} {log}");
    }

    /// What it has logged.
    pub fn log(&self) -> PathBuf {
        self.home.join("log")
    }

    /// Any other signal, by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        done(Command::new("kill").args(["-s", name, &id]));
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A coordinator and its nodes.
pub struct Site {
    pub network: Network,
    pub coordinator: Server,
    pub nodes: Vec<Server>,
    /// The homes are in it.
    _folder: tempfile::TempDir,
}

impl Site {
    /// Set up and start everything, with a delay between nodes that makes computing last.
    pub async fn start(nodes: u8, threshold: u8, delay_millis: u32) -> Self {
        gavel::transport::tls::install_provider();
        let folder = tempfile::tempdir().unwrap();
        let lead = folder.path().join("coordinator");
        init(&lead, "coordinator", "Auction house").await;
        let mut make = program(&lead);
        make.args(["roster", "make", "--threshold", &threshold.to_string()]);
        let mut servers = Vec::new();
        for node in 1..=nodes {
            let home = folder.path().join(format!("node-{node}"));
            init(&home, "node", &format!("Node {node}")).await;
            let settings = home.join("gavel.toml");
            let text = fs::read_to_string(&settings).unwrap();
            let text = format!("{text}\n[links]\nsimulated_delay_ms = {delay_millis}\n");
            fs::write(settings, text).unwrap();
            make.arg(home.join("node-card.json"));
            servers.push(Server { home, child: None });
        }
        done(&mut make);
        for server in &mut servers {
            fs::copy(lead.join("roster.json"), server.home.join("roster.json")).unwrap();
            done(program(&server.home).args(["roster", "check"]));
            server.start();
        }
        let keys = CoordinatorKeys::load(&lead.join("coordinator.key"), None).unwrap();
        let roster = fs::read_to_string(lead.join("roster.json")).unwrap();
        let roster: Signed<Roster> = serde_json::from_str(&roster).unwrap();
        let signer = Some(Arc::new(keys.identity));
        let network = Network::new(roster.checked().unwrap(), signer, Clock::System).unwrap();
        let mut coordinator = Server { home: lead, child: None };
        coordinator.start();
        Self { network, coordinator, nodes: servers, _folder: folder }
    }
}

async fn init(home: &Path, role: &str, name: &str) {
    let address = free_port().await.local().to_string();
    done(
        program(home)
            .args(["init", role, "--name", name, "--address", &address])
            .args(["--listen", &address]),
    );
}
