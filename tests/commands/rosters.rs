//! A coordinator that lies about who the nodes are: it serves bidders a roster of nodes that it has
//! invented, and would read their bids.

use std::fs;
use std::path::Path;

use super::handover::kept;
use crate::common::town::{SALE, Town};
use crate::common::{fails, free_address, ok};
use serde_json::{Value, json};

/// A town whose coordinator has a second home with the same keys and address: there it has put nodes
/// of its own into a roster that is right in every other way.
fn liar() -> Town {
    let town = Town::found("lead");
    let (lead, lie) = (town.lead(), town.home("lie"));
    fs::create_dir(&lie).unwrap();
    for file in ["coordinator.key", "gavel.toml"] {
        fs::copy(lead.join(file), lie.join(file)).unwrap();
    }
    let card = |name: &str| {
        let address = free_address();
        let words = ["init", "node", "--name", name, "--address", &address];
        let made = ok(&town.home(&format!("invented {name}")), &words);
        made["card"].as_str().unwrap().to_owned()
    };
    let cards = ["north", "south", "west"].map(card);
    let words = ["roster", "make", "--threshold", "1", &cards[0], &cards[1], &cards[2]];
    let invented = ok(&lie, &words);
    assert_ne!(invented["digest"], town.roster["digest"]);
    assert_eq!(invented["coordinator"], town.roster["coordinator"]);
    town
}

/// The invented nodes and the coordinator serve.
fn serve_the_lie(town: &mut Town) {
    for name in ["invented north", "invented south", "invented west"] {
        fs::copy(town.roster_of("lie"), town.roster_of(name)).unwrap();
        town.start(name);
    }
    town.start("lie");
}

/// How many have asked to bid at the liar's.
fn admitted(town: &Town, session: &str) -> Value {
    ok(&town.home("lie"), &["session", "show", session])["bidders"].clone()
}

