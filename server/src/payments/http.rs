//! `/v1/wallet/top-ups`, the Paybill, and claims of payments.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Json, Router};
use sautikit_api::ErrorCode;
use sautikit_api::ids::TopUpId;
use sautikit_api::money::Currency;
use sautikit_api::wallet as wire;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{PaymentError, TopUp, claim, create, daraja, operator, paystack, settle, store};
use crate::accounts;
use crate::audit;
use crate::clock::rfc3339;
use crate::jobs::{self, Lane};
use crate::payments;
use crate::state::AppState;
use crate::wallet::{self, WalletError};
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Begun, Request};
use crate::web::page::Page;
use crate::web::params::{Idempotent, Paged};
use crate::web::query::Query;
use sautikit_api::rights::Scope;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_top_ups, create_top_up))
        .routes(routes!(get_top_up))
        .routes(routes!(get_paybill))
        .routes(routes!(claim_payment))
        .merge(operator::http::routes())
}

/// Where providers call back, relative to `/v1/payments`: for them alone, so not in the description of the API.
pub fn callbacks() -> Router<AppState> {
    Router::new().nest("/daraja", daraja::http::routes()).merge(paystack::http::routes())
}

/// Top up the wallet
#[utoipa::path(post, path = "/wallet/top-ups", request_body = wire::CreateTopUp,
    params(Idempotent),
    responses((status = 202, body = wire::TopUp, description = "The payment was asked for.")),
    extensions(("x-scope" = json!(Scope::WalletWrite)),
        ("x-errors" = json!([ErrorCode::WalletInvalidAmount, ErrorCode::WalletCurrencyMismatch,
        ErrorCode::WalletTopupBelowMinimum, ErrorCode::CurrencyUnsupported, ErrorCode::MpesaUnavailable, ErrorCode::PaystackUnavailable, ErrorCode::WalletNotFound,
        ErrorCode::NumbersWalletUnavailable]))))]
async fn create_top_up(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::WalletWrite)?;
    // Before the transaction: the provider may take seconds to say that it is there. A request that was answered before is
    // answered the same, whether it is there or not.
    if let Ok(body) = request.read::<wire::CreateTopUp>()
        && is_new(&app, &caller, &request).await
    {
        create::provider_is_there(&app, &body).await?;
    }
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let body: wire::CreateTopUp = request.read()?;
    let workspace = &caller.workspace;
    let left = attempt.left().map(str::to_owned);
    let again = match left.and_then(|id| id.parse().ok()) {
        Some(id) => create::begun_before(attempt.tx(), workspace.id, id).await?,
        None => None,
    };
    let is_new = again.is_none();
    let created = match again {
        Some(created) => created,
        None => payments::create_top_up(&app, attempt.tx(), workspace.id, &workspace.country, &body).await?,
    };
    let top_up = created.top_up;
    let details = json!({ "amount_minor": top_up.amount_minor, "method": top_up.method.as_str() });
    if is_new {
        audit::record(&app, attempt.tx(), &audit::Entry::by(&caller, "top_up.requested", top_up.id, details)).await?;
    }
    if created.wants_page {
        // Of a request that was lost after Paystack had answered, the page is known.
        if top_up.authorization_url.is_some() {
            return attempt.commit(&app, StatusCode::ACCEPTED, &top_up_body(top_up)).await;
        }
        // Paystack is asked after the top-up stands under a lease, so that a crash leaves a trace of it.
        let email = accounts::email_of(attempt.tx(), caller.user_id).await?;
        let lease = attempt.lease(&app, Some(&top_up.id.to_string())).await?;
        return match paystack::open_page(&app, &top_up, &email).await {
            Ok(url) => {
                let top_up = TopUp { authorization_url: Some(url), ..top_up };
                lease.commit(&app, StatusCode::ACCEPTED, &top_up_body(top_up)).await
            }
            Err(error) => {
                lease.withdraw(&app).await?;
                Err(error.into())
            }
        };
    }
    let answer = attempt.commit(&app, StatusCode::ACCEPTED, &top_up_body(top_up)).await?;
    jobs::ring(&app, Lane::Own);
    jobs::ring(&app, Lane::Payments);
    Ok(answer)
}

/// Whether the request has no answer yet, as far as can be told without its transaction; that decides.
async fn is_new(app: &AppState, caller: &Caller, request: &Request) -> bool {
    let Ok(mut conn) = app.db.acquire().await else { return true };
    matches!(idempotency::find_replay(app, &mut conn, caller.workspace.id, request).await, Ok(None))
}

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct TopUpsQuery {
    /// The provider's receipt: M-Pesa's code, in any case, or Paystack's id.
    #[param(pattern = "^[!-~]{0,100}$")]
    receipt: String,
}

/// A receipt or reference that is looked for: up to 100 characters without spaces, of ASCII.
pub(super) fn checked_receipt(receipt: &str) -> ApiResult<&str> {
    if receipt.len() <= 100 && receipt.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(receipt)
    } else {
        Err(ApiError::field("receipt", "`receipt` is a code of at most 100 letters and digits, such as RKT1ABCDEF."))
    }
}

/// List top-ups
#[utoipa::path(get, path = "/wallet/top-ups",
    params(Paged, TopUpsQuery),
    responses((status = 200, body = Vec<wire::TopUp>, description = "Top-ups, the newest first.")),
    extensions(("x-scope" = json!(Scope::WalletRead))))]
