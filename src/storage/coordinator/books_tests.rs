//! The books, on either kind of store.

use crate::identity::AccountId;
use crate::rules::model::{Layer, Structure};
use crate::session::dealing::StockOrder;
use crate::session::scoring::{Learner, ModelTerms, PortionDigests};
use crate::storage::coordinator::books::*;
use crate::storage::coordinator::ended::KEPT;
use crate::storage::fixtures::Somewhere;

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn keys(byte: u8) -> KeyPair {
    KeyPair::from_secret(&[byte; 32])
}

fn terms(name: u8) -> Signed<ModelTerms> {
    terms_of(name, 1)
}

/// A model of this owner.
fn terms_of(name: u8, owner: u8) -> Signed<ModelTerms> {
    let layers = vec![Layer::Dense { outputs: 1, largest: 6 }];
    let terms = ModelTerms {
        name: format!("model {name}"),
        roster: Digest([1; 32]),
        owner: keys(owner).public(),
        structure: Structure { features: 3, largest_feature: 4, fraction: 8, layers },
        features: Vec::new(),
        learner: Learner::Both,
    };
    Signed::new(terms, &keys(owner))
}

fn order(terms: &Signed<ModelTerms>, stock: u32, at: i64) -> StockOrder {
    StockOrder { model: terms.body.id(), stock, at: time(at) }
}

fn asked(model: Digest, request: u8, client: u8) -> Asked {
    Asked {
        request: Digest([request; 32]),
        model,
        shape: BatchShape { masks: 1, ..BatchShape::default() },
        client: keys(client).public(),
        there: NodeSet::all(3),
        rosters: vec![Digest([1; 32])],
        doubted: NodeSet::EMPTY,
        threshold: 1,
        until: time(1_000),
    }
}

fn vouched(id: u8) -> Vouched {
    let digests = PortionDigests { client: Digest([id; 32]), owner: Digest([id + 1; 32]) };
    Vouched { portions: vec![digests], signatures: vec![keys(id).sign(&Digest([id; 32]))] }
}

/// A batch that is ready, made by three.
async fn ready(store: &CoordinatorStore, id: u8, model: Digest) -> BatchId {
    let batch = BatchId([id; 16]);
    let makers = NodeSet::all(3);
    store.begin_batch(batch, model, Digest([1; 32]), makers, time(id.into())).await.unwrap();
    assert!(store.put_in_stock(batch, &vouched(id)).await.unwrap());
    assert!(!store.put_in_stock(batch, &vouched(id)).await.unwrap());
    batch
}

#[tokio::test]
async fn the_latest_order_counts() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = CoordinatorStore::new(somewhere.open().await);
    let own = terms(1);
    let model = own.body.id();
    let put =
        async |stock, at| store.announce_model(&own, &order(&own, stock, at), None, time(5)).await;
    put(2, 10).await.unwrap();
    put(2, 10).await.unwrap();
    assert!(matches!(put(3, 10).await, Err(BookError::Outdated)));
    assert!(matches!(put(3, 9).await, Err(BookError::Outdated)));
    put(3, 11).await.unwrap();
    let kept = store.model(model).await.unwrap().unwrap();
    assert_eq!((kept.stock, kept.announced), (3, time(5)));
    assert_eq!(store.models().await.unwrap(), [kept]);
    put(0, 12).await.unwrap();
    assert!(store.models().await.unwrap().is_empty());
    assert!(matches!(put(3, 11).await, Err(BookError::Outdated)));
    let refused = store.promise_batch(asked(model, 1, 2), keys(9)).await;
    assert!(matches!(refused, Err(BookError::Unknown)));
    put(1, 13).await.unwrap();
    // There is an end to models.
    for number in 2..=u8::try_from(MOST_MODELS).unwrap() {
        let more = terms_of(number, number);
        store.announce_model(&more, &order(&more, 1, 1), None, time(5)).await.unwrap();
    }
    let more = terms_of(200, 200);
    let refused = store.announce_model(&more, &order(&more, 1, 1), None, time(5)).await;
    assert!(matches!(refused, Err(BookError::Full)));
    put(2, 14).await.unwrap();
}

