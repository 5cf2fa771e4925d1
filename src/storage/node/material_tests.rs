use crate::base::Timestamp;
use crate::identity::{Blob, Digest};
use crate::sharing::NodeSet;
use crate::sharing::pair::{BatchShape, MatrixShape, Party};
use crate::storage::NodeStore;
use crate::storage::fixtures::Somewhere;
use crate::storage::node::material::{Batch, BatchId, BatchState, KEPT, StockError, Use};

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn batch(id: u8, model: &str) -> Batch {
    let matrices = vec![MatrixShape { rows: 1, inner: 784, columns: 128 }];
    Batch {
        id: BatchId([id; 16]),
        model: model.to_owned(),
        shape: BatchShape { triples: 100, bits: 7, matrices, ..BatchShape::default() },
        roster: Digest([5; 32]),
        makers: NodeSet::from_bits(0b1011),
        made: time(100 + i64::from(id)),
    }
}

fn blob(byte: u8) -> Blob {
    Blob(vec![byte; 100])
}

async fn states(store: &NodeStore, model: &str) -> Vec<(u8, BatchState)> {
    let all = store.batches(model).await.unwrap();
    all.iter().map(|stocked| (stocked.batch.id.0[0], stocked.state)).collect()
}

#[tokio::test]
async fn each_half_of_a_batch_is_given_out_once_also_after_a_restart() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let mut store = NodeStore::new(somewhere.open().await);
    let (own, to, now) = (batch(1, "credit"), Use([7; 16]), time(500));
    store.stock(&own, blob(3), blob(8)).await.unwrap();
    store.stock(&own, blob(4), blob(8)).await.unwrap();
    let other = Batch { made: time(9), ..own.clone() };
    assert!(matches!(store.stock(&other, blob(3), blob(8)).await, Err(StockError::Taken)));
    let early = store.give(own.id, to, Party::Client, now).await.err();
    assert!(matches!(early, Some(StockError::NotPromised { state: BatchState::Made })));
    store.promise(own.id, to).await.unwrap();
    store.promise(own.id, to).await.unwrap();
    let refused = store.promise(own.id, Use([6; 16])).await.err();
    assert!(matches!(refused, Some(StockError::NotPromised { state: BatchState::Promised })));
    let refused = store.give(own.id, Use([6; 16]), Party::Client, now).await.err();
    assert!(matches!(refused, Some(StockError::NotPromised { .. })));
    for party in [Party::Owner, Party::Client] {
        let given = store.give(own.id, to, party, now).await.unwrap();
        // The first shares and the first seed hold.
        assert_eq!((given.batch, given.shares, given.seeds), (own.clone(), blob(3), blob(8)));
        store.database().close().await;
        store = NodeStore::new(somewhere.open().await);
        let again = store.give(own.id, to, party, now).await.err();
        assert!(matches!(again, Some(StockError::Given)), "{party:?}");
    }
    let [stocked] = &store.batches("credit").await.unwrap()[..] else { panic!("one batch") };
    assert_eq!((stocked.state, stocked.promise), (BatchState::Given, Some(to)));
    assert_eq!((stocked.client, stocked.owner, &stocked.batch), (Some(now), Some(now), &own));
    // The same promise again changes nothing, and another one is none.
    store.promise(own.id, to).await.unwrap();
    let again = store.give(own.id, to, Party::Client, now).await.err();
    assert!(matches!(again, Some(StockError::Given)));
    let refused = store.promise(own.id, Use([8; 16])).await.err();
    assert!(matches!(refused, Some(StockError::NotPromised { state: BatchState::Given })));
    // What was used is not turned into what was not.
    store.withdraw(own.id, now).await.unwrap();
    assert_eq!(states(&store, "credit").await, [(1, BatchState::Given)]);
}

