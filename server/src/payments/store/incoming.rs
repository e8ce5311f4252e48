//! SQL of money that came by itself.

use sautikit_api::ids::{IncomingPaymentId, TopUpId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::payments::incoming::{IncomingPayment, Reason, Status};
use crate::payments::{Method, TopUp};
use crate::row;

statements! {
    /// A payment that was told without its provider standing behind it is received anew when it does. One that people had set
    /// aside goes back to them.
    RECEIVE_PAYMENT = "
        insert into incoming_payments (id, provider, receipt, amount_minor, currency, account_reference, payer_phone,
            payer_name, paid_at, confirmed, status, reason, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (provider, receipt) do update
        set amount_minor = excluded.amount_minor, account_reference = excluded.account_reference,
            payer_phone = excluded.payer_phone, payer_name = excluded.payer_name, paid_at = excluded.paid_at,
            confirmed = 1,
            status = case when incoming_payments.status = 'dismissed' then 'unmatched' else 'received' end,
            reason = case when incoming_payments.status = 'dismissed' then 'contradiction' else null end
        where incoming_payments.status in ('received', 'unmatched', 'dismissed') and incoming_payments.confirmed = 0
            and excluded.confirmed = 1
        returning id";
    FIND_INCOMING = "
        select *
        from incoming_payments
        where id = $1";
    /// Nothing but a lock.
    LOCK_INCOMING = "
        update incoming_payments
        set status = status
        where id = $1
        returning *";
    FIND_INCOMING_BY_RECEIPT = "
        select *
        from incoming_payments
        where provider = $1 and receipt = $2";
    LIST_UNMATCHED = "
        select *
        from incoming_payments
        where status = 'unmatched' and (created_at, id) < ($1, $2)
        order by created_at desc, id desc
        limit $3";
    COUNT_UNMATCHED = "
        select count(*) as payments, min(created_at) as oldest
        from (
            select created_at
            from incoming_payments
            where status = 'unmatched'
            order by created_at, id
            limit $1
        ) as waiting";
    CREDIT_INCOMING = "
        update incoming_payments
        set status = 'credited', workspace_id = $2, top_up_id = $3, reason = null, decided_at = $4
        where id = $1 and status in ('received', 'unmatched')";
    CREDIT_WITH_RECEIPT = "
        update incoming_payments
        set status = 'credited', workspace_id = $4, top_up_id = $5, reason = null, decided_at = $6
        where provider = $1 and receipt = $2 and amount_minor = $3 and currency = $7 and status = 'unmatched'";
    SET_UNMATCHED = "
        update incoming_payments
        set status = 'unmatched', reason = $2
        where id = $1 and status = 'received'";
    SET_REASON = "
        update incoming_payments
        set reason = $2
        where id = $1 and status = 'unmatched'";
    DISMISS_INCOMING = "
        update incoming_payments
        set status = 'dismissed', decided_at = $2
        where id = $1 and status = 'unmatched'";
}

/// Keeps a payment, once by its receipt; its id when there is something to do about it.
pub(in crate::payments) async fn receive(
    tx: &mut AnyConnection,
    payment: &IncomingPayment,
) -> Result<Option<IncomingPaymentId>, sqlx::Error> {
    let id: Option<String> = sqlx::query_scalar(RECEIVE_PAYMENT)
        .bind(payment.id.to_string())
        .bind(payment.provider.as_str())
        .bind(payment.receipt.clone())
        .bind(payment.amount_minor)
        .bind(payment.currency.code())
        .bind(payment.account_reference.clone())
        .bind(payment.payer_phone.clone())
        .bind(payment.payer_name.clone())
        .bind(payment.paid_at)
        .bind(i64::from(payment.confirmed))
        .bind(payment.status.as_str())
        .bind(payment.reason.map(Reason::as_str))
        .bind(payment.created_at)
        .fetch_optional(tx)
        .await?;
    id.map(|id| id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))).transpose()
}

pub(in crate::payments) async fn find(
    conn: &mut AnyConnection,
    id: IncomingPaymentId,
) -> Result<Option<IncomingPayment>, sqlx::Error> {
    let row = sqlx::query(FIND_INCOMING).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(payment).transpose()
}

