//! `/v1/events`, and the kinds that there are.

use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use sautikit_api::rights::Scope;
use sautikit_api::webhooks as wire;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{get, list_after};
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::query::Query;
use crate::webhooks::body::{self, StoredEvent};
use crate::webhooks::delivery::VERSION_HEADER;
use crate::webhooks::kinds::EventKind;
use crate::webhooks::{WebhookError, examples};

/// Events of one answer when the request does not say.
const DEFAULT_LIMIT: i64 = 50;
/// Most events of one answer, as of every list.
const MAX_LIMIT: i64 = 200;

/// Where to read on.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct EventsQuery {
    /// The `id` of the last event seen; the oldest that is kept comes first when absent.
    #[param(pattern = "^(evt_)?[0-9a-f-]{36}$")]
    after: String,
    /// Only of this kind.
    #[param(value_type = Option<sautikit_api::sets::EventKind>)]
    event: String,
    /// Events of one answer.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// The routes of events, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_events)).routes(routes!(get_event)).routes(routes!(list_event_kinds))
}

/// List events
///
/// What webhooks tell, to be asked for: the oldest first, after the one that was seen last. None is left out, and their order
/// never changes. They are kept for 30 days.
#[utoipa::path(get, path = "/events", params(EventsQuery),
    responses((status = 200, body = Vec<wire::Event>, description = "Events; fewer than `limit` means that there are no more for now.")),
    extensions(("x-scope" = json!(Scope::WebhooksRead)),
        ("x-errors" = json!([ErrorCode::NotFound, ErrorCode::WebhooksEventUnsupported]))))]
async fn list_events(
    State(app): State<AppState>,
    caller: Caller,
    OriginalUri(uri): OriginalUri,
    query: ApiResult<Query<EventsQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksRead)?;
    let Query(query) = query?;
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::field("limit", format!("`limit` is a whole number from 1 to {MAX_LIMIT}.")));
    }
    if !query.event.is_empty() && EventKind::parse(&query.event).is_none() {
        return Err(WebhookError::EventUnsupported { field: "event".to_owned(), name: query.event }.into());
    }
    let after = match query.after.as_str() {
        "" => None,
        text => Some(
            body::read_id(text).ok_or_else(|| ApiError::field("after", "`after` is the `id` of an event, `evt_…`."))?,
        ),
    };
    let mut conn = app.db.acquire().await?;
    let events = list_after(&mut conn, caller.workspace.id, after, &query.event, limit).await?;
    let next = events.last().filter(|_| events.len() as i64 == limit).map(|last| next_link(uri.path(), last, &query));
    let bodies: Vec<_> = events.iter().map(body::body).collect();
    let mut response = json_text(format!("[{}]", bodies.join(",")));
    if let Some(Ok(link)) = next.map(HeaderValue::try_from) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn next_link(path: &str, last: &StoredEvent, query: &EventsQuery) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.append_pair("after", &body::shown_id(last.id));
    if !query.event.is_empty() {
        pairs.append_pair("event", &query.event);
    }
    if let Some(limit) = query.limit {
        pairs.append_pair("limit", &limit.to_string());
    }
    format!("<{path}?{}>; rel=\"next\"", pairs.finish())
}

/// Show an event
///
/// As it is sent, byte for byte; `X-Sautikit-Event-Version` says which form of its kind it has.
#[utoipa::path(get, path = "/events/{id}", params(("id" = String, Path, description = "The event's id, `evt_…`.")),
    responses((status = 200, body = wire::Event, description = "The event.")),
    extensions(("x-scope" = json!(Scope::WebhooksRead)), ("x-errors" = json!([ErrorCode::NotFound]))))]
async fn get_event(State(app): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<Response> {
    caller.needs(Scope::WebhooksRead)?;
    let id = body::read_id(&id).ok_or(WebhookError::EventNotFound)?;
    let event = get(&mut *app.db.acquire().await?, caller.workspace.id, id).await?;
    let mut response = json_text(body::body(&event));
    response.headers_mut().insert(VERSION_HEADER, HeaderValue::from(event.version));
    Ok(response)
}

/// List kinds of event
///
/// Each with an example of what is sent.
#[utoipa::path(get, path = "/webhooks/kinds",
    responses((status = 200, body = Vec<wire::EventKindShown>, description = "Every kind of event that there is.")),
    extensions(("x-scope" = json!(Scope::WebhooksRead))))]
async fn list_event_kinds(
    State(app): State<AppState>,
    caller: Caller,
) -> ApiResult<axum::Json<Vec<wire::EventKindShown>>> {
    caller.needs(Scope::WebhooksRead)?;
    Ok(axum::Json(EventKind::ALL.iter().map(|kind| kind_shown(&app, &caller, *kind)).collect()))
}

fn kind_shown(app: &AppState, caller: &Caller, kind: EventKind) -> wire::EventKindShown {
    let (name, data) = (kind.as_str().to_owned(), examples::data(kind));
    let example = wire::Event {
        id: body::shown_id(sautikit_api::ids::EventId(app.new_uuid())),
        event: name.clone(),
        event_kind: name.clone(),
        sequence: i64::from(name.starts_with("call.")),
        created_at: crate::clock::rfc3339(app.now_us()),
        workspace_id: caller.workspace.id,
        test: false,
        payload: data.clone(),
        data,
    };
    wire::EventKindShown { event: name, version: kind.version(), tells: examples::tells(kind).to_owned(), example }
}

fn json_text(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
