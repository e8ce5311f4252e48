//! Agents, network and clock in one: `run` until nothing moves, look at what each agent was told.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::BinaryHeap;
use std::net::SocketAddr;

use sip::message::{Message, Method, Uri};
use sip::ua::{
    Body, Config, EndCause, Event, FlowId, Input, Invite, Local, LocalId, Output, Party, Path, SessionId, Transport, Ua,
};

use crate::network::{Dice, Weather, copies};

/// Index of an agent.
pub(crate) type Peer = usize;

/// A flow that reaches agents 1 and 2 at once: a forking proxy without the proxy.
pub(crate) const FORK: FlowId = FlowId(99);

/// What happened on the wire, for assertions about messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) at: Duration,
    pub(crate) from: Peer,
    /// `INVITE`, or `200 INVITE`.
    pub(crate) what: String,
    pub(crate) bytes: Vec<u8>,
}

/// A copy on its way. Ordered by arrival, then by sending.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Datagram {
    at: Duration,
    serial: u64,
    from: Peer,
    receiver: Peer,
    bytes: Vec<u8>,
}

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) agents: Vec<Ua>,
    /// Events of each agent, oldest first.
    pub(crate) events: Vec<Vec<Event>>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) weather: Weather,
    dice: Dice,
    in_flight: BinaryHeap<Reverse<Datagram>>,
    serial: u64,
    /// As whom each agent is known to the others.
    pub(crate) parties: Vec<Party>,
    /// Messages that the network swallows: sender and what, how often.
    pub(crate) drops: Vec<(Peer, String, usize)>,
}

pub(crate) fn address(peer: Peer) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, u8::try_from(peer).unwrap() + 1], 5060))
}

/// The path by which an agent reaches `peer`.
pub(crate) fn to(peer: Peer) -> Path {
    Path { flow: FlowId(peer as u64), local: LocalId(0), remote: address(peer) }
}

