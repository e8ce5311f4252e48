//! SQL of the job queue: the one place where the two dialects need different statements.

use sautikit_api::ids::JobId;
use sqlx::{AnyConnection, Row};

use crate::db::Dialect;
use crate::db::statements;
use crate::row;

/// A page of those in one state, the newest first.
macro_rules! jobs_in {
    ($state:literal) => {
        concat!(
            "
        select id, kind, lane, dedupe_key, state, attempts, last_error, due_at, created_at
        from jobs
        where state = ",
            $state,
            " and (created_at < $1 or (created_at = $1 and id < $2))
        order by created_at desc, id desc
        limit $3"
        )
    };
}

statements! {
    INSERT_JOB = "
        insert into jobs (id, kind, lane, payload, dedupe_key, due_at, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (dedupe_key) do nothing";
    NEXT_DUE = "
        select min(due_at)
        from (
            select due_at from jobs where state = 'queued' and lane = $1
            union all
            select lease_until from jobs where state = 'running' and lane = $1
        ) as waiting";
    COUNT_JOBS = "
        select lane, state, count(*) as jobs
        from (
            select lane, state from jobs where state = 'queued'
            union all
            select lane, state from jobs where state = 'running'
            union all
            select lane, state from jobs where state = 'dead'
        ) as waiting
        group by lane, state
        order by lane, state";
    LIST_DEAD = jobs_in!("'dead'");
    LIST_QUEUED = jobs_in!("'queued'");
    LIST_RUNNING = jobs_in!("'running'");
    /// Its tries begin anew. What a dead mail was to say is gone.
    REVIVE_JOB = "
        update jobs
        set state = 'queued', due_at = $2, attempts = 0
        where id = $1 and state = 'dead' and lane <> 'mail'";
    FIND_JOB = "
        select id, kind, lane, dedupe_key, state, attempts, last_error, due_at, created_at
        from jobs
        where id = $1";
    COMPLETE_JOB = "
        update jobs
        set state = 'done', finished_at = $3, lease_until = null, leased_by = null,
            payload = case when lane = 'mail' then '{}' else payload end
        where id = $1 and leased_by = $2 and state = 'running'";
    GIVE_BACK_JOBS = "
        update jobs
        set state = 'queued', lease_until = null, leased_by = null
        where leased_by = $1 and state = 'running'";
    RETRY_JOB = "
        update jobs
        set state = $3, due_at = $4, last_error = $5, lease_until = null, leased_by = null,
            payload = case when lane = 'mail' and $3 = 'dead' then '{}' else payload end
        where id = $1 and leased_by = $2 and state = 'running'";
}

/// Which jobs wait for each other. A runner each, so that whoever waits for somebody else's server holds up no other lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Work in our own database.
    Own,
    /// Mails, which wait for a relay. Their payload holds a link, so it goes when the job is over.
    Mail,
    /// What is asked of payment providers.
    Payments,
    /// What customers' servers are told beside events.
    Callbacks,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 4] = [Self::Own, Self::Mail, Self::Payments, Self::Callbacks];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Mail => "mail",
            Self::Payments => "payments",
            Self::Callbacks => "callbacks",
        }
    }
}

/// Where a job stands that is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was tried as often as it may be, and waits for people.
    Dead,
    /// It waits until it is due.
    Queued,
    /// A node runs it.
    Running,
}

impl State {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Dead, Self::Queued, Self::Running];

    /// Its name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Queued => "queued",
            Self::Running => "running",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == name)
    }
}

/// A job that is not done.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: String,
    /// Name of its lane.
    pub lane: String,
    /// What it is about.
    pub subject: String,
    /// Name of its state.
    pub state: String,
    /// Tries so far.
    pub attempts: i64,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// Microseconds UTC.
    pub due_at: i64,
    /// Microseconds UTC.
    pub created_at: i64,
}

impl Listed {
    /// Whether it can be tried again by hand.
    pub fn can_retry(&self) -> bool {
        self.state == State::Dead.as_str() && self.lane != Lane::Mail.as_str()
    }
}

fn listed(row: &sqlx::any::AnyRow) -> Result<Listed, sqlx::Error> {
    let (kind, key): (String, Option<String>) = (row.try_get("kind")?, row.try_get("dedupe_key")?);
    let key = key.unwrap_or_default();
    // A key is the kind and what the job is about.
    let subject = key.strip_prefix(&format!("{kind}:")).unwrap_or(&key).to_owned();
    Ok(Listed {
        id: row::parsed(row, "id")?,
        subject,
        kind,
        lane: row.try_get("lane")?,
        state: row.try_get("state")?,
        attempts: row.try_get("attempts")?,
        last_error: row.try_get("last_error")?,
        due_at: row.try_get("due_at")?,
        created_at: row.try_get("created_at")?,
    })
}

/// A page of the jobs in a state, the newest first.
pub(super) async fn list(
    conn: &mut AnyConnection,
    state: State,
    (created_at, id): (i64, &str),
    limit: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let sql = match state {
        State::Dead => LIST_DEAD,
        State::Queued => LIST_QUEUED,
        State::Running => LIST_RUNNING,
    };
    let rows = sqlx::query(sql).bind(created_at).bind(id.to_owned()).bind(limit).fetch_all(conn).await?;
    rows.iter().map(listed).collect()
}

