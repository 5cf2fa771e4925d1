//! Variables that stay at the nodes from one job to the next, over real servers that are killed.

use std::path::Path;
use std::time::Duration;

use gavel::client::EntryValues;
use gavel::client::bid::{self, Bidder, Patience};
use gavel::client::state::BidderState;
use gavel::identity::key_file::NodeKeys;
use gavel::identity::vault::Vault;
use gavel::identity::{KeyPair, Statement as _};
use gavel::rules::job::answer::Revealed;
use gavel::rules::job::line;
use gavel::session::Phase;
use gavel::storage::{Database, NodeStore};
use gavel::wire::coordinator_api::{NewSession, SessionDetail};
use gavel::wire::job_api::StepState;
use gavel::wire::paths;
use gavel::wire::variable::VariableLine;

use super::auction::{Auction, Settled};
use super::net::{Net, Setup};
use super::secrets::Secrets;

/// Keeps what ada hands in, and its product.
pub const FIRST: &str = r#"title = "First"
kind = "job"
field = "2^127-1"
bids_until = "1h"
keep = ["x", "y", "product"]
steps = [
    { id = "x", operation = "assign", variable = "x", from = "ada", bits = 30 },
    { id = "y", operation = "assign", variable = "y", from = "ada", bits = 30 },
    { id = "product", operation = "multiply", variable = "product", operand1 = "x", operand2 = "y" },
]
"#;

/// A job over what is stored, in which nobody hands anything in.
pub fn later(more: &str, steps: &str) -> String {
    format!(
        "title = \"Later\"\nkind = \"job\"\nfield = \"2^127-1\"\nbids_until = \"1h\"\n{more}\n\
         steps = [\n{steps}\n]\n"
    )
}

pub const SUM: &str = r#"
    { id = "1", operation = "load", variable = "a", stored = "x" },
    { id = "2", operation = "load", variable = "y" },
    { id = "3", operation = "add", variable = "sum", operand1 = "a", operand2 = "y" },
    { id = "4", operation = "reveal", variable = "sum" },"#;

pub const SQUARE: &str = r#"
    { id = "1", operation = "load", variable = "product" },
    { id = "2", operation = "multiply", variable = "square", operand1 = "product", operand2 = "product" },
    { id = "3", operation = "reveal", variable = "square" },"#;

impl Auction {
    /// Hand in values for a job.
    pub async fn values(&self, name: &str, text: &str) {
        let terms = &self.announcement.body.terms;
        let entry = line::read(terms.question.as_job().unwrap(), text).unwrap();
        let pinned = [self.network.roster().body.digest()];
        let keys = KeyPair::generate().unwrap();
        let bidder = Bidder { name, keys: &keys, state: &BidderState::Memory, pinned: &pinned };
        let patience =
            Patience { deadline: Duration::from_secs(20), stragglers: Duration::from_millis(300) };
        let entry = EntryValues::new(entry.to_vec());
        bid::place(&self.network, &self.announcement, &bidder, entry, patience).await.unwrap();
    }

    /// Keep 4 and 5 by [`FIRST`], or other numbers.
    pub async fn first(net: &Net, file: &str, text: &str) -> Self {
        let job = net.open(file).await;
        job.values("ada", text).await;
        job.close().await;
        job
    }
}

/// What a settled job revealed.
pub fn revealed(settled: &Settled) -> Vec<(String, String)> {
    let terms = &settled.record.announcement.body.terms;
    let answer = settled.report.outcome.as_ref().unwrap().answer.as_job().unwrap();
    let graph = terms.question.as_job().unwrap().graph().unwrap();
    let text = |revealed: Revealed| (revealed.variable, revealed.value.unwrap().to_string());
    answer.revealed(&graph).into_iter().map(text).collect()
}

