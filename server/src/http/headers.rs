//! Security headers of every answer. Pages add their own Content-Security-Policy with a nonce; this is the strict rest.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::state::AppState;

/// What an API answer may do in a browser: nothing.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// A page that we open, or that opens us, shares its window with us only if it is ours; the softphone's is.
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// The softphone listens to the microphone of our own pages; nothing here uses the rest.
const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=(), payment=(), usb=()";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// Of an API answer.
const MOST_HEADERS: usize = 16;
/// Two years, the age that preload lists ask for.
const HSTS: &str = "max-age=63072000; includeSubDomains";

/// Adds what the handler has not set; `is_api` for answers to programs.
pub(super) fn secure(app: &AppState, is_api: bool, headers: &mut HeaderMap) {
    // All of them and what the rest of an answer has, at once.
    headers.reserve(MOST_HEADERS);
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
}
