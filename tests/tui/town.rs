//! Servers of several organisations, run from the screens: the coordinator's operator writes, opens
//! and closes a session, a bidder bids and learns the result, a node goes and comes back.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::common::{free_port, gavel, ok};
use crate::terminal::{Terminal, gavel_in};

/// Longest until a loss or a return shows. The screens need two seconds at most; the rest is for a
/// machine that is busy with other tests.
const SHOWS_WITHIN: Duration = Duration::from_secs(4);

/// Homes of everybody, and the nodes that run.
struct Town {
    folder: tempfile::TempDir,
    nodes: Vec<Option<Child>>,
}

impl Drop for Town {
    fn drop(&mut self) {
        for node in self.nodes.iter_mut().flatten() {
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}

impl Town {
    fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn new() -> Self {
        let mut town = Self { folder: tempfile::tempdir().unwrap(), nodes: Vec::new() };
        let place = || format!("127.0.0.1:{}", free_port());
        let mut make = vec!["roster".to_owned(), "make".into(), "--threshold".into(), "1".into()];
        for number in 1..=3 {
            let name = format!("node{number}");
            let made =
                ok(&town.home(&name), &["init", "node", "--name", &name, "--address", &place()]);
            make.push(made["card"].as_str().unwrap().to_owned());
        }
        let house = town.home("house");
        ok(&house, &["init", "coordinator", "--name", "House", "--address", &place()]);
        ok(&house, &make.iter().map(String::as_str).collect::<Vec<_>>());
        ok(&town.home("ada"), &["init", "bidder", "--name", "ada"]);
        for name in ["node1", "node2", "node3", "ada"] {
            fs::copy(house.join("roster.json"), town.home(name).join("roster.json")).unwrap();
        }
        for number in 0..3 {
            town.nodes.push(None);
            town.start(number);
        }
        town
    }

    /// Start a node that writes everything it has to say to a file.
    fn start(&mut self, position: usize) {
        let home = self.home(&format!("node{}", position + 1));
        let log = fs::File::options().create(true).append(true).open(home.join("log")).unwrap();
        let node = gavel()
            .args(["-vvv", "--home"])
            .arg(&home)
            .args(["serve", "--headless"])
            .env("RUST_LOG", "trace")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.nodes[position] = Some(node.unwrap());
    }

    /// Kill a node without notice.
    fn kill(&mut self, position: usize) {
        let mut node = self.nodes[position].take().unwrap();
        node.kill().unwrap();
        node.wait().unwrap();
    }
}

/// Both terminals show a text, soon after something happened.
fn soon(terminals: [&Terminal; 2], text: &str, what: &str) {
    let began = Instant::now();
    for terminal in terminals {
        terminal.wait_for(text);
    }
    let took = began.elapsed();
    println!("{what} showed after {:.2} s", took.as_secs_f64());
    assert!(took < SHOWS_WITHIN, "{what} showed after {took:?} only");
}

#[test]
fn a_session_is_run_from_the_screens_of_several_organisations() {
    // Longer than any time, size or port in a log.
    let secrets = ["17431592", "17 431 592"];
    let mut town = Town::new();
    let house = gavel_in(&town.home("house"), &["serve"]);
    let mut house = Terminal::start(house, (100, 30), &secrets);
    house.wait_for("3 of 3 nodes");
    let bidder = gavel_in(&town.home("ada"), &["tui"]);
    let mut bidder = Terminal::start(bidder, (80, 24), &secrets);
    bidder.wait_for("3 of 3 nodes");
    let keeper = gavel_in(&town.home("node2"), &["tui"]);
    let mut keeper = Terminal::start(keeper, (140, 45), &secrets);

    // The operator writes a session without a title first, and is told.
    house.press("n");
    house.wait_for("New session");
    house.press("\r");
    house.wait_for("give it a title");
    house.press("Lot 7");
    house.press("\t\t\t\t");
    house.press("100");
    house.press("\r");
    house.wait_for("is written and open");
    bidder.wait_for("Lot 7");
    bidder.press("b");
    bidder.wait_for("Your bid");
    bidder.press("17431592.75");
    bidder.press("\r");
    bidder.wait_for("Hand in this bid?");
    bidder.press("y");
    bidder.wait_for("Your bid is in.");
    keeper.wait_for("has given a receipt for 1 bid, all");

    // A node goes, and comes back.
    house.press("3");
    bidder.press("3");
    town.kill(2);
    soon([&house, &bidder], "2 of 3", "the loss of a node");
    town.start(2);
    soon([&house, &bidder], "3 of 3", "its return");

    house.press("1");
    house.wait_for("Lot 7");
    house.press("c");
    house.wait_for("End bidding now?");
    house.press("y");
    house.wait_for("signed by");
    bidder.press("4");
    bidder.wait_for("You won at 100.00 EUR.");
    keeper.wait_for("has signed the outcome");

    // Leaving the coordinator's screens asks, for it stops the coordinator.
    house.press("q");
    house.wait_for("It stops the coordinator as well.");
    house.press("y");
    assert!(house.ends());
    house.is_clean();
    soon([&bidder, &keeper], "lost since", "the loss of the coordinator");
    keeper.press("3");
    keeper.wait_for("it answers in");
    keeper.wait_for("unknown");
    let again = gavel_in(&town.home("house"), &["serve", "--headless"]);
    let again = Terminal::start(again, (100, 30), &secrets);
    again.wait_for("listens on");
    soon([&bidder, &keeper], "connected, ", "its return");
    for terminal in [&mut bidder, &mut keeper] {
        terminal.press("q");
        assert!(terminal.ends());
        terminal.is_clean();
    }
    for terminal in [&house, &bidder, &keeper, &again] {
        terminal.kept_its_secrets();
    }
    for number in 1..=3 {
        let log = fs::read_to_string(town.home(&format!("node{number}")).join("log")).unwrap();
        assert!(!secrets.iter().any(|secret| log.contains(secret)), "in the log of node {number}");
    }
}
