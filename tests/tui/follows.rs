//! The screens follow what others do: a bid from the command line while they are open, a coordinator
//! that is restarted, an operator who comes later, nodes that go, a login that ends.

use std::fs;

use crate::common::ok;
use crate::common::town::{SALE, Town, serve};
use crate::terminal::{Terminal, gavel_in};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

#[test]
fn the_screens_follow_what_others_do() {
    let mut town = Town::of(&NODES, 1, "house").running();
    let ada = town.add_bidder("ada");
    let session = town.open(SALE);
    let mut bidder = Terminal::start(gavel_in(&ada, &["tui"]), (80, 24), &[]);
    bidder.press("4");
    bidder.wait_for("You have not bid here.");
    // Said before anybody bids.
    bidder.wait_for("A lone bid pays its own amount");
    bidder.wait_for("Open to anyone");
    let mut early = Terminal::start(gavel_in(&town.home("house"), &["tui"]), (140, 45), &[]);
    early.wait_for("no bids yet");

    // Another program of the same home bids, with an amount as it is printed.
    assert_eq!(town.bid("ada", &session, "1 250.00 EUR").as_array().unwrap().len(), 3);
    bidder.wait_for("Your bid is in.");
    early.wait_for("1  \u{2713} \u{2713} \u{2713}");

    // The coordinator is restarted, and an operator comes later: the grid is there.
    town.restart("house");
    let late = Terminal::start(gavel_in(&town.home("house"), &["tui"]), (140, 45), &[]);
    late.wait_for("1  \u{2713} \u{2713} \u{2713}");
    early.wait_for("connected, ");
    early.wait_for("1  \u{2713} \u{2713} \u{2713}");
    let keeper = Terminal::start(gavel_in(&town.home("node2"), &["tui"]), (140, 45), &[]);
    keeper.wait_for("1  \u{2713} \u{2713} \u{2713}");

    // Too few nodes: everybody is told, before and after the closing.
    for name in ["node1", "node3"] {
        town.kill(name);
    }
    for terminal in [&bidder, &early, &late] {
        terminal.wait_for("Nothing can be settled: only node 2 is there");
    }
    assert!(early.raw().contains("too few nodes - gavel"), "the title says it");
    early.press("c");
    early.wait_for("TOO FEW NODES: only node 2");
    early.press("y");
    bidder.wait_for("No outcome yet: too few");
    early.wait_for("too few nodes, only node 2 is");
    for name in ["node1", "node3"] {
        town.start_as(name, &mut serve(&town.home(name)));
    }
    // The bid wins, and its auction stays; the alarm is over.
    bidder.wait_for("You won at 1 250.00 EUR.");
    bidder.wait_for_not("Nothing can be settled");
    for terminal in [&mut bidder, &mut early] {
        terminal.press("q");
        assert!(terminal.ends());
        terminal.is_clean();
    }
}

#[test]
fn a_login_that_ends_is_renewed_in_the_screens() {
    let town = Town::of(&NODES, 1, "house").running();
    town.open(SALE);
    let words = ["a long enough one", "another long one", "a third long one"];
    let files = words.map(|word| town.file(word, &format!("{word}\n")));
    let (house, olga) = (town.home("house"), town.home("olga"));
    let change = |file: &str| ok(&house, &["account", "password", "olga", "--password-file", file]);
    ok(&house, &["account", "add", "olga", "--role", "operator", "--password-file", &files[0]]);
    fs::create_dir_all(&olga).unwrap();
    town.give_roster("olga");
    ok(&olga, &["login", "--name", "olga", "--password-file", &files[0]]);
    let mut screens = Terminal::start(gavel_in(&olga, &["tui"]), (80, 24), &words);
    screens.wait_for("coordinator");
    screens.wait_for("Lot 7");
    // Her logins end at the coordinator: the cause is named, and the list still comes.
    change(&files[1]);
    screens.wait_for("Your login has ended");
    screens.wait_for("Log in");
    assert!(!screens.screen().contains("does not answer"), "{}", screens.screen());
    screens.press(&format!("{}\r", words[0]));
    screens.wait_for("do not fit");
    screens.press(&format!("{}\r", words[1]));
    screens.wait_for_not("login has ended");
    screens.wait_for("connected, ");
    screens.wait_for("c close");
    screens.press("c");
    screens.wait_for("End bidding now?");
    screens.press("n");
    // The next time she logs in on the command line, and the screens go on as well.
    change(&files[2]);
    screens.wait_for("Your login has ended");
    ok(&olga, &["login", "--name", "olga", "--password-file", &files[2]]);
    screens.wait_for_not("login has ended");
    screens.wait_for("connected, ");
    screens.wait_for("c close");
    screens.press("c");
    screens.wait_for("End bidding now?");
    screens.press("y");
    screens.wait_for("there was no bid");
    // The record is fetched and checked in the screens.
    screens.press("a");
    screens.wait_for("the one this home trusts");
    screens.wait_for("signed by nodes 1, 2 and 3");
    screens.kept_its_secrets();
}
