//! Jobs: `gavel demo` of them, as session files and as the JSON of the older system; and jobs that
//! are run, with variables that stay.

use std::fs;

use serde_json::{Value, json};

use crate::common::town::Town;
use crate::common::{fails, gavel, ok, result, stderr};

pub fn demo(words: &[&str]) -> Value {
    let output = gavel().args(["demo", "--headless", "--json"]).args(words).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    result(&output)
}

pub fn steps_of(shown: &Value, status: &str) -> usize {
    let steps = shown["steps"].as_array().unwrap();
    steps.iter().filter(|step| step["status"] == status).count()
}

#[test]
fn a_score_over_the_data_of_three_banks() {
    let shown = demo(&["sessions/job.toml"]);
    assert_eq!((&shown["kind"], &shown["phase"]), (&json!("job"), &json!("settled")));
    assert_eq!((&shown["verified"], &shown["security"]), (&json!(true), &json!("active")));
    // 320000 / 685 is 467; 17 years at 20 points are 340.
    assert_eq!(shown["revealed"], json!({"score": "807"}));
    assert_eq!(shown["correct"], json!(true));
    assert_eq!((steps_of(&shown, "completed"), steps_of(&shown, "failed")), (15, 0));
    assert_eq!(shown["steps"][0], json!({"id": "north's income", "status": "completed"}));
}

#[test]
fn what_nobody_hands_in_fails_alone() {
    let shown = demo(&["sessions/job.toml", "--bids", "2"]);
    assert_eq!(shown["phase"], json!("settled"));
    assert_eq!(shown["revealed"], json!({"score": null}));
    let years = shown["steps"].as_array().unwrap().iter().find(|step| step["id"] == "years");
    let reason = "failed: \"Bank East\" handed nothing in";
    assert_eq!(years, Some(&json!({"id": "years", "status": "failed", "reason": reason})));
    assert_eq!(steps_of(&shown, "failed"), 5);
}

#[test]
fn the_json_of_the_older_system_gives_its_known_answers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.json");
    let assign = |variable: &str, value: u64| {
        json!({
            "step_id": format!("set_{variable}"), "operation": "assign", "destination_node": 1,
            "variable_name": variable, "variable_type": "shard", "value": value,
        })
    };
    let two = |operation: &str, result: &str, x: &str, y: &str| {
        json!({
            "step_id": result, "operation": operation, "variable_name": result,
            "operand1": x, "operand2": y, "dependencies": ["set_a", "set_b"],
        })
    };
    let reveal = |variable: &str| {
        json!({
            "step_id": format!("show_{variable}"), "operation": "reveal",
            "variable_name": variable, "dependencies": [variable],
        })
    };
    let job = json!({"name": "known answers", "steps": [
        assign("a", 4), assign("b", 5), assign("c", 7),
        two("add", "sum", "a", "b"), two("multiply", "product", "a", "b"),
        two("subtract", "two", "sum", "c"), two("multiply", "more", "b", "sum"),
        reveal("sum"), reveal("product"), reveal("two"), reveal("more"),
    ]});
    fs::write(&file, job.to_string()).unwrap();
    let shown = demo(&[file.to_str().unwrap(), "--nodes", "5", "--threshold", "2"]);
    let expected = json!({"sum": "9", "product": "20", "two": "2", "more": "45"});
    assert_eq!((&shown["revealed"], &shown["correct"]), (&expected, &json!(true)));
    assert_eq!(steps_of(&shown, "completed"), 11);
}

