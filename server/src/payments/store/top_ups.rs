//! SQL of top-ups.

use sautikit_api::ids::{LedgerEntryId, TopUpId, WorkspaceId};
use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::payments::settle::Paid;
use crate::payments::{Callback, Channel, Method, Status, TopUp};
use crate::row;

/// So many of the newest are looked at to see whether anything has changed: what is older is settled.
const MARKED: i64 = 5;

statements! {
    INSERT_TOP_UP = "
        insert into top_ups (id, workspace_id, method, channel, simulated, amount_minor, requested_minor, currency, phone,
            provider_reference, created_at)
        values ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10)";
    FIND_TOP_UP = "
        select *
        from top_ups
        where id = $1";
    FIND_TOP_UP_OF_WORKSPACE = "
        select *
        from top_ups
        where workspace_id = $1 and id = $2";
    FIND_TOP_UP_BY_REFERENCE = "
        select *
        from top_ups
        where provider_reference = $1";
    FIND_TOP_UP_BY_RECEIPT = "
        select *
        from top_ups
        where method = $1 and receipt = $2";
    LIST_TOP_UPS = "
        select *
        from top_ups
        where workspace_id = $1 and (created_at, id) < ($2, $3) and ($4 = '' or receipt = $4 or receipt = $5)
        order by created_at desc, id desc
        limit $6";
    LIST_NEWEST = "
        select id, status, may_be_paid
        from top_ups
        where workspace_id = $1
        order by created_at desc, id desc
        limit $2";
    SUCCEED_TOP_UP = "
        update top_ups
        set status = 'succeeded', amount_minor = $2, receipt = $3, ledger_entry_id = $4, settled_at = $5,
            paid_at = $6, failure_reason = null, may_be_paid = 0
        where id = $1 and status in ('pending', 'failed')";
    FAIL_TOP_UP = "
        update top_ups
        set status = 'failed', failure_reason = $2, settled_at = $3, may_be_paid = $4
        where id = $1 and (status = 'pending' or status = 'failed' and may_be_paid = 0 and $4 = 1)";
    RECEIVE_RECEIPT = "
        update top_ups
        set receipt = $2, paid_at = coalesce(paid_at, $3)
        where id = $1 and receipt is null";
    MARK_ASKED = "
        update top_ups
        set asked_at = $2
        where id = $1 and asked_at is null and status = 'pending'";
    MARK_CHECKOUT = "
        update top_ups
        set checkout_id = $2
        where id = $1 and checkout_id is null";
    MARK_AUTHORIZATION = "
        update top_ups
        set asked_at = $2, authorization_url = $3
        where id = $1 and status = 'pending'";
    MARK_CALLED_BACK = "
        update top_ups
        set called_back_at = $2, callback_code = $3, callback_receipt = $4, callback_amount_minor = $5,
            callback_phone = $6, callback_paid_at = $7
        where id = $1 and (called_back_at is null or (callback_code <> 0 and $3 = 0))";
    /// A push that has no receipt and can be the payment that a telephone made at a time.
    FIND_PUSH_OF_PAYER = "
        select *
        from top_ups
        where phone = $1 and amount_minor = $2 and receipt is null and channel = 'push' and method = 'mpesa'
            and simulated = 0 and created_at between $3 and $4
        order by created_at desc
        limit 1";
    HAS_PENDING = "
        select count(*)
        from top_ups
        where workspace_id = $1 and status = 'pending'";
}

pub(in crate::payments) async fn insert(tx: &mut AnyConnection, top_up: &TopUp) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_TOP_UP)
        .bind(top_up.id.to_string())
        .bind(top_up.workspace_id.to_string())
        .bind(top_up.method.as_str())
        .bind(top_up.channel.as_str())
        .bind(i64::from(top_up.simulated))
        .bind(top_up.amount_minor)
        .bind(top_up.currency.code())
        .bind(top_up.phone.clone())
        .bind(top_up.provider_reference.clone())
        .bind(top_up.created_at)
        .execute(tx)
        .await
        .map(drop)
}

