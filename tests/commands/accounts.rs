//! Accounts from the command line, with one process per organisation: the first operator, codes,
//! joining, bidding by account, disabling.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;

use crate::common::town::{NODES, Town};
use crate::common::{fails, gavel, ok};
use gavel::identity::{NodeCard, Roster, Signed};
use gavel::session::SessionId;
use gavel::transport::client::http::HttpOptions;
use gavel::transport::target::Target;
use gavel::transport::{HttpError, PeerClient};
use gavel::wire::paths;
use serde_json::Value;

const TERMS: &str =
    "title = \"Lot 7\"\nkind = \"first-price\"\nbids_until = \"1h\"\nadmission = \"accounts\"\n";

/// A file with somebody's password.
fn password(town: &Town, name: &str, password: &str) -> String {
    town.file(&format!("password of {name}"), &format!("{password}\n"))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}"))
}

#[test]
fn operators_invite_bidders_who_bid_by_account() {
    let town = Town::found("north").running();
    let north = town.home("north");
    let secret = password(&town, "olga", "a long enough one");
    let add = ["account", "add", "olga", "--role", "operator", "--password-file", &secret];
    assert_eq!(text(&ok(&north, &add), "role"), "operator");

    let olga = town.fetch("olga");
    fails(&olga, &["account", "list"], 1);
    let wrong = password(&town, "nobody", "a wrong password");
    let (kind, _) = fails(&olga, &["login", "--name", "olga", "--password-file", &wrong], 1);
    assert_eq!(kind, "wrong-login");
    ok(&olga, &["login", "--name", "olga", "--password-file", &secret]);
    assert_eq!(ok(&olga, &["account", "list"])["accounts"].as_array().unwrap().len(), 1);

    let names = "name,mail\n\"Lovelace, Ada\",a@example.org\nBasil,b@example.org\n";
    let names = town.file("names.csv", names);
    let codes = town.folder.path().join("codes.csv");
    let invite = ["invite", "--from", &names, "--csv", codes.to_str().unwrap()];
    let answer = ok(&olga, &invite);
    assert_eq!(
        (text(&answer, "address"), text(&answer, "roster")),
        (town.address(), town.digest())
    );
    let made = &answer["invitations"];
    assert_eq!(text(&made[0], "label"), "Lovelace, Ada");
    let code = text(&made[0], "code");
    assert!(fs::read_to_string(&codes).unwrap().contains(code));

    let ada = town.fetch("ada");
    let own = password(&town, "ada", "one of my own");
    let joined = ok(&ada, &["join", code, "--name", "ada", "--password-file", &own]);
    assert_eq!(text(&joined, "role"), "bidder");
    let eve = town.fetch("eve");
    let again = ["join", code, "--name", "eve", "--password-file", &own];
    assert_eq!(fails(&eve, &again, 1).0, "bad-invitation");
    assert!(!eve.join("bidder.key").exists(), "nothing is left of a refused invitation");

    let terms = town.file("lot.toml", TERMS);
    let session = ok(&olga, &["session", "new", &terms, "--open"]);
    let session = text(&session, "session");
    let bid = ok(&ada, &["bid", session, "--amount", "70"]);
    assert_eq!(text(&bid, "bidder"), "ada");
    ok(&eve, &["init", "bidder", "--name", "eve"]);
    assert_eq!(fails(&eve, &["bid", session, "--amount", "90"], 1).0, "not-admitted");
    // A bidder's login opens nothing that is for operators.
    assert_eq!(fails(&ada, &["session", "close", session], 1).0, "not-the-operator");
    ok(&olga, &["session", "close", session]);
    let settled = ok(&olga, &["session", "watch", session]);
    assert_eq!(text(&settled["result"], "winner"), "ada");

    // Disabled: out at once at the coordinator, and the login cannot go on.
    ok(&olga, &["account", "disable", "Ada"]);
    assert_eq!(fails(&ada, &["session", "list"], 1).0, "unauthorized");
    let login = ["login", "--name", "ada", "--password-file", &own];
    assert_eq!(fails(&ada, &login, 1).0, "forbidden");
    ok(&olga, &["account", "enable", "ada"]);
    ok(&ada, &login);

    ok(&olga, &["logout"]);
    assert!(!olga.join("login.json").exists());
    assert_eq!(fails(&olga, &["account", "list"], 1).0, "not-the-operator");

    // Nothing of it in plain on any disk or log.
    for home in NODES {
        let kept = |file| fs::read(town.home(home).join(file)).unwrap_or_default();
        let log = town.log(home).into_bytes();
        for (file, content) in
            [("gavel.db", kept("gavel.db")), ("gavel.db-wal", kept("gavel.db-wal")), ("log", log)]
        {
            for planted in ["a long enough one", "one of my own", code] {
                let found = content.windows(planted.len()).any(|part| part == planted.as_bytes());
                assert!(!found, "{planted:?} is in {file} of {home}");
            }
        }
    }
}

