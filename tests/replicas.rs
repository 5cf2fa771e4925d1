//! Nodes on PostgreSQL as real processes: one node of several replicas behind one address, the
//! computing one killed, two coordinators on one database. Runs where `GAVEL_TEST_POSTGRES_URL`
//! names a server.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{free_port, gavel, ok, result, stderr};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

/// Homes of everybody, and the servers that run.
struct Town {
    folder: tempfile::TempDir,
    url: String,
    running: Vec<(&'static str, Child)>,
}

impl Drop for Town {
    fn drop(&mut self) {
        for (_, child) in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Town {
    async fn new(url: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = PgConnection::connect(&url).await.unwrap();
        for name in ["north", "south", "west", "lead"] {
            let schema = format!("town_{}_{name}", std::process::id());
            let text = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut server).await.unwrap();
        }
        let town = Self { folder, url, running: Vec::new() };
        let mut words = vec!["roster".to_owned(), "make".into(), "--threshold".into(), "1".into()];
        for name in ["north", "south", "west"] {
            let address = format!("127.0.0.1:{}", free_port());
            let made = ["init", "node", "--name", name, "--address", &address];
            words.push(ok(&town.home(name), &made)["card"].as_str().unwrap().to_owned());
        }
        let address = format!("127.0.0.1:{}", free_port());
        ok(&town.home("lead"), &["init", "coordinator", "--name", "lead", "--address", &address]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        ok(&town.home("lead"), &words);
        for name in ["north", "south", "west", "ada", "basil"] {
            if name.len() < 5 || name == "basil" {
                fs::create_dir_all(town.home(name)).unwrap();
            }
            let roster = town.home("lead").join("roster.json");
            fs::copy(roster, town.home(name).join("roster.json")).unwrap_or_else(|_| {
                fs::create_dir_all(town.home(name)).unwrap();
                0
            });
            if ["ada", "basil"].contains(&name) {
                ok(&town.home(name), &["init", "bidder", "--name", name]);
            }
        }
        town
    }

    fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self, home: &str) -> Command {
        let join = if self.url.contains('?') { '&' } else { '?' };
        let schema = format!("town_{}_{home}", std::process::id());
        let url = format!("{}{join}options[search_path]={schema}", self.url);
        let mut command = gavel();
        command.args(["--json", "serve", "--headless", "--home"]).arg(self.home(home));
        command.env("GAVEL_DATABASE", url);
        command
    }

    /// Start a server and wait until it says that it listens.
    fn start(&mut self, label: &'static str, home: &str, words: &[&str]) {
        use std::io::BufRead as _;
        let mut command = self.server(home);
        let log = fs::File::create(self.folder.path().join(format!("{label}.log"))).unwrap();
        let mut child = command.args(words).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("\"roles\""), "{label}: {line} {}", self.log(label));
        self.running.push((label, child));
    }

    fn log(&self, label: &str) -> String {
        fs::read_to_string(self.folder.path().join(format!("{label}.log"))).unwrap()
    }

    fn kill(&mut self, label: &str) {
        let position = self.running.iter().position(|(running, _)| *running == label).unwrap();
        let (_, mut child) = self.running.remove(position);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn wait_for(&self, label: &str, words: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.log(label).contains(words) {
            assert!(Instant::now() < until, "{label} never said {words:?}: {}", self.log(label));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn new_session(&self) -> String {
        let path = self.folder.path().join("sale.toml");
        let text = "title = \"Lot 7\"\nkind = \"second-price\"\ncurrency = \"EUR\"\n\
                    bids_until = \"1h\"\nreplace_bids = true\n";
        fs::write(&path, text).unwrap();
        let words = ["session", "new", "--open", path.to_str().unwrap()];
        ok(&self.home("lead"), &words)["session"].as_str().unwrap().to_owned()
    }

    fn settle(&self, session: &str) -> Value {
        ok(&self.home("lead"), &["session", "close", session]);
        ok(&self.home("lead"), &["session", "watch", session])["result"].clone()
    }
}

#[tokio::test]
async fn replicas_share_the_work_and_another_takes_over() {
    let Ok(url) = std::env::var("GAVEL_TEST_POSTGRES_URL") else {
        eprintln!("not run: GAVEL_TEST_POSTGRES_URL is not set");
        return;
    };
    let mut town = Town::new(url).await;
    // North is reached at an intake replica; two full ones listen elsewhere.
    let (first, second) =
        (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
    town.start("first", "north", &["--listen", &first, "--replica-address", &first]);
    town.wait_for("first", "this replica computes now");
    town.start("second", "north", &["--listen", &second, "--replica-address", &second]);
    town.wait_for("second", "standing by");
    town.start("intake", "north", &["--role", "intake"]);
    town.start("south", "south", &[]);
    town.start("west", "west", &[]);
    town.start("lead", "lead", &[]);

    // A second coordinator on the same database does not start, and says who has it.
    let elsewhere = format!("127.0.0.1:{}", free_port());
    let output = town.server("lead").args(["--listen", &elsewhere]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = &result(&output)["error"];
    assert_eq!(error["type"], "in-use");
    let lead = town.running.iter().find(|(label, _)| *label == "lead").unwrap().1.id();
    let named = format!("in use by gavel process {lead} on");
    assert!(error["detail"].as_str().unwrap().contains(&named), "{}", stderr(&output));
    // A node's database is not another node's.
    let schema = format!("town_{}_north", std::process::id());
    let other = town.server("lead").get_envs().find_map(|(name, value)| {
        (name == "GAVEL_DATABASE").then(|| value.unwrap().to_str().unwrap().to_owned())
    });
    let other = other.unwrap().replace(&format!("town_{}_lead", std::process::id()), &schema);
    let output = town.server("south").env("GAVEL_DATABASE", other).output().unwrap();
    assert!(stderr(&output).contains("belongs to the node"), "{}", stderr(&output));

    let session = town.new_session();
    ok(&town.home("ada"), &["bid", &session, "--amount", "1240"]);
    ok(&town.home("basil"), &["bid", &session, "--amount", "950"]);
    let settled = town.settle(&session);
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("ada"), &json!(950)));
    let south = town.log("south");

    // The computing replica dies; the other full one takes over, reached by the same way.
    let session = town.new_session();
    let placed = ok(&town.home("ada"), &["bid", &session, "--amount", "700"]);
    assert_eq!(placed["receipts"], json!([1, 2, 3]), "{south}");
    town.kill("first");
    let placed = ok(&town.home("basil"), &["bid", &session, "--amount", "800"]);
    assert_eq!(placed["receipts"], json!([1, 2, 3]));
    town.wait_for("second", "this replica computes now");
    town.kill("west");
    // Only north and south are left, so north's part is needed: two of three make a quorum of
    // 2t+1 only with all three, so west comes back.
    town.start("west", "west", &[]);
    let settled = town.settle(&session);
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("basil"), &json!(700)));
}
