//! The books, on either kind of store.

use crate::rules::model::{Layer, Structure};
use crate::session::scoring::Learner;
use crate::storage::coordinator::books::*;
use crate::storage::fixtures::Somewhere;

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn keys(byte: u8) -> KeyPair {
    KeyPair::from_secret(&[byte; 32])
}

fn terms(name: u8) -> Signed<ModelTerms> {
    let layers = vec![Layer::Dense { outputs: 1, largest: 6 }];
    let terms = ModelTerms {
        name: format!("model {name}"),
        roster: Digest([1; 32]),
        owner: keys(1).public(),
        structure: Structure { features: 3, largest_feature: 4, fraction: 8, layers },
        features: Vec::new(),
        learner: Learner::Both,
    };
    Signed::new(terms, &keys(1))
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
        threshold: 1,
        until: time(1_000),
    }
}

/// A batch that is ready, made by three.
async fn ready(store: &CoordinatorStore, id: u8, model: Digest) -> BatchId {
    let batch = BatchId([id; 16]);
    let makers = NodeSet::all(3);
    store.begin_batch(batch, model, Digest([1; 32]), makers, time(id.into())).await.unwrap();
    let step = (BookState::Making, BookState::Ready);
    assert!(store.bring_on(batch, step, None).await.unwrap());
    assert!(!store.bring_on(batch, step, None).await.unwrap());
    batch
}

#[tokio::test]
async fn the_latest_order_counts() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = CoordinatorStore::new(somewhere.open().await);
    let own = terms(1);
    let model = own.body.id();
    let put = async |stock, at| store.announce_model(&own, &order(&own, stock, at), time(5)).await;
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
        let more = terms(number);
        store.announce_model(&more, &order(&more, 1, 1), time(5)).await.unwrap();
    }
    let more = terms(200);
    let refused = store.announce_model(&more, &order(&more, 1, 1), time(5)).await;
    assert!(matches!(refused, Err(BookError::Full)));
    put(2, 14).await.unwrap();
}

#[tokio::test]
async fn a_batch_is_promised_once() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = CoordinatorStore::new(somewhere.open().await);
    let own = terms(1);
    let model = own.body.id();
    store.announce_model(&own, &order(&own, 2, 1), time(1)).await.unwrap();
    let promise =
        async |request, client| store.promise_batch(asked(model, request, client), keys(9)).await;
    assert!(matches!(promise(1, 2).await, Err(BookError::Empty)));
    let (first, second) = (ready(&store, 1, model).await, ready(&store, 2, model).await);
    let promised = promise(1, 2).await.unwrap();
    assert_eq!(promised.body.batch, first, "the oldest comes first");
    assert!(promised.verify(&keys(9).public()).is_ok());
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
    assert!(store.bring_on(first, (BookState::Promised, BookState::Given), None).await.unwrap());
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
    assert!(store.bring_on(second, step, lost.clone()).await.unwrap());
    let all = store.latest_batches(model, 100).await.unwrap();
    assert_eq!(all.iter().find(|batch| batch.batch == second).unwrap().reason, lost);
    assert!(store.latest_batches(Digest([9; 32]), 3).await.unwrap().is_empty());
    store.withdraw_books().await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.get(&(model, BookState::Withdrawn)), Some(&10));
    assert!(matches!(promise(20, 4).await, Err(BookError::Empty)));
    assert_eq!(promise(1, 2).await.unwrap(), promised, "which dealers refuse");
}
