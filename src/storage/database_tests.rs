use crate::storage::database::*;

use crate::identity::NodeCard;
use crate::identity::roster::IssuedCard;
use crate::session::fixtures::World;
use crate::storage::fixtures::Somewhere;

async fn error_of(address: &Address) -> StorageError {
    match Database::open_at(address).await {
        Ok(_) => panic!("opened {address}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_roster_stays() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let world = World::new(5, 2);
    let digest = world.roster.body.digest();
    let database = somewhere.open().await;
    assert_eq!(database.roster(&digest).await.unwrap(), None);
    database.put_roster(&world.roster).await.unwrap();
    database.put_roster(&world.roster).await.unwrap();
    database.close().await;
    assert!(matches!(database.roster(&digest).await, Err(StorageError::Closed)));
    assert!(matches!(database.put_roster(&world.roster).await, Err(StorageError::Closed)));
    let database = somewhere.open().await;
    assert_eq!(database.roster(&digest).await.unwrap(), Some(world.roster));
}

#[tokio::test]
async fn only_a_later_roster_takes_the_place_of_one() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let world = World::new(3, 1);
    let next = |roster: &Signed<Roster>, byte: u8| {
        let Signed { body, .. } = roster;
        let card = NodeCard { certificate: Digest([byte; 32]), ..body.nodes[1].clone() };
        let card = Signed::new(IssuedCard { card, issue: byte.into() }, &world.keys[1]);
        let next = body.successor(body.coordinator.clone(), vec![card]).unwrap();
        Signed::new(next, &world.coordinator)
    };
    let (first, second) = (&world.roster, &next(&world.roster, 50));
    let third = &next(second, 51);
    let database = somewhere.open().await;
    for roster in [first, first, second, third, third] {
        database.adopt(roster).await.unwrap();
    }
    let error = database.adopt(first).await.unwrap_err();
    assert!(matches!(error, StorageError::OldRoster { given: 1, newest: 2 | 3 }), "{error}");
    assert!(database.adopt(second).await.is_err());
    // One that only says that it succeeds them.
    let mut other = World::new(5, 2).roster.body;
    other.succeeds = vec![first.body.digest()];
    let error = database.adopt(&Signed::new(other, &world.coordinator)).await.unwrap_err();
    assert!(matches!(error, StorageError::Roster(_)), "{error}");
    // One of another line is another matter.
    database.adopt(&World::new(5, 2).roster).await.unwrap();
    for roster in [first, second, third] {
        let digest = roster.body.digest();
        assert_eq!(database.roster(&digest).await.unwrap().as_ref(), Some(roster));
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let database = somewhere.open().await;
    database
        .write::<_, StorageError, _>(|connection| {
            Box::pin(async move {
                query("INSERT INTO schema (version, name) VALUES (9999, 'later')")
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    database.close().await;
    let error = error_of(&somewhere.address).await;
    assert!(
        matches!(error, StorageError::Newer { found: 9999, known, .. } if known == migrate::known()),
        "{error}"
    );
    assert!(error.to_string().contains("update the program"));
}

#[tokio::test]
async fn a_write_that_fails_is_undone_alone() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let database = somewhere.open().await;
    let insert = |version: i64, fails: bool| {
        database.write::<(), StorageError, _>(move |connection| {
            Box::pin(async move {
                query("INSERT INTO schema (version, name) VALUES ($1, 'test')")
                    .bind(version)
                    .execute(connection)
                    .await?;
                if fails { Err(StorageError::Closed) } else { Ok(()) }
            })
        })
    };
    // Polled together, so that they share a commit; 2 is in the table already.
    let results = futures_util::future::join_all([
        insert(1001, false),
        insert(1002, true),
        insert(2, false),
        insert(1003, false),
    ])
    .await;
    assert!(results[0].is_ok() && results[3].is_ok());
    assert!(matches!(results[1], Err(StorageError::Closed)));
    assert!(matches!(results[2], Err(StorageError::Database(_))));
    let rows = query("SELECT version FROM schema WHERE version > 1000 ORDER BY version")
        .fetch_all(database.readers())
        .await
        .unwrap();
    let stored: Vec<i64> = rows.iter().map(|row| row.try_get(0).unwrap()).collect();
    assert_eq!(stored, [1001, 1003]);
}

#[tokio::test]
async fn readers_cannot_write() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let database = somewhere.open().await;
    assert!(query("DELETE FROM schema").fetch_all(database.readers()).await.is_err());
}

#[tokio::test]
async fn tables_of_another_program_are_refused() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    if let Address::File(path) = &somewhere.address {
        make_private(path).unwrap();
    }
    let mut connection = somewhere.address.writer().await.unwrap();
    connection.run("CREATE TABLE songs (title TEXT)").await.unwrap();
    connection.close().await.unwrap();
    let error = error_of(&somewhere.address).await;
    assert!(matches!(error, StorageError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn an_older_schema_is_brought_up_to_date_and_keeps_what_it_holds() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let world = World::new(3, 1);
    let digest = world.roster.body.digest();
    if let Address::File(path) = &somewhere.address {
        make_private(path).unwrap();
    }
    let mut connection = somewhere.address.writer().await.unwrap();
    for (version, name, _) in migrate::MIGRATIONS {
        // As the program of this version left it, with one roster in it.
        migrate::migrate_to(&somewhere.address, &mut connection, version).await.unwrap();
        let rows = query("SELECT version FROM schema").fetch_all(&mut connection).await.unwrap();
        let done: Vec<i64> = rows.iter().map(|row| row.try_get(0).unwrap()).collect();
        assert_eq!(done.iter().max(), Some(&version), "{name}");
        if version == 1 {
            query("INSERT INTO rosters (digest, roster) VALUES ($1, $2)")
                .bind(digest.0.to_vec())
                .bind(json("roster", &world.roster).unwrap())
                .execute(&mut connection)
                .await
                .unwrap();
        }
        let rows = query("SELECT roster FROM rosters").fetch_all(&mut connection).await.unwrap();
        assert_eq!(rows.len(), 1, "{name}");
    }
    connection.close().await.unwrap();
    let database = somewhere.open().await;
    assert_eq!(database.roster(&digest).await.unwrap().as_ref(), Some(&world.roster));
    let store = crate::storage::CoordinatorStore::new(database);
    assert_eq!(store.page(None, 10, true).await.unwrap(), []);
}

#[tokio::test]
async fn the_first_schema_is_brought_up_to_date_at_once() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    if let Address::File(path) = &somewhere.address {
        make_private(path).unwrap();
    }
    let mut connection = somewhere.address.writer().await.unwrap();
    migrate::migrate_to(&somewhere.address, &mut connection, 1).await.unwrap();
    connection.close().await.unwrap();
    let store = crate::storage::CoordinatorStore::new(somewhere.open().await);
    assert_eq!(store.page(None, 10, true).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_process_has_a_role_and_the_next_one_takes_over() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let first = somewhere.open().await;
    first.claim(Leadership::Coordinator).await.unwrap();
    first.claim(Leadership::Coordinator).await.unwrap();
    assert!(first.watch(Leadership::Coordinator).borrow().held().is_some());
    assert!(first.watch(Leadership::Computing).borrow().held().is_none());
    let ours = format!("process {}", std::process::id());
    if let Address::File(_) = &somewhere.address {
        // A file has room for one process altogether.
        let error = error_of(&somewhere.address).await;
        assert!(matches!(&error, StorageError::Held { by, .. } if *by == ours), "{error}");
        first.close().await;
        somewhere.open().await.claim(Leadership::Coordinator).await.unwrap();
        return;
    }
    let second = somewhere.open().await;
    let error = second.claim(Leadership::Coordinator).await.unwrap_err();
    assert!(error.to_string().contains(&ours), "{error}");
    // It has asked for the role and not got it, so it may not write.
    let refused = second.put_roster(&World::new(3, 1).roster).await.unwrap_err();
    assert!(matches!(refused, StorageError::Superseded { .. }), "{refused}");
    second.claim(Leadership::Computing).await.unwrap();
    assert!(first.claim(Leadership::Computing).await.is_err());
    let mut waits = second.watch(Leadership::Coordinator);
    assert!(waits.borrow().held().is_none());
    first.close().await;
    let taken = waits.wait_for(|tenure| tenure.held().is_some());
    tokio::time::timeout(PATIENCE, taken).await.unwrap().unwrap();
    second.put_roster(&World::new(3, 1).roster).await.unwrap();
}

/// Only so that a test fails instead of hanging.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// End the connection by which a store writes, as a server that is started again does.
async fn cut(database: &Database) {
    let asked = database.write::<i64, StorageError, _>(|connection| {
        Box::pin(async move {
            let row = query("SELECT pg_backend_pid()::bigint").fetch_one(connection).await?;
            Ok(row.try_get(0)?)
        })
    });
    let process = asked.await.unwrap();
    let mut admin = database.address().writer().await.unwrap();
    let cut = "SELECT pg_terminate_backend($1::bigint::int)";
    query(cut).bind(process).fetch_all(&mut admin).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_outlives_a_connection_that_is_cut() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let Address::Server(_) = &somewhere.address else { return };
    let database = somewhere.open().await;
    let fence = database.claim(Leadership::Coordinator).await.unwrap();
    let turn = database.under(fence);
    for nodes in [3, 5, 7] {
        cut(&database).await;
        // Nobody notices: the write begins on a new connection.
        turn.put_roster(&World::new(nodes, 1).roster).await.unwrap();
        let held = database.watch(Leadership::Coordinator).borrow().held();
        assert_eq!(held, Some(fence), "the turn is another one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_stopped_for_long_is_superseded_and_stores_nothing_more() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let Address::Server(_) = &somewhere.address else { return };
    let (first, second) = (somewhere.open().await, somewhere.open().await);
    let fence = first.claim(Leadership::Computing).await.unwrap();
    second.claim(Leadership::Computing).await.unwrap_err();
    let (old, roster) = (first.under(fence), World::new(3, 1).roster);
    old.put_roster(&roster).await.unwrap();
    // As if it had been stopped until its lease had run out: it did not renew it.
    let mut admin = somewhere.address.writer().await.unwrap();
    let mut taken = second.watch(Leadership::Computing);
    let took = async {
        while taken.borrow().held().is_none() {
            admin.run("UPDATE leases SET until = 0 WHERE fence = 1").await.unwrap();
            let pause = std::time::Duration::from_millis(50);
            drop(tokio::time::timeout(pause, taken.changed()).await);
        }
        taken.borrow().held().unwrap()
    };
    let next = tokio::time::timeout(PATIENCE, took).await.unwrap();
    assert!(next > fence);
    // It wakes up and goes on, whatever it believes of itself.
    let refused = old.put_roster(&World::new(5, 2).roster).await.unwrap_err();
    let computing = Leadership::Computing;
    assert!(matches!(refused, StorageError::Superseded { role } if role == computing), "{refused}");
    let digest = World::new(5, 2).roster.body.digest();
    assert_eq!(first.roster(&digest).await.unwrap(), None);
    // What does not belong to the role is any replica's to write.
    first.put_roster(&World::new(7, 2).roster).await.unwrap();
    let mut lost = first.watch(Leadership::Computing);
    let lost = lost.wait_for(|tenure| *tenure == Tenure::Superseded);
    tokio::time::timeout(PATIENCE, lost).await.unwrap().unwrap();
    second.under(next).put_roster(&World::new(9, 2).roster).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_gone_back_is_noticed() {
    let Some(somewhere) = Somewhere::new(module_path!()).await else { return };
    let Address::Server(_) = &somewhere.address else { return };
    let mark = |name: &str| Opening {
        mark: Some(somewhere.folder.path().join(name)),
        ..Opening::default()
    };
    let (one, two) = (mark("one.mark"), mark("two.mark"));
    let open = |opening: Opening| {
        let address = somewhere.address.clone();
        async move { Database::open_as(&address, &opening).await }
    };
    // Two replicas on one store, each with a mark of its own.
    let (first, second) = (open(one.clone()).await.unwrap(), open(two.clone()).await.unwrap());
    for (nodes, database) in [(3, &first), (5, &second), (7, &first), (9, &first)] {
        database.put_roster(&World::new(nodes, 1).roster).await.unwrap();
    }
    first.close().await;
    second.close().await;
    // It knows of all of them; the other one knows of its own, and of those before.
    open(one.clone()).await.unwrap().close().await;
    // As after a failover to a server that lagged behind.
    let mut admin = somewhere.address.writer().await.unwrap();
    admin.run("UPDATE commits SET count = count - 1").await.unwrap();
    let error = open(one.clone()).await.err().unwrap();
    let behind = Behind::Commits { had: 4, has: 3 };
    assert!(matches!(&error, StorageError::Behind { behind: b, .. } if *b == behind), "{error}");
    // The other one knows of nothing that is missing.
    open(two).await.unwrap().close().await;
    let accept = Opening { accept_loss: Some(Timestamp::from_millis(5)), ..one.clone() };
    open(accept).await.unwrap().close().await;
    let database = open(one).await.unwrap();
    assert_eq!(database.lost(), Some(Timestamp::from_millis(5)));
}

#[tokio::test]
async fn an_address_shows_no_password() {
    let folder = Path::new("/home/gavel");
    let address = Address::parse("postgres://ada:opensesame@db.example.org/gavel", folder).unwrap();
    assert_eq!(address.to_string(), "postgres://ada@db.example.org:5432/gavel");
    let address = Address::parse("other.db", folder).unwrap();
    assert_eq!(address.to_string(), "/home/gavel/other.db");
    for wrong in ["mysql://ada@db/gavel", "", "postgres://:x:y"] {
        assert!(matches!(Address::parse(wrong, folder), Err(StorageError::Address)), "{wrong}");
    }
}
