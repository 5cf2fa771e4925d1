//! Servers as processes of their own, and the homes that they need.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{free_port, gavel, ok};

/// Homes of the nodes that [`found`] sets up.
pub const NODES: [&str; 3] = ["north", "south", "west"];

/// Set up three nodes with threshold 1 and a coordinator, each in a folder of its name; the
/// coordinator shares home and port of the node of its name, or has its own. Every node gets the
/// roster. What making the roster said.
pub fn found(folder: &Path, lead: &str) -> Value {
    let init = |name: &str, roles: &[&str]| {
        let address = format!("127.0.0.1:{}", free_port());
        let made = |role: &&str| {
            ok(&folder.join(name), &["init", role, "--name", name, "--address", &address])
        };
        roles.iter().map(made).collect::<Vec<_>>().swap_remove(0)
    };
    let mut words = vec!["roster".to_owned(), "make".into(), "--threshold".into(), "1".into()];
    for name in NODES {
        let roles: &[&str] = if name == lead { &["node", "coordinator"] } else { &["node"] };
        words.push(init(name, roles)["card"].as_str().unwrap().to_owned());
    }
    if !NODES.contains(&lead) {
        init(lead, &["coordinator"]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let roster = ok(&folder.join(lead), &words);
    for name in NODES {
        if name != lead {
            give_roster(folder, lead, name);
        }
    }
    roster
}

/// Copy the coordinator's roster into another home.
pub fn give_roster(folder: &Path, lead: &str, to: &str) {
    let roster = |name: &str| folder.join(name).join("roster.json");
    fs::copy(roster(lead), roster(to)).unwrap();
}

/// The command that serves a home without screens.
pub fn serve(home: &Path) -> Command {
    let mut command = gavel();
    command.args(["--json", "serve", "--headless", "--home"]).arg(home);
    command
}

/// Servers that run, by name; killed at the end of the test.
#[derive(Default)]
pub struct Servers(Vec<(String, Child)>);

impl Servers {
    /// Start one that logs to a file, and wait until it says that it listens: what it said.
    pub fn start(&mut self, name: &str, command: &mut Command, log: &Path) -> Value {
        let file = fs::File::options().create(true).append(true).open(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.0.push((name.to_owned(), child));
        let log = || fs::read_to_string(log).unwrap();
        assert!(line.contains("\"roles\""), "{name}: {line} {}", log());
        serde_json::from_str(&line).unwrap()
    }

    /// Kill one without notice.
    pub fn kill(&mut self, name: &str) {
        let position = self.0.iter().position(|(running, _)| running == name).unwrap();
        let (_, mut child) = self.0.remove(position);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The process of one.
    pub fn process(&mut self, name: &str) -> &mut Child {
        let found = self.0.iter_mut().find(|(running, _)| running == name);
        &mut found.unwrap().1
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for (_, child) in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