#[tokio::test]
async fn one_owner_or_account_has_so_many_models_and_no_more() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = CoordinatorStore::new(somewhere.open().await);
    let announce = async |name, owner, stock, at, account: Option<u8>| {
        let terms = terms_of(name, owner);
        let account = account.map(|byte| AccountId([byte; 16]));
        store.announce_model(&terms, &order(&terms, stock, at), account, time(5)).await
    };
    let most = u8::try_from(MOST_OF_ONE).unwrap();
    for name in 1..=most {
        // The last of them by the operator, whose account does not count.
        announce(name, 1, 1, 1, (name < most).then_some(7)).await.unwrap();
    }
    let full = |answer| matches!(answer, Err(BookError::FullOfOne));
    assert!(
        full(announce(100, 1, 1, 1, Some(8)).await) && full(announce(100, 1, 1, 1, None).await)
    );
    // What it has goes on, and another owner or account is not meant.
    announce(1, 1, 2, 2, Some(7)).await.unwrap();
    announce(101, 2, 1, 1, None).await.unwrap();
    announce(102, 3, 1, 1, Some(8)).await.unwrap();
    // Nor does another key give an account more.
    announce(103, 4, 1, 1, Some(7)).await.unwrap();
    assert!(full(announce(104, 5, 1, 1, Some(7)).await));
    let said = announce(104, 5, 1, 1, Some(7)).await.unwrap_err().to_string();
    assert!(said.contains("gavel model remove NAME"), "{said}");
    // One that is taken back makes room for another one.
    announce(103, 4, 0, 2, Some(7)).await.unwrap();
    announce(104, 5, 1, 1, Some(7)).await.unwrap();
    assert!(full(announce(103, 4, 1, 3, Some(7)).await));
}

#[tokio::test]
async fn an_operator_takes_a_model_back_and_earlier_orders_do_not_bring_it_in_again() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = CoordinatorStore::new(somewhere.open().await);
    let own = terms(1);
    let model = own.body.id();
    let put =
        async |stock, at| store.announce_model(&own, &order(&own, stock, at), None, time(at)).await;
    assert!(matches!(store.withdraw_model(model, time(5)).await, Err(BookError::Unknown)));
    put(2, 10).await.unwrap();
    ready(&store, 1, model).await;
    store.withdraw_model(model, time(20)).await.unwrap();
    assert!(store.models().await.unwrap().is_empty());
    assert!(matches!(store.withdraw_model(model, time(30)).await, Err(BookError::Unknown)));
    let refused = store.promise_batch(asked(model, 1, 2), keys(9)).await;
    assert!(matches!(refused, Err(BookError::Unknown)));
    for at in [10, 15, 20] {
        assert!(matches!(put(2, at).await, Err(BookError::Outdated)), "{at}");
    }
    put(2, 21).await.unwrap();
    // The later of both times counts.
    store.withdraw_model(model, time(1)).await.unwrap();
    assert!(matches!(put(2, 20).await, Err(BookError::Outdated)));
    put(2, 22).await.unwrap();
}

