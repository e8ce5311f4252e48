//! `/v1/api-keys`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::ids::ApiKeyId;
use sautikit_api::keys as wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ApiKey, Error, NewApiKey, grant_names};
use crate::api_keys;
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::error::ApiResult;
use crate::web::idempotency::{self, Begun, Request};
use crate::web::page::Page;
use crate::web::params::{Idempotent, Paged};
use sautikit_api::rights::Scope;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_api_keys, create_api_key))
        .routes(routes!(revoke_api_key))
        .routes(routes!(rotate_api_key))
}

/// Create an API key
///
/// The answer is the only time that the secret is shown.
#[utoipa::path(post, path = "/api-keys", request_body = wire::CreateApiKey,
    params(Idempotent),
    responses((status = 201, body = wire::CreatedApiKey, description = "The key with its secret.")),
    extensions(("x-scope" = json!(Scope::ApiKeysWrite)),
        ("x-errors" = json!([ErrorCode::ApiKeyNameRequired, ErrorCode::ApiKeyScopeInvalid]))))]
async fn create_api_key(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::ApiKeysWrite)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let body: wire::CreateApiKey = request.read()?;
    let new = NewApiKey { name: &body.name, scopes: body.scopes.as_deref(), expires_at: body.expires_at.as_deref() };
    let (key, secret) = api_keys::create_api_key(&app, attempt.tx(), &caller, new).await?;
    let body = wire::CreatedApiKey { api_key: key_body(key, app.now_us()), key: secret.as_str().to_owned() };
    attempt.commit(&app, StatusCode::CREATED, &body).await
}

/// List API keys
///
/// A key needs the scope; every member may look.
#[utoipa::path(get, path = "/api-keys", security(("api_key" = [Scope::ApiKeysWrite.as_str()]), ("session" = [])),
    params(Paged),
    responses((status = 200, body = Vec<wire::ApiKey>, description = "Keys without secrets, the newest first.")),
    extensions(("x-errors" = json!([ErrorCode::ApiKeyScopeDenied]))))]
async fn list_api_keys(State(app): State<AppState>, caller: Caller, page: ApiResult<Page>) -> ApiResult<Response> {
    caller.needs_session_or(Scope::ApiKeysWrite)?;
    let page = page?;
    let keys = api_keys::list_api_keys(&app, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    let now_us = app.now_us();
    Ok(page.answer(keys, |key| (key.created_at_us, key.id.0), |key| key_body(key, now_us)))
}

/// Revoke an API key
#[utoipa::path(delete, path = "/api-keys/{id}",
    responses((status = 204, description = "Revoked: it no longer works.")),
    extensions(("x-scope" = json!(Scope::ApiKeysWrite)),
        ("x-errors" = json!([ErrorCode::ApiKeyNotFound, ErrorCode::ApiKeyAlreadyRevoked]))))]
async fn revoke_api_key(State(app): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<StatusCode> {
    caller.needs(Scope::ApiKeysWrite)?;
    api_keys::revoke_api_key(&app, &caller, key_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rotate an API key
///
/// The key keeps its id and scopes and gets a new secret; the old one works on for the overlap. The body may be left out.
#[utoipa::path(post, path = "/api-keys/{id}/rotate", request_body = Option<wire::RotateApiKey>, params(Idempotent),
    responses((status = 200, body = wire::CreatedApiKey, description = "The key with its new secret.")),
    extensions(("x-scope" = json!(Scope::ApiKeysWrite)),
        ("x-errors" = json!([ErrorCode::ApiKeyNotFound, ErrorCode::ApiKeyAlreadyRevoked,
            ErrorCode::ApiKeyScopeInvalid]))))]
async fn rotate_api_key(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::ApiKeysWrite)?;
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let body: wire::RotateApiKey = request.read_or_default()?;
    let (key, secret) =
        api_keys::rotate_api_key(&app, attempt.tx(), &caller, key_id(&id)?, body.overlap_seconds).await?;
    let body = wire::CreatedApiKey { api_key: key_body(key, app.now_us()), key: secret.as_str().to_owned() };
    let answer = attempt.commit(&app, StatusCode::OK, &body).await?;
    app.tenant_changes.note();
    Ok(answer)
}

/// A malformed id answers like an unknown one.
fn key_id(text: &str) -> Result<ApiKeyId, Error> {
    text.parse().map_err(|_| Error::NotFound)
}

fn key_body(key: ApiKey, now_us: i64) -> wire::ApiKey {
    wire::ApiKey {
        id: key.id,
        status: key.status(now_us),
        name: key.name,
        prefix: key.prefix,
        scopes: grant_names(&key.grants).into_iter().map(str::to_owned).collect(),
        created_at: rfc3339(key.created_at_us),
        last_used_at: key.last_used_at_us.map(rfc3339),
        last_used_ip: key.last_used_ip,
        rotated_at: key.rotated_at_us.map(rfc3339),
        former_secret_until: key.former_until_us.filter(|until| *until > now_us).map(rfc3339),
        expires_at: key.expires_at_us.map(rfc3339),
        revoked_at: key.revoked_at_us.map(rfc3339),
    }
}
