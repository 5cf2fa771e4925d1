//! Material for two parties over real servers: a model's stock is filled and kept, and dealers and
//! coordinator may be killed meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::Method;
use gavel::base::Timestamp;
use gavel::client::material::{MaterialError, announce, model, promise, withdraw};
use gavel::identity::{KeyPair, Signed, Statement as _};
use gavel::session::dealing::StockOrder;
use gavel::storage::{Database, NodeStore};
use gavel::transport::HttpError;
use gavel::transport::target::Target;
use gavel::wire::dealer_api::{ModelLine, NewModel, StockLine};
use gavel::wire::paths;
use gavel::wire::problem::ProblemType;

use super::auction::{file, set};
use super::net::{Net, Setup, client};
use super::parties::{Parties, fit, now, refused, usable, without_token};
use super::site::Site;
use crate::common::town::serve;

/// A dealer killed in the middle of a batch has nothing of it, and the others make one without it; one
/// killed before it gave its part is named, and the next batch comes from those that are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dealers_may_be_killed_at_any_moment() {
    let mut net = Net::start(Setup::new(4, 1).delayed(100)).await;
    let parties = Parties::announce(&net, 1).await;
    parties.stock(&net, "a batch under way", |stock| stock.making == 1).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    net.kill(4);
    let line = parties.stock(&net, "a full stock", |stock| stock.ready == 1).await;
    assert!(line.stock.withdrawn >= 1, "it was killed too late");
    net.restart(4).await;
    let promised = parties.promise(&net).await;
    assert_eq!(promised.body.makers, set(&[1, 2, 3]));
    assert_eq!(usable(&net, 4).await, []);
    fit(
        &parties.client_half(&net, &promised).await.unwrap(),
        &parties.owner_half(&net, &promised).await.unwrap(),
    );

    parties.stock(&net, "a full stock", |stock| stock.ready == 1).await;
    let promised = parties.promise(&net).await;
    let last = promised.body.chosen.iter().last().unwrap();
    net.kill(last.get());
    let failed = parties.owner_half(&net, &promised).await.err().unwrap();
    assert_eq!(failed.dealer(), Some(last), "{failed}");
    let failed = parties.client_half(&net, &promised).await.err().unwrap();
    assert_eq!(failed.dealer(), Some(last), "{failed}");
    // The next one comes from the others.
    let until = Instant::now() + Duration::from_secs(60);
    let promised = loop {
        match promise(&net.network, parties.model, &parties.client, now()).await {
            Ok(promised) if !promised.body.chosen.contains(last) => break promised,
            Err(error) if !error.is_empty_stock() => panic!("{error}"),
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
        assert!(Instant::now() < until, "no batch without the dealer that is away");
    };
    fit(
        &parties.client_half(&net, &promised).await.unwrap(),
        &parties.owner_half(&net, &promised).await.unwrap(),
    );
}

/// A session does not wait for material, nor fail because of it: the batch gives way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_gives_way_to_a_session() {
    let net = Net::start(Setup::new(3, 1).delayed(150)).await;
    let auction = net.open(&file("second-price", None, None)).await;
    auction.bid("ada", 700).await;
    auction.bid("basil", 900).await;
    let parties = Parties::announce(&net, 100).await;
    parties.stock(&net, "a batch under way", |stock| stock.making == 1).await;
    let before = parties.stock(&net, "anything", |_| true).await.stock;
    auction.close().await;
    let settled = auction.settled().await;
    assert_eq!(settled.detail.attempts.len(), 1);
    let after = parties.stock(&net, "a batch withdrawn", |stock| stock.withdrawn > 0).await.stock;
    assert!(after.ready <= before.ready + 2, "{before:?} {after:?}");
    // And it goes on afterwards.
    parties.stock(&net, "another batch", |stock| stock.ready > after.ready).await;
}