fn agent(peer: Peer, transport: Transport, seed: u64) -> Ua {
    let sent_by = address(peer).to_string();
    let contact = Uri::parse(format!("sip:agent{peer}@{sent_by}")).unwrap();
    let mut bytes = [u8::try_from(peer).unwrap(); 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let mut config = Config::new(vec![Local { transport, sent_by, contact }], bytes);
    // Registrar and client at once.
    config.allow.push(Method::Register);
    Ua::new(config)
}

impl World {
    pub(crate) fn new(agents: usize, transport: Transport, weather: Weather, seed: u64) -> Self {
        Self {
            now: Duration::from_secs(1000),
            agents: (0..agents).map(|peer| agent(peer, transport, seed)).collect(),
            events: (0..agents).map(|_| Vec::new()).collect(),
            sent: Vec::new(),
            weather,
            dice: Dice::new(seed),
            in_flight: BinaryHeap::new(),
            serial: 0,
            parties: vec![Party::Stranger; agents],
            drops: Vec::new(),
        }
    }

    /// Two agents on UDP in clear weather.
    pub(crate) fn pair() -> Self {
        Self::new(2, Transport::Udp, Weather::CLEAR, 1)
    }

    /// The process of an agent on UDP dies, and another one takes its address.
    pub(crate) fn restart(&mut self, peer: Peer, seed: u64) {
        self.agents[peer] = agent(peer, Transport::Udp, seed);
    }

    pub(crate) fn call(&mut self, body: Option<&'static str>) -> SessionId {
        self.call_over(to(1), body)
    }

    pub(crate) fn call_over(&mut self, path: Path, body: Option<&'static str>) -> SessionId {
        let target = Uri::parse("sip:bob@example.org").unwrap();
        let invite = Invite::new(path, target, "<sip:alice@example.org>", "<sip:bob@example.org>", body.map(Body::sdp));
        let session = self.agents[0].invite(self.now, invite);
        self.flush();
        session
    }

    /// Hands what the agents want sent to the network, and their events to the log.
    pub(crate) fn flush(&mut self) {
        for peer in 0..self.agents.len() {
            while let Some(output) = self.agents[peer].poll() {
                match output {
                    Output::Event(event) => self.events[peer].push(event),
                    Output::Send { path, bytes } => self.send(peer, path, &bytes),
                }
            }
        }
    }

    fn send(&mut self, from: Peer, path: Path, bytes: &[u8]) {
        let message = sip::parse::message(bytes::Bytes::copy_from_slice(bytes)).expect("agents print what parses");
        let what = describe(&message);
        self.sent.push(Sent { at: self.now, from, what: what.clone(), bytes: bytes.to_vec() });
        if let Some(drop) = self.drops.iter_mut().find(|drop| drop.0 == from && drop.1 == what && drop.2 > 0) {
            drop.2 -= 1;
            return;
        }
        let receivers = if path.flow == FORK { vec![1, 2] } else { vec![usize::try_from(path.flow.0).unwrap()] };
        for receiver in receivers {
            for delay in copies(self.weather, &mut self.dice) {
                self.serial += 1;
                let (at, serial) = (self.now + delay, self.serial);
                self.in_flight.push(Reverse(Datagram { at, serial, from, receiver, bytes: bytes.to_vec() }));
            }
        }
    }

    /// When something happens next.
    fn next(&self) -> Option<Duration> {
        let arrival = self.in_flight.peek().map(|Reverse(datagram)| datagram.at);
        let timers = self.agents.iter().filter_map(Ua::next_timeout);
        arrival.into_iter().chain(timers).min()
    }

    /// Goes to the next instant at which something happens, not beyond `limit`. False: nothing until then.
    pub(crate) fn step(&mut self, limit: Duration) -> bool {
        self.flush();
        let Some(next) = self.next().filter(|next| *next <= limit) else {
            self.now = limit;
            return false;
        };
        self.now = self.now.max(next);
        while self.in_flight.peek().is_some_and(|Reverse(datagram)| datagram.at <= self.now) {
            let Some(Reverse(datagram)) = self.in_flight.pop() else { break };
            self.deliver(datagram.from, datagram.receiver, datagram.bytes);
        }
        for peer in 0..self.agents.len() {
            if self.agents[peer].next_timeout().is_some_and(|due| due <= self.now) {
                self.agents[peer].handle(self.now, Input::Timeout);
                self.flush();
            }
        }
        true
    }

    /// Hands bytes to an agent. What does not parse never reaches one, as in a shell.
    pub(crate) fn deliver(&mut self, from: Peer, receiver: Peer, bytes: Vec<u8>) {
        if let Ok(message) = sip::parse::message(bytes::Bytes::from(bytes)) {
            self.agents[receiver]
                .handle(self.now, Input::Received { path: to(from), party: self.parties[from], message });
            self.flush();
        }
    }

    /// Lets `duration` pass.
    pub(crate) fn run(&mut self, duration: Duration) {
        let limit = self.now + duration;
        while self.step(limit) {}
    }

    /// Long enough for every transaction to end.
    pub(crate) fn settle(&mut self) {
        self.run(Duration::from_secs(200));
    }

    /// The last INVITE that reached `peer`.
    pub(crate) fn incoming(&self, peer: Peer) -> (SessionId, sip::ua::TransactionId) {
        self.events[peer]
            .iter()
            .rev()
            .find_map(|event| match event {
                Event::IncomingInvite { session, transaction, .. } => Some((*session, *transaction)),
                _ => None,
            })
            .expect("an INVITE reached the agent")
    }

    /// Rings and answers the last INVITE of `peer`.
    pub(crate) fn answer(&mut self, peer: Peer) -> SessionId {
        let (session, transaction) = self.incoming(peer);
        let reply = sip::ua::Reply::new(sip::message::StatusCode::OK).body(Body::sdp("v=0 answer"));
        self.agents[peer].respond(self.now, transaction, reply).expect("the INVITE is open");
        self.flush();
        session
    }

    pub(crate) fn respond(&mut self, peer: Peer, status: u16) {
        let (_, transaction) = self.incoming(peer);
        let reply = sip::ua::Reply::new(sip::message::StatusCode::new(status).unwrap());
        self.agents[peer].respond(self.now, transaction, reply).expect("the INVITE is open");
        self.flush();
    }

    /// An answered call between 0 and 1, ACK delivered.
    pub(crate) fn established(&mut self) -> (SessionId, SessionId) {
        let caller = self.call(Some("v=0 offer"));
        self.run(Duration::from_millis(100));
        let callee = self.answer(1);
        self.run(Duration::from_millis(100));
        (caller, callee)
    }

    /// Causes of the sessions that ended at `peer`, in order.
    pub(crate) fn ended(&self, peer: Peer) -> Vec<&EndCause> {
        self.events[peer]
            .iter()
            .filter_map(|event| match event {
                Event::SessionEnded { cause, .. } => Some(cause),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn count(&self, from: Peer, what: &str) -> usize {
        self.sent.iter().filter(|sent| sent.from == from && sent.what == what).count()
    }

    /// Nothing is left of any call.
    pub(crate) fn assert_empty(&self) {
        for (peer, agent) in self.agents.iter().enumerate() {
            assert_eq!(agent.load(), sip::ua::Load::default(), "agent {peer} forgot everything");
        }
    }
}

fn describe(message: &Message) -> String {
    match message {
        Message::Request(request) => request.method.to_string(),
        Message::Response(response) => {
            let method = response.cseq().map_or(Method::Options, |cseq| cseq.method);
            format!("{} {method}", response.status)
        }
    }
}
