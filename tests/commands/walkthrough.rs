//! The walkthrough of the README with one process per organisation: keys, roster, servers, bids,
//! closing, verification; with a node that is away while bids come in.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::common::town::{NODES, SALE, Town, serve};
use crate::common::{fails, gavel, ok, result, stderr};
use serde_json::{Value, json};

/// Three nodes that run, the first of which also runs the coordinator on the same port, and two
/// bidders.
fn town() -> Town {
    let mut town = Town::found("north");
    for name in NODES {
        let home = town.home(name);
        let ready = town.start_as(name, &mut serve(&home));
        let roles = ready["roles"].as_array().unwrap().len();
        assert_eq!(roles, if name == "north" { 2 } else { 1 }, "{ready}");
    }
    for bidder in ["ada", "basil"] {
        ok(&town.home(bidder), &["init", "bidder", "--name", bidder]);
        town.fetch(bidder);
    }
    town
}

/// Open a session with amounts in cents.
fn new_session(town: &Town, replace: bool) -> String {
    town.open(&SALE.replace("replace_bids = true", &format!("replace_bids = {replace}")))
}

/// Bid with the amount on standard input, as a script does that keeps it off the command line.
fn bid_by_pipe(home: &Path, session: &str, amount: &str) -> Value {
    let mut command = gavel();
    command.args(["--json", "bid", session, "--home"]).arg(home).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{amount}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stderr(&output).contains(amount));
    result(&output)
}

