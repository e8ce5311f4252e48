//! `GET /v1/calls/{id}/stream`: a call's timeline as server-sent events, resumable by `Last-Event-ID`.
//!
//! Read by a caller's credential, or by the token in `stream_url`, because EventSource sends no headers. The token reads
//! this one call only and dies five minutes after its end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use sautikit_api::ErrorCode;
use sautikit_api::calls as wire;
use sautikit_api::ids::CallId;
use subtle::ConstantTimeEq;
use tokio::sync::broadcast;

use super::{CallError, CallRow, http::event_body, store};
use crate::calls;
use crate::calls::Hub;
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use sautikit_api::rights::Scope;

/// How long the token outlives its call.
const TOKEN_GRACE_US: i64 = 5 * 60 * 1_000_000;
/// Entries sent per look at the database.
const BATCH: i64 = 200;
/// The longest wait between looks: changes made by other nodes ring no bell here.
const POLL: Duration = Duration::from_secs(1);

/// What an id of an event is.
const LAST_EVENT_ID: &str = "`Last-Event-ID` is the `sequence` of the last event seen, a whole number. Leave it out to read from the beginning.";
/// The code is shared with mailed links, whose words would mislead here.
const WRONG_TOKEN: &str = "The token in the address is not the one of this call's stream. Read `stream_url` of the call again, or send an API key.";

/// The address of a call's stream, with its token.
pub(super) fn stream_url(app: &AppState, id: CallId) -> String {
    format!("{}/v1/calls/{id}/stream?token={}", app.public_url, token(app, id))
}

fn token(app: &AppState, id: CallId) -> String {
    app.secrets.hash(Purpose::StreamToken, &id.to_string())
}

/// Follow a call
///
/// Server-sent events, one per entry of the timeline, until the call has ended and its cost is known.
/// `stream_url` of the call holds a token for browsers, because EventSource sends no headers.
#[utoipa::path(get, path = "/calls/{id}/stream", security(("stream_token" = [])),
    params(("id" = String, Path, description = "The call's id, or its `HD_` id."), ("Last-Event-ID" = Option<i64>, Header, nullable = false, minimum = 0, description = "`sequence` of the last entry seen; later ones follow.")),
    responses((status = 200, body = wire::StreamedEvent, content_type = "text/event-stream", description = "The timeline as it grows.")),
    extensions(("x-scope" = json!(Scope::CallsRead)),
        ("x-errors" = json!([ErrorCode::CallsNotFound, ErrorCode::AuthTokenInvalid,
        ErrorCode::AuthTokenExpired]))))]
pub(super) async fn stream_call(
    State(app): State<AppState>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    caller: Result<Caller, ApiError>,
) -> ApiResult<Response> {
    let id = CallId::parse_any(&id).ok_or(CallError::NotFound)?;
    let call = match query.get("token") {
        Some(given) => by_token(&app, id, given).await?,
        None => {
            let caller = caller?;
            caller.needs(Scope::CallsRead)?;
            let mut conn = app.db.acquire().await?;
            calls::get_call(&mut conn, caller.workspace.id, id).await?
        }
    };
    let after = match headers.get("last-event-id") {
        Some(seen) => read_last_seen(seen).ok_or_else(|| ApiError::field("Last-Event-ID", LAST_EVENT_ID))?,
        None => 0,
    };
    let mut response = Sse::new(follow(app, call.id, after)).keep_alive(KeepAlive::default()).into_response();
    // Proxies that collect an answer before they pass it on would hold the events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Empty is what EventSource sends before it has seen anything.
fn read_last_seen(value: &HeaderValue) -> Option<i64> {
    let text = value.to_str().ok()?.trim();
    if text.is_empty() { Some(0) } else { text.parse().ok().filter(|sequence| *sequence >= 0) }
}

async fn by_token(app: &AppState, id: CallId, given: &str) -> ApiResult<CallRow> {
    if !bool::from(token(app, id).as_bytes().ct_eq(given.as_bytes())) {
        return Err(ApiError::new(ErrorCode::AuthTokenInvalid).message(WRONG_TOKEN));
    }
    let mut conn = app.db.acquire().await?;
    let call = store::find_call(&mut conn, id).await?.ok_or(CallError::NotFound)?;
    if call.ended_at.is_some_and(|ended_at| app.now_us() > ended_at.saturating_add(TOKEN_GRACE_US)) {
        return Err(ErrorCode::AuthTokenExpired.into());
    }
    Ok(call)
}

/// Where a stream stands.
struct Follower {
    app: AppState,
    call_id: CallId,
    after: i64,
    waiting: std::vec::IntoIter<Event>,
    ended: bool,
    changes: broadcast::Receiver<CallId>,
}

/// The timeline from `after` on, until the call has ended and its cost is known.
fn follow(app: AppState, call_id: CallId, after: i64) -> impl Stream<Item = Result<Event, Infallible>> {
    let changes = Hub::of(&app).subscribe();
    let follower = Follower { app, call_id, after, waiting: Vec::new().into_iter(), ended: false, changes };
    futures::stream::unfold(follower, |mut follower| async move {
        loop {
            if let Some(event) = follower.waiting.next() {
                return Some((Ok(event), follower));
            }
            if follower.ended || follower.app.stopping.is_cancelled() {
                return None;
            }
            match follower.look().await {
                Ok(true) => {}
                Ok(false) => follower.wait().await,
                Err(error) => {
                    // The client comes back with Last-Event-ID.
                    tracing::warn!(call = %follower.call_id, error = ?error, "a call's stream was cut");
                    return None;
                }
            }
        }
    })
}

impl Follower {
    /// Fetches what is new; false when nothing is and the call goes on.
    async fn look(&mut self) -> Result<bool, CallError> {
        let mut conn = self.app.db.acquire().await?;
        // The call first: entries written before its end are then sure to be seen.
        let call = store::find_call(&mut conn, self.call_id).await?.ok_or(CallError::NotFound)?;
        let rows = store::events::list_events_after(&mut conn, self.call_id, self.after, BATCH).await?;
        let Some(last) = rows.last() else {
            self.ended = call.cost_minor.is_some();
            return Ok(self.ended);
        };
        self.after = last.sequence;
        let events: Vec<Event> = rows
            .into_iter()
            .filter_map(|row| {
                let event = Event::default().id(row.sequence.to_string()).event(row.kind.clone());
                event.json_data(event_body(row)).ok()
            })
            .collect();
        self.waiting = events.into_iter();
        Ok(true)
    }

    async fn wait(&mut self) {
        let (changes, call_id) = (&mut self.changes, self.call_id);
        let changed = async {
            // Lagging only means that there is something to look at.
            while changes.recv().await.is_ok_and(|changed| changed != call_id) {}
        };
        tokio::select! {
            () = changed => {}
            () = tokio::time::sleep(POLL) => {}
            () = self.app.stopping.cancelled() => {}
        }
    }
}
