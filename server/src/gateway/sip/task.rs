//! The task that owns the user agent: wait, give every source its turn, send and tell what comes of it. It decides
//! nothing.

mod asking;
mod lending;
mod reaching;
mod reading;
mod recovery;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::message::header::Replaces;
use sip::message::{HeaderName, Headers, Method, StatusCode};
use sip::ua::{Event, FlowId, Input, Output, Party, Path, Reply, SessionId, TransactionId, Ua};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::alarm::Alarm;
use super::endpoint::INCOMING_QUEUE;
use super::flows::Flows;
use super::lookups::Lookups;
use super::screening::Screening;
use super::strangers::Answers;
use super::stream::{Pool, Streams};
use super::tracer::{CallKey, Tracer};
use super::{
    Command, Incoming, IncomingCall, OpenDialog, Queues, Signal, SipGauge, SipHandle, SipLeg, UDP_FLOW, WEB,
    signal_channel,
};
use crate::calls::{DialogKeeper, Written};
use crate::clock::Clock;
use asking::Asking;
use lending::Lending;
use reaching::{Moving, Waiting};
use recovery::GivenUp;

/// The largest datagram that is read: the largest there is.
const MAX_DATAGRAM: usize = 65_535;
/// How much of each source is worked off before the others get their turn. At some 10 µs each, a turn is over in a few
/// milliseconds however much waits.
const COMMANDS_IN_A_TURN: usize = 128;
const WEB_INPUTS_IN_A_TURN: usize = 32;
const DATAGRAMS_IN_A_TURN: usize = 256;
const STRANGERS_IN_A_TURN: usize = 32;

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
    sessions: HashMap<SessionId, Leg>,
    legs: HashMap<SipLeg, SessionId>,
    incoming: mpsc::Sender<Incoming>,
    handle: SipHandle,
    lookups: Lookups,
    /// None: datagrams and WebSockets only.
    streams: Option<Arc<Streams>>,
    pool: Pool<Waiting>,
    moving: Moving,
    asking: Asking,
    given_up: GivenUp,
    lending: Lending,
    /// The next message that is sent is an INVITE, which waits for this.
    unsent: Option<Written>,
    /// Who waits whether its 200 goes out, which it may only after a PRACK of the caller's.
    delayed: HashMap<TransactionId, oneshot::Sender<bool>>,
    /// None: nothing is kept of what is said.
    tracer: Option<Tracer>,
}

/// Whose events a session's are.
struct Leg {
    leg: SipLeg,
    signals: mpsc::Sender<Signal>,
    /// By which its messages are known, where they are kept.
    traced: Option<CallKey>,
    /// Of a call of ours that the next process has to know of.
    keeper: Option<DialogKeeper>,
    /// The connection of another node that it goes over.
    borrowed: Option<FlowId>,
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
        tracer: Option<Tracer>,
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
            given_up: GivenUp::default(),
            lending: Lending::default(),
            unsent: None,
            delayed: HashMap::new(),
            tracer,
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

