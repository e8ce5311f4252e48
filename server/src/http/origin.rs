//! Defence against cross-site requests: a change by cookie must come from our own origin.
//!
//! `Origin` and `Sec-Fetch-Site` are written by the browser and can't be forged by a page. A request with neither is not
//! a browser's form, unless an old one's; those can't send JSON cross-site without a preflight, so JSON is asked for.
//! Signing in is covered too, although no cookie exists yet: a foreign page must not sign its visitor in as someone else.
//!
//! One page of ours has an opaque origin: the one that a mailed link opens, because it sends `no-referrer` (Fetch, "append a
//! request `Origin` header"). Its forms, and nothing else, pass by `Sec-Fetch-Site: same-origin` alone.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;

use crate::state::AppState;
use crate::web::caller::{SESSION_COOKIE, cookie};
use crate::web::error::ApiError;
use crate::web::json::is_json;

/// The forms of the page that a mailed link opens.
const OF_MAILED_LINK: [&str; 2] = [app::forms::VERIFY, app::forms::LANGUAGE];
const SITE: &str = "sec-fetch-site";
const JSON_ONLY: &str = "A change by cookie that names no `Origin` takes a JSON body only. Send `Content-Type: application/json`, or use an API key.";

/// The refusal of a change by cookie that did not come from our own pages.
pub(super) fn refusal(app: &AppState, request: &mut Request) -> Option<Response> {
    if OF_MAILED_LINK.contains(&request.uri().path()) && is_opaque_of_ours(request.headers()) {
        // Looked at; the API, which the form asks in turn, knows no exception.
        request.headers_mut().remove(header::ORIGIN);
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    let path = request.uri().path();
    let signs_in = path.starts_with("/v1/auth/") || path.starts_with("/console/");
    // With an API key the cookie is not looked at. Signing in and the console's forms know no key, so that a header which
    // claims one excuses nothing there: the form's own requests to the API would go by the cookie.
    let by_cookie = cookie(headers, SESSION_COOKIE).is_some() && !headers.contains_key(header::AUTHORIZATION);
    let guarded = changes && (by_cookie || signs_in);
    let refused = guarded && !is_allowed(headers, &app.public_url);
    let is_of_browser = headers.contains_key(header::ORIGIN) || headers.contains_key(SITE);
    refused.then(|| match is_of_browser {
        true => ApiError::from(ErrorCode::AuthOriginDenied).into_response(),
        // A program that keeps cookies, curl for one.
        false => ApiError::new(ErrorCode::AuthOriginDenied).message(JSON_ONLY).into_response(),
    })
}

/// Whether this is a form of our own page that has an opaque origin. A foreign page in a sandbox has one too; its
/// `Sec-Fetch-Site` says `cross-site`.
fn is_opaque_of_ours(headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|said| said.as_bytes() == value.as_bytes());
    says("origin", "null") && says("sec-fetch-site", "same-origin")
}

fn is_allowed(headers: &HeaderMap, public_url: &str) -> bool {
    let origin = headers.get(header::ORIGIN).map(|value| value.as_bytes());
    let site = headers.get(SITE).map(|value| value.as_bytes());
    match (origin, site) {
        (None, None) => {
            let has_body = headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
                || headers.contains_key(header::TRANSFER_ENCODING);
            !has_body || is_json(headers)
        }
        (origin, site) => {
            origin.is_none_or(|origin| origin == public_url.as_bytes())
                && site.is_none_or(|site| site == b"same-origin" || site == b"none")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn allowed(pairs: &[(&'static str, &'static str)]) -> bool {
        is_allowed(&headers(pairs), "https://voice.example")
    }

    #[test]
    fn our_own_pages_may_write() {
        assert!(allowed(&[("origin", "https://voice.example"), ("sec-fetch-site", "same-origin")]));
        assert!(allowed(&[("origin", "https://voice.example")]));
    }

    #[test]
    fn foreign_and_opaque_origins_may_not() {
        assert!(!allowed(&[("origin", "https://evil.example")]));
        assert!(!allowed(&[("origin", "null")]));
        assert!(!allowed(&[("origin", "https://voice.example"), ("sec-fetch-site", "same-site")]));
        assert!(!allowed(&[("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn an_opaque_origin_is_ours_if_the_browser_says_so() {
        let ours = |pairs| is_opaque_of_ours(&headers(pairs));
        assert!(ours(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!ours(&[("origin", "null"), ("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[("origin", "null"), ("sec-fetch-site", "same-site")]));
        assert!(!ours(&[("origin", "null"), ("sec-fetch-site", "none")]));
        assert!(!ours(&[("origin", "null")]));
        assert!(!ours(&[("sec-fetch-site", "same-origin")]));
    }

    #[test]
    fn without_browser_headers_a_body_must_be_json() {
        assert!(allowed(&[("content-type", "application/json"), ("content-length", "2")]));
        assert!(!allowed(&[("content-type", "text/plain"), ("content-length", "2")]));
        assert!(allowed(&[]));
    }
}
