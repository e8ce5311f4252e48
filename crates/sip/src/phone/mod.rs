//! A phone: the user agent of one end that has one gateway, over one connection that loses nothing.
//!
//! A page loads its user agent before its first call. [`crate::ua`] is for whoever meets the whole world: datagrams, forks,
//! strangers, thousands of calls. A phone at the end of a WebSocket (RFC 7118) needs none of that, because its gateway has dealt
//! with the world: nothing is sent again here but ACKs, nothing is looked up, and who speaks is known from the connection.
//!
//! Messages, time and the end of the connection go in by methods, as commands do. After each, drain [`Phone::poll`] until `None`;
//! then wait for traffic or [`Phone::next_timeout`]. Times are milliseconds since any origin that the owner chose.
//!
//! What the phone does by itself: ACK of every 2xx (one of a fork that lost is hung up), BYE when our own 2xx is not acknowledged,
//! CANCEL only after a provisional answer, ACK and BYE for a 200 that crossed it, 481, 487, 500 (order), 491 and its wait, the
//! refresh of registrations, and the answers to requests that nobody has to decide on (400, 405, 415, 420, INFO, OPTIONS, NOTIFY).
//!
//! A session ends with exactly one [`Event::Ended`], always its last event.

mod calls;
mod dialog;
mod message;
mod offers;
mod registrations;
mod requests;
mod sessions;
#[cfg(test)]
mod tests;

pub use calls::Invite;
pub use message::{Message, decimal, uri_of};
pub use offers::NotNow;
pub use registrations::Register;

use registrations::Registration;
use requests::Sent;
use sessions::Session;

/// Milliseconds since an origin of the owner's choice.
pub type Millis = u64;

/// How long an answer is waited for: timers B, F, H and the wait for a 487 after CANCEL (RFC 3261 §17, §9.1; 64·T1).
const PATIENCE: Millis = 32_000;
/// Methods that are answered with more than 405 or 501.
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY";
/// Option tags that are taken in Require.
const SUPPORTED: &str = "timer";
const SDP: &str = "application/sdp";
/// Status of a request whose connection closed (RFC 3261 §8.1.3.1), and of one that nobody answered.
const CLOSED: u16 = 503;
const TIMED_OUT: u16 = 408;

/// One call: an INVITE and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionId(pub u32);

/// One registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegistrationId(pub u32);

/// Who the phone is on the wire.
#[derive(Debug, Clone)]
pub struct Config {
    /// Host in Via: a random `….invalid` name (RFC 7118 §5.2).
    pub host: String,
    /// Contact without brackets.
    pub contact: String,
    /// Value of `+sip.instance` without quotes, `<urn:uuid:…>` (RFC 5626 §4.1).
    pub instance: String,
    /// User-Agent and Server.
    pub product: &'static str,
    /// Unpredictable bits for tags, branches and Call-IDs (§19.3).
    pub random: fn() -> u64,
}

/// What the owner is told to do, in order.
#[derive(Debug)]
pub enum Output {
    /// Send this.
    Send(String),
    /// Something happened.
    Event(Event),
}

/// What the phone tells its owner.
#[derive(Debug)]
pub enum Event {
    /// The registrar keeps us for so long; the refresh is scheduled.
    Registered { registration: RegistrationId, expires_s: u32 },
    /// It does not: refused, silent (408) or the connection is gone (503). The registration is forgotten.
    RegistrationFailed { registration: RegistrationId, status: u16 },
    /// A call comes in, with an offer. Answer with [`Phone::answer`].
    Incoming { session: SessionId, invite: Message },
    /// 101–199 to our INVITE.
    Ringing { session: SessionId, response: Message },
    /// 2xx to our INVITE, acknowledged already.
    Answered { session: SessionId, response: Message },
    /// The other side offers anew. Answer with [`Phone::answer`].
    Offered { session: SessionId, sdp: String },
    /// Our offer was taken; its answer is empty when there is none.
    OfferAccepted { session: SessionId, sdp: String },
    /// Our offer was refused; the session goes on as it was.
    OfferRefused { session: SessionId, status: u16 },
    /// Both sides offered at once: it may be tried again after so long (§14.1).
    OfferCollided { session: SessionId, retry_in: Millis },
    /// The final answer to our REFER.
    ReferAnswered { session: SessionId, status: u16 },
    /// A NOTIFY, answered already.
    Notified { session: SessionId, body: String },
    /// The connection of the session closed. The session lives; see [`Phone::rebind`].
    Disconnected { session: SessionId },
    /// The session is over and forgotten.
    Ended { session: SessionId, cause: Cause },
}

