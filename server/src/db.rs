//! One SQL dialect over embedded SQLite and PostgreSQL.
//!
//! The same statements run on both; this file holds what differs: connection settings, how a write begins, and how busy
//! and lock errors look. Ids are TEXT, times BIGINT microseconds, money BIGINT minor units, flags BIGINT 0/1.

pub(crate) mod batch;
mod causes;
mod file;
mod health;
mod migrations;
pub(crate) mod notices;
pub(crate) mod rows;
mod statements;
mod tx;

use std::path::Path;
use std::sync::{Arc, Once};
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection, Executor};

use crate::config::Database;

pub(crate) use self::causes::Causes;
use self::file::DatabaseFile;
use self::health::Health;
pub(crate) use self::statements::statements;
pub use self::tx::Tx;

/// How long a statement waits for SQLite's one writer. Writers are short, so reaching this means trouble.
const SQLITE_BUSY_TIMEOUT_MS: u64 = 10_000;
/// The log is brought into the database after so many pages of 4 KiB: 32 MiB. A flush of the record writer is some 25 pages,
/// most of them the ends of tables, written again by the next; at SQLite's own 1,000 they were copied and waited for
/// several times a second.
const SQLITE_CHECKPOINT_PAGES: u32 = 8_192;
/// Page cache of the connection that writes. SQLite's own 2,000 KiB hold the ends of the record's tables and their indexes
/// just so.
const SQLITE_WRITING_CACHE_KIB: u32 = 4_096;
/// Page cache of a connection that reads. What another has committed empties it anyhow, and there are many of them: the
/// system's own cache of the file serves all.
const SQLITE_READING_CACHE_KIB: u32 = 512;
/// How long a writer waits for SQLite's one turn before it fails: longer than any healthy queue of them.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request waits for a connection to PostgreSQL before it fails. The driver goes on to knock while nobody
/// listens, so this is how late a request is told that the database is away.
const POSTGRES_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a caller waits for what the database is asked: an answer that comes later than that helps nobody who listens to
/// silence. More than it takes to find out that it is away.
const CALLER_WAITS: Duration = Duration::from_secs(4);
/// Begins a transaction whose statements go by indexes, with plans that are made once.
const BEGIN_BY_KEY: &str = "begin; set local enable_seqscan = off; set local enable_hashjoin = off; \
    set local enable_mergejoin = off; set local plan_cache_mode = force_generic_plan";
/// The same for reading in an index's order: neither all that it holds first, to be sorted then.
const BEGIN_IN_ORDER: &str = "begin; set local enable_seqscan = off; set local enable_hashjoin = off; \
    set local enable_mergejoin = off; set local enable_bitmapscan = off; set local plan_cache_mode = force_generic_plan";