/// What a node answers to somebody who asks for what only operators may see.
fn status_at(node: &NodeCard, token: &str) -> u16 {
    let token = token.to_owned();
    let tokens = Arc::new(move || Some(token.clone()));
    let client = PeerClient::new(Target::from(node), tokens, HttpOptions::default()).unwrap();
    let path = paths::of(paths::NODE_RECEIPTS, SessionId([7; 16]));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match runtime.block_on(client.get::<Value>(&path)) {
        Err(HttpError::Problem { problem, .. }) => problem.status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_disabled_operator_is_out_at_every_node_within_seconds_and_stays_out() {
    let mut town = Town::found("north").running();
    let north = town.home("north");
    let secret = password(&town, "olga", "a long enough one");
    let add = ["account", "add", "olga", "--role", "operator", "--password-file", &secret];
    ok(&north, &add);
    let olga = town.fetch("olga");
    ok(&olga, &["login", "--name", "olga", "--password-file", &secret]);
    let kept = fs::read_to_string(olga.join("login.json")).unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    let roster = fs::read_to_string(town.roster_of("north")).unwrap();
    let roster = serde_json::from_str::<Signed<Roster>>(&roster).unwrap().checked().unwrap();
    let token = |node: &NodeCard| {
        let tokens = kept["tokens"].as_array().unwrap();
        let found = tokens.iter().find(|line| text(line, "server") == node.key.to_string());
        text(found.unwrap(), "token").to_owned()
    };
    for node in &roster.body.nodes {
        assert_eq!(status_at(node, &token(node)), 404, "she may ask, and there is no such session");
    }
    // A node that is away meanwhile hears of it when it comes back.
    let away = NODES[1];
    assert_ne!(away, "north");
    town.kill(away);
    ok(&north, &["account", "disable", "olga"]);
    town.start(away);
    let is_out = |node: &NodeCard| {
        let begun = std::time::Instant::now();
        while status_at(node, &token(node)) != 401 {
            assert!(begun.elapsed().as_secs() < 60, "{} still lets her in", node.name);
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    };
    roster.body.nodes.iter().for_each(is_out);
    town.restart(away);
    for node in &roster.body.nodes {
        assert_eq!(status_at(node, &token(node)), 401, "{} has forgotten it", node.name);
    }
}

#[test]
fn a_command_that_runs_for_long_goes_on_with_its_login() {
    let town = Town::found("north").running();
    let secret = password(&town, "olga", "a long enough one");
    let add = ["account", "add", "olga", "--role", "operator", "--password-file", &secret];
    ok(&town.home("north"), &add);
    let olga = town.fetch("olga");
    ok(&olga, &["login", "--name", "olga", "--password-file", &secret]);
    let terms = town.file("lot.toml", TERMS);
    let session = ok(&olga, &["session", "new", &terms, "--open"]);
    let session = text(&session, "session");

    // As after a quarter of an hour: the tokens are about to end.
    let path = olga.join("login.json");
    let kept = || -> Value { serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap() };
    let mut login = kept();
    let soon = gavel::base::Clock::System.now().plus_millis(62_000);
    login["expires"] = serde_json::to_value(soon).unwrap();
    fs::write(&path, login.to_string()).unwrap();
    let mut watch = gavel();
    watch.args(["--json", "session", "watch", session, "--home"]).arg(&olga);
    let watch = watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = std::time::Instant::now();
    while kept()["refresh"] == login["refresh"] {
        assert!(begun.elapsed().as_secs() < 60, "the login was not refreshed");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    ok(&olga, &["session", "cancel", "--yes", session]);
    let output = watch.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", crate::common::stderr(&output));
    assert_eq!(text(&crate::common::result(&output), "phase"), "cancelled");
}

#[test]
fn an_invitation_is_listed_taken_back_and_made_anew() {
    let town = Town::found("north").running();
    let north = town.home("north");
    let codes = town.file("codes.csv", "mine\n");
    let names = town.file("names.csv", "ada\nbob\n");
    // A file that is there costs no code.
    let invite = ["invite", "--from", &names, "--csv", &codes];
    assert_eq!(fails(&north, &invite, 1).0, "exists");
    assert_eq!(fs::read_to_string(&codes).unwrap(), "mine\n");
    assert_eq!(ok(&north, &["invite", "--list"])["invitations"].as_array().unwrap().len(), 0);
    let made = ok(&north, &[&invite[..], &["--force"]].concat());
    let code = |at: usize| text(&made["invitations"][at], "code").to_owned();
    let written = fs::read_to_string(&codes).unwrap();
    let digest: gavel::identity::Digest = town.digest().parse().unwrap();
    assert!(written.starts_with("for,code,expires,coordinator,roster,cohort\r\nada,"), "{written}");
    assert_eq!(written.matches(&digest.grouped()).count(), 2);

    let standings = |home| -> Vec<(String, String)> {
        let listed = ok(home, &["invite", "--list"]);
        let lines = listed["invitations"].as_array().unwrap();
        let mut all: Vec<_> = lines
            .iter()
            .map(|line| (text(line, "label").to_owned(), text(line, "standing").to_owned()))
            .collect();
        all.sort();
        assert!(!listed.to_string().contains(&code(0)), "a list shows no codes");
        all
    };
    let line = |label: &str, standing: &str| (label.to_owned(), standing.to_owned());
    assert_eq!(standings(&north), [line("ada", "open"), line("bob", "open")]);
    // Ada's went astray: by her name it is taken back, and whoever found it gets nothing.
    let revoked = ok(&north, &["invite", "--revoke", "ada"]);
    assert_eq!(text(&revoked["invitations"][0], "standing"), "revoked");
    let own = password(&town, "eve", "one of my own");
    let eve = town.fetch("eve");
    let join = ["join", &code(0), "--name", "eve", "--password-file", &own];
    let (kind, detail) = fails(&eve, &join, 1);
    assert_eq!(
        (kind.as_str(), detail.contains("revoked by the operator")),
        ("bad-invitation", true)
    );
    let bob = town.fetch("bob");
    ok(&bob, &["join", &code(1), "--name", "bob", "--password-file", &own]);
    let (kind, detail) = fails(&north, &["invite", "--revoke", &code(1)], 1);
    assert_eq!((kind.as_str(), detail.contains("account disable")), ("bad-invitation", true));
    assert_eq!(fails(&north, &["invite", "--revoke", "carol"], 1).0, "not-found");
    assert_eq!(standings(&north), [line("ada", "revoked"), line("bob", "redeemed")]);
    // A new one for her.
    ok(&north, &["invite", "1"]);
    assert_eq!(fails(&bob, &["invite", "--list"], 1).0, "not-the-operator");
}

#[test]
fn joining_without_a_roster_says_how_to_get_one() {
    let home = tempfile::tempdir().unwrap();
    let words = ["join", "AAAAA-BBBBB-CCCCC-DDDDD", "--name", "ada"];
    let (kind, detail) = fails(home.path(), &words, 1);
    assert_eq!(kind, "no-roster");
    assert!(detail.contains("gavel roster fetch HOST:PORT DIGEST"), "{detail}");
}
