//! A connection of another node that a call of this one goes over. To the user agent it is a connection like any other: it is
//! opened for a leg, carries its messages, and closes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use sautikit_api::ids::WorkspaceId;
use sip::ua::{FlowId, LocalId, Path};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::{ANSWER_TIMEOUT, Edge};
use crate::clock;
use crate::gateway::sip::{Connection, LENT_QUEUE, OpenDialog, SipHandle, UDP, WebInput};
use crate::webhooks::websocket;

/// How often the other node is asked whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(10);
/// Pings in a row without anything from it, after which it is gone.
const MOST_UNANSWERED: u32 = 2;
/// How long one message may take to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);
/// How long the connection stays after its call, for late copies (64·T1, RFC 3261 §17).
const STAYS_FOR: Duration = Duration::from_secs(33);
/// Largest message, as on a browser's own WebSocket.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// What is to be ended at the callee if this node dies; nothing once the call is over.
type Note = Option<OpenDialog>;

/// A place that another node lends its connection to.
#[derive(Clone)]
pub struct Borrowing {
    pub(super) edge: Arc<Edge>,
    /// Of its internal listener.
    pub(super) address: String,
    pub(super) workspace: WorkspaceId,
    /// The SIP user.
    pub(super) user: String,
    /// Its Contact.
    pub(super) place: String,
    /// The browser session or device, across connections.
    pub(super) instance: Option<String>,
    /// What stands in ours: the callee's requests go to the node that it is registered at.
    pub(super) contact: String,
    pub(super) local: LocalId,
    pub(super) remote: SocketAddr,
}

impl std::fmt::Debug for Borrowing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Borrowing({} at {})", self.remote, self.address)
    }
}

impl Borrowing {
    /// The Contact value of a dialog with the place.
    pub fn contact(&self) -> &str {
        &self.contact
    }

    /// Opens it for one leg. None where the other node is gone, or the place is.
    pub async fn open(&self, sip: &SipHandle) -> Option<Path> {
        let Self { edge, address, workspace, user, place, instance, local, remote, .. } = self;
        let query = [("workspace", workspace.to_string()), ("user", user.clone()), ("place", place.clone())];
        let query: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = edge.request(address, "sip", &query)?;
        let opened = timeout(ANSWER_TIMEOUT, websocket::open(request, &edge.app.entropy)).await;
        let Ok(Ok(upgraded)) = opened else { return None };
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES))
            .write_buffer_size(0);
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        let flow = sip.next_flow();
        let (outgoing, to_send) = mpsc::channel(LENT_QUEUE);
        let (notes, to_note) = mpsc::channel(LENT_QUEUE);
        let (known, is_known) = oneshot::channel();
        let opened = Connection::Borrowed { local: *local, user: user.clone(), notes, known };
        let proof = Arc::default();
        sip.send_web(WebInput::Opened { flow, remote: *remote, opened, proof, outgoing }).await;
        // Where it comes back to this node, over a connection of its own, it finds its call. One without a connection is never away.
        if let Some(instance) = instance.as_ref().filter(|_| *local != UDP) {
            // Wherever it was before, it is there now.
            let _ = edge.instances.registered(edge.app.clock.monotonic(), user, instance, flow);
        }
        let borrowed = Borrowed { sip: sip.clone(), flow, socket, to_send, to_note, unanswered: 0, has_sent: false };
        let of_edge = edge.clone();
        tokio::spawn(async move {
            borrowed.run().await;
            of_edge.instances.closed(of_edge.app.clock.monotonic(), flow);
        });
        is_known.await.ok()?;
        Some(Path { flow, local: *local, remote: *remote })
    }
}

/// An open one.
struct Borrowed {
    sip: SipHandle,
    flow: FlowId,
    socket: WebSocketStream<reqwest::Upgraded>,
    /// From the endpoint; it ends when the endpoint closes the flow.
    to_send: mpsc::Receiver<Bytes>,
    to_note: mpsc::Receiver<Note>,
    unanswered: u32,
    /// A leg that was hung up while it was opened sends nothing.
    has_sent: bool,
}

impl Borrowed {
    async fn run(mut self) {
        let mut ping_at = clock::timer_now() + PING_EVERY;
        // Nothing goes on over it before the first message, nor after its call.
        let mut closes_at = Some(clock::timer_now() + STAYS_FOR);
        loop {
            let is_on = tokio::select! {
                biased;
                // First: what is to be ended is known before it begins.
                Some(note) = self.to_note.recv() => {
                    closes_at = note.is_none().then(|| clock::timer_now() + STAYS_FOR);
                    // A plain structure of texts always serialises.
                    match serde_json::to_string(&note) {
                        Ok(note) => self.write(Message::text(note)).await,
                        Err(_) => true,
                    }
                }
                bytes = self.to_send.recv() => match bytes {
                    Some(bytes) => {
                        if !std::mem::replace(&mut self.has_sent, true) {
                            closes_at = None;
                        }
                        self.write(Message::Binary(bytes)).await
                    }
                    None => false,
                },
                frame = self.socket.next() => self.take(frame).await,
                () = sleep_until(closes_at.unwrap_or(ping_at)), if closes_at.is_some() => false,
                () = sleep_until(ping_at) => {
                    ping_at = clock::timer_now() + PING_EVERY;
                    self.unanswered += 1;
                    self.unanswered <= MOST_UNANSWERED && self.write(Message::Ping(Bytes::new())).await
                }
            };
            if !is_on {
                break;
            }
        }
        // Whatever becomes of it: the end of the connection says the same.
        let _ = timeout(WRITTEN_WITHIN, self.socket.close(None)).await;
        self.sip.send_web(WebInput::Closed { flow: self.flow }).await;
    }

    /// Whether it goes on after this.
    async fn take(&mut self, frame: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) -> bool {
        self.unanswered = 0;
        match frame {
            Some(Ok(Message::Binary(bytes))) => {
                let message = Box::new(sip::parse::message(bytes.clone()));
                self.sip.send_web(WebInput::Received { flow: self.flow, message, raw: bytes.into() }).await;
                true
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => false,
            Some(Ok(_)) => true,
        }
    }

    async fn write(&mut self, message: Message) -> bool {
        matches!(timeout(WRITTEN_WITHIN, self.socket.send(message)).await, Ok(Ok(())))
    }
}
