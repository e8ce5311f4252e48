//! The client: who it is, its phone and its calls.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use sip::phone::{Config, Millis, Output, Phone, RegistrationId, SessionId};
use wasm_bindgen::prelude::*;

use super::browser::{self, Told, Watch};
use super::call::Call;
use super::connection::Socket;
use super::hub::Hub;
use super::js::{self, Deferred};
use super::registration::Session;
use super::timer::{self, Timer};

/// In User-Agent.
const PRODUCT: &str = concat!("sautikit-browser/", env!("CARGO_PKG_VERSION"));

/// ```text
///   disconnected ── connect() ──► connecting ──► registered ◄──► reconnecting
///        ▲                            │              │                │
///        └──────── refused ───────────┴─ disconnect()┴────────────────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientState {
    Disconnected,
    Connecting,
    Registered,
    Reconnecting,
}

impl ClientState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Connecting => "connecting",
            Self::Registered => "registered",
            Self::Reconnecting => "reconnecting",
        }
    }
}

/// A call and the object that the page holds for it: the same one every time it asks.
pub(crate) struct Entry {
    pub(crate) call: Rc<Call>,
    pub(crate) shown: JsValue,
}

pub(crate) struct Client {
    pub(crate) options: JsValue,
    pub(crate) events: Hub,
    pub(crate) state: Cell<ClientState>,
    pub(crate) phone: RefCell<Phone>,
    pub(crate) session: RefCell<Option<Session>>,
    pub(crate) socket: RefCell<Option<Socket>>,
    /// Number of the last connection.
    pub(crate) last_flow: Cell<u32>,
    pub(crate) registration: Cell<Option<RegistrationId>>,
    /// Settled by the first answer to REGISTER.
    pub(crate) registering: RefCell<Option<Deferred>>,
    pub(crate) calls: RefCell<Vec<Entry>>,
    /// A call is between its first step and its INVITE.
    pub(crate) placing: Cell<bool>,
    phone_timer: RefCell<Option<(Millis, Timer)>>,
    /// Resolved when the page disconnects: ends whatever connects or reconnects.
    pub(crate) given_up: RefCell<Option<Deferred>>,
    /// The loop of `connection::reconnect` runs.
    pub(crate) is_reconnecting: Cell<bool>,
    /// Tokens in a row that could not be had or were refused.
    pub(crate) failures: Cell<u32>,
    pub(crate) renewal: RefCell<Option<Timer>>,
    /// Fires when the registrar forgets us.
    pub(crate) forgotten: RefCell<Option<Timer>>,
    pub(crate) keep_alive: RefCell<Option<Timer>>,
    /// Devices that the page has chosen; none for the system's choice.
    pub(crate) input: RefCell<Option<String>>,
    pub(crate) output: RefCell<Option<String>>,
    /// The way to the gateway is another one since the last connection.
    pub(crate) moved: Cell<bool>,
    /// Cuts the wait before the next attempt to connect short.
    pub(crate) hurry: RefCell<Option<Deferred>>,
    /// Resolved by the next message of the gateway's.
    pub(crate) pong: RefCell<Option<Deferred>>,
    _browser: Watch,
}

impl Client {
    pub(crate) fn new(options: JsValue) -> Rc<Self> {
        let host = [&js::random_name(), ".invalid"].concat();
        let config = Config {
            contact: ["sip:", &js::random_name(), "@", &host, ";transport=ws"].concat(),
            host,
            instance: ["<urn:uuid:", &uuid(), ">"].concat(),
            product: PRODUCT,
            random: browser::random,
        };
        Rc::new_cyclic(|client: &Weak<Self>| Self {
            _browser: Watch::begin({
                let client = client.clone();
                Told::new(move |what: String, _| {
                    if let Some(client) = client.upgrade() {
                        client.on_browser(&what);
                    }
                })
            }),
            options,
            events: Hub::default(),
            state: Cell::new(ClientState::Disconnected),
            phone: RefCell::new(Phone::new(config)),
            session: RefCell::default(),
            socket: RefCell::default(),
            last_flow: Cell::new(0),
            registration: Cell::new(None),
            registering: RefCell::default(),
            calls: RefCell::default(),
            placing: Cell::new(false),
            phone_timer: RefCell::default(),
            given_up: RefCell::default(),
            is_reconnecting: Cell::new(false),
            failures: Cell::new(0),
            renewal: RefCell::default(),
            forgotten: RefCell::default(),
            keep_alive: RefCell::default(),
            input: RefCell::default(),
            output: RefCell::default(),
            moved: Cell::new(false),
            hurry: RefCell::default(),
            pong: RefCell::default(),
        })
    }

