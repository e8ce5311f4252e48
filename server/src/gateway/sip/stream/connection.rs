//! One connection: what comes is cut into messages, what goes is written, and it is held to a pace.
//!
//! ```text
//!  Unproven ── 15 s ──────────────────────────────────────────────► closed
//!     │ trunk by address or certificate, or an identity is proven
//!     ▼
//!  Open ── a message not whole in 20 s, what can't be cut, nothing read in 10 s,
//!          over an hour without a message or a call ───────────────► closed, after what waited was written
//! ```

use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::parse::{Frame, Framer};
use sip::ua::FlowId;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use crate::clock;
use crate::gateway::registrar::DEVICE_MAX_EXPIRES;
use crate::gateway::sip::command::Connection;
use crate::gateway::sip::flows::Proof;
use crate::gateway::sip::{SipHandle, SocketPlace, WebInput};

/// Messages that may wait for a peer: a trunk has hundreds of calls on one connection. One that reads so slowly is cut off.
const OUTGOING_QUEUE: usize = 1_024;
/// What is read at a time; held as long as the connection is.
const READ_BYTES: usize = 2 * 1_024;
/// The pace that every connection is held to.
const PACE: Limits = Limits {
    proven_within: Duration::from_secs(15),
    message_within: Duration::from_secs(20),
    look_every: Duration::from_secs(60),
    quiet_for: DEVICE_MAX_EXPIRES.saturating_add(Duration::from_secs(300)),
    written_within: Duration::from_secs(10),
};
/// Between messages.
const LINE_END: &[u8] = b"\r\n";

/// How long what may take.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Until it is known whose the connection is.
    proven_within: Duration,
    /// A message from its first byte to its last.
    message_within: Duration,
    /// Between two looks, at which a line end is sent: it keeps NATs open and finds out who is gone (RFC 3261 §7.5 has it
    /// ignored).
    look_every: Duration,
    /// How long a connection without a call may say nothing: devices register anew before.
    quiet_for: Duration,
    /// Until one message is written.
    written_within: Duration,
}

/// Serves one open connection until either end closes it; gives the flow that is no more.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    sip: &SipHandle,
    stream: S,
    remote: SocketAddr,
    opened: Connection,
    place: Option<SocketPlace>,
) -> FlowId {
    serve_within(PACE, sip, stream, remote, opened, place).await
}

async fn serve_within<S: AsyncRead + AsyncWrite + Unpin>(
    limits: Limits,
    sip: &SipHandle,
    stream: S,
    remote: SocketAddr,
    opened: Connection,
    place: Option<SocketPlace>,
) -> FlowId {
    let flow = sip.next_flow();
    let proof = Arc::new(Proof::default());
    let (outgoing, to_send) = mpsc::channel::<Bytes>(OUTGOING_QUEUE);
    sip.send_web(WebInput::Opened { flow, remote, opened, proof: proof.clone(), outgoing }).await;
    let pace = Pace::new(&limits);
    let mut served = Served { limits, sip, flow, stream, place, proof, to_send, framer: Framer::new(), pace };
    served.run().await;
    sip.send_web(WebInput::Closed { flow }).await;
    served.finish().await;
    flow
}

struct Served<'a, S> {
    limits: Limits,
    sip: &'a SipHandle,
    flow: FlowId,
    stream: S,
    /// None for a connection of ours.
    place: Option<SocketPlace>,
    proof: Arc<Proof>,
    /// From the endpoint; it ends when the endpoint closes the flow.
    to_send: mpsc::Receiver<Bytes>,
    framer: Framer,
    pace: Pace,
}

/// When the connection is looked at next, and what is known of it then.
struct Pace {
    next_look: Instant,
    last_message: Instant,
    /// When the message that is not whole began.
    midway_since: Option<Instant>,
}

impl Pace {
    fn new(limits: &Limits) -> Self {
        let now = clock::timer_now();
        Self { next_look: now + limits.proven_within, last_message: now, midway_since: None }
    }

    /// When to look, at the latest.
    fn next(&self, limits: &Limits) -> Instant {
        self.midway_since.map_or(self.next_look, |since| self.next_look.min(since + limits.message_within))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Served<'_, S> {
    async fn run(&mut self) {
        let mut buffer = [0; READ_BYTES];
        loop {
            let step = tokio::select! {
                read = self.stream.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => ControlFlow::Break(()),
                    Ok(length) => {
                        self.framer.push(buffer.get(..length).unwrap_or_default());
                        self.read().await
                    }
                },
                bytes = self.to_send.recv() => match bytes {
                    Some(bytes) => {
                        self.is_proven();
                        self.write(&bytes).await
                    }
                    None => ControlFlow::Break(()),
                },
                () = sleep_until(self.pace.next(&self.limits)) => self.look().await,
            };
            if step.is_break() {
                return;
            }
        }
    }

    /// Hands over the messages that are whole.
    async fn read(&mut self) -> ControlFlow<()> {
        loop {
            let message = match self.framer.poll() {
                Ok(None) => break,
                Ok(Some(Frame::Ping)) => {
                    self.write(LINE_END).await?;
                    continue;
                }
                Ok(Some(Frame::Message(message))) => Ok(message),
                Err(error) => Err(error),
            };
            self.pace.last_message = clock::timer_now();
            self.pace.midway_since = None;
            let (message, raw) = (Box::new(message), self.framer.taken());
            self.sip.send_web(WebInput::Received { flow: self.flow, message, raw }).await;
        }
        self.pace.midway_since =
            self.framer.is_midway().then(|| self.pace.midway_since.unwrap_or_else(clock::timer_now));
        if self.framer.is_closed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    async fn write(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(self.limits.written_within, written).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    fn is_proven(&mut self) -> bool {
        let is_given = self.proof.is_given();
        if let Some(place) = self.place.as_mut().filter(|_| is_given) {
            place.proven();
        }
        is_given || self.place.is_none()
    }

    /// Whether the connection may stay.
    async fn look(&mut self) -> ControlFlow<()> {
        let now = clock::timer_now();
        let is_late = self.pace.midway_since.is_some_and(|since| now - since >= self.limits.message_within);
        if is_late || !self.is_proven() {
            return ControlFlow::Break(());
        }
        if now < self.pace.next_look {
            return ControlFlow::Continue(());
        }
        self.pace.next_look = now + self.limits.look_every;
        if now - self.pace.last_message >= self.limits.quiet_for {
            // The endpoint knows whether a call is on it, and closes it by ending the queue.
            self.pace.last_message = now;
            self.sip.send_web(WebInput::Quiet { flow: self.flow }).await;
        }
        self.write(LINE_END).await
    }

    /// Writes what was still to be said, then says goodbye.
    async fn finish(&mut self) {
        while let Some(bytes) = self.to_send.recv().await {
            if self.write(&bytes).await.is_break() {
                return;
            }
        }
        // Whoever is gone needs no goodbye.
        let _ = timeout(self.limits.written_within, self.stream.shutdown()).await;
    }
}

#[cfg(test)]
mod tests;
