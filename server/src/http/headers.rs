//! Security headers of every answer. Pages add their own Content-Security-Policy with a nonce; this is the strict rest.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::state::AppState;

/// What an API answer may do in a browser: nothing.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// A page that we open, or that opens us, shares its window with us only if it is ours; the softphone's is.
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// The softphone listens to the microphone of our own pages; nothing here uses the rest.
const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=(), payment=(), usb=()";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
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
    default(OPENER_POLICY, "same-origin");
    default(PERMISSIONS_POLICY, PERMISSIONS);
    if is_api {
        default(header::CACHE_CONTROL, "no-store");
        default(header::CONTENT_SECURITY_POLICY, API_POLICY);
    }
    if app.is_https() {
        default(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}
