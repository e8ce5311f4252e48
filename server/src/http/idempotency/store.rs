//! SQL of idempotency keys.

use sqlx::{AnyConnection, Row};

use crate::statements::statements;

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
        set leased_until = $3
        where workspace_id = $1 and key = $2";
    TAKE_OVER = "
        update idempotency_keys
        set leased_until = $5
        where workspace_id = $1 and key = $2 and fingerprint = $3 and status is null and leased_until <= $4";
    FIND_KEY = "
        select fingerprint, status, answer
        from idempotency_keys
        where workspace_id = $1 and key = $2";
    STORE_ANSWER = "
        update idempotency_keys
        set status = $3, answer = $4
        where workspace_id = $1 and key = $2";
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
) -> Result<(), sqlx::Error> {
    sqlx::query(LEASE_KEY).bind(workspace).bind(key).bind(until_us).execute(conn).await?;
    Ok(())
}

/// Leases the key of the same request anew, if its lease has ended without an answer; whether it did.
pub(super) async fn take_over(
    conn: &mut AnyConnection,
    workspace: &str,
    key: &str,
    fingerprint: &str,
    now_us: i64,
    until_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(TAKE_OVER).bind(workspace).bind(key).bind(fingerprint).bind(now_us).bind(until_us);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

pub(super) async fn find_key(
    conn: &mut AnyConnection,
    workspace: &str,
    key: &str,
) -> Result<Option<StoredKey>, sqlx::Error> {
    let Some(row) = sqlx::query(FIND_KEY).bind(workspace).bind(key).fetch_optional(conn).await? else {
        return Ok(None);
    };
    let status: Option<i64> = row.try_get(1)?;
    let answer: Option<String> = row.try_get(2)?;
    Ok(Some(StoredKey { fingerprint: row.try_get(0)?, answer: status.zip(answer) }))
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
