//! Notes each request that was authenticated for a workspace, for `requests` to store later.
//!
//! The console's own requests, which never leave the process, are not noted: they would drown what programs send, and
//! what they change stands in the audit log. Its writes that were refused and its faults are: the id that a person reads in
//! an error leads to its entry.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{MatchedPath, OriginalUri, Request};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use sautikit_api::ids::LoggedRequestId;

use super::request_id::{RequestId, error_body, without_token};
use crate::requests::{Exchange, LoggedRequest, Queue, REMOVED};
use crate::state::AppState;
use crate::web::client_ip::client_address;
use crate::web::error::ApiError;
use crate::web::told::{Told, Who};

/// Longest path with query that is kept, in characters: the longest cursor with all filters stays below it.
const PATH_MAX_CHARS: usize = 500;
/// Longest answer that is looked at; none to a write is longer.
const ANSWER_BYTES: u64 = 64 * 1_024;
/// Longest value of a header, in characters.
const HEADER_CHARS: usize = 200;
/// Headers of a request that are kept, but for the credential, of which only the kind is.
const OF_REQUESTS: [&str; 9] = [
    "accept",
    "accept-encoding",
    "content-length",
    "content-type",
    "if-none-match",
    "idempotency-key",
    "user-agent",
    "x-request-id",
    "x-sautikit-workspace",
];
/// Headers of an answer that are kept.
const OF_ANSWERS: [&str; 8] =
    ["content-type", "etag", "idempotent-replayed", "link", "location", "ratelimit", "retry-after", "x-next-cursor"];
/// Requests about people's data, whose bodies are not kept.
const PRIVACY: &str = "/v1/privacy/";
/// Query parameters whose values are left out.
const SECRETS: [&str; 5] = ["token", "access_token", "code", "state", "return_to"];

/// Marks a request of the console to the API of its own process.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfConsole;

/// A request on its way, as the log will show it.
pub(super) struct Noted {
    request_id: Arc<str>,
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
    address: Option<IpAddr>,
    created_at_us: i64,
    started: Duration,
    is_of_console: bool,
    request_headers: String,
}

impl Noted {
    /// `None` for what the log leaves out.
    pub(super) fn now(app: &AppState, request: &Request) -> Option<Self> {
        let extensions = request.extensions();
        if app.config.requests.keep_days == 0 {
            return None;
        }
        Some(Self {
            request_id: extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
            method: request.method().clone(),
            uri: extensions.get::<OriginalUri>().map_or(request.uri(), |original| &original.0).clone(),
            route: extensions.get().cloned(),
            address: client_address(extensions, request.headers(), &app.config.http.trusted_proxies),
            created_at_us: app.now_us(),
            started: app.clock.monotonic(),
            is_of_console: extensions.get::<OfConsole>().is_some(),
            request_headers: request_lines(request.headers()),
        })
    }

    /// Puts it into the queue, with its answer.
    pub(super) async fn end(self, app: &AppState, who: &Who, told: &Told, response: Response) -> Response {
        let (status, is_read) = (response.status(), matches!(self.method, Method::GET | Method::HEAD));
        let is_refused_write = status.is_client_error() && !is_read;
        if self.is_of_console && !is_refused_write && !status.is_server_error() {
            return response;
        }
        // Pages of the console follow what changes: two streams of each page that is looked at, and none of them a program's.
        if who.api_key_id.is_none() && status.is_success() && is_stream(&response) {
            return response;
        }
        let duration = app.clock.monotonic().saturating_sub(self.started);
        let error = response.extensions().get::<ApiError>().cloned();
        let error_code = error.as_ref().map(|error| error.code.as_str().to_owned());
        let (response, answer) = match error {
            // Its body is written further outside.
            Some(error) => {
                let body = serde_json::to_vec(&error_body(app, error, &self.request_id)).unwrap_or_default();
                (response, Bytes::from(body))
            }
            None if is_read => (response, Bytes::new()),
            None => with_body(response).await,
        };
        let exchange = Exchange {
            request_headers: self.request_headers,
            answer_headers: lines(response.headers(), &OF_ANSWERS),
            request: told.body(),
            answer,
        };
        let uri = self.uri;
        // What asks that a number be forgotten may not keep it.
        let exchange = Some(exchange).filter(|_| !uri.path().starts_with(PRIVACY));
        Queue::of(app).push(LoggedRequest {
            id: LoggedRequestId(app.new_uuid()),
            workspace_id: who.workspace_id,
            request_id: self.request_id.as_ref().to_owned(),
            method: self.method.as_str().to_owned(),
            route: self.route.map_or_else(|| uri.path().to_owned(), |route| route.as_str().to_owned()),
            path: shown(&uri),
            status: status.as_u16(),
            error_code,
            user_id: who.user_id,
            api_key_id: who.api_key_id,
            ip: self.address.map(|address| address.to_string()),
            duration_us: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
            created_at_us: self.created_at_us,
            exchange,
        });
        response
    }
}

