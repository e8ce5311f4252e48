//! The server with a customer who can be called, on one of the databases, and what it says of itself.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::Stdio,
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, Executor};

use super::{Outcome, account::Account, customer, server::Server, trunk_to};

/// Between two looks at the gauges.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Looks until what ought to be over is over: a minute, twice as long as a SIP transaction is remembered.
const LOOKS: u32 = 600;
/// Where PostgreSQL is; without it only SQLite takes part.
const POSTGRES: &str = "SAUTIKIT_TEST_POSTGRES";

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The engines that are there.
    pub(super) fn all() -> Vec<Self> {
        let postgres = std::env::var_os(POSTGRES).is_some_and(|url| !url.is_empty());
        if !postgres {
            println!("PostgreSQL: not measured, {POSTGRES} is not set");
        }
        [Some(Self::Sqlite), postgres.then_some(Self::Postgres)].into_iter().flatten().collect()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// An empty database of a site's own; a SQLite file goes with it.
pub(super) struct Database {
    pub(super) url: String,
    folder: Option<tempfile::TempDir>,
}

impl Database {
    async fn create(engine: Engine) -> Outcome<Self> {
        if engine == Engine::Sqlite {
            let folder = tempfile::tempdir()?;
            let url = format!("sqlite://{}", folder.path().join("bench.db").display());
            return Ok(Self { url, folder: Some(folder) });
        }
        let server = std::env::var(POSTGRES)?;
        let name = format!("bench_{}_{:08x}", std::process::id(), rand::random::<u32>());
        let mut connection = sqlx::PgConnection::connect(&server).await?;
        connection.execute(sqlx::raw_sql(AssertSqlSafe(format!("create database {name}")))).await?;
        let (base, query) = server.split_once('?').unwrap_or((&server, ""));
        let host = base.rsplit_once('/').map_or(base, |(host, _)| host);
        Ok(Self { url: format!("{host}/{name}?{query}"), folder: None })
    }

    /// SQLite's write-ahead log.
    pub(super) fn log(&self) -> Option<std::path::PathBuf> {
        Some(self.folder.as_ref()?.path().join("bench.db-wal"))
    }
}

/// A running server with its customer.
pub(super) struct Site {
    pub(super) server: Server,
    pub(super) account: Account,
    metrics: SocketAddr,
    // After the server, which writes in it until it has ended.
    pub(super) database: Database,
}

impl Site {
    /// Starts it; calls go out to `carrier`, and `callback_url` decides what becomes of those that come in.
    pub(super) async fn open(engine: Engine, carrier: SocketAddr, callback_url: &str) -> Outcome<Self> {
        Self::open_with(engine, carrier, callback_url, &[], Stdio::inherit()).await
    }

    /// [`Self::open`] with further keys of the configuration, and its log in `log`.
    pub(super) async fn open_with(
        engine: Engine,
        carrier: SocketAddr,
        callback_url: &str,
        keys: &[(&str, String)],
        log: Stdio,
    ) -> Outcome<Self> {
        let database = Database::create(engine).await?;
        let metrics = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let settings = format!("[database]\nurl = {:?}\n{}", database.url, trunk_to(carrier));
        let mut keys = keys.to_vec();
        keys.push(("SAUTIKIT__METRICS__LISTEN", metrics.to_string()));
        let server = Server::start_with(&settings, &keys, log)?;
        let account = customer::open(&server.http, callback_url).await?;
        Ok(Self { server, account, metrics, database })
    }

    /// What `/metrics` says, names without `sautikit_`, labels as written.
    pub(super) async fn gauges(&self) -> Outcome<HashMap<String, f64>> {
        let text = reqwest::get(format!("http://{}/metrics", self.metrics)).await?.text().await?;
        let samples = text.lines().filter_map(|line| line.strip_prefix("sautikit_")?.split_once(' '));
        Ok(samples.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    /// Waits until none of `names` counts anything any more; asks nothing of the database.
    pub(super) async fn quiet(&self, names: &[&str]) -> Outcome<()> {
        for _ in 0..LOOKS {
            let gauges = self.gauges().await?;
            if names.iter().all(|name| gauges.get(*name) == Some(&0.0)) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Err(format!("{names:?} did not come to nothing").into())
    }

    /// Open descriptors of the process.
    pub(super) fn descriptors(&self) -> Outcome<usize> {
        let process = self.server.subject.processes.first().ok_or("no process")?;
        Ok(std::fs::read_dir(format!("/proc/{}/fd", process.id()))?.count())
    }
}
