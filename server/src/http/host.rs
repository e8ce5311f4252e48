//! One origin: pages asked for under another host name (`localhost` for `127.0.0.1`) lead to `http.public_url`, because
//! cookies and the Origin check belong to one origin.
//!
//! Only reads of pages are redirected: API clients, probes, the SIP WebSocket and `/dev` name no origin.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Redirect, Response};

use crate::state::AppState;

/// Paths that answer under any host name.
const ANY_HOST: [&str; 6] = ["/v1/", "/dev/", "/sdk/", "/sip", "/healthz", "/readyz"];

/// Where a page that was asked for under another name is.
pub(super) fn redirect(app: &AppState, request: &Request) -> Option<Response> {
    let path = request.uri().path();
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !ANY_HOST.iter().any(|prefix| path.starts_with(prefix));
    (is_page && is_foreign(request.headers(), &app.public_url)).then(|| {
        let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
        Redirect::temporary(&format!("{}{wanted}", app.public_url)).into_response()
    })
}

/// Whether the request names a host that is not the public one. A request without `Host` (HTTP/1.0) is left alone.
fn is_foreign(headers: &HeaderMap, public_url: &str) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|value| value.to_str().ok()) else { return false };
    public_url.split_once("://").is_some_and(|(_, own)| !own.eq_ignore_ascii_case(host))
}