pub fn pair(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

/// The stored variables as a node tells of them.
pub async fn at_node(net: &Net, node: u8) -> Vec<VariableLine> {
    net.caller(&net.operator, node).get(paths::NODE_VARIABLES).await.unwrap()
}

/// Why a session is not made.
pub async fn refused(net: &Net, file: &str) -> String {
    let new = NewSession { file: file.to_owned(), open: true, bidders: Vec::new() };
    net.network.coordinator().new_session(&new).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_goes_on_with_what_an_earlier_one_kept() {
    let net = Net::start(Setup::new(3, 1)).await;
    let why = refused(&net, &later("", SUM)).await;
    assert!(why.contains("no variable \"x\" is stored"), "{why}");

    let first = Auction::first(&net, FIRST, "x = 4, y = 5").await;
    let settled = first.settled().await;
    assert!(revealed(&settled).is_empty());
    first.all_nodes_reach(Phase::Settled).await;
    for node in 1..=3 {
        let all = at_node(&net, node).await;
        let names: Vec<&str> = all.iter().map(|line| line.variable.name.as_str()).collect();
        assert_eq!(names, ["product", "x", "y"]);
        assert!(all.iter().all(|line| line.share == Some(true) && line.session == first.session));
        assert_eq!(
            all[0].variable.range.to_string(),
            format!("0..={}", ((1_i128 << 30) - 1).pow(2))
        );
    }
    // Nobody hands anything in, so it closes at once.
    let sum = net.open(&later("", SUM)).await.settled().await;
    assert_eq!(revealed(&sum), pair("sum", "9"));

    // What is stored is not written over by the way.
    let why = refused(&net, FIRST).await;
    assert!(why.contains("has a variable \"x\" already"), "{why}");
    let doubled = r#"
        { id = "1", operation = "load", variable = "old", stored = "x" },
        { id = "2", operation = "add", variable = "x", operand1 = "old", operand2 = "old" },
        { id = "3", operation = "load", variable = "y" },
        { id = "4", operation = "forget", variable = "y" },"#;
    let text = later("keep = [\"x\"]\nreplace = true", doubled);
    let before = at_node(&net, 1).await;
    net.open(&text).await.settled().await;
    let product = r#"
        { id = "1", operation = "load", variable = "x" },
        { id = "2", operation = "load", variable = "product" },
        { id = "3", operation = "multiply", variable = "all", operand1 = "x", operand2 = "product" },
        { id = "4", operation = "reveal", variable = "all" },"#;
    let all = net.open(&later("", product)).await.settled().await;
    assert_eq!(revealed(&all), pair("all", "160"));
    let why = refused(&net, &later("", SUM)).await;
    assert!(why.contains("no variable \"y\" is stored"), "{why}");
    let after = at_node(&net, 1).await;
    assert_eq!(after.len(), 2);
    assert_ne!(after[1].version, before[1].version, "another x is another version");

    // A variable is in one job's hands at a time.
    let waits = later(
        "keep = [\"z\"]",
        r#"
        { id = "1", operation = "load", variable = "x" },
        { id = "2", operation = "assign", variable = "w", from = "ada", bits = 4 },
        { id = "3", operation = "add", variable = "z", operand1 = "x", operand2 = "w" },"#,
    );
    let open = net.open(&waits).await;
    let again = r#"
        { id = "1", operation = "load", variable = "x" },
        { id = "2", operation = "forget", variable = "x" },"#;
    let why = refused(&net, &later("", again)).await;
    assert!(why.contains("is under way and uses the variable"), "{why}");
    net.network.coordinator().cancel(open.session).await.unwrap();
}

/// Nodes sign, stage, and are killed before anybody tells them the outcome; the coordinator, too. The
/// next attempt has other shares, and its own are those that stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_staged_goes_with_its_attempt() {
    let mut net = Net::start(Setup::new(3, 1).delayed(60)).await;
    let first = Auction::first(&net, FIRST, "x = 4, y = 5").await;
    first.wait("an attempt", |detail| !detail.attempts.is_empty()).await;
    // The nodes have been told of it by then, and compute for longer.
    tokio::time::sleep(Duration::from_millis(400)).await;
    net.kill_coordinator();
    let own = |node: u8| net.folder.path().join(format!("node-{node}")).join("gavel.db");
    let places = [1, 2, 3].map(own);
    tokio::time::sleep(Duration::from_secs(6)).await;
    for (node, place) in (1..).zip(&places) {
        net.kill(node);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let signed = store(place).await.own_outcome(first.session).await.unwrap();
        assert!(signed.is_some(), "node {node} was killed too early");
        assert!(store(place).await.variables().await.unwrap().is_empty(), "not before its outcome");
    }
    for node in 1..=3 {
        net.restart(node).await;
    }
    net.restart_coordinator().await;
    let settled = first.settled().await;
    assert!(settled.detail.attempts.len() > 1, "the coordinator was killed too late");
    first.all_nodes_reach(Phase::Settled).await;
    for node in 1..=3 {
        let all = at_node(&net, node).await;
        assert!(all.len() == 3 && all.iter().all(|line| line.share == Some(true)), "node {node}");
    }
    let sum = net.open(&later("", SUM)).await.settled().await;
    assert_eq!(revealed(&sum), pair("sum", "9"));
    // Kept once more by who has come back, and computed with.
    let square = net.open(&later("", SQUARE)).await.settled().await;
    assert_eq!(revealed(&square), pair("square", "400"));
}

pub async fn store(path: &Path) -> NodeStore {
    NodeStore::new(Database::open(path).await.unwrap())
}

/// A node that was away has no share: later jobs do without it, and say so where they cannot.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_took_no_part_has_no_share() {
    let mut net = Net::start(Setup::new(4, 1)).await;
    let job = net.open(FIRST).await;
    job.values("ada", "x = 4, y = 5").await;
    net.kill(4);
    job.close().await;
    job.settled().await;
    net.restart(4).await;
    job.all_nodes_reach(Phase::Settled).await;
    let all = at_node(&net, 4).await;
    assert!(all.len() == 3 && all.iter().all(|line| line.share == Some(false)));

    let sum = net.open(&later("", SUM)).await.settled().await;
    assert_eq!(revealed(&sum), pair("sum", "9"));
    let signed = sum.report.signed_by;
    assert_eq!(signed, super::auction::set(&[1, 2, 3]));

    // Without one of those that have shares, too few are left.
    net.kill(1);
    let job = net.open(&later("", SQUARE)).await;
    let said = |detail: &SessionDetail| {
        let reason = detail.reason.as_ref().map(ToString::to_string).unwrap_or_default();
        reason.contains("node 4: has no share of \"product\"")
    };
    job.wait("it says who has no share", said).await;
    // Forgetting takes none: node 4 counts for that.
    let forget = r#"
        { id = "1", operation = "load", variable = "x" },
        { id = "2", operation = "forget", variable = "x" },"#;
    let forgotten = net.open(&later("", forget)).await.settled().await;
    assert_eq!(forgotten.report.signed_by, super::auction::set(&[2, 3, 4]));
    net.restart(1).await;
    assert_eq!(revealed(&job.settled().await), pair("square", "400"));
}