#[test]
fn an_auction_between_three_organisations() {
    let town = town();
    let (ada, basil) = (town.home("ada"), town.home("basil"));
    let session = new_session(&town, true);
    let begin = &session[..8];
    let listed = ok(&ada, &["session", "list", "--phase", "open"]);
    assert_eq!(listed["sessions"][0]["session"], session.as_str());

    let placed = bid_by_pipe(&ada, begin, "1240.50");
    assert_eq!((&placed["revision"], &placed["receipts"]), (&json!(1), &json!([1, 2, 3])));
    assert_eq!(ok(&basil, &["bid", begin, "--amount", "900"])["revision"], 1);

    // Amounts that are refused before anything is sent burn no revision.
    let (kind, detail) = fails(&basil, &["bid", begin, "--amount", "900.123"], 1);
    assert_eq!((kind.as_str(), detail.contains("3 decimals")), ("bad-amount", true));
    let (kind, _) = fails(&basil, &["bid", begin, "--amount", "42949672.96"], 1);
    assert_eq!(kind, "above-maximum");
    assert_eq!(ok(&basil, &["bid", begin, "--amount", "950"])["revision"], 2);

    // A name is one key's; another key cannot take it.
    let thief = town.home("thief");
    ok(&thief, &["init", "bidder", "--name", "ada"]);
    let roster = town.home("north").join("roster.json");
    let roster = roster.to_str().unwrap();
    ok(&thief, &["roster", "pin", town.digest(), roster]);
    let words = ["bid", begin, "--amount", "5000", "--roster", roster];
    assert_eq!(fails(&thief, &words, 1).0, "name-taken");
    // Closing is the coordinator's operator's alone.
    assert_eq!(fails(&town.home("south"), &["session", "close", begin], 1).0, "not-the-operator");
    assert_eq!(fails(&ada, &["session", "show", "0000"], 1).0, "unknown-session");

    let settled = town.settle(begin);
    assert_eq!(settled["phase"], "settled");
    assert_eq!(settled["result"], json!({"winner": "ada", "price": 95_000}));

    let record = town.folder.path().join("record.json");
    let record = record.to_str().unwrap();
    let export = ["session", "show", begin, "--record", record];
    ok(&ada, &export);
    // A file that is there is not written over by accident.
    fs::write(record, "mine").unwrap();
    let (kind, detail) = fails(&ada, &export, 1);
    assert_eq!((kind.as_str(), detail.contains("--force")), ("exists", true));
    assert_eq!(fs::read_to_string(record).unwrap(), "mine");
    ok(&ada, &[&export[..], &["--force"]].concat());
    let receipts: Vec<Value> = [1, 2]
        .iter()
        .map(|revision| {
            let file = basil.join(format!("receipts/{session}/{revision}.json"));
            let file = file.to_str().unwrap().to_owned();
            ok(&basil, &["verify", record, "--receipt", &file])["receipts"][0]["standing"].clone()
        })
        .collect();
    assert_eq!(receipts, [json!("replaced"), json!("counted")]);
    // The record holds under the roster one trusts, by its file or its whole digest, and says which;
    // the coordinator's key vouches for no node.
    let roster = ok(&ada, &["roster", "show"])["digest"].as_str().unwrap().to_owned();
    let found = ok(&ada, &["verify", record]);
    assert_eq!((&found["trust"]["by"], &found["pinned"]), (&json!("home"), &json!(true)));
    let found = ok(&ada, &["verify", record, "--roster-digest", &roster]);
    assert_eq!((&found["trust"]["by"], &found["pinned"]), (&json!("digest"), &json!(true)));
    let other = found["outcome"]["manifest"].as_str().unwrap();
    let words = ["verify", record, "--roster-digest", other];
    assert_eq!(fails(&ada, &words, 1).0, "bad-record");
    let key = found["coordinator"].as_str().unwrap().to_owned();
    fails(&ada, &["verify", record, &format!("--coordinator={key}")], 2);

    let (kind, detail) = fails(&basil, &["bid", begin, "--amount", "2000"], 1);
    assert_eq!(kind, "wrong-phase");
    assert!(detail.contains("bidding has ended"), "{detail}");

    // Nothing that anybody keeps or logs holds an amount that lost.
    for file in walk(town.folder.path()) {
        let content = fs::read(&file).unwrap();
        for amount in [&b"1240.5"[..], b"124050"] {
            let found = content.windows(amount.len()).any(|window| window == amount);
            assert!(!found, "{} holds a bid", file.display());
        }
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn a_bid_is_in_while_one_node_is_away_and_is_sent_again_when_two_were() {
    let mut town = town();
    let (ada, basil) = (town.home("ada"), town.home("basil"));
    let session = new_session(&town, false);

    town.kill("west");
    let placed = ok(&ada, &["bid", &session, "--amount", "700"]);
    assert_eq!(placed["receipts"], json!([1, 2]));
    assert_eq!(placed["missing"][0]["node"], 3);
    // What came of the last try is said, and nobody waits where nobody is.
    let reason = placed["missing"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("nothing listens at 127.0.0.1:"), "{reason}");
    // One bid each in this auction.
    assert_eq!(fails(&ada, &["bid", &session, "--amount", "800"], 1).0, "replacing-not-allowed");

    town.kill("south");
    let words = ["bid", &session, "--amount", "650", "--wait", "2"];
    let (kind, detail) = fails(&basil, &words, 1);
    assert_eq!(kind, "too-few-receipts");
    assert!(
        detail.starts_with("only 1 of the 2 receipts needed came in; node 2 (south)"),
        "{detail}"
    );
    // Another amount now would be a second bid under one revision.
    let (kind, detail) = fails(&basil, &["bid", &session, "--amount", "900"], 1);
    assert_eq!(kind, "unfinished-bid");
    assert!(detail.contains("--resend"), "{detail}");

    town.start("south");
    town.start("west");
    let sent = ok(&basil, &["bid", &session, "--resend"]);
    assert_eq!((&sent["revision"], &sent["receipts"]), (&json!(1), &json!([1, 2, 3])));
    let sent = ok(&ada, &["bid", &session, "--resend"]);
    assert_eq!(sent["receipts"], json!([1, 2, 3]));

    let settled = town.settle(&session);
    assert_eq!(settled["result"], json!({"winner": "ada", "price": 65_000}));
}

#[test]
fn a_session_is_written_opened_and_called_off() {
    let town = town();
    let north = town.home("north");
    let late = town.file("late.toml", &SALE.replace("\"1h\"", "\"2020-01-01T00:00:00Z\""));
    let (kind, detail) = fails(&north, &["session", "new", &late], 1);
    assert_eq!(kind, "bad-terms");
    assert!(detail.contains("before it begins"), "{detail}");
    assert_eq!(ok(&north, &["session", "list"])["sessions"], json!([]));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/charity-lot.toml");
    let draft = ok(&north, &["session", "new", path]);
    assert_eq!(draft["phase"], "draft");
    let session = draft["session"].as_str().unwrap();
    assert_eq!(fails(&north, &["session", "close", session], 1).0, "wrong-phase");
    assert_eq!(ok(&north, &["session", "open", session])["phase"], "open");
    // A title is as good as an id, while one session has it.
    let title = draft["terms"]["title"].as_str().unwrap().to_uppercase();
    assert_eq!(ok(&north, &["session", "show", &title])["session"], session);
    ok(&north, &["session", "new", path]);
    let (kind, detail) = fails(&north, &["session", "show", &title], 1);
    assert_eq!(kind, "unknown-session");
    assert!(detail.starts_with("2 sessions have"), "{detail}");
    let (kind, detail) = fails(&north, &["session", "cancel", session], 2);
    assert_eq!((kind.as_str(), detail.contains("--yes")), ("usage", true));
    assert_eq!(ok(&north, &["session", "cancel", session, "--yes"])["phase"], "cancelled");
    let (kind, _) = fails(&town.home("ada"), &["bid", session, "--amount", "5"], 1);
    assert_eq!(kind, "wrong-phase");
    let (kind, detail) = fails(&north, &["session", "retry", session], 1);
    assert_eq!(kind, "wrong-phase");
    assert!(detail.contains("it was called off"), "{detail}");
}

#[test]
fn a_draft_is_changed_until_it_is_open() {
    let town = town();
    let north = town.home("north");
    let about = "description = \"\"\"\nOil on canvas,\n60 by 80 cm.\"\"\"\n";
    let first = town.file("first.toml", &format!("{about}{SALE}"));
    let draft = ok(&north, &["session", "new", &first]);
    let session = draft["session"].as_str().unwrap();
    assert_eq!(draft["terms"]["description"], "Oil on canvas, 60 by 80 cm.");
    assert!(draft["file"].as_str().unwrap().contains("60 by 80"));
    // Bidders see no draft, and nobody but the operator changes one.
    let ada = town.home("ada");
    assert_eq!(fails(&ada, &["session", "show", session], 1).0, "unknown-session");
    let other = town.file("other.toml", &SALE.replace("Lot 7", "Lot 8"));
    assert_eq!(fails(&ada, &["session", "edit", session, &other], 1).0, "not-the-operator");
    let wrong = town.file("wrong.toml", &format!("description = \"\\u001b[2J\"\n{SALE}"));
    let (kind, detail) = fails(&north, &["session", "edit", session, &wrong], 1);
    assert_eq!(kind, "bad-terms");
    assert!(detail.contains("description has control characters"), "{detail}");

    let edited = ok(&north, &["session", "edit", session, &other]);
    assert_eq!((&edited["session"], &edited["phase"]), (&draft["session"], &json!("draft")));
    assert_eq!(edited["terms"]["title"], "Lot 8");
    assert_eq!(edited["terms"]["description"], json!(null));
    ok(&north, &["session", "edit", "Lot 8", &first]);

    // What is opened is what was written last: signed, and the same for everybody.
    let open = ok(&north, &["session", "open", session]);
    assert_eq!(open["file"], json!(null));
    let seen = ok(&ada, &["session", "show", session]);
    let signed = &seen["announcement"]["body"]["terms"];
    assert_eq!(signed["description"], "Oil on canvas, 60 by 80 cm.");
    assert_eq!(signed["title"], "Lot 7");
    let (kind, detail) = fails(&north, &["session", "edit", session, &other], 1);
    assert_eq!(kind, "wrong-phase");
    assert!(detail.contains("its terms are signed"), "{detail}");
    let home = north.to_str().unwrap();
    let shown = gavel().args(["session", "show", session, "--home", home]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("  about        Oil on canvas, 60 by 80 cm.\n"), "{shown}");
}

#[test]
fn a_shell_completes_sessions_by_their_ids() {
    let mut town = town();
    let (north, ada) = (town.home("north"), town.home("ada"));
    let draft = ok(&north, &["session", "new", &town.file("draft.toml", SALE)]);
    let draft = draft["session"].as_str().unwrap()[..8].to_owned();
    let open = town.open(&SALE.replace("Lot 7", "Lot 8"))[..8].to_owned();
    let offered = |home: &Path, words: &[&str]| {
        let mut command = gavel();
        command.env("GAVEL_COMPLETE", "fish").args(["--", "gavel", "--home"]).arg(home);
        let output = command.args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let line = format!("{open}\tLot 8 (open)");
    for words in [&["session", "show"][..], &["bid"], &["session", "edit"], &["receipt", "show"]] {
        let all = offered(&north, &[words, &[""]].concat());
        assert!(all.lines().any(|offer| offer == line), "{words:?}: {all}");
    }
    // As typed so far; drafts only where they may be seen.
    let some = offered(&north, &["session", "open", &draft[..5]]);
    assert!(some.contains(&draft) && !some.contains(&open), "{some}");
    let seen = offered(&ada, &["bid", ""]);
    assert!(seen.contains(&open) && !seen.contains(&draft), "{seen}");
    // Commands are offered too, and without the coordinator nothing is, without a word.
    assert!(offered(&ada, &["sess"]).contains("session"));
    town.kill("north");
    assert!(!offered(&ada, &["bid", &open[..5]]).contains(&open));
}

#[test]
fn digest_and_fingerprints_are_drawn_as_codes() {
    let town = Town::found("lead");
    let home = town.home("south");
    let shown = |what: &str, terminal: &str| {
        let mut command = gavel();
        command.env("TERM", terminal).env("LC_ALL", "C.UTF-8").arg("--home").arg(&home);
        let output = command.args(["roster", "show", what]).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let digest = town.roster["digest"].as_str().unwrap();
    let text = shown("--qr", "xterm");
    assert!(text.contains(&format!("{} {}", &digest[..4], &digest[4..8])), "{text}");
    let drawn = |text: &str| text.lines().filter(|line| line.contains('█')).count();
    assert!(drawn(&text) >= 15, "{text}");
    for (what, place) in
        [("coordinator", &town.roster["coordinator"]), ("south", &town.roster["members"][1])]
    {
        let certificate = place["certificate"].as_str().unwrap();
        let text = shown(&format!("--qr={what}"), "xterm");
        let groups = format!("{} {}", &certificate[..4], &certificate[4..8]);
        assert!(text.contains(&groups) && drawn(&text) >= 15, "{text}");
    }
    assert_eq!(shown("--qr=2", "xterm"), shown("--qr=south", "xterm"));
    let plain = shown("--qr", "dumb");
    assert!(plain.contains("ASCII only") && drawn(&plain) == 0, "{plain}");
    let (kind, detail) = fails(&home, &["roster", "show", "--qr=east"], 2);
    assert!(kind == "usage" && detail.contains("no node \"east\""), "{detail}");
}

#[test]
fn nobody_at_home_is_told_in_one_line() {
    let mut town = town();
    town.kill("north");
    let (kind, detail) = fails(&town.home("ada"), &["session", "list"], 1);
    assert_eq!(kind, "unreachable");
    assert!(detail.starts_with("nothing listens at 127.0.0.1:"), "{detail}");
}
