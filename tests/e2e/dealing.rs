//! Material for two parties over real servers: a model's stock is filled and kept, both halves are given
//! once and to their parties alone, and dealers and coordinator may be killed meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gavel::base::{Clock, Timestamp};
use gavel::client::material::{
    MaterialError, announce, batches, client_half, dealing, model, models, owner_half, promise,
    remove,
};
use gavel::client::node::NodeClient;
use gavel::field::{Field as _, Pair127};
use gavel::identity::key_file::NodeKeys;
use gavel::identity::{Digest, KeyPair, Signed, Statement as _};
use gavel::rules::model::{Layer, Structure};
use gavel::session::dealing::{AskBatch, AskHalf, BookState, StockOrder};
use gavel::session::scoring::{BatchId, BatchPromise, Learner, ModelTerms, givers};
use gavel::sharing::NodeSet;
use gavel::sharing::pair::{Authenticated, Half};
use gavel::sharing::parts::Part;
use gavel::storage::{Database, NodeStore};
use gavel::testkit::{At, Lie};
use gavel::transport::HttpError;
use gavel::transport::client::http::{HttpOptions, PeerClient};
use gavel::transport::target::Target;
use gavel::wire::dealer_api::{AskSeed, HeldBatch, ModelLine, NewModel, StockLine};
use gavel::wire::paths;
use gavel::wire::problem::ProblemType;

use super::auction::{file, set};
use super::net::{Net, Setup, client, index};
use super::secrets::{Secrets, files};
use super::site::Site;
use crate::common::town::serve;

type F = Pair127;

fn now() -> Timestamp {
    Clock::System.now()
}

fn without_token(target: Target) -> PeerClient {
    PeerClient::new(target, Arc::new(|| None), HttpOptions::default()).unwrap()
}

/// An owner, a client, and a small model of the owner's.
struct Parties {
    owner: KeyPair,
    client: KeyPair,
    model: Digest,
}

impl Parties {
    fn terms(roster: Digest, owner: &KeyPair) -> ModelTerms {
        let layers = vec![Layer::Dense { outputs: 2, largest: 6 }, Layer::Rectify];
        ModelTerms {
            name: "Harvest".into(),
            roster,
            owner: owner.public(),
            structure: Structure { features: 3, largest_feature: 4, fraction: 8, layers },
            features: Vec::new(),
            learner: Learner::Both,
        }
    }

    /// Announce it, with so many batches to be kept.
    async fn announce(net: &Net, stock: u32) -> Self {
        let [owner, client] = [0; 2].map(|_| KeyPair::generate().unwrap());
        let terms = Self::terms(net.roster.body.digest(), &owner);
        let model = terms.id();
        let line = announce(&net.network, &owner, terms, stock, now()).await.unwrap();
        assert_eq!((line.model, line.stock.target), (model, stock));
        Self { owner, client, model }
    }

