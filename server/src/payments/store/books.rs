//! SQL of what our books have of a provider's payments, for reconciliation.

use sautikit_api::money::Currency;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::payments::Method;
use crate::payments::reconcile::{Booked, Place};
use crate::row;

/// A credited top-up with what its provider took back of it. The moment is when the payer paid: as it was told, else when a
/// request was on the telephone, else when it was settled.
macro_rules! booked {
    ($where:literal) => {
        concat!(
            "
        select t.receipt, t.provider_reference, t.amount_minor, t.currency,
            coalesce(t.paid_at, p.paid_at, case when t.channel = 'push' then t.created_at else t.settled_at end) as at_us,
            (select cast(coalesce(-sum(r.amount_minor), 0) as bigint) from provider_reversals r where r.top_up_id = t.id)
                as reversed_minor
        from top_ups t
        left join incoming_payments p on p.provider = t.method and p.receipt = t.receipt
        where t.method = $1 and t.status = 'succeeded' and t.simulated = 0
            and ",
            $where
        )
    };
}

statements! {
    BOOKED_TOP_UPS = booked!("
            coalesce(t.paid_at, p.paid_at, case when t.channel = 'push' then t.created_at else t.settled_at end)
            between $2 and $3");
    BOOKED_BY_RECEIPT = booked!("t.receipt = $2");
    BOOKED_BY_REFERENCE = booked!("t.provider_reference = $2");
    WAITING_PAYMENTS = "
        select receipt, account_reference, amount_minor, currency, paid_at, status
        from incoming_payments
        where provider = $1 and status <> 'credited' and paid_at between $2 and $3";
    WAITING_PAYMENT = "
        select receipt, account_reference, amount_minor, currency, paid_at, status
        from incoming_payments
        where provider = $1 and status <> 'credited' and receipt = $2";
}

/// What wallets were credited with and what waits, of a provider, in a span of time (microseconds UTC, both ends included).
pub(in crate::payments) async fn booked(
    conn: &mut AnyConnection,
    provider: Method,
    (from_us, to_us): (i64, i64),
) -> Result<Vec<Booked>, sqlx::Error> {
    let query = sqlx::query(BOOKED_TOP_UPS).bind(provider.as_str()).bind(from_us).bind(to_us);
    let mut booked =
        query.fetch_all(&mut *conn).await?.iter().map(in_wallet).collect::<Result<Vec<_>, sqlx::Error>>()?;
    let query = sqlx::query(WAITING_PAYMENTS).bind(provider.as_str()).bind(from_us).bind(to_us);
    for row in query.fetch_all(conn).await? {
        booked.push(waiting(&row)?);
    }
    Ok(booked)
}

/// What our books have of one payment, whenever it was: by its receipt, else by our own name for it.
pub(in crate::payments) async fn booked_as(
    conn: &mut AnyConnection,
    provider: Method,
    receipt: &str,
    reference: Option<&str>,
) -> Result<Option<Booked>, sqlx::Error> {
    let query = sqlx::query(BOOKED_BY_RECEIPT).bind(provider.as_str()).bind(receipt.to_owned());
    if let Some(row) = query.fetch_optional(&mut *conn).await? {
        return in_wallet(&row).map(Some);
    }
    if let Some(reference) = reference {
        let query = sqlx::query(BOOKED_BY_REFERENCE).bind(provider.as_str()).bind(reference.to_owned());
        if let Some(row) = query.fetch_optional(&mut *conn).await? {
            return in_wallet(&row).map(Some);
        }
    }
    let query = sqlx::query(WAITING_PAYMENT).bind(provider.as_str()).bind(receipt.to_owned());
    query.fetch_optional(conn).await?.as_ref().map(waiting).transpose()
}

fn in_wallet(row: &AnyRow) -> Result<Booked, sqlx::Error> {
    Ok(Booked {
        receipt: row.try_get("receipt")?,
        provider_reference: row.try_get("provider_reference")?,
        amount_minor: row.try_get("amount_minor")?,
        currency: row::known(row, "currency", Currency::parse)?,
        reversed_minor: row.try_get("reversed_minor")?,
        place: Place::Wallet,
        at_us: row.try_get("at_us")?,
    })
}

fn waiting(row: &AnyRow) -> Result<Booked, sqlx::Error> {
    let status: String = row.try_get("status")?;
    Ok(Booked {
        receipt: row.try_get("receipt")?,
        provider_reference: row.try_get("account_reference")?,
        amount_minor: row.try_get("amount_minor")?,
        currency: row::known(row, "currency", Currency::parse)?,
        reversed_minor: 0,
        place: if status == "dismissed" { Place::Dismissed } else { Place::Waiting },
        at_us: row.try_get("paid_at")?,
    })
}
