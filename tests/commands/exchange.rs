//! Five nodes become five others in one step: what is stored is handed over by the ones, and dealt anew by
//! the others, none of whom ever speaks with any of the ones.

use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::handover::{asked, kept, until};
use crate::common::town::Town;
use crate::common::{fails, free_address, gavel, ok};

const OLD: [&str; 5] = ["north", "south", "west", "east", "middle"];
const NEW: [&str; 5] = ["far", "near", "upper", "lower", "other"];

/// A roster of new nodes, made by the coordinator beside its present one: its file and its digest.
fn next(town: &Town, file: &str, names: &[&str], threshold: &str) -> (String, String) {
    let out = town.folder.path().join(file).to_str().unwrap().to_owned();
    let mut words = ["roster", "make", "--threshold", threshold, "--out", &out].to_vec();
    let cards: Vec<String> = names.iter().map(|name| card(town, name)).collect();
    words.extend(cards.iter().map(String::as_str));
    let made = ok(&town.lead(), &words);
    assert_eq!(made["follows"], town.roster["digest"]);
    (out, made["digest"].as_str().unwrap().to_owned())
}

fn card(town: &Town, name: &str) -> String {
    let (home, address) = (town.home(name), free_address());
    if !home.exists() {
        ok(&home, &["init", "node", "--name", name, "--address", &address]);
    }
    home.join("node-card.json").to_str().unwrap().to_owned()
}

