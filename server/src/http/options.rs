//! `OPTIONS` on an address that exists: 204 and `Allow` (RFC 9110 §9.3.7). It says nothing about other origins: browsers
//! may not use the API from foreign pages, but for what `cors` names.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::web::error::ApiError;

/// Turns the router's own 405 for `OPTIONS` into the answer that was asked for.
pub(super) fn answer(response: &mut Response) {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return;
    }
    response.extensions_mut().remove::<ApiError>();
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.body_mut() = Body::empty();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.remove(header::CONTENT_LENGTH);
}

/// Every address that names its methods answers `OPTIONS` too. `HEAD` stands there already where `GET` does.
pub(super) fn allow(headers: &mut HeaderMap) {
    if let Some(allow) = headers.get(header::ALLOW).and_then(|value| value.to_str().ok())
        && !allow.split(',').any(|method| method.trim() == "OPTIONS")
        && let Ok(allow) = HeaderValue::try_from(format!("{allow},OPTIONS"))
    {
        headers.insert(header::ALLOW, allow);
    }
}