/// One of the workspace's top-ups.
pub(in crate::payments) async fn find_of(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: TopUpId,
) -> Result<Option<TopUp>, sqlx::Error> {
    let query = sqlx::query(FIND_TOP_UP_OF_WORKSPACE).bind(workspace_id.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(top_up).transpose()
}

/// Any workspace's top-up: for what settles it, which holds the id from us.
pub(in crate::payments) async fn find(conn: &mut AnyConnection, id: TopUpId) -> Result<Option<TopUp>, sqlx::Error> {
    let row = sqlx::query(FIND_TOP_UP).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(top_up).transpose()
}

/// Any workspace's top-up by our name for it at its provider.
pub(in crate::payments) async fn find_by_reference(
    conn: &mut AnyConnection,
    reference: &str,
) -> Result<Option<TopUp>, sqlx::Error> {
    let row = sqlx::query(FIND_TOP_UP_BY_REFERENCE).bind(reference.to_owned()).fetch_optional(conn).await?;
    row.as_ref().map(top_up).transpose()
}

/// Any workspace's top-up by the provider's receipt.
pub(in crate::payments) async fn find_by_receipt(
    conn: &mut AnyConnection,
    method: Method,
    receipt: &str,
) -> Result<Option<TopUp>, sqlx::Error> {
    let query = sqlx::query(FIND_TOP_UP_BY_RECEIPT).bind(method.as_str()).bind(receipt.to_owned());
    query.fetch_optional(conn).await?.as_ref().map(top_up).transpose()
}

/// Those with this receipt, as it stands or in upper case, which M-Pesa writes; all where it is empty.
pub(in crate::payments) async fn list(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    receipt: &str,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<TopUp>, sqlx::Error> {
    let query = sqlx::query(LIST_TOP_UPS)
        .bind(workspace_id.to_string())
        .bind(before.0)
        .bind(before.1.to_owned())
        .bind(receipt.to_owned())
        .bind(receipt.to_ascii_uppercase())
        .bind(limit);
    query.fetch_all(conn).await?.iter().map(top_up).collect()
}

/// False when it had succeeded before, which is final.
pub(in crate::payments) async fn succeed(
    tx: &mut AnyConnection,
    id: TopUpId,
    paid: Paid<'_>,
    entry_id: LedgerEntryId,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(SUCCEED_TOP_UP)
        .bind(id.to_string())
        .bind(paid.amount_minor)
        .bind(paid.receipt.map(str::to_owned))
        .bind(entry_id.to_string())
        .bind(now_us)
        .bind(paid.paid_at);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// Says whether it was pending until now, or thought to be unpaid. `may_be_paid` where nobody knows that no money came.
pub(in crate::payments) async fn fail(
    tx: &mut AnyConnection,
    id: TopUpId,
    (reason, may_be_paid): (&str, bool),
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(FAIL_TOP_UP).bind(id.to_string()).bind(reason.to_owned()).bind(now_us);
    let query = query.bind(i64::from(may_be_paid));
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// A top-up that succeeded learns its receipt later: M-Pesa's query tells none.
pub(in crate::payments) async fn receive_receipt(
    tx: &mut AnyConnection,
    id: TopUpId,
    receipt: &str,
    paid_at: Option<i64>,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(RECEIVE_RECEIPT).bind(id.to_string()).bind(receipt.to_owned()).bind(paid_at);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// False when the provider was asked before: a push is never sent twice.
pub(in crate::payments) async fn mark_asked(
    tx: &mut AnyConnection,
    id: TopUpId,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(MARK_ASKED).bind(id.to_string()).bind(now_us);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

pub(in crate::payments) async fn mark_checkout(
    tx: &mut AnyConnection,
    id: TopUpId,
    checkout_id: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(MARK_CHECKOUT).bind(id.to_string()).bind(checkout_id.to_owned()).execute(tx).await.map(drop)
}

pub(in crate::payments) async fn mark_authorization(
    tx: &mut AnyConnection,
    id: TopUpId,
    url: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(MARK_AUTHORIZATION).bind(id.to_string()).bind(now_us).bind(url.to_owned());
    query.execute(tx).await.map(drop)
}

/// Keeps a callback's word: the first one's, and that of the first that tells of a payment. Says whether it was kept.
pub(in crate::payments) async fn mark_called_back(
    tx: &mut AnyConnection,
    id: TopUpId,
    callback: &Callback,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(MARK_CALLED_BACK)
        .bind(id.to_string())
        .bind(now_us)
        .bind(callback.code)
        .bind(callback.receipt.clone())
        .bind(callback.amount_minor)
        .bind(callback.phone.clone())
        .bind(callback.paid_at);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// Any workspace's push without a receipt that the telephone (E.164) can have paid in that span (microseconds UTC, both ends
/// included); the newest.
pub(in crate::payments) async fn find_push_of_payer(
    conn: &mut AnyConnection,
    (phone, amount_minor): (&str, i64),
    (from_us, to_us): (i64, i64),
) -> Result<Option<TopUp>, sqlx::Error> {
    let query = sqlx::query(FIND_PUSH_OF_PAYER).bind(phone.to_owned()).bind(amount_minor).bind(from_us).bind(to_us);
    query.fetch_optional(conn).await?.as_ref().map(top_up).transpose()
}

/// Whether a provider has still to decide about a top-up of the workspace.
pub(in crate::payments) async fn has_pending(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<bool, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(HAS_PENDING).bind(workspace_id.to_string()).fetch_one(conn).await?;
    Ok(count > 0)
}

fn top_up(row: &AnyRow) -> Result<TopUp, sqlx::Error> {
    let callback = match row.try_get::<Option<i64>, _>("callback_code")? {
        None => None,
        Some(code) => Some(Callback {
            code,
            receipt: row.try_get("callback_receipt")?,
            amount_minor: row.try_get("callback_amount_minor")?,
            phone: row.try_get("callback_phone")?,
            paid_at: row.try_get("callback_paid_at")?,
        }),
    };
    Ok(TopUp {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        method: row::known(row, "method", Method::parse)?,
        channel: row::known(row, "channel", Channel::parse)?,
        simulated: row::flag(row, "simulated")?,
        status: row::known(row, "status", Status::parse)?,
        amount_minor: row.try_get("amount_minor")?,
        currency: row::known(row, "currency", Currency::parse)?,
        phone: row.try_get("phone")?,
        failure_reason: row.try_get("failure_reason")?,
        may_be_paid: row::flag(row, "may_be_paid")?,
        receipt: row.try_get("receipt")?,
        provider_reference: row.try_get("provider_reference")?,
        checkout_id: row.try_get("checkout_id")?,
        authorization_url: row.try_get("authorization_url")?,
        callback,
        created_at: row.try_get("created_at")?,
        settled_at: row.try_get("settled_at")?,
    })
}

/// Another text whenever one of the workspace's newest top-ups stands otherwise, or there is another.
pub(crate) async fn mark(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<String, sqlx::Error> {
    let query = sqlx::query_as(LIST_NEWEST).bind(workspace.to_string()).bind(MARKED);
    let newest: Vec<(String, String, i64)> = query.fetch_all(conn).await?;
    Ok(newest.iter().map(|(id, status, may_be_paid)| format!("{id} {status} {may_be_paid} ")).collect())
}
