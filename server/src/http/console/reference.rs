//! GET `/docs/api`: the API's reference, drawn in the browser by Scalar from `/v1/openapi.json`.
//!
//! The page keeps the strict policy: Scalar gives its style element the page's nonce, and `app/js/strict_styles.js` does the
//! same for what Scalar writes later. Nothing comes from elsewhere, so `connect-src` is this host alone.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

use super::Console;
use crate::secrets::hex;
use crate::web::error::{ApiError, ApiResult};

/// As many as make guessing hopeless.
const NONCE_BYTES: usize = 16;
const PAGE: &str = include_str!("reference.html");

pub(super) async fn show(State(console): State<Console>) -> ApiResult<Response> {
    let nonce = hex(&console.app.entropy.bytes::<NONCE_BYTES>());
    let page = PAGE.replace("{nonce}", &nonce).replace("{assets}", &console.site.assets_url());
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
        font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = Html(page).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::try_from(policy).map_err(ApiError::internal)?);
    // "Try it" sends requests of this origin; `no-referrer` would make their `Origin` null.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}
