//! Security headers of every answer. Pages add their own Content-Security-Policy with a nonce; this is the strict rest.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::state::AppState;

/// What an API answer may do in a browser: nothing.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// Two years, the age that preload lists ask for.
const HSTS: &str = "max-age=63072000; includeSubDomains";

/// Middleware over the whole router. Sets only what the handler has not set.
pub(super) async fn with_security_headers(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/v1/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    // Magic links carry their token in the URL.
    default(header::REFERRER_POLICY, "no-referrer");
    if is_api {
        default(header::CACHE_CONTROL, "no-store");
        default(header::CONTENT_SECURITY_POLICY, API_POLICY);
    }
    if app.is_https() {
        default(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}
