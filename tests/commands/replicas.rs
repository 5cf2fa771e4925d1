//! Nodes on PostgreSQL as real processes: one node of several replicas behind a balancer, one that
//! takes bids and the computing one killed, two coordinators on one database. Runs where
//! `GAVEL_TEST_POSTGRES_URL` names a server.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::town::{NODES, SALE, Town, serve};
use crate::common::{free_address, ok, result, stderr};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

/// A town whose servers keep what they have on a PostgreSQL server.
struct OnPostgres {
    town: Town,
    url: String,
    /// Told apart from other tests on the same server.
    label: &'static str,
}

impl OnPostgres {
    /// Three nodes, whose messages to each other are slow, a coordinator and two bidders; nothing
    /// runs yet.
    async fn new(url: String, label: &'static str) -> Self {
        let all = Self { town: Town::found("lead").slow(200), url, label };
        let mut server = PgConnection::connect(&all.url).await.unwrap();
        for name in NODES.into_iter().chain(["lead"]) {
            let schema = all.schema(name);
            let text = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut server).await.unwrap();
        }
        for name in ["ada", "basil"] {
            all.town.add_bidder(name);
        }
        all
    }

    fn schema(&self, home: &str) -> String {
        format!("town_{}_{}_{home}", self.label, std::process::id())
    }

    fn database(&self, home: &str) -> String {
        let join = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{join}options[search_path]={}", self.url, self.schema(home))
    }

    fn server(&self, home: &str) -> Command {
        let mut command = serve(&self.town.home(home));
        command.env("GAVEL_DATABASE", self.database(home));
        command
    }

    /// Start a server of a home, under a name of its own.
    fn start(&mut self, label: &str, home: &str, words: &[&str]) {
        let mut command = self.server(home);
        self.town.start_as(label, command.args(words));
    }

    /// Wait until a server has said something.
    fn wait_for(&self, label: &str, words: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.town.log(label).contains(words) {
            let log = self.town.log(label);
            assert!(Instant::now() < until, "{label} never said {words:?}: {log}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Wait until an attempt is under way; it takes some seconds.
    fn wait_for_attempt(&self, session: &str) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let shown = ok(&self.town.lead(), &["session", "show", session]);
            if shown["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty()) {
                thread::sleep(Duration::from_millis(500));
                return;
            }
            assert!(Instant::now() < until, "no attempt: {shown}");
        }
    }

    /// Close a session: its result.
    fn settle(&self, session: &str) -> Value {
        self.town.settle(session)["result"].take()
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
    let mut servers = OnPostgres::new(url, "replicas").await;
    // North is reached at a balancer before two intake replicas; two full ones listen elsewhere.
    let (first, second, one, two) =
        (free_address(), free_address(), free_address(), free_address());
    servers.start("first", "north", &["--listen", &first, "--replica-address", &first]);
    servers.wait_for("first", "this replica computes now");
    servers.start("second", "north", &["--listen", &second, "--replica-address", &second]);
    servers.wait_for("second", "standing by");
    servers.start("one", "north", &["--role", "intake", "--listen", &one]);
    servers.start("two", "north", &["--role", "intake", "--listen", &two]);
    let roster = std::fs::read_to_string(servers.town.roster_of("lead")).unwrap();
    let roster: Value = serde_json::from_str(&roster).unwrap();
    let north = roster["body"]["nodes"][0]["address"].as_str().unwrap();
    let balancer = Balancer::start(north, [one, two]);
    servers.start("south", "south", &[]);
    servers.start("west", "west", &[]);
    servers.start("lead", "lead", &[]);
    // A node's database is not another node's, whatever it is told to accept.
    for (accept, says) in
        [(None, "another database"), (Some("--accept-loss"), "belongs to the node")]
    {
        let mut stranger = servers.server("south");
        stranger.env("GAVEL_DATABASE", servers.database("north")).args(accept);
        let output = stranger.output().unwrap();
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }

    let session = servers.town.open(SALE);
    assert_eq!(servers.town.bid("ada", &session, "1240"), json!([1, 2, 3]));
    let before = balancer.taken();
    for amount in ["910", "920", "930", "950"] {
        assert_eq!(servers.town.bid("basil", &session, amount), json!([1, 2, 3]));
    }
    let after = balancer.taken();
    assert!(before[0] < after[0] && before[1] < after[1], "{before:?} {after:?}");
    let settled = servers.settle(&session);
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("ada"), &json!(95_000)));

    // One intake replica dies while bids come in: the other one has them all.
    let session = servers.town.open(SALE);
    assert_eq!(servers.town.bid("ada", &session, "700"), json!([1, 2, 3]));
    servers.town.kill("one");
    assert_eq!(servers.town.bid("basil", &session, "800"), json!([1, 2, 3]));
    // The computing replica dies in the middle of an attempt; the other full one takes over,
    // reached by the same way.
    ok(&servers.town.lead(), &["session", "close", &session]);
    servers.wait_for_attempt(&session);
    servers.town.kill("first");
    servers.wait_for("second", "this replica computes now");
    let settled = ok(&servers.town.lead(), &["session", "watch", &session])["result"].clone();
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("basil"), &json!(70_000)));
    assert!(
        servers.town.log("lead").contains("the attempt failed"),
        "{}",
        servers.town.log("lead")
    );

    // The one that computes now hangs in the middle of an attempt. It holds all its connections,
    // and is replaced all the same; when it wakes up it has lost its place.
    let third = free_address();
    servers.start("third", "north", &["--listen", &third, "--replica-address", &third]);
    servers.wait_for("third", "standing by");
    let session = servers.town.open(SALE);
    for (name, amount) in [("ada", "400"), ("basil", "300")] {
        assert_eq!(servers.town.bid(name, &session, amount), json!([1, 2, 3]));
    }
    ok(&servers.town.lead(), &["session", "close", &session]);
    servers.wait_for_attempt(&session);
    servers.town.server("second").signal("STOP");
    servers.wait_for("third", "this replica computes now");
    let settled = ok(&servers.town.lead(), &["session", "watch", &session])["result"].clone();
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("ada"), &json!(30_000)));
    servers.town.server("second").signal("CONT");
    servers.wait_for("second", "this replica computes no more");
}

