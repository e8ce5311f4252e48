//! The sans-IO user agent: the gateway drives thousands of calls with it, the browser SDK one.
//!
//! Messages, flow closures and time go in through [`Ua::handle`]; commands are methods. After either, drain
//! [`Ua::poll`] until `None`, send what it says and act on its events; then wait for traffic or [`Ua::next_timeout`].
//! The shell owns sockets, parsing ([`crate::parse`]), DNS, admission and the clock. `now` is the time since any
//! origin that the shell chose, and never goes back.
//!
//! What the user agent does by itself: retransmissions of RFC 3261 §17 and of the 2xx until its ACK, BYE without that
//! ACK, ACK of every 2xx including late and forked ones (the latter are hung up: the first 2xx wins), 100 Trying,
//! CANCEL only after a provisional response, ACK and BYE for a 200 that crossed it, 487, 481, 482 (merged), 483, 500
//! (order), 491 and its wait, PRACK in both roles (RFC 3262), credentials on 401 and 407, Route sets, Contact, received and rport; and everything that
//! [`crate::message::Request::check`] refuses (400, 405, 406, 415, 416, 420, 501), before anybody else sees it.
//!
//! Requests in a call go where RFC 3261 §12.2.1.1 says, to the first Route or else to the Contact; over a connection
//! they stay on it, and a peer whose Contact cannot be reached from here, because it stands behind a NAT, is answered
//! where it last spoke from ([`route`]). Names among them the shell looks up ([`Event::NameWanted`]). They are taken from the [`Party`] that the call was made with only.
//!
//! What comes to nothing costs nothing: a request that is refused by the rules, belongs to no dialog or cancels nothing
//! is answered without state, and an INVITE of such a kind gets no answer at all from a datagram's sender of whom
//! nothing is known, because answers to it would be repeated and its address may be forged.
//!
//! A session ends with exactly one [`Event::SessionEnded`], always its last event; afterwards nothing of it is left
//! but the transactions that absorb late copies (at most 64·T1).
//!
//! Not here: codecs and the content of bodies, session timers, DNS, and who is challenged
//! without state (the shell decides before `handle`; [`Ua::answer_stateless`]).
//!
//! # Example
//!
//! Two user agents that are wired together; a shell puts sockets where `carry` is.
//!
//! ```
//! use core::time::Duration;
//! use sip::message::{Headers, StatusCode, Uri};
//! use sip::ua::{Body, Config, Event, FlowId, Input, Invite, Local, LocalId, Output, Party, Path, Reply, Transport, Ua};
//!
//! fn agent(name: &str, seed: u8) -> Ua {
//!     let contact = Uri::parse(format!("sip:{name}.invalid;transport=ws")).unwrap();
//!     let local = Local { transport: Transport::Wss, sent_by: format!("{name}.invalid"), contact };
//!     Ua::new(Config::new(vec![local], [seed; 32]))
//! }
//! // Hands every message of one agent to the other and returns the events of the first.
//! fn carry(from: &mut Ua, to: &mut Ua, now: Duration) -> Vec<Event> {
//!     let mut events = Vec::new();
//!     while let Some(output) = from.poll() {
//!         match output {
//!             Output::Send { path, bytes } => {
//!                 let message = sip::parse::message(bytes).unwrap();
//!                 to.handle(now, Input::Received { path, party: Party::Stranger, message });
//!             }
//!             Output::Event(event) => events.push(event),
//!         }
//!     }
//!     events
//! }
//!
//! let (mut alice, mut bob) = (agent("alice", 1), agent("bob", 2));
//! let now = Duration::ZERO;
//! let path = Path { flow: FlowId(1), local: LocalId(0), remote: ([192, 0, 2, 1], 443).into() };
//! let target = Uri::parse("sip:bob@example.org").unwrap();
//! let call = alice.invite(now, Invite::new(path, target, "<sip:alice@example.org>", "<sip:bob@example.org>", Some(Body::sdp("v=0 offer"))));
//! carry(&mut alice, &mut bob, now);
//! let Some(Event::IncomingInvite { session, transaction, request, .. }) = carry(&mut bob, &mut alice, now).pop() else { panic!() };
//! assert_eq!(&request.body[..], b"v=0 offer");
//! bob.respond(now, transaction, Reply::new(StatusCode::RINGING)).unwrap();
//! bob.respond(now, transaction, Reply::new(StatusCode::OK).body(Body::sdp("v=0 answer"))).unwrap();
//! carry(&mut bob, &mut alice, now);
//! // Provisional, then Answered; the ACK is on its way already.
//! assert!(matches!(carry(&mut alice, &mut bob, now)[..], [Event::Provisional { .. }, Event::Answered { .. }]));
//! assert!(matches!(carry(&mut bob, &mut alice, now)[..], [Event::AckReceived { .. }]));
//! alice.bye(now, call, Headers::new()).unwrap();
//! carry(&mut alice, &mut bob, now);
//! assert!(matches!(carry(&mut bob, &mut alice, now)[..], [Event::SessionEnded { session: ended, .. }] if ended == session));
//! assert!(matches!(carry(&mut alice, &mut bob, now)[..], [Event::SessionEnded { session: ended, .. }] if ended == call));
//! ```