/// Stock and promises are on disk: everybody may be started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_promised_outlasts_all_servers() {
    let mut net = Net::start(Setup::new(3, 1)).await;
    let parties = Parties::announce(&net, 3).await;
    parties.stock(&net, "a full stock", |stock| stock.ready == 3).await;
    let promised = parties.promise(&net).await;
    let own = parties.client_half(&net, &promised).await.unwrap();
    net.kill_coordinator();
    let before: BTreeSet<_> = {
        let held = [usable(&net, 1).await, usable(&net, 2).await, usable(&net, 3).await];
        held.into_iter().flatten().map(|line| line.batch).collect()
    };
    for node in 1..=3 {
        net.restart(node).await;
    }
    net.restart_coordinator().await;
    fit(&own, &parties.owner_half(&net, &promised).await.unwrap());
    assert_eq!(refused(parties.client_half(&net, &promised).await), ProblemType::BatchUsed);
    // Two that were ready before are ready still.
    parties.stock(&net, "one given", |stock| stock.given == 1 && stock.ready == 3).await;
    let after: BTreeSet<_> = usable(&net, 1).await.into_iter().map(|line| line.batch).collect();
    assert!(before.intersection(&after).count() >= 2, "{before:?} {after:?}");

    // A store that has lost something withdraws all it has; with too few parts left so do the books.
    for node in 2..=3 {
        net.kill(node);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let path = net.folder.path().join(format!("node-{node}")).join("gavel.db");
        let store = NodeStore::new(Database::open(&path).await.unwrap());
        store.withdraw_all(now()).await.unwrap();
        store.database().close().await;
        net.restart(node).await;
    }
    let anew = |stock: &StockLine| stock.ready == 3 && stock.withdrawn >= 3;
    parties.stock(&net, "three withdrawn and three anew", anew).await;
    let promised = parties.promise(&net).await;
    assert!(!before.contains(&promised.body.batch));
    fit(
        &parties.client_half(&net, &promised).await.unwrap(),
        &parties.owner_half(&net, &promised).await.unwrap(),
    );
}

