//! Statements and transactions per clean call that was set up, counted by the database: PostgreSQL by `pg_stat_statements`
//! and its transaction ids, SQLite by its driver's log, where a text of several statements counts as the one message that it is,
//! and the commits in its write-ahead log.

use std::{collections::BTreeMap, fs::File, process::Stdio, time::Duration};

use sqlx::{Connection, PgConnection, Row, SqliteConnection};

use super::{
    Outcome, callback,
    caller::now,
    customer, free_port, sipp,
    site::{Engine, Site},
    wal,
};

/// What the server does by itself is counted for so long, over a tick of 5 s, and taken off.
const IDLE: Duration = Duration::from_secs(6);
/// What nobody waits for is written 250 ms later, and some more on a busy machine.
const LAST_FLUSH: Duration = Duration::from_secs(2);
/// The most frequent statements are named.
const NAMED: usize = 25;

/// What was counted so far.
#[derive(Default, Clone)]
struct Counted {
    /// How often each statement was sent, those that begin and end transactions and savepoints left out.
    statements: BTreeMap<String, f64>,
    /// Transactions that wrote something.
    writing: f64,
}

impl Counted {
    fn all(&self) -> f64 {
        self.statements.values().sum()
    }

    /// What was counted since `before`.
    fn since(&self, before: &Self) -> Self {
        let at = |name: &String| before.statements.get(name).copied().unwrap_or(0.0);
        let statements = self.statements.iter().map(|(name, count)| (name.clone(), count - at(name))).collect();
        Self { statements, writing: self.writing - before.writing }
    }

    /// Without what happens by itself, `idle` in [`IDLE`], in `time`.
    fn without(&self, idle: &Self, time: Duration) -> Self {
        let share = time.as_secs_f64() / IDLE.as_secs_f64();
        let at = |name: &String| idle.statements.get(name).copied().unwrap_or(0.0) * share;
        let statements = self.statements.iter().map(|(name, count)| (name.clone(), count - at(name))).collect();
        Self { statements, writing: self.writing - idle.writing * share }
    }
}

/// Who counts.
enum Counter {
    /// Reads the driver's log, and the write-ahead log, which grows as long as the reader stands on its old state.
    Sqlite {
        log: tempfile::NamedTempFile,
        wal: std::path::PathBuf,
        _reader: SqliteConnection,
    },
    Postgres(PgConnection),
}

/// Prints what `calls` calls at `rate` a second send to the database, on each engine.
pub(super) async fn measure(rate: u32, calls: u32) -> Outcome<()> {
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    let _callee = sipp::answer(folder.path(), port)?;
    let callback = format!("{}/voice", callback::serve().await?);
    for engine in Engine::all() {
        let log = tempfile::NamedTempFile::new()?;
        // Only SQLite's statements are counted there; writing lines slows a server.
        let filter = if engine == Engine::Sqlite { "error,sqlx::query=debug" } else { "error" };
        let keys = [("SAUTIKIT__LOG__FILTER", filter.to_owned()), ("SAUTIKIT__LOG__FORMAT", "json".to_owned())];
        let stderr = Stdio::from(File::create(log.path())?);
        let site = Site::open_with(engine, ([127, 0, 0, 1], port).into(), &callback, &keys, stderr).await?;
        let target = site.server.subject.sip;
        sipp::call(folder.path(), target, 10, 20).await?;
        customer::settled(&site.account).await?;
        let mut counter = Counter::start(&site, log).await?;

        let begin = counter.count().await?;
        tokio::time::sleep(IDLE).await;
        let before = counter.count().await?;
        let began = now();
        let told = sipp::call(folder.path(), target, rate, calls).await?;
        site.quiet(&["calls", "record_waiting"]).await?;
        tokio::time::sleep(LAST_FLUSH).await;
        let (after, time) = (counter.count().await?, began.elapsed());
        let completed = customer::settled(&site.account).await?;

        let idle = before.since(&begin);
        let of_calls = after.since(&before).without(&idle, time);
        let each = |count: f64| count / f64::from(calls.saturating_sub(told.failed).max(1));
        println!(
            "statements, {}: {calls} calls at {rate}/s ({} failed, {completed} of the newest 100 completed): \
             {:.2} statements and {:.3} writing transactions per call (and by itself {:.1} and {:.1} a second)",
            engine.name(),
            told.failed,
            each(of_calls.all()),
            each(of_calls.writing),
            idle.all() / IDLE.as_secs_f64(),
            idle.writing / IDLE.as_secs_f64(),
        );
        let mut frequent: Vec<_> = of_calls.statements.iter().collect();
        frequent.sort_by(|one, other| other.1.total_cmp(one.1));
        for (statement, count) in frequent.iter().take(NAMED).filter(|(_, count)| **count >= 0.5) {
            println!("  {:>8.3}  {statement}", each(**count));
        }
    }
    Ok(())
}

