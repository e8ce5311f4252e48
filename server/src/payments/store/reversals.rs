//! SQL of what providers took back.

use sautikit_api::ids::{LedgerEntryId, TopUpId, WorkspaceId};
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::db::statements;

statements! {
    INSERT_REVERSAL = "
        insert into provider_reversals (id, workspace_id, top_up_id, cause, amount_minor, ledger_entry_id, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (cause) do nothing";
    SUM_REVERSALS = "
        select cast(coalesce(sum(amount_minor), 0) as bigint)
        from provider_reversals
        where top_up_id = $1";
    REVERSAL_AMOUNT = "
        select amount_minor
        from provider_reversals
        where cause = $1";
}

/// Something that a provider took back, or gave back after a dispute.
pub(in crate::payments) struct Reversal<'a> {
    pub(in crate::payments) id: Uuid,
    pub(in crate::payments) workspace_id: WorkspaceId,
    pub(in crate::payments) top_up_id: TopUpId,
    pub(in crate::payments) cause: &'a str,
    pub(in crate::payments) amount_minor: i64,
    pub(in crate::payments) ledger_entry_id: LedgerEntryId,
    pub(in crate::payments) created_at: i64,
}

pub(in crate::payments) async fn insert(tx: &mut AnyConnection, reversal: &Reversal<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_REVERSAL)
        .bind(reversal.id.to_string())
        .bind(reversal.workspace_id.to_string())
        .bind(reversal.top_up_id.to_string())
        .bind(reversal.cause.to_owned())
        .bind(reversal.amount_minor)
        .bind(reversal.ledger_entry_id.to_string())
        .bind(reversal.created_at)
        .execute(tx)
        .await
        .map(drop)
}

/// What was taken back of a top-up so far, signed as in the ledger.
pub(in crate::payments) async fn sum(conn: &mut AnyConnection, top_up_id: TopUpId) -> Result<i64, sqlx::Error> {
    let query = sqlx::query_scalar(SUM_REVERSALS).bind(top_up_id.to_string());
    query.fetch_one(conn).await
}

/// What a cause moved, if it did.
pub(in crate::payments) async fn amount_of(conn: &mut AnyConnection, cause: &str) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(REVERSAL_AMOUNT).bind(cause.to_owned()).fetch_optional(conn).await
}