    /// Once the stock is so.
    async fn stock(&self, net: &Net, what: &str, is: impl Fn(&StockLine) -> bool) -> ModelLine {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let line = model(&net.network, self.model).await;
            if let Ok(line) = &line
                && is(&line.stock)
            {
                return line.clone();
            }
            assert!(Instant::now() < until, "{what} is waited for in vain: {line:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn promise(&self, net: &Net) -> Signed<BatchPromise> {
        promise(&net.network, self.model, &self.client, now()).await.unwrap()
    }

    async fn client_half(
        &self,
        net: &Net,
        promise: &Signed<BatchPromise>,
    ) -> Result<Half<F>, MaterialError> {
        client_half(&net.network, promise, &self.client).await
    }

    async fn owner_half(
        &self,
        net: &Net,
        promise: &Signed<BatchPromise>,
    ) -> Result<Half<F>, MaterialError> {
        owner_half(&net.network, promise, &self.owner).await
    }
}

/// That two halves are a batch: every value has its MAC, products are products, bits are bits.
fn fit(client: &Half<F>, owner: &Half<F>) {
    let key = client.key().share() + owner.key().share();
    let shape = client.shape().clone();
    assert_eq!(&shape, owner.shape());
    let mut seen = 0;
    let mut value = |a: Authenticated<F>, b: Authenticated<F>| {
        let sum = a + b;
        assert!((sum.share * key).equals(sum.mac), "value {seen} has another MAC");
        seen += 1;
        sum.share
    };
    for at in 0..shape.triples {
        let (a, b) = (client.triple(at).unwrap(), owner.triple(at).unwrap());
        let product = value(a.a, b.a) * value(a.b, b.b);
        assert!(product.equals(value(a.c, b.c)), "triple {at}");
    }
    for at in 0..shape.squares {
        let (a, b) = (client.square(at).unwrap(), owner.square(at).unwrap());
        let root = value(a.a, b.a);
        assert!((root * root).equals(value(a.square, b.square)), "square {at}");
    }
    for at in 0..shape.bits {
        let bit = value(client.bit(at).unwrap(), owner.bit(at).unwrap());
        assert!(bit.equals(F::ZERO) || bit.equals(F::ONE), "bit {at}");
    }
    for at in 0..shape.masks {
        value(client.mask(at).unwrap(), owner.mask(at).unwrap());
    }
    for (number, matrix) in shape.matrices.iter().enumerate() {
        let (left, right) = (client.matrix(number).unwrap(), owner.matrix(number).unwrap());
        let mut part = |of: [(&gavel::sharing::pair::Matrix<F>, usize); 2]| -> Vec<F> {
            let [(a, count), (b, _)] = of;
            (0..count).map(|at| value(a.get(at).unwrap(), b.get(at).unwrap())).collect()
        };
        let [of_a, of_b, of_c] = matrix.parts();
        let a = part([(&left.a, of_a), (&right.a, of_a)]);
        let b = part([(&left.b, of_b), (&right.b, of_b)]);
        let c = part([(&left.c, of_c), (&right.c, of_c)]);
        let product = gavel::testkit::material::product(*matrix, &a, &b);
        assert!(product.iter().zip(&c).all(|(a, b)| a.equals(*b)), "matrix {number}");
    }
    assert_eq!(seen, shape.values());
}

/// What a dealer answered a request for a half with.
fn refused(failed: Result<Half<F>, MaterialError>) -> ProblemType {
    match failed.err() {
        Some(MaterialError::Dealer { error: HttpError::Problem { problem, .. }, .. }) => {
            problem.kind
        }
        other => panic!("not refused by a dealer: {other:?}"),
    }
}

/// The dealers who give a batch out.
fn chosen<'a>(
    net: &'a Net,
    promise: &Signed<BatchPromise>,
) -> impl Iterator<Item = &'a NodeClient> + use<'a> {
    let chosen = promise.body.chosen;
    net.network.nodes().iter().filter(move |node| chosen.contains(node.index()))
}

