//! SQL of storage.

use sautikit_api::ids::WorkspaceId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Holding, Tier};
use crate::db::statements;

statements! {
    LIST_TIERS = "
        select id, name, capacity_bytes, retention_days
        from storage_tiers
        order by position, id";
    FIND_HOLDING = "
        select t.id, t.name, t.capacity_bytes, t.retention_days, coalesce(s.used_bytes, 0) as used_bytes,
            coalesce(s.recordings, 0) as recordings, s.bucket
        from storage_tiers t
        left join workspace_storage s on s.workspace_id = $1 and s.tier_id = t.id
        where s.tier_id is not null or (not exists (select 1 from workspace_storage w where w.workspace_id = $1))
        order by t.position, t.id
        limit 1";
    ENSURE_ROW = "
        insert into workspace_storage (workspace_id, tier_id, updated_at)
        values ($1, (select id from storage_tiers order by position, id limit 1), $2)
        on conflict (workspace_id) do nothing";
    LOCK_ROW = "
        update workspace_storage
        set updated_at = $2
        where workspace_id = $1";
    ADD_USE = "
        update workspace_storage
        set used_bytes = used_bytes + $2, recordings = recordings + $3, updated_at = $4
        where workspace_id = $1";
    SET_TIER = "
        update workspace_storage
        set tier_id = $2, updated_at = $3
        where workspace_id = $1";
    SET_BUCKET = "
        update workspace_storage
        set bucket = $2, updated_at = $3
        where workspace_id = $1";
}

pub(super) async fn tiers(conn: &mut AnyConnection) -> Result<Vec<Tier>, sqlx::Error> {
    sqlx::query(LIST_TIERS).fetch_all(conn).await?.iter().map(tier).collect()
}

pub(super) async fn holding(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<Holding, sqlx::Error> {
    let row = sqlx::query(FIND_HOLDING).bind(workspace.to_string()).fetch_one(conn).await?;
    Ok(Holding {
        tier: tier(&row)?,
        used_bytes: row.try_get("used_bytes")?,
        recordings: row.try_get("recordings")?,
        sealed_bucket: row.try_get("bucket")?,
    })
}

/// First in a transaction that changes the row.
pub(super) async fn ensure(tx: &mut AnyConnection, workspace: WorkspaceId, now_us: i64) -> Result<(), sqlx::Error> {
    sqlx::query(ENSURE_ROW).bind(workspace.to_string()).bind(now_us).execute(tx).await.map(drop)
}

/// As [`holding`], and nobody else changes it until the transaction ends.
pub(super) async fn locked(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    now_us: i64,
) -> Result<Holding, sqlx::Error> {
    sqlx::query(LOCK_ROW).bind(workspace.to_string()).bind(now_us).execute(&mut *tx).await?;
    holding(tx, workspace).await
}

pub(super) async fn add(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    bytes: i64,
    recordings: i64,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(ADD_USE).bind(workspace.to_string()).bind(bytes).bind(recordings).bind(now_us);
    query.execute(tx).await.map(drop)
}

pub(super) async fn set_tier(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    tier: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(SET_TIER).bind(workspace.to_string()).bind(tier.to_owned()).bind(now_us);
    query.execute(tx).await.map(drop)
}

pub(super) async fn set_bucket(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    sealed: Option<String>,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(SET_BUCKET).bind(workspace.to_string()).bind(sealed).bind(now_us).execute(tx).await.map(drop)
}

fn tier(row: &AnyRow) -> Result<Tier, sqlx::Error> {
    Ok(Tier {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        capacity_bytes: row.try_get("capacity_bytes")?,
        retention_days: row.try_get("retention_days")?,
    })
}
