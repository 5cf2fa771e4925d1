//! Wrong input gets one clear line that says what to change, as text and as JSON, and exit status
//! 1 or 2. No servers run here.

use std::fs;
use std::path::Path;

use crate::common::{fails, free_address, gavel, ok, stderr, stdout};

const SALE: &str = include_str!("../../sessions/art-sale.toml");

/// A session file in a folder, with one piece replaced.
fn file(folder: &Path, from: &str, to: &str) -> String {
    assert!(SALE.contains(from));
    let path = folder.join("sale.toml");
    fs::write(&path, SALE.replacen(from, to, 1)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What `gavel demo` says about the art sale with one piece replaced.
fn demo_of(from: &str, to: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), from, to);
    let (kind, detail) = fails(folder.path(), &["demo", "--headless", &path], 1);
    assert!(detail.starts_with(&path), "{detail}");
    (kind, detail[path.len()..].to_owned())
}

#[test]
fn an_unknown_kind_names_the_line_and_the_kinds() {
    let (kind, detail) = demo_of("second-price", "third-price");
    assert_eq!(kind, "bad-terms");
    assert!(detail.starts_with(", line 3: unknown variant `third-price`"), "{detail}");
    assert!(detail.contains("`reverse-second-price`"), "{detail}");
}

#[test]
fn a_misspelt_field_names_the_line() {
    let (_, detail) = demo_of("reserve =", "resreve =");
    assert!(detail.starts_with(", line 6: unknown field `resreve`"), "{detail}");
}

#[test]
fn broken_toml_names_the_line() {
    let (_, detail) = demo_of("kind = \"second-price\"", "kind = second-price");
    assert!(detail.starts_with(", line 3: "), "{detail}");
}

#[test]
fn a_reserve_above_the_maximum() {
    let (kind, detail) = demo_of("reserve = \"500\"", "reserve = \"500\"\nmaximum = \"400\"");
    assert_eq!(kind, "bad-terms");
    assert_eq!(
        detail,
        ": the reserve 500.00 is above the maximum 400.00; lower one or raise the other"
    );
}

#[test]
fn too_many_decimals() {
    let (_, detail) = demo_of("\"500\"", "\"500.125\"");
    assert_eq!(detail, ": reserve: the amount has 3 decimals; the terms allow 2");
}

#[test]
fn a_time_that_is_none() {
    let (_, detail) = demo_of("\"2m\"", "\"tomorrow\"");
    assert!(detail.contains("bids_until is a duration such as \"2m\""), "{detail}");
}

#[test]
fn two_bids_by_one_bidder() {
    let (_, detail) = demo_of("\"basil\"", "\"ada\"");
    assert_eq!(detail, ": two bids are by \"ada\"; give each bidder one");
}

#[test]
fn a_roster_in_the_file_that_cannot_be() {
    let (kind, detail) = demo_of("nodes = 5", "nodes = 2");
    assert_eq!(kind, "bad-scheme");
    assert_eq!(detail, ": an auction needs 3 to 10 nodes, not 2");
    let (_, detail) = demo_of("threshold = 2", "threshold = 3");
    assert_eq!(detail, ": with 5 nodes the threshold is 1 to 2, not 3");
}

#[test]
fn options_that_cannot_be_are_wrong_usage() {
    let home = tempfile::tempdir().unwrap();
    let wrong = |words: &[&str]| {
        let (kind, detail) = fails(home.path(), words, 2);
        assert_eq!(kind, "usage");
        detail
    };
    for nodes in ["0", "2", "11"] {
        let detail = wrong(&["demo", "--nodes", nodes]);
        assert_eq!(detail, format!("an auction needs 3 to 10 nodes, not {nodes}"));
    }
    assert_eq!(
        wrong(&["demo", "--nodes", "5", "--threshold", "3"]),
        "with 5 nodes the threshold is 1 to 2, not 3"
    );
    assert!(wrong(&["demo", "--nodes", "many"]).contains("invalid value 'many' for '--nodes <N>'"));
    assert!(wrong(&["auction"]).contains("unrecognized subcommand 'auction'"));
    let kept = home.path().join("kept");
    fs::create_dir(&kept).unwrap();
    fs::write(kept.join("mine"), "x").unwrap();
    assert!(wrong(&["demo", "--keep", kept.to_str().unwrap()]).contains("is not empty"));
}

