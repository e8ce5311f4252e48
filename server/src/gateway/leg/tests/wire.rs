//! The endpoint's user agent on simulated time, with a wire in place of its socket whose other end a test holds.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::message::{Headers, Message, StatusCode, Uri};
use sip::ua::{CommandError, Config, Event, Input, Local, Output, Party, SessionId, Transport, Ua};
use tokio::sync::mpsc;

use crate::calls::trace::LegTrace;
use crate::clock::{Clock, TestClock};
use crate::gateway::sip::{
    Command, IncomingCall, OpenDialog, Peer, Queues, Signal, SipHandle, SipLeg, datagram_path, signal_channel,
};

/// Where we are, in our Via and Contact.
pub(super) const US: &str = "198.51.100.1:5060";
/// Where the peer is.
pub(super) const PEER: &str = "192.0.2.1:5060";
/// More than any step sends.
const WIRE_QUEUE: usize = 256;

pub(super) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// The peer's end of the wire.
pub(super) struct PeersEnd {
    to_us: mpsc::Sender<Bytes>,
    from_us: mpsc::Receiver<Message>,
}

impl PeersEnd {
    pub(super) async fn send(&self, bytes: Bytes) {
        self.to_us.send(bytes).await.expect("the user agent runs");
    }

    pub(super) async fn receive(&mut self) -> Option<Message> {
        self.from_us.recv().await
    }

    /// What has come meanwhile.
    pub(super) fn received(&mut self) -> Vec<Message> {
        core::iter::from_fn(|| self.from_us.try_recv().ok()).collect()
    }
}

/// Starts the user agent: the way in for legs, what comes in from the peer, and the peer's end. All end with the runtime.
pub(super) fn start(clock: Arc<TestClock>) -> (SipHandle, mpsc::Receiver<IncomingCall>, PeersEnd) {
    let (handle, queues) = SipHandle::new();
    let (to_us, from_peer) = mpsc::channel(WIRE_QUEUE);
    let (to_peer, from_us) = mpsc::channel(WIRE_QUEUE);
    let (incoming, calls) = mpsc::channel(WIRE_QUEUE);
    let contact = Uri::parse(format!("sip:gw@{US}")).unwrap();
    let local = Local { transport: Transport::Udp, sent_by: US.to_owned(), contact };
    let wire = Wire {
        ua: Ua::new(Config::new(vec![local], [7; 32])),
        clock,
        to_peer,
        incoming,
        handle: handle.clone(),
        sessions: HashMap::new(),
        legs: HashMap::new(),
    };
    tokio::spawn(wire.run(queues, from_peer));
    (handle, calls, PeersEnd { to_us, from_us })
}

struct Wire {
    ua: Ua,
    clock: Arc<TestClock>,
    to_peer: mpsc::Sender<Message>,
    incoming: mpsc::Sender<IncomingCall>,
    handle: SipHandle,
    sessions: HashMap<SessionId, (SipLeg, mpsc::Sender<Signal>)>,
    legs: HashMap<SipLeg, SessionId>,
}

impl Wire {
    async fn run(mut self, mut queues: Queues, mut from_peer: mpsc::Receiver<Bytes>) {
        loop {
            let due = self.ua.next_timeout().map(|due| self.clock.until(due));
            let timeout = async {
                match due {
                    Some(due) => due.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                bytes = from_peer.recv() => match bytes {
                    Some(bytes) => self.read(bytes),
                    None => return,
                },
                Some(command) = queues.commands.recv() => self.carry_out(command),
                () = timeout => self.ua.handle(self.now(), Input::Timeout),
            }
            self.drain();
        }
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    fn read(&mut self, bytes: Bytes) {
        let message = sip::parse::message(bytes).expect("the peer of the test writes SIP");
        let path = datagram_path(address(PEER));
        self.ua.handle(self.now(), Input::Received { path, party: Party::Trunk(1), message });
    }

    fn carry_out(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Invite { leg, mut invite, signals, .. } => {
                invite.party = Party::Trunk(1);
                let session = self.ua.invite(now, *invite);
                self.legs.insert(leg, session);
                self.sessions.insert(session, (leg, signals));
            }
            Command::Respond { transaction, reply } => drop(self.ua.respond(now, transaction, *reply)),
            Command::Answer { transaction, reply, sent } => {
                let _ = sent.send(self.ua.respond(now, transaction, *reply).is_ok());
            }
            Command::Cancel { leg, headers } => {
                self.with(leg, |ua, session| ua.hang_up(now, session, StatusCode::REQUEST_TERMINATED, headers))
            }
            Command::TellLength { leg, lasting } => self.with(leg, |ua, session| ua.tell_length(session, lasting)),
            Command::Bye { leg, headers } => self.with(leg, |ua, session| ua.bye(now, session, headers)),
            Command::Refresh { leg, headers, body: Some(body) } => {
                self.with(leg, |ua, session| ua.reinvite(now, session, headers, Some(body)));
            }
            Command::Refresh { leg, headers, body: None } => {
                self.with(leg, |ua, session| ua.update(now, session, headers, None));
            }
            Command::Describe { leg, reply } => {
                let session = self.legs.get(&leg).and_then(|session| self.ua.session(*session));
                let _ = reply.send(session.as_ref().and_then(|session| OpenDialog::of(session, None)));
            }
            _ => panic!("a leg's actor gives no such command"),
        }
    }

    fn with(&mut self, leg: SipLeg, act: impl FnOnce(&mut Ua, SessionId) -> Result<(), CommandError>) {
        if let Some(session) = self.legs.get(&leg) {
            // One that comes too late changes nothing.
            let _ = act(&mut self.ua, *session);
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.ua.poll() {
            match output {
                Output::Send { bytes, .. } => {
                    let message = sip::parse::message(bytes).expect("what we write can be read");
                    self.to_peer.try_send(message).expect("the peer of the test listens");
                }
                Output::Event(event) => self.dispatch(event),
            }
        }
    }

    fn dispatch(&mut self, event: Event) {
        let session = match &event {
            Event::IncomingInvite { session, .. }
            | Event::Provisional { session, .. }
            | Event::Answered { session, .. }
            | Event::AckReceived { session, .. }
            | Event::ReinviteReceived { session, .. }
            | Event::UpdateReceived { session, .. }
            | Event::OfferAccepted { session, .. }
            | Event::OfferCollided { session, .. }
            | Event::OfferDue { session }
            | Event::OfferRefused { session, .. }
            | Event::SessionEnded { session, .. } => *session,
            other => panic!("the peer of the test causes no {other:?}"),
        };
        if let Event::IncomingInvite { session, transaction, path, request } = event {
            let leg = self.handle.next_leg();
            let (sender, signals) = signal_channel();
            let peer = Peer::Datagram(path.remote);
            self.legs.insert(leg, session);
            self.sessions.insert(session, (leg, sender));
            let trace = LegTrace::default();
            let call = IncomingCall { leg, transaction, path, peer, request, local_tag: String::new(), signals, trace };
            self.incoming.try_send(call).expect("the test takes its calls");
            return;
        }
        if let Some((_, signals)) = self.sessions.get(&session) {
            // A leg that has gone does not listen any more.
            let _ = signals.try_send(Box::new(event));
        }
    }
}

/// No headers.
pub(super) fn none() -> Headers {
    Headers::new()
}
