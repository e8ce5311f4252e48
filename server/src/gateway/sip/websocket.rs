//! SIP over WebSocket (RFC 7118): `GET /sip`, subprotocol `sip`, one message per frame.
//!
//! A token may come with the upgrade, as `?access_token=` or as the subprotocol `bearer.<jwt>`, for clients that can't
//! set headers; then the whole connection is that identity's. A token that is not good refuses the upgrade.
//!
//! A socket is held to a pace: so long until somebody has proven an identity on it, so long until it answers a ping, so
//! long until it says anything when no call is on it. What it may send at once is bounded, and an idle one holds little.

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use bytes::Bytes;
use futures::StreamExt;
use sip::ua::FlowId;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::command::Connection;
use super::flows::Proof;
use super::{SipHandle, SocketPlace, WebInput};
use crate::clock;
use crate::sip_tokens::identity::Identity;

/// Subprotocol of RFC 7118 §3.
pub const SUBPROTOCOL: &str = "sip";
/// Messages that may wait for a browser; one that reads so slowly is cut off.
const OUTGOING_QUEUE: usize = 256;
/// Larger SIP messages are not taken, whole or in frames: an INVITE of Chrome's is 2 to 4 kB.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;
/// What a socket reads at a time. It is held as long as the socket is: most messages fit, larger ones take a few reads.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// What may wait in a socket whose browser does not read, beside its queue.
const WRITE_BUFFER_BYTES: usize = 256 * 1024;
/// How long a socket may be open before somebody has proven an identity on it. A browser does so with its first message; a
/// person who is asked for a password by a standard stack has typed it before.
const PROVEN_WITHIN: Duration = Duration::from_secs(15);
/// How often a socket is asked whether it is still there; browsers answer by themselves.
const PING_EVERY: Duration = Duration::from_secs(60);
/// Pings in a row without anything from the other end, after which nobody is there.
const MAX_UNANSWERED: u32 = 2;
/// How long a socket without a call may say nothing: registrations last at most five minutes and are refreshed before.
const QUIET_FOR: Duration = Duration::from_secs(360);
/// How long one message may take to be written: a browser that has stopped reading is gone.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// The bounds of a socket.
pub fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES)
}

/// Serves one open connection until either end closes it; gives the flow that is no more.
pub async fn serve(
    sip: SipHandle,
    socket: WebSocket,
    remote: SocketAddr,
    identity: Option<Arc<Identity>>,
    place: SocketPlace,
) -> FlowId {
    let flow = sip.next_flow();
    let proof = Arc::new(Proof::default());
    let (outgoing, to_send) = mpsc::channel::<Bytes>(OUTGOING_QUEUE);
    sip.send_web(WebInput::Opened { flow, remote, opened: Connection::Web(identity), proof: proof.clone(), outgoing })
        .await;
    Served { sip: &sip, flow, socket, place, proof, to_send, pace: Pace::new() }.run().await;
    sip.send_web(WebInput::Closed { flow }).await;
    flow
}

/// One socket.
struct Served<'a> {
    sip: &'a SipHandle,
    flow: FlowId,
    socket: WebSocket,
    place: SocketPlace,
    proof: Arc<Proof>,
    /// From the endpoint; it ends when the endpoint closes the flow.
    to_send: mpsc::Receiver<Bytes>,
    pace: Pace,
}

/// When the socket is looked at next, and what is known of it then.
struct Pace {
    next_look: Instant,
    opened: Instant,
    last_message: Instant,
    unanswered: u32,
}

impl Pace {
    fn new() -> Self {
        let now = clock::timer_now();
        Self { next_look: now + PROVEN_WITHIN, opened: now, last_message: now, unanswered: 0 }
    }
}

impl Served<'_> {
    async fn run(mut self) {
        loop {
            let step = tokio::select! {
                frame = self.socket.next() => match frame {
                    Some(Ok(frame)) => self.on_frame(frame).await,
                    Some(Err(_)) | None => ControlFlow::Break(()),
                },
                bytes = self.to_send.recv() => match bytes {
                    Some(bytes) => {
                        if self.proof.is_given() {
                            self.place.proven();
                        }
                        self.write(frame_of(bytes)).await
                    }
                    None => ControlFlow::Break(()),
                },
                () = sleep_until(self.pace.next_look) => self.look().await,
            };
            if step.is_break() {
                return;
            }
        }
    }

    async fn on_frame(&mut self, frame: Message) -> ControlFlow<()> {
        self.pace.unanswered = 0;
        let bytes = match frame {
            Message::Text(text) => Bytes::from(text),
            Message::Binary(bytes) => bytes,
            Message::Ping(_) | Message::Pong(_) => return ControlFlow::Continue(()),
            Message::Close(_) => return ControlFlow::Break(()),
        };
        self.pace.last_message = clock::timer_now();
        if bytes.as_ref() == b"\r\n\r\n" {
            // The double CRLF of RFC 5626 §3.5.1 is answered by a single one.
            return self.write(Message::text("\r\n")).await;
        }
        let message = Box::new(sip::parse::message(bytes.clone()));
        self.sip.send_web(WebInput::Received { flow: self.flow, message, raw: bytes.into() }).await;
        ControlFlow::Continue(())
    }

    async fn write(&mut self, frame: Message) -> ControlFlow<()> {
        match timeout(WRITTEN_WITHIN, self.socket.send(frame)).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    /// Whether the socket may stay.
    async fn look(&mut self) -> ControlFlow<()> {
        let now = clock::timer_now();
        if !self.proof.is_given() {
            return ControlFlow::Break(());
        }
        self.place.proven();
        if now - self.pace.last_message >= QUIET_FOR {
            // The endpoint knows whether a call is on it, and closes it by ending the queue.
            self.pace.last_message = now;
            self.sip.send_web(WebInput::Quiet { flow: self.flow }).await;
        }
        self.pace.next_look = now + PING_EVERY;
        if now - self.pace.opened < PING_EVERY {
            return ControlFlow::Continue(());
        }
        if self.pace.unanswered >= MAX_UNANSWERED {
            return ControlFlow::Break(());
        }
        self.pace.unanswered += 1;
        self.write(Message::Ping(Bytes::new())).await
    }
}

fn frame_of(bytes: Bytes) -> Message {
    match std::str::from_utf8(&bytes) {
        Ok(text) => Message::text(text.to_owned()),
        Err(_) => Message::Binary(bytes),
    }
}