async fn list_top_ups(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<TopUpsQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::WalletRead)?;
    let (page, Query(query)) = (page?, query?);
    let receipt = checked_receipt(&query.receipt)?;
    let mut conn = app.db.acquire().await?;
    let (workspace_id, limit) = (caller.workspace.id, page.fetch_limit());
    let top_ups = store::top_ups::list(&mut conn, workspace_id, receipt, page.before(), limit).await?;
    Ok(page.answer(top_ups, |top_up| (top_up.created_at, top_up.id.0), top_up_body))
}

/// Show a top-up
#[utoipa::path(get, path = "/wallet/top-ups/{id}",
    responses((status = 200, body = wire::TopUp, description = "The top-up.")),
    extensions(("x-scope" = json!(Scope::WalletRead)), ("x-errors" = json!([ErrorCode::TopupNotFound]))))]
async fn get_top_up(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::TopUp>> {
    caller.needs(Scope::WalletRead)?;
    let id: TopUpId = id.parse().map_err(|_| PaymentError::NotFound)?;
    let mut conn = app.db.acquire().await?;
    Ok(Json(top_up_body(payments::get_top_up(&mut conn, caller.workspace.id, id).await?)))
}

/// Show the Paybill
///
/// How to pay by M-Pesa without asking for it here first, where the operator has a Paybill. The account number is the
/// workspace's own.
#[utoipa::path(get, path = "/wallet/paybill",
    responses((status = 200, body = wire::Paybill, description = "Where to pay.")),
    extensions(("x-scope" = json!(Scope::WalletRead)), ("x-errors" = json!([ErrorCode::NotFound,
        ErrorCode::WalletCurrencyMismatch, ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn get_paybill(State(app): State<AppState>, caller: Caller) -> ApiResult<Json<wire::Paybill>> {
    caller.needs(Scope::WalletRead)?;
    let wallet = wallet::read(&mut *app.db.acquire().await?, caller.workspace.id).await?;
    if wallet.currency != Currency::KES {
        return Err(WalletError::CurrencyMismatch { wallet: wallet.currency, amount: Currency::KES }.into());
    }
    let shortcode = daraja::Daraja::of(&app).and_then(|daraja| daraja.paybill().map(str::to_owned));
    let none = || ApiError::new(ErrorCode::NotFound).message("This installation takes no payments to a Paybill.");
    let shortcode = shortcode.ok_or_else(none)?;
    let account_reference = payments::account_reference(&app, caller.workspace.id).await?;
    Ok(Json(wire::Paybill { shortcode, account_reference, currency: Currency::KES.code().to_owned() }))
}

/// Claim a payment
///
/// "I paid, where is it?" For a payment to the Paybill with a wrong account number, or one of which M-Pesa never told us: whoever
/// knows its code, its amount and the telephone that paid is credited. About a code that is unknown here M-Pesa is asked, where the
/// operator has an API user: the claim is answered `payments.unmatched_not_found` like every other that does not fit, and the wallet
/// is credited when M-Pesa has the payment. Five claims a day.
#[utoipa::path(post, path = "/wallet/payment-claims", request_body = wire::ClaimPayment,
    params(Idempotent),
    responses((status = 200, body = wire::PaymentClaim, description = "What came of it.")),
    extensions(("x-scope" = json!(Scope::WalletWrite)), ("x-errors" = json!([ErrorCode::PaymentsUnmatchedNotFound,
        ErrorCode::PaymentsClaimLimit, ErrorCode::WalletInvalidAmount, ErrorCode::WalletNotFound,
        ErrorCode::NumbersWalletUnavailable]))))]
async fn claim_payment(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::WalletWrite)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let body: wire::ClaimPayment = request.read()?;
    let claimed = claim::claim(&app, attempt.tx(), caller.workspace.id, &body).await?;
    let receipt = body.receipt.trim().to_ascii_uppercase();
    let details = json!({ "outcome": claimed.outcome.as_str(), "receipt": receipt, "amount_minor": body.amount_minor });
    audit::record(&app, attempt.tx(), &audit::Entry::by(&caller, "payment.claimed", &receipt, details)).await?;
    if claimed.outcome == wire::ClaimOutcome::Refused {
        // The try counts, so it is committed; the refusal is no answer to be replayed.
        attempt.lease(&app, None).await?.withdraw(&app).await?;
        jobs::ring(&app, Lane::Payments);
        let is_asked = daraja::Daraja::of(&app).is_some_and(daraja::Daraja::can_inquire);
        return Err(if is_asked { PaymentError::NoSuchPaymentYet } else { PaymentError::NoSuchPayment }.into());
    }
    let answer = wire::PaymentClaim { outcome: claimed.outcome, amount_minor: claimed.amount_minor, receipt };
    let answer = attempt.commit(&app, StatusCode::OK, &answer).await?;
    settle::committed(&app, claimed.posted);
    Ok(answer)
}

/// A top-up as its workspace sees it.
pub(super) fn top_up_body(top_up: TopUp) -> wire::TopUp {
    wire::TopUp {
        id: top_up.id,
        method: top_up.method.as_str().to_owned(),
        channel: top_up.channel.as_str().to_owned(),
        simulated: top_up.simulated,
        status: top_up.status.as_str().to_owned(),
        amount_minor: top_up.amount_minor,
        currency: top_up.currency.code().to_owned(),
        authorization_url: top_up.authorization_url,
        failure_reason: top_up.failure_reason,
        may_be_paid: top_up.may_be_paid,
        receipt: top_up.receipt,
        created_at: rfc3339(top_up.created_at),
        settled_at: top_up.settled_at.map(rfc3339),
    }
}
