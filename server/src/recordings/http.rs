//! `/v1/recordings`, and the recording of a call.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use sautikit_api::ids::{CallId, RecordingId};
use sautikit_api::recordings as wire;
use sautikit_api::rights::Scope;
use sautikit_api::sets;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::Filter;
use super::{Format, Recording, RecordingError, RecordingStatus, delete, links, store, stored};
use crate::audit;
use crate::calls::{self, Hub};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::storage::{self, Tier};
use crate::web::caller::Caller;
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Begun, Request};
use crate::web::moment::read_moment;
use crate::web::page::Page;
use crate::web::params::{Idempotent, Moment, Paged};
use crate::web::query::Query;

/// Seconds after which a recording that is over may be ready.
const RETRY_PROCESSING_SECONDS: i64 = 2;
/// Seconds after which one that runs may be over.
const RETRY_RUNNING_SECONDS: i64 = 10;

pub use super::playing::routes as media_routes;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_call_recording))
        .routes(routes!(pause_recording))
        .routes(routes!(resume_recording))
        .routes(routes!(list_recordings))
        .routes(routes!(get_recording, delete_recording))
        .routes(routes!(get_recording_audio))
}

/// What narrows the list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct RecordingsQuery {
    /// Only those that stand here.
    #[param(value_type = Option<RecordingStatus>)]
    status: String,
    /// Only those of this call.
    #[param(value_type = Option<CallId>)]
    call_id: String,
    /// Not before: a day (2026-06-30) or a moment (2026-06-30T12:00:00Z).
    #[param(value_type = Option<Moment>)]
    from_date: String,
    /// Before this moment, or until the end of this day.
    #[param(value_type = Option<Moment>)]
    to_date: String,
}

/// List recordings
///
/// The newest first.
#[utoipa::path(get, path = "/recordings", params(RecordingsQuery, Paged),
    responses((status = 200, body = Vec<wire::Recording>, description = "A page of recordings.")),
    extensions(("x-scope" = json!(Scope::RecordingsRead))))]
async fn list_recordings(
    State(app): State<AppState>,
    caller: Caller,
    page: ApiResult<Page>,
    query: ApiResult<Query<RecordingsQuery>>,
) -> ApiResult<Response> {
    caller.needs(Scope::RecordingsRead)?;
    let (page, Query(query)) = (page?, query?);
    let status = query.status.trim().to_owned();
    if !status.is_empty() && RecordingStatus::parse(&status).is_none() {
        let known = Vec::from_iter(RecordingStatus::ALL.iter().map(|known| format!("`{}`", known.as_str()))).join(", ");
        return Err(ApiError::field("status", format!("`status` is one of {known}.")));
    }
    let call_id = match query.call_id.trim() {
        "" => String::new(),
        text => match CallId::parse_any(text) {
            Some(id) => id.to_string(),
            None => return Err(ApiError::field("call_id", "`call_id` is the id of a call.")),
        },
    };
    let filter =
        Filter { from_us: read_moment(query.from_date.trim(), "from_date", i64::MIN, false)?, status, call_id };
    let to_us = read_moment(query.to_date.trim(), "to_date", i64::MAX, true)?;
    let mut conn = app.db.acquire().await?;
    let (workspace, before) = (caller.workspace.id, page.before_until(to_us));
    let rows = store::list(&mut conn, workspace, before, &filter, page.fetch_limit()).await?;
    let tier = storage::holding(&mut conn, workspace).await?.tier;
    Ok(page.answer(rows, |row| (row.started_at, row.id.0), |row| body(row, &tier)))
}

/// Show a recording
#[utoipa::path(get, path = "/recordings/{id}",
    responses((status = 200, body = wire::Recording, description = "The recording.")),
    extensions(("x-scope" = json!(Scope::RecordingsRead)), ("x-errors" = json!([ErrorCode::CallsRecordingNotFound]))))]
async fn get_recording(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::Recording>> {
    caller.needs(Scope::RecordingsRead)?;
    let mut conn = app.db.acquire().await?;
    let recording = store::find_of(&mut conn, caller.workspace.id, recording_id(&id)?).await?;
    let tier = storage::holding(&mut conn, caller.workspace.id).await?.tier;
    Ok(Json(body(recording.ok_or(RecordingError::NotFound)?, &tier)))
}

/// Delete a recording
///
/// For good, with its audio. One that is still being recorded or stored can't be deleted yet.
#[utoipa::path(delete, path = "/recordings/{id}",
    responses((status = 204, description = "Deleted.")),
    extensions(("x-scope" = json!(Scope::RecordingsWrite)),
        ("x-errors" = json!([ErrorCode::CallsRecordingNotFound, ErrorCode::CallsRecordingInProgress,
        ErrorCode::CallsRecordingFailed]))))]
