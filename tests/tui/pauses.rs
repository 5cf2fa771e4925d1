//! A session paused and let go on from the screens, as its bidder sees it.

use crate::common::ok;
use crate::common::town::{SALE, Town};
use crate::terminal::{Terminal, gavel_in};

#[test]
fn a_session_is_paused_and_goes_on_from_the_screens() {
    let town = Town::of(&["node1", "node2", "node3"], 1, "house").running();
    let ada = town.add_bidder("ada");
    let session = town.open(SALE);
    let mut house = Terminal::start(gavel_in(&town.home("house"), &["tui"]), (80, 24), &[]);
    house.wait_for("3 of 3 nodes");
    house.wait_for("Lot 7");
    let mut bidder = Terminal::start(gavel_in(&ada, &["tui"]), (140, 45), &[]);
    bidder.wait_for("Lot 7");
    bidder.wait_for("closes in");

    house.press("p");
    house.wait_for("Take no bids for a while?");
    house.press("y");
    house.wait_for("the session is paused");
    house.wait_for("r lets bids come in");
    bidder.wait_for("paused by the coordinator");
    bidder.press("b");
    bidder.wait_for("it is paused");
    assert_eq!(ok(&ada, &["session", "show", &session])["phase"], "paused");

    house.press("r");
    house.wait_for("Let bids come in again?");
    house.press("y");
    house.wait_for("the session is open");
    bidder.wait_for("closes in");
    bidder.press("b");
    bidder.wait_for("Your bid");
    bidder.press("12\r");
    bidder.wait_for("Hand in this bid?");
    bidder.press("y");
    bidder.wait_for("Your bid is in.");
    house.press("q");
    assert!(house.ends());
    house.is_clean();
}