/// Everything from the command line: jobs that are run, what they keep, and what is forgotten.
#[test]
fn jobs_are_run_and_variables_stay_until_they_are_forgotten() {
    let town = Town::found("north").running();
    let north = town.home("north");
    ok(&north, &["init", "bidder", "--name", "ada"]);
    ok(&north, &["roster", "pin", town.digest()]);
    let first = "title = \"First\"\nkind = \"job\"\nfield = \"2^61-1\"\nbids_until = \"10m\"\n\
        keep = [\"x\", \"y\"]\n\
        [[steps]]\nid = \"x\"\noperation = \"assign\"\nvariable = \"x\"\nfrom = \"ada\"\nbits = 8\n\
        value = \"4\"\n\
        [[steps]]\nid = \"y\"\noperation = \"assign\"\nvariable = \"y\"\nfrom = \"ada\"\nbits = 8\n\
        value = \"5\"\n\
        [[steps]]\nid = \"less\"\noperation = \"less-than\"\nvariable = \"less\"\n\
        operand1 = \"x\"\noperand2 = \"y\"\n\
        [[steps]]\nid = \"show\"\noperation = \"reveal\"\nvariable = \"less\"\n";
    let first = town.file("first.toml", first);
    let shown = ok(&north, &["job", "run", &first]);
    assert_eq!((&shown["phase"], &shown["revealed"]), (&json!("settled"), &json!({"less": "1"})));
    assert_eq!(shown["kept"], json!(["x", "y"]));
    assert_eq!(steps_of(&shown, "completed"), 4);
    let id = shown["job"].as_str().unwrap();
    assert_eq!(ok(&north, &["job", "status", id])["steps"], shown["steps"]);

    // The JSON of the older system, over what is stored. Nobody hands anything in.
    let later = json!({"name": "Later", "field": "2^61-1", "steps": [
        {"step_id": "1", "operation": "load", "variable_name": "x"},
        {"step_id": "2", "operation": "load", "variable_name": "y"},
        {"step_id": "3", "operation": "add", "variable_name": "sum", "operand1": "x", "operand2": "y"},
        {"step_id": "4", "operation": "reveal", "variable_name": "sum"},
    ]});
    let later = town.file("later.json", &later.to_string());
    assert_eq!(ok(&north, &["job", "run", &later])["revealed"], json!({"sum": "9"}));
    let listed = ok(&north, &["job", "list"])["jobs"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2);

    let names = |words: &[&str]| -> Vec<String> {
        let all = ok(&north, words)["variables"].clone();
        let name = |line: &Value| line["variable"]["name"].as_str().unwrap().to_owned();
        all.as_array().unwrap().iter().map(name).collect()
    };
    assert_eq!(names(&["variable", "list"]), ["x", "y"]);
    let own = ok(&north, &["variable", "list", "--node", "2"])["variables"].clone();
    assert_eq!(own[0]["share"], json!(true));
    let x = ok(&north, &["variable", "show", "x"]);
    assert_eq!((&x["variable"]["range"], &x["session"]), (&json!("0..=255"), &json!(id)));
    fails(&north, &["variable", "show", "z"], 1);
    // Dealt anew, by one job, since one job made both.
    let anew = ok(&north, &["variable", "refresh", "--all"])["jobs"].clone();
    let jobs = anew.as_array().unwrap();
    assert_eq!((jobs.len(), &jobs[0]["refreshed"]), (1, &json!(["x", "y"])));
    let fresh = ok(&north, &["variable", "show", "x"]);
    assert_eq!((&fresh["variable"]["generation"], &fresh["session"]), (&json!(1), &json!(id)));
    assert_eq!((&fresh["dealt"], &fresh["made"]), (&jobs[0]["job"], &x["made"]));
    assert!(fresh["version"] != x["version"] && fresh["refreshed"] != x["refreshed"]);
    ok(&north, &["variable", "refresh", "x"]);
    assert_eq!(ok(&north, &["variable", "show", "x"])["variable"]["generation"], json!(2));
    assert_eq!(ok(&north, &["variable", "show", "y"])["variable"]["generation"], json!(1));
    fails(&north, &["variable", "refresh"], 2);
    let (_, detail) = fails(&north, &["variable", "refresh", "x", "z"], 1);
    assert!(detail.contains("no variable \"z\" is stored"), "{detail}");
    assert_eq!(ok(&north, &["job", "run", &later])["revealed"], json!({"sum": "9"}));
    ok(&north, &["variable", "forget", "x", "--yes"]);
    assert_eq!(names(&["variable", "list"]), ["y"]);
    let (_, detail) = fails(&north, &["job", "run", &later], 1);
    assert!(detail.contains("no variable \"x\" is stored"), "{detail}");

    // A session file may name what is stored; what it leaves open is filled in before it is checked.
    let sale = |variable: &str| {
        let text = format!(
            "title = \"Sale\"\nkind = \"second-price\"\ncurrency = \"EUR\"\ndecimals = 2\n\
             bids_until = \"10m\"\nreserve = {{ variable = \"{variable}\" }}\n"
        );
        town.file("sale.toml", &text)
    };
    let (_, detail) = fails(&north, &["session", "new", "--open", &sale("x")], 1);
    assert!(detail.contains("no variable \"x\" is stored"), "{detail}");
    let open = ok(&north, &["session", "new", "--open", &sale("y")])["session"].clone();
    ok(&north, &["session", "cancel", "--yes", open.as_str().unwrap()]);

    // Values that no step takes are refused before anything is opened.
    let others = fs::read_to_string(&first).unwrap().replace("from = \"ada\"", "from = \"ben\"");
    let others = town.file("others.toml", &others);
    let values = town.file("values", "x = 4, y = 5\n");
    let (_, detail) = fails(&north, &["job", "run", &others, "--values", &values], 2);
    assert!(detail.contains("no step takes a value from \"ada\""), "{detail}");
    assert_eq!(ok(&north, &["job", "list"])["jobs"].as_array().unwrap().len(), 6);

    // One that waits for somebody is called off.
    let waits = fs::read_to_string(&first).unwrap().replace("from = \"ada\"", "from = \"ben\"");
    let waits = waits.replace("keep = [\"x\", \"y\"]", "keep = [\"x\"]");
    let waits = town.file("waits.toml", &waits);
    let open = ok(&north, &["session", "new", "--open", &waits])["session"].clone();
    let open = open.as_str().unwrap();
    let (kind, _) = fails(&north, &["job", "cancel", open], 1);
    assert_eq!(kind, "not-confirmed", "nobody was there to ask");
    assert_eq!(ok(&north, &["job", "status", open])["missing"], json!(["ben"]));
    let called = ok(&north, &["job", "cancel", open, "--yes"]);
    assert_eq!((&called["phase"], steps_of(&called, "failed")), (&json!("cancelled"), 4));
}

