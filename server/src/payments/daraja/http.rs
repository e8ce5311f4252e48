//! Where Daraja calls back. Not part of the customers' API, so these routes stand in no document of it.
//!
//! Each answers at once: what was told is kept in one transaction, and a job acts on it. Only paths with our secret exist.
//! Daraja takes no URL that contains "mpesa".

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use sautikit_api::ids::{IncomingPaymentId, TopUpId};
use sautikit_api::money::Currency;
use serde_json::json;
use sqlx::AnyConnection;
use subtle::ConstantTimeEq;

use super::wire::{self, Paybill, Unreadable};
use super::{Daraja, at_once, claimed, path_secret, read_token, status};
use crate::jobs::{self, Lane};
use crate::payments::account_reference::{self, Kind};
use crate::payments::incoming::{self, IncomingPayment, MatchPayment};
use crate::payments::{Callback, Method, PaymentError, store};
use crate::state::AppState;
use crate::web::client_ip::client_address;
use crate::web::error::{ApiError, ApiResult};
use sautikit_api::ErrorCode;

/// Codes with which validation refuses (Daraja, C2B).
mod refusal {
    pub(super) const ACCOUNT: &str = "C2B00012";
    pub(super) const AMOUNT: &str = "C2B00013";
    pub(super) const SHORTCODE: &str = "C2B00015";
    pub(super) const OTHER: &str = "C2B00016";
}

/// The routes, relative to `/v1/payments/daraja`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/stk/{secret}/{token}", post(stk_callback))
        .route("/status/{secret}/{token}/result", post(status_result))
        .route("/status/{secret}/{token}/timeout", post(status_timeout))
        .route("/c2b/validation/{secret}", post(validate))
        .route("/c2b/confirmation/{secret}", post(confirm))
}

