//! `POST /v1/sip/token`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use sautikit_api::ErrorCode;
use sautikit_api::sip as wire;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::identity::MintedBy;
use super::{mint_sip_token, web_socket_url};
use crate::audit;
use crate::clock::rfc3339;
use crate::state::AppState;
use crate::web::caller::{Caller, Credential};
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Begun, Request};
use crate::web::params::Idempotent;
use sautikit_api::rights::Scope;

/// The routes of this room, relative to `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create_sip_token))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_as_secure_as_the_page() {
        assert_eq!(web_socket_url("http://127.0.0.1:4000"), "ws://127.0.0.1:4000/sip");
        assert_eq!(web_socket_url("https://voice.example"), "wss://voice.example/sip");
    }
}
