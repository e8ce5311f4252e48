//! `/v1/webhooks/deliveries` and `/v1/webhooks/{id}/deliveries`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::DeliveryId;
use sautikit_api::rights::Scope;
use sautikit_api::webhooks as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Delivery, Filter, Of, STATUSES, sql};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult, FailedAs};
use crate::web::idempotency::{self, Request};
use crate::web::moment::read_moment;
use crate::web::page::Page;
use crate::web::params::{Idempotent, Moment, Paged};
use crate::web::query::Query;
use crate::webhooks::endpoints::http::endpoint_id;
use crate::webhooks::kinds::EventKind;
use crate::webhooks::missed::Looked;
use crate::webhooks::store::dispatch::AttemptRow;
use crate::webhooks::{WebhookError, body, deliveries, endpoints, ring};

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct DeliveriesQuery {
    /// Only deliveries that stand here.
    #[param(value_type = Option<sautikit_api::sets::DeliveryStatus>)]
    status: String,
    /// Only of events of this kind.
    #[param(value_type = Option<sautikit_api::sets::EventKind>)]
    event: String,
    /// Not made before: a day (2026-06-30) or a moment (2026-06-30T12:00:00Z).
    #[param(value_type = Option<Moment>)]
    from: String,
    /// Made before this moment, or until the end of this day.
    #[param(value_type = Option<Moment>)]
    to: String,
    /// Only of this call's events.
    #[param(value_type = Option<uuid::Uuid>)]
    call_id: String,
    /// Only of this event, `evt_…`; it goes before `call_id`.
    #[param(pattern = "^(evt_)?[0-9a-f-]{36}$")]
    event_id: String,
}

/// The routes of deliveries, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_deliveries))
        .routes(routes!(list_webhook_deliveries))
        .routes(routes!(get_delivery))
        .routes(routes!(retry_delivery))
        .routes(routes!(retry_deliveries))
}

/// List all deliveries
///
/// To every endpoint of the workspace, deleted ones too. They are kept for 30 days.
#[utoipa::path(get, path = "/webhooks/deliveries", params(Paged, DeliveriesQuery),
    responses((status = 200, body = Vec<wire::Delivery>, description = "Deliveries, the newest first.")),
    extensions(("x-scope" = json!(Scope::WebhooksRead)), ("x-errors" = json!([ErrorCode::WebhooksListFailed]))))]
async fn list_deliveries(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<DeliveriesQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksRead)?;
    let (page, Query(query)) = (page?, query?);
    let filter = read_filter(query)?;
    let rows = list(&app, &caller, &page, &filter).await.failed_as(ErrorCode::WebhooksListFailed)?;
    Ok(page.answer(rows, |row| (row.created_at, row.id.0), delivery_body))
}

/// List an endpoint's deliveries
///
/// They are kept for 30 days.
#[utoipa::path(get, path = "/webhooks/{id}/deliveries", params(Paged, DeliveriesQuery),
    responses((status = 200, body = Vec<wire::Delivery>, description = "Deliveries, the newest first.")),
    extensions(("x-scope" = json!(Scope::WebhooksRead)),
        ("x-errors" = json!([ErrorCode::WebhooksNotFound, ErrorCode::WebhooksListFailed]))))]
async fn list_webhook_deliveries(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    page: ApiResult<Page>,
    query: ApiResult<Query<DeliveriesQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksRead)?;
    let (page, Query(query)) = (page?, query?);
    let mut filter = read_filter(query)?;
    filter.endpoint = Some(endpoint_id(&id)?);
    let rows = list(&app, &caller, &page, &filter).await.failed_as(ErrorCode::WebhooksListFailed)?;
    Ok(page.answer(rows, |row| (row.created_at, row.id.0), delivery_body))
}

async fn list(app: &AppState, caller: &Caller, page: &Page, filter: &Filter) -> Result<Vec<Delivery>, WebhookError> {
    let (workspace, mut conn) = (caller.workspace.id, app.db.acquire().await?);
    if let Some(id) = filter.endpoint {
        endpoints::get(&mut conn, workspace, id).await?;
    }
    let before = page.before_until(filter.to_us);
    Ok(sql::list(&mut conn, workspace, filter, before, page.fetch_limit()).await?)
}

fn read_filter(query: DeliveriesQuery) -> ApiResult<Filter> {
    if !query.status.is_empty() && !STATUSES.contains(&query.status.as_str()) {
        return Err(ApiError::field("status", format!("`status` is one of: {}.", STATUSES.join(", "))));
    }
    if !query.event.is_empty() && EventKind::parse(&query.event).is_none() {
        return Err(WebhookError::EventUnsupported { field: "event".to_owned(), name: query.event }.into());
    }
    let from_us = read_moment(query.from.trim(), "from", i64::MIN, false)?;
    let to_us = read_moment(query.to.trim(), "to", i64::MAX, true)?;
    let of = match (query.event_id.as_str(), query.call_id.as_str()) {
        ("", "") => None,
        ("", call) => {
            Some(Of::Call(call.parse().map_err(|_| ApiError::field("call_id", "`call_id` is the `id` of a call."))?))
        }
        (event, _) => Some(Of::Event(
            body::read_id(event)
                .ok_or_else(|| ApiError::field("event_id", "`event_id` is the `id` of an event, `evt_…`."))?,
        )),
    };
    Ok(Filter { endpoint: None, status: query.status, kind: query.event, from_us, to_us, of })
}

/// Show a delivery
///
/// With what is sent, byte for byte, and every attempt.
#[utoipa::path(get, path = "/webhooks/deliveries/{id}/attempts",
    responses((status = 200, body = wire::DeliveryDetail, description = "The delivery with its attempts.")),
    extensions(("x-scope" = json!(Scope::WebhooksRead)), ("x-errors" = json!([ErrorCode::WebhooksNotFound]))))]