/// A demo keeps what its file has stored, and the session loads it.
#[test]
fn a_demo_stores_what_its_file_says_before() {
    let shown = demo(&["sessions/secret-reserve.toml"]);
    assert_eq!((&shown["winner"], &shown["price"]), (&json!("ada"), &json!(101_000)));
    // The reserve is the price only where no other bid reaches it.
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let sale = fs::read_to_string("sessions/secret-reserve.toml").unwrap();
    let high = file("high.toml", &sale.replace("900.00", "1100"));
    let shown = demo(&[&high]);
    assert_eq!((&shown["winner"], &shown["price"]), (&json!("ada"), &json!(110_000)));

    let job = "title = \"Twice\"\nkind = \"job\"\nbids_until = \"1m\"\n\
        [roster]\nnodes = 3\nthreshold = 1\n[stored]\ncost = 21\n\
        [[steps]]\nid = \"1\"\noperation = \"load\"\nvariable = \"x\"\nstored = \"cost\"\n\
        [[steps]]\nid = \"2\"\noperation = \"scale\"\nvariable = \"twice\"\n\
        operand1 = \"x\"\nfactor = \"2\"\n\
        [[steps]]\nid = \"3\"\noperation = \"reveal\"\nvariable = \"twice\"\n";
    let shown = demo(&[&file("twice.toml", job)]);
    assert_eq!(shown["revealed"], json!({"twice": "42"}));

    let told = |text: &str| {
        let path = file("wrong.toml", text);
        let output = gavel().args(["demo", "--headless", &path]).output().unwrap();
        assert!(!output.status.success());
        stderr(&output)
    };
    let unused = told(&job.replace("cost = 21", "cost = 21\nother = 3"));
    assert!(unused.contains("\"other\", which nothing in the file loads"), "{unused}");
    let missing = told(&job.replace("cost = 21", ""));
    assert!(missing.contains("no variable \"cost\" is stored"), "{missing}");
}

