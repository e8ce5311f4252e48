//! `OPTIONS` on an address that exists: 204 and `Allow` (RFC 9110 §9.3.7). It says nothing about other origins: browsers
//! may not use the API from foreign pages, so there are no CORS headers here.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::ApiError;

/// Middleware over the whole router: turns the router's own 405 for `OPTIONS` into the answer that was asked for. `Allow`
/// is written by axum, outside of all layers.
pub(super) async fn answer_options(request: Request, next: Next) -> Response {
    let asks = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if asks && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.extensions_mut().remove::<ApiError>();
        *response.status_mut() = StatusCode::NO_CONTENT;
        *response.body_mut() = Body::empty();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_LENGTH);
    }
    response
}
