//! The task that owns the user agent: wait, give every source its turn, send and tell what comes of it. It decides
//! nothing.

mod asking;
mod reaching;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::message::{Headers, Message, Method, StatusCode};
use sip::parse::ParseError;
use sip::ua::{Event, FlowId, Input, Output, Party, Path, Reply, SessionId, Ua};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::alarm::Alarm;
use super::endpoint::INCOMING_QUEUE;
use super::flows::{Flows, datagram_path};
use super::lookups::Lookups;
use super::screening::{Judgement, Screening, Sender, Verdict};
use super::strangers::Answers;
use super::stream::{Pool, Streams};
use super::{
    Command, Incoming, IncomingCall, OpenDialog, Queues, Signal, SipGauge, SipHandle, SipLeg, UDP_FLOW, WEB, WebInput,
    signal_channel,
};
use crate::clock::Clock;
use asking::Asking;
use reaching::{Moving, Waiting};

/// The largest datagram that is read: the largest there is.
const MAX_DATAGRAM: usize = 65_535;
/// How much of each source is worked off before the others get their turn. At some 10 µs each, a turn is over in a few
/// milliseconds however much waits.
const COMMANDS_IN_A_TURN: usize = 128;
const WEB_INPUTS_IN_A_TURN: usize = 32;
const DATAGRAMS_IN_A_TURN: usize = 256;
const STRANGERS_IN_A_TURN: usize = 32;
/// Datagrams of strangers that may wait for their turn; more are dropped. The socket's own queue, which trunks share with
/// them, is emptied at once, whoever sends how much.
const STRANGERS_WAITING: usize = 1_024;
/// Counted against a stranger for noise, and for a response to nothing.
const UNEXPECTED: u32 = 1;

/// The task.
pub(super) struct Task {
    ua: Ua,
    socket: UdpSocket,
    clock: Arc<dyn Clock>,
    /// None: everybody is talked to.
    screening: Option<Arc<dyn Screening>>,
    flows: Flows,
    answers: Answers,
    /// Datagrams of strangers, read and not looked at.
    strangers: VecDeque<(SocketAddr, Bytes)>,
    /// Whose events are whose.
    sessions: HashMap<SessionId, (SipLeg, mpsc::Sender<Signal>)>,
    legs: HashMap<SipLeg, SessionId>,
    incoming: mpsc::Sender<Incoming>,
    handle: SipHandle,
    lookups: Lookups,
    /// None: datagrams and WebSockets only.
    streams: Option<Arc<Streams>>,
    pool: Pool<Waiting>,
    moving: Moving,
    asking: Asking,
}

impl Task {
    #[expect(clippy::too_many_arguments, reason = "what the endpoint is made of, given once")]
    pub(super) fn new(
        ua: Ua,
        socket: UdpSocket,
        clock: Arc<dyn Clock>,
        screening: Option<Arc<dyn Screening>>,
        incoming: mpsc::Sender<Incoming>,
        handle: SipHandle,
        streams: Option<Arc<Streams>>,
    ) -> Self {
        let is_v4 = socket.local_addr().is_ok_and(|address| address.is_ipv4());
        Self {
            lookups: Lookups::new(is_v4),
            ua,
            socket,
            clock,
            screening,
            flows: Flows::default(),
            answers: Answers::default(),
            strangers: VecDeque::new(),
            sessions: HashMap::new(),
            legs: HashMap::new(),
            incoming,
            handle,
            streams,
            pool: Pool::default(),
            moving: Moving::default(),
            asking: Asking::default(),
        }
    }

