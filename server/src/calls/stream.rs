//! `GET /v1/calls/{id}/stream`: a call's timeline as server-sent events, resumable by `Last-Event-ID`.
//!
//! Read by a caller's credential, or by the token in `stream_url`, because EventSource sends no headers. The token reads
//! this one call only and dies five minutes after its end, or when it is revoked: then the next revision's is the only one.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures::Stream;
use sautikit_api::ErrorCode;
use sautikit_api::calls as wire;
use sautikit_api::ids::{CallId, WorkspaceId};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::{CallError, CallRow, http::event_body, store};
use crate::audit;
use crate::calls;
use crate::calls::Hub;
use crate::clock;
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Request};
use crate::web::live;
use crate::web::params::Idempotent;
use crate::web::query::Query;
use crate::webhooks::live::Live;
use sautikit_api::rights::Scope;

/// How long the token outlives its call.
const TOKEN_GRACE_US: i64 = 5 * 60 * 1_000_000;
/// Entries sent per look at the database.
const BATCH: i64 = 200;
/// Between two looks that follow from what is told of all calls of the workspace: a stream must not read the database for each
/// event of each of them.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// The longest wait between looks: changes made by other nodes ring no bell here.
const POLL: Duration = Duration::from_secs(1);

/// What an id of an event is.
const LAST_EVENT_ID: &str = "`Last-Event-ID` is the `sequence` of the last event seen, a whole number. Leave it out to read from the beginning.";

/// The revision of a call's first token.
pub(super) const FIRST_REVISION: i64 = 0;

/// The address of a call's stream, with the token of that revision.
pub(super) fn stream_url(app: &AppState, id: CallId, revision: i64) -> String {
    format!("{}/v1/calls/{id}/stream?token={}", app.public_url, token(app, id, revision))
}

fn token(app: &AppState, id: CallId, revision: i64) -> String {
    let of = if revision == FIRST_REVISION { id.to_string() } else { format!("{id}.{revision}") };
    app.secrets.hash(Purpose::StreamToken, &of)
}

/// What the URL holds.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct StreamQuery {
    /// That of `stream_url`.
    token: Option<String>,
}

/// Follow a call
///
/// Server-sent events, one per entry of the timeline, until the call has ended and its cost is known.
/// `stream_url` of the call holds a token for browsers, because EventSource sends no headers; that address alone may be read by
/// pages of every origin. After five minutes the stream ends: whoever comes back with `Last-Event-ID` misses nothing, if they
/// may still read it. A revoked token ends it within a second. Whoever comes back and has seen all of a call that is over gets 204, upon which EventSource stops.
#[utoipa::path(get, path = "/calls/{id}/stream", security(("stream_token" = [])),
    params(("id" = String, Path, description = "The call's id, or its `HD_` id."), ("Last-Event-ID" = Option<i64>, Header, nullable = false, minimum = 0, description = "`sequence` of the last entry seen; later ones follow.")),
    responses((status = 200, body = wire::StreamedEvent, content_type = "text/event-stream", description = "The timeline as it grows."),
        (status = 204, description = "The call is over, and nothing is left to be told.")),
    extensions(("x-scope" = json!(Scope::CallsRead)),
        ("x-errors" = json!([ErrorCode::CallsNotFound, ErrorCode::CallsStreamTokenInvalid,
        ErrorCode::CallsStreamTokenExpired]))))]
