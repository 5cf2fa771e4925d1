use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::session::fixtures::World;

async fn error_of(path: &Path) -> StorageError {
    match Database::open(path).await {
        Ok(_) => panic!("opened {}", path.display()),
        Err(error) => error,
    }
}

#[tokio::test]
async fn directory_and_files_are_private() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("new/deeper/gavel.db");
    let database = Database::open(&path).await.unwrap();
    database.put_roster(&World::new(3, 1).roster).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(path.parent().unwrap().parent().unwrap()), 0o700);
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap().path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_roster_stays() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("gavel.db");
    let world = World::new(5, 2);
    let digest = world.roster.body.digest();
    let database = Database::open(&path).await.unwrap();
    assert_eq!(database.roster(&digest).await.unwrap(), None);
    database.put_roster(&world.roster).await.unwrap();
    database.put_roster(&world.roster).await.unwrap();
    database.close().await;
    assert!(matches!(database.roster(&digest).await, Err(StorageError::Closed)));
    assert!(matches!(database.put_roster(&world.roster).await, Err(StorageError::Closed)));
    let database = Database::open(&path).await.unwrap();
    assert_eq!(database.roster(&digest).await.unwrap(), Some(world.roster));
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("gavel.db");
    let database = Database::open(&path).await.unwrap();
    database
        .write::<_, StorageError, _>(|connection| {
            Box::pin(async move {
                sqlx::query("INSERT INTO schema (version, name) VALUES (99, 'later')")
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    database.close().await;
    let error = error_of(&path).await;
    assert!(matches!(error, StorageError::Newer { found: 99, known: 3, .. }), "{error}");
    assert!(error.to_string().contains("update the program"));
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("gavel.db");
    std::fs::write(&path, "a letter to the editor, not a database\n".repeat(200)).unwrap();
    let error = error_of(&path).await;
    assert!(matches!(error, StorageError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("gavel.db is damaged"), "{error}");

    let error = error_of(Path::new("/proc/nowhere/gavel.db")).await;
    assert!(matches!(error, StorageError::Place { .. }), "{error}");

    let path = place.path().join("music.db");
    let mut foreign = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    sqlx::query("CREATE TABLE songs (title TEXT)").execute(&mut foreign).await.unwrap();
    let error = error_of(&path).await;
    assert!(matches!(error, StorageError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_page_is_noticed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("gavel.db");
    let database = Database::open(&path).await.unwrap();
    for nodes in [3, 5, 7, 9] {
        database.put_roster(&World::new(nodes, 1).roster).await.unwrap();
    }
    database.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    assert!(pages > 4);
    for page in 2..pages {
        bytes[page * 4096..page * 4096 + 64].fill(0xff);
    }
    std::fs::write(&path, bytes).unwrap();
    let error = error_of(&path).await;
    assert!(matches!(error, StorageError::Damaged { .. }), "{error}");
    assert!(!error.to_string().contains('\n'));
}

#[tokio::test]
async fn a_write_that_fails_is_undone_alone() {
    let place = tempfile::tempdir().unwrap();
    let database = Database::open(&place.path().join("gavel.db")).await.unwrap();
    let insert = |version: i64, fails: bool| {
        database.write::<(), StorageError, _>(move |connection| {
            Box::pin(async move {
                sqlx::query("INSERT INTO schema (version, name) VALUES ($1, 'test')")
                    .bind(version)
                    .execute(connection)
                    .await?;
                if fails { Err(StorageError::Closed) } else { Ok(()) }
            })
        })
    };
    // Polled together, so that they share a commit; 2 is in the table already.
    let results = futures_util::future::join_all([
        insert(101, false),
        insert(102, true),
        insert(2, false),
        insert(103, false),
    ])
    .await;
    assert!(results[0].is_ok() && results[3].is_ok());
    assert!(matches!(results[1], Err(StorageError::Closed)));
    assert!(matches!(results[2], Err(StorageError::Database(_))));
    let stored: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM schema WHERE version > 100 ORDER BY version")
            .fetch_all(database.readers())
            .await
            .unwrap();
    assert_eq!(stored, [101, 103]);
}

#[tokio::test]
async fn readers_cannot_write() {
    let place = tempfile::tempdir().unwrap();
    let database = Database::open(&place.path().join("gavel.db")).await.unwrap();
    assert!(sqlx::query("DELETE FROM schema").execute(database.readers()).await.is_err());
}

#[tokio::test]
async fn a_full_disk_fails_its_writes_and_no_later_ones() {
    let place = tempfile::tempdir().unwrap();
    let database = Database::open(&place.path().join("gavel.db")).await.unwrap();
    let limit = |pages: &'static str| {
        database.write::<(), StorageError, _>(move |connection| {
            Box::pin(async move {
                sqlx::query(pages).fetch_one(connection).await?;
                Ok(())
            })
        })
    };
    // As small as the file is: the next page does not fit.
    limit("PRAGMA max_page_count = 1").await.unwrap();
    let worlds: Vec<_> = [3, 5, 7, 9].map(|nodes| World::new(nodes, 1)).into();
    let puts = worlds.iter().map(|world| database.put_roster(&world.roster));
    for put in futures_util::future::join_all(puts).await {
        let error = put.unwrap_err().to_string();
        assert!(error.contains("nothing was stored"), "{error}");
    }
    limit("PRAGMA max_page_count = 100000").await.unwrap();
    for world in &worlds {
        let digest = world.roster.body.digest();
        assert_eq!(database.roster(&digest).await.unwrap(), None);
        database.put_roster(&world.roster).await.unwrap();
        assert_eq!(database.roster(&digest).await.unwrap().as_ref(), Some(&world.roster));
    }
}

#[tokio::test]
async fn the_writer_syncs_every_commit() {
    let place = tempfile::tempdir().unwrap();
    let database = Database::open(&place.path().join("gavel.db")).await.unwrap();
    let settings = database
        .write::<_, StorageError, _>(|connection| {
            Box::pin(async move {
                let journal: String =
                    sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
                let sync: i64 =
                    sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
                let keys: i64 =
                    sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(connection).await?;
                Ok((journal, sync, keys))
            })
        })
        .await
        .unwrap();
    // 2 is FULL.
    assert_eq!(settings, ("wal".to_owned(), 2, 1));
}