#[test]
fn missing_and_unreadable_files() {
    let home = tempfile::tempdir().unwrap();
    let (kind, detail) = fails(home.path(), &["demo", "no-such.toml"], 1);
    assert_eq!(
        (kind.as_str(), detail.as_str()),
        ("file", "there is no file no-such.toml; check the path")
    );
    let path = home.path().join("image.toml");
    fs::write(&path, [0xff, 0xfe, 0x00, 0x80]).unwrap();
    let (_, detail) = fails(home.path(), &["demo", path.to_str().unwrap()], 1);
    assert!(detail.ends_with("image.toml is not a text file"), "{detail}");
    let (_, detail) = fails(home.path(), &["verify", "no-such.json"], 1);
    assert_eq!(detail, "there is no file no-such.json; check the path");
    let path = home.path().join("record.json");
    fs::write(&path, "{\"format\":\"gavel-record-1\"}").unwrap();
    let (kind, detail) = fails(home.path(), &["verify", path.to_str().unwrap()], 1);
    assert_eq!(kind, "bad-record");
    assert!(detail.contains("this is not a session record"), "{detail}");
}

#[test]
fn homes_that_are_not_set_up_say_what_to_run() {
    let home = tempfile::tempdir().unwrap();
    let (_, detail) = fails(home.path(), &["bid", "ab12", "--amount", "1"], 1);
    assert!(detail.contains("gavel init bidder"), "{detail}");
    let (_, detail) = fails(home.path(), &["serve"], 1);
    assert!(detail.contains("gavel roster fetch"), "{detail}");
    let (_, detail) = fails(home.path(), &["session", "close", "ab12"], 1);
    assert!(detail.contains("gavel roster fetch"), "{detail}");
    assert_eq!(ok(home.path(), &["receipt", "list"]), serde_json::json!({"bids": []}));
}

/// Homes of nodes and of a coordinator at ports of their own; the cards' paths.
struct Homes {
    folder: tempfile::TempDir,
    cards: Vec<String>,
}

impl Homes {
    fn new(nodes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut cards = Vec::new();
        for node in 1..=nodes {
            let home = folder.path().join(format!("node-{node}"));
            let address = free_address();
            let name = format!("Org {node}");
            let made = ok(&home, &["init", "node", "--name", &name, "--address", &address]);
            cards.push(made["card"].as_str().unwrap().to_owned());
        }
        let home = folder.path().join("lead");
        let address = free_address();
        ok(&home, &["init", "coordinator", "--name", "House", "--address", &address]);
        Self { folder, cards }
    }

