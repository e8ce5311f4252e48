//! `/v1/wallet/alerts` and `/v1/wallet/alert-subscribers`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::alerts as wire;
use sautikit_api::rights::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{AlertError, Subscriber, set_threshold, sql, subscribe, unsubscribe};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::wallet::{Wallet, read};
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::idempotency::{self, Begun, Request};
use crate::web::json::JsonBody;
use crate::web::params::Idempotent;

/// The routes of alerts, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_alerts, set_alerts))
        .routes(routes!(list_subscribers, create_subscriber))
        .routes(routes!(delete_subscriber))
}

/// Show the low-balance alert
#[utoipa::path(get, path = "/wallet/alerts",
    responses((status = 200, body = wire::Alerts, description = "The alert.")),
    extensions(("x-scope" = json!(Scope::WalletRead)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn get_alerts(State(app): State<AppState>, caller: Caller) -> ApiResult<Json<wire::Alerts>> {
    caller.needs(Scope::WalletRead)?;
    Ok(Json(body(&read(&mut *app.db.acquire().await?, caller.workspace.id).await?)))
}

/// Set the low-balance alert
///
/// A balance that is below the threshold already is told of when it has risen to it and falls again.
#[utoipa::path(put, path = "/wallet/alerts", request_body = wire::SetAlerts,
    responses((status = 200, body = wire::Alerts, description = "The alert as it is now.")),
    extensions(("x-scope" = json!(Scope::WalletWrite)),
        ("x-errors" = json!([ErrorCode::WalletNotFound, ErrorCode::NumbersWalletUnavailable]))))]
async fn set_alerts(
    State(app): State<AppState>,
    caller: Caller,
    sent: JsonBody<wire::SetAlerts>,
) -> ApiResult<Json<wire::Alerts>> {
    caller.needs(Scope::WalletWrite)?;
    let wallet = set_threshold(&app, &caller, sent.read()?.low_balance_threshold_minor).await?;
    Ok(Json(body(&wallet)))
}

/// List who is alerted
#[utoipa::path(get, path = "/wallet/alert-subscribers",
    responses((status = 200, body = Vec<wire::AlertSubscriber>, description = "Subscribers, the oldest first; at most 10.")),
    extensions(("x-scope" = json!(Scope::WalletRead))))]
async fn list_subscribers(State(app): State<AppState>, caller: Caller) -> ApiResult<Json<Vec<wire::AlertSubscriber>>> {
    caller.needs(Scope::WalletRead)?;
    let subscribers = sql::list(&mut *app.db.acquire().await?, caller.workspace.id).await?;
    Ok(Json(subscribers.into_iter().map(subscriber_body).collect()))
}

/// Alert somebody
///
/// By mail, whenever the balance falls below the threshold. Anybody's address, at most 10 of a workspace.
#[utoipa::path(post, path = "/wallet/alert-subscribers", request_body = wire::CreateAlertSubscriber, params(Idempotent),
    responses((status = 201, body = wire::AlertSubscriber, description = "The subscriber.")),
    extensions(("x-scope" = json!(Scope::WalletWrite)), ("x-errors" = json!([ErrorCode::WalletAlertSubscriberExists,
        ErrorCode::WalletAlertSubscriberInvalidEmail, ErrorCode::WalletAlertSubscribersMax, ErrorCode::WalletNotFound,
        ErrorCode::NumbersWalletUnavailable]))))]
async fn create_subscriber(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::WalletWrite)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let asked: wire::CreateAlertSubscriber = request.read()?;
    let subscriber = subscribe(&app, attempt.tx(), &caller, &asked.email).await?;
    attempt.commit(&app, StatusCode::CREATED, &subscriber_body(subscriber)).await
}

/// Alert somebody no more
#[utoipa::path(delete, path = "/wallet/alert-subscribers/{id}",
    responses((status = 204, description = "They are told no more.")),
    extensions(("x-scope" = json!(Scope::WalletWrite)),
        ("x-errors" = json!([ErrorCode::WalletAlertSubscriberNotFound]))))]
async fn delete_subscriber(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    caller.needs(Scope::WalletWrite)?;
    let id = id.parse().map_err(|_| AlertError::NotFound)?;
    unsubscribe(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn body(wallet: &Wallet) -> wire::Alerts {
    wire::Alerts {
        low_balance_threshold_minor: wallet.low_balance_threshold_minor,
        currency: wallet.currency.code().to_owned(),
    }
}

fn subscriber_body(subscriber: Subscriber) -> wire::AlertSubscriber {
    let Subscriber { id, email, created_at } = subscriber;
    wire::AlertSubscriber { id, email, created_at: rfc3339(created_at) }
}