async fn delete_recording(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    caller.needs(Scope::RecordingsWrite)?;
    delete(&app, &caller, recording_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// As what a recording is heard.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct AudioQuery {
    /// `wav`, which is the default, or `ogg`: the same as Opus, an eighth of the bytes, in which players can't jump ahead.
    #[param(value_type = Option<sets::RecordingFormat>)]
    format: String,
}

impl AudioQuery {
    fn read(&self) -> ApiResult<Format> {
        match self.format.trim() {
            "" => Ok(Format::Wav),
            name => Format::parse(name).ok_or_else(|| ApiError::field("format", "`format` is `wav` or `ogg`.")),
        }
    }
}

/// Hear a recording
///
/// Leads to its audio, a WAV file unless `format` says otherwise; with `Accept: application/json` it is told where that is instead. The URL serves 15 minutes
/// and needs no credential.
#[utoipa::path(get, path = "/recordings/{id}/audio", params(AudioQuery),
    responses((status = 200, body = wire::RecordingReady, description = "Where the audio is, for who accepts JSON."),
        (status = 202, body = wire::RecordingPending, description = "It is not ready yet."),
        (status = 302, description = "To the audio.",
            headers(("Location" = String, description = "Where the audio is, for 15 minutes.")))),
    extensions(("x-scope" = json!(Scope::RecordingsRead)), ("x-errors" = json!([ErrorCode::CallsRecordingNotFound,
        ErrorCode::CallsRecordingExpired, ErrorCode::CallsRecordingFailed]))))]
async fn get_recording_audio(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    query: ApiResult<Query<AudioQuery>>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    caller.needs(Scope::RecordingsRead)?;
    let format = query?.0.read()?;
    let found = store::find_of(&mut *app.db.acquire().await?, caller.workspace.id, recording_id(&id)?).await?;
    lead_to(&app, found.ok_or(RecordingError::NotFound)?, format, &headers).await
}

/// Hear a call's recording
///
/// As `GET /v1/recordings/{id}/audio`, for the call's newest recording.
#[utoipa::path(get, path = "/calls/{id}/recording",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id."), AudioQuery),
    responses((status = 200, body = wire::RecordingReady, description = "Where the audio is, for who accepts JSON."),
        (status = 202, body = wire::RecordingPending, description = "It is not ready yet."),
        (status = 302, description = "To the audio.",
            headers(("Location" = String, description = "Where the audio is, for 15 minutes.")))),
    extensions(("x-scope" = json!(Scope::RecordingsRead)), ("x-errors" = json!([ErrorCode::CallsNotFound,
        ErrorCode::CallsRecordingNotFound, ErrorCode::CallsRecordingExpired, ErrorCode::CallsRecordingFailed]))))]
async fn get_call_recording(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    query: ApiResult<Query<AudioQuery>>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    caller.needs(Scope::RecordingsRead)?;
    let format = query?.0.read()?;
    let call_id = CallId::parse_any(&id).ok_or(calls::CallError::NotFound)?;
    let mut conn = app.db.acquire().await?;
    let call = calls::get_call(&mut conn, caller.workspace.id, call_id).await?;
    let found = store::newest_of(&mut conn, caller.workspace.id, call.id).await?;
    drop(conn);
    lead_to(&app, found.ok_or(RecordingError::NotFound)?, format, &headers).await
}

/// Pause a call's recording
///
/// So that a card number is not in it. Every recording of the call waits; the time of the pause is silent in it, or cut out
/// with `mode` `cut`.
#[utoipa::path(post, path = "/calls/{id}/recording/pause",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id."), Idempotent),
    request_body = wire::PauseRecording,
    responses((status = 200, body = wire::Recording, description = "The call's newest recording; it pauses.")),
    extensions(("x-scope" = json!(Scope::RecordingsWrite)), ("x-errors" = json!([ErrorCode::CallsNotFound,
        ErrorCode::CallsNotLive, ErrorCode::CallsNoRoute, ErrorCode::CallsRecordingNotFound]))))]
async fn pause_recording(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    change(&app, &caller, &id, &request, Change::Pause).await
}

/// Let a call's recording go on
#[utoipa::path(post, path = "/calls/{id}/recording/resume",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id."), Idempotent),
    responses((status = 200, body = wire::Recording, description = "The call's newest recording; it goes on.")),
    extensions(("x-scope" = json!(Scope::RecordingsWrite)), ("x-errors" = json!([ErrorCode::CallsNotFound,
        ErrorCode::CallsNotLive, ErrorCode::CallsNoRoute, ErrorCode::CallsRecordingNotFound]))))]
