//! `/v1/webhooks`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::WebhookEndpointId;
use sautikit_api::rights::Scope;
use sautikit_api::webhooks as wire;
use sqlx::AnyConnection;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Endpoint, Health, Status, sql};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiResult, FailedAs};
use crate::web::idempotency::{self, Request};
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::{Idempotent, Paged};
use crate::webhooks::deliveries::http::delivery_body;
use crate::webhooks::signing::Whose;
use crate::webhooks::store::deliveries as delivery_sql;
use crate::webhooks::{WebhookError, endpoints, ring};

/// Deliveries by which an endpoint's health is told.
const SAMPLES: i64 = 100;

/// The routes of endpoints, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_webhooks, create_webhook))
        .routes(routes!(get_webhook, update_webhook, delete_webhook))
        .routes(routes!(rotate_webhook_secret))
        .routes(routes!(test_webhook))
}

/// Set up a webhook endpoint
///
/// Events that happen from now on are sent there. The answer is the only time that the secret is shown.
#[utoipa::path(post, path = "/webhooks", request_body = wire::CreateWebhook, params(Idempotent),
    responses((status = 201, body = wire::CreatedWebhook, description = "The endpoint with its secret.")),
    extensions(("x-scope" = json!(Scope::WebhooksWrite)),
        ("x-errors" = json!([ErrorCode::WebhooksEventUnsupported, ErrorCode::WebhooksCreateFailed]))))]
async fn create_webhook(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let body: wire::CreateWebhook = request.read()?;
        let created = endpoints::create(&app, attempt.tx(), &caller, body).await;
        let (endpoint, secret) = created.failed_as(ErrorCode::WebhooksCreateFailed)?;
        let webhook = webhook_body(endpoint, Health::default(), app.now_us());
        let answer = attempt.commit(&app, StatusCode::CREATED, &wire::CreatedWebhook { webhook, secret }).await?;
        ring(&app);
        Ok(answer)
    })
    .await
}

/// List webhook endpoints
///
/// Those that were set up here, and the origins that `events_url` of numbers and calls has led to.
#[utoipa::path(get, path = "/webhooks", params(Paged),
    responses((status = 200, body = Vec<wire::Webhook>, description = "Endpoints without secrets, the newest first.")),
    extensions(("x-scope" = json!(Scope::WebhooksRead)), ("x-errors" = json!([ErrorCode::WebhooksListFailed]))))]
async fn list_webhooks(State(app): State<AppState>, caller: Caller, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksRead)?;
    let page = page?;
    let shown = read_all(&app, &caller, &page).await.failed_as(ErrorCode::WebhooksListFailed)?;
    let now_us = app.now_us();
    let position = |(endpoint, _): &(Endpoint, Health)| (endpoint.created_at, endpoint.id.0);
    Ok(page.answer(shown, position, |(endpoint, health)| webhook_body(endpoint, health, now_us)))
}

async fn read_all(app: &AppState, caller: &Caller, page: &Page) -> Result<Vec<(Endpoint, Health)>, WebhookError> {
    let mut conn = app.db.acquire().await?;
    let mut shown = Vec::new();
    for endpoint in sql::list(&mut conn, caller.workspace.id, page.before(), page.fetch_limit()).await? {
        let health = health_of(&mut conn, endpoint.id).await?;
        shown.push((endpoint, health));
    }
    Ok(shown)
}

/// Show a webhook endpoint
#[utoipa::path(get, path = "/webhooks/{id}",
    responses((status = 200, body = wire::Webhook, description = "The endpoint without its secret.")),
    extensions(("x-scope" = json!(Scope::WebhooksRead)), ("x-errors" = json!([ErrorCode::WebhooksNotFound]))))]
async fn get_webhook(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<wire::Webhook>> {
    caller.needs(Scope::WebhooksRead)?;
    let mut conn = app.db.acquire().await?;
    let endpoint = endpoints::get(&mut conn, caller.workspace.id, endpoint_id(&id)?).await?;
    let health = health_of(&mut conn, endpoint.id).await?;
    Ok(axum::Json(webhook_body(endpoint, health, app.now_us())))
}

/// Change a webhook endpoint
///
/// Switching it on again lets events that happen from then on go there; what was missed is sent by a retry, or read from
/// `GET /v1/events`.
#[utoipa::path(patch, path = "/webhooks/{id}", request_body = wire::UpdateWebhook,
    responses((status = 200, body = wire::Webhook, description = "The endpoint as it is now.")),
    extensions(("x-scope" = json!(Scope::WebhooksWrite)),
        ("x-errors" = json!([ErrorCode::WebhooksNotFound, ErrorCode::WebhooksEventUnsupported,
            ErrorCode::WebhooksPatchFailed]))))]
async fn update_webhook(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    body: JsonBody<wire::UpdateWebhook>,
) -> ApiResult<axum::Json<wire::Webhook>> {
    caller.needs(Scope::WebhooksWrite)?;
    let updated = endpoints::update(&app, &caller, endpoint_id(&id)?, body.read()?).await;
    let endpoint = updated.failed_as(ErrorCode::WebhooksPatchFailed)?;
    ring(&app);
    let health = health_of(&mut *app.db.acquire().await?, endpoint.id).await?;
    Ok(axum::Json(webhook_body(endpoint, health, app.now_us())))
}

