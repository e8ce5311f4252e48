//! The phone behind one WebSocket.

use sip::phone::{Config, Event, Invite, Message, NotNow, Output, Register, RegistrationId, SessionId, uri_of};
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

use super::{array, now, object, random, random_name};
use crate::reason::{Ended, counted_seconds};
use crate::{address, headers};

/// In User-Agent.
const PRODUCT: &str = concat!("sautikit-browser/", env!("CARGO_PKG_VERSION"));
/// The server's name of a call.
const CALL_ID_HEADER: &str = "X-Sautikit-Call-Id";

/// See [`sip::phone::Phone`]. After everything that touches it, `poll()` is called until it gives nothing.
#[wasm_bindgen(skip_typescript)]
pub struct Phone {
    phone: sip::phone::Phone,
    socket: Option<WebSocket>,
}

#[wasm_bindgen]
impl Phone {
    /// A phone with names of its own, which are this page's.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Phone {
        let host = [&random_name(), ".invalid"].concat();
        let config = Config {
            contact: ["sip:", &random_name(), "@", &host, ";transport=ws"].concat(),
            host,
            instance: ["<urn:uuid:", &uuid(), ">"].concat(),
            product: PRODUCT,
            random,
        };
        Phone { phone: sip::phone::Phone::new(config), socket: None }
    }

    /// A random name for something of the page's.
    pub fn name(&self) -> String {
        random_name()
    }

    /// Speaks over this socket from now on.
    pub fn connected(&mut self, socket: WebSocket) {
        self.phone.connected(socket.url().starts_with("wss:"));
        self.socket = Some(socket);
    }

    /// The socket is gone.
    pub fn disconnected(&mut self) {
        self.socket = None;
        self.phone.disconnected(now());
    }

    /// A message of the socket's.
    pub fn receive(&mut self, text: &str) {
        self.phone.receive(now(), text);
    }

    /// When `timeout()` is to be called, by the page's clock.
    #[wasm_bindgen(js_name = nextTimeout)]
    pub fn next_timeout(&self) -> Option<f64> {
        self.phone.next_timeout().map(|at| at as f64)
    }

    /// The time of `nextTimeout()` has come.
    pub fn timeout(&mut self) {
        self.phone.timeout(now());
    }

    /// Sends what is to be sent and gives what happened next: a name, whom it concerns, and more.
    pub fn poll(&mut self) -> JsValue {
        loop {
            match self.phone.poll() {
                Some(Output::Event(event)) => return told(event),
                Some(Output::Send(text)) => {
                    // A closed socket says so in its close event.
                    let _ = self.socket.as_ref().map(|socket| socket.send_with_str(&text));
                }
                None => return JsValue::UNDEFINED,
            }
        }
    }

    /// Registers the address at the domain and keeps it so.
    pub fn register(&mut self, domain: &str, address: String, token: String, expires_s: u32) -> u32 {
        let registrar = ["sip:", domain].concat();
        self.phone.register(now(), Register { registrar, address, token, expires_s }).0
    }

    /// Registers anew, with another token. False: there is no such registration (any more).
    pub fn refresh(&mut self, registration: u32, token: &str) -> bool {
        self.phone.refresh(now(), RegistrationId(registration), token)
    }

    /// Removes the registration.
    pub fn unregister(&mut self, registration: u32) {
        self.phone.unregister(now(), RegistrationId(registration));
    }

    /// Calls; `headers` are names and values, lines in turn.
    pub fn invite(&mut self, target: String, address: String, token: String, headers: &str, sdp: String) -> u32 {
        let headers = headers::pairs(headers);
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self.phone.invite(now(), Invite { target, address, token, headers, sdp }).0
    }

    /// Answers what the other side asks in a call. False: it asks nothing (any more).
    pub fn answer(&mut self, session: u32, status: u16, sdp: Option<String>) -> bool {
        self.phone.answer(now(), SessionId(session), status, sdp)
    }

    /// Ends a call.
    #[wasm_bindgen(js_name = hangUp)]
    pub fn hang_up(&mut self, session: u32, status: u16) {
        self.phone.hang_up(now(), SessionId(session), status);
    }

    /// Offers anew. Gives the status that says why that cannot be done now: 491, 503, or 0 when the call does not stand.
    pub fn offer(&mut self, session: u32, sdp: String) -> Option<u16> {
        match self.phone.offer(now(), SessionId(session), sdp) {
            Ok(()) => None,
            Err(NotNow::NotUp) => Some(0),
            Err(NotNow::Pending) => Some(491),
            Err(NotNow::Disconnected) => Some(503),
        }
    }

    /// Asks for a transfer. False: the call does not stand.
    pub fn refer(&mut self, session: u32, target: &str) -> bool {
        self.phone.refer(now(), SessionId(session), target)
    }

    /// Whom this call is with, and its dialog as Replaces has it, a line each. None: it does not stand.
    pub fn replaces(&self, session: u32) -> Option<String> {
        self.phone.replaces(SessionId(session))
    }

    /// Moves a call to the socket that there is now, and says so in it or not.
    pub fn rebind(&mut self, session: u32, tells: bool) {
        // A call that ended meanwhile has told so; one that only rings has no dialog to say it in.
        if self.phone.rebind(SessionId(session)) && tells {
            let _ = self.phone.update(now(), SessionId(session));
        }
    }

    /// What another page needs to go on with a call.
    pub fn record(&self, session: u32) -> Option<String> {
        self.phone.record(SessionId(session))
    }

    /// Goes on with a call of another page's.
    pub fn adopt(&mut self, record: &str, token: &str) -> Option<u32> {
        self.phone.adopt(record, token).map(|session| session.0)
    }
}

