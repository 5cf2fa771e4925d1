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
async fn what_is_no_database_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("gavel.db");
    std::fs::write(&path, "a letter to the editor, not a database\n".repeat(200)).unwrap();
    let error = error_of(&path).await;
    assert!(matches!(error, StorageError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("gavel.db is damaged"), "{error}");

    let error = error_of(Path::new("/proc/nowhere/gavel.db")).await;
    assert!(matches!(error, StorageError::Place { .. }), "{error}");
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
async fn a_full_disk_fails_its_writes_and_no_later_ones() {
    let place = tempfile::tempdir().unwrap();
    let database = Database::open(&place.path().join("gavel.db")).await.unwrap();
    let limit = |pages: &'static str| {
        database.write::<(), StorageError, _>(move |connection| {
            Box::pin(async move {
                query(pages).fetch_one(connection).await?;
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
                let mut settings = Vec::new();
                for name in ["journal_mode", "synchronous", "foreign_keys"] {
                    let row = query(format!("PRAGMA {name}")).fetch_one(&mut *connection).await?;
                    settings.push(match name {
                        "journal_mode" => row.try_get::<String, _>(0)?,
                        _ => row.try_get::<i64, _>(0)?.to_string(),
                    });
                }
                Ok(settings)
            })
        })
        .await
        .unwrap();
    // 2 is FULL.
    assert_eq!(settings, ["wal", "2", "1"]);
}
