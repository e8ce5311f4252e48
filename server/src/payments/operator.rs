//! `/v1/admin/payments`: what operators decide about payments that nobody could be credited with.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::{IncomingPaymentId, WorkspaceId};
use sautikit_api::operator as wire;
use serde_json::json;
use sqlx::AnyConnection;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::incoming::{self, IncomingPayment, Status};
use super::{PaymentError, settle, store};
use crate::audit::{self, Actor};
use crate::clock::rfc3339;
use crate::line;
use crate::state::AppState;
use crate::wallet::{self, WalletError};
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::Paged;

/// Longest reason, in characters.
const REASON_MAX_CHARS: usize = 120;

/// The operators' routes, relative to `/v1`.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_unmatched))
        .routes(routes!(assign_payment))
        .routes(routes!(dismiss_payment))
}

/// List payments that wait
///
/// Money that a provider has for us and that no wallet was credited with.
#[utoipa::path(get, operation_id = "admin_list_unmatched_payments", path = "/admin/payments/unmatched",
    security(("session" = [])), params(Paged),
    responses((status = 200, body = Vec<wire::UnmatchedPayment>, description = "Payments that wait, the newest first.")))]
async fn list_unmatched(State(app): State<AppState>, _: Operator, page: Page) -> ApiResult<Response> {
    let mut conn = app.db.acquire().await?;
    let payments = store::incoming::list_unmatched(&mut conn, page.before(), page.fetch_limit()).await?;
    let mut bodies = Vec::with_capacity(payments.len());
    for payment in payments {
        let claimed_by = store::incoming::claimants(&mut conn, &payment.receipt).await?;
        bodies.push((payment, claimed_by));
    }
    Ok(page.answer(bodies, |(payment, _)| (payment.created_at, payment.id.0), |(payment, by)| body(payment, by)))
}

/// Assign a payment
///
/// Credits the workspace's wallet with it.
#[utoipa::path(post, operation_id = "admin_assign_payment", path = "/admin/payments/{id}/assign",
    request_body = wire::AssignPayment, security(("session" = [])),
    responses((status = 200, body = wire::UnmatchedPayment, description = "The payment as it is now.")),
    extensions(("x-errors" = json!([ErrorCode::PaymentsUnmatchedNotFound, ErrorCode::NotFound,
        ErrorCode::WalletCurrencyMismatch, ErrorCode::WalletInvalidAmount, ErrorCode::NumbersWalletUnavailable]))))]
async fn assign_payment(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    request: JsonBody<wire::AssignPayment>,
) -> ApiResult<Json<wire::UnmatchedPayment>> {
    let workspace_id = request.read()?.workspace_id;
    let mut tx = app.db.begin_write().await?;
    let payment = waiting(&mut tx, &id).await?;
    let wallet = wallet::read(&mut tx, workspace_id).await.map_err(|error| match error {
        WalletError::NotFound => ApiError::new(ErrorCode::NotFound).at("workspace_id"),
        other => other.into(),
    })?;
    if wallet.currency != payment.currency {
        return Err(WalletError::CurrencyMismatch { wallet: wallet.currency, amount: payment.currency }.into());
    }
    let posted =
        incoming::credit_workspace(&app, &mut tx, &payment, workspace_id).await.map_err(|error| match error {
            PaymentError::NotFound => PaymentError::NoSuchPayment,
            other => other,
        })?;
    let details = json!({ "receipt": payment.receipt, "amount_minor": payment.amount_minor });
    record(&app, &mut tx, &operator, "payment.assigned", Some(workspace_id), &payment, details).await?;
    let payment = store::incoming::find(&mut tx, payment.id).await?.ok_or(PaymentError::NoSuchPayment)?;
    tx.commit().await?;
    settle::committed(&app, posted);
    Ok(Json(body(payment, Vec::new())))
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
    let mut tx = app.db.begin_write().await?;
    let payment = waiting(&mut tx, &id).await?;
    if !store::incoming::dismiss(&mut tx, payment.id, app.now_us()).await? {
        return Err(PaymentError::NoSuchPayment.into());
    }
    let details = json!({ "receipt": payment.receipt, "reason": reason });
    record(&app, &mut tx, &operator, "payment.dismissed", None, &payment, details).await?;
    tx.commit().await?;
    Ok(Json(body(IncomingPayment { status: Status::Dismissed, ..payment }, Vec::new())))
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
) -> ApiResult<()> {
    let entry = audit::Entry {
        workspace_id,
        actor: Actor::Operator(Some(operator.user_id.to_string())),
        action_kind,
        subject_id: Some(payment.id.to_string()),
        details,
        ip: operator.ip.clone(),
    };
    Ok(audit::record(app, tx, &entry).await?)
}

fn body(payment: IncomingPayment, claimed_by: Vec<WorkspaceId>) -> wire::UnmatchedPayment {
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
        top_up_id: payment.top_up_id,
        paid_at: rfc3339(payment.paid_at),
    }
}
