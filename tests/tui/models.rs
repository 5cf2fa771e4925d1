//! Models on the screens: a stock that fills up, a batch that is given out, and a dealer that goes away
//! meanwhile; on the coordinator's screens and on those of a node that deals.

use crate::common::owner::{Owner, add_offers};
use crate::common::town::Town;
use crate::common::{gavel, ok, result};
use crate::terminal::{Terminal, gavel_in};

const NODES: [&str; 4] = ["node1", "node2", "node3", "node4"];

/// A value of the client's sheet.
const PLANTED: &str = "0.7123456";

#[test]
fn stocks_and_batches_are_followed_on_the_screens_of_coordinator_and_dealer() {
    let mut town = Town::of(&NODES, 1, "house").running();
    // The buyer runs the coordinator as well, and so may announce models.
    let house = town.home("house");
    ok(&house, &["init", "bidder", "--name", "buyer"]);
    add_offers(&town, &house);
    let client = town.add_bidder("supplier");

    let mut lead = Terminal::start(gavel_in(&house, &["tui"]), (80, 24), &[PLANTED]);
    lead.wait_for("4 of 4 nodes");
    lead.press("3");
    lead.wait_for("M models");
    lead.press("M");
    lead.wait_for("No model is announced.");
    let keeper = town.home("node2");
    let mut keeper = Terminal::start(gavel_in(&keeper, &["tui"]), (120, 40), &[PLANTED]);
    keeper.wait_for("4 of 4 nodes");
    keeper.press("M");
    keeper.wait_for("No model is announced.");

    // Its owner announces one: the stock fills up on both screens.
    let owner = Owner::serve(&house, &["--anyone", "--stock", "2"]);
    let at = &owner.address;
    for terminal in [&lead, &keeper] {
        terminal.wait_for("offers");
        terminal.wait_for("2 of 2");
        terminal.wait_for("nothing: every stock is full");
    }
    lead.press("\r");
    lead.wait_for("Batches for offers");
    lead.wait_for("2 of 2 ready");
    lead.wait_for("ready: the next client gets the oldest");

    // A client takes one: it is given, to whom shows, and another one is made in its place.
    let sheet = format!("h,g,f,e,d,c,b,a\n{PLANTED},-0.1,0.25,0.5,0,-0.9,0.3,0.1\n");
    let sheet = town.file("sheet.csv", &sheet);
    let words = ["score", "offers", "--from", &sheet, "--at", at];
    let output = gavel().arg("--json").arg("--home").arg(&client).args(words).output().unwrap();
    let told = result(&output);
    assert!(output.status.success(), "{told}");
    lead.wait_for(&told["batch"].as_str().unwrap()[..12]);
    lead.wait_for("1 given");
    lead.wait_for("2 of 2 ready");
    keeper.press("\r");
    keeper.wait_for("Batches for offers");
    keeper.wait_for(told["client"].as_str().unwrap());

    // Two of four go, and the owner wants more: nobody can make it, and that is said.
    for name in ["node3", "node4"] {
        town.kill(name);
    }
    keeper.wait_for("2 of 4 nodes");
    let again = Owner::serve(&house, &["--anyone", "--stock", "4"]);
    for terminal in [&lead, &keeper] {
        terminal.wait_for("2 of 4 ready");
        terminal.wait_for("too few nodes are there");
    }
    drop((owner, again));
    ok(&house, &["model", "remove", "offers"]);
    lead.wait_for("it was taken back");
    lead.press("\u{1b}");
    lead.wait_for("No model is announced.");
    for terminal in [&mut lead, &mut keeper] {
        terminal.press("qqq");
        assert!(terminal.ends());
        terminal.is_clean();
        terminal.kept_its_secrets();
    }
}
