//! Notes each request that was authenticated for a workspace, for `requests` to store later.
//!
//! The console's own requests, which never leave the process, are not noted: they would drown what programs send, and
//! what they change stands in the audit log.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, OriginalUri, Request, State};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use sautikit_api::ids::{ApiKeyId, LoggedRequestId, UserId, WorkspaceId};

use super::client_ip::client_address;
use super::request_id::{RequestId, without_token};
use crate::error::ApiError;
use crate::requests::LoggedRequest;
use crate::state::AppState;

/// Longest path with query that is kept, in characters: the longest cursor with all filters stays below it.
const PATH_MAX_CHARS: usize = 500;
/// Query parameters whose values are left out.
const SECRETS: [&str; 4] = ["token", "access_token", "code", "state"];

/// Marks a request of the console to the API of its own process.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfConsole;

/// For whom a request was authenticated.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) workspace_id: WorkspaceId,
    pub(super) user_id: UserId,
    pub(super) api_key_id: Option<ApiKeyId>,
}

/// Where the credential's reader leaves who it found.
#[derive(Debug, Clone, Default)]
struct Found(Arc<OnceLock<Who>>);

/// Tells the log who asks.
pub(super) fn tell(parts: &Parts, who: Who) {
    if let Some(Found(found)) = parts.extensions.get() {
        // A handler that reads its caller twice finds the same.
        let _ = found.set(who);
    }
}

/// Middleware over the routes of `/v1`.
pub(super) async fn note(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    if app.config.requests.keep_days == 0 || request.extensions().get::<OfConsole>().is_some() {
        return next.run(request).await;
    }
    let found = Found::default();
    request.extensions_mut().insert(found.clone());
    let extensions = request.extensions();
    let uri = extensions.get::<OriginalUri>().map_or(request.uri(), |original| &original.0).clone();
    let route = extensions.get::<MatchedPath>().cloned();
    let request_id = extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let address = client_address(extensions, request.headers(), &app.config.http.trusted_proxies);
    let method = request.method().clone();
    let (created_at_us, started) = (app.now_us(), app.clock.monotonic());

    let response = next.run(request).await;
    let Some(who) = found.0.get() else { return response };
    let duration = app.clock.monotonic().saturating_sub(started);
    app.requests.push(LoggedRequest {
        id: LoggedRequestId(app.new_uuid()),
        workspace_id: who.workspace_id,
        request_id,
        method: method.as_str().to_owned(),
        route: route.map_or_else(|| uri.path().to_owned(), |route| route.as_str().to_owned()),
        path: shown(&uri),
        status: response.status().as_u16(),
        error_code: response.extensions().get::<ApiError>().map(|error| error.code.as_str().to_owned()),
        user_id: who.user_id,
        api_key_id: who.api_key_id,
        ip: address.map(|address| address.to_string()),
        duration_us: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
        created_at_us,
    });
    response
}

/// Path and query as they may be kept.
fn shown(uri: &Uri) -> String {
    let mut text = without_token(uri.path());
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
