//! `/v1/admin/payments`.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::operator as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Found, assign, dismiss, find, list};
use crate::clock::rfc3339;
use crate::line;
use crate::payments::account_reference::{self, Kind};
use crate::payments::http::{checked_receipt, top_up_body};
use crate::payments::incoming::IncomingPayment;
use crate::payments::store::claims::Claim;
use crate::payments::{Method, TopUp, providers, reconcile, store};
use crate::state::AppState;
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::Paged;
use crate::web::query::Query;

/// Longest reason, in characters.
const REASON_MAX_CHARS: usize = 120;

/// The operators' routes, relative to `/v1`.
pub(in crate::payments) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(find_payment))
        .routes(routes!(list_unmatched))
        .routes(routes!(assign_payment))
        .routes(routes!(dismiss_payment))
        .routes(routes!(check_provider))
        .merge(reconcile::http::routes())
}

/// List payments that wait
///
/// Money that a provider has for us and that no wallet was credited with.
#[utoipa::path(get, operation_id = "admin_list_unmatched_payments", path = "/admin/payments/unmatched",
    security(("session" = [])), params(Paged),
    responses((status = 200, body = Vec<wire::UnmatchedPayment>, description = "Payments that wait, the newest first.")))]
async fn list_unmatched(State(app): State<AppState>, _: Operator, page: Page) -> ApiResult<Response> {
    let payments = list(&app, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(payments, |(payment, _)| (payment.created_at, payment.id.0), |(payment, by)| body(payment, by)))
}

/// Which payment.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FindQuery {
    /// The provider's receipt, such as M-Pesa's code in any case, or our reference of a top-up.
    #[param(pattern = "^[!-~]{1,100}$")]
    receipt: String,
}

/// Find a payment
///
/// What became of it: in whose wallet it is, what was taken back of it, or why it waits. About a payment that nobody told of, both
/// lists are empty.
#[utoipa::path(get, operation_id = "admin_find_payment", path = "/admin/payments", security(("session" = [])),
    params(FindQuery),
    responses((status = 200, body = wire::FoundPayments, description = "What is known of it.")))]
async fn find_payment(
    State(app): State<AppState>,
    _: Operator,
    query: ApiResult<Query<FindQuery>>,
) -> ApiResult<Json<wire::FoundPayments>> {
    let Query(FindQuery { receipt }) = query?;
    if receipt.is_empty() {
        return Err(ApiError::field("receipt", "`receipt` is empty. Give the provider's code of the payment."));
    }
    let Found { top_ups, waiting } = find(&app, checked_receipt(&receipt)?).await?;
    let found = |(top_up, reversed_minor): (TopUp, i64)| wire::FoundTopUp {
        workspace_id: top_up.workspace_id,
        reversed_minor,
        top_up: top_up_body(top_up),
    };
    Ok(Json(wire::FoundPayments {
        top_ups: top_ups.into_iter().map(found).collect(),
        waiting: waiting.into_iter().map(|(payment, claims)| body(payment, claims)).collect(),
    }))
}

/// Assign a payment
///
/// Credits the workspace's wallet with it. The workspace is named by its id or by its account number at the Paybill.
#[utoipa::path(post, operation_id = "admin_assign_payment", path = "/admin/payments/{id}/assign",
    request_body = wire::AssignPayment, security(("session" = [])),
    responses((status = 200, body = wire::UnmatchedPayment, description = "The payment as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::PaymentsUnmatchedNotFound, ErrorCode::WalletNotFound,
        ErrorCode::WalletCurrencyMismatch, ErrorCode::WalletInvalidAmount, ErrorCode::NumbersWalletUnavailable]))))]
async fn assign_payment(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    request: JsonBody<wire::AssignPayment>,
) -> ApiResult<Json<wire::UnmatchedPayment>> {
    let workspace_id = named(&app, request.read()?).await?;
    let payment = assign(&app, &operator, &id, workspace_id).await?;
    Ok(Json(body(payment, Vec::new())))
}

