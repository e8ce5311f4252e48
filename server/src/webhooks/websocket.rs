//! A WebSocket over a connection that our HTTP client has opened, so that its rules for addresses and TLS hold for it too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{RequestBuilder, Response, Upgraded, header};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::entropy::Entropy;

/// Why there is none.
#[derive(Debug)]
pub enum Refused {
    /// No connection, or it broke.
    Unreachable,
    /// Another answer.
    Answered(Box<Response>),
}

/// Asks for it: a GET by a client that speaks HTTP/1.1 only.
///
/// # Errors
/// See [`Refused`].
pub async fn open(request: RequestBuilder, entropy: &Entropy) -> Result<Upgraded, Refused> {
    let key = STANDARD.encode(entropy.bytes::<16>());
    let request = request
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, &key);
    let response = request.send().await.map_err(|_| Refused::Unreachable)?;
    let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT).is_some_and(|accept| {
        // It proves that the server means a WebSocket (RFC 6455 §4.1).
        accept == derive_accept_key(key.as_bytes()).as_str()
    });
    if response.status().as_u16() != 101 || !accepted {
        return Err(Refused::Answered(Box::new(response)));
    }
    response.upgrade().await.map_err(|_| Refused::Unreachable)
}
