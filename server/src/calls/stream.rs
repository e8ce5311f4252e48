//! `GET /v1/calls/{id}/stream`: a call's timeline as server-sent events, resumable by `Last-Event-ID`.
//!
//! Read by a caller's credential, or by the token in `stream_url`, because EventSource sends no headers. The token reads
//! this one call only and dies five minutes after its end, or when it is revoked: then the next revision's is the only one.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use sautikit_api::calls as wire;
use sautikit_api::ids::CallId;
use sautikit_api::rights::Scope;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::store::events::EventRow;
use super::{CallError, CallRow, http::event_body, store};
use crate::audit;
use crate::calls;
use crate::calls::Hub;
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::web::caller::{Caller, Right};
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Request};
use crate::web::live;
use crate::web::params::Idempotent;
use crate::web::query::Query;
use crate::webhooks::live::follower::Follower;
use crate::webhooks::live::{Followed, Live, Looked, Said, Source, answer};

/// How long the token outlives its call.
const TOKEN_GRACE_US: i64 = 5 * 60 * 1_000_000;
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
    let (call, revision, right) = match query.token {
        Some(given) => {
            let (call, revision) = by_token(&app, id, &given).await?;
            (call, Some(revision), None)
        }
        None => {
            let caller = caller?;
            caller.needs(Scope::CallsRead)?;
            let mut conn = app.db.acquire().await?;
            let call = calls::get_call(&mut conn, caller.workspace.id, id).await?;
            (call, None, Some(Right::new(&app, &headers, caller, &[Scope::CallsRead])))
        }
    };
    let seen = live::last_seen(&headers).ok_or_else(|| ApiError::field("Last-Event-ID", LAST_EVENT_ID))?;
    let place = app.part::<Live>().place(call.workspace_id, Some(id))?;
    let mut follower = Follower::new(app.clone(), Arc::new(Timeline(id)), seen.unwrap_or(0), revision);
    if call.cost_minor.is_some() {
        follower.catch_up().await.map_err(ApiError::internal)?;
        if follower.is_over() {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Ok(answer::answer(&app, follower, right, place, None))
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
        let answer = attempt.commit(&app, StatusCode::OK, &stream).await?;
        // Streams that the former token has opened end now.
        Hub::changed(&app, id);
        Ok(answer)
    })
    .await
}

async fn by_token(app: &AppState, id: CallId, given: &str) -> ApiResult<(CallRow, i64)> {
    let mut conn = app.db.acquire().await?;
    let found = store::find_streamed(&mut conn, id).await?;
    let revision = found.as_ref().map_or(FIRST_REVISION, |(_, revision)| *revision);
    if !bool::from(token(app, id, revision).as_bytes().ct_eq(given.as_bytes())) {
        return Err(ErrorCode::CallsStreamTokenInvalid.into());
    }
    let (call, _) = found.ok_or(CallError::NotFound)?;
    if call.ended_at.is_some_and(|ended_at| app.now_us() > ended_at.saturating_add(TOKEN_GRACE_US)) {
        return Err(ErrorCode::CallsStreamTokenExpired.into());
    }
    Ok((call, revision))
}

/// A call's timeline, as it is followed: until the call has ended and its cost is known.
struct Timeline(CallId);

#[async_trait]
impl Source for Timeline {
    fn followed(&self) -> Followed {
        Followed::Call(self.0)
    }

    async fn look(&self, app: &AppState, after: i64, most: usize) -> Result<Looked, Box<dyn Error + Send + Sync>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut conn = app.db.acquire().await?;
        // The call first: entries written before its end are then sure to be seen.
        let Some((call, revision)) = store::find_streamed(&mut conn, self.0).await? else {
            return Ok(Looked { said: Vec::new(), is_over: true, revision: None });
        };
        let rows = store::events::list_events_after(&mut conn, self.0, after, most).await?;
        let is_all = i64::try_from(rows.len()).is_ok_and(|count| count < most);
        let said = rows.into_iter().map(said).collect::<Result<_, _>>()?;
        let is_over = is_all && call.cost_minor.is_some();
        Ok(Looked { said, is_over, revision: Some(revision) })
    }
}

fn said(row: EventRow) -> serde_json::Result<Said> {
    let (position, id, kind) = (row.sequence, row.id.to_string(), row.kind.clone());
    Ok(Said { position, id, kind, version: 1, body: serde_json::to_string(&event_body(row))? })
}
