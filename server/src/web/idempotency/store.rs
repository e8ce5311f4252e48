//! SQL of idempotency keys.

use std::collections::HashSet;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::StoredAnswer;
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::db::statements;

statements! {
    DELETE_EXPIRED_KEY = "
        delete from idempotency_keys
        where workspace_id = $1 and key = $2 and expires_at <= $3";
    DELETE_EXPIRED = "
        delete from idempotency_keys
        where (workspace_id, key) in (
          select workspace_id, key
          from idempotency_keys
          where expires_at <= $1
          limit $2
        )";
    INSERT_KEY = "
        insert into idempotency_keys (workspace_id, key, fingerprint, created_at, expires_at)
        values ($1, $2, $3, $4, $5)
        on conflict (workspace_id, key) do nothing";
    LEASE_KEY = "
        update idempotency_keys
        set leased_until = $3, subject = $4
        where workspace_id = $1 and key = $2";
    TAKE_OVER = "
        update idempotency_keys
        set leased_until = $5
        where workspace_id = $1 and key = $2 and fingerprint = $3 and status is null and leased_until <= $4
        returning subject";
    FIND_KEY = "
        select fingerprint, status, answer
        from idempotency_keys
        where workspace_id = $1 and key = $2";
    FIND_LIVE_KEY = "
        select fingerprint, status, answer
        from idempotency_keys
        where workspace_id = $1 and key = $2 and expires_at > $3";
    STORE_ANSWER = "
        update idempotency_keys
        set status = $3, answer = $4
        where workspace_id = $1 and key = $2";
}

/// One whose day is over gives its place away, and the same answer takes its own. Tells workspace and key of those that were stored.
pub(crate) static INSERT_ANSWERS: Rows = Rows::new(
    "INSERT_ANSWERS",
    1,
    Tells::Answers,
    "insert into idempotency_keys (workspace_id, key, fingerprint, status, answer, created_at, expires_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict (workspace_id, key) do update
    set fingerprint = excluded.fingerprint, status = excluded.status, answer = excluded.answer,
        created_at = excluded.created_at, expires_at = excluded.expires_at, leased_until = null
    where idempotency_keys.expires_at <= excluded.created_at or idempotency_keys.answer = excluded.answer
    returning {answer: workspace_id, key}",
    &[Column::Text, Column::Text, Column::Text, Column::Int, Column::Text, Column::Int, Column::Int],
);
pub(crate) static DELETE_ANSWERS: Rows = Rows::new(
    "DELETE_ANSWERS",
    1,
    Tells::Nothing,
    "delete from idempotency_keys
    where (workspace_id, key, answer) in (select v.column1, v.column2, v.column3 from {rows} as v)",
    &[Column::Text, Column::Text, Column::Text],
);

/// Stores answers. Of two with one key the first counts.
pub(super) fn insert_answers<'a>(answers: impl Iterator<Item = &'a StoredAnswer>) -> Filled {
    let mut seen = HashSet::new();
    // Requests of one key on this node exclude each other, so this is for safety's sake: a statement may not touch a
    // row twice.
    let first = answers.filter(|answer| seen.insert(answer.place()));
    INSERT_ANSWERS.with(first.flat_map(|answer| {
        [
            Cell::from(answer.workspace.as_str()),
            answer.key.as_str().into(),
            answer.fingerprint.as_str().into(),
            answer.status.into(),
            answer.sealed.as_str().into(),
            answer.created_at.into(),
            answer.expires_at.into(),
        ]
    }))
}

/// Deletes answers, and no others under the same keys.
pub(super) fn delete_answers<'a>(answers: impl Iterator<Item = &'a StoredAnswer>) -> Filled {
    DELETE_ANSWERS.with(answers.flat_map(|answer| {
        [Cell::from(answer.workspace.as_str()), answer.key.as_str().into(), answer.sealed.as_str().into()]
    }))
}

/// A key that was used before.
pub(super) struct StoredKey {
    pub(super) fingerprint: String,
    /// Status and sealed body.
    pub(super) answer: Option<(i64, String)>,
}

pub(super) async fn delete_expired_key(
    conn: &mut AnyConnection,
    workspace: &str,
    key: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_EXPIRED_KEY).bind(workspace).bind(key).bind(now_us).execute(conn).await?;
    Ok(())
}

/// Deletes at most `limit` keys of any workspace; how many.
pub(super) async fn delete_expired(conn: &mut AnyConnection, now_us: i64, limit: i64) -> Result<u64, sqlx::Error> {
    Ok(sqlx::query(DELETE_EXPIRED).bind(now_us).bind(limit).execute(conn).await?.rows_affected())
}

