//! Pages, JSON and other text go out in the smallest coding that the client takes (RFC 9110 §12.5.3): most lines between here
//! and a customer are slow, and an HTML table is a tenth of itself as Brotli.
//!
//! Left as they are: audio, which does not get smaller, event streams, whose events would wait in the coder, and files that
//! `xtask` has compressed already, which name their coding.

use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Shorter answers are one packet in any coding.
const LEAST_BYTES: u16 = 1_024;
/// Kinds of content that get smaller.
const TEXT: [&str; 5] = ["text/", "application/json", "application/javascript", "application/xml", "image/svg+xml"];
/// The one text that is sent piece by piece.
const EVENTS: &str = "text/event-stream";

/// Compresses what leaves the server.
pub(super) fn layer() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new().compress_when(SizeAbove::new(LEAST_BYTES).and(gets_smaller))
}

fn gets_smaller(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    TEXT.iter().any(|text| kind.starts_with(text)) && !kind.starts_with(EVENTS)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn text_is_compressed_and_sound_and_events_are_not() {
        let of = |kind: &'static str| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
            gets_smaller(StatusCode::OK, Version::HTTP_11, &headers, &Extensions::new())
        };
        assert!(of("text/html; charset=utf-8") && of("application/json") && of("text/csv"));
        assert!(!of("audio/wav") && !of("text/event-stream") && !of("application/octet-stream"));
    }
}
