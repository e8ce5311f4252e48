//! Notes each request that was authenticated for a workspace, for `requests` to store later.
//!
//! The console's own requests, which never leave the process, are not noted: they would drown what programs send, and
//! what they change stands in the audit log.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, OriginalUri, Request};
use axum::http::{Method, Uri};
use axum::response::Response;
use sautikit_api::ids::LoggedRequestId;

use super::request_id::{RequestId, without_token};
use crate::requests::{LoggedRequest, Queue};
use crate::state::AppState;
use crate::web::client_ip::client_address;
use crate::web::error::ApiError;
use crate::web::told::Who;

/// Longest path with query that is kept, in characters: the longest cursor with all filters stays below it.
const PATH_MAX_CHARS: usize = 500;
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
}

impl Noted {
    /// `None` for what the log leaves out.
    pub(super) fn now(app: &AppState, request: &Request) -> Option<Self> {
        let extensions = request.extensions();
        if app.config.requests.keep_days == 0 || extensions.get::<OfConsole>().is_some() {
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
        })
    }

    /// Puts it into the queue, with its answer.
    pub(super) fn end(self, app: &AppState, who: &Who, response: &Response) {
        let duration = app.clock.monotonic().saturating_sub(self.started);
        let uri = self.uri;
        Queue::of(app).push(LoggedRequest {
            id: LoggedRequestId(app.new_uuid()),
            workspace_id: who.workspace_id,
            request_id: self.request_id.as_ref().to_owned(),
            method: self.method.as_str().to_owned(),
            route: self.route.map_or_else(|| uri.path().to_owned(), |route| route.as_str().to_owned()),
            path: shown(&uri),
            status: response.status().as_u16(),
            error_code: response.extensions().get::<ApiError>().map(|error| error.code.as_str().to_owned()),
            user_id: who.user_id,
            api_key_id: who.api_key_id,
            ip: self.address.map(|address| address.to_string()),
            duration_us: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
            created_at_us: self.created_at_us,
        });
    }
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
    use super::*;

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