async fn resume_recording(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    change(&app, &caller, &id, &request, Change::Resume).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Pause,
    Resume,
}

async fn change(app: &AppState, caller: &Caller, id: &str, request: &Request, asked: Change) -> ApiResult<Response> {
    caller.needs(Scope::RecordingsWrite)?;
    let mut attempt = match idempotency::begin(app, caller, request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let (mode, kind, status) = match asked {
        Change::Pause => {
            let body: wire::PauseRecording = request.read_or_default()?;
            (Some(body.mode.unwrap_or_default()), "recording.paused", RecordingStatus::Paused)
        }
        Change::Resume => (None, "recording.resumed", RecordingStatus::Recording),
    };
    let call_id = CallId::parse_any(id).ok_or(calls::CallError::NotFound)?;
    let call = calls::get_call(attempt.tx(), caller.workspace.id, call_id).await?;
    if call.status.is_terminal() {
        return Err(calls::CallError::NotLive.into());
    }
    let newest = store::newest_of(attempt.tx(), caller.workspace.id, call.id).await?;
    let newest = newest.filter(|newest| newest.status.is_open()).ok_or(RecordingError::NotRunning)?;
    let gateway = Hub::of(app).gateway();
    let entry = audit::Entry::by(caller, kind, newest.id, json!({ "call_id": call.id, "mode": mode }));
    audit::record(app, attempt.tx(), &entry).await?;
    // Before the commit, because only the call's task knows whether it takes it.
    if !gateway.is_some_and(|gateway| gateway.pause_recording(call.id, mode)) {
        return Err(calls::not_here(app, attempt.tx(), call.id).await?.into());
    }
    let tier = storage::holding(attempt.tx(), caller.workspace.id).await?.tier;
    attempt.commit(app, StatusCode::OK, &body(Recording { status, ..newest }, &tier)).await
}

/// The way to the audio, as it stands.
async fn lead_to(app: &AppState, recording: Recording, format: Format, headers: &HeaderMap) -> ApiResult<Response> {
    let pending = |seconds: i64| {
        let body = wire::RecordingPending { status: "pending".to_owned(), retry_after_seconds: seconds };
        let retry_after = [(header::RETRY_AFTER, seconds.to_string())];
        Ok((StatusCode::ACCEPTED, retry_after, Json(body)).into_response())
    };
    match recording.status {
        RecordingStatus::Recording | RecordingStatus::Paused => return pending(RETRY_RUNNING_SECONDS),
        RecordingStatus::Processing => return pending(RETRY_PROCESSING_SECONDS),
        RecordingStatus::Expired => return Err(RecordingError::Expired.into()),
        RecordingStatus::Failed => {
            return Err(RecordingError::Failed(recording.failure.unwrap_or_default()).into());
        }
        RecordingStatus::Ready => {}
    }
    let expires = app.now_us() / 1_000_000 + links::LASTS_SECONDS;
    let lasts = Duration::from_secs(links::LASTS_SECONDS.unsigned_abs());
    // What is kept is a WAV file, in a workspace's own bucket too.
    let presigned = match format {
        Format::Wav => stored::presigned(app, &recording, lasts).await?,
        Format::Ogg => None,
    };
    let url = presigned.unwrap_or_else(|| links::signed(app, recording.id, format, expires));
    if accepts_json(headers) {
        let body = wire::RecordingReady {
            status: RecordingStatus::Ready.as_str().to_owned(),
            url,
            expires_at: rfc3339(expires * 1_000_000),
        };
        return Ok(Json(body).into_response());
    }
    let location = HeaderValue::from_str(&url).map_err(ApiError::internal)?;
    // A cached redirection would lead to a URL that has expired.
    let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::FOUND, headers).into_response())
}

fn accepts_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    })
}

fn recording_id(text: &str) -> Result<RecordingId, RecordingError> {
    text.parse().map_err(|_| RecordingError::NotFound)
}

pub(super) fn body(recording: Recording, tier: &Tier) -> wire::Recording {
    let is_kept_here = recording.status == RecordingStatus::Ready && recording.bucket.is_none();
    wire::Recording {
        id: recording.id,
        call_id: recording.call_id,
        source: recording.source,
        status: recording.status,
        channels: recording.channels,
        started_at: rfc3339(recording.started_at),
        ended_at: recording.ended_at.map(rfc3339),
        duration_ms: recording.duration_ms,
        size_bytes: recording.size_bytes,
        sha256: recording.sha256,
        waveform: recording.waveform,
        expires_at: is_kept_here.then(|| rfc3339(tier.expires_at(recording.started_at))),
        failure: recording.failure,
    }
}