fn empty(folder: &Path) -> bool {
    !folder.exists() || fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn no_bid_is_sent_to_invented_nodes() {
    let mut town = liar();
    serve_the_lie(&mut town);
    let (lie, digest) = (town.home("lie"), town.digest().to_owned());
    let path = town.file("lot.toml", SALE);
    let session = ok(&lie, &["session", "new", "--open", &path])["session"].clone();
    let session = session.as_str().unwrap();
    let ada = town.home("ada");
    ok(&ada, &["init", "bidder", "--name", "ada"]);

    // Without the digest nothing is fetched; with it the lie is not taken.
    let (kind, detail) = fails(&ada, &["roster", "fetch", town.address()], 2);
    assert_eq!(kind, "usage");
    assert!(detail.contains("gavel roster show"), "{detail}");
    let (kind, detail) = fails(&ada, &["roster", "fetch", town.address(), &digest], 1);
    assert_eq!(kind, "other-roster");
    assert!(detail.contains("invents nodes"), "{detail}");
    assert!(!ada.join("roster.json").exists());

    // Nor where the file comes by mail, in whatever way it is given.
    let mailed = town.file("mailed.json", &fs::read_to_string(town.roster_of("lie")).unwrap());
    assert_eq!(fails(&ada, &["roster", "pin", &digest, &mailed], 1).0, "other-roster");
    let bid = ["bid", session, "--amount", "900"];
    let by_file = [&bid[..], &["--roster", &mailed]].concat();
    assert_eq!(fails(&ada, &by_file, 1).0, "roster-not-pinned");
    fs::copy(&mailed, ada.join("roster.json")).unwrap();
    let (kind, detail) = fails(&ada, &bid, 1);
    assert_eq!(kind, "roster-not-pinned");
    assert!(detail.contains("nothing was sent") && detail.contains("roster pin"), "{detail}");
    assert_eq!(fails(&ada, &["bid", session, "--resend"], 1).0, "roster-not-pinned");
    // The next version of a roster that nobody compared is not compared either.
    assert_eq!(ok(&ada, &["roster", "fetch"])["pinned"], false);
    assert_eq!(fails(&ada, &bid, 1).0, "roster-not-pinned");
    assert!(empty(&ada.join("receipts")));
    assert_eq!(admitted(&town, session), json!(0));

    // Whoever has the right one keeps it, and is told that the coordinator serves another.
    let basil = town.add_bidder("basil");
    let kept = fs::read(basil.join("roster.json")).unwrap();
    let (kind, _) = fails(&basil, &["roster", "fetch"], 1);
    assert_eq!(kind, "bad-roster");
    assert_eq!(fs::read(basil.join("roster.json")).unwrap(), kept);
    let (kind, _) = fails(&basil, &bid, 1);
    assert_eq!(kind, "bad-announcement");
    assert!(empty(&basil.join("receipts")));
    assert_eq!(admitted(&town, session), json!(0));
}

#[test]
fn a_roster_that_only_claims_to_succeed_the_right_one_is_refused() {
    let mut town = liar();
    // It names the right roster among those it succeeds, under the coordinator's own signature.
    let lie: Value = serde_json::from_slice(&fs::read(town.roster_of("lie")).unwrap()).unwrap();
    let mut roster: gavel::identity::Roster = serde_json::from_value(lie["body"].clone()).unwrap();
    roster.succeeds = vec![town.digest().parse().unwrap()];
    let key = town.home("lie").join("coordinator.key");
    let keys = gavel::identity::key_file::CoordinatorKeys::load(&key, None).unwrap();
    let signed = gavel::identity::Signed::new(roster, &keys.identity);
    fs::write(town.roster_of("lie"), serde_json::to_string(&signed).unwrap()).unwrap();
    serve_the_lie(&mut town);
    let digest = town.digest().to_owned();
    let ada = town.home("ada");
    // The roster that it claims to succeed is not there to follow the line from.
    let (kind, _) = fails(&ada, &["roster", "fetch", town.address(), &digest], 1);
    assert_eq!(kind, "not-found");
    assert!(!ada.join("roster.json").exists());
}

#[test]
fn the_digest_of_an_earlier_roster_leads_to_the_present_one() {
    let mut town = Town::found("lead").running();
    let digest = town.digest().to_owned();
    let card = ok(&town.home("west"), &["rotate"])["card"].as_str().unwrap().to_owned();
    let next = ok(&town.lead(), &["roster", "update", &card]);
    town.restart("lead");
    let ada = town.fetch("ada");
    let shown = ok(&ada, &["roster", "show"]);
    assert_eq!((&shown["digest"], &shown["pinned"]), (&next["digest"], &json!(true)));
    // What people compare is what is shown, in groups or not; a slip of the finger is told apart.
    let later = next["digest"].as_str().unwrap();
    let groups: Vec<String> =
        later.as_bytes().chunks(4).map(|part| String::from_utf8(part.to_vec()).unwrap()).collect();
    let basil = town.home("basil");
    let slip = groups.join(" ").replacen(&groups[6], "0000", 1);
    let (kind, detail) = fails(&basil, &["roster", "fetch", town.address(), &slip], 1);
    assert_eq!(kind, "other-roster");
    assert!(detail.contains("differs in group 7 of 16"), "{detail}");
    let spoken = groups.join(" ").to_uppercase();
    assert_eq!(ok(&basil, &["roster", "fetch", town.address(), &spoken])["version"], 2);
    let (kind, detail) = fails(&basil, &["roster", "fetch", town.address(), &later[..12]], 2);
    assert_eq!(kind, "usage");
    assert!(detail.contains("16 groups of four"), "{detail}");
    let (kind, detail) = fails(&basil, &["roster", "fetch", "house.example", &spoken], 2);
    assert_eq!(kind, "usage");
    assert!(detail.contains("host and port"), "{detail}");
    // With the digest of before, whoever is away from the coordinator's next version still is.
    let (kind, _) = fails(&basil, &["roster", "pin", &digest], 1);
    assert_eq!(kind, "other-roster");
    assert!(digest != later && digest.len() == 64);
}

/// The roster is made anew with these nodes, pinned by everybody by its digest, and served under.
pub fn change(town: &Town, nodes: &[&str], threshold: u8) -> String {
    let lead = town.lead();
    let cards: Vec<String> = nodes
        .iter()
        .map(|name| town.home(name).join("node-card.json").to_str().unwrap().to_owned())
        .collect();
    let threshold = threshold.to_string();
    let mut words = vec!["roster", "make", "--replace", "--threshold", &threshold];
    words.extend(cards.iter().map(String::as_str));
    let digest = ok(&lead, &words)["digest"].as_str().unwrap().to_owned();
    let file = town.roster_of(&town.lead);
    for name in nodes {
        ok(&town.home(name), &["roster", "pin", &digest, file.to_str().unwrap(), "--replace"]);
    }
    digest
}

/// Deal x and y anew until each of these nodes has its shares: who is not yet seen to reach the others gets
/// them the next time.
fn dealt_to(lead: &Path, nodes: &[&str]) {
    let begun = std::time::Instant::now();
    loop {
        let jobs = ok(lead, &["variable", "refresh", "--all"])["jobs"].clone();
        assert_eq!(jobs[0]["refreshed"], json!(["x", "y"]));
        let has = |node: &&str| {
            let own = ok(lead, &["variable", "list", "--node", node])["variables"].clone();
            (0..2).all(|at| own[at]["share"] == json!(true))
        };
        if nodes.iter().all(has) {
            return;
        }
        assert!(begun.elapsed().as_secs() < 60, "a node is dealt no share");
    }
}

/// Nodes come and go with a roster that their operators pin; what is stored is dealt to those of the
/// new one by those who were in the one before.
#[test]
fn stored_variables_go_to_the_nodes_of_another_roster() {
    let five = ["north", "south", "west", "east", "middle"];
    let mut town = Town::of(&five, 1, "lead").running();
    let lead = town.lead();
    let sum = kept(&town);

    // All five are to give: whoever took no part in the job gets its share now.
    dealt_to(&lead, &["1", "2", "3", "4", "5"]);

    let home = town.home("far");
    let address = free_address();
    ok(&home, &["init", "node", "--name", "far", "--address", &address]);
    let six = ["north", "south", "west", "east", "middle", "far"];
    change(&town, &six, 2);

    // Five nodes become six, with another threshold.
    town.restart("lead");
    for name in five {
        town.restart(name);
    }
    town.start("far");
    let (_, detail) = fails(&lead, &["job", "run", &sum], 1);
    assert!(detail.contains("among the nodes of an earlier roster"), "{detail}");
    dealt_to(&lead, &["1", "2", "3", "4", "5", "6"]);
    assert_eq!(ok(&lead, &["job", "run", &sum])["revealed"], json!({"sum": "9"}));

    // Too few of those who hold the shares are left.
    change(&town, &["far", "north", "south"], 1);
    town.restart("lead");
    let (_, detail) = fails(&lead, &["variable", "refresh", "x"], 1);
    assert!(detail.contains("of whom 3 are in the present one and 5 are needed"), "{detail}");

    // Five others: the first one goes, the last one came, in another order.
    let others = ["far", "middle", "south", "west", "east"];
    let last = change(&town, &others, 2);
    town.kill("north");
    town.restart("lead");
    for name in others {
        town.restart(name);
    }
    ok(&lead, &["variable", "refresh", "--all"]);
    assert_eq!(ok(&lead, &["job", "run", &sum])["revealed"], json!({"sum": "9"}));
    let shown = ok(&lead, &["variable", "show", "x"]);
    assert_eq!(shown["roster"], json!(last));
}
