//! Both halves of a batch over real servers: given once, to their parties alone, by those who give it out.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gavel::client::material::{
    MaterialError, batches, client_half, models, owner_half, promise, remove,
};
use gavel::dealer::vouch::{VouchError, choice_of};
use gavel::field::Field as _;
use gavel::identity::key_file::NodeKeys;
use gavel::identity::{Digest, KeyPair, Signed};
use gavel::session::dealing::{AskBatch, AskHalf, BookState, InStock};
use gavel::session::scoring::{BatchId, BatchPromise, PortionDigests, Vouched, givers};
use gavel::sharing::NodeIndex;
use gavel::sharing::parts::Part;
use gavel::transport::HttpError;
use gavel::transport::target::Target;
use gavel::wire::dealer_api::{AskSeed, StockLine};
use gavel::wire::paths;
use gavel::wire::problem::ProblemType;

use super::net::{Net, Setup};
use super::parties::{F, Parties, chosen, fit, now, refused, usable, without_token};
use super::secrets::{Secrets, files};

/// Every t+1 of the makers give batches out in their turn, and whoever does, the halves are the batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_choice_of_dealers_gives_out_whole_batches() {
    let net = Net::start(Setup::new(4, 1)).await;
    // All four are to make it.
    net.together().await;
    let parties = Parties::announce(&net, 8).await;
    let pairs = (0..1_u16 << 4).filter(|bits| bits.count_ones() == 2);
    let all: BTreeSet<u16> = pairs.collect();
    let (mut seen, until) = (BTreeSet::new(), Instant::now() + Duration::from_secs(240));
    while seen != all {
        assert!(Instant::now() < until, "only {seen:?} of {all:?} had their turn");
        let promised = match promise(&net.network, parties.model, &parties.client, now()).await {
            Ok(promised) => promised,
            Err(error) => {
                // What was fetched counts as promised until the books are compared.
                let MaterialError::Coordinator(said) = &error else { panic!("{error}") };
                let kind = said.problem().map(|problem| problem.kind);
                let waits = [ProblemType::NoStock, ProblemType::TooManyRequests];
                assert!(kind.is_some_and(|kind| waits.contains(&kind)), "{error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        assert_eq!(promised.body.makers.len(), 4);
        let (own, others) = (
            parties.client_half(&net, &promised).await.unwrap(),
            parties.owner_half(&net, &promised).await.unwrap(),
        );
        fit(&own, &others);
        seen.insert(promised.body.chosen.bits());
    }
}

/// Have all makers sign for a batch that they have not made.
fn sign_for(net: &Net, promise: &mut BatchPromise) {
    let BatchPromise { batch, model, makers, .. } = *promise;
    let choice = choice_of(&net.roster.body, batch, makers).unwrap();
    let digests = PortionDigests { client: Digest([1; 32]), owner: Digest([2; 32]) };
    let word = |node: NodeIndex| {
        let portions = choice.held_by(node).iter().map(|_| digests).collect();
        let word = InStock { batch, model, node, makers, portions };
        Signed::new(word, &net.node_keys[node.position()]).signature
    };
    promise.chosen = choice.dealers();
    promise.vouched = Vouched {
        portions: vec![digests; choice.portions().len()],
        signatures: makers.iter().map(word).collect(),
    };
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
    // One that no dealer has, though all of them signed for it.
    let mut unknown = promised.body.clone();
    unknown.batch = BatchId([9; 16]);
    assert!(matches!(
        parties.owner_half(&net, &Signed::new(unknown.clone(), &net.operator)).await,
        Err(MaterialError::Vouched(_))
    ));
    sign_for(&net, &mut unknown);
    let unknown = Signed::new(unknown, &net.operator);
    assert_eq!(refused(parties.owner_half(&net, &unknown).await), ProblemType::UnknownBatch);
    // One of which not all say what it is.
    let mut other = promised.body.clone();
    other.vouched.portions[0].owner.0[0] ^= 1;
    let other = Signed::new(other, &net.operator);
    assert!(matches!(
        parties.client_half(&net, &other).await,
        Err(MaterialError::Vouched(VouchError::Unsigned { .. }))
    ));
    assert_eq!(
        refusal(dealer.seed(&ask(&other, dealer.key(), &parties.client)).await),
        ProblemType::BadPromise
    );
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

    taken_back(&net, &parties).await;
}

/// Its owner takes the model back, and nobody else does.
async fn taken_back(net: &Net, parties: &Parties) {
    let failed = remove(&net.network, &parties.client, parties.model, now()).await;
    assert_eq!(failed.unwrap_err().problem().unwrap().kind, ProblemType::BadModel);
    remove(&net.network, &parties.owner, parties.model, now()).await.unwrap();
    assert!(models(&net.network).await.unwrap().is_empty());
    let failed = promise(&net.network, parties.model, &parties.client, now()).await;
    let Err(MaterialError::Coordinator(error)) = failed else { panic!("promised") };
    assert_eq!(error.problem().unwrap().kind, ProblemType::UnknownModel);
    // What was made for it takes no room any more.
    let begun = Instant::now();
    while batches(&net.network, parties.model)
        .await
        .unwrap()
        .batches
        .iter()
        .any(|batch| batch.state == BookState::Ready)
    {
        assert!(begun.elapsed() < Duration::from_secs(120), "its stock is still there");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Who gives a batch out hangs on the batch, whatever the coordinator says; the others' parts go with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_comes_from_those_who_give_it_out_and_nobody_else() {
    let net = Net::start(Setup::new(4, 1)).await;
    // All four are to make it.
    net.together().await;
    let parties = Parties::announce(&net, 1).await;
    parties.stock(&net, "a full stock", |stock| stock.ready == 1).await;
    let promised = parties.promise(&net).await;
    let told = &promised.body;
    assert_eq!(told.chosen, givers(told.batch, told.makers, 1));
    let others = told.makers.difference(told.chosen);
    assert_eq!((told.chosen.len(), others.len()), (2, 2));
    let elsewhere = Signed::new(BatchPromise { chosen: others, ..told.clone() }, &net.operator);
    let failed = parties.client_half(&net, &elsewhere).await;
    assert!(matches!(failed, Err(MaterialError::Vouched(VouchError::Givers))));
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
        for seed in given.seed.seeds().unwrap() {
            secrets.add_bytes(&format!("a seed of node {}", dealer.index()), seed.expose());
            seeds.push(seed);
        }
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
        let portions = bytes.chunks(Part::<F>::bytes(values));
        portions.for_each(|bytes| sum.add(&Part::read(values, bytes).unwrap()).unwrap());
    }
    fit(&own, &sum.into_half(promised.body.shape.clone()).unwrap());
}