    /// Waits until anything is there, then gives each source its turn, so that none can keep the others waiting.
    pub(super) async fn run(mut self, mut queues: Queues, stopping: CancellationToken) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        let mut alarm = Alarm::default();
        loop {
            alarm.set_for(self.now(), self.ua.next_timeout());
            tokio::select! {
                biased;
                () = stopping.cancelled() => break,
                command = queues.commands.recv() => match command {
                    Some(command) => self.carry_out(command),
                    None => break,
                },
                Some(input) = queues.web.recv() => self.take_in(input),
                _ = self.socket.readable() => {}
                () = alarm.rings() => {}
                () = tokio::task::yield_now(), if !self.strangers.is_empty() => {}
            }
            self.drain();
            self.turn(&mut queues, &mut buffer);
        }
    }

    /// One turn of every source.
    fn turn(&mut self, queues: &mut Queues, buffer: &mut [u8]) {
        for _ in 0..COMMANDS_IN_A_TURN {
            let Ok(command) = queues.commands.try_recv() else { break };
            self.carry_out(command);
            self.drain();
        }
        let now = self.now();
        if self.ua.next_timeout().is_some_and(|due| due <= now) {
            self.ua.handle(now, Input::Timeout);
            self.drain();
        }
        for _ in 0..WEB_INPUTS_IN_A_TURN {
            let Ok(input) = queues.web.try_recv() else { break };
            self.take_in(input);
            self.drain();
        }
        for _ in 0..DATAGRAMS_IN_A_TURN {
            // An error is a port that became unreachable (ICMP) or an empty queue: neither concerns anyone else.
            let Ok((length, source)) = self.socket.try_recv_from(buffer) else { break };
            self.read(source, buffer.get(..length).unwrap_or_default());
            self.drain();
        }
        for _ in 0..STRANGERS_IN_A_TURN {
            let Some((source, datagram)) = self.strangers.pop_front() else { break };
            self.read_stranger(source, datagram);
            self.drain();
        }
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Who is at the other end of a path.
    fn party_of(&self, path: Path) -> Party {
        match &self.screening {
            _ if path.flow != UDP_FLOW => self.sender(path.flow).map_or(Party::Stranger, |(_, party)| party),
            Some(screening) => screening.party_of(path.remote),
            None => Party::Stranger,
        }
    }

    /// The path of a message that came over a connection, and whose it is: a trunk may be set up after it connected.
    fn sender(&self, flow: FlowId) -> Option<(Path, Party)> {
        let (path, party) = self.flows.sender(flow)?;
        let is_open = party == Party::Stranger && path.local != WEB;
        let known = self.screening.as_ref().filter(|_| is_open).map(|screening| screening.party_of(path.remote));
        Some((path, known.unwrap_or(party)))
    }

    fn read(&mut self, source: SocketAddr, datagram: &[u8]) {
        let (now, path) = (self.now(), datagram_path(source));
        let Some(screening) = self.screening.clone() else {
            let message = sip::parse::message(Bytes::copy_from_slice(datagram));
            return self.ua.handle(now, input_of(path, Party::Stranger, message));
        };
        let party = screening.party_of(source);
        if party != Party::Stranger {
            let message = sip::parse::message(Bytes::copy_from_slice(datagram));
            self.ua.handle(now, input_of(path, party, message));
        } else if self.strangers.len() >= STRANGERS_WAITING {
            screening.silenced();
        } else if screening.is_open_to(now, source) {
            self.strangers.push_back((source, Bytes::copy_from_slice(datagram)));
        }
    }

    fn read_stranger(&mut self, source: SocketAddr, datagram: Bytes) {
        let (now, path) = (self.now(), datagram_path(source));
        let Some(screening) = self.screening.clone() else { return };
        // It may have been blocked for what it sent before this.
        if !screening.is_open_to(now, source) {
            return;
        }
        let message = sip::parse::message(datagram);
        match self.hold_back(now, path, &*screening, &message) {
            Some(0) => {}
            Some(strikes) => screening.strike(now, source, strikes),
            None => self.ua.handle(now, input_of(path, Party::Stranger, message)),
        }
    }

    /// Deals with what of a stranger's goes no further: says what that counts against its sender. None: it goes on.
    fn hold_back(
        &mut self,
        now: Duration,
        path: Path,
        screening: &dyn Screening,
        message: &Result<Message, ParseError>,
    ) -> Option<u32> {
        let over_datagrams = path.flow == UDP_FLOW;
        let request = match message {
            Ok(Message::Request(request)) if request.is_well_formed() => request,
            Ok(Message::Response(response)) if self.ua.expects(response) => return None,
            Err(ParseError::KeepAlive) => return Some(0),
            Ok(_) | Err(_) => {
                screening.silenced();
                return Some(UNEXPECTED);
            }
        };
        if self.ua.continues(path, Party::Stranger, request) {
            return None;
        }
        let sender = match path.local {
            _ if over_datagrams => Sender::Datagram(path.remote),
            WEB => Sender::Web,
            _ => Sender::Stream(path.remote),
        };
        let Judgement { verdict, strikes } = screening.judge(request, sender);
        let is_heard =
            !over_datagrams || matches!(verdict, Verdict::Enter | Verdict::Silence) || self.answers.take(now);
        match verdict {
            Verdict::Enter => return None,
            Verdict::Answer(reply) if is_heard => self.ua.answer_stateless(path, request, *reply),
            Verdict::Capabilities(status) if is_heard => {
                let headers = self.ua.capabilities();
                self.ua.answer_stateless(path, request, Reply { status, headers, body: None });
            }
            Verdict::Silence | Verdict::Answer(_) | Verdict::Capabilities(_) => screening.silenced(),
        }
        Some(strikes)
    }

    /// What a connection has for us.
    fn take_in(&mut self, input: WebInput) {
        match input {
            WebInput::Opened { flow, remote, opened, proof, outgoing } => {
                self.flows.opened(flow, remote, opened, proof, outgoing);
                self.opened(flow);
            }
            WebInput::NotOpened { hop } => self.not_opened(&hop),
            WebInput::Received { flow, message } => self.hear(flow, *message),
            WebInput::Quiet { flow } => {
                if !self.ua.has_session_on(flow) {
                    self.close(flow);
                }
            }
            WebInput::Closed { flow } => self.close(flow),
        }
    }

    fn hear(&mut self, flow: FlowId, message: Result<Message, ParseError>) {
        let Some((path, party)) = self.sender(flow) else { return };
        let now = self.now();
        self.take_offer(path, party, &message);
        if party == Party::Stranger
            && let Some(screening) = self.screening.clone()
            && let Some(strikes) = self.hold_back(now, path, &*screening, &message)
        {
            self.drain();
            if strikes > 0 && path.local != WEB {
                screening.strike(now, path.remote, strikes);
            }
            return self.strike_flow(flow, strikes);
        }
        self.ua.handle(now, input_of(path, party, message));
    }

    fn strike_flow(&mut self, flow: FlowId, strikes: u32) {
        if strikes > 0 && self.flows.strike(flow, strikes) {
            self.close(flow);
        }
    }

    fn carry_out(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Invite { leg, mut invite, signals } => {
                invite.party = self.party_of(invite.path);
                let session = self.ua.invite(now, *invite);
                self.legs.insert(leg, session);
                self.sessions.insert(session, (leg, signals));
            }
            // A command that comes too late (the peer ended the call meanwhile) changes nothing.
            Command::Respond { transaction, reply } => {
                let failed = reply.status == StatusCode::UNAUTHORIZED;
                let sender = self.ua.sender_of(transaction).filter(|_| failed);
                let _ = self.ua.respond(now, transaction, *reply);
                if let Some((Party::Stranger, path)) = sender {
                    self.drain();
                    self.strike_flow(path.flow, 1);
                }
            }
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
                let session = self.legs.get(&leg).copied();
                let open = session.and_then(|session| OpenDialog::of(&self.ua.session(session)?, self.hop_of(session)));
                let _ = reply.send(open);
            }
            Command::ByeRecovered(open, path) => match open.dialog() {
                Some(dialog) => {
                    self.ua.bye_recovered(now, path, dialog, &Headers::new());
                }
                None => tracing::warn!(peer = %open.remote, "a recovered dialog can't be read; no BYE was sent"),
            },
            Command::Connect { hop, could_do_without, reply } => {
                if !(could_do_without && self.pool.is_passed_over(now, hop.remote)) {
                    self.connect(&hop, Waiting::Asked(reply));
                }
            }
            Command::Register { number, register, user, events } => self.register(number, *register, &user, events),
            Command::Unregister { number } => self.unregister(number),
            Command::Ask { request, reply } => self.ask(*request, reply),
            Command::Info { leg, body } => {
                if let Some(session) = self.legs.get(&leg) {
                    let _ = self.ua.request_in_dialog(now, *session, Method::Info, Headers::new(), Some(body));
                }
            }
            Command::Proven { flow, user } => {
                if let Some(party) = self.flows.proven(flow, &user) {
                    self.ua.proven(flow, party);
                }
            }
            Command::Rebind { from, to } => self.rebind(from, to),
            Command::Resolved { host, address } => {
                self.lookups.ended();
                self.ua.resolved(&host, address);
            }
            // Who asked may have stopped waiting.
            Command::Gauge { reply } => drop(reply.send(self.gauge())),
        }
    }

    /// A peer came back over another connection, and its calls with it.
    fn rebind(&mut self, from: FlowId, to: FlowId) {
        let Some((path, _)) = self.flows.sender(to) else { return };
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
                if self.has_place_for(path) && self.incoming.try_send(Incoming::Call(call)).is_ok() {
                    self.legs.insert(leg, session);
                    self.sessions.insert(session, (leg, sender));
                } else {
                    // Nobody would ever answer it, and an INVITE without a final answer is kept for ever.
                    let _ = self.ua.respond(self.now(), transaction, Reply::new(StatusCode::SERVICE_UNAVAILABLE));
                }
            }
            Event::IncomingRequest { transaction, path, request } => {
                let peer = self.flows.peer(path);
                if self.has_place_for(path) {
                    let _ = self.incoming.try_send(Incoming::Request { transaction, path, peer, request });
                }
            }
            Event::NameWanted { host } => self.lookups.begin(host, self.handle.clone()),
            Event::SessionFlowClosed { session } if self.is_opened_again(session) => {}
            event => {
                if let Some(event) = self.tell_who_asked(event) {
                    self.signal(event);
                }
            }
        }
    }

    /// Whether one more request of this sender may wait for admission: the last places are kept for those who pay for
    /// calls, and the very last for trunks.
    fn has_place_for(&self, path: Path) -> bool {
        let kept_free = match self.party_of(path) {
            Party::Stranger => INCOMING_QUEUE / 4 * 3,
            Party::User(_) => INCOMING_QUEUE / 2,
            Party::Trunk(_) => 0,
        };
        self.screening.is_none() || self.incoming.capacity() > kept_free
    }

    fn signal(&mut self, event: Event) {
        let Some(session) = session_of(&event) else { return };
        let ended = matches!(event, Event::SessionEnded { .. });
        if let Some((leg, signals)) = self.sessions.get(&session) {
            if signals.try_send(Box::new(event)).is_err() && !ended {
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
fn input_of(path: Path, party: Party, message: Result<Message, ParseError>) -> Input {
    match message {
        Ok(message) => Input::Received { path, party, message },
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