async fn stk_callback(
    State(app): State<AppState>,
    Path((secret, token)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult<Response> {
    check_secret(&app, &secret)?;
    let id = TopUpId(read_token(&app, &token).ok_or(ErrorCode::NotFound)?);
    let told = wire::callback(&body).ok_or_else(unreadable)?;
    let mut tx = app.db.begin_write().await?;
    let top_up = store::top_ups::find(&mut tx, id).await?.ok_or(ErrorCode::NotFound)?;
    if top_up.checkout_id.as_deref().is_some_and(|known| known != told.checkout_request_id) {
        tracing::warn!(top_up = %id, "a callback names another push than the one that was sent");
        return Ok(accepted());
    }
    // A push whose sending was not answered is known by its callback only.
    store::top_ups::mark_checkout(&mut tx, id, &told.checkout_request_id).await?;
    let callback = Callback {
        code: told.code,
        receipt: told.receipt,
        amount_minor: told.amount_minor,
        phone: told.phone,
        paid_at: told.paid_at,
    };
    if store::top_ups::mark_called_back(&mut tx, id, &callback, app.now_us()).await? {
        jobs::enqueue(&mut tx, &app, &at_once(id, top_up.callback.is_none()), app.now_us()).await?;
    }
    tx.commit().await?;
    jobs::ring(&app, Lane::Payments);
    Ok(accepted())
}

/// M-Pesa's answer to our question about a payment.
async fn status_result(
    State(app): State<AppState>,
    Path((secret, token)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult<Response> {
    check_secret(&app, &secret)?;
    let id = read_token(&app, &token).ok_or(ErrorCode::NotFound)?;
    let told = wire::status_result(&body).ok_or_else(unreadable)?;
    // A question was about a payment that was told of, or about one that somebody claims.
    let answered = match status::answered(&app, IncomingPaymentId(id), &told).await {
        Err(PaymentError::NotFound) => claimed::answered(&app, id, &told).await,
        answered => answered,
    };
    match answered {
        Ok(()) => Ok(accepted()),
        // The token of something else that is ours.
        Err(PaymentError::NotFound) => Err(ErrorCode::NotFound.into()),
        Err(error) => Err(error.into()),
    }
}

/// Our question was lost in M-Pesa's queue: its schedule asks again.
async fn status_timeout(
    State(app): State<AppState>,
    Path((secret, token)): Path<(String, String)>,
) -> ApiResult<Response> {
    check_secret(&app, &secret)?;
    read_token(&app, &token).ok_or(ErrorCode::NotFound)?;
    Ok(accepted())
}

/// Says whether a payment to the Paybill has somewhere to go, before the payer's money moves.
async fn validate(State(app): State<AppState>, Path(secret): Path<String>, body: Bytes) -> ApiResult<Response> {
    check_secret(&app, &secret)?;
    let payment = match wire::paybill(&body) {
        Ok(payment) => payment,
        Err(Unreadable::Amount) => return Ok(refused(refusal::AMOUNT)),
        Err(Unreadable::Body) => return Ok(refused(refusal::OTHER)),
    };
    if !is_our_shortcode(&app, &payment) {
        return Ok(refused(refusal::SHORTCODE));
    }
    let known = is_known(&mut *app.db.acquire().await?, &payment.account_reference).await?;
    Ok(if known { accepted() } else { refused(refusal::ACCOUNT) })
}

async fn is_known(conn: &mut AnyConnection, typed: &str) -> Result<bool, sqlx::Error> {
    match account_reference::read(typed) {
        None => Ok(false),
        Some((Kind::Workspace, reference)) => Ok(store::references::workspace_of(conn, &reference).await?.is_some()),
        Some((Kind::Push, reference)) => match store::top_ups::find_by_reference(conn, &reference).await? {
            Some(top_up) => store::references::is_open(conn, top_up.workspace_id).await,
            None => Ok(false),
        },
    }
}

/// A payment to the Paybill has been made: kept by its receipt, once, and matched by a job.
async fn confirm(
    State(app): State<AppState>,
    Path(secret): Path<String>,
    extensions: axum::http::Extensions,
    headers: HeaderMap,
    body: Bytes,
) -> ApiResult<Response> {
    check_secret(&app, &secret)?;
    let told = wire::paybill(&body).map_err(|_| unreadable())?;
    if told.receipt.is_empty() || !is_our_shortcode(&app, &told) {
        return Err(unreadable());
    }
    let source = client_address(&extensions, &headers, &app.config.http.trusted_proxies);
    let confirmed = source.is_some_and(|source| app.config.mpesa.sources.contains(&source.to_canonical()));
    if !confirmed {
        tracing::warn!(
            "a payment was confirmed from an address that is not in mpesa.sources: it waits for M-Pesa's word or the operator"
        );
    }
    let now_us = app.now_us();
    let payment = IncomingPayment {
        id: IncomingPaymentId(app.new_uuid()),
        provider: Method::Mpesa,
        receipt: told.receipt,
        amount_minor: told.amount_minor,
        currency: Currency::KES,
        account_reference: told.account_reference,
        payer_phone: told.phone,
        payer_name: told.name,
        paid_at: told.paid_at.unwrap_or(now_us),
        confirmed,
        status: incoming::Status::Received,
        reason: None,
        top_up_id: None,
        created_at: now_us,
    };
    let mut tx = app.db.begin_write().await?;
    if let Some(payment_id) = store::incoming::receive(&mut tx, &payment).await? {
        jobs::enqueue(&mut tx, &app, &MatchPayment { payment_id, confirmed }, now_us).await?;
    }
    tx.commit().await?;
    jobs::ring(&app, Lane::Own);
    Ok(accepted())
}

/// A wrong secret is an address that does not exist, and neither is one without M-Pesa.
fn check_secret(app: &AppState, secret: &str) -> ApiResult<()> {
    let is_ours = bool::from(path_secret(app).as_bytes().ct_eq(secret.as_bytes()));
    if is_ours && Daraja::of(app).is_some() { Ok(()) } else { Err(ErrorCode::NotFound.into()) }
}

fn is_our_shortcode(app: &AppState, payment: &Paybill) -> bool {
    app.config.mpesa.shortcodes().contains(&payment.shortcode.as_str())
}

fn unreadable() -> ApiError {
    ApiError::new(ErrorCode::ValidationBadRequest).message("The body is not what Daraja sends here.")
}

fn accepted() -> Response {
    (StatusCode::OK, Json(json!({ "ResultCode": "0", "ResultDesc": "Accepted" }))).into_response()
}

fn refused(code: &str) -> Response {
    (StatusCode::OK, Json(json!({ "ResultCode": code, "ResultDesc": "Rejected" }))).into_response()
}
