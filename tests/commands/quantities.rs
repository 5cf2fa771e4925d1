//! A market with `quantities = "operator"`, from its file to `gavel session quantities`: servers as
//! processes, one of which is killed and started again in between.

use std::fs;

use serde_json::{Value, json};

use crate::common::town::Town;
use crate::common::{fails, gavel, ok, stderr};

const MARKET: &str = "title = \"Hay\"\nkind = \"market\"\ncurrency = \"EUR\"\nfrom = \"100\"\n\
                      to = \"200\"\nstep = \"10\"\nunit = \"t\"\nunit_decimals = 1\n\
                      bids_until = \"1h\"\n";

fn order(town: &Town, name: &str, session: &str, steps: &[&str]) {
    ok(&town.add_bidder(name), &[&["bid", session, "--yes"], steps].concat());
}

#[test]
fn the_operator_of_a_market_reads_everybodys_quantity() {
    let mut town = Town::found("north").running();
    let north = town.home("north");
    let session = town.open(&format!("{MARKET}quantities = \"operator\"\n"));
    let key = north.join("operator.key");
    let text = fs::read_to_string(&key).unwrap();
    assert!(text.contains("kind = \"operator\""), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Before anybody hands in an order, it is said who reads it.
    let shown = gavel().arg("--home").arg(&north).args(["session", "show", &session]).output();
    let shown = String::from_utf8(shown.unwrap().stdout).unwrap();
    assert!(shown.contains("the operator everybody's"), "{shown}");
    assert!(shown.contains("the operator reads how much each trades, with the key "), "{shown}");

    order(&town, "ada", &session, &["--buy", "4@180"]);
    order(&town, "ben", &session, &["--sell", "3@120"]);
    order(&town, "cyd", &session, &["--sell", "2.5@130"]);
    let ask = ["session", "quantities", &session];
    let (kind, detail) = fails(&north, &ask, 1);
    assert_eq!(kind, "wrong-phase", "{detail}");
    let outcome = town.settle(&session);
    assert!(outcome["result"].get("quantities").is_none(), "{outcome}");

    town.restart("south");
    town.restart("north");
    let told = ok(&north, &ask);
    let expected = json!({"ada": 40, "ben": -22, "cyd": -18});
    let sold = |name: &str| told["quantities"][name].as_i64().unwrap();
    assert_eq!(told["quantities"], expected, "{told}");
    assert_eq!(sold("ada"), -(sold("ben") + sold("cyd")));
    assert_eq!((&told["price"], &told["lied"]), (&json!(130), &json!([])));
    assert!(told["agreed"].as_array().unwrap().len() >= 2, "{told}");
    assert_eq!(told["participants"].as_array().unwrap().len(), 3);
    // Each participant reads the own one.
    let own = ok(&town.home("ben"), &["receipt", "answer", &session]);
    assert_eq!(own["quantity"], expected["ben"]);

    let table = town.folder.path().join("quantities.csv");
    let with_csv = [&ask[..], &["--csv", table.to_str().unwrap()]].concat();
    ok(&north, &with_csv);
    let written = fs::read_to_string(&table).unwrap();
    let mut lines: Vec<&str> = written.lines().skip(1).collect();
    lines.sort_unstable();
    for (line, row) in lines.iter().zip(["ada,4.0,0.0,", "ben,0.0,2.2,", "cyd,0.0,1.8,"]) {
        assert!(line.starts_with(row) && line.len() == row.len() + 64, "{written}");
    }
    assert!(written.starts_with("participant,buys,sells,envelope"));
    fs::write(&table, "mine\n").unwrap();
    assert_eq!(fails(&north, &with_csv, 1).0, "exists");
    assert_eq!(fs::read_to_string(&table).unwrap(), "mine\n");
    ok(&north, &[&with_csv[..], &["--force"]].concat());
    assert_eq!(fs::read_to_string(&table).unwrap(), written);
    let text = gavel().arg("--home").arg(&north).args(ask).output().unwrap();
    let (said, notes) = (String::from_utf8(text.stdout.clone()).unwrap(), stderr(&text));
    assert!(said.contains("4.0 t") && said.contains("2.2 t"), "{said}");
    assert!(notes.contains("fits what the participants signed"), "{notes}");

    // Without the key, or with another, nothing is to be read; the operator is told what to do.
    let away = north.join("away.key");
    fs::rename(&key, &away).unwrap();
    let (kind, detail) = fails(&north, &ask, 1);
    assert_eq!(kind, "no-operator-key");
    assert!(detail.contains("from a backup"), "{detail}");
    let other = town.open(&format!("{MARKET}quantities = \"operator\"\n"));
    let (kind, detail) = fails(&north, &ask, 1);
    assert_eq!(kind, "other-operator-key", "{detail}");
    fs::rename(&away, &key).unwrap();
    assert_eq!(ok(&north, &ask)["quantities"], expected);
    ok(&north, &["session", "cancel", &other, "--yes"]);
    // Who is not the operator of the coordinator is not even given what is sealed.
    assert_eq!(fails(&town.home("ada"), &ask, 1).0, "not-the-operator");

    let own = town.open(MARKET);
    order(&town, "dot", &own, &["--buy", "4@180"]);
    town.settle(&own);
    assert_eq!(fails(&north, &["session", "quantities", &own], 1).0, "not-disclosed");
}

#[test]
fn the_operators_key_is_under_the_passphrase_of_the_home_and_in_its_backup() {
    let town = Town::found("north");
    let north = town.home("north");
    let phrase = town.file("phrase", "correct horse\n");
    let file = town.file("market.toml", &format!("{MARKET}quantities = \"operator\"\n"));
    // Nobody answers: the key is there for the next time.
    let new = ["session", "new", &file, "--passphrase-file", &phrase];
    fails(&north, &new, 1);
    let text = fs::read_to_string(north.join("operator.key")).unwrap();
    assert!(text.contains("argon2id"), "{text}");
    let saved = town.folder.path().join("north.backup");
    let words = ["backup", saved.to_str().unwrap(), "--with-keys", "--passphrase-file", &phrase];
    let parts = ok(&north, &words)["parts"].clone();
    assert!(parts.as_array().unwrap().contains(&Value::from("operator.key")), "{parts}");
}

#[test]
fn a_demo_of_it_opens_no_quantity_to_everyone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("market.toml");
    let text = format!("{MARKET}quantities = \"operator\"\nparticipants = 5\nseed = 4\n");
    fs::write(&file, text).unwrap();
    let kept = folder.path().join("kept");
    let words = ["demo", "--headless", "--nodes", "3", "--keep", kept.to_str().unwrap()];
    let shown = ok(folder.path(), &[&words[..], &[file.to_str().unwrap()]].concat());
    assert_eq!((&shown["phase"], &shown["correct"]), (&json!("settled"), &json!(true)));
    assert!(kept.join("operator.key").exists());
    let record = fs::read_to_string(kept.join("record.json")).unwrap();
    assert!(record.contains("\"sealed\"") && !record.contains("\"open\":"), "{record}");
    let plan = ok(folder.path(), &["session", "plan", file.to_str().unwrap()]);
    assert_eq!(plan["bids"], 5);
}
