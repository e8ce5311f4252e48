//! SQL of SIP tokens and their signing keys.

use sautikit_api::ids::WorkspaceId;
use sqlx::{AnyConnection, Row};

use super::identity::Identity;
use crate::db::statements;

statements! {
    NEWEST_KEY = "
        select kid, secret
        from sip_signing_keys
        where verifies_until is null
        order by created_at desc, kid desc
        limit 1";
    FIND_KEY = "
        select secret
        from sip_signing_keys
        where kid = $1 and (verifies_until is null or verifies_until > $2)";
    RETIRE_KEYS = "
        update sip_signing_keys
        set verifies_until = $1
        where verifies_until is null";
    INSERT_KEY = "
        insert into sip_signing_keys (kid, secret, created_at)
        values ($1, $2, $3)";
    INSERT_TOKEN = "
        insert into sip_tokens (jti, workspace_id, identity, claims, ha1, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    LIVE_TOKENS = "
        select jti, claims, ha1
        from sip_tokens
        where workspace_id = $1 and identity = $2 and expires_at > $3
        order by created_at desc
        limit $4";
    DELETE_EXPIRED = "
        delete from sip_tokens
        where expires_at <= $1";
}

/// A live token's row.
pub(super) struct TokenRow {
    pub(super) jti: String,
    pub(super) claims: String,
    pub(super) ha1: String,
}

pub(super) async fn newest_key(conn: &mut AnyConnection) -> Result<Option<(String, String)>, sqlx::Error> {
    let row = sqlx::query(NEWEST_KEY).fetch_optional(conn).await?;
    row.map(|row| Ok((row.try_get("kid")?, row.try_get("secret")?))).transpose()
}

pub(super) async fn find_key(conn: &mut AnyConnection, kid: &str, now_us: i64) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(FIND_KEY).bind(kid).bind(now_us).fetch_optional(conn).await
}

pub(super) async fn retire_keys(conn: &mut AnyConnection, verifies_until_us: i64) -> Result<(), sqlx::Error> {
    sqlx::query(RETIRE_KEYS).bind(verifies_until_us).execute(conn).await.map(|_| ())
}

pub(super) async fn insert_key(
    conn: &mut AnyConnection,
    kid: &str,
    sealed: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_KEY).bind(kid).bind(sealed).bind(now_us).execute(conn).await.map(|_| ())
}

pub(super) async fn insert_token(
    conn: &mut AnyConnection,
    identity: &Identity,
    claims: &str,
    ha1: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_TOKEN)
        .bind(&identity.jti)
        .bind(identity.workspace.to_string())
        .bind(&identity.name)
        .bind(claims)
        .bind(ha1)
        .bind(now_us)
        .bind(identity.expires_at_us)
        .execute(conn)
        .await
        .map(|_| ())
}

pub(super) async fn live_tokens(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    identity: &str,
    now_us: i64,
    limit: i64,
) -> Result<Vec<TokenRow>, sqlx::Error> {
    let rows = sqlx::query(LIVE_TOKENS)
        .bind(workspace.to_string())
        .bind(identity)
        .bind(now_us)
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| Ok(TokenRow { jti: row.try_get("jti")?, claims: row.try_get("claims")?, ha1: row.try_get("ha1")? }))
        .collect()
}

pub(super) async fn delete_expired(conn: &mut AnyConnection, now_us: i64) -> Result<(), sqlx::Error> {
    sqlx::query(DELETE_EXPIRED).bind(now_us).execute(conn).await.map(|_| ())
}
