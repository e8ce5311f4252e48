//! `POST /v1/pbx/events`: for PBXs of the configuration alone, so not in the description of the API; `docs/concepts/external-pbx.md`
//! describes it.

use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use jiff::Timestamp;
use sautikit_api::ErrorCode;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::WorkspaceId;
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{Event, PbxError, SIGNED_WITHIN_SECONDS, Told, tell};
use crate::calls::Direction;
use crate::config::PbxSource;
use crate::state::AppState;
use crate::web::error::{ApiError, ApiResult};
use crate::webhooks::signature;

/// Names the source.
const SOURCE_HEADER: &str = "x-sautikit-source";
/// The largest event, in bytes.
const BODY_MAX_BYTES: usize = 16 * 1024;
/// The longest id, in characters.
const ID_MAX_CHARS: usize = 128;
/// The longest name of a party and of a cause, in characters.
const TEXT_MAX_CHARS: usize = 64;

/// Where PBXs tell, relative to `/v1/pbx`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/events", post(take_event)).layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
}

/// An event as it is written. What is not known here is left alone, so that a bridge may send more.
#[derive(Deserialize)]
struct Written {
    event_id: String,
    workspace_id: WorkspaceId,
    pbx_call_id: String,
    occurred_at: String,
    kind: String,
    direction: Option<String>,
    from: Option<String>,
    to: Option<String>,
    status: Option<String>,
    hangup_cause: Option<String>,
}

async fn take_event(
    State(app): State<AppState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<Response> {
    let body = body.map_err(|_| ErrorCode::PbxBodyReadFailed)?;
    let source = signed_by(&app, &headers, &body).ok_or(ErrorCode::PbxSignatureInvalid)?;
    let event = read(&body).ok_or(ErrorCode::PbxPayloadDecodeFailed)?;
    let call_id = tell(&app, source, event).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "call_id": call_id }))).into_response())
}

/// The source whose secret has signed the body just now.
fn signed_by<'a>(app: &'a AppState, headers: &HeaderMap, body: &[u8]) -> Option<&'a PbxSource> {
    let name = headers.get(SOURCE_HEADER)?.to_str().ok()?;
    let source = app.config.pbx_source.iter().find(|source| source.name == name)?;
    let given = headers.get(signature::HEADER)?.to_str().ok()?;
    let unix_seconds: i64 = given.strip_prefix("t=")?.split(',').next()?.parse().ok()?;
    let now = app.now_us() / 1_000_000;
    if now.abs_diff(unix_seconds) > SIGNED_WITHIN_SECONDS.unsigned_abs() {
        return None;
    }
    let expected = signature::sign(&source.secret, body, unix_seconds);
    bool::from(expected.as_bytes().ct_eq(given.as_bytes())).then_some(source)
}

fn read(body: &[u8]) -> Option<Event> {
    let written: Written = serde_json::from_slice(body).ok()?;
    let is_short = |text: &str, most: usize| text.chars().count() <= most && !text.chars().any(char::is_control);
    let is_id = |text: &str| !text.is_empty() && is_short(text, ID_MAX_CHARS);
    if !is_id(&written.event_id) || !is_id(&written.pbx_call_id) {
        return None;
    }
    let party = |text: Option<String>| text.filter(|text| is_short(text, TEXT_MAX_CHARS));
    let told = match written.kind.as_str() {
        "call.ringing" => Told::Ringing {
            direction: match written.direction.as_deref()? {
                "inbound" => Direction::Inbound,
                "outbound" => Direction::Outbound,
                _ => return None,
            },
            from: party(written.from)?,
            to: party(written.to)?,
        },
        "call.answered" => Told::Answered,
        "call.ended" => {
            // Of a call that was answered it is `completed`, whatever stands here.
            let status = match written.status.as_deref() {
                None | Some("failed" | "completed") => CallStatus::Failed,
                Some("no_answer") => CallStatus::NoAnswer,
                Some("busy") => CallStatus::Busy,
                Some("canceled") => CallStatus::Canceled,
                Some(_) => return None,
            };
            let is_cause = |text: &String| {
                let is_plain = |letter: char| {
                    letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '_' | '.')
                };
                !text.is_empty() && text.len() <= TEXT_MAX_CHARS && text.chars().all(is_plain)
            };
            let cause = written.hangup_cause.unwrap_or_else(|| "normal_clearing".to_owned());
            Told::Ended { status, hangup_cause: Some(cause).filter(is_cause)? }
        }
        _ => return None,
    };
    let occurred_at_us = written.occurred_at.parse::<Timestamp>().ok()?.as_microsecond();
    let Written { event_id: id, workspace_id, pbx_call_id, .. } = written;
    Some(Event { id, workspace_id, pbx_call_id, occurred_at_us, told })
}

impl From<PbxError> for ApiError {
    fn from(error: PbxError) -> Self {
        let code = match error {
            PbxError::UnknownWorkspace => ErrorCode::PbxUnknownWorkspace,
            PbxError::Resolve => ErrorCode::PbxResolveFailed,
            // Which is asked; what it can't be asked may be sent again.
            PbxError::OfNode(node) => return Self::from(ErrorCode::PbxIngestFailed).of_node(node),
            PbxError::Ingest(why) => {
                tracing::warn!(%why, "an event of a PBX was not taken");
                ErrorCode::PbxIngestFailed
            }
        };
        code.into()
    }
}
