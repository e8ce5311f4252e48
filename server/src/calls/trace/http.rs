//! `/v1/calls/{id}/sip`, `/v1/calls/{id}/quality`, and the operator's capture file.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use sautikit_api::call_traces as wire;
use sautikit_api::ids::{CallId, WorkspaceId};
use sautikit_api::rights::Scope;
use sqlx::AnyConnection;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Packed, ladder, pcap, text};
use crate::calls::store::{self, traces};
use crate::calls::{CallError, Hub};
use crate::state::AppState;
use crate::web::caller::{Caller, Operator};
use crate::web::error::ApiResult;

/// The routes of traces, relative to `/v1`.
pub(in crate::calls) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read_call_sip))
        .routes(routes!(read_call_sip_text))
        .routes(routes!(read_call_quality))
        .routes(routes!(export_call_capture))
}

/// Show a call's SIP messages
///
/// Every message of every leg, the oldest first, also while the call runs. Credentials, tokens, keys of media and pressed digits
/// are left out.
#[utoipa::path(get, path = "/calls/{id}/sip",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id.")),
    responses((status = 200, body = wire::SipLadder, description = "The messages.")),
    extensions(("x-scope" = json!(Scope::CallsRead)), ("x-errors" = json!([ErrorCode::CallsNotFound]))))]
async fn read_call_sip(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::SipLadder>> {
    let packed = of_caller(&app, &caller, &id).await?;
    Ok(Json(ladder::ladder(&packed)))
}

/// Show a call's SIP messages as text
///
/// The same in the form in which `sngrep` saves a call.
#[utoipa::path(get, path = "/calls/{id}/sip.txt",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id.")),
    responses((status = 200, body = String, content_type = "text/plain", description = "The messages.")),
    extensions(("x-scope" = json!(Scope::CallsRead)), ("x-errors" = json!([ErrorCode::CallsNotFound]))))]
async fn read_call_sip_text(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let packed = of_caller(&app, &caller, &id).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text::text(&packed)).into_response())
}

/// Show how a call sounded
///
/// What came from each leg in pieces of five seconds, also while the call runs: loss, jitter, round-trip time, level, and the
/// opinion score of ITU-T G.107.
#[utoipa::path(get, path = "/calls/{id}/quality",
    params(("id" = String, Path, description = "The call's id, or its `HD_` id.")),
    responses((status = 200, body = wire::CallQuality, description = "The legs that had audio.")),
    extensions(("x-scope" = json!(Scope::CallsRead)), ("x-errors" = json!([ErrorCode::CallsNotFound]))))]
async fn read_call_quality(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<Json<wire::CallQuality>> {
    let packed = of_caller(&app, &caller, &id).await?;
    Ok(Json(ladder::quality(&packed)))
}

/// Export a call's SIP messages
///
/// A pcap file for Wireshark, tshark and sngrep, of any workspace's call. Addresses and times are as they were, IP and UDP
/// headers are made up. Secrets are left out as everywhere.
#[utoipa::path(get, operation_id = "admin_export_call_capture", path = "/admin/calls/{id}/sip.pcap",
    security(("session" = [])),
    params(("id" = String, Path, description = "The call's id, or its `HD_` id.")),
    responses((status = 200, body = String, content_type = "application/vnd.tcpdump.pcap", description = "The file.")),
    extensions(("x-errors" = json!([ErrorCode::CallsNotFound]))))]
async fn export_call_capture(State(app): State<AppState>, _: Operator, Path(id): Path<String>) -> ApiResult<Response> {
    let id = CallId::parse_any(&id).ok_or(CallError::NotFound)?;
    let mut conn = app.db.acquire().await?;
    store::find_call(&mut conn, id).await?.ok_or(CallError::NotFound)?;
    let file = pcap::file(&packed(&app, &mut conn, id).await?);
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.tcpdump.pcap".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}.pcap\"", id.pbx_call_id())),
    ];
    Ok((headers, file).into_response())
}

async fn of_caller(app: &AppState, caller: &Caller, id: &str) -> ApiResult<Packed> {
    caller.needs(Scope::CallsRead)?;
    let id = CallId::parse_any(id).ok_or(CallError::NotFound)?;
    let mut conn = app.db.acquire().await?;
    let workspace: WorkspaceId = caller.workspace.id;
    store::find_call_of(&mut conn, workspace, id).await?.ok_or(CallError::NotFound)?;
    packed(app, &mut conn, id).await
}

/// The trace of a call that is known to be there: as it is now where this node has it still, else as it was stored.
async fn packed(app: &AppState, conn: &mut AnyConnection, id: CallId) -> ApiResult<Packed> {
    if let Some(trace) = Hub::of(app).writer().trace(id) {
        return Ok(Packed::of(&trace));
    }
    if let Some(stored) = traces::find(conn, id).await? {
        return Ok(Packed::from_text(&stored).unwrap_or_default());
    }
    match store::find_node(conn, id).await? {
        // Which has it in its memory.
        Some(node) if *node != *app.node_id => Err(CallError::ElsewhereLive(node).into()),
        _ => Ok(Packed::default()),
    }
}
