//! Accounts in the screens: an operator invites, a bidder joins on the command line, the list shows
//! it, and a disabled account's login ends.

use std::time::{Duration, Instant};

use crate::common::ok;
use crate::common::town::Town;
use crate::terminal::{Terminal, gavel_in};

/// The invitation's code on a screen: four groups or more of letters and digits.
fn code(screen: &str) -> Option<String> {
    let looks = |word: &&str| {
        let groups: Vec<&str> = word.split('-').collect();
        groups.len() >= 3
            && groups.iter().all(|group| {
                group.len() >= 4
                    && group.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            })
    };
    screen.split_whitespace().find(looks).map(str::to_owned)
}

#[test]
fn people_are_invited_and_disabled_in_the_screens() {
    let town = Town::of(&["node1", "node2", "node3"], 1, "house").running();
    let own = town.file("own", "one of my own\n");
    let mut house = Terminal::start(gavel_in(&town.home("house"), &["tui"]), (80, 24), &[]);
    house.wait_for("3 of 3 nodes");
    house.press("6");
    house.wait_for("Nobody has an account yet.");
    house.press("i");
    house.wait_for("one bidder's account, once");
    house.press("Lovelace\r");
    house.wait_for("shown this once");
    house.wait_for("gavel join CODE");
    let end = Instant::now() + Duration::from_secs(30);
    let code = loop {
        if let Some(code) = code(&house.screen()) {
            break code;
        }
        assert!(Instant::now() < end, "no code on\n{}", house.screen());
        std::thread::sleep(Duration::from_millis(30));
    };
    house.press("\u{1b}");
    house.wait_for("Lovelace");
    house.wait_for("open");
    assert!(!house.screen().contains(&code), "{}", house.screen());

    let ada = town.fetch("ada");
    ok(&ada, &["join", &code, "--name", "ada", "--password-file", &own]);
    house.wait_for("used by ada");
    house.wait_for("active");

    // Her screens carry her login; she has no people to look after.
    let mut bidder = Terminal::start(gavel_in(&ada, &["tui"]), (80, 24), &["one of my own"]);
    bidder.wait_for("3 of 3 nodes");
    assert!(!bidder.screen().contains("People"), "{}", bidder.screen());
    bidder.press("6");
    bidder.wait_for("operator");

    house.press("g");
    house.press("d");
    house.wait_for("Disable it?");
    house.press("y");
    house.wait_for("ada is disabled");
    bidder.wait_for("Your login has ended");
    house.press("e");
    house.wait_for("Enable it again?");
    house.press("y");
    house.wait_for("ada is enabled again");
    ok(&ada, &["login", "--name", "ada", "--password-file", &own]);
    bidder.wait_for_not("login has ended");

    for name in ["house", "node1"] {
        assert!(!town.log(name).contains(&code), "the code is in the log of {name}");
    }
    house.press("q");
    assert!(house.ends());
    house.is_clean();
    bidder.kept_its_secrets();
}