/// A command of the coordinator's operator that takes a while.
fn begin(town: &Town, words: &[&str]) -> Child {
    let mut command = gavel();
    command.arg("--json").args(words).arg("--home").arg(town.lead());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The latest job with a step of this operation.
fn job(town: &Town, operation: &str) -> Option<String> {
    let jobs = asked(town, &["job", "list"])?["jobs"].clone();
    let does = |job: &&Value| {
        let steps = job["steps"].as_array().unwrap();
        steps.iter().any(|step| step["operation"] == operation)
    };
    let found = jobs.as_array()?.iter().filter(|job| job["phase"] != "cancelled").find(does)?;
    Some(found["job"].as_str()?.to_owned())
}

fn settled(town: &Town, job: &str) -> Value {
    until("the end of the job", || {
        let shown = asked(town, &["job", "status", job])?;
        assert!(shown["phase"] != "failed", "{shown}");
        (shown["phase"] == "settled").then_some(shown)
    })
}

#[test]
fn five_nodes_become_five_others_in_one_step_and_every_value_stays() {
    let mut town = Town::of(&OLD, 1, "lead").running();
    let lead = town.lead();
    let sum = kept(&town);
    let (file, digest) = next(&town, "next.json", &NEW, "2");

    // What a person will do wrong: a roster that follows another one, and one of the same nodes.
    let (stray, _) = next(&town, "stray.json", &NEW[..3], "1");
    let lost = town.folder.path().join("lost.json").to_str().unwrap().to_owned();
    let cards = NEW.map(|name| card(&town, name));
    let words = ["roster", "make", "--threshold", "2", "--after", &stray, "--out", &lost];
    ok(&lead, &[&words[..], &cards.each_ref().map(String::as_str)].concat());
    let (kind, detail) = fails(&lead, &["variable", "hand-over", &lost], 1);
    assert_eq!(kind, "other-roster");
    assert!(detail.contains("roster make --after"), "{detail}");
    let own = town.roster_of("lead").to_str().unwrap().to_owned();
    assert_eq!(fails(&lead, &["variable", "hand-over", &own], 1).0, "other-roster");
    assert_eq!(fails(&lead, &["variable", "hand-over", &file, "z"], 1).0, "no-variable");

    // Nobody gives anything before its operator has said so, although no node is told to ask.
    let mut handing = begin(&town, &["variable", "hand-over", &file]);
    let handed = until("the job", || job(&town, "hand-over"));
    for name in ["north", "south"] {
        ok(&town.home(name), &["job", "approve", &handed, "--yes"]);
    }
    until("what it waits for", || {
        let shown = asked(&town, &["job", "status", &handed])?;
        shown["reason"]["text"].as_str()?.contains("approve").then_some(())
    });
    assert_eq!(ok(&lead, &["variable", "show", "x"])["handed_over"], Value::Null);
    // Killed in between, it goes on.
    town.kill("lead");
    handing.wait().unwrap();
    town.restart("south");
    town.start("lead");
    ok(&town.home("west"), &["job", "approve", &handed, "--yes"]);
    let done = settled(&town, &handed);
    assert_eq!(done["revealed"], json!({}));
    // Said again, it has nothing to do but to see that the letters are there: nobody is asked twice.
    for _ in 0..2 {
        let again = ok(&lead, &["variable", "hand-over", &file]);
        let jobs = again["jobs"].as_array().unwrap();
        assert!(jobs.iter().all(|job| job["job"] == json!(handed)), "{again}");
        assert_eq!(again["roster"], json!(digest));
    }
    let shown = ok(&lead, &["variable", "show", "y"]);
    assert_eq!(shown["handed_over"]["to"], json!(digest));
    assert_eq!(shown["handed_over"]["session"], json!(handed));
    assert_eq!(shown["handed_over"]["letters"], json!([1, 2, 3]));
    assert!(ok(&lead, &["verify", &record(&town, &handed)])["signed_by"].is_array());
    // Until the others have dealt it anew, nothing has changed.
    assert_eq!(ok(&lead, &["job", "run", &sum])["revealed"], json!({"sum": "9"}));

    // All who gave it are gone.
    for name in OLD {
        town.kill(name);
    }
    let keeping = std::fs::read(town.roster_of("lead")).unwrap();
    for name in NEW.iter().chain(&["lead"]) {
        ok(&town.home(name), &["roster", "pin", &digest, &file, "--replace"]);
    }
    town.restart("lead");
    for name in NEW {
        town.start(name);
    }
    let (_, detail) = fails(&lead, &["job", "run", &sum], 1);
    assert!(detail.contains("among the nodes of an earlier roster"), "{detail}");
    let mut dealing = begin(&town, &["variable", "refresh", "--all"]);
    let dealt = until("the dealing", || job(&town, "refresh"));
    town.kill("near");
    town.kill("lead");
    dealing.wait().unwrap();
    // Going back is still possible: nothing but the outcome makes the new shares count.
    std::fs::write(town.roster_of("lead"), keeping).unwrap();
    ok(&lead, &["roster", "pin", &digest, &file, "--replace"]);
    town.start("near");
    town.start("lead");
    assert_eq!(settled(&town, &dealt)["refreshed"], json!(["x", "y"]));
    let known = ok(&lead, &["variable", "show", "x"]);
    assert_eq!((&known["roster"], &known["variable"]["generation"]), (&json!(digest), &json!(1)));
    assert_eq!(known["handed_over"], Value::Null);
    assert_eq!(ok(&lead, &["job", "run", &sum])["revealed"], json!({"sum": "9"}));
    // Who was away gets its share as always.
    until("every share", || {
        ok(&lead, &["variable", "refresh", "--all"]);
        let has = |node: &str| {
            let own = asked(&town, &["variable", "list", "--node", node]);
            own.is_some_and(|own| (0..2).all(|at| own["variables"][at]["share"] == json!(true)))
        };
        ["1", "2", "3", "4", "5"].into_iter().all(has).then_some(())
    });
    assert_eq!(ok(&lead, &["job", "run", &sum])["revealed"], json!({"sum": "9"}));
}

fn record(town: &Town, session: &str) -> String {
    let out = town.folder.path().join("record.json").to_str().unwrap().to_owned();
    ok(&town.lead(), &["session", "show", session, "--record", &out]);
    out
}