/// Shares lie encrypted on disk, and a share that is damaged is not computed with.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_are_never_plain_on_disk() {
    let mut net = Net::start(Setup::new(3, 1)).await;
    let (x, y) = (987_654_321_012_u64, 1_000_000_007_003_u64);
    let wide = FIRST.replace("bits = 30", "bits = 40");
    let first = Auction::first(&net, &wide, &format!("x = {x}, y = {y}")).await;
    first.settled().await;
    first.all_nodes_reach(Phase::Settled).await;
    let mut secrets = Secrets::default();
    let lines = at_node(&net, 1).await;
    for node in 1..=3 {
        net.kill(node);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let folder = net.folder.path().join(format!("node-{node}"));
        let keys = NodeKeys::load(&folder.join("node.key"), None).unwrap();
        let store = store(&folder.join("gavel.db")).await;
        for line in &lines {
            let name = &line.variable.name;
            let locked = store.share(first.session, name).await.unwrap().unwrap();
            let context = [&first.session.0[..], &line.version.0, name.as_bytes()].concat();
            let plain = Vault::of(&keys.identity).unlock(&context, &locked).unwrap();
            // Two components, each with what blinds its digest.
            assert_eq!(plain.len(), 2 * (16 + 16));
            for (at, piece) in plain.chunks(16).enumerate() {
                secrets.add_bytes(&format!("{name} at node {node}, piece {at}"), piece);
            }
        }
        store.database().close().await;
    }
    net.kill_coordinator();
    for (name, number) in [("x", x), ("y", y)] {
        secrets.add_number(name, number);
    }
    let mut searched = 0;
    for folder in std::fs::read_dir(net.folder.path()).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let content = std::fs::read(&path).unwrap();
            secrets.assert_absent(&path.display().to_string(), &content);
            searched += content.len();
        }
    }
    assert!(searched > 100_000, "{searched} bytes");
}

