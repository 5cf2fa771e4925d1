//! Commands ask at a terminal before they do what cannot be undone, or what is rarely meant.

use crate::common::ok;
use crate::common::town::{SALE, Town};
use crate::terminal::{Terminal, gavel_in};

#[test]
fn a_bid_that_is_rarely_meant_and_a_closing_are_asked_about() {
    let town = Town::of(&["node1", "node2", "node3"], 1, "house").running();
    let (house, ada) = (town.home("house"), town.add_bidder("ada"));
    let session = town.open(SALE);
    let bid = ["bid", &session, "--amount", "0"];
    let mut at = Terminal::start(gavel_in(&ada, &bid), (80, 24), &[]);
    at.wait_for("Mind your amount");
    at.wait_for("Hand it in all the same?");
    at.press("n\r");
    assert!(!at.ends(), "{}", at.screen());
    assert!(at.screen().contains("nothing was handed in"), "{}", at.screen());
    assert_eq!(ok(&ada, &["receipt", "list"])["bids"], serde_json::json!([]));

    let close = ["session", "close", &session];
    let mut at = Terminal::start(gavel_in(&house, &close), (80, 24), &[]);
    at.wait_for("This cannot be undone.");
    at.press("\r");
    assert!(!at.ends(), "{}", at.screen());
    assert_eq!(ok(&house, &["session", "show", &session])["phase"], "open");

    let mut at = Terminal::start(gavel_in(&ada, &bid), (80, 24), &[]);
    at.wait_for("Hand it in all the same?");
    at.press("y\r");
    assert!(at.ends(), "{}", at.screen());
    let mut at = Terminal::start(gavel_in(&house, &close), (80, 24), &[]);
    at.wait_for("This cannot be undone.");
    at.press("y\r");
    assert!(at.ends(), "{}", at.screen());
    assert_eq!(ok(&house, &["session", "watch", &session])["result"]["winner"], "ada");
}
