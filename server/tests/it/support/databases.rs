//! A database per test, on either engine.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, Executor};

/// Names databases of one test process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Where a test's database lives.
pub(crate) enum Engine {
    /// A temporary file.
    Sqlite,
    /// A fresh database on this server.
    Postgres(String),
}

impl Engine {
    /// PostgreSQL, if the environment names a server.
    pub(crate) fn postgres() -> Option<Self> {
        std::env::var("SAUTIKIT_TEST_POSTGRES").ok().filter(|url| !url.is_empty()).map(Self::Postgres)
    }
}

/// An empty database. A SQLite file goes with the test; PostgreSQL databases go with the throw-away server.
pub(crate) struct OwnDatabase {
    url: String,
    _folder: Option<tempfile::TempDir>,
}

impl OwnDatabase {
    pub(super) async fn create(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let url = format!("sqlite://{}", folder.path().join("test.db").display());
                Self { url, _folder: Some(folder) }
            }
            Engine::Postgres(server) => {
                // Process ids come round again; a server that serves several runs may know the name already.
                let (process, salt) = (std::process::id(), rand::random::<u32>());
                let name = format!("t{process}_{}_{salt:08x}", NEXT.fetch_add(1, Ordering::Relaxed));
                let mut connection = sqlx::PgConnection::connect(&server).await.expect("the PostgreSQL server");
                let create = sqlx::raw_sql(AssertSqlSafe(format!("create database {name}")));
                connection.execute(create).await.expect("a fresh database");
                let (base, query) = server.split_once('?').unwrap_or((&server, ""));
                let host = base.rsplit_once('/').map_or(base, |(host, _)| host);
                Self { url: format!("{host}/{name}?{query}"), _folder: None }
            }
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}