    fn home(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// The words of `gavel roster make`.
fn make(threshold: &str, cards: &[String]) -> Vec<String> {
    let mut words = vec!["roster".to_owned(), "make".into(), "--threshold".into()];
    words.push(threshold.to_owned());
    words.extend_from_slice(cards);
    words
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn rosters_that_cannot_be_made() {
    let homes = Homes::new(3);
    let lead = homes.home("lead");
    let (_, detail) = fails(&lead, &words(&make("2", &homes.cards)), 2);
    let hint = "; for surveys that only add, say --sums-only";
    assert_eq!(detail, format!("with 3 nodes the threshold is 1 to 1, not 2{hint}"));
    let (_, detail) = fails(&lead, &words(&make("1", &homes.cards[..2])), 2);
    assert_eq!(detail, format!("an auction needs 3 to 10 nodes, not 2{hint}"));
    let all = make("3", &[&["--sums-only".to_owned()], &homes.cards[..]].concat());
    let (_, detail) = fails(&lead, &words(&all), 2);
    assert_eq!(detail, "with 3 nodes the threshold is 1 to 2, not 3");
    let one = make("1", &[&["--sums-only".to_owned()], &homes.cards[..1]].concat());
    let (_, detail) = fails(&lead, &words(&one), 2);
    assert_eq!(detail, "a roster has 2 to 10 nodes, not 1");
    let twice = [&homes.cards[..2], &homes.cards[..1]].concat();
    let (_, detail) = fails(&lead, &words(&make("1", &twice)), 1);
    assert_eq!(detail, "nodes 1 and 3 have the same key; every node needs its own");
    let node = homes.home("node-1");
    let (_, detail) = fails(&node, &words(&make("1", &homes.cards)), 1);
    assert!(detail.contains("is not a coordinator's home"), "{detail}");

    let text = fs::read_to_string(&homes.cards[1]).unwrap().replace("Org 2", "Org X");
    fs::write(&homes.cards[1], text).unwrap();
    let (_, detail) = fails(&lead, &words(&make("1", &homes.cards)), 1);
    assert!(detail.contains("the node card of \"Org X\" is damaged"), "{detail}");
}

#[test]
fn a_roster_that_does_not_fit_the_keys() {
    let homes = Homes::new(4);
    let lead = homes.home("lead");
    let made = ok(&lead, &words(&make("1", &homes.cards[..3])));
    assert_eq!(made["members"].as_array().unwrap().len(), 3);
    let roster = lead.join("roster.json");
    let path = roster.to_str().unwrap();

    assert_eq!(ok(&homes.home("node-2"), &["roster", "check", path])["fits"][0], "node");
    let outside = homes.home("node-4");
    let (kind, detail) = fails(&outside, &["roster", "check", path], 1);
    assert_eq!(kind, "wrong-roster");
    assert!(detail.contains("does not list this home's node key"), "{detail}");
    let (kind, detail) = fails(&outside, &["serve", "--roster", path], 1);
    assert_eq!(kind, "wrong-roster");
    assert!(detail.contains("is not in the roster"), "{detail}");

    // Another roster is not written over this one.
    let (kind, _) = fails(&lead, &words(&make("1", &homes.cards)), 1);
    assert_eq!(kind, "roster-exists");

    let text = fs::read_to_string(&roster).unwrap();
    for (from, to, why) in [
        ("House", "Louse", "is not signed by the coordinator it names"),
        ("Org 1", "Org 9", "the node card of \"Org 9\" is damaged"),
    ] {
        fs::write(&roster, text.replace(from, to)).unwrap();
        let (kind, detail) = fails(&lead, &["roster", "show"], 1);
        assert_eq!(kind, "bad-roster");
        assert!(detail.contains(why), "{detail}");
    }
}

#[test]
fn the_digest_is_shown_whole_and_the_plan_takes_the_roster() {
    let homes = Homes::new(3);
    let lead = homes.home("lead");
    let made = ok(&lead, &words(&make("1", &homes.cards)));
    let output = gavel().args(["roster", "show", "--home"]).arg(&lead).output().unwrap();
    let digest: gavel::identity::Digest = made["digest"].as_str().unwrap().parse().unwrap();
    let text = stdout(&output);
    assert!(text.lines().any(|line| line == digest.grouped()), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    // With --digest it is all there is.
    let output = gavel().args(["roster", "show", "--digest", "--home"]).arg(&lead).output();
    assert_eq!(stdout(&output.unwrap()).trim_end(), digest.grouped());
    // A plan is for the home's roster, whatever a demo's file says.
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "reserve = \"500\"", "reserve = 500");
    let planned = ok(&lead, &["session", "plan", &path]);
    assert_eq!((&planned["nodes"], &planned["threshold"]), (&3.into(), &1.into()));
    let planned = ok(folder.path(), &["session", "plan", &path]);
    assert_eq!((&planned["nodes"], &planned["threshold"]), (&5.into(), &2.into()));
}

#[test]
fn the_plan_of_a_market_counts_orders_and_prices() {
    let home = tempfile::tempdir().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/market.toml");
    let planned = ok(home.path(), &["session", "plan", file]);
    assert_eq!((&planned["bids"], &planned["prices"]), (&10.into(), &201.into()));
    assert_eq!(planned["nodes"], 3);
    assert!(planned.get("quantity").is_none());
    let more = ok(home.path(), &["session", "plan", file, "--bids", "500"]);
    for grows in ["rounds", "bytes_sent", "seconds"] {
        let of = |planned: &serde_json::Value| planned[grows].as_f64().unwrap();
        assert!(of(&more) > of(&planned) && of(&planned) > 0.0, "{grows}");
    }
    let output = gavel().args(["session", "plan", file, "--home"]).arg(home.path()).output();
    let text = stdout(&output.unwrap());
    assert!(text.starts_with("10 orders of 16 bits at 201 prices"), "{text}");
    assert!(!text.contains("second price") && !text.contains("groups"), "{text}");
}

#[test]
fn a_home_in_the_environment_is_no_option_that_is_needed() {
    let home = tempfile::tempdir().unwrap();
    let output = gavel().arg("bid").env("GAVEL_HOME", home.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("<SESSION>") && !text.contains("--home"), "{text}");
    let output = gavel().args(["receipt", "list"]).env("GAVEL_HOME", home.path()).output();
    assert!(output.unwrap().status.success());
}

#[test]
fn a_port_in_use_is_named() {
    let homes = Homes::new(3);
    let lead = homes.home("lead");
    ok(&lead, &words(&make("1", &homes.cards)));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (kind, detail) = fails(&lead, &["serve", "--listen", &address], 1);
    assert_eq!(kind, "port-in-use");
    let port = taken.local_addr().unwrap().port();
    assert!(detail.starts_with(&format!("port {port} is in use")), "{detail}");
}

#[test]
fn keys_are_never_overwritten_and_stay_private() {
    let home = tempfile::tempdir().unwrap();
    let init = ["init", "bidder", "--name", "ada"];
    ok(home.path(), &init);
    let (kind, detail) = fails(home.path(), &init, 1);
    assert_eq!(kind, "keys-exist");
    assert!(detail.contains("exists already and was left alone"), "{detail}");
    let (_, detail) =
        fails(home.path(), &["init", "node", "--name", "A", "--address", "nowhere"], 2);
    assert_eq!(detail, "\"nowhere\" is not host and port; write both, such as house.example:7000");
    let (_, detail) = fails(home.path(), &["init", "bidder", "--name", "ada  lovelace"], 2);
    assert!(detail.contains("blanks"), "{detail}");
}

#[test]
fn a_key_file_under_a_passphrase_asks_for_it() {
    let homes = Homes::new(3);
    let home = homes.home("locked");
    let passphrase = homes.home("passphrase");
    fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    let option = passphrase.to_str().unwrap();
    let address = free_address();
    let init =
        ["init", "coordinator", "--name", "L", "--address", &address, "--passphrase-file", option];
    assert_eq!(ok(&home, &init)["passphrase"], true);
    let base = make("1", &homes.cards);
    let (kind, detail) = fails(&home, &words(&base), 1);
    assert_eq!(kind, "needs-passphrase");
    assert!(detail.contains("--passphrase-file FILE"), "{detail}");
    let with = |text: &str| {
        fs::write(&passphrase, text).unwrap();
        let mut make = base.clone();
        make.extend(["--passphrase-file".to_owned(), option.to_owned()]);
        make
    };
    let (kind, _) = fails(&home, &words(&with("wrong\n")), 1);
    assert_eq!(kind, "wrong-passphrase");
    ok(&home, &words(&with("correct horse battery staple\n")));
}

#[test]
fn help_version_completions_and_man() {
    let output = gavel().arg("--version").output().unwrap();
    assert!(output.status.success() && stdout(&output).starts_with("gavel "));
    let output = gavel().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = gavel().args(["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{shell}");
        // The script asks the program itself, so that it always fits it.
        assert!(stdout(&output).contains("GAVEL_COMPLETE"), "{shell}: {}", stdout(&output));
    }
    let output = gavel().arg("man").output().unwrap();
    assert!(stdout(&output).contains(".TH gavel 1"), "{}", stdout(&output));
    let folder = tempfile::tempdir().unwrap();
    ok(folder.path(), &["man", "--out", folder.path().to_str().unwrap()]);
    assert!(folder.path().join("gavel-session-new.1").exists());
    let output = gavel().args(["bid", "--help"]).output().unwrap();
    assert!(stdout(&output).contains("Stays in the shell's history"), "{}", stderr(&output));
}