pub(super) async fn stream_call(
    State(app): State<AppState>,
    Path(id): Path<String>,
    query: ApiResult<Query<StreamQuery>>,
    headers: HeaderMap,
    caller: Result<Caller, ApiError>,
) -> ApiResult<Response> {
    let id = CallId::parse_any(&id).ok_or(CallError::NotFound)?;
    let Query(query) = query?;
    let (call, revision) = match query.token {
        Some(given) => {
            let call = by_token(&app, id, &given).await?;
            let revision = call.stream_revision;
            (call, Some(revision))
        }
        None => {
            let caller = caller?;
            caller.needs(Scope::CallsRead)?;
            let mut conn = app.db.acquire().await?;
            (calls::get_call(&mut conn, caller.workspace.id, id).await?, None)
        }
    };
    let seen = live::last_seen(&headers).ok_or_else(|| ApiError::field("Last-Event-ID", LAST_EVENT_ID))?;
    let mut follower = Follower::new(app, &call, revision, seen.unwrap_or(0));
    if call.cost_minor.is_some() {
        follower.look().await?;
        if follower.is_over() {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Ok(live::answer(follower.events()))
}

/// Revoke a stream's token
///
/// `stream_url` of the call reads nothing from now on, and streams that it had opened end within a second. The answer holds a new
/// one, which nobody knows yet: for a page that goes on following.
#[utoipa::path(post, path = "/calls/{id}/stream/revoke",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id."), Idempotent),
    responses((status = 200, body = wire::CallStream, description = "The token reads nothing any more; a new address.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)), ("x-errors" = json!([ErrorCode::CallsNotFound]))))]
pub(super) async fn revoke_call_stream(
    State(app): State<AppState>,
    Path(id): Path<String>,
    caller: Caller,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::CallsWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let id = CallId::parse_any(&id).ok_or(CallError::NotFound)?;
        let revision = store::revoke_stream(attempt.tx(), caller.workspace.id, id).await?.ok_or(CallError::NotFound)?;
        let entry = audit::Entry::by(&caller, "call.stream_revoked", id, json!({}));
        audit::record(&app, attempt.tx(), &entry).await?;
        let stream = wire::CallStream { call_id: id, stream_url: stream_url(&app, id, revision) };
        attempt.commit(&app, StatusCode::OK, &stream).await
    })
    .await
}

async fn by_token(app: &AppState, id: CallId, given: &str) -> ApiResult<CallRow> {
    let mut conn = app.db.acquire().await?;
    let call = store::find_call(&mut conn, id).await?;
    let revision = call.as_ref().map_or(FIRST_REVISION, |call| call.stream_revision);
    if !bool::from(token(app, id, revision).as_bytes().ct_eq(given.as_bytes())) {
        return Err(ErrorCode::CallsStreamTokenInvalid.into());
    }
    let call = call.ok_or(CallError::NotFound)?;
    if call.ended_at.is_some_and(|ended_at| app.now_us() > ended_at.saturating_add(TOKEN_GRACE_US)) {
        return Err(ErrorCode::CallsStreamTokenExpired.into());
    }
    Ok(call)
}

/// Where a stream stands.
struct Follower {
    app: AppState,
    call_id: CallId,
    /// That of the token by which it is read; none where a credential is.
    revision: Option<i64>,
    after: i64,
    waiting: std::vec::IntoIter<Event>,
    ended: bool,
    changes: broadcast::Receiver<CallId>,
    workspace: WorkspaceId,
    /// Other nodes tell of calls by their events.
    placed: broadcast::Receiver<WorkspaceId>,
    /// Credentials are looked at again then.
    until: Instant,
}

impl Follower {
    fn new(app: AppState, call: &CallRow, revision: Option<i64>, after: i64) -> Self {
        // Before anything is looked up: what changes meanwhile is looked at again.
        let (changes, placed) = (Hub::of(&app).subscribe(), app.part::<Live>().subscribe());
        let (call_id, workspace, until) = (call.id, call.workspace_id, clock::timer_now() + app.part::<Live>().lasts());
        Self {
            app,
            call_id,
            revision,
            after,
            waiting: Vec::new().into_iter(),
            ended: false,
            changes,
            workspace,
            placed,
            until,
        }
    }

    /// Whether the call is over, and all of it was told.
    fn is_over(&self) -> bool {
        self.ended && self.waiting.len() == 0
    }

    /// The timeline, until the call has ended and its cost is known.
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures::stream::unfold(self, |mut follower| async move {
            loop {
                if let Some(event) = follower.waiting.next() {
                    return Some((Ok(event), follower));
                }
                let is_late = clock::timer_now() >= follower.until;
                if follower.ended || is_late || follower.app.stopping.is_cancelled() {
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

    /// Fetches what is new; false when nothing is and the call goes on.
    async fn look(&mut self) -> Result<bool, CallError> {
        let mut conn = self.app.db.acquire().await?;
        // The call first: entries written before its end are then sure to be seen.
        let call = store::find_call(&mut conn, self.call_id).await?.ok_or(CallError::NotFound)?;
        if self.revision.is_some_and(|revision| revision != call.stream_revision) {
            self.ended = true;
            return Ok(true);
        }
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
        let (placed, workspace) = (&mut self.placed, self.workspace);
        // Lagging only means that there is something to look at.
        let changed = async { while changes.recv().await.is_ok_and(|changed| changed != call_id) {} };
        // What is placed meanwhile waits in the channel.
        let told = async {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            while placed.recv().await.is_ok_and(|of| of != workspace) {}
        };
        tokio::select! {
            () = changed => {}
            () = told => {}
            () = tokio::time::sleep(POLL) => {}
            () = tokio::time::sleep_until(self.until) => {}
            () = self.app.stopping.cancelled() => {}
        }
    }
}
