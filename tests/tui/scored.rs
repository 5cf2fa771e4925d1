//! A scored auction written in the form on the screens, of a model that is announced meanwhile.

use serde_json::json;

use crate::common::ok;
use crate::common::owner::{Owner, add_offers};
use crate::common::town::Town;
use crate::terminal::{Terminal, gavel_in};

#[test]
fn a_scored_auction_is_written_on_the_screens_and_opens() {
    let town = Town::of(&["node1", "node2", "node3"], 1, "house").running();
    // The buyer runs the coordinator as well, and so may announce models.
    let house = town.home("house");
    ok(&house, &["init", "bidder", "--name", "buyer"]);
    add_offers(&town, &house);
    let mut screen = Terminal::start(gavel_in(&house, &["tui"]), (80, 24), &[]);
    screen.wait_for("3 of 3 nodes");
    screen.press("n");
    screen.wait_for("New session");
    screen.press("Road service\t\t");
    // From second-price on to scored.
    for kind in ["reverse-first-price", "reverse-second-price", "scored"] {
        screen.press("\u{1b}[C");
        screen.wait_for(kind);
    }
    screen.press("\t\t\t98000\t\u{1b}[C");
    screen.wait_for("threshold");
    screen.press("\t");
    screen.wait_for("no model is announced: its owner does that with `gavel model serve`");

    // Its owner announces one: it can be chosen, and whose it is shows.
    let _owner = Owner::serve(&house, &["--anyone", "--stock", "1"]);
    screen.wait_for("none of 1");
    screen.press("\u{1b}[C");
    screen.wait_for("offers, 8-6-4-1 (1 of 1)");
    let announced = &ok(&house, &["model", "list"])["announced"][0];
    screen.wait_for(announced["owner"].as_str().unwrap());
    screen.wait_for(announced["model"].as_str().unwrap());
    screen.press("\r");
    screen.wait_for("scores.weight: ");
    screen.press("20000");
    screen.wait_for("what a score of one is worth");
    screen.press("\r");
    screen.wait_for("is written and open");
    screen.wait_for("Road service");

    // It counts scores of that model, and is open.
    let listed = ok(&house, &["session", "list"]);
    let session = listed["sessions"][0]["session"].as_str().unwrap();
    let shown = ok(&house, &["session", "show", session]);
    assert_eq!(shown["phase"], json!("open"), "{shown}");
    let scored = &shown["terms"]["question"]["auction"]["scored"];
    assert_eq!(scored["pays"], json!("threshold"), "{shown}");
    let scoring = &scored["scoring"];
    assert_eq!((&scoring["model"], &scoring["weight"]), (&announced["model"], &json!(2_000_000)));
    screen.press("qq");
    assert!(screen.ends());
    screen.is_clean();
}
