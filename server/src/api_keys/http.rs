//! `/v1/api-keys`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get, post};
use sautikit_api::ids::ApiKeyId;
use sautikit_api::keys as wire;

use super::{ApiKey, Error, NewApiKey, grant_names};
use crate::accounts::Scope;
use crate::api_keys;
use crate::clock::rfc3339;
use crate::error::ApiResult;
use crate::http::caller::Caller;
use crate::http::idempotency::{self, Begun, Request};
use crate::http::page::Page;
use crate::state::AppState;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/api-keys", get(list_api_keys).post(create_api_key))
        .route("/api-keys/{id}", delete(revoke_api_key))
        .route("/api-keys/{id}/rotate", post(rotate_api_key))
}

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

async fn list_api_keys(State(app): State<AppState>, caller: Caller, page: Page) -> ApiResult<Response> {
    caller.needs_session_or(Scope::ApiKeysWrite)?;
    let keys = api_keys::list_api_keys(&app, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    let now_us = app.now_us();
    Ok(page.answer(keys, |key| (key.created_at_us, key.id.0), |key| key_body(key, now_us)))
}

async fn revoke_api_key(State(app): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<StatusCode> {
    caller.needs(Scope::ApiKeysWrite)?;
    api_keys::revoke_api_key(&app, &caller, key_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

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
    attempt.commit(&app, StatusCode::OK, &body).await
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