/// The batches that a node holds and may still use.
async fn usable(net: &Net, node: u8) -> Vec<HeldBatch> {
    let held: Vec<HeldBatch> =
        net.caller(&net.operator, node).get(paths::NODE_MATERIAL).await.unwrap();
    held.into_iter().filter(|line| line.state == "made" || line.state == "promised").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_halves_are_given_once_and_to_their_parties_alone() {
    let net = Net::start(Setup::new(3, 1)).await;
    let parties = Parties::announce(&net, 2).await;
    let line = parties.stock(&net, "a full stock", |stock| stock.ready == 2).await;
    assert_eq!(models(&net.network).await.unwrap(), [line]);

    let promised = parties.promise(&net).await;
    assert_eq!(
        (promised.body.client, promised.body.owner),
        (parties.client.public(), parties.owner.public())
    );
    // The same request again gets the same promise, another one another.
    let nonce = BatchId([7; 16]);
    let ask = AskBatch { model: parties.model, client: parties.client.public(), at: now(), nonce };
    let ask = Signed::new(ask, &parties.client);
    let lead = Target::from(&net.roster.body.coordinator);
    let lead = without_token(lead);
    let path = paths::of_model(paths::MODEL_BATCHES, &parties.model);
    let once: Signed<BatchPromise> = lead.post(&path, &ask).await.unwrap();
    let twice: Signed<BatchPromise> = lead.post(&path, &ask).await.unwrap();
    assert_eq!(once, twice);
    assert_ne!(once.body.batch, promised.body.batch);

    // Not the other party, nobody else, not by another's promise, not after its end, not elsewhere.
    let stranger = KeyPair::generate().unwrap();
    for keys in [&parties.owner, &stranger] {
        let failed = client_half(&net.network, &promised, keys).await;
        assert_eq!(refused(failed), ProblemType::BadPromise);
    }
    for keys in [&parties.client, &stranger] {
        let failed = owner_half(&net.network, &promised, keys).await;
        assert_eq!(refused(failed), ProblemType::BadPromise);
    }
    let own = Signed::new(promised.body.clone(), &stranger);
    assert!(matches!(parties.client_half(&net, &own).await, Err(MaterialError::Promise)));
    let ask = |promise: &Signed<BatchPromise>, dealer, keys: &KeyPair| {
        let (model_inference, batch_id) = (promise.body.model, promise.body.batch);
        let request = Signed::new(AskHalf { promise: promise.clone(), dealer }, keys);
        AskSeed { model_inference, batch_id, request }
    };
    let dealer = &net.network.nodes()[0];
    let refusal = |answer: Result<_, HttpError>| match answer {
        Err(HttpError::Problem { problem, .. }) => problem.kind,
        Err(error) => panic!("{error}"),
        Ok::<gavel::wire::dealer_api::GivenSeed, _>(_) => panic!("not refused"),
    };
    let by_stranger = ask(&own, dealer.key(), &parties.client);
    assert_eq!(refusal(dealer.seed(&by_stranger).await), ProblemType::BadPromise);
    let elsewhere = ask(&promised, net.network.nodes()[1].key(), &parties.client);
    assert_eq!(refusal(dealer.seed(&elsewhere).await), ProblemType::BadPromise);
    let mut other = ask(&promised, dealer.key(), &parties.client);
    other.batch_id = once.body.batch;
    assert_eq!(refusal(dealer.seed(&other).await), ProblemType::BadPromise);
    let over = BatchPromise { until: now(), ..promised.body.clone() };
    let over = Signed::new(over, &net.operator);
    assert_eq!(refused(parties.client_half(&net, &over).await), ProblemType::BatchUsed);
    let batch = BatchId([9; 16]);
    let chosen = givers(batch, promised.body.makers, 1);
    let unknown = BatchPromise { batch, chosen, ..promised.body.clone() };
    let unknown = Signed::new(unknown, &net.operator);
    assert_eq!(refused(parties.owner_half(&net, &unknown).await), ProblemType::UnknownBatch);
    let longer = gavel::sharing::pair::BatchShape { masks: 0, ..promised.body.shape.clone() };
    let longer =
        Signed::new(BatchPromise { shape: longer, ..promised.body.clone() }, &net.operator);
    assert_eq!(refused(parties.owner_half(&net, &longer).await), ProblemType::BatchUsed);

    // None of that has used anything up.
    let (own, others) = (
        parties.client_half(&net, &promised).await.unwrap(),
        parties.owner_half(&net, &promised).await.unwrap(),
    );
    fit(&own, &others);
    assert_eq!(refused(parties.client_half(&net, &promised).await), ProblemType::BatchUsed);
    assert_eq!(refused(parties.owner_half(&net, &promised).await), ProblemType::BatchUsed);

    // What is asked for with a batch that was promised to somebody else gets nothing.
    let theirs = BatchPromise { client: stranger.public(), ..once.body.clone() };
    let theirs = Signed::new(theirs, &net.operator);
    let (first, second) = (
        parties.client_half(&net, &once).await.unwrap(),
        client_half(&net.network, &theirs, &stranger).await,
    );
    assert_eq!(refused(second), ProblemType::BatchUsed);
    fit(&first, &parties.owner_half(&net, &once).await.unwrap());

    // The books say so, and the stock is filled again.
    let full = |stock: &StockLine| (stock.ready, stock.given) == (2, 2);
    parties.stock(&net, "two given and two made anew", full).await;

    // Its owner takes the model back, and nobody else does.
    let failed = remove(&net.network, &parties.client, parties.model, now()).await;
    assert_eq!(failed.unwrap_err().problem().unwrap().kind, ProblemType::BadModel);
    remove(&net.network, &parties.owner, parties.model, now()).await.unwrap();
    assert!(models(&net.network).await.unwrap().is_empty());
    let failed = promise(&net.network, parties.model, &parties.client, now()).await;
    let Err(MaterialError::Coordinator(error)) = failed else { panic!("promised") };
    assert_eq!(error.problem().unwrap().kind, ProblemType::UnknownModel);
}

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

/// Who gives a batch out hangs on the batch, whatever the coordinator says; the others' parts go with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_comes_from_those_who_give_it_out_and_nobody_else() {
    let net = Net::start(Setup::new(4, 1)).await;
    let parties = Parties::announce(&net, 1).await;
    parties.stock(&net, "a full stock", |stock| stock.ready == 1).await;
    let promised = parties.promise(&net).await;
    let told = &promised.body;
    assert_eq!(told.chosen, givers(told.batch, told.makers, 1));
    let others = told.makers.difference(told.chosen);
    assert_eq!((told.chosen.len(), others.len()), (2, 2));
    let elsewhere = Signed::new(BatchPromise { chosen: others, ..told.clone() }, &net.operator);
    let failed = parties.client_half(&net, &elsewhere).await;
    assert!(matches!(failed, Err(MaterialError::Dealers)));
    for dealer in net.network.nodes() {
        let ask = AskHalf { promise: elsewhere.clone(), dealer: dealer.key() };
        let (model_inference, batch_id) = (parties.model, told.batch);
        let request = Signed::new(ask, &parties.client);
        let answer = dealer.seed(&AskSeed { model_inference, batch_id, request }).await;
        let Err(HttpError::Problem { problem, .. }) = answer else { panic!("not refused") };
        assert_eq!(problem.kind, ProblemType::BadPromise);
    }
    fit(
        &parties.client_half(&net, &promised).await.unwrap(),
        &parties.owner_half(&net, &promised).await.unwrap(),
    );
    for node in others.iter() {
        let until = Instant::now() + Duration::from_secs(60);
        while usable(&net, node.get()).await.iter().any(|line| line.batch == told.batch) {
            assert!(Instant::now() < until, "the part of node {node} stays");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
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
        store.withdraw_all().await.unwrap();
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

/// Who lies in the making of a batch is not among the makers of the next ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dealer_that_lies_is_left_out() {
    for at in [At::Number(3), At::Number(5)] {
        let lie = Lie { at, to: None, bit: 77 };
        let net = Net::start(Setup { liar: Some((3, lie)), ..Setup::new(4, 1) }).await;
        let parties = Parties::announce(&net, 1).await;
        let line = parties.stock(&net, "a full stock", |stock| stock.ready == 1).await;
        assert!(line.stock.withdrawn > 0, "nobody noticed");
        let promised = parties.promise(&net).await;
        assert!(!promised.body.makers.contains(index(3)), "{}", promised.body.makers);
        // Operators are told, and why the batch with the lie is gone.
        let told = dealing(&net.network).await.unwrap();
        let liar = NodeSet::EMPTY.with(index(3));
        assert!(liar.is_subset_of(told.left_out) && told.liars.is_subset_of(liar), "{told:?}");
        let lines = batches(&net.network, parties.model).await.unwrap().batches;
        let own = lines.iter().find(|line| line.batch == promised.body.batch).unwrap();
        assert_eq!((own.state, own.client), (BookState::Promised, Some(promised.body.client)));
        assert_eq!((own.makers, own.givers), (promised.body.makers, promised.body.chosen));
        let gone = lines.iter().find(|line| line.state == BookState::Withdrawn).unwrap();
        assert!(gone.makers.contains(index(3)) && gone.reason.is_some(), "{gone:?}");
        fit(
            &parties.client_half(&net, &promised).await.unwrap(),
            &parties.owner_half(&net, &promised).await.unwrap(),
        );
    }
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

/// Seeds and shares are nowhere on a disk as they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_seed_and_no_share_lies_on_a_disk_in_the_clear() {
    let net = Net::start(Setup::new(3, 1)).await;
    let parties = Parties::announce(&net, 1).await;
    parties.stock(&net, "a full stock", |stock| stock.ready == 1).await;
    let promised = parties.promise(&net).await;
    let mut secrets = Secrets::default();
    let (model_inference, batch_id) = (parties.model, promised.body.batch);
    let mut seeds = Vec::new();
    for dealer in chosen(&net, &promised) {
        let ask = AskHalf { promise: promised.clone(), dealer: dealer.key() };
        let request = Signed::new(ask, &parties.client);
        let given = dealer.seed(&AskSeed { model_inference, batch_id, request }).await.unwrap();
        let seed = given.seed.seed().unwrap();
        secrets.add_bytes(&format!("the seed of node {}", dealer.index()), seed.expose());
        seeds.push(seed);
    }
    let values = promised.body.shape.values();
    let mut part = Part::<F>::zeros(values);
    for seed in &seeds {
        part.add(&Part::expand(values, seed)).unwrap();
    }
    let own = part.into_half(promised.body.shape.clone()).unwrap();
    let others = parties.owner_half(&net, &promised).await.unwrap();
    fit(&own, &others);
    let mut shares = 0;
    for at in 0..promised.body.shape.masks.min(20) {
        let (a, b) = (own.mask(at).unwrap(), others.mask(at).unwrap());
        let both = a + b;
        for (what, value) in [
            ("a client's share", a.share),
            ("an owner's share", b.share),
            ("a value", both.share),
            ("a MAC", both.mac),
        ] {
            secrets.add_bytes(&format!("{what} {at}"), value.to_bytes().as_ref());
            shares += 1;
        }
    }
    let key = own.key().share() + others.key().share();
    secrets.add_bytes("the key", key.to_bytes().as_ref());
    assert!(shares > 20);
    for file in files(net.folder.path()) {
        secrets.assert_absent(&file.display().to_string(), &std::fs::read(&file).unwrap());
    }
}

/// Set to the interpreter of an installation with grpcio and grpcio-reflection.
const PYTHON: &str = "GAVEL_TEST_PYTHON";

/// A client that is not ours gets the same numbers. It learns the service by reflection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_client_fetches_the_owners_half() {
    let Some(python) = std::env::var_os(PYTHON) else {
        eprintln!("{PYTHON} names no Python with grpcio: not tried");
        return;
    };
    let net = Net::start(Setup::new(3, 1)).await;
    let parties = Parties::announce(&net, 1).await;
    parties.stock(&net, "a full stock", |stock| stock.ready == 1).await;
    let promised = parties.promise(&net).await;
    let own = parties.client_half(&net, &promised).await.unwrap();
    let values = promised.body.shape.values();
    let mut sum = Part::<F>::zeros(values);
    for dealer in chosen(&net, &promised) {
        let folder = net.folder.path().join(format!("node-{}", dealer.index()));
        let keys = NodeKeys::load(&folder.join("node.key"), None).unwrap();
        let lines = STANDARD.encode(keys.tls.certificate_der());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n");
        let ask = AskHalf { promise: promised.clone(), dealer: dealer.key() };
        let request = serde_json::to_vec(&Signed::new(ask, &parties.owner)).unwrap();
        let [certificate, asked] = ["server.pem", "request.json"].map(|name| folder.join(name));
        std::fs::write(&certificate, pem).unwrap();
        std::fs::write(&asked, request).unwrap();
        let address = net.roster.body.node(dealer.index()).unwrap().address.clone();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/owner_half.py");
        let output = tokio::process::Command::new(&python)
            .arg(script)
            .arg(address)
            .arg(&certificate)
            .arg(promised.body.model.to_string())
            .arg(promised.body.batch.to_string())
            .arg(&asked)
            .output();
        let output = output.await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
        sum.add(&Part::read(values, &bytes).unwrap()).unwrap();
    }
    fit(&own, &sum.into_half(promised.body.shape.clone()).unwrap());
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
