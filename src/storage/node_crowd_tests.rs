//! Many at once, and processes that are killed meanwhile.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tasks_share_commits_and_freezing_draws_a_sharp_line() {
    let Some(place) = place().await else { return };
    let place = Arc::new(place);
    let tasks: Vec<_> = (0..50u32)
        .map(|task| {
            let place = Arc::clone(&place);
            tokio::spawn(async move {
                let mut given = Vec::new();
                for bid in 0..10u32 {
                    let bidder = format!("bidder {task} {bid}");
                    match place.put(&bidder, 1, 1).await {
                        Ok(put) => given.push(put.receipt.body),
                        Err(PutError::NotOpen { phase: Phase::Closing }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
                given
            })
        })
        .collect();
    let freezer = {
        let place = Arc::clone(&place);
        tokio::spawn(async move {
            loop {
                let session = place.store.session(place.session()).await.unwrap().unwrap();
                if session.bids > 150 {
                    return place.store.freeze(place.session(), time(99)).await.unwrap();
                }
                tokio::task::yield_now().await;
            }
        })
    };
    let mut given = BTreeMap::new();
    for task in tasks {
        given.extend(task.await.unwrap().into_iter().map(|r| (r.bidder.clone(), r)));
    }
    freezer.await.unwrap();
    let inventory = place.store.inventory(place.session(), node(1)).await.unwrap();
    // Exactly what was acknowledged: nothing lost, nothing let in after.
    let receipts: Vec<_> =
        given.into_values().map(|r| (r.bidder, r.revision, r.envelope, r.received)).collect();
    let session = place.session();
    let mut listed: Vec<_> = inventory
        .entries
        .iter()
        .map(|e| (e.bidder.clone(), e.revision, e.envelope(session), e.received))
        .collect();
    listed.sort_unstable();
    assert!(listed.len() > 150);
    assert_eq!(listed, receipts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_at_once_survive_a_drop() {
    let Some(place) = place_for(500).await else { return };
    let envelopes: Vec<_> =
        (0..500).map(|i| place.world.envelope(&format!("b{i}"), 1, 1)).collect();
    let puts = envelopes.iter().map(|envelope| {
        let receipt = place.world.receipt(1, envelope, 10);
        let store = place.store.clone();
        async move { store.put_envelope(envelope, &receipt, true).await }
    });
    for put in futures_util::future::join_all(puts).await {
        assert!(put.unwrap().new);
    }
    let Place { somewhere, world, store } = place;
    // No close: what was acknowledged must be there for whoever opens the file next.
    drop(store);
    let store = NodeStore::new(somewhere.open().await);
    let session = store.session(world.session()).await.unwrap().unwrap();
    let held = store.count_envelopes(world.session()).await.unwrap();
    assert_eq!((session.bids, held), (500, 500));
    for envelope in &envelopes {
        let held = store.envelope(world.session(), envelope.digest()).await.unwrap();
        assert_eq!(held.as_ref(), Some(envelope));
    }
}

/// Where the child of the next test finds its database; absent in an ordinary run.
const CHILD: &str = "GAVEL_TEST_STORAGE_CHILD";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_child_that_is_killed() {
    let Ok(text) = std::env::var(CHILD) else { return };
    let address = Address::parse(&text, std::path::Path::new("")).unwrap();
    let store = NodeStore::new(Database::open_at(&address).await.unwrap());
    let world = Arc::new(World::new(3, 1));
    store.announce(&world.announcement).await.unwrap();
    let tasks = (0..8).map(|task| {
        let (store, world) = (store.clone(), Arc::clone(&world));
        tokio::spawn(async move {
            for bid in 0..100_000 {
                let envelope = world.envelope(&format!("t{task} {bid}"), 1, 1);
                let receipt = world.receipt(1, &envelope, 10);
                store.put_envelope(&envelope, &receipt, true).await.unwrap();
                eprintln!("acknowledged {}", envelope.digest());
            }
        })
    });
    futures_util::future::join_all(tasks).await;
}

#[tokio::test]
async fn sigkill_loses_nothing_that_was_acknowledged() {
    use std::io::{BufRead as _, BufReader};
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let mut acknowledged = Vec::new();
    // Killed, started again on the same store, killed again.
    for round in 1..=2 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "storage::node::tests::crowds::the_child_that_is_killed",
                "--nocapture",
            ])
            .env(CHILD, &somewhere.text)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for line in lines {
            // The last line may have been cut off by the signal.
            let Ok(line) = line else { break };
            let Some(digest) = line.strip_prefix("acknowledged ") else { continue };
            let Ok(digest) = digest.parse::<Digest>() else { break };
            acknowledged.push(digest);
            if acknowledged.len() == 300 * round {
                child.kill().unwrap();
            }
        }
        assert!(!child.wait().unwrap().success());
        assert!(acknowledged.len() >= 300 * round);
    }
    let store = NodeStore::new(somewhere.open().await);
    let session = World::new(3, 1).session();
    assert_eq!(store.missing(session, &acknowledged).await.unwrap(), []);
    let inventory = store.inventory(session, node(1)).await.unwrap();
    for entry in &inventory.entries {
        let receipts = store.receipts(session, entry.key).await.unwrap();
        assert_eq!(receipts.len(), 1);
        assert_eq!(receipts[0].body.envelope, entry.envelope(session));
    }
}