mod adopt;
mod auth;
mod client;
mod config;
mod ending;
mod error;
mod fields;
mod incoming;
mod io;
mod lasting;
mod names;
mod order;
mod outgoing;
mod outside;
mod receive;
mod recovery;
mod register;
mod reliable;
mod reoffer;
mod room;
mod route;
mod schedule;
mod server;
mod session;
mod tokens;

use core::time::Duration;
use std::collections::{HashMap, VecDeque};

use crate::dialog::Dialog;
use crate::message::{HeaderName, Headers, Message, unwrap_session};
use crate::transaction::key::{MergeKey, ServerKey};

pub use auth::Credentials;
pub use config::{Config, Local, Room, Transport};
pub use error::CommandError;
pub use io::{
    Body, EndCause, Event, Failure, FlowId, Input, LocalId, Output, Party, Path, RegistrationId, Reply, SessionId,
    TransactionId,
};
pub use lasting::Lasting;
pub use outgoing::Invite;
pub use outside::OutsideRequest;
pub use recovery::{caller_record, is_caller_record};
pub use register::Register;

use client::{ClientKey, ClientTx};
use names::Names;
use register::Registration;
use room::Held;
use schedule::{Schedule, Waiter};
use server::ServerTx;
use session::Session;
use tokens::Tokens;

/// A user agent. See the module for the contract.
pub struct Ua {
    config: Config,
    /// Values of Allow and Supported, joined once.
    allow: String,
    supported: String,
    tokens: Tokens,
    last_id: u64,
    outputs: VecDeque<Output>,
    schedule: Schedule,
    clients: HashMap<ClientKey, ClientTx>,
    servers: HashMap<TransactionId, ServerTx>,
    /// How much of the server transactions is whose.
    held: Held,
    server_keys: HashMap<ServerKey, TransactionId>,
    merges: HashMap<MergeKey, TransactionId>,
    sessions: HashMap<SessionId, Session>,
    /// Sessions by local tag, which is the To tag of every request in their dialogs.
    tags: HashMap<String, SessionId>,
    registrations: HashMap<RegistrationId, Registration>,
    names: Names,
}

/// What is known of a call.
#[derive(Debug, Clone, Copy)]
pub struct SessionInfo<'a> {
    /// Call-ID.
    pub call_id: &'a str,
    /// Our tag.
    pub local_tag: &'a str,
    /// Where its next request goes.
    pub path: Path,
    /// The dialog: the callee has it from the start, the caller from its 2xx on. Who stores its record before the answer
    /// can end the call after a crash; what a caller stores until then is [`Ua::invite_record`].
    pub dialog: Option<&'a Dialog>,
}

/// What a user agent holds, for metrics and leak tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Calls, from INVITE to the end of BYE.
    pub sessions: usize,
    /// Client transactions.
    pub clients: usize,
    /// Server transactions.
    pub servers: usize,
    /// Registrations of ours.
    pub registrations: usize,
    /// Entries of the three look-up tables.
    pub index_entries: usize,
    /// Timers, counting those whose object is gone but whose time has not come.
    pub timers: usize,
    /// Outputs not polled yet.
    pub outputs: usize,
}

impl Ua {
    /// A user agent without calls.
    pub fn new(config: Config) -> Self {
        let allow = config.allow.iter().map(crate::message::Method::as_str).collect::<Vec<_>>().join(", ");
        let supported = config.supported.join(", ");
        Self {
            tokens: Tokens::new(config.seed),
            config,
            allow,
            supported,
            last_id: 0,
            outputs: VecDeque::new(),
            schedule: Schedule::default(),
            clients: HashMap::new(),
            servers: HashMap::new(),
            held: Held::default(),
            server_keys: HashMap::new(),
            merges: HashMap::new(),
            sessions: HashMap::new(),
            tags: HashMap::new(),
            registrations: HashMap::new(),
            names: Names::default(),
        }
    }

    /// Takes one input. Drain [`Ua::poll`] afterwards.
    pub fn handle(&mut self, now: Duration, input: Input) {
        match input {
            Input::Received { path, party, mut message } => {
                unwrap_session(&mut message);
                match message {
                    Message::Request(request) => self.on_request(now, path, party, request),
                    Message::Response(response) => self.on_response(now, path, response),
                }
            }
            Input::Unreadable { path, error } => self.on_unreadable(path, &error),
            Input::FlowClosed(flow) => self.on_flow_closed(now, flow),
            Input::Timeout => self.on_timeout(now),
        }
    }

