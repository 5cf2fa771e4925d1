//! Servers as processes of their own, and the homes of everybody, in a folder that goes at the end.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::{free_address, gavel, ok};

/// The nodes of [`Town::found`].
pub const NODES: [&str; 3] = ["north", "south", "west"];

/// What most sessions of tests are about.
pub const SALE: &str = "title = \"Lot 7\"\nkind = \"second-price\"\ncurrency = \"EUR\"\n\
                        decimals = 2\nbids_until = \"1h\"\nreplace_bids = true\n";

/// Longest until a server listens.
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// A server, which may be killed and started again. Killed at the end of the test.
pub struct Server {
    /// Where its keys and settings are.
    pub home: PathBuf,
    /// Where it logs to.
    log: PathBuf,
    child: Option<Child>,
}

impl Server {
    fn new(home: PathBuf, log: PathBuf) -> Self {
        Self { home, log, child: None }
    }

    /// Start it, and wait until it listens.
    pub fn start(&mut self) {
        self.start_as(&mut serve(&self.home));
    }

    /// Start it by this command, and wait until it listens: what it said.
    pub fn start_as(&mut self, command: &mut Command) -> Value {
        let log = fs::File::options().create(true).append(true).open(&self.log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        self.child = Some(child);
        let (sender, line) = mpsc::channel();
        let listens = |line: &String| line.contains("\"roles\"");
        std::thread::spawn(move || sender.send(output.lines().map_while(Result::ok).find(listens)));
        let line = line.recv_timeout(STARTS_WITHIN);
        let Ok(Some(line)) = line else { panic!("it does not start: {}", self.log()) };
        serde_json::from_str(&line).unwrap()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Child {
        self.child.as_mut().unwrap()
    }

    /// Send it a signal by its name.
    pub fn signal(&mut self, name: &str) {
        let id = self.process().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Kill it without notice.
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

/// The command that serves a home without screens.
pub fn serve(home: &Path) -> Command {
    let mut command = gavel();
    command.args(["--json", "serve", "--headless", "--home"]).arg(home);
    command
}

/// Homes of several organisations that made a roster together, and the servers that run.
pub struct Town {
    // Servers end before their homes go.
    running: Vec<(String, Server)>,
    /// The homes, each by its name, and whatever else a test needs.
    pub folder: tempfile::TempDir,
    /// Names of the nodes, in the order of the roster.
    pub nodes: Vec<String>,
    /// Name of the coordinator.
    pub lead: String,
    /// What making the roster said.
    pub roster: Value,
}

impl Town {
    /// Three nodes with threshold 1 and a coordinator, which shares home and port of the node of
    /// its name, or has its own. All have the roster; nothing runs.
    pub fn found(lead: &str) -> Self {
        Self::of(&NODES, 1, lead)
    }

    /// The same with nodes of these names; too few to compare can still add.
    pub fn of(nodes: &[&str], threshold: u8, lead: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let init = |name: &str, roles: &[&str]| {
            let address = free_address();
            let made = |role: &&str| {
                let words = ["init", role, "--name", name, "--address", &address];
                ok(&folder.path().join(name), &words)
            };
            roles.iter().map(made).collect::<Vec<_>>().swap_remove(0)
        };
        let mut words = ["roster", "make", "--threshold"].map(str::to_owned).to_vec();
        words.push(threshold.to_string());
        if nodes.len() < 2 * usize::from(threshold) + 1 {
            words.push("--sums-only".to_owned());
        }
        for name in nodes {
            let roles: &[&str] = if *name == lead { &["node", "coordinator"] } else { &["node"] };
            words.push(init(name, roles)["card"].as_str().unwrap().to_owned());
        }
        if !nodes.contains(&lead) {
            init(lead, &["coordinator"]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let roster = ok(&folder.path().join(lead), &words);
        let nodes: Vec<String> = nodes.iter().map(|&name| name.to_owned()).collect();
        let town = Self { running: Vec::new(), folder, nodes, lead: lead.to_owned(), roster };
        for name in town.nodes.iter().filter(|name| *name != lead) {
            town.give_roster(name);
        }
        town
    }

    /// Everybody serves.
    #[must_use]
    pub fn running(mut self) -> Self {
        for name in self.nodes.clone() {
            self.start(&name);
        }
        if !self.nodes.contains(&self.lead) {
            self.start(&self.lead.clone());
        }
        self
    }

    /// Messages between nodes take this long, which makes computing last.
    #[must_use]
    pub fn slow(self, millis: u32) -> Self {
        for name in &self.nodes {
            let settings = self.home(name).join("gavel.toml");
            let mut settings = fs::File::options().append(true).open(settings).unwrap();
            writeln!(settings, "\n[links]\nsimulated_delay_ms = {millis}").unwrap();
        }
        self
    }

    /// Somebody's home.
    pub fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The coordinator's home.
    pub fn lead(&self) -> PathBuf {
        self.home(&self.lead)
    }

    /// Where somebody keeps the roster.
    pub fn roster_of(&self, name: &str) -> PathBuf {
        self.home(name).join("roster.json")
    }

    /// Copy the coordinator's roster into a home.
    pub fn give_roster(&self, to: &str) {
        fs::copy(self.roster_of(&self.lead), self.roster_of(to)).unwrap();
    }

    /// Make a bidder with a copy of the roster.
    pub fn add_bidder(&self, name: &str) -> PathBuf {
        let home = self.home(name);
        ok(&home, &["init", "bidder", "--name", name]);
        self.give_roster(name);
        ok(&home, &["roster", "pin", self.digest()]);
        home
    }

    /// The digest of the first roster, as its maker tells it.
    pub fn digest(&self) -> &str {
        self.roster["digest"].as_str().unwrap()
    }

    /// The coordinator's host and port.
    pub fn address(&self) -> &str {
        self.roster["coordinator"]["address"].as_str().unwrap()
    }

    /// Fetch the roster into a home from the coordinator, which runs.
    pub fn fetch(&self, name: &str) -> PathBuf {
        let home = self.home(name);
        ok(&home, &["roster", "fetch", self.address(), self.digest()]);
        home
    }

    /// Put a file into the folder: its path.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Start the server of a home.
    pub fn start(&mut self, name: &str) {
        let home = self.home(name);
        self.start_as(name, &mut serve(&home));
    }

    /// Start a server by this command, under a name of its own: what it said.
    pub fn start_as(&mut self, name: &str, command: &mut Command) -> Value {
        let log = self.folder.path().join(format!("{name}.log"));
        let mut server = Server::new(self.home(name), log);
        let said = server.start_as(command);
        self.running.push((name.to_owned(), server));
        said
    }

    /// A server that runs.
    pub fn server(&mut self, name: &str) -> &mut Server {
        let found = self.running.iter_mut().find(|(running, _)| running == name);
        &mut found.unwrap().1
    }

    /// Take a server out of the town's hands.
    pub fn take(&mut self, name: &str) -> Server {
        let position = self.running.iter().position(|(running, _)| running == name).unwrap();
        self.running.remove(position).1
    }

    /// Kill a server without notice.
    pub fn kill(&mut self, name: &str) {
        self.take(name).kill();
    }

    /// Kill a server and start it again.
    pub fn restart(&mut self, name: &str) {
        self.kill(name);
        self.start(name);
    }

    /// What a server has logged, in all its lives.
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(format!("{name}.log"))).unwrap()
    }

    /// Write a session and open it: its id.
    pub fn open(&self, text: &str) -> String {
        let path = self.file("sale.toml", text);
        let detail = ok(&self.lead(), &["session", "new", "--open", &path]);
        assert_eq!(detail["phase"], "open");
        detail["session"].as_str().unwrap().to_owned()
    }

    /// Bid: the nodes that gave a receipt.
    pub fn bid(&self, name: &str, session: &str, amount: &str) -> Value {
        ok(&self.home(name), &["bid", session, "--amount", amount])["receipts"].clone()
    }

    /// Close a session and wait for its end.
    pub fn settle(&self, session: &str) -> Value {
        ok(&self.lead(), &["session", "close", session]);
        ok(&self.lead(), &["session", "watch", session])
    }
}
