//! The router and what all rooms share at the HTTP edge: callers, idempotency, bodies, pages, errors.
//!
//! Rooms give their routes relative to `/v1`; [`router`] joins them. Order of checks: route, rate of the address,
//! credential, rate of the key, scope or role, suspension, idempotency, validation, state.

mod background;
mod changes;
mod compression;
mod console;
mod cors;
mod credentials;
mod dev_guard;
mod docs;
mod edge;
mod headers;
mod health;
mod host;
mod metrics;
pub mod openapi;
mod options;
mod origin;
mod passing;
mod pictures;
pub mod request_id;
mod request_log;
mod told;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use sautikit_api::ErrorCode;
use utoipa_axum::router::OpenApiRouter;

use self::console::Console;
pub use self::credentials::Credentials;
pub use self::edge::BODY_LIMIT_BYTES;
pub use self::passing::Passing;
use crate::state::AppState;
use crate::web::error::ApiError;
use crate::{
    accounts, api_keys, audit, calls, gateway, mail, numbers, payments, pricing, privacy, recordings, requests, shadow,
    sip_credentials, sip_tokens, storage, trunks, wallet, webhooks,
};

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
        .merge(background::routes())
        .merge(changes::routes())
        .merge(calls::http::routes())
        .merge(calls::callback_test::http::routes())
        .merge(calls::operator::http::routes())
        .merge(calls::playground::http::routes())
        .merge(gateway::http::routes())
        .merge(numbers::http::routes())
        .merge(openapi::routes())
        .merge(payments::http::routes())
        .merge(pricing::http::routes())
        .merge(privacy::http::routes())
        .merge(recordings::http::routes())
        .merge(requests::http::routes())
        .merge(shadow::http::routes())
        .merge(sip_credentials::http::routes())
        .merge(sip_tokens::http::routes())
        .merge(storage::http::routes())
        .merge(trunks::http::routes())
        .merge(wallet::http::routes())
        .merge(wallet::adjustment::http::routes())
        .merge(wallet::operator::http::routes())
        .merge(webhooks::http::routes())
}

/// Everything that is served on the web port.
pub fn router(app: &AppState) -> Router {
    let api = Router::from(api()).route_layer(from_fn_with_state(app.clone(), told::limit_and_note));
    let dev = mail::http::routes().layer(from_fn_with_state(app.clone(), dev_guard::only_local));
    // The console's own way to the API: the same routes and layers, without a socket between.
    let inner = Router::new()
        .nest("/v1", api.clone())
        .nest("/dev", dev.clone())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    let console = Console::new(app, edge::around(inner, app, None));
    let pbx = calls::pbx::http::routes().route_layer(from_fn_with_state(app.clone(), passing::pass_on));
    let routes = Router::new()
        .nest("/v1", api)
        .nest("/v1/payments", payments::http::callbacks())
        .nest("/v1/pbx", pbx)
        .merge(console::routes(&console))
        .nest("/dev", dev)
        .merge(gateway::http::socket_routes())
        .merge(webhooks::listener::http::socket_routes())
        .merge(recordings::http::media_routes())
        .merge(Router::from(health::routes()))
        .route("/llms.txt", get(docs::llms_txt))
        .route("/llms-full.txt", get(docs::llms_full_txt))
        .route(docs::INDEX, get(docs::search_index))
        .route(&format!("{}/{{lang}}/{{*page}}", pictures::ROOT), get(pictures::show))
        .method_not_allowed_fallback(method_not_allowed);
    edge::around(routes, app, Some(console))
}

/// What is served on the operator's port (`metrics.listen`).
pub fn operator_router(app: &AppState) -> Router {
    let routes = Router::new().route("/metrics", get(metrics::metrics)).fallback(not_found);
    routes.layer(from_fn_with_state(app.clone(), request_id::with_request_id)).with_state(app.clone())
}

/// What is served on the internal listener (`nodes.listen`): the API, for requests that other nodes pass on, which have counted and
/// noted them.
pub fn internal_router(app: &AppState) -> Router {
    let routes =
        Router::new().nest("/v1", Router::from(api())).nest("/v1/pbx", calls::pbx::http::routes()).fallback(not_found);
    let routes = edge::around(routes.method_not_allowed_fallback(method_not_allowed), app, None);
    // What nodes want of each other and no client has asked for.
    let between = Router::new().nest("/nodes", gateway::edge::http::routes()).with_state(app.clone());
    let only_of_nodes = between.fallback_service(routes).layer(from_fn_with_state(app.clone(), passing::only_of_nodes));
    // Who else comes is answered as everybody is, with an id.
    only_of_nodes.layer(from_fn_with_state(app.clone(), request_id::with_request_id))
}

/// The licences of all that this binary contains, as `sautikit licences` prints them; `None` when the site was not built.
pub fn licences(config: &crate::config::Config) -> Option<std::borrow::Cow<'static, str>> {
    console::licences(config)
}

async fn not_found() -> ApiError {
    ErrorCode::NotFound.into()
}

async fn method_not_allowed() -> ApiError {
    ErrorCode::MethodNotAllowed.into()
}