async fn get_delivery(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<wire::DeliveryDetail>> {
    caller.needs(Scope::WebhooksRead)?;
    let mut conn = app.db.acquire().await?;
    let (delivery, body, attempts) = deliveries::get_detail(&mut conn, caller.workspace.id, delivery_id(&id)?).await?;
    let log = attempts.into_iter().map(attempt_body).collect();
    Ok(axum::Json(wire::DeliveryDetail { delivery: delivery_body(delivery), body, log }))
}

/// Retry a delivery
///
/// The same event is sent again at once, and by the whole schedule if it fails.
#[utoipa::path(post, path = "/webhooks/deliveries/{id}/retry", params(Idempotent),
    responses((status = 202, body = wire::Delivery, description = "It is on its way.")),
    extensions(("x-scope" = json!(Scope::WebhooksWrite)),
        ("x-errors" = json!([ErrorCode::WebhooksNotFound, ErrorCode::WebhooksDeliveryNotRetryable,
            ErrorCode::WebhooksDispatcherUnavailable]))))]
async fn retry_delivery(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let delivery = deliveries::retry(&app, attempt.tx(), &caller, delivery_id(&id)?).await?;
        let answer = attempt.commit(&app, StatusCode::ACCEPTED, &delivery_body(delivery)).await?;
        ring(&app);
        Ok(answer)
    })
    .await
}

/// Retry an endpoint's deliveries
///
/// All that were made in the span, and failed or are exhausted, are sent again. With `missing` what happened in it and was never
/// sent there, because the endpoint was off or not there yet, is sent too. Where the answer says `has_more`, ask again, with its
/// `next_after` as `after` if it has one.
#[utoipa::path(post, path = "/webhooks/{id}/retry", request_body = wire::RetryDeliveries, params(Idempotent),
    responses((status = 202, body = wire::Retried, description = "They are on their way.")),
    extensions(("x-scope" = json!(Scope::WebhooksWrite)),
        ("x-errors" = json!([ErrorCode::WebhooksNotFound, ErrorCode::WebhooksEventUnsupported,
            ErrorCode::WebhooksDeliveryNotRetryable, ErrorCode::WebhooksDispatcherUnavailable]))))]
async fn retry_deliveries(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksWrite)?;
    // Before the transaction, which others wait for. What is wrong with it is said within.
    let missed = match read_retry(&app, &request) {
        Ok((from_us, to_us, body)) if body.missing => {
            let asked = ((from_us, to_us), body.event.as_deref());
            let after = body.after.as_deref().and_then(body::read_id);
            match endpoint_id(&id) {
                Ok(id) => deliveries::find_missed(&app, &caller, id, asked, after).await,
                Err(error) => Err(error),
            }
        }
        _ => Ok(Looked::default()),
    };
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let (from_us, to_us, body) = read_retry(&app, &request)?;
        let asked = (from_us, to_us, body.event);
        let retried = deliveries::retry_all(&app, attempt.tx(), &caller, endpoint_id(&id)?, asked, &missed?).await?;
        let answer = attempt.commit(&app, StatusCode::ACCEPTED, &retried).await?;
        ring(&app);
        Ok(answer)
    })
    .await
}

/// The span, in microseconds UTC, and what else is asked for.
fn read_retry(app: &AppState, request: &Request) -> ApiResult<(i64, i64, wire::RetryDeliveries)> {
    let body: wire::RetryDeliveries = request.read()?;
    if body.after.as_deref().is_some_and(|id| body::read_id(id).is_none()) {
        return Err(ApiError::field("after", "`after` is the `next_after` of the answer before."));
    }
    let from_us = read_moment(&body.from, "from", i64::MIN, false)?;
    // What is made in this moment is of the span.
    let to_us = read_moment(body.to.as_deref().unwrap_or_default(), "to", app.now_us() + 1, true)?;
    if to_us < from_us {
        let (field, message) = match body.to {
            Some(_) => ("to", "`to` is before `from`, so that nothing lies between them."),
            None => ("from", "`from` is still to come, so that nothing lies after it."),
        };
        return Err(ApiError::field(field, message));
    }
    Ok((from_us, to_us, body))
}

/// A malformed id answers like an unknown one.
fn delivery_id(text: &str) -> Result<DeliveryId, WebhookError> {
    text.parse().map_err(|_| WebhookError::DeliveryNotFound)
}

/// A delivery as it is shown.
pub(in crate::webhooks) fn delivery_body(delivery: Delivery) -> wire::Delivery {
    let is_pending = delivery.status == "pending";
    wire::Delivery {
        id: delivery.id,
        webhook_id: delivery.endpoint_id,
        event_id: body::shown_id(delivery.event_id),
        event: delivery.event_kind,
        url: delivery.url,
        status: delivery.status,
        attempts: delivery.attempts,
        next_attempt_at: is_pending.then(|| rfc3339(delivery.next_attempt_at)),
        last_attempt_at: delivery.last_attempt_at.map(rfc3339),
        last_status: delivery.last_status,
        last_error: delivery.last_error,
        last_duration_ms: delivery.last_duration_ms,
        delivered_at: delivery.delivered_at.map(rfc3339),
        created_at: rfc3339(delivery.created_at),
    }
}

fn attempt_body(attempt: AttemptRow) -> wire::DeliveryAttempt {
    wire::DeliveryAttempt {
        number: attempt.number,
        started_at: rfc3339(attempt.started_at),
        duration_ms: attempt.duration_ms,
        status: attempt.status,
        error: attempt.error,
        answer: attempt.answer,
        secret: attempt.secret,
        signature: attempt.signature,
        answer_headers: attempt.answer_headers,
    }
}
