//! Answers whose content has a name (RFC 9110 §8.8.3), so that who has it already is told so instead of sent it.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::secrets::hex;

/// Bytes of the content's SHA-256 that make its tag: enough that no two contents share one.
const ETAG_BYTES: usize = 12;

/// The tag of this content.
pub(crate) fn tag_of(content: &[u8]) -> String {
    format!("\"{}\"", hex(&Sha256::digest(content)[..ETAG_BYTES]))
}

/// The content with its tag, or 304 when the request names that tag.
pub(crate) fn answer(asked: &HeaderMap, etag: &str, content: impl IntoResponse) -> Response {
    let mut response =
        if is_known(asked, etag) { StatusCode::NOT_MODIFIED.into_response() } else { content.into_response() };
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// Whether `If-None-Match` names the tag: alone, in a list, or as `*`. Proxies that compress an answer make its tag weak,
/// so weak tags count (RFC 9110 §13.1.2).
fn is_known(asked: &HeaderMap, etag: &str) -> bool {
    let lines = asked.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_however_it_is_named() {
        let asked =
            |value: &str| HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_str(value).unwrap())]);
        for known in ["\"a\"", "W/\"a\"", "*", "\"x\", \"a\"", "\"x\",W/\"a\""] {
            assert!(is_known(&asked(known), "\"a\""), "{known}");
        }
        for other in ["\"x\"", "a", "", "W/\"x\"", "\"\""] {
            assert!(!is_known(&asked(other), "\"a\""), "{other}");
        }
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }
}