/// A connection that rested longer is asked whether it still lives before it is used; the pool asked when it came back.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the embedded database could not be made.
    #[error("cannot create {path}: {source}")]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Another file beside the database.
    #[error("cannot write in {path}: {source}")]
    File {
        /// The folder.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It was there before and is not any more.
    #[error(
        "the database {url} is gone or empty, though this server has used it before. Restore it; or delete {marker} to begin \
         with an empty one"
    )]
    Lost {
        /// Its setting.
        url: String,
        /// What remembers it.
        marker: String,
    },
    /// The database refused.
    #[error("cannot open the database: {0}")]
    Connect(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("cannot migrate the database: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

/// Which engine answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded.
    Sqlite,
    /// PostgreSQL, or what speaks its protocol.
    Postgres,
}

impl Dialect {
    /// The engine that a `database.url` names.
    pub fn of_url(url: &str) -> Self {
        if url.starts_with("sqlite:") { Self::Sqlite } else { Self::Postgres }
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: AnyPool,
    /// Where writes begin. On SQLite the one connection that writes, so that its page cache, which another's commit would
    /// empty, and its prepared statements stay; on PostgreSQL the same as `pool`.
    writing: AnyPool,
    dialect: Dialect,
    health: Arc<Health>,
}

impl Db {
    /// Opens the pool; for SQLite it creates file and folder. Does not migrate.
    pub async fn connect(config: &Database) -> Result<Self, OpenError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);

        let dialect = Dialect::of_url(&config.url);
        let mut url = config.url.clone();
        if dialect == Dialect::Sqlite {
            create_folder(&url)?;
            if !url.contains('?') {
                // Made here and never later: a new connection must not put an empty file where the database was deleted.
                AnyConnection::connect(&format!("{url}?mode=rwc")).await?.close().await?;
                url.push_str("?mode=rw");
            }
        }
        let options = AnyPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(match dialect {
                Dialect::Sqlite => ACQUIRE_TIMEOUT,
                Dialect::Postgres => POSTGRES_ACQUIRE_TIMEOUT,
            })
            // A ping per use would be a third of what a small read costs.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    // On a full disk SQLite ends a transaction itself; the driver counts it on and could begin no other.
                    Ok(!connection.is_in_transaction())
                })
            });
        let prepared = |cache_kib| {
            options
                .clone()
                .after_connect(move |connection, _| Box::pin(prepare_connection(connection, dialect, cache_kib)))
        };
        let pool = prepared(SQLITE_READING_CACHE_KIB).connect(&url).await?;
        let writing = match dialect {
            Dialect::Sqlite => {
                let one = prepared(SQLITE_WRITING_CACHE_KIB).max_connections(1).max_lifetime(None).idle_timeout(None);
                one.connect(&url).await?
            }
            Dialect::Postgres => pool.clone(),
        };
        let file = DatabaseFile::path_of(&url).map(DatabaseFile::watch).transpose().map_err(sqlx::Error::Io)?;
        Ok(Self { pool, writing, dialect, health: Arc::new(Health::new(file)) })
    }

    /// An embedded database that was there at an earlier start must still be there, or nobody would notice that it is gone.
    ///
    /// # Errors
    /// [`OpenError::Lost`].
    pub fn require_known(config: &Database, data_dir: &Path) -> Result<(), OpenError> {
        match file::lost(&config.url, data_dir) {
            Some(marker) => Err(OpenError::Lost { url: config.url.clone(), marker: marker.display().to_string() }),
            None => Ok(()),
        }
    }

    /// Remembers for [`Self::require_known`] that the database is there, with its tables.
    ///
    /// # Errors
    /// The folder can't be written.
    pub fn remember(config: &Database, data_dir: &Path) -> Result<(), OpenError> {
        let failed = |source| OpenError::File { path: data_dir.display().to_string(), source };
        file::remember(&config.url, data_dir).map_err(failed)
    }

    /// Applies the migrations that are inside the binary. Safe to run from several nodes at once.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        Ok(migrations::embedded(self.dialect)?.run(&self.pool).await?)
    }

    /// Whether every migration of this binary is applied.
    pub async fn is_migrated(&self) -> Result<bool, OpenError> {
        Ok(migrations::are_applied(&mut *self.acquire().await?, self.dialect).await?)
    }

    /// The engine.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// For single statements that only read.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// A connection for several reads.
    pub async fn acquire(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Any>, sqlx::Error> {
        self.pool.acquire().await
    }

    /// Whether the database answers, and took the last write.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        self.health.check_last()?;
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Open and idle connections of this node's pool.
    pub fn connections(&self) -> (u32, usize) {
        match self.dialect {
            Dialect::Sqlite => (self.pool.size() + self.writing.size(), self.pool.num_idle() + self.writing.num_idle()),
            Dialect::Postgres => (self.pool.size(), self.pool.num_idle()),
        }
    }

    /// Begins a transaction that will write. On SQLite writers come one after another, first come first served: left to
    /// itself, a second writer would sleep and look again, up to 100 ms at a time and in no order. Never begin one inside
    /// another.
    pub async fn begin_write(&self) -> Result<Tx, sqlx::Error> {
        self.begin("begin").await
    }

    /// [`Self::begin_write`] for statements that find a few rows by their keys, however large the tables are. PostgreSQL is
    /// told so: what it planned while a table was small or unknown to it, such as reading all of it, it would go by until
    /// its statistics are made the next time.
    pub async fn begin_write_by_key(&self) -> Result<Tx, sqlx::Error> {
        self.begin(BEGIN_BY_KEY).await
    }

    /// Begins a transaction that only reads, by statements that take the first rows in the order of an index, however many there
    /// are. PostgreSQL is told so, as for [`Self::begin_write_by_key`]: to it few rows are in an index of those that wait, so it
    /// would read all of them and sort them. There each statement sees what is committed by then; on SQLite all see what was when
    /// the first began.
    pub async fn begin_read_in_order(&self) -> Result<sqlx::Transaction<'static, sqlx::Any>, sqlx::Error> {
        self.pool
            .begin_with(match self.dialect {
                Dialect::Sqlite => "begin",
                Dialect::Postgres => BEGIN_IN_ORDER,
            })
            .await
    }

    async fn begin(&self, on_postgres: &'static str) -> Result<Tx, sqlx::Error> {
        self.health.check()?;
        let statement = match self.dialect {
            // The write lock at once: a transaction that began by reading could not get it later without failing.
            Dialect::Sqlite => "begin immediate",
            Dialect::Postgres => on_postgres,
        };
        let begun = self.health.begun(self.writing.begin_with(statement).await)?;
        Ok(Tx::new(begun, self.health.clone()))
    }

    /// Bounds how long this transaction waits for another's row lock. SQLite waits for its one writer instead.
    pub async fn limit_lock_wait(&self, tx: &mut AnyConnection) -> Result<(), sqlx::Error> {
        if self.dialect == Dialect::Postgres {
            sqlx::query("set local lock_timeout = '2s'").execute(tx).await?;
        }
        Ok(())
    }

    /// Closes all connections; waits for those in use.
    pub async fn close(&self) {
        self.writing.close().await;
        self.pool.close().await;
    }
}