#[tokio::test]
async fn two_coordinators_on_one_database_cannot_both_act() {
    let Some(url) = url() else { return };
    let mut servers = OnPostgres::new(url.clone(), "coordinators").await;
    for node in ["north", "south", "west"] {
        servers.start(node, node, &[]);
    }
    servers.start("lead", "lead", &[]);
    let session = servers.town.open(SALE);
    servers.town.bid("ada", &session, "700");

    // A second one does not start, and says who has the place.
    let elsewhere = free_address();
    let output = servers.server("lead").args(["--listen", &elsewhere]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = &result(&output)["error"];
    assert_eq!(error["type"], "in-use");
    let lead = servers.town.server("lead").process().id();
    let named = format!("in use by gavel process {lead} on");
    assert!(error["detail"].as_str().unwrap().contains(&named), "{}", stderr(&output));

    // Its connections are cut, as by a server that is started again: it goes on.
    let mut admin = PgConnection::connect(&url).await.unwrap();
    for _ in 0..3 {
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE $1",
        )
        .bind(format!("gavel process {lead} on%"))
        .execute(&mut admin)
        .await
        .unwrap();
        ok(&servers.town.lead(), &["session", "show", &session]);
    }
    servers.town.bid("basil", &session, "800");
    assert!(servers.town.server("lead").process().try_wait().unwrap().is_none());

    // It hangs: another one takes over once its lease has run out, and goes on with its sessions.
    servers.town.server("lead").signal("STOP");
    let mut next = servers.server("lead");
    next.args(["--listen", &elsewhere]);
    servers.town.start_as("next", &mut next);
    // It wakes up: it has been superseded, stores nothing more and ends by itself.
    let mut first = servers.town.take("lead");
    first.signal("CONT");
    let until = Instant::now() + Duration::from_secs(60);
    let status = loop {
        if let Some(status) = first.process().try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < until, "it goes on: {}", servers.town.log("lead"));
        thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(status.code(), Some(1));
    let log = servers.town.log("lead");
    assert!(log.contains("another process has taken the coordinator's place"), "{log}");
    servers.town.kill("next");
    servers.start("lead", "lead", &[]);
    let settled = servers.settle(&session);
    assert_eq!((&settled["winner"], &settled["price"]), (&json!("basil"), &json!(70_000)));
}
