//! The client's address, for the audit log and rate limits.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};

use crate::state::AppState;
use crate::web::error::ApiError;

/// Who connected; `None` for requests that the server makes to itself.
pub struct ClientIp(pub Option<String>);

impl FromRequestParts<AppState> for ClientIp {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        Ok(Self(client_ip(parts, &app.config.http.trusted_proxies)))
    }
}

/// The connection's peer, or, if that is a trusted proxy, the last address of `X-Forwarded-For` that is not one: what
/// stands further left was written by the client and proves nothing.
pub fn client_address(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpAddr]) -> Option<IpAddr> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    let forwarded = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|line| line.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    let mut client = peer.ip();
    for hop in hops.into_iter().rev() {
        if !trusted.contains(&client) {
            break;
        }
        client = hop;
    }
    Some(client)
}

/// [`client_address`] of a request, as rows store it.
pub fn client_ip(parts: &Parts, trusted: &[IpAddr]) -> Option<String> {
    client_address(&parts.extensions, &parts.headers, trusted).map(|address| address.to_string())
}
