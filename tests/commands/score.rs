//! Models and scores: files that are taken in or refused, the demo, and an owner and its clients as
//! processes of their own.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::owner::{Owner, add_model, add_offers};
use crate::common::town::Town;
use crate::common::{fails, gavel, ok, result, stderr};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models");

fn model(name: &str) -> String {
    format!("{MODELS}/{name}")
}

#[test]
fn models_are_taken_in_listed_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let (kind, detail) = fails(home, &["model", "add", "credit", &model("logistic.onnx")], 1);
    assert_eq!(kind, "no-key");
    assert!(detail.contains("gavel init bidder"), "{detail}");
    ok(home, &["init", "bidder", "--name", "ada"]);
    let told = ok(home, &["model", "add", "credit", &model("logistic.onnx"), "--fraction", "12"]);
    assert_eq!((&told["features"], &told["fraction"]), (&json!(100), &json!(12)));
    assert!(told["precision"].as_f64().unwrap() < 0.03 && told["rounds"].as_u64().unwrap() > 5);
    assert!(told["material"]["triples"].as_u64().unwrap() > 100, "{told}");
    let told = ok(home, &["model", "add", "digits", &model("digits.toml")]);
    assert_eq!(told["learner"], json!("client"));
    assert_eq!(told["layers"][0]["outputs"], json!(128));
    let listed = ok(home, &["model", "list"]);
    let names: Vec<&str> = listed["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["model"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["credit", "digits"]);
    assert_eq!(fails(home, &["model", "add", "digits", &model("digits.toml")], 1).0, "exists");
    ok(home, &["model", "add", "digits", &model("digits.toml"), "--force"]);
    ok(home, &["model", "remove", "credit"]);
    let (kind, detail) = fails(home, &["model", "remove", "credit"], 1);
    assert_eq!(kind, "no-such-model");
    assert!(detail.contains("there are digits"), "{detail}");
    let text = gavel().args(["model", "list", "--home"]).arg(home).output().unwrap();
    assert!(String::from_utf8(text.stdout).unwrap().contains("784-128-10"));
}

#[test]
fn what_is_no_model_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    ok(&home, &["init", "bidder", "--name", "ada"]);
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let add = |path: &str| fails(&home, &["model", "add", "m", path], 1).1;
    assert!(add(&model("small.safetensors")).contains("a TOML of the layers"));
    assert!(add(&file("a.onnx", "no model")).contains("not an ONNX file"));
    assert!(add(&file("a.txt", "no model")).contains("is a .txt"));
    assert!(add(&file("a.toml", "layer = 1")).contains("line 1: unknown field `layer`"));
    assert!(add(&file("a.toml", "features = 3")).contains("names no file of weights"));
    let weights = model("small.safetensors");
    let layers =
        format!("weights = {weights:?}\n[[layers]]\nlayer = \"dense\"\nweight = \"9.weight\"");
    assert!(add(&file("a.toml", &layers)).contains("no tensor \"9.weight\""));
    let few = format!(
        "weights = {weights:?}\nfraction = 40\n[[layers]]\nlayer = \"dense\"\nweight = \"0.weight\""
    );
    assert!(add(&file("a.toml", &few)).contains("4 to 20 bits after the point, not 40"));
    assert!(fails(&home, &["model", "add", "a/b", &model("small.onnx")], 2).1.contains("ASCII"));
}

