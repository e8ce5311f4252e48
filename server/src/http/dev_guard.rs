//! `/dev/*`: only in development, only for a loopback `Host`, never through a proxy.
//!
//! An exposed `/dev/mail` would be an account takeover: it shows sign-in links. A foreign page could reach it by DNS
//! rebinding, which the `Host` check stops.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;

use crate::state::AppState;
use crate::web::error::ApiError;

/// Headers that a proxy leaves.
const PROXY_HEADERS: [&str; 5] = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via"];

/// Middleware over the routes under `/dev`. Refusals look like an unknown address.
pub(super) async fn only_local(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if app.config.is_development() && is_local(request.headers()) {
        next.run(request).await
    } else {
        ApiError::from(ErrorCode::NotFound).into_response()
    }
}

fn is_local(headers: &HeaderMap) -> bool {
    let proxied = PROXY_HEADERS.iter().any(|name| headers.contains_key(*name));
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let loopback = name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    loopback && !proxied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        is_local(&headers)
    }

    #[test]
    fn only_loopback_hosts_are_local() {
        assert!(local(&[("host", "127.0.0.1:4000")]));
        assert!(local(&[("host", "localhost:4000")]));
        assert!(local(&[("host", "[::1]:4000")]));
        assert!(!local(&[("host", "evil.example")]));
        assert!(!local(&[("host", "127.0.0.1.evil.example")]));
        assert!(!local(&[]));
    }

    #[test]
    fn proxied_requests_are_not_local() {
        assert!(!local(&[("host", "localhost"), ("x-forwarded-for", "203.0.113.9")]));
    }
}
