//! `/v1/privacy`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use sautikit_api::ErrorCode;
use sautikit_api::ids::ErasureId;
use sautikit_api::privacy as wire;
use sautikit_api::rights::Scope;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::store::{self, KeptReceipt};
use super::{ACTION, PrivacyError, erase, export};
use crate::audit::Entry;
use crate::state::AppState;
use crate::telephone;
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::Paged;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_erasures, erase_number)).routes(routes!(export_workspace))
}

/// Erase a person's number
///
/// Takes the number out of the workspace's calls, timelines, events, deliveries, logs and payments that are settled, and deletes
/// the recordings of its calls with their keys. The calls themselves and the ledger stay, without it. The answer is a signed
/// receipt of what went. It can't be undone; a second time finds nothing and says so.
#[utoipa::path(post, path = "/privacy/erasures", request_body = wire::EraseNumber,
    responses((status = 201, body = wire::ErasureReceipt, description = "The receipt.")),
    extensions(("x-scope" = json!(Scope::PrivacyWrite)),
        ("x-errors" = json!([ErrorCode::CallsRecordingInProgress, ErrorCode::CallsRecordingFailed]))))]
async fn erase_number(
    State(app): State<AppState>,
    caller: Caller,
    body: JsonBody<wire::EraseNumber>,
) -> ApiResult<(StatusCode, Json<wire::ErasureReceipt>)> {
    caller.needs(Scope::PrivacyWrite)?;
    let wire::EraseNumber { number } = body.read()?;
    let e164 = telephone::e164_of_carrier(&number, Some(&caller.workspace.country));
    let e164 = e164.ok_or(PrivacyError::NotANumber)?;
    let by = |id: ErasureId, details| Entry::by(&caller, ACTION, id, details);
    let receipt = erase(&app, caller.workspace.id, &e164, by).await?;
    Ok((StatusCode::CREATED, Json(receipt)))
}

/// List erasures
///
/// The receipts of all numbers that were erased.
#[utoipa::path(get, path = "/privacy/erasures",
    params(Paged),
    responses((status = 200, body = Vec<wire::ErasureReceipt>, description = "Receipts, the newest first.")),
    extensions(("x-scope" = json!(Scope::PrivacyRead))))]
async fn list_erasures(State(app): State<AppState>, caller: Caller, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs(Scope::PrivacyRead)?;
    let page = page?;
    let mut conn = app.db.acquire().await?;
    let kept = store::list(&mut conn, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    let read =
        |kept: KeptReceipt| serde_json::from_str(&kept.receipt).map(|receipt| (kept.id, kept.created_at, receipt));
    let rows: Result<Vec<(_, _, wire::ErasureReceipt)>, _> = kept.into_iter().map(read).collect();
    let rows = rows.map_err(PrivacyError::from)?;
    Ok(page.answer(rows, |(id, created_at, _)| (*created_at, id.0), |(_, _, receipt)| receipt))
}

/// Export the workspace
///
/// Calls with their timelines, recordings with their audio and the ledger, as one tar archive that is made while it is sent. Its
/// `manifest.json` comes last: an archive without it was broken off.
#[utoipa::path(get, path = "/privacy/export",
    responses((status = 200, body = Vec<u8>, content_type = "application/x-tar", description = "The archive.")),
    extensions(("x-scope" = json!(Scope::PrivacyRead))))]
async fn export_workspace(State(app): State<AppState>, caller: Caller) -> ApiResult<Response> {
    caller.needs(Scope::PrivacyRead)?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"workspace.tar\""),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    let pieces = export(&app, caller.workspace.id);
    let pieces = stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        Some((piece, pieces))
    });
    let body = Body::from_stream(pieces);
    Ok((headers, body).into_response())
}
