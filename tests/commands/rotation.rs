//! Nodes get new TLS and sealing keys, and the coordinator a new certificate, while a session is
//! open: real processes, killed and started again, and bids that were sealed to the earlier keys.

use std::fs;

use crate::common::town::{NODES, SALE, Town};
use crate::common::{fails, free_address, gavel, ok};
use serde_json::{Value, json};

/// Three nodes, a coordinator and three bidders, everybody with the first roster; the servers run.
fn town() -> Town {
    let town = Town::found("lead").running();
    assert_eq!(town.roster["version"], 1);
    for name in ["ada", "basil", "carol"] {
        town.add_bidder(name);
    }
    town
}

/// Close a session: who won, at what price.
fn settle(town: &Town, session: &str) -> (Value, Value) {
    let mut result = town.settle(session)["result"].take();
    (result["winner"].take(), result["price"].take())
}

/// Wait until a server has logged this.
fn says(town: &Town, name: &str, what: &str) {
    let begun = std::time::Instant::now();
    while !town.log(name).contains(what) {
        assert!(begun.elapsed().as_secs() < 60, "{name} says:\n{}", town.log(name));
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// Fetch the next version of the roster; the coordinator may be away for a moment.
fn fetch(town: &Town, name: &str) {
    let begun = std::time::Instant::now();
    while gavel()
        .args(["--json", "roster", "fetch", "--home"])
        .arg(town.home(name))
        .output()
        .is_ok_and(|output| !output.status.success())
    {
        assert!(begun.elapsed().as_secs() < 60, "{name} cannot fetch the roster");
    }
}

#[test]
fn open_sessions_survive_new_keys_of_a_node() {
    let mut town = town();
    let session = town.open(SALE);
    assert_eq!(town.bid("ada", &session, "1000"), json!([1, 2, 3]));

    // New keys change nothing before the roster lists them, also when the node starts again.
    let made = ok(&town.home("west"), &["rotate"]);
    assert_eq!((&made["roles"], &made["earlier"]), (&json!(["node"]), &json!(1)));
    town.restart("west");
    assert_eq!(town.bid("basil", &session, "900"), json!([1, 2, 3]));
    assert_eq!(ok(&town.home("west"), &["roster", "check"])["fits"], json!(["node"]));

    // The next version of the roster: coordinator and west have it, the others not yet.
    let card = made["card"].as_str().unwrap();
    let before = ok(&town.home("lead"), &["roster", "show"]);
    let next = ok(&town.home("lead"), &["roster", "update", card]);
    assert_eq!(next["version"], 2);
    assert_ne!(next["members"][2]["certificate"], before["members"][2]["certificate"]);
    assert_eq!(next["members"][2]["key"], before["members"][2]["key"]);
    let (_, detail) = fails(&town.home("lead"), &["roster", "update", card], 1);
    assert!(detail.contains("not later"), "{detail}");
    town.restart("lead");
    assert_eq!(ok(&town.home("west"), &["roster", "fetch"])["version"], 2);
    town.restart("west");
    assert!(town.log("west").contains("earlier keys are kept for sessions of an earlier roster"));
    // With the earlier roster west cannot be reached; two of three receipts are enough, and the
    // part for west is sealed to its earlier key.
    assert_eq!(town.bid("carol", &session, "1300"), json!([1, 2]));
    for name in ["north", "south", "ada"] {
        assert_eq!(ok(&town.home(name), &["roster", "fetch"])["version"], 2);
    }
    town.restart("north");
    town.restart("south");
    assert_eq!(town.bid("ada", &session, "1500"), json!([1, 2, 3]));

    // The earlier keys are still needed; a node that runs keeps them in any case.
    assert_eq!(fails(&town.home("west"), &["rotate", "--forget"], 1).0, "in-use");
    town.kill("west");
    let (kind, detail) = fails(&town.home("west"), &["rotate", "--forget"], 1);
    assert_eq!(kind, "keys-needed");
    assert!(detail.contains(&session), "{detail}");
    town.start("west");

    // Carol's bid sets the price: west opened its part with the earlier key.
    assert_eq!(settle(&town, &session), (json!("ada"), json!(130_000)));
    let record_file = town.folder.path().join("record.json");
    let words = ["session", "show", &session, "--record", record_file.to_str().unwrap()];
    ok(&town.home("lead"), &words);
    // Readers with either roster find it right, and the receipts of before and after kept.
    for name in ["ada", "basil", "carol"] {
        let folder = town.home(name).join("receipts").join(&session);
        for bid in fs::read_dir(folder).unwrap() {
            let bid = bid.unwrap().path();
            let words = ["verify", record_file.to_str().unwrap(), "--receipt"];
            let words = [&words[..], &[bid.to_str().unwrap()]].concat();
            let report = ok(&town.home(name), &words);
            assert_eq!((&report["valid"], &report["pinned"]), (&json!(true), &json!(true)));
            assert_eq!(report["outcome"]["winner"]["bidder"], "ada");
        }
    }

    // Now they go, and the node goes on without them.
    town.kill("west");
    assert_eq!(ok(&town.home("west"), &["rotate", "--forget"])["forgotten"], 1);
    assert_eq!(ok(&town.home("west"), &["rotate", "--forget"])["forgotten"], 0);
    town.start("west");
    for name in ["basil", "carol"] {
        ok(&town.home(name), &["roster", "fetch"]);
    }
    let session = town.open(SALE);
    assert_eq!(town.bid("basil", &session, "70"), json!([1, 2, 3]));
    assert_eq!(town.bid("carol", &session, "60"), json!([1, 2, 3]));
    assert_eq!(settle(&town, &session), (json!("basil"), json!(6_000)));
}

#[test]
fn servers_take_the_next_roster_up_while_they_run() {
    let town = town();
    let session = town.open(SALE);
    assert_eq!(town.bid("ada", &session, "1000"), json!([1, 2, 3]));
    let made = ok(&town.home("west"), &["rotate"]);
    // Another system's roster, and none at all, change nothing for who serves.
    let south = town.roster_of("south");
    let first = fs::read(&south).unwrap();
    fs::write(&south, fs::read(Town::found("lead").roster_of("lead")).unwrap()).unwrap();
    says(&town, "south", "does not succeed the roster that is served under");
    fs::write(&south, first).unwrap();
    assert_eq!(town.bid("basil", &session, "900"), json!([1, 2, 3]));

    let card = made["card"].as_str().unwrap();
    assert_eq!(ok(&town.home("lead"), &["roster", "update", card])["version"], 2);
    says(&town, "lead", "starting again under the next roster");
    for name in ["west", "north", "south", "ada", "basil"] {
        fetch(&town, name);
    }
    for name in ["west", "north", "south"] {
        says(&town, name, "starting again under the next roster");
    }
    let begun = std::time::Instant::now();
    while town.bid("ada", &session, "1500") != json!([1, 2, 3]) {
        assert!(begun.elapsed().as_secs() < 60, "not everybody takes bids again");
    }
    // Basil's bid, made under the first roster, sets the price.
    assert_eq!(settle(&town, &session), (json!("ada"), json!(90_000)));
}

#[test]
fn rosters_that_lead_back_or_elsewhere_are_refused() {
    let mut town = town();
    let first = fs::read(town.roster_of("lead")).unwrap();
    let made = ok(&town.home("south"), &["rotate"]);
    let card = made["card"].as_str().unwrap();

    // A stranger's card, and a home that is no coordinator's or no node's.
    let address = free_address();
    let stranger = ["init", "node", "--name", "east", "--address", &address];
    let other = ok(&town.home("east"), &stranger)["card"].as_str().unwrap().to_owned();
    assert_eq!(fails(&town.home("lead"), &["roster", "update", &other], 1).0, "bad-roster");
    ok(&town.home("east"), &["rotate"]);
    let (_, detail) = fails(&town.home("lead"), &["roster", "update", &other], 1);
    assert!(detail.contains("does not list"), "{detail}");
    // A card that somebody else has changed.
    let text = fs::read_to_string(card).unwrap();
    let forged = town.folder.path().join("forged.json");
    fs::write(&forged, text.replace("\"south\"", "\"South\"")).unwrap();
    let words = ["roster", "update", forged.to_str().unwrap()];
    assert_eq!(fails(&town.home("lead"), &words, 1).0, "bad-roster");
    assert_eq!(fails(&town.home("north"), &["roster", "update", card], 1).0, "no-keys");
    assert_eq!(fails(&town.home("nobody"), &["rotate"], 1).0, "no-keys");
    assert_eq!(fs::read(town.roster_of("lead")).unwrap(), first);

    ok(&town.home("lead"), &["roster", "update", card]);
    town.restart("lead");
    ok(&town.home("north"), &["roster", "fetch"]);
    town.restart("north");
    // Having served under version 2, nobody goes back to version 1.
    for name in ["north", "lead"] {
        town.kill(name);
        fs::write(town.roster_of(name), &first).unwrap();
        let (kind, detail) = fails(&town.home(name), &["serve", "--headless"], 1);
        assert_eq!(kind, "wrong-roster");
        assert!(detail.contains("version 1") && detail.contains("version 2"), "{detail}");
    }
    // A roster of other nodes does not take the place of one by a fetch.
    ok(&town.home("west"), &["roster", "show"]);
    let mut roster: Value = serde_json::from_slice(&first).unwrap();
    roster["body"]["nodes"][0]["key"] = roster["body"]["nodes"][1]["key"].clone();
    fs::write(town.roster_of("west"), roster.to_string()).unwrap();
    assert_eq!(fails(&town.home("west"), &["roster", "fetch"], 1).0, "bad-roster");
}

#[test]
fn open_sessions_survive_a_new_certificate_of_the_coordinator() {
    let mut town = town();
    let lead = town.lead();
    let session = town.open(SALE);
    assert_eq!(town.bid("ada", &session, "1000"), json!([1, 2, 3]));
    let before = ok(&lead, &["roster", "show"]);
    let (_, detail) = fails(&lead, &["roster", "update"], 2);
    assert!(detail.contains("nothing would change"), "{detail}");

    // Until the roster lists it the old certificate is served, also after a start.
    let made = ok(&lead, &["rotate"]);
    assert_eq!((&made["roles"], &made["earlier"]), (&json!(["coordinator"]), &json!(1)));
    assert_ne!(made["coordinator_certificate"], before["coordinator"]["certificate"]);
    assert_eq!(ok(&lead, &["roster", "check"])["fits"], json!(["coordinator"]));
    town.restart("lead");
    assert_eq!(town.bid("basil", &session, "900"), json!([1, 2, 3]));

    // The coordinator takes its new roster up while it serves; its identity stays.
    let next = ok(&lead, &["roster", "update"]);
    assert_eq!(next["version"], 2);
    assert_eq!(next["coordinator"]["certificate"], made["coordinator_certificate"]);
    assert_eq!(next["coordinator"]["key"], before["coordinator"]["key"]);
    assert_eq!(next["members"], before["members"]);
    says(&town, "lead", "starting again under the next roster");
    // Whoever has the earlier roster is told what to do, and then goes on.
    let begun = std::time::Instant::now();
    let detail = loop {
        let (_, detail) = fails(&town.home("carol"), &["bid", &session, "--amount", "1300"], 1);
        if detail.contains("certificate") {
            break detail;
        }
        assert!(begun.elapsed().as_secs() < 60, "{detail}");
    };
    assert!(detail.contains("gavel roster fetch"), "{detail}");
    for name in ["north", "south", "west", "ada", "basil", "carol"] {
        fetch(&town, name);
        assert_eq!(ok(&town.home(name), &["roster", "show"])["digest"], next["digest"]);
    }
    for name in ["north", "south", "west"] {
        says(&town, name, "starting again under the next roster");
    }
    let begun = std::time::Instant::now();
    while town.bid("carol", &session, "1300") != json!([1, 2, 3]) {
        assert!(begun.elapsed().as_secs() < 60, "not everybody takes bids again");
    }
    assert_eq!(settle(&town, &session), (json!("carol"), json!(100_000)));

    // The earlier certificate goes, also while the coordinator serves with the new one.
    assert_eq!(ok(&lead, &["rotate", "--forget"])["forgotten"], 1);
    assert_eq!(ok(&lead, &["rotate", "--forget"])["forgotten"], 0);
    town.restart("lead");
    assert_eq!(ok(&lead, &["session", "show", &session])["phase"], "settled");
}

#[test]
fn a_certificate_that_no_roster_lists_yet_is_not_forgotten() {
    let town = Town::found("lead");
    let lead = town.lead();
    ok(&lead, &["rotate"]);
    assert_eq!(ok(&lead, &["rotate"])["earlier"], 2);
    assert_eq!(ok(&lead, &["rotate", "--forget"])["forgotten"], 0);
    assert_eq!(ok(&lead, &["roster", "update"])["version"], 2);
    assert_eq!(ok(&lead, &["rotate", "--forget"])["forgotten"], 2);
    assert_eq!(ok(&lead, &["roster", "check"])["fits"], json!(["coordinator"]));
}

#[test]
fn a_node_and_a_coordinator_of_one_server_change_their_certificate_together() {
    let mut town = Town::found("north");
    let north = town.home("north");
    let cards = NODES.map(|name| town.home(name).join("node-card.json"));
    let cards = cards.each_ref().map(|card| card.to_str().unwrap());
    let make = ["roster", "make", "--threshold", "1", cards[0], cards[1], cards[2]];
    town.start("north");
    let made = ok(&north, &["rotate"]);
    assert_eq!((&made["roles"], &made["earlier"]), (&json!(["node", "coordinator"]), &json!(1)));
    assert_eq!(made["certificate"], made["coordinator_certificate"]);
    town.restart("north");
    // A card by `gavel rotate` is good for a first roster too.
    let elsewhere = town.folder.path().join("first.json");
    ok(&north, &[&make[..], &["--out", elsewhere.to_str().unwrap()]].concat());
    // The own node's card goes with the coordinator's without being named.
    let next = ok(&north, &["roster", "update"]);
    assert_eq!(next["version"], 2);
    for place in [&next["coordinator"], &next["members"][0]] {
        assert_eq!(place["certificate"], made["certificate"]);
    }
    says(&town, "north", "starting again under the next roster");
    says(&town, "north", "gavel rotate --forget");
    town.restart("north");
    town.kill("north");
    assert_eq!(ok(&north, &["rotate", "--forget"])["forgotten"], 1);
    town.start("north");
}
