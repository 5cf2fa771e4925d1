//! Invitations from tables, who has handed in and who has not, and a session that is paused.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::common::town::{SALE, Town};
use crate::common::{fails, gavel, ok, result, stderr};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// Some fields of every line of a list.
fn told(list: &Value, fields: [&str; 2]) -> Vec<(String, String)> {
    let field = |line: &Value, name| line[name].as_str().unwrap_or_default().to_owned();
    let lines = list.as_array().unwrap().iter();
    let mut told: Vec<_> =
        lines.map(|line| (field(line, fields[0]), field(line, fields[1]))).collect();
    told.sort();
    told
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, two)| ((*one).to_owned(), (*two).to_owned())).collect()
}

#[test]
fn a_table_of_people_is_invited_whole_or_not_at_all() {
    let town = Town::found("north").running();
    let north = town.home("north");
    let codes = town.folder.path().join("codes.csv");
    let codes = codes.to_str().unwrap();
    let invitations = |home: &Path| ok(home, &["invite", "--list"])["invitations"].clone();
    let bad = town.file("bad.csv", "name,key\nAda,\nBob,nonsense\n,x\nADA,\n");
    let (kind, detail) = fails(&north, &["invite", "--from", &bad, "--csv", codes], 1);
    assert_eq!(kind, "bad-file");
    for told in ["row 3, column B", "row 4, column A", "row 5, column A", "in row 2"] {
        assert!(detail.contains(told), "{detail}");
    }
    assert!(!Path::new(codes).exists() && invitations(&north) == json!([]));

    // The same people from a spreadsheet of either kind; its first row is empty.
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for (kind, expected) in [("xlsx", 2), ("ods", 4)] {
        let sheet = data.join(format!("people.{kind}"));
        ok(&north, &["invite", "--from", sheet.to_str().unwrap()]);
        let listed = invitations(&north);
        assert_eq!(listed.as_array().unwrap().len(), expected);
        let cohorts = told(&listed, ["label", "cohort"]);
        assert_eq!(cohorts[..1], pairs(&[("Ada", "sales")]));
        assert!(cohorts.contains(&("Bob Jr".to_owned(), "42".to_owned())));
        assert!(listed.as_array().unwrap().iter().any(|line| line["key"].is_string()));
    }
    // All of them are taken back at once.
    let revoked = ok(&north, &["invite", "--revoke-unused"])["invitations"].clone();
    assert_eq!(revoked.as_array().unwrap().len(), 4);
    assert_eq!(ok(&north, &["invite", "--revoke-unused"])["invitations"], json!([]));
    let standings = told(&invitations(&north), ["standing", "standing"]);
    assert!(standings.iter().all(|(standing, _)| standing == "revoked"));

    // As many as go into one table.
    let mut crowd = String::from("name;cohort\r\n");
    for number in 0..10_000 {
        write!(crowd, "person {number};\"group; {}\"\r\n", number % 7).unwrap();
    }
    let crowd = town.file("crowd.csv", &crowd);
    let made = ok(&north, &["invite", "--from", &crowd, "--csv", codes]);
    assert_eq!(made["invitations"].as_array().unwrap().len(), 10_000);
    let written = fs::read_to_string(codes).unwrap();
    assert_eq!(written.lines().count(), 10_001);
    assert!(written.contains("group; 3"), "{}", &written[..300]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(codes).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fails(&north, &["invite", "1", "--csv", codes], 1).0, "exists");
    assert_eq!(fs::read_to_string(codes).unwrap(), written);
    assert_eq!(invitations(&north).as_array().unwrap().len(), 10_004);
    // A code of the file is good.
    let code = written.lines().nth(1).unwrap().split(',').nth(1).unwrap();
    let ada = town.fetch("ada");
    let own = town.file("own", "one of my own\n");
    ok(&ada, &["join", code, "--name", "person 0", "--password-file", &own]);
}

#[test]
fn who_has_not_handed_in_is_listed() {
    let town = Town::found("north").running();
    let north = town.home("north");
    let own = town.file("own", "one of my own\n");
    let names = town.file("names.csv", "name,cohort\nada,sales\nbea,\ncyd,works\n");
    let made = ok(&north, &["invite", "--from", &names]);
    for (at, name) in ["ada", "bea"].iter().enumerate() {
        let home = town.fetch(name);
        let code = text(&made["invitations"][at], "code");
        ok(&home, &["join", code, "--name", name, "--password-file", &own]);
    }
    let session = town.open(&format!("{SALE}admission = \"accounts\"\n"));
    town.bid("ada", &session, "10");
    let people = ok(&north, &["session", "people", &session]);
    let expected = [("ada", "yes"), ("bea", "no"), ("cyd", "not-joined")];
    assert_eq!(told(&people["people"], ["name", "handed_in"]), pairs(&expected));
    assert_eq!(
        (&people["counts"]["handed_in"], &people["counts"]["expected"]),
        (&json!(1), &json!(3))
    );
    let file = town.file("missing.csv", "mine\n");
    let ask = ["session", "people", &session, "--missing", "--csv", &file];
    assert_eq!(fails(&north, &ask, 1).0, "exists");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine\n");
    ok(&north, &[&ask[..], &["--force"]].concat());
    let written = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "name,cohort,handed_in,revision,receipts,since,key");
    assert!(
        lines[1].starts_with("cyd,works,not joined,,0,,") && lines[2].starts_with("bea,,no,,0,,")
    );
    assert_eq!(lines.len(), 3);
    assert_eq!(fails(&town.home("ada"), &ask[..3], 1).0, "not-the-operator");
}

#[test]
fn bids_wait_for_a_session_that_is_paused() {
    let mut town = Town::found("north").running();
    let north = town.home("north");
    let ada = town.add_bidder("ada");
    let session = town.open(SALE);
    let pause = ["session", "pause", &session, "--reason", "the hall is flooded"];
    let paused = ok(&north, &pause);
    assert_eq!((text(&paused, "phase"), text(&paused["reason"], "code")), ("paused", "paused"));
    assert_eq!(fails(&north, &pause, 1).0, "wrong-phase");
    town.restart("north");
    let shown = ok(&ada, &["session", "show", &session]);
    assert!(text(&shown["reason"], "text").contains("the hall is flooded"), "{shown}");
    let bid = ["bid", &session, "--amount", "10", "--wait"];
    let (kind, detail) = fails(&ada, &[&bid[..], &["1"]].concat(), 1);
    assert_eq!(kind, "paused");
    assert!(detail.contains("the hall is flooded") && detail.contains("--wait"), "{detail}");
    assert_eq!(ok(&ada, &["receipt", "list"])["bids"], json!([]));

    let mut waiting = gavel();
    waiting.args(["--json", "--home"]).arg(&ada).args(bid).arg("100");
    let waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let resumed = ok(&north, &["session", "resume", &session, "--reason", "dry again"]);
    assert_eq!(text(&resumed, "phase"), "open");
    let waited = waiting.wait_with_output().unwrap();
    assert!(waited.status.success(), "{}", stderr(&waited));
    assert_eq!(result(&waited)["receipts"].as_array().unwrap().len(), 3);
    // Closed by hand out of another pause.
    ok(&north, &["session", "pause", &session]);
    assert_eq!(text(&town.settle(&session)["result"], "winner"), "ada");
}
