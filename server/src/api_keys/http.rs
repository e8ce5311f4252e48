//! `/v1/api-keys`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get};
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
    let body = wire::CreatedApiKey { api_key: key_body(key), key: secret.as_str().to_owned() };
    attempt.commit(&app, StatusCode::CREATED, &body).await
}

async fn list_api_keys(State(app): State<AppState>, caller: Caller, page: Page) -> ApiResult<Response> {
    caller.needs_session_or(Scope::ApiKeysWrite)?;
    let keys = api_keys::list_api_keys(&app, caller.workspace.id, page.before(), page.fetch_limit()).await?;
    Ok(page.answer(keys, |key| (key.created_at_us, key.id.0), key_body))
}

async fn revoke_api_key(State(app): State<AppState>, caller: Caller, Path(id): Path<String>) -> ApiResult<StatusCode> {
    caller.needs(Scope::ApiKeysWrite)?;
    let id: ApiKeyId = id.parse().map_err(|_| Error::NotFound)?;
    api_keys::revoke_api_key(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn key_body(key: ApiKey) -> wire::ApiKey {
    wire::ApiKey {
        id: key.id,
        name: key.name,
        prefix: key.prefix,
        scopes: grant_names(&key.grants).into_iter().map(str::to_owned).collect(),
        created_at: rfc3339(key.created_at_us),
        last_used_at: key.last_used_at_us.map(rfc3339),
        expires_at: key.expires_at_us.map(rfc3339),
        revoked_at: key.revoked_at_us.map(rfc3339),
    }
}