#[test]
fn the_demo_of_a_score_is_right_and_signed_by_both() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let words = ["demo", "--headless", "--json", "sessions/score.toml", "--keep"];
    let output = gavel().args(words).arg(&kept).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = result(&output);
    assert_eq!((&shown["kind"], &shown["phase"]), (&json!("score"), &json!("settled")));
    assert_eq!((&shown["verified"], &shown["security"]), (&json!(true), &json!("active")));
    assert_eq!(shown["signed_by"], json!(["client", "owner"]));
    let score = shown["score"].as_f64().unwrap();
    assert!((score - 0.721_002).abs() < 0.01, "{score}");
    assert!(shown["material"]["triples"].as_u64().unwrap() > 0 && shown["batch"].is_string());
    assert!(shown["bytes_sent"].as_u64().unwrap() > 1_000 && shown["complaints"] == json!([]));
    let receipt = kept.join("score.json");
    let checked =
        ok(&folder.path().join("nobody"), &["score", "--check", receipt.to_str().unwrap()]);
    assert_eq!((&checked["valid"], &checked["score"]), (&json!(true), &shown["score"]));
    assert_eq!(checked["trusted"], Value::Null);
    let roster = kept.join("roster.json");
    let words =
        ["score", "--check", receipt.to_str().unwrap(), "--roster", roster.to_str().unwrap()];
    assert!(ok(&folder.path().join("nobody"), &words)["trusted"].is_string());
    // A value that was changed.
    let text = fs::read_to_string(&receipt).unwrap();
    let mut signed: Value = serde_json::from_str(&text).unwrap();
    signed["score"]["values"][0] = json!(signed["score"]["values"][0].as_i64().unwrap() + 1);
    fs::write(&receipt, signed.to_string()).unwrap();
    let words = ["score", "--check", receipt.to_str().unwrap()];
    let (kind, detail) = fails(&folder.path().join("nobody"), &words, 1);
    assert_eq!(kind, "bad-score");
    assert!(detail.contains("not signed by the key that it was computed for"), "{detail}");
}

#[test]
fn the_demo_of_a_scored_auction_has_every_bidder_scored_before_it_bids() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let words = ["demo", "--headless", "--json", "sessions/scored.toml", "--keep"];
    let output = gavel().args(words).arg(&kept).output().unwrap();
    let progress = stderr(&output);
    assert!(output.status.success(), "{progress}");
    let shown = result(&output);
    assert_eq!((&shown["kind"], &shown["phase"]), (&json!("scored"), &json!("settled")));
    assert_eq!(shown["winner"], "Kessler Roads", "{shown}");
    assert_eq!((&shown["verified"], &shown["correct"]), (&json!(true), &json!(true)));
    assert_eq!((&shown["complaints"], &shown["refused"]), (&json!([]), &json!([])));
    assert_eq!((&shown["bids"], &shown["signed_by"]), (&json!(4), &json!([1, 2, 3])));
    // What the model says of the four sheets, computed apart from the program.
    let files = [("Nordweg", 0.638_194), ("Brandt & Sons", 0.798_620)];
    let files =
        files.into_iter().chain([("Kessler Roads", 0.864_917), ("Sleet Brothers", 0.182_426)]);
    let mut handicaps = Vec::new();
    for (number, (name, expected)) in (1..).zip(files) {
        let path = kept.join(format!("bidders/{number}/score.json"));
        let told = ok(&folder.path().join("nobody"), &["score", "--check", path.to_str().unwrap()]);
        let score = told["score"].as_f64().unwrap();
        assert!((score - expected).abs() < 0.01, "{name}: {score}");
        assert!(progress.contains(&format!("{name} has a score of 0.")), "{progress}");
        handicaps.push(2_000_000.0 * (1.0 - score));
    }
    // The price at which the winner would have tied with Nordweg.
    let price = shown["price"].as_f64().unwrap();
    assert!((price - (8_740_000.0 + handicaps[0] - handicaps[2])).abs() < 10.0, "{price}");
    assert!(shown["price_text"].as_str().unwrap().starts_with("91 9"), "{shown}");
    // Prices of those who lost are nobody's business, and sheets go to no server.
    let record = fs::read_to_string(kept.join("record.json")).unwrap();
    for secret in ["87400", "93250", "84990", "on_time", "score.onnx"] {
        assert!(!progress.contains(secret) && !record.contains(secret), "{secret}");
    }
    // The auction's terms count scores of the model that was made here.
    let roster = kept.join("roster.json");
    let (record, roster) = (kept.join("record.json"), roster.to_str().unwrap());
    let words = ["verify", record.to_str().unwrap(), "--roster", roster];
    let verified = ok(&folder.path().join("nobody"), &words);
    assert_eq!(verified["outcome"]["winner"]["bidder"], "Kessler Roads");
    assert_eq!(verified["pinned"], true);

    // What only a demo leaves out.
    let nobody = folder.path().join("nobody");
    let words = ["session", "plan", "sessions/scored.toml", "--bids", "9", "--nodes", "3"];
    let (kind, detail) = fails(&nobody, &words, 1);
    assert_eq!(kind, "bad-terms");
    assert!(detail.contains("scores.model: say whose scores count"), "{detail}");
    // A real auction says it, and is planned.
    let text = fs::read_to_string("sessions/scored.toml").unwrap();
    let (digits, key) = ("ab".repeat(32), "A".repeat(43));
    let whose = format!("[scores]\nmodel = \"{digits}\"\nowner = \"{key}\"\nroster = \"{digits}\"");
    let real = folder.path().join("real.toml");
    fs::write(&real, text.replace("[scores]", &whose)).unwrap();
    let words = ["session", "plan", real.to_str().unwrap(), "--bids", "9", "--nodes", "3"];
    let planned = ok(&nobody, &words);
    assert_eq!((&planned["bids"], &planned["nodes"]), (&json!(9), &json!(3)), "{planned}");
    assert!(planned["rounds"].as_u64().unwrap() > 10, "{planned}");
    let (kind, detail) = fails(&nobody, &["demo", "--bids", "9", "sessions/scored.toml"], 2);
    assert!(kind == "usage" && detail.contains("no data sheets can be made up"), "{detail}");
}

