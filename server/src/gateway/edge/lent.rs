//! A connection of this node that another one uses for a call: its messages go out over it, and what the callee says of that call
//! goes back. Everything else on the connection stays ours.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use bytes::Bytes;
use sip::ua::Path;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};

use super::Edge;
use crate::clock;
use crate::gateway::Gateway;
use crate::gateway::sip::{LENT_QUEUE, OpenDialog, WebInput};

/// How long the other node may say nothing: it pings three times in that time ([`super::borrowed`]).
const QUIET_FOR: Duration = Duration::from_secs(35);
/// How long one message may take to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// Serves it until the call is over, the callee's connection is gone or the other node is.
pub(super) async fn serve(gateway: Arc<Gateway>, mut socket: WebSocket, path: Path) {
    let sip = &gateway.sip;
    let lease = sip.next_flow();
    let (to_node, mut from_callee) = mpsc::channel::<Bytes>(LENT_QUEUE);
    sip.send_web(WebInput::Lend { lease, path, to_node }).await;
    let mut left = Left { edge: &gateway.edge, open: None };
    let mut look_at = clock::timer_now() + QUIET_FOR;
    loop {
        tokio::select! {
            bytes = from_callee.recv() => {
                // The callee's connection is gone, or the other node does not read; it is told so by the end of this one.
                let Some(bytes) = bytes else { break };
                let written = timeout(WRITTEN_WITHIN, socket.send(Message::Binary(bytes))).await;
                if !matches!(written, Ok(Ok(()))) {
                    break;
                }
            }
            frame = socket.recv() => {
                look_at = clock::timer_now() + QUIET_FOR;
                match frame {
                    Some(Ok(Message::Binary(bytes))) => sip.send_web(WebInput::LentSends { lease, bytes }).await,
                    // What can't be read is of another release: nothing is ended for it.
                    Some(Ok(Message::Text(note))) => drop(left.now(serde_json::from_str(&note).unwrap_or_default())),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                        // Whoever pings also has a lost connection looked at.
                        sip.send_web(WebInput::LentLooks { lease }).await;
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                }
            }
            () = sleep_until(look_at) => break,
        }
    }
    let open = left.now(None).map(Box::new);
    sip.send_web(WebInput::LentOver { lease, open }).await;
}

/// What is to be ended if the other node goes; counted as long as there is anything.
struct Left<'a> {
    edge: &'a Edge,
    open: Option<OpenDialog>,
}

impl Left<'_> {
    /// Another one; gives the one before.
    fn now(&mut self, open: Option<OpenDialog>) -> Option<OpenDialog> {
        match (self.open.is_some(), open.is_some()) {
            (false, true) => {
                self.edge.lent.fetch_add(1, Ordering::Relaxed);
            }
            (true, false) => {
                self.edge.lent.fetch_sub(1, Ordering::Relaxed);
            }
            _ => {}
        }
        std::mem::replace(&mut self.open, open)
    }
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.now(None);
    }
}