/// A job that is posted twice under one key is made once, and one with values in it not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_posted_once_and_without_values() {
    let mut net = Net::start(Setup::new(3, 1)).await;
    let coordinator = net.network.coordinator().clone();
    let body = |key: &str, title: &str| {
        let file = FIRST.replace("First", title);
        serde_json::json!({ "toml": file, "idempotency_key": key })
    };
    let posted = coordinator.new_job(&body("a", "First")).await.unwrap();
    assert_eq!(posted.phase, Phase::Open);
    assert!(posted.steps.iter().all(|step| step.status == StepState::Pending));
    let again = coordinator.new_job(&body("a", "First")).await.unwrap();
    assert_eq!(again, posted);
    net.restart_coordinator().await;
    let after = coordinator.new_job(&body("a", "First")).await.unwrap();
    assert_eq!(after.job, posted.job);
    let other = coordinator.new_job(&body("a", "Other")).await.unwrap_err().to_string();
    assert!(other.contains("another job was posted under"), "{other}");
    // The same file under another key is another job, which has to wait for its turn.
    let turn = coordinator.new_job(&body("b", "First")).await.unwrap_err().to_string();
    assert!(turn.contains("is under way"), "{turn}");
    let plain = serde_json::json!({"name": "Plain", "steps": [
        {"step_id": "1", "operation": "assign", "variable_name": "x", "value": 4},
        {"step_id": "2", "operation": "reveal", "variable_name": "x"},
    ]});
    let plain = coordinator.new_job(&plain).await.unwrap_err().to_string();
    assert!(plain.contains("`gavel job run` splits them"), "{plain}");
    let public = serde_json::json!({"name": "Public", "steps": [
        {"step_id": "1", "operation": "assign", "variable_name": "x", "variable_type": "public",
         "value": 4},
        {"step_id": "2", "operation": "reveal", "variable_name": "x"},
    ]});
    let public = coordinator.new_job(&public).await.unwrap();
    let until = std::time::Instant::now() + Duration::from_secs(30);
    let shown = loop {
        let shown = coordinator.job(public.job).await.unwrap();
        if shown.phase == Phase::Settled {
            break shown;
        }
        assert!(std::time::Instant::now() < until, "{shown:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(shown.revealed["x"].as_deref(), Some("4"));
    assert!(shown.steps.iter().all(|step| step.status == StepState::Completed));
    assert_eq!(coordinator.jobs().await.unwrap().len(), 2, "the one that waits is a draft");
}

/// Where nodes ask for it, a job waits until their operators let it run, and says whose word is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_waits_until_operators_let_it_run() {
    let net = Net::start(Setup { approve: true, ..Setup::new(3, 1) }).await;
    let job = Auction::first(&net, FIRST, "x = 4, y = 5").await;
    let approve = async |node: u8| {
        let own = net.caller(&net.node_keys[usize::from(node) - 1], node);
        own.post_empty::<()>(&paths::of(paths::NODE_APPROVAL, job.session)).await.unwrap();
    };
    let waits_for = |nodes: &'static [u8]| {
        move |detail: &SessionDetail| {
            let said = detail.reason.as_ref().map(ToString::to_string).unwrap_or_default();
            let named = |node: u8| said.contains(&format!("node {node}: "));
            said.contains("has not let the job run")
                && (1..=3).all(|node| named(node) == nodes.contains(&node))
        }
    };
    let detail = job.wait("all operators are waited for", waits_for(&[1, 2, 3])).await;
    assert!(detail.attempts.is_empty());
    approve(1).await;
    approve(3).await;
    job.wait("one operator is waited for", waits_for(&[2])).await;
    // Nobody else's word counts.
    let path = paths::of(paths::NODE_APPROVAL, job.session);
    let other = net.caller(&net.node_keys[0], 2).post_empty::<()>(&path).await;
    assert_eq!(super::auction::refusal(other), gavel::wire::ProblemType::Forbidden);
    approve(2).await;
    assert_eq!(job.settled().await.detail.attempts.len(), 1);
}

