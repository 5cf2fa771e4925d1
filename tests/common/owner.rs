//! A model's owner who serves clients, as a process.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::town::Town;
use super::{gavel, ok};

/// The weights of the model of [`add_offers`].
pub const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models/small.onnx");

/// Take a small model called offers, of eight features from a to h, into a home.
pub fn add_offers(town: &Town, home: &Path) {
    add_model(town, home, "offers", "");
}

/// The same model under another name, with these lines before its table.
pub fn add_model(town: &Town, home: &Path, name: &str, lines: &str) {
    let table = format!(
        "{lines}weights = {WEIGHTS:?}\nfeatures = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\"]"
    );
    ok(home, &["model", "add", name, &town.file(&format!("{name}.toml"), &table)]);
}

/// An owner's process; killed at the end.
pub struct Owner {
    /// The process.
    pub child: Child,
    /// Where it listens.
    pub address: String,
    said: mpsc::Receiver<String>,
}

impl Owner {
    /// Serve the models of a home, with these words besides, and a log beside it.
    pub fn serve(home: &Path, words: &[&str]) -> Self {
        let log = fs::File::create(home.with_extension("owner.log")).unwrap();
        let mut command = gavel();
        command.args(["--json", "model", "serve", "--listen", "127.0.0.1:0", "--home"]).arg(home);
        let mut child = command.args(words).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let told: Value = serde_json::from_str(&first).unwrap();
        let address = told["address"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
        // What follows has a reader as long as the owner runs.
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, address, said }
    }

    /// What it tells of the score with this batch.
    pub fn told(&self, batch: &Value) -> Value {
        loop {
            let line = self.said.recv_timeout(Duration::from_secs(60)).unwrap();
            let told: Value = serde_json::from_str(&line).unwrap();
            if told["event"] == "score" && told["batch"] == *batch {
                return told;
            }
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