/// Who may announce, and what.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_its_owners_and_orders_count_in_their_order() {
    let net = Net::start(Setup::new(3, 1)).await;
    let parties = Parties::announce(&net, 1).await;
    let terms =
        Signed::new(Parties::terms(net.roster.body.digest(), &parties.owner), &parties.owner);
    let order = |stock, at: Timestamp, keys: &KeyPair| {
        let order = StockOrder { model: parties.model, stock, at };
        NewModel { terms: terms.clone(), order: Signed::new(order, keys) }
    };
    let lead = Target::from(&net.roster.body.coordinator);
    let lead = client(&net.operator, lead).unwrap();
    let post = async |new: &NewModel| lead.post::<_, ModelLine>(paths::MODELS, new).await;
    let kind = |answer: Result<ModelLine, HttpError>| answer.unwrap_err().problem().unwrap().kind;
    let later = Timestamp::from_millis(now().millis() + 1_000);
    let new = order(2, later, &parties.owner);
    assert_eq!(post(&new).await.unwrap().stock.target, 2);
    // The same again changes nothing; an earlier one, or another's, does not count.
    assert_eq!(post(&new).await.unwrap().stock.target, 2);
    assert_eq!(kind(post(&order(3, now(), &parties.owner)).await), ProblemType::BadModel);
    assert_eq!(kind(post(&order(3, later, &parties.client)).await), ProblemType::BadModel);
    for stock in [0, 1_001] {
        assert_eq!(kind(post(&order(stock, later, &parties.owner)).await), ProblemType::BadModel);
    }
    let old = Timestamp::from_millis(now().millis() - 3_600_000);
    assert_eq!(kind(post(&order(3, old, &parties.owner)).await), ProblemType::BadRequest);
    let mut foreign = order(3, later, &parties.owner);
    foreign.terms.body.name = "Another".into();
    assert_eq!(kind(post(&foreign).await), ProblemType::BadModel);
    // A stranger announces nothing.
    let stranger = without_token(Target::from(&net.roster.body.coordinator));
    let answer = stranger.post::<_, ModelLine>(paths::MODELS, &new).await;
    assert_eq!(kind(answer), ProblemType::Unauthorized);
    let path = paths::of_model(paths::MODEL, &parties.model);
    let answer = lead.request::<_, ()>(Method::DELETE, &path, Some(&new.order)).await;
    assert_eq!(answer.unwrap_err().problem().unwrap().kind, ProblemType::BadModel);
    // One client does not empty the stock for all: some promises are as many as it gets.
    let mut promised = 0;
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        match promise(&net.network, parties.model, &parties.client, now()).await {
            Ok(_) => promised += 1,
            Err(error) if error.is_empty_stock() => {
                assert!(Instant::now() < until);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Err(MaterialError::Coordinator(error)) => {
                assert_eq!(error.problem().unwrap().kind, ProblemType::TooManyRequests);
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(promised, 8);
}

/// What a client has fetched does not count as outstanding, also before the books are compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_fetches_what_it_was_promised_is_promised_more() {
    let net = Net::start(Setup::new(3, 1)).await;
    let parties = Parties::announce(&net, 3).await;
    let until = Instant::now() + Duration::from_secs(120);
    let asks = async || loop {
        match promise(&net.network, parties.model, &parties.client, now()).await {
            Err(error) if error.is_empty_stock() => assert!(Instant::now() < until),
            answer => break answer,
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let refused = |answer: Result<_, MaterialError>| match answer {
        Err(MaterialError::Coordinator(error)) => error.problem().unwrap().kind,
        other => panic!("{other:?}"),
    };
    let mut promised = Vec::new();
    for _ in 0..8 {
        promised.push(asks().await.unwrap());
    }
    assert_eq!(refused(asks().await), ProblemType::TooManyRequests);
    // One half is not the batch.
    parties.client_half(&net, &promised[0]).await.unwrap();
    assert_eq!(refused(asks().await), ProblemType::TooManyRequests);
    parties.stock(&net, "one more", |stock| stock.ready > 0).await;
    parties.owner_half(&net, &promised[0]).await.unwrap();
    let ninth = asks().await.unwrap();
    assert!(promised.iter().all(|earlier| earlier.body.batch != ninth.body.batch));
    let stock = parties.stock(&net, "anything", |_| true).await.stock;
    assert_eq!((stock.given, stock.promised), (1, 8));
    assert_eq!(refused(asks().await), ProblemType::TooManyRequests);
}

/// The coordinator's operator takes a model back, and nobody else does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_takes_a_model_back_and_its_batches_are_withdrawn() {
    let net = Net::start(Setup::new(3, 1)).await;
    let parties = Parties::announce(&net, 2).await;
    parties.stock(&net, "a full stock", |stock| stock.ready == 2).await;
    let promised = parties.promise(&net).await;
    let path = paths::of_model(paths::WITHDRAW_MODEL, &parties.model);
    let stranger = without_token(Target::from(&net.roster.body.coordinator));
    let answer = stranger.post_empty::<()>(&path).await;
    assert_eq!(answer.unwrap_err().problem().unwrap().kind, ProblemType::Unauthorized);
    withdraw(&net.network, parties.model).await.unwrap();
    let gone = promise(&net.network, parties.model, &parties.client, now()).await.unwrap_err();
    assert!(gone.to_string().contains("no such model is announced"), "{gone}");
    assert!(withdraw(&net.network, parties.model).await.is_err());
    // What was promised stays good; the rest goes, at the dealers too.
    fit(
        &parties.client_half(&net, &promised).await.unwrap(),
        &parties.owner_half(&net, &promised).await.unwrap(),
    );
    let until = Instant::now() + Duration::from_secs(60);
    while !usable(&net, 1).await.is_empty() {
        assert!(Instant::now() < until, "its batches are kept");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // Its owner may announce it again.
    let terms = Parties::terms(net.roster.body.digest(), &parties.owner);
    let line = announce(&net.network, &parties.owner, terms, 1, now()).await.unwrap();
    assert_eq!(line.stock.target, 1);
}

/// A dealer that goes on with a database that has lost something withdraws all its stock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dealer_that_accepts_a_loss_withdraws_its_stock() {
    let mut site = Site::start(3, 1, 0);
    let owner = KeyPair::generate().unwrap();
    let terms = Parties::terms(site.network.roster().body.digest(), &owner);
    let id = terms.id();
    announce(&site.network, &owner, terms, 2, now()).await.unwrap();
    let stock = async |what: &str, is: &dyn Fn(&StockLine) -> bool| {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let line = model(&site.network, id).await;
            if line.as_ref().is_ok_and(|line| is(&line.stock)) {
                return;
            }
            assert!(Instant::now() < until, "{what} is waited for in vain: {line:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    stock("a full stock", &|stock| stock.ready == 2).await;
    for node in &mut site.nodes[..2] {
        node.kill();
        node.start_as(serve(&node.home.clone()).arg("--accept-loss"));
    }
    stock("a new stock", &|stock| stock.withdrawn >= 2 && stock.ready == 2).await;
    assert!(site.nodes[0].log().contains("is on disk"), "{}", site.nodes[0].log());
}