/// What an engine names a failure by.
enum Code<'a> {
    /// SQLite's extended result code.
    Sqlite(u32),
    /// PostgreSQL's SQLSTATE, whose first two characters are its class.
    Postgres(&'a str),
}

impl<'a> Code<'a> {
    /// An SQLSTATE has five characters, which may all be digits; SQLite's codes have four at most.
    fn read(code: &'a str) -> Option<Self> {
        if code.len() == 5 { Some(Self::Postgres(code)) } else { code.parse().ok().map(Self::Sqlite) }
    }

    fn is_contention(&self) -> bool {
        match self {
            Self::Sqlite(code) => matches!(code & 0xff, 5 | 6),
            Self::Postgres(code) => matches!(*code, "40001" | "40P01" | "55P03"),
        }
    }

    fn is_unavailable(&self) -> bool {
        match self {
            Self::Sqlite(code) => matches!(code & 0xff, 8 | 10 | 11 | 13 | 14),
            Self::Postgres(code) => ["08", "53", "57P", "58", "25006"].iter().any(|class| code.starts_with(class)),
        }
    }

    fn is_refusal(&self) -> bool {
        match self {
            Self::Sqlite(code) => matches!(code & 0xff, 1 | 18 | 19 | 20 | 21 | 25),
            Self::Postgres(code) => {
                ["0A", "21", "22", "23", "42", "44", "54", "P0"].iter().any(|class| code.starts_with(class))
            }
        }
    }
}

/// What the database is asked for somebody who calls or registers; it is away when it does not answer in time. One whose
/// disk hangs, or whose line was cut, takes statements and says nothing for as long as that lasts.
///
/// # Errors
/// `reading`'s own, and [`sqlx::Error::PoolTimedOut`] when it took too long.
pub async fn in_time<T, E: From<sqlx::Error>>(reading: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    within(CALLER_WAITS, reading).await
}

async fn within<T, E: From<sqlx::Error>>(limit: Duration, reading: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let told = tokio::time::timeout(limit, reading).await;
    told.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))
}

/// Whether trying the transaction again can succeed: SQLite busy (5) or locked (6), PostgreSQL serialisation failure,
/// deadlock or lock timeout.
pub fn is_contention(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| Code::read(&code).is_some_and(|code| code.is_contention()))
}

