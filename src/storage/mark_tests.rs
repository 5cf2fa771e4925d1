use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::session::fixtures::{World, time};
use crate::storage::{Database, Disk, Fate, NodeStore, Opening};

/// A store in which some have bid, as a process leaves it that is killed: the database is small,
/// and nearly all of it is in the log.
struct Killed {
    folder: tempfile::TempDir,
    world: World,
    bids: u64,
}

const FILES: [&str; 3] = ["gavel.db", "gavel.db-wal", "gavel.mark"];

impl Killed {
    async fn new(bids: u64) -> Self {
        let place = tempfile::tempdir().unwrap();
        let world = World::new(3, 1);
        let store = NodeStore::new(Database::open(&place.path().join("gavel.db")).await.unwrap());
        store.announce(&world.announcement).await.unwrap();
        for number in 0..bids {
            bid(&world, &store, number).await;
        }
        // What a process leaves behind when it is killed is what is on disk at that moment.
        let folder = tempfile::tempdir().unwrap();
        for name in FILES {
            std::fs::copy(place.path().join(name), folder.path().join(name)).unwrap();
        }
        store.database().close().await;
        Self { folder, world, bids }
    }

    /// A copy of what was left.
    fn copy(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in FILES {
            std::fs::copy(self.folder.path().join(name), folder.path().join(name)).unwrap();
        }
        folder
    }
}

async fn bid(world: &World, store: &NodeStore, number: u64) {
    let envelope = world.envelope(&format!("bidder {number}"), 1, 1);
    let receipt = world.receipt(1, &envelope, 10);
    store.put_envelope(&envelope, &receipt, true).await.unwrap();
}

