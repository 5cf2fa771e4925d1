//! Stored variables on their way to the nodes of another roster, while servers are killed, jobs want them,
//! and one node's operator has not pinned the new roster.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rosters::change;
use crate::common::town::Town;
use crate::common::{fails, free_address, gavel, ok, result};

/// A job that keeps two variables.
const FIRST: &str = "title = \"First\"\nkind = \"job\"\nfield = \"2^61-1\"\nbids_until = \"10m\"\n\
    keep = [\"x\", \"y\"]\n\
    [[steps]]\nid = \"x\"\noperation = \"assign\"\nvariable = \"x\"\nfrom = \"ada\"\nbits = 8\n\
    value = \"4\"\n\
    [[steps]]\nid = \"y\"\noperation = \"assign\"\nvariable = \"y\"\nfrom = \"ada\"\nbits = 8\n\
    value = \"5\"\n";

/// One that reveals their sum.
fn sum() -> Value {
    json!({"name": "Sum", "field": "2^61-1", "steps": [
        {"step_id": "1", "operation": "load", "variable_name": "x"},
        {"step_id": "2", "operation": "load", "variable_name": "y"},
        {"step_id": "3", "operation": "add", "variable_name": "sum", "operand1": "x", "operand2": "y"},
        {"step_id": "4", "operation": "reveal", "variable_name": "sum"},
    ]})
}

/// Have the lead of a town run the job that keeps two variables; the file of the one that reveals their sum.
pub fn kept(town: &Town) -> String {
    let lead = town.lead();
    ok(&lead, &["init", "bidder", "--name", "ada"]);
    ok(&lead, &["roster", "pin", town.digest()]);
    let first = town.file("first.toml", FIRST);
    assert_eq!(ok(&lead, &["job", "run", &first])["kept"], json!(["x", "y"]));
    town.file("sum.json", &sum().to_string())
}

/// Wait for something that takes a while.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{what} does not come");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What the coordinator says to a question, while it is there.
pub fn asked(town: &Town, words: &[&str]) -> Option<Value> {
    let output = gavel().arg("--json").args(words).arg("--home").arg(town.lead()).output().unwrap();
    output.status.success().then(|| result(&output))
}

/// Four nodes become five. The fifth holds nothing yet, and the fourth still serves under the roster
/// before; messages are slow. Meanwhile a job that wants a variable is refused, and servers are killed.
#[test]
fn a_dealing_to_another_roster_goes_on_after_kills_and_no_job_comes_between() {
    let four = ["north", "south", "west", "east"];
    let mut town = Town::of(&four, 1, "lead").slow(150).running();
    let lead = town.lead();
    let sum = kept(&town);
    let far = town.home("far");
    ok(&far, &["init", "node", "--name", "far", "--address", &free_address()]);

    // Everybody pins the new roster but the operator of east.
    let kept = std::fs::read(town.roster_of("east")).unwrap();
    let settings = std::fs::read(town.home("east").join("gavel.toml")).unwrap();
    let digest = change(&town, &["north", "south", "west", "east", "far"], 1);
    std::fs::write(town.roster_of("east"), kept).unwrap();
    std::fs::write(town.home("east").join("gavel.toml"), settings).unwrap();
    for name in ["lead", "north", "south", "west"] {
        town.restart(name);
    }
    town.start("far");

    let mut dealing = gavel()
        .args(["--json", "variable", "refresh", "--all", "--home"])
        .arg(&lead)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let job = until("the dealing", || {
        let jobs = asked(&town, &["job", "list"])?["jobs"].clone();
        let dealing =
            jobs.as_array()?.iter().find(|job| job["steps"][1]["operation"] == "refresh")?;
        Some(dealing["job"].as_str()?.to_owned())
    });
    until("an attempt", || {
        let shown = asked(&town, &["session", "show", &job])?;
        (!shown["attempts"].as_array()?.is_empty()).then_some(())
    });
    // Nothing comes between: what is stored is the nodes' of before, and on its way.
    let (_, detail) = fails(&lead, &["job", "run", &sum], 1);
    assert!(detail.contains("is under way") || detail.contains("earlier roster"), "{detail}");
    town.kill("south");
    town.kill("lead");
    dealing.wait().unwrap();
    town.start("lead");
    town.kill("far");
    town.start("south");
    town.start("far");
    let settled = until("the end of the dealing", || {
        let shown = asked(&town, &["job", "status", &job])?;
        assert!(shown["phase"] != "failed", "{shown}");
        (shown["phase"] == "settled").then_some(shown)
    });
    assert_eq!(settled["refreshed"], json!(["x", "y"]));
    let known = ok(&lead, &["variable", "show", "x"]);
    assert_eq!((&known["roster"], &known["variable"]["generation"]), (&json!(digest), &json!(1)));

    // East was told nothing of it: it serves under its own roster, and refuses those of the new one.
    let shares = |node: &str| {
        let words = ["variable", "list", "--node", node];
        asked(&town, &words).map(|told| told["variables"][0]["share"].clone())
    };
    // Who was not seen to be back in time gets its share the next time.
    until("a share of each", || {
        let has = |node: &str| shares(node) == Some(json!(true));
        if ["1", "2", "3", "5"].into_iter().all(has) {
            return Some(());
        }
        asked(&town, &["variable", "refresh", "--all"]).and(None)
    });
    let told = asked(&town, &["variable", "list", "--node", "4"]).unwrap();
    assert_eq!(
        told["variables"][0]["variable"]["generation"],
        json!(0),
        "it has not pinned the roster"
    );
    // Among those who have them the values are as before.
    assert_eq!(ok(&lead, &["job", "run", &sum])["revealed"], json!({"sum": "9"}));

    // Once its operator has pinned it, east is dealt shares as well.
    let file = town.roster_of("lead");
    ok(&town.home("east"), &["roster", "pin", &digest, file.to_str().unwrap(), "--replace"]);
    town.restart("east");
    until("a share of east", || {
        ok(&lead, &["variable", "refresh", "--all"]);
        let words = ["variable", "list", "--node", "4"];
        (asked(&town, &words)?["variables"][0]["share"] == json!(true)).then_some(())
    });
    town.kill("north");
    assert_eq!(ok(&lead, &["job", "run", &sum])["revealed"], json!({"sum": "9"}));
}