impl Counter {
    async fn start(site: &Site, log: tempfile::NamedTempFile) -> Outcome<Self> {
        let Some(wal) = site.database.log() else {
            let mut connection = PgConnection::connect(&site.database.url).await?;
            let made = sqlx::query("create extension if not exists pg_stat_statements").execute(&mut connection).await;
            made.map_err(|error| format!("{error}; SAUTIKIT_POSTGRES_STATEMENTS=on has it loaded"))?;
            return Ok(Self::Postgres(connection));
        };
        let mut reader = SqliteConnection::connect(&site.database.url).await?;
        sqlx::query("begin").execute(&mut reader).await?;
        sqlx::query("select count(*) from calls").fetch_one(&mut reader).await?;
        Ok(Self::Sqlite { log, wal, _reader: reader })
    }

    async fn count(&mut self) -> Outcome<Counted> {
        match self {
            Self::Sqlite { log, wal, .. } => Ok(Counted {
                statements: logged(&std::fs::read_to_string(log.path())?),
                writing: wal::commits(&std::fs::read(wal)?) as f64,
            }),
            Self::Postgres(connection) => {
                let query = "select query, sum(calls)::float8 as calls from pg_stat_statements
                    where dbid = (select oid from pg_database where datname = current_database())
                        and query !~* '^\\s*(begin|commit|rollback|savepoint|release)' and query !~ 'pg_stat|pg_current'
                    group by query";
                let rows = sqlx::query(query).fetch_all(&mut *connection).await?;
                let one = |row: &sqlx::postgres::PgRow| {
                    Ok::<_, sqlx::Error>((short(&row.try_get::<String, _>("query")?), row.try_get::<f64, _>("calls")?))
                };
                let mut statements = BTreeMap::new();
                for row in &rows {
                    let (name, calls) = one(row)?;
                    *statements.entry(name).or_default() += calls;
                }
                // One id per transaction that writes; asking needs none.
                let next = "select pg_snapshot_xmax(pg_current_snapshot())::text::float8";
                let writing = sqlx::query_scalar(next).fetch_one(&mut *connection).await?;
                Ok(Counted { statements, writing })
            }
        }
    }
}

/// The statements of the driver's log.
fn logged(log: &str) -> BTreeMap<String, f64> {
    let mut statements = BTreeMap::new();
    for line in log.lines() {
        let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if line["target"] != "sqlx::query" {
            continue;
        }
        let text = line["fields"]["db.statement"].as_str().filter(|text| !text.is_empty());
        let Some(text) = text.or_else(|| line["fields"]["summary"].as_str()) else { continue };
        let name = short(text);
        let frames = ["begin", "commit", "rollback", "savepoint", "release"];
        if !frames.iter().any(|word| name.to_lowercase().starts_with(word)) {
            *statements.entry(name).or_default() += 1.0;
        }
    }
    statements
}

/// The beginning of a statement, blanks joined: enough to find it, and the same however many rows it carries.
fn short(statement: &str) -> String {
    let joined = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.split("(values").next().unwrap_or_default().chars().take(110).collect()
}
