//! SQL of API keys.

use sautikit_api::accounts::Role;
use sautikit_api::ids::{ApiKeyId, UserId, WorkspaceId};
use sautikit_api::rights::Grant;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{ApiKey, Error, RecognisedKey, grant_names};
use crate::accounts::workspace_in;
use crate::db::statements;
use crate::row::{known, parsed};

statements! {
    INSERT_KEY = "
        insert into api_keys
          (id, workspace_id, created_by, name, prefix, key_hash, scopes, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    LIST_KEYS = "
        select id, name, prefix, scopes, created_at, expires_at, last_used_at, last_used_ip, rotated_at, revoked_at,
          (select max(valid_until) from former_api_key_secrets f where f.api_key_id = k.id) as former_until
        from api_keys k
        where workspace_id = $1 and (created_at, id) < ($2, $3)
        order by created_at desc, id desc
        limit $4";
    FIND_KEY = "
        select id, name, prefix, scopes, created_at, expires_at, last_used_at, last_used_ip, rotated_at, revoked_at,
          (select max(valid_until) from former_api_key_secrets f where f.api_key_id = k.id) as former_until
        from api_keys k
        where workspace_id = $1 and id = $2";
    FIND_CREATORS_ROLE = "
        select m.role
        from api_keys k
        join members m on m.workspace_id = k.workspace_id and m.user_id = k.created_by
        where k.workspace_id = $1 and k.id = $2";
    /// The creator's membership is read with the key: a key dies with it.
    FIND_KEY_BY_HASH = "
        select k.id, k.scopes, k.created_by, k.expires_at, k.last_used_at, k.revoked_at,
          m.role, w.id as workspace_id, w.name, w.country, w.currency, w.status
        from api_keys k
        join workspaces w on w.id = k.workspace_id
        join members m on m.workspace_id = k.workspace_id and m.user_id = k.created_by
        where k.key_hash = $1";
    FIND_FORMER_SECRET = "
        select k.key_hash, f.valid_until
        from former_api_key_secrets f
        join api_keys k on k.workspace_id = f.workspace_id and k.id = f.api_key_id
        where f.key_hash = $1";
    /// Requests at the same instant all see the old time; the first one writes.
    TOUCH_KEY = "
        update api_keys
        set last_used_at = $2, last_used_ip = $3
        where id = $1 and (last_used_at is null or last_used_at <= $4)";
    LOCK_KEY = "
        update api_keys
        set name = name
        where workspace_id = $1 and id = $2";
    CUT_FORMER_SECRETS = "
        update former_api_key_secrets
        set valid_until = $3
        where workspace_id = $1 and api_key_id = $2 and valid_until > $3";
    RETIRE_SECRET = "
        insert into former_api_key_secrets (key_hash, workspace_id, api_key_id, valid_until)
        select key_hash, workspace_id, id, $3
        from api_keys
        where workspace_id = $1 and id = $2";
    REPLACE_SECRET = "
        update api_keys
        set key_hash = $3, prefix = $4, rotated_at = $5
        where workspace_id = $1 and id = $2";
    REVOKE_KEY = "
        update api_keys
        set revoked_at = $3
        where workspace_id = $1 and id = $2 and revoked_at is null";
    REVOKE_KEYS_OF = "
        update api_keys
        set revoked_at = $3
        where workspace_id = $1 and created_by = $2 and revoked_at is null";
    SECRET_EXISTS = "
        select count(*)
        from api_keys
        where key_hash = $1";
    KEY_IS_ACTIVE = "
        select count(*)
        from api_keys k
        join members m on m.workspace_id = k.workspace_id and m.user_id = k.created_by
        where k.workspace_id = $1 and k.id = $2 and k.revoked_at is null
          and (k.expires_at is null or k.expires_at > $3)";
    KEY_EXISTS = "
        select count(*)
        from api_keys
        where workspace_id = $1 and id = $2";
}

/// A key found by its hash, with what decides whether it still works.
#[derive(Debug, Clone)]
pub(super) struct StoredKey {
    pub(super) key: RecognisedKey,
    pub(super) last_used_at_us: Option<i64>,
    pub(super) revoked_at_us: Option<i64>,
}

pub(super) async fn is_active(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: ApiKeyId,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let found: i64 = sqlx::query_scalar(KEY_IS_ACTIVE)
        .bind(workspace.to_string())
        .bind(id.to_string())
        .bind(now_us)
        .fetch_one(conn)
        .await?;
    Ok(found > 0)
}

pub(super) async fn insert_key(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    created_by: UserId,
    key: &ApiKey,
    hash: &str,
) -> Result<(), Error> {
    sqlx::query(INSERT_KEY)
        .bind(key.id.to_string())
        .bind(workspace.to_string())
        .bind(created_by.to_string())
        .bind(key.name.as_str())
        .bind(key.prefix.as_str())
        .bind(hash)
        .bind(grant_names(&key.grants).join(" "))
        .bind(key.created_at_us)
        .bind(key.expires_at_us)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn list_keys(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    (before_us, before_id): (i64, &str),
    limit: i64,
) -> Result<Vec<ApiKey>, Error> {
    let query = sqlx::query(LIST_KEYS).bind(workspace.to_string()).bind(before_us).bind(before_id).bind(limit);
    query.fetch_all(conn).await?.iter().map(api_key).collect()
}

pub(super) async fn find_key_by_hash(conn: &mut AnyConnection, hash: &str) -> Result<Option<StoredKey>, Error> {
    sqlx::query(FIND_KEY_BY_HASH).bind(hash).fetch_optional(conn).await?.as_ref().map(stored_key).transpose()
}

/// A secret that rotation replaced: the hash of the key's current one, and until when this one works (microseconds UTC).
pub(super) async fn find_former_secret(conn: &mut AnyConnection, hash: &str) -> Result<Option<(String, i64)>, Error> {
    let Some(row) = sqlx::query(FIND_FORMER_SECRET).bind(hash).fetch_optional(conn).await? else { return Ok(None) };
    Ok(Some((row.try_get("key_hash")?, row.try_get("valid_until")?)))
}

/// Writes the use unless there is one after `unless_after_us`.
pub(super) async fn touch_key(
    conn: &mut AnyConnection,
    id: ApiKeyId,
    ip: Option<&str>,
    now_us: i64,
    unless_after_us: i64,
) -> Result<(), Error> {
    let query = sqlx::query(TOUCH_KEY).bind(id.to_string()).bind(now_us).bind(ip).bind(unless_after_us);
    query.execute(conn).await?;
    Ok(())
}

/// The key, locked until the transaction ends.
pub(super) async fn lock_key(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: ApiKeyId,
) -> Result<Option<ApiKey>, Error> {
    sqlx::query(LOCK_KEY).bind(workspace.to_string()).bind(id.to_string()).execute(&mut *conn).await?;
    let query = sqlx::query(FIND_KEY).bind(workspace.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(api_key).transpose()
}

/// The current role of who made the key; `None` when they left.
pub(super) async fn find_creators_role(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: ApiKeyId,
) -> Result<Option<Role>, Error> {
    let query = sqlx::query(FIND_CREATORS_ROLE).bind(workspace.to_string()).bind(id.to_string());
    let row = query.fetch_optional(conn).await?;
    Ok(row.map(|row| known(&row, "role", Role::parse)).transpose()?)
}

/// Gives the key another secret. The one that it had works until `former_until_us`, and none before that any longer.
pub(super) async fn replace_secret(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    key: &ApiKey,
    hash: &str,
    former_until_us: i64,
) -> Result<(), Error> {
    for statement in [CUT_FORMER_SECRETS, RETIRE_SECRET] {
        let query = sqlx::query(statement).bind(workspace.to_string()).bind(key.id.to_string()).bind(former_until_us);
        query.execute(&mut *conn).await?;
    }
    let query = sqlx::query(REPLACE_SECRET).bind(workspace.to_string()).bind(key.id.to_string()).bind(hash);
    query.bind(key.prefix.as_str()).bind(key.rotated_at_us).execute(conn).await?;
    Ok(())
}

/// How many keys of the person worked until now.
pub(super) async fn revoke_keys_of(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    created_by: UserId,
    now_us: i64,
) -> Result<u64, sqlx::Error> {
    let query = sqlx::query(REVOKE_KEYS_OF).bind(workspace.to_string()).bind(created_by.to_string()).bind(now_us);
    Ok(query.execute(conn).await?.rows_affected())
}

/// `false` when the workspace has no such key, or it was revoked before.
pub(super) async fn revoke_key(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: ApiKeyId,
    now_us: i64,
) -> Result<bool, Error> {
    let query = sqlx::query(REVOKE_KEY).bind(workspace.to_string()).bind(id.to_string()).bind(now_us);
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

/// Whether a key has this secret, a member's or not.
pub(super) async fn secret_exists(conn: &mut AnyConnection, hash: &str) -> Result<bool, Error> {
    let count: i64 = sqlx::query_scalar(SECRET_EXISTS).bind(hash).fetch_one(conn).await?;
    Ok(count == 1)
}

pub(super) async fn key_exists(conn: &mut AnyConnection, workspace: WorkspaceId, id: ApiKeyId) -> Result<bool, Error> {
    let query = sqlx::query_scalar(KEY_EXISTS).bind(workspace.to_string()).bind(id.to_string());
    let count: i64 = query.fetch_one(conn).await?;
    Ok(count == 1)
}

fn api_key(row: &AnyRow) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: parsed(row, "id")?,
        name: row.try_get("name")?,
        prefix: row.try_get("prefix")?,
        grants: grants(&row.try_get::<String, _>("scopes")?),
        created_at_us: row.try_get("created_at")?,
        expires_at_us: row.try_get("expires_at")?,
        last_used_at_us: row.try_get("last_used_at")?,
        last_used_ip: row.try_get("last_used_ip")?,
        rotated_at_us: row.try_get("rotated_at")?,
        former_until_us: row.try_get("former_until")?,
        revoked_at_us: row.try_get("revoked_at")?,
    })
}

fn stored_key(row: &AnyRow) -> Result<StoredKey, Error> {
    let key = RecognisedKey {
        id: parsed(row, "id")?,
        grants: grants(&row.try_get::<String, _>("scopes")?),
        created_by: parsed(row, "created_by")?,
        role: known(row, "role", Role::parse)?,
        workspace: workspace_in(row)?,
        expires_at_us: row.try_get("expires_at")?,
    };
    Ok(StoredKey { key, last_used_at_us: row.try_get("last_used_at")?, revoked_at_us: row.try_get("revoked_at")? })
}

/// Scopes are kept as names with spaces between; a name that this release does not know gives nothing.
fn grants(text: &str) -> Vec<Grant> {
    text.split(' ').filter_map(Grant::parse).collect()
}
