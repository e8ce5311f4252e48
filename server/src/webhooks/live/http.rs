//! `GET /v1/calls/stream`: the events of all calls of a workspace as they happen.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use sautikit_api::rights::Scope;
use sautikit_api::webhooks as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Live, answer, events};
use crate::state::AppState;
use crate::web::caller::{Caller, Right};
use crate::web::error::{ApiError, ApiResult};
use crate::web::live;

/// Which events are followed.
const KINDS: &str = "call.";
/// What an id of an event is.
const LAST_EVENT_ID: &str = "`Last-Event-ID` is the `id` of the last event of this stream seen, a whole number. Leave it out to follow from now on.";

/// The routes of streams, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(stream_calls))
}

/// Follow all calls
///
/// Server-sent events: what webhooks tell of the workspace's calls, as it happens. Without `Last-Event-ID` it begins now. A
/// comment comes every 15 seconds. A reader who is too slow gets a last event `dropped`, and goes on from the `id` of the one
/// before it. After five minutes it ends: whoever comes back with `Last-Event-ID` misses nothing.
#[utoipa::path(get, path = "/calls/stream",
    params(("Last-Event-ID" = Option<i64>, Header, nullable = false, minimum = 0, description = "`id` of the last event of this stream seen; later ones follow.")),
    responses((status = 200, body = wire::StreamedCallsEvent, content_type = "text/event-stream", description = "Events of calls, without an end.")),
    extensions(("x-scope" = json!(Scope::CallsRead))))]
async fn stream_calls(State(app): State<AppState>, caller: Caller, headers: HeaderMap) -> ApiResult<Response> {
    caller.needs(Scope::CallsRead)?;
    let seen = live::last_seen(&headers).ok_or_else(|| ApiError::field("Last-Event-ID", LAST_EVENT_ID))?;
    let place = app.part::<Live>().place(caller.workspace.id, None)?;
    let follower = events::follow(app.clone(), caller.workspace.id, KINDS, seen).await?;
    // An id without data is no event, and tells from where to go on whoever is cut off before the first one came.
    let first = Event::default().id(follower.after().to_string());
    let right = Right::new(&app, &headers, caller, &[Scope::CallsRead]);
    Ok(answer::answer(&app, follower, Some(right), place, Some(first)))
}
