//! The gateway on the web port: the SIP WebSocket, and calls from the sandbox.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use sautikit_api::ErrorCode;
use sautikit_api::calls::{self as calls_wire, CallStatus};
use sautikit_api::ids::CallId;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sip::websocket;
use super::{Gateway, conferences, devices, door, migrate_check, queues};
use crate::state::AppState;
use crate::web::caller::Caller;
use crate::web::client_ip::client_address;
use crate::web::error::{ApiError, ApiResult};
use crate::web::idempotency::{self, Begun, Request};
use crate::web::params::Idempotent;
use crate::{calls, numbers, sip_tokens, telephone};
use sautikit_api::rights::Scope;

/// When a refused socket may be tried again: the unproven ones are closed within 15 s.
const RETRY_SOCKET_AFTER_S: u32 = 15;

/// Prefix of the subprotocol that carries a token.
const BEARER_SUBPROTOCOL: &str = "bearer.";

/// `/sip`, outside `/v1`.
pub fn socket_routes() -> Router<AppState> {
    Router::new().route("/sip", get(open_socket))
}

/// The routes below `/v1`.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_sandbox_call))
        .merge(devices::routes())
        .merge(door::http::routes())
        .merge(conferences::http::routes())
        .merge(migrate_check::http::routes())
        .merge(queues::http::routes())
}

#[derive(Deserialize)]
struct SocketQuery {
    access_token: Option<String>,
}

async fn open_socket(
    State(app): State<AppState>,
    gateway: Option<Extension<Arc<Gateway>>>,
    ConnectInfo(remote): ConnectInfo<SocketAddr>,
    Query(query): Query<SocketQuery>,
    headers: HeaderMap,
    extensions: Extensions,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    let Some(Extension(gateway)) = gateway else { return Err(ErrorCode::NumbersSipConfigUnavailable.into()) };
    let token = query.access_token.or_else(|| token_of_subprotocol(&headers));
    let identity = match &token {
        Some(token) => {
            let identity = sip_tokens::verify_sip_token(&app, token).await;
            Some(Arc::new(identity.map_err(|_| ApiError::new(ErrorCode::AuthTokenInvalid))?))
        }
        None => None,
    };
    let sip = gateway.sip.clone();
    let registry = gateway.clone();
    let upgrade = websocket::bounded(upgrade);
    // RFC 7118 §4.1: who does not offer it does not mean to speak SIP here.
    if upgrade.selected_protocol().is_none() {
        return Err(ApiError::new(ErrorCode::ValidationBadRequest).message("Offer the WebSocket subprotocol `sip`."));
    }
    let address = client_address(&extensions, &headers, &app.config.http.trusted_proxies).unwrap_or(remote.ip());
    let Some(place) = gateway.sockets.place(address, identity.is_some()) else {
        return Err(ApiError::new(ErrorCode::RateLimited)
            .message("Too many WebSockets are open, here or from your address. Close some, or try again later.")
            .retry_after(RETRY_SOCKET_AFTER_S));
    };
    Ok(upgrade.on_upgrade(move |socket| async move {
        let flow = websocket::serve(sip, socket, remote, identity, place).await;
        registry.registrar.flow_closed(flow);
        registry.instances.closed(registry.app.clock.monotonic(), flow);
    }))
}

fn token_of_subprotocol(headers: &HeaderMap) -> Option<String> {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|value| value.to_str().ok());
    let mut names = offered.flat_map(|line| line.split(',')).map(str::trim);
    names.find_map(|name| name.strip_prefix(BEARER_SUBPROTOCOL)).map(str::to_owned)
}

/// `POST /v1/sandbox/inbound`.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "+254700000001", "from": "+254722000001" }))]
struct SandboxCall {
    /// One of the workspace's numbers.
    to: String,
    /// The number that calls: E.164, or the national form of the workspace's country.
    from: String,
}

/// Play a caller
///
/// The sandbox carrier calls one of the workspace's numbers. Only where the sandbox is on, which is in development. The
/// answer comes when the call has a record; what keeps it from having one is answered as a refusal.
#[utoipa::path(post, path = "/sandbox/inbound", request_body = SandboxCall, params(Idempotent),
    responses((status = 202, body = calls_wire::CallAccepted, description = "The call is coming in.")),
    extensions(("x-scope" = json!(Scope::CallsWrite)),
        ("x-errors" = json!([ErrorCode::NumbersSipConfigUnavailable, ErrorCode::CallsNoRoute,
        ErrorCode::NumbersNotAssigned, ErrorCode::WalletInsufficientFunds, ErrorCode::CallsOverloaded,
        ErrorCode::StorageUnavailable, ErrorCode::ServiceDraining]))))]
async fn create_sandbox_call(
    State(app): State<AppState>,
    caller: Caller,
    gateway: Option<Extension<Arc<Gateway>>>,
    request: Request,
) -> ApiResult<Response> {
    caller.needs(Scope::CallsWrite)?;
    let Some(Extension(gateway)) = gateway else { return Err(ErrorCode::NumbersSipConfigUnavailable.into()) };
    let Some(sandbox) = &gateway.sandbox else {
        return Err(ApiError::new(ErrorCode::CallsNoRoute).message("The sandbox carrier is off on this server."));
    };
    let mut attempt = match idempotency::begin(&app, &caller, &request).await? {
        Begun::Replay(answer) => return Ok(answer),
        Begun::Fresh(attempt) => attempt,
    };
    let body: SandboxCall = request.read()?;
    let own = numbers::list_active_e164(attempt.tx(), caller.workspace.id).await?;
    let to = own.into_iter().find(|own| telephone::names(&body.to, own)).ok_or(ErrorCode::NumbersNotAssigned)?;
    let from = telephone::e164_of_carrier(&body.from, Some(&caller.workspace.country)).ok_or_else(|| {
        ApiError::field("from", "`from` is the telephone number that calls, for instance +254722000001.")
    })?;
    let lease = attempt.lease(&app, None).await?;
    let id = CallId(app.new_uuid());
    if let Err(code) = sandbox.call_us(id, from, to).await {
        lease.withdraw(&app).await?;
        return Err(code.into());
    }
    lease.commit(&app, StatusCode::ACCEPTED, &calls::accepted(&app, id, CallStatus::Ringing)).await
}