/// A job that would reveal what a node's operator forbids is refused where that node is needed, by its
/// name; where enough others are there, they compute it without that node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_nodes_operator_forbids_is_not_revealed_with_it() {
    let net = Net::start(Setup { forbids: Some((2, "x")), ..Setup::new(3, 1) }).await;
    let first = Auction::first(&net, FIRST, "x = 4, y = 5").await;
    first.settled().await;
    first.all_nodes_reach(Phase::Settled).await;
    let said = "node 2 lets no job reveal anything of \"x\": its operator has said so";
    for steps in [SUM, &SUM.replace("\"sum\" },", "\"sum\", to = \"node 1\" },")] {
        let why = refused(&net, &later("", steps)).await;
        assert!(why.contains(said) && why.contains("called off"), "{why}");
    }
    let kept = SUM.replace("{ id = \"4\", operation = \"reveal\", variable = \"sum\" },", "");
    let why = refused(&net, &later("keep = [\"sum\"]", &kept)).await;
    assert!(why.contains(said), "{why}");
    // Nothing of them is under way, and what tells nothing of x runs; so does dealing it anew.
    let square = net.open(&later("", SQUARE)).await.settled().await;
    assert_eq!(revealed(&square), pair("square", "400"));
    let anew =
        gavel::rules::job::refresh::refresh_file(gavel::rules::job::Prime::Mersenne127, &["x"]);
    net.open(&anew.to_string()).await.settled().await;

    let net = Net::start(Setup { forbids: Some((2, "x")), ..Setup::new(4, 1) }).await;
    let first = Auction::first(&net, FIRST, "x = 4, y = 5").await;
    first.settled().await;
    first.all_nodes_reach(Phase::Settled).await;
    let sum = net.open(&later("", SUM)).await.settled().await;
    assert_eq!(revealed(&sum), pair("sum", "9"));
    assert_eq!(sum.report.signed_by, super::auction::set(&[1, 3, 4]));
}

/// Keeps what ada hands in as the reserve of auctions to come.
const COST: &str = r#"title = "Cost"
kind = "job"
field = "2^127-1"
bids_until = "1h"
keep = ["cost"]
steps = [{ id = "cost", operation = "assign", variable = "cost", from = "ada", bits = 20 }]
"#;

fn sale(title: &str, reserve: &str) -> String {
    format!(
        "title = \"{title}\"\nkind = \"second-price\"\ncurrency = \"EUR\"\ndecimals = 2\n\
         bids_until = \"1h\"\nreserve = {reserve}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_variable_is_the_reserve_of_auctions_and_stays_secret() {
    let net = Net::start(Setup::new(3, 1)).await;
    let file = sale("Sold", "{ variable = \"cost\" }");
    let why = refused(&net, &file).await;
    assert!(why.contains("no variable \"cost\" is stored"), "{why}");
    let kept = Auction::first(&net, COST, "cost = 90000").await;
    kept.settled().await;
    kept.all_nodes_reach(Phase::Settled).await;

    // Above it, between two bids: it is the price.
    let sold = net.open(&file).await;
    let text = serde_json::to_string(&sold.announcement.body.terms).unwrap();
    assert!(text.contains("\"variable\":\"cost\"") && !text.contains("90000"), "{text}");
    sold.bid("ada", 120_000).await;
    sold.bid("bob", 80_000).await;
    sold.close().await;
    let settled = sold.settled().await;
    let answer = settled.report.outcome.as_ref().unwrap().answer.as_auction().unwrap().clone();
    let [winner] = answer.winners.try_into().ok().unwrap();
    assert_eq!((winner.entry.bidder.as_str(), winner.price), ("ada", 90_000));

    // Not reached: nothing is sold, and that is all.
    let unsold = net.open(&sale("Unsold", "{ variable = \"cost\" }")).await;
    unsold.bid("bob", 89_999).await;
    unsold.close().await;
    let settled = unsold.settled().await;
    let answer = settled.report.outcome.as_ref().unwrap().answer.as_auction().unwrap();
    assert!(answer.winners.is_empty());
}
