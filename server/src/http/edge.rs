//! What surrounds every request on the web port, as ONE layer: a layer of functions costs a clone of everything inside it
//! and two allocations per request, and six of them were a fifth of what a small read costs.
//!
//! On the way in: id, host, origin. On the way out: `OPTIONS`, other origins, refusals and panics of others as catalogue errors, the error
//! body, security headers and, for a browser, the error as a page. Each rule stands in a file of its own.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use sautikit_api::ErrorCode;
use tower::{Layer, ServiceBuilder};

use super::console::{Console, error_page};
use super::request_id::Begun;
use super::{compression, cors, headers, host, options, origin};
use crate::state::AppState;
use crate::web::error::ApiError;

/// Largest request body: far above any real one, small enough to be held in memory.
pub const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// Surrounds the routes; with a console, errors that a person sees are pages of it and answers go out compressed: without one
/// they stay in the process.
pub(super) fn around(routes: Router<AppState>, app: &AppState, console: Option<Console>) -> Router {
    let goes_out = console.is_some();
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state((app.clone(), console), surround))
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES));
    // Not `routes.layer`: axum writes `Allow` outside of a router's own layers.
    let routes = layers.service(routes.with_state(app.clone()));
    match goes_out {
        true => Router::new().fallback_service(compression::layer().layer(routes)),
        false => Router::new().fallback_service(routes),
    }
}

async fn surround(
    State((app, console)): State<(AppState, Option<Console>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_api = request.uri().path().starts_with("/v1/");
    let asks_options = request.method() == Method::OPTIONS;
    let is_open = cors::is_open(request.uri());
    let visitor = console.and_then(|console| error_page::Visitor::of(console, &request));
    let begun = Begun::now(&app, &mut request);
    let mut response = match host::redirect(&app, &request).or_else(|| origin::refusal(&app, &mut request)) {
        Some(response) => response,
        // What a handler leaves behind when it panics is its own; the shared parts have locks that know no poison.
        None => {
            AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|panic| panicked(panic.as_ref()))
        }
    };
    if asks_options {
        options::answer(&mut response);
    }
    options::allow(response.headers_mut());
    let mut response = begun.end(&app, plain_refusal(response));
    headers::secure(&app, is_api, response.headers_mut());
    if is_open {
        cors::open(response.headers_mut(), asks_options);
    }
    match visitor {
        Some(visitor) => visitor.shown(response).await,
        None => response,
    }
}

/// Refusals that axum's own extractors wrote as text (a path that is not UTF-8, say) become catalogue errors.
fn plain_refusal(response: Response) -> Response {
    let is_text =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    match response.status().as_u16() {
        400 | 404 | 422 if is_text => ApiError::new(ErrorCode::ValidationBadRequest).into_response(),
        413 if is_text => ApiError::from(ErrorCode::PayloadTooLarge).into_response(),
        500 if is_text => ApiError::internal("a handler's own 500").into_response(),
        _ => response,
    }
}

/// A defect of ours; the client sees `internal_error`, the log the message.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    ApiError::internal(format!("panic: {text}")).into_response()
}
