//! SQL of operators' adjustments.

use sautikit_api::ids::{LedgerEntryId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use crate::db::statements;
use crate::row;
use crate::wallet::adjustment::{Adjustment, Kind};

statements! {
    INSERT_ADJUSTMENT = "
        insert into wallet_adjustments (id, workspace_id, kind, amount_minor, reason, operator_id, ledger_entry_id, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    LIST_ADJUSTMENTS = "
        select *
        from wallet_adjustments
        where workspace_id = $1 and (created_at, id) < ($2, $3)
        order by created_at desc, id desc
        limit $4";
}

pub(in crate::wallet) async fn insert(
    tx: &mut AnyConnection,
    adjustment: &Adjustment,
    entry_id: LedgerEntryId,
) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_ADJUSTMENT)
        .bind(adjustment.id.to_string())
        .bind(adjustment.workspace_id.to_string())
        .bind(adjustment.kind.as_str())
        .bind(adjustment.amount_minor)
        .bind(adjustment.reason.clone())
        .bind(adjustment.operator_id.to_string())
        .bind(entry_id.to_string())
        .bind(adjustment.created_at)
        .execute(tx)
        .await
        .map(drop)
}

/// A page of a wallet's adjustments, the newest first.
pub(in crate::wallet) async fn list(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Adjustment>, sqlx::Error> {
    let query = sqlx::query(LIST_ADJUSTMENTS)
        .bind(workspace_id.to_string())
        .bind(before.0)
        .bind(before.1.to_owned())
        .bind(limit);
    query.fetch_all(conn).await?.iter().map(adjustment).collect()
}

fn adjustment(row: &AnyRow) -> Result<Adjustment, sqlx::Error> {
    Ok(Adjustment {
        id: row::parsed::<Uuid>(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        kind: row::known(row, "kind", Kind::parse)?,
        amount_minor: row.try_get("amount_minor")?,
        reason: row.try_get("reason")?,
        operator_id: row::parsed(row, "operator_id")?,
        created_at: row.try_get("created_at")?,
    })
}
