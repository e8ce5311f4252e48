//! SIP over WebSocket (RFC 7118): `GET /sip`, subprotocol `sip`, one message per frame.
//!
//! A token may come with the upgrade, as `?access_token=` or as the subprotocol `bearer.<jwt>`, for clients that can't
//! set headers; then the whole connection is that identity's. A token that is not good refuses the upgrade.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use sip::ua::FlowId;
use tokio::sync::mpsc;

use super::{Command, Peer, SipHandle};
use crate::sip_tokens::identity::Identity;

/// Subprotocol of RFC 7118 §3.
pub const SUBPROTOCOL: &str = "sip";
/// Messages that may wait for a browser; one that reads so slowly is cut off.
const OUTGOING_QUEUE: usize = 256;
/// Larger SIP messages are not taken: an INVITE of Chrome's is 2 to 4 kB.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Serves one open connection until either end closes it; gives the flow that is no more.
pub async fn serve(sip: SipHandle, socket: WebSocket, remote: SocketAddr, identity: Option<Arc<Identity>>) -> FlowId {
    let flow = sip.next_flow();
    let (outgoing, mut to_send) = mpsc::channel::<Bytes>(OUTGOING_QUEUE);
    let keep_alive = outgoing.clone();
    sip.send(Command::FlowOpened { flow, remote, peer: Peer::Web(identity), outgoing }).await;
    let (mut sink, mut stream) = socket.split();
    loop {
        tokio::select! {
            frame = stream.next() => {
                let bytes = match frame {
                    Some(Ok(Message::Text(text))) => Bytes::from(text),
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                };
                if bytes.iter().all(u8::is_ascii_whitespace) {
                    // The double CRLF of RFC 5626 §3.5.1 is answered by a single one.
                    let _ = keep_alive.try_send(Bytes::from_static(b"\r\n"));
                } else {
                    let message = Box::new(sip::parse::message(bytes));
                    sip.send(Command::Received { flow, message }).await;
                }
            }
            bytes = to_send.recv() => {
                let Some(bytes) = bytes else { break };
                let frame = match std::str::from_utf8(&bytes) {
                    Ok(text) => Message::text(text.to_owned()),
                    Err(_) => Message::Binary(bytes),
                };
                if sink.send(frame).await.is_err() {
                    break;
                }
            }
        }
    }
    sip.send(Command::FlowClosed { flow }).await;
    flow
}
