//! SQL of what our books have of a provider's payments, for reconciliation.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::payments::Method;
use crate::payments::reconcile::{Booked, Place};

statements! {
    BOOKED_TOP_UPS = "
        select t.receipt, t.provider_reference, t.amount_minor, coalesce(p.paid_at, t.settled_at) as at_us
        from top_ups t
        left join incoming_payments p on p.provider = t.method and p.receipt = t.receipt
        where t.method = $1 and t.status = 'succeeded' and t.simulated = 0
            and coalesce(p.paid_at, t.settled_at) between $2 and $3";
    WAITING_PAYMENTS = "
        select receipt, account_reference, amount_minor, paid_at, status
        from incoming_payments
        where provider = $1 and status <> 'credited' and paid_at between $2 and $3";
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

fn in_wallet(row: &AnyRow) -> Result<Booked, sqlx::Error> {
    Ok(Booked {
        receipt: row.try_get("receipt")?,
        provider_reference: row.try_get("provider_reference")?,
        amount_minor: row.try_get("amount_minor")?,
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
        place: if status == "dismissed" { Place::Dismissed } else { Place::Waiting },
        at_us: row.try_get("paid_at")?,
    })
}
