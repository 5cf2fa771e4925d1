//! What is remembered of dealers, on either kind of store.

use crate::base::Timestamp;
use crate::session::scoring::BatchId;
use crate::sharing::NodeIndex;
use crate::storage::CoordinatorStore;
use crate::storage::coordinator::doubts::{Doubt, MOST_DOUBTS};
use crate::storage::fixtures::Somewhere;

fn doubt(batch: u8, noted: i64) -> Doubt {
    let trouble = format!("{{\"of\":{batch}}}");
    Doubt { batch: BatchId([batch; 16]), noted: Timestamp::from_millis(noted), trouble }
}

#[tokio::test]
async fn what_is_remembered_outlasts_a_restart_until_it_is_forgotten() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let mut store = CoordinatorStore::new(somewhere.open().await);
    assert_eq!(store.doubts().await.unwrap(), []);
    let dealer = NodeIndex::new(2);
    store.note_doubt(doubt(2, 20), None).await.unwrap();
    store.note_doubt(doubt(1, 10), dealer).await.unwrap();
    // Of the same batch and dealer the first word stays; of another dealer there may be another.
    store.note_doubt(doubt(2, 30), None).await.unwrap();
    store
        .note_doubt(Doubt { noted: Timestamp::from_millis(40), ..doubt(1, 40) }, NodeIndex::new(3))
        .await
        .unwrap();
    let all = [doubt(1, 10), doubt(2, 20), doubt(1, 40)];
    assert_eq!(store.doubts().await.unwrap(), all);
    store.database().close().await;
    store = CoordinatorStore::new(somewhere.open().await);
    assert_eq!(store.doubts().await.unwrap(), all);
    // The latest are kept.
    for number in 0..MOST_DOUBTS {
        let batch = u8::try_from(100 + number).unwrap();
        store.note_doubt(doubt(batch, 100 + number), None).await.unwrap();
    }
    let kept = store.doubts().await.unwrap();
    assert_eq!((i64::try_from(kept.len()), kept[0].batch.0[0]), (Ok(MOST_DOUBTS), 100));
    assert_eq!(store.forget_doubts().await.unwrap(), MOST_DOUBTS as u64);
    assert_eq!(store.doubts().await.unwrap(), []);
}
