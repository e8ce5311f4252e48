//! The client: who it is, its user agent and its calls.

use core::time::Duration;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use sip::message::{Method, StatusCode, Uri};
use sip::ua::{
    CommandError, Config, FlowId, Input, Local, LocalId, Output, Path, RegistrationId, Reply, SessionId, TransactionId,
    Transport, Ua,
};
use wasm_bindgen::prelude::*;

use super::browser::Watch;
use super::call::{Call, no_headers};
use super::connection::Socket;
use super::hub::Hub;
use super::js::{self, Deferred};
use super::leaving::Leaving;
use super::media::Wanted;
use super::microphone::Need;
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
    pub(crate) ua: RefCell<Ua>,
    pub(crate) contact: String,
    /// `+sip.instance` in it: this page.
    pub(crate) instance: String,
    pub(crate) session: RefCell<Option<Session>>,
    pub(crate) socket: RefCell<Option<Socket>>,
    pub(crate) last_flow: Cell<u64>,
    pub(crate) registration: Cell<Option<RegistrationId>>,
    /// Settled by the first answer to REGISTER.
    pub(crate) registering: RefCell<Option<Deferred>>,
    pub(crate) calls: RefCell<Vec<Entry>>,
    /// A call is between its first step and its INVITE.
    pub(crate) placing: Cell<bool>,
    ua_timer: RefCell<Option<(Duration, Timer)>>,
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
    _leaving: Leaving,
}

impl Client {
    pub(crate) fn new(options: JsValue) -> Rc<Self> {
        let name = js::random_name();
        let host = format!("{}.invalid", js::random_name());
        let contact = format!("sip:{name}@{host};transport=ws");
        // Made of hexadecimal digits, so that it always parses; the fallback is for the type alone.
        let uri = Uri::parse(&contact)
            .unwrap_or_else(|_| Uri::sip(None, sip::message::Host::Name("browser.invalid".into()), None));
        // Whether the gateway is reached by WSS is known when the token is: one local end for each.
        let local = |transport| Local { transport, sent_by: host.clone(), contact: uri.clone() };
        let mut config = Config::new(vec![local(Transport::Wss), local(Transport::Ws)], js::random());
        config.product = PRODUCT.to_owned();
        // What the gateway tells of a transfer (`transferring.rs`).
        config.allow.push(Method::Notify);
        config.bodies.push("message/sipfrag");
        let id = js::random::<16>().map(|byte| format!("{byte:02x}")).concat();
        let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
        let uuid = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
        Rc::new_cyclic(|client: &Weak<Self>| Self {
            _browser: Watch::begin({
                let client = client.clone();
                move |what| {
                    if let Some(client) = client.upgrade() {
                        client.on_browser(&what);
                    }
                }
            }),
            _leaving: Leaving::watch(client.clone()),
            options,
            events: Hub::default(),
            state: Cell::new(ClientState::Disconnected),
            ua: RefCell::new(Ua::new(config)),
            contact: format!("<{contact}>;+sip.instance=\"<urn:uuid:{uuid}>\";reg-id=1"),
            instance: format!("urn:uuid:{uuid}"),
            session: RefCell::default(),
            socket: RefCell::default(),
            last_flow: Cell::new(0),
            registration: Cell::new(None),
            registering: RefCell::default(),
            calls: RefCell::default(),
            placing: Cell::new(false),
            ua_timer: RefCell::default(),
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

    /// Sends what the user agent wants sent, tells what it has to tell, and sets its alarm. Called after everything
    /// that touched it; handlers of the page may call back into the client from here.
    pub(crate) fn pump(self: &Rc<Self>) {
        loop {
            // The borrow ends before anything else runs.
            let output = self.ua.borrow_mut().poll();
            match output {
                Some(Output::Send { bytes, path }) => self.send(path.flow, &bytes),
                Some(Output::Event(event)) => self.on_event(event),
                None => break,
            }
        }
        let due = self.ua.borrow().next_timeout();
        let armed = self.ua_timer.borrow().as_ref().map(|(at, _)| *at);
        if due == armed {
            return;
        }
        let client = Rc::downgrade(self);
        let timer = due.and_then(|at| {
            let wait = at.saturating_sub(timer::now());
            let alarm = Timer::after(wait, move || {
                let Some(client) = client.upgrade() else { return };
                drop(client.ua_timer.borrow_mut().take());
                client.ua.borrow_mut().handle(timer::now(), Input::Timeout);
                client.pump();
            });
            alarm.map(|alarm| (at, alarm))
        });
        // The old alarm is dropped after the borrow.
        let old = self.ua_timer.replace(timer);
        drop(old);
    }

    fn send(&self, flow: FlowId, bytes: &[u8]) {
        if let Some(socket) = self.socket.borrow().as_ref().filter(|socket| socket.flow == flow) {
            socket.send(bytes);
        }
    }

    pub(crate) fn path(&self, flow: FlowId) -> Path {
        let secure = self.session.borrow().as_ref().is_none_or(|session| session.gateway.starts_with("wss:"));
        // A page cannot know the gateway's address.
        Path { flow, local: LocalId(u16::from(!secure)), remote: ([0, 0, 0, 0], 0).into() }
    }

    pub(crate) fn find(&self, session: SessionId) -> Option<Rc<Call>> {
        let calls = self.calls.borrow();
        calls.iter().find(|entry| entry.call.session.get() == Some(session)).map(|entry| entry.call.clone())
    }

    pub(crate) fn forget(&self, call: &Call) {
        self.calls.borrow_mut().retain(|entry| !core::ptr::eq(&*entry.call, call));
    }

    pub(crate) fn respond(self: &Rc<Self>, transaction: TransactionId, reply: Reply) -> Result<(), CommandError> {
        let done = self.ua.borrow_mut().respond(timer::now(), transaction, reply);
        self.pump();
        done
    }

    pub(crate) fn hang_up(self: &Rc<Self>, session: SessionId, status: StatusCode) {
        // A call that the peer has just ended is over either way.
        let _ = self.ua.borrow_mut().hang_up(timer::now(), session, status, no_headers());
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

    /// What a call's audio begins with: its own options before the client's.
    pub(crate) fn wanted(&self, options: &JsValue) -> Wanted {
        let either = |name| {
            let own = js::get(options, name);
            if own.is_undefined() || own.is_null() { js::get(&self.options, name) } else { own }
        };
        let need = match either("microphone").as_string().as_deref() {
            Some("optional") => Need::Optional,
            Some("none") => Need::None,
            _ => Need::Required,
        };
        let (input, output) = (self.input.borrow().clone(), self.output.borrow().clone());
        Wanted { ice_servers: self.ice_servers(), audio: either("audio"), need, input, output }
    }

    /// The name behind the token, without the workspace.
    pub(crate) fn identity(&self) -> String {
        self.session.borrow().as_ref().map(|session| session.identity.clone()).unwrap_or_default()
    }

    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    pub(crate) fn credentials(&self) -> Option<(String, String)> {
        self.session.borrow().as_ref().map(|session| (session.address.clone(), session.token.clone()))
    }
}
