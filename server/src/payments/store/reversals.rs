//! SQL of what providers took back.

use sautikit_api::ids::{LedgerEntryId, TopUpId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
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
    LIST_DISPUTES = "
        select o.cause, o.paid_out_by, cast(-o.amount_minor - coalesce((
                select sum(b.amount_minor)
                from provider_reversals b
                where b.cause in (replace(o.cause, ':opened', ':won'), replace(o.cause, ':opened', ':settled'))
            ), 0) as bigint) as kept_minor
        from provider_reversals o
        where o.top_up_id = $1 and o.cause like 'dispute:%:opened'
        order by o.created_at, o.id";
    MARK_PAID_OUT = "
        update provider_reversals
        set paid_out_by = $2
        where cause = $1 and paid_out_by is null";
    /// Of the amount, told since the dispute was opened, and no other dispute's.
    FIND_REFUND_SINCE = "
        select r.cause
        from provider_reversals r
        where r.top_up_id = $1 and r.amount_minor = $2 and r.cause like 'refund:paystack:%'
            and r.created_at >= (select o.created_at from provider_reversals o where o.cause = $3)
            and not exists (select 1 from provider_reversals d where d.paid_out_by = r.cause)
        order by r.created_at, r.id
        limit 1";
}

/// A dispute of a top-up that took something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::payments) struct Dispute {
    /// With which it was opened.
    pub(in crate::payments) cause: String,
    /// The refund that paid it out, as far as it was told.
    pub(in crate::payments) paid_out_by: Option<String>,
    /// What it took and has not given back.
    pub(in crate::payments) kept_minor: i64,
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

/// The disputes of a top-up, the oldest first.
pub(in crate::payments) async fn list_disputes(
    conn: &mut AnyConnection,
    top_up_id: TopUpId,
) -> Result<Vec<Dispute>, sqlx::Error> {
    let rows = sqlx::query(LIST_DISPUTES).bind(top_up_id.to_string()).fetch_all(conn).await?;
    let dispute = |row: &AnyRow| {
        Ok(Dispute {
            cause: row.try_get("cause")?,
            paid_out_by: row.try_get("paid_out_by")?,
            kept_minor: row.try_get("kept_minor")?,
        })
    };
    rows.iter().map(dispute).collect()
}

/// Notes by which refund a dispute was paid out, once.
pub(in crate::payments) async fn mark_paid_out(
    tx: &mut AnyConnection,
    dispute: &str,
    refund: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(MARK_PAID_OUT).bind(dispute.to_owned()).bind(refund.to_owned()).execute(tx).await.map(drop)
}

/// The refund of so much that was told since a dispute was opened and belongs to no other.
pub(in crate::payments) async fn refund_since(
    conn: &mut AnyConnection,
    top_up_id: TopUpId,
    amount_minor: i64,
    dispute: &str,
) -> Result<Option<String>, sqlx::Error> {
    let query = sqlx::query_scalar(FIND_REFUND_SINCE).bind(top_up_id.to_string()).bind(-amount_minor);
    query.bind(dispute.to_owned()).fetch_optional(conn).await
}
