//! `/v1/numbers/{id}/sip-credentials`.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::{NumberId, SipCredentialId};
use sautikit_api::rights::Scope;
use sautikit_api::sip as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Error, SipCredential, policy_named};
use crate::clock::rfc3339;
use crate::numbers::NumberError;
use crate::sip_credentials;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::idempotency::{self, Request};
use crate::web::json::JsonBody;
use crate::web::page::Page;
use crate::web::params::{Idempotent, Paged};

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_sip_credentials, create_sip_credential))
        .routes(routes!(update_sip_credential, revoke_sip_credential))
        .routes(routes!(rotate_sip_credential))
}

/// Create a SIP credential
///
/// For a phone, a softphone or a PBX. It calls from this number only, and rings when it is called. The answer is the only
/// time that the password is shown.
#[utoipa::path(post, path = "/numbers/{id}/sip-credentials", request_body = wire::CreateSipCredential,
    params(Idempotent),
    responses((status = 201, body = wire::CreatedSipCredential, description = "The credential with its password.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)), ("x-errors" = json!([ErrorCode::NumbersNotAssigned]))))]
async fn create_sip_credential(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::NumbersWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let body: wire::CreateSipCredential = request.read()?;
        let (credential, password) =
            sip_credentials::create(&app, attempt.tx(), &caller, number_id(&id)?, &body.label, body.srtp.as_deref())
                .await?;
        let body = wire::CreatedSipCredential { credential: body_of(&app, credential), password };
        attempt.commit(&app, StatusCode::CREATED, &body).await
    })
    .await
}

/// List SIP credentials
///
/// Revoked ones stay in the list.
#[utoipa::path(get, path = "/numbers/{id}/sip-credentials", params(Paged),
    responses((status = 200, body = Vec<wire::SipCredential>, description = "The number's, the newest first.")),
    extensions(("x-scope" = json!(Scope::NumbersRead)), ("x-errors" = json!([ErrorCode::NumbersNotAssigned]))))]
async fn list_sip_credentials(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    page: ApiResult<Page>,
) -> ApiResult<Response> {
    caller.needs(Scope::NumbersRead)?;
    let page = page?;
    let mut conn = app.db.acquire().await?;
    let workspace_id = caller.workspace.id;
    let rows =
        sip_credentials::list(&mut conn, workspace_id, number_id(&id)?, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(rows, |row| (row.created_at, row.id.0), |row| body_of(&app, row)))
}

/// Change a SIP credential
///
/// In force for its devices when they register again, and for each call that they make.
#[utoipa::path(patch, path = "/numbers/{id}/sip-credentials/{cid}", request_body = wire::UpdateSipCredential,
    responses((status = 200, body = wire::SipCredential, description = "The credential as it is now.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)),
        ("x-errors" = json!([ErrorCode::NumbersNotAssigned, ErrorCode::NumbersSipCredentialsNotFound,
        ErrorCode::NumbersSipCredentialsAlreadyRevoked]))))]
async fn update_sip_credential(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, cid)): Path<(String, String)>,
    body: JsonBody<wire::UpdateSipCredential>,
) -> ApiResult<Json<wire::SipCredential>> {
    caller.needs(Scope::NumbersWrite)?;
    let srtp = policy_named(&body.read()?.srtp)?;
    let credential = sip_credentials::update(&app, &caller, number_id(&id)?, credential_id(&cid)?, srtp).await?;
    Ok(Json(body_of(&app, credential)))
}

/// Revoke a SIP credential
///
/// Its devices are called no more and can neither register nor call; calls that run go on to their end.
#[utoipa::path(delete, path = "/numbers/{id}/sip-credentials/{cid}",
    responses((status = 204, description = "Revoked: it no longer works.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)),
        ("x-errors" = json!([ErrorCode::NumbersNotAssigned, ErrorCode::NumbersSipCredentialsNotFound,
        ErrorCode::NumbersSipCredentialsAlreadyRevoked]))))]
async fn revoke_sip_credential(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, cid)): Path<(String, String)>,
) -> ApiResult<StatusCode> {
    caller.needs(Scope::NumbersWrite)?;
    sip_credentials::revoke(&app, &caller, number_id(&id)?, credential_id(&cid)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rotate a SIP credential
///
/// It keeps its id and user name and gets a new password, which this answer shows once; the one before ends at once.
#[utoipa::path(post, path = "/numbers/{id}/sip-credentials/{cid}/rotate", params(Idempotent),
    responses((status = 200, body = wire::CreatedSipCredential, description = "The credential with its new password.")),
    extensions(("x-scope" = json!(Scope::NumbersWrite)),
        ("x-errors" = json!([ErrorCode::NumbersNotAssigned, ErrorCode::NumbersSipCredentialsNotFound,
        ErrorCode::NumbersSipCredentialsAlreadyRevoked]))))]
async fn rotate_sip_credential(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, cid)): Path<(String, String)>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::NumbersWrite)?;
    idempotency::once(&app, &caller, &request, async |mut attempt| {
        let (number, id) = (number_id(&id)?, credential_id(&cid)?);
        let (credential, password) = sip_credentials::rotate(&app, attempt.tx(), &caller, number, id).await?;
        let body = wire::CreatedSipCredential { credential: body_of(&app, credential), password };
        attempt.commit(&app, StatusCode::OK, &body).await
    })
    .await
}

/// A malformed id answers like an unknown one.
fn number_id(text: &str) -> Result<NumberId, NumberError> {
    text.parse().map_err(|_| NumberError::NotAssigned)
}

fn credential_id(text: &str) -> Result<SipCredentialId, Error> {
    text.parse().map_err(|_| Error::NotFound)
}

fn body_of(app: &AppState, credential: SipCredential) -> wire::SipCredential {
    let status = match credential.revoked_at {
        None => wire::SipCredentialStatus::Active,
        Some(_) => wire::SipCredentialStatus::Revoked,
    };
    wire::SipCredential {
        id: credential.id,
        number_id: credential.number_id,
        label: credential.label,
        sip_uri: format!("sip:{}@{}", credential.username, app.config.sip.domain),
        username: credential.username,
        status,
        srtp: credential.srtp.as_str().to_owned(),
        created_at: rfc3339(credential.created_at),
        rotated_at: credential.rotated_at.map(rfc3339),
        revoked_at: credential.revoked_at.map(rfc3339),
    }
}
