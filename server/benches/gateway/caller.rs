//! Many callers from a carrier on one SIP socket, each call a task of its own. Requests are repeated until something comes
//! back, as RFC 3261 §17.1 has it, so that a lost datagram costs time and no call.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    net::UdpSocket,
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{
    NUMBER, Outcome,
    message::{Message, description},
};

/// Before a request is repeated the first time; doubled each time (RFC 3261 T1).
const REPEAT_AFTER: Duration = Duration::from_millis(500);
/// The longest wait for a response: 64 T1 (RFC 3261 timers B and F).
const PATIENCE: Duration = Duration::from_secs(32);

/// Where messages of a call go.
type Calls = Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Message>>>>;

/// The socket, shared by all callers.
pub(super) struct Carrier {
    socket: UdpSocket,
    local: SocketAddr,
    target: SocketAddr,
    calls: Calls,
}

/// A call that was answered.
pub(super) struct Call {
    carrier: Arc<Carrier>,
    id: String,
    messages: mpsc::UnboundedReceiver<Message>,
    to: String,
    contact: String,
    /// Where the caller's audio goes.
    pub(super) audio: SocketAddr,
    /// From the INVITE to its 200.
    pub(super) answered_after: Duration,
}

impl Carrier {
    /// Callers who call [`NUMBER`] at `target`.
    pub(super) async fn open(target: SocketAddr) -> Outcome<Arc<Self>> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
        socket.set_recv_buffer_size(4 << 20)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        let local = socket.local_addr()?;
        let carrier = Arc::new(Self { socket, local, target, calls: Arc::default() });
        tokio::spawn(carrier.clone().receive());
        Ok(carrier)
    }

    async fn receive(self: Arc<Self>) {
        let mut buffer = vec![0; 65_535];
        loop {
            // An ICMP error of an earlier packet says nothing about the next one.
            let Ok((length, source)) = self.socket.recv_from(&mut buffer).await else { continue };
            let message = Message(String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned());
            if message.asks("BYE") {
                let _ = self.socket.send_to(message.accept(self.local, "").as_bytes(), source).await;
            }
            let call = self.calls.lock().get(message.value("Call-ID")).cloned();
            if let Some(call) = call {
                let _ = call.send(message);
            }
        }
    }

    /// Calls with audio at `rtp`, and acknowledges the answer.
    ///
    /// # Errors
    /// A refusal, or silence.
    pub(super) async fn call(self: &Arc<Self>, index: u32, rtp: SocketAddr) -> Result<Call, String> {
        let id = format!("bench-{}-{index}", self.local.port());
        let (sender, messages) = mpsc::unbounded_channel();
        self.calls.lock().insert(id.clone(), sender);
        let target = self.target;
        let mut call = Call {
            carrier: self.clone(),
            id,
            messages,
            to: format!("<sip:{NUMBER}@{target}>"),
            contact: format!("sip:{NUMBER}@{target}"),
            audio: rtp,
            answered_after: Duration::ZERO,
        };
        let began = now();
        let answer = call.ask("INVITE", 1, &description(rtp)).await?;
        call.answered_after = began.elapsed();
        answer.value("To").clone_into(&mut call.to);
        answer.value("Contact").split(['<', '>']).nth(1).ok_or("no Contact")?.clone_into(&mut call.contact);
        call.audio = answer.audio().ok_or("an answer without audio")?;
        call.say("ACK", 1, "").await?;
        Ok(call)
    }
}

impl Call {
    /// Hangs up; how long that took.
    pub(super) async fn hang_up(mut self) -> Result<Duration, String> {
        let began = now();
        self.ask("BYE", 2, "").await?;
        Ok(began.elapsed())
    }

    /// Waits until the other side hangs up.
    pub(super) async fn hung_up(mut self) -> Result<(), String> {
        let bye = async { while !self.messages.recv().await.is_some_and(|message| message.asks("BYE")) {} };
        timeout(PATIENCE, bye).await.map_err(|_| "nobody hung up".to_owned())
    }

    /// Sends a request until it has a final response.
    async fn ask(&mut self, method: &str, sequence: u32, body: &str) -> Result<Message, String> {
        let until = now() + PATIENCE;
        let mut wait = REPEAT_AFTER;
        let mut is_heard = false;
        self.say(method, sequence, body).await?;
        while now() < until {
            let Ok(message) = timeout(wait, self.messages.recv()).await else {
                if !is_heard {
                    self.say(method, sequence, body).await?;
                }
                wait *= 2;
                continue;
            };
            let message = message.ok_or("the socket ended")?;
            if !message.answers(method) {
                continue;
            }
            match message.status().unwrap_or(0) {
                200..=299 => return Ok(message),
                100..=199 => is_heard = true,
                status => return Err(format!("{method} was refused with {status}")),
            }
        }
        Err(format!("{method} was not answered"))
    }

    async fn say(&self, method: &str, sequence: u32, body: &str) -> Result<(), String> {
        let (local, id) = (self.carrier.local, &self.id);
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let request = format!(
            "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{id}{method};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+254711000001@{local}>;tag=t{id}\r\nTo: {to}\r\nCall-ID: {id}\r\n\
             CSeq: {sequence} {method}\r\nContact: <sip:caller@{local}>\r\n{kind}Content-Length: {length}\r\n\r\n{body}",
            contact = self.contact,
            to = self.to,
            length = body.len()
        );
        let sent = self.carrier.socket.send_to(request.as_bytes(), self.carrier.target).await;
        sent.map(drop).map_err(|error| error.to_string())
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.carrier.calls.lock().remove(&self.id);
    }
}

/// The generator's own time.
pub(super) fn now() -> Instant {
    Instant::now()
}
