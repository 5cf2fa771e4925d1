//! Backup and recovery by the command line: a backup of a coordinator that serves, a home from it,
//! and what is refused: a home in use, a damaged and a newer database, a damaged backup.

use std::fs;
use std::path::Path;

use crate::common::town::{SALE, Town, serve};
use crate::common::{fails, free_address, gavel, ok, result, stderr};
use serde_json::{Value, json};
use sha2::Digest as _;
use sqlx::ConnectOptions as _;

#[test]
fn a_home_comes_back_from_a_backup_made_while_it_served() {
    let mut town = Town::found("lead");
    let (home, folder) = (town.lead(), town.folder.path().to_owned());
    town.start("lead");
    let made = ok(&home, &["session", "new", &town.file("sale.toml", SALE)]);

    // One home, one process: the other one is told which.
    let (kind, detail) = fails(&home, &["serve", "--headless"], 1);
    assert_eq!(kind, "in-use");
    assert!(
        detail.contains(&format!("in use by process {}", town.server("lead").process().id())),
        "{detail}"
    );

    // Keys leave the home under a passphrase only.
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (with, without) = (path("with.backup"), path("without.backup"));
    assert_eq!(fails(&home, &["backup", &with, "--with-keys"], 2).0, "usage");
    let secret = town.file("secret", "correct horse\n");
    let saved = ok(&home, &["backup", &with, "--with-keys", "--passphrase-file", &secret]);
    assert_eq!(saved["keys"], true);
    let parts = saved["parts"].as_array().unwrap();
    for part in ["gavel.db", "gavel.toml", "roster.json", "coordinator.key"] {
        assert!(parts.contains(&json!(part)), "{parts:?}");
    }
    let saved = ok(&home, &["backup", &without]);
    assert_eq!(saved["keys"], false);
    let plain = fs::read_to_string(home.join("coordinator.key")).unwrap();
    let private = plain.lines().find_map(|line| line.strip_prefix("keys = \"")).unwrap_or(&plain);
    let private = private.trim_end_matches('"').as_bytes();
    for backup in [&with, &without] {
        let bytes = fs::read(backup).unwrap();
        assert!(!bytes.windows(private.len()).any(|window| window == private));
    }
    assert_eq!(fails(&home, &["backup", &without], 1).0, "exists");

    // A backup with one byte changed restores nothing.
    let mut bytes = fs::read(&with).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = path("damaged.backup");
    fs::write(&damaged, bytes).unwrap();
    let again = folder.join("again");
    assert_eq!(fails(&again, &["restore", &damaged], 1).0, "damaged");
    assert_eq!(fs::read_dir(&again).unwrap().count(), 0);
    assert_eq!(fails(&home, &["restore", &with], 1).0, "exists");

    town.kill("lead");
    let restored = ok(&again, &["restore", &with]);
    assert_eq!(restored["keys"], true);
    let locked = serve(&again).output().unwrap();
    assert_eq!(result(&locked)["error"]["type"], "needs-passphrase");
    let listed = || {
        let mut command = gavel();
        command.args(["--json", "session", "list", "--home"]).arg(&again);
        command.env("GAVEL_PASSPHRASE", "correct horse").output().unwrap()
    };
    let closed = listed();
    assert_eq!(result(&closed)["error"]["type"], "unreachable", "{}", stderr(&closed));
    town.start_as("again", serve(&again).env("GAVEL_PASSPHRASE", "correct horse"));
    let listed: Value = result(&listed());
    assert_eq!(listed["sessions"][0]["session"], made["session"], "{listed}");
}

#[tokio::test]
async fn damaged_and_newer_databases_are_refused() {
    let mut town = Town::found("lead");
    let (home, folder) = (town.lead(), town.folder.path().to_owned());
    town.start("lead");
    town.kill("lead");
    let database = home.join("gavel.db");
    let backup = folder.join("good.backup");
    ok(&home, &["backup", backup.to_str().unwrap()]);

    let mut connection =
        sqlx::sqlite::SqliteConnectOptions::new().filename(&database).connect().await.unwrap();
    sqlx::query("INSERT INTO schema (version, name) VALUES (9999, 'later')")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let (kind, detail) = fails(&home, &["serve", "--headless"], 1);
    assert_eq!(kind, "newer");
    assert!(detail.contains("update the program"), "{detail}");
    let other = folder.join("other.backup");
    assert_eq!(fails(&home, &["backup", other.to_str().unwrap()], 1).0, "newer");

    let mut bytes = fs::read(&database).unwrap();
    for page in bytes.chunks_mut(4096).skip(2) {
        page[..64].fill(0xff);
    }
    fs::write(&database, bytes).unwrap();
    for words in [&["serve", "--headless"][..], &["backup", other.to_str().unwrap()]] {
        let (kind, detail) = fails(&home, words, 1);
        assert_eq!(kind, "damaged", "{detail}");
        assert!(detail.contains("gavel restore"), "{detail}");
    }

    // The way back: move the damaged one away and restore.
    for name in ["gavel.db", "gavel.toml", "roster.json"] {
        fs::rename(home.join(name), home.join(format!("{name}.old"))).unwrap();
    }
    for rest in ["gavel.db-wal", "gavel.db-shm"] {
        let _ = fs::remove_file(home.join(rest));
    }
    ok(&home, &["restore", backup.to_str().unwrap()]);
    town.start("lead");
}

