//! Backup and recovery by the command line: a backup of a coordinator that serves, a home from it,
//! and what is refused: a home in use, a damaged and a newer database, a damaged backup.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use common::{fails, free_port, gavel, ok, result, stderr};
use serde_json::{Value, json};
use sha2::Digest as _;
use sqlx::ConnectOptions as _;

/// A server that is killed at the end of the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(home: &Path) -> Serving {
    use std::io::BufRead as _;
    let mut command = gavel();
    command.args(["--json", "serve", "--headless", "--home"]).arg(home);
    let log = fs::File::create(home.join("log")).unwrap();
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"roles\""), "{line}");
    Serving(child)
}

/// A coordinator's home with a roster of three nodes.
fn lead(folder: &Path) -> PathBuf {
    let mut words = vec!["roster".to_owned(), "make".into(), "--threshold".into(), "1".into()];
    for name in ["north", "south", "west"] {
        let address = format!("127.0.0.1:{}", free_port());
        let made = ["init", "node", "--name", name, "--address", &address];
        words.push(ok(&folder.join(name), &made)["card"].as_str().unwrap().to_owned());
    }
    let home = folder.join("lead");
    let address = format!("127.0.0.1:{}", free_port());
    ok(&home, &["init", "coordinator", "--name", "lead", "--address", &address]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    ok(&home, &words);
    home
}

#[test]
fn a_home_comes_back_from_a_backup_made_while_it_served() {
    let folder = tempfile::tempdir().unwrap();
    let home = lead(folder.path());
    let serving = serve(&home);
    let sale = folder.path().join("sale.toml");
    let text =
        "title = \"Lot 7\"\nkind = \"second-price\"\ncurrency = \"EUR\"\nbids_until = \"1h\"\n";
    fs::write(&sale, text).unwrap();
    let made = ok(&home, &["session", "new", sale.to_str().unwrap()]);

    // One home, one process: the other one is told which.
    let (kind, detail) = fails(&home, &["serve", "--headless"], 1);
    assert_eq!(kind, "in-use");
    assert!(detail.contains(&format!("in use by process {}", serving.0.id())), "{detail}");

    // Keys leave the home under a passphrase only.
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (with, without) = (path("with.backup"), path("without.backup"));
    assert_eq!(fails(&home, &["backup", &with, "--with-keys"], 2).0, "usage");
    let secret = path("secret");
    fs::write(&secret, "correct horse\n").unwrap();
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
    let again = folder.path().join("again");
    assert_eq!(fails(&again, &["restore", &damaged], 1).0, "damaged");
    assert_eq!(fs::read_dir(&again).unwrap().count(), 0);
    assert_eq!(fails(&home, &["restore", &with], 1).0, "exists");

    drop(serving);
    let restored = ok(&again, &["restore", &with]);
    assert_eq!(restored["keys"], true);
    let locked = gavel().args(["--json", "serve", "--headless", "--home"]).arg(&again).output();
    assert_eq!(result(&locked.unwrap())["error"]["type"], "needs-passphrase");
    let opened = gavel()
        .args(["--json", "session", "list", "--home"])
        .arg(&again)
        .env("GAVEL_PASSPHRASE", "correct horse")
        .output()
        .unwrap();
    assert_eq!(result(&opened)["error"]["type"], "unreachable", "{}", stderr(&opened));
    let mut command = gavel();
    command.args(["--json", "serve", "--headless", "--home"]).arg(&again);
    command.env("GAVEL_PASSPHRASE", "correct horse");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut serving = Serving(child);
    let mut line = String::new();
    let out = serving.0.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
    let listed = gavel()
        .args(["--json", "session", "list", "--home"])
        .arg(&again)
        .env("GAVEL_PASSPHRASE", "correct horse")
        .output()
        .unwrap();
    let listed: Value = result(&listed);
    assert_eq!(listed[0]["session"], made["session"], "{listed}");
}

#[tokio::test]
async fn damaged_and_newer_databases_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let home = lead(folder.path());
    drop(serve(&home));
    let database = home.join("gavel.db");
    let backup = folder.path().join("good.backup");
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
    let other = folder.path().join("other.backup");
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
    drop(serve(&home));
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
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.db");
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&old)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    // As the first version left it.
    for statements in [
        "CREATE TABLE schema (version BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL)",
        include_str!("../src/storage/migrations/0001_node.sql"),
        "INSERT INTO schema (version, name) VALUES (1, 'node')",
    ] {
        sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    }
    let backup = folder.path().join("old.backup");
    backup_of(&old, &backup);
    sqlx::raw_sql("INSERT INTO schema (version, name) VALUES (9999, 'later')")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let newer = folder.path().join("newer.backup");
    backup_of(&old, &newer);

    let home = lead(folder.path());
    let (kind, detail) = fails(&home, &["restore", newer.to_str().unwrap()], 1);
    assert_eq!(kind, "newer");
    assert!(detail.contains("update the program"), "{detail}");
    assert!(!home.join("gavel.db").exists());
    assert_eq!(ok(&home, &["restore", backup.to_str().unwrap()])["parts"], json!(["gavel.db"]));
    drop(serve(&home));
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
    let address = format!("127.0.0.1:{}", free_port());
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
