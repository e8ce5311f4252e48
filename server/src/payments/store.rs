//! SQL of top-ups.

use sautikit_api::ids::{LedgerEntryId, TopUpId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Method, Status, TopUp};
use crate::db::statements;
use crate::row;

statements! {
    INSERT_TOP_UP = "
        insert into top_ups (id, workspace_id, method, simulated, amount_minor, currency, phone, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND_TOP_UP = "
        select *
        from top_ups
        where id = $1";
    FIND_TOP_UP_OF_WORKSPACE = "
        select *
        from top_ups
        where workspace_id = $1 and id = $2";
    LIST_TOP_UPS = "
        select *
        from top_ups
        where workspace_id = $1 and (created_at, id) < ($2, $3)
        order by created_at desc, id desc
        limit $4";
    SUCCEED_TOP_UP = "
        update top_ups
        set status = 'succeeded', receipt = $2, ledger_entry_id = $3, settled_at = $4, failure_reason = null
        where id = $1 and status in ('pending', 'failed')";
    FAIL_TOP_UP = "
        update top_ups
        set status = 'failed', failure_reason = $2, settled_at = $3
        where id = $1 and status = 'pending'";
}

pub(super) async fn insert(tx: &mut AnyConnection, top_up: &TopUp) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_TOP_UP)
        .bind(top_up.id.to_string())
        .bind(top_up.workspace_id.to_string())
        .bind(top_up.method.as_str())
        .bind(i64::from(top_up.simulated))
        .bind(top_up.amount_minor)
        .bind(top_up.currency.code())
        .bind(top_up.phone.clone())
        .bind(top_up.created_at)
        .execute(tx)
        .await
        .map(drop)
}

/// One of the workspace's top-ups.
pub(super) async fn find_of(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: TopUpId,
) -> Result<Option<TopUp>, sqlx::Error> {
    let query = sqlx::query(FIND_TOP_UP_OF_WORKSPACE).bind(workspace_id.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(top_up).transpose()
}

/// Any workspace's top-up: for what settles it, which holds the id from us.
pub(super) async fn find(conn: &mut AnyConnection, id: TopUpId) -> Result<Option<TopUp>, sqlx::Error> {
    let row = sqlx::query(FIND_TOP_UP).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(top_up).transpose()
}

pub(super) async fn list(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<TopUp>, sqlx::Error> {
    let query =
        sqlx::query(LIST_TOP_UPS).bind(workspace_id.to_string()).bind(before.0).bind(before.1.to_owned()).bind(limit);
    query.fetch_all(conn).await?.iter().map(top_up).collect()
}

/// False when it had succeeded before, which is final.
pub(super) async fn succeed(
    tx: &mut AnyConnection,
    id: TopUpId,
    receipt: &str,
    entry_id: LedgerEntryId,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(SUCCEED_TOP_UP)
        .bind(id.to_string())
        .bind(receipt.to_owned())
        .bind(entry_id.to_string())
        .bind(now_us);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

pub(super) async fn fail(
    tx: &mut AnyConnection,
    id: TopUpId,
    reason: &'static str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(FAIL_TOP_UP).bind(id.to_string()).bind(reason).bind(now_us).execute(tx).await.map(drop)
}

fn top_up(row: &AnyRow) -> Result<TopUp, sqlx::Error> {
    Ok(TopUp {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        method: row::known(row, "method", Method::parse)?,
        simulated: row::flag(row, "simulated")?,
        status: row::known(row, "status", Status::parse)?,
        amount_minor: row.try_get("amount_minor")?,
        currency: row::known(row, "currency", Currency::parse)?,
        phone: row.try_get("phone")?,
        failure_reason: row.try_get("failure_reason")?,
        receipt: row.try_get("receipt")?,
        created_at: row.try_get("created_at")?,
        settled_at: row.try_get("settled_at")?,
    })
}
