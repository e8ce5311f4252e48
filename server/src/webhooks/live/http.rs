//! `GET /v1/calls/stream`: the events of all calls of a workspace as they happen.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use sautikit_api::ids::WorkspaceId;
use sautikit_api::rights::Scope;
use sautikit_api::webhooks as wire;
use serde_json::json;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{BATCH, Said, follow, look, sql};
use crate::clock;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::webhooks::WebhookError;

/// What an id of an event is.
const LAST_EVENT_ID: &str = "`Last-Event-ID` is the `id` of the last event of this stream seen, a whole number. Leave it out to follow from now on.";
/// How long a reader follows on one credential: clients of server-sent events come back by themselves, and are looked at again.
const LASTS: Duration = Duration::from_secs(300);
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
    responses((status = 200, body = wire::Event, content_type = "text/event-stream", description = "Events of calls, without an end.")),
    extensions(("x-scope" = json!(Scope::CallsRead))))]
async fn stream_calls(State(app): State<AppState>, caller: Caller, headers: HeaderMap) -> ApiResult<Response> {
    caller.needs(Scope::CallsRead)?;
    let workspace = caller.workspace.id;
    let newest = newest(&app, workspace).await?;
    let after = match headers.get("last-event-id") {
        Some(seen) => read_last_seen(seen, newest).ok_or_else(|| ApiError::field("Last-Event-ID", LAST_EVENT_ID))?,
        None => newest,
    };
    // Before anything is looked up: what is placed meanwhile comes by the room.
    let reader = follow(&app, workspace, newest);
    let until = clock::timer_now() + LASTS;
    let follower = Follower {
        app,
        workspace,
        after,
        waiting: Vec::new().into_iter(),
        catches_up: true,
        is_new: true,
        reader,
        until,
    };
    let mut response = Sse::new(follower.events()).keep_alive(KeepAlive::default()).into_response();
    // Proxies that collect an answer before they pass it on would hold the events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn newest(app: &AppState, workspace: WorkspaceId) -> Result<i64, WebhookError> {
    Ok(sql::last_position(&mut *app.db.acquire().await?, workspace).await?)
}

/// Empty is what EventSource sends before it has seen anything.
fn read_last_seen(value: &HeaderValue, newest: i64) -> Option<i64> {
    let text = value.to_str().ok()?.trim();
    if text.is_empty() { Some(newest) } else { text.parse().ok().filter(|position| *position >= 0) }
}

/// Where a reader stands.
struct Follower {
    app: AppState,
    workspace: WorkspaceId,
    /// The place of the last event that it got.
    after: i64,
    /// Of a look at the database.
    waiting: std::vec::IntoIter<Said>,
    /// It has not yet all that happened before it came.
    catches_up: bool,
    /// It has got nothing from the room yet, which goes on while it catches up.
    is_new: bool,
    reader: Receiver<Arc<Said>>,
    /// When it has to come back and show who it is.
    until: tokio::time::Instant,
}

/// What comes next.
enum Next {
    Event(Event),
    Last(Event),
    End,
}

impl Follower {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures::stream::unfold(Some(self), |follower| async move {
            let mut follower = follower?;
            match follower.next().await {
                Next::Event(event) => Some((Ok(event), Some(follower))),
                Next::Last(event) => Some((Ok(event), None)),
                Next::End => None,
            }
        })
    }

    async fn next(&mut self) -> Next {
        loop {
            if clock::timer_now() >= self.until {
                return Next::End;
            }
            if let Some(said) = self.waiting.next() {
                self.after = said.position;
                return Next::Event(event(&said));
            }
            if self.catches_up {
                match look(&self.app, self.workspace, self.after, BATCH).await {
                    Ok(some) => {
                        self.catches_up = some.len() as i64 == BATCH;
                        self.waiting = some.into_iter();
                    }
                    // The client comes back with Last-Event-ID.
                    Err(error) => {
                        tracing::warn!(workspace = %self.workspace, error = ?error, "a stream of calls was cut");
                        return Next::End;
                    }
                }
                continue;
            }
            let said = tokio::select! {
                said = self.reader.recv() => said,
                () = self.app.stopping.cancelled() => return Next::End,
                () = tokio::time::sleep_until(self.until) => return Next::End,
            };
            let is_new = std::mem::take(&mut self.is_new);
            match said {
                Ok(said) if said.position > self.after => {
                    self.after = said.position;
                    return Next::Event(event(&said));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) if is_new => self.catches_up = true,
                Err(RecvError::Lagged(_)) => return Next::Last(dropped(self.after)),
                Err(RecvError::Closed) => return Next::End,
            }
        }
    }
}

fn event(said: &Said) -> Event {
    Event::default().id(said.position.to_string()).event(&said.kind).data(&said.body)
}

fn dropped(after: i64) -> Event {
    let data = json!({ "reason": "too_slow", "last_event_id": after });
    Event::default().event(DROPPED).data(data.to_string())
}
