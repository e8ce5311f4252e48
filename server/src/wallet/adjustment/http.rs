//! `/v1/admin/wallets`: adjustments by operators.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::operator as wire;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Adjustment, Kind, adjust};
use crate::audit::{self, Actor};
use crate::clock::rfc3339;
use crate::line;
use crate::state::AppState;
use crate::wallet::{WalletError, read, store};
use crate::web::caller::Operator;
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Begun, Request};
use crate::web::page::Page;
use crate::web::params::{Idempotent, Paged};

/// Longest reason, in characters.
const REASON_MAX_CHARS: usize = 120;

/// The operators' routes, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_adjustments, create_adjustment))
}

/// List a wallet's adjustments
#[utoipa::path(get, operation_id = "admin_list_adjustments", path = "/admin/wallets/{workspace_id}/adjustments",
    security(("session" = [])), params(Paged),
    responses((status = 200, body = Vec<wire::Adjustment>, description = "Adjustments, the newest first.")),
    extensions(("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn list_adjustments(
    State(app): State<AppState>,
    _: Operator,
    Path(workspace_id): Path<String>,
    page: Page,
) -> ApiResult<Response> {
    let id = workspace(&workspace_id)?;
    let mut conn = app.db.acquire().await?;
    let currency = read(&mut conn, id).await?.currency;
    let rows = store::adjustments::list(&mut conn, id, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(rows, |row| (row.created_at, row.id), |row| body(row, currency.code(), None)))
}

/// Adjust a wallet
///
/// `credit`, `refund`, `promo` and `write_off` put money in, `debit` takes it out and may overdraw. The reason stands in the
/// customer's ledger.
#[utoipa::path(post, operation_id = "admin_create_adjustment", path = "/admin/wallets/{workspace_id}/adjustments",
    request_body = wire::CreateAdjustment, security(("session" = [])), params(Idempotent),
    responses((status = 201, body = wire::Adjustment, description = "The adjustment and the balance after it.")),
    extensions(("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::WalletAdjustmentInvalidKind,
        ErrorCode::WalletInvalidAmount, ErrorCode::NumbersWalletUnavailable]))))]
async fn create_adjustment(
    State(app): State<AppState>,
    operator: Operator,
    Path(workspace_id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    let id = workspace(&workspace_id)?;
    // Before the key, which belongs to the workspace.
    let currency = read(&mut *app.db.acquire().await?, id).await?.currency;
    let mut attempt = match idempotency::begin_within(&app, id, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let asked: wire::CreateAdjustment = request.read()?;
    let kind = Kind::parse(&asked.kind).ok_or_else(|| {
        let kinds: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        ApiError::new(ErrorCode::WalletAdjustmentInvalidKind).at("kind").details(json!({ "kinds": kinds }))
    })?;
    let reason = line::checked(&asked.reason, REASON_MAX_CHARS)
        .ok_or_else(|| ApiError::field("reason", line::rule(REASON_MAX_CHARS)))?;
    let who = (id, operator.user_id);
    let (adjustment, posted) = adjust(&app, attempt.tx(), who, kind, asked.amount_minor, reason).await?;
    let entry = audit::Entry {
        workspace_id: Some(id),
        actor: Actor::Operator(Some(operator.user_id.to_string())),
        action_kind: "wallet.adjusted",
        subject_id: Some(adjustment.id.to_string()),
        details: json!({ "kind": kind.as_str(), "amount_minor": adjustment.amount_minor, "reason": adjustment.reason }),
        ip: operator.ip.clone(),
    };
    audit::record(&app, attempt.tx(), &entry).await?;
    let answer = body(adjustment, currency.code(), Some(posted.balance_after_minor));
    attempt.commit(&app, StatusCode::CREATED, &answer).await
}

/// The workspace that an operators' path names.
pub(in crate::wallet) fn workspace(text: &str) -> Result<WorkspaceId, WalletError> {
    text.parse().map_err(|_| WalletError::NotFound)
}

fn body(adjustment: Adjustment, currency: &str, balance_after_minor: Option<i64>) -> wire::Adjustment {
    wire::Adjustment {
        id: adjustment.id,
        kind: adjustment.kind.as_str().to_owned(),
        amount_minor: adjustment.amount_minor,
        currency: currency.to_owned(),
        reason: adjustment.reason,
        operator_id: adjustment.operator_id,
        balance_after_minor,
        created_at: rfc3339(adjustment.created_at),
    }
}
