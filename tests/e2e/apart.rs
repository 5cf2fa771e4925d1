//! Jobs that tell one node, or the client, alone: over real servers, with nodes that are away, killed or
//! lying, and a search for what must stay secret.

use std::fs;

use gavel::base::bytes::encode;
use gavel::client::letters::{self, Keys, LettersError, Told};
use gavel::identity::KeyPair;
use gavel::identity::key_file::{NodeKeys, OperatorKeys};
use gavel::session::Phase;
use gavel::testkit::{At, Lie};
use gavel::wire::{ProblemType, paths};

use super::auction::{Auction, Settled, refusal, set};
use super::net::{Net, Setup, index};
use super::secrets::{Secrets, files};
use super::stored::revealed;

const X: u64 = 987_654_321_987;
const Y: u64 = 1_000_000_007_003;

/// x + y for node 2, twice it for the client, and whether x is below y for all.
fn job(client: &OperatorKeys) -> String {
    format!(
        r#"title = "Apart"
kind = "job"
field = "2^127-1"
bids_until = "1h"
client_key = "{}"
steps = [
    {{ id = "x", operation = "assign", variable = "x", from = "ada", bits = 40 }},
    {{ id = "y", operation = "assign", variable = "y", from = "ada", bits = 40 }},
    {{ id = "sum", operation = "add", variable = "sum", operand1 = "x", operand2 = "y" }},
    {{ id = "square", operation = "multiply", variable = "square", operand1 = "sum", operand2 = "y" }},
    {{ id = "less", operation = "less-than", variable = "less", operand1 = "x", operand2 = "y" }},
    {{ id = "2 learns", operation = "reveal", variable = "sum", to = "node 2" }},
    {{ id = "client learns", operation = "reveal", variable = "square", to = "client" }},
    {{ id = "all learn", operation = "reveal", variable = "less" }},
    {{ id = "gone", operation = "forget", variable = "sum" }},
]
"#,
        encode(&client.public().0.0)
    )
}

fn node_keys(net: &Net, node: u8) -> NodeKeys {
    NodeKeys::load(&net.folder.path().join(format!("node-{node}/node.key")), None).unwrap()
}

async fn told(job: &Auction, settled: &Settled, keys: Keys<'_>) -> Result<Told, LettersError> {
    let answers = letters::ask(&job.network, job.session).await;
    letters::read(&settled.record, &job.network.roster().body, job.session, keys, answers)
}

/// What is told, and by whom.
async fn values(job: &Auction, settled: &Settled, keys: Keys<'_>) -> Vec<(String, String)> {
    let told = told(job, settled, keys).await.unwrap_or_else(|error| panic!("{error}"));
    told.values.into_iter().map(|one| (one.variable, one.value.to_string())).collect()
}

fn sum() -> Vec<(String, String)> {
    vec![("sum".to_owned(), (X + Y).to_string())]
}

