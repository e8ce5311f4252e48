//! What operators decide about payments that nobody could be credited with: whose they are, or that they were sent back. Each
//! decision is written to the audit log.

pub(super) mod http;

use sautikit_api::ids::{IncomingPaymentId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use super::incoming::{self, IncomingPayment, Status};
use super::store::claims::Claim;
use super::{Method, PaymentError, TopUp, settle, store};
use crate::audit::{self, Actor};
use crate::state::AppState;
use crate::wallet::{self, WalletError};
use crate::web::caller::Operator;

/// A page of what waits, the newest first, with the workspaces that claim each.
async fn list(
    app: &AppState,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<(IncomingPayment, Vec<Claim>)>, PaymentError> {
    let mut conn = app.db.acquire().await?;
    let mut claimed = Vec::new();
    for payment in store::incoming::list_unmatched(&mut conn, before, limit).await? {
        let claims = store::claims::waiting(&mut conn, &payment.receipt).await?;
        claimed.push((payment, claims));
    }
    Ok(claimed)
}

/// Payments that are counted at most, so that a look at many costs little.
const COUNTED: i64 = 10_000;

/// How many payments wait for people, 10,000 at most, and for how many seconds the oldest has.
///
/// # Errors
/// The database failed.
pub async fn waiting_now(app: &AppState) -> Result<(i64, i64), sqlx::Error> {
    let (payments, oldest_us) = store::incoming::count_unmatched(&mut *app.db.acquire().await?, COUNTED).await?;
    Ok((payments, oldest_us.map_or(0, |oldest_us| (app.now_us() - oldest_us).max(0) / 1_000_000)))
}

/// What is known of a payment.
struct Found {
    /// Top-ups that it is the money of, with what their provider took back.
    top_ups: Vec<(TopUp, i64)>,
    /// What was told of it and is no top-up, with the workspaces that claim it.
    waiting: Vec<(IncomingPayment, Vec<Claim>)>,
}

/// Finds a payment by its receipt, or by our name for it at the provider.
async fn find(app: &AppState, name: &str) -> Result<Found, PaymentError> {
    let mut conn = app.db.acquire().await?;
    // M-Pesa's codes are typed in any case.
    let names = [name.to_owned(), name.to_ascii_uppercase()];
    let (mut top_ups, mut waiting): (Vec<TopUp>, Vec<IncomingPayment>) = Default::default();
    for name in &names {
        for provider in Method::ALL {
            top_ups.extend(store::top_ups::find_by_receipt(&mut conn, *provider, name).await?);
            waiting.extend(store::incoming::find_by_receipt(&mut conn, *provider, name).await?);
        }
        top_ups.extend(store::top_ups::find_by_reference(&mut conn, name).await?);
    }
    waiting.retain(|payment| payment.top_up_id.is_none());
    let mut found = Found { top_ups: Vec::new(), waiting: Vec::new() };
    for top_up in top_ups {
        if found.top_ups.iter().all(|(other, _)| other.id != top_up.id) {
            let reversed_minor = -store::reversals::sum(&mut conn, top_up.id).await?;
            found.top_ups.push((top_up, reversed_minor));
        }
    }
    for payment in waiting {
        if found.waiting.iter().all(|(other, _)| other.id != payment.id) {
            let claims = store::claims::waiting(&mut conn, &payment.receipt).await?;
            found.waiting.push((payment, claims));
        }
    }
    Ok(found)
}

/// Credits the workspace with a payment that waits.
async fn assign(
    app: &AppState,
    operator: &Operator,
    id: &str,
    workspace_id: WorkspaceId,
) -> Result<IncomingPayment, PaymentError> {
    let mut tx = app.db.begin_write().await?;
    let payment = waiting(&mut tx, id).await?;
    let wallet = wallet::lock(&mut tx, workspace_id).await?;
    let currency = wallet.wallet().currency;
    if currency != payment.currency {
        return Err(WalletError::CurrencyMismatch { wallet: currency, amount: payment.currency }.into());
    }
    let posted = incoming::credit_as_decided(app, &mut tx, &payment, workspace_id).await.map_err(decided)?;
    let details = json!({ "receipt": payment.receipt, "amount_minor": payment.amount_minor });
    record(app, &mut tx, operator, "payment.assigned", Some(workspace_id), &payment, details).await?;
    let payment = store::incoming::find(&mut tx, payment.id).await?.ok_or(PaymentError::NoSuchPayment)?;
    tx.commit().await?;
    settle::committed(app, posted);
    Ok(payment)
}

/// Sets a payment aside that was sent back.
async fn dismiss(app: &AppState, operator: &Operator, id: &str, reason: &str) -> Result<IncomingPayment, PaymentError> {
    let mut tx = app.db.begin_write().await?;
    let payment = waiting(&mut tx, id).await?;
    if !store::incoming::dismiss(&mut tx, payment.id, app.now_us()).await? {
        return Err(PaymentError::NoSuchPayment);
    }
    let details = json!({ "receipt": payment.receipt, "reason": reason });
    record(app, &mut tx, operator, "payment.dismissed", None, &payment, details).await?;
    tx.commit().await?;
    Ok(IncomingPayment { status: Status::Dismissed, ..payment })
}

/// Somebody else decided about the payment meanwhile.
fn decided(error: PaymentError) -> PaymentError {
    match error {
        PaymentError::NotFound => PaymentError::NoSuchPayment,
        other => other,
    }
}

async fn waiting(tx: &mut AnyConnection, id: &str) -> Result<IncomingPayment, PaymentError> {
    let id: IncomingPaymentId = id.parse().map_err(|_| PaymentError::NoSuchPayment)?;
    let found = store::incoming::find(tx, id).await?;
    found.filter(|payment| payment.status == Status::Unmatched).ok_or(PaymentError::NoSuchPayment)
}

async fn record(
    app: &AppState,
    tx: &mut AnyConnection,
    operator: &Operator,
    action_kind: &'static str,
    workspace_id: Option<WorkspaceId>,
    payment: &IncomingPayment,
    details: serde_json::Value,
) -> Result<(), sqlx::Error> {
    let entry = audit::Entry {
        workspace_id,
        actor: Actor::Operator(Some(operator.user_id.to_string())),
        action_kind,
        subject_id: Some(payment.id.to_string()),
        details,
        ip: operator.ip.clone(),
    };
    audit::record(app, tx, &entry).await
}
