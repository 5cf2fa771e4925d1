//! What jobs tell one node, or the client, alone, from the command line; and jobs posted by a program that
//! is not this one.

use std::fs;

use gavel::identity::key_file::CoordinatorKeys;
use serde_json::{Value, json};

use super::job::{demo, steps_of};
use crate::common::town::Town;
use crate::common::{fails, ok, stderr};

/// One step is for node 2 alone and one for the client alone.
const APART: &str = "title = \"Apart\"\nkind = \"job\"\nfield = \"2^127-1\"\nbids_until = \"10m\"\n\
    [[steps]]\nid = \"x\"\noperation = \"assign\"\nvariable = \"x\"\nfrom = \"ada\"\nbits = 32\n\
    value = \"40007\"\n\
    [[steps]]\nid = \"y\"\noperation = \"assign\"\nvariable = \"y\"\nfrom = \"ada\"\nbits = 32\n\
    value = \"50021\"\n\
    [[steps]]\nid = \"sum\"\noperation = \"add\"\nvariable = \"sum\"\n\
    operand1 = \"x\"\noperand2 = \"y\"\n\
    [[steps]]\nid = \"product\"\noperation = \"multiply\"\nvariable = \"product\"\n\
    operand1 = \"x\"\noperand2 = \"y\"\n\
    [[steps]]\nid = \"2 learns\"\noperation = \"reveal\"\nvariable = \"sum\"\nto = \"node 2\"\n\
    [[steps]]\nid = \"client learns\"\noperation = \"reveal\"\nvariable = \"product\"\n\
    to = \"client\"\n";

/// Told apart: by the file, and by the JSON with a node's number; who runs the job reads what is for the
/// client, the node's operator what is for the node, and nobody else either.
#[test]
fn what_is_for_one_alone_is_read_with_its_key_alone() {
    let town = Town::found("lead").running();
    let lead = town.lead();
    ok(&lead, &["init", "bidder", "--name", "ada"]);
    ok(&lead, &["roster", "pin", town.digest()]);
    let file = town.file("apart.toml", APART);
    let shown = ok(&lead, &["job", "run", &file]);
    let (product, sum) = ("2001190147", "90028");
    assert_eq!(shown["told"], json!({"client": {"product": product}}));
    let apart = json!([
        {"variable": "sum", "to": "node 2"}, {"variable": "product", "to": "client"},
    ]);
    assert_eq!((&shown["revealed"], &shown["apart"]), (&json!({}), &apart));
    let id = shown["job"].as_str().unwrap();
    let later = ok(&lead, &["job", "status", id]);
    assert_eq!((&later["told"], &later["phase"]), (&shown["told"], &json!("settled")));
    let own = ok(&lead, &["job", "result", id]);
    assert_eq!((&own["told"], &own["faults"]), (&shown["told"], &json!([])));
    // The operator of node 2; others are told that there is nothing for them.
    let south = ok(&town.home("south"), &["job", "result", id]);
    assert_eq!(south["told"], json!({"node 2": {"sum": sum}}));
    assert_eq!(ok(&town.home("south"), &["job", "status", id])["told"], Value::Null);
    let (kind, _) = fails(&town.home("north"), &["job", "result", id], 1);
    assert_eq!(kind, "nothing-apart");
    let other = town.home("other");
    ok(&other, &["init", "bidder", "--name", "cyd"]);
    town.give_roster("other");
    fs::copy(lead.join("coordinator.key"), other.join("coordinator.key")).unwrap();
    let (kind, _) = fails(&other, &["job", "result", id], 1);
    assert_eq!(kind, "nothing-apart");
    // Neither is anywhere in a server's files.
    for name in ["lead", "north", "south", "west"] {
        for file in fs::read_dir(town.home(name)).unwrap() {
            let path = file.unwrap().path();
            let content = if path.is_file() { fs::read(&path).unwrap() } else { continue };
            let has =
                |text: &str| content.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!has(product), "{}", path.display());
        }
    }
    // The record says what is told to whom, and checks offline.
    let record = town.folder.path().join("record.json");
    let record = record.to_str().unwrap();
    ok(&lead, &["session", "show", id, "--record", record]);
    ok(&lead, &["verify", record]);

    // The JSON of the older system names the node by its number.
    let step = |id: &str, variable: &str, value: u64| {
        json!({"step_id": id, "operation": "assign", "variable_name": variable, "from": "ada",
               "bits": 16, "value": value})
    };
    let older = json!({"name": "Older", "field": "2^61-1", "steps": [
        step("1", "a", 6), step("2", "b", 7),
        {"step_id": "3", "operation": "multiply", "variable_name": "c", "operand1": "a",
         "operand2": "b"},
        {"step_id": "4", "operation": "reveal", "variable_name": "c", "destination_node": 3},
    ]});
    let older = town.file("older.json", &older.to_string());
    let shown = ok(&lead, &["job", "run", &older]);
    assert_eq!((&shown["told"], &shown["revealed"]), (&Value::Null, &json!({})));
    let id = shown["job"].as_str().unwrap();
    let west = ok(&town.home("west"), &["job", "result", id]);
    assert_eq!(west["told"], json!({"node 3": {"c": "42"}}));
    let (kind, _) = fails(&lead, &["job", "result", id], 1);
    assert_eq!(kind, "nothing-apart");

    // A demo plays everybody, and reads with all keys.
    let played = demo(&[&file]);
    let all = json!({"client": {"product": product}, "node 2": {"sum": sum}});
    assert_eq!((&played["told"], &played["revealed"]), (&all, &json!({})));
}