/// The payment, which is locked for the rest of the transaction.
pub(in crate::payments) async fn lock(
    tx: &mut AnyConnection,
    id: IncomingPaymentId,
) -> Result<Option<IncomingPayment>, sqlx::Error> {
    let row = sqlx::query(LOCK_INCOMING).bind(id.to_string()).fetch_optional(tx).await?;
    row.as_ref().map(payment).transpose()
}

pub(in crate::payments) async fn find_by_receipt(
    conn: &mut AnyConnection,
    provider: Method,
    receipt: &str,
) -> Result<Option<IncomingPayment>, sqlx::Error> {
    let query = sqlx::query(FIND_INCOMING_BY_RECEIPT).bind(provider.as_str()).bind(receipt.to_owned());
    query.fetch_optional(conn).await?.as_ref().map(payment).transpose()
}

/// How many wait, at most `most`, and since when the oldest does (microseconds UTC).
pub(in crate::payments) async fn count_unmatched(
    conn: &mut AnyConnection,
    most: i64,
) -> Result<(i64, Option<i64>), sqlx::Error> {
    let row = sqlx::query(COUNT_UNMATCHED).bind(most).fetch_one(conn).await?;
    Ok((row.try_get("payments")?, row.try_get("oldest")?))
}

pub(in crate::payments) async fn list_unmatched(
    conn: &mut AnyConnection,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<IncomingPayment>, sqlx::Error> {
    let query = sqlx::query(LIST_UNMATCHED).bind(before.0).bind(before.1.to_owned()).bind(limit);
    query.fetch_all(conn).await?.iter().map(payment).collect()
}

/// False when it was decided before.
pub(in crate::payments) async fn credit(
    tx: &mut AnyConnection,
    id: IncomingPaymentId,
    (workspace_id, top_up): (WorkspaceId, TopUpId),
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(CREDIT_INCOMING)
        .bind(id.to_string())
        .bind(workspace_id.to_string())
        .bind(top_up.to_string())
        .bind(now_us);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// What waits under that receipt, with that amount, is the top-up's money: nobody has to look for its payer.
pub(in crate::payments) async fn credit_with_receipt(
    tx: &mut AnyConnection,
    top_up: &TopUp,
    receipt: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(CREDIT_WITH_RECEIPT)
        .bind(top_up.method.as_str())
        .bind(receipt.to_owned())
        .bind(top_up.amount_minor)
        .bind(top_up.workspace_id.to_string())
        .bind(top_up.id.to_string())
        .bind(now_us)
        .bind(top_up.currency.code());
    query.execute(tx).await.map(drop)
}

pub(in crate::payments) async fn set_unmatched(
    tx: &mut AnyConnection,
    id: IncomingPaymentId,
    reason: Reason,
) -> Result<(), sqlx::Error> {
    sqlx::query(SET_UNMATCHED).bind(id.to_string()).bind(reason.as_str()).execute(tx).await.map(drop)
}

/// Says anew why it waits.
pub(in crate::payments) async fn set_reason(
    tx: &mut AnyConnection,
    id: IncomingPaymentId,
    reason: Reason,
) -> Result<(), sqlx::Error> {
    sqlx::query(SET_REASON).bind(id.to_string()).bind(reason.as_str()).execute(tx).await.map(drop)
}

/// False when it was decided before.
pub(in crate::payments) async fn dismiss(
    tx: &mut AnyConnection,
    id: IncomingPaymentId,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(DISMISS_INCOMING).bind(id.to_string()).bind(now_us);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

fn payment(row: &AnyRow) -> Result<IncomingPayment, sqlx::Error> {
    let reason: Option<String> = row.try_get("reason")?;
    Ok(IncomingPayment {
        id: row::parsed(row, "id")?,
        provider: row::known(row, "provider", Method::parse)?,
        receipt: row.try_get("receipt")?,
        amount_minor: row.try_get("amount_minor")?,
        currency: row::known(row, "currency", Currency::parse)?,
        account_reference: row.try_get("account_reference")?,
        payer_phone: row.try_get("payer_phone")?,
        payer_name: row.try_get("payer_name")?,
        paid_at: row.try_get("paid_at")?,
        confirmed: row::flag(row, "confirmed")?,
        status: row::known(row, "status", Status::parse)?,
        reason: reason.as_deref().and_then(Reason::parse),
        top_up_id: row::parsed_opt(row, "top_up_id")?,
        created_at: row.try_get("created_at")?,
    })
}
