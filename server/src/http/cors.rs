//! The only addresses that pages of other origins may read: a call's stream by its token, which is made to be given to a
//! customer's own web page and opens nothing else. Cookies are no part of it.

use axum::http::{HeaderMap, HeaderValue, Uri, header};

/// What a reader sends that goes on from where it was, and no cookie.
const ALLOWED_HEADERS: &str = "last-event-id, cache-control";
/// A day, the longest that browsers keep it.
const KEPT_SECONDS: &str = "86400";

/// Whether the address holds a stream's token.
pub(super) fn is_open(uri: &Uri) -> bool {
    let of_call = uri.path().strip_prefix("/v1/calls/").and_then(|rest| rest.strip_suffix("/stream"));
    let is_stream = of_call.is_some_and(|id| !id.is_empty() && !id.contains('/'));
    let has_token = || uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("token=")));
    is_stream && has_token()
}

/// Lets pages of every origin read the answer, a refusal too.
pub(super) fn open(headers: &mut HeaderMap, asks_options: bool) {
    let mut put = |name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
    put(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    put(header::ACCESS_CONTROL_EXPOSE_HEADERS, "x-request-id");
    if asks_options {
        put(header::ACCESS_CONTROL_ALLOW_METHODS, "GET");
        put(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
        put(header::ACCESS_CONTROL_MAX_AGE, KEPT_SECONDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_calls_stream_with_its_token_is_open() {
        let open = |address: &'static str| is_open(&Uri::from_static(address));
        assert!(open("/v1/calls/019a/stream?token=t") && open("/v1/calls/HD_1/stream?x=1&token="));
        for closed in [
            "/v1/calls/019a/stream",
            "/v1/calls/019a/stream?tokens=t",
            "/v1/calls/stream?token=t",
            "/v1/calls//stream?token=t",
            "/v1/calls/019a/events?token=t",
            "/v1/calls/019a/x/stream?token=t",
            "/v1/wallet/balance?token=t",
        ] {
            assert!(!open(closed), "{closed}");
        }
    }
}