/// Delete a webhook endpoint
///
/// What waits for it is given up. The origin of an `events_url` is not deleted: switch it off, or change the URL.
#[utoipa::path(delete, path = "/webhooks/{id}",
    responses((status = 204, description = "Nothing is sent there any more.")),
    extensions(("x-scope" = json!(Scope::WebhooksWrite)),
        ("x-errors" = json!([ErrorCode::WebhooksNotFound, ErrorCode::WebhooksDeleteFailed]))))]
async fn delete_webhook(State(app): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<StatusCode> {
    caller.needs(Scope::WebhooksWrite)?;
    let deleted = endpoints::delete(&app, &caller, endpoint_id(&id)?).await;
    deleted.failed_as(ErrorCode::WebhooksDeleteFailed)?;
    ring(&app);
    Ok(StatusCode::NO_CONTENT)
}

/// Rotate a webhook endpoint's secret
///
/// The new secret signs at once; the answer is the only time that it is shown. During the grace period an attempt that is
/// answered 400, 401 or 403 is sent again at once, signed with the former one. The body may be left out.
#[utoipa::path(post, path = "/webhooks/{id}/rotate-secret", request_body = Option<wire::RotateSecret>,
    params(Idempotent),
    responses((status = 200, body = wire::CreatedWebhook, description = "The endpoint with its new secret.")),
    extensions(("x-scope" = json!(Scope::WebhooksWrite)),
        ("x-errors" = json!([ErrorCode::WebhooksNotFound, ErrorCode::WebhooksRotateSecretFailed,
            ErrorCode::WebhooksFormerSecretSigns]))))]
async fn rotate_webhook_secret(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let body: wire::RotateSecret = request.read_or_default()?;
        let rotated = endpoints::rotate(&app, attempt.tx(), &caller, endpoint_id(&id)?, &body).await;
        let (endpoint, secret) = rotated.failed_as(ErrorCode::WebhooksRotateSecretFailed)?;
        let health = health_of(attempt.tx(), endpoint.id).await?;
        let webhook = webhook_body(endpoint, health, app.now_us());
        let body = wire::CreatedWebhook { webhook, secret: Some(secret) };
        let answer = attempt.commit(&app, StatusCode::OK, &body).await?;
        ring(&app);
        Ok(answer)
    })
    .await
}

/// Send a test event
///
/// An example of the kind, with `"test": true`, signed and sent like any event. The body may be left out.
#[utoipa::path(post, path = "/webhooks/{id}/test", request_body = Option<wire::TestWebhook>, params(Idempotent),
    responses((status = 202, body = wire::Delivery, description = "The delivery: look at it in a moment.")),
    extensions(("x-scope" = json!(Scope::WebhooksWrite)),
        ("x-errors" = json!([ErrorCode::WebhooksNotFound, ErrorCode::WebhooksEventUnsupported,
            ErrorCode::WebhooksDeliverSecretUnset, ErrorCode::WebhooksDeliveryNotRetryable,
            ErrorCode::WebhooksDispatcherUnavailable]))))]
async fn test_webhook(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let body: wire::TestWebhook = request.read_or_default()?;
        let delivery = endpoints::test(&app, attempt.tx(), &caller, endpoint_id(&id)?, body.event).await?;
        let answer = attempt.commit(&app, StatusCode::ACCEPTED, &delivery_body(delivery)).await?;
        ring(&app);
        Ok(answer)
    })
    .await
}

/// A malformed id answers like an unknown one.
pub(in crate::webhooks) fn endpoint_id(text: &str) -> Result<WebhookEndpointId, WebhookError> {
    text.parse().map_err(|_| WebhookError::NotFound)
}

async fn health_of(conn: &mut AnyConnection, id: WebhookEndpointId) -> Result<Health, WebhookError> {
    Ok(Health::of(&delivery_sql::samples(conn, id, SAMPLES).await?))
}

fn webhook_body(endpoint: Endpoint, health: Health, now_us: i64) -> wire::Webhook {
    let circuit = match endpoint.paused_until {
        None => wire::Circuit::Closed,
        Some(until) if until > now_us => wire::Circuit::Open,
        Some(_) => wire::Circuit::HalfOpen,
    };
    let secret_of = match endpoint.secret_of() {
        Whose::Endpoint => wire::SecretOf::Endpoint,
        Whose::Number => wire::SecretOf::Number,
        Whose::Workspace => wire::SecretOf::Workspace,
    };
    let status = match endpoint.status {
        Status::Enabled => wire::WebhookStatus::Enabled,
        Status::Disabled | Status::Deleted => wire::WebhookStatus::Disabled,
    };
    wire::Webhook {
        id: endpoint.id,
        url: endpoint.url,
        number_id: endpoint.number_id,
        events: endpoint.events,
        description: endpoint.description,
        status,
        disabled_reason: endpoint.disabled_reason,
        rate_per_second: endpoint.rate_per_second,
        secret_of,
        former_secret_until: endpoint.sealed.former_until.filter(|until| *until > now_us).map(rfc3339),
        rotated_at: endpoint.rotated_at.map(rfc3339),
        created_at: rfc3339(endpoint.created_at),
        health: wire::WebhookHealth {
            deliveries: health.deliveries,
            success_rate: health.success_rate,
            p50_ms: health.p50_ms,
            p95_ms: health.p95_ms,
            circuit,
            paused_until: endpoint.paused_until.filter(|until| *until > now_us).map(rfc3339),
            failing_since: endpoint.failing_since.map(rfc3339),
            failures: endpoint.failures,
        },
    }
}