/// Whether the failure says nothing about the statement: the database is away, shutting down, full, or can't be written.
/// PostgreSQL's classes 08, 53, 57P and 58 and read-only transactions (25006); SQLite's read-only (8), I/O error (10),
/// corrupt (11), full (13) and can't open (14).
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| Code::read(&code).is_some_and(|code| code.is_unavailable()))
        }
        _ => is_of_the_connection(error),
    }
}

/// Whether the database will never take the statement as it is, so that trying it again is in vain: what is bound breaks a
/// rule of the schema, or the statement is wrong. PostgreSQL's classes 22 (data), 23 (constraints), 42 (syntax and rights),
/// P0 (what a trigger raises), 0A, 21, 44 and 54; SQLite's error (1), too big (18), constraint (19), mismatch (20), misuse
/// (21) and range (25); and what the driver can't bind or read. All else may pass, a cancelled statement and an internal error
/// among it: nobody may conclude from that that what was to be written is wrong.
pub fn is_refusal(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| Code::read(&code).is_some_and(|code| code.is_refusal()))
        }
        _ => !is_of_the_connection(error),
    }
}

/// Whether the failure is one of the way to the database.
fn is_of_the_connection(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed
    )
}

/// Whether a unique key refused the row.
pub fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

/// Settings of a new connection; `cache_kib` is for SQLite's pages.
async fn prepare_connection(
    connection: &mut AnyConnection,
    dialect: Dialect,
    cache_kib: u32,
) -> Result<(), sqlx::Error> {
    if dialect == Dialect::Sqlite {
        // FULL: a committed top-up survives a power cut, not only a crash of the process. Temporary files in memory: else
        // the pages that a statement may have to take back are written to one as soon as they are 16.
        let pragmas = format!(
            "pragma busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}; pragma journal_mode = wal; \
             pragma synchronous = full; pragma foreign_keys = on; \
             pragma wal_autocheckpoint = {SQLITE_CHECKPOINT_PAGES}; pragma cache_size = -{cache_kib}; \
             pragma temp_store = memory"
        );
        connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(pragmas))).await?;
    } else {
        // Compiling a plan takes a third of a second and more; none of our statements runs for so long.
        connection.execute(sqlx::raw_sql("set jit = off")).await?;
    }
    Ok(())
}

fn create_folder(url: &str) -> Result<(), OpenError> {
    let path = DatabaseFile::path_of(url);
    match path.as_deref().and_then(Path::parent) {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder)
            .map_err(|source| OpenError::Folder { path: folder.display().to_string(), source }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a failure of this code is: contention, unavailable, refusal.
    fn kinds(code: &str) -> (bool, bool, bool) {
        let code = Code::read(code).unwrap();
        (code.is_contention(), code.is_unavailable(), code.is_refusal())
    }

    #[test]
    fn a_failure_is_known_by_the_form_of_its_code() {
        // Five digits are PostgreSQL's, though 8006 would be a number of SQLite's.
        for code in ["08006", "08000", "08003", "53300", "57P01", "58030", "25006"] {
            assert_eq!(kinds(code), (false, true, false), "{code}");
        }
        for code in ["40001", "40P01", "55P03", "5", "6", "517", "261"] {
            assert_eq!(kinds(code), (true, false, false), "{code}");
        }
        for code in ["8", "10", "11", "13", "14", "8714"] {
            assert_eq!(kinds(code), (false, true, false), "{code}");
        }
    }

    #[test]
    fn only_what_breaks_a_rule_is_refused_for_good() {
        for code in ["22021", "23514", "42P01", "P0001", "19", "275", "1811", "20"] {
            assert_eq!(kinds(code), (false, false, true), "{code}");
        }
        // Cancelled, too long idle, not ready, an internal error; out of memory, interrupted.
        for code in ["57014", "25P03", "55000", "XX000", "7", "9"] {
            assert_eq!(kinds(code), (false, false, false), "{code}");
        }
        assert!(!is_refusal(&sqlx::Error::PoolTimedOut));
        assert!(is_refusal(&sqlx::Error::Decode("text".into())));
    }

    #[tokio::test]
    async fn a_database_that_says_nothing_is_away() {
        let told = within(Duration::ZERO, std::future::pending::<Result<(), sqlx::Error>>()).await;
        assert!(is_unavailable(&told.unwrap_err()));
    }
}
