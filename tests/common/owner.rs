//! A model's owner who serves clients, as a process.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::town::Town;
use super::{gavel, ok};

/// The weights of the model of [`add_offers`].
pub const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models/small.onnx");

/// Take a small model called offers, of eight features from a to h, into a home.
pub fn add_offers(town: &Town, home: &Path) {
    let table = format!(
        "weights = {WEIGHTS:?}\nfeatures = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\"]"
    );
    ok(home, &["model", "add", "offers", &town.file("offers.toml", &table)]);
}

/// An owner's process; killed at the end.
pub struct Owner {
    /// The process.
    pub child: Child,
    /// Where it listens.
    pub address: String,
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
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
