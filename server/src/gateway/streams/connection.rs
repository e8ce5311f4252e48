//! The WebSocket of a stream, opened through the one client for customers' URLs: the same addresses, the same TLS, no
//! redirects. Signed as a voice callback is.

use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::gateway::Gateway;
use crate::webhooks::client::{self, UrlRefusal};
use crate::webhooks::signer::Signer;
use crate::webhooks::websocket::{self, Refused};

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
pub(super) async fn connect(gateway: &Gateway, url: &str, signer: Signer<'_>) -> Result<Socket, StreamError> {
    let (http, app) = (&gateway.http, &gateway.app);
    let (development, unix_seconds) = (app.config.is_development(), app.clock.now().as_second());
    let signed = url::Url::parse(url).map_err(|_| UrlRefusal::Malformed)?;
    let plain = match signed.scheme() {
        "wss" => url.replacen("wss", "https", 1),
        "ws" if development => url.replacen("ws", "http", 1),
        _ => return Err(StreamError::Scheme),
    };
    let asked = client::check_url(&plain, development)?;
    let mut request = http.get(asked);
    for (name, signature) in signer.sign(&signed, &[], "", unix_seconds) {
        request = request.header(name, signature);
    }
    let upgraded = websocket::open(request, &app.entropy).await.map_err(|refused| match refused {
        Refused::Unreachable => StreamError::Unreachable,
        Refused::Answered(answer) => StreamError::Status(answer.status().as_u16()),
    })?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES))
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES);
    Ok(WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await)
}