/// The program that asks is `curl`, with JSON written by hand.
fn curl(town: &Town, words: &[&str], path: &str) -> Value {
    let keys = CoordinatorKeys::load(&town.lead().join("coordinator.key"), None).unwrap();
    let now = gavel::base::Clock::System.now();
    let token = gavel::identity::token::issue(&keys.identity, &keys.identity.public(), now);
    let token = format!("Authorization: Bearer {}", token.unwrap().expose());
    let url = format!("https://{}{path}", town.address());
    let output = std::process::Command::new("curl")
        .args(["--silent", "--show-error", "--insecure", "--max-time", "20", "--header", &token])
        .args(words)
        .arg(&url)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", stderr(&output));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The known answers of the systems that came before, by a program that is not this one. Only the values
/// are handed in by this one, which splits them.
#[test]
fn the_known_answers_come_by_an_ordinary_http_client() {
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl on this machine");
        return;
    }
    let town = Town::found("lead").running();
    let lead = town.lead();
    ok(&lead, &["init", "bidder", "--name", "client"]);
    ok(&lead, &["roster", "pin", town.digest()]);
    let job = r#"{"name": "known answers", "field": "2^61-1", "steps": [
        {"step_id": "a", "operation": "assign", "variable_name": "a", "variable_type": "shard", "bits": 8},
        {"step_id": "b", "operation": "assign", "variable_name": "b", "variable_type": "shard", "bits": 8},
        {"step_id": "c", "operation": "assign", "variable_name": "c", "variable_type": "shard", "bits": 8},
        {"step_id": "1", "operation": "add", "variable_name": "sum", "operand1": "a", "operand2": "b"},
        {"step_id": "2", "operation": "multiply", "variable_name": "product", "operand1": "a", "operand2": "b"},
        {"step_id": "3", "operation": "subtract", "variable_name": "two", "operand1": "sum", "operand2": "c"},
        {"step_id": "4", "operation": "multiply", "variable_name": "more", "operand1": "b", "operand2": "sum"},
        {"step_id": "5", "operation": "reveal", "variable_name": "sum", "dependencies": ["1"]},
        {"step_id": "6", "operation": "reveal", "variable_name": "product", "dependencies": ["2"]},
        {"step_id": "7", "operation": "reveal", "variable_name": "two", "dependencies": ["3"]},
        {"step_id": "8", "operation": "reveal", "variable_name": "more", "dependencies": ["4"]},
        {"step_id": "9", "operation": "reveal", "variable_name": "more", "destination_node": 2}
    ]}"#;
    let body = ["--header", "Content-Type: application/json", "--data", job];
    let key = ["--header", "Idempotency-Key: known"];
    let posted = curl(&town, &[&body[..], &key].concat(), "/v1/jobs");
    let id = posted["job"].as_str().unwrap_or_else(|| panic!("{posted}")).to_owned();
    assert_eq!((&posted["phase"], &posted["missing"]), (&json!("open"), &json!(["client"])));
    // The same again is the same job; other content under the key is refused.
    assert_eq!(curl(&town, &[&body[..], &key].concat(), "/v1/jobs")["job"], json!(id));
    let other = job.replace("known answers", "others");
    let other = ["--header", "Content-Type: application/json", "--data", &other];
    let refused = curl(&town, &[&other[..], &key].concat(), "/v1/jobs");
    assert_eq!(refused["status"], json!(409), "{refused}");
    // A plain value is not taken, whatever else the job says.
    let plain = job.replacen("\"bits\": 8", "\"bits\": 8, \"value\": 4", 1);
    let plain = ["--header", "Content-Type: application/json", "--data", &plain];
    let refused = curl(&town, &plain, "/v1/jobs");
    assert_eq!(refused["type"], json!("urn:gavel:bad-terms"), "{refused}");

    ok(&lead, &["bid", &id, "--amount", "a = 4, b = 5, c = 7"]);
    ok(&lead, &["session", "close", &id]);
    let path = format!("/v1/jobs/{id}");
    let begun = std::time::Instant::now();
    let settled = loop {
        let shown = curl(&town, &[], &path);
        if shown["phase"] == "settled" {
            break shown;
        }
        assert!(begun.elapsed().as_secs() < 60, "{shown}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let expected = json!({"sum": "9", "product": "20", "two": "2", "more": "45"});
    assert_eq!((&settled["revealed"], steps_of(&settled, "completed")), (&expected, 12));
    assert_eq!(settled["apart"], json!([{"variable": "more", "to": "node 2"}]));
    // What is for node 2 comes sealed.
    let letters = curl(&town, &[], &format!("/v1/sessions/{id}/letters/1"));
    assert_eq!(letters["body"]["letters"][0]["to"], json!({"node": 2}), "{letters}");
    assert_eq!(letters["body"]["letters"].as_array().unwrap().len(), 1);
}