/// The workspace that an assignment names, by its id or by its account number.
async fn named(app: &AppState, asked: wire::AssignPayment) -> ApiResult<WorkspaceId> {
    const FIELD: &str = "account_reference";
    let typed = match (asked.workspace_id, asked.account_reference) {
        (Some(workspace_id), None) => return Ok(workspace_id),
        (None, Some(typed)) => typed,
        (Some(_), Some(_)) => {
            return Err(ApiError::field(FIELD, "Give `workspace_id` or `account_reference`, not both."));
        }
        (None, None) => {
            return Err(ApiError::field("workspace_id", "Give `workspace_id`, or `account_reference` instead."));
        }
    };
    let Some((Kind::Workspace, reference)) = account_reference::read(&typed) else {
        return Err(ApiError::field(FIELD, "This is no account number: a character is wrong or missing."));
    };
    let found = store::references::workspace_of(&mut *app.db.acquire().await?, &reference).await?;
    found.ok_or_else(|| {
        ApiError::new(ErrorCode::WalletNotFound).at(FIELD).message("No workspace has this account number.")
    })
}

/// Dismiss a payment
///
/// For money that was sent back, or that is credited under another receipt already.
#[utoipa::path(post, operation_id = "admin_dismiss_payment", path = "/admin/payments/{id}/dismiss",
    request_body = wire::DismissPayment, security(("session" = [])),
    responses((status = 200, body = wire::UnmatchedPayment, description = "The payment as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::PaymentsUnmatchedNotFound]))))]
async fn dismiss_payment(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    request: JsonBody<wire::DismissPayment>,
) -> ApiResult<Json<wire::UnmatchedPayment>> {
    let reason = line::checked(&request.read()?.reason, REASON_MAX_CHARS)
        .ok_or_else(|| ApiError::field("reason", line::rule(REASON_MAX_CHARS)))?;
    let payment = dismiss(&app, &operator, &id, &reason).await?;
    Ok(Json(body(payment, Vec::new())))
}

/// Check a payment provider
///
/// Asks M-Pesa (`mpesa`) or Paystack (`paystack`) whether it takes the credentials that this server is configured with. A
/// provider that is not configured or does not answer is `mpesa.unavailable` or `paystack.unavailable`.
#[utoipa::path(get, operation_id = "admin_check_payment_provider", path = "/admin/payment-providers/{method}",
    params(("method" = String, Path, description = "`mpesa` or `paystack`.")), security(("session" = [])),
    responses((status = 200, body = wire::PaymentProvider, description = "It takes them.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound, ErrorCode::ProviderInvalidCredentials,
        ErrorCode::MpesaUnavailable, ErrorCode::PaystackUnavailable]))))]
async fn check_provider(
    State(app): State<AppState>,
    _: Operator,
    Path(method): Path<String>,
) -> ApiResult<Json<wire::PaymentProvider>> {
    let method = Method::parse(&method).ok_or(ErrorCode::NotFound)?;
    providers::check(&app, method).await?;
    Ok(Json(wire::PaymentProvider { method: method.as_str().to_owned(), name: method.name().to_owned() }))
}

fn body(payment: IncomingPayment, claims: Vec<Claim>) -> wire::UnmatchedPayment {
    let mut claimed_by: Vec<WorkspaceId> = Vec::new();
    for claim in &claims {
        if !claimed_by.contains(&claim.workspace_id) {
            claimed_by.push(claim.workspace_id);
        }
    }
    let claims = claims.into_iter().map(|claim| wire::WaitingClaim {
        workspace_id: claim.workspace_id,
        workspace_name: claim.workspace_name,
        phone: claim.phone,
        amount_minor: claim.amount_minor,
        claimed_at: rfc3339(claim.created_at),
    });
    wire::UnmatchedPayment {
        id: payment.id,
        provider: payment.provider.as_str().to_owned(),
        receipt: payment.receipt,
        amount_minor: payment.amount_minor,
        currency: payment.currency.code().to_owned(),
        account_reference: payment.account_reference,
        payer_phone: payment.payer_phone,
        payer_name: payment.payer_name,
        status: payment.status.as_str().to_owned(),
        reason: payment.reason.map(|reason| reason.as_str().to_owned()),
        claimed_by,
        claims: claims.collect(),
        top_up_id: payment.top_up_id,
        paid_at: rfc3339(payment.paid_at),
    }
}