#[tokio::test]
async fn a_batch_that_is_withdrawn_is_not_given_out() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = NodeStore::new(somewhere.open().await);
    for id in [3, 1, 2] {
        store.stock(&batch(id, "credit"), blob(id), blob(8)).await.unwrap();
    }
    store.stock(&batch(4, "other"), blob(4), blob(8)).await.unwrap();
    let (to, now) = (Use([7; 16]), time(500));
    let [one, two] = [1, 2].map(|id| BatchId([id; 16]));
    store.promise(two, to).await.unwrap();
    store.give(two, to, Party::Client, now).await.unwrap();
    for id in [one, two] {
        store.withdraw(id, now).await.unwrap();
        let refused = store.give(id, to, Party::Owner, now).await.err();
        let withdrawn = StockError::NotPromised { state: BatchState::Withdrawn }.to_string();
        assert_eq!(refused.unwrap().to_string(), withdrawn);
        assert!(store.promise(id, to).await.is_err());
    }
    let (made, gone) = (BatchState::Made, BatchState::Withdrawn);
    assert_eq!(states(&store, "credit").await, [(1, gone), (2, gone), (3, made)]);
    assert_eq!(states(&store, "other").await, [(4, made)]);
    assert!(states(&store, "none").await.is_empty());
    store.withdraw_all(now).await.unwrap();
    assert_eq!(states(&store, "credit").await, [(1, gone), (2, gone), (3, gone)]);
    assert_eq!(states(&store, "other").await, [(4, gone)]);
    let unknown = BatchId([9; 16]);
    assert!(matches!(store.withdraw(unknown, now).await, Err(StockError::Unknown)));
    assert!(matches!(store.promise(unknown, to).await, Err(StockError::Unknown)));
    let nothing = store.give(unknown, to, Party::Client, now).await;
    assert!(matches!(nothing, Err(StockError::Unknown)));
}

#[tokio::test]
async fn what_has_ended_goes_after_a_while_and_is_given_to_nobody() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let store = NodeStore::new(somewhere.open().await);
    let (to, now) = (Use([7; 16]), time(500));
    for id in 1..=4 {
        store.stock(&batch(id, "credit"), blob(id), blob(8)).await.unwrap();
    }
    let [given, withdrawn, promised, made] = [1, 2, 3, 4].map(|id| BatchId([id; 16]));
    for id in [given, promised] {
        store.promise(id, to).await.unwrap();
    }
    for party in [Party::Client, Party::Owner] {
        store.give(given, to, party, now).await.unwrap();
    }
    store.withdraw(withdrawn, time(600)).await.unwrap();
    // Told of by when it ended, not by when it was made.
    let held = store.held_batches(time(600)).await.unwrap();
    let held: Vec<_> = held.into_iter().map(|stocked| stocked.batch.id).collect();
    assert_eq!(held, [withdrawn, promised, made]);
    // Withdrawn again, or given, it ends no later.
    store.withdraw(withdrawn, time(900)).await.unwrap();
    let long = |seconds: i64| time(seconds + i64::try_from(KEPT.as_secs()).unwrap());
    let later = |id: u8, seconds| Batch { made: long(seconds), ..batch(id, "credit") };
    store.stock(&later(5, 500), blob(5), blob(8)).await.unwrap();
    assert!(store.batch(given).await.unwrap().is_some());
    store.stock(&later(6, 501), blob(6), blob(8)).await.unwrap();
    assert!(store.batch(given).await.unwrap().is_none());
    assert!(store.batch(withdrawn).await.unwrap().is_some());
    let unknown = store.withdraw(BatchId([9; 16]), long(601)).await;
    assert!(matches!(unknown, Err(StockError::Unknown)));
    store.stock(&later(7, 601), blob(7), blob(8)).await.unwrap();
    assert!(store.batch(withdrawn).await.unwrap().is_none());
    // What may still be used stays, however old it is; what went is given to nobody.
    let states = states(&store, "credit").await;
    let of = |id: u8| states.iter().find(|(known, _)| *known == id).map(|(_, state)| *state);
    assert_eq!([of(3), of(4)], [Some(BatchState::Promised), Some(BatchState::Made)]);
    assert!(matches!(store.promise(given, to).await, Err(StockError::Unknown)));
    let again = store.give(given, to, Party::Owner, now).await;
    assert!(matches!(again, Err(StockError::Unknown)));
}