    fn carry_out(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Invite { leg, mut invite, signals, trace, keeper } => {
                invite.party = self.party_of(invite.path);
                let borrowed = Some(invite.path.flow).filter(|flow| self.flows.is_borrowed(*flow));
                let session = self.ua.invite(now, *invite);
                let info = self.ua.session(session);
                let traced = self.tracer.as_mut().zip(info);
                let traced = traced.map(|(tracer, info)| tracer.calls(info.call_id, info.local_tag, trace));
                self.legs.insert(leg, session);
                self.sessions.insert(session, Leg { leg, signals, traced, keeper, borrowed });
                self.keep_invite(session);
                self.note_left(session);
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
            // Who asked may have stopped waiting.
            Command::Answer { transaction, reply, sent } => {
                let is_taken = self.ua.respond(now, transaction, *reply).is_ok();
                if is_taken && self.ua.is_answerable(transaction) {
                    self.delayed.insert(transaction, sent);
                } else {
                    let _ = sent.send(is_taken);
                }
            }
            Command::Cancel { leg, headers } => {
                if let Some(session) = self.legs.get(&leg) {
                    // Its leg may not have heard of the answer yet, and never will.
                    let _ = self.ua.hang_up(now, *session, StatusCode::REQUEST_TERMINATED, headers);
                }
            }
            Command::TellLength { leg, lasting } => {
                if let Some(session) = self.legs.get(&leg) {
                    let _ = self.ua.tell_length(*session, lasting);
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
            // Who asked may have stopped waiting.
            Command::Find { replaces, reply } => drop(reply.send(self.leg_of(&replaces))),
            Command::EndRecovered { open, path, auth, reply } => self.end_recovered(&open, path, auth, reply),
            Command::Connect { hop, could_do_without, reply } => {
                if !(could_do_without && self.pool.is_passed_over(now, hop.remote)) {
                    self.connect(&hop, Waiting::Asked(reply));
                }
            }
            Command::Register { number, register, user, events } => self.register(number, *register, &user, events),
            Command::Unregister { number } => self.unregister(number),
            Command::ForgetRegistration { number } => self.forget_registration(number),
            Command::Ask { request, reply } => self.ask(*request, reply),
            Command::Info { leg, body } => {
                if let Some(session) = self.legs.get(&leg) {
                    let _ = self.ua.request_in_dialog(now, *session, Method::Info, Headers::new(), Some(body));
                }
            }
            Command::Notify { leg, headers, body } => {
                if let Some(session) = self.legs.get(&leg) {
                    let _ = self.ua.request_in_dialog(now, *session, Method::Notify, headers, Some(body));
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
            Command::Transmit { path, bytes } => self.transmit(path, bytes),
            // Who asked may have stopped waiting.
            Command::Gauge { reply } => drop(reply.send(self.gauge())),
        }
    }

    /// The leg whose dialog this names; peers do not agree on whose tags are meant (RFC 5589 §7.1, RFC 3891 §3).
    fn leg_of(&self, replaces: &Replaces) -> Option<SipLeg> {
        let Replaces { call_id, to_tag, from_tag, .. } = replaces;
        let named = |ours: &str, theirs: &str| self.ua.session_of_dialog(call_id, ours, theirs);
        let session = named(to_tag, from_tag).or_else(|| named(from_tag, to_tag))?;
        self.sessions.get(&session).map(|leg| leg.leg)
    }

    /// A peer came back over another connection, and its calls with it.
    fn rebind(&mut self, from: FlowId, to: FlowId) {
        let Some((path, _)) = self.flows.sender(to) else { return };
        let on_it = |session: &&SessionId| self.ua.session(**session).is_some_and(|info| info.path.flow == from);
        let moving: Vec<_> = self.sessions.keys().filter(on_it).copied().collect();
        for session in moving {
            let _ = self.ua.rebind(session, path);
        }
        self.lending.moved(from, path);
    }

    fn gauge(&self) -> SipGauge {
        let load = self.ua.load();
        SipGauge { sessions: load.sessions, transactions: load.clients + load.servers, flows: self.flows.count() }
    }

    fn drain(&mut self) {
        while let Some(output) = self.ua.poll() {
            match output {
                Output::Send { path, bytes } => match self.unsent.take() {
                    Some(written) => self.transmit_once(written, path, bytes),
                    None => self.transmit(path, bytes),
                },
                Output::Event(event) => self.dispatch(event),
            }
        }
        self.unsent = None;
        let now = self.now();
        if let Some(tracer) = &mut self.tracer {
            tracer.tidy(now);
        }
    }

    fn transmit(&mut self, path: Path, bytes: Bytes) {
        if let Some(tracer) = &self.tracer {
            tracer.sent(path, &bytes);
        }
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
                let call_id = request.headers.get(&HeaderName::CallId).unwrap_or_default();
                let traced = self.tracer.as_mut().map(|tracer| tracer.called(call_id));
                let (traced, trace) = traced.map_or_else(Default::default, |(key, trace)| (Some(key), trace));
                let local_tag = self.ua.session(session).map(|info| info.local_tag.to_owned()).unwrap_or_default();
                let call = IncomingCall { leg, transaction, path, peer, request, local_tag, signals, trace };
                if self.has_place_for(path) && self.incoming.try_send(Incoming::Call(call)).is_ok() {
                    self.legs.insert(leg, session);
                    self.sessions.insert(session, Leg { leg, signals: sender, traced, keeper: None, borrowed: None });
                } else {
                    self.trace_ended(traced);
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
            Event::DelayedAnswerSent { transaction, .. } => {
                if let Some(sent) = self.delayed.remove(&transaction) {
                    let _ = sent.send(true);
                }
            }
            Event::InviteResent { session } => self.keep_invite(session),
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
        if ended {
            self.given_up.remove(&session);
            // Whose 200 can not go out any more is told so by the drop.
            self.delayed.retain(|transaction, _| self.ua.is_answerable(*transaction));
        }
        if matches!(event, Event::Answered { .. }) {
            self.note_left(session);
        }
        if let Some(Leg { leg, signals, traced, keeper, borrowed }) = self.sessions.get(&session) {
            let traced = *traced;
            if signals.try_send(Box::new(event)).is_err() && !ended {
                tracing::warn!(leg = leg.0, "a leg does not take its signals; it is ended");
                let (now, status) = (self.clock.monotonic(), StatusCode::SERVICE_UNAVAILABLE);
                let _ = self.ua.hang_up(now, session, status, Headers::new());
            }
            if ended {
                if let Some(keeper) = keeper {
                    keeper.over(leg.0);
                }
                if let Some(flow) = borrowed {
                    self.flows.note(*flow, None);
                }
                self.legs.remove(leg);
                self.sessions.remove(&session);
                self.trace_ended(traced);
            }
        }
    }

    /// The messages of a leg that is over are soon its last.
    fn trace_ended(&mut self, traced: Option<CallKey>) {
        let now = self.now();
        if let (Some(tracer), Some(key)) = (&mut self.tracer, traced) {
            tracer.ended(now, key);
        }
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