    /// Sends what the phone wants sent, tells what it has to tell, and sets its alarm. Called after everything that touched it;
    /// handlers of the page may call back into the client from here.
    pub(crate) fn pump(self: &Rc<Self>) {
        loop {
            // The borrow ends before anything else runs.
            let output = self.phone.borrow_mut().poll();
            match output {
                Some(Output::Send(text)) => self.send(&text),
                Some(Output::Event(event)) => self.on_event(event),
                None => break,
            }
        }
        let due = self.phone.borrow().next_timeout();
        let armed = self.phone_timer.borrow().as_ref().map(|(at, _)| *at);
        if due == armed {
            return;
        }
        let timer = due.map(|at| {
            let client = Rc::downgrade(self);
            let wait = at.saturating_sub(timer::now());
            let alarm = Timer::after(
                wait,
                Box::new(move || {
                    let Some(client) = client.upgrade() else { return };
                    drop(client.phone_timer.take());
                    client.phone.borrow_mut().timeout(timer::now());
                    client.pump();
                }),
            );
            (at, alarm)
        });
        // The old alarm is dropped after the borrow.
        let old = self.phone_timer.replace(timer);
        drop(old);
    }

    /// Without a connection it is lost, as on one that breaks.
    pub(crate) fn send(&self, text: &str) {
        if let Some(socket) = &*self.socket.borrow() {
            socket.send(text);
        }
    }

    pub(crate) fn all_calls(&self) -> Vec<Rc<Call>> {
        self.calls.borrow().iter().map(|entry| entry.call.clone()).collect()
    }

    pub(crate) fn find(&self, session: SessionId) -> Option<Rc<Call>> {
        let calls = self.calls.borrow();
        calls.iter().find(|entry| entry.call.session.get() == Some(session)).map(|entry| entry.call.clone())
    }

    pub(crate) fn forget(&self, call: &Call) {
        self.calls.borrow_mut().retain(|entry| !core::ptr::eq(&*entry.call, call));
    }

    /// Answers what the other side asks in a call; false: it asks nothing (any more).
    pub(crate) fn answer(self: &Rc<Self>, session: SessionId, status: u16, sdp: Option<String>) -> bool {
        let done = self.phone.borrow_mut().answer(timer::now(), session, status, sdp);
        self.pump();
        done
    }

    pub(crate) fn hang_up(self: &Rc<Self>, session: SessionId, status: u16) {
        self.phone.borrow_mut().hang_up(timer::now(), session, status);
        self.pump();
    }

    /// The page's ICE servers, else the ones that came with the token.
    pub(crate) fn ice_servers(&self) -> JsValue {
        let own = js::get(&self.options, "iceServers");
        if own.is_object() {
            return own;
        }
        self.session.borrow().as_ref().map_or(JsValue::UNDEFINED, |session| session.ice_servers.clone())
    }

    /// An option of a call: its own before the client's.
    pub(crate) fn option(&self, of_call: &JsValue, name: &str) -> JsValue {
        let own = js::get(of_call, name);
        if own.is_undefined() || own.is_null() { js::get(&self.options, name) } else { own }
    }

    /// The name behind the token, without the workspace.
    pub(crate) fn identity(&self) -> String {
        self.session.borrow().as_ref().map(|session| session.identity.clone()).unwrap_or_default()
    }

    /// Host part of the addresses.
    pub(crate) fn domain(&self) -> Option<String> {
        self.session.borrow().as_ref().map(|session| session.domain.clone())
    }

    /// Address of record and token.
    pub(crate) fn credentials(&self) -> Option<(String, String)> {
        self.session.borrow().as_ref().map(|session| (session.address.clone(), session.token.clone()))
    }
}

/// A name for this page that nobody else has (RFC 9562 §5.8).
fn uuid() -> String {
    let digits = [js::random_name(), js::random_name()].concat();
    let mut uuid = String::new();
    for (at, digit) in digits.char_indices() {
        if matches!(at, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}
