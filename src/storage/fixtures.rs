//! A place for a store, of either kind, for tests that run on both.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, PgConnection};

use super::{Address, Database};

/// Where a test's store is. Empty at first.
pub struct Somewhere {
    /// A folder of the test's own.
    pub folder: tempfile::TempDir,
    /// The store.
    pub address: Address,
    /// The address as it is typed.
    pub text: String,
}

impl Somewhere {
    /// A file, or a schema of its own on the server of `GAVEL_TEST_POSTGRES_URL` for tests of a
    /// module whose name ends in `on_postgres`. `None` where no server is given.
    pub async fn new(module: &str) -> Option<Self> {
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().unwrap();
        if !module.contains("on_postgres") {
            let path = folder.path().join("gavel.db");
            let text = path.display().to_string();
            return Some(Self { folder, address: Address::File(path), text });
        }
        let Ok(url) = std::env::var("GAVEL_TEST_POSTGRES_URL") else {
            eprintln!("not run: GAVEL_TEST_POSTGRES_URL is not set");
            return None;
        };
        let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
        let schema = format!("test_{}_{number}", std::process::id());
        let mut server = PgConnection::connect(&url).await.unwrap();
        let create = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut server).await.unwrap();
        let join = if url.contains('?') { '&' } else { '?' };
        let text = format!("{url}{join}options[search_path]={schema}");
        let address = Address::parse(&text, folder.path()).unwrap();
        Some(Self { folder, address, text })
    }

    /// Open the store.
    pub async fn open(&self) -> Database {
        Database::open_at(&self.address).await.unwrap()
    }
}