    /// The next thing to do, in order; `None` when there is nothing.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call `handle(now, Input::Timeout)` at the latest. Calling earlier does no harm.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.schedule.next()
    }

    /// What is known of a call; `None` once it is over.
    pub fn session(&self, session: SessionId) -> Option<SessionInfo<'_>> {
        self.sessions.get(&session).map(|state| SessionInfo {
            call_id: &state.call_id,
            local_tag: &state.local_tag,
            path: self.next_hop(state),
            dialog: state.dialog.as_ref(),
        })
    }

    /// The call of a confirmed dialog, named as a Replaces of its peer names it (RFC 3891 §3).
    pub fn session_of_dialog(&self, call_id: &str, local_tag: &str, remote_tag: &str) -> Option<SessionId> {
        let session = self.sessions.get(self.tags.get(local_tag)?)?;
        let is_with = session.dialog.as_ref().is_some_and(|dialog| dialog.remote_tag() == remote_tag);
        (is_with && session.call_id == call_id).then_some(session.id)
    }

    /// How much the user agent holds.
    pub fn load(&self) -> Load {
        Load {
            sessions: self.sessions.len(),
            clients: self.clients.len(),
            servers: self.servers.len(),
            registrations: self.registrations.len(),
            index_entries: self.server_keys.len() + self.merges.len() + self.tags.len(),
            timers: self.schedule.len(),
            outputs: self.outputs.len(),
        }
    }

    fn on_timeout(&mut self, now: Duration) {
        while let Some((at, waiter)) = self.schedule.pop_due(now) {
            match waiter {
                Waiter::Client(key) => self.client_due(now, at, key),
                Waiter::Server(id) => self.server_due(now, at, id),
                Waiter::Session(id) => self.session_due(now, at, id),
                Waiter::Registration(id) => self.registration_due(now, at, id),
            }
        }
        self.give_back();
    }

    /// Gives back what a burst needed: transactions stand in the tables with all that belongs to them, for 32 s each, so that
    /// the tables of a thousand calls a second would keep tens of megabytes for ever.
    fn give_back(&mut self) {
        give_back(&mut self.clients);
        give_back(&mut self.servers);
        give_back(&mut self.server_keys);
        give_back(&mut self.merges);
        give_back(&mut self.sessions);
        give_back(&mut self.tags);
        self.schedule.give_back();
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// A number that no session, transaction or registration of this user agent has had.
    fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn is_reliable(&self, path: Path) -> bool {
        self.config.locals.get(usize::from(path.local.0)).is_some_and(|local| local.transport.is_reliable())
    }

    /// Contact value of dialogs on this path.
    fn contact_of(&self, path: Path) -> String {
        self.config
            .locals
            .get(usize::from(path.local.0))
            .map_or_else(|| "<sip:invalid.invalid>".to_owned(), |local| format!("<{}>", local.contact))
    }

    /// Contact value of this end with a user of its own, for a registrar that sends calls there.
    pub fn contact_as(&self, path: Path, user: &str) -> Option<String> {
        let local = self.config.locals.get(usize::from(path.local.0))?;
        let mut contact = crate::message::Uri::sip(Some(user), local.contact.host.clone(), local.contact.port);
        contact.params = local.contact.params.clone();
        Some(format!("<{contact}>"))
    }

    fn add_capabilities(&self, headers: &mut Headers) {
        headers.push(HeaderName::Allow, self.allow.clone());
        headers.push(HeaderName::Supported, self.supported.clone());
    }

    fn add_product(&self, headers: &mut Headers, name: HeaderName) {
        if !self.config.product.is_empty() && !headers.contains(&name) {
            headers.push(name, self.config.product.clone());
        }
    }
}

/// Places that a table keeps however few it needs.
const KEPT_PLACES: usize = 1_024;

/// How many places a table of `len` entries should shrink to; `None` while it uses a quarter of its own. Half of what is
/// left is free, so that growing and shrinking do not take turns: each costs its entries once per doubling.
fn shrunk(len: usize, capacity: usize) -> Option<usize> {
    (capacity > KEPT_PLACES && len < capacity / 4).then(|| (len * 2).max(KEPT_PLACES / 2))
}

fn give_back<K: Eq + core::hash::Hash, V>(table: &mut HashMap<K, V>) {
    if let Some(places) = shrunk(table.len(), table.capacity()) {
        table.shrink_to(places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_gives_back_what_a_burst_needed_and_keeps_room_for_what_it_has() {
        let mut table: HashMap<u32, u32> = (0..20_000).map(|n| (n, n)).collect();
        let full = table.capacity();
        give_back(&mut table);
        assert_eq!(table.capacity(), full, "it is in use");
        table.retain(|n, _| *n < 3_000);
        give_back(&mut table);
        assert!((6_000..16_000).contains(&table.capacity()), "{}", table.capacity());
        let half = table.capacity();
        give_back(&mut table);
        assert_eq!(table.capacity(), half, "it does not shrink twice");
        table.clear();
        give_back(&mut table);
        assert!(table.capacity() <= KEPT_PLACES, "{}", table.capacity());
    }

    #[test]
    fn a_user_agent_may_move_between_threads() {
        fn is_send<T: Send>() {}
        is_send::<Ua>();
        is_send::<Output>();
    }
}
