//! The task that owns the user agent: select, feed, drain. It decides nothing.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::message::{Headers, Message, Method, StatusCode, Uri};
use sip::parse::ParseError;
use sip::ua::{Config, Event, Input, Local, Output, Path, Reply, SessionId, Transport, Ua};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::door::{Door, Verdict};
use super::flows::{Flows, datagram_path};
use super::{
    Command, Incoming, IncomingCall, OpenDialog, Signal, SipGauge, SipHandle, SipLeg, UDP_FLOW, signal_channel,
};
use crate::clock::Clock;

/// The largest datagram that is read: the largest there is.
const MAX_DATAGRAM: usize = 65_535;
/// Datagrams read in a row before commands get their turn.
const DATAGRAMS_IN_A_ROW: usize = 64;
/// Kernel buffers of the socket: a burst of 2,000 INVITEs must fit while the task is busy.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Requests from outside that may wait for admission; further calls are refused with 503, other requests are dropped and
/// repeated by the peer.
pub(crate) const INCOMING_QUEUE: usize = 1_024;

/// Why the endpoint did not start.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The address is taken or not ours.
    #[error("sip.listen {address}: {source}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The domain can't stand in a SIP URI.
    #[error("sip.domain {0:?} can't stand in a SIP URI")]
    Domain(String),
}

/// What the endpoint is given.
pub struct Endpoint {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Host name in Contact of WebSocket legs.
    pub domain: String,
    /// Whether browsers reach us over TLS (then Via says WSS).
    pub secure_web: bool,
    /// User-Agent.
    pub product: String,
    /// Fresh random bytes.
    pub seed: [u8; 32],
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ends the task.
    pub stopping: CancellationToken,
}

impl Endpoint {
    /// Opens the socket.
    pub fn bind(self) -> Result<BoundEndpoint, EndpointError> {
        let bind_error = |source| EndpointError::Bind { address: self.listen, source };
        let socket = bind(self.listen).map_err(bind_error)?;
        let address = socket.local_addr().map_err(bind_error)?;
        let contact = |text: String| Uri::parse(&text).map_err(|_| EndpointError::Domain(self.domain.clone()));
        let (web, web_suffix) = if self.secure_web { (Transport::Wss, "wss") } else { (Transport::Ws, "ws") };
        let locals = vec![
            Local {
                transport: Transport::Udp,
                sent_by: address.to_string(),
                contact: contact(format!("sip:gw@{address}"))?,
            },
            Local {
                transport: web,
                sent_by: self.domain.clone(),
                contact: contact(format!("sip:gw@{};transport={web_suffix}", self.domain))?,
            },
        ];
        let mut config = Config::new(locals, self.seed);
        config.product = self.product;
        Ok(BoundEndpoint { ua: Ua::new(config), socket, address, clock: self.clock, stopping: self.stopping })
    }
}

/// An endpoint whose address is known and that does not read yet.
pub struct BoundEndpoint {
    ua: Ua,
    socket: UdpSocket,
    address: SocketAddr,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
}

impl BoundEndpoint {
    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the task; `door` looks at every datagram, without one all of them enter. Returns the stream of calls and
    /// requests.
    pub fn start(self, door: Option<Arc<dyn Door>>) -> (SipHandle, mpsc::Receiver<Incoming>) {
        let (handle, commands) = SipHandle::new();
        let (incoming, receiver) = mpsc::channel(INCOMING_QUEUE);
        let task = Task {
            ua: self.ua,
            socket: self.socket,
            clock: self.clock,
            door,
            flows: Flows::default(),
            sessions: HashMap::new(),
            legs: HashMap::new(),
            incoming,
            handle: handle.clone(),
        };
        tokio::spawn(task.run(commands, self.stopping));
        (handle, receiver)
    }
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::DGRAM, None)?;
    // The kernel may grant less; then bursts cost retransmissions.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

struct Task {
    ua: Ua,
    socket: UdpSocket,
    clock: Arc<dyn Clock>,
    door: Option<Arc<dyn Door>>,
    flows: Flows,
    /// Whose events are whose.
    sessions: HashMap<SessionId, (SipLeg, mpsc::Sender<Signal>)>,
    legs: HashMap<SipLeg, SessionId>,
    incoming: mpsc::Sender<Incoming>,
    handle: SipHandle,
}

