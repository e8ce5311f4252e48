//! SQL of payments that customers say are theirs.

use sautikit_api::ids::WorkspaceId;
use sautikit_api::wallet::ClaimOutcome;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use uuid::Uuid;

use crate::db::statements;
use crate::row;

statements! {
    INSERT_CLAIM = "
        insert into payment_claims (id, workspace_id, receipt, amount_minor, phone, outcome, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    FIND_CLAIM = "
        select c.*, w.name as workspace_name
        from payment_claims c
        join workspaces w on w.id = c.workspace_id
        where c.id = $1";
    COUNT_CLAIMS = "
        select count(*)
        from payment_claims
        where workspace_id = $1 and created_at > $2";
    WAITING_CLAIMS = "
        select c.*, w.name as workspace_name
        from payment_claims c
        join workspaces w on w.id = c.workspace_id
        where c.receipt = $1 and c.outcome = 'waiting' and w.deleted_at is null
        order by c.created_at, c.id";
    DECIDE_CLAIM = "
        update payment_claims
        set outcome = $2
        where id = $1 and outcome = 'waiting'";
}

/// A customer's word for a payment.
#[derive(Debug, Clone)]
pub(in crate::payments) struct Claim {
    pub(in crate::payments) id: Uuid,
    pub(in crate::payments) workspace_id: WorkspaceId,
    /// Its name, as the workspace is called now.
    pub(in crate::payments) workspace_name: String,
    pub(in crate::payments) receipt: String,
    pub(in crate::payments) amount_minor: i64,
    /// The telephone that is said to have paid, E.164.
    pub(in crate::payments) phone: String,
    pub(in crate::payments) outcome: ClaimOutcome,
    /// Microseconds UTC.
    pub(in crate::payments) created_at: i64,
}

pub(in crate::payments) async fn insert(tx: &mut AnyConnection, claim: &Claim) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_CLAIM)
        .bind(claim.id.to_string())
        .bind(claim.workspace_id.to_string())
        .bind(claim.receipt.clone())
        .bind(claim.amount_minor)
        .bind(claim.phone.clone())
        .bind(claim.outcome.as_str())
        .bind(claim.created_at)
        .execute(tx)
        .await
        .map(drop)
}

/// Any workspace's claim: for what answers our question about it, which holds the id from us.
pub(in crate::payments) async fn find(conn: &mut AnyConnection, id: Uuid) -> Result<Option<Claim>, sqlx::Error> {
    let row = sqlx::query(FIND_CLAIM).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(claim).transpose()
}

/// How many the workspace made since then (microseconds UTC).
pub(in crate::payments) async fn count(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    after_us: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(COUNT_CLAIMS).bind(workspace_id.to_string()).bind(after_us).fetch_one(conn).await
}

/// Who says that the payment is theirs, the first first.
pub(in crate::payments) async fn waiting(conn: &mut AnyConnection, receipt: &str) -> Result<Vec<Claim>, sqlx::Error> {
    let rows = sqlx::query(WAITING_CLAIMS).bind(receipt.to_owned()).fetch_all(conn).await?;
    rows.iter().map(claim).collect()
}

/// False when it was decided before.
pub(in crate::payments) async fn decide(
    tx: &mut AnyConnection,
    id: Uuid,
    outcome: ClaimOutcome,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(DECIDE_CLAIM).bind(id.to_string()).bind(outcome.as_str());
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

fn claim(row: &AnyRow) -> Result<Claim, sqlx::Error> {
    Ok(Claim {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        workspace_name: row.try_get("workspace_name")?,
        receipt: row.try_get("receipt")?,
        amount_minor: row.try_get("amount_minor")?,
        phone: row.try_get("phone")?,
        outcome: row::known(row, "outcome", ClaimOutcome::parse)?,
        created_at: row.try_get("created_at")?,
    })
}