/// Where the terms name everybody and nobody else can take a name, the job goes on by itself as soon as
/// all are in; until then it says who is missing.
#[test]
fn a_job_of_several_closes_when_all_have_handed_in() {
    let town = Town::of(&["node1", "node2", "node3"], 1, "house").running();
    let cards = ["ada", "ben"].map(|name| {
        let home = town.home(name);
        let card = ok(&home, &["init", "bidder", "--name", name]);
        town.give_roster(name);
        ok(&home, &["roster", "pin", town.digest()]);
        json!({"name": name, "key": card["key"]})
    });
    let bidders = town.file("bidders.json", &json!(cards).to_string());
    let house = town.lead();
    let job = "title = \"Sum\"\nkind = \"job\"\nbids_until = \"1h\"\nadmission = \"listed\"\n\
        replace_bids = true\n\
        [[steps]]\nid = \"a\"\noperation = \"assign\"\nvariable = \"a\"\nfrom = \"ada\"\nbits = 8\n\
        [[steps]]\nid = \"b\"\noperation = \"assign\"\nvariable = \"b\"\nfrom = \"ben\"\nbits = 8\n\
        [[steps]]\nid = \"sum\"\noperation = \"add\"\nvariable = \"sum\"\n\
        operand1 = \"a\"\noperand2 = \"b\"\n\
        [[steps]]\nid = \"show\"\noperation = \"reveal\"\nvariable = \"sum\"\n";
    let job = town.file("sum.toml", job);
    let made = ok(&house, &["session", "new", "--open", "--bidders", &bidders, &job]);
    let id = made["session"].as_str().unwrap();
    let missing = || ok(&house, &["job", "status", id])["missing"].clone();
    assert_eq!(missing(), json!(["ada", "ben"]));
    // Only those who run the system are told who is missing.
    assert_eq!(ok(&town.home("ada"), &["job", "status", id])["missing"], Value::Null);
    ok(&town.home("ada"), &["bid", id, "--amount", "a = 3"]);
    assert_eq!(missing(), json!(["ben"]));
    std::thread::sleep(std::time::Duration::from_secs(2));
    // Replacing goes on until then.
    ok(&town.home("ada"), &["bid", id, "--amount", "a = 4"]);
    assert_eq!(ok(&house, &["session", "show", id])["phase"], json!("open"));
    ok(&town.home("ben"), &["bid", id, "--amount", "b = 5"]);
    ok(&house, &["session", "watch", id]);
    let shown = ok(&house, &["job", "status", id]);
    assert_eq!((&shown["phase"], &shown["revealed"]), (&json!("settled"), &json!({"sum": "9"})));
}

/// A home that comes back from a backup has its shares, its jobs and its operator's word.
#[test]
fn variables_jobs_and_approvals_come_back_from_a_backup() {
    let town = Town::found("north");
    let north = town.home("north");
    let settings = fs::read_to_string(north.join("gavel.toml")).unwrap();
    fs::write(north.join("gavel.toml"), format!("jobs = \"approve\"\n{settings}")).unwrap();
    let mut town = town.running();
    for name in ["ada", "ben"] {
        town.add_bidder(name);
    }
    let job = |title: &str, more: &str, steps: &str| {
        format!(
            "title = \"{title}\"\nkind = \"job\"\nfield = \"2^61-1\"\nbids_until = \"1h\"\n{more}\n\
             steps = [{steps}]\n"
        )
    };
    let first = town.open(&job(
        "First",
        "keep = [\"x\"]",
        "{ id = \"1\", operation = \"assign\", variable = \"x\", from = \"ada\", bits = 8 }",
    ));
    ok(&town.home("ada"), &["bid", &first, "--amount", "x = 4"]);
    ok(&north, &["session", "close", &first]);
    ok(&north, &["job", "approve", &first, "--yes"]);
    ok(&north, &["session", "watch", &first]);
    let second = town.open(&job(
        "Second",
        "",
        "{ id = \"1\", operation = \"load\", variable = \"x\" }, \
         { id = \"2\", operation = \"assign\", variable = \"w\", from = \"ben\", bits = 8 }, \
         { id = \"3\", operation = \"add\", variable = \"sum\", operand1 = \"x\", operand2 = \"w\" }, \
         { id = \"4\", operation = \"reveal\", variable = \"sum\" }",
    ));
    ok(&north, &["job", "approve", &second, "--yes"]);

    let backup = town.folder.path().join("north.backup");
    let backup = backup.to_str().unwrap();
    ok(&north, &["backup", backup]);
    town.kill("north");
    let again = town.home("again");
    ok(&again, &["restore", backup]);
    for key in ["node.key", "coordinator.key"] {
        fs::copy(north.join(key), again.join(key)).unwrap();
    }
    fs::remove_dir_all(&north).unwrap();
    town.start("again");
    let own = ok(&again, &["variable", "list", "--node", "1"])["variables"].clone();
    assert_eq!((&own[0]["variable"]["name"], &own[0]["share"]), (&json!("x"), &json!(true)));
    assert_eq!(ok(&again, &["job", "list"])["jobs"].as_array().unwrap().len(), 2);
    // The word that was given stands, and the share is computed with: all three nodes are needed.
    ok(&town.home("ben"), &["bid", &second, "--amount", "w = 3"]);
    ok(&again, &["session", "close", &second]);
    ok(&again, &["session", "watch", &second]);
    assert_eq!(ok(&again, &["job", "status", &second])["revealed"], json!({"sum": "7"}));
}
