//! The router and what all rooms share at the HTTP edge: callers, idempotency, bodies, pages, errors.
//!
//! Rooms give their routes relative to `/v1`; [`router`] joins them. Order of checks: route, rate of the address,
//! credential, rate of the key, scope or role, suspension, idempotency, validation, state.

pub mod caller;
pub mod client_ip;
mod console;
mod dev_guard;
mod docs;
mod etag;
mod headers;
mod health;
mod host;
pub mod idempotency;
pub mod json;
mod metrics;
pub mod moment;
pub mod openapi;
mod options;
mod origin;
pub mod page;
pub mod rate_limit;
pub mod request_id;
mod request_log;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sautikit_api::ErrorCode;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

use self::console::Console;
use crate::error::ApiError;
use crate::state::AppState;
use crate::{accounts, api_keys, audit, calls, gateway, mail, numbers, payments, requests, sip_tokens, wallet};

/// Largest request body: far above any real one, small enough to be held in memory.
pub const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// The API's routes with their description, relative to `/v1`.
fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(accounts::http::routes())
        .merge(accounts::google::http::routes())
        .merge(accounts::members::http::routes())
        .merge(accounts::invitations::http::routes())
        .merge(accounts::workspaces::http::routes())
        .merge(accounts::workspaces::admin::http::routes())
        .merge(api_keys::http::routes())
        .merge(audit::http::routes())
        .merge(calls::http::routes())
        .merge(gateway::http::routes())
        .merge(numbers::http::routes())
        .merge(openapi::routes())
        .merge(payments::http::routes())
        .merge(requests::http::routes())
        .merge(sip_tokens::http::routes())
        .merge(wallet::http::routes())
}

/// Everything that is served on the web port.
pub fn router(app: &AppState) -> Router {
    let api = Router::from(api())
        .route_layer(from_fn_with_state(app.clone(), rate_limit::limit))
        .route_layer(from_fn_with_state(app.clone(), request_log::note));
    let dev = mail::http::routes().layer(from_fn_with_state(app.clone(), dev_guard::only_local));
    // The console's own way to the API: the same routes and layers, without a socket between.
    let inner = Router::new()
        .nest("/v1", api.clone())
        .nest("/dev", dev.clone())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    let console = Console::new(app, with_layers(inner, app));
    let routes = Router::new()
        .nest("/v1", api)
        .merge(console::routes(&console))
        .nest("/dev", dev)
        .merge(gateway::http::socket_routes())
        .merge(Router::from(health::routes()))
        .route("/llms.txt", get(docs::llms_txt))
        .method_not_allowed_fallback(method_not_allowed);
    options::allow_options(with_layers(routes, app).layer(from_fn_with_state(console, console::show_errors)))
}

/// What is served on the operator's port (`metrics.listen`).
pub fn operator_router(app: &AppState) -> Router {
    let routes = Router::new().route("/metrics", get(metrics::metrics)).fallback(not_found);
    routes.layer(from_fn_with_state(app.clone(), request_id::with_request_id)).with_state(app.clone())
}

/// The last layer is the outermost: it sees the request first and the answer last.
fn with_layers(routes: Router<AppState>, app: &AppState) -> Router {
    routes
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(map_response(plain_refusal))
        .layer(from_fn(options::answer_options))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), origin::check_origin))
        .layer(from_fn_with_state(app.clone(), host::redirect_to_public_url))
        .layer(from_fn_with_state(app.clone(), request_id::with_request_id))
        .layer(from_fn_with_state(app.clone(), headers::with_security_headers))
        .with_state(app.clone())
}

async fn not_found() -> ApiError {
    ErrorCode::NotFound.into()
}

async fn method_not_allowed() -> ApiError {
    ErrorCode::MethodNotAllowed.into()
}

/// Refusals that axum's own extractors wrote as text (a path that is not UTF-8, say) become catalogue errors.
async fn plain_refusal(response: Response) -> Response {
    let is_text = response
        .headers()
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    match response.status().as_u16() {
        400 | 404 | 422 if is_text => ApiError::new(ErrorCode::ValidationBadRequest).into_response(),
        413 if is_text => ApiError::from(ErrorCode::PayloadTooLarge).into_response(),
        500 if is_text => ApiError::internal("a handler's own 500").into_response(),
        _ => response,
    }
}

/// A defect of ours; the client sees `internal_error`, the log the message.
fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    ApiError::internal(format!("panic: {text}")).into_response()
}