/// Why a session is over.
#[derive(Debug, Clone)]
pub enum Cause {
    /// Our INVITE was refused with this response.
    Refused(Message),
    /// Nobody answered, the connection closed, or the other side does not know the call any more, as this status says.
    Lost(u16),
    /// Given up before the answer, by either side.
    Cancelled,
    /// We refused the caller with this status.
    Rejected(u16),
    /// Our BYE was answered with this, or nobody answered it.
    HungUp(Option<Message>),
    /// The other side's BYE.
    Bye(Message),
}

/// A phone. See the module for the contract.
pub struct Phone {
    config: Config,
    /// The connection is the web's encrypted one, as Via says.
    is_secure: bool,
    last_id: u32,
    outputs: Vec<Output>,
    /// Requests of ours without a final answer.
    sent: Vec<Sent>,
    sessions: Vec<Session>,
    registrations: Vec<Registration>,
}

impl Phone {
    /// A phone without calls.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            is_secure: true,
            last_id: 0,
            outputs: Vec::new(),
            sent: Vec::new(),
            sessions: Vec::new(),
            registrations: Vec::new(),
        }
    }

    /// The next thing to do; `None` when there is nothing.
    pub fn poll(&mut self) -> Option<Output> {
        // Never more than a few.
        (!self.outputs.is_empty()).then(|| self.outputs.remove(0))
    }

    /// What comes over the connection. Keep-alives and what is no message are nothing.
    pub fn receive(&mut self, now: Millis, text: &str) {
        let Some(message) = Message::read(text) else { return };
        match message.status() {
            Some(status) => self.on_response(now, status, message),
            None => self.on_request(now, message),
        }
    }

    /// There is a connection, encrypted or not. Sessions of the one before are moved to it by [`Phone::rebind`].
    pub fn connected(&mut self, is_secure: bool) {
        self.is_secure = is_secure;
    }

    /// The connection is gone: what waits for an answer fails, calls that are up stay.
    pub fn disconnected(&mut self, now: Millis) {
        for session in &mut self.sessions {
            session.is_bound = false;
        }
        for sent in core::mem::take(&mut self.sent) {
            self.failed(now, sent.purpose, CLOSED);
        }
        for index in 0..self.sessions.len() {
            if let Some(session) = self.sessions.get(index).map(|session| session.id) {
                self.emit(Event::Disconnected { session });
            }
        }
        for registration in core::mem::take(&mut self.registrations) {
            self.registration_failed(registration, CLOSED);
        }
    }

    /// When to call [`Phone::timeout`] at the latest. Calling earlier does no harm.
    pub fn next_timeout(&self) -> Option<Millis> {
        let sent = self.sent.iter().filter_map(|sent| sent.give_up);
        let sessions = self.sessions.iter().filter_map(Session::deadline);
        sent.chain(sessions).chain(self.registrations.iter().filter_map(|registration| registration.due)).min()
    }

    /// Time has passed.
    pub fn timeout(&mut self, now: Millis) {
        let is_due = |at: Option<Millis>| at.is_some_and(|at| at <= now);
        while let Some(index) = self.sent.iter().position(|sent| is_due(sent.give_up)) {
            let purpose = self.sent.swap_remove(index).purpose;
            self.failed(now, purpose, TIMED_OUT);
        }
        while let Some(index) = self.sessions.iter().position(|session| is_due(session.deadline())) {
            self.session_due(now, index);
        }
        while let Some(registration) = self.registrations.iter_mut().find(|registration| is_due(registration.due)) {
            registration.due = None;
            let id = registration.id;
            self.send_register(now, id);
        }
    }

    fn emit(&mut self, event: Event) {
        self.outputs.push(Output::Event(event));
    }

    /// A number that nothing of this phone has had.
    fn fresh_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    /// 16 unpredictable hexadecimal digits.
    fn token(&self) -> String {
        let bits = (self.config.random)();
        (0..16).filter_map(|digit| char::from_digit((bits >> (digit * 4) & 0xf) as u32, 16)).collect()
    }

    fn push_contact(&self, message: &mut Message) {
        message.push("Contact", &["<", &self.config.contact, ">"]);
    }

    fn push_capabilities(message: &mut Message) {
        message.push("Allow", &[ALLOW]);
        message.push("Supported", &[SUPPORTED]);
    }
}

/// Puts a description into a message.
fn set_sdp(message: &mut Message, sdp: String) {
    message.push("Content-Type", &[SDP]);
    message.body = sdp;
}