fn told(event: Event) -> JsValue {
    let (name, id, told) = match event {
        Event::Registered { registration, expires_s } => ("registered", registration.0, expires_s.into()),
        Event::RegistrationFailed { registration, status } => ("registrationFailed", registration.0, status.into()),
        Event::Incoming { session, invite } => {
            return array(&["incoming".into(), session.0.into(), offered(&invite), server_id(&invite)]);
        }
        Event::Ringing { session, response } => return answered("ringing", session, &response),
        Event::Answered { session, response } => return answered("answered", session, &response),
        Event::Ended { session, cause } => {
            let seconds = counted_seconds(&cause).into();
            return array(&["ended".into(), session.0.into(), ended(Ended::of(&cause)), seconds]);
        }
        Event::OfferAccepted { session, sdp } => ("outcome", session.0, object(&[("sdp", sdp.into())])),
        Event::OfferRefused { session, status } => ("outcome", session.0, object(&[("status", status.into())])),
        Event::OfferCollided { session, retry_in } => {
            ("outcome", session.0, object(&[("retryIn", (retry_in as f64).into())]))
        }
        Event::Offered { session, sdp } => ("offered", session.0, sdp.into()),
        Event::ReferAnswered { session, status } => ("referAnswered", session.0, status.into()),
        Event::Notified { session, body } => ("notified", session.0, body.into()),
        Event::Disconnected { session } => ("disconnected", session.0, JsValue::UNDEFINED),
    };
    array(&[name.into(), id.into(), told])
}

/// The end of a call as the page is told, and whether it is a failure.
pub(super) fn ended(Ended { reason, code, error }: Ended) -> JsValue {
    let is_failure = reason.is_failure().into();
    let told = object(&[("reason", reason.as_str().into()), ("code", code.into()), ("error", error.into())]);
    array(&[told, is_failure])
}

fn answered(name: &str, session: SessionId, response: &Message) -> JsValue {
    array(&[name.into(), session.0.into(), (&*response.body).into(), server_id(response)])
}

fn server_id(message: &Message) -> JsValue {
    message.get(CALL_ID_HEADER).into()
}

/// Who calls, the description, and what the caller's page says with its call.
fn offered(invite: &Message) -> JsValue {
    let asserted = invite.get("P-Asserted-Identity");
    // The asserted identity, which the gateway vouches for, else From.
    let caller = if asserted.is_empty() { invite.get("From") } else { asserted };
    let custom: Vec<(&str, JsValue)> = invite
        .headers()
        .filter(|(name, _)| headers::is_custom(name))
        .map(|(name, value)| (name, value.into()))
        .collect();
    object(&[
        ("from", address::shown(uri_of(caller)).into()),
        ("sdp", (&*invite.body).into()),
        ("customHeaders", object(&custom)),
    ])
}

/// A name for this page that nobody else has (RFC 9562 §5.8).
fn uuid() -> String {
    let digits = [random_name(), random_name()].concat();
    let mut uuid = String::new();
    for (at, digit) in digits.char_indices() {
        if matches!(at, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}
