//! `/v1/wallet/limits`, `/v1/wallet/unfreeze` and the operator's side of both.

use axum::Json;
use axum::extract::{Path, State};
use sautikit_api::ErrorCode;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::limits as wire;
use sautikit_api::rights::Scope;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Both, Countries, Limits, Set, Side, read, set};
use crate::audit::Actor;
use crate::calls::{CallError, fraud};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::{Caller, Operator, SignedIn};
use crate::web::error::{ApiError, ApiResult};
use crate::web::json::JsonBody;

/// How long after signing in an owner may let frozen calls go on: as operators act (a stolen session of yesterday can't).
const UNFREEZE_WITHIN_US: i64 = 12 * 3_600 * 1_000_000;

/// The routes of limits, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_limits, set_limits))
        .routes(routes!(unfreeze))
        .routes(routes!(admin_get_limits, admin_set_limits))
        .routes(routes!(admin_unfreeze))
}

/// Show the limits of calls
///
/// What calls may, from both sides, and what is used of it today.
#[utoipa::path(get, path = "/wallet/limits",
    responses((status = 200, body = wire::Limits, description = "The limits.")),
    extensions(("x-scope" = json!(Scope::WalletRead)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn get_limits(State(app): State<AppState>, caller: Caller) -> ApiResult<Json<wire::Limits>> {
    caller.needs(Scope::WalletRead)?;
    let both = read(&app, &mut *app.db.acquire().await?, caller.workspace.id).await?;
    Ok(Json(body(&app, &both)))
}

/// Set the limits of calls
///
/// All of them at once: what is absent or null is left to the operator's ceiling, and nothing may be above it. Takes a person,
/// because a key that leaked must not open what an owner has closed.
#[utoipa::path(put, path = "/wallet/limits", request_body = wire::LimitSet,
    responses((status = 200, body = wire::Limits, description = "The limits as they are now.")),
    extensions(("x-scope" = json!(Scope::LimitsWrite)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn set_limits(
    State(app): State<AppState>,
    caller: Caller,
    body_sent: JsonBody<wire::LimitSet>,
) -> ApiResult<Json<wire::Limits>> {
    caller.needs(Scope::LimitsWrite)?;
    let by = (Actor::from(&caller), caller.ip.clone());
    let both = set(&app, caller.workspace.id, Side::Workspace, wanted(&body_sent.read()?), by).await?;
    Ok(Json(body(&app, &both)))
}

/// Let outbound calls go on
///
/// Ends a freeze. Takes an owner who signed in within 12 hours. Where nothing is frozen nothing happens.
#[utoipa::path(post, path = "/wallet/unfreeze",
    responses((status = 200, body = wire::Limits, description = "The limits as they are now.")),
    extensions(("x-scope" = json!(Scope::CallsUnfreeze)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn unfreeze(
    State(app): State<AppState>,
    caller: Caller,
    person: ApiResult<SignedIn>,
) -> ApiResult<Json<wire::Limits>> {
    caller.needs(Scope::CallsUnfreeze)?;
    let is_fresh = person.is_ok_and(|person| person.session.created_at_us >= app.now_us() - UNFREEZE_WITHIN_US);
    if !is_fresh {
        let message = "Frozen calls are let go on within 12 hours of signing in. Sign out and in again.";
        return Err(ApiError::new(ErrorCode::AuthSessionInvalid).message(message));
    }
    let by = (Actor::from(&caller), caller.ip.clone());
    Ok(Json(body(&app, &fraud::unfreeze(&app, caller.workspace.id, by).await?)))
}

/// Show a tenant's limits
#[utoipa::path(get, operation_id = "admin_get_limits", path = "/admin/workspaces/{id}/limits", security(("session" = [])),
    responses((status = 200, body = wire::Limits, description = "The limits.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn admin_get_limits(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::Limits>> {
    let both = read(&app, &mut *app.db.acquire().await?, workspace_id(&id)?).await.map_err(of_nobody)?;
    Ok(Json(body(&app, &both)))
}

/// Set a tenant's ceiling
///
/// All of it at once: what is absent or null is left to the server's settings. Calls learn of it within a second.
#[utoipa::path(put, operation_id = "admin_set_limits", path = "/admin/workspaces/{id}/limits", security(("session" = [])),
    request_body = wire::LimitSet,
    responses((status = 200, body = wire::Limits, description = "The limits as they are now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn admin_set_limits(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
    body_sent: JsonBody<wire::LimitSet>,
) -> ApiResult<Json<wire::Limits>> {
    let id = workspace_id(&id)?;
    let set = set(&app, id, Side::Operator, wanted(&body_sent.read()?), by_operator(&operator));
    Ok(Json(body(&app, &set.await.map_err(of_nobody)?)))
}

/// Let a tenant's outbound calls go on
///
/// Ends a freeze. Where nothing is frozen nothing happens.
#[utoipa::path(post, operation_id = "admin_unfreeze", path = "/admin/workspaces/{id}/unfreeze", security(("session" = [])),
    responses((status = 200, body = wire::Limits, description = "The limits as they are now.")),
    extensions(("x-errors" = json!([ErrorCode::NotFound]))))]
async fn admin_unfreeze(
    State(app): State<AppState>,
    operator: Operator,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::Limits>> {
    let both = fraud::unfreeze(&app, workspace_id(&id)?, by_operator(&operator)).await.map_err(of_nobody)?;
    Ok(Json(body(&app, &both)))
}

fn by_operator(operator: &Operator) -> (Actor, Option<String>) {
    (Actor::Operator(Some(operator.user_id.to_string())), operator.ip.clone())
}

fn workspace_id(text: &str) -> ApiResult<WorkspaceId> {
    text.parse().map_err(|_| ErrorCode::NotFound.into())
}

/// A workspace that is not there is no wallet that is missing.
fn of_nobody(error: CallError) -> ApiError {
    match error {
        CallError::Wallet(crate::wallet::WalletError::NotFound) => ErrorCode::NotFound.into(),
        error => error.into(),
    }
}

fn wanted(body: &wire::LimitSet) -> (Set, Option<i64>) {
    // What is no figure of a limit is 0, which none may be.
    let figure = |figure: Option<i64>| figure.map(|figure| u32::try_from(figure).unwrap_or(0));
    let set = Set {
        concurrent_calls: figure(body.concurrent_calls),
        calls_per_second: figure(body.calls_per_second),
        countries: body.countries.clone().map(Countries::of),
        premium: body.premium,
        satellite: body.satellite,
    };
    (set, body.spend_per_day_minor)
}

fn set_body(set: &Set, spend_per_day_minor: Option<i64>) -> wire::LimitSet {
    wire::LimitSet {
        spend_per_day_minor,
        concurrent_calls: set.concurrent_calls.map(i64::from),
        calls_per_second: set.calls_per_second.map(i64::from),
        countries: set.countries.as_ref().map(Countries::codes),
        premium: set.premium,
        satellite: set.satellite,
    }
}

fn all_of(limits: &Limits) -> Set {
    Set {
        concurrent_calls: limits.concurrent_calls,
        calls_per_second: limits.calls_per_second,
        countries: Some(limits.countries.clone()),
        premium: Some(limits.premium),
        satellite: Some(limits.satellite),
    }
}

fn body(app: &AppState, both: &Both) -> wire::Limits {
    let wallet = &both.wallet;
    wire::Limits {
        currency: wallet.currency.code().to_owned(),
        in_force: set_body(&all_of(&both.in_force), both.spend_in_force_minor(app)),
        own: set_body(&both.own, wallet.spend.limit_minor),
        operator: set_body(&both.operator, wallet.spend.ceiling_minor),
        ceiling: set_body(&all_of(&both.ceiling), both.spend_ceiling_minor(app)),
        used: wire::LimitsUsed {
            spent_today_minor: wallet.spend.spent_minor,
            held_minor: wallet.held_minor,
            resets_at: rfc3339(wallet.spend.until_us),
            concurrent_calls: both.running,
        },
        frozen: both.freeze.as_ref().map(|(finding, at_us)| freeze_body(finding, *at_us)),
    }
}

fn freeze_body(finding: &Value, at_us: i64) -> wire::Freeze {
    let figure = |name: &str| finding[name].as_i64().unwrap_or_default();
    wire::Freeze {
        frozen_at: rfc3339(at_us),
        reason: finding["reason"].as_str().unwrap_or_default().to_owned(),
        count: figure("count"),
        threshold: figure("threshold"),
    }
}
