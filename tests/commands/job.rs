//! Jobs: `gavel demo` of them, as session files and as the JSON of the older system.

use std::fs;

use serde_json::{Value, json};

use crate::common::{gavel, result, stderr};

fn demo(words: &[&str]) -> Value {
    let output = gavel().args(["demo", "--headless", "--json"]).args(words).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    result(&output)
}

fn steps_of(shown: &Value, status: &str) -> usize {
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
