//! SQL of storage.

use sautikit_api::ids::{LedgerEntryId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::charges::Paid;
use super::{Holding, Tier};
use crate::db::statements;
use crate::row;

statements! {
    LIST_TIERS = "
        select id, name, capacity_bytes, retention_days
        from storage_tiers
        order by position, id";
    FIND_HOLDING = "
        select t.id, t.name, t.capacity_bytes, t.retention_days, coalesce(s.used_bytes, 0) as used_bytes,
            coalesce(s.recordings, 0) as recordings, s.bucket, s.paid_until,
            coalesce(s.paid_price_minor, 0) as paid_price_minor, s.unpaid_since
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
    SET_PAID = "
        update workspace_storage
        set paid_until = $2, paid_price_minor = $3, unpaid_since = $4, updated_at = $5
        where workspace_id = $1";
    /// Those in a tier that are not paid for this moment.
    LIST_DUE = "
        select workspace_id
        from workspace_storage
        where tier_id = $1 and (paid_until is null or paid_until <= $2) and workspace_id > $3
        order by workspace_id
        limit $4";
    INSERT_CHARGE = "
        insert into storage_charges (id, workspace_id, tier_id, period_start, period_end, amount_minor, ledger_entry_id,
            created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
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
        paid: Paid {
            until_us: row.try_get("paid_until")?,
            price_minor: row.try_get("paid_price_minor")?,
            unpaid_since_us: row.try_get("unpaid_since")?,
        },
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

pub(super) async fn set_paid(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    paid: Paid,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(SET_PAID).bind(workspace.to_string()).bind(paid.until_us).bind(paid.price_minor);
    query.bind(paid.unpaid_since_us).bind(now_us).execute(tx).await.map(drop)
}

/// Workspaces in that tier that have not paid for this moment, behind `after` in the order of their ids.
pub(super) async fn list_due(
    conn: &mut AnyConnection,
    tier: &str,
    now_us: i64,
    after: Option<WorkspaceId>,
    limit: i64,
) -> Result<Vec<WorkspaceId>, sqlx::Error> {
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    let query = sqlx::query(LIST_DUE).bind(tier.to_owned()).bind(now_us).bind(after).bind(limit);
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(|row| row::parsed(row, "workspace_id")).collect()
}

/// What was charged for a tier.
pub(super) struct Charged {
    pub(super) id: String,
    pub(super) tier: String,
    /// `[start, end)`, microseconds UTC.
    pub(super) period: (i64, i64),
    pub(super) amount_minor: i64,
    pub(super) entry_id: LedgerEntryId,
}

pub(super) async fn insert_charge(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    charged: &Charged,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_CHARGE).bind(charged.id.clone()).bind(workspace.to_string());
    let query = query.bind(charged.tier.clone()).bind(charged.period.0).bind(charged.period.1);
    let query = query.bind(charged.amount_minor).bind(charged.entry_id.to_string()).bind(now_us);
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