/// A bit of a node's log flips while it is away, then its database goes: it says so, and goes on
/// only when told to, with what the others hold.
#[test]
fn a_node_that_lost_changes_says_so_and_goes_on_only_when_told() {
    let mut town = Town::found("lead").running();
    town.add_bidder("ada");
    town.add_bidder("basil");
    let session = town.open(SALE);
    town.bid("ada", &session, "700");
    let home = town.home("south");
    let refused = |what: &str| {
        let (kind, detail) = fails(&home, &["serve", "--headless"], 1);
        assert_eq!(kind, "behind", "{what}: {detail}");
        for words in ["changes are lost", "receipts for bids", "gavel serve --accept-loss"] {
            assert!(detail.contains(words), "{what}: {detail}");
        }
    };
    town.kill("south");
    let log = home.join("gavel.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&log, bytes).unwrap();
    refused("a damaged log");
    refused("a damaged log, looked at once more");
    town.start_as("south", serve(&home).arg("--accept-loss"));
    // Once told, it is not asked again.
    town.restart("south");
    town.bid("basil", &session, "900");
    town.kill("south");
    for name in ["gavel.db", "gavel.db-wal", "gavel.db-shm"] {
        let _ = fs::remove_file(home.join(name));
    }
    refused("no database");
    assert!(!home.join("gavel.db").exists());
    town.start_as("south", serve(&home).arg("--accept-loss"));
    let settled = town.settle(&session)["result"].take();
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("basil"), &json!(70_000)));
}

/// A bidder whose coordinator and nodes are away for a moment hears so, and the bid gets in.
#[test]
fn a_bid_waits_for_who_is_away() {
    let mut town = Town::found("lead").running();
    let home = town.add_bidder("ada");
    let session = town.open(SALE);
    for name in ["lead", "north", "south", "west"] {
        town.kill(name);
    }
    let mut bid = gavel();
    bid.args(["--json", "bid", &session, "--amount", "700", "--wait", "120", "--home"]).arg(&home);
    bid.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let bid = bid.spawn().unwrap();
    // Long enough that it has found nobody: the first words come after a tenth of a second.
    std::thread::sleep(std::time::Duration::from_secs(2));
    for name in ["lead", "north", "south", "west"] {
        town.start(name);
    }
    let output = bid.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("the coordinator is tried again: "), "{said}");
    assert!(result(&output)["receipts"].as_array().unwrap().len() >= 2);
    // It gives up when the time is over.
    town.kill("lead");
    let words = ["bid", &session, "--amount", "800", "--wait", "1"];
    assert_eq!(fails(&home, &words, 1).0, "unreachable");
}

/// A backup with this database in it, as `gavel backup` writes it.
fn backup_of(database: &Path, into: &Path) {
    let content = fs::read(database).unwrap();
    let mut bytes = b"gavel backup 1\n".to_vec();
    bytes.extend(8u16.to_le_bytes());
    bytes.extend(b"gavel.db");
    bytes.extend((content.len() as u64).to_le_bytes());
    bytes.extend(content);
    bytes.extend(0u16.to_le_bytes());
    let digest = sha2::Sha256::digest(&bytes);
    bytes.extend(digest);
    fs::write(into, bytes).unwrap();
}

#[tokio::test]
async fn a_backup_of_an_older_version_is_restored_and_one_of_a_newer_refused() {
    let mut town = Town::found("lead");
    let (home, folder) = (town.lead(), town.folder.path().to_owned());
    let old = folder.join("old.db");
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&old)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    // As the first version left it.
    for statements in [
        "CREATE TABLE schema (version BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL)",
        include_str!("../../src/storage/migrations/0001_node.sql"),
        "INSERT INTO schema (version, name) VALUES (1, 'node')",
    ] {
        sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    }
    let backup = folder.join("old.backup");
    backup_of(&old, &backup);
    sqlx::raw_sql("INSERT INTO schema (version, name) VALUES (9999, 'later')")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let newer = folder.join("newer.backup");
    backup_of(&old, &newer);

    let (kind, detail) = fails(&home, &["restore", newer.to_str().unwrap()], 1);
    assert_eq!(kind, "newer");
    assert!(detail.contains("update the program"), "{detail}");
    assert!(!home.join("gavel.db").exists());
    assert_eq!(ok(&home, &["restore", backup.to_str().unwrap()])["parts"], json!(["gavel.db"]));
    town.start("lead");
    town.kill("lead");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(home.join("gavel.db"));
    let mut connection = options.connect().await.unwrap();
    let rows = sqlx::query("SELECT version FROM schema").fetch_all(&mut connection).await.unwrap();
    assert!(rows.len() > 1, "{} migrations", rows.len());
}

#[test]
fn keys_of_before_are_kept_under_the_passphrase_and_in_backups() {
    let folder = tempfile::tempdir().unwrap();
    let (home, secret) = (folder.path().join("north"), folder.path().join("secret"));
    fs::write(&secret, "correct horse\n").unwrap();
    let secret = secret.to_str().unwrap();
    let address = free_address();
    let words = ["init", "node", "--name", "north", "--address", &address];
    let words = [&words[..], &["--passphrase-file", secret]].concat();
    ok(&home, &words);
    let key = || fs::read_to_string(home.join("node.key")).unwrap();
    let before = key();
    assert_eq!(fails(&home, &["rotate"], 1).0, "needs-passphrase");
    assert_eq!(key(), before);
    let made = ok(&home, &["rotate", "--passphrase-file", secret]);
    assert_eq!(made["earlier"], 1);
    assert!(key().contains("[passphrase]") && key().contains("version = 2"), "{}", key());
    let backup = folder.path().join("north.backup");
    let words = ["backup", backup.to_str().unwrap(), "--with-keys", "--passphrase-file", secret];
    ok(&home, &words);
    let again = folder.path().join("again");
    ok(&again, &["restore", backup.to_str().unwrap()]);
    assert_eq!(ok(&again, &["rotate", "--passphrase-file", secret])["earlier"], 2);
}
