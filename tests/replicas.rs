//! Nodes on PostgreSQL as real processes: one node of several replicas behind a balancer, one that
//! takes bids and the computing one killed, two coordinators on one database. Runs where `GAVEL_TEST_POSTGRES_URL`
//! names a server.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{free_port, gavel, ok, result, stderr};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

/// Homes of everybody, and the servers that run.
struct Town {
    folder: tempfile::TempDir,
    url: String,
    /// Told apart from other tests on the same server.
    label: &'static str,
    /// Where the roster says that they are.
    addresses: BTreeMap<&'static str, String>,
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
    /// Three nodes, whose messages to each other are slow, a coordinator and two bidders; nothing
    /// runs yet.
    async fn new(url: String, label: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let running = Vec::new();
        let mut town = Self { folder, url, label, addresses: BTreeMap::new(), running };
        let mut server = PgConnection::connect(&town.url).await.unwrap();
        let mut words = vec!["roster".to_owned(), "make".into(), "--threshold".into(), "1".into()];
        for name in ["north", "south", "west", "lead"] {
            let schema = town.schema(name);
            let text = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut server).await.unwrap();
            let address = place();
            let role = if name == "lead" { "coordinator" } else { "node" };
            let made = ok(&town.home(name), &["init", role, "--name", name, "--address", &address]);
            town.addresses.insert(name, address);
            if role == "node" {
                words.push(made["card"].as_str().unwrap().to_owned());
                let settings = town.home(name).join("gavel.toml");
                let mut settings = fs::File::options().append(true).open(settings).unwrap();
                writeln!(settings, "\n[links]\nsimulated_delay_ms = 200").unwrap();
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        ok(&town.home("lead"), &words);
        for name in ["ada", "basil"] {
            ok(&town.home(name), &["init", "bidder", "--name", name]);
        }
        for name in ["north", "south", "west", "ada", "basil"] {
            let roster = town.home("lead").join("roster.json");
            fs::copy(roster, town.home(name).join("roster.json")).unwrap();
        }
        town
    }

    fn schema(&self, home: &str) -> String {
        format!("town_{}_{}_{home}", self.label, std::process::id())
    }

    fn database(&self, home: &str) -> String {
        let join = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{join}options[search_path]={}", self.url, self.schema(home))
    }

    /// The nodes that gave a receipt.
    fn bid(&self, name: &str, session: &str, amount: &str) -> Value {
        ok(&self.home(name), &["bid", session, "--amount", amount])["receipts"].clone()
    }

    fn home(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self, home: &str) -> Command {
        let mut command = gavel();
        command.args(["--json", "serve", "--headless", "--home"]).arg(self.home(home));
        command.env("GAVEL_DATABASE", self.database(home));
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

    /// Wait until a server has said something so many times.
    fn wait_for(&self, label: &str, words: &str, times: usize) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.log(label).matches(words).count() < times {
            assert!(Instant::now() < until, "{label} never said {words:?}: {}", self.log(label));
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Wait until an attempt is under way; it takes some seconds.
    fn wait_for_attempt(&self, session: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let shown = ok(&self.home("lead"), &["session", "show", session]);
            if shown["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty()) {
                thread::sleep(Duration::from_millis(500));
                return;
            }
            assert!(Instant::now() < until, "no attempt: {shown}");
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

/// A balancer that passes TCP through to one server after the other, leaving out those that are
/// away. Ends with the test's process.
struct Balancer {
    taken: Arc<[AtomicUsize; 2]>,
}

impl Balancer {
    fn start(address: &str, servers: [String; 2]) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let taken = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let counts = Arc::clone(&taken);
        thread::spawn(move || {
            for (turn, client) in listener.incoming().enumerate() {
                let Ok(client) = client else { continue };
                let order = [turn % 2, (turn + 1) % 2];
                let found = order.into_iter().find_map(|at| {
                    TcpStream::connect(&servers[at]).ok().map(|server| (at, server))
                });
                let Some((at, server)) = found else { continue };
                counts[at].fetch_add(1, Ordering::Relaxed);
                let (back, forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || pass(client, server));
                thread::spawn(move || pass(back, forth));
            }
        });
        Self { taken }
    }

    fn taken(&self) -> [usize; 2] {
        [0, 1].map(|at| self.taken[at].load(Ordering::Relaxed))
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    // Either end may go away at any time.
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}

fn place() -> String {
    format!("127.0.0.1:{}", free_port())
}

fn url() -> Option<String> {
    let url = std::env::var("GAVEL_TEST_POSTGRES_URL").ok();
    if url.is_none() {
        eprintln!("not run: GAVEL_TEST_POSTGRES_URL is not set");
    }
    url
}

#[tokio::test]
async fn replicas_share_the_work_and_another_takes_over() {
    let Some(url) = url() else { return };
    let mut town = Town::new(url, "replicas").await;
    // North is reached at a balancer before two intake replicas; two full ones listen elsewhere.
    let (first, second, one, two) = (place(), place(), place(), place());
    town.start("first", "north", &["--listen", &first, "--replica-address", &first]);
    town.wait_for("first", "this replica computes now", 1);
    town.start("second", "north", &["--listen", &second, "--replica-address", &second]);
    town.wait_for("second", "standing by", 1);
    town.start("one", "north", &["--role", "intake", "--listen", &one]);
    town.start("two", "north", &["--role", "intake", "--listen", &two]);
    let balancer = Balancer::start(&town.addresses["north"], [one, two]);
    town.start("south", "south", &[]);
    town.start("west", "west", &[]);
    town.start("lead", "lead", &[]);
    // A node's database is not another node's.
    let mut stranger = town.server("south");
    let output = stranger.env("GAVEL_DATABASE", town.database("north")).output().unwrap();
    assert!(stderr(&output).contains("belongs to the node"), "{}", stderr(&output));

    let session = town.new_session();
    assert_eq!(town.bid("ada", &session, "1240"), json!([1, 2, 3]));
    let before = balancer.taken();
    for amount in ["910", "920", "930", "950"] {
        assert_eq!(town.bid("basil", &session, amount), json!([1, 2, 3]));
    }
    let after = balancer.taken();
    assert!(before[0] < after[0] && before[1] < after[1], "{before:?} {after:?}");
    let settled = town.settle(&session);
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("ada"), &json!(950)));

    // One intake replica dies while bids come in: the other one has them all.
    let session = town.new_session();
    assert_eq!(town.bid("ada", &session, "700"), json!([1, 2, 3]));
    town.kill("one");
    assert_eq!(town.bid("basil", &session, "800"), json!([1, 2, 3]));
    // The computing replica dies in the middle of an attempt; the other full one takes over,
    // reached by the same way.
    ok(&town.home("lead"), &["session", "close", &session]);
    town.wait_for_attempt(&session);
    town.kill("first");
    town.wait_for("second", "this replica computes now", 1);
    let settled = ok(&town.home("lead"), &["session", "watch", &session])["result"].clone();
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("basil"), &json!(700)));
    assert!(town.log("lead").contains("the attempt failed"), "{}", town.log("lead"));
}

#[tokio::test]
async fn two_coordinators_on_one_database_cannot_both_act() {
    let Some(url) = url() else { return };
    let mut town = Town::new(url.clone(), "coordinators").await;
    for node in ["north", "south", "west"] {
        town.start(node, node, &[]);
    }
    town.start("lead", "lead", &[]);
    let session = town.new_session();
    town.bid("ada", &session, "700");

    // A second one does not start, and says who has the place.
    let elsewhere = place();
    let output = town.server("lead").args(["--listen", &elsewhere]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = &result(&output)["error"];
    assert_eq!(error["type"], "in-use");
    let lead = town.running.iter().find(|(label, _)| *label == "lead").unwrap().1.id();
    let named = format!("in use by gavel process {lead} on");
    assert!(error["detail"].as_str().unwrap().contains(&named), "{}", stderr(&output));

    // The first one's connections are cut, as by a server that fails over: it ends by itself.
    let mut admin = PgConnection::connect(&url).await.unwrap();
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE $1",
    )
    .bind(format!("gavel process {lead} on%"))
    .execute(&mut admin)
    .await
    .unwrap();
    let position = town.running.iter().position(|(label, _)| *label == "lead").unwrap();
    let (_, mut first) = town.running.remove(position);
    let until = Instant::now() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = first.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < until, "it goes on: {}", town.log("lead"));
        thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(status.code(), Some(1));
    assert!(town.log("lead").contains("the coordinator's place"), "{}", town.log("lead"));
    // Another one goes on with its sessions.
    town.start("lead", "lead", &[]);
    town.bid("basil", &session, "800");
    let settled = town.settle(&session);
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("basil"), &json!(700)));
}
