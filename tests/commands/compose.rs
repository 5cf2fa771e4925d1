//! What compose.yaml tells gavel to do, done by this machine's shell: the homes that its `setup`
//! makes, twice, and every server's command line.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{fails, gavel, ok, stderr};
use serde_json::json;

fn compose() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("compose.yaml")).unwrap()
}

/// The script of `setup`, as the container's shell gets it, with its folders elsewhere.
fn setup(homes: &Path) -> String {
    let text = compose();
    let (_, rest) = text.split_once("    command:\n      - |\n").unwrap();
    let script: Vec<&str> = rest.lines().map_while(|line| line.strip_prefix("        ")).collect();
    assert!(script.len() > 5, "{script:?}");
    script.join("\n").replace("$$", "$").replace("/homes", homes.to_str().unwrap())
}

#[test]
fn setup_makes_five_nodes_and_a_roster_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut rosters = Vec::new();
    let binary = assert_cmd::cargo::cargo_bin!("gavel");
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", binary.parent().unwrap().display());
    for name in ["house", "node-1", "node-2", "node-3", "node-4", "node-5"] {
        // Volumes are there before anything runs.
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    for _ in 0..2 {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-euc", &setup(folder.path())]).env("PATH", &path).env_remove("GAVEL_HOME");
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        rosters.push(fs::read(folder.path().join("house/roster.json")).unwrap());
    }
    assert_eq!(rosters[0], rosters[1]);
    for number in 1..=5 {
        let home = folder.path().join(format!("node-{number}"));
        let checked = ok(&home, &["roster", "check"]);
        assert_eq!((&checked["nodes"], &checked["threshold"]), (&json!(5), &json!(2)));
        assert_eq!(checked["fits"], json!(["node"]));
        let address = format!("node-{number}:7001");
        assert_eq!(checked["members"][number - 1]["address"].as_str(), Some(&address[..]));
    }
    assert_eq!(
        ok(&folder.path().join("house"), &["roster", "check"])["fits"],
        json!(["coordinator"])
    );
}

#[test]
fn every_server_is_started_by_words_that_gavel_knows() {
    let home = tempfile::tempdir().unwrap();
    let text = compose();
    let mut commands: Vec<Vec<String>> = text
        .lines()
        .filter_map(|line| line.strip_prefix("    command: "))
        .map(|words| serde_json::from_str(words).unwrap())
        .collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Containerfile");
    let file = fs::read_to_string(file).unwrap();
    let words = file.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    commands.push(serde_json::from_str(words).unwrap());
    for words in commands {
        assert_eq!(words[0], "serve", "{words:?}");
        let mut command = gavel();
        command.args(["--json", "--home"]).arg(home.path()).args(&words);
        let output = command.env("GAVEL_DATABASE", "postgres://gavel@127.0.0.1:1/x").output();
        let output = output.unwrap();
        // Understood: what is missing is the roster.
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(stderr(&output).contains("no roster"), "{}", stderr(&output));
    }
    let words = ["serve", "--headless", "--rolle", "intake"];
    assert_eq!(fails(home.path(), &words, 2).0, "usage");
}