/// Whether a file below a folder, databases among them, has these bytes.
fn anywhere(folder: &Path, bytes: &[u8], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            anywhere(&path, bytes, found);
        } else if fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes) {
            found.push(path.display().to_string());
        }
    }
}

/// Ask until the dealers have a batch ready.
fn scored(home: &Path, words: &[&str]) -> Value {
    for _ in 0..600 {
        let output = gavel().arg("--json").arg("--home").arg(home).args(words).output().unwrap();
        let told = result(&output);
        if output.status.success() {
            return told;
        }
        assert_eq!(told["error"]["type"], json!("no-material"), "{told}");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    panic!("no batch was made")
}

#[test]
fn an_owner_and_its_clients_between_processes() {
    let town = Town::found("auctioneer").running();
    // The buyer runs the coordinator as well, and so may announce models.
    let owner = town.lead();
    ok(&owner, &["init", "bidder", "--name", "buyer"]);
    add_offers(&town, &owner);
    // The same for the owner alone.
    add_model(&town, &owner, "ratings", "learner = \"owner\"\n");
    let client = town.add_bidder("supplier");
    let stranger = town.add_bidder("stranger");
    let settings = fs::read_to_string(client.join("gavel.toml")).unwrap();
    let settings: toml::Table = settings.parse().unwrap();
    let key = settings["bidder"]["key"].as_str().unwrap();
    let mut serving = Owner::serve(&owner, &["--stock", "2", "--client", key]);

    let sheet = "name,h,g,f,e,d,c,b,a\nus,0.7123456,-0.1234567,0.25,0.5,0,-0.9871234,0.3,0.1\n";
    let sheet = town.file("sheet.csv", sheet);
    let at = &serving.address.clone();
    let words = ["score", "offers", "--from", &sheet, "--at", at];
    let first = scored(&client, &words);
    assert_eq!((&first["signed"], &first["name"]), (&json!(true), &json!("offers")));
    let receipt = first["file"].as_str().unwrap();
    let checked = ok(&client, &["score", "--check", receipt]);
    assert_eq!((&checked["score"], &checked["batch"]), (&first["score"], &first["batch"]));
    assert!(checked["trusted"].is_string());
    // The owner has the same receipt.
    let own = owner.join("scores").join(Path::new(receipt).file_name().unwrap());
    assert_eq!(fs::read(own).unwrap(), fs::read(receipt).unwrap());
    // Another batch, the same score but for what precision allows.
    let second = scored(&client, &words);
    assert_ne!(first["batch"], second["batch"]);
    let apart = first["score"].as_f64().unwrap() - second["score"].as_f64().unwrap();
    assert!(apart.abs() < 0.01, "{apart}");
    // The owner tells what both have learnt, and what it alone has.
    let owners = serving.told(&second["batch"]);
    assert_eq!((&owners["score"], &owners["signed"]), (&second["score"], &json!(true)));
    assert_eq!((&owners["values"], &owners["fraction"]), (&second["values"], &second["fraction"]));
    let alone = scored(&client, &["score", "ratings", "--from", &sheet, "--at", at]);
    assert_eq!((&alone["score"], &alone["values"]), (&Value::Null, &Value::Null));
    let owners = serving.told(&alone["batch"]);
    assert_eq!((&owners["signed"], &owners["client"]), (&json!(false), &json!(key)));
    let apart = first["score"].as_f64().unwrap() - owners["score"].as_f64().unwrap();
    assert!(apart.abs() < 0.01, "{apart}");
    let scale = 2_f64.powf(owners["fraction"].as_f64().unwrap());
    let real = owners["values"][0].as_f64().unwrap() / scale;
    assert!((real - owners["score"].as_f64().unwrap()).abs() < 1e-9, "{owners}");

    // What is announced is listed with its stock, from any home that knows the coordinator.
    let listed = ok(&client, &["model", "list"]);
    assert_eq!(listed["models"], json!([]));
    let announced = listed["announced"].as_array().unwrap();
    let announced = announced.iter().find(|model| model["name"] == "offers").unwrap();
    assert_eq!(announced["sizes"], json!("8-6-4-1"));
    assert_eq!(announced["stock"]["target"], json!(2), "{announced}");
    let text = gavel().args(["model", "list", "--home"]).arg(&owner).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("Announced") && text.contains(" of 2"), "{text}");
    assert_eq!(ok(&client, &["model", "list", "--own"])["announced"], Value::Null);

    // A cell that cannot be used, before anything goes out.
    let bad = town.file("bad.csv", "h,g,f,e,d,c,b,a\n0,0,0,0,0,0,0,7\n");
    let (kind, detail) = fails(&client, &["score", "offers", "--from", &bad, "--at", at], 1);
    assert_eq!(kind, "bad-sheet");
    assert!(detail.contains("line 2, column 8 (a) is larger, in size, than 1"), "{detail}");
    let (kind, detail) = fails(&client, &["score", "loans", "--from", &sheet, "--at", at], 1);
    assert_eq!(kind, "no-such-model");
    assert!(detail.contains("it has offers"), "{detail}");

    // Of the sheet there is nothing but in the client's own file, of the weights nothing at all.
    let mut found = Vec::new();
    anywhere(town.folder.path(), b"0.7123456", &mut found);
    assert_eq!(found.len(), 1, "{found:?}");
    for planted in [0.712_345_6_f64, -0.987_123_4] {
        anywhere(town.folder.path(), &planted.to_le_bytes(), &mut found);
    }
    let weights = fs::read(model("small.safetensors")).unwrap();
    anywhere(town.folder.path(), &weights[weights.len() - 8..], &mut found);
    assert_eq!(found.len(), 1, "{found:?}");

    // Who is not on the owner's list is turned away, and told so.
    let turned = loop {
        let words = ["score", "offers", "--from", &sheet, "--at", at];
        let output =
            gavel().arg("--json").arg("--home").arg(&stranger).args(words).output().unwrap();
        let told = result(&output);
        if told["error"]["type"] != json!("no-material") {
            break told;
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
    };
    assert_eq!(turned["error"]["type"], json!("no-score"), "{turned}");
    assert!(turned["error"]["detail"].as_str().unwrap().contains("ask it to admit the key"));

    // The coordinator's operator takes the model back.
    let (kind, detail) = fails(&owner, &["model", "withdraw", "offers"], 2);
    assert!(kind == "usage" && detail.contains("add --yes"), "{detail}");
    let (kind, _) = fails(&owner, &["model", "withdraw", "loans", "--yes"], 1);
    assert_eq!(kind, "no-such-model");
    let withdrawn = ok(&owner, &["model", "withdraw", "offers", "--yes"]);
    assert_eq!(
        (&withdrawn["name"], &withdrawn["withdrawn"]),
        (&json!("offers"), &announced["model"])
    );
    let names = || {
        let listed = ok(&client, &["model", "list"]);
        let announced = listed["announced"].as_array().unwrap().iter();
        announced.map(|model| model["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(), ["ratings"]);

    // It stops when it is asked to.
    let id = serving.child.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    assert!(serving.child.wait().unwrap().success());
    // Serving it anew announces it again.
    drop(Owner::serve(&owner, &["--stock", "1", "--anyone"]));
    assert!(names().contains(&"offers".to_owned()));
    let removed = ok(&owner, &["model", "remove", "offers"]);
    assert_eq!(removed["taken_back"], json!(true), "{removed}");
}