impl Task {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>, stopping: CancellationToken) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        loop {
            let wait = self.ua.next_timeout().map(|at| at.saturating_sub(self.now()));
            tokio::select! {
                biased;
                () = stopping.cancelled() => break,
                ready = self.socket.readable() => if ready.is_ok() { self.read_datagrams(&mut buffer) },
                command = commands.recv() => match command {
                    Some(command) => self.carry_out(command),
                    None => break,
                },
                () = sleep_for(wait) => self.ua.handle(self.clock.monotonic(), Input::Timeout),
            }
            self.drain();
        }
        for (_, (_, signals)) in self.sessions.drain() {
            let _ = signals.try_send(Signal::Closed);
        }
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    fn read_datagrams(&mut self, buffer: &mut [u8]) {
        for _ in 0..DATAGRAMS_IN_A_ROW {
            // An error is a port that became unreachable (ICMP) or an empty queue: neither concerns anyone else.
            let Ok((length, source)) = self.socket.try_recv_from(buffer) else { return };
            let datagram = buffer.get(..length).unwrap_or_default();
            self.read(source, datagram);
            self.drain();
        }
    }

    fn read(&mut self, source: SocketAddr, datagram: &[u8]) {
        let (now, path) = (self.now(), datagram_path(source));
        let door = self.door.clone();
        if door.as_ref().is_some_and(|door| !door.is_open_to(now, source)) {
            return;
        }
        let message = sip::parse::message(Bytes::copy_from_slice(datagram));
        if let (Some(door), Ok(Message::Request(request))) = (door, &message) {
            match door.judge(now, source, request) {
                Verdict::Enter => {}
                Verdict::Silence => return,
                Verdict::Answer(reply) => return self.ua.answer_stateless(path, request, *reply),
            }
        }
        self.ua.handle(now, input_of(path, message));
    }

    fn carry_out(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Invite { leg, invite, signals } => {
                let session = self.ua.invite(now, *invite);
                self.legs.insert(leg, session);
                self.sessions.insert(session, (leg, signals));
            }
            // A command that comes too late (the peer ended the call meanwhile) changes nothing.
            Command::Respond { transaction, reply } => drop(self.ua.respond(now, transaction, *reply)),
            Command::Cancel { leg, headers } => {
                if let Some(session) = self.legs.get(&leg) {
                    let _ = self.ua.cancel(now, *session, headers);
                }
            }
            Command::Bye { leg, headers } => {
                if let Some(session) = self.legs.get(&leg) {
                    let _ = self.ua.bye(now, *session, headers);
                }
            }
            Command::Refresh { leg, headers, body } => {
                if let Some(session) = self.legs.get(&leg) {
                    // Refused while another offer is open, which refreshes the session as well.
                    let _ = match body {
                        Some(body) => self.ua.reinvite(now, *session, headers, Some(body)),
                        None => self.ua.update(now, *session, headers, None),
                    };
                }
            }
            Command::Describe { leg, reply } => {
                let session = self.legs.get(&leg).and_then(|session| self.ua.session(*session));
                let _ = reply.send(session.as_ref().and_then(OpenDialog::of));
            }
            Command::ByeRecovered(open) => match open.dialog() {
                Some(dialog) => {
                    self.ua.bye_recovered(now, datagram_path(open.remote), dialog, &Headers::new());
                }
                None => tracing::warn!(peer = %open.remote, "a recovered dialog can't be read; no BYE was sent"),
            },
            Command::Info { leg, body } => {
                if let Some(session) = self.legs.get(&leg) {
                    let _ = self.ua.request_in_dialog(now, *session, Method::Info, Headers::new(), Some(body));
                }
            }
            Command::FlowOpened { flow, remote, peer, outgoing } => self.flows.opened(flow, remote, peer, outgoing),
            Command::FlowClosed { flow } => self.close(flow),
            Command::Received { flow, message } => {
                if let Some(path) = self.flows.path(flow) {
                    self.ua.handle(now, input_of(path, *message));
                }
            }
            Command::Rebind { from, to } => self.rebind(from, to),
            // Who asked may have stopped waiting.
            Command::Gauge { reply } => drop(reply.send(self.gauge())),
        }
    }

    /// A peer came back over another connection, and its calls with it.
    fn rebind(&mut self, from: sip::ua::FlowId, to: sip::ua::FlowId) {
        let Some(path) = self.flows.path(to) else { return };
        let on_it = |session: &&SessionId| self.ua.session(**session).is_some_and(|info| info.path.flow == from);
        let moving: Vec<_> = self.sessions.keys().filter(on_it).copied().collect();
        for session in moving {
            let _ = self.ua.rebind(session, path);
        }
    }

    fn gauge(&self) -> SipGauge {
        let load = self.ua.load();
        SipGauge { sessions: load.sessions, transactions: load.clients + load.servers, flows: self.flows.count() }
    }

    fn close(&mut self, flow: sip::ua::FlowId) {
        if self.flows.closed(flow) {
            self.ua.handle(self.now(), Input::FlowClosed(flow));
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.ua.poll() {
            match output {
                Output::Send { path, bytes } => self.transmit(path, bytes),
                Output::Event(event) => self.dispatch(event),
            }
        }
    }

    fn transmit(&mut self, path: Path, bytes: Bytes) {
        if path.flow == UDP_FLOW {
            // A full buffer or an unreachable peer loses the datagram, which is what retransmission is for.
            let _ = self.socket.try_send_to(&bytes, path.remote);
        } else if !self.flows.send(path.flow, bytes) {
            self.close(path.flow);
        }
    }

    fn dispatch(&mut self, event: Event) {
        match event {
            Event::IncomingInvite { session, transaction, path, request } => {
                let leg = self.handle.next_leg();
                let (sender, signals) = signal_channel();
                let peer = self.flows.peer(path);
                let call = IncomingCall { leg, transaction, path, peer, request, signals };
                if self.incoming.try_send(Incoming::Call(call)).is_ok() {
                    self.legs.insert(leg, session);
                    self.sessions.insert(session, (leg, sender));
                } else {
                    // Nobody would ever answer it, and an INVITE without a final answer is kept for ever.
                    let _ = self.ua.respond(self.now(), transaction, Reply::new(StatusCode::SERVICE_UNAVAILABLE));
                }
            }
            Event::IncomingRequest { transaction, path, request } => {
                let peer = self.flows.peer(path);
                let _ = self.incoming.try_send(Incoming::Request { transaction, path, peer, request });
            }
            event => self.signal(event),
        }
    }

    fn signal(&mut self, event: Event) {
        let Some(session) = session_of(&event) else { return };
        let ended = matches!(event, Event::SessionEnded { .. });
        if let Some((leg, signals)) = self.sessions.get(&session) {
            if signals.try_send(Signal::Event(event)).is_err() && !ended {
                tracing::warn!(leg = leg.0, "a leg does not take its signals; it is ended");
                let _ = self.ua.bye(self.clock.monotonic(), session, Headers::new());
            }
            if ended {
                self.legs.remove(leg);
                self.sessions.remove(&session);
            }
        }
    }
}

/// What is no SIP gets silence from the user agent, so that scanners learn nothing from it.
fn input_of(path: Path, message: Result<Message, ParseError>) -> Input {
    match message {
        Ok(message) => Input::Received { path, message },
        Err(error) => Input::Unreadable { path, error },
    }
}

/// The session that an event belongs to; none for those outside dialogs.
fn session_of(event: &Event) -> Option<SessionId> {
    match event {
        Event::IncomingInvite { session, .. }
        | Event::Provisional { session, .. }
        | Event::Answered { session, .. }
        | Event::AckReceived { session, .. }
        | Event::ReinviteReceived { session, .. }
        | Event::UpdateReceived { session, .. }
        | Event::InfoReceived { session, .. }
        | Event::RequestReceived { session, .. }
        | Event::OfferAccepted { session, .. }
        | Event::OfferCollided { session, .. }
        | Event::OfferDue { session }
        | Event::OfferRefused { session, .. }
        | Event::SessionFlowClosed { session }
        | Event::SessionRebound { session }
        | Event::SessionEnded { session, .. } => Some(*session),
        _ => None,
    }
}

async fn sleep_for(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
