//! `POST /v1/sip/token`, and for operators the keys that sign tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::sip as wire;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::identity::MintedBy;
use super::{mint_sip_token, rotate_sip_keys, web_socket_url};
use crate::audit::{self, Actor};
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::{Caller, Credential, Operator};
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Begun, Request};
use crate::web::params::Idempotent;
use sautikit_api::rights::Scope;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create_sip_token)).routes(routes!(rotate_keys))
}

/// Mint a token for a phone or browser
///
/// Two requests are two tokens, unless they share an `Idempotency-Key`.
#[utoipa::path(post, path = "/sip/token", request_body = Option<wire::CreateSipToken>, params(Idempotent),
    responses((status = 200, body = wire::SipToken, description = "The token.")),
    extensions(("x-scope" = json!(Scope::SipToken)), ("x-errors" = json!([ErrorCode::NumbersSipTokenUnavailable]))))]
async fn create_sip_token(State(app): State<AppState>, caller: Caller, request: Request) -> ApiResult<Response> {
    caller.needs(Scope::SipToken)?;
    // Before the key is looked at, so that the same request may be sent again.
    if app.draining.is_cancelled() {
        return Err(ApiError::new(ErrorCode::NumbersSipTokenUnavailable));
    }
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let asked: wire::CreateSipToken = request.read_or_default()?;
    let minted_by = match &caller.credential {
        Credential::ApiKey { id, .. } => MintedBy::Key(*id),
        Credential::Session(_) => MintedBy::Member(caller.user_id),
    };
    let minted = mint_sip_token(&app, attempt.tx(), caller.workspace.id, minted_by, asked).await?;
    let entry = audit::Entry::by(
        &caller,
        "sip_token.minted",
        &minted.identity.jti,
        json!({ "identity": minted.identity.name }),
    );
    audit::record(&app, attempt.tx(), &entry).await?;
    let body = wire::SipToken {
        token: minted.token,
        expires_at: rfc3339(minted.identity.expires_at_us),
        sip_uri: format!("sip:{}@{}", minted.identity.user(), app.config.sip.domain),
        identity: minted.identity.name,
        ws_url: web_socket_url(&app.public_url),
        ice_servers: Vec::new(),
    };
    attempt.commit(&app, StatusCode::OK, &body).await
}

/// Rotate the keys that sign SIP tokens
///
/// A new key signs from now on, on every node. Tokens that those before it have signed are good until they expire, which is within
/// five minutes.
#[utoipa::path(post, operation_id = "admin_rotate_sip_keys", path = "/admin/sip-keys/rotate", security(("session" = [])),
    responses((status = 200, body = wire::SipKey, description = "The key that signs now.")))]
async fn rotate_keys(State(app): State<AppState>, operator: Operator) -> ApiResult<Json<wire::SipKey>> {
    let by = Actor::Operator(Some(operator.user_id.to_string()));
    let rotated = rotate_sip_keys(&app, by, operator.ip).await?;
    Ok(Json(wire::SipKey {
        id: rotated.kid,
        created_at: rfc3339(rotated.created_at),
        former_until: rfc3339(rotated.former_until),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_as_secure_as_the_page() {
        assert_eq!(web_socket_url("http://127.0.0.1:4000"), "ws://127.0.0.1:4000/sip");
        assert_eq!(web_socket_url("https://voice.example"), "wss://voice.example/sip");
    }
}
