use crate::identity::Statement as _;
use crate::session::fixtures::{World, node, time};
use crate::storage::NodeStore;
use crate::storage::backup::*;
use crate::storage::fixtures::Somewhere;

/// A store with a session that many have bid in.
async fn filled(somewhere: &Somewhere, bids: u32) -> (World, NodeStore) {
    let world = World::new(3, 1);
    let store = NodeStore::new(somewhere.open().await);
    store.database().put_roster(&world.roster).await.unwrap();
    store.announce(&world.announcement).await.unwrap();
    let envelopes: Vec<_> = (0..bids).map(|i| world.envelope(&format!("b{i}"), 1, 1)).collect();
    let puts = envelopes.iter().map(|envelope| {
        let receipt = world.receipt(1, envelope, 10);
        let store = store.clone();
        async move { store.put_envelope(envelope, &receipt, true).await }
    });
    for put in futures_util::future::join_all(puts).await {
        put.unwrap();
    }
    store.freeze(world.session(), time(50)).await.unwrap();
    (world, store)
}

#[tokio::test]
async fn a_copy_of_a_store_in_use_makes_the_same_store_again() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    // More than a page of them.
    let (world, store) = filled(&somewhere, 1200).await;
    let copy = somewhere.folder.path().join("copy.db");
    copy_out(&somewhere.address, &copy).await.unwrap();
    let session = world.session();
    let before = store.inventory(session, node(1)).await.unwrap();
    let row = store.session(session).await.unwrap();
    let kinds = [module_path!(), "another::tests", "another::tests_on_postgres"];
    for kind in kinds {
        // Back into the same kind of store, and into either.
        let Some(place) = Somewhere::new(kind).await else { continue };
        copy_in(&copy, &place.address).await.unwrap();
        let again = NodeStore::new(place.open().await);
        assert_eq!(again.inventory(session, node(1)).await.unwrap(), before);
        assert_eq!(again.session(session).await.unwrap(), row);
        let digest = before.entries[700].envelope(session);
        let envelope = store.envelope(session, digest).await.unwrap();
        assert!(envelope.is_some());
        assert_eq!(again.envelope(session, digest).await.unwrap(), envelope);
        let occupied = copy_in(&copy, &place.address).await.unwrap_err();
        assert!(matches!(occupied, StorageError::Occupied { .. }), "{occupied}");
    }
}

#[tokio::test]
async fn a_copy_that_is_no_copy_is_refused() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let path = somewhere.folder.path().join("letter.db");
    std::fs::write(&path, "a letter to the editor, not a database\n".repeat(200)).unwrap();
    let error = copy_in(&path, &somewhere.address).await.unwrap_err();
    assert!(matches!(error, StorageError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_store_of_an_older_version_stays_as_it_is_and_its_copy_is_brought_up_to_date() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    if let Address::File(path) = &somewhere.address {
        make_private(path).unwrap();
    }
    let world = World::new(3, 1);
    let mut connection = somewhere.address.writer().await.unwrap();
    migrate_to(&somewhere.address, &mut connection, 1).await.unwrap();
    query("INSERT INTO rosters (digest, roster) VALUES ($1, $2)")
        .bind(world.roster.body.digest().0.to_vec())
        .bind(serde_json::to_string(&world.roster).unwrap())
        .execute(&mut connection)
        .await
        .unwrap();
    let copy = somewhere.folder.path().join("copy.db");
    copy_out(&somewhere.address, &copy).await.unwrap();
    let seen = done(&somewhere.address, &mut connection).await.unwrap().unwrap();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1]);
    connection.close().await.unwrap();
    let place = Address::File(copy);
    let mut connection = place.writer().await.unwrap();
    let seen = done(&place, &mut connection).await.unwrap().unwrap();
    assert_eq!(seen.last(), Some(&known()));
    connection.close().await.unwrap();
    let again = Database::open_at(&place).await.unwrap();
    let kept = again.roster(&world.roster.body.digest()).await.unwrap();
    assert_eq!(kept, Some(world.roster));
}
