//! `/v1/wallet/top-ups`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::TopUpId;
use sautikit_api::wallet as wire;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{PaymentError, TopUp, store};
use crate::audit;
use crate::clock::rfc3339;
use crate::payments;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::idempotency::{self, Begun, Request};
use crate::web::page::Page;
use crate::web::params::{Idempotent, Paged};
use sautikit_api::rights::Scope;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_top_ups, create_top_up)).routes(routes!(get_top_up))
}

/// Top up the wallet
#[utoipa::path(post, path = "/wallet/top-ups", request_body = wire::CreateTopUp,
    params(Idempotent),
    responses((status = 202, body = wire::TopUp, description = "The payment was asked for.")),
    extensions(("x-scope" = json!(Scope::WalletWrite)),
        ("x-errors" = json!([ErrorCode::WalletInvalidAmount, ErrorCode::WalletCurrencyMismatch,
        ErrorCode::MpesaUnavailable, ErrorCode::PaystackUnavailable, ErrorCode::WalletNotFound,
        ErrorCode::NumbersWalletUnavailable]))))]
async fn create_top_up(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::WalletWrite)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let body: wire::CreateTopUp = request.read()?;
    let workspace = &caller.workspace;
    let top_up = payments::create_top_up(&app, attempt.tx(), workspace.id, &workspace.country, &body).await?;
    let details = json!({ "amount_minor": top_up.amount_minor, "method": top_up.method.as_str() });
    audit::record(&app, attempt.tx(), &audit::Entry::by(&caller, "top_up.requested", top_up.id, details)).await?;
    let answer = attempt.commit(&app, StatusCode::ACCEPTED, &top_up_body(top_up)).await?;
    app.job_bell.notify_one();
    Ok(answer)
}

/// List top-ups
#[utoipa::path(get, path = "/wallet/top-ups",
    params(Paged),
    responses((status = 200, body = Vec<wire::TopUp>, description = "Top-ups, the newest first.")),
    extensions(("x-scope" = json!(Scope::WalletRead))))]
async fn list_top_ups(State(app): State<AppState>, caller: Caller, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs(Scope::WalletRead)?;
    let page = page?;
    let mut conn = app.db.acquire().await?;
    let top_ups = store::list(&mut conn, caller.workspace.id, page.before(), page.fetch_limit()).await?;
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

fn top_up_body(top_up: TopUp) -> wire::TopUp {
    wire::TopUp {
        id: top_up.id,
        method: top_up.method.as_str().to_owned(),
        simulated: top_up.simulated,
        status: top_up.status.as_str().to_owned(),
        amount_minor: top_up.amount_minor,
        currency: top_up.currency.code().to_owned(),
        failure_reason: top_up.failure_reason,
        receipt: top_up.receipt,
        created_at: rfc3339(top_up.created_at),
        settled_at: top_up.settled_at.map(rfc3339),
    }
}