fn is_stream(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// The answer, and its body where that is in memory already.
async fn with_body(response: Response) -> (Response, Bytes) {
    let is_known = response.body().size_hint().exact().is_some_and(|length| length <= ANSWER_BYTES);
    if !is_known {
        return (response, Bytes::new());
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    (Response::from_parts(parts, Body::from(body.clone())), body)
}

/// The headers with these names, a line each.
fn lines(headers: &HeaderMap, names: &[&str]) -> String {
    let mut lines = String::new();
    for name in names {
        for value in headers.get_all(*name) {
            let value: String = String::from_utf8_lossy(value.as_bytes()).chars().take(HEADER_CHARS).collect();
            lines += &format!("{name}: {value}\n");
        }
    }
    lines
}

fn request_lines(headers: &HeaderMap) -> String {
    let mut lines = lines(headers, &OF_REQUESTS);
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let value = String::from_utf8_lossy(value.as_bytes());
        // What has no kind before it is all credential.
        let kind = value.split_once(' ').map(|(kind, _)| kind).filter(|kind| kind.eq_ignore_ascii_case("bearer"));
        lines += &format!("authorization: {} {REMOVED}\n", kind.unwrap_or_default());
    }
    lines
}

/// Path and query as they may be kept.
fn shown(uri: &Uri) -> String {
    let mut text = without_token(uri.path()).into_owned();
    if let Some(query) = uri.query() {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if SECRETS.contains(&name) => format!("{name}=…"),
            _ => pair.to_owned(),
        });
        text = format!("{text}?{}", pairs.collect::<Vec<_>>().join("&"));
    }
    match text.char_indices().nth(PATH_MAX_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn credentials_are_no_headers_of_the_log() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("authorization", "Bearer sk_live_1"), ("cookie", "session=1"), ("user-agent", "curl/8")]
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        assert_eq!(request_lines(&headers), format!("user-agent: curl/8\nauthorization: Bearer {REMOVED}\n"));
        assert_eq!(lines(&headers, &OF_ANSWERS), "");
    }

    #[test]
    fn a_stream_is_known_by_its_media_type() {
        let of = |kind: &'static str| Response::builder().header("content-type", kind).body(Body::empty()).unwrap();
        assert!(is_stream(&of("text/event-stream; charset=utf-8")) && !is_stream(&of("application/json")));
    }

    fn of(text: &str) -> String {
        shown(&text.parse().unwrap())
    }

    #[test]
    fn secrets_of_a_query_are_left_out() {
        assert_eq!(of("/v1/calls?limit=2&status=busy"), "/v1/calls?limit=2&status=busy");
        assert_eq!(of("/v1/calls/x/stream?token=s3cret&a=b"), "/v1/calls/x/stream?token=…&a=b");
        assert_eq!(of("/v1/invitations/s3cret/accept"), "/v1/invitations/…/accept");
    }

    #[test]
    fn long_paths_are_cut() {
        assert_eq!(of(&format!("/v1/calls?remote={}", "x".repeat(2_000))).chars().count(), PATH_MAX_CHARS + 1);
    }
}
