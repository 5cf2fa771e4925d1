//! Nodes come and go while sessions are open: those go on under the roster that they were opened under, to
//! their end, and new ones are opened under the new roster.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::handover::{kept, until};
use super::rosters::change;
use crate::common::town::{SALE, Town, serve};
use crate::common::{fails, free_address, gavel, ok, result, stderr};

/// Make a home for a node that is in no roster yet.
fn newcomer(town: &Town, name: &str) {
    ok(&town.home(name), &["init", "node", "--name", name, "--address", &free_address()]);
}

/// Write a session and open it: its id.
fn open(town: &Town, title: &str) -> String {
    let path = town.file(&format!("{title}.toml"), &SALE.replace("Lot 7", title));
    let detail = ok(&town.lead(), &["session", "new", "--open", &path]);
    detail["session"].as_str().unwrap().to_owned()
}

/// Check a record with what a home trusts.
fn verified(town: &Town, home: &Path, session: &str) -> Value {
    let record = town.folder.path().join(format!("{session}.json"));
    let record = record.to_str().unwrap();
    ok(&town.lead(), &["session", "show", session, "--record", record, "--force"]);
    ok(home, &["verify", record])
}

/// The session's phase, as the coordinator says.
fn phase(town: &Town, session: &str) -> Value {
    ok(&town.lead(), &["session", "show", session])["phase"].clone()
}

/// Four nodes; one goes, another one comes, and the rest stand in another order. All servers are killed
/// and started again in between.
#[test]
fn an_auction_goes_on_under_its_roster_while_nodes_come_and_go() {
    let mut town = Town::of(&["north", "south", "west", "east"], 1, "lead").slow(100).running();
    let lead = town.lead();
    let before = town.digest().to_owned();
    let (ada, basil) = (town.add_bidder("ada"), town.add_bidder("basil"));
    let old = open(&town, "Old");
    assert_eq!(town.bid("ada", &old, "900"), json!([1, 2, 3, 4]));

    // The roster is made anew. East goes on as it is: it is in the old one only.
    newcomer(&town, "far");
    let kept = std::fs::read(town.roster_of("east")).unwrap();
    let digest = change(&town, &["far", "west", "north", "south"], 1);
    assert_eq!(std::fs::read(town.roster_of("east")).unwrap(), kept);
    town.kill("lead");
    let said = town.start_as("lead", &mut serve(&lead));
    assert_eq!(said["roster"], json!(digest));
    assert_eq!(said["earlier"], json!([{"roster": before, "sessions": [old]}]));
    for name in ["west", "north", "south"] {
        town.kill(name);
        let said = town.start_as(name, &mut serve(&town.home(name)));
        assert_eq!(said["earlier"][0]["sessions"], json!([old]), "{name}");
    }
    town.start("far");

    // Who has the old roster alone bids as before; nobody bids under nodes that he has not compared.
    assert_eq!(town.bid("basil", &old, "700"), json!([1, 2, 3, 4]));
    let new = open(&town, "New");
    let (kind, detail) = fails(&basil, &["bid", &new, "--amount", "5"], 1);
    assert_eq!(kind, "bad-announcement");
    assert!(detail.contains("nothing was sent") && detail.contains("--replace"), "{detail}");
    let (kind, detail) = fails(&basil, &["roster", "fetch"], 1);
    assert_eq!(kind, "bad-roster");
    assert!(detail.contains("other nodes now"), "{detail}");
    let carol = town.home("carol");
    ok(&carol, &["init", "bidder", "--name", "carol"]);
    ok(&carol, &["roster", "fetch", town.address(), &digest]);
    assert_eq!(fails(&carol, &["bid", &old, "--amount", "9999"], 1).0, "bad-announcement");
    assert_eq!(town.bid("carol", &new, "40"), json!([1, 2, 3, 4]));
    // Who has compared both bids in both.
    ok(&ada, &["roster", "fetch", town.address(), &digest, "--replace"]);
    assert_eq!(town.bid("ada", &old, "950"), json!([1, 2, 3, 4]));
    assert_eq!(town.bid("ada", &new, "60"), json!([1, 2, 3, 4]));

    // The operator is told who is still needed, and for what.
    let nodes = ok(&lead, &["roster", "nodes"]);
    assert_eq!(nodes["roster"], json!(digest));
    let earlier = &nodes["earlier"][0];
    assert_eq!((&earlier["sessions"], &earlier["leaving"]), (&json!([old]), &json!(["east"])));
    assert!(earlier["nodes"].as_array().unwrap().iter().all(|node| node["there"] == json!(true)));

    // Killed in the middle, both servers come back with both rosters.
    town.restart("lead");
    town.restart("west");

    // The new session is settled while the old one is open, by the nodes of the new roster.
    let settled = town.settle(&new);
    let result = &settled["result"];
    assert_eq!((&result["winner"], &result["price"]), (&json!("ada"), &json!(4000)), "{settled}");
    assert_eq!(phase(&town, &old), json!("open"));

    // A node that is in both rosters is killed during the old session's attempt.
    ok(&lead, &["session", "close", &old]);
    until("an attempt", || {
        let shown = ok(&lead, &["session", "show", &old]);
        (!shown["attempts"].as_array()?.is_empty()).then_some(())
    });
    town.kill("south");
    let settled = ok(&lead, &["session", "watch", &old]);
    let result = &settled["result"];
    assert_eq!((&result["winner"], &result["price"]), (&json!("ada"), &json!(70_000)), "{settled}");
    town.start("south");

    // Everybody can check it: with the old roster, with both, and with the old one named.
    for home in [&ada, &basil] {
        let checked = verified(&town, home, &old);
        assert_eq!((&checked["valid"], &checked["roster"]), (&json!(true), &json!(before)));
        assert_eq!(checked["pinned"], json!(true), "{checked}");
    }
    assert_eq!(verified(&town, &carol, &new)["valid"], json!(true));

    // The node that was away hears of it, and nobody is needed any more.
    let heard = || {
        let shown = ok(&lead, &["roster", "nodes"]);
        shown.get("earlier").is_none_or(|earlier| earlier == &json!([])).then_some(())
    };
    until("the end of the old roster", heard);
    until("the last word", || {
        town.log("lead").contains("every node has heard how the sessions").then_some(())
    });
    town.kill("east");
    let last = open(&town, "Last");
    assert_eq!(town.bid("carol", &last, "7"), json!([1, 2, 3, 4]));
    assert_eq!(town.settle(&last)["result"]["winner"], json!("carol"));
    town.kill("lead");
    let said = town.start_as("lead", &mut serve(&lead));
    assert_eq!(said.get("earlier"), None);
}

