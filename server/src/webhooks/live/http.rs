//! `GET /v1/calls/stream`: the events of all calls of a workspace as they happen.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use futures::{Stream, StreamExt};
use sautikit_api::rights::Scope;
use sautikit_api::webhooks as wire;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Said;
use super::follower::{Follower, Next};
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::live;

/// Which events are followed.
const KINDS: &str = "call.";
/// What an id of an event is.
const LAST_EVENT_ID: &str = "`Last-Event-ID` is the `id` of the last event of this stream seen, a whole number. Leave it out to follow from now on.";
/// The last event that a reader who fell behind gets.
const DROPPED: &str = "dropped";

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
    let follower = Follower::new(app, caller.workspace.id, KINDS, seen).await?;
    Ok(live::answer(events(follower)))
}

fn events(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    // An id without data is no event, and tells from where to go on whoever is cut off before the first one came.
    let place = futures::stream::once(std::future::ready(Ok(Event::default().id(follower.after().to_string()))));
    place.chain(futures::stream::unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        match follower.next().await {
            Next::Event(said) => Some((Ok(event(&said)), Some(follower))),
            Next::Dropped(after) => Some((Ok(dropped(after)), None)),
            Next::End => None,
        }
    }))
}

fn event(said: &Said) -> Event {
    Event::default().id(said.position.to_string()).event(&said.kind).data(&said.body)
}

fn dropped(after: i64) -> Event {
    let data = json!({ "reason": "too_slow", "last_event_id": after });
    Event::default().event(DROPPED).data(data.to_string())
}