/// Queues a dead job again, due now; the job as it is then, none where it is not dead or can't be run any more.
pub(super) async fn revive(tx: &mut AnyConnection, id: JobId, now_us: i64) -> Result<Option<Listed>, sqlx::Error> {
    let revived = sqlx::query(REVIVE_JOB).bind(id.to_string()).bind(now_us).execute(&mut *tx).await?;
    if revived.rows_affected() == 0 {
        return Ok(None);
    }
    let row = sqlx::query(FIND_JOB).bind(id.to_string()).fetch_optional(tx).await?;
    row.as_ref().map(listed).transpose()
}

/// The claim of due jobs of a lane, with what the engine says about rows that another node is claiming.
macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "
    update jobs
    set state = 'running', lease_until = $2, leased_by = $3, attempts = attempts + 1
    where id in (
        select id from jobs
        where ((state = 'queued' and due_at <= $1) or (state = 'running' and lease_until <= $1))
          and lane = $5
        order by due_at
        limit $4
        ",
            $lock,
            "
    )
    returning id, kind, payload, attempts"
        )
    };
}

/// SQLite has one writer, so nobody else can claim between the select and the update.
const CLAIM_SQLITE: &str = claim!("");

/// Rows that another node is claiming are skipped instead of waited for.
const CLAIM_POSTGRES: &str = claim!("for update skip locked");

/// How many jobs of a lane are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Name of the lane.
    pub lane: String,
    /// `queued`, `running` or `dead`.
    pub state: String,
    /// How many.
    pub jobs: i64,
}

/// A job that this node holds for a while.
pub(super) struct Claimed {
    pub(super) id: JobId,
    pub(super) kind: String,
    pub(super) payload: String,
    pub(super) attempts: i64,
}

pub(super) async fn insert(
    tx: &mut AnyConnection,
    id: JobId,
    (kind, lane): (&'static str, Lane),
    payload: &str,
    dedupe_key: &str,
    due_us: i64,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_JOB)
        .bind(id.to_string())
        .bind(kind)
        .bind(lane.as_str())
        .bind(payload.to_owned())
        .bind(dedupe_key.to_owned())
        .bind(due_us)
        .bind(now_us)
        .execute(tx)
        .await
        .map(drop)
}

/// How many jobs wait, run or are dead, by lane; what is done is not counted.
pub(super) async fn counts(conn: &mut AnyConnection) -> Result<Vec<Count>, sqlx::Error> {
    let rows = sqlx::query(COUNT_JOBS).fetch_all(conn).await?;
    let count = |row: &sqlx::any::AnyRow| {
        Ok(Count { lane: row.try_get("lane")?, state: row.try_get("state")?, jobs: row.try_get("jobs")? })
    };
    rows.iter().map(count).collect()
}

/// When the earliest job becomes due or its lease lapses.
pub(super) async fn next_due_us(conn: &mut AnyConnection, lane: Lane) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(NEXT_DUE).bind(lane.as_str()).fetch_one(conn).await
}

pub(super) async fn claim(
    conn: &mut AnyConnection,
    (dialect, lane): (Dialect, Lane),
    node_id: &str,
    now_us: i64,
    lease_until_us: i64,
    limit: i64,
) -> Result<Vec<Claimed>, sqlx::Error> {
    let sql = match dialect {
        Dialect::Sqlite => CLAIM_SQLITE,
        Dialect::Postgres => CLAIM_POSTGRES,
    };
    let query = sqlx::query(sql).bind(now_us).bind(lease_until_us).bind(node_id.to_owned()).bind(limit);
    let query = query.bind(lane.as_str());
    let rows = query.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(Claimed {
                id: row::parsed(row, "id")?,
                kind: row.try_get("kind")?,
                payload: row.try_get("payload")?,
                attempts: row.try_get("attempts")?,
            })
        })
        .collect()
}

/// Queues again what a node holds.
pub(super) async fn give_back(conn: &mut AnyConnection, node_id: &str) -> Result<u64, sqlx::Error> {
    Ok(sqlx::query(GIVE_BACK_JOBS).bind(node_id.to_owned()).execute(conn).await?.rows_affected())
}

pub(super) async fn complete(
    conn: &mut AnyConnection,
    id: JobId,
    node_id: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(COMPLETE_JOB).bind(id.to_string()).bind(node_id.to_owned()).bind(now_us);
    query.execute(conn).await.map(drop)
}

/// `next_due_us` is when to try again; none sets the job aside as dead.
pub(super) async fn put_back(
    conn: &mut AnyConnection,
    id: JobId,
    node_id: &str,
    next_due_us: Option<i64>,
    now_us: i64,
    error: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(RETRY_JOB)
        .bind(id.to_string())
        .bind(node_id.to_owned())
        .bind(if next_due_us.is_some() { "queued" } else { "dead" })
        .bind(next_due_us.unwrap_or(now_us))
        .bind(error.to_owned())
        .execute(conn)
        .await
        .map(drop)
}
