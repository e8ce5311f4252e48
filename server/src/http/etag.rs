//! Answers whose content has a name (RFC 9110 §8.8.3), so that who has it already is told so instead of sent it.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::secrets::hex;

/// Bytes of the content's SHA-256 that make its tag: enough that no two contents share one.
const ETAG_BYTES: usize = 12;

/// The tag of this content.
pub(super) fn tag_of(content: &[u8]) -> String {
    format!("\"{}\"", hex(&Sha256::digest(content)[..ETAG_BYTES]))
}

/// The content with its tag, or 304 when the request names that tag.
pub(super) fn answer(asked: &HeaderMap, etag: &str, content: impl IntoResponse) -> Response {
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { content.into_response() };
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}
