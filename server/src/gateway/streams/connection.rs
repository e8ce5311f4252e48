//! The WebSocket of a stream, opened through the one client for customers' URLs: the same addresses, the same TLS, no
//! redirects. Signed as a voice callback is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::entropy::Entropy;
use crate::webhooks::client::{self, UrlRefusal};
use crate::webhooks::signer::Signer;

/// Largest message: a minute of μ-law in base64, with room.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// What may wait for a server that does not read.
const WRITE_BUFFER_BYTES: usize = 256 * 1024;

/// An open WebSocket.
pub(super) type Socket = WebSocketStream<reqwest::Upgraded>;

/// Why there is no stream, in words for the customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum StreamError {
    /// Not `wss`, or not a public address.
    #[error("the URL is not usable: {0}")]
    Url(#[from] UrlRefusal),
    /// Another scheme.
    #[error("the URL must begin with wss://")]
    Scheme,
    /// No connection.
    #[error("the server could not be reached")]
    Unreachable,
    /// No WebSocket.
    #[error("the server answered {0} instead of opening a WebSocket")]
    Status(u16),
    /// Not in time.
    #[error("the server did not answer within 10 s")]
    Timeout,
    /// It reads nothing any more.
    #[error("the server stopped reading")]
    Stalled,
    /// It is gone.
    #[error("the connection broke")]
    Broken,
}

/// Opens it.
pub(super) async fn connect(
    http: &reqwest::Client,
    development: bool,
    url: &str,
    signer: Signer<'_>,
    unix_seconds: i64,
    entropy: &Entropy,
) -> Result<Socket, StreamError> {
    let signed = url::Url::parse(url).map_err(|_| UrlRefusal::Malformed)?;
    let plain = match signed.scheme() {
        "wss" => url.replacen("wss", "https", 1),
        "ws" if development => url.replacen("ws", "http", 1),
        _ => return Err(StreamError::Scheme),
    };
    let asked = client::check_url(&plain, development)?;
    let key = STANDARD.encode(entropy.bytes::<16>());
    let mut request = http
        .get(asked)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, &key);
    for (name, signature) in signer.sign(&signed, &[], "", unix_seconds) {
        request = request.header(name, signature);
    }
    let response = request.send().await.map_err(|_| StreamError::Unreachable)?;
    let status = response.status().as_u16();
    let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT).is_some_and(|accept| {
        // It proves that the server means a WebSocket (RFC 6455 §4.1).
        accept == derive_accept_key(key.as_bytes()).as_str()
    });
    if status != 101 || !accepted {
        return Err(StreamError::Status(status));
    }
    let upgraded = response.upgrade().await.map_err(|_| StreamError::Unreachable)?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES))
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES);
    Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await)
}