fn square() -> Vec<(String, String)> {
    let square = u128::from(X + Y) * u128::from(Y);
    vec![("square".to_owned(), square.to_string())]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_and_the_client_learn_what_is_for_them_and_nobody_else_anything() {
    let client = OperatorKeys::generate().unwrap();
    let mut net = Net::start(Setup { tapped: true, ..Setup::new(4, 1) }).await;
    let job = net.open(&job(&client)).await;
    job.values("ada", &format!("x = {X}, y = {Y}")).await;
    // Nothing is told before the outcome.
    let second = node_keys(&net, 2);
    let path = paths::letters(job.session, index(2));
    net.kill(1);
    job.close().await;
    let settled = job.settled().await;
    assert_eq!(revealed(&settled), [("less".to_owned(), "1".to_owned())]);
    for node in 2..=4 {
        job.node_reaches(node, Phase::Settled).await;
    }
    let all = told(&job, &settled, Keys::Client(&client)).await.unwrap();
    assert_eq!((all.agreed, all.lied()), (set(&[2, 3, 4]), set(&[])));
    assert_eq!(values(&job, &settled, Keys::Client(&client)).await, square());
    assert_eq!(values(&job, &settled, Keys::Node(&second)).await, sum());

    // Later, from what is on disk: two of four are enough, one alone is not.
    net.restart(2).await;
    net.kill(3);
    net.restart_coordinator().await;
    net.restart(4).await;
    assert_eq!(values(&job, &settled, Keys::Client(&client)).await, square());
    net.kill(4);
    let error = told(&job, &settled, Keys::Client(&client)).await.err().unwrap();
    let LettersError::Incomplete { values: 1, lied, silent } = &error else { panic!("{error}") };
    assert!(lied.is_empty() && silent.len() == 3, "{error}");
    // Who was away has nothing to tell, and says so.
    for node in [1, 3, 4] {
        net.restart(node).await;
    }
    job.all_nodes_reach(Phase::Settled).await;
    let all = told(&job, &settled, Keys::Node(&second)).await.unwrap();
    assert_eq!(all.agreed, set(&[2, 3, 4]));
    assert_eq!(all.silent.len(), 1);
    assert!(all.silent[0].1.contains("took no part in the attempt"), "{}", all.silent[0].1);

    // Another node, another client; and the coordinator hands letters to nobody else.
    let third = node_keys(&net, 3);
    let error = told(&job, &settled, Keys::Node(&third)).await.err().unwrap();
    assert!(matches!(error, LettersError::Nothing { .. }), "{error}");
    let stranger = OperatorKeys::generate().unwrap();
    let error = told(&job, &settled, Keys::Client(&stranger)).await.err().unwrap();
    assert!(matches!(error, LettersError::OtherKey { .. }), "{error}");
    let target = gavel::transport::target::Target::from(&net.roster.body.coordinator);
    let nobody = super::net::client(&KeyPair::generate().unwrap(), target).unwrap();
    let kind = refusal(nobody.get::<serde_json::Value>(&path).await);
    assert!(matches!(kind, ProblemType::Forbidden | ProblemType::Unauthorized), "{kind:?}");
    let of_node = paths::of(paths::NODE_LETTERS, job.session);
    let other = net.caller(&net.node_keys[0], 2).get::<serde_json::Value>(&of_node).await;
    assert_eq!(refusal(other), ProblemType::Forbidden);

    // Neither values nor components are anywhere: files, records, what nodes tell, the wires.
    let mut secrets = Secrets::default();
    for (name, number) in [("x", X), ("y", Y), ("x + y", X + Y)] {
        secrets.add_number(name, number);
    }
    let square = u128::from(X + Y) * u128::from(Y);
    secrets.add_bytes("the square", &square.to_le_bytes());
    secrets.add("the square in digits", square.to_string().as_bytes());
    let record = serde_json::to_vec(&settled.record).unwrap();
    secrets.assert_absent("the record", &record);
    let line = net.network.coordinator().job(job.session).await.unwrap();
    assert_eq!(line.apart.len(), 2);
    secrets.assert_absent("the job's status", &serde_json::to_vec(&line).unwrap());
    let letters = net.network.coordinator().letters(job.session, index(2)).await.unwrap();
    secrets.assert_absent("a letter", &serde_json::to_vec(&letters).unwrap());
    let mut searched = 0;
    for path in files(net.folder.path()) {
        secrets.assert_absent(&path.display().to_string(), &fs::read(&path).unwrap());
        searched += 1;
    }
    assert!(searched > 10, "only {searched} files were searched");
    let wire = net.wire.as_ref().unwrap().lock().unwrap();
    assert!(wire.len() > 50_000, "only {} bytes went over the wire", wire.len());
    secrets.assert_absent("the connections of node 4", &wire);
}

/// A node that seals wrong components is named by whoever reads them, and changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lies_to_the_receiver_is_named_and_changes_nothing() {
    let client = OperatorKeys::generate().unwrap();
    let lie = Lie { at: At::Disclosure, to: None, bit: 0 };
    let mut net = Net::start(Setup { liar: Some((3, lie)), ..Setup::new(3, 1) }).await;
    let job = net.open(&job(&client)).await;
    job.values("ada", &format!("x = {X}, y = {Y}")).await;
    job.close().await;
    let settled = job.settled().await;
    job.all_nodes_reach(Phase::Settled).await;
    for (keys, expected) in
        [(Keys::Client(&client), square()), (Keys::Node(&node_keys(&net, 2)), sum())]
    {
        let told = told(&job, &settled, keys).await.unwrap();
        assert_eq!((told.agreed, told.lied()), (set(&[1, 2]), set(&[3])));
        let said = told.faults[0].1.to_string();
        assert!(said.contains("wrong components of"), "{said}");
        let values = told.values.into_iter().map(|one| (one.variable, one.value.to_string()));
        assert_eq!(values.collect::<Vec<_>>(), expected);
    }
    net.kill(1);
    let error = told(&job, &settled, Keys::Client(&client)).await.err().unwrap();
    let LettersError::Incomplete { lied, .. } = &error else { panic!("{error}") };
    assert_eq!(*lied, set(&[3]));
}

/// What lacks somebody's values is told to nobody; a node that the roster has not is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_computed_is_told_to_nobody() {
    let client = OperatorKeys::generate().unwrap();
    let net = Net::start(Setup::new(3, 1)).await;
    let file = job(&client);
    let why = super::stored::refused(&net, &file.replace("node 2", "node 4")).await;
    assert!(why.contains("node 4 alone, and the roster has 3 nodes"), "{why}");
    let job = net.open(&file).await;
    job.close().await;
    let settled = job.settled().await;
    job.all_nodes_reach(Phase::Settled).await;
    let told = told(&job, &settled, Keys::Client(&client)).await.unwrap();
    assert!(told.values.is_empty() && told.agreed.is_empty());
}