/// What a command says, if it does what it is told.
fn asked(home: &Path, words: &[&str]) -> Option<Value> {
    let output = gavel().arg("--json").args(words).arg("--home").arg(home).output().unwrap();
    output.status.success().then(|| result(&output))
}

/// What may be said to somebody whose job does not come to its end while servers are changed over.
const EXCUSES: [&str; 6] = [
    "it was changed since. Make the job anew",
    "is under way and uses the variable",
    "among the nodes of an earlier roster",
    "nothing listens at",
    "the connection to",
    "did not answer within",
];

/// Ends the load however the test ends.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Jobs are posted one after another while five nodes become six, and then five others.
#[test]
fn jobs_are_posted_across_a_change_of_nodes_and_every_variable_keeps_its_value() {
    let five = ["north", "south", "west", "east", "middle"];
    let mut town = Town::of(&five, 1, "lead").running();
    let lead = town.lead();
    let sum = kept(&town);
    newcomer(&town, "far");

    let over = AtomicBool::new(false);
    let outcomes = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut outcomes = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let command =
                    gavel().args(["--json", "job", "run", &sum, "--home"]).arg(&lead).output();
                let output = command.unwrap();
                let said = result(&output);
                outcomes.push((output.status.success(), said, stderr(&output)));
                std::thread::sleep(Duration::from_millis(100));
            }
            outcomes
        });
        let ends = Ends(&over);
        let pause = || std::thread::sleep(Duration::from_secs(3));
        pause();
        for (nodes, starts) in [
            (&["north", "south", "west", "east", "middle", "far"][..], &five[..]),
            (&["far", "middle", "south", "west", "east"][..], &["far", "middle", "south"][..]),
        ] {
            change(&town, nodes, 2);
            town.restart("lead");
            for name in starts {
                town.restart(name);
            }
            for name in nodes.iter().filter(|name| !starts.contains(name)) {
                if *name == "far" { town.start(name) } else { town.restart(name) }
            }
            // Who was not yet seen to reach the others gets its share the next time.
            until("a dealing to all of the new nodes", || {
                asked(&lead, &["variable", "refresh", "--all"])?;
                let has = |node: usize| {
                    let told = asked(&lead, &["variable", "list", "--node", &node.to_string()]);
                    told.is_some_and(|told| {
                        (0..2).all(|at| told["variables"][at]["share"] == json!(true))
                    })
                };
                (1..=nodes.len()).all(has).then_some(())
            });
            pause();
        }
        drop(ends);
        load.join().unwrap()
    });

    // Each came to the right value, or was told why not.
    let done = outcomes.iter().filter(|(done, _, _)| *done).count();
    assert!(done >= 3, "{outcomes:?}");
    for (done, said, errors) in &outcomes {
        if *done {
            assert_eq!(said["revealed"], json!({"sum": "9"}), "{said}");
        } else {
            let detail = said["error"]["detail"].as_str().unwrap();
            assert!(EXCUSES.iter().any(|excuse| detail.contains(excuse)), "{detail}; {errors}");
        }
    }
    // None is left behind: what was opened is decided, each under its own roster.
    let jobs = until("the end of every job", || {
        let jobs = ok(&lead, &["job", "list"])["jobs"].as_array().unwrap().clone();
        let dealing = |job: &Value| job["title"].as_str().is_some_and(|it| it.starts_with("Deal"));
        let over = |job: &Value| match job["phase"].as_str() {
            Some("settled" | "draft") => true,
            // It was told so, and done again.
            Some("failed" | "cancelled") => dealing(job),
            _ => false,
        };
        jobs.iter().all(over).then_some(jobs)
    });
    let rosters: BTreeSet<String> = jobs
        .iter()
        .filter(|job| job["phase"] == "settled")
        .map(|job| {
            let shown = ok(&lead, &["session", "show", job["job"].as_str().unwrap()]);
            shown["announcement"]["body"]["roster"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(rosters.len(), 3, "{rosters:?}");
    assert_eq!(ok(&lead, &["job", "run", &sum])["revealed"], json!({"sum": "9"}));
}