async fn behind(folder: &Path) -> Option<Behind> {
    match Database::open(&folder.join("gavel.db")).await {
        Ok(database) => {
            database.close().await;
            None
        }
        Err(StorageError::Behind { behind, .. }) => Some(behind),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_and_raises_no_alarm() {
    let killed = Killed::new(12).await;
    let folder = killed.copy();
    let database = Database::open(&folder.path().join("gavel.db")).await.unwrap();
    assert_eq!(database.lost(), None);
    let store = NodeStore::new(database);
    let session = store.session(killed.world.session()).await.unwrap().unwrap();
    assert_eq!(session.bids, killed.bids);
}

#[tokio::test]
async fn a_flipped_bit_anywhere_in_the_log_is_noticed() {
    let killed = Killed::new(12).await;
    let size = std::fs::metadata(killed.folder.path().join("gavel.db-wal")).unwrap().len();
    assert!(size > 50_000, "{size}");
    for place in 0..25 {
        let folder = killed.copy();
        let path = folder.path().join("gavel.db-wal");
        let mut bytes = std::fs::read(&path).unwrap();
        let at = (size - 1) * place / 24;
        bytes[usize::try_from(at).unwrap()] ^= 1 << (place % 8);
        std::fs::write(&path, bytes).unwrap();
        let lost = behind(folder.path()).await;
        assert!(
            matches!(lost, Some(Behind::Commits { .. } | Behind::Everything { .. })),
            "byte {at} of {size}: {lost:?}"
        );
        // And again: looking does not make it good.
        assert!(behind(folder.path()).await.is_some(), "byte {at}");
    }
}

#[tokio::test]
async fn a_log_or_a_database_that_is_cut_or_gone_is_noticed() {
    let killed = Killed::new(12).await;
    let cut = |name: &str, to: u64| {
        let folder = killed.copy();
        let file = std::fs::OpenOptions::new().write(true).open(folder.path().join(name));
        file.unwrap().set_len(to).unwrap();
        folder
    };
    let size = std::fs::metadata(killed.folder.path().join("gavel.db-wal")).unwrap().len();
    for part in 0..10 {
        let folder = cut("gavel.db-wal", size * part / 10);
        assert!(behind(folder.path()).await.is_some(), "{part} tenths of the log");
    }
    let folder = cut("gavel.db-wal", size - 1);
    assert!(
        matches!(behind(folder.path()).await, Some(Behind::Commits { had, has }) if has + 1 == had)
    );

    let folder = killed.copy();
    std::fs::remove_file(folder.path().join("gavel.db-wal")).unwrap();
    assert!(behind(folder.path()).await.is_some());

    let folder = killed.copy();
    for name in &FILES[..2] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    let lost = behind(folder.path()).await;
    assert!(matches!(lost, Some(Behind::Everything { had: 1.. })), "{lost:?}");
    assert!(!folder.path().join("gavel.db").exists(), "a database was made");

    let folder = cut("gavel.db", 0);
    assert!(behind(folder.path()).await.is_some());
}

#[tokio::test]
async fn an_older_copy_is_noticed_whatever_came_after_it() {
    let place = tempfile::tempdir().unwrap();
    let (path, old) = (place.path().join("gavel.db"), place.path().join("old"));
    let world = World::new(3, 1);
    let open = || async { NodeStore::new(Database::open(&path).await.unwrap()) };
    let store = open().await;
    store.announce(&world.announcement).await.unwrap();
    bid(&world, &store, 0).await;
    store.database().close().await;
    std::fs::copy(&path, &old).unwrap();
    let store = open().await;
    bid(&world, &store, 1).await;
    store.database().close().await;
    let newest = std::fs::read(&path).unwrap();
    std::fs::copy(&old, &path).unwrap();
    assert_eq!(behind(place.path()).await, Some(Behind::Commits { had: 3, has: 2 }));

    // Taken all the same, and used: from then on the newest one is the wrong one.
    let opening = Opening { accept_loss: Some(time(700)), ..Opening::default() };
    let address = crate::storage::Address::File(path.clone());
    let store = NodeStore::new(Database::open_as(&address, &opening).await.unwrap());
    assert_eq!(store.database().lost(), Some(time(700)));
    for number in 2..9 {
        bid(&world, &store, number).await;
    }
    store.database().close().await;
    let store = open().await;
    assert_eq!(store.database().lost(), Some(time(700)));
    store.database().close().await;
    std::fs::write(&path, newest).unwrap();
    assert_eq!(behind(place.path()).await, Some(Behind::OtherStore));
}

#[tokio::test]
async fn a_mark_that_is_gone_or_damaged_is_noticed() {
    let killed = Killed::new(2).await;
    let folder = killed.copy();
    let mark = folder.path().join("gavel.mark");
    std::fs::remove_file(&mark).unwrap();
    assert_eq!(behind(folder.path()).await, Some(Behind::NoMark));
    let folder = killed.copy();
    let mark = folder.path().join("gavel.mark");
    std::fs::write(&mark, [7; 9000]).unwrap();
    assert_eq!(behind(folder.path()).await, Some(Behind::DamagedMark));
    // A mark of which one place was half written is the one before, and is moved on.
    let folder = killed.copy();
    let mark = folder.path().join("gavel.mark");
    let mut bytes = std::fs::read(&mark).unwrap();
    let Found::Point(point) = Mark::read(&mark).unwrap() else { panic!() };
    let place = usize::try_from(point.count % 2 * STRIDE).unwrap();
    bytes[place + 20..place + SIZE].fill(0);
    std::fs::write(&mark, bytes).unwrap();
    assert_eq!(behind(folder.path()).await, None);
    assert_eq!(Mark::read(&mark).unwrap(), Found::Point(point));
}

/// Dies at one point of one commit.
struct Dying {
    commit: u32,
    point: u32,
    commits: AtomicU32,
}

impl Dying {
    fn at(&self, point: u32) -> Fate {
        if point == 0 {
            self.commits.fetch_add(1, Ordering::SeqCst);
        }
        let here = self.commits.load(Ordering::SeqCst) == self.commit && self.point == point;
        if here { Fate::Dies } else { Fate::Done }
    }
}

impl Disk for Dying {
    fn before_commit(&self) -> Fate {
        self.at(0)
    }

    fn after_commit(&self) -> Fate {
        self.at(1)
    }

    fn after_mark(&self) -> Fate {
        self.at(2)
    }
}

/// Whoever dies before, between or after commit and mark: no promise is lost, and there is no
/// false alarm.
#[tokio::test]
async fn a_crash_at_any_point_keeps_every_promise_and_raises_no_alarm() {
    let world = World::new(3, 1);
    for commit in 1..=4 {
        for point in 0..3 {
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("gavel.db");
            let dying = Dying { commit, point, commits: AtomicU32::new(0) };
            let store = NodeStore::new(Database::open_in_place(&path, Arc::new(dying)).unwrap());
            let mut promised = 0;
            if store.announce(&world.announcement).await.is_ok() {
                for number in 0..5 {
                    let envelope = world.envelope(&format!("bidder {number}"), 1, 1);
                    let receipt = world.receipt(1, &envelope, 10);
                    if store.put_envelope(&envelope, &receipt, true).await.is_ok() {
                        promised += 1;
                    }
                }
            }
            assert_eq!(promised, u64::from(commit).saturating_sub(2), "{commit} {point}");
            drop(store);
            tokio::task::yield_now().await;
            let again = NodeStore::new(Database::open(&path).await.unwrap());
            let kept = again.session(world.session()).await.unwrap();
            let kept = kept.map_or(0, |session| session.bids);
            assert!(kept >= promised, "{kept} of {promised} at {commit} {point}");
            assert!(kept <= promised + 1);
        }
    }
}

/// What changes nothing costs no commit and no mark.
#[tokio::test]
async fn what_changes_nothing_is_not_counted() {
    let place = tempfile::tempdir().unwrap();
    let store = NodeStore::new(Database::open(&place.path().join("gavel.db")).await.unwrap());
    let world = World::new(3, 1);
    let mark = place.path().join("gavel.mark");
    let count = || match Mark::read(&mark).unwrap() {
        Found::Point(point) => point.count,
        other => panic!("{other:?}"),
    };
    assert_eq!(count(), 0);
    for _ in 0..3 {
        store.announce(&world.announcement).await.unwrap();
    }
    assert_eq!(count(), 1);
    // Many at once share a commit and a mark.
    let bids = (0..40).map(|number| bid(&world, &store, number));
    futures_util::future::join_all(bids).await;
    assert!(count() < 20, "{}", count());
}
