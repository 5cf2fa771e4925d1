//! Servers of several organisations, run from the screens: the coordinator's operator writes, opens
//! and closes a session, a bidder bids and learns the result, a node goes and comes back.

use std::time::{Duration, Instant};

use crate::common::town::{Town, serve};
use crate::terminal::{Terminal, gavel_in};

/// Longest until a loss or a return shows. The screens need two seconds at most; the rest is for a
/// machine that is busy with other tests.
const SHOWS_WITHIN: Duration = Duration::from_secs(4);

const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// Start a node that writes everything it has to say to a file.
fn start(town: &mut Town, name: &str) {
    let home = town.home(name);
    town.start_as(name, serve(&home).arg("-vvv").env("RUST_LOG", "trace"));
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
    let mut town = Town::of(&NODES, 1, "house");
    town.add_bidder("ada");
    for name in NODES {
        start(&mut town, name);
    }
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
    house.press("\t\t\t\t\t\t");
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
    town.kill("node3");
    soon([&house, &bidder], "2 of 3", "the loss of a node");
    start(&mut town, "node3");
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
    for name in NODES {
        let log = town.log(name);
        assert!(!secrets.iter().any(|secret| log.contains(secret)), "in the log of {name}");
    }
}