/// `false` when the key was used before. Waits for an open transaction that inserted it.
pub(super) async fn insert_key(
    conn: &mut AnyConnection,
    workspace: &str,
    key: &str,
    fingerprint: &str,
    now_us: i64,
    expires_at_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(INSERT_KEY).bind(workspace).bind(key).bind(fingerprint).bind(now_us).bind(expires_at_us);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

pub(super) async fn lease_key(
    conn: &mut AnyConnection,
    workspace: &str,
    key: &str,
    until_us: i64,
    subject: Option<&str>,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(LEASE_KEY).bind(workspace).bind(key).bind(until_us).bind(subject.map(str::to_owned));
    query.execute(conn).await?;
    Ok(())
}

/// Leases the key of the same request anew, if its lease has ended without an answer; the subject of that lease, if it did.
pub(super) async fn take_over(
    conn: &mut AnyConnection,
    workspace: &str,
    key: &str,
    fingerprint: &str,
    now_us: i64,
    until_us: i64,
) -> Result<Option<Option<String>>, sqlx::Error> {
    let query = sqlx::query(TAKE_OVER).bind(workspace).bind(key).bind(fingerprint).bind(now_us).bind(until_us);
    query.fetch_optional(conn).await?.map(|row| row.try_get(0)).transpose()
}

pub(super) async fn find_key(
    conn: &mut AnyConnection,
    workspace: &str,
    key: &str,
) -> Result<Option<StoredKey>, sqlx::Error> {
    let row = sqlx::query(FIND_KEY).bind(workspace).bind(key).fetch_optional(conn).await?;
    row.as_ref().map(stored_key).transpose()
}

/// The key, unless its day is over.
pub(super) async fn find_live_key(
    conn: &mut AnyConnection,
    workspace: &str,
    key: &str,
    now_us: i64,
) -> Result<Option<StoredKey>, sqlx::Error> {
    let row = sqlx::query(FIND_LIVE_KEY).bind(workspace).bind(key).bind(now_us).fetch_optional(conn).await?;
    row.as_ref().map(stored_key).transpose()
}

fn stored_key(row: &AnyRow) -> Result<StoredKey, sqlx::Error> {
    let status: Option<i64> = row.try_get(1)?;
    let answer: Option<String> = row.try_get(2)?;
    Ok(StoredKey { fingerprint: row.try_get(0)?, answer: status.zip(answer) })
}

pub(super) async fn store_answer(
    conn: &mut AnyConnection,
    workspace: &str,
    key: &str,
    status: i64,
    sealed: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(STORE_ANSWER).bind(workspace).bind(key).bind(status).bind(sealed).execute(conn).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;
    use crate::db::Db;
    use crate::db::batch::Batch;

    static ANSWERS: Batch = Batch::new("TESTED_ANSWERS", &[&INSERT_ANSWERS, &DELETE_ANSWERS]);

    fn answer(sealed: &str) -> StoredAnswer {
        StoredAnswer {
            workspace: "w".to_owned(),
            key: "k".to_owned(),
            fingerprint: "f".to_owned(),
            status: 202,
            sealed: sealed.to_owned(),
            created_at: 1,
            expires_at: 1_000,
        }
    }

    /// Whether the answer counts as stored.
    async fn store(db: &Db, sealed: &str) -> bool {
        let mut tx = db.begin_write().await.unwrap();
        let told = ANSWERS.run(&mut tx, db.dialect(), vec![insert_answers([answer(sealed)].iter())]).await.unwrap();
        tx.commit().await.unwrap();
        let stored: Vec<(String, String)> = told.answers(&INSERT_ANSWERS).unwrap();
        stored == [answer(sealed).place()]
    }

    async fn withdraw(db: &Db, sealed: &str) {
        let mut tx = db.begin_write().await.unwrap();
        ANSWERS.run(&mut tx, db.dialect(), vec![delete_answers([answer(sealed)].iter())]).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_whose_commit_was_not_heard_of_is_its_own_and_only_it_is_withdrawn() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let flags = [("database.url", url), ("data_dir", folder.path().display().to_string())];
        let config = Config::load(Some(Path::new("/dev/null")), [], &flags).unwrap();
        let db = Db::connect(&config.database).await.unwrap();
        db.migrate().await.unwrap();
        let workspace =
            "insert into workspaces (id, name, country, currency, created_at) values ('w', 'w', 'KE', 'KES', 1)";
        sqlx::query(workspace).execute(db.pool()).await.unwrap();

        assert!(store(&db, "one").await);
        assert!(store(&db, "one").await, "the same flush, made again");
        assert!(!store(&db, "other").await, "another request with the key");
        withdraw(&db, "other").await;
        assert!(!store(&db, "other").await, "it was not the other's to withdraw");
        withdraw(&db, "one").await;
        assert!(store(&db, "other").await);
    }
}