#[tokio::test]
async fn a_batch_is_promised_once() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = CoordinatorStore::new(somewhere.open().await);
    let own = terms(1);
    let model = own.body.id();
    store.announce_model(&own, &order(&own, 2, 1), None, time(1)).await.unwrap();
    let promise =
        async |request, client| store.promise_batch(asked(model, request, client), keys(9)).await;
    assert!(matches!(promise(1, 2).await, Err(BookError::Empty)));
    let (first, second) = (ready(&store, 1, model).await, ready(&store, 2, model).await);
    let promised = promise(1, 2).await.unwrap();
    assert_eq!(promised.body.batch, first, "the oldest comes first");
    assert!(promised.verify(&keys(9).public()).is_ok());
    assert_eq!(promised.body.vouched, vouched(1));
    let chosen = givers(first, NodeSet::all(3), 1);
    assert_eq!((promised.body.chosen, promised.body.until), (chosen, time(1_000)));
    assert_eq!(promise(1, 2).await.unwrap(), promised, "the same request");
    assert_eq!(promise(2, 3).await.unwrap().body.batch, second);
    assert!(matches!(promise(3, 3).await, Err(BookError::Empty)));
    // Not of another roster.
    let third = ready(&store, 3, model).await;
    let elsewhere = Asked { rosters: vec![Digest([2; 32])], ..asked(model, 4, 2) };
    let refused = store.promise_batch(elsewhere, keys(9)).await;
    assert!(matches!(refused, Err(BookError::Empty)));
    // Not where one of those who give it out is away, or has lost its part.
    let chosen = givers(third, NodeSet::all(3), 1);
    let one = NodeSet::EMPTY.with(chosen.first().unwrap());
    let few = Asked { there: NodeSet::all(3).difference(one), ..asked(model, 4, 2) };
    assert!(matches!(store.promise_batch(few, keys(9)).await, Err(BookError::Empty)));
    store.note_holders(third, NodeSet::all(3).difference(one)).await.unwrap();
    assert!(matches!(promise(4, 2).await, Err(BookError::Empty)));
    store.note_holders(third, chosen).await.unwrap();
    assert_eq!(promise(4, 2).await.unwrap().body.chosen, chosen);
    // What is given does not count for a client any more.
    for number in 10..18 {
        ready(&store, number, model).await;
    }
    for request in 10..16 {
        promise(request, 2).await.unwrap();
    }
    assert!(matches!(promise(16, 2).await, Err(BookError::TooMany)));
    let step = (BookState::Promised, BookState::Given);
    assert!(store.end_batch(first, step, None, time(50)).await.unwrap());
    promise(16, 2).await.unwrap();
    let counts = store.counts().await.unwrap();
    let count = |state| counts.get(&(model, state)).copied().unwrap_or(0);
    assert_eq!(count(BookState::Given), 1);
    assert_eq!((count(BookState::Ready), count(BookState::Promised)), (1, 9));
    // The latest first, with whom each is promised to.
    let latest = store.latest_batches(model, 3).await.unwrap();
    let ids: Vec<_> = latest.iter().map(|batch| batch.batch.0[0]).collect();
    assert_eq!(ids, [17, 16, 15]);
    let all = store.latest_batches(model, 100).await.unwrap();
    assert_eq!(all.len(), 11);
    let of = |id| all.iter().find(|batch| batch.batch == id).unwrap();
    assert_eq!((of(first).state, of(second).state), (BookState::Given, BookState::Promised));
    let client = of(second).promise.as_ref().map(|promise| promise.body.client);
    assert_eq!(client, Some(keys(3).public()));
    let lost = Some("a dealer has lost it".to_owned());
    let step = (BookState::Promised, BookState::Withdrawn);
    assert!(store.end_batch(second, step, lost.clone(), time(60)).await.unwrap());
    let all = store.latest_batches(model, 100).await.unwrap();
    assert_eq!(all.iter().find(|batch| batch.batch == second).unwrap().reason, lost);
    assert!(store.latest_batches(Digest([9; 32]), 3).await.unwrap().is_empty());
    store.withdraw_books(time(60)).await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.get(&(model, BookState::Withdrawn)), Some(&10));
    assert!(matches!(promise(20, 4).await, Err(BookError::Empty)));
    assert_eq!(promise(1, 2).await.unwrap(), promised, "which dealers refuse");

    // What has ended goes after a while, and nothing else; what was promised is promised to nobody again.
    let last = ready(&store, 30, model).await;
    let at = |millis: i64| time(millis + i64::try_from(KEPT.as_millis()).unwrap());
    assert_eq!(store.forget_batches(at(50)).await.unwrap(), 0);
    assert_eq!(store.forget_batches(at(51)).await.unwrap(), 1);
    assert_eq!(store.forget_batches(at(61)).await.unwrap(), 10);
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [((model, BookState::Ready), 1)]);
    assert_eq!(promise(1, 2).await.unwrap().body.batch, last);
    assert!(matches!(promise(2, 3).await, Err(BookError::Empty)));
}

#[tokio::test]
async fn a_batch_of_dealers_who_are_doubted_is_promised_where_there_is_no_other() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = CoordinatorStore::new(somewhere.open().await);
    let own = terms(1);
    let model = own.body.id();
    store.announce_model(&own, &order(&own, 2, 1), None, time(1)).await.unwrap();
    for id in 1..=9 {
        ready(&store, id, model).await;
    }
    let doubted = NodeSet::all(1);
    let mut with = Vec::new();
    for request in 1..=8 {
        let asked = Asked { doubted, ..asked(model, request, request) };
        let promised = store.promise_batch(asked, keys(9)).await.unwrap();
        with.push(!promised.body.chosen.intersection(doubted).is_empty());
    }
    assert!(!with[0] && with[7] && with.is_sorted(), "{with:?}");
}
